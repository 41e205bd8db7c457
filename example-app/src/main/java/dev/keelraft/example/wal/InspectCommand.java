package dev.keelraft.example.wal;

import dev.keelraft.wal.WalInspection;
import dev.keelraft.wal.WalReport;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** The command {@code wal inspect}. */
@Command(
        name = "inspect",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Shows what a log holds: whose it is, segments, groups, snapshots, other files. Reads all of it.")
final class InspectCommand implements Callable<Integer> {
    @Mixin
    private LogArgument log = new LogArgument();

    @Override
    public Integer call() {
        return log.run((out, progress) -> {
            WalReport report = WalInspection.of(log.directory())
                    .withProgress(progress)
                    .withAllSnapshots()
                    .read();
            if (log.json()) {
                out.line(Json.report(report));
            } else {
                Texts.report(out, report, log.directory());
            }
            return LogArgument.exitCode(report.verdict().kind());
        });
    }
}
