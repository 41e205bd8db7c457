package dev.keelraft;

import static dev.keelraft.TestNode.bytes;
import static org.assertj.core.api.Assertions.assertThat;

import dev.keelraft.model.Body;
import dev.keelraft.model.ConfChange;
import dev.keelraft.model.ConfChange.Change;
import dev.keelraft.model.ConfChange.ChangeType;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import dev.keelraft.model.RaftRole;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** A leader that has lost its quorum steps down; and a host may say that the leader is gone: kernel.md Q1 to Q4, F1. */
class CheckQuorumTest {

    private static RaftConfig.Builder checked(RaftConfig.Builder config) {
        return config.checkQuorum(true);
    }

    private static TestNode leaderOf(ConfState members) {
        TestNode leader = TestNode.in(members, 1, CheckQuorumTest::checked).win();
        // Whoever has voted, and what it answers: nothing counts before the first check but what comes after it.
        leader.tick(leader.config.electionTicks());
        assertThat(leader.role()).as("the check after the election").isEqualTo(RaftRole.LEADER);
        return leader;
    }

    /** Leads three, all of whom have answered in the first interval. */
    private static TestNode leader() {
        TestNode leader = TestNode.of(1, 3, CheckQuorumTest::checked).win();
        leader.acknowledge(1, 2, 3);
        leader.tick(10);
        assertThat(leader.role()).isEqualTo(RaftRole.LEADER);
        return leader;
    }

    /** Q1, Q4. */
    @Test
    void a_leader_that_a_majority_does_not_answer_for_an_election_timeout_steps_down_in_its_term() {
        TestNode leader = leader();
        leader.tick(9);
        assertThat(leader.role()).isEqualTo(RaftRole.LEADER);
        leader.tick(1);
        assertThat(leader.role()).isEqualTo(RaftRole.FOLLOWER);
        assertThat(leader.lead()).isZero();
        assertThat(leader.raw.status().hardState()).as("term and vote stay").isEqualTo(new HardState(2, 1, 1));
        leader.step(MessageType.VOTE, 3, 2, new Body.Vote(9, 9, false));
        assertThat(leader.vote())
                .as("Q4: it has voted in this term, for itself")
                .isEqualTo(1);
    }

    /** Q1: the setting at its other end. */
    @Test
    void without_the_check_it_leads_on_for_nobody() {
        TestNode leader = TestNode.of(1, 3).win();
        leader.tick(1_000);
        assertThat(leader.role()).isEqualTo(RaftRole.LEADER);
    }

    /** Q2: one of two others is enough, and either kind of answer is one. */
    @Test
    void an_answer_of_any_kind_in_each_interval_keeps_it() {
        TestNode leader = leader();
        for (int interval = 0; interval < 20; interval++) {
            switch (interval % 3) {
                case 0 -> leader.answerHeartbeat(2);
                case 1 -> leader.acknowledge(0, 3);
                default -> leader.reject(2, 1, 0, 0);
            }
            leader.tick(10);
            assertThat(leader.role()).isEqualTo(RaftRole.LEADER);
            assertThat(leader.peer(2).recentlyActive()).as("it is counted anew").isFalse();
            assertThat(leader.peer(1).recentlyActive())
                    .as("but for the leader itself")
                    .isTrue();
        }
        leader.tick(10);
        assertThat(leader.role()).isEqualTo(RaftRole.FOLLOWER);
    }

    @Test
    void questions_are_no_answers() {
        TestNode leader = leader();
        leader.raw.step(new Message(MessageType.READ_INDEX, 2, 1, 0, new Body.ReadIndex(bytes("r"))));
        leader.raw.step(new Message(MessageType.PROPOSE, 2, 1, 0, new Body.Propose(List.of(Entry.empty(0, 0)))));
        leader.raw.step(new Message(MessageType.PRE_VOTE, 2, 1, 2, new Body.Vote(0, 0, false)));
        leader.tick(10);
        assertThat(leader.role()).isEqualTo(RaftRole.FOLLOWER);
    }

    /** Q3, mutant 58. */
    @Test
    void learners_do_not_count() {
        TestNode leader = TestNode.in(
                        ConfState.of(List.of(1L, 2L, 3L), List.of(4L, 5L, 6L)), 1, CheckQuorumTest::checked)
                .win();
        leader.answerHeartbeat(4, 5, 6);
        leader.tick(10);
        assertThat(leader.role()).isEqualTo(RaftRole.FOLLOWER);
    }

    /** Mutant 58. */
    @Test
    void in_a_joint_configuration_both_halves_must_answer() {
        ConfState joint = new ConfState(List.of(1L, 2L, 3L), List.of(1L, 4L, 5L), List.of(), List.of(), false);
        for (long[] answering : new long[][] {{2}, {4}, {2, 4}}) {
            TestNode leader = TestNode.in(joint, 1, CheckQuorumTest::checked);
            leader.raw.campaign();
            leader.run();
            leader.answer(MessageType.VOTE_RESPONSE, 2, new Body.VoteResponse(false));
            leader.answer(MessageType.VOTE_RESPONSE, 4, new Body.VoteResponse(false));
            assertThat(leader.role()).isEqualTo(RaftRole.LEADER);
            leader.answerHeartbeat(answering);
            leader.tick(10);
            assertThat(leader.role()).isEqualTo(answering.length == 2 ? RaftRole.LEADER : RaftRole.FOLLOWER);
        }
    }

    @Test
    void a_leader_that_is_alone_is_its_own_quorum() {
        TestNode leader = leaderOf(ConfState.of(List.of(1L)));
        leader.tick(100);
        assertThat(leader.role()).isEqualTo(RaftRole.LEADER);
    }

    /** Q2, mutant 59: a new member has had no chance to answer yet. */
    @Test
    void a_new_member_counts_as_active_until_the_next_check() {
        TestNode leader = leaderOf(ConfState.of(List.of(1L)));
        leader.propose(ConfChange.of(new Change(ChangeType.ADD_VOTER, 2)));
        assertThat(leader.peer(2).recentlyActive()).isTrue();
        leader.tick(10);
        assertThat(leader.role()).isEqualTo(RaftRole.LEADER);
        leader.tick(10);
        assertThat(leader.role()).isEqualTo(RaftRole.FOLLOWER);
    }

    /** Kernel.md 4.1, LeaderSupersedingWithCheckQuorum and DisruptiveFollower: T2 and T5 at work. */
    @Test
    void a_candidate_that_was_cut_off_is_heard_in_the_end() {
        TestCluster cluster = new TestCluster(3, CheckQuorumTest::checked);
        cluster.elect(1);
        cluster.isolate(3);
        cluster.node(3).tick(30);
        cluster.reconnect(3);
        long term = cluster.node(3).term();
        assertThat(term).isGreaterThan(cluster.node(1).term());
        // Its votes are refused, but the leader learns of its term from it, and steps down.
        cluster.tick(40);
        assertThat(cluster.leaders()).hasSize(1);
        assertThat(cluster.node(1).term()).isGreaterThanOrEqualTo(term);
        assertThat(cluster.nodes)
                .allSatisfy(node ->
                        assertThat(node.lead()).isEqualTo(cluster.leaders().get(0)));
    }

    @Nested
    @DisplayName("to forget the leader (F1)")
    class ForgetLeader {
        @Test
        void a_follower_keeps_its_term_and_campaigns_no_sooner_but_votes_for_another() {
            TestNode node = TestNode.of(1, 3, CheckQuorumTest::checked).follow(2, 3);
            assertThat(node.raw.forgetLeader()).isTrue();
            assertThat(node.lead()).isZero();
            assertThat(node.term()).isEqualTo(3);
            assertThat(node.role()).isEqualTo(RaftRole.FOLLOWER);
            assertThat(node.sent()).isEmpty();
            // While it knew the leader this was a campaign against it (T2).
            assertThat(node.step(MessageType.VOTE, 3, 4, new Body.Vote(0, 0, false)))
                    .isEqualTo(StepResult.HANDLED);
            assertThat(node.vote()).isEqualTo(3);
        }

        @Test
        void the_leaders_next_message_brings_it_back() {
            TestNode node = TestNode.of(1, 3, CheckQuorumTest::checked).follow(2, 3);
            node.raw.forgetLeader();
            node.follow(2, 3);
            assertThat(node.lead()).isEqualTo(2);
        }

        @Test
        void a_learner_forgets_too() {
            TestNode node = TestNode.in(ConfState.of(List.of(2L, 3L), List.of(1L)), 1, CheckQuorumTest::checked)
                    .follow(2, 3);
            assertThat(node.raw.forgetLeader()).isTrue();
            assertThat(node.lead()).isZero();
        }

        @Test
        void there_is_nothing_to_forget_without_a_leader_or_as_leader_or_candidate() {
            TestNode leaderless = TestNode.of(1, 3);
            assertThat(leaderless.raw.forgetLeader()).isFalse();
            TestNode leader = TestNode.of(1, 3).win();
            assertThat(leader.raw.forgetLeader()).isFalse();
            assertThat(leader.lead()).isEqualTo(1);
            TestNode candidate = TestNode.of(1, 3).follow(2, 3);
            candidate.raw.campaign();
            assertThat(candidate.raw.forgetLeader()).isFalse();
            assertThat(candidate.role()).isEqualTo(RaftRole.CANDIDATE);
        }

        /** A lease rests on what the followers remember. Only the conformance harness has such reads. */
        @Test
        void with_lease_reads_nobody_forgets() {
            TestNode node = TestNode.of(1, 3, config -> config.checkQuorum(true).leaseReads(true))
                    .follow(2, 3);
            assertThat(node.raw.forgetLeader()).isFalse();
            assertThat(node.lead()).isEqualTo(2);
        }
    }
}
