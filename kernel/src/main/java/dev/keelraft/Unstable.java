package dev.keelraft;

import dev.keelraft.model.Entry;
import dev.keelraft.model.Snapshot;
import java.util.List;

/**
 * The end of the log that is not durable yet: the entries from {@code offset} on, and perhaps a snapshot just before them.
 *
 * <pre>
 *      Storage      |  handed out, being written  |  not handed out yet
 *    ... offset-1   |  offset    ... handedOut    |  handedOut+1 ... lastIndex
 * </pre>
 *
 * <p>The host may be writing the part in the middle. When it says "done", the part is let go of, provided that it is still what
 * it was: an entry that was overwritten in the meantime has another term (the ABA case of kernel.md A3). When entries are
 * overwritten, the mark of what was handed out moves back, so that the new ones are handed out again.
 *
 * <p>It never decides whether entries may be overwritten; {@link RaftLog} does.
 */
final class Unstable {
    private final EntryDeque entries;

    /** The last index that the host was given to store; at least {@code offset - 1}. */
    private long handedOut;

    private Snapshot snapshot = Snapshot.NONE;
    private boolean snapshotHandedOut;

    Unstable(long offset) {
        entries = new EntryDeque(offset);
        handedOut = offset - 1;
    }

    /** The index from which on this is the log. */
    long offset() {
        return entries.firstIndex();
    }

    /** The last entry, or what comes just before {@link #offset}. */
    long lastIndex() {
        return entries.lastIndex();
    }

    boolean isEmpty() {
        return entries.isEmpty();
    }

    Entry get(long index) {
        return entries.get(index);
    }

    EntryDeque entries() {
        return entries;
    }

    /** The snapshot that replaces everything before {@link #offset}, until the host has installed it. */
    Snapshot snapshot() {
        return snapshot;
    }

    boolean hasSnapshot() {
        return !snapshot.isNone();
    }

    /** The snapshot, unless the host has it already. */
    Snapshot nextSnapshot() {
        return snapshotHandedOut ? Snapshot.NONE : snapshot;
    }

    boolean hasNextEntries() {
        return handedOut < lastIndex();
    }

    /** The entries that the host does not have yet: at least one, if any, then as many as {@code bytesMax} allows. */
    List<Entry> nextEntries(long bytesMax) {
        long low = handedOut + 1;
        long high = lastIndex() + 1;
        return low == high ? List.of() : entries.copy(low, entries.endWithin(low, high, bytesMax));
    }

    /** The host has the snapshot, and the entries up to an index. */
    void handOut(long lastIndex) {
        handedOut = Math.max(handedOut, lastIndex);
        snapshotHandedOut = hasSnapshot();
    }

    /** Replaces everything from the first of these entries on. */
    void append(List<Entry> added) {
        long from = added.get(0).index();
        if (from < offset()) {
            entries.reset(from);
        } else {
            entries.truncateFrom(from);
        }
        handedOut = Math.min(handedOut, from - 1);
        for (int i = 0; i < added.size(); i++) {
            entries.add(added.get(i));
        }
    }

    /** Whether this very entry is still here: not one that looks the same, and has come since. */
    @SuppressWarnings("ReferenceEquality") // That is the question.
    boolean holds(Entry entry) {
        long index = entry.index();
        return index >= offset() && index <= lastIndex() && get(index) == entry;
    }

    /** The entries up to an index are durable, if the one at that index still has the term that it had. */
    void stableTo(long index, long term) {
        if (index < offset() || index > lastIndex() || get(index).term() != term) {
            return;
        }
        entries.removeThrough(index);
        handedOut = Math.max(handedOut, index);
    }

    /** The snapshot is durable and installed, unless another one has replaced it. */
    void snapshotStable(long index) {
        if (hasSnapshot() && snapshot.index() == index) {
            snapshot = Snapshot.NONE;
            snapshotHandedOut = false;
        }
    }

    /** A snapshot replaces the whole log. */
    void restore(Snapshot received) {
        entries.reset(received.index() + 1);
        handedOut = received.index();
        snapshot = received;
        snapshotHandedOut = false;
    }

    void checkInvariants() {
        long offset = offset();
        Invariant.check(handedOut >= offset - 1, "handedOut %d >= offset %d - 1", handedOut, offset);
        Invariant.check(handedOut <= lastIndex(), "handedOut %d <= last %d", handedOut, lastIndex());
        Invariant.check(
                !hasSnapshot() || snapshot.index() < offset, "snapshot %d < offset %d", snapshot.index(), offset);
    }
}
