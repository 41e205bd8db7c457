package dev.keelraft.example.peer;

import dev.keelraft.ProposalResult;
import dev.keelraft.example.peer.wire.ProposeResponse;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Deadline;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/** The proposals that one peer has been asked to make and has not answered: bounded by count and by bytes. */
final class ProposeCalls {
    /**
     * How many are out at a time. With an answer after a millisecond that is a million a second, so who reaches it waits for a
     * leader that is stuck.
     */
    static final int CALLS_MAX = 1024;

    private static final long REFUSED = -1;

    private final Channel channel;
    private final Executor executor;
    private final long bytesMax;
    /** The calls that are out, by their numbers. */
    private final Map<Long, CompletableFuture<ProposalResult>> open = new LinkedHashMap<>();

    private long lastNumber;
    private long bytes;
    private boolean closed;

    ProposeCalls(Channel channel, Executor executor, long bytesMax) {
        this.channel = channel;
        this.executor = executor;
        this.bytesMax = bytesMax;
    }

    /** Asks; the future always completes, at the deadline if not before. */
    CompletableFuture<ProposalResult> propose(byte[] data, Deadline deadline) {
        CompletableFuture<ProposalResult> future = new CompletableFuture<>();
        long number = admit(future, data.length);
        if (number == REFUSED) {
            return CompletableFuture.failedFuture(Status.RESOURCE_EXHAUSTED
                    .withDescription("keel: too many proposals wait for the peer's answer, or the transport is closed")
                    .asException());
        }
        ClientCall<byte[], ProposeResponse> call = channel.newCall(
                PeerMethods.PROPOSE, CallOptions.DEFAULT.withDeadline(deadline).withExecutor(executor));
        var unused = future.whenComplete((result, failure) -> {
            forget(number, data.length);
            if (future.isCancelled()) {
                call.cancel("nobody waits any more", null);
            }
        });
        ClientCalls.asyncUnaryCall(call, data, new Answer(future));
        return future;
    }

    /** Fails those that are out, and all later ones. */
    void close() {
        List<CompletableFuture<ProposalResult>> left;
        synchronized (this) {
            closed = true;
            left = List.copyOf(open.values());
        }
        left.forEach(future -> future.completeExceptionally(Status.UNAVAILABLE
                .withDescription("keel: the transport is closed; the proposal may or may not be in the log")
                .asException()));
    }

    /** Returns the number of the call, or that there is no room for it. */
    private synchronized long admit(CompletableFuture<ProposalResult> future, int length) {
        if (closed || open.size() == CALLS_MAX || (!open.isEmpty() && bytes + length > bytesMax)) {
            return REFUSED;
        }
        bytes += length;
        open.put(++lastNumber, future);
        return lastNumber;
    }

    private synchronized void forget(long number, int length) {
        open.remove(number);
        bytes -= length;
    }

    private record Answer(CompletableFuture<ProposalResult> future) implements StreamObserver<ProposeResponse> {
        @Override
        public void onNext(ProposeResponse response) {
            try {
                future.complete(ProposalResults.decode(response));
            } catch (StatusException e) {
                future.completeExceptionally(e);
            }
        }

        @Override
        public void onError(Throwable failure) {
            future.completeExceptionally(failure);
        }

        /** gRPC sees to it that a message came before. */
        @Override
        public void onCompleted() {}
    }
}
