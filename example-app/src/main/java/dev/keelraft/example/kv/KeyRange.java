package dev.keelraft.example.kv;

import com.google.protobuf.ByteString;
import dev.keelraft.example.etcd.wire.KeyValue;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import org.pcollections.TreePMap;

/**
 * The keys that a request speaks of, in etcd's notation: the key alone where {@code end} is empty, all keys from the
 * key on where it is a single byte 0, and those in {@code [key, end)} otherwise.
 */
record KeyRange(ByteString key, ByteString end) {
    /** The order of keys: that of their bytes, unsigned; a key comes before those that it begins. */
    static final Comparator<ByteString> ORDER = ByteString.unsignedLexicographicalComparator();

    private static final ByteString FROM_KEY_ON = ByteString.copyFrom(new byte[1]);

    /**
     * The entries of the map that are in the range, by ascending key: a view of an immutable map, so it never changes.
     * To find it, and to count it, takes time logarithmic in the size of the map.
     */
    Collection<KeyValue> of(TreePMap<ByteString, KeyValue> keys) {
        if (end.isEmpty()) {
            KeyValue found = keys.get(key);
            return found == null ? List.of() : List.of(found);
        }
        if (end.equals(FROM_KEY_ON)) {
            return keys.tailMap(key, true).values();
        }
        if (ORDER.compare(key, end) >= 0) {
            return List.of();
        }
        return keys.subMap(key, true, end, false).values();
    }
}
