package dev.keelraft.example.kv;

import com.google.protobuf.ByteString;
import dev.keelraft.example.etcd.wire.DeleteRangeRequest;
import dev.keelraft.example.etcd.wire.KeyValue;
import dev.keelraft.example.etcd.wire.PutRequest;
import dev.keelraft.example.etcd.wire.RangeRequest;
import dev.keelraft.example.etcd.wire.RequestOp;
import dev.keelraft.example.etcd.wire.TxnRequest;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.List;

/** Requests in few words. A character of a text is a byte. */
final class Requests {
    /** The end of a range that has all keys from the first one on. */
    static final String ON = "\0";

    private Requests() {}

    static ByteString bytes(String text) {
        return ByteString.copyFrom(text, StandardCharsets.ISO_8859_1);
    }

    static String text(ByteString bytes) {
        return bytes.toString(StandardCharsets.ISO_8859_1);
    }

    static PutRequest put(String key, String value) {
        return PutRequest.newBuilder().setKey(bytes(key)).setValue(bytes(value)).build();
    }

    static RangeRequest get(String key) {
        return range(key, "").build();
    }

    static RangeRequest.Builder range(String key, String end) {
        return RangeRequest.newBuilder().setKey(bytes(key)).setRangeEnd(bytes(end));
    }

    static DeleteRangeRequest delete(String key) {
        return delete(key, "");
    }

    static DeleteRangeRequest delete(String key, String end) {
        return DeleteRangeRequest.newBuilder()
                .setKey(bytes(key))
                .setRangeEnd(bytes(end))
                .build();
    }

    static RequestOp op(PutRequest put) {
        return RequestOp.newBuilder().setRequestPut(put).build();
    }

    static RequestOp op(RangeRequest range) {
        return RequestOp.newBuilder().setRequestRange(range).build();
    }

    static RequestOp op(DeleteRangeRequest deletion) {
        return RequestOp.newBuilder().setRequestDeleteRange(deletion).build();
    }

    static RequestOp op(TxnRequest txn) {
        return RequestOp.newBuilder().setRequestTxn(txn).build();
    }

    /** A transaction that does this, whatever the store is like. */
    static TxnRequest txn(RequestOp... operations) {
        return TxnRequest.newBuilder().addAllSuccess(List.of(operations)).build();
    }

    static List<String> keys(Collection<KeyValue> pairs) {
        return pairs.stream().map(pair -> text(pair.getKey())).toList();
    }
}
