package dev.keelraft.wal;

import dev.keelraft.model.Entry;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the thread that writes the log has done, and the view, on another thread, has not moved over yet: a queue with one thread
 * at each end. Its links are used again, so that a log in a steady state makes no garbage.
 */
/*
 *   oldest ─► ... ─► passed ─► ... ─► last      next, not linked yet
 *   free to be used  the view  waiting           the writer fills it
 *   again            is here
 *
 * The link at `passed` was moved over, and stays until the view has moved over the one behind it: so neither thread ever
 * changes what the other one changes, and each publishes with one volatile write, of a link's `next` and of `passed`.
 */
final class Moves {
    /** Of more links that are free, those that a long wait of the view has left, one goes each time one is used. */
    private static final int MAX_KEPT = 256;

    /** A batch that was written, and where. */
    static final class Move {
        private final Batch batch = new Batch();
        private List<Entry> entries = List.of();
        private long frameLsn;
        private int frameBytes;
        private long writtenLsn;
        private volatile @Nullable Move next;

        void fill(List<Entry> written, long lsn, int bytes, long fileLsn) {
            entries = written;
            frameLsn = lsn;
            frameBytes = bytes;
            writtenLsn = fileLsn;
        }

        /** What changes. */
        Batch batch() {
            return batch;
        }

        /** The entries of the batch. */
        List<Entry> entries() {
            return entries;
        }

        /** Where its frame is. */
        long frameLsn() {
            return frameLsn;
        }

        /** How long that is. */
        int frameBytes() {
            return frameBytes;
        }

        /** Frames before it could be read from their files. */
        long writtenLsn() {
            return writtenLsn;
        }
    }

    private Move oldest = new Move();
    private Move last = oldest;
    private Move next = new Move();

    /** How many there are from the oldest to the last. */
    private int links = 1;

    private volatile Move passed = oldest;

    /** The one that {@link #add} will add, to be filled before. The writer's thread. */
    Move next() {
        return next;
    }

    /** Adds the next one. The writer's thread. */
    void add() {
        last.next = next;
        last = next;
        links++;
        Move free = free();
        if (links > MAX_KEPT && free != null) {
            free = free();
        }
        next = free == null ? new Move() : free;
    }

    private @Nullable Move free() {
        Move free = oldest;
        Move behind = free.next;
        if (free.equals(passed) || behind == null) {
            return null;
        }
        oldest = behind;
        free.next = null;
        links--;
        return free;
    }

    /** The oldest that waits, or null. The view's thread. */
    @Nullable
    Move first() {
        return passed.next;
    }

    /** Takes the first one away, and keeps nothing alive that it holds. The view's thread. */
    void removeFirst() {
        Move first = passed.next;
        if (first == null) {
            throw new IllegalStateException("nothing waits");
        }
        first.batch.clear();
        first.entries = List.of();
        passed = first;
    }
}
