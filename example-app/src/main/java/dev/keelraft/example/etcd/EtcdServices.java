package dev.keelraft.example.etcd;

import com.google.protobuf.Message;
import dev.keelraft.example.etcd.wire.ResponseHeader;
import dev.keelraft.example.kv.CommandCodec;
import dev.keelraft.example.kv.KeyValueState;
import dev.keelraft.example.kv.RefusedException;
import dev.keelraft.example.kv.RequestValidator;
import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.ServerCallHandler;
import io.grpc.ServerServiceDefinition;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The services that a member offers to clients, and what they have in common. */
public final class EtcdServices {
    /**
     * The longest message that a server should take: what a write may have, and half a MiB more, so that a client whose
     * write is a little too large is told so in etcd's words and not in gRPC's. As in etcd.
     */
    public static final int MAX_INBOUND_MESSAGE_BYTES = RequestValidator.MAX_REQUEST_BYTES + 512 * 1024;

    /** The longest time that a request has by default: etcd's, for its default election time-out of one second. */
    public static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(7);

    private final KeyValueBackend backend;
    private final Executor executor;
    private final Duration timeout;

    private EtcdServices(KeyValueBackend backend, Executor executor, Duration timeout) {
        this.backend = backend;
        this.executor = executor;
        this.timeout = timeout;
    }

    /**
     * The services, to be added to a gRPC server.
     *
     * @param backend what is behind them
     * @param executor evaluates and answers what the backend has completed; the one that the gRPC server has is right
     * @param timeout the longest time that a request has; less if the client says so
     */
    public static List<ServerServiceDefinition> of(KeyValueBackend backend, Executor executor, Duration timeout) {
        EtcdServices services = new EtcdServices(backend, executor, timeout);
        return List.of(
                new KvService(services).definition(),
                new ClusterService(services).definition(),
                new MaintenanceService(services).definition());
    }

    KeyValueBackend backend() {
        return backend;
    }

    /** Until when the call that runs on this thread has time. */
    Deadline deadline() {
        Deadline ours = Deadline.after(timeout.toNanos(), TimeUnit.NANOSECONDS);
        Deadline clients = Context.current().getDeadline();
        return clients == null ? ours : ours.minimum(clients);
    }

    /** The header of a response that was made at that revision. */
    ResponseHeader header(long revision) {
        ServerStatus status = backend.status();
        return ResponseHeader.newBuilder()
                .setClusterId(status.clusterId())
                .setMemberId(status.memberId())
                .setRevision(revision)
                .setRaftTerm(status.term())
                .build();
    }

    /**
     * The state to read from.
     *
     * @param serializable whether any state of this member will do
     */
    CompletableFuture<KeyValueState> state(boolean serializable) {
        return serializable
                ? CompletableFuture.completedFuture(backend.currentState())
                : backend.linearizableState(deadline());
    }

    /** What is left to do with what the backend has completed. */
    interface Evaluation<T, R> {
        R evaluate(T value) throws RefusedException;
    }

    /** Continues on the executor, whichever thread the backend has completed the future on. */
    <T, R> CompletableFuture<R> then(CompletableFuture<T> future, Evaluation<T, R> evaluation) {
        return future.thenComposeAsync(
                value -> {
                    try {
                        return CompletableFuture.completedFuture(evaluation.evaluate(value));
                    } catch (RefusedException e) {
                        return CompletableFuture.failedFuture(e);
                    }
                },
                executor);
    }

    /** A method of a service, by etcd's names. */
    static <Q extends Message, R extends Message> MethodDescriptor<Q, R> method(
            String service, String name, Q request, R response) {
        return MethodDescriptor.<Q, R>newBuilder()
                .setType(MethodType.UNARY)
                .setFullMethodName(MethodDescriptor.generateFullMethodName(service, name))
                .setRequestMarshaller(ProtoUtils.marshallerWithRecursionLimit(request, CommandCodec.RECURSION_LIMIT))
                .setResponseMarshaller(ProtoUtils.marshallerWithRecursionLimit(response, CommandCodec.RECURSION_LIMIT))
                .build();
    }

    /** What a method does with a request. */
    interface Method<Q, R> {
        CompletableFuture<R> serve(Q request) throws RefusedException;
    }

    /** Serves a method: returns at once, and answers when the future completes. */
    static <Q, R> ServerCallHandler<Q, R> handler(Method<Q, R> method) {
        return ServerCalls.asyncUnaryCall((request, observer) -> {
            CompletableFuture<R> response;
            try {
                response = method.serve(request);
            } catch (RefusedException | RuntimeException e) {
                response = CompletableFuture.failedFuture(e);
            }
            // What comes back could only tell that there is nobody to answer any more.
            var unused = response.whenComplete((value, failure) -> answer(observer, value, failure));
        });
    }

    private static <R> void answer(StreamObserver<R> observer, @Nullable R value, @Nullable Throwable failure) {
        if (failure != null) {
            observer.onError(EtcdStatus.of(failure).asRuntimeException());
        } else if (value != null) {
            observer.onNext(value);
            observer.onCompleted();
        }
    }
}
