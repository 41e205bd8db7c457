package dev.keelraft.example.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.keelraft.testkit.Fault;
import dev.keelraft.testkit.Report;
import dev.keelraft.testkit.Schedule;
import dev.keelraft.testkit.Simulation;
import dev.keelraft.testkit.SimulationOptions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Lives of servers that are told in advance. */
@ExtendWith(QuietServers.class)
class SimulatedLivesTest {
    @Test
    void the_same_seed_is_the_same_life() {
        for (long seed = 1; seed <= 5; seed++) {
            Report once = Simulation.run(SimulationTest.servers(seed), seed);
            Report again = Simulation.run(SimulationTest.servers(seed), seed);
            assertThat(again.traceHash()).as("seed %d", seed).isEqualTo(once.traceHash());
        }
    }

    /**
     * A group of one, whose log begins behind a snapshot. No entry is committed without the second voter, and that takes no
     * snapshot that does not name it.
     */
    @Test
    void a_second_voter_joins_a_group_of_one_that_has_let_its_log_go() {
        Fault addVoter = new Fault(10_000, Fault.Kind.JOINT_CHANGE, 0, 1, 0, 0);
        for (long seed = 1; seed <= 20; seed++) {
            SimulationOptions one = SimulationTest.servers(seed).withMembers(1).withMillis(12_000);
            Simulation.run(one, seed, new Schedule(List.of(addVoter))).check();
        }
    }
}
