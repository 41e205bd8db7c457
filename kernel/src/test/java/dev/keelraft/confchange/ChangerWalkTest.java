package dev.keelraft.confchange;

import static org.assertj.core.api.Assertions.assertThat;

import dev.keelraft.model.ConfChange;
import dev.keelraft.model.ConfChange.Change;
import dev.keelraft.model.ConfChange.ChangeType;
import dev.keelraft.model.ConfChange.Transition;
import dev.keelraft.model.ConfChangeRefusal;
import dev.keelraft.model.ConfState;
import dev.keelraft.quorum.Ballot;
import dev.keelraft.quorum.VoteResult;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.From;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.Size;

/** What holds of every configuration change, on random walks among seven nodes. All of them may be removed. */
class ChangerWalkTest {
    @Provide
    Arbitrary<Change> singles() {
        return Combinators.combine(
                        Arbitraries.of(ChangeType.class),
                        Arbitraries.of(1L, 2L, 3L, 4L, 5L, 6L, MembershipTest.ALWAYS_A_VOTER))
                .as(Change::new);
    }

    @Provide
    Arbitrary<ConfChange> changes() {
        return Combinators.combine(
                        Arbitraries.of(Transition.class), singles().list().ofMaxSize(4))
                .as((transition, list) -> ConfChange.of(transition, list, new byte[0]));
    }

    @Provide
    Arbitrary<ConfState> members() {
        return MembershipTest.confStates();
    }

    @Property(tries = 500, edgeCases = EdgeCasesMode.NONE)
    void on_every_walk_each_configuration_is_one_and_any_two_quorums_before_and_after_a_change_meet(
            @ForAll("members") ConfState start, @ForAll @Size(max = 15) List<@From("changes") ConfChange> walk) {
        Membership at = Membership.of(start);
        for (ConfChange change : walk) {
            Changer.Outcome outcome = Changer.change(at, change);
            if (outcome instanceof Changer.Changed changed) {
                assertConfiguration(changed.membership().confState());
                assertQuorumsMeet(at, changed.membership());
                assertThat(changed.membership().confState().isJoint())
                        .isEqualTo(!change.isLeave() && (at.voters().isJoint() || change.entersJoint()));
                at = changed.membership();
            } else {
                assertThat(((Changer.Refused) outcome).reason()).isEqualTo(expectedRefusal(at.confState(), change));
            }
        }
    }

    private static void assertConfiguration(ConfState state) {
        assertThat(state.voters()).isNotEmpty();
        assertThat(state.learners()).doesNotContainAnyElementsOf(state.voters());
        assertThat(state.learners()).doesNotContainAnyElementsOf(nonEmpty(state.votersOutgoing()));
        assertThat(state.votersOutgoing()).containsAll(state.learnersNext());
        assertThat(state.learnersNext()).doesNotContainAnyElementsOf(state.voters());
        if (!state.isJoint()) {
            assertThat(state.learnersNext()).isEmpty();
            assertThat(state.autoLeave()).isFalse();
        }
    }

    /* AssertJ refuses to compare with an empty list. */
    private static List<Long> nonEmpty(List<Long> ids) {
        return ids.isEmpty() ? List.of(-7L) : ids;
    }

    /** Two disjoint quorums could decide differently (thesis 4.1). If one group wins before, the rest does not win after. */
    private static void assertQuorumsMeet(Membership before, Membership after) {
        for (int group = 0; group < 1 << MembershipTest.ALWAYS_A_VOTER; group++) {
            if (wins(before, group)) {
                assertThat(wins(after, ~group)).as("%s, then %s", before, after).isFalse();
            }
        }
    }

    private static boolean wins(Membership membership, int group) {
        return membership.voters().voteResult(id -> (group >> (id - 1) & 1) == 1 ? Ballot.GRANTED : Ballot.REJECTED)
                == VoteResult.WON;
    }

    /** Why a change of valid ids among voters is refused, from the outside: the sets before and after. */
    private static ConfChangeRefusal expectedRefusal(ConfState from, ConfChange change) {
        if (change.isLeave()) {
            return ConfChangeRefusal.NOT_JOINT;
        }
        if (from.isJoint()) {
            return change.entersJoint() ? ConfChangeRefusal.ALREADY_JOINT : ConfChangeRefusal.SIMPLE_CHANGE_IN_JOINT;
        }
        return ConfChangeRefusal.REMOVES_ALL_VOTERS;
    }

    @Property(tries = 1_000)
    void a_change_does_what_it_says_to_whom_it_names_and_nothing_to_anybody_else(
            @ForAll("members") ConfState from, @ForAll("changes") ConfChange change) {
        Changer.Outcome outcome = Changer.change(Membership.of(from), change);
        if (!(outcome instanceof Changer.Changed changed) || change.isLeave()) {
            return;
        }
        ConfState to = changed.membership().confState();
        for (long id = 1; id <= MembershipTest.ALWAYS_A_VOTER; id++) {
            Optional<ChangeType> last = lastWord(change, id);
            boolean outgoing = to.votersOutgoing().contains(id);
            if (last.isEmpty()) {
                assertThat(to.voters().contains(id)).isEqualTo(from.voters().contains(id));
                assertThat(to.learners().contains(id)).isEqualTo(from.learners().contains(id));
                assertThat(changed.created()).doesNotContain(id);
                continue;
            }
            assertThat(to.voters().contains(id)).isEqualTo(last.get() == ChangeType.ADD_VOTER);
            assertThat(to.learners().contains(id)).isEqualTo(last.get() == ChangeType.ADD_LEARNER && !outgoing);
            assertThat(to.learnersNext().contains(id)).isEqualTo(last.get() == ChangeType.ADD_LEARNER && outgoing);
        }
        assertThat(to.votersOutgoing()).isEqualTo(change.entersJoint() ? from.voters() : List.of());
        assertThat(to.autoLeave()).isEqualTo(change.entersJoint() && change.autoLeave());
    }

    /** The last change of a node that is more than news about it. */
    private static Optional<ChangeType> lastWord(ConfChange change, long id) {
        Optional<ChangeType> last = Optional.empty();
        for (Change single : change.changes()) {
            if (single.nodeId() == id && single.type() != ChangeType.UPDATE) {
                last = Optional.of(single.type());
            }
        }
        return last;
    }

    @Property(tries = 1_000)
    void whoever_was_no_member_before_is_created_and_whoever_always_was_is_not(
            @ForAll("members") ConfState from, @ForAll("changes") ConfChange change) {
        Membership before = Membership.of(from);
        if (!(Changer.change(before, change) instanceof Changer.Changed changed)) {
            return;
        }
        for (int i = 0; i < changed.membership().size(); i++) {
            long id = changed.membership().member(i);
            boolean removed = change.changes().stream()
                    .anyMatch(single -> single.nodeId() == id && single.type() == ChangeType.REMOVE);
            if (!before.contains(id)) {
                assertThat(changed.created()).contains(id);
            } else if (!removed) {
                assertThat(changed.created()).doesNotContain(id);
            }
        }
    }

    /** A joint change and its leave are a short cut: one simple change after the other gets there too. */
    @Property(tries = 1_000)
    void a_chain_of_simple_changes_and_one_joint_change_end_in_the_same_configuration(
            @ForAll("members") ConfState any, @ForAll @Size(min = 1, max = 6) List<@From("singles") Change> list) {
        Membership start = Membership.of(ConfState.of(any.voters(), any.learners()));
        Changer.Outcome entered = Changer.enterJoint(start, false, list);
        Membership chained = start;
        for (Change single : list) {
            if (!(Changer.simple(chained, List.of(single)) instanceof Changer.Changed next)) {
                // On the way, and perhaps at the end, nobody would vote.
                return;
            }
            chained = next.membership();
        }
        assertThat(entered).isInstanceOf(Changer.Changed.class);
        Changer.Outcome left = Changer.leaveJoint(((Changer.Changed) entered).membership());
        assertThat(((Changer.Changed) left).membership()).isEqualTo(chained);
    }

    @Property(tries = 500)
    void a_simple_change_alters_at_most_one_voter_and_is_refused_if_it_would_alter_more(
            @ForAll("members") ConfState any, @ForAll @Size(max = 4) List<@From("singles") Change> list) {
        ConfState from = ConfState.of(any.voters(), any.learners());
        Set<Long> after = new HashSet<>(from.voters());
        for (Change single : list) {
            switch (single.type()) {
                case ADD_VOTER -> after.add(single.nodeId());
                case REMOVE, ADD_LEARNER -> after.remove(single.nodeId());
                case UPDATE -> {}
            }
        }
        List<Long> altered = new ArrayList<>();
        for (long id = 1; id <= MembershipTest.ALWAYS_A_VOTER; id++) {
            if (after.contains(id) != from.voters().contains(id)) {
                altered.add(id);
            }
        }
        Changer.Outcome outcome = Changer.simple(Membership.of(from), list);
        if (after.isEmpty()) {
            assertThat(outcome).isEqualTo(new Changer.Refused(ConfChangeRefusal.REMOVES_ALL_VOTERS));
        } else if (altered.size() > 1) {
            assertThat(outcome).isEqualTo(new Changer.Refused(ConfChangeRefusal.CHANGES_SEVERAL_VOTERS));
        } else {
            assertThat(((Changer.Changed) outcome).membership().confState().voters())
                    .containsExactlyInAnyOrderElementsOf(after);
        }
    }

    @Property(tries = 500)
    void a_refused_change_changes_nothing(@ForAll("members") ConfState from, @ForAll("changes") ConfChange change) {
        Membership before = Membership.of(from);
        String text = before.toString();
        Changer.change(before, change);
        assertThat(before.confState()).isEqualTo(from);
        assertThat(before).hasToString(text);
    }
}
