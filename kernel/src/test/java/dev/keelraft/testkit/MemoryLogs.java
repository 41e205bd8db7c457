package dev.keelraft.testkit;

import dev.keelraft.MemoryStorage;
import dev.keelraft.Storage;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Snapshot;

/** What several things here do with logs in memory. */
final class MemoryLogs {
    private MemoryLogs() {}

    /** A log with the same content. */
    static MemoryStorage copy(Storage log) {
        long start = log.firstIndex() - 1;
        Snapshot newest = log.snapshot();
        MemoryStorage copy;
        if (start == 0) {
            copy = new MemoryStorage();
        } else if (newest.index() == start) {
            copy = new MemoryStorage(newest);
        } else {
            copy = new MemoryStorage(new Snapshot(start, log.term(start), ConfState.EMPTY, new byte[0]));
        }
        if (log.lastIndex() > start) {
            copy.append(log.entries(start + 1, log.lastIndex() + 1, Long.MAX_VALUE));
        }
        if (newest.index() > copy.snapshot().index()) {
            copy.saveSnapshot(newest);
        }
        copy.setHardState(log.hardState());
        return copy;
    }

    /** Stores a snapshot of the application, and lets entries go. */
    static void saveSnapshot(MemoryStorage log, Snapshot snapshot, long compactTo) {
        if (snapshot.index() > log.snapshot().index()) {
            log.saveSnapshot(snapshot);
        }
        if (compactTo >= log.firstIndex()) {
            log.compact(compactTo);
        }
    }

    static Entry entry(Storage log, long index) {
        return log.entries(index, index + 1, 0).get(0);
    }

    /** Whether an entry, or a snapshot in its place, is there. */
    static boolean holds(Storage log, Entry entry) {
        return entry.index() < log.firstIndex()
                || (entry.index() <= log.lastIndex() && log.term(entry.index()) == entry.term());
    }

    /** How two logs differ, or an empty text. What was compacted may differ. */
    static String difference(Storage one, Storage other) {
        HardState hardState = one.hardState();
        if (!hardState.equals(other.hardState())) {
            return hardState + ", not " + other.hardState();
        }
        if (one.lastIndex() != other.lastIndex()) {
            return "a log that ends at " + one.lastIndex() + ", not " + other.lastIndex();
        }
        if (one.snapshot().index() != other.snapshot().index()) {
            return "a snapshot at " + one.snapshot().index() + ", not "
                    + other.snapshot().index();
        }
        for (long i = Math.max(one.firstIndex(), other.firstIndex()); i <= one.lastIndex(); i++) {
            if (!entry(one, i).equals(entry(other, i))) {
                return entry(one, i) + ", not " + entry(other, i);
            }
        }
        return "";
    }
}
