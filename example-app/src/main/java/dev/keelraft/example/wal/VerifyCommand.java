package dev.keelraft.example.wal;

import dev.keelraft.wal.WalIdentity;
import dev.keelraft.wal.WalInspection;
import dev.keelraft.wal.WalReport;
import dev.keelraft.wal.WalVerdict;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The command {@code wal verify}. */
@Command(
        name = "verify",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Reads all of a log, and says what it is worth: what a start of the member would say.",
            "Where it is damaged: what is good before, what can be read behind, and where it can be cut."
        })
final class VerifyCommand implements Callable<Integer> {
    @Mixin
    private LogArgument log = new LogArgument();

    @Option(
            names = "--snapshots",
            description = "read all files of snapshots, and exit with 2 if one is damaged, also where a start would do"
                    + " without it")
    private boolean snapshots;

    @Option(names = "--cluster", paramLabel = "ID", description = "exit with 3 if it is the log of another cluster")
    private String cluster = "";

    @Option(names = "--member", paramLabel = "ID", description = "exit with 3 if it is the log of another member")
    private String member = "";

    @Override
    public Integer call() {
        WalInspection inspection = expecting(WalInspection.of(log.directory()));
        return log.run((out, progress) -> {
            WalInspection reading = inspection.withProgress(progress);
            WalReport report = (snapshots ? reading.withAllSnapshots() : reading).read();
            if (log.json()) {
                out.line(Json.verdict(report));
            } else {
                Texts.verdict(out, report, log.directory());
            }
            boolean bad = report.snapshots().stream().anyMatch(saved -> Texts.isBad(saved.content()));
            return snapshots && bad && report.verdict().opens()
                    ? LogArgument.exitCode(WalVerdict.Kind.CORRUPT)
                    : LogArgument.exitCode(report.verdict().kind());
        });
    }

    private WalInspection expecting(WalInspection inspection) {
        if (cluster.isEmpty() != member.isEmpty()) {
            throw log.wrong("--cluster and --member are given together, or not at all");
        }
        if (cluster.isEmpty()) {
            return inspection;
        }
        try {
            return inspection.expecting(new WalIdentity(log.id("--cluster", cluster), log.id("--member", member)));
        } catch (IllegalArgumentException e) {
            throw log.wrong("--member: " + e.getMessage());
        }
    }
}
