package dev.keelraft.confchange;

import static dev.keelraft.model.ConfChange.ChangeType.ADD_LEARNER;
import static dev.keelraft.model.ConfChange.ChangeType.ADD_VOTER;
import static dev.keelraft.model.ConfChange.ChangeType.REMOVE;
import static dev.keelraft.model.ConfChange.ChangeType.UPDATE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keelraft.model.ConfChange;
import dev.keelraft.model.ConfChange.Change;
import dev.keelraft.model.ConfChange.ChangeType;
import dev.keelraft.model.ConfChange.Transition;
import dev.keelraft.model.ConfChangeRefusal;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.ConfState.Incarnation;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Example;

/** Who is named by which incarnation, and when that may change. */
class IncarnationChangeTest {
    /** Voters 1, 2 and 3 and learner 4, of which 2 and 4 have an incarnation. */
    private static final ConfState NAMED = new ConfState(
            List.of(1L, 2L, 3L),
            List.of(),
            List.of(4L),
            List.of(),
            false,
            List.of(new Incarnation(2, 20), new Incarnation(4, 40)));

    private static Change change(ChangeType type, long id, long incarnation) {
        return new Change(type, id, incarnation);
    }

    private static Changer.Changed made(ConfState from, Change... changes) {
        return make(from, ConfChange.of(changes));
    }

    private static Changer.Changed make(ConfState from, ConfChange change) {
        Changer.Outcome outcome = Changer.change(Membership.of(from), change);
        assertThat(outcome).isInstanceOf(Changer.Changed.class);
        return (Changer.Changed) outcome;
    }

    private static ConfState after(ConfState from, Change... changes) {
        return made(from, changes).membership().confState();
    }

    private static void assertReplacesVoter(ConfState from, ConfChange change) {
        assertThat(Changer.change(Membership.of(from), change))
                .isEqualTo(new Changer.Refused(ConfChangeRefusal.REPLACES_VOTER));
    }

    @Example
    void who_is_added_or_updated_is_named() {
        assertThat(after(NAMED, change(ADD_VOTER, 5, 50)).incarnation(5)).isEqualTo(50);
        assertThat(after(NAMED, change(ADD_LEARNER, 5, 50)).incarnation(5)).isEqualTo(50);
        Changer.Changed updated = made(NAMED, change(UPDATE, 1, 10));
        assertThat(updated.membership().confState().incarnation(1)).isEqualTo(10);
        assertThat(updated.created()).as("the same member, with a name").isEmpty();
        assertThat(updated.membership().incarnation(1)).isEqualTo(10);
        assertThat(updated.membership().incarnation(3)).isZero();
    }

    @Example
    void a_change_that_names_none_leaves_it_as_it_is() {
        assertThat(after(NAMED, change(UPDATE, 2, 0))).isEqualTo(NAMED);
        assertThat(after(NAMED, change(ADD_VOTER, 2, 0))).isEqualTo(NAMED);
        assertThat(after(NAMED, change(ADD_VOTER, 4, 0)).incarnation(4)).isEqualTo(40);
        assertThat(after(NAMED, change(ADD_LEARNER, 2, 0)).incarnation(2)).isEqualTo(20);
        assertThat(after(NAMED, change(ADD_VOTER, 2, 20))).isEqualTo(NAMED);
    }

    @Example
    void a_stranger_is_not_named() {
        assertThat(after(NAMED, change(UPDATE, 7, 70))).isEqualTo(NAMED);
        assertThat(after(NAMED, change(REMOVE, 7, 70))).isEqualTo(NAMED);
    }

    @Example
    void a_removal_forgets() {
        assertThat(after(NAMED, change(REMOVE, 2, 0)).incarnations()).containsExactly(new Incarnation(4, 40));
        ConfState back = after(after(NAMED, change(REMOVE, 2, 0)), change(ADD_VOTER, 2, 0));
        assertThat(back.incarnation(2)).isZero();
        assertThat(after(after(NAMED, change(REMOVE, 2, 0)), change(ADD_VOTER, 2, 21))
                        .incarnation(2))
                .isEqualTo(21);
    }

    @Example
    void a_voter_of_the_outgoing_half_keeps_its_incarnation_until_the_half_is_left() {
        ConfState joint = make(
                        NAMED,
                        ConfChange.of(
                                Transition.JOINT_EXPLICIT,
                                List.of(change(REMOVE, 2, 0), change(ADD_VOTER, 5, 50)),
                                new byte[0]))
                .membership()
                .confState();
        assertThat(joint.votersOutgoing()).contains(2L);
        assertThat(joint.incarnation(2)).isEqualTo(20);
        ConfState left = make(joint, ConfChange.leave()).membership().confState();
        assertThat(left.incarnation(2)).isZero();
        assertThat(left.incarnation(5)).isEqualTo(50);
    }

    @Example
    void a_learner_of_another_incarnation_is_created_anew() {
        for (Change replaced : List.of(change(ADD_LEARNER, 4, 41), change(ADD_VOTER, 4, 41), change(UPDATE, 4, 41))) {
            Changer.Changed changed = made(NAMED, replaced);
            assertThat(changed.created()).containsExactly(4L);
            assertThat(changed.membership().incarnation(4)).isEqualTo(41);
        }
        assertThat(made(NAMED, change(ADD_VOTER, 4, 40)).created()).isEmpty();
    }

    /** Or the leader would tell the new disk that what the old one had acknowledged is committed, and it would fail. */
    @Example
    void a_member_that_had_no_name_and_is_added_under_one_is_created_anew() {
        for (Change named : List.of(change(ADD_LEARNER, 1, 11), change(ADD_VOTER, 1, 11))) {
            Changer.Changed changed = made(NAMED, named);
            assertThat(changed.created()).containsExactly(1L);
            assertThat(changed.membership().incarnation(1)).isEqualTo(11);
        }
        assertThat(made(NAMED, change(ADD_LEARNER, 1, 0)).created()).isEmpty();
    }

    @Example
    void a_voter_that_becomes_a_learner_may_be_exchanged() {
        Changer.Changed changed = made(NAMED, change(ADD_LEARNER, 2, 21));
        assertThat(changed.created()).containsExactly(2L);
        assertThat(changed.membership().confState().voters()).containsExactly(1L, 3L);
        assertThat(changed.membership().incarnation(2)).isEqualTo(21);
    }

    /** Thesis 4.1: two voters change, and a majority of the old ones need not meet one of the new. */
    @Example
    void a_voter_is_not_exchanged_at_once() {
        assertReplacesVoter(NAMED, ConfChange.of(change(ADD_VOTER, 2, 21)));
        assertReplacesVoter(NAMED, ConfChange.of(change(UPDATE, 2, 21)));
    }

    @Example
    void nor_in_a_joint_configuration_whose_outgoing_half_it_votes_in() {
        for (Change second : List.of(change(ADD_VOTER, 2, 21), change(ADD_LEARNER, 2, 21), change(UPDATE, 2, 21))) {
            assertReplacesVoter(NAMED, ConfChange.of(change(REMOVE, 2, 0), second));
            assertReplacesVoter(NAMED, ConfChange.of(Transition.JOINT_IMPLICIT, List.of(second), new byte[0]));
        }
    }

    @Example
    void a_configuration_that_names_a_stranger_is_none() {
        List<Incarnation> names = new ArrayList<>(NAMED.incarnations());
        names.add(new Incarnation(9, 90));
        ConfState wrong = new ConfState(NAMED.voters(), List.of(), NAMED.learners(), List.of(), false, names);
        assertThat(Membership.isValid(NAMED)).isTrue();
        assertThat(Membership.isValid(wrong)).isFalse();
        assertThatThrownBy(() -> Membership.of(wrong)).hasMessageContaining("no member");
    }

    @Example
    void only_two_that_are_known_can_differ() {
        Membership membership = Membership.of(NAMED);
        assertThat(membership.isOtherIncarnation(2, 21)).isTrue();
        assertThat(membership.isOtherIncarnation(2, 20)).isFalse();
        assertThat(membership.isOtherIncarnation(2, 0)).isFalse();
        assertThat(membership.isOtherIncarnation(1, 21)).isFalse();
        assertThat(membership.isOtherIncarnation(9, 21)).isFalse();
    }
}
