package dev.keelraft.testkit;

import dev.keelraft.testkit.Violation.Rule;
import java.util.Optional;

/**
 * The life of a group under faults, in virtual time, on one thread. A seed is a life: the same seed gives the same life on every
 * machine.
 *
 * <pre>
 *   Simulation.run(SimulationOptions.defaults(), seed).check();
 * </pre>
 *
 * <p>After the time in which things go wrong everything is healed, and the group must recover: see {@link Violation.Rule} for all
 * that is checked, at every step.
 */
public final class Simulation {
    private Simulation() {}

    /** Runs what a seed stands for. */
    public static Report run(SimulationOptions options, long seed) {
        return run(options, seed, Schedule.draw(options, new Dice(~seed)));
    }

    /** The schedule that {@link #run(SimulationOptions, long)} follows. */
    public static Schedule schedule(SimulationOptions options, long seed) {
        return Schedule.draw(options, new Dice(~seed));
    }

    /** Runs the group of a seed with other faults. */
    public static Report run(SimulationOptions options, long seed, Schedule schedule) {
        Dice dice = new Dice(seed);
        Setup setup = Setup.draw(options, dice);
        World world = new World(options, setup, schedule, dice);
        Optional<Violation> violation = Optional.empty();
        try {
            world.run();
        } catch (Violation found) {
            world.trace().violation(String.valueOf(found.getMessage()));
            violation = Optional.of(found);
        } catch (RuntimeException | StackOverflowError thrown) {
            violation = Optional.of(new Violation(Rule.NO_FAILURE, "the simulation itself threw " + thrown, thrown));
        }
        world.coverage().count(Coverage.Seen.READ, world.clients().completed());
        world.coverage().count(Coverage.Seen.RETRIED, world.clients().retried());
        return new Report(seed, schedule, setup, world, violation);
    }

    /**
     * Leaves out faults for as long as the run breaks the same rule, so that few are left to understand.
     *
     * @return the report of the smallest schedule that was found
     */
    public static Report shrink(SimulationOptions options, Report failed) {
        Report smallest = failed;
        Rule rule = failed.violation().orElseThrow().rule();
        for (int size = Math.max(1, failed.schedule().faults().size() / 2); size >= 1; ) {
            boolean smaller = false;
            for (int from = 0; from < smallest.schedule().faults().size(); ) {
                int to = Math.min(from + size, smallest.schedule().faults().size());
                Report tried = run(options, failed.seed(), smallest.schedule().without(from, to));
                if (tried.violation().isPresent() && tried.violation().get().rule() == rule) {
                    smallest = tried;
                    smaller = true;
                } else {
                    from = to;
                }
            }
            if (!smaller || size > 1) {
                if (size == 1) {
                    break;
                }
                size /= 2;
            }
        }
        return smallest;
    }
}
