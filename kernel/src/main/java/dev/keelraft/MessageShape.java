package dev.keelraft;

import dev.keelraft.confchange.Membership;
import dev.keelraft.model.Body;
import dev.keelraft.model.ConfChange;
import dev.keelraft.model.Entry;
import dev.keelraft.model.Message;
import dev.keelraft.model.Snapshot;
import java.util.List;

/**
 * What a message must be before anybody looks at what it says. It is asked first of all, so that a message that contradicts
 * itself changes nothing, not even the term. A codec may have asked the same; a host may have a wire of its own.
 *
 * <p>No honest member sends any of what is refused here. etcd's library panics at some of it.
 */
final class MessageShape {
    /**
     * The highest index that a snapshot may have. Entries only ever continue a log, so nothing else can make it jump; and half of
     * all numbers lie behind this one, so that no index that follows it overflows.
     */
    static final long HIGHEST_SNAPSHOT = Long.MAX_VALUE / 2;

    private MessageShape() {}

    /** Whether a message is of one piece; if not, it is {@link StepResult#MALFORMED}. */
    static boolean isSound(Message message, RaftConfig config) {
        return switch (message.type()) {
            case APPEND -> message.term() != 0 && continuesLog((Body.Append) message.body(), message.term());
            case INSTALL_SNAPSHOT ->
                message.term() != 0 && isSound(((Body.InstallSnapshot) message.body()).snapshot(), message.term());
            case APPEND_RESPONSE, VOTE, VOTE_RESPONSE, PRE_VOTE, HEARTBEAT_RESPONSE, READ_INDEX_RESPONSE, TIMEOUT_NOW ->
                message.term() != 0;
            case HEARTBEAT -> message.term() != 0 && ((Body.Heartbeat) message.body()).commitTerm() <= message.term();
            // No node gives these a term. With one they could unseat a leader, which a proposal is not to do.
            case READ_INDEX -> message.term() == 0;
            case PROPOSE -> message.term() == 0 && isSound(((Body.Propose) message.body()).entries());
            // A node that has never heard of a term refuses a pre-vote with its own, which is 0.
            case PRE_VOTE_RESPONSE -> true;
            case TRANSFER_LEADER -> message.term() != 0 || !config.deviates(Deviation.TRANSFER_REQUEST_BEARS_TERM);
        };
    }

    /**
     * Whether the entries stand where they claim to stand, and have terms that a log can have there: they never fall, and none is
     * later than the leader's. A gap would put entries into the wrong places; a log of falling terms cannot be compared.
     */
    private static boolean continuesLog(Body.Append append, long leaderTerm) {
        List<Entry> entries = append.entries();
        long lowest = Math.max(1, append.prevTerm());
        for (int i = 0; i < entries.size(); i++) {
            Entry entry = entries.get(i);
            if (entry.index() != append.prevIndex() + 1 + i || entry.term() < lowest || entry.term() > leaderTerm) {
                return false;
            }
            lowest = entry.term();
        }
        return true;
    }

    /** Without a voter nobody could ever have decided what the snapshot stands for. */
    private static boolean isSound(Snapshot snapshot, long leaderTerm) {
        return snapshot.index() <= HIGHEST_SNAPSHOT
                && snapshot.term() <= leaderTerm
                && !snapshot.confState().voters().isEmpty()
                && Membership.isValid(snapshot.confState());
    }

    /** Whether there is something to propose, and all of it can be read: what cannot must not get into the log. */
    private static boolean isSound(List<Entry> proposals) {
        for (int i = 0; i < proposals.size(); i++) {
            Entry entry = proposals.get(i);
            if (entry.type().isConfChange() && ConfChange.decode(entry).isEmpty()) {
                return false;
            }
        }
        return !proposals.isEmpty();
    }
}
