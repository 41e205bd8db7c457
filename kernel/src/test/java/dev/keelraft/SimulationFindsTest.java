package dev.keelraft;

import static org.assertj.core.api.Assertions.assertThat;

import dev.keelraft.testkit.Fault.Kind;
import dev.keelraft.testkit.Report;
import dev.keelraft.testkit.Simulation;
import dev.keelraft.testkit.SimulationOptions;
import dev.keelraft.testkit.Violation.Rule;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** A simulator that finds nothing proves nothing: here it has something to find. */
class SimulationFindsTest {
    /** How many lives a search may take; a few hundred are enough. */
    private static final int LIVES = 5_000;

    private static SimulationOptions without(Deviation deviation) {
        Set<Deviation> others = EnumSet.complementOf(EnumSet.of(deviation));
        return SimulationOptions.defaults().withConfig(config -> config.deviations(others));
    }

    /** The first life in which a rule is broken, made small; its picture is in {@code target}. */
    private static Report find(String name, SimulationOptions options, Rule rule) {
        long start = System.nanoTime();
        for (long seed = 1; seed <= LIVES; seed++) {
            Report report = Simulation.run(options, seed);
            if (report.violation().isPresent() && report.violation().get().rule() == rule) {
                Report small = Simulation.shrink(options, report);
                Report shown = Simulation.run(options.withTrace(), seed, small.schedule());
                assertThat(shown.violation()).as("it repeats").isPresent();
                Path file = Path.of("target", "simulation-" + name + ".html");
                try {
                    Files.createDirectories(file.toAbsolutePath().getParent());
                    Files.writeString(file, shown.picture());
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
                System.out.printf(
                        "%s: found in life %d, after %d ms; %d faults are left of %d: %s%n",
                        name,
                        seed,
                        (System.nanoTime() - start) / 1_000_000,
                        small.schedule().faults().size(),
                        report.schedule().faults().size(),
                        small.command());
                return small;
            }
        }
        throw new AssertionError("nothing was found in " + LIVES + " lives");
    }

    /** What {@link Deviation#VOTE_REQUEST_WAITS_FOR_DISK} is for. That the request leaves too early is not held against it. */
    @Test
    void a_commit_is_lost_where_vote_requests_do_not_wait_for_the_disk() {
        SimulationOptions options = without(Deviation.VOTE_REQUEST_WAITS_FOR_DISK)
                .withoutPromises()
                .withFaultsPerMinute(300)
                .withKinds(EnumSet.of(
                        Kind.POWER_LOSS,
                        Kind.POWER_LOSS_WHILE_WRITING,
                        Kind.CAMPAIGN,
                        Kind.SLOW_DISK,
                        Kind.STALLED_DISK));
        find("lost-commit", options, Rule.LEADER_COMPLETENESS);
    }

    /** What {@link Deviation#LEASE_COUNTS_FROM_HEARTBEAT} is for. */
    @Test
    void a_read_is_stale_where_a_lease_is_counted_from_the_check_of_the_quorum() {
        SimulationOptions options = without(Deviation.LEASE_COUNTS_FROM_HEARTBEAT)
                .withoutPromises()
                .withKinds(EnumSet.of(Kind.ISOLATION, Kind.ONE_WAY, Kind.PAUSE, Kind.PARTITION));
        find("stale-read", options, Rule.LINEARIZABILITY);
    }

    /** What {@link Deviation#READS_RECOUNTED_AFTER_CONF_CHANGE} is for. */
    @Test
    void a_read_is_stuck_where_reads_are_not_counted_again_when_the_quorum_shrinks() {
        SimulationOptions options = without(Deviation.READS_RECOUNTED_AFTER_CONF_CHANGE)
                .withFaultsPerMinute(120)
                .withKinds(EnumSet.of(
                        Kind.DEMOTE,
                        Kind.REMOVE,
                        Kind.JOINT_CHANGE,
                        Kind.PARTITION,
                        Kind.PAUSE,
                        Kind.LOSS,
                        Kind.CUT_LINK));
        find("stuck-read", options, Rule.LIVENESS);
    }
}
