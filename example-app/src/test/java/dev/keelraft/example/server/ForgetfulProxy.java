package dev.keelraft.example.server;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.HandlerRegistry;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerMethodDefinition;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Stands between the peers of a member and that member, and passes on whatever comes. But every second forwarded proposal it
 * passes on twice, and then loses the answer: the member has done what it was asked, two times, and whoever asked is told that
 * it cannot be reached.
 */
final class ForgetfulProxy implements AutoCloseable {
    private final ManagedChannel member;
    private final Server server;
    private final AtomicInteger proposals = new AtomicInteger();
    private final AtomicInteger lost = new AtomicInteger();

    ForgetfulProxy(URI listen, URI target) throws IOException {
        member = NettyChannelBuilder.forAddress(target.getHost(), target.getPort())
                .usePlaintext()
                .disableRetry()
                .directExecutor()
                .maxInboundMessageSize(Integer.MAX_VALUE)
                .build();
        server = NettyServerBuilder.forAddress(new InetSocketAddress(listen.getHost(), listen.getPort()))
                .fallbackHandlerRegistry(new Everything())
                .directExecutor()
                .maxInboundMessageSize(Integer.MAX_VALUE)
                .permitKeepAliveTime(1, TimeUnit.SECONDS)
                .permitKeepAliveWithoutCalls(true)
                .build()
                .start();
    }

    /** How many answers were lost. */
    int lost() {
        return lost.get();
    }

    @Override
    public void close() {
        server.shutdownNow();
        member.shutdownNow();
        Await.that("the end of the proxy", () -> server.isTerminated() && member.isTerminated());
    }

    private final class Everything extends HandlerRegistry {
        @Override
        public ServerMethodDefinition<?, ?> lookupMethod(String name, @Nullable String authority) {
            MethodDescriptor<byte[], byte[]> method = MethodDescriptor.<byte[], byte[]>newBuilder()
                    .setType(MethodType.BIDI_STREAMING)
                    .setFullMethodName(name)
                    .setRequestMarshaller(new Bytes())
                    .setResponseMarshaller(new Bytes())
                    .build();
            return ServerMethodDefinition.create(method, new PassOn(method, name.endsWith("/Propose")));
        }
    }

    private final class PassOn implements ServerCallHandler<byte[], byte[]> {
        private final MethodDescriptor<byte[], byte[]> method;
        private final boolean isProposal;

        PassOn(MethodDescriptor<byte[], byte[]> method, boolean isProposal) {
            this.method = method;
            this.isProposal = isProposal;
        }

        @Override
        public ServerCall.Listener<byte[]> startCall(ServerCall<byte[], byte[]> from, Metadata headers) {
            boolean loses = isProposal && proposals.incrementAndGet() % 2 == 0;
            Metadata copied = new Metadata();
            copied.merge(headers);
            ClientCall<byte[], byte[]> to = call(new Back(from, loses), headers);
            from.request(Integer.MAX_VALUE);
            return new ServerCall.Listener<>() {
                @Override
                public void onMessage(byte[] message) {
                    if (loses) {
                        lost.incrementAndGet();
                        ClientCall<byte[], byte[]> first = call(new ClientCall.Listener<>() {}, copied);
                        first.sendMessage(message);
                        first.halfClose();
                    }
                    to.sendMessage(message);
                }

                @Override
                public void onHalfClose() {
                    to.halfClose();
                }

                @Override
                public void onCancel() {
                    to.cancel("the caller is gone", null);
                }
            };
        }

        private ClientCall<byte[], byte[]> call(ClientCall.Listener<byte[]> listener, Metadata headers) {
            ClientCall<byte[], byte[]> call = member.newCall(method, CallOptions.DEFAULT);
            call.start(listener, headers);
            call.request(Integer.MAX_VALUE);
            return call;
        }
    }

    private static final class Back extends ClientCall.Listener<byte[]> {
        private final ServerCall<byte[], byte[]> from;
        private final boolean loses;

        Back(ServerCall<byte[], byte[]> from, boolean loses) {
            this.from = from;
            this.loses = loses;
        }

        @Override
        public void onHeaders(Metadata headers) {
            from.sendHeaders(headers);
        }

        @Override
        public void onMessage(byte[] message) {
            if (!loses) {
                from.sendMessage(message);
            }
        }

        @Override
        public void onClose(Status status, Metadata trailers) {
            from.close(loses ? Status.UNAVAILABLE.withDescription("lost by the test") : status, trailers);
        }
    }

    private static final class Bytes implements MethodDescriptor.Marshaller<byte[]> {
        @Override
        public InputStream stream(byte[] value) {
            return new ByteArrayInputStream(value);
        }

        @Override
        public byte[] parse(InputStream stream) {
            try {
                return stream.readAllBytes();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
