package dev.keelraft.testkit;

import dev.keelraft.MemoryStorage;
import dev.keelraft.Ready;
import dev.keelraft.Storage;
import dev.keelraft.model.Snapshot;
import java.util.ArrayList;
import java.util.List;

/**
 * What a member's log must hold, kept beside it: what was synced, and what was appended. Whatever the log under test is, its
 * promises are checked against this.
 */
final class Shadow {
    private MemoryStorage durable = new MemoryStorage();
    private MemoryStorage written = new MemoryStorage();
    private final List<Change> unsynced = new ArrayList<>();

    private interface Change {
        void applyTo(MemoryStorage log);
    }

    /** What survives any crash. */
    Storage durable() {
        return durable;
    }

    /** What survives the death of the process. */
    Storage written() {
        return written;
    }

    /** How many changes a power loss may take. */
    int unsynced() {
        return unsynced.size();
    }

    void append(Ready ready) {
        change(log -> log.append(ready.snapshot(), ready.hardState(), ready.entries()));
    }

    void saveSnapshot(Snapshot snapshot, long compactTo) {
        change(log -> MemoryLogs.saveSnapshot(log, snapshot, compactTo));
    }

    private void change(Change change) {
        change.applyTo(written);
        unsynced.add(change);
    }

    /** Takes the last change back. */
    void undo() {
        unsynced.remove(unsynced.size() - 1);
        written = MemoryLogs.copy(durable);
        unsynced.forEach(change -> change.applyTo(written));
    }

    void sync() {
        unsynced.forEach(change -> change.applyTo(durable));
        unsynced.clear();
    }

    /**
     * Compares what a log shows after a crash, be it the end of the process: logs may keep in memory what they need not sync. It must be what was synced, and what was done behind it up to some point.
     *
     * @return how many changes behind the last sync were lost
     */
    int recovered(Storage found) {
        MemoryStorage candidate = MemoryLogs.copy(durable);
        int survived = 0;
        String difference = MemoryLogs.difference(found, candidate);
        while (!difference.isEmpty() && survived < unsynced.size()) {
            unsynced.get(survived++).applyTo(candidate);
            difference = MemoryLogs.difference(found, candidate);
        }
        if (!difference.isEmpty()) {
            throw new Violation(
                    Violation.Rule.LOG_RECOVERY,
                    "after a crash the log has " + difference + " (with all that was appended)");
        }
        int lost = unsynced.size() - survived;
        // What is there when the log is opened is durable from then on: a log that shows it answers for it.
        durable = MemoryLogs.copy(candidate);
        written = MemoryLogs.copy(candidate);
        unsynced.clear();
        return lost;
    }

    /** The disk was exchanged. */
    void becomes(Storage content) {
        durable = MemoryLogs.copy(content);
        written = MemoryLogs.copy(content);
        unsynced.clear();
    }
}
