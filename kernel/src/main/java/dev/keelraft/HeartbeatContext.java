package dev.keelraft;

/**
 * What a leader writes into the context of its heartbeats, and reads in the answers; nobody else looks into it.
 *
 * <pre>
 *   byte 0..7   the number of the newest read that waits, or 0
 *   byte 8..15  the tick of the leader in which the heartbeat was made; only where leases are given
 * </pre>
 *
 * <p>Numbers are little-endian, as in etcd's library. The context is empty where it would say nothing.
 */
final class HeartbeatContext {
    private static final byte[] EMPTY = {};

    private static final int TICK = Long.BYTES;
    private static final int WITH_TICK = 2 * Long.BYTES;

    private HeartbeatContext() {}

    static byte[] of(long read) {
        return read == 0 ? EMPTY : number(read);
    }

    static byte[] of(long read, long tick) {
        byte[] bytes = new byte[WITH_TICK];
        put(bytes, 0, read);
        put(bytes, TICK, tick);
        return bytes;
    }

    /** A number in eight bytes. */
    static byte[] number(long number) {
        byte[] bytes = new byte[Long.BYTES];
        put(bytes, 0, number);
        return bytes;
    }

    /** The number of the read; 0 in what no leader of ours has written. */
    static long read(byte[] context) {
        return context.length == Long.BYTES || context.length == WITH_TICK ? get(context, 0) : 0;
    }

    /** The tick; 0 where there is none. */
    static long tick(byte[] context) {
        return context.length == WITH_TICK ? get(context, TICK) : 0;
    }

    private static void put(byte[] bytes, int offset, long number) {
        for (int i = 0; i < Long.BYTES; i++) {
            bytes[offset + i] = (byte) (number >>> (Byte.SIZE * i));
        }
    }

    private static long get(byte[] bytes, int offset) {
        long number = 0;
        for (int i = Long.BYTES - 1; i >= 0; i--) {
            number = (number << Byte.SIZE) | (bytes[offset + i] & 0xFF);
        }
        return number;
    }
}
