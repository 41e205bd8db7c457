package dev.keelraft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.keelraft.model.Body;
import dev.keelraft.model.Entry;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import dev.keelraft.model.RaftRole;
import dev.keelraft.model.Snapshot;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** What the term of a message alone decides: kernel.md 1.2. */
class TermTest {
    private static final byte[] NOTHING = {};
    /** They bear none, or one that is nobody's yet. */
    private static final Set<MessageType> WITHOUT_TERM = EnumSet.of(
            MessageType.PROPOSE, MessageType.READ_INDEX, MessageType.PRE_VOTE, MessageType.PRE_VOTE_RESPONSE);

    private static final Set<MessageType> OF_A_LEADER =
            EnumSet.of(MessageType.APPEND, MessageType.HEARTBEAT, MessageType.INSTALL_SNAPSHOT);

    private static Body body(MessageType type, boolean rejected) {
        return switch (type) {
            case APPEND -> new Body.Append(0, 0, 0, List.of());
            case APPEND_RESPONSE -> Body.AppendResponse.accepted(0);
            case VOTE, PRE_VOTE -> new Body.Vote(9, 9, false);
            case VOTE_RESPONSE, PRE_VOTE_RESPONSE -> new Body.VoteResponse(rejected);
            case HEARTBEAT -> new Body.Heartbeat(0, NOTHING);
            case HEARTBEAT_RESPONSE -> new Body.HeartbeatResponse(NOTHING);
            case INSTALL_SNAPSHOT -> new Body.InstallSnapshot(new Snapshot(9, 1, TestNode.confState(3), NOTHING));
            case READ_INDEX -> new Body.ReadIndex(NOTHING);
            case READ_INDEX_RESPONSE -> new Body.ReadIndexResponse(0, NOTHING);
            case PROPOSE -> new Body.Propose(List.of(Entry.empty(0, 0)));
            case TIMEOUT_NOW -> new Body.TimeoutNow();
            case TRANSFER_LEADER -> new Body.TransferLeader();
        };
    }

    private static TestNode node(RaftRole role, UnaryOperator<RaftConfig.Builder> settings) {
        TestNode node = TestNode.of(1, 3, config -> settings.apply(config.preVote(role == RaftRole.PRE_CANDIDATE)));
        switch (role) {
            case FOLLOWER -> node.follow(2, 3);
            case PRE_CANDIDATE, CANDIDATE -> node.follow(2, 3).raw.campaign();
            case LEADER -> node.follow(2, 3).win();
        }
        node.sent();
        assertThat(node.role()).isEqualTo(role);
        return node;
    }

    /** T4: whoever hears of a later term is its follower; of whom, only a leader's message tells. */
    @Test
    void a_later_term_is_adopted_by_every_role_and_its_leader_is_known_by_what_only_leaders_send() {
        for (RaftRole role : RaftRole.values()) {
            for (MessageType type : MessageType.values()) {
                if (WITHOUT_TERM.contains(type)) {
                    continue;
                }
                TestNode node = node(role, UnaryOperator.identity());
                long term = node.term() + 3;
                node.step(type, 3, term, body(type, false));
                // The order to campaign begins the term behind it at once.
                boolean campaigns = type == MessageType.TIMEOUT_NOW;
                assertThat(node.term()).as("%s at %s", type, role).isEqualTo(campaigns ? term + 1 : term);
                assertThat(node.role()).isEqualTo(campaigns ? RaftRole.CANDIDATE : RaftRole.FOLLOWER);
                assertThat(node.lead()).as("%s", type).isEqualTo(OF_A_LEADER.contains(type) ? 3 : 0);
            }
        }
    }

    /** T3, mutant 12: neither the question nor the answer "yes" changes a term; the answer "no" does. */
    @Test
    void of_pre_votes_only_a_refusal_moves_the_term() {
        for (RaftRole role : RaftRole.values()) {
            TestNode asked = node(role, UnaryOperator.identity());
            HardState before = asked.raw.status().hardState();
            asked.step(MessageType.PRE_VOTE, 3, 9, body(MessageType.PRE_VOTE, false));
            assertThat(asked.raw.status().hardState()).isEqualTo(before);
            assertThat(asked.role()).isEqualTo(role);

            TestNode granted = node(role, UnaryOperator.identity());
            granted.step(
                    MessageType.PRE_VOTE_RESPONSE, 3, granted.term() + 1, body(MessageType.PRE_VOTE_RESPONSE, false));
            // For the pre-candidate it makes a majority, and so an election; that is another matter.
            assertThat(granted.term()).isEqualTo(role == RaftRole.PRE_CANDIDATE ? 4 : before.term());

            TestNode refused = node(role, UnaryOperator.identity());
            refused.step(MessageType.PRE_VOTE_RESPONSE, 3, 9, body(MessageType.PRE_VOTE_RESPONSE, true));
            assertThat(refused.term()).isEqualTo(9);
            assertThat(refused.role()).isEqualTo(RaftRole.FOLLOWER);
        }
    }

    /** T2, mutants 55 and 56: the leader is protected while it is heard, from all but whom it orders to campaign. */
    @Test
    void with_a_check_of_the_quorum_a_campaign_is_ignored_until_an_election_timeout_without_the_leader() {
        for (MessageType type : List.of(MessageType.VOTE, MessageType.PRE_VOTE)) {
            TestNode node = node(RaftRole.FOLLOWER, config -> config.checkQuorum(true));
            node.raw.raft().timer().setTimeout(100);
            node.tick(node.config.electionTicks() - 1);
            Message campaign = new Message(type, 3, 1, 9, new Body.Vote(9, 9, false));
            assertThat(node.raw.step(campaign)).isEqualTo(StepResult.LEADER_ALIVE);
            assertThat(node.sent()).as("it is not even answered").isEmpty();
            assertThat(node.term()).isEqualTo(3);
            node.tick(1);
            assertThat(node.raw.step(campaign)).isEqualTo(StepResult.HANDLED);
            assertThat(node.sent()).hasSize(1);
        }
    }

    @Test
    void a_campaign_that_the_leader_ordered_is_answered_at_once() {
        for (RaftRole role : List.of(RaftRole.FOLLOWER, RaftRole.LEADER)) {
            TestNode node = node(role, config -> config.checkQuorum(true));
            node.step(MessageType.VOTE, 3, 9, new Body.Vote(9, 9, true));
            assertThat(node.sent())
                    .containsExactly(new Message(MessageType.VOTE_RESPONSE, 1, 3, 9, new Body.VoteResponse(false)));
        }
    }

    @Test
    void without_a_check_of_the_quorum_or_without_a_leader_nobody_is_protected() {
        TestNode unchecked = node(RaftRole.FOLLOWER, UnaryOperator.identity());
        assertThat(unchecked.step(MessageType.VOTE, 3, 9, body(MessageType.VOTE, false)))
                .isEqualTo(StepResult.HANDLED);
        TestNode leaderless = node(RaftRole.CANDIDATE, config -> config.checkQuorum(true));
        assertThat(leaderless.step(MessageType.VOTE, 3, 9, body(MessageType.VOTE, false)))
                .isEqualTo(StepResult.HANDLED);
    }

    /** T2: in its own term the node votes or not by other rules. */
    @Test
    void a_campaign_of_the_same_term_is_answered() {
        TestNode node = node(RaftRole.FOLLOWER, config -> config.checkQuorum(true));
        assertThat(node.step(MessageType.VOTE, 3, 3, body(MessageType.VOTE, false)))
                .isEqualTo(StepResult.HANDLED);
        assertThat(node.sent())
                .containsExactly(new Message(MessageType.VOTE_RESPONSE, 1, 3, 3, new Body.VoteResponse(true)));
    }

    /** T5, mutant 60: a leader of a term that is over must hear of ours, or its followers protect it from us for ever. */
    @Test
    void a_leader_of_an_earlier_term_is_told_ours_where_leaders_are_protected() {
        for (RaftRole role : RaftRole.values()) {
            for (boolean check : List.of(false, true)) {
                boolean pre = role == RaftRole.PRE_CANDIDATE;
                for (MessageType type : OF_A_LEADER) {
                    TestNode node = node(role, config -> config.checkQuorum(check));
                    assertThat(node.step(type, 3, node.term() - 1, body(type, false)))
                            .isEqualTo(StepResult.OLD_TERM);
                    Message telling = new Message(
                            MessageType.APPEND_RESPONSE, 1, 3, node.term(), Body.AppendResponse.accepted(0));
                    boolean told = (check || pre) && type != MessageType.INSTALL_SNAPSHOT;
                    assertThat(node.sent()).as("%s at %s", type, role).isEqualTo(told ? List.of(telling) : List.of());
                }
            }
        }
    }

    /** T6, etcd issue 8501, mutant 61: in a group where not all ask first, neither might ever win. */
    @Test
    void a_pre_vote_of_an_earlier_term_is_refused_and_a_vote_is_not_answered() {
        for (RaftRole role : RaftRole.values()) {
            TestNode node = node(role, UnaryOperator.identity());
            assertThat(node.step(MessageType.PRE_VOTE, 3, 2, body(MessageType.PRE_VOTE, false)))
                    .isEqualTo(StepResult.OLD_TERM);
            assertThat(node.sent())
                    .containsExactly(
                            new Message(MessageType.PRE_VOTE_RESPONSE, 1, 3, node.term(), new Body.VoteResponse(true)));
            assertThat(node.step(MessageType.VOTE, 3, 2, body(MessageType.VOTE, false)))
                    .isEqualTo(StepResult.OLD_TERM);
            assertThat(node.sent()).isEmpty();
        }
    }

    /** T9: also in the same term, and a snapshot too. */
    @Test
    void whoever_leads_the_term_turns_candidates_into_followers() {
        for (RaftRole role : List.of(RaftRole.PRE_CANDIDATE, RaftRole.CANDIDATE)) {
            for (MessageType type : OF_A_LEADER) {
                TestNode node = node(role, UnaryOperator.identity());
                long term = node.term();
                assertThat(node.step(type, 3, term, body(type, false))).isEqualTo(StepResult.HANDLED);
                assertThat(node.role()).isEqualTo(RaftRole.FOLLOWER);
                assertThat(node.lead()).isEqualTo(3);
                assertThat(node.term()).isEqualTo(term);
                assertThat(node.sent()).as("and is answered").hasSize(1);
            }
        }
    }

    /** P2 of the defects: etcd's library panics when it sends this refusal. */
    @Test
    void a_node_that_has_never_heard_of_a_term_refuses_a_pre_vote_with_term_0_and_that_counts() {
        MemoryStorage storage = new MemoryStorage(new Snapshot(7, 1, TestNode.confState(3), NOTHING));
        TestNode prepared = TestNode.restarted(TestNode.plain(1).build(), storage, TestNode.confState(3));
        prepared.step(MessageType.PRE_VOTE, 2, 1, new Body.Vote(0, 0, false));
        List<Message> sent = prepared.sent();
        assertThat(sent)
                .containsExactly(
                        new Message(MessageType.PRE_VOTE_RESPONSE, 1, 2, 0, new Body.VoteResponse(true, 7, 1)));
        TestNode asking = TestNode.of(2, 3, config -> config.preVote(true));
        asking.raw.campaign();
        asking.run();
        assertThat(asking.raw.step(sent.get(0))).isEqualTo(StepResult.HANDLED);
        asking.step(MessageType.PRE_VOTE_RESPONSE, 3, 1, new Body.VoteResponse(true));
        assertThat(asking.role()).as("two of three refuse").isEqualTo(RaftRole.FOLLOWER);
    }

    /** Mutant 83 (camunda issue 5360): with the new term it would pass for a message of that term's leader. */
    @Test
    void what_was_written_in_a_term_leaves_with_that_term_though_the_node_has_left_it() {
        TestNode leader = TestNode.of(1, 3).win();
        leader.acknowledge(1, 2);
        leader.sent();
        leader.raw.propose(TestNode.bytes("x"));
        leader.raw.tick();
        leader.raw.step(new Message(MessageType.HEARTBEAT, 3, 1, 5, new Body.Heartbeat(0, new byte[0])));
        assertThat(leader.term()).isEqualTo(5);
        assertThat(leader.sent())
                .filteredOn(message -> message.type() != MessageType.HEARTBEAT_RESPONSE)
                .as("and what was not written yet is not written any more")
                .extracting(Message::type, Message::term)
                .containsExactly(tuple(MessageType.HEARTBEAT, 2L), tuple(MessageType.HEARTBEAT, 2L));
    }
}
