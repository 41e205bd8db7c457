package dev.keelraft.wal;

import java.io.IOException;
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

    /** How many at the front hold no entry that anybody needs; never the tail. */
    int released() {
        Segment[] now = segments;
        int released = 0;
        while (released + 1 < now.length && now[released + 1].before().areReleased()) {
            released++;
        }
        return released;
    }

    /** The groups that need entries from before the last segments, so many of them. */
    List<Long> holdersBeforeLast(int count) {
        Segment[] now = segments;
        return count >= now.length
                ? List.of()
                : now[now.length - count].before().holders();
    }

    /** Removes so many from the front. Returns them, in order. */
    Segment[] removeFirst(int count) {
        Segment[] now = segments;
        segments = Arrays.copyOfRange(now, count, now.length);
        return Arrays.copyOf(now, count);
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
