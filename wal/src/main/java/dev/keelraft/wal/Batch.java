package dev.keelraft.wal;

import dev.keelraft.model.Entry;
import dev.keelraft.model.HardState;
import java.util.Arrays;
import java.util.List;

/**
 * What one frame changes in a group, without the payloads: the same for a batch that is to be appended and for one that is
 * read again, so that both go through the same checks. It is filled anew for each.
 */
final class Batch {
    private static final int SMALLEST = 16;

    /** A longer array is not kept for the next batch. */
    private static final int MAX_KEPT = 4096;

    private HardState hardState = HardState.EMPTY;
    private SavedSnapshot snapshot = SavedSnapshot.NONE;
    private boolean installed;
    private long compactIndex;
    private long compactTerm;
    private long firstIndex;
    private long[] terms = new long[SMALLEST];
    private int entryCount;

    void clear() {
        hardState = HardState.EMPTY;
        snapshot = SavedSnapshot.NONE;
        installed = false;
        compactIndex = 0;
        compactTerm = 0;
        firstIndex = 0;
        entryCount = 0;
        if (terms.length > MAX_KEPT) {
            terms = new long[SMALLEST];
        }
    }

    /** Tells whether it changes nothing. */
    boolean isEmpty() {
        return hardState.isEmpty() && snapshot.isNone() && compactIndex == 0 && entryCount == 0;
    }

    void hardState(HardState changed) {
        hardState = changed;
    }

    void snapshot(SavedSnapshot saved, boolean replacesTheLog) {
        snapshot = saved;
        installed = replacesTheLog;
    }

    void compact(long index, long term) {
        compactIndex = index;
        compactTerm = term;
    }

    /** Adds entries; false if they do not follow each other. */
    boolean entries(List<Entry> entries) {
        for (int i = 0; i < entries.size(); i++) {
            Entry entry = entries.get(i);
            if (!entry(entry.index(), entry.term())) {
                return false;
            }
        }
        return true;
    }

    /** Adds an entry; false if it does not follow the one before. */
    boolean entry(long index, long term) {
        if (entryCount == 0) {
            firstIndex = index;
        } else if (index - 1 != lastIndex()) {
            return false;
        }
        if (entryCount == terms.length) {
            terms = Arrays.copyOf(terms, 2 * entryCount);
        }
        terms[entryCount] = term;
        entryCount++;
        return true;
    }

    /** The changed hard state, or {@link HardState#EMPTY}. */
    HardState hardState() {
        return hardState;
    }

    /** The new snapshot, or {@link SavedSnapshot#NONE}. */
    SavedSnapshot snapshot() {
        return snapshot;
    }

    /** Tells whether there is a snapshot which replaces the whole log. */
    boolean isInstalled() {
        return installed;
    }

    /** The index behind which the log starts from now on, or 0. */
    long compactIndex() {
        return compactIndex;
    }

    long compactTerm() {
        return compactTerm;
    }

    int entryCount() {
        return entryCount;
    }

    long firstIndex() {
        return firstIndex;
    }

    long lastIndex() {
        return firstIndex + entryCount - 1;
    }

    /** The term of the entry at {@code firstIndex() + offset}. */
    long term(int offset) {
        return terms[offset];
    }
}
