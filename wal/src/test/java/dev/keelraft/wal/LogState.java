package dev.keelraft.wal;

import dev.keelraft.model.Entry;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Snapshot;
import java.util.ArrayList;
import java.util.List;

/** All that a log holds, as a value: what an open must find again. */
record LogState(
        HardState hardState,
        long startIndex,
        long startTerm,
        List<Entry> entries,
        Snapshot snapshot,
        SnapshotFile snapshotFile) {

    static final LogState EMPTY = new LogState(HardState.EMPTY, 0, 0, List.of(), Snapshot.NONE, SnapshotFile.NONE);

    /** What an open log has found, read as the kernel reads it. */
    static LogState of(Wal wal) {
        return of(wal, 0);
    }

    /** The same of one of several groups. */
    static LogState of(Wal wal, long group) {
        WalStorage storage = wal.storage(group);
        long first = storage.firstIndex();
        long last = storage.lastIndex();
        List<Entry> entries = new ArrayList<>();
        for (long index = first; index <= last; ) {
            List<Entry> some = storage.entries(index, last + 1, 5000);
            entries.addAll(some);
            index += some.size();
        }
        for (Entry entry : entries) {
            if (storage.term(entry.index()) != entry.term()) {
                throw new AssertionError("term " + storage.term(entry.index()) + " of entry " + entry);
            }
        }
        return new LogState(
                storage.hardState(),
                first - 1,
                storage.term(first - 1),
                entries,
                storage.snapshot(),
                storage.snapshot().isNone() ? SnapshotFile.NONE : newest(wal, group));
    }

    private static SnapshotFile newest(Wal wal, long group) {
        List<SnapshotFile> files = wal.referencedSnapshots(group);
        return files.get(files.size() - 1);
    }

    long lastIndex() {
        return startIndex + entries.size();
    }

    long term(long index) {
        return index == startIndex
                ? startTerm
                : entries.get((int) (index - startIndex - 1)).term();
    }

    long lastTerm() {
        return term(lastIndex());
    }

    LogState with(HardState changed) {
        HardState next = changed.isEmpty() ? hardState : changed;
        return new LogState(next, startIndex, startTerm, entries, snapshot, snapshotFile);
    }

    LogState with(List<Entry> added) {
        if (added.isEmpty()) {
            return this;
        }
        long kept = added.get(0).index() - 1 - startIndex;
        List<Entry> joined = new ArrayList<>(entries.subList(0, (int) kept));
        joined.addAll(added);
        return new LogState(hardState, startIndex, startTerm, List.copyOf(joined), snapshot, snapshotFile);
    }

    LogState saved(Snapshot made, SnapshotFile file) {
        return new LogState(hardState, startIndex, startTerm, entries, made, file);
    }

    LogState installed(Snapshot received, SnapshotFile file) {
        return new LogState(hardState, received.index(), received.term(), List.of(), received, file);
    }

    LogState released(long index) {
        return new LogState(
                hardState,
                index,
                term(index),
                List.copyOf(entries.subList((int) (index - startIndex), entries.size())),
                snapshot,
                snapshotFile);
    }

    @Override
    public String toString() {
        return hardState + ", entries (" + startIndex + ", " + lastIndex() + "] " + entries + ", " + snapshot + " in "
                + snapshotFile;
    }
}
