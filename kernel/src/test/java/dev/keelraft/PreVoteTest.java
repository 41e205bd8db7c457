package dev.keelraft;

import static org.assertj.core.api.Assertions.assertThat;

import dev.keelraft.model.Body;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import dev.keelraft.model.RaftRole;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** To ask before one disturbs: kernel.md P1 to P5, thesis 9.6. */
class PreVoteTest {
    private static final Body YES = new Body.VoteResponse(false);
    private static final Body NO = new Body.VoteResponse(true);

    private static RaftConfig.Builder preVote(RaftConfig.Builder config) {
        return config.preVote(true);
    }

    /** P1, mutant 57, raft-rs pull request 84. */
    @Test
    void a_pre_candidate_asks_for_the_next_term_and_keeps_its_own_and_its_vote_and_forgets_its_leader() {
        TestNode node = TestNode.withLog(1, 3, PreVoteTest::preVote, 4, 3);
        node.step(MessageType.VOTE, 2, 5, new Body.Vote(9, 9, false));
        node.follow(2, 5);
        HardState before = node.raw.status().hardState();
        assertThat(before).isEqualTo(new HardState(5, 2, 0));
        node.raw.campaign();
        assertThat(node.role()).isEqualTo(RaftRole.PRE_CANDIDATE);
        assertThat(node.lead()).isZero();
        Body.Vote request = new Body.Vote(1, 3, false);
        assertThat(node.sent())
                .containsExactly(
                        new Message(MessageType.PRE_VOTE, 1, 2, 6, request),
                        new Message(MessageType.PRE_VOTE, 1, 3, 6, request));
        assertThat(node.raw.status().hardState()).isEqualTo(before);
        assertThat(node.storage.hardState()).isEqualTo(before);
    }

    /** P2. */
    @Test
    void whoever_wins_the_pre_vote_stands_for_election_at_once() {
        TestNode node = TestNode.of(1, 3, PreVoteTest::preVote);
        node.raw.campaign();
        node.sent();
        node.step(MessageType.PRE_VOTE_RESPONSE, 2, 2, YES);
        assertThat(node.role()).isEqualTo(RaftRole.CANDIDATE);
        assertThat(node.raw.status().hardState()).isEqualTo(new HardState(2, 1, 0));
        assertThat(node.sent(MessageType.VOTE)).hasSize(2);
    }

    @Test
    void whoever_loses_the_pre_vote_has_left_no_trace() {
        TestNode node = TestNode.of(1, 3, PreVoteTest::preVote);
        HardState before = node.raw.status().hardState();
        node.raw.campaign();
        node.step(MessageType.PRE_VOTE_RESPONSE, 2, 1, NO);
        node.step(MessageType.PRE_VOTE_RESPONSE, 3, 1, NO);
        assertThat(node.role()).isEqualTo(RaftRole.FOLLOWER);
        assertThat(node.raw.status().hardState()).isEqualTo(before);
    }

    /** E13, mutant 15. */
    @Test
    void an_answer_of_the_other_kind_does_not_count() {
        TestNode pre = TestNode.of(1, 3, PreVoteTest::preVote);
        pre.raw.campaign();
        pre.run();
        pre.step(MessageType.VOTE_RESPONSE, 2, 1, YES);
        assertThat(pre.role()).isEqualTo(RaftRole.PRE_CANDIDATE);
        pre.step(MessageType.PRE_VOTE_RESPONSE, 2, 2, YES);
        assertThat(pre.role()).isEqualTo(RaftRole.CANDIDATE);
        pre.step(MessageType.PRE_VOTE_RESPONSE, 3, 2, YES);
        assertThat(pre.role()).isEqualTo(RaftRole.CANDIDATE);
        pre.step(MessageType.VOTE_RESPONSE, 3, 2, YES);
        assertThat(pre.role()).isEqualTo(RaftRole.LEADER);
    }

    /** Its own pre-vote too: a group of one must not need anybody, and one of three not count itself twice. */
    @Test
    void a_group_of_one_asks_itself() {
        TestNode node = TestNode.of(1, 1, PreVoteTest::preVote);
        node.raw.campaign();
        node.run();
        assertThat(node.role()).isEqualTo(RaftRole.LEADER);
        assertThat(node.term()).isEqualTo(2);
    }

    /** P3. */
    @Test
    void a_campaign_that_the_leader_ordered_asks_nobody_first() {
        TestNode node = TestNode.of(1, 3, PreVoteTest::preVote).follow(2, 1);
        node.step(MessageType.TIMEOUT_NOW, 2, 1, new Body.TimeoutNow());
        assertThat(node.role()).isEqualTo(RaftRole.CANDIDATE);
        assertThat(node.term()).isEqualTo(2);
        assertThat(node.sent()).extracting(Message::type).containsOnly(MessageType.VOTE);
    }

    /** P4: unlike thesis 9.6. */
    @Test
    void without_a_check_of_the_quorum_a_living_leader_does_not_keep_a_voter_from_granting_a_pre_vote() {
        for (boolean check : List.of(false, true)) {
            TestNode node = TestNode.of(1, 3, config -> config.preVote(true).checkQuorum(check))
                    .follow(2, 1);
            node.step(MessageType.PRE_VOTE, 3, 2, new Body.Vote(0, 0, false));
            assertThat(node.sent().stream().map(Message::body).toList()).isEqualTo(check ? List.of() : List.of(YES));
        }
    }

    /** Mutant 13. */
    @Test
    void a_node_that_could_not_win_does_not_disturb_the_group_when_it_comes_back() {
        TestCluster cluster = new TestCluster(3, PreVoteTest::preVote);
        cluster.elect(1);
        cluster.isolate(3);
        cluster.propose(1, "without node 3");
        long term = cluster.node(1).term();
        for (int i = 0; i < 100; i++) {
            cluster.node(3).tick(1);
        }
        assertThat(cluster.node(3).term()).as("alone, it gets nowhere").isEqualTo(term);
        cluster.reconnect(3);
        cluster.elect(3);
        assertThat(cluster.leaders()).containsExactly(1L);
        assertThat(cluster.node(1).term()).isEqualTo(term);
        cluster.tick(2);
        assertThat(cluster.node(3).appliedTexts()).containsExactly("without node 3");
    }

    /** The setting at its other end. */
    @Test
    void without_pre_votes_a_node_that_comes_back_deposes_the_leader() {
        TestCluster cluster = new TestCluster(3);
        cluster.elect(1);
        cluster.isolate(3);
        cluster.node(3).tick(100);
        cluster.reconnect(3);
        cluster.elect(3);
        assertThat(cluster.node(1).role()).isEqualTo(RaftRole.FOLLOWER);
        assertThat(cluster.node(1).term()).isGreaterThan(5);
    }

    /** Kernel.md 4.1, PreVoteWithCheckQuorum: two who give up the same leader must not refuse each other for its sake. */
    @Test
    void two_pre_candidates_of_a_leader_that_is_gone_elect_one_of_them() {
        TestCluster cluster = new TestCluster(3, config -> config.preVote(true).checkQuorum(true));
        cluster.elect(1);
        cluster.isolate(1);
        // Nobody has waited for a time-out: each still protects the leader, until it campaigns itself.
        cluster.node(2).raw.campaign();
        cluster.node(3).raw.campaign();
        cluster.settle();
        cluster.node(2).raw.campaign();
        cluster.settle();
        assertThat(cluster.leaders()).hasSize(1);
    }

    /** P5, kernel.md 4.1, PreVoteMigrationCanCompleteElection: some ask first, some do not. */
    @Test
    void a_group_where_not_all_ask_first_elects_a_leader() {
        List<TestNode> nodes = new ArrayList<>();
        nodes.add(TestNode.of(1, 3, PreVoteTest::preVote));
        nodes.add(TestNode.of(2, 3, PreVoteTest::preVote));
        nodes.add(TestNode.of(3, 3));
        TestCluster cluster = new TestCluster(nodes);
        cluster.elect(1);
        // Node 3 was away, and has campaigned often: its term is far ahead, its log behind.
        cluster.isolate(3);
        cluster.propose(1, "x");
        cluster.node(3).tick(100);
        cluster.isolate(1);
        cluster.reconnect(3);
        long before = cluster.node(3).term();
        assertThat(before).isGreaterThan(cluster.node(2).term());
        cluster.tick(60);
        assertThat(cluster.leaders()).containsExactly(2L);
        assertThat(cluster.node(2).term()).isGreaterThan(before);
    }

    /** T6 without P5's luck: the node whose term is ahead never campaigns itself, and the other must learn its term. */
    @Test
    void a_pre_candidate_with_an_old_term_learns_the_later_one_and_wins_there() {
        TestNode two = TestNode.withLog(2, 3, PreVoteTest::preVote, 1, 1, 1);
        TestNode three = TestNode.withLog(3, 3, PreVoteTest::preVote, 7, 1);
        TestNode one = TestNode.withLog(1, 3, PreVoteTest::preVote, 1, 1);
        TestCluster cluster = new TestCluster(List.of(one, two, three));
        cluster.isolate(1);
        cluster.elect(2);
        assertThat(two.term()).isEqualTo(7);
        cluster.elect(2);
        assertThat(two.role()).isEqualTo(RaftRole.LEADER);
        assertThat(two.term()).isEqualTo(8);
    }
}
