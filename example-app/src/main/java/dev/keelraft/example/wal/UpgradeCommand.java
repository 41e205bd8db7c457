package dev.keelraft.example.wal;

import dev.keelraft.wal.WalUpgrade;
import dev.keelraft.wal.WalVerdict;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** The command {@code wal upgrade}. */
@Command(
        name = "upgrade",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Brings a log to the newest version of its format.",
            "There is one version so far: it says whether this program can read the log, and writes nothing."
        })
final class UpgradeCommand implements Callable<Integer> {
    @Mixin
    private LogArgument log = new LogArgument();

    @Override
    public Integer call() {
        return log.run((out, progress) -> {
            WalUpgrade.Outcome outcome =
                    WalUpgrade.of(log.directory()).withProgress(progress).run();
            WalVerdict verdict = outcome.report().verdict();
            String version = "the log has format version " + outcome.major() + "." + outcome.minor()
                    + ", the newest there is: nothing is to be done.";
            if (log.json()) {
                out.line(Json.repaired(verdict.opens() ? List.of(version) : List.of(), outcome.report()));
            } else if (verdict.opens()) {
                out.line(version);
            } else {
                Texts.verdict(out, outcome.report(), log.directory());
            }
            return verdict.opens() ? 0 : LogArgument.exitCode(verdict.kind());
        });
    }
}
