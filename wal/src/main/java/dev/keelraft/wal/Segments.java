package dev.keelraft.wal;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;

/**
 * The segments of an open log, from old to new, without gaps. The writer changes the list; readers on other threads may look
 * up segments meanwhile, for each change makes a new array.
 */
final class Segments {
    private volatile Segment[] segments;

    Segments(Collection<Segment> segments) {
        this.segments = segments.toArray(new Segment[0]);
    }

    /** The one that is written to. */
    Segment tail() {
        Segment[] now = segments;
        return now[now.length - 1];
    }

    /** The one that holds a position. */
    Segment holding(long lsn) {
        Segment[] now = segments;
        int at = now.length - 1;
        while (at > 0 && now[at].startLsn() > lsn) {
            at--;
        }
        return now[at];
    }

    void add(Segment next) {
        Segment[] longer = Arrays.copyOf(segments, segments.length + 1);
        longer[longer.length - 1] = next;
        segments = longer;
    }

    /** Those at the front that hold no entry beyond an index, in order; never the tail. */
    List<Segment> endingAtOrBefore(long index) {
        List<Segment> ended = new ArrayList<>();
        Segment[] now = segments;
        for (int i = 0; i + 1 < now.length && now[i + 1].lastIndexBefore() <= index; i++) {
            ended.add(now[i]);
        }
        return ended;
    }

    /** Removes so many from the front. */
    void removeFirst(int count) {
        segments = Arrays.copyOfRange(segments, count, segments.length);
    }

    long firstSequence() {
        return segments[0].sequence();
    }

    /** Closes all files, also where one of them fails. */
    void close() throws IOException {
        IOException first = null;
        for (Segment segment : segments) {
            try {
                segment.file().close();
            } catch (IOException e) {
                first = first == null ? e : first;
            }
        }
        if (first != null) {
            throw first;
        }
    }
}
