package dev.keelraft;

import static dev.keelraft.TestNode.entries;
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
import dev.keelraft.model.ProgressState;
import dev.keelraft.model.RaftRole;
import dev.keelraft.model.Snapshot;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Elections beyond the paper's sentences: kernel.md 1.1. */
class ElectionTest {
    private static final byte[] NOTHING = {};
    private static final UnaryOperator<RaftConfig.Builder> PLAIN = UnaryOperator.identity();

    private static Body.Vote vote(long lastIndex, long lastTerm) {
        return new Body.Vote(lastIndex, lastTerm, false);
    }

    @Nested
    @DisplayName("the timer (E3, E4)")
    class Timer {
        /** A node that has waited for all but one of ten ticks, and then sees this message. */
        private RaftRole afterMessageAtTheLastMoment(MessageType type, long term, Body body) {
            TestNode node = TestNode.withLog(1, 3, PLAIN, 2, 1);
            node.follow(2, 2);
            node.raw.raft().timer().setTimeout(10);
            node.tick(9);
            node.step(type, 3, term, body);
            node.raw.raft().timer().setTimeout(10);
            node.tick(1);
            return node.role();
        }

        /** Mutant 75: hashicorp raft pull request 609 had the second of these bugs. */
        @Test
        void only_the_leader_and_a_granted_vote_restart_it() {
            RaftRole campaigns = RaftRole.CANDIDATE;
            RaftRole waits = RaftRole.FOLLOWER;
            Body heartbeat = new Body.Heartbeat(0, NOTHING);
            assertThat(afterMessageAtTheLastMoment(MessageType.HEARTBEAT, 2, heartbeat))
                    .isEqualTo(waits);
            Body append = new Body.Append(0, 0, 0, List.of());
            assertThat(afterMessageAtTheLastMoment(MessageType.APPEND, 2, append))
                    .isEqualTo(waits);
            Body mismatch = new Body.Append(7, 2, 0, List.of());
            assertThat(afterMessageAtTheLastMoment(MessageType.APPEND, 2, mismatch))
                    .as("an append that does not match comes from a leader all the same")
                    .isEqualTo(waits);
            Body snapshot = new Body.InstallSnapshot(new Snapshot(0, 0, TestNode.confState(3), NOTHING));
            assertThat(afterMessageAtTheLastMoment(MessageType.INSTALL_SNAPSHOT, 2, snapshot))
                    .isEqualTo(waits);

            assertThat(afterMessageAtTheLastMoment(MessageType.PRE_VOTE, 3, vote(9, 9)))
                    .isEqualTo(campaigns);
            assertThat(afterMessageAtTheLastMoment(MessageType.VOTE, 2, vote(9, 9)))
                    .as("it is refused: there is a leader in this term")
                    .isEqualTo(campaigns);
            assertThat(afterMessageAtTheLastMoment(MessageType.HEARTBEAT, 1, heartbeat))
                    .isEqualTo(campaigns);
            Body proposal = new Body.Propose(List.of(Entry.empty(0, 0)));
            assertThat(afterMessageAtTheLastMoment(MessageType.PROPOSE, 0, proposal))
                    .isEqualTo(campaigns);
            assertThat(afterMessageAtTheLastMoment(MessageType.READ_INDEX, 0, new Body.ReadIndex(NOTHING)))
                    .isEqualTo(campaigns);
        }

        /** In its own term a node becomes nothing new by it: the vote alone restarts the timer. */
        @Test
        void a_granted_vote_of_the_same_term_restarts_it() {
            TestNode node = TestNode.withLog(1, 3, PLAIN, 2, 1);
            node.raw.raft().timer().setTimeout(10);
            node.tick(9);
            node.step(MessageType.VOTE, 3, 2, vote(9, 9));
            assertThat(node.vote()).isEqualTo(3);
            node.tick(9);
            assertThat(node.role()).isEqualTo(RaftRole.FOLLOWER);
            node.tick(1);
            assertThat(node.role()).isEqualTo(RaftRole.CANDIDATE);
        }

        @Test
        void a_refused_vote_of_the_same_term_does_not_restart_it() {
            TestNode node = TestNode.withLog(1, 3, PLAIN, 2, 2, 2);
            node.raw.raft().timer().setTimeout(10);
            node.tick(9);
            node.step(MessageType.VOTE, 3, 2, vote(1, 1));
            node.tick(1);
            assertThat(node.role()).isEqualTo(RaftRole.CANDIDATE);
        }

        /** E3: becoming follower, candidate and leader draw anew; becoming pre-candidate does not. Mutant 76. */
        @Test
        void it_is_drawn_anew_with_each_role_but_that_of_a_pre_candidate() {
            long[] draws = {0};
            MemoryStorage storage = new MemoryStorage();
            storage.setHardState(new HardState(1, 0, 0));
            RaftConfig config =
                    RaftConfig.builder(1, () -> draws[0]++).checkQuorum(false).build();
            RawNode node = RawNode.restart(config, storage, new Applied(0, TestNode.confState(3)));
            long afterStart = draws[0];
            node.campaign();
            assertThat(draws[0]).as("pre-candidate").isEqualTo(afterStart);
            node.step(new Message(MessageType.PRE_VOTE_RESPONSE, 2, 1, 2, new Body.VoteResponse(false)));
            node.step(new Message(MessageType.PRE_VOTE_RESPONSE, 3, 1, 2, new Body.VoteResponse(false)));
            assertThat(draws[0]).as("candidate").isEqualTo(afterStart + 1);
            node.step(new Message(MessageType.VOTE_RESPONSE, 2, 1, 2, new Body.VoteResponse(false)));
            node.step(new Message(MessageType.VOTE_RESPONSE, 3, 1, 2, new Body.VoteResponse(false)));
            assertThat(draws[0]).as("leader").isEqualTo(afterStart + 2);
            node.step(new Message(MessageType.HEARTBEAT, 2, 1, 3, new Body.Heartbeat(0, NOTHING)));
            assertThat(draws[0]).as("follower").isEqualTo(afterStart + 3);
        }
    }

    @Nested
    @DisplayName("who may campaign (E6, E7, E8)")
    class MayCampaign {
        private CampaignResult campaignOf(long id, ConfState members) {
            return TestNode.in(members, id, PLAIN).raw.campaign();
        }

        @Test
        void voters_of_either_half_may_and_learners_and_strangers_may_not() {
            ConfState simple = ConfState.of(List.of(1L, 2L), List.of(3L));
            assertThat(campaignOf(1, simple)).isEqualTo(CampaignResult.STARTED);
            assertThat(campaignOf(3, simple)).isEqualTo(CampaignResult.NOT_PROMOTABLE);
            assertThat(campaignOf(4, simple)).isEqualTo(CampaignResult.NOT_PROMOTABLE);
            ConfState joint = new ConfState(List.of(1L, 2L), List.of(2L, 3L), List.of(4L), List.of(3L), false);
            assertThat(campaignOf(1, joint)).isEqualTo(CampaignResult.STARTED);
            assertThat(campaignOf(3, joint)).as("an outgoing voter still votes").isEqualTo(CampaignResult.STARTED);
            assertThat(campaignOf(4, joint)).isEqualTo(CampaignResult.NOT_PROMOTABLE);
        }

        /** M12. */
        @Test
        void a_learner_and_a_stranger_do_not_campaign_however_long_they_wait() {
            for (long id : new long[] {3, 4}) {
                TestNode node = TestNode.in(ConfState.of(List.of(1L, 2L), List.of(3L)), id, PLAIN);
                node.tick(100);
                assertThat(node.role()).isEqualTo(RaftRole.FOLLOWER);
                assertThat(node.term()).isEqualTo(1);
                assertThat(node.sent()).isEmpty();
            }
        }

        /** X-T5, mutant 73. */
        @Test
        void an_order_of_the_leader_does_not_make_a_learner_or_a_stranger_campaign() {
            for (long id : new long[] {3, 4}) {
                TestNode node = TestNode.in(ConfState.of(List.of(1L, 2L), List.of(3L)), id, PLAIN);
                assertThat(node.step(MessageType.TIMEOUT_NOW, 1, 1, new Body.TimeoutNow()))
                        .isEqualTo(StepResult.UNEXPECTED);
                assertThat(node.role()).isEqualTo(RaftRole.FOLLOWER);
                assertThat(node.sent()).isEmpty();
            }
        }

        @Test
        void a_leader_that_campaigns_goes_on_to_lead() {
            TestNode leader = TestNode.of(1, 3).win();
            leader.sent();
            assertThat(leader.raw.campaign()).isEqualTo(CampaignResult.ALREADY_LEADS);
            assertThat(leader.role()).isEqualTo(RaftRole.LEADER);
            assertThat(leader.sent()).isEmpty();
        }

        /** Mutant 37. */
        @Test
        void a_node_that_has_a_snapshot_to_install_does_not() {
            TestNode node = TestNode.of(1, 3);
            Body install = new Body.InstallSnapshot(new Snapshot(9, 1, TestNode.confState(3), NOTHING));
            node.raw.step(new Message(MessageType.INSTALL_SNAPSHOT, 2, 1, 1, install));
            assertThat(node.raw.campaign()).isEqualTo(CampaignResult.NOT_PROMOTABLE);
            Ready ready = node.raw.ready();
            assertThat(node.raw.campaign()).isEqualTo(CampaignResult.NOT_PROMOTABLE);
            node.storage.append(ready.snapshot(), ready.hardState(), ready.entries());
            node.raw.advance(ready);
            assertThat(node.raw.campaign()).isEqualTo(CampaignResult.STARTED);
        }

        /** E7, etcd issue 12133, mutant 62: whatever the reason, and whatever the form of the change. */
        @Test
        void a_node_with_a_committed_configuration_change_to_apply_does_not() {
            for (ConfChange change : List.of(
                    ConfChange.v1(0, ChangeType.ADD_VOTER, 4, NOTHING),
                    ConfChange.of(new Change(ChangeType.ADD_VOTER, 4)))) {
                TestNode node = TestNode.of(1, 3, config -> config.maxCommittedBytes(1));
                Entry entry = new Entry(1, 3, change.entryType(), change.encode());
                List<Entry> log = List.of(Entry.empty(1, 1), Entry.empty(1, 2), entry, Entry.empty(1, 4));
                node.raw.step(new Message(MessageType.APPEND, 2, 1, 1, new Body.Append(0, 0, 4, log)));
                int refused = 0;
                while (node.raw.status().applied() < 3) {
                    assertThat(node.raw.campaign()).isEqualTo(CampaignResult.CONF_CHANGE_UNAPPLIED);
                    assertThat(node.raw.step(new Message(MessageType.TIMEOUT_NOW, 2, 1, 1, new Body.TimeoutNow())))
                            .isEqualTo(StepResult.UNEXPECTED);
                    for (int i = 0; i < 20; i++) {
                        node.raw.tick();
                    }
                    assertThat(node.role()).isEqualTo(RaftRole.FOLLOWER);
                    refused++;
                    Ready ready = node.raw.ready();
                    node.storage.append(ready.snapshot(), ready.hardState(), ready.entries());
                    if (ready.committedEntries().contains(entry)) {
                        node.raw.applyConfChange(entry);
                    }
                    node.raw.advance(ready);
                }
                assertThat(refused).isPositive();
                assertThat(node.raw.campaign()).isEqualTo(CampaignResult.STARTED);
            }
        }

        @Test
        void a_configuration_change_that_is_not_committed_does_not_matter() {
            TestNode node = TestNode.of(1, 3);
            ConfChange change = ConfChange.of(new Change(ChangeType.ADD_VOTER, 4));
            Entry entry = new Entry(1, 1, change.entryType(), change.encode());
            node.step(MessageType.APPEND, 2, 1, new Body.Append(0, 0, 0, List.of(entry)));
            assertThat(node.raw.campaign()).isEqualTo(CampaignResult.STARTED);
        }
    }

    @Nested
    @DisplayName("asking and counting (E9, E11, E12, E13)")
    class Counting {
        private final ConfState joint =
                new ConfState(List.of(2L, 5L, -3L), List.of(1L, 2L, 4L), List.of(3L), List.of(4L), false);

        /** E9, mutant 86. */
        @Test
        void voters_of_both_halves_are_asked_in_ascending_unsigned_order_and_learners_are_not() {
            for (boolean pre : List.of(false, true)) {
                TestNode node = TestNode.in(joint, 2, config -> config.preVote(pre));
                node.raw.campaign();
                MessageType type = pre ? MessageType.PRE_VOTE : MessageType.VOTE;
                assertThat(node.sent(type)).extracting(Message::to).containsExactly(1L, 4L, 5L, -3L);
            }
        }

        /** Mutants 5 and 7. */
        @Test
        void a_joint_election_is_won_in_both_halves() {
            TestNode node = TestNode.in(joint, 2, PLAIN);
            node.raw.campaign();
            node.answer(MessageType.VOTE_RESPONSE, 5, new Body.VoteResponse(false));
            node.answer(MessageType.VOTE_RESPONSE, -3, new Body.VoteResponse(false));
            assertThat(node.role()).as("the incoming half alone").isEqualTo(RaftRole.CANDIDATE);
            node.answer(MessageType.VOTE_RESPONSE, 3, new Body.VoteResponse(false));
            assertThat(node.role()).as("a learner's vote").isEqualTo(RaftRole.CANDIDATE);
            node.answer(MessageType.VOTE_RESPONSE, 4, new Body.VoteResponse(false));
            assertThat(node.role()).isEqualTo(RaftRole.LEADER);
        }

        @Test
        void a_joint_election_is_lost_in_either_half() {
            TestNode node = TestNode.in(joint, 2, PLAIN);
            node.raw.campaign();
            node.answer(MessageType.VOTE_RESPONSE, 1, new Body.VoteResponse(true));
            assertThat(node.role()).isEqualTo(RaftRole.CANDIDATE);
            node.answer(MessageType.VOTE_RESPONSE, 4, new Body.VoteResponse(true));
            assertThat(node.role()).isEqualTo(RaftRole.FOLLOWER);
            assertThat(node.term()).as("E13: at its current term").isEqualTo(2);
            assertThat(node.vote()).isEqualTo(2);
        }

        /** E12, mutants 6 and 7: with learners enough to make a majority, were they to count. */
        @Test
        void answers_of_learners_do_not_count() {
            ConfState members = ConfState.of(List.of(1L, 2L, 3L), List.of(4L, 5L, 6L));
            TestNode node = TestNode.in(members, 1, PLAIN);
            node.raw.campaign();
            for (long learner : members.learners()) {
                node.answer(MessageType.VOTE_RESPONSE, learner, new Body.VoteResponse(false));
            }
            assertThat(node.role()).isEqualTo(RaftRole.CANDIDATE);
            for (long learner : members.learners()) {
                node.answer(MessageType.VOTE_RESPONSE, learner, new Body.VoteResponse(true));
            }
            assertThat(node.role()).isEqualTo(RaftRole.CANDIDATE);
            node.answer(MessageType.VOTE_RESPONSE, 3, new Body.VoteResponse(false));
            assertThat(node.role()).isEqualTo(RaftRole.LEADER);
        }

        /** E12: mutant 16, and its counterpart. */
        @Test
        void the_first_answer_of_a_voter_stands() {
            TestNode node = TestNode.of(1, 5);
            node.raw.campaign();
            node.run();
            for (int i = 0; i < 3; i++) {
                node.answer(MessageType.VOTE_RESPONSE, 2, new Body.VoteResponse(true));
                node.answer(MessageType.VOTE_RESPONSE, 2, new Body.VoteResponse(false));
            }
            assertThat(node.role()).isEqualTo(RaftRole.CANDIDATE);
            node.answer(MessageType.VOTE_RESPONSE, 3, new Body.VoteResponse(false));
            assertThat(node.role()).isEqualTo(RaftRole.CANDIDATE);
            node.answer(MessageType.VOTE_RESPONSE, 4, new Body.VoteResponse(false));
            assertThat(node.role()).isEqualTo(RaftRole.LEADER);
        }

        /** Answers of an earlier round do not count in the next: they bear another term. */
        @Test
        void a_new_round_begins_from_nothing() {
            TestNode node = TestNode.of(1, 5);
            node.raw.campaign();
            node.run();
            node.step(MessageType.VOTE_RESPONSE, 2, 2, new Body.VoteResponse(false));
            node.raw.campaign();
            node.run();
            assertThat(node.term()).isEqualTo(3);
            node.step(MessageType.VOTE_RESPONSE, 3, 2, new Body.VoteResponse(false));
            node.step(MessageType.VOTE_RESPONSE, 4, 3, new Body.VoteResponse(false));
            assertThat(node.role()).isEqualTo(RaftRole.CANDIDATE);
            node.step(MessageType.VOTE_RESPONSE, 5, 3, new Body.VoteResponse(false));
            assertThat(node.role()).isEqualTo(RaftRole.LEADER);
        }

        /** More members than the arrays of a round begin with. */
        @Test
        void a_large_group_elects_too() {
            TestNode node = TestNode.of(1, 21);
            node.raw.campaign();
            node.run();
            for (long voter = 2; voter <= 10; voter++) {
                node.answer(MessageType.VOTE_RESPONSE, voter, new Body.VoteResponse(false));
                node.answer(MessageType.VOTE_RESPONSE, voter + 10, new Body.VoteResponse(true));
            }
            assertThat(node.role()).isEqualTo(RaftRole.CANDIDATE);
            node.answer(MessageType.VOTE_RESPONSE, 11, new Body.VoteResponse(false));
            assertThat(node.role()).isEqualTo(RaftRole.LEADER);
        }

        /** E11. */
        @Test
        void a_request_tells_whether_the_leader_ordered_it() {
            TestNode own = TestNode.withLog(1, 3, PLAIN, 1, 1, 1);
            own.raw.campaign();
            assertThat(own.sent(MessageType.VOTE))
                    .allMatch(message -> message.body().equals(vote(2, 1)));
            TestNode ordered = TestNode.withLog(1, 3, PLAIN, 1, 1, 1).follow(2, 1);
            ordered.step(MessageType.TIMEOUT_NOW, 2, 1, new Body.TimeoutNow());
            assertThat(ordered.sent(MessageType.VOTE))
                    .hasSize(2)
                    .allMatch(message -> message.body().equals(new Body.Vote(2, 1, true)));
        }
    }

    @Nested
    @DisplayName("granting (E14, E15, E16, E17)")
    class Granting {
        private Message answer(TestNode node, MessageType type, long term, Body.Vote request) {
            node.step(type, 3, term, request);
            List<Message> sent = node.sent();
            assertThat(sent).hasSize(1);
            return sent.get(0);
        }

        /** E15, mutant 14: a pre-vote that is granted names the term that was asked for, not ours. */
        @Test
        void a_grant_bears_the_term_of_the_request_and_a_refusal_the_voters_own() {
            TestNode node = TestNode.withLog(1, 3, PLAIN, 4, 2);
            assertThat(answer(node, MessageType.PRE_VOTE, 9, vote(1, 2)))
                    .isEqualTo(new Message(MessageType.PRE_VOTE_RESPONSE, 1, 3, 9, new Body.VoteResponse(false)));
            assertThat(answer(node, MessageType.PRE_VOTE, 9, vote(1, 1)))
                    .isEqualTo(new Message(MessageType.PRE_VOTE_RESPONSE, 1, 3, 4, new Body.VoteResponse(true)));
            assertThat(answer(node, MessageType.VOTE, 9, vote(1, 2)))
                    .isEqualTo(new Message(MessageType.VOTE_RESPONSE, 1, 3, 9, new Body.VoteResponse(false)));
        }

        /** E14: in the term of a leader nobody else wins. */
        @Test
        void no_vote_is_given_in_a_term_whose_leader_is_known() {
            TestNode node = TestNode.of(1, 3).follow(2, 4);
            assertThat(answer(node, MessageType.VOTE, 4, vote(9, 9)).body()).isEqualTo(new Body.VoteResponse(true));
            assertThat(node.vote()).isZero();
        }

        /** E14, mutant 12: a pre-vote promises nothing, so any number may be given, also against one's vote. */
        @Test
        void pre_votes_for_a_later_term_are_given_to_all_who_ask_and_change_nothing() {
            TestNode node = TestNode.of(1, 4);
            node.step(MessageType.VOTE, 2, 5, vote(0, 0));
            node.sent();
            HardState before = node.raw.status().hardState();
            for (long asks : new long[] {3, 4}) {
                node.step(MessageType.PRE_VOTE, asks, 6, vote(0, 0));
                assertThat(node.sent())
                        .containsExactly(
                                new Message(MessageType.PRE_VOTE_RESPONSE, 1, asks, 6, new Body.VoteResponse(false)));
            }
            assertThat(node.raw.status().hardState()).isEqualTo(before);
            assertThat(answer(node, MessageType.PRE_VOTE, 5, vote(0, 0)).body())
                    .as("in the term of its vote it is refused")
                    .isEqualTo(new Body.VoteResponse(true));
        }

        /** Kernel.md 4.1, VoteFromAnyState. */
        @Test
        void every_role_votes_in_a_later_term_and_follows() {
            for (RaftRole role : RaftRole.values()) {
                TestNode node = TestNode.of(1, 3, config -> config.preVote(role == RaftRole.PRE_CANDIDATE));
                switch (role) {
                    case FOLLOWER -> node.follow(2, 1);
                    case PRE_CANDIDATE, CANDIDATE -> node.raw.campaign();
                    case LEADER -> node.win();
                }
                assertThat(node.role()).isEqualTo(role);
                node.sent();
                assertThat(answer(node, MessageType.VOTE, 8, vote(9, 9)))
                        .isEqualTo(new Message(MessageType.VOTE_RESPONSE, 1, 3, 8, new Body.VoteResponse(false)));
                assertThat(node.role()).isEqualTo(RaftRole.FOLLOWER);
                assertThat(node.raw.status().hardState()).isEqualTo(new HardState(8, 3, 0));
                assertThat(node.lead()).isZero();
            }
        }

        /** E16. */
        @Test
        void a_learner_and_a_node_that_knows_nobody_give_their_votes() {
            TestNode learner = TestNode.in(ConfState.of(List.of(2L, 3L), List.of(1L)), 1, PLAIN);
            assertThat(answer(learner, MessageType.VOTE, 5, vote(0, 0)).body()).isEqualTo(new Body.VoteResponse(false));
            assertThat(learner.vote()).isEqualTo(3);
            TestNode stranger = TestNode.in(ConfState.EMPTY, 1, PLAIN);
            assertThat(answer(stranger, MessageType.VOTE, 5, vote(0, 0)).body())
                    .isEqualTo(new Body.VoteResponse(false));
        }

        /** E17, mutants 8 and 9, camunda issue 5356. */
        @Test
        void the_vote_goes_with_the_term_and_stays_within_it() {
            TestNode node = TestNode.of(1, 3);
            node.raw.campaign();
            node.run();
            assertThat(node.vote()).isEqualTo(1);
            node.step(MessageType.HEARTBEAT, 2, 2, new Body.Heartbeat(0, NOTHING));
            assertThat(node.role()).isEqualTo(RaftRole.FOLLOWER);
            assertThat(node.vote()).as("it has lost, and its vote stays given").isEqualTo(1);
            node.raw.forgetLeader();
            node.sent();
            assertThat(answer(node, MessageType.VOTE, 2, vote(9, 9)).body()).isEqualTo(new Body.VoteResponse(true));
            node.step(MessageType.HEARTBEAT, 2, 3, new Body.Heartbeat(0, NOTHING));
            assertThat(node.vote()).isZero();
        }
    }

    /** E18, E19. */
    @Test
    void a_new_leader_opens_its_term_with_an_empty_entry_and_knows_only_its_own_log() {
        TestNode leader = TestNode.withLog(1, 3, PLAIN, 1, 1, 1).win();
        assertThat(leader.storage.entries(3, 4, 0)).containsExactly(Entry.empty(2, 3));
        Status.Peer own = leader.peer(1);
        assertThat(own.match()).isEqualTo(3);
        assertThat(own.state()).isEqualTo(ProgressState.REPLICATE);
        assertThat(own.recentlyActive()).isTrue();
        for (long peer : new long[] {2, 3}) {
            Status.Peer other = leader.peer(peer);
            assertThat(other.match()).isZero();
            assertThat(other.next()).isEqualTo(3);
            assertThat(other.state()).isEqualTo(ProgressState.PROBE);
            assertThat(other.paused()).as("the opening entry is on its way").isTrue();
            assertThat(other.recentlyActive()).isFalse();
        }
    }

    /** Whatever its disk takes: its own log is no news to it, and it need not hear from itself to be alive. */
    @Test
    void a_new_leader_knows_its_own_log_before_it_has_stored_anything() {
        TestNode leader = TestNode.withLog(1, 3, PLAIN, 1, 1, 1);
        leader.raw.campaign();
        leader.run();
        leader.raw.step(new Message(MessageType.VOTE_RESPONSE, 2, 1, 2, new Body.VoteResponse(false)));
        Status.Peer own = leader.peer(1);
        assertThat(own.match()).as("without the opening entry").isEqualTo(2);
        assertThat(own.state()).isEqualTo(ProgressState.REPLICATE);
        assertThat(own.recentlyActive()).isTrue();
    }

    /** Kernel.md 4.1, LeaderCycle: also a leader's log that no other has is overwritten in the end. */
    @Test
    void everybody_can_lead_in_turn() {
        for (boolean pre : List.of(false, true)) {
            TestCluster cluster = new TestCluster(3, config -> config.preVote(pre));
            for (long id : new long[] {1, 2, 3, 1}) {
                cluster.elect(id);
                assertThat(cluster.leaders()).containsExactly(id);
                cluster.propose(id, "from " + id);
            }
            cluster.tick(2);
            assertThat(cluster.nodes)
                    .allSatisfy(node ->
                            assertThat(node.appliedTexts()).containsExactly("from 1", "from 2", "from 3", "from 1"));
        }
    }

    /** Kernel.md 4.1, CandidateSelfVoteAfterLostElection: it is durable too late, and revives nothing. */
    @Test
    void a_vote_for_oneself_that_is_durable_after_the_election_was_lost_does_not_count() {
        TestNode node = TestNode.of(1, 3);
        node.raw.campaign();
        Ready out = node.raw.ready();
        node.raw.step(new Message(MessageType.HEARTBEAT, 2, 1, 2, new Body.Heartbeat(0, NOTHING)));
        node.raw.step(new Message(MessageType.VOTE_RESPONSE, 3, 1, 2, new Body.VoteResponse(false)));
        node.raw.advance(out);
        assertThat(node.role()).isEqualTo(RaftRole.FOLLOWER);
        assertThat(node.lead()).isEqualTo(2);
    }

    /** The same across the kinds: a pre-vote for oneself is none in the election that follows. */
    @Test
    void a_pre_vote_for_oneself_does_not_count_in_the_election() {
        TestNode node = TestNode.of(1, 3, config -> config.preVote(true));
        node.raw.campaign();
        Ready out = node.raw.ready();
        node.raw.step(new Message(MessageType.PRE_VOTE_RESPONSE, 2, 1, 2, new Body.VoteResponse(false)));
        node.raw.step(new Message(MessageType.PRE_VOTE_RESPONSE, 3, 1, 2, new Body.VoteResponse(false)));
        assertThat(node.role()).isEqualTo(RaftRole.CANDIDATE);
        node.raw.step(new Message(MessageType.VOTE_RESPONSE, 2, 1, 2, new Body.VoteResponse(false)));
        node.raw.advance(out);
        assertThat(node.role()).as("one vote, and a pre-vote").isEqualTo(RaftRole.CANDIDATE);
        node.run();
        assertThat(node.role()).isEqualTo(RaftRole.LEADER);
    }

    /** Entries that a leader of an earlier term appended are overwritten legally (kernel.md 4.1, LeaderElectionOverwriteNewerLogs). */
    @Test
    void a_leader_of_a_later_term_overwrites_entries_of_an_earlier_one_that_are_not_committed() {
        TestNode one = TestNode.withLog(1, 3, PLAIN, 3, 1, 3);
        TestNode two = TestNode.withLog(2, 3, PLAIN, 2, 1, 2, 2, 2);
        TestNode three = TestNode.withLog(3, 3, PLAIN, 2, 1);
        TestCluster cluster = new TestCluster(List.of(one, two, three));
        cluster.elect(1);
        assertThat(two.logTerms()).containsExactly(1L, 3L, 4L);
        assertThat(three.logTerms()).containsExactly(1L, 3L, 4L);
        assertThat(two.storage.entries(2, 3, 0)).isEqualTo(entries(2, 3));
    }
}
