package dev.keelraft.example.server;

import dev.keelraft.testkit.Dice;
import dev.keelraft.testkit.Fault.Kind;
import dev.keelraft.testkit.Lives;
import dev.keelraft.testkit.SimulationOptions;
import dev.keelraft.wal.OpenLog;
import java.util.EnumSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Groups of servers live under faults, and nothing is broken. {@code -Dkeel.sim.seconds} says for how long, a third of it. */
@ExtendWith(QuietServers.class)
class SimulationTest {
    private static final int SECONDS = Math.max(1, Integer.getInteger("keel.sim.seconds", 60) / 3);

    /** A group of {@link SimulatedServer}s, and its clients. */
    static SimulationOptions servers(long seed) {
        return SimulationOptions.defaults()
                .withHostsOfRun(() -> {
                    SimulatedClients clients = new SimulatedClients(new Dice(~seed));
                    return site -> new SimulatedServer(site, clients);
                })
                .withDisks(OpenLog::disk)
                // A full disk after a failed force is beyond what the log promises: see its package page.
                .withKinds(EnumSet.complementOf(EnumSet.of(seed % 2 == 0 ? Kind.DISK_ERROR : Kind.DISK_FULL)))
                .withConfig(config -> config.asyncStorageWrites(true));
    }

    @Test
    void nothing_is_broken_in_lives_that_nobody_has_seen_before() {
        Lives lives = Lives.simulate(SimulationTest::servers, Lives.firstSeed(), SECONDS);
        System.out.println("server.SimulationTest: " + lives + ", 0 violations");
    }
}
