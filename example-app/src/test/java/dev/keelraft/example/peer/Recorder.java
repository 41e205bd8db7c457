package dev.keelraft.example.peer;

import dev.keelraft.ProposalResult;
import dev.keelraft.model.Message;
import io.grpc.Deadline;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BiFunction;

/** A host that keeps what it is told, and does what the test says. */
final class Recorder implements PeerHandler {
    /** Where a snapshot goes. */
    interface Receiving {
        SnapshotSink begin(Message message, long bytes) throws IOException;
    }

    final List<Message> received = new CopyOnWriteArrayList<>();
    final List<Long> unreachable = new CopyOnWriteArrayList<>();
    final List<Boolean> snapshotsSent = new CopyOnWriteArrayList<>();
    volatile boolean room = true;
    volatile BiFunction<byte[], Deadline, CompletableFuture<ProposalResult>> proposing =
            (data, deadline) -> CompletableFuture.failedFuture(new IllegalStateException("nobody proposes"));
    volatile Receiving receiving = (message, bytes) -> {
        throw new IOException("nobody receives");
    };

    @Override
    public boolean received(Message message) {
        return room && received.add(message);
    }

    @Override
    public CompletableFuture<ProposalResult> propose(byte[] data, Deadline deadline) {
        return proposing.apply(data, deadline);
    }

    @Override
    public SnapshotSink receiveSnapshot(Message installSnapshot, long bytes) throws IOException {
        return receiving.begin(installSnapshot, bytes);
    }

    @Override
    public void unreachable(long peer) {
        unreachable.add(peer);
    }

    @Override
    public void snapshotSent(long peer, boolean arrived) {
        snapshotsSent.add(arrived);
    }
}
