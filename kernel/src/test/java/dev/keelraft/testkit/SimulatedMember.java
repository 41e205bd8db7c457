package dev.keelraft.testkit;

import dev.keelraft.FailureCause;
import dev.keelraft.RaftConfig;
import dev.keelraft.RaftFailedException;
import dev.keelraft.Status;
import dev.keelraft.model.Message;
import dev.keelraft.model.RaftRole;
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
    static final long RETRY_MILLIS = 100;

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
    private @Nullable SimulatedProcess life;

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
        return life == null ? Optional.empty() : Optional.of(life.config());
    }

    /** Whether its process has begun to store a leader's snapshot, and does not know yet that it is stored. */
    boolean isInstalling() {
        return life != null && life.isInstalling();
    }

    /** Whether its messages leave in the moment in which its node has written them, but for those that wait for the disk. */
    boolean sendsAtOnce() {
        return life != null && life.host() instanceof PipelinedHost;
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
        SimulatedProcess starting = new SimulatedProcess(world, this, dice, log);
        life = starting;
        guarded(starting::run);
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
        try {
            shadow.becomes(other.open().storage());
        } catch (Exception thrown) {
            throw logThrew(thrown); // it has no reason to
        }
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
        SimulatedProcess pausing = life;
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
        Host host = host();
        if (host == null) {
            return;
        }
        if (paused) {
            deferred.add(() -> call(call));
            return;
        }
        guarded(() -> call.accept(host));
    }

    private @Nullable Host host() {
        return life == null ? null : life.host();
    }

    private Violation logThrew(Exception thrown) {
        return thrown instanceof Violation violation
                ? violation
                : new Violation(Rule.LOG_RECOVERY, "the log of node " + id + " threw " + thrown, thrown);
    }

    private void guarded(Runnable action) {
        SimulatedProcess acting = life;
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
        // A host that takes an error of its disk lightly has lost its power all the same.
        if (acting != null && life == acting && disk.isOff()) {
            endWithDisk();
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
        Host host = host();
        if (host == null) {
            return Optional.empty();
        }
        AtomicReference<Status> status = new AtomicReference<>();
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

    // ---------------------------------------------------------------- what its process is told, and tells

    /** Whether a process is its present one. */
    boolean lives(SimulatedProcess process) {
        return life == process;
    }

    List<Long> foundersToStartWith() {
        return founders;
    }

    void sends(Message message) {
        sentThisTick++;
        promises.leaves(message);
    }

    /** How long the next operation of its disk takes. */
    long diskDelay() {
        return dice.nextInt((int) diskMillis) + 1L;
    }

    long stalledUntil() {
        return stalledUntil;
    }

    /** The log has thrown under its process. */
    void logFailed(Exception thrown) {
        if (!disk.isToBlame(thrown)) {
            throw logThrew(thrown);
        }
        endWithDisk();
    }

    /** Passes a persist point; whether power was lost there. */
    boolean crashesHere() {
        if (powerLossIn > 0 && --powerLossIn == 0) {
            losePower();
            world.restartLater(this);
            return true;
        }
        return false;
    }

    /** Goes on with a process, now or when it is no longer paused; not at all if it dies before. */
    void resume(SimulatedProcess process, Runnable then) {
        if (life != process) {
            return;
        }
        if (paused) {
            deferred.add(() -> resume(process, then));
        } else {
            guarded(then);
        }
    }
}
