package dev.keelraft;

import dev.keelraft.model.Entry;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Snapshot;
import dev.keelraft.testkit.HostLog;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * A log in memory that has crashes: it plays its batches again, those that were synced, and of the others as many of the first
 * as luck has it.
 */
final class MemoryLog implements HostLog {
    /** What survives the process. */
    static final class Disk {
        final List<Batch> batches = new ArrayList<>();
        int synced;

        /** The machine dies. */
        void crash(Random random) {
            int left = synced + random.nextInt(batches.size() - synced + 1);
            batches.subList(left, batches.size()).clear();
            synced = left;
        }
    }

    /** One change of the log. */
    sealed interface Batch {
        /** What a Ready holds. */
        record Stored(Snapshot snapshot, HardState hardState, List<Entry> entries) implements Batch {}

        /** A snapshot of the application's own. */
        record Saved(Snapshot snapshot) implements Batch {}

        /** A compaction. */
        record Compacted(long index) implements Batch {}
    }

    private final Disk disk;
    private final MemoryStorage storage = new MemoryStorage();

    /** Begins with what is on the disk. */
    MemoryLog(Disk disk) {
        this.disk = disk;
        disk.batches.forEach(this::play);
    }

    private void play(Batch batch) {
        if (batch instanceof Batch.Stored stored) {
            storage.append(stored.snapshot(), stored.hardState(), stored.entries());
        } else if (batch instanceof Batch.Saved saved) {
            storage.saveSnapshot(saved.snapshot());
        } else if (batch instanceof Batch.Compacted compacted) {
            storage.compact(compacted.index());
        }
    }

    private void write(Batch batch) {
        play(batch);
        disk.batches.add(batch);
    }

    @Override
    public Storage storage() {
        return storage;
    }

    @Override
    public void append(Ready ready) {
        write(new Batch.Stored(ready.snapshot(), ready.hardState(), ready.entries()));
    }

    @Override
    public void sync() {
        disk.synced = disk.batches.size();
    }

    @Override
    public void saveSnapshot(Snapshot snapshot) {
        write(new Batch.Saved(snapshot));
        sync();
    }

    @Override
    public void compact(long index) {
        write(new Batch.Compacted(index));
    }

    @Override
    public void close() {
        sync();
    }
}
