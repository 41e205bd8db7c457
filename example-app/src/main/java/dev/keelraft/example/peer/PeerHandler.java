package dev.keelraft.example.peer;

import dev.keelraft.ProposalResult;
import dev.keelraft.model.Message;
import io.grpc.Deadline;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;

/**
 * What a {@link PeerTransport} tells its host, and asks of it. All but {@link #receiveSnapshot} are called on the few threads
 * that all peers share, several at a time, and must return at once: put it into the kernel's inbox, and no more.
 */
public interface PeerHandler {
    /**
     * A message of a peer has arrived, in the order in which that peer sent them. It is for this member, and its {@code from}
     * is the peer that sent it, except for the three kinds where it is not (see {@link Message}). It is never an {@code
     * INSTALL_SNAPSHOT}.
     *
     * @return false if it is not taken, for want of room or because the host wants none of its kind: it is then lost, and
     *     counted
     */
    boolean received(Message message);

    /**
     * A peer asks this member, which it takes for the leader, to propose.
     *
     * @param data the command; the host's from now on
     * @param deadline until when the peer waits. What completes later is thrown away
     * @return the result; a failure is passed on to the peer, as text
     */
    CompletableFuture<ProposalResult> propose(byte[] data, Deadline deadline);

    /**
     * A peer begins to send a snapshot. Called on a thread where blocking for files is right; of each peer, one snapshot is
     * received at a time.
     *
     * @param installSnapshot the message that the snapshot belongs to. It is not for the kernel before the bytes are there:
     *     {@link SnapshotSink#finish} hands it over
     * @param bytes the length of the file: 0 to {@link PeerOptions#maxSnapshotBytes}. Exactly as many follow, or {@link
     *     SnapshotSink#abort} is called
     * @return where the bytes go
     * @throws IOException to refuse. The text is passed on to the peer
     */
    SnapshotSink receiveSnapshot(Message installSnapshot, long bytes) throws IOException;

    /**
     * Messages to a peer are being lost; meant for {@code RawNode.reportUnreachable}. Told once when a peer cannot be reached,
     * until it has been reached again, and once when its queue is full, until half of it is empty.
     */
    void unreachable(long peer);

    /**
     * What {@link PeerTransport#sendSnapshot} has come to, exactly once for each; meant for {@code RawNode.reportSnapshot}.
     * Where it is refused at once, this is called on the thread that asked, before {@code sendSnapshot} returns.
     *
     * @param arrived whether the peer has accepted the whole. If not, it may have all the same: its answer can be lost
     */
    void snapshotSent(long peer, boolean arrived);
}
