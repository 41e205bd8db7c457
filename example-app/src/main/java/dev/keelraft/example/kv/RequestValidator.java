package dev.keelraft.example.kv;

import com.google.protobuf.ByteString;
import com.google.protobuf.MessageLite;
import dev.keelraft.example.etcd.wire.Compare;
import dev.keelraft.example.etcd.wire.DeleteRangeRequest;
import dev.keelraft.example.etcd.wire.PutRequest;
import dev.keelraft.example.etcd.wire.RangeRequest;
import dev.keelraft.example.etcd.wire.RequestOp;
import dev.keelraft.example.etcd.wire.TxnRequest;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * What can be said against a request without looking at any state, by etcd's rules and in etcd's order: where several
 * things are wrong, a client is told of the same one.
 *
 * <p>A member checks before it proposes, so that what is wrong never enters the log; the state machine checks again, so
 * that it need not trust whoever proposed.
 */
public final class RequestValidator {
    /**
     * How many operations a branch of a transaction may have, and how many comparisons. Nested ones share what is left.
     */
    public static final int MAX_OPERATIONS = 128;

    /** How many bytes a write may have, as a protobuf message. */
    public static final int MAX_REQUEST_BYTES = 3 * 512 * 1024;

    private RequestValidator() {}

    /**
     * Checks a range.
     *
     * @throws RefusedException with {@link EtcdError#EMPTY_KEY} or {@link EtcdError#INVALID_SORT_OPTION}
     */
    public static void check(RangeRequest request) throws RefusedException {
        checkKey(request.getKey());
        if (request.getSortOrder() == RangeRequest.SortOrder.UNRECOGNIZED
                || request.getSortTarget() == RangeRequest.SortTarget.UNRECOGNIZED) {
            throw new RefusedException(EtcdError.INVALID_SORT_OPTION);
        }
    }

    /**
     * Checks a put.
     *
     * @throws RefusedException with {@link EtcdError#EMPTY_KEY}, {@link EtcdError#VALUE_PROVIDED} or {@link
     *     EtcdError#LEASE_PROVIDED}
     */
    public static void check(PutRequest request) throws RefusedException {
        checkKey(request.getKey());
        if (request.getIgnoreValue() && !request.getValue().isEmpty()) {
            throw new RefusedException(EtcdError.VALUE_PROVIDED);
        }
        if (request.getIgnoreLease() && request.getLease() != 0) {
            throw new RefusedException(EtcdError.LEASE_PROVIDED);
        }
    }

    /**
     * Checks a deletion.
     *
     * @throws RefusedException with {@link EtcdError#EMPTY_KEY}
     */
    public static void check(DeleteRangeRequest request) throws RefusedException {
        checkKey(request.getKey());
    }

    /**
     * Checks a transaction with all that is in it.
     *
     * @throws RefusedException with {@link EtcdError#TOO_MANY_OPERATIONS}, {@link EtcdError#DUPLICATE_KEY}, {@link
     *     EtcdError#KEY_NOT_FOUND} for an empty operation, or what is wrong with an operation
     */
    public static void check(TxnRequest request) throws RefusedException {
        checkOperations(request, MAX_OPERATIONS);
        Writes.of(request.getSuccessList());
        Writes.of(request.getFailureList());
    }

    /**
     * Checks the size of a write. Reads are not bounded by this, as in etcd, but by what a message may have at all.
     *
     * @throws RefusedException with {@link EtcdError#REQUEST_TOO_LARGE}
     */
    public static void checkBytes(MessageLite request) throws RefusedException {
        if (request.getSerializedSize() > MAX_REQUEST_BYTES) {
            throw new RefusedException(EtcdError.REQUEST_TOO_LARGE);
        }
    }

    private static void checkKey(ByteString key) throws RefusedException {
        if (key.isEmpty()) {
            throw new RefusedException(EtcdError.EMPTY_KEY);
        }
    }

    /**
     * Not the sum of the three lists counts, but the longest of them; and what it takes is missing to the nested
     * transactions, each of which may have all that is left. So at most {@link #MAX_OPERATIONS} are nested in each
     * other.
     */
    private static void checkOperations(TxnRequest request, int allowed) throws RefusedException {
        int operations =
                Math.max(request.getCompareCount(), Math.max(request.getSuccessCount(), request.getFailureCount()));
        if (operations > allowed) {
            throw new RefusedException(EtcdError.TOO_MANY_OPERATIONS);
        }
        for (Compare compare : request.getCompareList()) {
            checkKey(compare.getKey());
        }
        for (RequestOp operation : request.getSuccessList()) {
            checkOperation(operation, allowed - operations);
        }
        for (RequestOp operation : request.getFailureList()) {
            checkOperation(operation, allowed - operations);
        }
    }

    private static void checkOperation(RequestOp operation, int allowed) throws RefusedException {
        switch (operation.getRequestCase()) {
            case REQUEST_RANGE -> check(operation.getRequestRange());
            case REQUEST_PUT -> check(operation.getRequestPut());
            case REQUEST_DELETE_RANGE -> check(operation.getRequestDeleteRange());
            case REQUEST_TXN -> checkOperations(operation.getRequestTxn(), allowed);
            case REQUEST_NOT_SET -> throw new RefusedException(EtcdError.KEY_NOT_FOUND);
        }
    }

    /**
     * What a branch writes, with all that is nested in it.
     *
     * @param puts the keys that are put
     * @param deleted the ranges that are deleted
     */
    private record Writes(Set<ByteString> puts, Ranges deleted) {
        /*
         * A branch may put a key once, and may not put what it deletes. Of a nested transaction only one branch is
         * taken, so its branches may put the same key.
         *
         * Three things one might expect do not hold, because etcd does not have them: a key may be deleted twice; a
         * nested transaction may delete what an earlier nested one puts, but not put what that one deletes; and a
         * deletion of all keys "from here on" is taken for empty, so that a put beside it is let through (the state
         * machine executes the two in order).
         */
        static Writes of(List<RequestOp> branch) throws RefusedException {
            Writes writes = new Writes(new HashSet<>(), new Ranges());
            for (RequestOp operation : branch) {
                if (operation.hasRequestDeleteRange()) {
                    DeleteRangeRequest deletion = operation.getRequestDeleteRange();
                    writes.deleted.add(deletion.getKey(), deletion.getRangeEnd());
                }
            }
            for (RequestOp operation : branch) {
                if (operation.hasRequestTxn()) {
                    writes.addNested(operation.getRequestTxn());
                }
            }
            for (RequestOp operation : branch) {
                if (operation.hasRequestPut()) {
                    writes.put(operation.getRequestPut().getKey());
                }
            }
            return writes;
        }

        private void addNested(TxnRequest nested) throws RefusedException {
            Writes success = of(nested.getSuccessList());
            Writes failure = of(nested.getFailureList());
            for (ByteString key : success.puts) {
                put(key);
            }
            for (ByteString key : failure.puts) {
                if (!success.puts.contains(key)) {
                    put(key);
                }
            }
            deleted.addAll(success.deleted);
            deleted.addAll(failure.deleted);
        }

        private void put(ByteString key) throws RefusedException {
            if (!puts.add(key) || deleted.contains(key)) {
                throw new RefusedException(EtcdError.DUPLICATE_KEY);
            }
        }
    }

    /**
     * A set of keys, as ranges that do not touch: what is looked up takes logarithmic time, however many were added.
     */
    private static final class Ranges {
        private static final ByteString ZERO = ByteString.copyFrom(new byte[1]);

        private final TreeMap<ByteString, ByteString> endByStart = new TreeMap<>(KeyRange.ORDER);

        /**
         * Adds {@code [key, end)}, or the key alone where there is no end. A range of which the end is not behind is
         * empty.
         */
        void add(ByteString key, ByteString end) {
            ByteString to = end.isEmpty() ? key.concat(ZERO) : end;
            if (KeyRange.ORDER.compare(key, to) >= 0) {
                return;
            }
            ByteString from = key;
            Map.Entry<ByteString, ByteString> before = endByStart.floorEntry(to);
            while (before != null && KeyRange.ORDER.compare(before.getValue(), from) >= 0) {
                endByStart.remove(before.getKey());
                from = min(from, before.getKey());
                to = max(to, before.getValue());
                before = endByStart.floorEntry(to);
            }
            endByStart.put(from, to);
        }

        void addAll(Ranges others) {
            others.endByStart.forEach(this::add);
        }

        boolean contains(ByteString key) {
            Map.Entry<ByteString, ByteString> before = endByStart.floorEntry(key);
            return before != null && KeyRange.ORDER.compare(key, before.getValue()) < 0;
        }

        private static ByteString min(ByteString a, ByteString b) {
            return KeyRange.ORDER.compare(a, b) <= 0 ? a : b;
        }

        private static ByteString max(ByteString a, ByteString b) {
            return KeyRange.ORDER.compare(a, b) >= 0 ? a : b;
        }
    }
}
