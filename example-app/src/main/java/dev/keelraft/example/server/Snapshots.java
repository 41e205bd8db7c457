package dev.keelraft.example.server;

import dev.keelraft.example.kv.KeyValueState;
import dev.keelraft.example.server.SnapshotFiles.Stored;
import dev.keelraft.model.Entry;
import dev.keelraft.model.Snapshot;
import dev.keelraft.wal.PreparedSnapshot;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides when this member writes a snapshot and how much of the log may go then. Belongs to the kernel thread; the writing
 * itself happens on another one, from an immutable state, and so does what the log does with the file, which is to read and
 * force it once more; only the note of it is written on the thread of the log.
 *
 * <p>A snapshot is due when the log has grown by a number of bytes since the last one. Of the log the younger half of these
 * bytes stays, so that a follower that is only a little behind, or away for a moment, catches up from it: a snapshot takes the
 * whole state over the network, an entry only itself. More of it stays, up to all of these bytes, if a follower that is alive
 * needs that, or a snapshot is on its way to one: what it needs next must still be there when that arrives, or it would be sent
 * the next snapshot, without end ({@link dev.keelraft.RawNode#safeCompactIndex}).
 *
 * <p>One is also due when the members have changed since the last one: a new member takes no snapshot that does not name it. Where
 * its vote is needed to commit anything more, as that of the second member is, the log would never grow again, and none that
 * names it would ever be due by size.
 */
final class Snapshots {
    private static final Logger LOG = LoggerFactory.getLogger(Snapshots.class);

    /** An attempt writes the whole state: one in ten seconds, with the usual tick, keeps no disk from its work. */
    private static final int PAUSE_TICKS = 100;

    private final LogThread log;
    private final SnapshotFiles files;
    private final long logBytes;
    private final LongSupplier safeCompactIndex;
    private final Executor background;
    private final Inbox inbox;

    private Stored newest;

    /** The one before, whose message may still be on its way out. */
    private Stored previous;

    /** Bytes of the entries that were applied since the last snapshot was begun. */
    private long appliedBytes;

    /** The index at which these were a half of what makes a snapshot due. */
    private long halfIndex;

    /** The index behind which they begin. */
    private long beginIndex;

    /** The index of the newest change of the members, if one was applied. */
    private long changeIndex;

    /** For how many ticks such a change alone makes no snapshot due, because one has just failed. */
    private int pauseTicks;

    private boolean writing;

    /**
     * Continues from what the log has.
     *
     * @param newest what the log refers to
     * @param logBytes how far the log grows between two snapshots
     * @param safeCompactIndex up to where nobody who is alive needs the log; asked on the kernel thread
     * @param background writes them, one at a time
     */
    Snapshots(
            LogThread log,
            SnapshotFiles files,
            Stored newest,
            long logBytes,
            LongSupplier safeCompactIndex,
            Executor background,
            Inbox inbox) {
        this.log = log;
        this.files = files;
        this.newest = newest;
        this.previous = newest;
        this.beginIndex = newest.snapshot().index();
        this.logBytes = logBytes;
        this.safeCompactIndex = safeCompactIndex;
        this.background = background;
        this.inbox = inbox;
    }

    /** Counts an entry that was applied. */
    void applied(Entry entry) {
        if (entry.type().isConfChange()) {
            changeIndex = entry.index();
        }
        appliedBytes += entry.wireBytes();
        if (halfIndex == 0 && appliedBytes >= logBytes / 2) {
            halfIndex = entry.index();
        }
    }

    /** Begins to write a snapshot if one is due. */
    void takeIfDue(StateMachine machine) {
        boolean isLarge = appliedBytes >= logBytes;
        if (writing
                || (!isLarge && !membersHaveChanged())
                || machine.index() <= newest.snapshot().index()) {
            return;
        }
        writing = true;
        KeyValueState state = machine.state();
        Snapshot point = new Snapshot(machine.index(), machine.term(), machine.confState(), new byte[0]);
        // By size nothing has to go yet if it is for the members.
        long youngerHalf = isLarge ? halfIndex : beginIndex;
        long all = beginIndex;
        if (isLarge) {
            count(point.index());
        }
        try {
            background.execute(() -> write(point, state, all, youngerHalf));
        } catch (RejectedExecutionException e) {
            // The server is about to stop.
            writing = false;
        }
    }

    /* The first snapshot may wait: without one, the log still begins at its beginning. */
    private boolean membersHaveChanged() {
        long index = newest.snapshot().index();
        return index > 0 && changeIndex > index && pauseTicks == 0;
    }

    /** Lets a tick pass. */
    void tick() {
        pauseTicks = Math.max(0, pauseTicks - 1);
    }

    /** Counts anew, from behind an index. */
    private void count(long from) {
        appliedBytes = 0;
        halfIndex = 0;
        beginIndex = from;
    }

    private void write(Snapshot point, KeyValueState state, long all, long youngerHalf) {
        long begin = System.nanoTime();
        try {
            Stored stored = files.write(point, state);
            PreparedSnapshot prepared = prepare(stored);
            LOG.info(
                    "snapshot at index {} written: {} keys, {} bytes in {} ms",
                    point.index(),
                    state.keyCount(),
                    stored.file().bytes(),
                    (System.nanoTime() - begin) / 1_000_000);
            inbox.add(loop -> written(stored, prepared, all, youngerHalf));
        } catch (IOException | RuntimeException | Error e) {
            // An error too: a state may be too large for what memory is left, and the next attempt may be luckier.
            LOG.error("no snapshot could be written at index {}; the log grows on until one can", point.index(), e);
            inbox.add(loop -> failed());
        }
    }

    private PreparedSnapshot prepare(Stored stored) throws IOException {
        try {
            return log.prepare(stored.file());
        } catch (IOException | RuntimeException | Error e) {
            files.discard(stored.file().name());
            throw e;
        }
    }

    /*
     * Not more than the younger half goes, although nobody who is alive may need that: who is being started anew is not
     * heard of for a moment, and every member may be the next leader.
     */
    private void written(Stored stored, PreparedSnapshot prepared, long all, long youngerHalf) {
        long safe = Math.max(safeCompactIndex.getAsLong(), all);
        log.saveSnapshot(
                stored,
                prepared,
                Math.min(Math.min(safe, youngerHalf), stored.snapshot().index()));
    }

    /**
     * Takes note that a snapshot is stored, or was not.
     *
     * @param saved false if there was no room, or a leader has sent a newer one meanwhile
     */
    void saved(Stored stored, boolean saved) {
        writing = false;
        if (saved) {
            replaceBy(stored);
        } else if (stored.snapshot().index() > newest.snapshot().index()) {
            failed();
        }
    }

    private void replaceBy(Stored stored) {
        previous = newest;
        newest = stored;
    }

    /** Tries again when the log has grown some more, or, for the members' sake, after a while. Of that log less than a half of the usual stays. */
    private void failed() {
        writing = false;
        pauseTicks = PAUSE_TICKS;
        appliedBytes = Math.max(appliedBytes, logBytes - logBytes / 4);
    }

    /**
     * Opens the file of a snapshot that the kernel wants to be sent.
     *
     * @throws IOException if it is too old, or cannot be opened; the kernel will ask for another
     */
    FileChannel open(Snapshot snapshot) throws IOException {
        for (Stored stored : List.of(newest, previous)) {
            if (stored.snapshot().equals(snapshot)) {
                return files.open(stored.file());
            }
        }
        throw new IOException(snapshot + " was replaced by " + newest.snapshot());
    }

    /** The log has taken a leader's snapshot in place of its entries. */
    void installed(Stored stored) {
        replaceBy(stored);
        count(stored.snapshot().index());
    }
}
