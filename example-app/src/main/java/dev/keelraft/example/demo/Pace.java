package dev.keelraft.example.demo;

import org.HdrHistogram.Histogram;

/**
 * When writes were acknowledged and how long each took, before the leader was killed and after. Times are those of
 * {@link System#nanoTime}. Threads may share it.
 */
final class Pace {
    /** What was measured on one side of the kill. */
    private static final class Side {
        final Histogram micros = new Histogram(3);
        long longestGapNanos;
    }

    private final Side before = new Side();
    private final Side after = new Side();
    private Side current = before;
    private long previousNanos;
    private boolean any;

    /**
     * A write is acknowledged.
     *
     * @param sentNanos when its first attempt left
     * @param nowNanos when its outcome was known
     */
    synchronized void acknowledged(long sentNanos, long nowNanos) {
        current.micros.recordValue(Math.max(0, nowNanos - sentNanos) / 1000);
        gapUntil(nowNanos);
        any = true;
        previousNanos = nowNanos;
    }

    /** The leader is killed now: the gap that is open counts as one after the kill. */
    synchronized void leaderKilled() {
        current = after;
    }

    /** Nothing more comes: the time since the last acknowledgement counts as a gap too. */
    synchronized void finish(long nowNanos) {
        gapUntil(nowNanos);
    }

    private void gapUntil(long nowNanos) {
        if (any) {
            current.longestGapNanos = Math.max(current.longestGapNanos, nowNanos - previousNanos);
        }
    }

    /** How many writes were acknowledged so far. */
    synchronized long count() {
        return before.micros.getTotalCount() + after.micros.getTotalCount();
    }

    /** What was measured before the kill. */
    synchronized Figures beforeKill() {
        return figures(before);
    }

    /** What was measured since the kill. */
    synchronized Figures afterKill() {
        return figures(after);
    }

    private static Figures figures(Side side) {
        return new Figures(
                side.micros.getTotalCount(),
                side.micros.getValueAtPercentile(50) / 1e3,
                side.micros.getValueAtPercentile(99) / 1e3,
                side.micros.getMaxValue() / 1e3,
                side.longestGapNanos / 1e6);
    }

    /**
     * Figures of one side.
     *
     * @param count acknowledged writes
     * @param p50Millis half of the writes took at most that long, all their attempts together
     * @param p99Millis 99 of 100 took at most that long
     * @param maxMillis none took longer
     * @param longestGapMillis the longest time between two acknowledgements, of all writers together
     */
    record Figures(long count, double p50Millis, double p99Millis, double maxMillis, double longestGapMillis) {}
}
