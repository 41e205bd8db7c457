package dev.keelraft.example.wal;

import dev.keelraft.wal.WalRepair;
import dev.keelraft.wal.WalVerdict;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The command {@code wal repair}. */
@Command(
        name = "repair",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Writes anew what is there twice and can be read once, without loss; and, if it is told to, cuts a damaged log"
                    + " where the damage begins.",
            "What is cut off is kept in raft/quarantine. If any of it was durable, the member must be removed from its group"
                    + " and join anew: it will not start with this log again. A torn log needs no repair.",
            "Refuses while the member runs. May be interrupted, and done again."
        })
final class RepairCommand implements Callable<Integer> {
    @Mixin
    private LogArgument log = new LogArgument();

    @Option(names = "--cut-at", paramLabel = "POSITION", description = "cut the log where verify says it can be cut")
    private @Nullable Long cutAt;

    @Option(
            names = "--accept-loss",
            description = "what is behind that position is lost to this member; needed with it")
    private boolean acceptLoss;

    @Override
    public Integer call() {
        if ((cutAt != null) != acceptLoss) {
            throw log.wrong("--cut-at and --accept-loss are given together, or not at all");
        }
        if (cutAt != null && cutAt < 0) {
            throw log.wrong("--cut-at is " + cutAt + ", and must be 0 or more");
        }
        return log.run((out, progress) -> {
            WalRepair.Outcome outcome = run(WalRepair.of(log.directory()).withProgress(progress));
            if (log.json()) {
                out.line(Json.repaired(outcome.done(), outcome.left()));
            } else {
                print(out, outcome);
            }
            WalVerdict.Kind left = outcome.left().verdict().kind();
            return outcome.isWhole() && left != WalVerdict.Kind.TORN ? 0 : LogArgument.exitCode(left);
        });
    }

    private WalRepair.Outcome run(WalRepair repair) {
        try {
            return cutAt == null ? repair.mend() : repair.cut(cutAt);
        } catch (IllegalArgumentException e) {
            throw log.wrong("--cut-at: " + e.getMessage());
        }
    }

    private void print(Output out, WalRepair.Outcome outcome) {
        String label = "done";
        for (String sentence : outcome.done()) {
            Texts.wrapped(out, label, sentence);
            label = "";
        }
        if (outcome.done().isEmpty()) {
            Texts.field(out, "done", "nothing" + (outcome.isWhole() ? ": there is nothing to be repaired." : "."));
        }
        Texts.verdict(out, outcome.left(), log.directory());
    }
}
