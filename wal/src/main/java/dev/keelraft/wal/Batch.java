package dev.keelraft.wal;

import dev.keelraft.model.Entry;
import dev.keelraft.model.HardState;
import java.util.Arrays;
import java.util.List;

/**
 * What one frame changes in a group, without the payloads: the same for a batch that is to be appended and for one that is
 * read again, so that both go through the same checks. It is filled anew for each. The terms of the entries are kept as runs of
 * equal terms, nearly always one: all that is done with them is then done once for a run.
 */
final class Batch {
    private static final int SMALLEST = 4;

    private HardState hardState = HardState.EMPTY;
    private SavedSnapshot snapshot = SavedSnapshot.NONE;
    private boolean installed;
    private long compactIndex;
    private long compactTerm;
    private long firstIndex;
    private int entryCount;
    private int runCount;
    private long[] runTerm = new long[SMALLEST];

    /** How many entries are before a run. */
    private int[] runStart = new int[SMALLEST];

    void clear() {
        hardState = HardState.EMPTY;
        snapshot = SavedSnapshot.NONE;
        installed = false;
        compactIndex = 0;
        compactTerm = 0;
        firstIndex = 0;
        entryCount = 0;
        runCount = 0;
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
        if (runCount == 0 || runTerm[runCount - 1] != term) {
            beginRun(term);
        }
        entryCount++;
        return true;
    }

    /** Adds so many entries behind the last one, of the same term. */
    void more(int entries) {
        entryCount += entries;
    }

    private void beginRun(long term) {
        if (runCount == runTerm.length) {
            runTerm = Arrays.copyOf(runTerm, 2 * runCount);
            runStart = Arrays.copyOf(runStart, 2 * runCount);
        }
        runTerm[runCount] = term;
        runStart[runCount] = entryCount;
        runCount++;
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

    /** The term of the last entry, if there is one. */
    long lastTerm() {
        return runTerm[runCount - 1];
    }

    /** How many runs of entries with equal terms there are, one after the other. */
    int runCount() {
        return runCount;
    }

    /** The term of a run. */
    long runTerm(int run) {
        return runTerm[run];
    }

    /** The index of the first entry of a run. */
    long runIndex(int run) {
        return firstIndex + runStart[run];
    }

    /** How many entries a run has. */
    int runLength(int run) {
        return (run + 1 == runCount ? entryCount : runStart[run + 1]) - runStart[run];
    }
}
