package dev.keelraft.example.kv;

import dev.keelraft.example.kv.wire.ErrorStatus;

/**
 * What a client is told when its request cannot be served: a status code of gRPC and a text.
 *
 * <p>Clients look at the text: they decide by it whether to try again, and whether to try another member. So codes and
 * texts are etcd's, letter by letter ({@code api/v3rpc/rpctypes/error.go} of etcd 3.6.16). The one cause that etcd does
 * not have, {@link #RESPONSE_TOO_LARGE}, does not pretend to be etcd's.
 */
public enum EtcdError {
    /** A key is empty. */
    EMPTY_KEY(Code.INVALID_ARGUMENT, "etcdserver: key is not provided"),
    /** A put is to keep a value or a lease that is not there; or an operation of a transaction is empty, as in etcd. */
    KEY_NOT_FOUND(Code.INVALID_ARGUMENT, "etcdserver: key not found"),
    /** A put brings a value and is to keep the old one. */
    VALUE_PROVIDED(Code.INVALID_ARGUMENT, "etcdserver: value is provided"),
    /** A put brings a lease and is to keep the old one. */
    LEASE_PROVIDED(Code.INVALID_ARGUMENT, "etcdserver: lease is provided"),
    /** A transaction has more than {@link RequestValidator#MAX_OPERATIONS} operations or comparisons. */
    TOO_MANY_OPERATIONS(Code.INVALID_ARGUMENT, "etcdserver: too many operations in txn request"),
    /** A transaction writes a key twice. */
    DUPLICATE_KEY(Code.INVALID_ARGUMENT, "etcdserver: duplicate key given in txn request"),
    /** A range is to be sorted in an order, or by a field, that does not exist. */
    INVALID_SORT_OPTION(Code.INVALID_ARGUMENT, "etcdserver: invalid sort option"),
    /** A write is larger than {@link RequestValidator#MAX_REQUEST_BYTES}. */
    REQUEST_TOO_LARGE(Code.INVALID_ARGUMENT, "etcdserver: request is too large"),
    /** There is no such lease. */
    LEASE_NOT_FOUND(Code.NOT_FOUND, "etcdserver: requested lease not found"),
    /** The member has more to do than it may queue. The request has not been and will not be executed. */
    TOO_MANY_REQUESTS(Code.RESOURCE_EXHAUSTED, "etcdserver: too many requests"),
    /** There is no room to store a write. It has not been and will not be executed. */
    NO_SPACE(Code.RESOURCE_EXHAUSTED, "etcdserver: mvcc: database space exceeded"),
    /** The response would be larger than a message may be; nothing was changed. */
    RESPONSE_TOO_LARGE(Code.RESOURCE_EXHAUSTED, "keel: response is too large, ask for less or with a limit"),
    /** The revision that is asked for is not kept any more. */
    COMPACTED(Code.OUT_OF_RANGE, "etcdserver: mvcc: required revision has been compacted"),
    /** The revision that is asked for is yet to come. */
    FUTURE_REVISION(Code.OUT_OF_RANGE, "etcdserver: mvcc: required revision is a future revision"),
    /** Nobody leads, or nobody is known to. The request has not been and will not be executed. */
    NO_LEADER(Code.UNAVAILABLE, "etcdserver: no leader"),
    /** The leader changes, or has changed while a read waited for it. The request has not been and will not be executed. */
    LEADER_CHANGED(Code.UNAVAILABLE, "etcdserver: leader changed"),
    /** The member goes down. A write that was sent may still be executed. */
    STOPPED(Code.UNAVAILABLE, "etcdserver: server stopped"),
    /** The time for the request is over. A write may have been, or may still be, executed. */
    TIMEOUT(Code.UNAVAILABLE, "etcdserver: request timed out"),
    /** The leader that had a write is gone, and no other has come. The write may have been, or may still be, executed. */
    LEADER_FAILED(Code.UNAVAILABLE, "etcdserver: request timed out, possibly due to previous leader failure"),
    /**
     * This member cannot apply what the answer depends on, for its disk does not get on. A write may have been, or may still be,
     * executed.
     */
    APPLY_STALLED(Code.UNAVAILABLE, "etcdserver: request timed out, waiting for the applied index took too long");

    /** The status codes of gRPC that occur; they are numbers here because the state machine does not know gRPC. */
    private static final class Code {
        static final int INVALID_ARGUMENT = 3;
        static final int NOT_FOUND = 5;
        static final int RESOURCE_EXHAUSTED = 8;
        static final int OUT_OF_RANGE = 11;
        static final int UNAVAILABLE = 14;
    }

    private final int code;
    private final String text;

    EtcdError(int code, String text) {
        this.code = code;
        this.text = text;
    }

    /** The number of the status code of gRPC. */
    public int code() {
        return code;
    }

    /** The description that goes with it. */
    public String text() {
        return text;
    }

    /** The form in which a result keeps it: complete, so that it outlives a change of this enum. */
    ErrorStatus toWire() {
        return ErrorStatus.newBuilder().setCode(code).setText(text).build();
    }
}
