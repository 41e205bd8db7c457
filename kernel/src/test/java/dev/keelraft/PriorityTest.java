package dev.keelraft;

import static dev.keelraft.TestNode.confState;
import static org.assertj.core.api.Assertions.assertThat;

import dev.keelraft.model.Body;
import dev.keelraft.model.ConfChange;
import dev.keelraft.model.ConfChange.Change;
import dev.keelraft.model.ConfChange.ChangeType;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import dev.keelraft.model.RaftRole;
import dev.keelraft.model.Snapshot;
import java.util.List;
import java.util.Set;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which of several members should lead: raft-rs pull request 68, {@link RaftConfig.Builder#priority}. */
class PriorityTest {
    /** A member of three, of priority 5, with a log of two entries in terms 1 and 2. */
    private static TestNode preferred() {
        return TestNode.withLog(1, 3, config -> config.priority(5), 2, 1, 2);
    }

    private static Body.Vote request(long lastIndex, long lastTerm, long priority) {
        return new Body.Vote(lastIndex, lastTerm, false, 0, 0, priority);
    }

    /** Whether a node votes for node 2 in a term that it has not seen. */
    private static boolean grants(TestNode node, MessageType type, Body.Vote request) {
        node.step(type, 2, node.term() + 1, request);
        List<Message> answers = node.sent();
        assertThat(answers).hasSize(1);
        return !((Body.VoteResponse) answers.get(0).body()).rejected();
    }

    // The rule

    @Test
    void a_voter_refuses_who_has_lower_priority_and_the_same_log() {
        for (MessageType type : List.of(MessageType.PRE_VOTE, MessageType.VOTE)) {
            assertThat(grants(preferred(), type, request(2, 2, 4))).isFalse();
            assertThat(grants(preferred(), type, request(2, 2, 0))).isFalse();
            assertThat(grants(preferred(), type, request(2, 2, 5))).isTrue();
            assertThat(grants(preferred(), type, request(2, 2, 6))).isTrue();
        }
    }

    @Test
    void a_better_log_always_wins_and_a_worse_one_never() {
        assertThat(grants(preferred(), MessageType.VOTE, request(3, 2, 0))).isTrue();
        assertThat(grants(preferred(), MessageType.VOTE, request(2, 3, 0))).isTrue();
        assertThat(grants(preferred(), MessageType.VOTE, request(1, 3, 0))).isTrue();
        assertThat(grants(preferred(), MessageType.VOTE, request(1, 2, 9))).isFalse();
        assertThat(grants(preferred(), MessageType.VOTE, request(9, 1, 9))).isFalse();
    }

    @Test
    void a_refusal_for_the_sake_of_priority_leaves_the_vote_free() {
        TestNode node = preferred();
        node.step(MessageType.VOTE, 2, 3, request(2, 2, 0));
        assertThat(node.vote()).isZero();
        node.step(MessageType.VOTE, 3, 3, request(2, 2, 5));
        assertThat(node.vote()).isEqualTo(3);
    }

    @Test
    void requests_bear_the_priority_of_the_candidate() {
        for (boolean preVote : new boolean[] {true, false}) {
            TestNode node = TestNode.of(1, 3, config -> config.priority(7).preVote(preVote));
            node.raw.campaign();
            assertThat(node.sent(preVote ? MessageType.PRE_VOTE : MessageType.VOTE))
                    .hasSize(2)
                    .extracting(Message::body)
                    .containsOnly(request(0, 0, 7));
        }
    }

    @Test
    void a_transfer_to_a_member_of_low_priority_works() {
        TestCluster cluster = inGroup(2, true, 2);
        cluster.elect(2);
        assertThat(cluster.leaders()).containsExactly(2L);
        cluster.node(2).raw.transferLeadership(1);
        cluster.settle();
        assertThat(cluster.leaders()).containsExactly(1L);
    }

    // Who could not be elected itself does not insist

    @Test
    void a_learner_and_a_stranger_do_not_insist() {
        ConfState members = ConfState.of(List.of(2L, 3L), List.of(1L));
        for (long id : new long[] {1, 4}) {
            TestNode node = TestNode.in(members, id, config -> config.priority(5));
            assertThat(grants(node, MessageType.VOTE, request(0, 0, 0))).isTrue();
        }
    }

    @Test
    void who_has_a_snapshot_to_install_does_not_insist() {
        TestNode node = preferred();
        Body install = new Body.InstallSnapshot(new Snapshot(9, 2, confState(3), new byte[0]));
        node.raw.step(new Message(MessageType.INSTALL_SNAPSHOT, 2, 1, 2, install));
        node.raw.step(new Message(MessageType.VOTE, 2, 1, 3, request(9, 2, 0)));
        assertThat(node.vote()).isEqualTo(2);
    }

    @Test
    void who_has_a_configuration_change_to_apply_does_not_insist() {
        TestNode node = preferred();
        ConfChange change = ConfChange.of(new Change(ChangeType.ADD_LEARNER, 4));
        Entry entry = new Entry(2, 3, change.entryType(), change.encode());
        node.raw.step(new Message(MessageType.APPEND, 2, 1, 2, new Body.Append(2, 2, 3, List.of(entry))));
        node.raw.step(new Message(MessageType.VOTE, 2, 1, 3, request(3, 2, 0)));
        assertThat(node.vote()).isEqualTo(2);
    }

    // It ends

    @Test
    void a_voter_insists_as_often_as_the_group_has_members_and_anew_once_a_leader_was_heard_from() {
        TestNode node = preferred();
        for (int leaders = 0; leaders < 2; leaders++) {
            for (int round = 0; round < 3; round++) {
                assertThat(grants(node, MessageType.PRE_VOTE, request(2, 2, 0))).isFalse();
            }
            assertThat(grants(node, MessageType.PRE_VOTE, request(2, 2, 0))).isTrue();
            assertThat(grants(node, MessageType.PRE_VOTE, request(1, 2, 0)))
                    .as("what it must refuse it goes on to refuse")
                    .isFalse();
            node.follow(3, node.term());
        }
    }

    @Test
    void a_voter_that_has_led_insists_anew() {
        TestNode node = TestNode.of(1, 3, config -> config.priority(5));
        for (int round = 0; round < 3; round++) {
            grants(node, MessageType.PRE_VOTE, request(0, 0, 0));
        }
        node.win();
        node.sent();
        assertThat(node.role()).isEqualTo(RaftRole.LEADER);
        assertThat(grants(node, MessageType.VOTE, request(1, node.term(), 0))).isFalse();
    }

    /** Members 1 to {@code size}, of which one has priority 1 and the others 0. */
    private static TestCluster inGroup(int size, boolean preVote, long preferred) {
        return new TestCluster(LongStream.rangeClosed(1, size)
                .mapToObj(id ->
                        TestNode.of(id, size, config -> config.preVote(preVote).priority(id == preferred ? 1 : 0)))
                .toList());
    }

    /** Node 1 times out at once and node 2 as late as a node may; with pre-votes of none, of one, and of both. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3})
    void the_preferred_of_two_leads_though_the_other_campaigns_first(int preVotes) {
        TestCluster cluster = new TestCluster(List.of(
                TestNode.of(1, 2, config -> config.preVote((preVotes & 1) != 0)),
                TestNode.of(2, 2, config -> config.preVote((preVotes & 2) != 0).priority(1))));
        cluster.node(1).raw.raft().timer().setTimeout(10);
        cluster.node(2).raw.raft().timer().setTimeout(19);
        cluster.tick(10);
        assertThat(cluster.leaders()).as("the one that was first is refused").isEmpty();
        if ((preVotes & 1) == 0) {
            // Its request has begun a term, in which both have drawn anew: who comes first now is left to chance.
            cluster.node(1).raw.raft().timer().setTimeout(19);
            cluster.node(2).raw.raft().timer().setTimeout(10);
        }
        cluster.tick(10);
        assertThat(cluster.leaders()).containsExactly(2L);
    }

    /** Of three the last is dead; the host of the preferred one never ticks. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void a_member_whose_host_never_lets_it_campaign_gives_way(boolean preVote) {
        TestCluster cluster = inGroup(3, preVote, 2);
        cluster.isolate(3);
        for (int tick = 0; tick < 100; tick++) {
            cluster.node(1).raw.tick();
            cluster.settle();
        }
        assertThat(cluster.leaders()).containsExactly(1L);
    }

    /** Node 1 reaches 2, and 2 reaches 3; 4 and 5 are dead. 2 alone can win, and needs the vote of 1. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void a_member_that_is_needed_and_cannot_win_gives_way(boolean preVote) {
        TestCluster cluster = inGroup(5, preVote, 1);
        cluster.isolate(4);
        cluster.isolate(5);
        cluster.lose(message -> Set.of(message.from(), message.to()).equals(Set.of(1L, 3L)));
        cluster.tick(200);
        assertThat(cluster.leaders()).containsExactly(2L);
    }

    /** What the preferred one says is lost; the others are enough without it. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void a_member_that_nobody_hears_does_not_keep_the_others_from_a_leader(boolean preVote) {
        TestCluster cluster = inGroup(3, preVote, 1);
        cluster.lose(message -> message.from() == 1);
        cluster.node(1).raw.raft().timer().setTimeout(10_000);
        cluster.tick(40);
        assertThat(cluster.leaders()).hasSize(1).doesNotContain(1L);
    }

    @Test
    void without_priorities_the_first_who_asks_leads() {
        TestCluster cluster = inGroup(2, true, 0);
        cluster.node(1).raw.raft().timer().setTimeout(10);
        cluster.node(2).raw.raft().timer().setTimeout(19);
        cluster.tick(10);
        assertThat(cluster.leaders()).containsExactly(1L);
    }
}
