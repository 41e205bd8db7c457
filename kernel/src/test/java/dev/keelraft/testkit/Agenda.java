package dev.keelraft.testkit;

import java.util.PriorityQueue;
import java.util.function.BooleanSupplier;

/** Virtual time, in milliseconds, and what is to happen. What is due at the same moment happens in the order in which it was noted. */
final class Agenda {
    private record Item(long time, long number, Runnable action) implements Comparable<Item> {
        @Override
        public int compareTo(Item other) {
            int byTime = Long.compare(time, other.time);
            return byTime != 0 ? byTime : Long.compare(number, other.number);
        }
    }

    private final PriorityQueue<Item> items = new PriorityQueue<>(1024);
    private long now;
    private long noted;
    private long done;

    long now() {
        return now;
    }

    /** How many things have happened. */
    long done() {
        return done;
    }

    void at(long time, Runnable action) {
        items.add(new Item(Math.max(time, now), noted++, action));
    }

    void in(long millis, Runnable action) {
        at(now + millis, action);
    }

    /** Lets everything happen that is due up to a moment, unless something says to stop. */
    void runUntil(long time) {
        for (Item next = items.peek(); next != null && next.time <= time; next = items.peek()) {
            items.remove();
            now = next.time;
            done++;
            next.action.run();
        }
        now = Math.max(now, time);
    }

    /** Lets time go on until a condition holds, which is looked at every so many milliseconds, or until the patience is over. */
    void runFor(long patience, long step, BooleanSupplier condition) {
        long end = now + patience;
        while (now < end && !condition.getAsBoolean()) {
            runUntil(now + step);
        }
    }
}
