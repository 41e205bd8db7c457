package dev.keelraft;

import static dev.keelraft.TestNode.entries;
import static org.assertj.core.api.Assertions.assertThat;

import dev.keelraft.model.Body;
import dev.keelraft.model.Entry;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import dev.keelraft.model.RaftRole;
import dev.keelraft.model.Snapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** A Ready hands out so many bytes of entries and not more, and speaks of no entry beyond those. */
class MaxReadyBytesTest {
    private static final long EACH = entries(1, 1).get(0).wireBytes();

    private static RaftConfig.Builder twoEach(RaftConfig.Builder config) {
        return config.maxReadyBytes(2 * EACH);
    }

    /** Follows node 2 and has been sent five entries, all committed. */
    private static TestNode sentFive(UnaryOperator<RaftConfig.Builder> settings) {
        TestNode node = TestNode.of(1, 3, settings);
        node.raw.step(new Message(MessageType.APPEND, 2, 1, 1, new Body.Append(0, 0, 5, entries(1, 1, 1, 1, 1, 1))));
        return node;
    }

    private static Ready store(TestNode node) {
        Ready ready = node.raw.ready();
        node.storage.append(ready.snapshot(), ready.hardState(), ready.entries());
        return ready;
    }

    @Test
    void a_ready_holds_as_many_entries_as_fit_and_speaks_of_no_other() {
        TestNode node = sentFive(MaxReadyBytesTest::twoEach);
        for (int page = 1; page <= 3; page++) {
            int end = Math.min(5, 2 * page);
            Ready ready = store(node);
            List<Entry> expected = entries(2L * page - 1, page == 3 ? new long[] {1} : new long[] {1, 1});
            assertThat(ready.entries()).isEqualTo(expected);
            assertThat(ready.committedEntries()).isEqualTo(expected);
            assertThat(ready.hardState()).isEqualTo(new HardState(1, 0, end));
            assertThat(ready.messagesAfterPersist())
                    .as("the acknowledgement speaks of all five")
                    .hasSize(page == 3 ? 1 : 0);
            node.raw.advance(ready);
        }
        assertThat(node.raw.hasReady()).isFalse();
        assertThat(node.storage.lastIndex()).isEqualTo(5);
    }

    /** Also where a page holds nothing but entries: no mark has moved, and the promise waits for the last page. */
    @Test
    void each_page_is_durable_once_it_is_advanced() {
        TestNode node = TestNode.of(1, 3, MaxReadyBytesTest::twoEach);
        node.follow(2, 1);
        node.raw.step(new Message(MessageType.APPEND, 2, 1, 1, new Body.Append(0, 0, 0, entries(1, 1, 1, 1))));
        Ready page = store(node);
        assertThat(page.entries()).hasSize(2);
        assertThat(page.hardState()).isEqualTo(HardState.EMPTY);
        assertThat(page.messagesAfterPersist()).isEmpty();
        node.raw.advance(page);
        assertThat(node.raw.raft().log().durableIndex()).isEqualTo(2);
    }

    @Test
    void an_entry_larger_than_the_limit_comes_alone() {
        TestNode node = sentFive(config -> config.maxReadyBytes(1));
        for (long index = 1; index <= 5; index++) {
            Ready ready = store(node);
            assertThat(ready.entries()).isEqualTo(entries(index, 1));
            node.raw.advance(ready);
        }
        assertThat(node.raw.hasReady()).isFalse();
    }

    @Test
    void what_fits_exactly_comes_at_once() {
        assertThat(sentFive(config -> config.maxReadyBytes(5 * EACH))
                        .raw
                        .ready()
                        .entries())
                .hasSize(5);
        assertThat(sentFive(config -> config.maxReadyBytes(5 * EACH - 1))
                        .raw
                        .ready()
                        .entries())
                .hasSize(4);
    }

    /** L7: the leader's acknowledgement of its own entries is such a promise too. */
    @Test
    void a_leader_alone_commits_what_it_has_stored_and_not_what_waits() {
        TestNode leader = TestNode.of(1, 1, config -> config.maxReadyBytes(1)).win();
        for (String text : List.of("a", "b", "c")) {
            leader.raw.propose(TestNode.bytes(text));
        }
        List<Long> commits = new ArrayList<>();
        while (leader.raw.hasReady()) {
            Ready ready = store(leader);
            assertThat(ready.committedEntries())
                    .allSatisfy(entry -> assertThat(entry.index()).isLessThanOrEqualTo(leader.storage.lastIndex()));
            leader.raw.advance(ready);
            commits.add(leader.commit() - leader.storage.lastIndex());
        }
        assertThat(commits).allMatch(ahead -> ahead <= 0);
        assertThat(leader.commit()).isEqualTo(4);
    }

    /** L7: what a page makes true is promised with that page, and not a page later. */
    @Test
    void a_leader_alone_commits_each_page_once_it_is_stored() {
        TestNode leader = TestNode.of(1, 1, config -> config.maxReadyBytes(1)).win();
        leader.raw.propose(TestNode.bytes("a"));
        leader.raw.propose(TestNode.bytes("b"));
        leader.raw.advance(store(leader));
        assertThat(leader.storage.lastIndex()).isEqualTo(2);
        assertThat(leader.commit()).isEqualTo(2);
    }

    /** The first entries of a group come from nobody, so nobody waits for an answer. */
    @Test
    void the_members_of_a_new_group_come_in_pages_too() {
        RawNode node =
                RawNode.bootstrap(TestNode.plain(1).maxReadyBytes(1).build(), new MemoryStorage(), List.of(1L, 2L, 3L));
        Ready page = node.ready();
        assertThat(page.entries()).hasSize(1);
        assertThat(page.messagesAfterPersist()).isEmpty();
        assertThat(page.hardState()).isEqualTo(new HardState(1, 0, 1));
    }

    /** X1: a vote request names the last entry, so it leaves with that. */
    @Test
    void a_vote_request_and_a_vote_for_oneself_wait_for_the_last_entry() {
        TestNode node = sentFive(MaxReadyBytesTest::twoEach);
        node.raw.forgetLeader();
        // Its own log is not all stored; the change of term is in the first page, the request in the last.
        node.raw.campaign();
        List<Message> requests = new ArrayList<>();
        for (int page = 1; page <= 3; page++) {
            Ready ready = store(node);
            assertThat(ready.messages()).isEmpty();
            requests.addAll(ready.messagesAfterPersist().stream()
                    .filter(message -> message.type() == MessageType.VOTE)
                    .toList());
            assertThat(requests).hasSize(page == 3 ? 2 : 0);
            node.raw.advance(ready);
        }
        assertThat(requests.get(0).body()).isEqualTo(new Body.Vote(5, 1, false, 5, 1, 0));
        assertThat(node.storage.hardState()).isEqualTo(new HardState(2, 1, 5));
        node.answer(MessageType.VOTE_RESPONSE, 2, new Body.VoteResponse(false));
        assertThat(node.role()).as("with its own vote").isEqualTo(RaftRole.LEADER);
    }

    /** What was promised first leaves first, and as soon as its own entries are there. */
    @Test
    void promises_leave_in_their_order_each_with_the_entries_that_it_speaks_of() {
        TestNode node = TestNode.of(1, 3, config -> config.maxReadyBytes(2 * EACH));
        node.raw.step(new Message(MessageType.APPEND, 2, 1, 1, new Body.Append(0, 0, 0, entries(1, 1))));
        node.raw.step(new Message(MessageType.APPEND, 2, 1, 1, new Body.Append(1, 1, 0, entries(2, 1, 1))));
        node.raw.step(new Message(MessageType.PRE_VOTE, 3, 1, 9, new Body.Vote(0, 0, false)));
        node.raw.step(new Message(MessageType.APPEND, 2, 1, 1, new Body.Append(3, 1, 0, entries(4, 1))));
        List<List<Long>> promised = new ArrayList<>();
        while (node.raw.hasReady()) {
            Ready ready = store(node);
            List<Long> indexes = new ArrayList<>();
            for (Message message : ready.messagesAfterPersist()) {
                indexes.add(message.body() instanceof Body.AppendResponse ack ? ack.index() : -1L);
            }
            promised.add(indexes);
            node.raw.advance(ready);
        }
        assertThat(promised).containsExactly(List.of(1L), List.of(3L, -1L, 4L));
    }

    /** L22, L23, mutant 24: entries that were overwritten before they were handed out are never seen, and the new ones once. */
    @Test
    void a_truncation_between_two_pages_replaces_what_was_handed_out_and_what_was_not() {
        TestNode node = sentFiveUncommitted();
        Ready first = store(node);
        assertThat(first.entries()).isEqualTo(entries(1, 1, 1));
        node.raw.step(new Message(MessageType.APPEND, 3, 1, 2, new Body.Append(1, 1, 0, entries(2, 2, 2, 2))));
        node.raw.advance(first);
        List<Entry> stored = new ArrayList<>();
        while (node.raw.hasReady()) {
            Ready ready = store(node);
            stored.addAll(ready.entries());
            node.raw.advance(ready);
        }
        assertThat(stored).isEqualTo(entries(2, 2, 2, 2));
        assertThat(node.logTerms()).containsExactly(1L, 2L, 2L, 2L);
    }

    private static TestNode sentFiveUncommitted() {
        TestNode node = TestNode.of(1, 3, MaxReadyBytesTest::twoEach);
        node.raw.step(new Message(MessageType.APPEND, 2, 1, 1, new Body.Append(0, 0, 0, entries(1, 1, 1, 1, 1, 1))));
        return node;
    }

    @Test
    void with_asynchronous_writes_the_pages_follow_each_other_and_each_counts_when_it_is_durable() {
        TestNode node = sentFive(config -> config.maxReadyBytes(2 * EACH).asyncStorageWrites(true));
        List<Ready> pages = new ArrayList<>();
        while (node.raw.hasReady()) {
            pages.add(store(node));
        }
        assertThat(pages).extracting(ready -> ready.entries().size()).containsExactly(2, 2, 1);
        assertThat(pages)
                .allSatisfy(ready -> assertThat(ready.committedEntries()).isEmpty());
        assertThat(pages).extracting(ready -> ready.hardState().commit()).containsExactly(2L, 4L, 5L);
        assertThat(pages)
                .extracting(ready -> ready.messagesAfterPersist().size())
                .containsExactly(0, 0, 1);
        node.raw.persisted(pages.get(0));
        Ready apply = node.raw.ready();
        assertThat(apply.committedEntries()).isEqualTo(entries(1, 1, 1));
        assertThat(node.raw.raft().log().durableIndex()).isEqualTo(2);
        node.raw.persisted(pages.get(1));
        node.raw.persisted(pages.get(2));
        assertThat(node.raw.raft().log().durableIndex()).isEqualTo(5);
    }

    @Test
    void entries_behind_a_snapshot_come_in_pages_too() {
        long two = Entry.wireBytes(entries(11, 1, 1));
        TestNode node = TestNode.of(1, 3, config -> config.maxReadyBytes(two));
        Snapshot snapshot = new Snapshot(10, 1, TestNode.confState(3), TestNode.bytes("state"));
        node.raw.step(new Message(MessageType.INSTALL_SNAPSHOT, 2, 1, 1, new Body.InstallSnapshot(snapshot)));
        node.raw.step(new Message(MessageType.APPEND, 2, 1, 1, new Body.Append(10, 1, 13, entries(11, 1, 1, 1))));
        Ready first = store(node);
        assertThat(first.snapshot()).isEqualTo(snapshot);
        assertThat(first.entries()).isEqualTo(entries(11, 1, 1));
        assertThat(first.hardState()).isEqualTo(new HardState(1, 0, 12));
        assertThat(first.committedEntries()).as("S5: not beside a snapshot").isEmpty();
        assertThat(first.messagesAfterPersist())
                .extracting(Message::body)
                .containsExactly(Body.AppendResponse.accepted(10));
        node.raw.advance(first);
        Ready second = store(node);
        assertThat(second.entries()).isEqualTo(entries(13, 1));
        assertThat(second.committedEntries()).isEqualTo(entries(11, 1, 1, 1));
        assertThat(second.hardState()).isEqualTo(new HardState(1, 0, 13));
        assertThat(second.messagesAfterPersist())
                .extracting(Message::body)
                .containsExactly(Body.AppendResponse.accepted(13));
    }
}
