package dev.keelraft;

import static dev.keelraft.TestNode.bytes;
import static org.assertj.core.api.Assertions.assertThat;

import dev.keelraft.model.Body;
import dev.keelraft.model.ConfChange;
import dev.keelraft.model.ConfChange.Change;
import dev.keelraft.model.ConfChange.ChangeType;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** Linearizable reads: kernel.md R1 to R8, thesis 6.4. */
class ReadIndexTest {
    private static final UnaryOperator<RaftConfig.Builder> PLAIN = UnaryOperator.identity();

    /** Leads a group of which everybody has the opening entry, at index 1. */
    private static TestNode leaderOf(ConfState members) {
        TestNode leader = TestNode.in(members, 1, PLAIN).win();
        for (long voter : members.voters()) {
            if (voter != 1) {
                leader.acknowledge(1, voter);
            }
        }
        assertThat(leader.commit()).isEqualTo(1);
        leader.sent();
        return leader;
    }

    private static TestNode leader() {
        return leaderOf(TestNode.confState(3));
    }

    /** What the newest round of heartbeats carries, to all peers alike. */
    private static byte[] context(TestNode leader) {
        List<Message> heartbeats = leader.sent(MessageType.HEARTBEAT);
        assertThat(heartbeats).isNotEmpty();
        int peers = leader.raw.status().peers().size() - 1;
        List<byte[]> newest = heartbeats.subList(heartbeats.size() - peers, heartbeats.size()).stream()
                .map(message -> ((Body.Heartbeat) message.body()).context())
                .toList();
        assertThat(newest).containsOnly(newest.get(0));
        return newest.get(0);
    }

    private static void answer(TestNode leader, byte[] context, long... peers) {
        for (long peer : peers) {
            leader.answer(MessageType.HEARTBEAT_RESPONSE, peer, new Body.HeartbeatResponse(context));
        }
    }

    private static ReadState read(long index, String name) {
        return new ReadState(index, bytes(name));
    }

    @Test
    void answers_are_equal_by_index_and_context() {
        assertThat(read(1, "r"))
                .isEqualTo(read(1, "r"))
                .hasSameHashCodeAs(read(1, "r"))
                .hasToString("ReadState[index=1, context=1 B]")
                .isNotEqualTo(read(2, "r"))
                .isNotEqualTo(read(1, "s"))
                .isNotEqualTo("r");
    }

    /** R1. */
    @Test
    void a_voter_that_is_alone_answers_at_once() {
        TestNode leader = TestNode.of(1, 1).win();
        assertThat(leader.raw.readIndex(bytes("r"))).isEqualTo(ReadResult.ACCEPTED);
        leader.run();
        assertThat(leader.reads).containsExactly(read(1, "r"));
        assertThat(leader.sent()).isEmpty();
    }

    /** R3. */
    @Test
    void a_read_is_answered_with_the_commit_index_of_its_arrival_once_a_quorum_has_confirmed_the_leader() {
        TestNode leader = leader();
        assertThat(leader.raw.readIndex(bytes("r"))).isEqualTo(ReadResult.ACCEPTED);
        leader.run();
        byte[] context = context(leader);
        leader.propose("x");
        leader.acknowledge(2, 2, 3);
        assertThat(leader.commit()).isEqualTo(2);
        assertThat(leader.reads).isEmpty();
        assertThat(leader.raw.status().pendingReads()).isEqualTo(1);
        answer(leader, context, 3);
        assertThat(leader.reads).containsExactly(read(1, "r"));
        assertThat(leader.raw.status().pendingReads()).isZero();
        answer(leader, context, 2);
        assertThat(leader.reads).as("once").hasSize(1);
    }

    /** R2, mutant 47: also if it led before, and knows much. */
    @Test
    void a_read_waits_for_the_first_commit_of_the_term() {
        TestNode leader = TestNode.withLog(1, 3, PLAIN, 1, 1, 1);
        leader.step(MessageType.HEARTBEAT, 2, 1, new Body.Heartbeat(2, new byte[0]));
        leader.win();
        leader.sent();
        assertThat(leader.commit()).isEqualTo(2);
        leader.raw.readIndex(bytes("r"));
        leader.raw.readIndex(bytes("s"));
        leader.run();
        assertThat(leader.sent(MessageType.HEARTBEAT))
                .as("nothing is asked yet")
                .isEmpty();
        assertThat(leader.raw.status().pendingReads()).isEqualTo(2);
        leader.answerHeartbeat(2, 3);
        assertThat(leader.reads).isEmpty();
        leader.acknowledge(3, 2);
        byte[] context = context(leader);
        answer(leader, context, 2);
        assertThat(leader.reads).containsExactly(read(3, "r"), read(3, "s"));
    }

    /** R3: an answer confirms all reads up to its number, in their order, and none behind it. */
    @Test
    void an_answer_confirms_its_read_and_all_before_it() {
        TestNode leader = leader();
        List<byte[]> contexts = new ArrayList<>();
        for (String name : List.of("a", "b", "c", "d")) {
            leader.raw.readIndex(bytes(name));
            leader.run();
            contexts.add(context(leader));
        }
        answer(leader, contexts.get(1), 2);
        assertThat(leader.reads).containsExactly(read(1, "a"), read(1, "b"));
        answer(leader, contexts.get(0), 3);
        assertThat(leader.reads).hasSize(2);
        answer(leader, contexts.get(3), 3);
        assertThat(leader.reads)
                .extracting(ReadState::context)
                .containsExactly(bytes("a"), bytes("b"), bytes("c"), bytes("d"));
    }

    /** R3 with five voters: two others must have confirmed the number, not two any number. */
    @Test
    void a_quorum_must_have_confirmed_the_same_read() {
        TestNode leader = leaderOf(TestNode.confState(5));
        leader.raw.readIndex(bytes("a"));
        leader.run();
        byte[] first = context(leader);
        leader.raw.readIndex(bytes("b"));
        leader.run();
        byte[] second = context(leader);
        answer(leader, second, 2);
        assertThat(leader.reads).isEmpty();
        answer(leader, first, 2, 3);
        assertThat(leader.reads).as("an older answer of 2 takes nothing back").containsExactly(read(1, "a"));
        answer(leader, second, 4);
        assertThat(leader.reads).containsExactly(read(1, "a"), read(1, "b"));
    }

    /** R3, etcd issue 20418, mutant 48. */
    @Test
    void a_name_that_is_used_twice_lets_no_late_answer_confirm_the_second_read() {
        TestNode leader = leader();
        leader.raw.readIndex(bytes("same"));
        leader.run();
        byte[] first = context(leader);
        answer(leader, first, 2);
        assertThat(leader.reads).hasSize(1);
        leader.propose("x");
        leader.acknowledge(2, 2, 3);
        leader.raw.readIndex(bytes("same"));
        leader.run();
        byte[] second = context(leader);
        assertThat(second).isNotEqualTo(first);
        answer(leader, first, 3);
        answer(leader, first, 2);
        assertThat(leader.reads).hasSize(1);
        answer(leader, second, 3);
        assertThat(leader.reads).containsExactly(read(1, "same"), read(2, "same"));
    }

    /** R3, mutant 49: an answer of an earlier term of the same leader. */
    @Test
    void an_answer_of_an_earlier_term_confirms_nothing() {
        TestNode leader = leader();
        leader.raw.readIndex(bytes("r"));
        leader.run();
        byte[] first = context(leader);
        long oldTerm = leader.term();
        leader.follow(2, oldTerm + 1);
        leader.win();
        leader.acknowledge(leader.storage.lastIndex(), 2, 3);
        leader.raw.readIndex(bytes("s"));
        leader.run();
        assertThat(context(leader)).as("numbers begin anew").isEqualTo(first);
        leader.step(MessageType.HEARTBEAT_RESPONSE, 2, oldTerm, new Body.HeartbeatResponse(first));
        leader.step(MessageType.HEARTBEAT_RESPONSE, 3, oldTerm, new Body.HeartbeatResponse(first));
        assertThat(leader.reads).isEmpty();
        answer(leader, first, 3);
        assertThat(leader.reads).extracting(ReadState::context).containsExactly(bytes("s"));
    }

    /** W6 of the stories: etcd's leader panics. */
    @Test
    void a_context_that_is_no_number_of_the_leaders_confirms_nothing() {
        TestNode leader = leader();
        leader.raw.readIndex(bytes("r"));
        leader.run();
        for (byte[] strange : List.of(new byte[1], new byte[7], new byte[9], bytes("r"), new byte[8])) {
            answer(leader, strange, 2, 3);
        }
        assertThat(leader.reads).isEmpty();
        byte[] beyond = {-1, -1, -1, -1, -1, -1, -1, 127};
        answer(leader, beyond, 2);
        leader.raw.readIndex(bytes("s"));
        leader.run();
        assertThat(leader.reads)
                .as("a number that was not given yet counts as the newest that was")
                .containsExactly(read(1, "r"));
    }

    /** R4. */
    @Test
    void a_round_that_is_lost_is_repeated_with_every_heartbeat_until_the_read_is_answered() {
        TestNode leader = leader();
        leader.raw.readIndex(bytes("r"));
        leader.run();
        byte[] context = context(leader);
        assertThat(context).hasSize(8);
        leader.tick(1);
        assertThat(context(leader)).isEqualTo(context);
        answer(leader, context, 2);
        leader.tick(1);
        assertThat(context(leader)).isEmpty();
    }

    /** R5, mutant 50. */
    @Test
    void answers_of_learners_and_of_removed_members_do_not_count() {
        ConfState members = ConfState.of(List.of(1L, 2L, 3L, 4L, 5L), List.of(6L, 7L, 8L));
        TestNode leader = leaderOf(members);
        leader.raw.readIndex(bytes("r"));
        leader.run();
        byte[] context = context(leader);
        answer(leader, context, 6, 7, 8);
        assertThat(leader.reads).isEmpty();
        answer(leader, context, 5);
        leader.propose(ConfChange.of(new Change(ChangeType.REMOVE, 5)));
        leader.acknowledge(2, 2, 3);
        assertThat(leader.members().voters()).containsExactly(1L, 2L, 3L, 4L);
        answer(leader, context, 2);
        assertThat(leader.reads).as("1 and 2 of four").isEmpty();
        answer(leader, context, 3);
        assertThat(leader.reads).containsExactly(read(1, "r"));
    }

    @Test
    void in_a_joint_configuration_both_halves_confirm() {
        ConfState joint = new ConfState(List.of(1L, 2L, 3L), List.of(1L, 4L, 5L), List.of(), List.of(), false);
        TestNode leader = TestNode.in(joint, 1, PLAIN);
        leader.raw.campaign();
        leader.run();
        for (long voter : new long[] {2, 4}) {
            leader.answer(MessageType.VOTE_RESPONSE, voter, new Body.VoteResponse(false));
        }
        leader.acknowledge(1, 2, 4);
        leader.sent();
        leader.raw.readIndex(bytes("r"));
        leader.run();
        byte[] context = context(leader);
        answer(leader, context, 2, 3);
        assertThat(leader.reads).isEmpty();
        answer(leader, context, 5);
        assertThat(leader.reads).containsExactly(read(1, "r"));
    }

    private static FailedRead failed(String name, FailedRead.Reason reason) {
        return new FailedRead(bytes(name), reason);
    }

    @Test
    void failures_are_equal_by_context_and_reason() {
        FailedRead failed = failed("r", FailedRead.Reason.TIMED_OUT);
        assertThat(failed)
                .isEqualTo(failed("r", FailedRead.Reason.TIMED_OUT))
                .hasSameHashCodeAs(failed("r", FailedRead.Reason.TIMED_OUT))
                .hasToString("FailedRead[TIMED_OUT, context=1 B]")
                .isNotEqualTo(failed("s", FailedRead.Reason.TIMED_OUT))
                .isNotEqualTo(failed("r", FailedRead.Reason.LEADER_CHANGED))
                .isNotEqualTo("r");
    }

    /** R6. */
    @Test
    void reads_that_wait_for_a_quorum_fail_with_the_leadership() {
        TestNode leader = leader();
        leader.raw.readIndex(bytes("r"));
        leader.run();
        byte[] context = context(leader);
        leader.follow(2, 9);
        answer(leader, context, 2, 3);
        assertThat(leader.reads).isEmpty();
        assertThat(leader.failedReads).containsExactly(failed("r", FailedRead.Reason.LEADERSHIP_LOST));
        assertThat(leader.raw.status().pendingReads()).isZero();
    }

    /** W1 of the stories. */
    @Test
    void reads_that_wait_for_the_first_commit_fail_with_the_leadership() {
        TestNode leader = TestNode.of(1, 3).win();
        leader.raw.readIndex(bytes("r"));
        leader.follow(2, 5);
        assertThat(leader.failedReads).containsExactly(failed("r", FailedRead.Reason.LEADERSHIP_LOST));
        leader.win();
        leader.acknowledge(leader.storage.lastIndex(), 2, 3);
        leader.answerHeartbeat(2, 3);
        assertThat(leader.reads).isEmpty();
    }

    @Test
    void a_read_of_another_node_fails_there_and_not_at_the_leader_that_was_asked() {
        TestNode leader = leader();
        leader.step(MessageType.READ_INDEX, 2, 0, new Body.ReadIndex(bytes("token")));
        TestNode fresh = TestNode.of(1, 3).win();
        fresh.step(MessageType.READ_INDEX, 2, 0, new Body.ReadIndex(bytes("token")));
        for (TestNode node : List.of(leader, fresh)) {
            assertThat(node.raw.status().pendingReads()).isEqualTo(1);
            node.follow(2, 9);
            assertThat(node.failedReads).isEmpty();
            assertThat(node.raw.status().pendingReads()).isZero();
        }
    }

    @Test
    void a_failed_read_alone_makes_a_ready() {
        TestNode follower = TestNode.of(2, 3).follow(1, 2);
        follower.raw.readIndex(bytes("r"));
        follower.sent();
        for (int i = 0; i < follower.config.electionTicks(); i++) {
            assertThat(follower.raw.hasReady()).isFalse();
            follower.raw.tick();
        }
        assertThat(follower.raw.hasReady()).isTrue();
        assertThat(follower.raw.ready().failedReads()).containsExactly(failed("r", FailedRead.Reason.TIMED_OUT));
    }

    @Test
    void as_many_reads_wait_as_may() {
        UnaryOperator<RaftConfig.Builder> two = config -> config.maxPendingReads(2);
        TestNode leader = TestNode.in(TestNode.confState(3), 1, two).win();
        assertThat(leader.raw.readIndex(bytes("a"))).isEqualTo(ReadResult.ACCEPTED);
        leader.acknowledge(1, 2, 3);
        assertThat(leader.raw.readIndex(bytes("b"))).isEqualTo(ReadResult.ACCEPTED);
        leader.run();
        byte[] context = context(leader);
        assertThat(leader.raw.readIndex(bytes("c"))).isEqualTo(ReadResult.TOO_MANY);
        assertThat(leader.step(MessageType.READ_INDEX, 2, 0, new Body.ReadIndex(bytes("d"))))
                .isEqualTo(StepResult.READ_REFUSED);
        answer(leader, context, 2);
        assertThat(leader.reads).containsExactly(read(1, "a"), read(1, "b"));
        assertThat(leader.raw.readIndex(bytes("c"))).isEqualTo(ReadResult.ACCEPTED);

        TestNode follower = TestNode.in(TestNode.confState(3), 2, two).follow(1, 2);
        assertThat(follower.raw.readIndex(bytes("a"))).isEqualTo(ReadResult.FORWARDED);
        assertThat(follower.raw.readIndex(bytes("b"))).isEqualTo(ReadResult.FORWARDED);
        assertThat(follower.raw.status().pendingReads()).isEqualTo(2);
        assertThat(follower.raw.readIndex(bytes("c"))).isEqualTo(ReadResult.TOO_MANY);
    }

    private static byte[] token(TestNode follower) {
        List<Message> forwarded = follower.sent(MessageType.READ_INDEX);
        assertThat(forwarded).hasSize(1);
        return ((Body.ReadIndex) forwarded.get(0).body()).context();
    }

    private static StepResult answerForwarded(TestNode follower, long index, byte[] token) {
        return follower.answer(MessageType.READ_INDEX_RESPONSE, 1, new Body.ReadIndexResponse(index, token));
    }

    /** R7. */
    @Test
    void a_follower_forwards_a_read_and_its_leader_answers_with_an_index() {
        TestNode follower = TestNode.of(2, 3).follow(1, 2);
        assertThat(follower.raw.readIndex(bytes("r"))).isEqualTo(ReadResult.FORWARDED);
        List<Message> forwarded = follower.sent();
        assertThat(forwarded).hasSize(1);
        byte[] token = ((Body.ReadIndex) forwarded.get(0).body()).context();
        assertThat(forwarded.get(0)).isEqualTo(new Message(MessageType.READ_INDEX, 2, 1, 0, new Body.ReadIndex(token)));
        TestNode leader = leader();
        leader.raw.step(forwarded.get(0));
        leader.run();
        answer(leader, context(leader), 3);
        assertThat(leader.reads).as("it is not the leader's own").isEmpty();
        List<Message> answers = leader.sent();
        assertThat(answers)
                .containsExactly(
                        new Message(MessageType.READ_INDEX_RESPONSE, 1, 2, 2, new Body.ReadIndexResponse(1, token)));
        follower.raw.step(answers.get(0));
        follower.run();
        assertThat(follower.reads).containsExactly(read(1, "r"));
        assertThat(follower.raw.step(answers.get(0))).as("doubled").isEqualTo(StepResult.UNEXPECTED);
    }

    /** Etcd issue 20418, at a follower: the name is the same, the token is not. */
    @Test
    void a_late_answer_to_the_first_use_of_a_name_does_not_confirm_the_second() {
        TestNode follower = TestNode.of(2, 3).follow(1, 2);
        follower.raw.readIndex(bytes("same"));
        byte[] first = token(follower);
        answerForwarded(follower, 5, first);
        follower.raw.readIndex(bytes("same"));
        byte[] second = token(follower);
        assertThat(answerForwarded(follower, 5, first)).isEqualTo(StepResult.UNEXPECTED);
        assertThat(answerForwarded(follower, 5, bytes("same"))).isEqualTo(StepResult.UNEXPECTED);
        assertThat(follower.reads).hasSize(1);
        answerForwarded(follower, 9, second);
        assertThat(follower.reads).containsExactly(read(5, "same"), read(9, "same"));
    }

    /** The random source of a member that is started again is not where it was. */
    @Test
    void an_answer_to_an_earlier_life_confirms_nothing() {
        TestNode first = TestNode.of(2, 3).follow(1, 2);
        first.raw.readIndex(bytes("r"));
        byte[] token = token(first);
        RaftConfig other = RaftConfig.builder(2, new Random(77)).build();
        TestNode second =
                TestNode.restarted(other, first.storage, TestNode.confState(3)).follow(1, 2);
        second.raw.readIndex(bytes("r"));
        assertThat(answerForwarded(second, 5, token)).isEqualTo(StepResult.UNEXPECTED);
        assertThat(second.reads).isEmpty();
    }

    @Test
    void answers_may_come_in_another_order_than_the_questions() {
        TestNode follower = TestNode.of(2, 3).follow(1, 2);
        follower.raw.readIndex(bytes("a"));
        byte[] a = token(follower);
        follower.raw.readIndex(bytes("b"));
        byte[] b = token(follower);
        answerForwarded(follower, 2, b);
        answerForwarded(follower, 1, a);
        assertThat(follower.reads).containsExactly(read(2, "b"), read(1, "a"));
    }

    @Test
    void a_forwarded_read_fails_after_one_election_time_out_in_ticks_and_a_later_answer_comes_too_late() {
        TestNode follower = TestNode.of(2, 3).follow(1, 2);
        follower.raw.readIndex(bytes("a"));
        byte[] token = token(follower);
        follower.tick(1);
        follower.raw.readIndex(bytes("b"));
        follower.tick(follower.config.electionTicks() - 2);
        follower.follow(1, 2);
        assertThat(follower.failedReads).isEmpty();
        follower.tick(1);
        assertThat(follower.failedReads).containsExactly(failed("a", FailedRead.Reason.TIMED_OUT));
        assertThat(answerForwarded(follower, 5, token)).isEqualTo(StepResult.UNEXPECTED);
        follower.tick(1);
        assertThat(follower.failedReads)
                .containsExactly(failed("a", FailedRead.Reason.TIMED_OUT), failed("b", FailedRead.Reason.TIMED_OUT));
        assertThat(follower.reads).isEmpty();
    }

    @Test
    void a_forwarded_read_fails_at_once_when_its_leader_is_one_no_more() {
        FailedRead failed = failed("r", FailedRead.Reason.LEADER_CHANGED);
        assertThat(forwardThen(node -> node.follow(3, 5))).containsExactly(failed);
        assertThat(forwardThen(node -> node.raw.campaign())).containsExactly(failed);
        assertThat(forwardThen(node -> node.raw.forgetLeader())).containsExactly(failed);
        assertThat(forwardThen(node -> node.step(MessageType.VOTE, 3, 5, new Body.Vote(10, 2, false))))
                .containsExactly(failed);
        assertThat(forwardThen(node -> node.follow(1, 2))).as("the same").isEmpty();
    }

    @Test
    void a_pre_candidate_waits_for_no_leader_either() {
        TestNode follower = TestNode.of(2, 3, config -> config.preVote(true)).follow(1, 2);
        follower.raw.readIndex(bytes("r"));
        follower.raw.campaign();
        follower.run();
        assertThat(follower.failedReads).containsExactly(failed("r", FailedRead.Reason.LEADER_CHANGED));
    }

    private static List<FailedRead> forwardThen(Consumer<TestNode> event) {
        TestNode follower = TestNode.of(2, 3).follow(1, 2);
        follower.raw.readIndex(bytes("r"));
        event.accept(follower);
        follower.run();
        return follower.failedReads;
    }

    /** R7: a read that is forwarded a second time keeps who began. */
    @Test
    void a_follower_passes_on_another_ones_read() {
        TestNode follower = TestNode.of(2, 3).follow(1, 2);
        follower.step(MessageType.READ_INDEX, 3, 0, new Body.ReadIndex(bytes("r")));
        assertThat(follower.sent())
                .containsExactly(new Message(MessageType.READ_INDEX, 3, 1, 0, new Body.ReadIndex(bytes("r"))));
    }

    @Test
    void nobody_is_known_to_lead() {
        assertThat(TestNode.of(1, 3).raw.readIndex(bytes("r"))).isEqualTo(ReadResult.NO_LEADER);
        TestNode candidate = TestNode.of(1, 3);
        candidate.raw.campaign();
        assertThat(candidate.raw.readIndex(bytes("r"))).isEqualTo(ReadResult.NO_LEADER);
        candidate.run();
        assertThat(candidate.reads).isEmpty();
    }

    /** R8. */
    @Test
    void several_reads_are_answered_in_one_ready() {
        TestNode leader = leader();
        for (String name : List.of("a", "b", "c")) {
            leader.raw.readIndex(bytes(name));
        }
        byte[] context = {3, 0, 0, 0, 0, 0, 0, 0};
        leader.run();
        leader.raw.step(
                new Message(MessageType.HEARTBEAT_RESPONSE, 2, 1, leader.term(), new Body.HeartbeatResponse(context)));
        assertThat(leader.raw.ready().readStates()).containsExactly(read(1, "a"), read(1, "b"), read(1, "c"));
    }

    /** A damaged answer may name any number; what it confirms ends with the reads that exist. */
    @Test
    void a_number_that_was_not_given_out_yet_confirms_no_later_read() {
        TestNode leader = leader();
        leader.raw.readIndex(bytes("a"));
        leader.run();
        byte[] first = context(leader);
        byte[] high = first.clone();
        high[1] = 1;
        answer(leader, high, 2, 3);
        assertThat(leader.reads).containsExactly(read(1, "a"));
        leader.raw.readIndex(bytes("b"));
        leader.run();
        byte[] second = context(leader);
        answer(leader, first, 2, 3);
        assertThat(leader.reads).containsExactly(read(1, "a"));
        answer(leader, second, 2);
        assertThat(leader.reads).containsExactly(read(1, "a"), read(1, "b"));
    }

    /** R5, X3, mutant 51. */
    @Test
    void a_quorum_that_shrinks_confirms_by_the_answers_that_are_there() {
        TestNode leader = leaderOf(TestNode.confState(4));
        leader.raw.readIndex(bytes("r"));
        leader.run();
        byte[] context = context(leader);
        answer(leader, context, 2);
        leader.propose(ConfChange.of(new Change(ChangeType.REMOVE, 4)));
        assertThat(leader.reads).isEmpty();
        leader.acknowledge(2, 2, 3);
        assertThat(leader.members().voters()).containsExactly(1L, 2L, 3L);
        assertThat(leader.reads).containsExactly(read(1, "r"));
    }

    @Test
    void an_answer_to_a_heartbeat_without_a_read_confirms_none() {
        TestNode leader = leader();
        leader.raw.readIndex(bytes("r"));
        leader.run();
        leader.answerHeartbeat(2, 3);
        assertThat(leader.reads).isEmpty();
    }

    /** One round for all that came since the last Ready. */
    @Test
    void reads_between_two_readys_share_one_heartbeat() {
        TestNode leader = leader();
        leader.raw.readIndex(bytes("a"));
        leader.raw.readIndex(bytes("b"));
        assertThat(leader.raw.hasReady()).isTrue();
        List<Message> heartbeats = leader.sent(MessageType.HEARTBEAT);
        assertThat(heartbeats).extracting(Message::to).containsExactly(2L, 3L);
        answer(leader, ((Body.Heartbeat) heartbeats.get(0).body()).context(), 2);
        assertThat(leader.reads).containsExactly(read(1, "a"), read(1, "b"));
    }

    /** The number of the newest one takes two bytes. */
    @Test
    void hundreds_of_reads_may_wait_for_one_answer() {
        TestNode leader = leader();
        for (int i = 0; i < 300; i++) {
            leader.raw.readIndex(bytes("r" + i));
        }
        leader.run();
        answer(leader, context(leader), 2);
        assertThat(leader.reads).hasSize(300);
        assertThat(leader.reads.get(299)).isEqualTo(read(1, "r299"));
    }

    /** A large group: more answers than the leader first has room for. */
    @Test
    void every_voter_of_a_large_group_may_answer() {
        TestNode leader = leaderOf(TestNode.confState(11));
        leader.raw.readIndex(bytes("r"));
        leader.run();
        byte[] context = context(leader);
        answer(leader, context, 7, 8, 9, 10);
        assertThat(leader.reads).isEmpty();
        answer(leader, context, 11);
        assertThat(leader.reads).containsExactly(read(1, "r"));
    }
}
