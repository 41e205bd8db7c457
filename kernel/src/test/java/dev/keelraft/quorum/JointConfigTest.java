package dev.keelraft.quorum;

import static dev.keelraft.quorum.MajorityConfigTest.acks;
import static dev.keelraft.quorum.MajorityConfigTest.ballots;
import static dev.keelraft.quorum.MajorityConfigTest.codes;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.function.LongFunction;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

/** Joint majorities (paper, section 6): all pairs of sets among five nodes. */
class JointConfigTest {
    private static final int NODES = 5;

    /** The voters whose bits are set. */
    private static MajorityConfig group(int bits) {
        List<Long> ids = new ArrayList<>();
        for (long id = 1; id <= NODES; id++) {
            if ((bits >> (id - 1) & 1) == 1) {
                ids.add(id);
            }
        }
        return MajorityConfig.of(ids);
    }

    private static JointConfig joint(int incoming, int outgoing) {
        return new JointConfig(group(incoming), group(outgoing));
    }

    @Example
    void an_election_is_won_in_both_halves_and_lost_in_either() {
        for (int in = 1; in < 1 << NODES; in++) {
            for (int out = 0; out < 1 << NODES; out++) {
                for (int code = 0; code < codes(NODES); code += 1 + (in + out) % 3) {
                    LongFunction<Ballot> ballots = ballots(code);
                    VoteResult a = group(in).voteResult(ballots);
                    VoteResult b = group(out).voteResult(ballots);
                    boolean won = a == VoteResult.WON && b == VoteResult.WON;
                    boolean lost = a == VoteResult.LOST || b == VoteResult.LOST;
                    VoteResult expected = won ? VoteResult.WON : lost ? VoteResult.LOST : VoteResult.PENDING;
                    assertThat(joint(in, out).voteResult(ballots)).isEqualTo(expected);
                }
            }
        }
    }

    @Example
    void two_groups_that_win_a_joint_election_share_a_voter_of_each_half() {
        JointConfig config = joint(0b00111, 0b11100);
        for (int a = 0; a < 1 << NODES; a++) {
            for (int b = 0; b < 1 << NODES; b++) {
                if (wins(config, a) && wins(config, b)) {
                    assertThat(a & b & 0b00111).isNotZero();
                    assertThat(a & b & 0b11100).isNotZero();
                }
            }
        }
    }

    private static boolean wins(JointConfig config, int group) {
        return config.voteResult(id -> (group >> (id - 1) & 1) == 1 ? Ballot.GRANTED : Ballot.MISSING)
                == VoteResult.WON;
    }

    @Property(tries = 500)
    void what_is_committed_is_committed_in_both_halves_and_nothing_higher_is(
            @ForAll @IntRange(min = 1, max = 31) int in,
            @ForAll @IntRange(max = 31) int out,
            @ForAll @Size(NODES) List<@IntRange(max = 9) Integer> acked) {
        long incoming = group(in).committedIndex(acks(acked));
        long outgoing = group(out).committedIndex(acks(acked));
        long committed = joint(in, out).committedIndex(acks(acked));
        assertThat(committed).isLessThanOrEqualTo(incoming).isLessThanOrEqualTo(outgoing);
        assertThat(committed == incoming || committed == outgoing).isTrue();
    }

    @Property(tries = 500)
    void the_order_of_the_halves_and_a_half_that_is_the_same_or_not_there_make_no_difference(
            @ForAll @IntRange(min = 1, max = 31) int in,
            @ForAll @IntRange(min = 1, max = 31) int out,
            @ForAll @Size(NODES) List<@IntRange(max = 9) Integer> acked,
            @ForAll @IntRange(max = 242) int code) {
        long both = joint(in, out).committedIndex(acks(acked));
        assertThat(joint(out, in).committedIndex(acks(acked))).isEqualTo(both);
        assertThat(joint(in, out).voteResult(ballots(code)))
                .isEqualTo(joint(out, in).voteResult(ballots(code)));
        for (int same : new int[] {in, 0}) {
            assertThat(joint(in, same).committedIndex(acks(acked)))
                    .isEqualTo(group(in).committedIndex(acks(acked)));
            assertThat(joint(in, same).voteResult(ballots(code)))
                    .isEqualTo(group(in).voteResult(ballots(code)));
        }
    }

    @Example
    void a_singleton_is_one_voter_who_is_alone() {
        assertThat(joint(0b00100, 0).isSingleton()).isTrue();
        assertThat(joint(0b00110, 0).isSingleton()).isFalse();
        assertThat(joint(0b00100, 0b00100).isSingleton()).isFalse();
        assertThat(joint(0b00100, 0b00110).isSingleton()).isFalse();
        assertThat(JointConfig.EMPTY.isSingleton()).isFalse();
    }

    @Example
    void it_contains_the_voters_of_both_halves() {
        JointConfig config = joint(0b00011, 0b00110);
        assertThat(config.isJoint()).isTrue();
        assertThat(List.of(config.contains(1), config.contains(2), config.contains(3), config.contains(4)))
                .containsExactly(true, true, true, false);
        assertThat(config).hasToString("(1 2)&&(2 3)");
        assertThat(joint(0b00011, 0)).hasToString("(1 2)");
    }
}
