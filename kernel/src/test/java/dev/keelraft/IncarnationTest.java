package dev.keelraft;

import static dev.keelraft.TestNode.confState;
import static dev.keelraft.TestNode.entries;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keelraft.model.Body;
import dev.keelraft.model.ConfChange;
import dev.keelraft.model.ConfChange.Change;
import dev.keelraft.model.ConfChange.ChangeType;
import dev.keelraft.model.ConfChangeRefusal;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.ConfState.Incarnation;
import dev.keelraft.model.Entry;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import dev.keelraft.model.RaftRole;
import dev.keelraft.model.Snapshot;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A disk that was replaced does not count: kernel.md rank 26, openraft pull request 2002, etcd issue 21178. */
class IncarnationTest {
    private static final byte[] NOTHING = {};

    /** Voters 1 to 3, of which each has ten times its id as its incarnation. */
    private static final ConfState NAMED = new ConfState(
            List.of(1L, 2L, 3L),
            List.of(),
            List.of(),
            List.of(),
            false,
            List.of(new Incarnation(1, 10), new Incarnation(2, 20), new Incarnation(3, 30)));

    private static UnaryOperator<RaftConfig.Builder> incarnation(long incarnation) {
        return config -> config.incarnation(incarnation);
    }

    // The story

    /**
     * A and B have committed an entry, A is away, and B is back with an empty disk. C asks it for its vote.
     *
     * @return whether C leads, without the entry
     */
    private static boolean emptiedVoterElects(boolean incarnations) {
        ConfState members = incarnations ? NAMED : confState(3);
        TestNode a = TestNode.in(members, 1, incarnation(incarnations ? 10 : 0));
        a.step(MessageType.APPEND, 1 + 1, 1, new Body.Append(0, 0, 1, entries(1, 1)));
        TestNode b = TestNode.in(ConfState.EMPTY, 2, incarnation(incarnations ? 21 : 0));
        TestNode c = TestNode.in(members, 3, incarnation(incarnations ? 30 : 0));
        TestCluster cluster = new TestCluster(List.of(a, b, c));
        cluster.settle();
        cluster.isolate(1);
        assertThat(a.commit()).isEqualTo(1);
        cluster.tick(200);
        return c.role() == RaftRole.LEADER;
    }

    @Test
    void without_incarnations_a_disk_that_was_replaced_elects_a_leader_without_a_committed_entry() {
        assertThat(emptiedVoterElects(false)).isTrue();
    }

    @Test
    void with_incarnations_it_does_not() {
        assertThat(emptiedVoterElects(true)).isFalse();
    }

    @Test
    void a_member_with_a_new_disk_counts_again_when_it_is_added_as_a_learner_and_then_as_a_voter() {
        List<TestNode> nodes = new ArrayList<>();
        for (long id = 1; id <= 3; id++) {
            nodes.add(TestNode.of(id, 3, incarnation(10 * id)));
        }
        TestCluster cluster = new TestCluster(nodes);
        TestNode leader = cluster.elect(1);
        for (long id = 1; id <= 3; id++) {
            leader.propose(ConfChange.of(new Change(ChangeType.UPDATE, id, 10 * id)));
            cluster.settle();
        }
        assertThat(nodes).allSatisfy(node -> assertThat(node.members()).isEqualTo(NAMED));
        leader.compact(leader.commit());
        cluster.isolate(2);
        leader.propose(ConfChange.of(new Change(ChangeType.ADD_LEARNER, 2, 21)));
        cluster.settle();
        assertThat(leader.peer(2).match())
                .as("what the old disk had is no more")
                .isZero();

        cluster.nodes.set(1, TestNode.in(ConfState.EMPTY, 2, incarnation(21)));
        cluster.reconnect(2);
        cluster.tick(5);
        assertThat(leader.peer(2).match()).isEqualTo(leader.raw.status().lastIndex());
        leader.propose(ConfChange.of(new Change(ChangeType.ADD_VOTER, 2)));
        cluster.settle();
        cluster.isolate(3);
        cluster.propose(1, "with 2 alone");
        assertThat(cluster.node(2).members().incarnation(2)).isEqualTo(21);
        assertThat(leader.appliedTexts()).contains("with 2 alone");
        cluster.isolate(1);
        cluster.reconnect(3);
        cluster.tick(100);
        assertThat(cluster.leaders()).containsExactly(2L);
    }

    /** The leader still counts on what the old disk had, and tells it so; the answers do not count. */
    @Test
    void a_new_disk_that_comes_before_it_is_named_learns_that_it_has_lost_what_the_member_had_acknowledged() {
        TestNode leader = TestNode.in(NAMED, 1, incarnation(10)).win();
        leader.acknowledge(1, 2);
        assertThat(leader.commit()).isEqualTo(1);
        leader.sent();
        leader.tick(1);
        Message heartbeat = leader.sent(MessageType.HEARTBEAT).get(0);
        TestNode emptied = TestNode.in(ConfState.EMPTY, 2, incarnation(21));
        assertThatThrownBy(() -> emptied.raw.step(heartbeat))
                .isInstanceOf(RaftFailedException.class)
                .hasMessageContaining("LOG_LOSS");
    }

    // What is sent

    @Test
    void every_message_in_which_a_node_speaks_for_itself_bears_its_incarnation() {
        Set<MessageType> kinds = EnumSet.noneOf(MessageType.class);
        List<TestNode> nodes = new ArrayList<>();
        for (long id = 1; id <= 3; id++) {
            long own = 10 * id;
            nodes.add(TestNode.of(
                    id, 3, config -> config.incarnation(own).preVote(true).forwardProposals(true)));
        }
        TestCluster cluster = new TestCluster(nodes);
        cluster.lose(message -> {
            kinds.add(message.type());
            assertThat(message.incarnation())
                    .as("%s", message)
                    .isEqualTo(message.type().namesOrigin() ? 0 : 10 * message.from());
            return false;
        });
        cluster.elect(1);
        cluster.propose(2, "forwarded");
        cluster.node(3).raw.readIndex(NOTHING);
        cluster.tick(2);
        cluster.node(2).raw.transferLeadership(3);
        cluster.settle();
        cluster.isolate(2);
        for (int i = 0; i < 5; i++) {
            cluster.propose(3, "compacted");
        }
        cluster.node(3).compact(cluster.node(3).commit());
        cluster.reconnect(2);
        cluster.tick(5);
        assertThat(kinds).containsExactlyInAnyOrder(MessageType.values());
    }

    // What is heard

    private static Body asking(MessageType type) {
        return switch (type) {
            case VOTE, PRE_VOTE -> new Body.Vote(9, 9, false);
            case VOTE_RESPONSE, PRE_VOTE_RESPONSE -> new Body.VoteResponse(false);
            case APPEND_RESPONSE -> Body.AppendResponse.accepted(1);
            case HEARTBEAT_RESPONSE -> new Body.HeartbeatResponse(NOTHING);
            default -> throw new AssertionError(type);
        };
    }

    private static final List<MessageType> ASKING = List.of(
            MessageType.VOTE,
            MessageType.PRE_VOTE,
            MessageType.VOTE_RESPONSE,
            MessageType.PRE_VOTE_RESPONSE,
            MessageType.APPEND_RESPONSE,
            MessageType.HEARTBEAT_RESPONSE);

    @Test
    void who_asks_to_count_as_another_incarnation_is_dropped_and_counted_and_changes_nothing() {
        for (MessageType type : ASKING) {
            TestNode leader = TestNode.in(NAMED, 1, incarnation(10)).win();
            leader.sent();
            Status before = leader.raw.status();
            for (long term : new long[] {leader.term(), leader.term() + 1}) {
                assertThat(leader.raw.step(new Message(type, 2, 1, term, asking(type), 21)))
                        .as("%s", type)
                        .isEqualTo(StepResult.WRONG_INCARNATION);
            }
            assertThat(leader.sent()).isEmpty();
            assertThat(leader.dropped(StepResult.WRONG_INCARNATION)).isEqualTo(2);
            Status after = leader.raw.status();
            assertThat(after.hardState()).isEqualTo(before.hardState());
            assertThat(after.softState()).isEqualTo(before.softState());
            assertThat(after.peers()).isEqualTo(before.peers());
        }
    }

    @Test
    void who_is_the_incarnation_that_is_known_or_says_nothing_counts() {
        for (MessageType type : ASKING) {
            for (long incarnation : new long[] {20, 0}) {
                TestNode leader = TestNode.in(NAMED, 1, incarnation(10)).win();
                assertThat(leader.raw.step(new Message(type, 2, 1, 3, asking(type), incarnation)))
                        .isNotEqualTo(StepResult.WRONG_INCARNATION);
            }
        }
    }

    @Test
    void where_none_is_named_everybody_counts() {
        TestNode leader = TestNode.of(1, 3, incarnation(10)).win();
        Body ack = Body.AppendResponse.accepted(1);
        assertThat(leader.raw.step(new Message(MessageType.APPEND_RESPONSE, 2, 1, 2, ack, 77)))
                .isEqualTo(StepResult.HANDLED);
        assertThat(leader.commit()).isEqualTo(1);
    }

    /** It has missed that 2 was exchanged. Nobody else may ever tell it. */
    @Test
    void a_leader_of_a_new_incarnation_is_followed_and_counts_once_it_is_known() {
        TestNode node = TestNode.in(NAMED, 3, incarnation(30));
        Message request = new Message(MessageType.VOTE, 2, 3, 5, new Body.Vote(9, 2, false), 21);
        assertThat(node.raw.step(request)).isEqualTo(StepResult.WRONG_INCARNATION);
        List<Entry> changes = new ArrayList<>();
        for (Change change : List.of(new Change(ChangeType.ADD_LEARNER, 2, 21), new Change(ChangeType.ADD_VOTER, 2))) {
            ConfChange single = ConfChange.of(change);
            changes.add(new Entry(1, changes.size() + 1L, single.entryType(), single.encode()));
        }
        Body append = new Body.Append(0, 0, 2, changes);
        assertThat(node.raw.step(new Message(MessageType.APPEND, 2, 3, 2, append, 21)))
                .isEqualTo(StepResult.HANDLED);
        node.run();
        assertThat(node.lead()).isEqualTo(2);
        assertThat(node.members().incarnation(2)).isEqualTo(21);
        assertThat(node.raw.step(request)).isEqualTo(StepResult.HANDLED);
    }

    @ParameterizedTest
    @ValueSource(longs = {11, 10, 0})
    void a_node_that_the_configuration_knows_as_another_incarnation_does_not_campaign(long own) {
        TestNode node = TestNode.in(NAMED, 1, incarnation(own));
        node.tick(100);
        assertThat(node.role()).isEqualTo(own == 11 ? RaftRole.FOLLOWER : RaftRole.CANDIDATE);
        assertThat(node.raw.campaign()).isEqualTo(own == 11 ? CampaignResult.NOT_PROMOTABLE : CampaignResult.STARTED);
    }

    // What is kept

    @Test
    void a_snapshot_brings_the_incarnations() {
        TestNode node = TestNode.of(1, 3);
        Body install = new Body.InstallSnapshot(new Snapshot(9, 1, NAMED, NOTHING));
        node.step(MessageType.INSTALL_SNAPSHOT, 2, 1, install);
        assertThat(node.members()).isEqualTo(NAMED);
        assertThat(node.storage.snapshot().confState()).isEqualTo(NAMED);
        Message request = new Message(MessageType.VOTE, 2, 1, 5, new Body.Vote(9, 1, false), 21);
        assertThat(node.raw.step(request)).isEqualTo(StepResult.WRONG_INCARNATION);
    }

    @Test
    void a_snapshot_that_names_a_stranger_is_dropped() {
        TestNode node = TestNode.of(1, 3);
        ConfState wrong =
                new ConfState(List.of(1L, 2L), List.of(), List.of(), List.of(), false, List.of(new Incarnation(7, 70)));
        Body install = new Body.InstallSnapshot(new Snapshot(9, 1, wrong, NOTHING));
        assertThat(node.step(MessageType.INSTALL_SNAPSHOT, 2, 1, install)).isEqualTo(StepResult.MALFORMED);
    }

    @Test
    void a_proposal_to_exchange_a_voter_at_once_is_refused() {
        TestNode leader = TestNode.in(NAMED, 1, incarnation(10)).win();
        leader.acknowledge(1, 2, 3);
        HardState before = leader.raw.status().hardState();
        ProposalResult result = leader.propose(ConfChange.of(new Change(ChangeType.ADD_VOTER, 2, 21)));
        assertThat(result.outcome()).isEqualTo(ProposalResult.Outcome.CONF_CHANGE_INVALID);
        assertThat(result.refusal()).contains(ConfChangeRefusal.REPLACES_VOTER);
        assertThat(leader.raw.status().hardState()).isEqualTo(before);
    }
}
