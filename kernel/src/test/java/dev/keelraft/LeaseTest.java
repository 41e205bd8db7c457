package dev.keelraft;

import static dev.keelraft.TestNode.bytes;
import static org.assertj.core.api.Assertions.assertThat;

import dev.keelraft.model.Body;
import dev.keelraft.model.ConfChange;
import dev.keelraft.model.ConfChange.Change;
import dev.keelraft.model.ConfChange.ChangeType;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import dev.keelraft.model.RaftRole;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Reads from a leader's lease (thesis 6.4.1, X2): when it is held, and what the others promise for it. */
class LeaseTest {
    private static final int ELECTION_TICKS = 10;
    private static final int DRIFT_TICKS = 1;

    /** For so many ticks after that of the heartbeat a lease is held. */
    private static final int LENGTH = ELECTION_TICKS - 2 - DRIFT_TICKS;

    private static RaftConfig.Builder leases(RaftConfig.Builder config) {
        return config.electionTicks(ELECTION_TICKS)
                .checkQuorum(true)
                .leaseReads(true)
                .leaseDriftTicks(DRIFT_TICKS);
    }

    private static TestNode leaderOf(ConfState members, UnaryOperator<RaftConfig.Builder> settings) {
        TestNode leader = TestNode.in(members, 1, settings);
        // What it may have promised before it was started.
        leader.tick(ELECTION_TICKS);
        leader.win();
        for (long voter : members.voters()) {
            if (voter != 1) {
                leader.acknowledge(leader.storage.lastIndex(), voter);
            }
        }
        leader.sent();
        return leader;
    }

    private static TestNode leader() {
        return leaderOf(TestNode.confState(3), LeaseTest::leases);
    }

    /** Lets a tick pass, and returns what its heartbeats carry. */
    private static byte[] heartbeat(TestNode leader) {
        leader.tick(1);
        return ((Body.Heartbeat) leader.sent(MessageType.HEARTBEAT).get(0).body()).context();
    }

    private static void answer(TestNode leader, byte[] context, long... peers) {
        for (long peer : peers) {
            leader.answer(MessageType.HEARTBEAT_RESPONSE, peer, new Body.HeartbeatResponse(context));
        }
    }

    /** Whether a read that asks for it is answered from the lease. */
    private static boolean answersAtOnce(TestNode leader) {
        int before = leader.reads.size();
        assertThat(leader.raw.readIndex(bytes("r"), ReadPolicy.LEASE)).isEqualTo(ReadResult.ACCEPTED);
        leader.run();
        return leader.reads.size() > before;
    }

    @Nested
    @DisplayName("the leader")
    class TheLeader {
        @Test
        void answers_without_asking_once_a_quorum_has_answered_a_heartbeat() {
            TestNode leader = leader();
            byte[] context = heartbeat(leader);
            assertThat(answersAtOnce(leader)).isFalse();
            answer(leader, context, 3);
            leader.reads.clear();
            leader.sent();
            assertThat(answersAtOnce(leader)).isTrue();
            assertThat(leader.reads).containsExactly(new ReadState(leader.commit(), bytes("r")));
            assertThat(leader.sent()).isEmpty();
        }

        /** Mutant 53: the answer may have been long on its way. */
        @Test
        void counts_from_the_tick_of_the_heartbeat_and_not_from_that_of_the_answer() {
            TestNode leader = leader();
            byte[] context = heartbeat(leader);
            leader.tick(LENGTH);
            answer(leader, context, 2);
            assertThat(answersAtOnce(leader)).isTrue();
            leader.tick(1);
            assertThat(answersAtOnce(leader)).isFalse();
        }

        @Test
        void counts_from_the_newest_heartbeat_that_a_quorum_has_answered() {
            TestNode leader = leaderOf(TestNode.confState(5), LeaseTest::leases);
            byte[] first = heartbeat(leader);
            byte[] second = heartbeat(leader);
            answer(leader, second, 2);
            answer(leader, first, 3);
            answer(leader, first, 2);
            leader.tick(LENGTH - 1);
            assertThat(answersAtOnce(leader)).isTrue();
            leader.tick(1);
            assertThat(answersAtOnce(leader))
                    .as("only 2 has answered the second")
                    .isFalse();
            answer(leader, second, 4);
            assertThat(answersAtOnce(leader)).isTrue();
        }

        @Test
        void does_not_count_learners_and_counts_both_halves_of_a_joint_configuration() {
            TestNode withLearners = leaderOf(ConfState.of(List.of(1L, 2L, 3L), List.of(4L, 5L)), LeaseTest::leases);
            byte[] context = heartbeat(withLearners);
            answer(withLearners, context, 4, 5);
            assertThat(answersAtOnce(withLearners)).isFalse();
            answer(withLearners, context, 2);
            assertThat(answersAtOnce(withLearners)).isTrue();

            TestNode joint = leader();
            joint.propose(ConfChange.of(
                    ConfChange.Transition.JOINT_EXPLICIT,
                    List.of(
                            new Change(ChangeType.REMOVE, 2),
                            new Change(ChangeType.REMOVE, 3),
                            new Change(ChangeType.ADD_VOTER, 4),
                            new Change(ChangeType.ADD_VOTER, 5)),
                    new byte[0]));
            joint.acknowledge(joint.storage.lastIndex(), 2, 3);
            assertThat(joint.members().isJoint()).isTrue();
            byte[] inJoint = heartbeat(joint);
            answer(joint, inJoint, 2, 3);
            assertThat(answersAtOnce(joint)).isFalse();
            answer(joint, inJoint, 4);
            assertThat(answersAtOnce(joint)).isTrue();
        }

        /** Mutant 54. */
        @Test
        void has_no_lease_for_the_rest_of_the_term_once_it_has_told_somebody_to_campaign() {
            TestNode leader = leader();
            answer(leader, heartbeat(leader), 2, 3);
            assertThat(answersAtOnce(leader)).isTrue();
            leader.raw.transferLeadership(2);
            assertThat(leader.sent(MessageType.TIMEOUT_NOW)).hasSize(1);
            assertThat(answersAtOnce(leader)).isFalse();
            for (int i = 0; i < 2 * ELECTION_TICKS; i++) {
                answer(leader, heartbeat(leader), 2, 3);
            }
            assertThat(leader.raw.status().transferTarget()).as("given up").isZero();
            assertThat(answersAtOnce(leader))
                    .as("the order may still be on its way")
                    .isFalse();
        }

        @Test
        void has_its_lease_for_as_long_as_the_target_is_only_brought_up_to_date() {
            TestNode leader = leader();
            leader.propose("2 does not have it");
            answer(leader, heartbeat(leader), 2, 3);
            leader.raw.transferLeadership(2);
            assertThat(answersAtOnce(leader)).isTrue();
            leader.acknowledge(leader.storage.lastIndex(), 2);
            assertThat(leader.sent(MessageType.TIMEOUT_NOW)).hasSize(1);
            assertThat(answersAtOnce(leader)).isFalse();
        }

        @Test
        void asks_a_quorum_without_a_lease_and_for_a_linearizable_read() {
            TestNode leader = leader();
            assertThat(answersAtOnce(leader)).isFalse();
            byte[] context =
                    ((Body.Heartbeat) leader.sent(MessageType.HEARTBEAT).get(0).body()).context();
            answer(leader, context, 2);
            assertThat(leader.reads).hasSize(1);
            assertThat(answersAtOnce(leader)).isTrue();
            leader.raw.readIndex(bytes("s"));
            leader.run();
            assertThat(leader.reads).hasSize(2);
            assertThat(leader.sent(MessageType.HEARTBEAT)).hasSize(2);
        }

        @Test
        void asks_a_quorum_for_what_others_read() {
            TestNode leader = leader();
            answer(leader, heartbeat(leader), 2, 3);
            leader.step(MessageType.READ_INDEX, 3, 0, new Body.ReadIndex(bytes("token")));
            assertThat(leader.sent()).extracting(Message::type).containsOnly(MessageType.HEARTBEAT);
        }

        /** Thesis 6.4, step 1. */
        @Test
        void waits_for_its_first_commit_whatever_lease_it_has() {
            TestNode leader = TestNode.in(TestNode.confState(3), 1, LeaseTest::leases);
            leader.tick(ELECTION_TICKS);
            leader.win().sent();
            answer(leader, heartbeat(leader), 2, 3);
            assertThat(answersAtOnce(leader)).isFalse();
        }

        @Test
        void that_is_alone_always_has_one() {
            TestNode leader = leaderOf(TestNode.confState(1), LeaseTest::leases);
            assertThat(answersAtOnce(leader)).isTrue();
            leader.tick(5 * ELECTION_TICKS);
            assertThat(answersAtOnce(leader)).isTrue();
        }

        @Test
        void takes_nothing_for_an_answer_that_is_none() {
            TestNode leader = leader();
            byte[] context = heartbeat(leader);
            for (byte[] strange : List.of(new byte[0], new byte[8], new byte[15], new byte[16], new byte[17])) {
                answer(leader, strange, 2, 3);
                assertThat(answersAtOnce(leader)).isFalse();
            }
            byte[] future = context.clone();
            future[14] = 127;
            answer(leader, future, 2);
            leader.tick(LENGTH);
            assertThat(answersAtOnce(leader))
                    .as("counts as the newest that there was")
                    .isTrue();
            leader.tick(1);
            assertThat(answersAtOnce(leader)).isFalse();
        }

        @Test
        void has_none_where_leases_are_off() {
            TestNode leader = leaderOf(TestNode.confState(3), config -> config.checkQuorum(true));
            byte[] context = heartbeat(leader);
            assertThat(context).isEmpty();
            answer(leader, context, 2, 3);
            assertThat(answersAtOnce(leader)).isFalse();
        }
    }

    @Nested
    @DisplayName("the others")
    class TheOthers {
        private final TestNode follower = TestNode.of(2, 3, LeaseTest::leases);

        private StepResult askForVote(TestNode voter, boolean transfer) {
            return voter.step(MessageType.VOTE, 3, voter.term() + 1, new Body.Vote(100, 100, transfer));
        }

        @Test
        void vote_for_nobody_for_an_election_time_out_of_their_own_after_they_have_heard_of_the_leader() {
            follower.tick(ELECTION_TICKS - 1);
            follower.follow(1, 2);
            // It need not even know whom it has promised it to.
            follower.tick(ELECTION_TICKS - 1);
            assertThat(askForVote(follower, false)).isEqualTo(StepResult.LEADER_ALIVE);
            assertThat(follower.step(MessageType.PRE_VOTE, 3, follower.term() + 1, new Body.Vote(100, 100, false)))
                    .isEqualTo(StepResult.LEADER_ALIVE);
            follower.tick(1);
            assertThat(askForVote(follower, false)).isEqualTo(StepResult.HANDLED);
            assertThat(follower.vote()).isEqualTo(3);
        }

        /** The simulator's find, seed 8578: such a message is that of a member whom an old leader has written to. */
        @Test
        void vote_for_nobody_in_a_term_either_that_they_came_to_by_another_message() {
            follower.follow(1, 2);
            follower.step(MessageType.APPEND_RESPONSE, 3, 3, Body.AppendResponse.accepted(0));
            assertThat(follower.term()).isEqualTo(3);
            follower.tick(ELECTION_TICKS - 1);
            Body.Vote request = new Body.Vote(100, 100, false);
            assertThat(follower.step(MessageType.VOTE, 3, 3, request)).isEqualTo(StepResult.HANDLED);
            assertThat(follower.sent(MessageType.VOTE_RESPONSE))
                    .extracting(answer -> ((Body.VoteResponse) answer.body()).rejected())
                    .containsExactly(true);
            follower.tick(1);
            follower.step(MessageType.VOTE, 3, 3, request);
            assertThat(follower.vote()).isEqualTo(3);
        }

        @Test
        void every_sign_of_the_leader_renews_the_promise() {
            follower.follow(1, 2);
            follower.tick(ELECTION_TICKS - 1);
            follower.step(MessageType.APPEND, 1, 2, new Body.Append(0, 0, 0, List.of()));
            follower.tick(ELECTION_TICKS - 1);
            assertThat(askForVote(follower, false)).isEqualTo(StepResult.LEADER_ALIVE);
        }

        /** It has forgotten its leader, and whoever answered shortly before the crash is counted upon. */
        @Test
        void a_member_that_is_started_again_votes_for_nobody_for_an_election_time_out() {
            follower.follow(1, 2);
            TestNode again = TestNode.restarted(follower.config, follower.storage, TestNode.confState(3));
            assertThat(again.lead()).isZero();
            assertThat(askForVote(again, false)).isEqualTo(StepResult.LEADER_ALIVE);
            assertThat(again.raw.campaign()).isEqualTo(CampaignResult.LEASE_PROMISED);
            again.tick(ELECTION_TICKS);
            assertThat(askForVote(again, false)).isEqualTo(StepResult.HANDLED);
        }

        @Test
        void a_member_that_has_never_known_a_term_has_promised_nothing() {
            MemoryStorage disk = new MemoryStorage();
            disk.setHardState(new HardState(0, 0, 1));
            disk.append(TestNode.entries(1, 1));
            TestNode fresh = TestNode.restarted(follower.config, disk, TestNode.confState(3));
            assertThat(fresh.raw.campaign()).isEqualTo(CampaignResult.STARTED);
        }

        @Test
        void do_not_campaign_on_their_hosts_word_either() {
            follower.follow(1, 2);
            assertThat(follower.raw.forgetLeader()).isFalse();
            assertThat(follower.raw.campaign()).isEqualTo(CampaignResult.LEASE_PROMISED);
            follower.tick(ELECTION_TICKS - 1);
            assertThat(follower.raw.campaign()).isEqualTo(CampaignResult.LEASE_PROMISED);
            assertThat(follower.role()).isEqualTo(RaftRole.FOLLOWER);
            // Its own time-out comes no earlier.
            follower.tick(ELECTION_TICKS);
            assertThat(follower.role()).isEqualTo(RaftRole.CANDIDATE);
        }

        @Test
        void campaign_and_vote_at_the_leaders_own_wish() {
            follower.follow(1, 2);
            follower.step(MessageType.TIMEOUT_NOW, 1, 2, new Body.TimeoutNow());
            assertThat(follower.role()).isEqualTo(RaftRole.CANDIDATE);
            TestNode voter = TestNode.of(2, 3, LeaseTest::leases).follow(1, 2);
            assertThat(askForVote(voter, true)).isEqualTo(StepResult.HANDLED);
            assertThat(voter.vote()).isEqualTo(3);
        }

        @Test
        void a_leader_that_was_made_one_by_wish_is_bound_to_nothing_later() {
            follower.follow(1, 2);
            follower.step(MessageType.TIMEOUT_NOW, 1, 2, new Body.TimeoutNow());
            follower.answer(MessageType.VOTE_RESPONSE, 3, new Body.VoteResponse(false));
            assertThat(follower.role()).isEqualTo(RaftRole.LEADER);
            follower.step(MessageType.APPEND_RESPONSE, 3, 9, Body.AppendResponse.accepted(0));
            assertThat(follower.role()).isEqualTo(RaftRole.FOLLOWER);
            assertThat(askForVote(follower, false)).isEqualTo(StepResult.HANDLED);
        }

        @Test
        void promise_nothing_where_leases_are_off() {
            TestNode plain =
                    TestNode.of(2, 3, config -> config.checkQuorum(true)).follow(1, 2);
            assertThat(plain.raw.campaign()).isEqualTo(CampaignResult.STARTED);
        }
    }
}
