package dev.keelraft.example.server;

import dev.keelraft.FailedRead;
import dev.keelraft.ReadResult;
import dev.keelraft.ReadState;
import dev.keelraft.example.kv.EtcdError;
import dev.keelraft.example.kv.KeyValueState;
import dev.keelraft.example.kv.RefusedException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * Linearizable reads that wait: first for the leader to confirm that it leads, then for this member to have applied what the
 * leader knew to be committed (thesis 6.4). Belongs to the kernel thread.
 *
 * <p>Reads go in batches: those that come in while a question is out share the next one, so their number costs the group
 * nothing. They must not join the one that is out. The leader may have answered it before they came, and a write in between,
 * which somebody else has seen acknowledged, would be missing.
 *
 * <p>A question is asked under a name of its own, and comes back once: confirmed or failed. One that the leader did not answer
 * is asked again, until a client has no more time; one whose leader is gone, once again, if there is another one. Without one its
 * reads end: clients know what to do with {@link EtcdError#LEADER_CHANGED}, and reads have no effect. Who comes when nobody leads
 * waits for as long as an election may take ({@link Question#isHopeless}).
 */
final class Reads {
    /** How many reads may wait. */
    static final int MAX_WAITING = 65_536;

    /** Asks the leader. */
    interface Question {
        ReadResult ask(byte[] context);

        /** Whether nobody has led for longer than an election takes. */
        boolean isHopeless();
    }

    /* hasLostLeader: whether it was asked before, of a leader that is gone. */
    private record Read(long deadlineNanos, CompletableFuture<KeyValueState> future, boolean hasLostLeader) {
        void refuse(EtcdError error) {
            future.completeExceptionally(new RefusedException(error));
        }
    }

    private record Confirmed(long index, List<Read> reads) {}

    private final Question question;
    private final long incarnation;

    private List<Read> waiting = new ArrayList<>();

    /** The reads of the question that is out, empty if none is. */
    private List<Read> asked = new ArrayList<>();

    private byte[] context = new byte[0];
    private long questions;
    private final ArrayDeque<Confirmed> confirmed = new ArrayDeque<>();

    /**
     * Begins with no read.
     *
     * @param incarnation a random number of this process, so that no answer to an earlier one is taken for one to this
     */
    Reads(Question question, long incarnation) {
        this.question = question;
        this.incarnation = incarnation;
    }

    /** Takes on a read. */
    void add(long deadlineNanos, CompletableFuture<KeyValueState> future) {
        if (waiting.size() + asked.size() + confirmedReads() >= MAX_WAITING) {
            future.completeExceptionally(new RefusedException(EtcdError.TOO_MANY_REQUESTS));
            return;
        }
        waiting.add(new Read(deadlineNanos, future, false));
    }

    /* Few batches: each has taken a question and its answer. */
    private int confirmedReads() {
        int sum = 0;
        for (Confirmed batch : confirmed) {
            sum += batch.reads.size();
        }
        return sum;
    }

    /** Asks for those that wait, unless a question is out. Returns whether it has asked. */
    boolean ask() {
        if (waiting.isEmpty() || !asked.isEmpty()) {
            return false;
        }
        byte[] name = ByteBuffer.allocate(2 * Long.BYTES)
                .putLong(incarnation)
                .putLong(++questions)
                .array();
        return switch (question.ask(name.clone())) {
            case ACCEPTED, FORWARDED -> {
                context = name;
                asked = waiting;
                waiting = new ArrayList<>();
                yield true;
            }
            case TOO_MANY -> {
                refuseAll(waiting, EtcdError.TOO_MANY_REQUESTS);
                yield false;
            }
            case NO_LEADER -> {
                if (question.isHopeless()) {
                    refuseAll(waiting, EtcdError.NO_LEADER);
                }
                yield false;
            }
        };
    }

    private static void refuseAll(List<Read> reads, EtcdError error) {
        List<Read> all = List.copyOf(reads);
        reads.clear();
        all.forEach(read -> read.refuse(error));
    }

    /** Takes an answer. */
    void confirmed(ReadState answer) {
        if (!asked.isEmpty() && Arrays.equals(answer.context(), context)) {
            confirmed.add(new Confirmed(answer.index(), asked));
            asked = new ArrayList<>();
        }
    }

    /** Serves what is confirmed and applied. */
    void applied(long index, KeyValueState state) {
        // Indexes that were confirmed later are not lower: the commit index of one leader grows, and so does that of
        // the next.
        while (!confirmed.isEmpty() && confirmed.peek().index() <= index) {
            for (Read read : confirmed.remove().reads()) {
                read.future.complete(state);
            }
        }
    }

    /**
     * Takes note that a question has failed.
     *
     * @param leads whether there is a leader to ask
     */
    void failed(FailedRead failure, boolean leads) {
        if (asked.isEmpty() || !Arrays.equals(failure.context(), context)) {
            return;
        }
        List<Read> lost = asked;
        asked = new ArrayList<>();
        boolean leaderIsGone = switch (failure.reason()) {
            case TIMED_OUT -> false;
            case LEADERSHIP_LOST, LEADER_CHANGED -> true;
        };
        List<Read> again = new ArrayList<>();
        for (Read read : lost) {
            if (!leaderIsGone) {
                again.add(read);
            } else if (leads && !read.hasLostLeader) {
                again.add(new Read(read.deadlineNanos, read.future, true));
            } else {
                read.refuse(EtcdError.LEADER_CHANGED);
            }
        }
        again.addAll(waiting);
        waiting = again;
    }

    /** Ends reads that wait for an entry behind an index: this member's disk does not get on, and it will not apply that. */
    void giveUpBeyond(long index) {
        // What was confirmed later waits for no less.
        while (!confirmed.isEmpty() && confirmed.getLast().index() > index) {
            refuseAll(confirmed.removeLast().reads(), EtcdError.APPLY_STALLED);
        }
    }

    /**
     * Lets a tick pass: gives up what is late.
     *
     * @param late what a read is told whose time is over
     */
    void tick(long nowNanos, EtcdError late) {
        expire(waiting, nowNanos, late);
        expire(asked, nowNanos, late);
        for (Confirmed batch : confirmed) {
            expire(batch.reads, nowNanos, late);
        }
    }

    private static void expire(Collection<Read> reads, long nowNanos, EtcdError late) {
        reads.removeIf(read -> {
            boolean over = read.deadlineNanos - nowNanos <= 0;
            if (over) {
                read.refuse(late);
            }
            return over;
        });
    }

    /** Ends all reads: the member stops. */
    void stop() {
        List<Read> all = new ArrayList<>(waiting);
        all.addAll(asked);
        confirmed.forEach(batch -> all.addAll(batch.reads));
        waiting.clear();
        asked.clear();
        confirmed.clear();
        all.forEach(read -> read.refuse(EtcdError.STOPPED));
    }
}
