package dev.keelraft.wal;

import java.util.Arrays;

/**
 * Which frame holds which entry of a group. One row per frame, in order of index: a frame's entries follow each other, so that
 * a row holds the first index, and the row behind it says where they end. Rows whose entries were all overwritten or compacted
 * are gone. Takes 20 bytes per frame, and logarithmic time for a search.
 */
final class FrameIndex {
    private static final int SMALLEST = 16;

    private long[] first = new long[SMALLEST];
    private long[] lsn = new long[SMALLEST];
    private int[] bytes = new int[SMALLEST];

    /** Rows before it are gone; they are overwritten when there is need for room. */
    private int head;

    private int tail;

    /** The index behind the last entry. */
    private long end;

    FrameIndex(long nextIndex) {
        end = nextIndex;
    }

    /** The first index that some frame holds, or that the next one will. */
    long firstIndex() {
        return head == tail ? end : first[head];
    }

    /** The row of an index, which some frame must hold. Valid until the next change. */
    int rowOf(long index) {
        assert index >= firstIndex() && index < end;
        if (index >= first[tail - 1]) {
            return tail - 1;
        }
        int found = Arrays.binarySearch(first, head, tail, index);
        return found >= 0 ? found : -found - 2;
    }

    /** The first index of a row that counts. */
    long firstIndex(int row) {
        return first[row];
    }

    /** The index behind the last one of a row that counts; later entries of its frame were overwritten. */
    long endIndex(int row) {
        return row + 1 == tail ? end : first[row + 1];
    }

    /** Where the frame of a row begins. */
    long lsn(int row) {
        return lsn[row];
    }

    /** How long the frame of a row is, its header included. */
    int bytes(int row) {
        return bytes[row];
    }

    /** Adds a frame whose entries replace everything from their first index on. */
    void add(long firstIndex, int entryCount, long frameLsn, int frameBytes) {
        truncateFrom(firstIndex);
        if (tail == first.length) {
            makeRoom();
        }
        first[tail] = firstIndex;
        lsn[tail] = frameLsn;
        bytes[tail] = frameBytes;
        tail++;
        end = firstIndex + entryCount;
    }

    private void truncateFrom(long index) {
        while (tail > head && first[tail - 1] >= index) {
            tail--;
        }
    }

    private void makeRoom() {
        int rows = tail - head;
        int length = rows > first.length / 2 ? 2 * first.length : first.length;
        first = moved(first, new long[length]);
        lsn = moved(lsn, new long[length]);
        int[] movedBytes = new int[length];
        System.arraycopy(bytes, head, movedBytes, 0, rows);
        bytes = movedBytes;
        head = 0;
        tail = rows;
    }

    private long[] moved(long[] from, long[] to) {
        System.arraycopy(from, head, to, 0, tail - head);
        return to;
    }

    /** Forgets everything up to an index. */
    void removeThrough(long index) {
        if (index + 1 >= end) {
            reset(Math.max(end, index + 1));
            return;
        }
        if (index < firstIndex()) {
            return; // Also where a replay has not met the entries: their frames are in segments that are gone.
        }
        while (endIndex(head) <= index + 1) {
            head++;
        }
        first[head] = Math.max(first[head], index + 1);
    }

    /** Forgets everything; the next entry will have this index. */
    void reset(long nextIndex) {
        head = 0;
        tail = 0;
        end = nextIndex;
    }
}
