package dev.keelraft.model;

import java.util.Arrays;
import java.util.List;

/**
 * One entry of the replicated log.
 *
 * @param term the term of the leader that created it, at least 1 ({@code 0} only in a proposal that is still on its way to the
 *     leader)
 * @param index its position in the log, at least 1 ({@code 0} only in a proposal on its way)
 * @param type what {@code data} means
 * @param data the payload, never null; it belongs to the entry from now on, so neither side may change it
 */
public record Entry(long term, long index, EntryType type, byte[] data) {
    private static final byte[] EMPTY = {};

    /**
     * Checks the numbers.
     *
     * @param term at least 0
     * @param index at least 0
     * @param type the kind of payload
     * @param data the payload; not copied
     */
    public Entry {
        if (term < 0 || index < 0) {
            throw new IllegalArgumentException("negative term or index: " + term + "/" + index);
        }
    }

    /** An entry with the application's payload. */
    public static Entry normal(long term, long index, byte[] data) {
        return new Entry(term, index, EntryType.NORMAL, data);
    }

    /** An entry without payload, as a leader appends when it is elected. */
    public static Entry empty(long term, long index) {
        return new Entry(term, index, EntryType.NORMAL, EMPTY);
    }

    /** The length of the payload in bytes: what the window in bytes and the limit on uncommitted entries count. */
    public int payloadBytes() {
        return data.length;
    }

    /**
     * The length of this entry encoded as etcd's {@code raftpb.Entry}, in bytes; a field of value 0 and an empty payload take
     * none. Limits on messages and on the entries of a Ready count it, so that the flow control of a mixed cluster agrees.
     */
    public long wireBytes() {
        return varintField(type.number())
                + varintField(term)
                + varintField(index)
                + (data.length == 0 ? 0 : 1L + varintBytes(data.length) + data.length);
    }

    /** The sum of {@link #wireBytes()} over a list. */
    public static long wireBytes(List<Entry> entries) {
        long sum = 0;
        for (int i = 0; i < entries.size(); i++) {
            sum += entries.get(i).wireBytes();
        }
        return sum;
    }

    /** The sum of {@link #payloadBytes()} over a list. */
    public static long payloadBytes(List<Entry> entries) {
        long sum = 0;
        for (int i = 0; i < entries.size(); i++) {
            sum += entries.get(i).payloadBytes();
        }
        return sum;
    }

    private static int varintField(long value) {
        return value == 0 ? 0 : 1 + varintBytes(value);
    }

    private static int varintBytes(long value) {
        int significantBits = Long.SIZE - Long.numberOfLeadingZeros(value | 1);
        return (significantBits + 6) / 7;
    }

    /** Equal in all fields, the payload byte by byte. */
    @Override
    public boolean equals(Object other) {
        return other instanceof Entry that
                && term == that.term
                && index == that.index
                && type == that.type
                && Arrays.equals(data, that.data);
    }

    @Override
    public int hashCode() {
        return 31 * Long.hashCode(31 * term + index) + Arrays.hashCode(data);
    }

    /** Term, index, type and length, not the payload: {@code 3/17 NORMAL 128 B}. */
    @Override
    public String toString() {
        return term + "/" + index + " " + type + " " + data.length + " B";
    }
}
