package dev.keelraft.example.kv;

import dev.keelraft.example.kv.wire.Result;
import java.util.Comparator;
import java.util.Iterator;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pcollections.TreePMap;

/**
 * What is remembered of one server process, so that each of its commands is executed once (thesis, 6.3).
 *
 * @param id drawn at random by the process
 * @param acknowledgedBelow the process has all results below; such commands are never executed again
 * @param lastUsed the index of the last command that was executed for it
 * @param results of the executed commands from {@code acknowledgedBelow} on, by sequence
 * @param resultBytes what the results take
 */
record Session(long id, long acknowledgedBelow, long lastUsed, TreePMap<Long, Result> results, long resultBytes) {
    /** Sequences, and ids of sessions and members, are unsigned. */
    static final Comparator<Long> ORDER = Long::compareUnsigned;

    /** How many results a session keeps that were not acknowledged. */
    static final int MAX_RESULTS = 16_384;

    /** How many bytes these results may take. */
    static final long MAX_RESULT_BYTES = 64L << 20;

    /** What a result costs besides its bytes: a node of the map, its key, and the objects of the smallest response. */
    private static final long RESULT_OVERHEAD_BYTES = 200;

    /** A session of which no command was executed. */
    static Session open(long id, long acknowledgedBelow) {
        return new Session(id, acknowledgedBelow, 0, TreePMap.empty(ORDER), 0);
    }

    /** What a result takes. */
    static long bytesOf(Result result) {
        return RESULT_OVERHEAD_BYTES + result.getSerializedSize();
    }

    /** The session without the results below the mark. The mark never falls. */
    Session acknowledge(long below) {
        if (ORDER.compare(below, acknowledgedBelow) <= 0) {
            return this;
        }
        TreePMap<Long, Result> kept = results;
        long bytes = resultBytes;
        Iterator<Map.Entry<Long, Result>> entries = results.entrySet().iterator();
        while (entries.hasNext()) {
            Map.Entry<Long, Result> entry = entries.next();
            if (ORDER.compare(entry.getKey(), below) >= 0) {
                break;
            }
            kept = kept.minus(entry.getKey());
            bytes -= bytesOf(entry.getValue());
        }
        return new Session(id, below, lastUsed, kept, bytes);
    }

    boolean isAcknowledged(long sequence) {
        return ORDER.compare(sequence, acknowledgedBelow) < 0;
    }

    /** The result of a command that was executed and not acknowledged. */
    @Nullable
    Result result(long sequence) {
        return results.get(sequence);
    }

    /**
     * Tells whether a result can be kept. For the command at the mark there is always room: as long as it is not
     * executed the mark cannot move, and no other result could ever go.
     */
    boolean hasRoomFor(long sequence, Result result) {
        return sequence == acknowledgedBelow
                || (results.size() < MAX_RESULTS && resultBytes + bytesOf(result) <= MAX_RESULT_BYTES);
    }

    /** The session with the result of a command that was executed now. */
    Session keep(long sequence, Result result, long index) {
        return new Session(id, acknowledgedBelow, index, results.plus(sequence, result), resultBytes + bytesOf(result));
    }
}
