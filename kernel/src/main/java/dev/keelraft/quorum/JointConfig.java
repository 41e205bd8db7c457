package dev.keelraft.quorum;

import java.util.function.LongFunction;
import java.util.function.LongUnaryOperator;

/**
 * The voters of a group: one majority, or, while the group passes from one configuration to the next, two that must both agree
 * (paper, section 6). Otherwise the outgoing half is empty. Immutable.
 *
 * @param incoming the voters; the new ones in a joint configuration
 * @param outgoing the old voters in a joint configuration, otherwise nobody
 */
public record JointConfig(MajorityConfig incoming, MajorityConfig outgoing) {

    /** Nobody. */
    public static final JointConfig EMPTY = new JointConfig(MajorityConfig.EMPTY, MajorityConfig.EMPTY);

    /** Tells whether decisions take two majorities. */
    public boolean isJoint() {
        return outgoing.size() > 0;
    }

    /** Tells whether a single voter decides alone. */
    public boolean isSingleton() {
        return incoming.size() == 1 && !isJoint();
    }

    /** Tells whether a node votes in either half. */
    public boolean contains(long id) {
        return incoming.contains(id) || outgoing.contains(id);
    }

    /** The highest index that is acknowledged by a majority of each half. See {@link MajorityConfig#committedIndex}. */
    public long committedIndex(LongUnaryOperator acked) {
        return Math.min(incoming.committedIndex(acked), outgoing.committedIndex(acked));
    }

    /** How an election stands that must be won in each half. See {@link MajorityConfig#voteResult}. */
    public VoteResult voteResult(LongFunction<Ballot> ballots) {
        VoteResult in = incoming.voteResult(ballots);
        VoteResult out = outgoing.voteResult(ballots);
        if (in == out) {
            return in;
        }
        return in == VoteResult.LOST || out == VoteResult.LOST ? VoteResult.LOST : VoteResult.PENDING;
    }

    /** {@code (1 2 3)}, or {@code (1 2 3)&&(3 4)} in a joint configuration. */
    @Override
    public String toString() {
        return isJoint() ? incoming + "&&" + outgoing : incoming.toString();
    }
}
