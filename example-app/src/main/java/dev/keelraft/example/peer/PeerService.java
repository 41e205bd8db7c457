package dev.keelraft.example.peer;

import dev.keelraft.ProposalResult;
import dev.keelraft.example.peer.PeerCounters.Drop;
import dev.keelraft.example.peer.wire.ProposeResponse;
import dev.keelraft.example.peer.wire.SnapshotFrame;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import dev.keelraft.proto.DecodeLimits;
import dev.keelraft.proto.MalformedMessageException;
import dev.keelraft.proto.MessageCodec;
import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The side that is called: messages, proposals and snapshots of the peers. */
final class PeerService {
    private static final Logger log = LoggerFactory.getLogger(PeerTransport.class);

    /** How many messages of a stream are on their way from the network to the host; the rest waits in the network. */
    private static final int MESSAGES_AHEAD = 8;

    private static final Status CLOSING = Status.UNAVAILABLE.withDescription("keel: the receiver is being closed");

    private final Peer self;
    private final PeerOptions options;
    private final DecodeLimits limits;
    private final PeerHandler handler;
    private final PeerCounters counters;
    private final Workers workers;
    private final Map<Long, SnapshotReceiver> receivers = new ConcurrentHashMap<>();
    private volatile boolean closing;

    PeerService(Peer self, PeerOptions options, PeerHandler handler, PeerCounters counters, Workers workers) {
        this.self = self;
        this.options = options;
        this.limits =
                new DecodeLimits(options.maxEncodedBytes(), PeerOptions.MAX_ENTRIES, DecodeLimits.DEFAULT.maxMembers());
        this.handler = handler;
        this.counters = counters;
        this.workers = workers;
    }

    ServerServiceDefinition definition(Handshake handshake) {
        ServerServiceDefinition service = ServerServiceDefinition.builder(PeerMethods.SERVICE)
                .addMethod(PeerMethods.MESSAGES, (call, headers) -> messages(call))
                .addMethod(PeerMethods.PROPOSE, ServerCalls.asyncUnaryCall(this::propose))
                .addMethod(PeerMethods.SNAPSHOT, (call, headers) -> snapshot(call))
                .build();
        return ServerInterceptors.intercept(service, new ServerHandshake(handshake));
    }

    /** Takes no more snapshots, and gives up those that are being received; the future completes when their sinks know. */
    CompletableFuture<Void> close() {
        closing = true;
        return CompletableFuture.allOf(receivers.values().stream()
                .map(receiver -> receiver.giveUp(CLOSING))
                .toArray(CompletableFuture[]::new));
    }

    private ServerCall.Listener<byte[]> messages(ServerCall<byte[], byte[]> call) {
        Peer caller = ServerHandshake.CALLER.get();
        call.sendHeaders(new Metadata());
        call.request(MESSAGES_AHEAD);
        return new ServerCall.Listener<>() {
            private boolean closed;

            @Override
            public void onMessage(byte[] bytes) {
                if (closed) {
                    return;
                }
                try {
                    received(caller, bytes);
                    call.request(1);
                } catch (MalformedMessageException e) {
                    closed = true;
                    log.warn("Closed the stream of {}: {}", caller.described(), e.getMessage());
                    call.close(Status.INVALID_ARGUMENT.withDescription("keel: " + e.getMessage()), new Metadata());
                }
            }

            @Override
            public void onHalfClose() {
                if (!closed) {
                    closed = true;
                    call.close(Status.OK, new Metadata());
                }
            }
        };
    }

    /** Takes or drops one message; throws if the stream is not to be trusted any more. */
    private void received(Peer caller, byte[] bytes) throws MalformedMessageException {
        Message message;
        try {
            message = MessageCodec.decode(bytes, limits);
        } catch (MalformedMessageException e) {
            if (e.reason().dropsMessageOnly()) {
                counters.count(Drop.UNKNOWN_KIND);
                return;
            }
            counters.count(Drop.MALFORMED);
            throw e;
        }
        if (message.to() != self.id()) {
            counters.count(Drop.NOT_FOR_US);
        } else if (message.from() != caller.id() && !mayComeFromAnother(message.type())) {
            counters.count(Drop.WRONG_SENDER);
        } else if (message.type() == MessageType.INSTALL_SNAPSHOT) {
            counters.count(Drop.SNAPSHOT_WITHOUT_BYTES);
        } else if (handler.received(message)) {
            counters.countReceived();
        } else {
            counters.count(Drop.NOT_TAKEN);
        }
    }

    /** The kinds whose {@code from} is not the sender; see {@link Message}. */
    private static boolean mayComeFromAnother(MessageType type) {
        return type == MessageType.TRANSFER_LEADER || type == MessageType.PROPOSE || type == MessageType.READ_INDEX;
    }

    private void propose(byte[] data, StreamObserver<ProposeResponse> observer) {
        Deadline deadline = Context.current().getDeadline();
        if (deadline == null) {
            observer.onError(Status.INVALID_ARGUMENT
                    .withDescription("keel: a proposal needs a deadline")
                    .asException());
            return;
        }
        // Without it an answer to somebody who has given up would be an exception here.
        ((ServerCallStreamObserver<ProposeResponse>) observer).setOnCancelHandler(() -> {});
        CompletableFuture<ProposalResult> future;
        try {
            future = handler.propose(data, deadline);
        } catch (RuntimeException e) {
            future = CompletableFuture.failedFuture(e);
        }
        // What comes back could only tell that there is nobody to answer any more.
        var unused = future.whenComplete((result, failure) -> answer(observer, result, failure));
    }

    private static void answer(
            StreamObserver<ProposeResponse> observer, @Nullable ProposalResult result, @Nullable Throwable failure) {
        if (failure != null) {
            observer.onError(status(failure).asException());
        } else if (result != null) {
            observer.onNext(ProposalResults.encode(result));
            observer.onCompleted();
        }
    }

    private static Status status(Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        if (cause instanceof StatusRuntimeException e) {
            return e.getStatus();
        }
        if (cause instanceof StatusException e) {
            return e.getStatus();
        }
        // The class says what kind of failure it is where there is no text, as with time-outs.
        return Status.INTERNAL.withDescription("keel: the proposal failed: " + cause);
    }

    private ServerCall.Listener<SnapshotFrame> snapshot(ServerCall<SnapshotFrame, byte[]> call) {
        Peer caller = ServerHandshake.CALLER.get();
        SnapshotReceiver receiver = new SnapshotReceiver(
                call, caller, self, options, limits, handler, workers, ended -> receivers.remove(caller.id(), ended));
        if (receivers.putIfAbsent(caller.id(), receiver) != null) {
            call.close(
                    Status.RESOURCE_EXHAUSTED.withDescription(
                            "keel: another snapshot of " + caller.described() + " is still being received"),
                    new Metadata());
            return new ServerCall.Listener<>() {};
        }
        // After it was entered, so that either this sees the closing or the closing sees it.
        if (closing) {
            receivers.remove(caller.id(), receiver);
            call.close(CLOSING, new Metadata());
            return new ServerCall.Listener<>() {};
        }
        receiver.start();
        return receiver;
    }
}
