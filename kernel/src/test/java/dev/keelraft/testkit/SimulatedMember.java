package dev.keelraft.testkit;

import dev.keelraft.FailureCause;
import dev.keelraft.RaftConfig;
import dev.keelraft.RaftFailedException;
import dev.keelraft.ReadPolicy;
import dev.keelraft.Ready;
import dev.keelraft.Status;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.Message;
import dev.keelraft.model.RaftRole;
import dev.keelraft.model.Snapshot;
import dev.keelraft.testkit.Violation.Rule;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A machine: its disk, its clock, and at most one process, of which it forgets everything when it dies. */
final class SimulatedMember {
    /** How long a full disk is left alone before it is tried again. */
    private static final long RETRY_MILLIS = 100;

    private final World world;
    private final long id;
    private final Dice dice;
    private List<Long> founders;
    private final Shadow shadow = new Shadow();
    private final Promises promises;
    private SimulatedDisk disk;
    private @Nullable SimulatedDisk backup;
    private long incarnation;

    /** The disk was exchanged or set back, and the group does not know it yet. */
    private boolean diskExchanged;

    /** Messages to it under its old disk may still arrive, and speak of what that held. */
    private boolean mayLackAcknowledged;

    private boolean removed;

    /** The present life. Whatever an earlier one has asked for does not come back. */
    private @Nullable Life life;

    private long startedAt;

    private boolean paused;
    private int missedTicks;
    private final ArrayDeque<Runnable> deferred = new ArrayDeque<>();

    private int clockPercent = 100;
    private int ticker;
    private long ticks;

    private long diskMillis = 2;
    private long stalledUntil;
    private long slowUntil;

    /** Loses power at so many persist points from now; 0 for none. */
    private int powerLossIn;

    private long sentThisTick;
    private long mostSentInATick;

    SimulatedMember(World world, long id, Dice dice, List<Long> founders) {
        this.world = world;
        this.id = id;
        this.dice = dice;
        this.founders = founders;
        this.disk = world.options().disks().make(id, dice.fork());
        this.incarnation = world.setup().incarnations() ? Math.abs(dice.nextLong() | 1) : 0;
        this.promises = new Promises(world, this);
    }

    long id() {
        return id;
    }

    long incarnation() {
        return incarnation;
    }

    Shadow shadow() {
        return shadow;
    }

    boolean isUp() {
        return life != null;
    }

    boolean isPaused() {
        return paused;
    }

    /** How its present process has configured its node. */
    Optional<RaftConfig> config() {
        return life == null ? Optional.empty() : Optional.of(life.config);
    }

    /** Whether its process has begun to store a leader's snapshot, and does not know yet that it is stored. */
    boolean isInstalling() {
        return life != null && life.installing > 0;
    }

    /** Whether its messages leave in the moment in which its node has written them, but for those that wait for the disk. */
    boolean sendsAtOnce() {
        return life != null && life.host instanceof PipelinedHost;
    }

    /** How many ticks its processes have seen. */
    long ticks() {
        return ticks;
    }

    /** Whether its disk finishes nothing, or did not so a moment ago. */
    boolean hasSlowDisk() {
        return slowUntil + 2_000 > world.agenda().now();
    }

    long startedAt() {
        return startedAt;
    }

    boolean isRemoved() {
        return removed;
    }

    boolean isDiskExchanged() {
        return diskExchanged;
    }

    /** Whether its disk holds what it has promised under its present name. */
    boolean isTrustworthy() {
        return !diskExchanged && !removed;
    }

    Promises promises() {
        return promises;
    }

    // ---------------------------------------------------------------- life and death

    void start() {
        if (life != null || removed) {
            return;
        }
        int unsynced = shadow.unsynced();
        HostLog log;
        int lost;
        try {
            log = disk.open();
            lost = shadow.recovered(log.storage());
        } catch (Exception thrown) {
            if (!disk.isToBlame(thrown)) {
                throw logThrew(thrown);
            }
            disk.losePower(dice);
            world.restartLater(this);
            return;
        }
        startedAt = world.agenda().now();
        world.trace().started(id);
        world.coverage().count(Coverage.Seen.UNSYNCED_LOST, lost);
        world.coverage().count(Coverage.Seen.UNSYNCED_SURVIVED, unsynced - lost);
        promises.restarted();
        world.rules().started(this);
        life = new Life(log);
        Life starting = life;
        guarded(() -> starting.host = world.options().hosts().start(starting));
        ticker++;
        tickAfter(ticker, dice.nextInt(world.setup().tickMillis()) + 1);
    }

    void kill() {
        die(false);
    }

    void losePower() {
        die(true);
    }

    private void die(boolean power) {
        if (life == null) {
            return;
        }
        noteWhatItWas();
        end(power);
    }

    private void noteWhatItWas() {
        status().ifPresent(status -> {
            RaftRole role = status.softState().role();
            if (role == RaftRole.LEADER) {
                world.coverage().count(Coverage.Seen.LEADER_CRASHED);
            } else if (role != RaftRole.FOLLOWER) {
                world.coverage().count(Coverage.Seen.CANDIDATE_CRASHED);
            }
            if (status.confState().isJoint()) {
                world.coverage().count(Coverage.Seen.FAULT_WHILE_JOINT);
            }
        });
    }

    private void end(boolean power) {
        stop();
        if (power) {
            disk.losePower(dice);
        } else {
            disk.kill();
        }
        world.trace().stopped(id, power);
    }

    /* The disk has failed under the process. */
    private void endWithDisk() {
        boolean power = disk.isOff();
        world.coverage().count(power ? Coverage.Seen.POWER_LOST_IN_OPERATION : Coverage.Seen.LOG_FAILED);
        end(power || dice.chance(300));
        world.restartLater(this);
    }

    private void stop() {
        life = null;
        paused = false;
        missedTicks = 0;
        deferred.clear();
        powerLossIn = 0;
        stalledUntil = 0;
        ticker++;
    }

    void losePowerWhileWriting(int points) {
        powerLossIn = points;
    }

    /** Loses power in one of the next operations of its disk, if that has any. */
    boolean losePowerInOperation(int operations) {
        return disk.losePowerAt(operations, dice);
    }

    boolean failDisk(int operations, boolean reads) {
        return disk.failAt(operations, reads, dice);
    }

    boolean fillDisk(long millis) {
        SimulatedDisk full = disk;
        slowUntil = Math.max(slowUntil, world.agenda().now() + millis + RETRY_MILLIS);
        world.agenda().in(millis, () -> full.fill(false));
        return full.fill(true);
    }

    /** The process ends for good, and the name is never used again. */
    void retire() {
        if (life != null) {
            kill();
        }
        removed = true;
    }

    /** Copies the disk, perhaps, while the process is about to stop. */
    void keepBackup(boolean copy) {
        if (copy) {
            backup = disk.copy();
        }
    }

    /** An old copy of the disk, if there is one. */
    @Nullable
    SimulatedDisk backup() {
        return backup;
    }

    /** Another disk, with another name; the member must not count under the old one. */
    void exchangeDisk(SimulatedDisk other) {
        kill();
        disk = other;
        diskExchanged = true;
        mayLackAcknowledged = true;
        founders = List.of();
        HostLog content = tried(other::open);
        shadow.becomes(content.storage());
        other.kill();
        promises.forgotten();
        incarnation = Math.abs(dice.nextLong() | 1);
    }

    /** The group knows the new disk by its name. */
    void taken() {
        diskExchanged = false;
    }

    // ---------------------------------------------------------------- time

    void pause(long millis) {
        if (life == null || paused) {
            return;
        }
        if (isLeader()) {
            world.coverage().count(Coverage.Seen.LEADER_PAUSED);
        }
        paused = true;
        Life pausing = life;
        world.agenda().in(millis, () -> {
            if (life == pausing) {
                resume();
            }
        });
    }

    void resume() {
        if (!paused) {
            return;
        }
        paused = false;
        // Where leases are on, the host owes the node the ticks that are overdue before anything else. Otherwise hosts
        // differ.
        int ticks = world.setup().leases() ? missedTicks : Math.min(missedTicks, dice.of(List.of(0, 1, 1000)));
        missedTicks = 0;
        for (int i = 0; i < ticks; i++) {
            tick();
        }
        while (!paused && !deferred.isEmpty()) {
            deferred.remove().run();
        }
    }

    void clock(int percent) {
        clockPercent = percent;
    }

    private void tickAfter(int number, long millis) {
        world.agenda().in(millis, () -> {
            if (ticker != number) {
                return;
            }
            tickAfter(number, Math.max(1, (long) world.setup().tickMillis() * 100 / clockPercent));
            mostSentInATick = Math.max(mostSentInATick, sentThisTick);
            sentThisTick = 0;
            if (paused) {
                missedTicks++;
            } else {
                tick();
            }
        });
    }

    private void tick() {
        ticks++;
        call(Host::tick);
    }

    /** The most messages that it has sent between two ticks since this was asked last. */
    long takeMostSentInATick() {
        long most = mostSentInATick;
        mostSentInATick = 0;
        sentThisTick = 0;
        return most;
    }

    void slowDisk(long millis, long lasting) {
        diskMillis = millis;
        slowUntil = Math.max(slowUntil, world.agenda().now() + lasting);
        world.agenda().in(lasting, () -> diskMillis = 2);
    }

    void stallDisk(long millis) {
        if (isLeader()) {
            world.coverage().count(Coverage.Seen.LEADER_STALLED);
        }
        stalledUntil = Math.max(stalledUntil, world.agenda().now() + millis);
        slowUntil = Math.max(slowUntil, stalledUntil);
    }

    void heal() {
        clockPercent = 100;
        diskMillis = 2;
        stalledUntil = 0;
        powerLossIn = 0;
        disk.heal();
        resume();
    }

    // ---------------------------------------------------------------- the process

    /** Calls the host, now or when it is no longer paused; not at all if it dies before. */
    void call(Consumer<Host> call) {
        Life calling = life;
        if (calling == null || calling.host == null) {
            return;
        }
        Host host = calling.host;
        if (paused) {
            deferred.add(() -> call(call));
            return;
        }
        guarded(() -> call.accept(host));
    }

    private interface Attempt<T> {
        T run() throws Exception;
    }

    /** What a log or a disk does; it has no reason to fail. */
    private <T> T tried(Attempt<T> attempt) {
        try {
            return attempt.run();
        } catch (Exception thrown) {
            throw logThrew(thrown);
        }
    }

    private Violation logThrew(Exception thrown) {
        return thrown instanceof Violation violation
                ? violation
                : new Violation(Rule.LOG_RECOVERY, "the log of node " + id + " threw " + thrown, thrown);
    }

    private void guarded(Runnable action) {
        Life acting = life;
        try {
            action.run();
        } catch (Violation violation) {
            throw violation;
        } catch (RuntimeException | Error thrown) {
            // Whatever a process does in the moment of its death, nobody sees it.
            if (life == acting) {
                failed(thrown);
            }
        }
    }

    private void failed(Throwable thrown) {
        if (disk.isToBlame(thrown)) {
            endWithDisk();
        } else if (thrown instanceof RaftFailedException failed) {
            boolean planted = mayLackAcknowledged && failed.failure() == FailureCause.LOG_LOSS;
            if (!planted) {
                throw new Violation(Rule.NO_FAILURE, "node " + id + " has failed: " + failed.getMessage(), failed);
            }
            world.coverage().count(Coverage.Seen.LOSS_NOTICED);
            end(false);
            world.operator().lossNoticed(this);
        } else {
            throw new Violation(Rule.NO_FAILURE, "the host of node " + id + " threw " + thrown, thrown);
        }
    }

    Optional<Status> status() {
        Life asked = life;
        if (asked == null || asked.host == null) {
            return Optional.empty();
        }
        AtomicReference<Status> status = new AtomicReference<>();
        Host host = asked.host;
        guarded(() -> host.tell(node -> status.set(node.status())));
        return Optional.ofNullable(status.get());
    }

    /** The term that it is in; 0 while it is down. */
    long term() {
        return status().map(status -> status.hardState().term()).orElse(0L);
    }

    boolean isLeader() {
        return status().map(status -> status.softState().role() == RaftRole.LEADER)
                .orElse(false);
    }

    /* What the process of one life sees. What it asked for comes back only while it lives, and does not stand still. */
    private final class Life implements Site {
        private final HostLog log;
        private final ArrayDeque<Writing> writing = new ArrayDeque<>();
        private final RaftConfig config;
        private @Nullable Host host;

        /** Writes of which the process does not know yet that they are done. */
        private int unfinished;

        private int installing;

        Life(HostLog log) {
            this.log = log;
            this.config = world.config(SimulatedMember.this, dice.fork());
        }

        private boolean isOver() {
            return life != this;
        }

        @Override
        public RaftConfig config() {
            return config;
        }

        @Override
        public HostLog log() {
            return log;
        }

        @Override
        public StateMachine machine() {
            return world.options().machines().get();
        }

        @Override
        public List<Long> founders() {
            return founders;
        }

        @Override
        public int snapshotEntries() {
            return world.snapshotEntries();
        }

        @Override
        public long applyMillis() {
            return dice.nextInt(world.setup().applyMillis() + 1);
        }

        @Override
        public void send(Message message) {
            if (isOver()) {
                return;
            }
            sentThisTick++;
            promises.leaves(message);
            world.rules().leaves(SimulatedMember.this, message);
            world.network().send(message);
        }

        @Override
        public void write(Ready ready, Runnable then) {
            if (isOver()) {
                return;
            }
            boolean empty = ready.hardState().isEmpty()
                    && ready.entries().isEmpty()
                    && ready.snapshot().isNone();
            if (empty && unfinished == 0) {
                then.run();
            } else if (ready.snapshot().isNone()) {
                enqueue(new Writing(ready, Snapshot.NONE, 0, empty, then));
            } else {
                installing++;
                enqueue(new Writing(ready, Snapshot.NONE, 0, empty, () -> {
                    installing--;
                    then.run();
                }));
            }
        }

        @Override
        public void saveSnapshot(Snapshot snapshot, long compactTo, Runnable then) {
            if (isOver()) {
                return;
            }
            enqueue(new Writing(null, snapshot, compactTo, false, then));
        }

        private void enqueue(Writing next) {
            unfinished++;
            writing.add(next);
            if (writing.size() == 1) {
                begin();
            }
        }

        private void begin() {
            if (isOver()) {
                return;
            }
            Writing next = writing.element();
            if (next.empty()) {
                world.agenda().in(0, this::end);
                return;
            }
            if (crashesHere()) {
                return;
            }
            Ready ready = next.ready();
            if (ready != null) {
                noteAppend(ready);
                try {
                    log.append(ready);
                } catch (NoRoomException full) {
                    undone();
                    world.agenda().in(RETRY_MILLIS, this::begin);
                    return;
                } catch (Exception thrown) {
                    logFailed(thrown);
                    return;
                }
            }
            world.agenda().in(dice.nextInt((int) diskMillis) + 1, this::end);
        }

        private void noteAppend(Ready ready) {
            promises.written(ready);
            world.rules().appends(SimulatedMember.this, ready);
            shadow.append(ready);
            world.rules().stored(SimulatedMember.this, ready);
        }

        private void noteSave(Snapshot snapshot, long compactTo) {
            world.rules().snapshot(snapshot);
            shadow.saveSnapshot(snapshot, compactTo);
        }

        private void logFailed(Exception thrown) {
            if (!disk.isToBlame(thrown)) {
                throw logThrew(thrown);
            }
            endWithDisk();
        }

        @Override
        public void appends(Ready ready) {
            passPoint();
            noteAppend(ready);
        }

        @Override
        public void saves(Snapshot snapshot, long compactTo) {
            passPoint();
            noteSave(snapshot, compactTo);
        }

        @Override
        public void synced() {
            checkAlive();
            shadow.sync();
            world.rules().synced(SimulatedMember.this);
            passPoint();
        }

        private void passPoint() {
            if (!isOver()) {
                crashesHere();
            }
            checkAlive();
        }

        /* A host that writes its log itself is in the midst of that: it must not go on. */
        private void checkAlive() {
            if (isOver()) {
                throw new IllegalStateException("the process is dead");
            }
        }

        @Override
        public void disk(Runnable then) {
            world.agenda().in(dice.nextInt((int) diskMillis) + 1, () -> finishOnDisk(then));
        }

        private void finishOnDisk(Runnable then) {
            if (!isOver() && world.agenda().now() < stalledUntil) {
                world.agenda().at(Math.min(stalledUntil, world.agenda().now() + 100), () -> finishOnDisk(then));
            } else {
                resumeWith(then);
            }
        }

        @Override
        public void undone() {
            if (!isOver()) {
                world.coverage().count(Coverage.Seen.NO_ROOM);
                shadow.undo();
            }
        }

        private void end() {
            if (isOver()) {
                return;
            }
            if (world.agenda().now() < stalledUntil) {
                world.agenda().at(Math.min(stalledUntil, world.agenda().now() + 100), this::end);
                return;
            }
            Writing next = writing.element();
            if (!next.empty()) {
                if (crashesHere()) {
                    world.coverage().count(Coverage.Seen.CRASH_BETWEEN_APPEND_AND_SYNC);
                    return;
                }
                try {
                    force(next);
                } catch (NoRoomException full) {
                    undone();
                } catch (Exception thrown) {
                    logFailed(thrown);
                    return;
                }
                if (crashesHere()) {
                    return;
                }
            }
            writing.remove();
            if (!writing.isEmpty()) {
                begin();
            }
            later(0, () -> {
                unfinished--;
                next.then().run();
            });
        }

        private void force(Writing next) throws Exception {
            Ready ready = next.ready();
            if (ready == null) {
                world.coverage().count(Coverage.Seen.SNAPSHOT_SAVED);
                noteSave(next.snapshot(), next.compactTo());
                if (next.snapshot().index() > log.storage().snapshot().index()) {
                    log.saveSnapshot(next.snapshot());
                }
                if (next.compactTo() >= log.storage().firstIndex()) {
                    log.compact(next.compactTo());
                }
                shadow.sync();
            } else if (ready.mustSync()) {
                log.sync();
                shadow.sync();
                world.rules().synced(SimulatedMember.this);
            }
        }

        private boolean crashesHere() {
            if (powerLossIn > 0 && --powerLossIn == 0) {
                losePower();
                world.restartLater(SimulatedMember.this);
                return true;
            }
            return false;
        }

        @Override
        public void later(long millis, Runnable then) {
            if (millis == 0) {
                resumeWith(then);
            } else {
                world.agenda().in(millis, () -> resumeWith(then));
            }
        }

        private void resumeWith(Runnable then) {
            if (isOver()) {
                return;
            }
            if (paused) {
                deferred.add(() -> resumeWith(then));
            } else {
                guarded(then);
            }
        }

        @Override
        public void applied(Entry entry) {
            if (!isOver()) {
                world.rules().applied(SimulatedMember.this, entry);
            }
        }

        @Override
        public void configured(long index, ConfState members) {
            if (!isOver()) {
                world.rules().configured(SimulatedMember.this, index, members);
            }
        }

        @Override
        public void asks(long number, ReadPolicy policy, long ledTerm) {
            if (!isOver()) {
                world.rules().readings().asks(SimulatedMember.this, number, ledTerm, policy);
            }
        }

        @Override
        public void confirms(long number, long index) {
            if (!isOver()) {
                List<ConfState> known =
                        world.rules().progress(SimulatedMember.this).known();
                world.rules().readings().confirms(SimulatedMember.this, number, index, known);
            }
        }

        @Override
        public void restored(Snapshot snapshot) {
            if (!isOver()) {
                world.rules().restored(SimulatedMember.this, snapshot);
            }
        }
    }

    /* A Ready, or a snapshot of the application. */
    private record Writing(@Nullable Ready ready, Snapshot snapshot, long compactTo, boolean empty, Runnable then) {}
}
