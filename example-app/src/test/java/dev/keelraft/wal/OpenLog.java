package dev.keelraft.wal;

import dev.keelraft.Ready;
import dev.keelraft.Storage;
import dev.keelraft.model.Snapshot;
import dev.keelraft.testkit.Dice;
import dev.keelraft.testkit.HostLog;
import dev.keelraft.testkit.SimulatedDisk;
import java.nio.file.Path;

/** A log on a disk in memory that is for a host to write, which tells the simulator of it. */
public final class OpenLog implements HostLog {
    private final Wal wal;

    private OpenLog(MemoryFiles files, WalIdentity identity, WalOptions options) {
        Path data = new MemoryFileSystem(files).getPath("/data");
        Startup startup = new Startup(files, data, identity, options.onItsOwnThread());
        wal = files.exists(Layout.in(data).raft()) ? startup.open() : startup.create();
    }

    /** An empty disk. */
    public static SimulatedDisk disk(long member, Dice dice) {
        return new WalDisk(member, dice, OpenLog::new);
    }

    /** The log, whose directories are in a file system that loses power together with it. */
    public Wal wal() {
        return wal;
    }

    @Override
    public Storage storage() {
        return wal.storage();
    }

    @Override
    public void append(Ready ready) {
        throw new UnsupportedOperationException("the host does that");
    }

    @Override
    public void sync() {
        throw new UnsupportedOperationException("the host does that");
    }

    @Override
    public void saveSnapshot(Snapshot snapshot) {
        throw new UnsupportedOperationException("the host does that");
    }

    @Override
    public void compact(long index) {
        throw new UnsupportedOperationException("the host does that");
    }

    @Override
    public void close() {
        wal.close();
    }
}
