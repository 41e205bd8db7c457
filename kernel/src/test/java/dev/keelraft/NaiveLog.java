package dev.keelraft;

import dev.keelraft.model.Entry;
import dev.keelraft.model.EntryType;
import dev.keelraft.model.Snapshot;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/** The twin of {@link RaftLog} and {@link Unstable}: one list of entries, and a number for every mark. */
final class NaiveLog {
    private final long maxApplyingBytes;

    /** The index just before the first entry, and its term. */
    private long base;

    private long baseTerm;
    private final List<Entry> entries = new ArrayList<>();

    long committed;
    long applied;

    /** The last entry that was handed out to be applied; the bytes of those that are out; whether the last page was cut. */
    long applying;

    private final Deque<List<Entry>> toApply = new ArrayDeque<>();
    private boolean cut;

    /** The last entry that was handed out to be stored, and the last that is known to be durable. */
    long handedOut;

    long durable;

    Snapshot pending = Snapshot.NONE;
    boolean pendingHandedOut;

    NaiveLog(long maxApplyingBytes) {
        this.maxApplyingBytes = maxApplyingBytes;
    }

    /** An entry whose payload, and sometimes type, follows from its place; so equal places hold equal entries. */
    static Entry entry(long term, long index) {
        EntryType type = (31 * index + term) % 7 == 0 ? EntryType.CONF_CHANGE : EntryType.NORMAL;
        return new Entry(term, index, type, new byte[(int) ((7 * term + 3 * index) % 20)]);
    }

    long first() {
        return base + 1;
    }

    long last() {
        return base + entries.size();
    }

    long term(long index) {
        if (index == base) {
            return baseTerm;
        }
        return index > base && index <= last() ? get(index).term() : RaftLog.UNKNOWN_TERM;
    }

    Entry get(long index) {
        return entries.get((int) (index - base - 1));
    }

    /** At least one entry, then as many as the bytes allow. */
    List<Entry> range(long low, long high, long maxBytes) {
        List<Entry> range = new ArrayList<>();
        for (long index = low; index < high; index++) {
            range.add(get(index));
            if (range.size() > 1 && Entry.wireBytes(range) > maxBytes) {
                range.remove(range.size() - 1);
                break;
            }
        }
        return range;
    }

    /** Overwrites the log from the first of these entries on. */
    void append(List<Entry> added) {
        long from = added.get(0).index();
        entries.subList((int) (from - first()), entries.size()).clear();
        entries.addAll(added);
        handedOut = Math.min(handedOut, from - 1);
        durable = Math.min(durable, from - 1);
    }

    boolean appendIfMatching(long prevIndex, long prevTerm, List<Entry> added) {
        if (term(prevIndex) != prevTerm) {
            return false;
        }
        for (Entry entry : added) {
            if (term(entry.index()) != entry.term()) {
                append(added.subList(added.indexOf(entry), added.size()));
                break;
            }
        }
        return true;
    }

    List<Entry> nextEntries(long maxBytes) {
        return range(handedOut + 1, last() + 1, maxBytes);
    }

    void acknowledge(long index, long term) {
        if (index > durable && index <= last() && term(index) == term) {
            durable = index;
        }
    }

    List<Entry> nextCommitted(long highest) {
        long end = Math.min(committed, highest);
        if (isPaused() || !pending.isNone() || applying >= end) {
            return List.of();
        }
        return range(applying + 1, end + 1, maxApplyingBytes - bytesOut());
    }

    private boolean isPaused() {
        return cut || bytesOut() >= maxApplyingBytes;
    }

    private long bytesOut() {
        return toApply.stream().mapToLong(Entry::wireBytes).sum();
    }

    void handOutCommitted(List<Entry> page, long highest) {
        toApply.add(page);
        applying = page.get(page.size() - 1).index();
        cut = applying < Math.min(committed, highest);
    }

    boolean hasEntriesToApply() {
        return !toApply.isEmpty();
    }

    /** The oldest page is applied. */
    List<Entry> applyPage() {
        List<Entry> page = toApply.remove();
        applied = Math.max(applied, page.get(page.size() - 1).index());
        cut = false;
        return page;
    }

    void restore(Snapshot snapshot) {
        entries.clear();
        base = snapshot.index();
        baseTerm = snapshot.term();
        committed = base;
        handedOut = base;
        durable = base;
        pending = snapshot;
        pendingHandedOut = false;
    }

    void installed(Snapshot snapshot) {
        if (pending.equals(snapshot)) {
            pending = Snapshot.NONE;
        }
        applied = Math.max(applied, snapshot.index());
        applying = Math.max(applying, applied);
        cut = false;
    }

    void compact(long index) {
        baseTerm = term(index);
        entries.subList(0, (int) (index - base)).clear();
        base = index;
    }

    boolean hasUnappliedConfChange() {
        for (long index = Math.max(applied + 1, first()); index <= committed; index++) {
            if (get(index).type().isConfChange()) {
                return true;
            }
        }
        return false;
    }

    /** The highest index at most this one where a log that has the term at it could agree. */
    long lastPossibleMatch(long index, long term) {
        long candidate = index;
        while (candidate > 0 && term(candidate) != RaftLog.UNKNOWN_TERM && term(candidate) > term) {
            candidate--;
        }
        return candidate;
    }
}
