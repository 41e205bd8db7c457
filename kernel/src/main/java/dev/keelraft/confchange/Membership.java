package dev.keelraft.confchange;

import dev.keelraft.model.ConfState;
import dev.keelraft.model.NodeId;
import dev.keelraft.quorum.JointConfig;
import dev.keelraft.quorum.MajorityConfig;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.TreeSet;

/**
 * The members of a group, in the form that the kernel works with. Immutable.
 *
 * <p>Invariants, beyond those of {@link ConfState}:
 *
 * <ol>
 *   <li>nobody is voter and learner at once, in either half;
 *   <li>who becomes a learner next is still an outgoing voter, or it would vote and not vote within one joint configuration;
 *   <li>only members have an incarnation;
 *   <li>outside a joint configuration nobody waits to become a learner, and there is nothing to leave.
 * </ol>
 */
public final class Membership {
    /** Nobody. */
    public static final Membership EMPTY = new Membership(ConfState.EMPTY);

    private final ConfState confState;
    private final JointConfig voters;

    /** Voters of both halves and learners, ascending. */
    private final long[] members;

    /** The incarnation of each, or 0. */
    private final long[] incarnations;

    private Membership(ConfState confState) {
        this.confState = confState;
        this.voters =
                new JointConfig(MajorityConfig.of(confState.voters()), MajorityConfig.of(confState.votersOutgoing()));
        TreeSet<Long> all = new TreeSet<>(NodeId.ORDER);
        all.addAll(confState.voters());
        all.addAll(confState.votersOutgoing());
        all.addAll(confState.learners());
        this.members = all.stream().mapToLong(Long::longValue).toArray();
        this.incarnations = new long[members.length];
        for (int i = 0; i < members.length; i++) {
            incarnations[i] = confState.incarnation(members[i]);
        }
    }

    /** Tells whether {@link #of} would take it. */
    public static boolean isValid(ConfState confState) {
        try {
            of(confState);
            return true;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    /**
     * The members that a configuration names.
     *
     * @throws IllegalArgumentException if it breaks an invariant
     */
    public static Membership of(ConfState confState) {
        List<Long> learners = confState.learners();
        require(disjoint(learners, confState.voters()), "a learner is a voter", confState);
        require(disjoint(learners, confState.votersOutgoing()), "a learner is an outgoing voter", confState);
        require(
                confState.votersOutgoing().containsAll(confState.learnersNext()),
                "a learner to be is no outgoing voter",
                confState);
        require(disjoint(confState.learnersNext(), confState.voters()), "a learner to be is a voter", confState);
        require(confState.isJoint() || !confState.autoLeave(), "there is nothing to leave", confState);
        Membership membership = confState.isEmpty() ? EMPTY : new Membership(confState);
        for (ConfState.Incarnation named : confState.incarnations()) {
            require(membership.contains(named.id()), "an incarnation is of no member", confState);
        }
        return membership;
    }

    private static boolean disjoint(Collection<Long> a, Collection<Long> b) {
        return a.stream().noneMatch(b::contains);
    }

    private static void require(boolean condition, String broken, ConfState confState) {
        if (!condition) {
            throw new IllegalArgumentException(broken + ": " + confState);
        }
    }

    /** The same as a value for the host. */
    public ConfState confState() {
        return confState;
    }

    /** Who votes. */
    public JointConfig voters() {
        return voters;
    }

    /** How many members there are: voters of both halves, and learners. */
    public int size() {
        return members.length;
    }

    /** The member at a place of the ascending order. */
    public long member(int place) {
        return members[place];
    }

    /** Tells whether a node belongs to the group. */
    public boolean contains(long id) {
        for (long member : members) {
            if (member == id) {
                return true;
            }
        }
        return false;
    }

    /** Which life of a node's data directory belongs to the group; 0 if none is named, or it is no member. */
    public long incarnation(long id) {
        for (int i = 0; i < members.length; i++) {
            if (members[i] == id) {
                return incarnations[i];
            }
        }
        return 0;
    }

    /** Tells whether an incarnation of a node is another one than what the group knows; not if either is 0. */
    public boolean isOtherIncarnation(long id, long incarnation) {
        long known = incarnation(id);
        return incarnation != 0 && known != 0 && incarnation != known;
    }

    /** Tells whether a node receives the log without voting. */
    public boolean isLearner(long id) {
        return contains(id) && !voters.contains(id);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Membership that && confState.equals(that.confState);
    }

    @Override
    public int hashCode() {
        return confState.hashCode();
    }

    @Override
    public String toString() {
        return confState + " members " + Arrays.toString(members);
    }
}
