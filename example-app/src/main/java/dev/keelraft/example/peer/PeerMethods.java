package dev.keelraft.example.peer;

import com.google.protobuf.Message;
import dev.keelraft.example.peer.wire.ProposeResponse;
import dev.keelraft.example.peer.wire.SnapshotFrame;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.Marshaller;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Status;
import io.grpc.protobuf.ProtoUtils;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;

/**
 * The methods of the service {@code keel.kv.Peer}; {@code keel_peer.proto} says what they are for.
 *
 * <p>The two that stream to the peer are declared as streaming in both directions, although little or nothing comes back: where
 * a server is to send one message, gRPC keeps its headers, and with them the hello, back until then.
 */
final class PeerMethods {
    static final String SERVICE = "keel.kv.Peer";

    /** What a method answers that has nothing to say. */
    static final byte[] NOTHING = new byte[0];

    private static final Marshaller<byte[]> BYTES = new BytesMarshaller();

    // BIDI_STREAMING, although one answer comes at most: of a method with a single response gRPC keeps the headers back
    // until that is sent, and with them the hello.
    static final MethodDescriptor<byte[], byte[]> MESSAGES =
            method("Messages", MethodType.BIDI_STREAMING, BYTES, BYTES);
    static final MethodDescriptor<byte[], ProposeResponse> PROPOSE =
            method("Propose", MethodType.UNARY, BYTES, marshaller(ProposeResponse.getDefaultInstance()));
    static final MethodDescriptor<SnapshotFrame, byte[]> SNAPSHOT =
            method("Snapshot", MethodType.BIDI_STREAMING, marshaller(SnapshotFrame.getDefaultInstance()), BYTES);

    private PeerMethods() {}

    private static <Q, R> MethodDescriptor<Q, R> method(
            String name, MethodType type, Marshaller<Q> requests, Marshaller<R> responses) {
        return MethodDescriptor.<Q, R>newBuilder()
                .setType(type)
                .setFullMethodName(MethodDescriptor.generateFullMethodName(SERVICE, name))
                .setRequestMarshaller(requests)
                .setResponseMarshaller(responses)
                .build();
    }

    private static <T extends Message> Marshaller<T> marshaller(T prototype) {
        return ProtoUtils.marshaller(prototype);
    }

    /** Bytes as they are. Arrays are neither copied nor changed on the way out. */
    private static final class BytesMarshaller implements Marshaller<byte[]> {
        @Override
        public InputStream stream(byte[] value) {
            return new ByteArrayInputStream(value);
        }

        @Override
        public byte[] parse(InputStream stream) {
            try {
                return stream.readAllBytes();
            } catch (IOException e) {
                throw Status.INTERNAL
                        .withDescription("reading a message")
                        .withCause(e)
                        .asRuntimeException();
            }
        }
    }
}
