package dev.keelraft.example.peer;

import dev.keelraft.ProposalResult;
import dev.keelraft.model.Message;
import io.grpc.Deadline;
import java.nio.channels.FileChannel;
import java.util.concurrent.CompletableFuture;

/** What a host sends to its peers with: a {@link PeerTransport}, or whatever a test puts in its place. All return at once. */
public interface PeerNetwork {
    /** Sends a message to its {@code to}, in order with earlier ones, or loses it. */
    void send(Message message);

    /**
     * Asks a peer to propose. The future always completes, no later than the deadline; after a failure the proposal may or may
     * not be in the log.
     */
    CompletableFuture<ProposalResult> propose(long peer, byte[] data, Deadline deadline);

    /** Sends a snapshot to its {@code to}; exactly one {@link PeerHandler#snapshotSent} follows. The file is closed. */
    void sendSnapshot(Message installSnapshot, FileChannel file);

    /** Tells whether a peer has answered on a connection that is not known to be broken. */
    boolean isReachable(long peer);
}
