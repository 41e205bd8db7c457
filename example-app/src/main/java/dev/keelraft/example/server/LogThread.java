package dev.keelraft.example.server;

import dev.keelraft.Ready;
import dev.keelraft.example.server.SnapshotFiles.Stored;
import dev.keelraft.wal.PreparedSnapshot;
import dev.keelraft.wal.SnapshotFile;
import dev.keelraft.wal.SpareStatus;
import dev.keelraft.wal.Wal;
import dev.keelraft.wal.WalSpaceExhausted;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The thread that writes the log, so that a disk which takes its time holds up nothing else: the kernel thread goes on to tick,
 * to hear its peers and to send heartbeats, and is told through its inbox when something is durable.
 *
 * <p>It does what it is given in the order in which it is given it. Readys that wait while a sync runs share the next one. What
 * waits is bounded by what bounds the kernel: the entries that a leader takes on, and those that it sends a follower without an
 * answer.
 */
final class LogThread {
    private static final Logger LOG = LoggerFactory.getLogger(LogThread.class);

    /** A sync that takes longer is worth a line, as in etcd. */
    private static final long SLOW_SYNC_NANOS = TimeUnit.SECONDS.toNanos(1);

    /** How long a full disk is left alone before it is tried again: an attempt may have to write a whole segment. */
    private static final long RETRY_MILLIS = 100;

    /** What is to be done with the log. */
    private interface Job {
        /** Returns false if there is no room for it: then nothing was done, and it is to be tried again. */
        boolean run();
    }

    private final Wal wal;
    private final SnapshotFiles files;
    private final Inbox inbox;
    private final Observer observer;
    private final LinkedBlockingQueue<Job> jobs = new LinkedBlockingQueue<>();

    /** Taken from the queue, and not done yet. */
    private @Nullable Job next;

    /** Appended since the last sync, in their order. */
    private final List<Ready> appended = new ArrayList<>();

    private boolean mustSync;
    private boolean isFull;
    private boolean isLow;
    private long newestSnapshot;
    private volatile boolean stopping;

    /**
     * Writes nothing before {@link #run}.
     *
     * @param inbox of the kernel thread, which is told what is done
     * @param observer is told what is done, too
     */
    LogThread(Wal wal, SnapshotFiles files, Inbox inbox, Observer observer) {
        this.wal = wal;
        this.files = files;
        this.inbox = inbox;
        this.observer = observer;
        this.newestSnapshot = wal.recovered().snapshot().index();
        // What a crash has left.
        files.deleteAllBut(wal.referencedSnapshots());
    }

    // For the kernel thread

    /**
     * Makes durable what a Ready holds, and then has {@link KernelLoop#persisted} called. In the order of the Readys.
     *
     * @param prepared the file of the Ready's snapshot; its name is not reserved any more once the log refers to it
     */
    void persist(Ready ready, Optional<PreparedSnapshot> prepared) {
        jobs.add(() -> append(ready, prepared));
    }

    /** Stores a snapshot of this member's own, and lets the log go up to an index. {@link Snapshots} hears how it went. */
    void saveSnapshot(Stored stored, PreparedSnapshot prepared, long releaseIndex) {
        jobs.add(() -> save(stored, prepared, releaseIndex));
    }

    /** Deletes a file that the kernel did not want. */
    void dismiss(SnapshotFile file) {
        jobs.add(() -> {
            release(file);
            return true;
        });
    }

    /** Ends {@link #run} soon, whatever is left to do. Any thread. */
    void stop() {
        stopping = true;
        jobs.add(() -> true);
    }

    // On any thread

    /** Reads and forces a snapshot's file: see {@link Wal#prepare}. Here the log would stand still for so long. */
    PreparedSnapshot prepare(SnapshotFile file) throws IOException {
        return wal.prepare(file);
    }

    // On its own thread

    /** Runs until it is stopped, or the log fails: then the kernel thread fails with that. The log is left open. */
    void run() {
        try {
            while (!stopping) {
                next = jobs.take();
                while (!runPending() && !stopping) {
                    TimeUnit.MILLISECONDS.sleep(RETRY_MILLIS);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException | Error e) {
            tell(kernel -> kernel.fail(e));
        }
    }

    /**
     * Does what waits by now, and tells of it.
     *
     * @return false if there is no room for the next of it, which is to be tried again after a while
     */
    boolean runPending() {
        while (runNext()) {
            // What comes in meanwhile shares the next sync.
        }
        confirm();
        return !isFull;
    }

    /** Does the next thing, and does not tell of it yet; returns false if there is none, or no room for it. */
    boolean runNext() {
        next = next == null ? jobs.poll() : next;
        if (next == null || stopping || !next.run()) {
            return false;
        }
        next = null;
        return true;
    }

    private boolean append(Ready ready, Optional<PreparedSnapshot> prepared) {
        observer.appends(ready);
        try {
            prepared.ifPresentOrElse(file -> wal.append(ready, file), () -> wal.append(ready));
        } catch (WalSpaceExhausted e) {
            observer.undone();
            // What was appended before has its room.
            confirm();
            noteFull(e);
            return false;
        }
        if (isFull) {
            isFull = false;
            LOG.info("the disk has room again");
            tell(kernel -> kernel.diskFull(false));
        }
        appended.add(ready);
        mustSync |= ready.mustSync();
        if (prepared.isPresent()) {
            confirm();
            newestSnapshot = ready.snapshot().index();
            // The log was synced, so nothing can lead back to older snapshots; its segments may go.
            wal.release(newestSnapshot);
            release(prepared.get().file());
        }
        return true;
    }

    private void noteFull(WalSpaceExhausted e) {
        if (!isFull) {
            isFull = true;
            LOG.error("the disk is full; this member takes on no writes until there is room: {}", e.getMessage());
            tell(kernel -> kernel.diskFull(true));
        }
    }

    /** Syncs if any Ready since the last time must be, and tells the kernel thread of all of them. */
    void confirm() {
        if (appended.isEmpty() || stopping) {
            return;
        }
        if (mustSync) {
            long begin = System.nanoTime();
            wal.sync();
            observer.synced();
            long took = System.nanoTime() - begin;
            if (took > SLOW_SYNC_NANOS) {
                LOG.warn("the disk is slow: a sync of the log took {} ms", TimeUnit.NANOSECONDS.toMillis(took));
            }
            mustSync = false;
        }
        warnIfLow();
        List<Ready> durable = List.copyOf(appended);
        appended.clear();
        tell(kernel -> kernel.persisted(durable));
    }

    /* Said once, while there is still room in the last segment. A release tries again, and so does the next segment. */
    private void warnIfLow() {
        boolean low = wal.spareStatus().state() == SpareStatus.State.FAILED;
        if (low && !isLow) {
            LOG.warn("{}", wal.spareStatus());
        }
        isLow = low;
    }

    private boolean save(Stored stored, PreparedSnapshot prepared, long releaseIndex) {
        confirm();
        boolean saved = false;
        try {
            // A leader may have sent a newer one meanwhile.
            if (stored.snapshot().index() > newestSnapshot) {
                observer.saves(stored.snapshot(), releaseIndex);
                wal.saveSnapshot(stored.snapshot(), prepared);
                observer.synced();
                newestSnapshot = stored.snapshot().index();
                saved = true;
                wal.release(releaseIndex);
            }
        } catch (WalSpaceExhausted e) {
            if (!saved) {
                observer.undone();
            }
            LOG.error("the disk has no room to note a snapshot: {}", e.getMessage());
        }
        release(stored.file());
        boolean good = saved;
        tell(kernel -> kernel.snapshots().saved(stored, good));
        return true;
    }

    private void release(SnapshotFile file) {
        files.release(file.name());
        files.deleteAllBut(wal.referencedSnapshots());
    }

    /* The inbox keeps room for this; should that be used up, the kernel thread has to come first. */
    private void tell(Inbox.Task task) {
        while (!inbox.add(task) && !inbox.isClosed()) {
            Thread.onSpinWait();
        }
    }
}
