package dev.keelraft.wal;

import dev.keelraft.model.Snapshot;

/** A snapshot and the file that holds its state. */
record SavedSnapshot(Snapshot snapshot, SnapshotFile file) {
    static final SavedSnapshot NONE = new SavedSnapshot(Snapshot.NONE, SnapshotFile.NONE);

    long index() {
        return snapshot.index();
    }

    long term() {
        return snapshot.term();
    }

    boolean isNone() {
        return snapshot.isNone();
    }
}
