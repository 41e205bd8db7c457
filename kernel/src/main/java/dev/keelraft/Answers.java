package dev.keelraft;

import java.util.Arrays;
import java.util.function.LongUnaryOperator;

/**
 * The highest number that each node has answered to a question that a leader asks with growing numbers, itself included. As a
 * function from a voter to that number it tells a quorum which number most have answered.
 */
final class Answers implements LongUnaryOperator {
    private final long self;

    /** What the leader itself would answer: always the newest. */
    private long newest;

    private long[] nodes = new long[4];
    private long[] numbers = new long[4];
    private int count;

    Answers(long self) {
        this.self = self;
    }

    /** The newest number that was asked. */
    long newest() {
        return newest;
    }

    void ask(long number) {
        newest = number;
    }

    /** A node has answered. An answer to what was never asked counts as one to the newest. */
    void answer(long node, long number) {
        long known = Math.min(number, newest);
        for (int i = 0; i < count; i++) {
            if (nodes[i] == node) {
                numbers[i] = Math.max(numbers[i], known);
                return;
            }
        }
        if (count == nodes.length) {
            nodes = Arrays.copyOf(nodes, 2 * count);
            numbers = Arrays.copyOf(numbers, 2 * count);
        }
        nodes[count] = node;
        numbers[count] = known;
        count++;
    }

    /** The highest number that a voter has answered, or 0. */
    @Override
    public long applyAsLong(long voter) {
        if (voter == self) {
            return newest;
        }
        for (int i = 0; i < count; i++) {
            if (nodes[i] == voter) {
                return numbers[i];
            }
        }
        return 0;
    }
}
