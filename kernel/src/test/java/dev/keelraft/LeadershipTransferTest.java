package dev.keelraft;

import static org.assertj.core.api.Assertions.assertThat;

import dev.keelraft.ProposalResult.Outcome;
import dev.keelraft.model.Body;
import dev.keelraft.model.ConfChange;
import dev.keelraft.model.ConfChange.Change;
import dev.keelraft.model.ConfChange.ChangeType;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import dev.keelraft.model.RaftRole;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** Leadership is handed over: kernel.md X-T1 to X-T6, thesis 3.10. */
class LeadershipTransferTest {
    private static final UnaryOperator<RaftConfig.Builder> PLAIN = UnaryOperator.identity();

    /** Leads three voters and learner 4; node 2 has everything, node 3 nothing. */
    private static TestNode leader() {
        TestNode leader = TestNode.in(ConfState.of(List.of(1L, 2L, 3L), List.of(4L)), 1, PLAIN)
                .win();
        leader.acknowledge(1, 2);
        leader.sent();
        return leader;
    }

    private static List<Long> ordered(TestNode leader) {
        return leader.sent(MessageType.TIMEOUT_NOW).stream().map(Message::to).toList();
    }

    private static long target(TestNode leader) {
        return leader.raw.status().transferTarget();
    }

    /** X-T3. */
    @Test
    void a_target_that_has_everything_is_told_to_campaign_at_once() {
        TestNode leader = leader();
        assertThat(leader.raw.transferLeadership(2)).isEqualTo(TransferResult.STARTED);
        assertThat(ordered(leader)).containsExactly(2L);
        assertThat(target(leader)).isEqualTo(2);
        assertThat(leader.role()).as("it leads until the other does").isEqualTo(RaftRole.LEADER);
    }

    /** X-T3. */
    @Test
    void a_target_that_is_behind_is_brought_up_to_date_first() {
        TestNode leader = leader();
        assertThat(leader.raw.transferLeadership(3)).isEqualTo(TransferResult.STARTED);
        assertThat(ordered(leader)).isEmpty();
        leader.acknowledge(0, 3);
        assertThat(ordered(leader)).isEmpty();
        leader.acknowledge(1, 3);
        assertThat(ordered(leader)).containsExactly(3L);
    }

    @Test
    void an_acknowledgement_of_another_peer_does_not_set_it_off() {
        TestNode leader = leader();
        leader.propose("x");
        leader.raw.transferLeadership(3);
        leader.sent();
        leader.acknowledge(2, 2);
        assertThat(ordered(leader)).isEmpty();
    }

    /** X-T3: to a target that was paused by nothing but our waiting, an append goes out. */
    @Test
    void a_target_that_lacks_what_it_was_never_sent_is_sent_that() {
        TestNode leader = leader();
        leader.acknowledge(1, 3);
        leader.raw.reportUnreachable(3);
        leader.propose("x");
        leader.sent();
        leader.acknowledge(2, 2);
        leader.sent();
        leader.answerHeartbeat(3);
        leader.sent();
        leader.answerHeartbeat(3);
        leader.sent();
        leader.raw.reportUnreachable(3);
        leader.raw.transferLeadership(3);
        leader.acknowledge(2, 3);
        assertThat(ordered(leader)).containsExactly(3L);
    }

    /** X-T1. */
    @Test
    void only_another_voter_can_be_the_target() {
        TestNode leader = leader();
        assertThat(leader.raw.transferLeadership(4)).isEqualTo(TransferResult.NOT_A_VOTER);
        assertThat(leader.raw.transferLeadership(9)).isEqualTo(TransferResult.NOT_A_VOTER);
        assertThat(leader.raw.transferLeadership(0)).isEqualTo(TransferResult.NOT_A_VOTER);
        assertThat(leader.raw.transferLeadership(1)).isEqualTo(TransferResult.ALREADY_LEADS);
        assertThat(target(leader)).isZero();
        assertThat(leader.sent()).isEmpty();
    }

    /** X-T1: a request for one that cannot lead does not disturb one that is under way. */
    @Test
    void a_transfer_to_oneself_calls_another_one_off_and_one_to_a_learner_does_not() {
        TestNode leader = leader();
        leader.raw.transferLeadership(3);
        assertThat(leader.raw.transferLeadership(4)).isEqualTo(TransferResult.NOT_A_VOTER);
        assertThat(target(leader)).isEqualTo(3);
        assertThat(leader.raw.transferLeadership(1)).isEqualTo(TransferResult.ALREADY_LEADS);
        assertThat(target(leader)).isZero();
        assertThat(leader.propose("x").isAccepted()).isTrue();
    }

    /** X-T1, mutant 72: kernel.md 4.1, SecondTransferToSameNode. */
    @Test
    void a_second_request_for_the_same_target_does_not_extend_the_deadline() {
        TestNode leader = leader();
        leader.raw.transferLeadership(3);
        leader.tick(leader.config.electionTicks() - 1);
        assertThat(leader.raw.transferLeadership(3)).isEqualTo(TransferResult.IN_PROGRESS);
        assertThat(target(leader)).isEqualTo(3);
        leader.tick(1);
        assertThat(target(leader)).isZero();
    }

    /** X-T1: kernel.md 4.1, SecondTransferToAnotherNode. */
    @Test
    void a_request_for_another_target_replaces_the_first_and_has_its_own_deadline() {
        TestNode leader = leader();
        leader.raw.transferLeadership(3);
        leader.tick(leader.config.electionTicks() - 1);
        assertThat(leader.raw.transferLeadership(2)).isEqualTo(TransferResult.STARTED);
        assertThat(ordered(leader)).containsExactly(2L);
        leader.tick(leader.config.electionTicks() - 1);
        assertThat(target(leader)).isEqualTo(2);
        leader.tick(1);
        assertThat(target(leader)).isZero();
    }

    /** X-T2, mutant 70: an election time-out from the request, whatever the timer was before. */
    @Test
    void after_an_election_timeout_the_leader_gives_up_and_takes_proposals_again() {
        TestNode leader = leader();
        leader.tick(leader.config.electionTicks() - 3);
        leader.raw.transferLeadership(3);
        leader.tick(leader.config.electionTicks() - 1);
        assertThat(target(leader)).isEqualTo(3);
        assertThat(leader.propose("x").outcome()).isEqualTo(Outcome.LEADER_TRANSFER);
        leader.tick(1);
        assertThat(target(leader)).isZero();
        assertThat(leader.propose("x").outcome()).isEqualTo(Outcome.ACCEPTED);
        leader.acknowledge(2, 3);
        assertThat(ordered(leader)).as("too late").isEmpty();
    }

    /** X-T4, mutant 71: also once the target has been told. */
    @Test
    void meanwhile_proposals_and_configuration_changes_are_refused_and_reads_are_not() {
        TestNode leader = leader();
        leader.raw.transferLeadership(2);
        leader.sent();
        assertThat(leader.propose("x").outcome()).isEqualTo(Outcome.LEADER_TRANSFER);
        assertThat(leader.propose(ConfChange.of(new Change(ChangeType.ADD_LEARNER, 9)))
                        .outcome())
                .isEqualTo(Outcome.LEADER_TRANSFER);
        assertThat(leader.raw.readIndex(TestNode.bytes("r"))).isEqualTo(ReadResult.ACCEPTED);
        assertThat(leader.sent(MessageType.HEARTBEAT)).hasSize(3);
    }

    /** X-T6, mutant 70. */
    @Test
    void a_target_that_is_removed_or_demoted_ends_the_transfer() {
        for (ChangeType type : List.of(ChangeType.REMOVE, ChangeType.ADD_LEARNER)) {
            TestNode leader = leader();
            leader.propose(ConfChange.of(new Change(type, 3)));
            leader.raw.transferLeadership(3);
            leader.acknowledge(2, 2);
            assertThat(leader.members().voters()).containsExactly(1L, 2L);
            assertThat(target(leader)).isZero();
            assertThat(leader.propose("x").isAccepted()).isTrue();
        }
    }

    @Test
    void another_change_of_the_members_does_not_end_it() {
        TestNode leader = leader();
        leader.propose(ConfChange.of(new Change(ChangeType.ADD_LEARNER, 9)));
        leader.raw.transferLeadership(3);
        leader.acknowledge(2, 2);
        assertThat(leader.members().learners()).containsExactly(4L, 9L);
        assertThat(target(leader)).isEqualTo(3);
    }

    /** X-T6. */
    @Test
    void it_ends_with_the_leadership() {
        TestNode leader = leader();
        leader.raw.transferLeadership(3);
        leader.follow(2, 9);
        assertThat(target(leader)).isZero();
        leader.win();
        assertThat(target(leader)).isZero();
        assertThat(leader.propose("x").isAccepted()).isTrue();
    }

    /** X-T1: the message names the target as its sender. P1 of the defects: etcd's library panics at the second. */
    @Test
    void a_follower_passes_the_request_on_also_for_another() {
        TestNode follower = TestNode.of(1, 3).follow(2, 4);
        assertThat(follower.raw.transferLeadership(3)).isEqualTo(TransferResult.FORWARDED);
        Message forwarded = new Message(MessageType.TRANSFER_LEADER, 3, 2, 4, new Body.TransferLeader());
        assertThat(follower.sent()).containsExactly(forwarded);
        assertThat(follower.step(MessageType.TRANSFER_LEADER, 3, 4, new Body.TransferLeader()))
                .isEqualTo(StepResult.HANDLED);
        assertThat(follower.sent()).containsExactly(forwarded);
    }

    @Test
    void where_nobody_leads_there_is_nothing_to_hand_over() {
        TestNode follower = TestNode.of(1, 3);
        assertThat(follower.raw.transferLeadership(3)).isEqualTo(TransferResult.NO_LEADER);
        follower.raw.campaign();
        assertThat(follower.raw.transferLeadership(3)).isEqualTo(TransferResult.NO_LEADER);
    }

    /** X-T5: kernel.md 4.1, LeaderTransferToUpToDateNode (FromFollower, WithCheckQuorum, Back). Mutant 56. */
    @Test
    void in_a_whole_group_the_target_leads_though_its_voters_hear_the_old_leader() {
        for (boolean check : List.of(false, true)) {
            TestCluster cluster =
                    new TestCluster(3, config -> config.checkQuorum(check).preVote(check));
            cluster.elect(1);
            cluster.node(1).raw.transferLeadership(2);
            cluster.settle();
            assertThat(cluster.leaders()).containsExactly(2L);
            assertThat(cluster.node(2).term()).isEqualTo(3);
            cluster.propose(2, "x");
            // And back again, asked for at a follower.
            cluster.node(3).raw.transferLeadership(1);
            cluster.settle();
            assertThat(cluster.leaders()).containsExactly(1L);
            assertThat(cluster.node(1).appliedTexts()).containsExactly("x");
        }
    }

    /** Kernel.md 4.1, LeaderTransferToSlowFollower and AfterSnapshot. */
    @Test
    void a_slow_target_leads_as_soon_as_it_has_caught_up_also_by_a_snapshot() {
        for (boolean compacted : List.of(false, true)) {
            TestCluster cluster = new TestCluster(3);
            cluster.elect(1);
            cluster.isolate(3);
            for (int i = 0; i < 4; i++) {
                cluster.propose(1, "x" + i);
            }
            if (compacted) {
                cluster.node(1).compact(5);
            }
            cluster.reconnect(3);
            cluster.node(1).raw.transferLeadership(3);
            cluster.settle();
            cluster.tick(2);
            assertThat(cluster.leaders()).containsExactly(3L);
        }
    }

    /** Kernel.md 4.1, LeaderTransferReceiveHigherTermVote. */
    @Test
    void a_vote_in_a_later_term_ends_it_too() {
        TestNode leader = leader();
        leader.raw.transferLeadership(3);
        leader.step(MessageType.VOTE, 2, 9, new Body.Vote(9, 9, false));
        assertThat(leader.role()).isEqualTo(RaftRole.FOLLOWER);
        assertThat(target(leader)).isZero();
    }
}
