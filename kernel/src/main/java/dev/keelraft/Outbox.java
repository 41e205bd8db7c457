package dev.keelraft;

import dev.keelraft.model.Body;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The messages that wait for the next Ready. Roles say what, and to whom; the outbox writes the envelope, and decides the only
 * question that is left: may it leave now, or only after what it promises is durable?
 *
 * <p>After the disk: answers to appends and votes, which promise that this node will remember, and requests for votes, which
 * promise a log ({@link Deviation#VOTE_REQUEST_WAITS_FOR_DISK}). Messages to oneself are such promises too: the leader's own
 * acknowledgement, the candidate's own vote. They are kept with the term in which they were written, so that they mean nothing
 * if the disk takes longer than the term (camunda issue 5360).
 */
final class Outbox {
    private final Raft raft;
    private final boolean voteRequestsWait;
    private final long incarnation;

    private List<Message> now = new ArrayList<>();
    private List<Message> afterPersist = new ArrayList<>();

    /** For each message after persist, the last index of the log when it was written: what it may promise. */
    private long[] promisedIndexes = new long[4];

    Outbox(Raft raft, RaftConfig config) {
        this.raft = raft;
        this.incarnation = config.incarnation();
        this.voteRequestsWait = config.deviates(Deviation.VOTE_REQUEST_WAITS_FOR_DISK);
    }

    /** Sends a message of the current term. */
    void send(MessageType type, long to, Body body) {
        sendAt(raft.term(), type, to, body);
    }

    /** Sends a message that bears another term than the current one: a vote for a term to come, or none. */
    void sendAt(long term, MessageType type, long to, Body body) {
        put(new Message(type, raft.id(), to, term, body, incarnation));
    }

    /** Passes on a message on behalf of another node, in one of the kinds that {@link MessageType#namesOrigin()} tells. */
    void forward(MessageType type, long from, long to, long term, Body body) {
        put(new Message(type, from, to, term, body));
    }

    private void put(Message message) {
        if (!waitsForDisk(message.type())) {
            now.add(message);
            return;
        }
        int count = afterPersist.size();
        if (count == promisedIndexes.length) {
            promisedIndexes = Arrays.copyOf(promisedIndexes, 2 * count);
        }
        promisedIndexes[count] = raft.log().lastIndex();
        afterPersist.add(message);
    }

    private boolean waitsForDisk(MessageType type) {
        return switch (type) {
            case APPEND_RESPONSE, VOTE_RESPONSE, PRE_VOTE_RESPONSE -> true;
            case VOTE -> voteRequestsWait;
            case APPEND,
                    PRE_VOTE,
                    HEARTBEAT,
                    HEARTBEAT_RESPONSE,
                    INSTALL_SNAPSHOT,
                    READ_INDEX,
                    READ_INDEX_RESPONSE,
                    PROPOSE,
                    TIMEOUT_NOW,
                    TRANSFER_LEADER -> false;
        };
    }

    boolean isEmpty() {
        return now.isEmpty() && afterPersist.isEmpty();
    }

    /** Takes out what may leave at once. */
    List<Message> takeNow() {
        if (now.isEmpty()) {
            return List.of();
        }
        List<Message> taken = List.copyOf(now);
        now.clear();
        return taken;
    }

    /**
     * Takes out what may leave once all entries up to an index are durable, messages to oneself among them.
     *
     * @param persistedIndex the last entry that is handed out to be stored
     * @param all whether that is the end of the log, so that nothing can promise more
     */
    List<Message> takeAfterPersist(long persistedIndex, boolean all) {
        int count = afterPersist.size();
        if (!all) {
            // In order: what was written later may rely on what was written before.
            count = 0;
            while (count < afterPersist.size() && promisedIndexes[count] <= persistedIndex) {
                count++;
            }
        }
        if (count == 0) {
            return List.of();
        }
        List<Message> taken = List.copyOf(afterPersist.subList(0, count));
        afterPersist.subList(0, count).clear();
        System.arraycopy(promisedIndexes, count, promisedIndexes, 0, afterPersist.size());
        return taken;
    }
}
