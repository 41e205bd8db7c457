package dev.keelraft.example.kv;

import com.google.protobuf.ByteString;
import dev.keelraft.example.etcd.wire.DeleteRangeRequest;
import dev.keelraft.example.etcd.wire.DeleteRangeResponse;
import dev.keelraft.example.etcd.wire.KeyValue;
import dev.keelraft.example.etcd.wire.PutRequest;
import dev.keelraft.example.etcd.wire.PutResponse;
import dev.keelraft.example.etcd.wire.RangeRequest;
import dev.keelraft.example.etcd.wire.RangeResponse;
import dev.keelraft.example.etcd.wire.RequestOp;
import dev.keelraft.example.etcd.wire.ResponseHeader;
import dev.keelraft.example.etcd.wire.ResponseOp;
import dev.keelraft.example.etcd.wire.TxnRequest;
import dev.keelraft.example.etcd.wire.TxnResponse;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pcollections.TreePMap;

/**
 * The execution of one request that may write. It starts at a store and ends at the next one; when it throws, there is
 * no next one, and the store that it started at is as it was.
 */
final class Transaction {
    /*
     * All writes of a transaction have one revision, the one behind that of the store; it exists as soon as something
     * was changed.
     *
     * In which order a transaction of several operations is looked at is etcd's, and clients can tell:
     *
     * 1. All comparisons, the nested ones too, see the store as it was before. They settle which branches are taken.
     * 2. What is known to fail is looked for in these branches, against the store as it was before: a revision that is
     *    not kept, a key that is missing, a lease.
     * 3. The operations are executed one after the other, and each sees what those before it did. Only a range that
     *    names the revision from before the transaction still sees that.
     *
     * A put that is to keep a value can still fail in the third step, if a deletion "from here on" beside it took the
     * key (see RequestValidator). etcd ends its process there; here the whole transaction fails, with nothing changed.
     */
    private final KeyValueStore before;
    private final ResponseBudget budget;

    private TreePMap<ByteString, KeyValue> keys;
    private long bytes;
    private boolean changed;

    Transaction(KeyValueStore before, ResponseBudget budget) {
        this.before = before;
        this.budget = budget;
        keys = before.keys();
        bytes = before.bytes();
    }

    /** What the store has become: the same one if nothing was changed. */
    KeyValueStore after() {
        return changed ? new KeyValueStore(keys, revision(), bytes) : before;
    }

    /** Tells whether there is a next revision. */
    boolean hasWritten() {
        return changed;
    }

    private long revision() {
        return changed ? before.revision() + 1 : before.revision();
    }

    private ResponseHeader header() {
        return ResponseHeader.newBuilder().setRevision(revision()).build();
    }

    /** Executes a put that stands alone. */
    PutResponse put(PutRequest request) throws RefusedException {
        checkLease(request);
        return executePut(request);
    }

    /** There are no leases yet, so none that is named can be found. */
    private static void checkLease(PutRequest request) throws RefusedException {
        if (request.getLease() != 0) {
            throw new RefusedException(EtcdError.LEASE_NOT_FOUND);
        }
    }

    private PutResponse executePut(PutRequest request) throws RefusedException {
        KeyValue previous = keys.get(request.getKey());
        if (previous == null && (request.getIgnoreValue() || request.getIgnoreLease())) {
            throw new RefusedException(EtcdError.KEY_NOT_FOUND);
        }
        long revision = before.revision() + 1;
        KeyValue.Builder next = KeyValue.newBuilder()
                .setKey(request.getKey())
                .setCreateRevision(revision)
                .setModRevision(revision)
                .setVersion(1)
                .setValue(request.getValue());
        PutResponse.Builder response = PutResponse.newBuilder();
        if (previous != null) {
            next.setCreateRevision(previous.getCreateRevision()).setVersion(previous.getVersion() + 1);
            if (request.getIgnoreValue()) {
                next.setValue(previous.getValue());
            }
            if (request.getPrevKv()) {
                response.setPrevKv(budget.spend(previous));
            }
        }
        replace(previous, next.build());
        return response.setHeader(header()).build();
    }

    private void replace(@Nullable KeyValue previous, KeyValue next) {
        changed = true;
        keys = keys.plus(next.getKey(), next);
        bytes += KeyValueStore.bytesOf(next) - (previous == null ? 0 : KeyValueStore.bytesOf(previous));
    }

    /** Executes a deletion. One that finds nothing changes nothing. */
    DeleteRangeResponse deleteRange(DeleteRangeRequest request) throws RefusedException {
        DeleteRangeResponse.Builder response = DeleteRangeResponse.newBuilder();
        List<KeyValue> deleted = new ArrayList<>(new KeyRange(request.getKey(), request.getRangeEnd()).of(keys));
        for (KeyValue pair : deleted) {
            changed = true;
            keys = keys.minus(pair.getKey());
            bytes -= KeyValueStore.bytesOf(pair);
            if (request.getPrevKv()) {
                response.addPrevKvs(budget.spend(pair));
            }
        }
        return response.setDeleted(deleted.size()).setHeader(header()).build();
    }

    private RangeResponse range(RangeRequest request) throws RefusedException {
        TreePMap<ByteString, KeyValue> seen = request.getRevision() > 0 ? before.keys() : keys;
        return RangeQuery.answer(request, seen, revision(), budget);
    }

    /** Executes a transaction, nested ones included. */
    TxnResponse txn(TxnRequest request) throws RefusedException {
        Branch branch = branch(request);
        check(branch);
        return execute(branch).setHeader(header()).build();
    }

    /**
     * What is taken of a transaction.
     *
     * @param nested what is taken of the transactions among the operations, in their order
     */
    private record Branch(boolean succeeded, List<RequestOp> operations, List<Branch> nested) {}

    private Branch branch(TxnRequest request) {
        boolean succeeded = Comparison.allHold(request.getCompareList(), keys);
        List<RequestOp> operations = succeeded ? request.getSuccessList() : request.getFailureList();
        List<Branch> nested = new ArrayList<>();
        for (RequestOp operation : operations) {
            if (operation.hasRequestTxn()) {
                nested.add(branch(operation.getRequestTxn()));
            }
        }
        return new Branch(succeeded, operations, nested);
    }

    private void check(Branch branch) throws RefusedException {
        Iterator<Branch> nested = branch.nested.iterator();
        for (RequestOp operation : branch.operations) {
            if (operation.hasRequestTxn()) {
                check(nested.next());
            } else if (operation.hasRequestPut()) {
                checkPut(operation.getRequestPut());
            } else if (operation.hasRequestRange()) {
                checkRevision(operation.getRequestRange().getRevision());
            }
        }
    }

    /** Here the key comes before the lease, unlike in a put that stands alone. */
    private void checkPut(PutRequest request) throws RefusedException {
        if ((request.getIgnoreValue() || request.getIgnoreLease()) && !keys.containsKey(request.getKey())) {
            throw new RefusedException(EtcdError.KEY_NOT_FOUND);
        }
        checkLease(request);
    }

    /** Here a revision below 0 is an old one, unlike in a range that stands alone. */
    private void checkRevision(long revision) throws RefusedException {
        if (revision > before.revision()) {
            throw new RefusedException(EtcdError.FUTURE_REVISION);
        }
        if (revision != 0 && revision < before.revision()) {
            throw new RefusedException(EtcdError.COMPACTED);
        }
    }

    private TxnResponse.Builder execute(Branch branch) throws RefusedException {
        TxnResponse.Builder response = TxnResponse.newBuilder().setSucceeded(branch.succeeded);
        Iterator<Branch> nested = branch.nested.iterator();
        for (RequestOp operation : branch.operations) {
            response.addResponses(execute(operation, nested));
        }
        return response;
    }

    private ResponseOp execute(RequestOp operation, Iterator<Branch> nested) throws RefusedException {
        budget.spendOperation();
        ResponseOp.Builder response = ResponseOp.newBuilder();
        return switch (operation.getRequestCase()) {
            case REQUEST_RANGE ->
                response.setResponseRange(range(operation.getRequestRange())).build();
            case REQUEST_PUT ->
                response.setResponsePut(executePut(operation.getRequestPut())).build();
            case REQUEST_DELETE_RANGE ->
                response.setResponseDeleteRange(deleteRange(operation.getRequestDeleteRange()))
                        .build();
            case REQUEST_TXN ->
                // Of the headers, that of a nested transaction alone is empty, in etcd too.
                response.setResponseTxn(execute(nested.next()).setHeader(ResponseHeader.getDefaultInstance()))
                        .build();
            case REQUEST_NOT_SET -> throw new RefusedException(EtcdError.KEY_NOT_FOUND);
        };
    }
}
