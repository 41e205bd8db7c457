package dev.keelraft;

import dev.keelraft.quorum.JointConfig;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Queue;
import java.util.function.LongUnaryOperator;

/**
 * Linearizable reads that wait for a proof that their leader still leads (thesis 6.4).
 *
 * <p>The leader numbers the reads. Each heartbeat carries the number of the newest one that waits; whoever answers has confirmed
 * that one and all before it. As soon as a quorum of the voters has, these reads are answered, in their order.
 *
 * <p>The numbers are the leader's own, and not the host's names for its reads: a name that is used twice would let a late answer
 * to the first use confirm the second (etcd issue 20418, stale reads). A new leader begins at 1; answers of an older term never
 * get here.
 */
final class ReadOnly implements LongUnaryOperator {
    private static final byte[] NO_CONTEXT = {};

    private record Pending(long from, byte[] context, long index) {}

    private final Raft raft;
    private final Queue<Pending> pending = new ArrayDeque<>();

    /** The number of the newest read, and of the newest one that is confirmed. */
    private long newest;

    private long confirmed;

    /** The newest read as heartbeats carry it. */
    private byte[] newestContext = NO_CONTEXT;

    /** Nodes that have answered, and the highest number that each has confirmed. */
    private long[] answerers = new long[4];

    private long[] answers = new long[4];
    private int answererCount;

    ReadOnly(Raft raft) {
        this.raft = raft;
    }

    /** Adds a read that arrived while everything up to {@code index} was committed. */
    void add(long from, byte[] context, long index) {
        pending.add(new Pending(from, context, index));
        newest++;
        newestContext = encode(newest);
    }

    /** What heartbeats carry: empty if no read waits. */
    byte[] context() {
        return pending.isEmpty() ? NO_CONTEXT : newestContext;
    }

    int pendingCount() {
        return pending.size();
    }

    /** A node has answered a heartbeat that carried this. What is not a number of ours confirms nothing. */
    void acknowledge(long from, byte[] context) {
        if (context.length != Long.BYTES) {
            return;
        }
        long number = Math.min(decode(context), newest);
        for (int i = 0; i < answererCount; i++) {
            if (answerers[i] == from) {
                answers[i] = Math.max(answers[i], number);
                return;
            }
        }
        if (answererCount == answerers.length) {
            answerers = Arrays.copyOf(answerers, 2 * answererCount);
            answers = Arrays.copyOf(answers, 2 * answererCount);
        }
        answerers[answererCount] = from;
        answers[answererCount] = number;
        answererCount++;
    }

    /** The number that a voter has confirmed; the leader itself confirms everything. */
    @Override
    public long applyAsLong(long voter) {
        if (voter == raft.id()) {
            return newest;
        }
        for (int i = 0; i < answererCount; i++) {
            if (answerers[i] == voter) {
                return answers[i];
            }
        }
        return 0;
    }

    /** Answers the reads that a quorum of these voters has confirmed. */
    void answerConfirmed(JointConfig voters) {
        long quorum = voters.committedIndex(this);
        while (confirmed < quorum && !pending.isEmpty()) {
            confirmed++;
            Pending read = pending.remove();
            raft.answerRead(read.from(), read.context(), read.index());
        }
    }

    /* Little-endian, as etcd's leaders write it; nobody but the leader itself reads it. */
    private static byte[] encode(long number) {
        byte[] bytes = new byte[Long.BYTES];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (number >>> (Byte.SIZE * i));
        }
        return bytes;
    }

    private static long decode(byte[] bytes) {
        long number = 0;
        for (int i = bytes.length - 1; i >= 0; i--) {
            number = (number << Byte.SIZE) | (bytes[i] & 0xFF);
        }
        return number;
    }
}
