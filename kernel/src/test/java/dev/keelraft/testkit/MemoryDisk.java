package dev.keelraft.testkit;

import dev.keelraft.MemoryStorage;
import dev.keelraft.Ready;
import dev.keelraft.Storage;
import dev.keelraft.model.Snapshot;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * A disk that holds a log as values. A power loss leaves what was synced, and any number of the Readys that were appended behind
 * it, from the first on: a log that stores each Ready as one batch, whatever the sectors do, as the contract demands.
 */
public final class MemoryDisk implements SimulatedDisk {
    private MemoryStorage durable;
    private MemoryStorage written;
    private final List<Ready> unsynced = new ArrayList<>();

    /** How many operations are left until one fails, or loses the power; none if that is not positive. */
    private int failIn;

    private int powerOffIn;
    private boolean off;
    private boolean full;

    /** An empty disk. */
    public MemoryDisk() {
        this(new MemoryStorage());
    }

    private MemoryDisk(MemoryStorage content) {
        durable = content;
        written = MemoryLogs.copy(content);
    }

    @Override
    public HostLog open() throws IOException {
        operate();
        persist(unsynced.size());
        return new Log(written);
    }

    @Override
    public void kill() {
        // The page cache lives on.
    }

    @Override
    public void losePower(Dice dice) {
        int survive = dice.nextInt(unsynced.size() + 1);
        persist(survive);
        unsynced.clear();
        written = MemoryLogs.copy(durable);
        off = false;
    }

    @Override
    public boolean losePowerAt(int operations, Dice dice) {
        powerOffIn = operations;
        return true;
    }

    @Override
    public boolean failAt(int operations, boolean reads, Dice dice) {
        if (!reads) {
            failIn = operations;
        }
        return !reads;
    }

    @Override
    public boolean fill(boolean isFull) {
        full = isFull;
        return true;
    }

    @Override
    public boolean isToBlame(Throwable thrown) {
        return thrown instanceof Fault;
    }

    @Override
    public boolean isOff() {
        return off;
    }

    @Override
    public void heal() {
        powerOffIn = 0;
        failIn = 0;
        full = false;
    }

    @Override
    public SimulatedDisk copy() {
        return new MemoryDisk(MemoryLogs.copy(written));
    }

    private void persist(int count) {
        List<Ready> first = unsynced.subList(0, count);
        for (Ready ready : first) {
            durable.append(ready.snapshot(), ready.hardState(), ready.entries());
        }
        first.clear();
    }

    /* Each append, sync and save is one. It has had its effect on what is written, and none on what is durable. */
    private void operate() throws Fault {
        powerOffIn--;
        failIn--;
        off |= powerOffIn == 0;
        if (off || failIn == 0) {
            throw new Fault();
        }
    }

    /** An operation that was told to fail. */
    private static final class Fault extends IOException {
        private static final long serialVersionUID = 1L;

        Fault() {
            super("an operation of the disk fails");
        }
    }

    private final class Log implements HostLog {
        private final MemoryStorage storage;

        Log(MemoryStorage storage) {
            this.storage = storage;
        }

        @Override
        public Storage storage() {
            return storage;
        }

        @Override
        public void append(Ready ready) throws IOException, NoRoomException {
            if (full && !ready.entries().isEmpty()) {
                throw new NoRoomException();
            }
            storage.append(ready.snapshot(), ready.hardState(), ready.entries());
            unsynced.add(ready);
            operate();
        }

        @Override
        public void sync() throws IOException {
            operate();
            persist(unsynced.size());
        }

        @Override
        public void saveSnapshot(Snapshot snapshot) throws IOException, NoRoomException {
            if (full) {
                throw new NoRoomException();
            }
            operate();
            persist(unsynced.size());
            storage.saveSnapshot(snapshot);
            durable.saveSnapshot(snapshot);
        }

        @Override
        public void compact(long index) {
            persist(unsynced.size());
            storage.compact(index);
            durable.compact(index);
        }

        @Override
        public void close() {
            persist(unsynced.size());
        }
    }
}
