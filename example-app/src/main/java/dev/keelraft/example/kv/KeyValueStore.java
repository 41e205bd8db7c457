package dev.keelraft.example.kv;

import com.google.protobuf.ByteString;
import dev.keelraft.example.etcd.wire.KeyValue;
import dev.keelraft.example.etcd.wire.RangeRequest;
import dev.keelraft.example.etcd.wire.RangeResponse;
import org.pcollections.TreePMap;

/**
 * The keys at one revision.
 *
 * @param keys by {@link KeyRange#ORDER}
 * @param revision 1 before the first write
 * @param bytes about how much memory the keys take
 */
record KeyValueStore(TreePMap<ByteString, KeyValue> keys, long revision, long bytes) {
    /** Nothing was ever written. As in etcd, that is revision 1. */
    static final KeyValueStore EMPTY = new KeyValueStore(TreePMap.empty(KeyRange.ORDER), 1, 0);

    /*
     * What a pair costs besides its bytes, on a 64-bit JVM with compressed references: a node of the map (40), the
     * message (64), two byte strings (24 each), their arrays (16 each), and what they are rounded up by. A million
     * pairs were measured so.
     */
    private static final long PAIR_OVERHEAD_BYTES = 192;

    /** About how much memory a pair takes. */
    static long bytesOf(KeyValue pair) {
        return PAIR_OVERHEAD_BYTES + pair.getKey().size() + pair.getValue().size();
    }

    /**
     * Answers a range at the newest revision, which is the only one that is kept.
     *
     * @throws RefusedException with {@link EtcdError#COMPACTED} or {@link EtcdError#FUTURE_REVISION} for another
     *     revision, and if the response passes the budget
     */
    RangeResponse range(RangeRequest request, ResponseBudget budget) throws RefusedException {
        if (request.getRevision() > revision) {
            throw new RefusedException(EtcdError.FUTURE_REVISION);
        }
        if (request.getRevision() > 0 && request.getRevision() < revision) {
            throw new RefusedException(EtcdError.COMPACTED);
        }
        return RangeQuery.answer(request, keys, revision, budget);
    }
}
