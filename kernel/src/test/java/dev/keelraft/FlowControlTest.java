package dev.keelraft;

import static dev.keelraft.TestNode.bytes;
import static dev.keelraft.TestNode.entries;
import static org.assertj.core.api.Assertions.assertThat;

import dev.keelraft.model.Body;
import dev.keelraft.model.Entry;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import dev.keelraft.model.ProgressState;
import dev.keelraft.model.RaftRole;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** What a leader sends to a peer, and when: kernel.md L8 to L18. Node 2 is the peer; node 3 has nothing to say. */
class FlowControlTest {
    private static TestNode leader(UnaryOperator<RaftConfig.Builder> settings) {
        TestNode leader = TestNode.of(1, 3, settings).win();
        leader.acknowledge(1, 2);
        leader.sent();
        assertThat(leader.peer(2).state()).isEqualTo(ProgressState.REPLICATE);
        return leader;
    }

    private static List<Long> sizes(List<Body.Append> appends) {
        return appends.stream().map(append -> (long) append.entries().size()).toList();
    }

    private static Body.Append only(List<Body.Append> appends) {
        assertThat(appends).hasSize(1);
        return appends.get(0);
    }

    @Nested
    @DisplayName("a peer whose log is unknown (L10, L15)")
    class Probe {
        private final TestNode leader =
                TestNode.withLog(1, 3, UnaryOperator.identity(), 1, 1, 1, 1).win();

        Probe() {
            leader.sent();
        }

        /** Kernel.md 4.1, SendAppendForProgressProbe, ProgressPaused. */
        @Test
        void is_sent_one_append_until_it_answers() {
            for (String text : List.of("a", "b", "c")) {
                leader.propose(text);
            }
            assertThat(leader.appendsTo(2)).isEmpty();
            assertThat(leader.peer(2).next()).isEqualTo(4);
        }

        /** Mutant 46; kernel.md 4.1, ProgressResumeByHeartbeatResp. */
        @Test
        void is_sent_another_one_after_it_has_answered_a_heartbeat() {
            leader.tick(1);
            assertThat(leader.appendsTo(2))
                    .as("to send one is not to have an answer")
                    .isEmpty();
            leader.answerHeartbeat(2);
            assertThat(only(leader.appendsTo(2)).prevIndex()).isEqualTo(3);
            assertThat(leader.appendsTo(2)).isEmpty();
            leader.answerHeartbeat(2);
            assertThat(leader.appendsTo(2)).hasSize(1);
        }

        /** L14, L18. */
        @Test
        void is_sent_everything_once_it_has_acknowledged() {
            for (String text : List.of("a", "b")) {
                leader.propose(text);
            }
            leader.acknowledge(4, 2);
            assertThat(leader.peer(2).state()).isEqualTo(ProgressState.REPLICATE);
            Body.Append append = only(leader.appendsTo(2));
            assertThat(append.prevIndex()).isEqualTo(4);
            assertThat(append.entries()).extracting(Entry::index).containsExactly(5L, 6L);
        }

        /** L15. */
        @Test
        void that_rejects_is_tried_further_back_and_a_late_rejection_is_ignored() {
            leader.reject(2, 3, 1, 1);
            assertThat(only(leader.appendsTo(2)).prevIndex()).isEqualTo(1);
            leader.reject(2, 3, 0, 0);
            assertThat(leader.appendsTo(2))
                    .as("it answers the first probe once more")
                    .isEmpty();
            leader.reject(2, 1, 0, 0);
            assertThat(only(leader.appendsTo(2)).prevIndex()).isZero();
        }

        /** L15: the peer has the index, but not its term any more. */
        @Test
        void that_rejects_and_names_no_term_is_tried_at_the_index_that_it_names() {
            leader.reject(2, 3, 2, 0);
            assertThat(only(leader.appendsTo(2)).prevIndex()).isEqualTo(2);
        }

        /** L18: an acknowledgement without news may end a probe. */
        @Test
        void that_acknowledges_what_is_known_already_is_replicated_to() {
            leader.acknowledge(4, 2);
            leader.raw.reportUnreachable(2);
            leader.sent();
            assertThat(leader.peer(2).state()).isEqualTo(ProgressState.PROBE);
            leader.acknowledge(3, 2);
            assertThat(leader.peer(2).state()).as("less than is known is old").isEqualTo(ProgressState.PROBE);
            leader.acknowledge(4, 2);
            assertThat(leader.peer(2).state()).isEqualTo(ProgressState.REPLICATE);
        }
    }

    @Nested
    @DisplayName("a peer whose log is known (L10, L11, L12)")
    class Replicate {
        /** Kernel.md 4.1, SendAppendForProgressReplicate, LeaderIncreaseNext. */
        @Test
        void is_sent_every_entry_at_once_without_waiting_for_an_answer() {
            TestNode leader = leader(UnaryOperator.identity());
            for (String text : List.of("a", "b", "c")) {
                leader.propose(text);
            }
            List<Body.Append> appends = leader.appendsTo(2);
            assertThat(appends).extracting(Body.Append::prevIndex).containsExactly(1L, 2L, 3L);
            assertThat(sizes(appends)).containsExactly(1L, 1L, 1L);
            assertThat(leader.peer(2).next()).isEqualTo(5);
            assertThat(leader.peer(2).inflightMessages()).isEqualTo(3);
        }

        /** Kernel.md 4.1, raft_flow_control_test. Mutants 43 and 44. */
        @Test
        void is_sent_nothing_more_when_the_window_is_full_but_one_empty_append_for_each_sign_of_life() {
            TestNode leader = leader(config -> config.maxInflightMessages(3));
            for (int i = 0; i < 6; i++) {
                leader.propose("x" + i);
            }
            assertThat(sizes(leader.appendsTo(2))).containsExactly(1L, 1L, 1L);
            assertThat(leader.peer(2).inflightFull()).isTrue();
            assertThat(leader.peer(2).paused()).isTrue();
            for (int i = 0; i < 3; i++) {
                leader.answerHeartbeat(2);
                assertThat(sizes(leader.appendsTo(2))).containsExactly(0L);
                leader.propose("more");
                assertThat(leader.appendsTo(2)).isEmpty();
            }
        }

        /** Mutant 44. */
        @Test
        void is_sent_as_much_as_an_acknowledgement_makes_room_for() {
            TestNode leader = leader(config -> config.maxInflightMessages(3).maxMessageBytes(0));
            for (int i = 0; i < 8; i++) {
                leader.propose("x" + i);
            }
            assertThat(sizes(leader.appendsTo(2))).containsExactly(1L, 1L, 1L);
            leader.acknowledge(2, 2);
            assertThat(leader.appendsTo(2)).extracting(Body.Append::prevIndex).containsExactly(4L);
            assertThat(leader.peer(2).inflightMessages()).isEqualTo(3);
            leader.acknowledge(1, 2);
            assertThat(leader.peer(2).inflightMessages())
                    .as("an old one frees nothing")
                    .isEqualTo(3);
            leader.acknowledge(5, 2);
            assertThat(leader.peer(2).inflightMessages()).isEqualTo(3);
            assertThat(leader.peer(2).next()).isEqualTo(9);
            leader.acknowledge(9, 2);
            assertThat(leader.peer(2).inflightMessages()).isZero();
            assertThat(leader.peer(2).next()).isEqualTo(10);
        }

        /** L12: when everything in the window is lost, the empty append finds out. */
        @Test
        void recovers_when_the_whole_window_is_lost() {
            UnaryOperator<RaftConfig.Builder> narrow = config -> config.maxInflightMessages(3);
            TestCluster cluster = new TestCluster(2, narrow);
            cluster.elect(1);
            cluster.lose(MessageType.APPEND);
            for (int i = 0; i < 6; i++) {
                cluster.propose(1, "x" + i);
            }
            cluster.loseNothing();
            cluster.tick(3);
            assertThat(cluster.node(2).appliedTexts()).containsExactly("x0", "x1", "x2", "x3", "x4", "x5");
        }

        /** L11, mutant 45. */
        @Test
        void has_a_window_in_bytes_too_which_one_append_may_cross() {
            TestNode leader = leader(config -> config.maxMessageBytes(10).maxInflightBytes(10));
            leader.propose("123456");
            leader.propose("1234567890");
            leader.propose("x");
            assertThat(sizes(leader.appendsTo(2))).containsExactly(1L, 1L);
            assertThat(leader.peer(2).inflightBytes()).isEqualTo(16);
            leader.raw.reportUnreachable(2);
            assertThat(leader.peer(2).inflightBytes()).isZero();
            leader.acknowledge(2, 2);
            assertThat(leader.peer(2).inflightBytes()).isEqualTo(10);
        }

        /** L17. */
        @Test
        void is_probed_after_the_host_could_not_reach_it() {
            TestNode leader = leader(UnaryOperator.identity());
            leader.propose("a");
            leader.propose("b");
            leader.sent();
            leader.raw.reportUnreachable(2);
            assertThat(leader.peer(2).state()).isEqualTo(ProgressState.PROBE);
            assertThat(leader.peer(2).next())
                    .as("behind what it is known to have")
                    .isEqualTo(2);
            leader.propose("c");
            Body.Append probe = only(leader.appendsTo(2));
            assertThat(probe.prevIndex()).isEqualTo(1);
            assertThat(probe.entries()).hasSize(3);
            leader.raw.reportUnreachable(2);
            assertThat(leader.peer(2).paused()).as("a probe stays one").isTrue();
            leader.raw.reportUnreachable(99);
        }

        /** L17: a peer that lacks nothing gets an empty append, whose answer ends the probe. */
        @Test
        void that_lacks_nothing_but_is_probed_is_asked_by_an_empty_append() {
            TestNode leader = leader(UnaryOperator.identity());
            leader.raw.reportUnreachable(2);
            leader.answerHeartbeat(2);
            assertThat(sizes(leader.appendsTo(2))).containsExactly(0L);
            leader.acknowledge(1, 2);
            assertThat(leader.peer(2).state()).isEqualTo(ProgressState.REPLICATE);
            leader.answerHeartbeat(2);
            assertThat(leader.appendsTo(2)).as("now there is nothing to say").isEmpty();
        }

        /** L15, mutants 41 and 42. */
        @Test
        void that_rejects_is_probed_unless_it_has_acknowledged_that_since() {
            TestNode leader = leader(UnaryOperator.identity());
            leader.propose("a");
            leader.propose("b");
            leader.acknowledge(2, 2);
            leader.sent();
            leader.reject(2, 2, 0, 0);
            leader.reject(2, 1, 0, 0);
            assertThat(leader.peer(2).state()).isEqualTo(ProgressState.REPLICATE);
            assertThat(leader.appendsTo(2)).isEmpty();
            leader.reject(2, 3, 0, 0);
            assertThat(leader.peer(2).state()).isEqualTo(ProgressState.PROBE);
            Body.Append again = only(leader.appendsTo(2));
            assertThat(again.prevIndex())
                    .as("not before what it is known to have")
                    .isEqualTo(2);
        }
    }

    @Nested
    @DisplayName("the size of an append (L13)")
    class Size {
        private final long two = Entry.wireBytes(entries(2, 2, 2));

        private List<Long> appendsAfterAcknowledgement(long maxMessageBytes) {
            TestNode leader = TestNode.of(1, 3, config -> config.maxMessageBytes(maxMessageBytes))
                    .win();
            for (int i = 2; i <= 6; i++) {
                leader.propose("2/" + i);
            }
            leader.sent();
            leader.acknowledge(1, 2);
            return sizes(leader.appendsTo(2));
        }

        @Test
        void is_as_many_entries_as_fit_and_at_least_one() {
            assertThat(appendsAfterAcknowledgement(two)).containsExactly(2L, 2L, 1L);
            assertThat(appendsAfterAcknowledgement(two - 1)).containsExactly(1L, 1L, 1L, 1L, 1L);
            assertThat(appendsAfterAcknowledgement(0)).containsExactly(1L, 1L, 1L, 1L, 1L);
            assertThat(appendsAfterAcknowledgement(1 << 20)).containsExactly(5L);
        }

        /** The leader's log is on its disk and in its memory: an append spans both. */
        @Test
        void spans_what_is_durable_and_what_is_not() {
            TestNode leader = TestNode.of(1, 3).win();
            leader.acknowledge(1, 3);
            leader.propose("a");
            leader.sent();
            leader.raw.propose(bytes("b"));
            leader.raw.step(new Message(MessageType.APPEND_RESPONSE, 2, 1, 2, Body.AppendResponse.accepted(1)));
            Body.Append append = only(leader.appendsTo(2));
            assertThat(append.entries()).extracting(Entry::index).containsExactly(2L, 3L);
        }
    }

    @Nested
    @DisplayName("telling the commit index (L8, L9)")
    class Commit {
        /** Mutant 28. */
        @Test
        void a_heartbeat_tells_no_more_than_the_peer_is_known_to_have() {
            TestNode leader = leader(UnaryOperator.identity());
            leader.propose("a");
            leader.propose("b");
            leader.acknowledge(3, 2);
            assertThat(leader.commit()).isEqualTo(3);
            leader.sent();
            leader.tick(1);
            List<Message> heartbeats = leader.sent(MessageType.HEARTBEAT);
            assertThat(heartbeats)
                    .extracting(Message::body)
                    .containsExactly(new Body.Heartbeat(3, 2, new byte[0]), new Body.Heartbeat(0, new byte[0]));
        }

        @Test
        void a_new_commit_index_is_told_at_once_to_all_who_may_be_told() {
            TestNode leader = leader(UnaryOperator.identity());
            leader.acknowledge(1, 3);
            leader.propose("a");
            leader.sent();
            leader.acknowledge(2, 2);
            for (long peer : new long[] {2, 3}) {
                leader.acknowledge(0, peer);
            }
            assertThat(leader.sent(MessageType.APPEND)).extracting(Message::to).containsExactly(2L, 3L);
        }

        /** L8: what it was told before may be lost, and the heartbeat could not say more than the peer had acknowledged. */
        @Test
        void a_peer_that_was_sent_a_heartbeat_since_is_told_the_commit_index_again() {
            TestNode leader = leader(UnaryOperator.identity());
            leader.acknowledge(1, 3);
            leader.propose("a");
            leader.acknowledge(2, 2);
            assertThat(leader.appendsTo(3))
                    .last()
                    .extracting(Body.Append::commit)
                    .isEqualTo(2L);
            leader.tick(1);
            leader.sent();
            leader.acknowledge(2, 3);
            assertThat(only(leader.appendsTo(3)).commit()).isEqualTo(2);
        }

        /** L8: a peer that falls behind learns it with its next acknowledgement; kernel.md 4.1, lagging_commit. */
        @Test
        void a_peer_that_acknowledges_later_learns_a_commit_index_that_covers_it() {
            TestNode leader = leader(UnaryOperator.identity());
            leader.acknowledge(1, 3);
            leader.propose("a");
            leader.acknowledge(2, 2);
            leader.sent();
            leader.raw.reportUnreachable(3);
            leader.acknowledge(1, 3);
            leader.sent();
            leader.acknowledge(2, 3);
            assertThat(leader.appendsTo(3)).as("it was told with the entries").isEmpty();
            leader.tick(1);
            leader.sent();
            leader.propose("b");
            leader.sent();
            leader.acknowledge(3, 2);
            assertThat(only(leader.appendsTo(3)).commit()).isEqualTo(3);
        }
    }

    /** Kernel.md 4.1, LeaderAppResp: from a peer of which 3 entries are sent, and its progress afterwards. */
    @Test
    void answers_move_the_progress_of_their_sender_only() {
        TestNode leader =
                TestNode.withLog(1, 3, UnaryOperator.identity(), 1, 1, 1).win();
        leader.sent();
        leader.acknowledge(2, 2);
        assertThat(leader.peer(2).match()).isEqualTo(2);
        assertThat(leader.peer(3).match()).isZero();
        assertThat(leader.peer(3).next()).isEqualTo(3);
        assertThat(leader.peer(1).match()).isEqualTo(3);
        assertThat(leader.role()).isEqualTo(RaftRole.LEADER);
    }

    /** Kernel.md 4.1, MsgAppRespWaitReset. */
    @Test
    void a_peer_that_was_waited_for_gets_what_came_meanwhile() {
        TestNode leader = TestNode.of(1, 3).win();
        leader.acknowledge(1, 2);
        leader.propose("a");
        leader.sent();
        leader.acknowledge(1, 3);
        assertThat(only(leader.appendsTo(3)).entries()).extracting(Entry::index).containsExactly(2L);
    }

    /** A leader has no window for itself, and sends itself nothing. */
    @Test
    void nothing_is_sent_to_oneself() {
        TestNode leader = leader(UnaryOperator.identity());
        leader.propose("a");
        leader.tick(3);
        leader.raw.readIndex(bytes("r"));
        assertThat(leader.sent()).isNotEmpty().noneMatch(message -> message.to() == 1);
    }
}
