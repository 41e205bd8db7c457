package dev.keelraft;

import static dev.keelraft.TestNode.bytes;
import static dev.keelraft.TestNode.entries;
import static org.assertj.core.api.Assertions.assertThat;

import dev.keelraft.model.Body;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** What is committed, and how it is handed out to be applied: kernel.md L1 to L7, L20, L21. */
class CommitTest {
    private static final byte[] NOTHING = {};
    private static final UnaryOperator<RaftConfig.Builder> PLAIN = UnaryOperator.identity();

    @Nested
    @DisplayName("on a leader (L6, L7)")
    class OnALeader {
        /** Mutant 6: with more learners than voters. */
        @Test
        void acknowledgements_of_learners_do_not_count() {
            TestNode leader = TestNode.in(ConfState.of(List.of(1L, 2L, 3L), List.of(4L, 5L, 6L, 7L)), 1, PLAIN)
                    .win();
            leader.acknowledge(1, 4, 5, 6, 7);
            assertThat(leader.commit()).isZero();
            leader.acknowledge(1, 2);
            assertThat(leader.commit()).isEqualTo(1);
        }

        /** Mutant 4. */
        @Test
        void in_a_joint_configuration_both_halves_count() {
            ConfState joint = new ConfState(List.of(1L, 2L, 3L), List.of(3L, 4L, 5L), List.of(), List.of(), false);
            TestNode leader = TestNode.in(joint, 1, PLAIN);
            leader.raw.campaign();
            leader.run();
            for (long voter : new long[] {2, 3, 4}) {
                leader.answer(MessageType.VOTE_RESPONSE, voter, new Body.VoteResponse(false));
            }
            leader.acknowledge(1, 2);
            assertThat(leader.commit()).isZero();
            leader.acknowledge(1, 4);
            assertThat(leader.commit()).isZero();
            leader.acknowledge(1, 3);
            assertThat(leader.commit()).isEqualTo(1);
        }

        /** L7: thesis 10.2.1. */
        @Test
        void a_quorum_may_commit_what_the_leader_has_not_stored_yet() {
            TestNode leader = TestNode.of(1, 3, config -> config.asyncStorageWrites(true));
            win(leader);
            leader.raw.propose(bytes("x"));
            Ready out = leader.raw.ready();
            for (long peer : new long[] {2, 3}) {
                leader.raw.step(new Message(MessageType.APPEND_RESPONSE, peer, 1, 2, Body.AppendResponse.accepted(2)));
            }
            assertThat(leader.commit()).isEqualTo(2);
            assertThat(leader.peer(1).match()).isLessThan(2);
            Ready next = leader.raw.ready();
            assertThat(next.committedEntries())
                    .as("A4: but it applies only what it has stored")
                    .containsExactly(Entry.empty(2, 1));
            leader.storage.append(out.entries());
            leader.raw.persisted(out);
            leader.raw.persisted(next);
            leader.raw.applied(next);
            assertThat(leader.raw.ready().committedEntries()).containsExactly(Entry.normal(2, 2, bytes("x")));
        }

        private static void win(TestNode leader) {
            leader.raw.campaign();
            persistAll(leader);
            leader.raw.step(new Message(MessageType.VOTE_RESPONSE, 2, 1, 2, new Body.VoteResponse(false)));
            persistAll(leader);
        }

        private static void persistAll(TestNode node) {
            while (node.raw.hasReady()) {
                Ready ready = node.raw.ready();
                node.storage.append(ready.snapshot(), ready.hardState(), ready.entries());
                node.raw.persisted(ready);
            }
        }

        /** L6, mutant 1, at the level of the leader: figure 8 of the paper is in RaftPaperTest. */
        @Test
        void an_entry_of_an_earlier_term_commits_with_one_of_its_own_and_not_before() {
            TestNode leader = TestNode.withLog(1, 2, PLAIN, 1, 1, 1).win();
            leader.acknowledge(2, 2);
            assertThat(leader.commit()).isZero();
            leader.acknowledge(3, 2);
            assertThat(leader.commit()).isEqualTo(3);
        }
    }

    @Nested
    @DisplayName("on a follower (L1 to L4)")
    class OnAFollower {
        private static Body.Append append(long prevIndex, long prevTerm, long commit, Entry... entries) {
            return new Body.Append(prevIndex, prevTerm, commit, List.of(entries));
        }

        /** L1, mutant 30. */
        @Test
        void an_append_that_begins_before_the_commit_index_is_acknowledged_with_that_unread() {
            TestNode node = TestNode.withLog(1, 3, PLAIN, 1, 1, 1, 1, 1);
            node.step(MessageType.APPEND, 2, 1, append(3, 1, 3));
            node.sent();
            // It would conflict with what is committed, were it read: it cannot come from a leader.
            node.step(MessageType.APPEND, 2, 9, append(1, 1, 4, entries(2, 9, 9).toArray(new Entry[0])));
            assertThat(node.sent())
                    .containsExactly(
                            new Message(MessageType.APPEND_RESPONSE, 1, 2, 9, Body.AppendResponse.accepted(3)));
            assertThat(node.commit()).isEqualTo(3);
            assertThat(node.logTerms()).containsExactly(1L, 1L, 1L, 1L);
        }

        /** L2, mutants 25 and 26. */
        @Test
        void an_old_shorter_append_does_not_cut_the_log_and_a_conflict_in_its_first_entry_is_found() {
            TestNode node = TestNode.withLog(1, 3, PLAIN, 1, 1, 1, 1, 1);
            node.step(MessageType.APPEND, 2, 2, append(1, 1, 0, entries(2, 1).get(0)));
            assertThat(node.logTerms()).containsExactly(1L, 1L, 1L, 1L);
            node.step(MessageType.APPEND, 2, 2, append(1, 1, 0, entries(2, 2).get(0)));
            assertThat(node.logTerms()).containsExactly(1L, 2L);
        }

        /** L2: what was not handed out yet may be repeated too. */
        @Test
        void an_append_that_arrives_twice_is_stored_once() {
            TestNode node = TestNode.of(1, 3);
            Message message = new Message(
                    MessageType.APPEND,
                    2,
                    1,
                    1,
                    append(0, 0, 0, entries(1, 1, 1).toArray(new Entry[0])));
            node.raw.step(message);
            node.raw.step(message);
            assertThat(node.raw.ready().entries()).isEqualTo(entries(1, 1, 1));
        }

        /** L3, mutant 27, copycat issue 265. */
        @Test
        void the_commit_index_does_not_go_beyond_what_the_message_has_shown_to_match() {
            TestNode node = TestNode.withLog(1, 3, PLAIN, 2, 1, 1, 2, 2);
            node.step(MessageType.APPEND, 2, 3, append(1, 1, 4, entries(2, 1).get(0)));
            assertThat(node.commit()).isEqualTo(2);
            node.step(MessageType.APPEND, 2, 3, append(2, 1, 4));
            assertThat(node.commit()).isEqualTo(2);
        }

        /** L4, mutant 29. */
        @Test
        void the_commit_index_never_falls() {
            TestNode node = TestNode.withLog(1, 3, PLAIN, 1, 1, 1, 1);
            node.step(MessageType.HEARTBEAT, 2, 1, new Body.Heartbeat(2, NOTHING));
            node.step(MessageType.HEARTBEAT, 2, 1, new Body.Heartbeat(1, NOTHING));
            assertThat(node.commit()).isEqualTo(2);
            node.step(MessageType.APPEND, 2, 1, append(3, 1, 0));
            assertThat(node.commit()).isEqualTo(2);
            assertThat(node.storage.hardState().commit()).isEqualTo(2);
        }
    }

    @Nested
    @DisplayName("handing out (L20, L21)")
    class HandingOut {
        private final long each = entries(1, 1).get(0).wireBytes();

        /** A follower that learns of five committed entries. */
        private TestNode committedFive(UnaryOperator<RaftConfig.Builder> settings) {
            TestNode node = TestNode.of(1, 3, settings);
            node.raw.step(
                    new Message(MessageType.APPEND, 2, 1, 1, new Body.Append(0, 0, 5, entries(1, 1, 1, 1, 1, 1))));
            return node;
        }

        private static Ready store(TestNode node) {
            Ready ready = node.raw.ready();
            node.storage.append(ready.snapshot(), ready.hardState(), ready.entries());
            return ready;
        }

        /** Mutants 79 and 80; kernel.md 4.1, CommitPagination. */
        @Test
        void committed_entries_come_in_pages_none_left_out_and_none_twice() {
            for (long limit : new long[] {1, each, 2 * each - 1, 2 * each, 5 * each, 6 * each}) {
                TestNode node = committedFive(config -> config.maxCommittedBytes(limit));
                List<Entry> applied = new ArrayList<>();
                while (node.raw.hasReady()) {
                    Ready ready = store(node);
                    assertThat(Entry.wireBytes(ready.committedEntries())).isLessThanOrEqualTo(Math.max(each, limit));
                    applied.addAll(ready.committedEntries());
                    node.raw.advance(ready);
                }
                assertThat(applied).isEqualTo(entries(1, 1, 1, 1, 1, 1));
            }
        }

        /** L20: the budget is over all Readys that are out. */
        @Test
        void with_asynchronous_writes_no_more_is_handed_out_than_may_be_with_the_host() {
            TestNode node =
                    committedFive(config -> config.maxCommittedBytes(2 * each).asyncStorageWrites(true));
            Ready stored = store(node);
            node.raw.persisted(stored);
            Ready first = node.raw.ready();
            assertThat(first.committedEntries()).isEqualTo(entries(1, 1, 1));
            node.raw.persisted(first);
            assertThat(node.raw.hasReady()).as("two are with the host").isFalse();
            node.raw.applied(first);
            Ready second = node.raw.ready();
            assertThat(second.committedEntries()).isEqualTo(entries(3, 1, 1));
            node.raw.persisted(second);
            node.raw.applied(second);
            assertThat(node.raw.ready().committedEntries()).isEqualTo(entries(5, 1));
        }

        /** L20: at the bound, and not only beyond it. */
        @Test
        void a_budget_that_is_used_up_exactly_is_used_up() {
            RaftLog log = new RaftLog(new CheckedStorage(new MemoryStorage()), 2 * each);
            log.append(entries(1, 1, 1, 1));
            log.commitTo(2);
            handOut(log, 2);
            log.commitTo(3);
            assertThat(log.hasNextCommitted(3)).isFalse();
            log.appliedTo(1, each);
            assertThat(log.hasNextCommitted(3)).isTrue();
        }

        /** L20: of two that were handed out, the one that is not applied yet is as large as the budget. */
        @Test
        void a_budget_that_is_still_used_up_after_an_answer_is_used_up() {
            Entry large = Entry.normal(1, 2, new byte[100]);
            RaftLog log = new RaftLog(new CheckedStorage(new MemoryStorage()), large.wireBytes());
            log.append(List.of(entries(1, 1).get(0), large, entries(3, 1).get(0)));
            log.commitTo(1);
            handOut(log, 1);
            log.commitTo(2);
            handOut(log, 1);
            log.commitTo(3);
            log.appliedTo(1, each);
            assertThat(log.hasNextCommitted(3)).isFalse();
            log.appliedTo(2, large.wireBytes());
            assertThat(log.hasNextCommitted(3)).isTrue();
        }

        private static void handOut(RaftLog log, int count) {
            List<Entry> page = log.nextCommitted(log.committed());
            assertThat(page).hasSize(count);
            log.handOutCommitted(page, log.committed());
        }

        @Test
        void an_entry_larger_than_the_budget_is_handed_out_alone() {
            TestNode node = TestNode.of(1, 3, config -> config.maxCommittedBytes(10));
            List<Entry> large = List.of(Entry.normal(1, 1, new byte[100]), Entry.normal(1, 2, new byte[100]));
            node.raw.step(new Message(MessageType.APPEND, 2, 1, 1, new Body.Append(0, 0, 2, large)));
            Ready ready = store(node);
            assertThat(ready.committedEntries()).isEqualTo(large.subList(0, 1));
            node.raw.advance(ready);
            assertThat(node.raw.ready().committedEntries()).isEqualTo(large.subList(1, 2));
        }

        /** Kernel.md 4.1, CommitPaginationAfterRestart. */
        @Test
        void after_a_restart_everything_behind_the_applied_index_comes_in_pages_from_the_disk() {
            TestNode node = committedFive(PLAIN);
            node.run();
            RaftConfig config = TestNode.plain(1).maxCommittedBytes(2 * each).build();
            RawNode back = RawNode.restart(config, node.storage, new Applied(2, TestNode.confState(3)));
            List<Integer> pages = new ArrayList<>();
            long next = 3;
            while (back.hasReady()) {
                Ready ready = back.ready();
                for (Entry entry : ready.committedEntries()) {
                    assertThat(entry.index()).isEqualTo(next++);
                }
                pages.add(ready.committedEntries().size());
                back.advance(ready);
            }
            assertThat(pages).containsExactly(2, 1);
        }

        /** A4. */
        @Test
        void without_asynchronous_writes_an_entry_may_be_stored_and_applied_with_the_same_ready() {
            TestNode node = committedFive(PLAIN);
            Ready ready = node.raw.ready();
            assertThat(ready.entries()).isEqualTo(ready.committedEntries()).hasSize(5);
            TestNode async = committedFive(config -> config.asyncStorageWrites(true));
            assertThat(async.raw.ready().committedEntries()).isEmpty();
        }
    }
}
