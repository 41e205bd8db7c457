package dev.keelraft.testkit;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.Collectors;

/**
 * What goes wrong in a run, and when.
 *
 * @param faults in the order of time
 */
public record Schedule(List<Fault> faults) {
    /** Nothing goes wrong. */
    public static final Schedule NONE = new Schedule(List.of());

    /** Sorts them by time. */
    public Schedule(List<Fault> faults) {
        List<Fault> sorted = new ArrayList<>(faults);
        Collections.sort(sorted);
        this.faults = List.copyOf(sorted);
    }

    /**
     * Draws one: a few kinds of faults, each more or less often, so that some runs are full of one thing and have nothing of
     * another.
     */
    static Schedule draw(SimulationOptions options, Dice dice) {
        if (options.faultsPerMinute() == 0) {
            return NONE;
        }
        List<Fault.Kind> kinds = new ArrayList<>();
        int share = dice.of(List.of(150, 350, 700, 1000));
        for (Fault.Kind kind : options.kinds()) {
            if (dice.chance(share)) {
                kinds.add(kind);
            }
        }
        if (kinds.isEmpty()) {
            kinds.addAll(options.kinds());
        }
        long pause = 2L * 60_000 / options.faultsPerMinute();
        List<Fault> faults = new ArrayList<>();
        // Faults come in bunches: what breaks a protocol is mostly a second one in the midst of the recovery from a
        // first.
        int bunching = dice.of(List.of(0, 300, 600));
        for (long at = dice.nextInt(1_500);
                at < options.millis();
                at += 1 + dice.nextInt(dice.chance(bunching) ? 200 : (int) pause)) {
            faults.add(new Fault(
                    at,
                    dice.of(kinds),
                    dice.nextInt(16),
                    dice.nextInt(64),
                    dice.nextInt(1000),
                    dice.of(List.of(50, 400, 1_500, 4_000)) + dice.nextInt(400)));
        }
        return new Schedule(faults);
    }

    /** The same without some of the faults. */
    Schedule without(int from, int to) {
        List<Fault> fewer = new ArrayList<>(faults.subList(0, from));
        fewer.addAll(faults.subList(to, faults.size()));
        return new Schedule(fewer);
    }

    /** The schedule that {@link #toString()} has written. */
    public static Schedule parse(String text) {
        return text.isBlank()
                ? NONE
                : new Schedule(Arrays.stream(text.split(",")).map(Fault::parse).toList());
    }

    /** In the form that {@link #parse} takes. */
    @Override
    public String toString() {
        return faults.stream().map(Fault::toString).collect(Collectors.joining(","));
    }
}
