package dev.keelraft.example.server;

import dev.keelraft.ProposalResult;
import dev.keelraft.example.peer.PeerNetwork;
import dev.keelraft.model.Body;
import dev.keelraft.model.Entry;
import dev.keelraft.model.EntryType;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import dev.keelraft.model.Snapshot;
import dev.keelraft.testkit.Site;
import io.grpc.Deadline;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * The network of the simulator, as a server sees it. What its transport sends beside messages goes as messages here, and so gets
 * lost, and comes late or in the wrong life like these, though a call never twice: a proposal that is forwarded, and the answer, as
 * proposals of the kernel's own, which servers do not send; the bulk of a snapshot behind its descriptor.
 */
final class SimulatedPeers implements PeerNetwork {
    private static final List<ProposalResult.Outcome> OUTCOMES = List.of(ProposalResult.Outcome.values());

    private static final long ANSWER_MILLIS = 1_000;
    private static final byte REQUEST = 0;
    private static final byte ANSWER = 1;

    private final Site site;
    private final PeerEntrance entrance;
    private final SimulatedClients clients;

    /** Proposals that the leader has not answered yet, by a number that no other life uses. */
    private final Map<Long, CompletableFuture<ProposalResult>> asked = new HashMap<>();

    private long lastCall;

    SimulatedPeers(Site site, PeerEntrance entrance, SimulatedClients clients) {
        this.site = site;
        this.entrance = entrance;
        this.clients = clients;
        this.lastCall = clients.random().nextLong();
    }

    @Override
    public void send(Message message) {
        site.send(message);
    }

    @Override
    public boolean isReachable(long peer) {
        return true;
    }

    // ---------------------------------------------------------------- proposals

    @Override
    public CompletableFuture<ProposalResult> propose(long peer, byte[] data, Deadline deadline) {
        long call = ++lastCall;
        CompletableFuture<ProposalResult> answer = new CompletableFuture<>();
        asked.put(call, answer);
        send(
                peer,
                ByteBuffer.allocate(1 + 8 + data.length)
                        .put(REQUEST)
                        .putLong(call)
                        .put(data));
        site.later(ANSWER_MILLIS, () -> {
            asked.remove(call);
            answer.completeExceptionally(new TimeoutException());
        });
        return answer;
    }

    /** Takes what another server has sent. */
    void receive(Message message) {
        if (message.type() != MessageType.PROPOSE) {
            entrance.received(message);
            return;
        }
        ByteBuffer in =
                ByteBuffer.wrap(((Body.Propose) message.body()).entries().get(0).data());
        byte kind = in.get();
        long call = in.getLong();
        if (kind == REQUEST) {
            if (!clients.isNewCall(call)) {
                return;
            }
            byte[] data = new byte[in.remaining()];
            in.get(data);
            var unused = entrance.propose(data, Deadline.after(1, TimeUnit.DAYS))
                    .whenComplete((result, failure) -> {
                        if (failure == null) {
                            answer(message.from(), call, result);
                        }
                    });
            return;
        }
        CompletableFuture<ProposalResult> waiting = asked.remove(call);
        if (waiting != null) {
            ProposalResult.Outcome outcome = OUTCOMES.get(in.getInt());
            waiting.complete(new ProposalResult(outcome, in.getLong(), in.getLong(), in.getLong()));
        }
    }

    private void answer(long peer, long call, ProposalResult result) {
        send(
                peer,
                ByteBuffer.allocate(1 + 8 + 4 + 3 * 8)
                        .put(ANSWER)
                        .putLong(call)
                        .putInt(OUTCOMES.indexOf(result.outcome()))
                        .putLong(result.term())
                        .putLong(result.index())
                        .putLong(result.leader()));
    }

    private void send(long peer, ByteBuffer content) {
        byte[] bytes = new byte[content.flip().remaining()];
        content.get(bytes);
        Entry entry = new Entry(0, 0, EntryType.NORMAL, bytes);
        site.send(new Message(MessageType.PROPOSE, site.config().id(), peer, 0, new Body.Propose(List.of(entry))));
    }

    // ---------------------------------------------------------------- snapshots

    @Override
    public void sendSnapshot(Message installSnapshot, FileChannel file) {
        Snapshot snapshot = ((Body.InstallSnapshot) installSnapshot.body()).snapshot();
        try (file) {
            ByteBuffer packed = ByteBuffer.allocate(4 + snapshot.data().length + (int) file.size());
            packed.putInt(snapshot.data().length).put(snapshot.data());
            while (packed.hasRemaining() && file.read(packed) >= 0) {
                // Until it is full.
            }
            site.send(with(installSnapshot, packed.array()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The message as it was before the bulk was packed into it. */
    Message unpacked(Message packed) {
        ByteBuffer in = packedIn(packed);
        byte[] descriptor = new byte[in.getInt()];
        in.get(descriptor);
        return with(packed, descriptor);
    }

    /** The bulk. */
    ByteBuffer bulk(Message packed) {
        ByteBuffer in = packedIn(packed);
        return in.position(in.getInt() + 4).slice();
    }

    private static ByteBuffer packedIn(Message message) {
        return ByteBuffer.wrap(
                ((Body.InstallSnapshot) message.body()).snapshot().data());
    }

    private static Message with(Message message, byte[] data) {
        Snapshot snapshot = ((Body.InstallSnapshot) message.body()).snapshot();
        Snapshot other = new Snapshot(snapshot.index(), snapshot.term(), snapshot.confState(), data);
        return new Message(
                message.type(), message.from(), message.to(), message.term(), new Body.InstallSnapshot(other));
    }
}
