package dev.keelraft.quorum;

import dev.keelraft.model.NodeId;
import java.util.Arrays;
import java.util.List;
import java.util.function.LongFunction;
import java.util.function.LongUnaryOperator;

/**
 * A set of voters who decide by majority. Immutable.
 *
 * <p>The empty set stands for a half of a joint configuration that is not there. It agrees to everything, so that {@link
 * JointConfig} needs no special case for it.
 */
public final class MajorityConfig {
    /** Nobody. */
    public static final MajorityConfig EMPTY = new MajorityConfig(new long[0]);

    /** Ascending, unsigned, without duplicates. */
    private final long[] ids;

    private MajorityConfig(long[] ids) {
        this.ids = ids;
    }

    /** The set of these voters, which are sorted and without duplicates, as those of a {@code ConfState} are. */
    public static MajorityConfig of(List<Long> voters) {
        if (voters.isEmpty()) {
            return EMPTY;
        }
        long[] ids = new long[voters.size()];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = voters.get(i);
            if (i > 0 && NodeId.compare(ids[i - 1], ids[i]) >= 0) {
                throw new IllegalArgumentException("not sorted: " + voters);
            }
        }
        return new MajorityConfig(ids);
    }

    /** How many voters there are. */
    public int size() {
        return ids.length;
    }

    /** The voter at a place of the ascending order. */
    public long id(int place) {
        return ids[place];
    }

    /** Tells whether a node is one of the voters. */
    public boolean contains(long id) {
        for (long voter : ids) {
            if (voter == id) {
                return true;
            }
        }
        return false;
    }

    /**
     * The highest index that a majority has acknowledged: with the acknowledged indexes in descending order, the one at the
     * place of the quorum.
     *
     * <p>Takes quadratic time in the number of voters, which is small, and no memory.
     *
     * @param acked gives the index that a voter has acknowledged; 0 if none
     * @return {@link Long#MAX_VALUE} for the empty set
     */
    public long committedIndex(LongUnaryOperator acked) {
        if (ids.length == 0) {
            return Long.MAX_VALUE;
        }
        long committed = 0;
        for (long candidate : ids) {
            long index = acked.applyAsLong(candidate);
            if (index > committed && isAckedByMajority(index, acked)) {
                committed = index;
            }
        }
        return committed;
    }

    private boolean isAckedByMajority(long index, LongUnaryOperator acked) {
        int count = 0;
        for (long voter : ids) {
            if (acked.applyAsLong(voter) >= index) {
                count++;
            }
        }
        return count >= quorum();
    }

    /**
     * How an election among these voters stands.
     *
     * @param ballots gives a voter's answer
     * @return {@link VoteResult#WON} for the empty set
     */
    public VoteResult voteResult(LongFunction<Ballot> ballots) {
        if (ids.length == 0) {
            return VoteResult.WON;
        }
        int granted = 0;
        int missing = 0;
        for (long voter : ids) {
            switch (ballots.apply(voter)) {
                case GRANTED -> granted++;
                case MISSING -> missing++;
                case REJECTED -> {}
            }
        }
        if (granted >= quorum()) {
            return VoteResult.WON;
        }
        return granted + missing >= quorum() ? VoteResult.PENDING : VoteResult.LOST;
    }

    /** The smallest number of voters of which any two groups share a member. */
    private int quorum() {
        return ids.length / 2 + 1;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof MajorityConfig that && Arrays.equals(ids, that.ids);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(ids);
    }

    /** The ids in parentheses: {@code (1 2 3)}. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("(");
        for (int i = 0; i < ids.length; i++) {
            text.append(i == 0 ? "" : " ").append(Long.toUnsignedString(ids[i]));
        }
        return text.append(')').toString();
    }
}
