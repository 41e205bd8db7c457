package dev.keelraft.wal;

import dev.keelraft.Ready;
import dev.keelraft.Storage;
import dev.keelraft.model.Snapshot;
import dev.keelraft.testkit.HostLog;
import dev.keelraft.testkit.NoRoomException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** A {@link Wal} in memory as the conformance kit sees it, with a host that writes the files of its snapshots. */
final class WalLog implements HostLog {
    private final MemoryFiles files;
    private final Wal wal;

    /** How many files this life has written. */
    private int written;

    /** Whether a sync makes files superfluous. */
    private boolean installs;

    /** Opens the log in a file system, or creates it if there is none. */
    WalLog(MemoryFiles files, WalOptions options) throws IOException {
        this(files, Driver.IDENTITY, options);
    }

    /** The same for the log of any member. */
    WalLog(MemoryFiles files, WalIdentity identity, WalOptions options) throws IOException {
        this.files = files;
        Startup startup = new Startup(files, Driver.DATA, identity, options);
        this.wal = files.exists(Driver.RAFT) ? startup.open() : startup.create();
        load();
        deleteUnreferenced();
    }

    /** Reads the newest snapshot, as a host does that starts. */
    private void load() throws IOException {
        SnapshotFile newest = wal.recovered().snapshotFile();
        if (newest.isNone()) {
            return;
        }
        try (OpenFile file = files.openToRead(wal.snapshotDirectory().resolve(newest.name()))) {
            byte[] content = new byte[(int) file.size()];
            file.read(ByteBuffer.wrap(content), 0);
            if (!Arrays.equals(content, wal.recovered().snapshot().data())) {
                throw new AssertionError("the file " + newest + " does not hold "
                        + wal.recovered().snapshot());
            }
        }
    }

    @Override
    public Storage storage() {
        return wal.storage();
    }

    @Override
    public void append(Ready ready) throws IOException, NoRoomException {
        try {
            wal.append(ready, fileOf(ready.snapshot()));
        } catch (WalSpaceExhausted | NoSpaceException full) {
            throw new NoRoomException(full);
        }
        installs |= !ready.snapshot().isNone();
        wal.storage().catchUp();
    }

    @Override
    public void sync() throws IOException {
        wal.sync();
        if (installs) {
            installs = false;
            deleteUnreferenced();
        }
    }

    @Override
    public void saveSnapshot(Snapshot snapshot) throws IOException, NoRoomException {
        try {
            wal.saveSnapshot(snapshot, fileOf(snapshot));
        } catch (WalSpaceExhausted | NoSpaceException full) {
            throw new NoRoomException(full);
        }
        wal.storage().catchUp();
        deleteUnreferenced();
    }

    @Override
    public void compact(long index) {
        try {
            wal.release(index);
        } catch (WalSpaceExhausted full) {
            return; // what it keeps does no harm
        }
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
        // Of a name of its own: that of the same index before must stay for as long as the log may go back to it.
        String name =
                snapshot.term() + "-" + snapshot.index() + "-" + wal.recovered().bootCount() + "-" + ++written;
        Path path = wal.snapshotDirectory().resolve(name + ".snap");
        try (OpenFile file = files.create(path)) {
            file.write(ByteBuffer.wrap(snapshot.data()), 0);
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
