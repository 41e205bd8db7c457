package dev.keelraft.mutants;

import com.sun.management.OperatingSystemMXBean;
import dev.keelraft.testkit.Fault.Kind;
import dev.keelraft.testkit.Report;
import dev.keelraft.testkit.Simulation;
import dev.keelraft.testkit.SimulationOptions;
import dev.keelraft.testkit.Violation;
import java.lang.management.ManagementFactory;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * Looks for whatever is wrong with the classes that it finds on its class path, in simulations for so much CPU
 * time of its process and from a first seed on. The last line that it prints says what it came to:
 *
 * <pre>
 *   KILLED seed seconds what     a rule was broken, or the simulation died of it
 *   HANGS seed seconds           a simulation did not end
 *   SURVIVED seeds seconds
 * </pre>
 */
final class Hunt {
    /** A run takes a fraction of a second; one that takes so much CPU will not end. */
    private static final double HANGS_AFTER_SECONDS = 20;

    /** So many runs in a hundred are made twice, to see whether they are the same. */
    private static final int TWICE_EVERY = 16;

    private static final Set<Kind> NETWORK = EnumSet.range(Kind.LOSS, Kind.CUT_LINK);
    private static final Set<Kind> DISKS = EnumSet.of(
            Kind.CRASH,
            Kind.POWER_LOSS,
            Kind.POWER_LOSS_WHILE_WRITING,
            Kind.POWER_LOSS_OF_ALL,
            Kind.SLOW_DISK,
            Kind.STALLED_DISK);
    private static final Set<Kind> MEMBERS =
            EnumSet.of(Kind.ADD_MEMBER, Kind.PROMOTE, Kind.DEMOTE, Kind.REMOVE, Kind.REMOVE_LEADER, Kind.JOINT_CHANGE);
    private static final Set<Kind> LEADERS =
            EnumSet.of(Kind.TRANSFER, Kind.CAMPAIGN, Kind.FORGET_LEADER, Kind.PAUSE, Kind.CLOCK);

    private static final List<Set<Kind>> PAIRS = List.of(
            union(NETWORK, DISKS),
            union(NETWORK, MEMBERS),
            union(NETWORK, LEADERS),
            union(DISKS, MEMBERS),
            union(union(NETWORK, MEMBERS), LEADERS),
            union(union(NETWORK, DISKS), EnumSet.of(Kind.COMPACTION)));

    private static volatile long running;
    private static volatile double begun;

    private Hunt() {}

    private static Set<Kind> union(Set<Kind> one, Set<Kind> other) {
        Set<Kind> both = EnumSet.copyOf(one);
        both.addAll(other);
        return both;
    }

    /** What is simulated with a seed: all faults, more of them, or many of a few kinds, by turns. */
    static SimulationOptions options(long seed) {
        SimulationOptions all = SimulationOptions.defaults();
        return switch ((int) (seed % 4)) {
            case 0 -> all.withFaultsPerMinute(200);
            case 1 -> all.withKinds(PAIRS.get((int) (seed / 4 % PAIRS.size()))).withFaultsPerMinute(150);
            default -> all;
        };
    }

    /** Runs a seed; some of them twice. */
    static Optional<String> run(long seed) {
        Report report = Simulation.run(options(seed), seed);
        Optional<Violation> violation = report.violation();
        if (violation.isPresent()) {
            return Optional.of(String.valueOf(violation.get().getMessage()));
        }
        if (seed % TWICE_EVERY == 0 && Simulation.run(options(seed), seed).traceHash() != report.traceHash()) {
            return Optional.of("DETERMINISM: two runs of one seed differ");
        }
        return Optional.empty();
    }

    /** Takes the CPU seconds that it may use, and the first seed. */
    public static void main(String[] args) {
        double limit = Double.parseDouble(args[0]);
        Thread watch = new Thread(Hunt::watch, "watch");
        watch.setDaemon(true);
        watch.start();
        long seed = Long.parseLong(args[1]) - 1;
        while (cpuSeconds() < limit) {
            seed++;
            begun = cpuSeconds();
            running = seed;
            Optional<String> found;
            try {
                found = run(seed);
            } catch (Throwable thrown) {
                found = Optional.of("the simulation died of " + thrown);
            }
            if (found.isPresent()) {
                end("KILLED", seed, found.get());
            }
        }
        end("SURVIVED", seed, "");
    }

    private static void watch() {
        while (true) {
            try {
                Thread.sleep(200);
            } catch (InterruptedException e) {
                return;
            }
            if (running > 0 && cpuSeconds() - begun > HANGS_AFTER_SECONDS) {
                end("HANGS", running, "");
            }
        }
    }

    private static synchronized void end(String outcome, long seed, String what) {
        System.out.println(
                String.format(Locale.ROOT, "%s %d %.1f %s", outcome, seed, cpuSeconds(), what.replaceAll("\\s+", " ")));
        System.out.flush();
        Runtime.getRuntime().halt(0);
    }

    /** What the whole process has used, compilation and collection of garbage included. */
    private static double cpuSeconds() {
        return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getProcessCpuTime() / 1e9;
    }
}
