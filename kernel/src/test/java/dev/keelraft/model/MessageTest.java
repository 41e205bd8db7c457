package dev.keelraft.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Example;

/** Envelopes, bodies, and the other values that cross a door: what they refuse, copy, and call equal. */
class MessageTest {
    private static final byte[] NOTHING = {};

    private static List<Body> oneOfEach() {
        return List.of(
                new Body.Append(0, 0, 0, List.of()),
                Body.AppendResponse.accepted(0),
                new Body.Vote(0, 0, false),
                new Body.VoteResponse(false),
                new Body.Heartbeat(0, NOTHING),
                new Body.HeartbeatResponse(NOTHING),
                new Body.InstallSnapshot(Snapshot.NONE),
                new Body.ReadIndex(NOTHING),
                new Body.ReadIndexResponse(0, NOTHING),
                new Body.Propose(List.of()),
                new Body.TimeoutNow(),
                new Body.TransferLeader());
    }

    @Example
    void an_envelope_takes_the_one_body_of_its_kind() {
        for (MessageType type : MessageType.values()) {
            int taken = 0;
            for (Body body : oneOfEach()) {
                if (body.getClass() == type.bodyType()) {
                    assertThat(new Message(type, 1, 2, 3, body).body()).isSameAs(body);
                    taken++;
                } else {
                    assertThatThrownBy(() -> new Message(type, 1, 2, 3, body))
                            .isInstanceOf(IllegalArgumentException.class)
                            .hasMessageContaining(type + " carries a ");
                }
            }
            assertThat(taken).as("%s", type).isEqualTo(1);
        }
    }

    @Example
    void the_kinds_whose_name_says_so_are_responses() {
        for (MessageType type : MessageType.values()) {
            assertThat(type.isResponse()).isEqualTo(type.name().endsWith("_RESPONSE"));
        }
    }

    @Example
    void negative_numbers_are_refused() {
        assertRefused(() -> new Message(MessageType.TIMEOUT_NOW, 1, 2, -1, new Body.TimeoutNow()));
        assertRefused(() -> new Body.Append(-1, 0, 0, List.of()));
        assertRefused(() -> new Body.Append(0, -1, 0, List.of()));
        assertRefused(() -> new Body.Append(0, 0, -1, List.of()));
        assertRefused(() -> new Body.AppendResponse(-1, false, 0, 0));
        assertRefused(() -> new Body.AppendResponse(0, true, -1, 0));
        assertRefused(() -> new Body.AppendResponse(0, true, 0, -1));
        assertRefused(() -> new Body.Vote(-1, 0, false));
        assertRefused(() -> new Body.Vote(0, -1, false));
        assertRefused(() -> new Body.Vote(0, 0, false, -1, 0, 0));
        assertRefused(() -> new Body.Vote(0, 0, false, 0, -1, 0));
        assertRefused(() -> new Body.Vote(0, 0, false, 0, 0, -1));
        assertRefused(() -> new Body.VoteResponse(true, -1, 0));
        assertRefused(() -> new Body.VoteResponse(true, 0, -1));
        assertRefused(() -> new Body.Heartbeat(-1, NOTHING));
        assertRefused(() -> new Body.Heartbeat(1, -1, NOTHING));
        assertRefused(() -> new Body.ReadIndexResponse(-1, NOTHING));
        assertRefused(() -> new Snapshot(-1, 0, ConfState.EMPTY, NOTHING));
        assertRefused(() -> new Snapshot(0, -1, ConfState.EMPTY, NOTHING));
        assertRefused(() -> new HardState(-1, 0, 0));
        assertRefused(() -> new HardState(0, 0, -1));
    }

    @Example
    void only_who_speaks_for_itself_bears_an_incarnation() {
        Message ack = new Message(MessageType.APPEND_RESPONSE, 1, 2, 3, Body.AppendResponse.accepted(4), -1);
        assertThat(ack.incarnation()).isEqualTo(-1);
        assertThat(ack.toString()).startsWith("1#ffffffffffffffff->2 term 3 APPEND_RESPONSE");
        assertThat(ack).isNotEqualTo(new Message(ack.type(), 1, 2, 3, ack.body()));
        assertThatThrownBy(() -> new Message(MessageType.TRANSFER_LEADER, 1, 2, 3, new Body.TransferLeader(), 5))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Example
    void a_grant_does_not_say_what_is_committed() {
        assertThatThrownBy(() -> new Body.VoteResponse(false, 1, 1)).isInstanceOf(IllegalArgumentException.class);
    }

    private static void assertRefused(Runnable creation) {
        assertThatThrownBy(creation::run)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("negative");
    }

    /** Mutant 85. */
    @Example
    void lists_in_bodies_are_copied_and_immutable() {
        List<Entry> mine = new ArrayList<>(List.of(Entry.empty(1, 1)));
        Body.Append append = new Body.Append(0, 0, 0, mine);
        Body.Propose propose = new Body.Propose(mine);
        mine.clear();
        assertThat(append.entries()).hasSize(1);
        assertThat(propose.entries()).hasSize(1);
        assertThatThrownBy(() -> append.entries().clear()).isInstanceOf(UnsupportedOperationException.class);
        assertThatThrownBy(() -> propose.entries().clear()).isInstanceOf(UnsupportedOperationException.class);
    }

    @Example
    void bodies_with_bytes_are_equal_by_these_bytes() {
        assertEqual(new Body.Heartbeat(1, bytes(1)), new Body.Heartbeat(1, bytes(1)), new Body.Heartbeat(1, bytes(2)));
        assertEqual(new Body.Heartbeat(1, bytes(1)), new Body.Heartbeat(1, bytes(1)), new Body.Heartbeat(2, bytes(1)));
        assertEqual(
                new Body.Heartbeat(1, 2, bytes(1)),
                new Body.Heartbeat(1, 2, bytes(1)),
                new Body.Heartbeat(1, 3, bytes(1)));
        assertEqual(
                new Body.HeartbeatResponse(bytes(1)),
                new Body.HeartbeatResponse(bytes(1)),
                new Body.HeartbeatResponse(bytes(2)));
        assertEqual(new Body.ReadIndex(bytes(1)), new Body.ReadIndex(bytes(1)), new Body.ReadIndex(bytes(2)));
        assertEqual(
                new Body.ReadIndexResponse(1, bytes(1)),
                new Body.ReadIndexResponse(1, bytes(1)),
                new Body.ReadIndexResponse(1, bytes(2)));
        assertEqual(
                new Body.ReadIndexResponse(1, bytes(1)),
                new Body.ReadIndexResponse(1, bytes(1)),
                new Body.ReadIndexResponse(2, bytes(1)));
        Snapshot snapshot = new Snapshot(5, 2, ConfState.EMPTY, bytes(1));
        assertEqual(
                snapshot, new Snapshot(5, 2, ConfState.EMPTY, bytes(1)), new Snapshot(5, 2, ConfState.EMPTY, bytes(2)));
        assertThat(snapshot)
                .isNotEqualTo(new Snapshot(6, 2, ConfState.EMPTY, bytes(1)))
                .isNotEqualTo(new Snapshot(5, 3, ConfState.EMPTY, bytes(1)))
                .isNotEqualTo(new Snapshot(5, 2, ConfState.of(List.of(1L)), bytes(1)));
    }

    private static byte[] bytes(int value) {
        return new byte[] {(byte) value};
    }

    private static void assertEqual(Object a, Object same, Object other) {
        assertThat(a).isEqualTo(same).hasSameHashCodeAs(same).hasToString(same.toString());
        assertThat(a).isNotEqualTo(other);
    }

    @Example
    void only_a_snapshot_of_index_0_is_none_and_only_a_hard_state_of_zeros_is_empty() {
        assertThat(Snapshot.NONE.isNone()).isTrue();
        assertThat(new Snapshot(1, 0, ConfState.EMPTY, NOTHING).isNone()).isFalse();
        assertThat(HardState.EMPTY.isEmpty()).isTrue();
        assertThat(new HardState(1, 0, 0).isEmpty()).isFalse();
        assertThat(new HardState(0, 1, 0).isEmpty()).isFalse();
        assertThat(new HardState(0, 0, 1).isEmpty()).isFalse();
    }

    @Example
    void texts_are_one_line_and_print_ids_unsigned() {
        Message message = new Message(MessageType.HEARTBEAT, -3, 2, 7, new Body.Heartbeat(4, 6, bytes(1)));
        assertThat(message)
                .hasToString("18446744073709551613->2 term 7 HEARTBEAT Heartbeat[commit=4, commitTerm=6, context=1 B]");
        assertThat(new Body.HeartbeatResponse(bytes(1))).hasToString("HeartbeatResponse[context=1 B]");
        assertThat(new Body.ReadIndex(bytes(1))).hasToString("ReadIndex[context=1 B]");
        assertThat(new Body.ReadIndexResponse(4, bytes(1))).hasToString("ReadIndexResponse[index=4, context=1 B]");
        assertThat(new Snapshot(5, 2, ConfState.EMPTY, bytes(1)))
                .hasToString("Snapshot[index=5, term=2, confState=" + ConfState.EMPTY + ", data=1 B]");
        assertThat(new HardState(1, -3, 5)).hasToString("HardState[term=1, vote=18446744073709551613, commit=5]");
        assertThat(new ConfChange.Change(ConfChange.ChangeType.REMOVE, -3)).hasToString("REMOVE 18446744073709551613");
    }
}
