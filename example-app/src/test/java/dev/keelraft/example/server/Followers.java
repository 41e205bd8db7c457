package dev.keelraft.example.server;

import dev.keelraft.ProposalResult;
import dev.keelraft.example.peer.PeerNetwork;
import dev.keelraft.model.Body;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import io.grpc.Deadline;
import java.nio.channels.FileChannel;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/** Peers that grant every vote and take every entry, unless they are silent; they count what the member says. */
final class Followers implements PeerNetwork {
    private final Map<MessageType, AtomicInteger> said = new ConcurrentHashMap<>();
    private final Map<MessageType, Message> last = new ConcurrentHashMap<>();
    private volatile Consumer<Message> answers = answer -> {};
    private volatile boolean silent;

    /** Has the member hear them. */
    void answerTo(SingleMember member) {
        answers = answer -> member.entrance().received(answer);
    }

    /** They hear, and say nothing any more, or do again. */
    void fallSilent(boolean now) {
        silent = now;
    }

    int count(MessageType type) {
        return said.computeIfAbsent(type, ignored -> new AtomicInteger()).get();
    }

    /** To whom the last message of a kind went, or 0. */
    long lastReceiver(MessageType type) {
        Message message = last.get(type);
        return message == null ? 0 : message.to();
    }

    @Override
    public void send(Message message) {
        last.put(message.type(), message);
        said.computeIfAbsent(message.type(), ignored -> new AtomicInteger()).incrementAndGet();
        if (silent) {
            return;
        }
        if (message.type() == MessageType.PRE_VOTE) {
            answer(message, MessageType.PRE_VOTE_RESPONSE, new Body.VoteResponse(false));
        } else if (message.type() == MessageType.VOTE) {
            answer(message, MessageType.VOTE_RESPONSE, new Body.VoteResponse(false));
        } else if (message.type() == MessageType.HEARTBEAT) {
            byte[] context = ((Body.Heartbeat) message.body()).context();
            answer(message, MessageType.HEARTBEAT_RESPONSE, new Body.HeartbeatResponse(context));
        } else if (message.type() == MessageType.APPEND) {
            Body.Append append = (Body.Append) message.body();
            long index = append.prevIndex() + append.entries().size();
            answer(message, MessageType.APPEND_RESPONSE, Body.AppendResponse.accepted(index));
        }
    }

    private void answer(Message question, MessageType type, Body body) {
        answers.accept(new Message(type, question.to(), SingleMember.ID, question.term(), body));
    }

    @Override
    public CompletableFuture<ProposalResult> propose(long peer, byte[] data, Deadline deadline) {
        return CompletableFuture.failedFuture(new IllegalStateException("they do not lead"));
    }

    @Override
    public void sendSnapshot(Message installSnapshot, FileChannel file) {
        throw new AssertionError(installSnapshot);
    }

    @Override
    public boolean isReachable(long peer) {
        return true;
    }
}
