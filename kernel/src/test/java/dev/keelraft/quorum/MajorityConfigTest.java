package dev.keelraft.quorum;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keelraft.model.NodeId;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.function.LongFunction;
import java.util.function.LongUnaryOperator;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

/** Majorities against their definition: all small cases, and random larger ones. */
class MajorityConfigTest {
    private static final Ballot[] BALLOTS = Ballot.values();

    /** Voters 1 to n. */
    static MajorityConfig voters(int count) {
        List<Long> ids = new ArrayList<>();
        for (long id = 1; id <= count; id++) {
            ids.add(id);
        }
        return MajorityConfig.of(ids);
    }

    /** The answer of voter {@code id} is the digit at place {@code id} of a number. */
    static LongFunction<Ballot> ballots(int code) {
        return id -> {
            int rest = code;
            for (long place = 1; place < id; place++) {
                rest /= BALLOTS.length;
            }
            return BALLOTS[rest % BALLOTS.length];
        };
    }

    static int codes(int voters) {
        return (int) Math.pow(BALLOTS.length, voters);
    }

    /** By definition: won if the votes that are there suffice, lost if all that are missing would not. */
    static VoteResult verdict(int voters, LongFunction<Ballot> ballots) {
        int granted = 0;
        int possible = 0;
        for (long id = 1; id <= voters; id++) {
            granted += ballots.apply(id) == Ballot.GRANTED ? 1 : 0;
            possible += ballots.apply(id) == Ballot.REJECTED ? 0 : 1;
        }
        if (voters == 0 || 2 * granted > voters) {
            return VoteResult.WON;
        }
        return 2 * possible > voters ? VoteResult.PENDING : VoteResult.LOST;
    }

    @Example
    void an_election_is_won_lost_or_pending_as_its_definition_says() {
        for (int voters = 0; voters <= 7; voters++) {
            MajorityConfig config = voters(voters);
            for (int code = 0; code < codes(voters); code++) {
                assertThat(config.voteResult(ballots(code)))
                        .as("%d voters, ballots %d", voters, code)
                        .isEqualTo(verdict(voters, ballots(code)));
            }
        }
    }

    @Example
    void a_vote_that_comes_in_never_turns_what_was_decided() {
        for (int voters = 1; voters <= 6; voters++) {
            MajorityConfig config = voters(voters);
            for (int code = 0; code < codes(voters); code++) {
                VoteResult before = config.voteResult(ballots(code));
                int place = 1;
                for (long id = 1; id <= voters; id++, place *= BALLOTS.length) {
                    if (ballots(code).apply(id) == Ballot.MISSING && before != VoteResult.PENDING) {
                        // Ballot 0 is MISSING; the others are the answers that may come.
                        for (int answer = 1; answer < BALLOTS.length; answer++) {
                            assertThat(config.voteResult(ballots(code + place * answer)))
                                    .isEqualTo(before);
                        }
                    }
                }
            }
        }
    }

    @Example
    void two_groups_that_each_win_share_a_voter() {
        for (int voters = 1; voters <= 6; voters++) {
            MajorityConfig config = voters(voters);
            for (int a = 0; a < 1 << voters; a++) {
                for (int b = 0; b < 1 << voters; b++) {
                    if (wins(config, a) && wins(config, b)) {
                        assertThat(a & b).as("of %d voters", voters).isNotZero();
                    }
                }
            }
        }
    }

    private static boolean wins(MajorityConfig config, int group) {
        return config.voteResult(id -> (group >> (id - 1) & 1) == 1 ? Ballot.GRANTED : Ballot.REJECTED)
                == VoteResult.WON;
    }

    /** By definition: the highest index of which more than half of the voters have at least so much. */
    static long highestOfMajority(List<Integer> acked) {
        for (int index = 100; index > 0; index--) {
            int least = index;
            if (2 * acked.stream().filter(ack -> ack >= least).count() > acked.size()) {
                return index;
            }
        }
        return 0;
    }

    static LongUnaryOperator acks(List<Integer> acked) {
        return id -> id <= acked.size() ? acked.get((int) id - 1) : 0;
    }

    @Example
    void the_committed_index_of_every_small_group_is_the_highest_that_a_majority_has() {
        for (int voters = 1; voters <= 5; voters++) {
            for (int code = 0; code < Math.pow(4, voters); code++) {
                List<Integer> acked = new ArrayList<>();
                for (int i = 0, rest = code; i < voters; i++, rest /= 4) {
                    acked.add(rest % 4);
                }
                assertThat(voters(voters).committedIndex(acks(acked)))
                        .as("%s", acked)
                        .isEqualTo(highestOfMajority(acked));
            }
        }
    }

    @Property(tries = 300)
    void the_committed_index_is_the_highest_that_a_majority_has(
            @ForAll @Size(min = 1, max = 15) List<@IntRange(max = 100) Integer> acked) {
        assertThat(voters(acked.size()).committedIndex(acks(acked))).isEqualTo(highestOfMajority(acked));
    }

    @Property(tries = 300)
    void the_committed_index_never_falls_when_a_voter_acknowledges_more(
            @ForAll @Size(min = 1, max = 9) List<@IntRange(max = 50) Integer> acked,
            @ForAll @IntRange(max = 8) int who,
            @ForAll @IntRange(max = 50) int more) {
        List<Integer> later = new ArrayList<>(acked);
        later.set(who % acked.size(), later.get(who % acked.size()) + more);
        MajorityConfig config = voters(acked.size());
        assertThat(config.committedIndex(acks(later))).isGreaterThanOrEqualTo(config.committedIndex(acks(acked)));
    }

    @Example
    void the_empty_set_agrees_to_everything() {
        assertThat(MajorityConfig.EMPTY.committedIndex(id -> 0)).isEqualTo(Long.MAX_VALUE);
        assertThat(MajorityConfig.EMPTY.voteResult(id -> Ballot.REJECTED)).isEqualTo(VoteResult.WON);
        assertThat(MajorityConfig.of(List.of())).isSameAs(MajorityConfig.EMPTY);
    }

    @Property(tries = 200)
    void voters_are_kept_in_unsigned_order(@ForAll @Size(max = 9) List<Long> ids, @ForAll long other) {
        TreeSet<Long> sorted = new TreeSet<>(NodeId.ORDER);
        sorted.addAll(ids);
        MajorityConfig config = MajorityConfig.of(List.copyOf(sorted));
        List<Long> kept = new ArrayList<>();
        for (int i = 0; i < config.size(); i++) {
            kept.add(config.id(i));
            assertThat(config.contains(config.id(i))).isTrue();
        }
        assertThat(kept).containsExactlyElementsOf(sorted);
        assertThat(config.contains(other)).isEqualTo(sorted.contains(other));
    }

    @Example
    void a_list_that_is_not_ascending_is_refused() {
        assertThatThrownBy(() -> MajorityConfig.of(List.of(2L, 1L))).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> MajorityConfig.of(List.of(1L, 1L))).isInstanceOf(IllegalArgumentException.class);
        // -3 is one of the highest ids there are.
        assertThatThrownBy(() -> MajorityConfig.of(List.of(-3L, 1L))).isInstanceOf(IllegalArgumentException.class);
        assertThat(MajorityConfig.of(List.of(1L, -3L))).hasToString("(1 18446744073709551613)");
    }

    @Example
    void sets_of_the_same_voters_are_equal() {
        assertThat(voters(3)).isEqualTo(voters(3)).hasSameHashCodeAs(voters(3)).isNotEqualTo(voters(2));
    }
}
