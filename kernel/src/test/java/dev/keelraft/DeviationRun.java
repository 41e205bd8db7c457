package dev.keelraft;

import dev.keelraft.ConformanceCluster.Failure;
import dev.keelraft.ConformanceCluster.Host;
import dev.keelraft.ConformanceScript.Step;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * One script, run to its end on nodes that deviate from etcd's library, under a host that keeps our contract. From the first
 * output that differs on, what is on record no longer says what must be; what still counts is that no node fails.
 *
 * @param commands how many commands were run
 * @param differences how many of them printed something else than is on record
 * @param skipped how many of them no longer fitted, and so did nothing, because of an earlier difference
 * @param first the first difference in full, if there is one
 * @param failures nodes that have failed without a reason, with their places; or what ended the script
 * @param due nodes that have stopped as they should, because in this script a disk lost entries that it had acknowledged
 */
record DeviationRun(
        int commands, int differences, int skipped, Optional<String> first, List<String> failures, List<String> due) {

    static DeviationRun of(ConformanceScript script, String place, Set<Deviation> deviations) {
        return of(script, place, new ConformanceCluster(deviations, Host.CAREFUL));
    }

    static DeviationRun of(ConformanceScript script, String place, ConformanceCluster cluster) {
        List<String> failures = new ArrayList<>();
        List<String> due = new ArrayList<>();
        Optional<String> first = Optional.empty();
        int commands = 0;
        int differences = 0;
        int skipped = 0;
        for (Step step : script.steps()) {
            String line = place + ":" + step.lineNumber() + ": " + step.line();
            int failed = cluster.failures().size();
            String actual;
            commands++;
            try {
                actual = cluster.run(step);
            } catch (RuntimeException | AssertionError e) {
                failures.add(line + "\nthrew " + trace(e));
                break;
            }
            for (Failure failure :
                    cluster.failures().subList(failed, cluster.failures().size())) {
                boolean asItShould = cluster.hasLostEntries() && isLoss(failure.cause());
                (asItShould ? due : failures)
                        .add(line + "\nnode " + failure.id() + " failed: " + trace(failure.cause()));
            }
            if (step.isPanic() || actual.equals(step.output())) {
                continue;
            }
            if (cluster.wasUnfit()) {
                skipped++;
            } else {
                differences++;
                first = first.or(() -> Optional.of(line + "\nexpected\n" + step.output() + "actual\n" + actual));
            }
        }
        return new DeviationRun(commands, differences, skipped, first, List.copyOf(failures), List.copyOf(due));
    }

    /** Whether a log is proven to lack, or to contradict, what is committed. */
    private static boolean isLoss(RaftFailedException cause) {
        return switch (cause.failure()) {
            case LOG_LOSS, LOG_CONFLICT -> true;
            case STORAGE, INVARIANT -> false;
        };
    }

    private static String trace(Throwable thrown) {
        StringWriter trace = new StringWriter();
        thrown.printStackTrace(new PrintWriter(trace, true));
        return trace.toString();
    }
}
