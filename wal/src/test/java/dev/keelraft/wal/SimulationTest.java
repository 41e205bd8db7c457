package dev.keelraft.wal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.keelraft.testkit.Coverage;
import dev.keelraft.testkit.Coverage.Seen;
import dev.keelraft.testkit.Fault.Kind;
import dev.keelraft.testkit.Lives;
import dev.keelraft.testkit.Report;
import dev.keelraft.testkit.Simulation;
import dev.keelraft.testkit.SimulationOptions;
import java.util.EnumSet;
import java.util.Locale;
import org.junit.jupiter.api.Test;

/**
 * Groups live on this log under faults, and nothing is broken: whatever a crash, an error or a lack of room leaves, the log that
 * is found is one that the rules of the simulator allow. {@code -Dkeel.sim.seconds} says for how long, a third of it.
 */
class SimulationTest {
    private static final int SECONDS = Math.max(1, Integer.getInteger("keel.sim.seconds", 60) / 3);

    /**
     * Logs are what fails here, more often than all else. No life has both failing and full disks: an open on a full disk has to
     * believe a force, and if a force has failed before that and the power goes next, the log is found corrupt. That is a limit
     * which the package page names.
     */
    private static SimulationOptions options(long seed) {
        return SimulationOptions.defaults()
                .withDisks((member, dice) -> new WalDisk(member, dice, WalLog::new))
                .withFaultsPerMinute(120)
                .withKinds(EnumSet.complementOf(EnumSet.of(seed % 2 == 0 ? Kind.DISK_ERROR : Kind.DISK_FULL)));
    }

    @Test
    void nothing_is_broken_in_lives_that_nobody_has_seen_before() {
        Lives lives = Lives.simulate(SimulationTest::options, Lives.firstSeed(), SECONDS);
        Coverage coverage = lives.coverage();
        System.out.printf(
                Locale.ROOT,
                "wal.SimulationTest: %s; %,d powers lost in an operation of the disk, %,d failed logs, %,d full disks,"
                        + " %,d unsynced changes lost, %,d survived; 0 violations%n",
                lives,
                coverage.of(Seen.POWER_LOST_IN_OPERATION),
                coverage.of(Seen.LOG_FAILED),
                coverage.of(Seen.NO_ROOM),
                coverage.of(Seen.UNSYNCED_LOST),
                coverage.of(Seen.UNSYNCED_SURVIVED));
    }

    @Test
    void the_same_seed_is_the_same_life() {
        for (long seed = 1; seed <= 5; seed++) {
            Report once = Simulation.run(options(seed), seed);
            assertThat(Simulation.run(options(seed), seed).traceHash())
                    .as("seed %d", seed)
                    .isEqualTo(once.traceHash());
        }
    }
}
