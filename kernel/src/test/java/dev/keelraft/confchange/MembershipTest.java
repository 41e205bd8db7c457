package dev.keelraft.confchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keelraft.model.ConfState;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** Who the members are, in both forms. */
class MembershipTest {
    /** So that somebody votes. */
    static final long ALWAYS_A_VOTER = 7;

    /** What a node can be; the last three only in a joint configuration. */
    enum Part {
        NOBODY,
        VOTER,
        LEARNER,
        OUTGOING,
        INCOMING_AND_OUTGOING,
        OUTGOING_LEARNER_NEXT
    }

    /** A configuration in which node {@code i + 1} has part {@code i}, and another one votes. */
    static ConfState confState(List<Part> parts, boolean autoLeave) {
        List<Long> voters = new ArrayList<>(List.of(ALWAYS_A_VOTER));
        List<Long> outgoing = new ArrayList<>();
        List<Long> learners = new ArrayList<>();
        List<Long> next = new ArrayList<>();
        for (int i = 0; i < parts.size(); i++) {
            long id = i + 1L;
            switch (parts.get(i)) {
                case NOBODY -> {}
                case VOTER -> voters.add(id);
                case LEARNER -> learners.add(id);
                case OUTGOING -> outgoing.add(id);
                case INCOMING_AND_OUTGOING -> {
                    voters.add(id);
                    outgoing.add(id);
                }
                case OUTGOING_LEARNER_NEXT -> {
                    outgoing.add(id);
                    next.add(id);
                }
            }
        }
        return new ConfState(voters, outgoing, learners, next, autoLeave && !outgoing.isEmpty());
    }

    static Arbitrary<ConfState> confStates() {
        return Combinators.combine(Arbitraries.of(Part.class).list().ofMaxSize(6), Arbitraries.of(true, false))
                .as(MembershipTest::confState);
    }

    @Provide
    Arbitrary<ConfState> members() {
        return confStates();
    }

    @Property(tries = 500)
    void a_configuration_comes_back_as_it_was(@ForAll("members") ConfState confState) {
        Membership membership = Membership.of(confState);
        assertThat(membership.confState()).isEqualTo(confState);
        assertThat(Membership.of(membership.confState()))
                .isEqualTo(membership)
                .hasSameHashCodeAs(membership)
                .hasToString(membership.toString());
        assertThat(membership.toString()).startsWith(confState + " members [");
        for (long id = 1; id <= ALWAYS_A_VOTER; id++) {
            boolean votes = confState.voters().contains(id)
                    || confState.votersOutgoing().contains(id);
            boolean learns = confState.learners().contains(id);
            assertThat(membership.voters().contains(id)).isEqualTo(votes);
            assertThat(membership.isLearner(id)).isEqualTo(learns);
            assertThat(membership.contains(id)).isEqualTo(votes || learns);
        }
    }

    @Property(tries = 300)
    void members_are_visited_each_once_in_ascending_unsigned_order(@ForAll("members") ConfState confState) {
        Membership membership = Membership.of(confState);
        List<Long> visited = new ArrayList<>();
        for (int i = 0; i < membership.size(); i++) {
            visited.add(membership.member(i));
        }
        assertThat(visited)
                .isSortedAccordingTo(Long::compareUnsigned)
                .doesNotHaveDuplicates()
                .allMatch(membership::contains);
        List<Long> ids = new ArrayList<>(List.of(1L, 2L, 3L, 4L, 5L, 6L, ALWAYS_A_VOTER));
        ids.removeIf(id -> !membership.contains(id));
        assertThat(visited).isEqualTo(ids);
    }

    @Example
    void ids_with_the_top_bit_come_last() {
        Membership membership = Membership.of(ConfState.of(List.of(-5L, 3L, 1L), List.of(Long.MIN_VALUE)));
        List<Long> visited = new ArrayList<>();
        for (int i = 0; i < membership.size(); i++) {
            visited.add(membership.member(i));
        }
        assertThat(visited).containsExactly(1L, 3L, Long.MIN_VALUE, -5L);
    }

    @Example
    void a_configuration_that_breaks_an_invariant_is_refused() {
        List<Long> none = List.of();
        List<Long> one = List.of(1L);
        List<Long> two = List.of(2L);
        List<Long> both = List.of(1L, 2L);
        assertRefused(new ConfState(one, none, one, none, false), "a learner is a voter");
        assertRefused(new ConfState(two, one, one, none, false), "a learner is an outgoing voter");
        assertRefused(new ConfState(one, one, none, two, false), "a learner to be is no outgoing voter");
        assertRefused(new ConfState(one, none, none, two, false), "a learner to be is no outgoing voter");
        assertRefused(new ConfState(both, both, none, two, false), "a learner to be is a voter");
        assertRefused(new ConfState(one, none, none, none, true), "there is nothing to leave");
    }

    private static void assertRefused(ConfState confState, String why) {
        assertThatThrownBy(() -> Membership.of(confState))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(why)
                .hasMessageContaining(confState.toString());
    }

    @Example
    void nobody_is_a_membership_too() {
        assertThat(Membership.of(ConfState.EMPTY)).isSameAs(Membership.EMPTY);
        assertThat(Membership.EMPTY.size()).isZero();
        assertThat(Membership.EMPTY.contains(1)).isFalse();
        assertThat(Membership.EMPTY).isNotEqualTo(Membership.of(ConfState.of(List.of(1L))));
    }
}
