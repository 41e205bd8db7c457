package dev.keelraft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.keelraft.ConformanceCluster.Failure;
import dev.keelraft.ConformanceCluster.Host;
import dev.keelraft.ConformanceRun.Kind;
import dev.keelraft.ConformanceScript.Step;
import dev.keelraft.ProposalResult.Outcome;
import dev.keelraft.model.Body;
import dev.keelraft.model.ConfChangeRefusal;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import dev.keelraft.model.RaftRole;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/**
 * What is wrong with etcd's library, story by story, as {@code conformance/stories} tells and records it: with all deviations off
 * our kernel prints the same, up to a panic, which it does not share; with all on it does what the story asks for. Each file says
 * who A, B and C are and what happens; they are the nodes 1, 2 and 3.
 */
class StoryTest {
    private static final long A = 1;
    private static final long B = 2;
    private static final long C = 3;

    /** With all deviations off. */
    private static void isAsRecorded(String name) {
        assertThat(ConformanceRun.of(Kind.STORY, path(name)).divergence()).isEmpty();
    }

    private static Path path(String name) {
        return ConformanceTest.scenarios().resolve("stories").resolve(name + ".txt");
    }

    private static boolean isRejection(Message voteResponse) {
        return ((Body.VoteResponse) voteResponse.body()).rejected();
    }

    /** A story that was run with all deviations on. Commands that no longer fit were skipped. */
    private static final class Told {
        final ConformanceCluster cluster = new ConformanceCluster(EnumSet.allOf(Deviation.class), Host.CAREFUL);
        final List<String> skipped = new ArrayList<>();

        static Told on(String name) {
            return on(name, text -> text);
        }

        static Told on(String name, UnaryOperator<String> change) {
            Told told = new Told();
            try {
                told.play(change.apply(Files.readString(path(name))));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            return told;
        }

        /** Goes on with commands of a test's own, one in each line. */
        void then(String... commands) {
            play(String.join("\n----\n\n", commands) + "\n----\n");
        }

        private void play(String text) {
            for (Step step : ConformanceScript.parse("story", text).steps()) {
                cluster.run(step);
                if (cluster.wasUnfit()) {
                    skipped.add(step.line());
                }
            }
        }

        ConformanceNode node(long id) {
            return cluster.node(id);
        }

        Status status(long id) {
            return node(id).raw.status();
        }

        RaftRole role(long id) {
            return status(id).softState().role();
        }

        long lead(long id) {
            return status(id).softState().lead();
        }

        long lastIndex(long id) {
            return status(id).lastIndex();
        }

        /** What the reads were answered, in order: name and index. */
        List<String> answers(long id) {
            return node(id).readys.stream()
                    .flatMap(ready -> ready.readStates().stream())
                    .map(state -> text(state.context()) + " at " + state.index())
                    .toList();
        }

        /** The reads that were told to have failed, in order: name and reason. */
        List<String> failedReads(long id) {
            return node(id).readys.stream()
                    .flatMap(ready -> ready.failedReads().stream())
                    .map(read -> text(read.context()) + " " + read.reason())
                    .toList();
        }

        List<Message> sent(long id, MessageType type) {
            List<Message> sent = new ArrayList<>();
            for (Ready ready : node(id).readys) {
                sent.addAll(ready.messages());
                sent.addAll(ready.messagesAfterPersist());
            }
            sent.removeIf(message -> message.type() != type);
            return sent;
        }

        List<Outcome> outcomes(long id) {
            return node(id).proposals.stream().map(ProposalResult::outcome).toList();
        }

        List<ConfChangeRefusal> refusals(long id) {
            return node(id).proposals.stream()
                    .flatMap(result -> result.refusal().stream())
                    .toList();
        }

        StepResult lastStep(long id) {
            List<StepResult> steps = node(id).steps;
            return steps.get(steps.size() - 1);
        }

        /** The data of the entry that a disk has at an index. */
        Entry stored(long id, long index) {
            return node(id).disk.entries(index, index + 1, RaftConfig.NO_LIMIT).get(0);
        }

        String state(long id) {
            return text(node(id).disk.newest().data());
        }

        private static String text(byte[] bytes) {
            return new String(bytes, StandardCharsets.UTF_8);
        }

        void nobodyFailed() {
            assertThat(cluster.failures()).isEmpty();
        }
    }

    @Nested
    @DisplayName("p1: a leadership transfer is forwarded to a follower")
    class P1 {
        private static final String NAME = "p1_forwarded_transfer_panics";

        @Test
        void off_it_is_as_recorded_and_the_follower_lives() {
            isAsRecorded(NAME);
        }

        @Test
        void on_the_follower_forwards_it_with_its_own_term_and_leadership_goes_where_it_was_to_go() {
            Told told = Told.on(NAME);
            told.then("process-ready 2");
            assertThat(told.sent(B, MessageType.TRANSFER_LEADER))
                    .containsExactly(new Message(MessageType.TRANSFER_LEADER, C, A, 1, new Body.TransferLeader()));
            told.then("stabilize");
            assertThat(told.role(C)).isEqualTo(RaftRole.LEADER);
            told.nobodyFailed();
        }
    }

    @Nested
    @DisplayName("p2: a pre-vote is refused at term 0")
    class P2 {
        private static final String NAME = "p2_prevote_refused_at_term_0_panics";

        @Test
        void off_it_is_as_recorded_and_the_voter_lives() {
            isAsRecorded(NAME);
        }

        @Test
        void on_the_voter_refuses_at_term_0_and_can_be_elected() {
            Told told = Told.on(NAME);
            told.then("stabilize");
            assertThat(told.sent(B, MessageType.PRE_VOTE_RESPONSE))
                    .extracting(Message::to, Message::term, StoryTest::isRejection)
                    .containsExactly(tuple(A, 0L, true));
            assertThat(told.role(A)).isEqualTo(RaftRole.FOLLOWER);
            assertThat(told.status(A).hardState().term()).isZero();
            told.then("campaign 2", "stabilize");
            assertThat(told.role(B)).isEqualTo(RaftRole.LEADER);
            assertThat(told.lead(A)).isEqualTo(B);
            told.nobodyFailed();
        }
    }

    @Nested
    @DisplayName("w01: a read waits for the first commit of a leader that is deposed")
    class W01 {
        private static final String NAME = "w01_postponed_read_outlives_leadership";

        @Test
        void off_it_is_answered_two_terms_later() {
            isAsRecorded(NAME);
        }

        @Test
        void on_it_fails_when_the_leader_steps_down() {
            Told told = Told.on(NAME);
            assertThat(told.role(A)).as("once more").isEqualTo(RaftRole.LEADER);
            assertThat(told.failedReads(A)).containsExactly("r1 LEADERSHIP_LOST");
            Ready failing = told.node(A).readys.stream()
                    .filter(ready -> !ready.failedReads().isEmpty())
                    .findFirst()
                    .orElseThrow();
            assertThat(failing.softState().role()).isEqualTo(RaftRole.FOLLOWER);
            assertThat(failing.term()).isEqualTo(3);
            assertThat(told.answers(A)).isEmpty();
            assertThat(told.status(A).pendingReads()).isZero();
            told.nobodyFailed();
        }

        @Test
        void on_reads_that_wait_for_the_first_commit_are_bounded() {
            Told told = Told.on(NAME, text -> text.substring(0, text.indexOf("deliver-msgs drop=(2,3)")));
            assertThat(told.role(A)).isEqualTo(RaftRole.LEADER);
            RawNode leader = told.node(A).raw;
            assertThat(told.status(A).pendingReads()).isEqualTo(1);
            for (int i = 1; i < told.node(A).config.maxPendingReads(); i++) {
                assertThat(leader.readIndex(new byte[] {'r'})).isEqualTo(ReadResult.ACCEPTED);
            }
            assertThat(leader.readIndex(new byte[] {'r'})).isEqualTo(ReadResult.TOO_MANY);
        }
    }

    @Nested
    @DisplayName("w02: a second configuration change while one is pending")
    class W02 {
        private static final String NAME = "w02_refused_conf_change_becomes_empty_entry";

        @Test
        void off_it_becomes_an_empty_entry() {
            isAsRecorded(NAME);
        }

        @Test
        void on_it_is_refused_with_the_reason_and_nothing_enters_the_log() {
            Told told = Told.on(NAME);
            assertThat(told.outcomes(A)).containsExactly(Outcome.ACCEPTED, Outcome.CONF_CHANGE_PENDING);
            assertThat(told.lastIndex(A)).isEqualTo(4);
            assertThat(told.skipped).isEmpty();
            told.then("stabilize 1");
            assertThat(told.status(A).confState()).isEqualTo(ConfState.of(List.of(A, B)));
            told.nobodyFailed();
        }
    }

    @Nested
    @DisplayName("w03: a disk has lost an acknowledged entry")
    class W03 {
        private static final String NAME = "w03_heartbeat_after_lost_entry_panics";

        @Test
        void off_it_is_as_recorded_up_to_the_end_of_the_node() {
            isAsRecorded(NAME);
        }

        @Test
        void on_the_node_stops_and_names_the_lost_index_and_the_last_one_that_is_there() {
            Told told = Told.on(NAME);
            assertThat(told.cluster.failures()).extracting(Failure::id).containsExactly(B);
            RaftFailedException failure = told.cluster.failures().get(0).cause();
            assertThat(failure.failure()).isEqualTo(FailureCause.LOG_LOSS);
            assertThat(failure).hasMessageContaining(" 4").hasMessageContaining(" 3");
        }

        @Test
        void on_it_takes_part_in_no_vote_and_no_quorum_and_all_others_go_on() {
            Told told = Told.on(NAME);
            RawNode stopped = told.node(B).raw;
            Message vote = new Message(MessageType.VOTE, C, B, 2, new Body.Vote(9, 1, false));
            assertThatThrownBy(() -> stopped.step(vote)).isInstanceOf(RaftFailedException.class);
            assertThatThrownBy(stopped::campaign).isInstanceOf(RaftFailedException.class);
            assertThatThrownBy(stopped::ready).isInstanceOf(RaftFailedException.class);
            told.then("propose 1 more", "process-ready 1", "process-ready 1");
            assertThat(told.status(A).hardState().commit())
                    .as("one of three has it")
                    .isEqualTo(4);
            told.then("stabilize");
            assertThat(told.status(A).hardState().commit())
                    .as("A and C have it")
                    .isEqualTo(5);
            assertThat(told.cluster.failures()).hasSize(1);
        }
    }

    @Nested
    @DisplayName("w04: a forwarded proposal without entries")
    class W04 {
        private static final String NAME = "w04_empty_forwarded_proposal_panics";

        @Test
        void off_it_is_as_recorded_and_the_leader_lives() {
            isAsRecorded(NAME);
        }

        @Test
        void on_the_leader_drops_and_counts_it() {
            Told told = Told.on(NAME);
            assertThat(told.lastStep(A)).isEqualTo(StepResult.MALFORMED);
            assertThat(told.status(A).dropped()).containsEntry(StepResult.MALFORMED, 1L);
            assertThat(told.role(A)).isEqualTo(RaftRole.LEADER);
            assertThat(told.lastIndex(A)).isEqualTo(3);
            told.nobodyFailed();
        }
    }

    @Nested
    @DisplayName("w05: a forwarded configuration change that cannot be decoded")
    class W05 {
        private static final String NAME = "w05_undecodable_forwarded_conf_change_panics";

        @Test
        void off_it_is_as_recorded_and_the_leader_lives() {
            isAsRecorded(NAME);
        }

        @Test
        void on_the_leader_drops_and_counts_it_and_nothing_enters_the_log() {
            Told told = Told.on(NAME);
            assertThat(told.lastStep(A)).isEqualTo(StepResult.MALFORMED);
            assertThat(told.status(A).dropped()).containsEntry(StepResult.MALFORMED, 1L);
            assertThat(told.role(A)).isEqualTo(RaftRole.LEADER);
            assertThat(told.lastIndex(A)).isEqualTo(3);
            told.nobodyFailed();
        }
    }

    @Nested
    @DisplayName("w06: a heartbeat response with a short context")
    class W06 {
        private static final String NAME = "w06_short_heartbeat_context_panics";

        @Test
        void off_it_is_as_recorded_and_the_leader_lives() {
            isAsRecorded(NAME);
        }

        @Test
        void on_it_is_a_heartbeat_response_that_confirms_no_read() {
            Told told = Told.on(NAME);
            assertThat(told.lastStep(A)).isEqualTo(StepResult.HANDLED);
            told.then(
                    "read-index 1 r1",
                    "process-ready 1",
                    "deliver-msgs drop=(2)",
                    "step 1 type=MsgHeartbeatResp from=2 term=1 context=x",
                    "stabilize");
            assertThat(told.answers(A)).isEmpty();
            told.then("tick-heartbeat 1", "stabilize");
            assertThat(told.answers(A)).containsExactly("r1 at 3");
            told.nobodyFailed();
        }
    }

    @Nested
    @DisplayName("w07: a peer tells a node to forget its leader")
    class W07 {
        private static final String NAME = "w07_forget_leader_from_network";

        /** Printed with the call of the node's own host, for no message of ours says that. */
        @Test
        void off_whoever_is_obeyed_the_forgetful_node_votes_against_its_leader() {
            isAsRecorded(NAME);
        }

        @Test
        void on_the_node_stays_with_its_leader_and_listens_to_no_candidate() {
            Told told = Told.on(NAME);
            assertThat(told.node(B).steps).endsWith(StepResult.LEADER_ALIVE, StepResult.LEADER_ALIVE);
            assertThat(told.lead(B)).isEqualTo(A);
            assertThat(told.status(B).hardState().term()).isEqualTo(1);
            assertThat(told.role(A)).isEqualTo(RaftRole.LEADER);
            told.nobodyFailed();
        }
    }

    @Nested
    @DisplayName("w08: somebody asks for a leadership transfer without a term")
    class W08 {
        private static final String NAME = "w08_transfer_from_network";

        @Test
        void off_the_leader_obeys_and_refuses_proposals() {
            isAsRecorded(NAME);
        }

        @Test
        void on_the_leader_drops_it_and_goes_on_leading() {
            Told told = Told.on(NAME);
            assertThat(told.lastStep(A)).isEqualTo(StepResult.MALFORMED);
            assertThat(told.status(A).dropped()).containsEntry(StepResult.MALFORMED, 1L);
            assertThat(told.status(A).transferTarget()).isZero();
            assertThat(told.sent(A, MessageType.TIMEOUT_NOW)).isEmpty();
            assertThat(told.outcomes(A)).containsExactly(Outcome.ACCEPTED);
            told.nobodyFailed();
        }

        @Test
        void on_the_leader_drops_one_of_another_term() {
            Told told = Told.on(NAME);
            told.then("campaign 1", "restart 1", "campaign 1", "stabilize");
            assertThat(told.role(A)).isEqualTo(RaftRole.LEADER);
            assertThat(told.status(A).hardState().term()).isEqualTo(2);
            told.then("step 1 type=MsgTransferLeader from=3 term=1");
            assertThat(told.lastStep(A)).isEqualTo(StepResult.OLD_TERM);
            assertThat(told.status(A).transferTarget()).isZero();
            told.then("step 1 type=MsgTransferLeader from=3 term=2");
            assertThat(told.status(A).transferTarget()).isEqualTo(C);
            told.nobodyFailed();
        }

        @Test
        void on_a_request_that_a_follower_forwards_bears_its_term_and_is_obeyed() {
            Told told = Told.on(NAME);
            told.then("transfer-leadership from=2 to=3", "process-ready 2");
            assertThat(told.sent(B, MessageType.TRANSFER_LEADER))
                    .containsExactly(new Message(MessageType.TRANSFER_LEADER, C, A, 1, new Body.TransferLeader()));
            told.then("stabilize");
            assertThat(told.role(C)).isEqualTo(RaftRole.LEADER);
            told.nobodyFailed();
        }
    }

    @Nested
    @DisplayName("w09: a restart with more applied than the stored commit index says")
    class W09 {
        private static final String NAME = "w09_applied_above_stored_commit_panics_at_restart";

        @Test
        void off_it_is_as_recorded_and_the_node_starts() {
            isAsRecorded(NAME);
        }

        @Test
        void on_the_node_starts_with_its_commit_index_raised_and_applies_nothing_twice() {
            Told told = Told.on(NAME);
            assertThat(told.status(A).hardState().commit()).isEqualTo(4);
            assertThat(told.status(A).applied()).isEqualTo(4);
            told.then("campaign 1", "stabilize 1", "propose 1 +more", "stabilize 1");
            assertThat(told.state(A)).isEqualTo("paid+more");
            told.nobodyFailed();
        }

        @Test
        void on_beyond_the_end_of_the_log_it_does_not_start_and_names_both() {
            Told told = Told.on(NAME, text -> text.replace("keep-applied=true", "keep-applied=true lose=1"));
            assertThat(told.cluster.failures()).hasSize(1);
            RaftFailedException failure = told.cluster.failures().get(0).cause();
            assertThat(failure.failure()).isEqualTo(FailureCause.LOG_LOSS);
            assertThat(failure).hasMessageContaining(" 4").hasMessageContaining(" 3");
        }
    }

    @Nested
    @DisplayName("w10: a joint configuration is to be entered in another one")
    class W10 {
        private static final String NAME = "w10_joint_in_joint_panics_at_apply";

        @Test
        void off_it_is_committed_and_applied_without_effect() {
            isAsRecorded(NAME);
        }

        @Test
        void on_it_is_refused_when_it_is_proposed() {
            Told told = Told.on(NAME);
            assertThat(told.outcomes(A)).containsExactly(Outcome.ACCEPTED, Outcome.CONF_CHANGE_INVALID);
            assertThat(told.refusals(A)).containsExactly(ConfChangeRefusal.ALREADY_JOINT);
            assertThat(told.lastIndex(A)).isEqualTo(4);
            told.nobodyFailed();
        }

        @Test
        void on_a_change_that_leaves_the_joint_configuration_is_accepted() {
            Told told = Told.on(NAME);
            told.then("propose-conf-change 1 transition=auto", "stabilize 1");
            assertThat(told.outcomes(A)).endsWith(Outcome.ACCEPTED);
            assertThat(told.status(A).confState()).isEqualTo(ConfState.of(List.of(A), List.of(B)));
        }

        @Test
        void on_should_it_reach_the_log_it_is_applied_without_effect_and_the_host_is_told_why() {
            Told told = Told.on(NAME, W10::unchecked);
            assertThat(told.outcomes(A)).containsExactly(Outcome.ACCEPTED, Outcome.ACCEPTED);
            assertThat(told.status(A).applied()).isEqualTo(5);
            assertThat(told.node(A).confChanges.get(1).refusal()).contains(ConfChangeRefusal.ALREADY_JOINT);
            assertThat(told.status(A).confState())
                    .isEqualTo(new ConfState(List.of(A), List.of(A), List.of(B), List.of(), false));
            told.nobodyFailed();
        }

        /** Nodes that take every change of the configuration into their log. */
        private static String unchecked(String text) {
            return text.replace("voters=(1) index=2", "voters=(1) index=2 disable-conf-change-validation=true");
        }
    }

    @Nested
    @DisplayName("w11: all voters are to be removed")
    class W11 {
        private static final String NAME = "w11_removing_all_voters_panics_at_apply";

        @Test
        void off_it_is_committed_and_applied_without_effect() {
            isAsRecorded(NAME);
        }

        @Test
        void on_it_is_refused_when_it_is_proposed() {
            Told told = Told.on(NAME);
            assertThat(told.outcomes(A)).containsExactly(Outcome.CONF_CHANGE_INVALID);
            assertThat(told.refusals(A)).containsExactly(ConfChangeRefusal.REMOVES_ALL_VOTERS);
            assertThat(told.lastIndex(A)).isEqualTo(3);
            told.nobodyFailed();
        }

        @Test
        void on_should_it_reach_the_log_it_is_applied_without_effect_and_the_host_is_told_why() {
            Told told = Told.on(NAME, W10::unchecked);
            assertThat(told.outcomes(A)).containsExactly(Outcome.ACCEPTED);
            assertThat(told.status(A).applied()).isEqualTo(4);
            assertThat(told.node(A).confChanges.get(0).refusal()).contains(ConfChangeRefusal.REMOVES_ALL_VOTERS);
            assertThat(told.status(A).confState()).isEqualTo(ConfState.of(List.of(A)));
            told.nobodyFailed();
        }
    }

    @Nested
    @DisplayName("w12: a group of one reads after a crash")
    class W12 {
        private static final String NAME = "w12_single_voter_reads_behind_its_own_write";

        @Test
        void off_the_read_is_answered_without_what_its_client_wrote() {
            isAsRecorded(NAME);
        }

        @Test
        void on_the_read_waits_for_a_commit_of_the_term_and_gets_its_index() {
            Told told = Told.on(NAME);
            assertThat(told.role(A)).isEqualTo(RaftRole.LEADER);
            assertThat(told.answers(A)).isEmpty();
            assertThat(told.status(A).pendingReads()).isEqualTo(1);
            told.then("stabilize 1");
            assertThat(told.answers(A)).containsExactly("r1 at 5");
            assertThat(told.state(A)).isEqualTo("paid");
            told.nobodyFailed();
        }
    }

    @Nested
    @DisplayName("w13: the log is compacted before the kernel hears that it is applied")
    class W13 {
        private static final String NAME = "w13_compaction_before_apply_ack_panics";

        @Test
        void off_it_is_as_recorded_and_the_node_lives() {
            isAsRecorded(NAME);
        }

        @Test
        void on_the_node_campaigns_all_the_same_and_leads() {
            Told told = Told.on(NAME);
            assertThat(told.node(A).disk.firstIndex()).isEqualTo(5);
            assertThat(told.role(A)).isEqualTo(RaftRole.CANDIDATE);
            told.then("stabilize 1");
            assertThat(told.role(A)).isEqualTo(RaftRole.LEADER);
            assertThat(told.status(A).applied()).isEqualTo(5);
            assertThat(told.state(A)).isEqualTo("x");
            told.nobodyFailed();
        }
    }

    @Nested
    @DisplayName("x1: a request for a vote leaves before what it promises is durable")
    class X1 {
        private static final String NAME = "x1_vote_before_durable";

        @Test
        void off_a_node_leads_without_a_committed_entry_and_commits_another_in_its_place() {
            isAsRecorded(NAME);
        }

        @Test
        void on_it_leaves_only_when_term_vote_and_log_are_durable_and_is_refused() {
            Told told = Told.on(NAME);
            assertThat(told.skipped)
                    .as("nothing of the first campaign has left")
                    .startsWith("deliver-msgs drop=(3)", "deliver-msgs 2", "process-append-thread 2");
            assertThat(told.sent(A, MessageType.VOTE))
                    .extracting(message -> ((Body.Vote) message.body()).lastIndex())
                    .endsWith(3L, 3L);
            told.then("stabilize");
            assertThat(told.sent(B, MessageType.VOTE_RESPONSE))
                    .filteredOn(message -> message.to() == A)
                    .extracting(StoryTest::isRejection)
                    .containsExactly(true);
            assertThat(told.role(A)).isNotEqualTo(RaftRole.LEADER);
            told.nobodyFailed();
        }

        @Test
        void on_the_committed_entry_stays_on_all_disks() {
            Told told = Told.on(NAME);
            told.then("stabilize", "campaign 2", "stabilize");
            assertThat(told.role(B)).isEqualTo(RaftRole.LEADER);
            for (long id : List.of(A, B, C)) {
                assertThat(told.stored(id, 4).term())
                        .as("entry 4 of node %d", id)
                        .isEqualTo(1);
                assertThat(told.state(id)).isEqualTo("paid");
            }
            told.nobodyFailed();
        }
    }

    /** Node 2 has been elected, node 1 has not heard of it. */
    private static void readWaitsAndFailsWhenItsLeaderStepsDown(String name) {
        Told told = Told.on(name);
        assertThat(told.role(B)).isEqualTo(RaftRole.LEADER);
        assertThat(told.role(A)).isEqualTo(RaftRole.LEADER);
        assertThat(told.answers(A)).isEmpty();
        assertThat(told.status(A).pendingReads()).isEqualTo(1);
        told.then("stabilize");
        assertThat(told.role(A)).isEqualTo(RaftRole.FOLLOWER);
        assertThat(told.failedReads(A)).containsExactly("r1 LEADERSHIP_LOST");
        assertThat(told.answers(A)).isEmpty();
        told.nobodyFailed();
    }

    @Nested
    @DisplayName("x2: a leader answers from its lease when another one has been elected")
    class X2 {
        private static final String NAME = "x2_stale_lease_read";

        @Test
        void off_it_answers_without_what_the_other_one_has_committed() {
            isAsRecorded(NAME);
        }

        @Test
        void on_the_lease_is_over_and_the_read_waits_and_fails_when_the_leader_steps_down() {
            readWaitsAndFailsWhenItsLeaderStepsDown(NAME);
        }

        /** The lease is worth something: of 3 ticks one is lost by counting them whole, and one is the margin. */
        @Test
        void on_it_answers_at_once_in_the_tick_of_the_heartbeats_that_a_quorum_has_answered_and_not_in_the_next() {
            Told told = Told.on(NAME, text -> text.substring(0, text.indexOf("# Ticks 2, 3 and 4")));
            told.then("read-index 1 r1", "process-ready 1", "tick 1 count=1", "read-index 1 r2", "process-ready 1");
            assertThat(told.answers(A)).containsExactly("r1 at 3");
            told.then("stabilize");
            assertThat(told.answers(A)).as("a quorum was asked").containsExactly("r1 at 3", "r2 at 3");
        }
    }

    @Nested
    @DisplayName("x2: a leader that has handed over answers from its lease")
    class X2Transfer {
        private static final String NAME = "x2_stale_lease_read_after_transfer";

        @Test
        void off_it_answers_without_what_its_successor_has_committed() {
            isAsRecorded(NAME);
        }

        @Test
        void on_it_gives_up_its_lease_and_the_read_waits_and_fails_when_it_steps_down() {
            readWaitsAndFailsWhenItsLeaderStepsDown(NAME);
        }
    }

    @Nested
    @DisplayName("x3: a read waits while its leader becomes the only voter")
    class X3 {
        private static final String NAME = "x3_stuck_read_after_shrink";

        @Test
        void off_it_is_never_answered() {
            isAsRecorded(NAME);
        }

        @Test
        void on_it_is_answered_as_soon_as_the_other_voters_removal_is_applied() {
            Told told = Told.on(NAME, text -> text.substring(0, text.indexOf("tick-heartbeat 1")));
            assertThat(told.status(A).confState()).isEqualTo(ConfState.of(List.of(A)));
            assertThat(told.answers(A)).containsExactly("r1 at 3");
        }

        @Test
        void on_later_reads_are_answered_too_each_once() {
            Told told = Told.on(NAME);
            assertThat(told.answers(A)).containsExactly("r1 at 3", "r2 at 4");
            assertThat(told.status(A).pendingReads()).isZero();
            told.nobodyFailed();
        }
    }

    @Nested
    @DisplayName("x4: the status of a node in a joint configuration")
    class X4 {
        private static final String NAME = "x4_autoleave_in_status";

        @Test
        void off_it_is_as_recorded() {
            isAsRecorded(NAME);
        }

        @Test
        void on_it_names_the_same_configuration_as_the_stored_one() {
            Told told = Told.on(NAME);
            ConfState joint = new ConfState(List.of(A, B), List.of(A), List.of(), List.of(), true);
            assertThat(told.node(A).disk.newest().confState()).isEqualTo(joint);
            assertThat(told.status(A).confState()).isEqualTo(joint);
            told.nobodyFailed();
        }
    }
}
