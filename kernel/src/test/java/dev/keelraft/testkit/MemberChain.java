package dev.keelraft.testkit;

import dev.keelraft.model.ConfState;
import dev.keelraft.model.NodeId;
import dev.keelraft.model.Snapshot;
import dev.keelraft.testkit.Violation.Rule;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Predicate;

/** The configurations of a group, one after the other, of which two that follow each other share a majority (thesis 4.1). */
final class MemberChain {
    private final World world;

    /** The members behind an index, for each configuration change that took effect; and of the first ones. */
    private final TreeMap<Long, ConfState> configurations = new TreeMap<>();

    MemberChain(World world, ConfState founders) {
        this.world = world;
        configurations.put(0L, founders);
    }

    ConfState newest() {
        return configurations.lastEntry().getValue();
    }

    /** The index of the newest change. */
    long newestIndex() {
        return configurations.lastKey();
    }

    /** Whether somebody is a member by the newest configuration. */
    boolean isMember(long id) {
        return Members.names(newest(), id);
    }

    /** Whether somebody was a member, and is none any more. */
    boolean wasMember(long id) {
        return !isMember(id) && configurations.values().stream().anyMatch(members -> Members.names(members, id));
    }

    /**
     * Whether something holds of one of the last few configurations. A leader with a slow disk shows late what it has done; its
     * members may have changed more than once by then.
     */
    boolean holdsOfRecent(Predicate<ConfState> holds) {
        return configurations.descendingMap().values().stream().limit(4).anyMatch(holds);
    }

    /** A member takes its members from a snapshot. */
    void check(SimulatedMember member, Snapshot snapshot) {
        ConfState there = configurations.floorEntry(snapshot.index()).getValue();
        if (snapshot.index() > 0 && !sameMembers(there, snapshot.confState())) {
            throw new Violation(
                    Rule.MEMBERSHIP,
                    "node " + member.id() + " takes from " + snapshot + " the members " + snapshot.confState()
                            + ", and they were " + there);
        }
    }

    /** A member has other members behind an index. */
    void follow(SimulatedMember member, long index, ConfState members) {
        ConfState before = configurations.floorEntry(index).getValue();
        if (configurations.containsKey(index)) {
            if (!sameMembers(before, members)) {
                throw new Violation(
                        Rule.MEMBERSHIP,
                        "behind index " + index + " node " + member.id() + " has the members " + members
                                + ", others have " + before);
            }
            return;
        }
        configurations.put(index, members);
        count(before, members);
        boolean shares = before.isJoint()
                ? members.voters().equals(before.voters()) && !members.isJoint()
                : members.isJoint()
                        ? members.votersOutgoing().equals(before.voters())
                        : differences(before.voters(), members.voters()) <= 1;
        if (!shares && !before.equals(members)) {
            throw new Violation(
                    Rule.MEMBERSHIP,
                    "behind index " + index + " the members go from " + before + " to " + members
                            + ", and two majorities could miss each other");
        }
    }

    private static boolean sameMembers(ConfState one, ConfState other) {
        return one.voters().equals(other.voters())
                && one.votersOutgoing().equals(other.votersOutgoing())
                && one.learners().equals(other.learners())
                && one.learnersNext().equals(other.learnersNext());
    }

    private static int differences(List<Long> one, List<Long> other) {
        int count = 0;
        for (Long id : one) {
            count += other.contains(id) ? 0 : 1;
        }
        for (Long id : other) {
            count += one.contains(id) ? 0 : 1;
        }
        return count;
    }

    private void count(ConfState before, ConfState after) {
        Coverage coverage = world.coverage();
        if (!before.isJoint() && after.isJoint()) {
            coverage.count(Coverage.Seen.JOINT_ENTERED);
            if (world.leaderId() != NodeId.NONE && !after.voters().contains(world.leaderId())) {
                coverage.count(Coverage.Seen.LEADER_REMOVED_IN_JOINT);
            }
        } else if (before.isJoint() && !after.isJoint()) {
            coverage.count(Coverage.Seen.JOINT_LEFT);
        } else if (before.voters().contains(world.leaderId()) && !after.voters().contains(world.leaderId())) {
            coverage.count(Coverage.Seen.LEADER_REMOVED);
        }
        for (long id : after.voters()) {
            if (before.learners().contains(id)) {
                coverage.count(Coverage.Seen.PROMOTED);
            }
        }
        for (long id : after.learners()) {
            if (before.voters().contains(id)) {
                coverage.count(Coverage.Seen.DEMOTED);
            } else if (!before.learners().contains(id)) {
                coverage.count(Coverage.Seen.JOINED);
            }
        }
        if (after.voters().size() == 1 && !after.isJoint()) {
            coverage.count(Coverage.Seen.SINGLE_VOTER);
        }
    }
}
