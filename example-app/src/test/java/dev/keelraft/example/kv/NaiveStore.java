package dev.keelraft.example.kv;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import dev.keelraft.example.etcd.wire.Compare;
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
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The slow, obvious twin of the store: a mutable map that is copied before each request and searched from end to end
 * for each key. It does not check requests.
 */
final class NaiveStore {
    private TreeMap<String, KeyValue> keys = new TreeMap<>();
    private long revision = 1;

    /** As they were before the request. */
    private TreeMap<String, KeyValue> oldKeys = keys;

    private boolean written;

    /** Thrown where a client is told of an error. */
    private static final class Failure extends RuntimeException {
        private static final long serialVersionUID = 1;
        private final EtcdError error;

        Failure(EtcdError error) {
            super(error.text());
            this.error = error;
        }
    }

    long revision() {
        return revision;
    }

    Map<String, KeyValue> keys() {
        return new HashMap<>(keys);
    }

    /** A response, or the line that tells of an error. */
    Object ask(Message request) {
        oldKeys = new TreeMap<>(keys);
        written = false;
        Object answer;
        try {
            answer = execute(request);
        } catch (Failure e) {
            keys = oldKeys;
            return TestMember.error(e.error.code(), e.error.text());
        }
        if (written) {
            revision++;
        }
        return answer;
    }

    private Message execute(Message request) {
        if (request instanceof RangeRequest range) {
            long asked = range.getRevision();
            if (asked > 0 && asked != revision) {
                throw new Failure(asked > revision ? EtcdError.FUTURE_REVISION : EtcdError.COMPACTED);
            }
            return range(range, keys);
        }
        if (request instanceof PutRequest put) {
            if (put.getLease() != 0) {
                throw new Failure(EtcdError.LEASE_NOT_FOUND);
            }
            return put(put);
        }
        if (request instanceof DeleteRangeRequest deletion) {
            return delete(deletion);
        }
        TxnRequest txn = (TxnRequest) request;
        checkAll(txn);
        TxnResponse.Builder response = executeAll(txn);
        return response.setHeader(header()).build();
    }

    private ResponseHeader header() {
        return ResponseHeader.newBuilder()
                .setRevision(written ? revision + 1 : revision)
                .build();
    }

    static boolean isInRange(ByteString key, ByteString from, ByteString end) {
        String text = Requests.text(key);
        String first = Requests.text(from);
        if (end.isEmpty()) {
            return text.equals(first);
        }
        return text.compareTo(first) >= 0
                && (Requests.text(end).equals(Requests.ON) || text.compareTo(Requests.text(end)) < 0);
    }

    private static List<KeyValue> find(Map<String, KeyValue> keys, ByteString from, ByteString end) {
        List<KeyValue> found = new ArrayList<>();
        for (KeyValue pair : keys.values()) {
            if (isInRange(pair.getKey(), from, end)) {
                found.add(pair);
            }
        }
        return found;
    }

    private RangeResponse range(RangeRequest request, Map<String, KeyValue> seen) {
        List<KeyValue> all = find(seen, request.getKey(), request.getRangeEnd());
        RangeResponse.Builder response =
                RangeResponse.newBuilder().setHeader(header()).setCount(all.size());
        if (request.getCountOnly()) {
            return response.build();
        }
        List<KeyValue> pairs = new ArrayList<>(all);
        long limit = request.getLimit() > 0 ? request.getLimit() : Long.MAX_VALUE;
        boolean bounded = request.getMinModRevision() != 0
                || request.getMaxModRevision() != 0
                || request.getMinCreateRevision() != 0
                || request.getMaxCreateRevision() != 0;
        if (request.getSortOrder() == RangeRequest.SortOrder.NONE && !bounded) {
            while (pairs.size() > limit && pairs.size() > limit + 1) {
                pairs.remove(pairs.size() - 1);
            }
        }
        if (request.getMinModRevision() != 0) {
            pairs.removeIf(pair -> pair.getModRevision() < request.getMinModRevision());
        }
        if (request.getMaxModRevision() != 0) {
            pairs.removeIf(pair -> pair.getModRevision() > request.getMaxModRevision());
        }
        if (request.getMinCreateRevision() != 0) {
            pairs.removeIf(pair -> pair.getCreateRevision() < request.getMinCreateRevision());
        }
        if (request.getMaxCreateRevision() != 0) {
            pairs.removeIf(pair -> pair.getCreateRevision() > request.getMaxCreateRevision());
        }
        Comparator<KeyValue> order = order(request.getSortTarget());
        pairs.sort(request.getSortOrder() == RangeRequest.SortOrder.DESCEND ? order.reversed() : order);
        response.setMore(pairs.size() > limit);
        while (pairs.size() > limit) {
            pairs.remove(pairs.size() - 1);
        }
        for (KeyValue pair : pairs) {
            response.addKvs(
                    request.getKeysOnly()
                            ? pair.toBuilder().setValue(ByteString.EMPTY).build()
                            : pair);
        }
        return response.build();
    }

    private static Comparator<KeyValue> order(RangeRequest.SortTarget target) {
        if (target == RangeRequest.SortTarget.KEY) {
            return Comparator.comparing(pair -> Requests.text(pair.getKey()));
        }
        if (target == RangeRequest.SortTarget.VALUE) {
            return Comparator.comparing(pair -> Requests.text(pair.getValue()));
        }
        if (target == RangeRequest.SortTarget.VERSION) {
            return Comparator.comparing(KeyValue::getVersion);
        }
        return Comparator.comparing(
                target == RangeRequest.SortTarget.CREATE ? KeyValue::getCreateRevision : KeyValue::getModRevision);
    }

    private PutResponse put(PutRequest request) {
        KeyValue old = keys.get(Requests.text(request.getKey()));
        if (old == null && (request.getIgnoreValue() || request.getIgnoreLease())) {
            throw new Failure(EtcdError.KEY_NOT_FOUND);
        }
        written = true;
        PutResponse.Builder response = PutResponse.newBuilder().setHeader(header());
        if (old != null && request.getPrevKv()) {
            response.setPrevKv(old);
        }
        keys.put(
                Requests.text(request.getKey()),
                KeyValue.newBuilder()
                        .setKey(request.getKey())
                        .setValue(old != null && request.getIgnoreValue() ? old.getValue() : request.getValue())
                        .setVersion(old == null ? 1 : old.getVersion() + 1)
                        .setCreateRevision(old == null ? revision + 1 : old.getCreateRevision())
                        .setModRevision(revision + 1)
                        .build());
        return response.build();
    }

    private DeleteRangeResponse delete(DeleteRangeRequest request) {
        List<KeyValue> found = find(keys, request.getKey(), request.getRangeEnd());
        for (KeyValue pair : found) {
            written = true;
            keys.remove(Requests.text(pair.getKey()));
        }
        return DeleteRangeResponse.newBuilder()
                .setHeader(header())
                .setDeleted(found.size())
                .addAllPrevKvs(request.getPrevKv() ? found : List.of())
                .build();
    }

    /** Every transaction, nested or not, compares with the keys as they were before. */
    private boolean succeeds(TxnRequest txn) {
        return txn.getCompareList().stream().allMatch(this::holds);
    }

    private List<RequestOp> taken(TxnRequest txn) {
        return succeeds(txn) ? txn.getSuccessList() : txn.getFailureList();
    }

    private boolean holds(Compare compare) {
        List<KeyValue> found = find(oldKeys, compare.getKey(), compare.getRangeEnd());
        if (found.isEmpty()) {
            if (compare.getTarget() == Compare.CompareTarget.VALUE) {
                return false;
            }
            found.add(KeyValue.getDefaultInstance());
        }
        return found.stream().allMatch(pair -> holds(compare, pair));
    }

    private static boolean holds(Compare compare, KeyValue pair) {
        int sign = 0;
        if (compare.getTarget() == Compare.CompareTarget.VALUE) {
            sign = Requests.text(pair.getValue()).compareTo(Requests.text(compare.getValue()));
        } else if (compare.getTarget() == Compare.CompareTarget.VERSION) {
            sign = Long.signum(pair.getVersion() - compare.getVersion());
        } else if (compare.getTarget() == Compare.CompareTarget.CREATE) {
            sign = Long.signum(pair.getCreateRevision() - compare.getCreateRevision());
        } else if (compare.getTarget() == Compare.CompareTarget.MOD) {
            sign = Long.signum(pair.getModRevision() - compare.getModRevision());
        } else if (compare.getTarget() == Compare.CompareTarget.LEASE) {
            sign = Long.signum(-compare.getLease());
        }
        return switch (compare.getResult()) {
            case EQUAL -> sign == 0;
            case NOT_EQUAL -> sign != 0;
            case LESS -> sign < 0;
            case GREATER -> sign > 0;
            case UNRECOGNIZED -> true;
        };
    }

    private void checkAll(TxnRequest txn) {
        for (RequestOp operation : taken(txn)) {
            if (operation.hasRequestTxn()) {
                checkAll(operation.getRequestTxn());
            }
            if (operation.hasRequestRange()) {
                long asked = operation.getRequestRange().getRevision();
                if (asked != 0 && asked != revision) {
                    throw new Failure(asked > revision ? EtcdError.FUTURE_REVISION : EtcdError.COMPACTED);
                }
            }
            if (operation.hasRequestPut()) {
                PutRequest put = operation.getRequestPut();
                if ((put.getIgnoreValue() || put.getIgnoreLease()) && !keys.containsKey(Requests.text(put.getKey()))) {
                    throw new Failure(EtcdError.KEY_NOT_FOUND);
                }
                if (put.getLease() != 0) {
                    throw new Failure(EtcdError.LEASE_NOT_FOUND);
                }
            }
        }
    }

    private TxnResponse.Builder executeAll(TxnRequest txn) {
        TxnResponse.Builder response = TxnResponse.newBuilder().setSucceeded(succeeds(txn));
        for (RequestOp operation : taken(txn)) {
            ResponseOp.Builder part = response.addResponsesBuilder();
            if (operation.hasRequestTxn()) {
                part.setResponseTxn(
                        executeAll(operation.getRequestTxn()).setHeader(ResponseHeader.getDefaultInstance()));
            } else if (operation.hasRequestPut()) {
                part.setResponsePut(put(operation.getRequestPut()));
            } else if (operation.hasRequestDeleteRange()) {
                part.setResponseDeleteRange(delete(operation.getRequestDeleteRange()));
            } else {
                RangeRequest range = operation.getRequestRange();
                part.setResponseRange(range(range, range.getRevision() == 0 ? keys : oldKeys));
            }
        }
        return response;
    }
}
