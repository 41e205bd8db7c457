package dev.keelraft.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Example;

/** The members as hosts store them. */
class ConfStateTest {
    @Example
    void all_lists_are_sorted_by_unsigned_id() {
        List<Long> mixed = List.of(-3L, 7L, Long.MIN_VALUE, 2L);
        List<Long> sorted = List.of(2L, 7L, Long.MIN_VALUE, -3L);
        ConfState state = new ConfState(mixed, mixed, mixed, mixed, true);
        assertThat(state.voters()).isEqualTo(sorted);
        assertThat(state.votersOutgoing()).isEqualTo(sorted);
        assertThat(state.learners()).isEqualTo(sorted);
        assertThat(state.learnersNext()).isEqualTo(sorted);
        assertThat(state).isEqualTo(new ConfState(sorted, sorted, sorted, sorted, true));
    }

    @Example
    void lists_are_copied_and_immutable() {
        List<Long> mine = new ArrayList<>(List.of(1L, 2L));
        ConfState state = ConfState.of(mine, List.of(3L));
        mine.clear();
        assertThat(state.voters()).containsExactly(1L, 2L);
        assertThatThrownBy(() -> state.voters().add(9L)).isInstanceOf(UnsupportedOperationException.class);
        assertThatThrownBy(() -> state.learners().clear()).isInstanceOf(UnsupportedOperationException.class);
    }

    @Example
    void a_duplicate_is_refused_and_named() {
        List<Long> twice = List.of(-3L, 1L, -3L);
        for (String list : List.of("voters", "votersOutgoing", "learners", "learnersNext")) {
            assertThatThrownBy(() -> with(list, twice))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("node 18446744073709551613 stands twice in " + list);
        }
    }

    @Example
    void what_is_no_id_is_refused() {
        for (long invalid : new long[] {0, -1, -2}) {
            for (String list : List.of("voters", "votersOutgoing", "learners", "learnersNext")) {
                assertThatThrownBy(() -> with(list, List.of(1L, invalid)))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("not a node id");
            }
        }
    }

    @Example
    void incarnations_are_sorted_by_unsigned_id_copied_and_part_of_what_is_equal() {
        ConfState.Incarnation high = new ConfState.Incarnation(-3, 7);
        ConfState.Incarnation low = new ConfState.Incarnation(2, -1);
        List<Long> voters = List.of(2L, -3L);
        List<Long> none = List.of();
        List<ConfState.Incarnation> mine = new ArrayList<>(List.of(high, low));
        ConfState state = new ConfState(voters, none, none, none, false, mine);
        mine.clear();
        assertThat(state.incarnations()).containsExactly(low, high);
        assertThat(state.incarnation(-3)).isEqualTo(7);
        assertThat(state.incarnation(2)).isEqualTo(-1);
        assertThat(state.incarnation(4)).isZero();
        assertThat(state).isEqualTo(new ConfState(voters, none, none, none, false, List.of(low, high)));
        assertThat(state).isNotEqualTo(ConfState.of(voters));
        assertThat(ConfState.of(voters)).isEqualTo(new ConfState(voters, none, none, none, false, List.of()));
    }

    @Example
    void an_incarnation_of_nobody_or_named_twice_or_0_is_refused() {
        for (List<ConfState.Incarnation> wrong : List.of(
                List.of(new ConfState.Incarnation(0, 7)),
                List.of(new ConfState.Incarnation(2, 7), new ConfState.Incarnation(2, 8)),
                List.of(new ConfState.Incarnation(2, 0)))) {
            List<Long> none = List.of();
            assertThatThrownBy(() -> new ConfState(List.of(2L), none, none, none, false, wrong))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    private static ConfState with(String list, List<Long> ids) {
        List<Long> none = List.of();
        return new ConfState(
                list.equals("voters") ? ids : none,
                list.equals("votersOutgoing") ? ids : none,
                list.equals("learners") ? ids : none,
                list.equals("learnersNext") ? ids : none,
                false);
    }

    @Example
    void it_is_joint_if_there_are_outgoing_voters_and_empty_if_there_is_nobody() {
        assertThat(ConfState.EMPTY.isEmpty()).isTrue();
        assertThat(ConfState.EMPTY.isJoint()).isFalse();
        for (String list : List.of("voters", "votersOutgoing", "learners", "learnersNext")) {
            assertThat(with(list, List.of(1L)).isEmpty()).isFalse();
            assertThat(with(list, List.of(1L)).isJoint()).isEqualTo(list.equals("votersOutgoing"));
        }
        assertThat(ConfState.of(List.of(1L)))
                .isEqualTo(new ConfState(List.of(1L), List.of(), List.of(), List.of(), false));
    }
}
