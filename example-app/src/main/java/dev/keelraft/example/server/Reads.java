package dev.keelraft.example.server;

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
 * <p>A question can get lost, without a word, on its way to the leader or back, or with the leader. It is asked again under
 * another name when its time is over or the leader has changed; the old one's answer, should it still come, is ignored.
 */
final class Reads {
    /** How many reads may wait. */
    static final int MAX_WAITING = 65_536;

    /** Asks the leader. */
    interface Question {
        ReadResult ask(byte[] context);
    }

    private record Read(long deadlineNanos, CompletableFuture<KeyValueState> future) {}

    private record Confirmed(long index, List<Read> reads) {}

    private final Question question;
    private final long incarnation;
    private final int answerTicks;

    private List<Read> waiting = new ArrayList<>();

    /** The reads of the question that is out, empty if none is. */
    private List<Read> asked = new ArrayList<>();

    private byte[] context = new byte[0];
    private long questions;
    private int ticks;
    private final ArrayDeque<Confirmed> confirmed = new ArrayDeque<>();

    /**
     * Begins with no read.
     *
     * @param incarnation a random number of this process, so that no answer to an earlier one is taken for one to this
     * @param answerTicks after how many ticks a question without an answer counts as lost
     */
    Reads(Question question, long incarnation, int answerTicks) {
        this.question = question;
        this.incarnation = incarnation;
        this.answerTicks = answerTicks;
    }

    /** Takes on a read. */
    void add(long deadlineNanos, CompletableFuture<KeyValueState> future) {
        if (waiting.size() + asked.size() + confirmedReads() >= MAX_WAITING) {
            future.completeExceptionally(new RefusedException(EtcdError.TOO_MANY_REQUESTS));
            return;
        }
        waiting.add(new Read(deadlineNanos, future));
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
        if (question.ask(name.clone()) == ReadResult.NO_LEADER) {
            return false;
        }
        context = name;
        asked = waiting;
        waiting = new ArrayList<>();
        ticks = 0;
        return true;
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

    /** Asks again: nobody may answer what the leader before was asked. */
    void leaderChanged() {
        askAgain();
    }

    private void askAgain() {
        if (!asked.isEmpty()) {
            asked.addAll(waiting);
            waiting = asked;
            asked = new ArrayList<>();
        }
    }

    /**
     * Lets a tick pass: gives up what is late, asks again what has no answer.
     *
     * @param late what a read is told whose time is over
     */
    void tick(long nowNanos, EtcdError late) {
        if (!asked.isEmpty() && ++ticks > answerTicks) {
            askAgain();
        }
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
                read.future.completeExceptionally(new RefusedException(late));
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
        all.forEach(read -> read.future.completeExceptionally(new RefusedException(EtcdError.STOPPED)));
    }
}
