package dev.keelraft.testkit;

import java.lang.management.ManagementFactory;
import java.util.Locale;
import java.util.function.LongFunction;

/** Many lives, and what they came to together. */
public final class Lives {
    private final long first;
    private long runs;
    private long millis;
    private long events;
    private long elections;
    private long commits;
    private long operations;
    private long cpuNanos;
    private final Coverage coverage = new Coverage();

    Lives(long first) {
        this.first = first;
    }

    /**
     * A seed to begin with: {@code -Dkeel.sim.first} where somebody wants to see the same lives again, or one that nobody has
     * seen. Sums name it.
     */
    public static long firstSeed() {
        return Long.getLong("keel.sim.first", System.nanoTime() & 0xffffffffffL);
    }

    /**
     * Simulates one seed after the other.
     *
     * @param options what is simulated with a seed
     * @param first the first seed
     * @param seconds after which no new life begins
     * @throws AssertionError if something is broken, with the smallest schedule that was found for it, and what it takes to repeat it
     */
    public static Lives simulate(LongFunction<SimulationOptions> options, long first, int seconds) {
        Lives lives = new Lives(first);
        long end = System.nanoTime() + seconds * 1_000_000_000L;
        for (long seed = first; System.nanoTime() < end; seed++) {
            Report report = lives.simulate(options.apply(seed), seed);
            if (report.violation().isPresent()) {
                Simulation.shrink(options.apply(seed), report).check();
                report.check();
            }
        }
        return lives;
    }

    /** Simulates a seed. Any number of threads may do this. */
    Report simulate(SimulationOptions options, long seed) {
        long cpu = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
        Report report = Simulation.run(options, seed);
        add(report, ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - cpu);
        return report;
    }

    private synchronized void add(Report report, long nanos) {
        runs++;
        millis += report.millis();
        events += report.events();
        elections += report.elections();
        commits += report.commits();
        operations += report.operations();
        cpuNanos += nanos;
        coverage.add(report.coverage());
    }

    /** How often each fault and each state was there. */
    public synchronized Coverage coverage() {
        Coverage copy = new Coverage();
        copy.add(coverage);
        return copy;
    }

    /** Sums in one line. */
    @Override
    public synchronized String toString() {
        double cpu = cpuNanos / 1e9;
        return String.format(
                Locale.ROOT,
                "%,d lives from seed %d on, %.1f hours of virtual time, %,.0f simulated seconds per CPU second, %,d elections,"
                        + " %,d hard faults (%.0f per CPU second), %,d crashes, %,d commits, %,d operations checked,"
                        + " %,.0f events per CPU second",
                runs,
                first,
                millis / 3_600_000.0,
                millis / 1000.0 / cpu,
                elections,
                coverage.hardFaults(),
                coverage.hardFaults() / cpu,
                coverage.of(Fault.Kind.CRASH)
                        + coverage.of(Fault.Kind.POWER_LOSS)
                        + coverage.of(Fault.Kind.POWER_LOSS_WHILE_WRITING)
                        + coverage.of(Fault.Kind.POWER_LOSS_OF_ALL),
                commits,
                operations,
                events / cpu);
    }
}
