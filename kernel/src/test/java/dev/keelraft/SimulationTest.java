package dev.keelraft;

import static org.assertj.core.api.Assertions.assertThat;

import dev.keelraft.testkit.Coverage;
import dev.keelraft.testkit.Fault;
import dev.keelraft.testkit.Lives;
import dev.keelraft.testkit.Report;
import dev.keelraft.testkit.Schedule;
import dev.keelraft.testkit.Simulation;
import dev.keelraft.testkit.SimulationOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

/**
 * Groups live under faults, and nothing is broken. {@code -Dkeel.sim.seconds} says for how long; each seed repeats its life, and
 * {@code -Dkeel.sim.first} says which is the first, instead of one that nobody has seen.
 */
class SimulationTest {
    private static final int SECONDS = Integer.getInteger("keel.sim.seconds", 60);

    /** Lives whose traces must be the same on every JVM. */
    private static final int TRACES = 60;

    @Test
    void nothing_is_broken_in_lives_that_nobody_has_seen_before() {
        Lives lives = Lives.simulate(seed -> SimulationOptions.defaults(), Lives.firstSeed(), SECONDS);
        System.out.println("SimulationTest: " + lives + ", 0 violations");
    }

    @Test
    void every_fault_and_every_state_comes_up() {
        Coverage coverage = new Coverage();
        SimulationOptions options = SimulationOptions.defaults().withFaultsPerMinute(240);
        // A life of the rare kind is a matter of hundreds.
        for (long seed = 1; seed <= 2_000 && !coverage.gaps().isEmpty(); seed++) {
            Report report = Simulation.run(options, seed);
            report.check();
            coverage.add(report.coverage());
        }
        assertThat(coverage.gaps()).isEmpty();
    }

    @Test
    void the_same_seed_is_the_same_life() {
        for (long seed = 1; seed <= 20; seed++) {
            Report once = Simulation.run(SimulationOptions.defaults(), seed);
            Report again = Simulation.run(SimulationOptions.defaults().withTrace(), seed);
            assertThat(again.traceHash()).as("seed %d", seed).isEqualTo(once.traceHash());
            assertThat(again.events()).isEqualTo(once.events());
        }
        assertThat(Simulation.run(SimulationOptions.defaults(), 1).traceHash())
                .isNotEqualTo(Simulation.run(SimulationOptions.defaults(), 2).traceHash());
    }

    /** The run on a second JVM is told where the first has left its traces. */
    @Test
    void the_same_seed_is_the_same_life_on_another_jvm() throws IOException {
        List<String> traces = new ArrayList<>();
        for (long seed = 1; seed <= TRACES; seed++) {
            Report report = Simulation.run(SimulationOptions.defaults().withMillis(10_000), seed);
            traces.add(seed + " " + Long.toHexString(report.traceHash()));
        }
        String other = System.getProperty("keel.sim.traces", "");
        Path own = Path.of("target", "simulation-traces.txt");
        if (other.isEmpty()) {
            Files.createDirectories(own.toAbsolutePath().getParent());
            Files.write(own, traces);
        } else {
            assertThat(traces).isEqualTo(Files.readAllLines(Path.of(other)));
        }
    }

    @Test
    void a_schedule_is_what_its_text_says() {
        Schedule drawn = Simulation.schedule(SimulationOptions.defaults(), 7);
        assertThat(drawn.faults()).isNotEmpty();
        assertThat(Schedule.parse(drawn.toString())).isEqualTo(drawn);
        Report seeded = Simulation.run(SimulationOptions.defaults(), 7);
        Report written = Simulation.run(SimulationOptions.defaults(), 7, Schedule.parse(drawn.toString()));
        assertThat(written.traceHash()).isEqualTo(seeded.traceHash());
    }

    @Test
    void a_picture_holds_all_that_it_shows() {
        String page = Simulation.run(
                        SimulationOptions.defaults().withMillis(5_000).withTrace(), 3)
                .picture();
        assertThat(page).contains("\"kind\":\"LEADS\"", "\"kind\":\"MESSAGE\"", "--seed 3", "<canvas");
        assertThat(page).doesNotContain("%DATA%", "src=\"http", "href=\"http");
    }

    @Property(tries = 150, edgeCases = EdgeCasesMode.NONE)
    void nothing_is_broken_by_any_schedule(@ForAll("seeds") long seed, @ForAll("schedules") Schedule schedule) {
        Simulation.run(SimulationOptions.defaults().withMillis(8_000), seed, schedule)
                .check();
    }

    @Provide
    Arbitrary<Long> seeds() {
        return Arbitraries.longs().between(0, 1L << 40);
    }

    @Provide
    Arbitrary<Schedule> schedules() {
        Arbitrary<Fault> faults = Combinators.combine(
                        Arbitraries.longs().between(0, 7_900),
                        Arbitraries.of(Fault.Kind.values()),
                        Arbitraries.integers().between(0, 15),
                        Arbitraries.integers().between(0, 63),
                        Arbitraries.integers().between(0, 999),
                        Arbitraries.longs().between(1, 4_000))
                .as(Fault::new);
        return faults.list().ofMaxSize(40).map(Schedule::new);
    }
}
