package dev.keelraft.example.kv;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import dev.keelraft.example.etcd.wire.Compare;
import dev.keelraft.example.etcd.wire.DeleteRangeRequest;
import dev.keelraft.example.etcd.wire.PutRequest;
import dev.keelraft.example.etcd.wire.RangeRequest;
import dev.keelraft.example.etcd.wire.RequestOp;
import dev.keelraft.example.etcd.wire.TxnRequest;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;

/**
 * Requests of all kinds, drawn from a seed: few keys, so that they meet, every option, and now and then something that
 * is wrong.
 *
 * <p>There are less than 12 keys: up to there etcd keeps the order of what is equal when it sorts, and beyond it is
 * anyone's guess.
 */
final class RandomRequests {
    private static final List<ByteString> KEYS = bytes("a", "a\0", "ab", "abc", "b", "b\u00ff", "c", "\0", "\u00ff");
    private static final List<ByteString> ENDS =
            bytes("\0", "\0", "a", "ab", "b", "c", "d", "\0\0", "\u00ff\u00ff", "");
    private static final List<ByteString> VALUES = bytes("", "x", "y", "xy", "\u00ff", "z");

    private final Random random;
    private final boolean asksForOldRevisions;

    /**
     * An endless row of requests.
     *
     * @param asksForOldRevisions whether some ask for revisions that this store has not kept, and an etcd has
     */
    RandomRequests(long seed, boolean asksForOldRevisions) {
        random = new Random(seed);
        this.asksForOldRevisions = asksForOldRevisions;
    }

    private static List<ByteString> bytes(String... texts) {
        return List.of(texts).stream()
                .map(text -> ByteString.copyFrom(text, StandardCharsets.ISO_8859_1))
                .toList();
    }

    /** The next request, for a store of this revision. */
    Message next(long revision) {
        int kind = random.nextInt(100);
        if (kind < 25) {
            return range(revision);
        }
        if (kind < 50) {
            return put(true);
        }
        if (kind < 60) {
            return deleteRange();
        }
        return txn(revision, 3, chance(30));
    }

    /** The next request that goes through the log. */
    Message nextWrite(long revision) {
        int kind = random.nextInt(100);
        if (kind < 45) {
            return put(true);
        }
        if (kind < 60) {
            return deleteRange();
        }
        return txn(revision, 3, chance(30));
    }

    RangeRequest range(long revision) {
        RangeRequest.Builder range = RangeRequest.newBuilder().setKey(key());
        if (chance(75)) {
            range.setRangeEnd(end());
        }
        if (chance(40)) {
            range.setLimit(random.nextInt(7) - 1);
        }
        if (chance(15)) {
            range.setRevision(asksForOldRevisions ? revision - 2 + random.nextInt(4) : revision + random.nextInt(2));
        }
        if (asksForOldRevisions && chance(2)) {
            range.setRevision(-random.nextInt(3));
        }
        if (chance(45)) {
            range.setSortOrderValue(random.nextInt(3));
            range.setSortTargetValue(random.nextInt(5));
        }
        if (chance(2)) {
            range.setSortOrderValue(3);
        }
        if (chance(2)) {
            range.setSortTargetValue(5);
        }
        range.setKeysOnly(chance(15)).setCountOnly(chance(10)).setSerializable(chance(20));
        if (chance(25)) {
            range.setMinModRevision(bound(revision))
                    .setMaxModRevision(bound(revision))
                    .setMinCreateRevision(bound(revision))
                    .setMaxCreateRevision(bound(revision));
        }
        return range.build();
    }

    private long bound(long revision) {
        return chance(50) ? 0 : random.nextLong(Math.max(2, revision)) - (chance(5) ? 5 : 0);
    }

    /**
     * Tells whether a transaction may write a key twice, whatever is compared. Some such transactions are let through,
     * and an etcd that is compacted afterwards ends its process.
     */
    static boolean mayWriteTwice(TxnRequest txn) {
        List<RequestOp> operations = operations(txn).toList();
        List<ByteString> puts = operations.stream()
                .filter(RequestOp::hasRequestPut)
                .map(operation -> operation.getRequestPut().getKey())
                .toList();
        return puts.stream().distinct().count() < puts.size()
                || operations.stream()
                        .filter(RequestOp::hasRequestDeleteRange)
                        .map(RequestOp::getRequestDeleteRange)
                        .anyMatch(deletion -> puts.stream()
                                .anyMatch(key -> NaiveStore.isInRange(key, deletion.getKey(), deletion.getRangeEnd())));
    }

    private static Stream<RequestOp> operations(TxnRequest txn) {
        return Stream.concat(txn.getSuccessList().stream(), txn.getFailureList().stream())
                .flatMap(operation ->
                        operation.hasRequestTxn() ? operations(operation.getRequestTxn()) : Stream.of(operation));
    }

    PutRequest put(boolean mayIgnore) {
        PutRequest.Builder put = PutRequest.newBuilder().setKey(key()).setPrevKv(chance(40));
        if (mayIgnore && chance(12)) {
            put.setIgnoreValue(true);
        }
        if (mayIgnore && chance(8)) {
            put.setIgnoreLease(true);
        }
        if (!put.getIgnoreValue() || chance(10)) {
            put.setValue(value());
        }
        if (chance(2)) {
            put.setLease(random.nextInt(3) - 1);
        }
        return put.build();
    }

    DeleteRangeRequest deleteRange() {
        DeleteRangeRequest.Builder deletion =
                DeleteRangeRequest.newBuilder().setKey(key()).setPrevKv(chance(40));
        if (chance(35)) {
            deletion.setRangeEnd(end());
        }
        return deletion.build();
    }

    /**
     * A transaction.
     *
     * @param depth how many may be nested in each other
     * @param keepsValues whether puts may keep values, or deletions go "from here on": not both, because a put that
     *     finds its key deleted that way ends the process of an etcd
     */
    TxnRequest txn(long revision, int depth, boolean keepsValues) {
        TxnRequest.Builder txn = TxnRequest.newBuilder();
        for (int i = random.nextInt(3); i > 0; i--) {
            txn.addCompare(compare(revision));
        }
        for (int i = random.nextInt(4); i > 0; i--) {
            txn.addSuccess(operation(revision, depth, keepsValues));
        }
        for (int i = random.nextInt(4); i > 0; i--) {
            txn.addFailure(operation(revision, depth, keepsValues));
        }
        return txn.build();
    }

    private RequestOp operation(long revision, int depth, boolean keepsValues) {
        RequestOp.Builder operation = RequestOp.newBuilder();
        int kind = random.nextInt(depth > 1 ? 100 : 80);
        if (kind < 30) {
            operation.setRequestRange(range(revision));
        } else if (kind < 62) {
            operation.setRequestPut(put(keepsValues));
        } else if (kind < 79) {
            DeleteRangeRequest deletion = deleteRange();
            boolean fromHereOn = deletion.getRangeEnd().equals(ENDS.get(0));
            operation.setRequestDeleteRange(
                    keepsValues && fromHereOn
                            ? deletion.toBuilder().clearRangeEnd().build()
                            : deletion);
        } else if (kind > 79) {
            operation.setRequestTxn(txn(revision, depth - 1, keepsValues));
        }
        return operation.build();
    }

    Compare compare(long revision) {
        Compare.Builder compare = Compare.newBuilder()
                .setKey(key())
                .setResultValue(random.nextInt(4))
                .setTargetValue(random.nextInt(5));
        if (chance(2)) {
            compare.setResultValue(7);
        }
        if (chance(2)) {
            compare.setTargetValue(7);
        }
        if (chance(25)) {
            compare.setRangeEnd(end());
        }
        int union = chance(95) ? compare.getTargetValue() : random.nextInt(6);
        switch (union) {
            case 0 -> compare.setVersion(random.nextInt(4));
            case 1 -> compare.setCreateRevision(chance(40) ? 0 : random.nextLong(revision + 1));
            case 2 -> compare.setModRevision(chance(20) ? 0 : random.nextLong(revision + 1));
            case 3 -> compare.setValue(value());
            case 4 -> compare.setLease(chance(90) ? 0 : 1);
            default -> compare.clearTargetUnion();
        }
        return compare.build();
    }

    private ByteString key() {
        return chance(1) ? ByteString.EMPTY : KEYS.get(random.nextInt(KEYS.size()));
    }

    private ByteString end() {
        return ENDS.get(random.nextInt(ENDS.size()));
    }

    private ByteString value() {
        return VALUES.get(random.nextInt(VALUES.size()));
    }

    private boolean chance(int percent) {
        return random.nextInt(100) < percent;
    }
}
