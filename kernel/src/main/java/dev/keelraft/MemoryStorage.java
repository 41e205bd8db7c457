package dev.keelraft;

import dev.keelraft.model.Entry;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Snapshot;
import java.util.List;

/**
 * A {@link Storage} on the heap, which forgets everything with the process. It is the reference for what a log has to do with
 * a {@link Ready}, and serves tests, simulations, and groups whose members never come back with their old data.
 *
 * <pre>
 *   storage.append(ready.snapshot(), ready.hardState(), ready.entries());
 * </pre>
 *
 * <p>Not thread-safe, like the node that reads it. Each method takes constant time, but for the entries that it adds, returns
 * or removes.
 */
public final class MemoryStorage implements Storage {
    private HardState hardState = HardState.EMPTY;
    private Snapshot snapshot = Snapshot.NONE;

    /** What the entry just before {@code entries} had; the entry itself is gone. */
    private long compactedTerm;

    private final EntryDeque entries = new EntryDeque(1);

    /** An empty log, for {@link RawNode#bootstrap} and {@link RawNode#join}. */
    public MemoryStorage() {}

    /** A log that begins behind a snapshot, for {@link RawNode#restart}. */
    public MemoryStorage(Snapshot snapshot) {
        if (!snapshot.isNone()) {
            installSnapshot(snapshot);
        }
    }

    /**
     * Stores what a {@link Ready} holds: first the snapshot, if there is one, then the hard state, if it has changed, then the
     * entries.
     */
    public void append(Snapshot newSnapshot, HardState newHardState, List<Entry> newEntries) {
        if (!newSnapshot.isNone()) {
            installSnapshot(newSnapshot);
        }
        setHardState(newHardState);
        append(newEntries);
    }

    /** Stores the hard state, unless it is {@link HardState#EMPTY}. */
    public void setHardState(HardState newHardState) {
        if (!newHardState.isEmpty()) {
            hardState = newHardState;
        }
    }

    /**
     * Appends entries. Where their indexes are already there, the new ones replace the old ones <em>and all behind them</em>:
     * truncate, then append. Entries that were compacted already are left out.
     *
     * @throws IllegalArgumentException if the entries would leave a gap
     */
    public void append(List<Entry> newEntries) {
        for (int i = 0; i < newEntries.size(); i++) {
            Entry entry = newEntries.get(i);
            if (entry.index() >= firstIndex()) {
                entries.truncateFrom(entry.index());
                entries.add(entry);
            }
        }
    }

    /**
     * Replaces the whole log by a snapshot received from the leader.
     *
     * @throws IllegalArgumentException if it is older than the one before
     */
    public void installSnapshot(Snapshot received) {
        if (received.index() < snapshot.index()) {
            throw new IllegalArgumentException(
                    "snapshot at " + received.index() + " is older than the one at " + snapshot.index());
        }
        snapshot = received;
        compactedTerm = received.term();
        entries.reset(received.index() + 1);
    }

    /**
     * Keeps a snapshot that the application made of its own state, to be sent to followers. The log stays as it is; see
     * {@link #compact}.
     *
     * @param created at an index that has been applied, so not beyond {@link #lastIndex()}
     * @throws IllegalArgumentException if it lies beyond the last entry, or is older than the one before
     */
    public void saveSnapshot(Snapshot created) {
        if (created.index() < snapshot.index() || created.index() > lastIndex()) {
            throw new IllegalArgumentException(
                    "snapshot at " + created.index() + " is not in [" + snapshot.index() + ", " + lastIndex() + "]");
        }
        snapshot = created;
    }

    /**
     * Drops all entries up to an index. The host answers for that index having been applied, and for a snapshot at it or
     * behind it: a follower that needs dropped entries gets that.
     *
     * @throws IllegalArgumentException if the entries up to the index are gone already, or it lies beyond the last
     */
    public void compact(long index) {
        if (index < firstIndex() || index > lastIndex()) {
            throw new IllegalArgumentException(
                    "cannot compact to " + index + ": the log has [" + firstIndex() + ", " + lastIndex() + "]");
        }
        compactedTerm = entries.get(index).term();
        entries.removeThrough(index);
    }

    @Override
    public HardState hardState() {
        return hardState;
    }

    @Override
    public long firstIndex() {
        return entries.firstIndex();
    }

    @Override
    public long lastIndex() {
        return entries.lastIndex();
    }

    @Override
    public long term(long index) {
        return index == firstIndex() - 1 ? compactedTerm : entries.get(index).term();
    }

    @Override
    public List<Entry> entries(long low, long high, long maxBytes) {
        return entries.copy(low, entries.endWithin(low, high, maxBytes));
    }

    @Override
    public Snapshot snapshot() {
        return snapshot;
    }
}
