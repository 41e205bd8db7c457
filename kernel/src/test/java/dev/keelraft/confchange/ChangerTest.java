package dev.keelraft.confchange;

import static dev.keelraft.model.ConfChange.ChangeType.ADD_LEARNER;
import static dev.keelraft.model.ConfChange.ChangeType.ADD_VOTER;
import static dev.keelraft.model.ConfChange.ChangeType.REMOVE;
import static dev.keelraft.model.ConfChange.ChangeType.UPDATE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.keelraft.model.ConfChange;
import dev.keelraft.model.ConfChange.Change;
import dev.keelraft.model.ConfChange.ChangeType;
import dev.keelraft.model.ConfChange.Transition;
import dev.keelraft.model.ConfChangeRefusal;
import dev.keelraft.model.ConfState;
import java.util.List;
import net.jqwik.api.Example;

/** One configuration change at a time: what it makes, and why it is refused. */
class ChangerTest {
    private static final ConfState THREE = ConfState.of(List.of(1L, 2L, 3L));

    static Change change(ChangeType type, long id) {
        return new Change(type, id);
    }

    static ConfChange joint(boolean autoLeave, Change... changes) {
        Transition transition = autoLeave ? Transition.JOINT_IMPLICIT : Transition.JOINT_EXPLICIT;
        return ConfChange.of(transition, List.of(changes), new byte[0]);
    }

    private static Changer.Changed made(ConfState from, ConfChange change) {
        Changer.Outcome outcome = Changer.change(Membership.of(from), change);
        assertThat(outcome).isInstanceOf(Changer.Changed.class);
        return (Changer.Changed) outcome;
    }

    private static ConfState after(ConfState from, ConfChange... changes) {
        ConfState at = from;
        for (ConfChange change : changes) {
            at = made(at, change).membership().confState();
        }
        return at;
    }

    private static void assertRefused(ConfState from, ConfChange change, ConfChangeRefusal reason) {
        assertThat(Changer.change(Membership.of(from), change)).isEqualTo(new Changer.Refused(reason));
    }

    private static ConfState joint(List<Long> voters, List<Long> outgoing, List<Long> learners, List<Long> next) {
        return new ConfState(voters, outgoing, learners, next, false);
    }

    @Example
    void a_single_change_takes_effect_at_once() {
        assertThat(after(THREE, ConfChange.of(change(ADD_VOTER, 4)))).isEqualTo(ConfState.of(List.of(1L, 2L, 3L, 4L)));
        assertThat(after(THREE, ConfChange.of(change(REMOVE, 2)))).isEqualTo(ConfState.of(List.of(1L, 3L)));
        assertThat(after(THREE, ConfChange.of(change(ADD_LEARNER, 4))))
                .isEqualTo(ConfState.of(THREE.voters(), List.of(4L)));
        assertThat(after(THREE, ConfChange.of(change(ADD_LEARNER, 3))))
                .isEqualTo(ConfState.of(List.of(1L, 2L), List.of(3L)));
        assertThat(after(ConfState.of(List.of(1L), List.of(2L)), ConfChange.of(change(ADD_VOTER, 2))))
                .isEqualTo(ConfState.of(List.of(1L, 2L)));
        assertThat(after(THREE, ConfChange.v1(7, REMOVE, 1, new byte[0]))).isEqualTo(ConfState.of(List.of(2L, 3L)));
    }

    /** M6. */
    @Example
    void adding_who_is_there_and_removing_who_is_not_and_news_about_a_member_change_nothing() {
        ConfState from = ConfState.of(List.of(1L, 2L), List.of(3L));
        for (Change nothing : List.of(
                change(ADD_VOTER, 1),
                change(ADD_LEARNER, 3),
                change(REMOVE, 8),
                change(UPDATE, 1),
                change(UPDATE, 8),
                change(REMOVE, 0),
                change(ADD_VOTER, 0))) {
            Changer.Changed changed = made(from, ConfChange.of(nothing));
            assertThat(changed.membership().confState()).as("%s", nothing).isEqualTo(from);
            assertThat(changed.created()).isEmpty();
        }
    }

    /** M5, M7: several changes, or a transition that asks for it. */
    @Example
    void several_changes_enter_a_joint_configuration() {
        ConfChange swap = ConfChange.of(change(REMOVE, 1), change(ADD_VOTER, 4));
        assertThat(after(THREE, swap))
                .isEqualTo(new ConfState(List.of(2L, 3L, 4L), List.of(1L, 2L, 3L), List.of(), List.of(), true));
        assertThat(after(THREE, joint(true, change(ADD_VOTER, 4))))
                .isEqualTo(new ConfState(List.of(1L, 2L, 3L, 4L), List.of(1L, 2L, 3L), List.of(), List.of(), true));
        assertThat(after(THREE, joint(false, change(ADD_VOTER, 4))))
                .isEqualTo(joint(List.of(1L, 2L, 3L, 4L), List.of(1L, 2L, 3L), List.of(), List.of()));
        assertThat(after(THREE, joint(false)))
                .as("an explicit joint configuration needs no change")
                .isEqualTo(joint(THREE.voters(), THREE.voters(), List.of(), List.of()));
    }

    @Example
    void leaving_keeps_the_incoming_half() {
        ConfState in = after(THREE, ConfChange.of(change(REMOVE, 1), change(ADD_VOTER, 4)));
        assertThat(after(in, ConfChange.leave())).isEqualTo(ConfState.of(List.of(2L, 3L, 4L)));
    }

    /** M7: mutant 66. */
    @Example
    void a_voter_that_is_demoted_in_a_joint_change_votes_on_until_the_group_leaves() {
        ConfState in = after(THREE, joint(false, change(ADD_LEARNER, 3), change(ADD_VOTER, 4)));
        assertThat(in).isEqualTo(joint(List.of(1L, 2L, 4L), List.of(1L, 2L, 3L), List.of(), List.of(3L)));
        assertThat(Membership.of(in).isLearner(3)).isFalse();
        assertThat(after(in, ConfChange.leave())).isEqualTo(ConfState.of(List.of(1L, 2L, 4L), List.of(3L)));
    }

    @Example
    void within_one_change_the_last_word_about_a_member_counts() {
        ConfChange undone = joint(false, change(ADD_LEARNER, 3), change(ADD_VOTER, 3));
        assertThat(after(THREE, undone)).isEqualTo(joint(THREE.voters(), THREE.voters(), List.of(), List.of()));
        ConfChange learner = joint(false, change(ADD_VOTER, 4), change(ADD_LEARNER, 4));
        assertThat(after(THREE, learner)).isEqualTo(joint(THREE.voters(), THREE.voters(), List.of(4L), List.of()));
        ConfChange gone = joint(false, change(ADD_LEARNER, 3), change(REMOVE, 3));
        assertThat(after(THREE, gone)).isEqualTo(joint(List.of(1L, 2L), THREE.voters(), List.of(), List.of()));
    }

    /** README 14: what is known of a member that was away, if only within one change, no longer holds. */
    @Example
    void who_is_added_anew_is_named() {
        assertThat(made(THREE, ConfChange.of(change(ADD_VOTER, 4))).created()).containsExactly(4L);
        assertThat(made(THREE, ConfChange.of(change(ADD_LEARNER, 4))).created()).containsExactly(4L);
        assertThat(made(ConfState.of(List.of(1L), List.of(2L)), ConfChange.of(change(ADD_VOTER, 2)))
                        .created())
                .as("a learner that is promoted keeps its progress")
                .isEmpty();
        ConfState learner = ConfState.of(List.of(1L), List.of(2L));
        assertThat(made(learner, joint(false, change(REMOVE, 2), change(ADD_LEARNER, 2)))
                        .created())
                .containsExactly(2L);
        assertThat(made(THREE, joint(false, change(REMOVE, 3), change(ADD_VOTER, 3)))
                        .created())
                .as("an outgoing voter has never been away")
                .isEmpty();
    }

    /** M3, M4: one test for each reason. */
    @Example
    void what_cannot_be_made_is_refused_with_its_reason() {
        ConfState in = after(THREE, joint(false, change(ADD_VOTER, 4)));
        assertRefused(in, joint(false, change(ADD_VOTER, 5)), ConfChangeRefusal.ALREADY_JOINT);
        assertRefused(in, joint(true), ConfChangeRefusal.ALREADY_JOINT);
        assertRefused(in, ConfChange.of(change(ADD_VOTER, 5), change(REMOVE, 1)), ConfChangeRefusal.ALREADY_JOINT);
        assertRefused(in, ConfChange.of(change(ADD_VOTER, 5)), ConfChangeRefusal.SIMPLE_CHANGE_IN_JOINT);
        assertRefused(in, ConfChange.v1(0, REMOVE, 1, new byte[0]), ConfChangeRefusal.SIMPLE_CHANGE_IN_JOINT);
        assertRefused(THREE, ConfChange.leave(), ConfChangeRefusal.NOT_JOINT);
        assertRefused(ConfState.EMPTY, joint(false, change(ADD_VOTER, 1)), ConfChangeRefusal.NO_VOTERS);
        assertRefused(
                ConfState.of(List.of(1L)), ConfChange.of(change(REMOVE, 1)), ConfChangeRefusal.REMOVES_ALL_VOTERS);
        assertRefused(
                ConfState.of(List.of(1L)), ConfChange.of(change(ADD_LEARNER, 1)), ConfChangeRefusal.REMOVES_ALL_VOTERS);
        assertRefused(
                THREE,
                joint(true, change(REMOVE, 1), change(REMOVE, 2), change(REMOVE, 3)),
                ConfChangeRefusal.REMOVES_ALL_VOTERS);
        assertRefused(THREE, ConfChange.of(change(ADD_VOTER, -1)), ConfChangeRefusal.INVALID_NODE_ID);
        assertRefused(THREE, joint(true, change(REMOVE, -2)), ConfChangeRefusal.INVALID_NODE_ID);
    }

    /** Mutant 65. */
    @Example
    void a_change_without_a_joint_configuration_alters_at_most_one_voter() {
        Membership from = Membership.of(THREE);
        for (List<Change> two : List.of(
                List.of(change(ADD_VOTER, 4), change(ADD_VOTER, 5)),
                List.of(change(REMOVE, 1), change(REMOVE, 2)),
                List.of(change(REMOVE, 1), change(ADD_VOTER, 4)),
                List.of(change(ADD_LEARNER, 1), change(ADD_VOTER, 4)))) {
            assertThat(Changer.simple(from, two))
                    .as("%s", two)
                    .isEqualTo(new Changer.Refused(ConfChangeRefusal.CHANGES_SEVERAL_VOTERS));
        }
        assertThat(Changer.simple(from, List.of(change(ADD_VOTER, 4), change(ADD_LEARNER, 5), change(ADD_LEARNER, 6))))
                .as("learners do not count")
                .isInstanceOf(Changer.Changed.class);
        assertThat(Changer.simple(from, List.of(change(REMOVE, 1), change(ADD_VOTER, 1))))
                .isInstanceOf(Changer.Changed.class);
    }
}
