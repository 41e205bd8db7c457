package dev.keelraft.example.kv;

import com.google.protobuf.ByteString;
import dev.keelraft.example.etcd.wire.Compare;
import dev.keelraft.example.etcd.wire.Compare.CompareTarget;
import dev.keelraft.example.etcd.wire.KeyValue;
import java.util.Collection;
import java.util.List;
import org.pcollections.TreePMap;

/** Whether what a transaction compares is so. */
final class Comparison {
    private Comparison() {}

    /** Tells whether all of them hold. */
    static boolean allHold(List<Compare> compares, TreePMap<ByteString, KeyValue> keys) {
        for (Compare compare : compares) {
            if (!holds(compare, keys)) {
                return false;
            }
        }
        return true;
    }

    /**
     * Every key of the range has to pass. A range without keys stands for one that has never been written, the fields
     * of which are 0; but its value equals nothing, not even the empty one, and is neither greater nor less.
     */
    private static boolean holds(Compare compare, TreePMap<ByteString, KeyValue> keys) {
        Collection<KeyValue> found = new KeyRange(compare.getKey(), compare.getRangeEnd()).of(keys);
        if (found.isEmpty()) {
            return compare.getTarget() != CompareTarget.VALUE && holds(compare, KeyValue.getDefaultInstance());
        }
        for (KeyValue pair : found) {
            if (!holds(compare, pair)) {
                return false;
            }
        }
        return true;
    }

    /**
     * A comparison that this version does not know holds, and a target that it does not know is equal: both as in etcd.
     */
    private static boolean holds(Compare compare, KeyValue pair) {
        int order = order(compare, pair);
        return switch (compare.getResult()) {
            case EQUAL -> order == 0;
            case NOT_EQUAL -> order != 0;
            case GREATER -> order > 0;
            case LESS -> order < 0;
            case UNRECOGNIZED -> true;
        };
    }

    /** Where the request names one target and brings another, the named one is compared with 0 or nothing. */
    private static int order(Compare compare, KeyValue pair) {
        return switch (compare.getTarget()) {
            case VERSION -> Long.compare(pair.getVersion(), compare.getVersion());
            case CREATE -> Long.compare(pair.getCreateRevision(), compare.getCreateRevision());
            case MOD -> Long.compare(pair.getModRevision(), compare.getModRevision());
            case VALUE -> KeyRange.ORDER.compare(pair.getValue(), compare.getValue());
            case LEASE -> Long.compare(pair.getLease(), compare.getLease());
            case UNRECOGNIZED -> 0;
        };
    }
}
