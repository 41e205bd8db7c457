package dev.keelraft.wal;

/**
 * A snapshot's file that {@link Wal#prepare} has read, compared and forced to the disk: what is left to do when the log stores
 * it takes no time. It stands for the file as it was then; the log refuses it once the file was changed or replaced. Of no use
 * for another log, nor for the same one after it was opened anew. Immutable; any thread.
 */
public final class PreparedSnapshot {
    private final SnapshotDirectory directory;
    private final SnapshotFile file;
    private final FileStamp stamp;

    PreparedSnapshot(SnapshotDirectory directory, SnapshotFile file, FileStamp stamp) {
        this.directory = directory;
        this.file = file;
        this.stamp = stamp;
    }

    /** Returns what the log will store of the file. */
    public SnapshotFile file() {
        return file;
    }

    boolean isOf(SnapshotDirectory other) {
        return directory.equals(other);
    }

    /** What the file was when it was read. */
    FileStamp stamp() {
        return stamp;
    }

    @Override
    public String toString() {
        return "prepared " + file;
    }
}
