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
import dev.keelraft.model.RaftRole;
import dev.keelraft.model.Snapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Several Readys out at once: kernel.md A3 to A6, T7. */
class AsyncStorageTest {
    private final MemoryStorage disk = new MemoryStorage();
    private final RawNode node = start(disk);
    private final List<Message> sent = new ArrayList<>();

    private static RawNode start(MemoryStorage disk) {
        disk.setHardState(new HardState(1, 0, 0));
        RaftConfig config = RaftConfig.builder(1, new Random(1))
                .preVote(false)
                .checkQuorum(false)
                .asyncStorageWrites(true)
                .build();
        return RawNode.restart(config, disk, new Applied(0, TestNode.confState(3)));
    }

    private Ready take() {
        Ready ready = node.ready();
        sent.addAll(ready.messages());
        return ready;
    }

    private void persist(Ready ready) {
        disk.append(ready.snapshot(), ready.hardState(), ready.entries());
        sent.addAll(ready.messagesAfterPersist());
        node.persisted(ready);
        node.raft().checkInvariants();
    }

    private void append(long leader, long term, long prevIndex, long prevTerm, Entry... entries) {
        Body body = new Body.Append(prevIndex, prevTerm, 0, List.of(entries));
        node.step(new Message(MessageType.APPEND, leader, 1, term, body));
    }

    private RaftLog log() {
        return node.raft().log();
    }

    /**
     * A3, T7, mutant 22. Index 2 is written by leader 2 in term 2, overwritten by leader 3 in term 3, and written again, the same
     * entry of term 2, by leader 2 in term 4. That the first write is done says nothing of the third: the second is still to
     * come, and overwrites it on the disk.
     */
    @Test
    void an_acknowledgement_of_an_earlier_term_does_not_make_entries_durable_that_look_the_same() {
        append(2, 2, 0, 0, entries(1, 2, 2).toArray(new Entry[0]));
        Ready first = take();
        append(3, 3, 1, 2, entries(2, 3).get(0));
        Ready second = take();
        append(2, 4, 1, 2, entries(2, 2).get(0));
        Ready third = take();
        assertThat(List.of(first.term(), second.term(), third.term())).containsExactly(2L, 3L, 4L);
        persist(first);
        assertThat(log().term(2)).isEqualTo(2);
        assertThat(log().durableIndex())
                .as("nothing of term 2 counts in term 4")
                .isZero();
        disk.append(second.snapshot(), second.hardState(), second.entries());
        assertThat(disk.term(2)).as("this is what the disk has now").isEqualTo(3);
        assertThat(log().term(2)).as("and the node does not look there").isEqualTo(2);
        node.persisted(second);
        assertThat(log().durableIndex()).isZero();
        persist(third);
        assertThat(log().durableIndex()).isEqualTo(2);
        assertThat(disk.term(2)).isEqualTo(2);
    }

    /**
     * The same within one term, which takes a peer that contradicts itself. Did the first acknowledgement count, then the second
     * write would take back from the disk what is committed and handed out.
     */
    @Test
    void an_acknowledgement_does_not_make_entries_durable_that_were_overwritten_and_came_back_in_the_same_term() {
        append(2, 4, 0, 0, entries(1, 1, 1).toArray(new Entry[0]));
        Ready first = take();
        append(2, 4, 0, 0, entries(1, 2).get(0));
        Ready second = take();
        append(2, 4, 0, 0, entries(1, 1, 1).toArray(new Entry[0]));
        node.step(new Message(MessageType.HEARTBEAT, 2, 1, 4, new Body.Heartbeat(2, new byte[0])));
        Ready third = take();
        persist(first);
        assertThat(log().durableIndex()).isZero();
        persist(second);
        assertThat(log().durableIndex()).isZero();
        persist(third);
        assertThat(log().durableIndex()).isEqualTo(2);
        assertThat(disk.term(2)).isEqualTo(1);
    }

    /** A3, mutant 23: what the fence has cost is made good by the next Ready, though it holds no entries. */
    @Test
    void entries_whose_acknowledgement_was_void_become_durable_with_a_later_ready_that_has_none() {
        append(2, 2, 0, 0, entries(1, 2, 2).toArray(new Entry[0]));
        Ready first = take();
        node.step(new Message(MessageType.HEARTBEAT, 3, 1, 5, new Body.Heartbeat(0, new byte[0])));
        persist(first);
        assertThat(log().durableIndex()).isZero();
        Ready term = take();
        assertThat(term.entries()).isEmpty();
        assertThat(term.hardState()).isEqualTo(new HardState(5, 0, 0));
        persist(term);
        assertThat(log().durableIndex()).isEqualTo(2);
        assertThat(log().unstable().isEmpty()).isTrue();
    }

    /** T7: the snapshot part of an acknowledgement counts whatever the term. */
    @Test
    void a_snapshot_is_installed_also_if_the_term_has_changed_since() {
        Body install = new Body.InstallSnapshot(new Snapshot(9, 1, TestNode.confState(3), bytes("state")));
        node.step(new Message(MessageType.INSTALL_SNAPSHOT, 2, 1, 1, install));
        Ready snapshot = take();
        node.step(new Message(MessageType.HEARTBEAT, 3, 1, 5, new Body.Heartbeat(0, new byte[0])));
        persist(snapshot);
        assertThat(node.status().applied()).isEqualTo(9);
        assertThat(log().hasPendingSnapshot()).isFalse();
    }

    /** A6: the leader's own acknowledgement looks up terms of entries that are still in memory. */
    @Test
    void what_a_node_tells_itself_is_delivered_before_its_entries_are_let_go_of() {
        node.campaign();
        persist(take());
        node.step(new Message(MessageType.VOTE_RESPONSE, 2, 1, 2, new Body.VoteResponse(false)));
        node.step(new Message(MessageType.APPEND_RESPONSE, 2, 1, 2, Body.AppendResponse.accepted(1)));
        Ready opening = take();
        assertThat(opening.entries()).containsExactly(Entry.empty(2, 1));
        // The host has not moved its view yet: the node must still have the entry when it counts it.
        node.persisted(opening);
        assertThat(node.status().hardState().commit()).isEqualTo(1);
        disk.append(opening.snapshot(), opening.hardState(), opening.entries());
        assertThat(log().durableIndex()).isEqualTo(1);
    }

    /** A2, mutant 19. */
    @Test
    void each_acknowledgement_leaves_with_the_entries_that_it_acknowledges() {
        append(2, 1, 0, 0, entries(1, 1).get(0));
        Ready first = take();
        append(2, 1, 1, 1, entries(2, 1).get(0));
        Ready second = take();
        assertThat(sent).isEmpty();
        persist(first);
        assertThat(sent).extracting(Message::body).containsExactly(Body.AppendResponse.accepted(1));
        persist(second);
        assertThat(sent)
                .extracting(Message::body)
                .containsExactly(Body.AppendResponse.accepted(1), Body.AppendResponse.accepted(2));
    }

    /** The point of the mode: a slow disk delays neither heartbeats nor the entries that are sent meanwhile. */
    @Test
    void a_leader_whose_disk_is_slow_goes_on_to_send() {
        node.campaign();
        persist(take());
        node.step(new Message(MessageType.VOTE_RESPONSE, 2, 1, 2, new Body.VoteResponse(false)));
        node.step(new Message(MessageType.APPEND_RESPONSE, 2, 1, 2, Body.AppendResponse.accepted(1)));
        node.step(new Message(MessageType.APPEND_RESPONSE, 3, 1, 2, Body.AppendResponse.accepted(1)));
        List<Ready> out = new ArrayList<>(List.of(take()));
        sent.clear();
        for (int i = 0; i < 5; i++) {
            node.propose(bytes("x" + i));
            node.tick();
            out.add(take());
        }
        assertThat(sent.stream().filter(message -> message.type() == MessageType.HEARTBEAT))
                .hasSize(10);
        assertThat(sent.stream().filter(message -> message.type() == MessageType.APPEND))
                .hasSize(10);
        out.forEach(this::persist);
        assertThat(node.status().softState().role()).isEqualTo(RaftRole.LEADER);
        assertThat(disk.lastIndex()).isEqualTo(6);
    }

    /** A1: the two queues are independent of each other. */
    @Test
    void a_ready_may_be_applied_before_it_is_persisted_and_the_reverse() {
        append(2, 1, 0, 0, entries(1, 1, 1).toArray(new Entry[0]));
        persist(take());
        node.step(new Message(MessageType.HEARTBEAT, 2, 1, 1, new Body.Heartbeat(1, new byte[0])));
        Ready one = take();
        assertThat(one.committedEntries()).isEqualTo(entries(1, 1));
        node.applied(one);
        assertThat(node.status().applied()).isEqualTo(1);
        node.step(new Message(MessageType.HEARTBEAT, 2, 1, 1, new Body.Heartbeat(2, new byte[0])));
        Ready two = take();
        persist(one);
        persist(two);
        assertThat(node.status().applied()).isEqualTo(1);
        node.applied(two);
        assertThat(node.status().applied()).isEqualTo(2);
    }

    /** A crash between any two: only what was persisted is there, and the entries come once more. */
    @Test
    void what_was_handed_out_and_not_persisted_is_as_if_it_had_never_been() {
        append(2, 1, 0, 0, entries(1, 1).get(0));
        persist(take());
        append(2, 1, 1, 1, entries(2, 1, 1).toArray(new Entry[0]));
        take();
        RawNode back = RawNode.restart(
                RaftConfig.builder(1, new Random(1)).asyncStorageWrites(true).build(),
                disk,
                new Applied(0, ConfState.of(List.of(1L, 2L, 3L))));
        assertThat(back.status().lastIndex()).isEqualTo(1);
        assertThat(back.hasReady()).isFalse();
    }
}
