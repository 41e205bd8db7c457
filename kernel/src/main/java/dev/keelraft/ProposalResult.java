package dev.keelraft;

import dev.keelraft.model.NodeId;

/**
 * What became of a proposal.
 *
 * <p>{@link Outcome#ACCEPTED} means that it is in the leader's log, at {@code index}, and not more: it is decided when an entry
 * is handed out at that index. If that entry has the same {@code term} it is this one; if it has another term, another leader
 * has overwritten the proposal, and it will never take effect.
 *
 * @param outcome accepted, forwarded, or why not
 * @param term the term of the entry, if accepted; otherwise 0
 * @param index the index of the entry (of the last one of several), if accepted; otherwise 0
 * @param leader who leads as far as the node knows, or {@link NodeId#NONE}: where to try next
 */
public record ProposalResult(Outcome outcome, long term, long index, long leader) {

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
        /** The payload is larger than {@link RaftConfig#maxEntryBytes()}. It will never be accepted. */
        TOO_LARGE,
        /** The leader has been removed from the group, and leads only until its followers have noticed. */
        NOT_MEMBER,
        /**
         * The configuration change cannot be made now: another one is not applied yet, or it does not fit the configuration. In
         * its place an entry without effect is in the log.
         */
        CONF_CHANGE_REFUSED
    }

    static ProposalResult refused(Outcome outcome, long leader) {
        return new ProposalResult(outcome, 0, 0, leader);
    }

    /** Tells whether the proposal is in the leader's log. */
    public boolean isAccepted() {
        return outcome == Outcome.ACCEPTED;
    }
}
