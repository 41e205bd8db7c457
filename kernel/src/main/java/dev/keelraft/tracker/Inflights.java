package dev.keelraft.tracker;

/**
 * The appends that are on their way to a peer: a window, bounded in messages and in bytes. Each is known by the index of its
 * last entry.
 *
 * <p>The bound in bytes is soft: one append may cross it, or an entry larger than the window could never be sent.
 *
 * <p>A ring of numbers, which grows on demand and is let go of by {@link #reset}: most peers of most groups have nothing in
 * flight.
 */
public final class Inflights {
    private static final int SMALLEST = 4;
    private static final long[] NOTHING = {};

    private final int messagesMax;
    private final long bytesMax;

    /** Last indexes and payload bytes, alternating: append {@code i} is at {@code 2 * i} and {@code 2 * i + 1}. */
    private long[] ring = NOTHING;

    private int head;
    private int count;
    private long bytes;

    /**
     * An empty window.
     *
     * @param messagesMax at least 1
     * @param bytesMax at least 1; {@link Long#MAX_VALUE} for no bound
     */
    public Inflights(int messagesMax, long bytesMax) {
        this.messagesMax = messagesMax;
        this.bytesMax = bytesMax;
    }

    /** How many appends are in flight. */
    public int count() {
        return count;
    }

    /** How many bytes of payload are in flight. */
    public long bytes() {
        return bytes;
    }

    /** Tells whether nothing more may be sent. */
    public boolean isFull() {
        return count >= messagesMax || bytes >= bytesMax;
    }

    /**
     * Notes that an append has been sent.
     *
     * @param lastIndex of its last entry; higher than that of the append before
     * @param payloadBytes of all its entries
     * @throws IllegalStateException if the window is full
     */
    public void add(long lastIndex, long payloadBytes) {
        if (isFull()) {
            throw new IllegalStateException("window is full: " + count + " appends of " + bytes + " bytes");
        }
        if (2 * count == ring.length) {
            grow();
        }
        int place = 2 * wrapped(head + count);
        ring[place] = lastIndex;
        ring[place + 1] = payloadBytes;
        count++;
        bytes += payloadBytes;
    }

    /** Frees all appends whose entries the peer has acknowledged, that is whose last index is at most {@code index}. */
    public void freeThrough(long index) {
        while (count > 0 && ring[2 * head] <= index) {
            bytes -= ring[2 * head + 1];
            head = wrapped(head + 1);
            count--;
        }
    }

    /** Forgets everything that was in flight. */
    public void reset() {
        ring = NOTHING;
        head = 0;
        count = 0;
        bytes = 0;
    }

    private int wrapped(int place) {
        int slots = ring.length / 2;
        return place < slots ? place : place - slots;
    }

    private void grow() {
        int slots = ring.length / 2;
        int larger = Math.max(SMALLEST, (int) Math.min(messagesMax, 2L * slots));
        long[] grown = new long[2 * larger];
        for (int i = 0; i < count; i++) {
            int place = 2 * wrapped(head + i);
            grown[2 * i] = ring[place];
            grown[2 * i + 1] = ring[place + 1];
        }
        ring = grown;
        head = 0;
    }
}
