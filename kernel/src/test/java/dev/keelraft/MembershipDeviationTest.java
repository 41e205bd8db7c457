package dev.keelraft;

import static dev.keelraft.Deviations.settings;
import static dev.keelraft.Deviations.start;
import static dev.keelraft.Deviations.with;
import static dev.keelraft.TestNode.bytes;
import static dev.keelraft.TestNode.entries;
import static org.assertj.core.api.Assertions.assertThat;

import dev.keelraft.model.Body;
import dev.keelraft.model.ConfChange;
import dev.keelraft.model.ConfChange.Change;
import dev.keelraft.model.ConfChange.ChangeType;
import dev.keelraft.model.ConfChangeRefusal;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.EntryType;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import dev.keelraft.model.RaftRole;
import dev.keelraft.model.Snapshot;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** The stories of deviations that are about members and leadership; see {@link DeviationTest}. */
class MembershipDeviationTest {
    private static final ConfState THREE = TestNode.confState(3);

    @Nested
    @DisplayName("a snapshot outdates the configuration changes before it")
    class OutdatedConfChange {
        /** Node 1 is about to apply that node 4 is added when a snapshot arrives, of a time when that one has left again. */
        private ConfState applyBehindSnapshot(boolean on) {
            MemoryStorage disk = new MemoryStorage();
            disk.setHardState(new HardState(1, 0, 0));
            RaftConfig config =
                    settings(1, Deviation.SNAPSHOT_OUTDATES_CONF_CHANGES, on).build();
            RawNode node = start(config, disk);
            ConfChange add = ConfChange.of(new Change(ChangeType.ADD_VOTER, 4));
            Entry entry = new Entry(1, 1, add.entryType(), add.encode());
            node.step(new Message(MessageType.APPEND, 2, 1, 1, new Body.Append(0, 0, 1, List.of(entry))));
            Ready changes = node.ready();
            assertThat(changes.committedEntries()).containsExactly(entry);
            Snapshot snapshot = new Snapshot(10, 1, THREE, bytes("state"));
            node.step(new Message(MessageType.INSTALL_SNAPSHOT, 2, 1, 1, new Body.InstallSnapshot(snapshot)));
            disk.append(changes.snapshot(), changes.hardState(), changes.entries());
            ConfChangeResult result = node.applyConfChange(entry);
            assertThat(result.isApplied()).isEqualTo(!on);
            assertThat(result.refusal()).isEmpty();
            assertThat(result.confState()).isEqualTo(node.status().confState());
            assertThat(result.outdated()).isEqualTo(on);
            node.advance(changes);
            Ready install = node.ready();
            assertThat(install.snapshot()).isEqualTo(snapshot);
            disk.append(install.snapshot(), install.hardState(), install.entries());
            node.advance(install);
            assertThat(node.status().applied()).isEqualTo(10);
            // What comes behind the snapshot is made as ever.
            ConfChange learner = ConfChange.of(new Change(ChangeType.ADD_LEARNER, 5));
            Entry later = new Entry(1, 11, learner.entryType(), learner.encode());
            node.step(new Message(MessageType.APPEND, 2, 1, 1, new Body.Append(10, 1, 11, List.of(later))));
            Ready more = node.ready();
            disk.append(more.snapshot(), more.hardState(), more.entries());
            assertThat(node.applyConfChange(later).outdated()).isFalse();
            node.advance(more);
            return node.status().confState();
        }

        /** The same where storing and applying go their own ways: the snapshot is installed before the change's turn comes. */
        private ConfState applyAfterInstall(boolean on) {
            MemoryStorage disk = new MemoryStorage();
            disk.setHardState(new HardState(1, 0, 0));
            RaftConfig config = settings(1, Deviation.SNAPSHOT_OUTDATES_CONF_CHANGES, on)
                    .asyncStorageWrites(true)
                    .build();
            RawNode node = start(config, disk);
            ConfChange add = ConfChange.of(new Change(ChangeType.ADD_VOTER, 4));
            Entry entry = new Entry(1, 1, add.entryType(), add.encode());
            node.step(new Message(MessageType.APPEND, 2, 1, 1, new Body.Append(0, 0, 1, List.of(entry))));
            persist(node, disk, node.ready());
            Ready changes = node.ready();
            assertThat(changes.committedEntries()).containsExactly(entry);
            persist(node, disk, changes);
            Snapshot snapshot = new Snapshot(10, 1, THREE, bytes("state"));
            node.step(new Message(MessageType.INSTALL_SNAPSHOT, 2, 1, 1, new Body.InstallSnapshot(snapshot)));
            persist(node, disk, node.ready());
            assertThat(node.status().applied()).isEqualTo(10);
            ConfChangeResult result = node.applyConfChange(entry);
            assertThat(result.isApplied()).isEqualTo(!on);
            assertThat(result.refusal()).isEmpty();
            assertThat(result.outdated()).isEqualTo(on);
            node.applied(changes);
            assertThat(node.status().applied()).as("nor does that fall").isEqualTo(10);
            return node.status().confState();
        }

        private static void persist(RawNode node, MemoryStorage disk, Ready ready) {
            disk.append(ready.snapshot(), ready.hardState(), ready.entries());
            node.persisted(ready);
        }

        @Test
        void asynchronously_off_the_node_counts_a_voter_that_has_left() {
            assertThat(applyAfterInstall(false)).isEqualTo(ConfState.of(List.of(1L, 2L, 3L, 4L)));
        }

        @Test
        void asynchronously_on_the_members_are_those_of_the_snapshot() {
            assertThat(applyAfterInstall(true)).isEqualTo(THREE);
        }

        @Test
        void off_the_node_counts_a_voter_that_has_left() {
            assertThat(applyBehindSnapshot(false)).isEqualTo(ConfState.of(List.of(1L, 2L, 3L, 4L), List.of(5L)));
        }

        @Test
        void on_the_members_are_those_of_the_snapshot() {
            assertThat(applyBehindSnapshot(true)).isEqualTo(ConfState.of(List.of(1L, 2L, 3L), List.of(5L)));
        }
    }

    /** W2, W10, W11, M2. */
    @Nested
    @DisplayName("a configuration change that cannot be made is refused")
    class RefusedConfChange {
        private TestNode alone(boolean on) {
            return TestNode.of(1, 1, with(Deviation.CONF_CHANGES_REFUSED_NOT_REWRITTEN, on))
                    .win();
        }

        private ConfChange add(long id) {
            return ConfChange.of(new Change(ChangeType.ADD_VOTER, id));
        }

        @Test
        void off_the_leader_says_yes_and_puts_an_entry_without_effect_into_the_log() {
            TestNode leader = alone(false);
            assertThat(leader.raw.proposeConfChange(add(2)).isAccepted()).isTrue();
            assertThat(leader.raw.proposeConfChange(add(3)).isAccepted()).isTrue();
            assertThat(leader.raw.ready().entries())
                    .extracting(Entry::type)
                    .containsExactly(EntryType.CONF_CHANGE_V2, EntryType.NORMAL);
        }

        @Test
        void on_it_says_no_and_why_and_nothing_enters_the_log() {
            TestNode leader = alone(true);
            assertThat(leader.raw.proposeConfChange(add(2)).isAccepted()).isTrue();
            assertThat(leader.raw.proposeConfChange(add(3)).outcome())
                    .isEqualTo(ProposalResult.Outcome.CONF_CHANGE_PENDING);
            assertThat(leader.raw.ready().entries()).hasSize(1);
        }

        @Test
        void off_a_change_that_nobody_can_make_is_committed() {
            TestNode leader = alone(false);
            leader.propose(ConfChange.of(new Change(ChangeType.REMOVE, 1)));
            assertThat(leader.applied).extracting(Entry::type).contains(EntryType.CONF_CHANGE_V2);
            assertThat(leader.members()).as("and is made by none of ours").isEqualTo(TestNode.confState(1));
        }

        @Test
        void on_it_is_refused_with_the_reason_for_which_it_could_not_be_made() {
            TestNode leader = alone(true);
            assertThat(leader.propose(ConfChange.of(new Change(ChangeType.REMOVE, 1)))
                            .refusal())
                    .contains(ConfChangeRefusal.REMOVES_ALL_VOTERS);
            assertThat(leader.applied).extracting(Entry::type).containsOnly(EntryType.NORMAL);
        }

        /** Its log ends in an entry of a leader before, which is no configuration change. */
        private ProposalResult proposeBehindInheritance(boolean on) {
            MemoryStorage disk = new MemoryStorage();
            disk.setHardState(new HardState(1, 0, 0));
            disk.append(entries(1, 1));
            RaftConfig config = settings(1, Deviation.CONF_CHANGES_REFUSED_NOT_REWRITTEN, on)
                    .build();
            TestNode leader = TestNode.restarted(config, disk, THREE).win();
            ProposalResult result = leader.propose(add(4));
            assertThat(disk.lastIndex()).isEqualTo(3);
            assertThat(disk.entries(3, 4, 0).get(0).type().isConfChange()).isEqualTo(on);
            return result;
        }

        @Test
        void off_a_new_leader_takes_none_for_fear_of_what_it_inherited() {
            assertThat(proposeBehindInheritance(false).isAccepted())
                    .as("it says")
                    .isTrue();
        }

        @Test
        void on_a_new_leader_knows_that_it_inherited_none() {
            assertThat(proposeBehindInheritance(true).isAccepted()).isTrue();
        }

        /** It leads as a learner, and enters a joint configuration that does not name it. */
        private TestNode enterJointWithoutItself(boolean on, ConfChange.Transition transition) {
            TestNode leader = TestNode.of(
                            1,
                            3,
                            config -> with(Deviation.CONF_CHANGES_REFUSED_NOT_REWRITTEN, on)
                                    .apply(config)
                                    .stepDownOnRemoval(false))
                    .win();
            leader.acknowledge(1, 2, 3);
            leader.propose(ConfChange.of(new Change(ChangeType.ADD_LEARNER, 1)));
            leader.acknowledge(2, 2, 3);
            leader.propose(ConfChange.of(transition, List.of(new Change(ChangeType.REMOVE, 1)), new byte[0]));
            leader.acknowledge(3, 2, 3);
            return leader;
        }

        @Test
        void off_a_leader_that_is_no_member_never_leaves_a_joint_configuration() {
            TestNode leader = enterJointWithoutItself(false, ConfChange.Transition.JOINT_IMPLICIT);
            leader.tick(100);
            leader.acknowledge(leader.storage.lastIndex(), 2, 3);
            assertThat(leader.members().isJoint()).isTrue();
            assertThat(leader.raw.proposeConfChange(ConfChange.leave()).outcome())
                    .isEqualTo(ProposalResult.Outcome.NOT_MEMBER);
        }

        @Test
        void on_it_leaves_it_and_takes_nothing_else() {
            for (ConfChange.Transition transition :
                    List.of(ConfChange.Transition.JOINT_IMPLICIT, ConfChange.Transition.JOINT_EXPLICIT)) {
                TestNode leader = enterJointWithoutItself(true, transition);
                assertThat(leader.members().isJoint()).isTrue();
                assertThat(leader.propose("x").outcome()).isEqualTo(ProposalResult.Outcome.NOT_MEMBER);
                assertThat(leader.propose(add(5)).outcome()).isEqualTo(ProposalResult.Outcome.NOT_MEMBER);
                if (transition == ConfChange.Transition.JOINT_EXPLICIT) {
                    assertThat(leader.propose(ConfChange.leave()).isAccepted()).isTrue();
                }
                leader.acknowledge(4, 2, 3);
                assertThat(leader.members()).isEqualTo(ConfState.of(List.of(2L, 3L)));
                assertThat(leader.propose(ConfChange.leave()).outcome()).isEqualTo(ProposalResult.Outcome.NOT_MEMBER);
                assertThat(leader.storage.lastIndex()).isEqualTo(4);
            }
        }
    }

    /** W8. */
    @Nested
    @DisplayName("a request to hand over bears a term")
    class TransferTerm {
        private TestNode asked(boolean on, long term) {
            TestNode leader = TestNode.of(1, 3, with(Deviation.TRANSFER_REQUEST_BEARS_TERM, on))
                    .win();
            leader.acknowledge(1, 2, 3);
            leader.sent();
            leader.step(MessageType.TRANSFER_LEADER, 3, term, new Body.TransferLeader());
            return leader;
        }

        @Test
        void off_a_leader_obeys_whoever_asks_and_whenever_it_was() {
            TestNode leader = asked(false, 0);
            assertThat(leader.raw.status().transferTarget()).isEqualTo(3);
            assertThat(leader.propose("x").outcome()).isEqualTo(ProposalResult.Outcome.LEADER_TRANSFER);
        }

        @Test
        void on_it_obeys_in_the_term_of_the_request_alone() {
            assertThat(asked(true, 0).dropped(StepResult.MALFORMED)).isEqualTo(1);
            assertThat(asked(true, 1).dropped(StepResult.OLD_TERM)).isEqualTo(1);
            assertThat(asked(true, 1).propose("x").isAccepted()).isTrue();
            assertThat(asked(true, 2).raw.status().transferTarget()).isEqualTo(3);
        }
    }

    /** X4. */
    @Nested
    @DisplayName("the status names AutoLeave")
    class AutoLeaveInStatus {
        private TestNode inJoint(boolean on) {
            TestNode leader = TestNode.of(1, 1, with(Deviation.STATUS_NAMES_AUTO_LEAVE, on))
                    .win();
            leader.propose(ConfChange.of(
                    ConfChange.Transition.JOINT_IMPLICIT, List.of(new Change(ChangeType.ADD_VOTER, 2)), new byte[0]));
            assertThat(leader.members().isJoint()).isTrue();
            return leader;
        }

        @Test
        void off_an_operator_reads_that_nothing_will_happen_by_itself() {
            assertThat(inJoint(false).members().autoLeave()).isFalse();
        }

        @Test
        void on_the_status_says_what_will_be_stored_with_a_snapshot() {
            assertThat(inJoint(true).members().autoLeave()).isTrue();
        }
    }

    @Nested
    @DisplayName("a leader that is removed hands over")
    class RemovedLeader {
        /** Node 1 leads four, of which 4 is silent and 3 has the longest log; it removes itself, and applies that. */
        private TestNode removed(boolean on, ChangeType how) {
            TestNode leader = TestNode.of(1, 4, with(Deviation.REMOVED_LEADER_HANDS_OVER, on))
                    .win();
            leader.acknowledge(1, 2, 3);
            leader.propose(ConfChange.of(new Change(how, 1)));
            leader.propose("x");
            leader.acknowledge(2, 2);
            leader.sent();
            leader.acknowledge(3, 3);
            assertThat(leader.role()).isEqualTo(RaftRole.FOLLOWER);
            return leader;
        }

        @Test
        void off_nobody_leads_until_somebodys_time_out() {
            assertThat(removed(false, ChangeType.REMOVE).sent(MessageType.TIMEOUT_NOW))
                    .isEmpty();
        }

        @Test
        void on_the_voter_with_the_longest_log_is_told_to_campaign() {
            assertThat(removed(true, ChangeType.REMOVE).sent(MessageType.TIMEOUT_NOW))
                    .containsExactly(new Message(MessageType.TIMEOUT_NOW, 1, 3, 2, new Body.TimeoutNow()));
            assertThat(removed(true, ChangeType.ADD_LEARNER).sent(MessageType.TIMEOUT_NOW))
                    .as("demoted")
                    .extracting(Message::to)
                    .containsExactly(3L);
        }

        @Test
        void on_a_learner_is_not_told_to() {
            TestNode leader = TestNode.in(
                            ConfState.of(List.of(1L, 2L), List.of(3L)),
                            1,
                            with(Deviation.REMOVED_LEADER_HANDS_OVER, true))
                    .win();
            leader.acknowledge(1, 2, 3);
            leader.propose(ConfChange.of(new Change(ChangeType.REMOVE, 1)));
            leader.acknowledge(2, 3);
            leader.acknowledge(2, 2);
            assertThat(leader.sent(MessageType.TIMEOUT_NOW))
                    .extracting(Message::to)
                    .containsExactly(2L);
        }

        @Test
        void on_the_group_has_a_leader_without_waiting() {
            TestCluster cluster = new TestCluster(3);
            cluster.elect(1);
            cluster.propose(1, "x");
            cluster.node(1).raw.proposeConfChange(ConfChange.of(new Change(ChangeType.REMOVE, 1)));
            cluster.settle();
            assertThat(cluster.leaders()).hasSize(1).doesNotContain(1L);
        }
    }
}
