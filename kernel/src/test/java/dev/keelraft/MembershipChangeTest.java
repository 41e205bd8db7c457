package dev.keelraft;

import static dev.keelraft.TestNode.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.keelraft.ProposalResult.Outcome;
import dev.keelraft.model.Body;
import dev.keelraft.model.ConfChange;
import dev.keelraft.model.ConfChange.Change;
import dev.keelraft.model.ConfChange.ChangeType;
import dev.keelraft.model.ConfChange.Transition;
import dev.keelraft.model.ConfChangeRefusal;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.EntryType;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import dev.keelraft.model.ProgressState;
import dev.keelraft.model.RaftRole;
import dev.keelraft.model.Snapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** How members come and go: kernel.md M1 to M12. What a change makes of the sets is in ChangerTest. */
class MembershipChangeTest {
    private static final UnaryOperator<RaftConfig.Builder> PLAIN = UnaryOperator.identity();
    private static final ConfState THREE = TestNode.confState(3);

    private static Change add(long id) {
        return new Change(ChangeType.ADD_VOTER, id);
    }

    private static Change learn(long id) {
        return new Change(ChangeType.ADD_LEARNER, id);
    }

    private static Change remove(long id) {
        return new Change(ChangeType.REMOVE, id);
    }

    private static ConfChange joint(Transition transition, Change... changes) {
        return ConfChange.of(transition, List.of(changes), new byte[0]);
    }

    private static TestNode leader(UnaryOperator<RaftConfig.Builder> settings, ConfState members) {
        TestNode leader = TestNode.in(members, 1, settings).win();
        acknowledgeAll(leader);
        leader.sent();
        return leader;
    }

    private static TestNode leader() {
        return leader(PLAIN, THREE);
    }

    /** All voters have everything. */
    private static void acknowledgeAll(TestNode leader) {
        List<Long> voters = new ArrayList<>(leader.members().voters());
        voters.addAll(leader.members().votersOutgoing());
        for (long voter : voters) {
            if (voter != 1) {
                leader.acknowledge(leader.raw.status().lastIndex(), voter);
            }
        }
    }

    private static List<EntryType> types(TestNode node, long from) {
        return node.storage.entries(from, node.storage.lastIndex() + 1, RaftConfig.NO_LIMIT).stream()
                .map(Entry::type)
                .toList();
    }

    @Nested
    @DisplayName("when it takes effect (M1, M4)")
    class Effect {
        @Test
        void a_change_takes_effect_when_the_host_applies_it_and_not_when_it_is_in_the_log() {
            TestNode leader = leader();
            leader.propose(ConfChange.of(add(4)));
            assertThat(leader.members()).isEqualTo(THREE);
            leader.raw.step(new Message(MessageType.APPEND_RESPONSE, 2, 1, 2, Body.AppendResponse.accepted(2)));
            Ready ready = leader.raw.ready();
            assertThat(leader.members()).as("committed and not applied").isEqualTo(THREE);
            Entry entry = ready.committedEntries().get(0);
            ConfChangeResult result = leader.raw.applyConfChange(entry);
            assertThat(result.isApplied()).isTrue();
            assertThat(result.refusal()).isEmpty();
            assertThat(result.confState()).isEqualTo(TestNode.confState(4));
            assertThat(leader.members()).isEqualTo(TestNode.confState(4));
        }

        /** M4: etcd's library panics here; the verdict is the same on every member. */
        @Test
        void a_committed_change_that_cannot_be_made_is_refused_with_its_reason_and_changes_nothing() {
            ConfChange impossible = joint(Transition.JOINT_EXPLICIT, remove(1), remove(2), remove(3));
            assertThat(apply(impossible.entryType(), impossible.encode()))
                    .contains(ConfChangeRefusal.REMOVES_ALL_VOTERS);
            ConfChange late = ConfChange.leave();
            assertThat(apply(late.entryType(), late.encode())).contains(ConfChangeRefusal.NOT_JOINT);
            assertThat(apply(EntryType.CONF_CHANGE_V2, new byte[] {1})).contains(ConfChangeRefusal.UNDECODABLE);
            assertThat(apply(EntryType.CONF_CHANGE, new byte[] {0})).contains(ConfChangeRefusal.UNDECODABLE);
        }

        private Optional<ConfChangeRefusal> apply(EntryType type, byte[] data) {
            TestNode node = TestNode.of(1, 3);
            Entry entry = new Entry(1, 1, type, data);
            node.raw.step(new Message(MessageType.APPEND, 2, 1, 1, new Body.Append(0, 0, 1, List.of(entry))));
            Ready ready = node.raw.ready();
            ConfChangeResult result = node.raw.applyConfChange(entry);
            assertThat(result.isApplied()).isFalse();
            assertThat(result.confState()).isEqualTo(THREE);
            assertThat(node.members()).isEqualTo(THREE);
            node.storage.append(ready.snapshot(), ready.hardState(), ready.entries());
            node.raw.advance(ready);
            assertThat(node.raw.status().applied()).isEqualTo(1);
            return result.refusal();
        }
    }

    @Nested
    @DisplayName("one at a time (M2, M3)")
    class OneAtATime {
        /** Mutant 64: committed is not applied. */
        @Test
        void a_change_waits_until_the_one_before_is_applied() {
            TestNode leader = leader();
            assertThat(leader.propose(ConfChange.of(learn(4))).outcome()).isEqualTo(Outcome.ACCEPTED);
            assertThat(leader.propose(ConfChange.of(learn(5))).outcome()).isEqualTo(Outcome.CONF_CHANGE_PENDING);
            leader.raw.step(new Message(MessageType.APPEND_RESPONSE, 2, 1, 2, Body.AppendResponse.accepted(2)));
            assertThat(leader.commit()).isEqualTo(2);
            assertThat(leader.raw.proposeConfChange(ConfChange.of(learn(5))).outcome())
                    .as("committed, and not applied yet")
                    .isEqualTo(Outcome.CONF_CHANGE_PENDING);
            leader.run();
            assertThat(leader.propose(ConfChange.of(learn(5))).outcome()).isEqualTo(Outcome.ACCEPTED);
        }

        /** Mutant 63. */
        @Test
        void a_new_leader_takes_none_until_it_has_applied_the_one_that_it_inherited() {
            TestNode leader = inheriting(ConfChange.of(learn(5))).win();
            assertThat(leader.propose(ConfChange.of(learn(4))).outcome()).isEqualTo(Outcome.CONF_CHANGE_PENDING);
            leader.acknowledge(4, 2);
            assertThat(leader.raw.status().applied()).isEqualTo(4);
            assertThat(leader.propose(ConfChange.of(learn(4))).outcome()).isEqualTo(Outcome.ACCEPTED);
        }

        /** A node with the log: an entry, a configuration change, an entry. */
        private TestNode inheriting(ConfChange change) {
            MemoryStorage storage = new MemoryStorage();
            storage.setHardState(new HardState(1, 0, 0));
            storage.append(List.of(
                    Entry.empty(1, 1), new Entry(1, 2, change.entryType(), change.encode()), Entry.empty(1, 3)));
            return TestNode.restarted(TestNode.plain(1).build(), storage, THREE);
        }

        @Test
        void a_new_leader_that_has_inherited_none_takes_one_at_once() {
            TestNode leader = TestNode.withLog(1, 3, PLAIN, 1, 1, 1).win();
            assertThat(leader.commit()).isZero();
            assertThat(leader.propose(ConfChange.of(learn(4))).outcome()).isEqualTo(Outcome.ACCEPTED);
        }

        @Test
        void one_that_another_leader_has_overwritten_is_waited_for_no_longer() {
            TestNode node = inheriting(ConfChange.of(learn(5)));
            node.step(MessageType.APPEND, 2, 2, new Body.Append(1, 1, 0, List.of(Entry.empty(2, 2))));
            TestNode leader = node.win();
            assertThat(leader.propose(ConfChange.of(learn(4))).outcome()).isEqualTo(Outcome.ACCEPTED);
        }

        @Test
        void one_that_a_snapshot_includes_is_waited_for_no_longer() {
            TestNode node = inheriting(ConfChange.of(learn(5)));
            Snapshot snapshot = new Snapshot(10, 2, THREE, TestNode.bytes("state"));
            node.step(MessageType.INSTALL_SNAPSHOT, 2, 2, new Body.InstallSnapshot(snapshot));
            TestNode leader = node.win();
            assertThat(leader.propose(ConfChange.of(learn(4))).outcome()).isEqualTo(Outcome.ACCEPTED);
        }

        /** M2: its own opening entry does not matter. */
        @Test
        void a_new_leader_that_inherits_nothing_takes_one_at_once() {
            TestNode leader = TestNode.of(1, 3).win();
            assertThat(leader.commit()).isZero();
            assertThat(leader.propose(ConfChange.of(learn(4))).outcome()).isEqualTo(Outcome.ACCEPTED);
        }

        /** M3. */
        @Test
        void in_a_joint_configuration_only_a_leave_is_taken_and_outside_none() {
            TestNode leader = leader();
            assertRefused(leader, ConfChange.leave(), ConfChangeRefusal.NOT_JOINT);
            leader.propose(joint(Transition.JOINT_EXPLICIT, add(4)));
            acknowledgeAll(leader);
            assertThat(leader.members().isJoint()).isTrue();
            assertRefused(leader, ConfChange.of(learn(5)), ConfChangeRefusal.SIMPLE_CHANGE_IN_JOINT);
            assertRefused(leader, joint(Transition.JOINT_IMPLICIT, add(5)), ConfChangeRefusal.ALREADY_JOINT);
            // W10: etcd's library takes it for a leave when it is proposed, and crashes every member when it is
            // applied.
            assertRefused(leader, joint(Transition.JOINT_EXPLICIT), ConfChangeRefusal.ALREADY_JOINT);
            assertThat(leader.propose(ConfChange.leave()).outcome()).isEqualTo(Outcome.ACCEPTED);
            acknowledgeAll(leader);
            assertThat(leader.members()).isEqualTo(TestNode.confState(4));
        }

        /** W11. */
        @Test
        void a_change_that_leaves_no_voter_is_refused() {
            assertRefused(
                    leader(),
                    joint(Transition.JOINT_EXPLICIT, remove(1), remove(2), remove(3)),
                    ConfChangeRefusal.REMOVES_ALL_VOTERS);
            assertRefused(
                    leader(PLAIN, ConfState.of(List.of(1L))),
                    ConfChange.of(remove(1)),
                    ConfChangeRefusal.REMOVES_ALL_VOTERS);
        }

        private static void assertRefused(TestNode leader, ConfChange change, ConfChangeRefusal reason) {
            long last = leader.raw.status().lastIndex();
            ProposalResult result = leader.propose(change);
            assertThat(result.outcome()).isEqualTo(Outcome.CONF_CHANGE_INVALID);
            assertThat(result.refusal()).contains(reason);
            assertThat(leader.raw.status().lastIndex()).isEqualTo(last);
        }

        /** For the conformance harness alone. */
        @Test
        void without_validation_everything_is_taken() {
            TestNode leader = leader(config -> config.validateConfChanges(false), THREE);
            assertThat(leader.propose(ConfChange.of(learn(4))).outcome()).isEqualTo(Outcome.ACCEPTED);
            assertThat(leader.propose(ConfChange.of(learn(5))).outcome()).isEqualTo(Outcome.ACCEPTED);
            assertThat(leader.propose(ConfChange.leave()).outcome()).isEqualTo(Outcome.ACCEPTED);
        }
    }

    @Nested
    @DisplayName("leaving a joint configuration (M9)")
    class AutoLeave {
        private final ConfChange swap = joint(Transition.JOINT_IMPLICIT, remove(3), add(4));

        @Test
        void the_leader_proposes_to_leave_once_it_has_applied_the_entry() {
            TestNode leader = leader();
            leader.propose(swap);
            assertThat(types(leader, 2)).containsExactly(EntryType.CONF_CHANGE_V2);
            acknowledgeAll(leader);
            assertThat(leader.members().isJoint()).isTrue();
            assertThat(leader.storage.entries(3, 4, 0))
                    .containsExactly(new Entry(2, 3, EntryType.CONF_CHANGE_V2, new byte[0]));
            leader.propose("x");
            assertThat(leader.storage.lastIndex()).as("once").isEqualTo(4);
            acknowledgeAll(leader);
            assertThat(leader.members()).isEqualTo(ConfState.of(List.of(1L, 2L, 4L)));
            acknowledgeAll(leader);
            assertThat(leader.storage.lastIndex()).isEqualTo(4);
        }

        /** Mutant 67. */
        @Test
        void the_leave_is_proposed_once_however_much_is_applied_meanwhile() {
            ConfState inherited = new ConfState(List.of(1L, 2L, 4L), List.of(1L, 2L, 3L), List.of(), List.of(), true);
            MemoryStorage storage = new MemoryStorage(new Snapshot(10, 1, inherited, TestNode.bytes("state")));
            storage.setHardState(new HardState(1, 0, 10));
            storage.append(TestNode.entries(11, 1, 1));
            // One entry is applied at a time.
            RaftConfig config = TestNode.plain(1).maxCommittedBytes(1).build();
            TestNode leader = TestNode.restarted(config, storage, inherited).win();
            leader.acknowledge(13, 2);
            assertThat(leader.applied).extracting(Entry::index).containsExactly(11L, 12L, 13L);
            assertThat(storage.lastIndex()).isEqualTo(14);
            assertThat(storage.entries(14, 15, 0))
                    .containsExactly(new Entry(2, 14, EntryType.CONF_CHANGE_V2, new byte[0]));
        }

        /** The setting of the transition at its other end. */
        @Test
        void an_explicit_joint_configuration_is_left_by_the_host() {
            TestNode leader = leader();
            leader.propose(joint(Transition.JOINT_EXPLICIT, remove(3), add(4)));
            acknowledgeAll(leader);
            leader.propose("x");
            acknowledgeAll(leader);
            assertThat(leader.members().isJoint()).isTrue();
            assertThat(types(leader, 3)).containsExactly(EntryType.NORMAL);
        }

        /** Etcd issue 12136, mutant 68: the attempt may be refused, and is made again. */
        @Test
        void an_attempt_that_was_refused_is_made_again_when_the_reason_has_gone() {
            TestNode leader = leader();
            leader.propose(swap);
            leader.raw.step(new Message(MessageType.APPEND_RESPONSE, 2, 1, 2, Body.AppendResponse.accepted(2)));
            leader.raw.transferLeadership(2);
            leader.run();
            assertThat(leader.members().isJoint()).isTrue();
            assertThat(leader.storage.lastIndex())
                    .as("refused for the transfer")
                    .isEqualTo(2);
            leader.tick(leader.config.electionTicks());
            assertThat(types(leader, 3)).containsExactly(EntryType.CONF_CHANGE_V2);
            acknowledgeAll(leader);
            assertThat(leader.members().isJoint()).isFalse();
        }

        /** M9: a leader that finds itself in one. Mutant 67: not before it knows what it inherited. */
        @Test
        void a_new_leader_leaves_the_joint_configuration_that_it_inherits() {
            ConfState inherited = new ConfState(List.of(1L, 2L, 4L), List.of(1L, 2L, 3L), List.of(), List.of(), true);
            MemoryStorage storage = new MemoryStorage();
            storage.setHardState(new HardState(1, 0, 1));
            storage.append(List.of(Entry.empty(1, 1), Entry.empty(1, 2)));
            TestNode leader = TestNode.restarted(TestNode.plain(1).build(), storage, inherited);
            leader.run();
            assertThat(leader.raw.status().applied()).isEqualTo(1);
            leader.raw.campaign();
            leader.run();
            leader.answer(MessageType.VOTE_RESPONSE, 2, new Body.VoteResponse(false));
            assertThat(leader.role()).isEqualTo(RaftRole.LEADER);
            assertThat(types(leader, 3)).containsExactly(EntryType.NORMAL);
            leader.acknowledge(3, 2);
            assertThat(types(leader, 3)).containsExactly(EntryType.NORMAL, EntryType.CONF_CHANGE_V2);
            leader.acknowledge(4, 2);
            assertThat(leader.members()).isEqualTo(ConfState.of(List.of(1L, 2L, 4L)));
        }

        /** Etcd issue 14538: the others must hear of it. */
        @Test
        void the_leave_is_sent_at_once() {
            TestNode leader = leader();
            leader.propose(swap);
            leader.acknowledge(2, 2);
            assertThat(leader.appendsTo(2).stream()
                            .flatMap(append -> append.entries().stream())
                            .map(Entry::index))
                    .contains(3L);
        }
    }

    @Nested
    @DisplayName("after the switch (M8, M10)")
    class AfterTheSwitch {
        /** Mutant 69. */
        @Test
        void what_a_smaller_quorum_has_is_committed_at_once() {
            TestNode leader = leader(PLAIN, ConfState.of(List.of(1L, 2L)));
            leader.propose(ConfChange.of(remove(2)));
            leader.propose("x");
            leader.acknowledge(2, 2);
            assertThat(leader.members()).isEqualTo(ConfState.of(List.of(1L)));
            assertThat(leader.commit()).isEqualTo(3);
            assertThat(leader.applied).endsWith(Entry.normal(2, 3, bytes("x")));
        }

        /** M8: of the four 1 and 2 have index 3; of the three that are left they are a majority. */
        @Test
        void what_a_smaller_quorum_has_committed_is_told_at_once() {
            TestNode leader = leader(PLAIN, TestNode.confState(4));
            leader.propose(ConfChange.of(remove(4)));
            leader.propose("x");
            leader.acknowledge(3, 2);
            assertThat(leader.commit()).isEqualTo(1);
            leader.sent();
            leader.acknowledge(2, 3);
            assertThat(leader.commit()).isEqualTo(3);
            assertThat(leader.sent(MessageType.APPEND))
                    .extracting(Message::to, message -> ((Body.Append) message.body()).commit())
                    .endsWith(tuple(2L, 3L), tuple(3L, 3L));
        }

        @Test
        void a_new_member_is_probed_at_once_from_the_end_of_the_log() {
            TestNode leader = leader();
            leader.propose(ConfChange.of(learn(4)));
            leader.propose("x");
            leader.sent();
            leader.acknowledge(2, 2);
            Status.Peer fresh = leader.peer(4);
            assertThat(fresh.state()).isEqualTo(ProgressState.PROBE);
            assertThat(fresh.match()).isZero();
            assertThat(fresh.next()).isEqualTo(3);
            assertThat(fresh.learner()).isTrue();
            assertThat(leader.appendsTo(4)).extracting(Body.Append::prevIndex).containsExactly(2L);
        }

        /** M8, mutant 84. */
        @Test
        void of_a_removed_member_nothing_is_kept_and_nothing_is_sent_to_it() {
            TestNode leader = leader();
            leader.propose(ConfChange.of(remove(3)));
            leader.acknowledge(2, 2);
            leader.sent();
            assertThat(leader.raw.status().peers()).extracting(Status.Peer::id).containsExactly(1L, 2L);
            leader.propose("x");
            leader.tick(1);
            assertThat(leader.sent()).isNotEmpty().noneMatch(message -> message.to() == 3);
            assertThat(leader.answer(MessageType.APPEND_RESPONSE, 3, Body.AppendResponse.accepted(3)))
                    .isEqualTo(StepResult.UNKNOWN_PEER);
            assertThat(leader.commit()).isEqualTo(2);
        }

        /** M8: as long as it votes in the outgoing half. */
        @Test
        void an_outgoing_voter_is_kept_until_the_group_leaves_the_joint_configuration() {
            TestNode leader = leader();
            leader.propose(joint(Transition.JOINT_EXPLICIT, remove(3), add(4)));
            acknowledgeAll(leader);
            leader.acknowledge(2, 3);
            assertThat(leader.peer(3).match()).isEqualTo(2);
            leader.propose(ConfChange.leave());
            acknowledgeAll(leader);
            assertThat(leader.raw.status().peers()).extracting(Status.Peer::id).containsExactly(1L, 2L, 4L);
        }

        /** README decision 14: removed and added in one change is another node. */
        @Test
        void a_member_that_is_created_anew_starts_from_nothing_and_one_that_stays_does_not() {
            TestNode leader = leader(PLAIN, ConfState.of(List.of(1L, 2L), List.of(3L)));
            leader.acknowledge(1, 3);
            assertThat(leader.peer(3).match()).isEqualTo(1);
            leader.propose(joint(Transition.JOINT_EXPLICIT, remove(3), learn(3)));
            leader.acknowledge(2, 2);
            assertThat(leader.peer(3).match()).isZero();
            assertThat(leader.peer(2).match()).isEqualTo(2);
        }

        @Test
        void a_learner_that_is_promoted_keeps_its_progress_and_counts() {
            TestNode leader = leader(PLAIN, ConfState.of(List.of(1L, 2L), List.of(3L)));
            leader.acknowledge(1, 3);
            leader.propose(ConfChange.of(add(3)));
            leader.acknowledge(2, 2);
            assertThat(leader.peer(3).match()).isEqualTo(1);
            assertThat(leader.peer(3).learner()).isFalse();
            leader.propose("x");
            leader.acknowledge(3, 3);
            assertThat(leader.commit()).isEqualTo(3);
        }
    }

    @Nested
    @DisplayName("a leader that is removed or demoted (M11)")
    class LeaderGone {
        private TestNode remove(boolean stepDown, Change... changes) {
            TestNode leader = leader(config -> config.stepDownOnRemoval(stepDown), THREE);
            leader.propose(ConfChange.of(changes));
            leader.acknowledge(2, 2);
            assertThat(leader.commit()).isEqualTo(2);
            return leader;
        }

        @Test
        void steps_down_by_default() {
            for (Change change : List.of(MembershipChangeTest.remove(1), learn(1))) {
                TestNode leader = remove(true, change);
                assertThat(leader.role()).isEqualTo(RaftRole.FOLLOWER);
                assertThat(leader.lead()).isZero();
                assertThat(leader.term()).isEqualTo(2);
                assertThat(leader.vote()).isEqualTo(1);
            }
        }

        /** The setting at its other end. */
        @Test
        void leads_on_where_it_is_set_so_and_does_not_count_itself() {
            for (Change change : List.of(MembershipChangeTest.remove(1), learn(1))) {
                TestNode leader = remove(false, change);
                assertThat(leader.role()).isEqualTo(RaftRole.LEADER);
                leader.tick(1);
                assertThat(leader.sent(MessageType.HEARTBEAT))
                        .extracting(Message::to)
                        .containsExactly(2L, 3L);
            }
            TestNode demoted = remove(false, learn(1));
            demoted.propose("x");
            demoted.acknowledge(3, 2);
            assertThat(demoted.commit()).as("2 of 2 and 3").isEqualTo(2);
            demoted.acknowledge(3, 3);
            assertThat(demoted.commit()).isEqualTo(3);
        }

        /** What it tells itself counts no more than what any stranger says. */
        @Test
        void its_own_acknowledgement_does_not_count_any_more() {
            TestNode leader = leader(config -> config.stepDownOnRemoval(false), THREE);
            leader.propose(ConfChange.of(MembershipChangeTest.remove(1)));
            leader.propose("x");
            leader.acknowledge(2, 2);
            assertThat(leader.members()).isEqualTo(ConfState.of(List.of(2L, 3L)));
            leader.acknowledge(3, 2);
            assertThat(leader.commit()).isEqualTo(2);
            leader.acknowledge(3, 3);
            assertThat(leader.commit()).isEqualTo(3);
        }

        /** It acknowledges what it has stored in the Ready in which it learns that it is removed. */
        @Test
        void its_last_letter_to_itself_is_that_of_a_stranger() {
            TestNode leader = leader();
            leader.propose(ConfChange.of(MembershipChangeTest.remove(1)));
            leader.raw.propose(bytes("x"));
            leader.acknowledge(2, 2);
            assertThat(leader.role()).isEqualTo(RaftRole.FOLLOWER);
            assertThat(leader.dropped(StepResult.UNKNOWN_PEER)).isEqualTo(1);
        }

        /** Raft pull request 77: not while it votes in the outgoing half. */
        @Test
        void stays_as_long_as_it_votes_in_either_half() {
            TestNode leader = leader();
            leader.propose(joint(Transition.JOINT_EXPLICIT, learn(1), add(4)));
            acknowledgeAll(leader);
            assertThat(leader.members().isJoint()).isTrue();
            assertThat(leader.role()).isEqualTo(RaftRole.LEADER);
            assertThat(leader.propose(ConfChange.leave()).isAccepted()).isTrue();
            acknowledgeAll(leader);
            assertThat(leader.members()).isEqualTo(ConfState.of(List.of(2L, 3L, 4L), List.of(1L)));
            assertThat(leader.role()).isEqualTo(RaftRole.FOLLOWER);
        }
    }

    /** M12. */
    @Test
    void a_learner_receives_the_log_and_answers_and_is_not_waited_for() {
        List<TestNode> nodes = new ArrayList<>();
        ConfState members = ConfState.of(List.of(1L, 2L), List.of(3L));
        for (long id = 1; id <= 3; id++) {
            nodes.add(TestNode.in(members, id, PLAIN));
        }
        TestCluster cluster = new TestCluster(nodes);
        cluster.elect(1);
        cluster.propose(1, "x");
        cluster.tick(1);
        assertThat(cluster.node(3).appliedTexts()).containsExactly("x");
        assertThat(cluster.node(1).peer(3).match()).isEqualTo(2);
        cluster.isolate(3);
        cluster.propose(1, "y");
        assertThat(cluster.node(1).appliedTexts()).containsExactly("x", "y");
    }

    /** M16, M1: from a group of one to three by way of learners, every step over the wire. */
    @Test
    void a_group_grows_from_one_member_to_three() {
        TestCluster cluster = clusterThatBeginsWithOne();
        cluster.elect(1);
        cluster.propose(1, "alone");
        for (long id = 2; id <= 3; id++) {
            for (Change change : List.of(learn(id), add(id))) {
                cluster.node(1).raw.proposeConfChange(ConfChange.of(change));
                cluster.settle();
                cluster.tick(2);
            }
        }
        assertThat(cluster.nodes).allSatisfy(node -> {
            assertThat(node.members()).isEqualTo(THREE);
            assertThat(node.applied).contains(Entry.normal(2, 3, bytes("alone")));
        });
        cluster.isolate(1);
        cluster.elect(3);
        assertThat(cluster.node(3).role()).isEqualTo(RaftRole.LEADER);
        assertThat(cluster.node(3).raw.propose(bytes("x")).isAccepted()).isTrue();
    }

    /** S4: a snapshot that does not know its receiver is not for it. */
    @Test
    void a_member_that_was_added_after_a_snapshot_was_made_waits_for_a_newer_one() {
        TestCluster cluster = clusterThatBeginsWithOne();
        TestNode leader = cluster.elect(1);
        leader.compact(2);
        leader.raw.proposeConfChange(ConfChange.of(learn(2)));
        cluster.settle();
        cluster.tick(3);
        assertThat(leader.peer(2).state()).isEqualTo(ProgressState.SNAPSHOT);
        assertThat(cluster.node(2).members()).isEqualTo(ConfState.EMPTY);
        leader.compact(3);
        leader.raw.reportSnapshot(2, true);
        cluster.tick(3);
        assertThat(cluster.node(2).members()).isEqualTo(ConfState.of(List.of(1L), List.of(2L)));
        assertThat(leader.peer(2).state()).isEqualTo(ProgressState.REPLICATE);
    }

    /** Node 1 has bootstrapped itself; 2 and 3 have nothing, and wait to be added. */
    private static TestCluster clusterThatBeginsWithOne() {
        MemoryStorage storage = new MemoryStorage();
        byte[] self = ConfChange.v1(0, ChangeType.ADD_VOTER, 1, new byte[0]).encode();
        storage.append(List.of(new Entry(1, 1, EntryType.CONF_CHANGE, self)));
        storage.setHardState(new HardState(1, 0, 1));
        TestNode first = TestNode.restarted(TestNode.plain(1).build(), storage, ConfState.EMPTY);
        first.run();
        return new TestCluster(
                List.of(first, TestNode.in(ConfState.EMPTY, 2, PLAIN), TestNode.in(ConfState.EMPTY, 3, PLAIN)));
    }
}
