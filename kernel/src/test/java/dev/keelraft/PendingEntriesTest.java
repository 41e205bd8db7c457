package dev.keelraft;

import static dev.keelraft.TestNode.bytes;
import static dev.keelraft.TestNode.entries;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keelraft.model.Body;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Entries that storage cannot give at once: who needs them waits, and nobody else does. */
class PendingEntriesTest {
    private static final ConfState THREE = TestNode.confState(3);

    /** A log of which the oldest entries are on a slow disk, until they are fetched. */
    private static final class SlowStorage extends DelegatingStorage {
        private long coldUpTo;
        private final List<Long> asked = new ArrayList<>();

        @Override
        public List<Entry> entries(long low, long high, long maxBytes) {
            if (low <= coldUpTo) {
                asked.add(low);
                return List.of();
            }
            return super.entries(low, high, maxBytes);
        }
    }

    private final SlowStorage storage = new SlowStorage();

    @SuppressWarnings("NullAway.Init") // Every test starts it.
    private RawNode node;

    private final List<Message> sent = new ArrayList<>();
    private final List<Entry> applied = new ArrayList<>();

    private void start(long commit, long appliedIndex) {
        storage.memory.setHardState(new HardState(1, 0, commit));
        storage.memory.append(entries(1, 1, 1, 1, 1, 1));
        node = RawNode.restart(TestNode.plain(1).build(), storage, new Applied(appliedIndex, THREE));
    }

    private void run() {
        while (node.hasReady()) {
            Ready ready = node.ready();
            sent.addAll(ready.messages());
            storage.memory.append(ready.snapshot(), ready.hardState(), ready.entries());
            applied.addAll(ready.committedEntries());
            node.advance(ready);
        }
    }

    /** Leads in term 2 with six entries; node 3 has all of them, node 2 is known to have none. */
    private void lead() {
        start(5, 5);
        node.campaign();
        run();
        step(MessageType.VOTE_RESPONSE, 3, new Body.VoteResponse(false));
        step(MessageType.APPEND_RESPONSE, 3, Body.AppendResponse.accepted(6));
        sent.clear();
    }

    private void step(MessageType type, long from, Body body) {
        node.step(new Message(type, from, 1, 2, body));
        run();
    }

    private List<Body.Append> appendsTo(long peer) {
        List<Body.Append> appends = sent.stream()
                .filter(message -> message.type() == MessageType.APPEND && message.to() == peer)
                .map(message -> (Body.Append) message.body())
                .toList();
        sent.clear();
        return appends;
    }

    @Test
    void a_peer_that_needs_them_gets_them_when_they_are_fetched() {
        lead();
        storage.coldUpTo = 3;
        step(MessageType.APPEND_RESPONSE, 2, new Body.AppendResponse(5, true, 0, 0));
        assertThat(appendsTo(2))
                .allSatisfy(append -> assertThat(append.entries()).isEmpty());
        assertThat(storage.asked).containsExactly(1L);
        storage.coldUpTo = 0;
        node.entriesFetched();
        assertThat(node.hasReady()).isTrue();
        run();
        assertThat(appendsTo(2)).extracting(append -> append.entries().size()).containsExactly(6);
    }

    @Test
    void storage_is_asked_once_however_much_happens_meanwhile() {
        lead();
        storage.coldUpTo = 3;
        step(MessageType.APPEND_RESPONSE, 2, new Body.AppendResponse(5, true, 0, 0));
        for (int i = 0; i < 5; i++) {
            node.tick();
            step(MessageType.HEARTBEAT_RESPONSE, 2, new Body.HeartbeatResponse(new byte[0]));
            node.propose(bytes("x"));
            run();
        }
        assertThat(storage.asked).containsExactly(1L);
        node.entriesFetched();
        run();
        assertThat(storage.asked).as("not there yet").containsExactly(1L, 1L);
    }

    @Test
    void other_peers_do_not_wait() {
        lead();
        storage.coldUpTo = 3;
        step(MessageType.APPEND_RESPONSE, 2, new Body.AppendResponse(5, true, 0, 0));
        node.propose(bytes("x"));
        run();
        assertThat(appendsTo(3)).extracting(append -> append.entries().size()).contains(1);
        step(MessageType.APPEND_RESPONSE, 3, Body.AppendResponse.accepted(7));
        assertThat(node.status().hardState().commit()).isEqualTo(7);
    }

    /** What it needs now is something else. */
    @Test
    void a_peer_that_turns_out_to_have_them_waits_no_longer() {
        lead();
        storage.coldUpTo = 3;
        step(MessageType.APPEND_RESPONSE, 2, new Body.AppendResponse(5, true, 0, 0));
        appendsTo(2);
        step(MessageType.APPEND_RESPONSE, 2, Body.AppendResponse.accepted(4));
        assertThat(appendsTo(2))
                .filteredOn(append -> !append.entries().isEmpty())
                .extracting(Body.Append::prevIndex)
                .containsExactly(4L);
    }

    @Test
    void the_state_machine_gets_them_when_they_are_fetched() {
        start(4, 0);
        storage.coldUpTo = 2;
        assertThat(node.hasReady()).isTrue();
        assertThat(node.ready().committedEntries()).isEmpty();
        assertThat(storage.asked).containsExactly(1L);
        storage.coldUpTo = 0;
        node.entriesFetched();
        assertThatThrownBy(() -> node.ready()).as("one is out").isInstanceOf(IllegalStateException.class);
    }

    @Test
    void a_ready_does_not_ask_for_them_again_and_again() {
        start(4, 0);
        storage.coldUpTo = 2;
        run();
        assertThat(storage.asked).containsExactly(1L);
        assertThat(node.hasReady()).isFalse();
        assertThat(applied).isEmpty();
        storage.coldUpTo = 0;
        node.entriesFetched();
        run();
        assertThat(applied).hasSize(4);
    }

    /** What is behind the first pending one may be at hand. */
    @Test
    void entries_come_as_far_as_they_are_at_hand() {
        start(5, 0);
        run();
        assertThat(applied).extracting(Entry::index).containsExactly(1L, 2L, 3L, 4L, 5L);
    }

    @Test
    void while_a_node_is_started_nothing_may_be_pending() {
        storage.coldUpTo = 2;
        assertThatThrownBy(() -> start(4, 0))
                .isInstanceOf(RaftFailedException.class)
                .hasMessageStartingWith("STORAGE")
                .hasMessageContaining("index 1 pending while the node was started");
    }
}
