package dev.keelraft;

import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Snapshot;
import java.util.ArrayList;
import java.util.List;

/**
 * What survives a restart of a scripted node: the stable log, and the state machine, every version of which is kept. The state
 * machine concatenates the data that it applies.
 */
final class ConformanceDisk implements Storage {
    static final String SNAPSHOT_AND_ENTRIES = "can't apply snapshot and entries at the same time";
    static final String COMPACTED = "requested index is unavailable due to compaction";
    static final String OUT_OF_DATE = "requested index is older than the existing snapshot";

    private MemoryStorage log = new MemoryStorage();
    private final List<Snapshot> history = new ArrayList<>();

    /** An empty error is none. */
    static final String OK = "";

    ConformanceDisk(Snapshot base) {
        history.add(base);
        if (!base.isNone()) {
            log.installSnapshot(base);
        }
    }

    /**
     * Stores what a Ready holds.
     *
     * @param both whether a snapshot and entries behind it may come in one Ready
     */
    String persist(HardState hardState, Snapshot snapshot, List<Entry> entries, boolean both) {
        log.setHardState(hardState);
        if (!snapshot.isNone()) {
            if (!entries.isEmpty() && !both) {
                return SNAPSHOT_AND_ENTRIES;
            }
            if (log.snapshot().index() >= snapshot.index()) {
                return OUT_OF_DATE;
            }
            log.installSnapshot(snapshot);
            history.add(snapshot);
        }
        log.append(entries);
        return OK;
    }

    void apply(Entry entry, byte[] data, ConfState confState) {
        byte[] before = newest().data();
        byte[] after = new byte[before.length + data.length];
        System.arraycopy(before, 0, after, 0, before.length);
        System.arraycopy(data, 0, after, before.length, data.length);
        history.add(new Snapshot(entry.index(), entry.term(), confState, after));
    }

    String compact(long index) {
        if (index < log.firstIndex()) {
            return COMPACTED;
        }
        log.compact(index);
        return OK;
    }

    /** The disk has lost the last entries of the log. */
    String lose(long count) {
        long end = log.lastIndex() + 1 - count;
        if (end < log.firstIndex()) {
            return "can't lose " + count + " of " + (log.lastIndex() + 1 - log.firstIndex()) + " entries";
        }
        long first = log.firstIndex();
        List<Entry> kept = end > first ? log.entries(first, end, RaftConfig.NO_LIMIT) : List.of();
        HardState hardState = log.hardState();
        log = new MemoryStorage(new Snapshot(first - 1, log.term(first - 1), newest().confState(), new byte[0]));
        log.setHardState(hardState);
        log.append(kept);
        return OK;
    }

    /** The state machine goes back to what the stored commit index covers. */
    void forgetBeyondCommit() {
        while (history.size() > 1 && newest().index() > log.hardState().commit()) {
            history.remove(history.size() - 1);
        }
    }

    /** What a restart comes back to: the state machine may run ahead of the commit index on the disk. */
    long durablyApplied() {
        return Math.min(newest().index(), log.hardState().commit());
    }

    Snapshot newest() {
        return history.get(history.size() - 1);
    }

    boolean isEmpty() {
        return log.hardState().isEmpty() && log.lastIndex() == 0;
    }

    @Override
    public HardState hardState() {
        return log.hardState();
    }

    @Override
    public long firstIndex() {
        return log.firstIndex();
    }

    @Override
    public long lastIndex() {
        return log.lastIndex();
    }

    @Override
    public long term(long index) {
        return log.term(index);
    }

    @Override
    public List<Entry> entries(long low, long high, long maxBytes) {
        return log.entries(low, high, maxBytes);
    }

    @Override
    public Snapshot snapshot() {
        return newest();
    }
}
