package dev.keelraft;

import static dev.keelraft.TestNode.bytes;
import static dev.keelraft.TestNode.entries;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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
import dev.keelraft.model.ProgressState;
import dev.keelraft.model.RaftRole;
import dev.keelraft.model.Snapshot;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumSet;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** The story of each deviation, told twice: as it ends in etcd's library, and as it ends here. */
class DeviationTest {
    private static final ConfState THREE = TestNode.confState(3);
    private static final Body.Append FIRST_ENTRY = new Body.Append(0, 0, 0, entries(1, 1));

    private static RaftConfig.Builder settings(long id, Deviation deviation, boolean on) {
        return with(deviation, on).apply(TestNode.plain(id));
    }

    /** Settings with all deviations, but that one perhaps. */
    private static UnaryOperator<RaftConfig.Builder> with(Deviation deviation, boolean on) {
        EnumSet<Deviation> deviations = EnumSet.allOf(Deviation.class);
        if (!on) {
            deviations.remove(deviation);
        }
        return config -> config.deviations(deviations);
    }

    @Test
    void each_is_in_the_table_of_the_package_with_story_source_and_cost() throws IOException {
        String source = Files.readString(Path.of("src/main/java/dev/keelraft/package-info.java"));
        List<String> rows = Pattern.compile("<tr><td>\\{@code ([A-Z_]+)}</td>")
                .matcher(source)
                .results()
                .map(row -> row.group(1))
                .toList();
        assertThat(rows)
                .containsExactlyInAnyOrderElementsOf(
                        Stream.of(Deviation.values()).map(Deviation::name).toList());
    }

    private static RawNode start(RaftConfig config, MemoryStorage storage) {
        return RawNode.restart(config, storage, new Applied(storage.snapshot().index(), THREE));
    }

    /** Mutant 18. */
    @Nested
    @DisplayName("X1: a vote request waits for the disk")
    class VoteRequest {
        private final MemoryStorage disk = new MemoryStorage();
        private final TestNode voter = TestNode.of(2, 3);

        /** Node 1 takes an entry, and campaigns with it, before anything of that is on its disk; returns what leaves meanwhile. */
        private List<Message> campaignWithUnwrittenEntry(RaftConfig config) {
            disk.setHardState(new HardState(1, 0, 0));
            RawNode node = start(config, disk);
            node.step(new Message(MessageType.APPEND, 3, 1, 1, FIRST_ENTRY));
            Ready append = node.ready();
            node.campaign();
            Ready campaign = node.ready();
            assertThat(append.entries()).isEqualTo(entries(1, 1));
            assertThat(campaign.hardState()).isEqualTo(new HardState(2, 1, 0));
            assertThat(append.messages()).isEmpty();
            return campaign.messages();
        }

        private RaftConfig config(boolean on) {
            return settings(1, Deviation.VOTE_REQUEST_WAITS_FOR_DISK, on)
                    .asyncStorageWrites(true)
                    .build();
        }

        @Test
        void off_a_node_leads_without_an_entry_that_its_voter_knows_to_be_committed() {
            // Nodes 2 and 3 have the entry: it is committed.
            voter.step(MessageType.APPEND, 3, 1, new Body.Append(0, 0, 1, entries(1, 1)));
            voter.sent();
            for (Message message : campaignWithUnwrittenEntry(config(false))) {
                if (message.to() == voter.id) {
                    voter.raw.step(message);
                }
            }
            Message delayedGrant = voter.sent().get(0);
            assertThat(delayedGrant.body()).isEqualTo(new Body.VoteResponse(false));
            // Node 1 crashes before its disk has anything of all that, and campaigns for term 2 once more.
            RawNode back = start(config(false), disk);
            back.campaign();
            while (back.hasReady()) {
                Ready ready = back.ready();
                disk.append(ready.snapshot(), ready.hardState(), ready.entries());
                back.persisted(ready);
            }
            back.step(delayedGrant);
            assertThat(back.status().softState().role()).isEqualTo(RaftRole.LEADER);
            assertThat(voter.commit()).isEqualTo(1);
            assertThat(back.ready().entries()).as("another entry at index 1").containsExactly(Entry.empty(2, 1));
        }

        @Test
        void on_nobody_is_asked_before_the_disk_has_what_the_request_promises() {
            assertThat(campaignWithUnwrittenEntry(config(true))).isEmpty();
        }

        @Test
        void on_it_leaves_with_the_ready_that_stores_the_term_and_the_vote() {
            disk.setHardState(new HardState(1, 0, 0));
            RawNode node = start(config(true), disk);
            node.step(new Message(MessageType.APPEND, 3, 1, 1, FIRST_ENTRY));
            Ready append = node.ready();
            node.campaign();
            Ready campaign = node.ready();
            assertThat(append.messagesAfterPersist())
                    .extracting(Message::type)
                    .containsExactly(MessageType.APPEND_RESPONSE);
            assertThat(campaign.mustSync()).isTrue();
            assertThat(campaign.messagesAfterPersist())
                    .containsExactly(
                            new Message(MessageType.VOTE, 1, 2, 2, new Body.Vote(1, 1, false)),
                            new Message(MessageType.VOTE, 1, 3, 2, new Body.Vote(1, 1, false)));
        }
    }

    /** Mutant 81. */
    @Nested
    @DisplayName("a snapshot demands a sync")
    class SnapshotSync {
        private final MemoryStorage disk = new MemoryStorage();

        /** Node 1 is sent a snapshot in the term that it knows already; returns its node, with that Ready to come. */
        private RawNode sentSnapshot(boolean on) {
            disk.setHardState(new HardState(1, 0, 0));
            RawNode node =
                    start(settings(1, Deviation.SNAPSHOT_DEMANDS_SYNC, on).build(), disk);
            Snapshot snapshot = new Snapshot(10, 1, THREE, bytes("state"));
            node.step(new Message(MessageType.INSTALL_SNAPSHOT, 2, 1, 1, new Body.InstallSnapshot(snapshot)));
            return node;
        }

        @Test
        void off_a_node_may_acknowledge_a_snapshot_that_it_loses_in_a_power_failure() {
            Ready ready = sentSnapshot(false).ready();
            assertThat(ready.snapshot().index()).isEqualTo(10);
            assertThat(ready.messagesAfterPersist())
                    .containsExactly(
                            new Message(MessageType.APPEND_RESPONSE, 1, 2, 1, Body.AppendResponse.accepted(10)));
            assertThat(ready.mustSync()).isFalse();
            // Nothing was forced to the disk, so nothing is there; and the leader counts on index 10.
            RawNode back = start(TestNode.plain(1).build(), disk);
            Message heartbeat = new Message(MessageType.HEARTBEAT, 2, 1, 1, new Body.Heartbeat(10, new byte[0]));
            assertThatThrownBy(() -> back.step(heartbeat))
                    .isInstanceOf(RaftFailedException.class)
                    .hasMessageContaining("LOG_LOSS");
        }

        @Test
        void on_the_ready_must_be_synced() {
            Ready ready = sentSnapshot(true).ready();
            assertThat(ready.snapshot().index()).isEqualTo(10);
            assertThat(ready.mustSync()).isTrue();
        }
    }

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
            assertThat(result.isApplied()).isTrue();
            assertThat(result.confState()).isEqualTo(node.status().confState());
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
            node.applyConfChange(later);
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
            assertThat(node.applyConfChange(entry).isApplied()).isTrue();
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

    /** w12, R1. */
    @Nested
    @DisplayName("a group of one: reads wait for a commit of the term")
    class SingleVoterRead {
        private final MemoryStorage disk = new MemoryStorage();

        /** Node 1, alone, has the entry "paid" on its disk, told its client, and crashed before the disk knew of the commit. */
        private RawNode leaderAgain(boolean on) {
            disk.setHardState(new HardState(1, 1, 0));
            disk.append(Snapshot.NONE, HardState.EMPTY, entries(1, 1));
            RaftConfig config = settings(1, Deviation.SINGLE_VOTER_READS_WAIT_FOR_COMMIT, on)
                    .asyncStorageWrites(true)
                    .build();
            RawNode node = RawNode.restart(config, disk, new Applied(0, TestNode.confState(1)));
            node.campaign();
            while (node.status().softState().role() != RaftRole.LEADER) {
                persist(node, node.ready());
            }
            return node;
        }

        private void persist(RawNode node, Ready ready) {
            disk.append(ready.snapshot(), ready.hardState(), ready.entries());
            node.persisted(ready);
        }

        @Test
        void off_it_answers_with_an_index_from_before_an_acknowledged_write() {
            RawNode node = leaderAgain(false);
            node.readIndex(bytes("read"));
            assertThat(node.ready().readStates()).containsExactly(new ReadState(0, bytes("read")));
        }

        @Test
        void on_it_answers_once_it_has_committed_in_its_term() {
            RawNode node = leaderAgain(true);
            assertThat(node.readIndex(bytes("read"))).isEqualTo(ReadResult.ACCEPTED);
            Ready first = node.ready();
            assertThat(first.readStates()).isEmpty();
            assertThat(first.entries()).as("the first entry of the term").hasSize(1);
            persist(node, first);
            assertThat(node.ready().readStates()).containsExactly(new ReadState(2, bytes("read")));
        }
    }

    @Nested
    @DisplayName("appends are built when the Ready is taken")
    class AppendsWithReady {
        private TestNode leader(boolean on) {
            TestNode leader = TestNode.of(1, 3, with(Deviation.MESSAGES_BUILT_WITH_READY, on))
                    .win();
            leader.acknowledge(1, 2, 3);
            leader.sent();
            for (int i = 0; i < 64; i++) {
                leader.raw.propose(bytes("x"));
            }
            return leader;
        }

        @Test
        void off_each_proposal_is_an_append_of_its_own_to_each_peer() {
            List<Body.Append> appends = leader(false).appendsTo(2);
            assertThat(appends)
                    .hasSize(64)
                    .allSatisfy(append -> assertThat(append.entries()).hasSize(1));
        }

        @Test
        void on_what_came_between_two_readys_is_one_append_to_each_peer() {
            TestNode leader = leader(true);
            assertThat(leader.raw.hasReady()).isTrue();
            List<Message> appends = leader.sent(MessageType.APPEND);
            assertThat(appends).extracting(Message::to).containsExactly(2L, 3L);
            assertThat(appends)
                    .extracting(
                            message -> ((Body.Append) message.body()).entries().size())
                    .containsExactly(64, 64);
        }

        @Test
        void on_it_is_as_many_as_limits_and_windows_allow_and_acknowledgements_bring_the_rest() {
            TestNode leader = TestNode.of(
                            1, 3, config -> config.maxMessageBytes(0).maxInflightMessages(4))
                    .win();
            leader.acknowledge(1, 2, 3);
            leader.sent();
            for (int i = 0; i < 6; i++) {
                leader.raw.propose(bytes("x"));
            }
            assertThat(leader.appendsTo(2)).hasSize(4);
            leader.acknowledge(3, 2);
            assertThat(leader.appendsTo(2))
                    .filteredOn(append -> !append.entries().isEmpty())
                    .hasSize(2);
        }

        @Test
        void on_a_node_that_stepped_down_before_the_ready_builds_none() {
            TestNode leader = leader(true);
            leader.step(MessageType.HEARTBEAT, 3, leader.term() + 1, new Body.Heartbeat(0, new byte[0]));
            assertThat(leader.sent(MessageType.APPEND)).isEmpty();
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
    }

    @Nested
    @DisplayName("an empty proposal is refused")
    class EmptyProposal {
        private final List<Entry> applied = new ArrayList<>();

        private ProposalResult propose(boolean on) {
            TestNode leader = TestNode.of(1, 3, with(Deviation.EMPTY_PROPOSALS_REFUSED, on))
                    .win();
            ProposalResult result = leader.propose("");
            // Another leader opens its term at the same index.
            leader.step(
                    MessageType.APPEND,
                    2,
                    3,
                    new Body.Append(1, leader.logTerms().get(0), 0, List.of(Entry.empty(3, 2))));
            leader.step(MessageType.HEARTBEAT, 2, 3, new Body.Heartbeat(2, new byte[0]));
            applied.addAll(leader.applied);
            return result;
        }

        @Test
        void off_what_is_applied_at_its_index_looks_like_it_and_is_not() {
            ProposalResult result = propose(false);
            assertThat(result.index()).isEqualTo(2);
            assertThat(applied.get(1)).isEqualTo(Entry.empty(3, 2));
            assertThat(applied.get(1).payloadBytes()).isZero();
            assertThat(result.term()).as("only the term tells").isNotEqualTo(3);
        }

        @Test
        void on_it_is_refused() {
            assertThat(propose(true).outcome()).isEqualTo(ProposalResult.Outcome.EMPTY);
        }
    }

    /** W1, R6. */
    @Nested
    @DisplayName("reads fail visibly")
    class ReadsFail {
        private TestNode node(boolean on) {
            return TestNode.of(1, 3, with(Deviation.READS_FAIL_VISIBLY, on));
        }

        /** Node 1 takes a read before it has committed anything, and steps down. */
        private TestNode deposed(boolean on) {
            TestNode leader = node(on).win();
            leader.raw.readIndex(bytes("r"));
            return leader.follow(2, 5);
        }

        @Test
        void off_a_read_is_answered_by_a_later_leadership_to_whoever_has_long_given_up() {
            TestNode leader = deposed(false);
            assertThat(leader.failedReads).isEmpty();
            leader.win();
            leader.acknowledge(leader.storage.lastIndex(), 2, 3);
            Body.Heartbeat heartbeat =
                    (Body.Heartbeat) leader.sent(MessageType.HEARTBEAT).get(0).body();
            leader.answer(MessageType.HEARTBEAT_RESPONSE, 2, new Body.HeartbeatResponse(heartbeat.context()));
            assertThat(leader.reads).containsExactly(new ReadState(leader.commit(), bytes("r")));
        }

        @Test
        void on_it_fails_when_its_leader_steps_down() {
            assertThat(deposed(true).failedReads)
                    .containsExactly(new FailedRead(bytes("r"), FailedRead.Reason.LEADERSHIP_LOST));
        }

        /** Node 1 uses a name twice; the answer to the first use comes twice, the second time after a write that it does not include. */
        private TestNode askedTwice(boolean on) {
            TestNode follower = node(on).follow(2, 2);
            follower.raw.readIndex(bytes("same"));
            Body.ReadIndex first = (Body.ReadIndex)
                    follower.sent(MessageType.READ_INDEX).get(0).body();
            Body answer = new Body.ReadIndexResponse(5, first.context());
            follower.answer(MessageType.READ_INDEX_RESPONSE, 2, answer);
            follower.raw.readIndex(bytes("same"));
            follower.answer(MessageType.READ_INDEX_RESPONSE, 2, answer);
            return follower;
        }

        @Test
        void off_a_late_answer_confirms_another_read_of_the_same_name() {
            assertThat(askedTwice(false).reads).hasSize(2);
        }

        @Test
        void on_it_confirms_nothing() {
            assertThat(askedTwice(true).reads).hasSize(1);
        }
    }

    /** X3, mutant 51. */
    @Nested
    @DisplayName("reads are counted again after a change of the configuration")
    class ReadsRecounted {
        /** Node 1 leads 1 and 2, a read waits for 2, and 2 is removed. */
        private TestNode shrunk(boolean on) {
            TestNode leader = TestNode.of(1, 2, with(Deviation.READS_RECOUNTED_AFTER_CONF_CHANGE, on))
                    .win();
            leader.acknowledge(1, 2);
            leader.raw.readIndex(bytes("r"));
            leader.propose(ConfChange.of(new Change(ChangeType.REMOVE, 2)));
            assertThat(leader.reads).isEmpty();
            leader.acknowledge(2, 2);
            assertThat(leader.members()).isEqualTo(TestNode.confState(1));
            return leader;
        }

        @Test
        void off_a_read_that_waits_for_nobody_is_never_answered() {
            TestNode leader = shrunk(false);
            leader.tick(100);
            assertThat(leader.reads).isEmpty();
            leader.raw.readIndex(bytes("s"));
            leader.run();
            assertThat(leader.reads).as("a later one is").containsExactly(new ReadState(2, bytes("s")));
        }

        @Test
        void on_it_is_answered_when_the_change_is_applied() {
            assertThat(shrunk(true).reads).containsExactly(new ReadState(1, bytes("r")));
        }
    }

    @Nested
    @DisplayName("a leader that was removed asks before it answers reads")
    class RemovedLeaderReads {
        /** Node 1 leads 1 and 2, has removed itself, leads on, and is asked to read. */
        private TestNode removed(boolean on) {
            TestNode leader = TestNode.of(
                            1,
                            2,
                            config -> with(Deviation.REMOVED_LEADER_ASKS_BEFORE_READS, on)
                                    .apply(config)
                                    .stepDownOnRemoval(false))
                    .win();
            leader.acknowledge(1, 2);
            leader.propose(ConfChange.of(new Change(ChangeType.REMOVE, 1)));
            leader.acknowledge(2, 2);
            assertThat(leader.members()).isEqualTo(ConfState.of(List.of(2L)));
            assertThat(leader.role()).isEqualTo(RaftRole.LEADER);
            leader.sent();
            leader.raw.readIndex(bytes("r"));
            leader.run();
            return leader;
        }

        @Test
        void off_it_answers_though_the_only_voter_may_lead_by_now() {
            assertThat(removed(false).reads).hasSize(1);
        }

        @Test
        void on_it_waits_for_the_only_voter() {
            TestNode leader = removed(true);
            assertThat(leader.reads).isEmpty();
            Body.Heartbeat heartbeat =
                    (Body.Heartbeat) leader.sent(MessageType.HEARTBEAT).get(0).body();
            leader.answer(MessageType.HEARTBEAT_RESPONSE, 2, new Body.HeartbeatResponse(heartbeat.context()));
            assertThat(leader.reads).hasSize(1);
        }
    }

    /** X2, mutants 53 and 54. All clocks tick together. */
    @Nested
    @DisplayName("a lease counts from the heartbeat")
    class Leases {
        private TestCluster cluster(boolean on) {
            TestCluster cluster = new TestCluster(
                    3,
                    config -> with(Deviation.LEASE_COUNTS_FROM_HEARTBEAT, on)
                            .apply(config)
                            .electionTicks(10)
                            .checkQuorum(true)
                            .leaseReads(true));
            // Whatever was promised before the start is over; then node 1 leads, and hears from all.
            while (cluster.leaders().isEmpty()) {
                cluster.tick(1);
            }
            cluster.tick(1);
            return cluster;
        }

        private static TestNode oldLeader(TestCluster cluster) {
            return cluster.node(cluster.leaders().get(0));
        }

        /** Another leader has committed a write; what does the one before it say? */
        private static void assertWritten(TestCluster cluster, TestNode old) {
            long successor = cluster.leaders().get(0);
            cluster.propose(successor, "new");
            assertThat(old.role()).isEqualTo(RaftRole.LEADER);
            assertThat(cluster.node(successor).commit()).isGreaterThan(old.commit());
            old.raw.readIndex(bytes("r"), ReadPolicy.LEASE);
            old.run();
        }

        private TestNode readAfterPartition(boolean on) {
            TestCluster cluster = cluster(on);
            TestNode old = oldLeader(cluster);
            cluster.isolate(old.id);
            while (cluster.leaders().isEmpty()) {
                cluster.tick(1);
            }
            assertWritten(cluster, old);
            return old;
        }

        private TestNode readAfterTransfer(boolean on) {
            TestCluster cluster = cluster(on);
            TestNode old = oldLeader(cluster);
            long target = old.id == 1 ? 2 : 1;
            old.raw.transferLeadership(target);
            List<Message> order = old.sent(MessageType.TIMEOUT_NOW);
            cluster.isolate(old.id);
            cluster.node(target).raw.step(order.get(0));
            cluster.settle();
            assertWritten(cluster, old);
            return old;
        }

        @Test
        void off_a_leader_that_was_cut_off_answers_without_a_write_though_no_clock_is_wrong() {
            assertThat(readAfterPartition(false).reads).hasSize(1);
        }

        @Test
        void on_it_does_not_answer_and_the_read_fails_when_it_steps_down() {
            TestNode old = readAfterPartition(true);
            assertThat(old.reads).isEmpty();
            old.tick(20);
            assertThat(old.reads).isEmpty();
            assertThat(old.failedReads).containsExactly(new FailedRead(bytes("r"), FailedRead.Reason.LEADERSHIP_LOST));
        }

        @Test
        void off_a_leader_that_has_handed_over_answers_without_its_successors_write() {
            assertThat(readAfterTransfer(false).reads).hasSize(1);
        }

        @Test
        void on_it_has_given_up_its_lease_with_the_order_to_campaign() {
            assertThat(readAfterTransfer(true).reads).isEmpty();
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

    /** Rank 3. */
    @Nested
    @DisplayName("a disk that stalls costs the leadership")
    class StalledDisk {
        private static final int LIMIT = 7;

        /** What is out, the oldest first. */
        private final Deque<Ready> out = new ArrayDeque<>();

        /** Node 1 leads, node 3 has the longest log of the others, and from here on nothing becomes durable at node 1. */
        private RawNode leaderWithReadyOut(boolean on) {
            MemoryStorage disk = new MemoryStorage();
            disk.setHardState(new HardState(1, 0, 0));
            RaftConfig config = settings(1, Deviation.STALLED_DISK_GIVES_UP_LEADERSHIP, on)
                    .asyncStorageWrites(true)
                    .diskStallTicks(LIMIT)
                    .build();
            RawNode node = start(config, disk);
            node.campaign();
            persistAll(node, disk);
            node.step(new Message(MessageType.VOTE_RESPONSE, 2, 1, 2, new Body.VoteResponse(false)));
            persistAll(node, disk);
            node.step(new Message(MessageType.APPEND_RESPONSE, 2, 1, 2, Body.AppendResponse.accepted(0)));
            node.step(new Message(MessageType.APPEND_RESPONSE, 3, 1, 2, Body.AppendResponse.accepted(1)));
            persistAll(node, disk);
            node.propose(bytes("x"));
            out.add(node.ready());
            assertThat(out.element().entries()).hasSize(1);
            return node;
        }

        private static void persistAll(RawNode node, MemoryStorage disk) {
            while (node.hasReady()) {
                Ready ready = node.ready();
                disk.append(ready.snapshot(), ready.hardState(), ready.entries());
                node.persisted(ready);
                if (!ready.committedEntries().isEmpty()) {
                    node.applied(ready);
                }
            }
        }

        private static List<Message> tick(RawNode node) {
            node.tick();
            return node.hasReady() ? node.ready().messages() : List.of();
        }

        @Test
        void off_a_leader_that_can_store_nothing_keeps_everybody_loyal() {
            RawNode node = leaderWithReadyOut(false);
            for (int i = 0; i < 5 * LIMIT; i++) {
                assertThat(tick(node)).extracting(Message::type).containsOnly(MessageType.HEARTBEAT);
            }
            assertThat(node.status().softState().role()).isEqualTo(RaftRole.LEADER);
        }

        @Test
        void on_it_hands_over_to_the_best_of_its_followers_and_steps_down() {
            RawNode node = leaderWithReadyOut(true);
            for (int i = 1; i <= LIMIT; i++) {
                assertThat(tick(node)).extracting(Message::type).containsOnly(MessageType.HEARTBEAT);
                assertThat(node.status().diskStallTicks()).isEqualTo(i);
            }
            assertThat(tick(node))
                    .containsExactly(new Message(MessageType.TIMEOUT_NOW, 1, 3, 2, new Body.TimeoutNow()));
            assertThat(node.status().softState().role()).isEqualTo(RaftRole.FOLLOWER);
            assertThat(node.propose(bytes("y")).outcome()).isEqualTo(ProposalResult.Outcome.NO_LEADER);
        }

        @Test
        void on_a_leader_that_is_alone_has_nobody_to_hand_over_to_and_leads_on() {
            MemoryStorage disk = new MemoryStorage();
            disk.setHardState(new HardState(1, 0, 0));
            RaftConfig config = TestNode.plain(1)
                    .asyncStorageWrites(true)
                    .diskStallTicks(LIMIT)
                    .build();
            RawNode node = RawNode.restart(config, disk, new Applied(0, TestNode.confState(1)));
            node.campaign();
            persistAll(node, disk);
            node.propose(bytes("x"));
            node.ready();
            for (int i = 0; i < 5 * LIMIT; i++) {
                node.tick();
            }
            assertThat(node.status().softState().role()).isEqualTo(RaftRole.LEADER);
        }

        @Test
        void on_a_disk_that_is_slow_and_gets_on_is_not_stalled() {
            RawNode node = leaderWithReadyOut(true);
            for (int i = 0; i < 5 * LIMIT; i++) {
                // Always one more is handed out than has become durable.
                node.propose(bytes("y"));
                out.add(node.ready());
                for (int tick = 0; tick < LIMIT; tick++) {
                    node.tick();
                }
                node.persisted(out.remove());
                assertThat(node.status().diskStallTicks()).isZero();
            }
            assertThat(node.status().softState().role()).isEqualTo(RaftRole.LEADER);
        }

        /** A follower whose Ready is out, and that has not heard of a leader for long. */
        private RawNode silentFollower(boolean on) {
            MemoryStorage disk = new MemoryStorage();
            disk.setHardState(new HardState(1, 0, 0));
            RawNode node = start(
                    settings(1, Deviation.STALLED_DISK_GIVES_UP_LEADERSHIP, on)
                            .asyncStorageWrites(true)
                            .diskStallTicks(LIMIT)
                            .build(),
                    disk);
            node.step(new Message(MessageType.APPEND, 2, 1, 1, FIRST_ENTRY));
            node.ready();
            for (int i = 0; i < 50; i++) {
                node.tick();
            }
            return node;
        }

        @Test
        void off_a_follower_campaigns_with_a_vote_that_it_cannot_store() {
            assertThat(silentFollower(false).status().softState().role()).isEqualTo(RaftRole.CANDIDATE);
        }

        @Test
        void on_it_does_not_campaign_until_its_disk_gets_on() {
            RawNode node = silentFollower(true);
            assertThat(node.status().softState().role()).isEqualTo(RaftRole.FOLLOWER);
            assertThat(node.campaign()).isEqualTo(CampaignResult.DISK_STALLED);
        }
    }

    /** Etcd issue 10225. */
    @Nested
    @DisplayName("a snapshot that nobody reports times out")
    class SnapshotTimeout {
        private static final int LIMIT = 9;

        /** Node 1 has handed out a snapshot at index 3 for node 2, and hears nothing of it. */
        private TestNode waiting(boolean on) {
            TestNode leader = TestNode.of(
                            1,
                            3,
                            config -> with(Deviation.SNAPSHOT_REPORT_TIMES_OUT, on)
                                    .apply(config)
                                    .snapshotTimeoutTicks(LIMIT))
                    .win();
            leader.propose("a");
            leader.propose("b");
            leader.acknowledge(3, 3);
            leader.compact(3);
            leader.reject(2, 0, 0, 0);
            assertThat(leader.peer(2).state()).isEqualTo(ProgressState.SNAPSHOT);
            leader.tick(LIMIT - 1);
            assertThat(leader.peer(2).state()).isEqualTo(ProgressState.SNAPSHOT);
            leader.sent();
            return leader;
        }

        @Test
        void off_the_peer_is_sent_nothing_ever_again() {
            TestNode leader = waiting(false);
            for (int i = 0; i < 1_000; i++) {
                leader.tick(1);
                leader.answerHeartbeat(2);
            }
            assertThat(leader.sent())
                    .filteredOn(message -> message.to() == 2)
                    .extracting(Message::type)
                    .containsOnly(MessageType.HEARTBEAT);
        }

        @Test
        void on_the_peer_is_asked_again_what_it_has_and_gets_another_snapshot() {
            TestNode leader = waiting(true);
            leader.tick(1);
            assertThat(leader.peer(2).state()).isEqualTo(ProgressState.PROBE);
            assertThat(leader.sent(MessageType.INSTALL_SNAPSHOT)).isEmpty();
            leader.answerHeartbeat(2);
            assertThat(leader.sent(MessageType.INSTALL_SNAPSHOT)).hasSize(1);
        }

        @Test
        void on_the_time_of_another_snapshot_counts_anew() {
            TestNode leader = waiting(true);
            leader.raw.reportSnapshot(2, false);
            leader.answerHeartbeat(2);
            assertThat(leader.peer(2).state()).isEqualTo(ProgressState.SNAPSHOT);
            leader.tick(LIMIT - 1);
            assertThat(leader.peer(2).state()).isEqualTo(ProgressState.SNAPSHOT);
            leader.tick(1);
            assertThat(leader.peer(2).state()).isEqualTo(ProgressState.PROBE);
        }
    }
}
