package dev.keelraft;

import dev.keelraft.model.ConfChangeRefusal;
import dev.keelraft.model.NodeId;
import java.util.Optional;

/**
 * What became of a proposal.
 *
 * <p>{@link Outcome#ACCEPTED} means that it is in the leader's log, at {@code index}, and not more: it is decided when an entry
 * is handed out at that index. If that entry has the same {@code term} it is this one; if it has another term, another leader
 * has overwritten the proposal, and it will never take effect. Until one of the two has happened, or a snapshot has passed over
 * the index, its fate is open, also after a change of the leader; then only the state machine can tell, if it remembers the
 * proposals that it has applied.
 *
 * @param outcome accepted, forwarded, or why not
 * @param term the term of the entry, if accepted; otherwise 0
 * @param index the index of the entry (of the last one of several), if accepted; otherwise 0
 * @param leader who leads as far as the node knows, or {@link NodeId#NONE}: where to try next
 * @param refusal why a configuration change is invalid; empty for every other outcome
 */
public record ProposalResult(Outcome outcome, long term, long index, long leader, Optional<ConfChangeRefusal> refusal) {

    /** The ways in which a proposal can end, as far as the node that it was given to can tell. */
    public enum Outcome {
        /** It is in the leader's log. See above for what that means. */
        ACCEPTED,
        /** It was sent to the leader, and nothing more will be heard of it. Only with {@link RaftConfig#forwardProposals()}. */
        FORWARDED,
        /** Nobody is known to lead. Try again after an election. */
        NO_LEADER,
        /** Another node leads. Try there. */
        NOT_LEADER,
        /** Leadership is being handed over. Try again after an election, or at most one election time-out. */
        LEADER_TRANSFER,
        /** The leader waits for so much to be applied that it takes on no more. Try again later. */
        LOG_FULL,
        /**
         * There is no payload. Nobody could tell such an entry from the one with which each leader opens its term, so nobody could
         * say whether it was committed.
         */
        EMPTY,
        /** The payload is larger than {@link RaftConfig#maxEntryBytes()}. It will never be accepted. */
        TOO_LARGE,
        /**
         * The leader has been removed from the group, and leads on as it was told ({@link
         * RaftConfig.Builder#stepDownOnRemoval}). All that it still takes is the change that leaves a joint configuration.
         */
        NOT_MEMBER,
        /**
         * Another configuration change is in the log, and this leader has not applied it yet. Try again when it has: with two on
         * their way, two majorities could miss each other (thesis 4.1).
         */
        CONF_CHANGE_PENDING,
        /** The configuration change does not fit the members that there are; {@link ProposalResult#refusal()} says why. */
        CONF_CHANGE_INVALID
    }

    /** A result that is not {@link Outcome#CONF_CHANGE_INVALID}. */
    public ProposalResult(Outcome outcome, long term, long index, long leader) {
        this(outcome, term, index, leader, Optional.empty());
    }

    static ProposalResult refused(Outcome outcome, long leader) {
        return new ProposalResult(outcome, 0, 0, leader);
    }

    static ProposalResult invalid(ConfChangeRefusal refusal, long leader) {
        return new ProposalResult(Outcome.CONF_CHANGE_INVALID, 0, 0, leader, Optional.of(refusal));
    }

    /** Tells whether the proposal is in the leader's log. */
    public boolean isAccepted() {
        return outcome == Outcome.ACCEPTED;
    }
}
