package dev.keelraft;

import dev.keelraft.quorum.JointConfig;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;

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
final class ReadOnly {
    private record Pending(long from, byte[] context, long index) {}

    private final Raft raft;
    private final Queue<Pending> pending = new ArrayDeque<>();

    /** The numbers of the reads, and which of them each node has confirmed. */
    private final Answers numbers;

    /** The number of the newest read that is answered. */
    private long confirmed;

    ReadOnly(Raft raft) {
        this.raft = raft;
        this.numbers = new Answers(raft.id());
    }

    /** Adds a read that arrived while everything up to {@code index} was committed. */
    void add(long from, byte[] context, long index) {
        pending.add(new Pending(from, context, index));
        numbers.ask(numbers.newest() + 1);
    }

    /** The number that heartbeats carry: 0 if no read waits. */
    long newestNumber() {
        return pending.isEmpty() ? 0 : numbers.newest();
    }

    int pendingCount() {
        return pending.size();
    }

    /** A node has answered a heartbeat that carried this number. */
    void acknowledge(long from, long number) {
        numbers.answer(from, number);
    }

    /** Answers the reads that a quorum of these voters has confirmed; the leader itself confirms everything. */
    void answerConfirmed(JointConfig voters) {
        long quorum = voters.committedIndex(numbers);
        while (confirmed < quorum && !pending.isEmpty()) {
            confirmed++;
            Pending read = pending.remove();
            raft.reads().answer(read.from(), read.context(), read.index());
        }
    }

    /** The leadership is over: takes out the reads of this node's own host. Others notice by themselves. */
    void fail(List<FailedRead> failed) {
        while (!pending.isEmpty()) {
            Pending read = pending.remove();
            if (read.from() == raft.id()) {
                failed.add(new FailedRead(read.context(), FailedRead.Reason.LEADERSHIP_LOST));
            }
        }
    }
}
