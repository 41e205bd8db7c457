package dev.keelraft.model;

import java.util.ArrayList;
import java.util.List;

/**
 * The members of a group at some index of its log. Hosts store it with each snapshot.
 *
 * <p>In a joint configuration (paper, section 6) every decision takes a majority of {@code voters} and one of {@code
 * votersOutgoing}; otherwise the latter is empty. All lists are sorted by unsigned id, without duplicates and immutable.
 *
 * @param voters who votes; the incoming half in a joint configuration
 * @param votersOutgoing the outgoing half, empty outside a joint configuration
 * @param learners who receives the log without voting
 * @param learnersNext outgoing voters that become learners when the joint configuration is left
 * @param autoLeave whether the leader leaves the joint configuration by itself as soon as it may
 * @param incarnations of the members that have a named one; see {@code RaftConfig.Builder.incarnation}
 */
public record ConfState(
        List<Long> voters,
        List<Long> votersOutgoing,
        List<Long> learners,
        List<Long> learnersNext,
        boolean autoLeave,
        List<Incarnation> incarnations) {

    /**
     * Which life of a member's data directory belongs to the group.
     *
     * @param id the member
     * @param incarnation its incarnation, any 64 bits but 0
     */
    public record Incarnation(long id, long incarnation) {
        @Override
        public String toString() {
            return Long.toUnsignedString(id) + "#" + Long.toHexString(incarnation);
        }
    }

    /** Nobody: the configuration of a node that waits to be let in. */
    public static final ConfState EMPTY = new ConfState(List.of(), List.of(), List.of(), List.of(), false);

    /**
     * Sorts and copies the lists.
     *
     * @param voters in any order
     * @param votersOutgoing in any order
     * @param learners in any order
     * @param learnersNext in any order
     * @param autoLeave see above
     * @param incarnations in any order
     * @throws IllegalArgumentException if an id may not be one, or stands twice in a list, or an incarnation is 0
     */
    public ConfState {
        voters = sorted("voters", voters);
        votersOutgoing = sorted("votersOutgoing", votersOutgoing);
        learners = sorted("learners", learners);
        learnersNext = sorted("learnersNext", learnersNext);
        incarnations = sorted(incarnations);
    }

    /** A configuration that names no incarnations. */
    public ConfState(
            List<Long> voters,
            List<Long> votersOutgoing,
            List<Long> learners,
            List<Long> learnersNext,
            boolean autoLeave) {
        this(voters, votersOutgoing, learners, learnersNext, autoLeave, List.of());
    }

    /** A configuration of voters alone. */
    public static ConfState of(List<Long> voters) {
        return of(voters, List.of());
    }

    /** A configuration of voters and learners that is not joint. */
    public static ConfState of(List<Long> voters, List<Long> learners) {
        return new ConfState(voters, List.of(), learners, List.of(), false);
    }

    /** Tells whether nobody belongs to it. */
    public boolean isEmpty() {
        return voters.isEmpty() && votersOutgoing.isEmpty() && learners.isEmpty() && learnersNext.isEmpty();
    }

    /** Tells whether decisions take two majorities. */
    public boolean isJoint() {
        return !votersOutgoing.isEmpty();
    }

    /** The incarnation of a member; 0 if none is named. */
    public long incarnation(long id) {
        for (Incarnation known : incarnations) {
            if (known.id() == id) {
                return known.incarnation();
            }
        }
        return 0;
    }

    private static List<Incarnation> sorted(List<Incarnation> incarnations) {
        if (incarnations.isEmpty()) {
            return List.of();
        }
        sorted("incarnations", incarnations.stream().map(Incarnation::id).toList());
        List<Incarnation> copy = new ArrayList<>(incarnations);
        copy.sort((a, b) -> Long.compareUnsigned(a.id(), b.id()));
        for (Incarnation named : copy) {
            if (named.incarnation() == 0) {
                throw new IllegalArgumentException("node " + Long.toUnsignedString(named.id()) + " has incarnation 0");
            }
        }
        return List.copyOf(copy);
    }

    private static List<Long> sorted(String name, List<Long> ids) {
        if (ids.isEmpty()) {
            return List.of();
        }
        List<Long> copy = new ArrayList<>(ids);
        copy.sort(NodeId.ORDER);
        for (int i = 0; i < copy.size(); i++) {
            NodeId.check(copy.get(i));
            if (i > 0 && copy.get(i).equals(copy.get(i - 1))) {
                throw new IllegalArgumentException(
                        "node " + Long.toUnsignedString(copy.get(i)) + " stands twice in " + name);
            }
        }
        return List.copyOf(copy);
    }
}
