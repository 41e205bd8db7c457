package dev.keelraft;

import static dev.keelraft.Deviations.settings;
import static dev.keelraft.Deviations.with;
import static dev.keelraft.TestNode.bytes;
import static dev.keelraft.TestNode.entries;
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
import dev.keelraft.model.Snapshot;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** The stories of deviations that are about reads; see {@link DeviationTest}. */
class ReadDeviationTest {
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
}
