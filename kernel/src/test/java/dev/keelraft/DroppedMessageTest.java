package dev.keelraft;

import static dev.keelraft.TestNode.bytes;
import static org.assertj.core.api.Assertions.assertThat;

import dev.keelraft.model.Body;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.EntryType;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import dev.keelraft.model.RaftRole;
import dev.keelraft.model.Snapshot;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Which messages a node takes in which role, and that those which it drops do nothing but count. */
class DroppedMessageTest {
    private static final byte[] NOTHING = {};
    private static final Set<MessageType> WITHOUT_TERM = EnumSet.of(MessageType.PROPOSE, MessageType.READ_INDEX);

    /** In the middle of a term that is not its first, in a group of three. */
    private static TestNode node(RaftRole role) {
        boolean pre = role == RaftRole.PRE_CANDIDATE;
        TestNode node = TestNode.of(
                1, 3, config -> config.preVote(pre).checkQuorum(true).forwardProposals(true));
        switch (role) {
            case FOLLOWER -> node.follow(2, 2);
            case PRE_CANDIDATE, CANDIDATE -> node.raw.campaign();
            case LEADER -> node.win();
        }
        node.sent();
        assertThat(node.role()).isEqualTo(role);
        return node;
    }

    private static Body body(MessageType type) {
        return switch (type) {
            case APPEND -> new Body.Append(0, 0, 0, List.of());
            case APPEND_RESPONSE -> Body.AppendResponse.accepted(0);
            case VOTE, PRE_VOTE -> new Body.Vote(9, 9, false);
            case VOTE_RESPONSE, PRE_VOTE_RESPONSE -> new Body.VoteResponse(true);
            case HEARTBEAT -> new Body.Heartbeat(0, NOTHING);
            case HEARTBEAT_RESPONSE -> new Body.HeartbeatResponse(NOTHING);
            case INSTALL_SNAPSHOT -> new Body.InstallSnapshot(new Snapshot(5, 1, TestNode.confState(3), NOTHING));
            case READ_INDEX -> new Body.ReadIndex(bytes("r"));
            case READ_INDEX_RESPONSE -> new Body.ReadIndexResponse(0, bytes("r"));
            case PROPOSE -> new Body.Propose(List.of(new Entry(0, 0, EntryType.NORMAL, bytes("x"))));
            case TIMEOUT_NOW -> new Body.TimeoutNow();
            case TRANSFER_LEADER -> new Body.TransferLeader();
        };
    }

    private static Message message(MessageType type, long from, long to, long term) {
        return new Message(type, from, to, WITHOUT_TERM.contains(type) ? 0 : term, body(type));
    }

    private static void assertDropped(TestNode node, Message message, StepResult cause) {
        Status before = node.raw.status();
        StepResult result = node.raw.step(message);
        assertThat(result).as("%s at %s", message, before.softState()).isEqualTo(cause);
        Status after = node.raw.status();
        assertThat(node.raw.hasReady()).as("%s leaves nothing to do", message).isFalse();
        Map<StepResult, Long> counts = new EnumMap<>(StepResult.class);
        counts.putAll(before.dropped());
        counts.merge(cause, 1L, Long::sum);
        assertThat(after.dropped()).isEqualTo(counts);
        assertThat(after).usingRecursiveComparison().ignoringFields("dropped").isEqualTo(before);
    }

    /** Kernel.md 1.15, row by row: what becomes of a message of the node's own term, from another member. */
    @Test
    void each_role_takes_what_is_meant_for_it() {
        StepResult handled = StepResult.HANDLED;
        StepResult unexpected = StepResult.UNEXPECTED;
        StepResult noLeader = StepResult.NO_LEADER;
        // As follower, pre-candidate, candidate, leader.
        assertRow(MessageType.APPEND, handled, handled, handled, unexpected);
        assertRow(MessageType.HEARTBEAT, handled, handled, handled, unexpected);
        assertRow(MessageType.INSTALL_SNAPSHOT, handled, handled, handled, unexpected);
        assertRow(MessageType.APPEND_RESPONSE, unexpected, unexpected, unexpected, handled);
        assertRow(MessageType.HEARTBEAT_RESPONSE, unexpected, unexpected, unexpected, handled);
        assertRow(MessageType.VOTE, handled, handled, handled, handled);
        assertRow(MessageType.PRE_VOTE, handled, handled, handled, handled);
        assertRow(MessageType.VOTE_RESPONSE, unexpected, unexpected, handled, unexpected);
        assertRow(MessageType.PRE_VOTE_RESPONSE, unexpected, handled, unexpected, unexpected);
        assertRow(MessageType.TIMEOUT_NOW, handled, unexpected, unexpected, unexpected);
        StepResult refused = StepResult.PROPOSAL_REFUSED;
        assertRow(MessageType.PROPOSE, handled, refused, refused, handled);
        assertRow(MessageType.READ_INDEX, handled, noLeader, noLeader, handled);
        assertRow(MessageType.READ_INDEX_RESPONSE, unexpected, unexpected, unexpected, unexpected);
        assertRow(MessageType.TRANSFER_LEADER, handled, noLeader, noLeader, handled);
    }

    private static void assertRow(
            MessageType type, StepResult follower, StepResult preCandidate, StepResult candidate, StepResult leader) {
        assertTaken(RaftRole.FOLLOWER, type, follower);
        assertTaken(RaftRole.PRE_CANDIDATE, type, preCandidate);
        assertTaken(RaftRole.CANDIDATE, type, candidate);
        assertTaken(RaftRole.LEADER, type, leader);
    }

    private static void assertTaken(RaftRole role, MessageType type, StepResult expected) {
        TestNode node = node(role);
        Message message = message(type, 3, 1, node.term());
        if (expected == StepResult.HANDLED) {
            Map<StepResult, Long> dropped = node.raw.status().dropped();
            assertThat(node.raw.step(message)).as("%s as %s", type, role).isEqualTo(expected);
            assertThat(node.raw.status().dropped()).isEqualTo(dropped);
        } else {
            assertDropped(node, message, expected);
        }
    }

    @Test
    void a_message_to_another_node_is_dropped() {
        for (RaftRole role : RaftRole.values()) {
            TestNode node = node(role);
            for (MessageType type : MessageType.values()) {
                assertDropped(node, message(type, 3, 2, node.term() + 1), StepResult.NOT_FOR_US);
            }
        }
    }

    @Test
    void a_message_of_nobody_or_of_the_node_itself_is_dropped_unless_it_names_whom_it_is_about() {
        Set<MessageType> named = EnumSet.of(MessageType.PROPOSE, MessageType.TRANSFER_LEADER);
        for (RaftRole role : RaftRole.values()) {
            TestNode node = node(role);
            for (MessageType type : MessageType.values()) {
                assertDropped(node, message(type, 0, 1, node.term() + 1), StepResult.IMPOSSIBLE_SENDER);
                if (!named.contains(type)) {
                    assertDropped(node, message(type, 1, 1, node.term() + 1), StepResult.IMPOSSIBLE_SENDER);
                }
            }
        }
        for (MessageType type : named) {
            TestNode leader = node(RaftRole.LEADER);
            assertThat(leader.raw.step(message(type, 1, 1, leader.term()))).isEqualTo(StepResult.HANDLED);
        }
    }

    /** N7, mutant 84. */
    @Test
    void an_answer_of_a_node_that_is_no_member_is_dropped_whatever_its_term() {
        for (RaftRole role : RaftRole.values()) {
            TestNode node = node(role);
            for (MessageType type : MessageType.values()) {
                if (type.isResponse()) {
                    assertDropped(node, message(type, 4, 1, node.term() + 1), StepResult.UNKNOWN_PEER);
                    assertDropped(node, message(type, 4, 1, node.term()), StepResult.UNKNOWN_PEER);
                }
            }
        }
    }

    @Test
    void a_learner_s_answer_is_a_member_s_answer() {
        ConfState members = ConfState.of(List.of(1L, 2L), List.of(3L));
        TestNode leader = TestNode.in(members, 1, config -> config).win();
        assertThat(leader.answer(MessageType.APPEND_RESPONSE, 3, Body.AppendResponse.accepted(1)))
                .isEqualTo(StepResult.HANDLED);
        assertThat(leader.peer(3).match()).isEqualTo(1);
    }

    /** T8; T5 and T6 have their own tests, for these are answered. */
    @Test
    void a_message_of_a_term_that_is_over_is_dropped() {
        for (RaftRole role : RaftRole.values()) {
            TestNode node = node(role);
            for (MessageType type : MessageType.values()) {
                boolean answered =
                        type == MessageType.APPEND || type == MessageType.HEARTBEAT || type == MessageType.PRE_VOTE;
                if (!answered && !WITHOUT_TERM.contains(type) && node.term() > 1) {
                    assertDropped(node, message(type, 3, 1, node.term() - 1), StepResult.OLD_TERM);
                }
            }
        }
    }

    /** T2. */
    @Test
    void a_campaign_against_a_leader_that_lives_is_dropped() {
        for (RaftRole role : List.of(RaftRole.FOLLOWER, RaftRole.LEADER)) {
            TestNode node = node(role);
            for (MessageType type : List.of(MessageType.VOTE, MessageType.PRE_VOTE)) {
                assertDropped(node, message(type, 3, 1, node.term() + 1), StepResult.LEADER_ALIVE);
            }
        }
    }

    @Test
    void what_is_for_the_leader_is_dropped_where_nobody_leads() {
        TestNode node = TestNode.of(1, 3, config -> config.forwardProposals(true));
        assertDropped(node, message(MessageType.READ_INDEX, 3, 1, 0), StepResult.NO_LEADER);
        assertDropped(node, message(MessageType.TRANSFER_LEADER, 3, 1, 1), StepResult.NO_LEADER);
        assertDropped(node, message(MessageType.PROPOSE, 3, 1, 0), StepResult.PROPOSAL_REFUSED);
    }

    /** X-T1. */
    @Test
    void a_transfer_to_who_cannot_lead_is_dropped() {
        ConfState members = ConfState.of(List.of(1L, 2L), List.of(3L));
        TestNode leader = TestNode.in(members, 1, config -> config).win();
        leader.sent();
        for (long target : new long[] {3, 4}) {
            assertDropped(
                    leader, message(MessageType.TRANSFER_LEADER, target, 1, leader.term()), StepResult.UNEXPECTED);
        }
    }

    /** Only these kinds ever bear no term: proposals and reads, and a refusal of a node that has seen none. */
    @Test
    void a_message_without_the_term_that_its_kind_bears_is_malformed() {
        Set<MessageType> without =
                EnumSet.of(MessageType.PROPOSE, MessageType.READ_INDEX, MessageType.PRE_VOTE_RESPONSE);
        for (RaftRole role : RaftRole.values()) {
            for (MessageType type : MessageType.values()) {
                TestNode node = node(role);
                Message message = new Message(type, 3, 1, 0, body(type));
                if (without.contains(type)) {
                    assertThat(node.raw.step(message)).isNotEqualTo(StepResult.MALFORMED);
                } else {
                    assertDropped(node, message, StepResult.MALFORMED);
                }
            }
        }
    }

    @Test
    void causes_that_never_occurred_are_not_in_the_counts() {
        TestNode node = node(RaftRole.FOLLOWER);
        assertThat(node.raw.status().dropped()).isEmpty();
        node.raw.step(message(MessageType.HEARTBEAT, 3, 2, 1));
        node.raw.step(message(MessageType.HEARTBEAT, 3, 2, 1));
        assertThat(node.raw.status().dropped()).isEqualTo(Map.of(StepResult.NOT_FOR_US, 2L));
        assertThat(node.raw.dropped(StepResult.NOT_FOR_US)).isEqualTo(2);
    }
}
