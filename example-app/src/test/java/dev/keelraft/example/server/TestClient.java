package dev.keelraft.example.server;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import dev.keelraft.example.etcd.wire.Compare;
import dev.keelraft.example.etcd.wire.MemberListRequest;
import dev.keelraft.example.etcd.wire.MemberListResponse;
import dev.keelraft.example.etcd.wire.PutRequest;
import dev.keelraft.example.etcd.wire.PutResponse;
import dev.keelraft.example.etcd.wire.RangeRequest;
import dev.keelraft.example.etcd.wire.RangeResponse;
import dev.keelraft.example.etcd.wire.RequestOp;
import dev.keelraft.example.etcd.wire.TxnRequest;
import dev.keelraft.example.etcd.wire.TxnResponse;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.stub.ClientCalls;
import java.net.URI;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** The least of a client of one member: every call fails or succeeds once, and nothing is tried again behind the test's back. */
final class TestClient implements AutoCloseable {
    private final ManagedChannel channel;
    private Duration timeout = Duration.ofSeconds(20);

    TestClient(URI url) {
        channel = NettyChannelBuilder.forAddress(url.getHost(), url.getPort())
                .usePlaintext()
                .disableRetry()
                .maxInboundMessageSize(Integer.MAX_VALUE)
                .build();
    }

    TestClient withTimeout(Duration shorter) {
        timeout = shorter;
        return this;
    }

    PutResponse put(String key, String value) {
        return put(key, ByteString.copyFromUtf8(value));
    }

    PutResponse put(String key, ByteString value) {
        PutRequest request = PutRequest.newBuilder()
                .setKey(ByteString.copyFromUtf8(key))
                .setValue(value)
                .build();
        return call("etcdserverpb.KV/Put", request, PutResponse.getDefaultInstance());
    }

    /** Puts unless the key is there. */
    TxnResponse putNew(String key, String value) {
        ByteString bytes = ByteString.copyFromUtf8(key);
        TxnRequest request = TxnRequest.newBuilder()
                .addCompare(Compare.newBuilder()
                        .setTarget(Compare.CompareTarget.CREATE)
                        .setResult(Compare.CompareResult.EQUAL)
                        .setKey(bytes)
                        .setCreateRevision(0))
                .addSuccess(RequestOp.newBuilder()
                        .setRequestPut(PutRequest.newBuilder().setKey(bytes).setValue(ByteString.copyFromUtf8(value))))
                .build();
        return call("etcdserverpb.KV/Txn", request, TxnResponse.getDefaultInstance());
    }

    RangeResponse get(String key) {
        return range(
                RangeRequest.newBuilder().setKey(ByteString.copyFromUtf8(key)).build());
    }

    /** All keys that begin so. */
    RangeResponse prefix(String prefix) {
        return range(RangeRequest.newBuilder()
                .setKey(ByteString.copyFromUtf8(prefix.isEmpty() ? "\0" : prefix))
                .setRangeEnd(ByteString.copyFromUtf8(prefix.isEmpty() ? "\0" : prefix + "\u007f"))
                .build());
    }

    RangeResponse range(RangeRequest request) {
        return call("etcdserverpb.KV/Range", request, RangeResponse.getDefaultInstance());
    }

    MemberListResponse members() {
        return call(
                "etcdserverpb.Cluster/MemberList",
                MemberListRequest.getDefaultInstance(),
                MemberListResponse.getDefaultInstance());
    }

    private <Q extends Message, R extends Message> R call(String method, Q request, R response) {
        @SuppressWarnings("unchecked") // getDefaultInstanceForType returns the message's own type
        MethodDescriptor<Q, R> descriptor = MethodDescriptor.<Q, R>newBuilder()
                .setType(MethodType.UNARY)
                .setFullMethodName(method)
                .setRequestMarshaller(ProtoUtils.marshaller((Q) request.getDefaultInstanceForType()))
                .setResponseMarshaller(ProtoUtils.marshaller(response))
                .build();
        CallOptions options = CallOptions.DEFAULT.withDeadlineAfter(timeout.toNanos(), TimeUnit.NANOSECONDS);
        return ClientCalls.blockingUnaryCall(channel, descriptor, options, request);
    }

    @Override
    public void close() {
        channel.shutdownNow();
        try {
            channel.awaitTermination(5, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
