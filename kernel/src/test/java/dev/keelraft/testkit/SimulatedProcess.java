package dev.keelraft.testkit;

import dev.keelraft.RaftConfig;
import dev.keelraft.ReadPolicy;
import dev.keelraft.Ready;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.Message;
import dev.keelraft.model.Snapshot;
import java.util.ArrayDeque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the process of one life of a member sees. What it asked for comes back only while it lives, and does not stand still. */
final class SimulatedProcess implements Site {
    private final World world;
    private final SimulatedMember member;
    private final Dice dice;
    private final HostLog log;
    private final ArrayDeque<Writing> writing = new ArrayDeque<>();
    private final RaftConfig config;
    private @Nullable Host host;

    /** Writes of which the process does not know yet that they are done. */
    private int unfinished;

    private int installing;

    SimulatedProcess(World world, SimulatedMember member, Dice dice, HostLog log) {
        this.world = world;
        this.member = member;
        this.dice = dice;
        this.log = log;
        this.config = world.config(member, dice.fork());
    }

    /** Starts the host, which may fail. */
    void run() {
        host = world.hosts().start(this);
    }

    /** None before it has started. */
    @Nullable
    Host host() {
        return host;
    }

    /** Whether it has begun to store a leader's snapshot, and does not know yet that it is stored. */
    boolean isInstalling() {
        return installing > 0;
    }

    private boolean isOver() {
        return !member.lives(this);
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
        return member.foundersToStartWith();
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
        member.sends(message);
        world.rules().leaves(member, message);
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
        if (member.crashesHere()) {
            return;
        }
        Ready ready = next.ready();
        if (ready != null) {
            noteAppend(ready);
            try {
                log.append(ready);
            } catch (NoRoomException full) {
                undone();
                world.agenda().in(SimulatedMember.RETRY_MILLIS, this::begin);
                return;
            } catch (Exception thrown) {
                member.logFailed(thrown);
                return;
            }
        }
        world.agenda().in(member.diskDelay(), this::end);
    }

    private void noteAppend(Ready ready) {
        member.promises().written(ready);
        world.rules().appends(member, ready);
        member.shadow().append(ready);
        world.rules().stored(member, ready);
    }

    private void noteSave(Snapshot snapshot, long compactTo) {
        world.rules().snapshot(snapshot);
        member.shadow().saveSnapshot(snapshot, compactTo);
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
        member.shadow().sync();
        world.rules().synced(member);
        passPoint();
    }

    private void passPoint() {
        if (!isOver()) {
            member.crashesHere();
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
        world.agenda().in(member.diskDelay(), () -> finishOnDisk(then));
    }

    private void finishOnDisk(Runnable then) {
        if (isOver() || !waitsForDisk(() -> finishOnDisk(then))) {
            member.resume(this, then);
        }
    }

    /** Whether the disk finishes nothing now; then this is tried again later. */
    private boolean waitsForDisk(Runnable again) {
        long now = world.agenda().now();
        boolean isStalled = now < member.stalledUntil();
        if (isStalled) {
            world.agenda().at(Math.min(member.stalledUntil(), now + 100), again);
        }
        return isStalled;
    }

    @Override
    public void undone() {
        if (!isOver()) {
            world.coverage().count(Coverage.Seen.NO_ROOM);
            member.shadow().undo();
        }
    }

    private void end() {
        if (isOver() || waitsForDisk(this::end)) {
            return;
        }
        Writing next = writing.element();
        if (!next.empty()) {
            if (member.crashesHere()) {
                world.coverage().count(Coverage.Seen.CRASH_BETWEEN_APPEND_AND_SYNC);
                return;
            }
            try {
                force(next);
            } catch (NoRoomException full) {
                undone();
            } catch (Exception thrown) {
                member.logFailed(thrown);
                return;
            }
            if (member.crashesHere()) {
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
            member.shadow().sync();
        } else if (ready.mustSync()) {
            log.sync();
            member.shadow().sync();
            world.rules().synced(member);
        }
    }

    @Override
    public void later(long millis, Runnable then) {
        if (millis == 0) {
            member.resume(this, then);
        } else {
            world.agenda().in(millis, () -> member.resume(this, then));
        }
    }

    @Override
    public void applied(Entry entry) {
        if (!isOver()) {
            world.rules().applied(member, entry);
        }
    }

    @Override
    public void configured(long index, ConfState members) {
        if (!isOver()) {
            world.rules().configured(member, index, members);
        }
    }

    @Override
    public void asks(long number, ReadPolicy policy, long ledTerm) {
        if (!isOver()) {
            world.rules().readings().asks(member, number, ledTerm, policy);
        }
    }

    @Override
    public void confirms(long number, long index) {
        if (!isOver()) {
            List<ConfState> known = world.rules().progress(member).known();
            world.rules().readings().confirms(member, number, index, known);
        }
    }

    @Override
    public void restored(Snapshot snapshot) {
        if (!isOver()) {
            world.rules().restored(member, snapshot);
        }
    }

    /* A Ready, or a snapshot of the application. */
    private record Writing(@Nullable Ready ready, Snapshot snapshot, long compactTo, boolean empty, Runnable then) {}
}
