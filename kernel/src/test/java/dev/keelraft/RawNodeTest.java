package dev.keelraft;

import static dev.keelraft.TestNode.bytes;
import static dev.keelraft.TestNode.entries;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keelraft.model.Body;
import dev.keelraft.model.ConfChange;
import dev.keelraft.model.ConfChange.ChangeType;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.EntryType;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import dev.keelraft.model.RaftRole;
import dev.keelraft.model.Snapshot;
import dev.keelraft.model.SoftState;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** How a node is born, and what its first Readys hold to the last field. */
class RawNodeTest {
    private static final ConfState THREE = TestNode.confState(3);

    private static RaftConfig config(long id) {
        return RaftConfig.builder(id, new Random(id)).build();
    }

    private static MemoryStorage with(HardState hardState, Entry... entries) {
        MemoryStorage storage = new MemoryStorage();
        storage.setHardState(hardState);
        storage.append(List.of(entries));
        return storage;
    }

    private static Snapshot snapshot(long index, long term) {
        return new Snapshot(index, term, THREE, bytes("state"));
    }

    private static Entry addVoter(long index, long id) {
        byte[] change = ConfChange.v1(0, ChangeType.ADD_VOTER, id, new byte[0]).encode();
        return new Entry(1, index, EntryType.CONF_CHANGE, change);
    }

    /** Stores what a Ready holds, and applies its configuration changes; then advances. */
    private static void handle(RawNode node, MemoryStorage storage, Ready ready) {
        storage.append(ready.snapshot(), ready.hardState(), ready.entries());
        for (Entry entry : ready.committedEntries()) {
            if (entry.type().isConfChange()) {
                node.applyConfChange(entry);
            }
        }
        node.advance(ready);
    }

    @Nested
    @DisplayName("bootstrap (M16)")
    class Bootstrap {
        @Test
        void a_storage_that_holds_anything_is_refused_and_the_text_says_to_restart() {
            assertNeedsNothing(storage -> RawNode.bootstrap(config(1), storage, List.of(1L)), "bootstrap");
        }

        @Test
        void voters_without_this_node_are_refused() {
            assertThatThrownBy(() -> RawNode.bootstrap(config(4), new MemoryStorage(), List.of(1L, 2L)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("node 4 is not among the first voters [1, 2]");
            assertThatThrownBy(() -> RawNode.bootstrap(config(1), new MemoryStorage(), List.of(1L, 1L)))
                    .isInstanceOf(IllegalArgumentException.class);
        }

        @Test
        void the_first_ready_holds_one_committed_change_for_each_voter_in_ascending_order() {
            MemoryStorage storage = new MemoryStorage();
            RawNode node = RawNode.bootstrap(config(2), storage, List.of(3L, 1L, 2L));
            Ready ready = node.ready();
            List<Entry> changes = List.of(addVoter(1, 1), addVoter(2, 2), addVoter(3, 3));
            assertThat(ready.entries()).isEqualTo(changes);
            assertThat(ready.committedEntries()).isEqualTo(changes);
            assertThat(ready.hardState()).isEqualTo(new HardState(1, 0, 3));
            assertThat(ready.mustSync()).isTrue();
            assertThat(ready.messages()).isEmpty();
            assertThat(ready.messagesAfterPersist()).isEmpty();
            handle(node, storage, ready);
            assertThat(node.status().confState()).isEqualTo(THREE);
            assertThat(node.hasReady()).isFalse();
        }

        @Test
        void all_members_write_the_same_whatever_the_order_in_which_they_name_the_voters() {
            Ready one = RawNode.bootstrap(config(1), new MemoryStorage(), List.of(1L, -3L, 2L))
                    .ready();
            Ready two = RawNode.bootstrap(config(2), new MemoryStorage(), List.of(2L, 1L, -3L))
                    .ready();
            assertThat(one.entries()).isEqualTo(two.entries());
            assertThat(one.entries().get(2)).isEqualTo(addVoter(3, -3));
        }

        @Test
        void a_member_that_crashes_before_its_first_sync_bootstraps_again() {
            MemoryStorage storage = new MemoryStorage();
            Ready lost = RawNode.bootstrap(config(1), storage, List.of(1L, 2L)).ready();
            RawNode again = RawNode.bootstrap(config(1), storage, List.of(1L, 2L));
            Ready ready = again.ready();
            assertThat(ready.entries()).isEqualTo(lost.entries());
            assertThat(ready.hardState()).isEqualTo(lost.hardState());
            handle(again, storage, ready);
            assertThatThrownBy(() -> RawNode.bootstrap(config(1), storage, List.of(1L, 2L)))
                    .isInstanceOf(IllegalArgumentException.class);
        }

        @Test
        void a_group_of_one_elects_itself_with_these_readys() {
            MemoryStorage storage = new MemoryStorage();
            RawNode node = RawNode.bootstrap(config(1), storage, List.of(1L));
            Entry change = addVoter(1, 1);
            expect(node, storage, follower(), new HardState(1, 0, 1), List.of(change), List.of(change), true);
            assertThat(node.hasReady()).isFalse();

            assertThat(node.campaign()).isEqualTo(CampaignResult.STARTED);
            SoftState preCandidate = new SoftState(0, RaftRole.PRE_CANDIDATE);
            expect(node, storage, preCandidate, HardState.EMPTY, List.of(), List.of(), false);
            SoftState candidate = new SoftState(0, RaftRole.CANDIDATE);
            expect(node, storage, candidate, new HardState(2, 1, 1), List.of(), List.of(), true);
            SoftState leader = new SoftState(1, RaftRole.LEADER);
            Entry opening = Entry.empty(2, 2);
            expect(node, storage, leader, HardState.EMPTY, List.of(opening), List.of(), true);
            expect(node, storage, leader, new HardState(2, 1, 2), List.of(), List.of(opening), false);
            assertThat(node.hasReady()).isFalse();

            node.propose(bytes("x"));
            Entry proposed = Entry.normal(2, 3, bytes("x"));
            expect(node, storage, leader, HardState.EMPTY, List.of(proposed), List.of(), true);
            expect(node, storage, leader, new HardState(2, 1, 3), List.of(), List.of(proposed), false);
            assertThat(node.hasReady()).isFalse();
        }

        private static SoftState follower() {
            return new SoftState(0, RaftRole.FOLLOWER);
        }

        private static void expect(
                RawNode node,
                MemoryStorage storage,
                SoftState softState,
                HardState hardState,
                List<Entry> entries,
                List<Entry> committed,
                boolean mustSync) {
            assertThat(node.hasReady()).isTrue();
            SoftState before = node.status().softState();
            Ready ready = node.ready();
            assertThat(ready.softState()).isEqualTo(softState).isEqualTo(before);
            assertThat(ready.hardState()).isEqualTo(hardState);
            assertThat(ready.entries()).isEqualTo(entries);
            assertThat(ready.committedEntries()).isEqualTo(committed);
            assertThat(ready.snapshot().isNone()).isTrue();
            assertThat(ready.messages()).isEmpty();
            assertThat(ready.messagesAfterPersist()).isEmpty();
            assertThat(ready.readStates()).isEmpty();
            assertThat(ready.mustSync()).isEqualTo(mustSync);
            handle(node, storage, ready);
        }
    }

    private static void assertNeedsNothing(Function<Storage, RawNode> birth, String call) {
        MemoryStorage compacted = with(HardState.EMPTY, Entry.empty(1, 1));
        compacted.compact(1);
        DelegatingStorage snapshotWithoutLog = new DelegatingStorage() {
            @Override
            public Snapshot snapshot() {
                return RawNodeTest.snapshot(3, 1);
            }
        };
        for (Storage storage : List.of(
                with(new HardState(1, 0, 0)),
                with(HardState.EMPTY, Entry.empty(1, 1)),
                new MemoryStorage(snapshot(3, 1)),
                snapshotWithoutLog,
                compacted)) {
            assertThatThrownBy(() -> birth.apply(storage))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith(call + " starts from nothing")
                    .hasMessageEndingWith("restart from it");
        }
    }

    @Nested
    @DisplayName("join")
    class Join {
        @Test
        void a_storage_that_holds_anything_is_refused_and_the_text_says_to_restart() {
            assertNeedsNothing(storage -> RawNode.join(config(4), storage), "join");
        }

        @Test
        void it_knows_nobody_and_never_campaigns() {
            RawNode node = RawNode.join(config(4), new MemoryStorage());
            assertThat(node.hasReady()).isFalse();
            assertThat(node.status().confState()).isEqualTo(ConfState.EMPTY);
            for (int i = 0; i < 100; i++) {
                node.tick();
            }
            assertThat(node.campaign()).isEqualTo(CampaignResult.NOT_PROMOTABLE);
            assertThat(node.hasReady()).isFalse();
        }

        @Test
        void a_member_that_crashes_before_its_first_sync_joins_again() {
            MemoryStorage storage = new MemoryStorage();
            Message first =
                    new Message(MessageType.APPEND, 1, 4, 3, new Body.Append(0, 0, 0, List.of(Entry.empty(3, 1))));
            RawNode lost = RawNode.join(config(4), storage);
            lost.step(first);
            assertThat(lost.ready().entries()).hasSize(1);
            RawNode again = RawNode.join(config(4), storage);
            again.step(first);
            handle(again, storage, again.ready());
            assertThatThrownBy(() -> RawNode.join(config(4), storage)).isInstanceOf(IllegalArgumentException.class);
            assertThat(RawNode.restart(config(4), storage, Applied.NOTHING)
                            .status()
                            .hardState())
                    .isEqualTo(new HardState(3, 0, 0));
        }
    }

    @Nested
    @DisplayName("restart")
    class Restart {
        @Test
        void an_empty_storage_is_refused_and_the_text_says_what_to_do() {
            assertThatThrownBy(() -> RawNode.restart(config(1), new MemoryStorage(), Applied.NOTHING))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageEndingWith("bootstrap a new group, or join one");
        }

        /** E2, mutant 82. */
        @Test
        void it_is_a_follower_that_knows_no_leader_and_has_nothing_to_do() {
            RawNode node = RawNode.restart(
                    config(1), with(new HardState(5, 2, 1), entries(1, 3, 5).toArray(new Entry[0])), applied(0));
            Status status = node.status();
            assertThat(status.softState()).isEqualTo(new SoftState(0, RaftRole.FOLLOWER));
            assertThat(status.hardState()).isEqualTo(new HardState(5, 2, 1));
            assertThat(status.confState()).isEqualTo(THREE);
            assertThat(status.applied()).isZero();
            Ready ready = node.ready();
            assertThat(ready.hardState())
                    .as("what is stored is not stored again")
                    .isEqualTo(HardState.EMPTY);
            assertThat(ready.entries()).isEmpty();
            assertThat(ready.committedEntries()).isEqualTo(entries(1, 3));
            assertThat(ready.mustSync()).isFalse();
        }

        /** Mutant 82. */
        @Test
        void a_new_commit_index_is_stored_with_the_term_and_vote_of_the_earlier_life() {
            RawNode node = RawNode.restart(
                    config(1), with(new HardState(5, 2, 1), entries(1, 3, 5).toArray(new Entry[0])), applied(1));
            assertThat(node.hasReady()).isFalse();
            node.step(new Message(MessageType.HEARTBEAT, 2, 1, 5, new Body.Heartbeat(2, new byte[0])));
            Ready ready = node.ready();
            assertThat(ready.hardState()).isEqualTo(new HardState(5, 2, 2));
            assertThat(ready.mustSync()).isFalse();
        }

        @Test
        void behind_a_snapshot_it_goes_on_from_there() {
            MemoryStorage storage = new MemoryStorage(snapshot(7, 4));
            storage.setHardState(new HardState(4, 0, 8));
            storage.append(entries(8, 4, 4));
            RawNode node = RawNode.restart(config(1), storage, applied(7));
            assertThat(node.status().firstIndex()).isEqualTo(8);
            assertThat(node.status().lastIndex()).isEqualTo(9);
            assertThat(node.status().applied()).isEqualTo(7);
            Ready ready = node.ready();
            assertThat(ready.snapshot().isNone()).as("it is installed already").isTrue();
            assertThat(ready.committedEntries()).isEqualTo(entries(8, 4));
        }

        /** The prepared storage of M16: a snapshot, and no hard state. */
        @Test
        void a_snapshot_alone_is_enough() {
            RawNode node = RawNode.restart(config(1), new MemoryStorage(snapshot(7, 4)), applied(7));
            assertThat(node.status().hardState()).isEqualTo(new HardState(0, 0, 7));
            assertThat(node.hasReady()).isFalse();
            assertThat(node.campaign()).isEqualTo(CampaignResult.STARTED);
        }

        @Test
        void an_applied_index_that_is_compacted_away_is_refused() {
            MemoryStorage storage = new MemoryStorage(snapshot(7, 4));
            storage.setHardState(new HardState(4, 0, 9));
            storage.append(entries(8, 4, 4, 4));
            for (long index : new long[] {0, 6}) {
                assertThatThrownBy(() -> RawNode.restart(config(1), storage, applied(index)))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageStartingWith("applied index " + index + " lies before 7");
            }
            for (long index : new long[] {7, 8, 9}) {
                RawNode node = RawNode.restart(config(1), storage, applied(index));
                assertThat(node.status().applied()).isEqualTo(index);
                assertThat(node.status().hardState().commit()).isEqualTo(9);
            }
            assertThatThrownBy(() -> new Applied(-1, THREE)).isInstanceOf(IllegalArgumentException.class);
        }

        /** Etcd issue 10217, W9: the commit index need not be synced, and the state machine may be durable on its own. */
        @Test
        void what_was_applied_was_committed_whatever_the_disk_knows() {
            MemoryStorage storage = new MemoryStorage(snapshot(7, 4));
            storage.setHardState(new HardState(4, 0, 7));
            storage.append(entries(8, 4, 4, 4));
            RawNode node = RawNode.restart(config(1), storage, applied(9));
            assertThat(node.status().applied()).isEqualTo(9);
            assertThat(node.status().hardState()).isEqualTo(new HardState(4, 0, 9));
            assertThat(node.ready().committedEntries()).isEmpty();
        }

        @Test
        void a_state_machine_that_is_ahead_of_the_whole_log_shows_that_the_log_has_lost_entries() {
            MemoryStorage storage = new MemoryStorage(snapshot(7, 4));
            storage.setHardState(new HardState(4, 0, 9));
            storage.append(entries(8, 4, 4, 4));
            assertThatThrownBy(() -> RawNode.restart(config(1), storage, applied(11)))
                    .isInstanceOf(RaftFailedException.class)
                    .hasMessageStartingWith("LOG_LOSS")
                    .hasMessageContaining("index 11 lies beyond the end of the stored log, 10");
        }

        @Test
        void members_that_make_no_configuration_are_refused() {
            ConfState learnerAndVoter = ConfState.of(List.of(1L), List.of(1L));
            assertThatThrownBy(() ->
                            RawNode.restart(config(1), with(new HardState(1, 0, 0)), new Applied(0, learnerAndVoter)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("a learner is a voter");
        }

        /** E2. */
        @Test
        void a_stored_commit_index_beyond_the_log_is_the_loss_of_entries() {
            MemoryStorage storage =
                    with(new HardState(1, 0, 3), entries(1, 1, 1).toArray(new Entry[0]));
            assertThatThrownBy(() -> RawNode.restart(config(1), storage, applied(0)))
                    .isInstanceOf(RaftFailedException.class)
                    .hasMessageContaining(
                            "the stored commit index 3 lies beyond the end of the stored log, 2: committed entries were lost")
                    .extracting(thrown -> ((RaftFailedException) thrown).failure())
                    .isEqualTo(FailureCause.LOG_LOSS);
        }

        /** M14's sibling: what the log says after the applied index is applied again, in order. */
        @Test
        void configuration_changes_behind_the_applied_index_are_handed_out_again() {
            MemoryStorage storage = with(new HardState(1, 0, 3), addVoter(1, 1), addVoter(2, 2), addVoter(3, 3));
            Applied one = new Applied(1, ConfState.of(List.of(1L)));
            RawNode node = RawNode.restart(config(1), storage, one);
            Ready ready = node.ready();
            assertThat(ready.committedEntries()).containsExactly(addVoter(2, 2), addVoter(3, 3));
            handle(node, storage, ready);
            assertThat(node.status().confState()).isEqualTo(THREE);
        }

        private static Applied applied(long index) {
            return new Applied(index, THREE);
        }
    }
}
