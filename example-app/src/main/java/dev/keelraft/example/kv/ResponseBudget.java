package dev.keelraft.example.kv;

import dev.keelraft.example.etcd.wire.KeyValue;

/** How many bytes one response may still take. It lives for one request. */
final class ResponseBudget {
    /*
     * A transaction of 128 ranges could ask for 128 copies of the whole store. They cost little memory, because all of
     * them are references to the same values; the bytes come into being when the response is written, where a message
     * that passes 2 GiB fails for good. What a session keeps must even fit into a record of a snapshot. So it is
     * counted while it is gathered.
     */

    /** What protobuf adds to a key-value pair in a list: a tag and a length. */
    private static final int PAIR_OVERHEAD_BYTES = 6;

    /**
     * The most that the response of an operation takes without pairs: a header, a count, a flag, and the frames around.
     */
    private static final int OPERATION_BYTES = 48;

    private long remaining;

    /** A budget of so many bytes. */
    ResponseBudget(long bytes) {
        remaining = bytes;
    }

    /** Takes what the pair needs, and returns the pair. */
    KeyValue spend(KeyValue pair) throws RefusedException {
        spend(PAIR_OVERHEAD_BYTES + pair.getSerializedSize());
        return pair;
    }

    /** Takes what the response of one operation needs, without pairs. */
    void spendOperation() throws RefusedException {
        spend(OPERATION_BYTES);
    }

    private void spend(int bytes) throws RefusedException {
        remaining -= bytes;
        if (remaining < 0) {
            throw new RefusedException(EtcdError.RESPONSE_TOO_LARGE);
        }
    }
}
