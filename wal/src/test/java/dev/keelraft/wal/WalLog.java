package dev.keelraft.wal;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.keelraft.Ready;
import dev.keelraft.Storage;
import dev.keelraft.model.Snapshot;
import dev.keelraft.testkit.HostLog;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;

/** A {@link Wal} in memory as the conformance kit sees it, with a host that writes the files of its snapshots. */
final class WalLog implements HostLog {
    private final MemoryFiles files;
    private final Wal wal;

    /** Opens the log in a file system, or creates it if there is none. */
    WalLog(MemoryFiles files, WalOptions options) throws IOException {
        this.files = files;
        this.wal = files.exists(Driver.RAFT) ? Driver.open(files, options) : Driver.create(files, options);
    }

    @Override
    public Storage storage() {
        return wal.storage();
    }

    @Override
    public void append(Ready ready) throws IOException {
        wal.append(ready, fileOf(ready.snapshot()));
        wal.storage().catchUp();
    }

    @Override
    public void sync() {
        wal.sync();
    }

    @Override
    public void saveSnapshot(Snapshot snapshot) throws IOException {
        wal.saveSnapshot(snapshot, fileOf(snapshot));
        wal.storage().catchUp();
        deleteUnreferenced();
    }

    @Override
    public void compact(long index) {
        wal.release(index);
        wal.storage().catchUp();
        wal.sync();
    }

    @Override
    public void close() {
        wal.close();
    }

    /** Writes the file of a snapshot, and forces nothing: the log does. */
    private SnapshotFile fileOf(Snapshot snapshot) throws IOException {
        if (snapshot.isNone()) {
            return SnapshotFile.NONE;
        }
        Path path = wal.snapshotDirectory().resolve(snapshot.term() + "-" + snapshot.index() + ".snap");
        if (files.exists(path)) {
            files.delete(path); // what a crash has left of an attempt
        }
        try (OpenFile file = files.create(path)) {
            file.write(ByteBuffer.wrap(("the state at " + snapshot.index()).getBytes(UTF_8)), 0);
        }
        return SnapshotFile.of(files, path);
    }

    private void deleteUnreferenced() throws IOException {
        List<String> referenced =
                wal.referencedSnapshots().stream().map(SnapshotFile::name).toList();
        for (String name : files.list(wal.snapshotDirectory())) {
            if (!referenced.contains(name)) {
                files.delete(wal.snapshotDirectory().resolve(name));
            }
        }
    }
}
