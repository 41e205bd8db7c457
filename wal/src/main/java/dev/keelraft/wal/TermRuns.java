package dev.keelraft.wal;

import java.util.Arrays;

/**
 * The terms of consecutive entries, as runs of equal terms: a log of millions of entries has a handful. Asking for the last
 * run takes constant time, for another one logarithmic.
 */
final class TermRuns {
    /** The answer for an index that is not covered. */
    static final long UNKNOWN = -1;

    private static final int SMALLEST = 8;

    private long[] first = new long[SMALLEST];
    private long[] term = new long[SMALLEST];
    private int size;

    /** The index behind the last one covered. */
    private long end;

    TermRuns(long nextIndex) {
        end = nextIndex;
    }

    /** A copy that goes its own way. */
    TermRuns copy() {
        TermRuns copy = new TermRuns(end);
        copy.first = first.clone();
        copy.term = term.clone();
        copy.size = size;
        return copy;
    }

    /** The term of the entry at an index, or {@link #UNKNOWN}. */
    long term(long index) {
        if (size == 0 || index < first[0] || index >= end) {
            return UNKNOWN;
        }
        return term[runOf(index)];
    }

    private int runOf(long index) {
        if (index >= first[size - 1]) {
            return size - 1;
        }
        int found = Arrays.binarySearch(first, 0, size, index);
        return found >= 0 ? found : -found - 2;
    }

    /** Adds the next entry. */
    void add(long entryTerm) {
        add(entryTerm, 1);
    }

    /** Adds the entries of a batch, which must be the next, or replace what is there from their first index on. */
    void add(Batch batch) {
        truncateFrom(batch.firstIndex());
        for (int run = 0; run < batch.runCount(); run++) {
            add(batch.runTerm(run), batch.runLength(run));
        }
    }

    private void add(long entryTerm, int count) {
        if (size == 0 || term[size - 1] != entryTerm) {
            if (size == first.length) {
                first = Arrays.copyOf(first, 2 * size);
                term = Arrays.copyOf(term, 2 * size);
            }
            first[size] = end;
            term[size] = entryTerm;
            size++;
        }
        end += count;
    }

    /** Forgets everything from an index on; it will be that of the next entry, also if it was not covered. */
    void truncateFrom(long index) {
        while (size > 0 && first[size - 1] >= index) {
            size--;
        }
        end = index;
    }

    /** Forgets everything up to an index. */
    void removeThrough(long index) {
        if (index + 1 >= end) {
            truncateAll(Math.max(end, index + 1));
            return;
        }
        if (size == 0 || index < first[0]) {
            return;
        }
        int kept = runOf(index + 1);
        size -= kept;
        System.arraycopy(first, kept, first, 0, size);
        System.arraycopy(term, kept, term, 0, size);
        first[0] = index + 1;
    }

    /** Forgets everything; the next entry will have this index. */
    void truncateAll(long nextIndex) {
        size = 0;
        end = nextIndex;
    }
}
