package dev.keelraft.example.etcd;

import dev.keelraft.example.etcd.wire.PutRequest;
import dev.keelraft.example.etcd.wire.PutResponse;
import dev.keelraft.example.etcd.wire.RangeRequest;
import dev.keelraft.example.etcd.wire.RangeResponse;
import dev.keelraft.example.etcd.wire.StatusRequest;
import dev.keelraft.example.etcd.wire.StatusResponse;
import dev.keelraft.example.etcd.wire.TxnRequest;
import dev.keelraft.example.etcd.wire.TxnResponse;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * A client of exactly one member, for the commands that try a group out: it never turns to another member by itself and
 * never repeats a call, so that the caller knows what became of each. Works with any server of etcd's API.
 *
 * <p>Threads may share it. A call that fails throws, or answers with, a {@link StatusRuntimeException}.
 */
public final class EtcdClient implements AutoCloseable {
    /** Longer than what a server sends for a request of 1.5 MiB or a page of reasonable size. */
    private static final int MAX_INBOUND_MESSAGE_BYTES = 64 * 1024 * 1024;

    private final String endpoint;
    private final ManagedChannel channel;

    /**
     * A client of the member there. It connects with the first call.
     *
     * @param endpoint {@code http://HOST:PORT}, or {@code HOST:PORT}
     * @throws IllegalArgumentException if it is neither
     */
    public EtcdClient(String endpoint) {
        URI uri = parse(endpoint);
        this.endpoint = endpoint;
        channel = NettyChannelBuilder.forAddress(uri.getHost(), uri.getPort())
                .usePlaintext()
                .disableRetry()
                // Answers are handled on the thread of the connection, which is one hop less; the handlers are short.
                .directExecutor()
                .maxInboundMessageSize(MAX_INBOUND_MESSAGE_BYTES)
                .build();
    }

    private static URI parse(String endpoint) {
        String form = "endpoint '" + endpoint + "' is not of the form http://HOST:PORT";
        URI uri;
        try {
            uri = new URI(endpoint.contains("://") ? endpoint : "http://" + endpoint);
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException(form, e);
        }
        String path = uri.getRawPath() == null ? "" : uri.getRawPath();
        if (!"http".equalsIgnoreCase(uri.getScheme())
                || uri.getHost() == null
                || uri.getPort() <= 0
                || uri.getPort() > 65535
                || !(path.isEmpty() || path.equals("/"))
                || uri.getRawQuery() != null
                || uri.getRawFragment() != null
                || uri.getRawUserInfo() != null) {
            throw new IllegalArgumentException(form);
        }
        return uri;
    }

    /** The member, as it was given. */
    public String endpoint() {
        return endpoint;
    }

    /** Connects at once again if the member was away; without this, up to two minutes may pass after a long absence. */
    public void reconnect() {
        channel.resetConnectBackoff();
    }

    /** Reads keys. Blocks, at most as long as {@code timeout}. */
    public RangeResponse range(RangeRequest request, Duration timeout) {
        return ClientCalls.blockingUnaryCall(channel, KvService.RANGE, options(timeout), request);
    }

    /** Executes a transaction. Blocks, at most as long as {@code timeout}. */
    public TxnResponse txn(TxnRequest request, Duration timeout) {
        return ClientCalls.blockingUnaryCall(channel, KvService.TXN, options(timeout), request);
    }

    /** Asks the member how it does. Blocks, at most as long as {@code timeout}. */
    public StatusResponse status(Duration timeout) {
        return ClientCalls.blockingUnaryCall(
                channel, MaintenanceService.STATUS, options(timeout), StatusRequest.getDefaultInstance());
    }

    /**
     * Writes a key, and returns at once.
     *
     * @param observer is told the outcome once, on the thread of the connection, possibly before this returns; it must
     *     not block
     */
    public void put(PutRequest request, Duration timeout, StreamObserver<PutResponse> observer) {
        MethodDescriptor<PutRequest, PutResponse> put = KvService.PUT;
        ClientCalls.asyncUnaryCall(channel.newCall(put, options(timeout)), request, observer);
    }

    private static CallOptions options(Duration timeout) {
        return CallOptions.DEFAULT.withDeadlineAfter(timeout.toNanos(), TimeUnit.NANOSECONDS);
    }

    /** Why a call failed, in one line: the status, and what the connection said if it is to blame. */
    public static String reason(StatusRuntimeException failure) {
        Status status = failure.getStatus();
        StringBuilder reason = new StringBuilder(status.getCode().name());
        if (status.getDescription() != null) {
            reason.append(": ").append(status.getDescription());
        }
        if (status.getCause() != null) {
            reason.append(": ").append(status.getCause().getMessage());
        }
        return reason.toString();
    }

    /** Ends the connection; calls under way fail. */
    @Override
    public void close() {
        channel.shutdownNow();
    }
}
