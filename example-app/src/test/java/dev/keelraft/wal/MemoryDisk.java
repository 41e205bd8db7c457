package dev.keelraft.wal;

import dev.keelraft.model.Entry;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Snapshot;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;

/**
 * A disk in memory with one member's log on it, for hosts in other packages: what {@link MemoryFiles} can do, whose class and
 * doors are this package's alone.
 */
public final class MemoryDisk {
    private static final Path DATA = Path.of("/data");

    private final MemoryFiles files = new MemoryFiles();
    private final LockedFiles locked = new LockedFiles(files, this);
    private final WalIdentity identity;
    private final WalOptions options;

    /** An empty disk for the log of a member, in small segments. */
    public MemoryDisk(WalIdentity identity, Random random) {
        this.identity = identity;
        this.options = WalOptions.defaults()
                .withSegmentBytes(WalOptions.MIN_SEGMENT_BYTES)
                .withRandom(random)
                .onItsOwnThread();
    }

    /** Opens the log, or creates it. */
    public synchronized Wal open() {
        Startup startup = new Startup(locked, DATA, identity, options);
        return files.exists(Layout.in(DATA).raft()) ? startup.open() : startup.create();
    }

    /** The number of operations so far that change something, forces included. */
    public synchronized int operations() {
        return files.operations();
    }

    /** Loses power at the n-th changing operation from now. */
    public synchronized void powerOffIn(int operations, Random random) {
        files.powerOffAt(files.operations() + operations, random);
    }

    /** Fails the n-th changing operation from now, once. */
    public synchronized void failIn(int operations, Random random) {
        files.failAt(files.operations() + operations, random);
    }

    /** Lets the files grow no more. */
    public synchronized void fill() {
        files.limit(files.used());
    }

    /** Lets the files grow again. */
    public synchronized void empty() {
        files.limit(Long.MAX_VALUE);
    }

    /** The machine dies, and comes back: what was not forced survives as the random numbers have it. No fault waits any more. */
    public synchronized void crash(Random random) {
        files.crash(random, MemoryFiles.Damage.TORN);
        files.powerOffAt(0, random);
        files.failAt(0, random);
    }

    /** Holds up every force from now on, until the latch is counted down. */
    public CountDownLatch holdForces() {
        CountDownLatch latch = new CountDownLatch(1);
        locked.hold(latch);
        return latch;
    }

    /** A snapshot's file that was never read, and that no log takes: for a host that does not get so far. */
    public static PreparedSnapshot unprepared(SnapshotFile file) {
        SnapshotDirectory nowhere = new SnapshotDirectory(new MemoryFiles(), DATA);
        return new PreparedSnapshot(nowhere, file, new FileStamp(file, file.bytes(), 0));
    }

    /** Appends to a log what a Ready would bring, without a kernel. */
    public static void append(Wal wal, HardState hardState, List<Entry> entries) {
        wal.append(hardState, Snapshot.NONE, SnapshotFile.NONE, entries);
        wal.sync();
    }
}
