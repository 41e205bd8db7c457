package dev.keelraft.example.kv;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import dev.keelraft.example.etcd.wire.Compare;
import dev.keelraft.example.etcd.wire.DeleteRangeRequest;
import dev.keelraft.example.etcd.wire.PutRequest;
import dev.keelraft.example.etcd.wire.RangeRequest;
import dev.keelraft.example.etcd.wire.RequestOp;
import dev.keelraft.example.etcd.wire.TxnRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Requests on the edges of what is allowed, with what is said of them. An etcd was asked the same (see {@link
 * EtcdRecordingTest}).
 */
final class CraftedRequests {
    private CraftedRequests() {}

    /**
     * A request and what is wrong with it.
     *
     * @param name says why it is in the list
     * @param error what {@link RequestValidator} says, or nothing if it lets it through
     */
    record Case(String name, Message request, Optional<EtcdError> error) {}

    static List<Case> all() {
        List<Case> cases = new ArrayList<>();
        addSingle(cases);
        addCounted(cases);
        addOverlapping(cases);
        return cases;
    }

    private static void right(List<Case> cases, String name, Message request) {
        cases.add(new Case(name, request, Optional.empty()));
    }

    private static void wrong(List<Case> cases, String name, EtcdError error, Message request) {
        cases.add(new Case(name, request, Optional.of(error)));
    }

    private static void addSingle(List<Case> cases) {
        wrong(cases, "a range without key", EtcdError.EMPTY_KEY, Requests.get(""));
        wrong(cases, "a put without key", EtcdError.EMPTY_KEY, Requests.put("", "x"));
        wrong(cases, "a deletion without key", EtcdError.EMPTY_KEY, Requests.delete(""));
        wrong(cases, "a deletion of all but for its key", EtcdError.EMPTY_KEY, Requests.delete("", Requests.ON));
        wrong(
                cases,
                "an order that does not exist",
                EtcdError.INVALID_SORT_OPTION,
                Requests.range("a", "b").setSortOrderValue(3).build());
        wrong(
                cases,
                "a target that does not exist",
                EtcdError.INVALID_SORT_OPTION,
                Requests.range("a", "b").setSortTargetValue(5).build());
        wrong(
                cases,
                "no key comes before a wrong order",
                EtcdError.EMPTY_KEY,
                RangeRequest.newBuilder().setSortOrderValue(3).build());
        PutRequest put = Requests.put("a", "x");
        wrong(
                cases,
                "a value, and the old one",
                EtcdError.VALUE_PROVIDED,
                put.toBuilder().setIgnoreValue(true).build());
        wrong(
                cases,
                "a lease, and the old one",
                EtcdError.LEASE_PROVIDED,
                put.toBuilder().setIgnoreLease(true).setLease(1).build());
        wrong(
                cases,
                "both",
                EtcdError.VALUE_PROVIDED,
                put.toBuilder()
                        .setIgnoreValue(true)
                        .setIgnoreLease(true)
                        .setLease(1)
                        .build());
        PutRequest keep = Requests.put("a", "").toBuilder().setIgnoreValue(true).build();
        right(cases, "a value to be kept that is not there", keep);
        right(
                cases,
                "a lease that is not there, for a value that is not there",
                keep.toBuilder().setLease(1).build());
        right(
                cases,
                "the same in a transaction",
                Requests.txn(Requests.op(keep.toBuilder().setLease(1).build())));
        right(cases, "a put", put);
        right(cases, "a value to be kept", keep);
        right(cases, "a lease to be kept", put.toBuilder().setIgnoreLease(true).build());
        right(
                cases,
                "a range that ends before it begins",
                Requests.range("b", "a").build());
        right(cases, "a deletion that ends where it begins", Requests.delete("a", "a"));
        right(cases, "all keys", Requests.range("\0", Requests.ON).build());
    }

    private static void addCounted(List<Case> cases) {
        int max = RequestValidator.MAX_OPERATIONS;
        right(cases, "as many puts as may be", Requests.txn(puts(max)));
        wrong(cases, "a put too many", EtcdError.TOO_MANY_OPERATIONS, Requests.txn(puts(max + 1)));
        right(
                cases,
                "both branches full, and as many comparisons",
                TxnRequest.newBuilder()
                        .addAllCompare(compares(max))
                        .addAllSuccess(List.of(puts(max)))
                        .addAllFailure(List.of(puts(max)))
                        .build());
        wrong(
                cases,
                "a comparison too many",
                EtcdError.TOO_MANY_OPERATIONS,
                TxnRequest.newBuilder().addAllCompare(compares(max + 1)).build());
        wrong(
                cases,
                "a put too many in the branch that is not taken",
                EtcdError.TOO_MANY_OPERATIONS,
                TxnRequest.newBuilder().addAllFailure(List.of(puts(max + 1))).build());
        right(cases, "two full nested transactions", Requests.txn(nested(max - 2), nested(max - 2)));
        wrong(
                cases,
                "a nested put too many",
                EtcdError.TOO_MANY_OPERATIONS,
                Requests.txn(nested(max - 2), nested(max - 1)));
        wrong(
                cases,
                "a nested put too many in the branch that is not taken",
                EtcdError.TOO_MANY_OPERATIONS,
                TxnRequest.newBuilder()
                        .addFailure(nested(1))
                        .addFailure(nested(max - 1))
                        .build());
        right(cases, "as deep as may be", deep(max, Requests.op(Requests.put("deep", "x"))));
        right(cases, "a last one that is empty", deep(max, Requests.op(TxnRequest.getDefaultInstance())));
        wrong(
                cases,
                "one too deep",
                EtcdError.TOO_MANY_OPERATIONS,
                deep(max + 1, Requests.op(Requests.put("deep", "x"))));
        wrong(
                cases,
                "an operation that does nothing",
                EtcdError.KEY_NOT_FOUND,
                Requests.txn(RequestOp.getDefaultInstance()));
        wrong(
                cases,
                "a comparison without key",
                EtcdError.EMPTY_KEY,
                TxnRequest.newBuilder().addCompare(Compare.getDefaultInstance()).build());
        wrong(
                cases,
                "a nested put without key",
                EtcdError.EMPTY_KEY,
                Requests.txn(Requests.op(Requests.txn(Requests.op(Requests.put("", ""))))));
        wrong(
                cases,
                "too many comes before no key",
                EtcdError.TOO_MANY_OPERATIONS,
                TxnRequest.newBuilder()
                        .addCompare(Compare.getDefaultInstance())
                        .addAllSuccess(List.of(puts(max + 1)))
                        .build());
        right(cases, "nothing at all", TxnRequest.getDefaultInstance());
    }

    private static void addOverlapping(List<Case> cases) {
        RequestOp a = Requests.op(Requests.put("a", "x"));
        RequestOp b = Requests.op(Requests.put("b", "x"));
        RequestOp c = Requests.op(Requests.put("c", "x"));
        RequestOp deleteA = Requests.op(Requests.delete("a"));
        right(cases, "two keys", Requests.txn(a, b));
        twice(cases, "one key twice", Requests.txn(a, a));
        twice(cases, "a put and a deletion", Requests.txn(a, deleteA));
        twice(cases, "a deletion and a put", Requests.txn(deleteA, a));
        right(cases, "two deletions", Requests.txn(deleteA, deleteA));
        twice(
                cases,
                "in the branch that is not taken",
                TxnRequest.newBuilder().addFailure(a).addFailure(a).build());
        right(
                cases,
                "one in each branch",
                TxnRequest.newBuilder().addSuccess(a).addFailure(a).build());

        right(cases, "a put before a deleted range", Requests.txn(a, delete("a\0", "b")));
        twice(cases, "a put at the beginning of a deleted range", Requests.txn(a, delete("a", "b")));
        twice(cases, "a put inside of a deleted range", Requests.txn(b, delete("a", "c")));
        right(cases, "a put at the end of a deleted range", Requests.txn(b, delete("a", "b")));
        twice(cases, "a put in the second of two ranges", Requests.txn(delete("a", "b"), delete("b", "c"), b));
        twice(cases, "a put in a range around another", Requests.txn(delete("a", "z"), delete("b", "c"), op("d")));
        twice(cases, "a put in a range that is first", Requests.txn(delete("b", "d"), delete("a", "c"), op("a")));
        twice(
                cases,
                "a put in one that was joined",
                Requests.txn(delete("a", "b"), delete("c", "d"), delete("a", "e"), op("d")));
        right(cases, "a put between two ranges", Requests.txn(delete("a", "b"), delete("c", "d"), b));
        right(cases, "a deleted range that ends before it begins", Requests.txn(delete("c", "a"), c, b, a));
        right(cases, "a deletion from here on is taken for empty", Requests.txn(a, c, delete("b", Requests.ON)));
        right(cases, "so is that of all", Requests.txn(delete("\0", Requests.ON), a, c));
        right(cases, "and it is executed in its place", Requests.txn(b, delete("\0", Requests.ON), a));
        right(cases, "so that this is left", Requests.range("\0", Requests.ON).build());

        twice(cases, "a nested put of the same key", Requests.txn(a, txn(a)));
        right(cases, "a nested put of another key", Requests.txn(a, txn(b)));
        twice(cases, "two nested puts", Requests.txn(txn(a), txn(a)));
        right(cases, "one in each nested branch", Requests.txn(either(a, a)));
        twice(cases, "one in each nested branch, and one beside", Requests.txn(either(a, a), a));
        twice(cases, "one in the other nested branch, and one beside", Requests.txn(either(b, a), a));
        twice(cases, "one in the other branch of two nested ones", Requests.txn(either(b, a), either(c, a)));
        twice(cases, "a nested put of what is deleted", Requests.txn(txn(a), deleteA));
        twice(cases, "a put in the other nested branch of what is deleted", Requests.txn(either(b, a), deleteA));
        twice(cases, "a nested deletion of what is put", Requests.txn(a, txn(deleteA)));
        twice(cases, "a nested deletion before a nested put", Requests.txn(txn(deleteA), txn(a)));
        right(cases, "a nested deletion behind a nested put", Requests.txn(txn(a), txn(deleteA)));
        twice(cases, "a deletion nested twice", Requests.txn(txn(txn(deleteA)), a));
        right(cases, "a deletion in one nested branch, a put in the other", Requests.txn(either(a, deleteA)));
        right(cases, "what is left", Requests.range("\0", Requests.ON).build());
    }

    private static void twice(List<Case> cases, String name, TxnRequest request) {
        wrong(cases, name, EtcdError.DUPLICATE_KEY, request);
    }

    private static RequestOp[] puts(int count) {
        RequestOp[] puts = new RequestOp[count];
        for (int i = 0; i < count; i++) {
            puts[i] = op("key" + i);
        }
        return puts;
    }

    private static List<Compare> compares(int count) {
        List<Compare> compares = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            compares.add(Compare.newBuilder().setKey(Requests.bytes("key" + i)).build());
        }
        return compares;
    }

    /** A transaction whose successful branch is full, of ranges. */
    private static RequestOp nested(int ranges) {
        TxnRequest.Builder txn = TxnRequest.newBuilder();
        for (int i = 0; i < ranges; i++) {
            txn.addSuccess(Requests.op(Requests.get("a")));
        }
        return Requests.op(txn.build());
    }

    /** So many transactions in each other, and the operation in the last of them. */
    static TxnRequest deep(int depth, RequestOp last) {
        TxnRequest txn = Requests.txn(last);
        for (int i = 1; i < depth; i++) {
            txn = Requests.txn(Requests.op(txn));
        }
        return txn;
    }

    private static RequestOp op(String key) {
        return Requests.op(PutRequest.newBuilder()
                .setKey(Requests.bytes(key))
                .setValue(ByteString.EMPTY)
                .build());
    }

    private static RequestOp delete(String key, String end) {
        DeleteRangeRequest deletion = Requests.delete(key, end);
        return Requests.op(deletion);
    }

    private static RequestOp txn(RequestOp... operations) {
        return Requests.op(Requests.txn(operations));
    }

    private static RequestOp either(RequestOp success, RequestOp failure) {
        return Requests.op(
                TxnRequest.newBuilder().addSuccess(success).addFailure(failure).build());
    }
}
