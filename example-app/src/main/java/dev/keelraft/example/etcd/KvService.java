package dev.keelraft.example.etcd;

import dev.keelraft.example.etcd.wire.DeleteRangeRequest;
import dev.keelraft.example.etcd.wire.DeleteRangeResponse;
import dev.keelraft.example.etcd.wire.PutRequest;
import dev.keelraft.example.etcd.wire.PutResponse;
import dev.keelraft.example.etcd.wire.RangeRequest;
import dev.keelraft.example.etcd.wire.RangeResponse;
import dev.keelraft.example.etcd.wire.RequestOp;
import dev.keelraft.example.etcd.wire.ResponseHeader;
import dev.keelraft.example.etcd.wire.TxnRequest;
import dev.keelraft.example.etcd.wire.TxnResponse;
import dev.keelraft.example.kv.EtcdError;
import dev.keelraft.example.kv.RefusedException;
import dev.keelraft.example.kv.RequestValidator;
import dev.keelraft.example.kv.wire.Command;
import dev.keelraft.example.kv.wire.Result;
import dev.keelraft.example.kv.wire.Result.OutcomeCase;
import io.grpc.MethodDescriptor;
import io.grpc.ServerServiceDefinition;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;

/** etcdserverpb.KV: reads and writes. */
final class KvService {
    private static final String NAME = "etcdserverpb.KV";

    static final MethodDescriptor<RangeRequest, RangeResponse> RANGE =
            EtcdServices.method(NAME, "Range", RangeRequest.getDefaultInstance(), RangeResponse.getDefaultInstance());
    static final MethodDescriptor<PutRequest, PutResponse> PUT =
            EtcdServices.method(NAME, "Put", PutRequest.getDefaultInstance(), PutResponse.getDefaultInstance());
    static final MethodDescriptor<DeleteRangeRequest, DeleteRangeResponse> DELETE_RANGE = EtcdServices.method(
            NAME, "DeleteRange", DeleteRangeRequest.getDefaultInstance(), DeleteRangeResponse.getDefaultInstance());
    static final MethodDescriptor<TxnRequest, TxnResponse> TXN =
            EtcdServices.method(NAME, "Txn", TxnRequest.getDefaultInstance(), TxnResponse.getDefaultInstance());

    private final EtcdServices services;

    KvService(EtcdServices services) {
        this.services = services;
    }

    ServerServiceDefinition definition() {
        return ServerServiceDefinition.builder(NAME)
                .addMethod(RANGE, EtcdServices.handler(this::range))
                .addMethod(PUT, EtcdServices.handler(this::put))
                .addMethod(DELETE_RANGE, EtcdServices.handler(this::deleteRange))
                .addMethod(TXN, EtcdServices.handler(this::txn))
                .build();
    }

    private CompletableFuture<RangeResponse> range(RangeRequest request) throws RefusedException {
        RequestValidator.check(request);
        return services.then(services.state(request.getSerializable()), state -> {
            RangeResponse response = state.range(request);
            return response.toBuilder().setHeader(full(response.getHeader())).build();
        });
    }

    private CompletableFuture<PutResponse> put(PutRequest request) throws RefusedException {
        RequestValidator.check(request);
        RequestValidator.checkBytes(request);
        return write(Command.newBuilder().setPut(request), OutcomeCase.PUT, result -> {
            PutResponse response = result.getPut();
            return response.toBuilder().setHeader(full(response.getHeader())).build();
        });
    }

    private CompletableFuture<DeleteRangeResponse> deleteRange(DeleteRangeRequest request) throws RefusedException {
        RequestValidator.check(request);
        RequestValidator.checkBytes(request);
        return write(Command.newBuilder().setDeleteRange(request), OutcomeCase.DELETE_RANGE, result -> {
            DeleteRangeResponse response = result.getDeleteRange();
            return response.toBuilder().setHeader(full(response.getHeader())).build();
        });
    }

    private CompletableFuture<TxnResponse> txn(TxnRequest request) throws RefusedException {
        RequestValidator.check(request);
        if (isReadOnly(request)) {
            return services.then(services.state(isSerializable(request)), state -> withHeader(state.read(request)));
        }
        RequestValidator.checkBytes(request);
        return write(Command.newBuilder().setTxn(request), OutcomeCase.TXN, result -> withHeader(result.getTxn()));
    }

    private TxnResponse withHeader(TxnResponse response) {
        return response.toBuilder().setHeader(full(response.getHeader())).build();
    }

    /** The header of a response of the state machine, which knows the revision only, with the rest. */
    private ResponseHeader full(ResponseHeader header) {
        return services.header(header.getRevision());
    }

    /** Neither branch writes. A nested transaction counts as a write, as in etcd. */
    private static boolean isReadOnly(TxnRequest request) {
        return Stream.concat(request.getSuccessList().stream(), request.getFailureList().stream())
                .allMatch(RequestOp::hasRequestRange);
    }

    /**
     * All ranges are content with any state. A transaction that only compares is not: etcd answers such a one from any
     * state too, although nobody asked it to.
     */
    private static boolean isSerializable(TxnRequest request) {
        return request.getSuccessCount() + request.getFailureCount() > 0
                && Stream.concat(request.getSuccessList().stream(), request.getFailureList().stream())
                        .allMatch(operation -> operation.getRequestRange().getSerializable());
    }

    private <R> CompletableFuture<R> write(
            Command.Builder command, OutcomeCase expected, EtcdServices.Evaluation<Result, R> evaluation) {
        CompletableFuture<Result> written = services.backend().write(command, services.deadline());
        return services.then(written, result -> {
            if (result.hasError()) {
                throw EtcdStatus.of(result.getError()).asRuntimeException();
            }
            if (result.getOutcomeCase() != expected) {
                // A refusal that the backend should have kept to itself. Whether the command was executed is not known.
                throw new RefusedException(EtcdError.TIMEOUT);
            }
            return evaluation.evaluate(result);
        });
    }
}
