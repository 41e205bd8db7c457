package dev.keelraft.testkit;

import java.util.List;
import java.util.Optional;

/** What a run came to. */
public final class Report {
    private final long seed;
    private final Schedule schedule;
    private final Setup setup;
    private final World world;
    private final Optional<Violation> violation;

    Report(long seed, Schedule schedule, Setup setup, World world, Optional<Violation> violation) {
        this.seed = seed;
        this.schedule = schedule;
        this.setup = setup;
        this.world = world;
        this.violation = violation;
    }

    /** Where all randomness came from. */
    public long seed() {
        return seed;
    }

    /** What went wrong, and when. */
    public Schedule schedule() {
        return schedule;
    }

    /** What the group was like, for people. */
    public String setup() {
        return setup.toString();
    }

    /** What was broken, if something was: then the run ended there. */
    public Optional<Violation> violation() {
        return violation;
    }

    /** How much virtual time has passed. */
    public long millis() {
        return world.agenda().now();
    }

    /** How many things have happened. */
    public long events() {
        return world.agenda().done();
    }

    /** How often somebody began to lead. */
    public long elections() {
        return world.rules().elections();
    }

    /** How many entries were committed. */
    public long commits() {
        return world.rules().decidedIndex();
    }

    /** How many operations of clients were answered, and checked. */
    public long operations() {
        return world.clients().completed();
    }

    /** What clients did and saw. */
    public List<Operation> history() {
        return world.clients().history();
    }

    /** Two runs in which the same happened have the same; on every JVM. */
    public long traceHash() {
        return world.trace().hash();
    }

    /** How often each fault and each state was there. */
    public Coverage coverage() {
        return world.coverage();
    }

    List<Trace.Event> trace() {
        return world.trace().events();
    }

    /**
     * A page that shows the run in a browser, all in one file. Only of a run {@link SimulationOptions#withTrace()}; otherwise it
     * shows nothing but the end.
     */
    public String picture() {
        return Picture.of(this);
    }

    /** The arguments of {@link SimulationMain} that repeat it, if the options are the defaults. */
    public String command() {
        return "--seed " + seed + " --schedule " + (schedule.faults().isEmpty() ? "none" : schedule);
    }

    /** Throws the violation, if there is one, with what it takes to repeat it. */
    public void check() {
        violation.ifPresent(found -> {
            throw new AssertionError(
                    found.getMessage() + System.lineSeparator() + "after " + millis() + " ms; to repeat it: "
                            + command() + System.lineSeparator() + setup,
                    found);
        });
    }

    @Override
    public String toString() {
        return "seed " + seed + ": " + violation.map(Violation::getMessage).orElse("nothing was broken");
    }
}
