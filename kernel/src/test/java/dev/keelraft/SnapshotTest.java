package dev.keelraft;

import static dev.keelraft.TestNode.bytes;
import static dev.keelraft.TestNode.entries;
import static org.assertj.core.api.Assertions.assertThat;

import dev.keelraft.model.Body;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import dev.keelraft.model.ProgressState;
import dev.keelraft.model.Snapshot;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Snapshots, sent and received: kernel.md S1 to S8. */
class SnapshotTest {
    private static final UnaryOperator<RaftConfig.Builder> PLAIN = UnaryOperator.identity();
    private static final ConfState THREE = TestNode.confState(3);

    @Nested
    @DisplayName("sent (S1, S2, S3)")
    class Sent {
        /** Leads three with a log that begins at 11; of node 2 it knows nothing, node 3 has everything. */
        private TestNode leader() {
            TestNode leader = TestNode.behindSnapshot(THREE, 1, PLAIN).win();
            leader.acknowledge(11, 3);
            leader.sent();
            assertThat(leader.storage.firstIndex()).isEqualTo(11);
            return leader;
        }

        private Snapshot only(List<Message> sent) {
            assertThat(sent).extracting(Message::to).containsExactly(2L);
            return ((Body.InstallSnapshot) sent.get(0).body()).snapshot();
        }

        @Test
        void where_the_entries_that_a_peer_needs_are_gone_it_gets_the_newest_snapshot() {
            TestNode leader = leader();
            leader.reject(2, 10, 3, 1);
            assertThat(only(leader.sent())).isEqualTo(leader.storage.snapshot());
            assertThat(leader.peer(2).state()).isEqualTo(ProgressState.SNAPSHOT);
            assertThat(leader.peer(2).pendingSnapshot()).isEqualTo(10);
            assertThat(leader.peer(2).next()).isEqualTo(11);
        }

        /** S1: the index just before the log still has its term, so a peer that has it needs no snapshot. */
        @Test
        void a_peer_that_has_just_what_is_gone_needs_none() {
            TestNode leader = TestNode.behindSnapshot(THREE, 1, PLAIN).win();
            assertThat(leader.appendsTo(2)).extracting(Body.Append::prevIndex).containsExactly(10L);
            leader.answerHeartbeat(2);
            assertThat(leader.appendsTo(2)).extracting(Body.Append::prevIndex).containsExactly(10L);
            leader.acknowledge(11, 2);
            assertThat(leader.peer(2).state()).isEqualTo(ProgressState.REPLICATE);
        }

        /** S1, kernel.md 4.1, IgnoreProvidingSnap: node 2 has not answered since the last check of the quorum. */
        @Test
        void a_peer_that_does_not_answer_gets_none() {
            TestNode leader = TestNode.behindSnapshot(THREE, 1, config -> config.checkQuorum(true))
                    .win();
            leader.acknowledge(11, 2, 3);
            leader.propose("x");
            leader.acknowledge(12, 3);
            leader.compact(12);
            leader.tick(leader.config.electionTicks());
            leader.raw.reportUnreachable(2);
            leader.sent();
            assertThat(leader.peer(2).recentlyActive()).isFalse();
            assertThat(leader.peer(2).paused()).as("a probe may go out").isFalse();
            leader.propose("y");
            assertThat(leader.sent()).extracting(Message::to).containsExactly(3L);
            assertThat(leader.peer(2).state()).isEqualTo(ProgressState.PROBE);
            leader.answerHeartbeat(2);
            assertThat(only(leader.sent(MessageType.INSTALL_SNAPSHOT)).index()).isEqualTo(12);
        }

        @Test
        void while_the_host_has_none_to_give_the_leader_asks_again() {
            DelegatingStorage storage = new DelegatingStorage() {
                @Override
                public Snapshot snapshot() {
                    return isReady ? super.snapshot() : Snapshot.NONE;
                }
            };
            storage.memory.installSnapshot(new Snapshot(10, 1, THREE, bytes("state")));
            storage.memory.setHardState(new HardState(1, 0, 10));
            RawNode node = RawNode.restart(TestNode.plain(1).build(), storage, new Applied(10, THREE));
            node.campaign();
            persist(node, storage.memory);
            node.step(new Message(MessageType.VOTE_RESPONSE, 2, 1, 2, new Body.VoteResponse(false)));
            persist(node, storage.memory);
            node.step(new Message(MessageType.APPEND_RESPONSE, 2, 1, 2, new Body.AppendResponse(10, true, 0, 0)));
            assertThat(node.hasReady()).isFalse();
            isReady = true;
            node.step(new Message(MessageType.HEARTBEAT_RESPONSE, 2, 1, 2, new Body.HeartbeatResponse(new byte[0])));
            assertThat(node.ready().messages()).extracting(Message::type).containsExactly(MessageType.INSTALL_SNAPSHOT);
        }

        /** Nor does the leader try for ever where an answer has news, after which it sends all that it can. */
        @Test
        void while_the_host_has_none_to_give_an_acknowledgement_brings_none() {
            DelegatingStorage storage = new DelegatingStorage() {
                @Override
                public Snapshot snapshot() {
                    return Snapshot.NONE;
                }
            };
            storage.memory.installSnapshot(new Snapshot(10, 1, THREE, bytes("state")));
            storage.memory.setHardState(new HardState(1, 0, 10));
            RawNode node = RawNode.restart(TestNode.plain(1).build(), storage, new Applied(10, THREE));
            node.campaign();
            persist(node, storage.memory);
            node.step(new Message(MessageType.VOTE_RESPONSE, 2, 1, 2, new Body.VoteResponse(false)));
            persist(node, storage.memory);
            node.step(new Message(MessageType.APPEND_RESPONSE, 2, 1, 2, Body.AppendResponse.accepted(5)));
            assertThat(node.hasReady()).isFalse();
        }

        private boolean isReady;

        private static void persist(RawNode node, MemoryStorage memory) {
            while (node.hasReady()) {
                Ready ready = node.ready();
                memory.append(ready.snapshot(), ready.hardState(), ready.entries());
                node.advance(ready);
            }
        }

        /** S1: while a Ready is out, the storage may have let go of entries of which the memory still knows the terms. */
        @Test
        void entries_that_are_gone_from_the_storage_are_gone_though_they_are_still_in_memory() {
            long each = entries(2, 2).get(0).wireBytes();
            TestNode leader =
                    TestNode.of(1, 5, config -> config.maxReadyBytes(2 * each)).win();
            leader.acknowledge(1, 3, 4, 5);
            leader.sent();
            for (int index = 2; index <= 6; index++) {
                leader.raw.propose(bytes("2/" + index));
            }
            Ready first = store(leader);
            for (long peer = 3; peer <= 5; peer++) {
                leader.raw.step(new Message(MessageType.APPEND_RESPONSE, peer, 1, 2, Body.AppendResponse.accepted(6)));
            }
            leader.raw.advance(first);
            Ready second = store(leader);
            assertThat(second.entries()).extracting(Entry::index).containsExactly(4L, 5L);
            assertThat(second.committedEntries()).extracting(Entry::index).containsExactly(2L, 3L, 4L, 5L);
            leader.compact(5);
            leader.raw.step(new Message(MessageType.APPEND_RESPONSE, 2, 1, 2, Body.AppendResponse.accepted(4)));
            leader.raw.advance(second);
            assertThat(only(leader.sent(MessageType.INSTALL_SNAPSHOT)).index()).isEqualTo(5);
        }

        private static Ready store(TestNode node) {
            Ready ready = node.raw.ready();
            node.storage.append(ready.snapshot(), ready.hardState(), ready.entries());
            return ready;
        }

        /** Kernel.md 4.1, SendAppendForProgressSnapshot, raft_snap_test. */
        @Test
        void nothing_else_is_sent_until_the_peer_acknowledges_or_the_host_reports() {
            TestNode leader = leader();
            leader.reject(2, 10, 3, 1);
            leader.sent();
            leader.propose("x");
            leader.answerHeartbeat(2);
            assertThat(leader.appendsTo(2)).isEmpty();
            assertThat(leader.peer(2).state()).isEqualTo(ProgressState.SNAPSHOT);
            leader.raw.reportUnreachable(2);
            assertThat(leader.peer(2).state()).as("L17 is about replication").isEqualTo(ProgressState.SNAPSHOT);
        }

        /** S2, raft pull request 110, mutant 39: with whatever it has caught up. */
        @Test
        void an_acknowledgement_that_reaches_the_log_ends_it_also_below_the_snapshots_index() {
            TestNode leader = leader();
            leader.reject(2, 10, 3, 1);
            leader.propose("x");
            leader.acknowledge(12, 3);
            leader.sent();
            leader.acknowledge(8, 2);
            assertThat(leader.peer(2).state()).as("the log begins at 11").isEqualTo(ProgressState.SNAPSHOT);
            leader.acknowledge(10, 2);
            assertThat(leader.peer(2).state()).isEqualTo(ProgressState.REPLICATE);
            assertThat(leader.appendsTo(2)).extracting(Body.Append::prevIndex).contains(10L);
        }

        @Test
        void an_older_snapshot_than_the_one_that_was_sent_is_as_good_if_the_log_reaches_it() {
            TestNode leader = leader();
            leader.propose("x");
            leader.acknowledge(12, 3);
            leader.storage.saveSnapshot(new Snapshot(12, 2, THREE, bytes("newer")));
            leader.reject(2, 10, 3, 1);
            assertThat(leader.peer(2).pendingSnapshot()).isEqualTo(12);
            // The peer had an older snapshot from elsewhere, to which this leader's log reaches.
            leader.acknowledge(10, 2);
            assertThat(leader.peer(2).state()).isEqualTo(ProgressState.REPLICATE);
            assertThat(leader.peer(2).next()).isGreaterThan(10);
        }

        /** S3, etcd issue 10225. */
        @Test
        void a_report_of_success_probes_behind_the_snapshot_after_the_next_sign_of_life() {
            TestNode leader = leader();
            leader.reject(2, 10, 3, 1);
            leader.sent();
            leader.raw.reportSnapshot(2, true);
            assertThat(leader.peer(2).state()).isEqualTo(ProgressState.PROBE);
            assertThat(leader.peer(2).next()).isEqualTo(11);
            assertThat(leader.peer(2).paused()).isTrue();
            leader.propose("x");
            assertThat(leader.appendsTo(2)).isEmpty();
            leader.answerHeartbeat(2);
            assertThat(leader.appendsTo(2)).extracting(Body.Append::prevIndex).containsExactly(10L);
        }

        /** S3, mutant 38. */
        @Test
        void a_report_of_failure_goes_back_to_what_the_peer_is_known_to_have() {
            TestNode leader = leader();
            leader.reject(2, 10, 3, 1);
            leader.sent();
            leader.raw.reportSnapshot(2, false);
            assertThat(leader.peer(2).state()).isEqualTo(ProgressState.PROBE);
            assertThat(leader.peer(2).next()).isEqualTo(1);
            assertThat(leader.peer(2).paused()).isTrue();
            leader.answerHeartbeat(2);
            assertThat(only(leader.sent()).index()).as("it is sent again").isEqualTo(10);
        }

        @Test
        void a_report_about_a_peer_that_was_sent_none_or_is_none_or_to_a_follower_means_nothing() {
            TestNode leader = leader();
            Status before = leader.raw.status();
            leader.raw.reportSnapshot(3, false);
            leader.raw.reportSnapshot(99, true);
            assertThat(leader.raw.status()).isEqualTo(before);
            TestNode follower = TestNode.of(1, 3);
            follower.raw.reportSnapshot(2, true);
            follower.raw.reportUnreachable(2);
            assertThat(follower.raw.hasReady()).isFalse();
        }
    }

    @Nested
    @DisplayName("received (S4 to S8)")
    class Received {
        private static Snapshot snapshot(long index, long term, ConfState members) {
            return new Snapshot(index, term, members, bytes("state"));
        }

        private static StepResult install(TestNode node, long term, Snapshot snapshot) {
            return node.step(MessageType.INSTALL_SNAPSHOT, 2, term, new Body.InstallSnapshot(snapshot));
        }

        private static long acknowledged(TestNode node) {
            List<Message> answers = node.sent(MessageType.APPEND_RESPONSE);
            assertThat(answers).hasSize(1);
            Body.AppendResponse answer = (Body.AppendResponse) answers.get(0).body();
            assertThat(answer.rejected()).isFalse();
            return answer.index();
        }

        /** S4, S6, S7, mutant 34. */
        @Test
        void replaces_the_log_and_brings_the_members_and_is_acknowledged_with_its_index() {
            TestNode node = TestNode.withLog(1, 3, PLAIN, 2, 1, 1, 2);
            ConfState members = new ConfState(List.of(1L, 2L, 4L), List.of(1L, 2L, 3L), List.of(5L), List.of(3L), true);
            install(node, 3, snapshot(9, 2, members));
            assertThat(acknowledged(node)).isEqualTo(9);
            assertThat(node.members()).isEqualTo(members);
            assertThat(node.commit()).isEqualTo(9);
            assertThat(node.raw.status().applied()).isEqualTo(9);
            assertThat(node.storage.firstIndex()).isEqualTo(10);
            assertThat(node.storage.lastIndex()).isEqualTo(9);
            // S7: its term is there to match.
            node.step(MessageType.APPEND, 2, 3, new Body.Append(9, 1, 9, entries(10, 3)));
            assertThat(((Body.AppendResponse) node.sent().get(0).body()).rejected())
                    .isTrue();
            node.step(MessageType.APPEND, 2, 3, new Body.Append(9, 2, 9, entries(10, 3)));
            assertThat(acknowledged(node)).isEqualTo(10);
        }

        /** S4, mutant 33. */
        @Test
        void that_is_not_newer_than_the_commit_index_changes_nothing_and_is_answered_with_that() {
            TestNode node = TestNode.withLog(1, 3, PLAIN, 1, 1, 1, 1, 1);
            node.step(MessageType.HEARTBEAT, 2, 1, new Body.Heartbeat(3, new byte[0]));
            node.sent();
            for (long index : new long[] {1, 2, 3}) {
                install(node, 7, snapshot(index, 7, ConfState.of(List.of(1L))));
                assertThat(acknowledged(node)).isEqualTo(3);
                assertThat(node.logTerms()).containsExactly(1L, 1L, 1L, 1L);
                assertThat(node.members()).isEqualTo(THREE);
            }
        }

        /** S4, mutant 32: the entries behind it have been acknowledged. */
        @Test
        void that_the_log_has_already_only_moves_the_commit_index() {
            TestNode node = TestNode.withLog(1, 3, PLAIN, 1, 1, 1, 1, 1);
            install(node, 1, snapshot(2, 1, ConfState.of(List.of(1L))));
            assertThat(acknowledged(node)).isEqualTo(2);
            assertThat(node.logTerms()).containsExactly(1L, 1L, 1L, 1L);
            assertThat(node.commit()).isEqualTo(2);
            assertThat(node.members()).isEqualTo(THREE);
        }

        @Test
        void of_an_index_that_the_log_has_with_another_term_replaces_the_log() {
            TestNode node = TestNode.withLog(1, 3, PLAIN, 1, 1, 1, 1, 1);
            install(node, 5, snapshot(2, 5, THREE));
            assertThat(acknowledged(node)).isEqualTo(2);
            assertThat(node.logTerms()).isEmpty();
        }

        /** S4: a node that was removed must not come back by an old message. */
        @Test
        void that_does_not_know_this_node_is_ignored() {
            TestNode node = TestNode.of(1, 3);
            install(node, 1, snapshot(9, 1, ConfState.of(List.of(2L, 3L))));
            assertThat(acknowledged(node)).isZero();
            assertThat(node.members()).isEqualTo(THREE);
            assertThat(node.storage.snapshot().isNone()).isTrue();
        }

        /** S6, etcd issue 9498, mutant 35: whatever it was before, and whatever it becomes. */
        @Test
        void may_make_a_voter_of_a_learner_and_the_reverse_and_leave_an_outgoing_voter() {
            List<ConfState> all = List.of(
                    ConfState.of(List.of(1L, 2L)),
                    ConfState.of(List.of(2L), List.of(1L)),
                    new ConfState(List.of(2L), List.of(1L, 2L), List.of(), List.of(), false),
                    new ConfState(List.of(2L), List.of(1L, 2L), List.of(), List.of(1L), false));
            for (ConfState before : all) {
                for (ConfState after : all) {
                    TestNode node = TestNode.in(before, 1, PLAIN);
                    install(node, 1, snapshot(9, 1, after));
                    assertThat(acknowledged(node)).isEqualTo(9);
                    assertThat(node.members()).isEqualTo(after);
                }
            }
        }

        @Test
        void lets_a_node_that_knew_nobody_in() {
            MemoryStorage storage = new MemoryStorage();
            RawNode node = RawNode.join(RaftConfig.builder(4, () -> 0).build(), storage);
            Snapshot snapshot = snapshot(9, 1, ConfState.of(List.of(1L, 2L, 3L), List.of(4L)));
            node.step(new Message(MessageType.INSTALL_SNAPSHOT, 2, 4, 3, new Body.InstallSnapshot(snapshot)));
            Ready ready = node.ready();
            assertThat(ready.snapshot()).isEqualTo(snapshot);
            assertThat(ready.hardState()).isEqualTo(new HardState(3, 0, 9));
            storage.append(ready.snapshot(), ready.hardState(), ready.entries());
            node.advance(ready);
            assertThat(node.status().confState().learners()).containsExactly(4L);
            assertThat(node.hasReady()).isFalse();
        }

        /** S5, mutant 36. */
        @Test
        void holds_back_everything_that_is_to_be_applied_until_it_is_installed() {
            TestNode node = TestNode.of(1, 3, config -> config.asyncStorageWrites(true));
            node.raw.step(new Message(
                    MessageType.INSTALL_SNAPSHOT, 2, 1, 1, new Body.InstallSnapshot(snapshot(9, 1, THREE))));
            node.raw.step(new Message(MessageType.APPEND, 2, 1, 1, new Body.Append(9, 1, 10, entries(10, 1))));
            Ready install = node.raw.ready();
            assertThat(install.snapshot().index()).isEqualTo(9);
            assertThat(install.entries()).hasSize(1);
            assertThat(install.committedEntries()).isEmpty();
            node.raw.step(new Message(MessageType.HEARTBEAT, 2, 1, 1, new Body.Heartbeat(10, new byte[0])));
            Ready next = node.raw.ready();
            assertThat(next.committedEntries()).isEmpty();
            assertThat(next.snapshot().isNone()).as("it is handed out once").isTrue();
            node.storage.append(install.snapshot(), install.hardState(), install.entries());
            node.raw.persisted(install);
            node.raw.persisted(next);
            assertThat(node.raw.status().applied()).isEqualTo(9);
            assertThat(node.raw.ready().committedEntries()).isEqualTo(entries(10, 1));
        }

        @Test
        void a_newer_one_replaces_one_that_was_not_installed_yet() {
            TestNode node = TestNode.of(1, 3, config -> config.asyncStorageWrites(true));
            node.raw.step(new Message(
                    MessageType.INSTALL_SNAPSHOT, 2, 1, 1, new Body.InstallSnapshot(snapshot(9, 1, THREE))));
            Ready first = node.raw.ready();
            node.raw.step(new Message(
                    MessageType.INSTALL_SNAPSHOT, 2, 1, 1, new Body.InstallSnapshot(snapshot(20, 1, THREE))));
            Ready second = node.raw.ready();
            assertThat(second.snapshot().index()).isEqualTo(20);
            node.storage.append(first.snapshot(), first.hardState(), first.entries());
            node.raw.persisted(first);
            assertThat(node.raw.status().applied()).isEqualTo(9);
            assertThat(node.raw.campaign())
                    .as("the second is still to be installed")
                    .isEqualTo(CampaignResult.NOT_PROMOTABLE);
            node.storage.append(second.snapshot(), second.hardState(), second.entries());
            node.raw.persisted(second);
            assertThat(node.raw.status().applied()).isEqualTo(20);
            assertThat(node.raw.status().lastIndex()).isEqualTo(20);
        }

        /** S2, S4 and S7 together, kernel.md 4.1, SlowNodeRestore. */
        @Test
        void brings_a_node_back_that_was_away_for_long() {
            TestCluster cluster = new TestCluster(3);
            cluster.elect(1);
            cluster.isolate(3);
            for (int i = 0; i < 5; i++) {
                cluster.propose(1, "x" + i);
            }
            cluster.node(1).compact(5);
            cluster.reconnect(3);
            cluster.tick(3);
            assertThat(cluster.node(3).storage.snapshot().index()).isEqualTo(5);
            assertThat(cluster.node(3).appliedTexts())
                    .as("the snapshot stands for the others")
                    .containsExactly("x4");
            assertThat(cluster.node(1).peer(3).state()).isEqualTo(ProgressState.REPLICATE);
            cluster.propose(1, "y");
            assertThat(cluster.node(3).appliedTexts()).containsExactly("x4", "y");
        }
    }

    /** A follower's unstable entries behind a stored snapshot, and a leader that sends entries across that border. */
    @Test
    void a_log_behind_a_snapshot_takes_part_in_elections_and_replication() {
        TestNode one = TestNode.behindSnapshot(THREE, 1, PLAIN);
        TestNode two = TestNode.behindSnapshot(THREE, 2, PLAIN);
        TestNode three = TestNode.behindSnapshot(THREE, 3, PLAIN);
        TestCluster cluster = new TestCluster(List.of(one, two, three));
        cluster.elect(2);
        cluster.propose(2, "x");
        assertThat(cluster.nodes)
                .allSatisfy(node ->
                        assertThat(node.applied).containsExactly(Entry.empty(2, 11), Entry.normal(2, 12, bytes("x"))));
    }
}
