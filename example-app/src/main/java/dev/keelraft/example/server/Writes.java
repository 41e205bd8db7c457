package dev.keelraft.example.server;

import dev.keelraft.example.kv.CommandCodec;
import dev.keelraft.example.kv.EtcdError;
import dev.keelraft.example.kv.RefusedException;
import dev.keelraft.example.kv.wire.Command;
import dev.keelraft.example.kv.wire.MemberAttributes;
import dev.keelraft.example.kv.wire.Registration;
import dev.keelraft.example.kv.wire.Result;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.random.RandomGenerator;

/**
 * The writes of this member's clients, from the moment they come in until they are applied here. Belongs to the kernel thread.
 *
 * <p>A write is proposed as often as it takes. A proposal may be lost with its leader, or its answer may, and nobody can tell
 * the two apart; so each write is named by this process's session and a sequence, and the state machine executes the first copy
 * that it meets (see {@code keel_kv.proto}). That is why it is safe to propose everything again that is pending whenever the
 * leader has changed.
 *
 * <p>What a client is told, at its deadline at the latest:
 *
 * <ul>
 *   <li>the result, once the write is applied here;
 *   <li>{@link EtcdError#TOO_MANY_REQUESTS}, {@link EtcdError#REQUEST_TOO_LARGE}, {@link EtcdError#NO_SPACE}, {@link
 *       EtcdError#LEADER_CHANGED}, {@link EtcdError#NO_LEADER}: it has not been and will not be executed;
 *   <li>{@link EtcdError#TIMEOUT}, {@link EtcdError#LEADER_FAILED}, {@link EtcdError#APPLY_STALLED} or {@link
 *       EtcdError#STOPPED}: it may have been executed, or not.
 * </ul>
 *
 * <p>It waits for no more than a blip. An election and a hand-over that go well are over soon, and a client need not know of
 * them. What lasts longer is an {@link Obstacle}: those who wait are told at once, and those who come are, until it is gone. It
 * counts from when the trouble began, and not from when the client came.
 *
 * <p>The session is opened by a command of its own, the registration, which also tells the others this member's addresses. No
 * write leaves before that is applied. Should the state machine have let the session go (there are too many, and it was the one
 * unused for longest), a new one is opened, and pending writes end as unknown: an old copy may have been executed.
 */
final class Writes {
    /** How many writes may be pending; a half of the results that a session can hold. */
    static final int MAX_PENDING = 8192;

    /** How many bytes pending writes may have. */
    static final long MAX_PENDING_BYTES = 64L << 20;

    /** What became of an attempt to propose. */
    enum Attempt {
        /** It is in the leader's log. It stays there for as long as that leader leads. */
        IN_LOG,
        /** It is not in any log, and may be tried again. */
        NOT_TAKEN,
        /** It is not in any log: the leader is handing over. It may be tried again. */
        HANDING_OVER,
        /** It is not in any log: the leader has more to do than it takes on. */
        LEADER_FULL,
        /** It may be in the leader's log. */
        UNKNOWN,
        /** It is too large for the log, now and always. */
        TOO_LARGE
    }

    /** What lasts longer than a blip, and keeps this member from writing. */
    enum Obstacle {
        /** Nobody has led for a while. */
        NO_LEADER(EtcdError.NO_LEADER, Optional.of(EtcdError.LEADER_FAILED)),
        /** There is no room on this member's disk. There may be any time, and what has left may be stored then. */
        DISK_FULL(EtcdError.NO_SPACE, Optional.empty()),
        /** There has been none for so long that the member has given up its leadership. */
        DISK_REMAINS_FULL(EtcdError.NO_SPACE, Optional.of(EtcdError.APPLY_STALLED)),
        /** This member's disk finishes nothing: it could not apply a write, and so not tell what came of it. */
        DISK_STALLED(EtcdError.TOO_MANY_REQUESTS, Optional.of(EtcdError.APPLY_STALLED));

        private final EtcdError notExecuted;
        private final Optional<EtcdError> unknown;

        /**
         * An obstacle.
         *
         * @param notExecuted what a write is told that has reached no log
         * @param unknown what one is told that may have; empty if it should go on to wait
         */
        Obstacle(EtcdError notExecuted, Optional<EtcdError> unknown) {
            this.notExecuted = notExecuted;
            this.unknown = unknown;
        }
    }

    /** Takes commands to the leader, wherever that is. */
    interface Proposer {
        /** Proposes, and says later or at once, on the kernel thread, what came of it. The last answer may get lost. */
        void propose(byte[] data, Answer answer);

        /** Whether there is somebody to propose to; if not, nothing is lost by not trying. */
        boolean canPropose();

        /** What stands in the way for longer than a blip. */
        Optional<Obstacle> obstacle();

        /** How far this member has applied the log. */
        long appliedIndex();
    }

    /** Takes the outcome of an attempt. */
    interface Answer {
        void attempted(Attempt attempt);
    }

    private static final class Write {
        final Command.Builder command;
        final long bytes;
        final long deadlineNanos;
        final CompletableFuture<Result> future;

        /** 0 until it has a place in the session. */
        long sequence;

        /** Counts the attempts, so that the answer to an earlier one is told from that to the last. */
        int attempt;

        /** Whether the last attempt is unanswered or has succeeded; if not, it is proposed with the next tick. */
        boolean isOut;

        /** Whether the leader of the last attempt is known to have it. */
        boolean isInLog;

        /** Ticks since the last attempt. */
        int ticks;

        /** Whether any attempt may have reached a log. */
        boolean mayBeExecuted;

        Write(Command.Builder command, long bytes, long deadlineNanos, CompletableFuture<Result> future) {
            this.command = command;
            this.bytes = bytes;
            this.deadlineNanos = deadlineNanos;
            this.future = future;
        }

        /** Whether it is the session's own, and no client's. */
        boolean isRegistration() {
            return command.hasRegister();
        }
    }

    private final Proposer proposer;
    private final RandomGenerator random;
    private final MemberAttributes self;
    private final int answerTicks;

    /**
     * After how many ticks a hand-over is no blip any more. The leader itself calls it off after twice as many: by then the target
     * should have been elected long ago.
     */
    private final int handOverTicks;

    /** For how many ticks leaders have said that they are handing over; 0 if the last has not. */
    private int handingOver;

    /** By sequence, ascending. */
    private final LinkedHashMap<Long, Write> pending = new LinkedHashMap<>();

    /** What waits for the session to be opened. */
    private final ArrayDeque<Write> waiting = new ArrayDeque<>();

    private long pendingBytes;
    private long session;
    private long nextSequence;
    private boolean registered;

    /**
     * Opens a session.
     *
     * @param self how this member is to be found
     * @param random draws the numbers of sessions; unpredictable, as two processes must never draw the same
     * @param answerTicks after how many ticks an attempt without an answer counts as lost: the election time-out
     */
    Writes(Proposer proposer, MemberAttributes self, RandomGenerator random, int answerTicks) {
        this.proposer = proposer;
        this.self = self;
        this.random = random;
        this.answerTicks = answerTicks;
        this.handOverTicks = Math.max(1, answerTicks / 2);
        open();
    }

    /* One registration for each number: see KeyValueState. */
    private void open() {
        registered = false;
        nextSequence = 1;
        do {
            session = random.nextLong();
        } while (session == 0);
        Registration registration = Registration.newBuilder()
                .setMember(self)
                .setAppliedIndex(proposer.appliedIndex())
                .build();
        number(new Write(
                Command.newBuilder().setRegister(registration), 0, Long.MAX_VALUE, new CompletableFuture<Result>()));
    }

    /** The number of the session. */
    long session() {
        return session;
    }

    /** How many writes wait for their result. */
    int size() {
        return pending.size() + waiting.size();
    }

    /**
     * Takes on a write.
     *
     * @param command with nothing but its operation
     * @param bytes how many it has
     * @param deadlineNanos when its client wants to know at the latest, as {@link System#nanoTime}
     * @param future gets the result, or a {@link RefusedException}
     */
    void add(Command.Builder command, long bytes, long deadlineNanos, CompletableFuture<Result> future) {
        Write write = new Write(command, bytes, deadlineNanos, future);
        if (size() >= MAX_PENDING || pendingBytes + write.bytes > MAX_PENDING_BYTES) {
            refuse(write, EtcdError.TOO_MANY_REQUESTS);
            return;
        }
        Optional<Obstacle> obstacle = proposer.obstacle();
        if (obstacle.isPresent()) {
            refuse(write, obstacle.get().notExecuted);
            return;
        }
        pendingBytes += write.bytes;
        if (registered) {
            number(write);
            propose(write);
        } else {
            waiting.add(write);
        }
    }

    private void number(Write write) {
        write.sequence = nextSequence++;
        pending.put(write.sequence, write);
    }

    /** Proposes everything again: what is not in the new leader's log by now will never be, but for this. */
    void leaderChanged() {
        handingOver = 0;
        for (Write write : List.copyOf(pending.values())) {
            propose(write);
        }
    }

    /** Lets a tick pass: gives up what is late or has met an obstacle, tries again what was not taken. */
    void tick(long nowNanos) {
        handingOver = handingOver == 0 || pending.isEmpty() ? 0 : handingOver + 1;
        Optional<Obstacle> obstacle = proposer.obstacle();
        for (Write write : List.copyOf(pending.values())) {
            write.ticks++;
            if (meets(obstacle, write)) {
                continue;
            }
            if (write.deadlineNanos - nowNanos <= 0 && !write.isRegistration()) {
                giveUp(write);
            } else if (!write.isOut || (!write.isInLog && write.ticks > answerTicks)) {
                propose(write);
            }
        }
        for (Write write : List.copyOf(waiting)) {
            if (!meets(obstacle, write) && write.deadlineNanos - nowNanos <= 0) {
                giveUp(write);
            }
        }
    }

    /** Ends a write that an obstacle stands in the way of; returns whether it has. */
    private boolean meets(Optional<Obstacle> obstacle, Write write) {
        if (obstacle.isEmpty() || write.isRegistration()) {
            return false;
        }
        Optional<EtcdError> told =
                write.mayBeExecuted ? obstacle.get().unknown : Optional.of(obstacle.get().notExecuted);
        told.ifPresent(error -> end(write, error));
        return told.isPresent();
    }

    private void giveUp(Write write) {
        end(write, write.mayBeExecuted ? EtcdError.TIMEOUT : EtcdError.NO_LEADER);
    }

    private void end(Write write, EtcdError error) {
        remove(write);
        refuse(write, error);
    }

    private void propose(Write write) {
        if (pending.get(write.sequence) != write) {
            // An answer to another one has ended it meanwhile.
            return;
        }
        if (!proposer.canPropose()) {
            write.isOut = false;
            return;
        }
        int attempt = ++write.attempt;
        write.isOut = true;
        write.isInLog = false;
        write.ticks = 0;
        // Below the lowest pending sequence all results are here, or nobody waits for them any more.
        long lowest = pending.keySet().iterator().next();
        Command command = write.command
                .setSession(session)
                .setSequence(write.sequence)
                .setAcknowledgedBelow(lowest)
                .build();
        boolean before = write.mayBeExecuted;
        write.mayBeExecuted = true;
        proposer.propose(CommandCodec.encode(command), answer -> {
            if (write.attempt != attempt || pending.get(write.sequence) != write) {
                return;
            }
            switch (answer) {
                case IN_LOG -> {
                    write.isInLog = true;
                    handingOver = 0;
                }
                case NOT_TAKEN, HANDING_OVER, LEADER_FULL -> {
                    write.isOut = false;
                    write.mayBeExecuted = before;
                    notTaken(write, answer);
                }
                case UNKNOWN -> write.isOut = false;
                case TOO_LARGE -> end(write, EtcdError.REQUEST_TOO_LARGE);
            }
        });
    }

    /** An earlier copy of what was not taken now may be in a log all the same: that one is tried again. */
    private void notTaken(Write write, Attempt answer) {
        if (answer == Attempt.HANDING_OVER && handingOver == 0) {
            handingOver = 1;
        }
        if (write.mayBeExecuted || write.isRegistration()) {
            return;
        }
        if (answer == Attempt.LEADER_FULL) {
            end(write, EtcdError.TOO_MANY_REQUESTS);
        } else if (answer == Attempt.HANDING_OVER && handingOver > handOverTicks) {
            end(write, EtcdError.LEADER_CHANGED);
        }
    }

    /**
     * Takes note of a command of this session that was applied.
     *
     * @param command as it stood in the log
     * @param result what came of it
     */
    void applied(Command command, Result result) {
        Write write = pending.get(command.getSequence());
        if (command.getSession() != session || write == null) {
            // A copy of a command that has its result, or a command of a session that is given up.
            return;
        }
        if (!result.hasRefusal()) {
            remove(write);
            if (result.hasRegistered()) {
                registered();
            } else {
                write.future.complete(result);
            }
            return;
        }
        switch (result.getRefusal()) {
            case UNKNOWN_SESSION, REGISTRATION_TOO_OLD -> reopen();
            case SESSION_FULL -> write.isOut = false;
            case ALREADY_ACKNOWLEDGED, UNKNOWN_OPERATION, REFUSAL_UNSPECIFIED, UNRECOGNIZED -> {
                end(write, EtcdError.TIMEOUT);
            }
        }
    }

    private void registered() {
        registered = true;
        List<Write> ready = List.copyOf(waiting);
        waiting.clear();
        for (Write write : ready) {
            number(write);
        }
        ready.forEach(this::propose);
    }

    /** The state machine has let the session go, and with it the knowledge of which of its commands it has executed. */
    private void reopen() {
        List<Write> lost = List.copyOf(pending.values());
        for (Write write : lost) {
            end(write, EtcdError.TIMEOUT);
        }
        open();
        leaderChanged();
    }

    /** Ends all writes: the member stops. */
    void stop() {
        List<Write> all = new ArrayList<>(pending.values());
        all.addAll(waiting);
        for (Write write : all) {
            end(write, EtcdError.STOPPED);
        }
    }

    private void remove(Write write) {
        if (pending.remove(write.sequence, write) || waiting.remove(write)) {
            pendingBytes -= write.bytes;
        }
    }

    private static void refuse(Write write, EtcdError error) {
        write.future.completeExceptionally(new RefusedException(error));
    }
}
