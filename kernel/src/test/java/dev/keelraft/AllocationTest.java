package dev.keelraft;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import net.jqwik.api.Example;

/**
 * The garbage of a steady group, from the input of the leader until all nodes have applied it: entries, messages and their
 * bodies, a Ready for each turn of the loop, the lists that these hold, and what the nodes compare to see whether there is
 * anything to do. Nothing on that way is boxed, goes through a stream, or is written as text.
 *
 * <p>The bounds are what JDK 17 takes, to the byte (JDK 25 takes 16 bytes less for a round with a proposal), in an interpreter:
 * compiled code takes less. The smallest object is 16 bytes, so that one more of any kind, in any step, is red: a boxed index, a
 * stream, a string, an iterator. Where more is taken for a reason, a bound may rise by what the commit message says; where less
 * is, it falls.
 */
class AllocationTest {
    @Example
    void one_entry_in_a_round_of_its_own() throws IOException, InterruptedException {
        assertWithin(AllocationCount.ofRound(3, "propose", 1), 1_672, 2 * 1_168);
    }

    @Example
    void one_entry_of_a_group_of_five() throws IOException, InterruptedException {
        assertWithin(AllocationCount.ofRound(5, "propose", 1), 2_168, 4 * 1_168);
    }

    @Example
    void one_entry_of_a_node_that_is_alone() throws IOException, InterruptedException {
        assertWithin(AllocationCount.ofRound(1, "propose", 1), 1_008, 0);
    }

    /** 363 bytes of the leader for an entry, and 35 of each follower: there is one append for all. */
    @Example
    void sixty_four_entries_that_are_proposed_one_by_one() throws IOException, InterruptedException {
        assertWithin(AllocationCount.ofRound(3, "propose", 64), 23_264, 2 * 2_256);
    }

    /** 107 bytes of the leader for an entry, and 35 of each follower. */
    @Example
    void sixty_four_entries_that_are_proposed_at_once() throws IOException, InterruptedException {
        assertWithin(AllocationCount.ofRound(3, "batch", 1), 6_816, 2 * 2_256);
    }

    @Example
    void one_read() throws IOException, InterruptedException {
        assertWithin(AllocationCount.ofRound(3, "read", 1), 1_016, 2 * 496);
    }

    /** 93 bytes of the leader for a read, and 8 of each follower: there is one heartbeat for all. */
    @Example
    void sixty_four_reads() throws IOException, InterruptedException {
        assertWithin(AllocationCount.ofRound(3, "read", 64), 5_936, 2 * 496);
    }

    @Example
    void a_tick_of_the_leader_with_its_heartbeats() throws IOException, InterruptedException {
        assertWithin(AllocationCount.ofRound(3, "tick", 1), 552, 2 * 456);
    }

    private static void assertWithin(AllocationCount.Bytes bytes, long leader, long followers) {
        // A count of nothing would be a count that does not work.
        assertThat(bytes.leader()).as("bytes of the leader").isPositive().isLessThanOrEqualTo(leader);
        assertThat(bytes.followers()).as("bytes of all followers").isLessThanOrEqualTo(followers);
    }
}
