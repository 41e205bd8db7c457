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
import dev.keelraft.model.RaftRole;
import dev.keelraft.model.Snapshot;
import dev.keelraft.model.SoftState;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** What a Ready holds, and what it may not hold yet (kernel.md 1.9, 1.10). */
class ReadyTest {
    private static final byte[] NOTHING = {};

    private static Ready readyAfter(TestNode node, MessageType type, long from, long term, Body body) {
        node.raw.step(new Message(type, from, node.id, term, body));
        return node.raw.ready();
    }

    @Nested
    @DisplayName("mustSync (N3, mutant 81)")
    class MustSync {
        private final TestNode node = TestNode.withLog(1, 3, UnaryOperator.identity(), 1, 1);

        @Test
        void entries_demand_it() {
            Body append = new Body.Append(1, 1, 0, entries(2, 1));
            Ready ready = readyAfter(node, MessageType.APPEND, 2, 1, append);
            assertThat(ready.hardState()).isEqualTo(HardState.EMPTY);
            assertThat(ready.mustSync()).isTrue();
        }

        @Test
        void a_vote_demands_it() {
            Ready ready = readyAfter(node, MessageType.VOTE, 2, 1, new Body.Vote(1, 1, false));
            assertThat(ready.hardState()).isEqualTo(new HardState(1, 2, 0));
            assertThat(ready.mustSync()).isTrue();
        }

        @Test
        void a_term_demands_it() {
            Ready ready = readyAfter(node, MessageType.HEARTBEAT, 2, 2, new Body.Heartbeat(0, NOTHING));
            assertThat(ready.hardState()).isEqualTo(new HardState(2, 0, 0));
            assertThat(ready.mustSync()).isTrue();
        }

        @Test
        void a_commit_index_alone_does_not() {
            Ready ready = readyAfter(node, MessageType.HEARTBEAT, 2, 1, new Body.Heartbeat(1, NOTHING));
            assertThat(ready.hardState()).isEqualTo(new HardState(1, 0, 1));
            assertThat(ready.committedEntries()).hasSize(1);
            assertThat(ready.mustSync()).isFalse();
        }

        @Test
        void a_snapshot_demands_it() {
            Snapshot snapshot = new Snapshot(9, 1, TestNode.confState(3), bytes("state"));
            Ready ready = readyAfter(node, MessageType.INSTALL_SNAPSHOT, 2, 1, new Body.InstallSnapshot(snapshot));
            assertThat(ready.snapshot()).isEqualTo(snapshot);
            assertThat(ready.hardState()).isEqualTo(new HardState(1, 0, 9));
            assertThat(ready.mustSync()).isTrue();
        }

        @Test
        void messages_and_a_new_leader_do_not() {
            Ready ready = readyAfter(node, MessageType.HEARTBEAT, 2, 1, new Body.Heartbeat(0, NOTHING));
            assertThat(ready.messages()).hasSize(1);
            assertThat(ready.softStateChanged()).isTrue();
            assertThat(ready.softState()).isEqualTo(new SoftState(2, RaftRole.FOLLOWER));
            assertThat(ready.mustSync()).isFalse();
        }
    }

    @Nested
    @DisplayName("the two lists of messages (A2, X1)")
    class Lists {
        private final Set<MessageType> waiting = EnumSet.of(
                MessageType.APPEND_RESPONSE,
                MessageType.VOTE_RESPONSE,
                MessageType.PRE_VOTE_RESPONSE,
                MessageType.VOTE);

        private static Body body(MessageType type) {
            return switch (type) {
                case APPEND -> new Body.Append(0, 0, 0, List.of());
                case APPEND_RESPONSE -> Body.AppendResponse.accepted(0);
                case VOTE, PRE_VOTE -> new Body.Vote(0, 0, false);
                case VOTE_RESPONSE, PRE_VOTE_RESPONSE -> new Body.VoteResponse(true);
                case HEARTBEAT -> new Body.Heartbeat(0, NOTHING);
                case HEARTBEAT_RESPONSE -> new Body.HeartbeatResponse(NOTHING);
                case INSTALL_SNAPSHOT -> new Body.InstallSnapshot(Snapshot.NONE);
                case READ_INDEX -> new Body.ReadIndex(NOTHING);
                case READ_INDEX_RESPONSE -> new Body.ReadIndexResponse(0, NOTHING);
                case PROPOSE -> new Body.Propose(List.of());
                case TIMEOUT_NOW -> new Body.TimeoutNow();
                case TRANSFER_LEADER -> new Body.TransferLeader();
            };
        }

        private Ready sendAll(UnaryOperator<RaftConfig.Builder> settings) {
            TestNode node = TestNode.of(1, 3, settings);
            for (MessageType type : MessageType.values()) {
                for (long to : new long[] {2, 3}) {
                    node.raw.raft().outbox().send(type, to, body(type));
                }
            }
            return node.raw.ready();
        }

        /** Mutants 17, 18, 19. */
        @Test
        void promises_wait_for_the_disk_and_everything_else_does_not() {
            Ready ready = sendAll(UnaryOperator.identity());
            assertThat(EnumSet.copyOf(types(ready.messagesAfterPersist()))).isEqualTo(waiting);
            assertThat(EnumSet.copyOf(types(ready.messages())))
                    .isEqualTo(EnumSet.complementOf(EnumSet.copyOf(waiting)));
            assertThat(ready.messages().size() + ready.messagesAfterPersist().size())
                    .isEqualTo(2 * MessageType.values().length);
        }

        @Test
        void without_the_deviation_a_vote_request_does_not_wait() {
            Ready ready = sendAll(config -> config.deviations(Set.of()));
            assertThat(types(ready.messages())).contains(MessageType.VOTE);
            assertThat(types(ready.messagesAfterPersist())).doesNotContain(MessageType.VOTE);
        }

        @Test
        void each_list_keeps_the_order_in_which_its_messages_were_written() {
            Ready ready = sendAll(UnaryOperator.identity());
            List<MessageType> now = new ArrayList<>();
            List<MessageType> later = new ArrayList<>();
            for (MessageType type : MessageType.values()) {
                List<MessageType> list = waiting.contains(type) ? later : now;
                list.add(type);
                list.add(type);
            }
            assertThat(types(ready.messages())).isEqualTo(now);
            assertThat(types(ready.messagesAfterPersist())).isEqualTo(later);
            assertThat(ready.messages()).extracting(Message::to).startsWith(2L, 3L, 2L, 3L);
        }

        private static List<MessageType> types(List<Message> messages) {
            return messages.stream().map(Message::type).toList();
        }

        /** E10, L7, mutants 20 and 21: what a node tells itself counts when its Ready is done, and leaves nowhere. */
        @Test
        void what_a_node_tells_itself_is_not_handed_out_and_counts_once_it_is_durable() {
            TestNode node = TestNode.of(1, 1);
            node.raw.campaign();
            Ready vote = node.raw.ready();
            assertThat(vote.messages()).isEmpty();
            assertThat(vote.messagesAfterPersist()).isEmpty();
            assertThat(node.role()).as("its own vote is not on the disk yet").isEqualTo(RaftRole.CANDIDATE);
            node.raw.advance(vote);
            assertThat(node.role()).isEqualTo(RaftRole.LEADER);
            Ready opening = node.raw.ready();
            assertThat(opening.entries()).hasSize(1);
            assertThat(opening.committedEntries()).isEmpty();
            assertThat(node.commit()).as("nor is its own entry").isZero();
            node.storage.append(opening.entries());
            node.raw.advance(opening);
            assertThat(node.commit()).isEqualTo(1);
        }

        /** Camunda issue 5360, mutant 83: what was written in a term is sent with that term. */
        @Test
        void a_message_keeps_the_term_in_which_it_was_written() {
            TestNode node = TestNode.of(1, 3);
            Body append = new Body.Append(0, 0, 0, entries(1, 1));
            node.raw.step(new Message(MessageType.APPEND, 2, 1, 1, append));
            node.raw.step(new Message(MessageType.HEARTBEAT, 3, 1, 5, new Body.Heartbeat(0, NOTHING)));
            Ready ready = node.raw.ready();
            assertThat(ready.messagesAfterPersist())
                    .containsExactly(
                            new Message(MessageType.APPEND_RESPONSE, 1, 2, 1, Body.AppendResponse.accepted(1)));
            assertThat(ready.messages())
                    .containsExactly(
                            new Message(MessageType.HEARTBEAT_RESPONSE, 1, 3, 5, new Body.HeartbeatResponse(NOTHING)));
        }

        /** The leader's own acknowledgement of a term that is over does not count in the next one that it leads. */
        @Test
        void a_letter_to_oneself_of_an_earlier_term_means_nothing() {
            TestNode node = TestNode.of(1, 3).win();
            node.raw.propose(bytes("x"));
            Ready ready = node.raw.ready();
            node.raw.step(new Message(MessageType.HEARTBEAT, 2, 1, 5, new Body.Heartbeat(0, NOTHING)));
            node.storage.append(ready.entries());
            node.raw.advance(ready);
            assertThat(node.role()).isEqualTo(RaftRole.FOLLOWER);
            assertThat(node.dropped(StepResult.OLD_TERM)).isEqualTo(1);
        }
    }

    @Nested
    @DisplayName("immutable and stays as it is")
    class Immutable {
        @Test
        void no_list_can_be_changed() {
            TestNode leader = TestNode.of(1, 3).win();
            leader.acknowledge(1, 2);
            leader.raw.readIndex(bytes("r"));
            leader.raw.propose(bytes("x"));
            leader.raw.step(new Message(MessageType.PRE_VOTE, 3, 1, 9, new Body.Vote(0, 0, false)));
            leader.raw.step(new Message(MessageType.APPEND_RESPONSE, 2, 1, 2, Body.AppendResponse.accepted(2)));
            leader.raw.raft().reads().answer(1, bytes("r"), 1);
            for (Ready ready : List.of(leader.raw.ready(), TestNode.of(2, 3).raw.ready())) {
                for (List<?> list : List.of(
                        ready.entries(),
                        ready.committedEntries(),
                        ready.messages(),
                        ready.messagesAfterPersist(),
                        ready.readStates())) {
                    assertThatThrownBy(list::clear).isInstanceOf(UnsupportedOperationException.class);
                }
            }
        }

        /** Mutant 85, raft issue 45. */
        @Test
        void what_happens_later_does_not_change_it() {
            TestNode node = TestNode.of(1, 3);
            Body append = new Body.Append(0, 0, 0, entries(1, 1, 1));
            Ready ready = readyAfter(node, MessageType.APPEND, 2, 1, append);
            node.raw.step(new Message(MessageType.APPEND, 3, 1, 2, new Body.Append(0, 0, 0, entries(1, 2))));
            assertThat(ready.entries()).isEqualTo(entries(1, 1, 1));
            assertThat(ready.messagesAfterPersist()).hasSize(1);
            assertThat(ready.hardState()).isEqualTo(HardState.EMPTY);
            assertThat(ready.softState()).isEqualTo(new SoftState(2, RaftRole.FOLLOWER));
        }

        @Test
        void it_is_compared_by_identity() {
            TestNode a = TestNode.of(1, 3);
            Ready one = a.raw.ready();
            a.raw.advance(one);
            assertThat(a.raw.ready()).isNotEqualTo(one);
        }
    }

    @Nested
    @DisplayName("what there is to do (N2, N4)")
    class Work {
        @Test
        void soft_and_hard_state_are_there_only_when_they_changed() {
            TestNode node = TestNode.of(1, 3);
            assertThat(node.raw.hasReady()).isFalse();
            Ready empty = node.raw.ready();
            assertThat(empty.softStateChanged()).isFalse();
            assertThat(empty.softState()).isEqualTo(new SoftState(0, RaftRole.FOLLOWER));
            assertThat(empty.hardState()).isEqualTo(HardState.EMPTY);
            node.raw.advance(empty);
            node.follow(2, 1);
            Ready same = node.raw.ready();
            assertThat(same.softStateChanged()).isFalse();
            assertThat(same.softState()).isEqualTo(new SoftState(2, RaftRole.FOLLOWER));
        }

        @Test
        void each_kind_of_work_alone_makes_a_ready() {
            TestNode soft = TestNode.of(1, 3).follow(2, 1);
            soft.raw.forgetLeader();
            assertThat(soft.raw.hasReady()).as("soft state").isTrue();

            TestNode hard = TestNode.withLog(1, 3, UnaryOperator.identity(), 1, 1);
            hard.raw.raft().log().commitTo(1);
            assertThat(hard.raw.hasReady()).as("hard state").isTrue();

            TestNode read = TestNode.of(1, 3);
            read.raw.raft().reads().answer(1, bytes("r"), 0);
            assertThat(read.raw.hasReady()).as("read states").isTrue();
            assertThat(read.raw.ready().readStates()).containsExactly(new ReadState(0, bytes("r")));

            TestNode now = TestNode.of(1, 3);
            now.raw.raft().outbox().send(MessageType.HEARTBEAT, 2, new Body.Heartbeat(0, NOTHING));
            assertThat(now.raw.hasReady()).as("messages").isTrue();

            TestNode later = TestNode.of(1, 3);
            later.raw.raft().outbox().send(MessageType.APPEND_RESPONSE, 2, Body.AppendResponse.accepted(0));
            assertThat(later.raw.hasReady()).as("messages after persist").isTrue();

            TestNode entries = TestNode.of(1, 3);
            entries.raw.raft().log().append(entries(1, 1));
            assertThat(entries.raw.hasReady()).as("entries").isTrue();

            MemoryStorage storage = new MemoryStorage();
            storage.append(entries(1, 1));
            storage.setHardState(new HardState(1, 0, 1));
            RawNode committed = RawNode.restart(
                    RaftConfig.builder(1, new Random(1)).build(),
                    storage,
                    new Applied(0, ConfState.of(List.of(1L, 2L))));
            assertThat(committed.hasReady()).as("committed entries").isTrue();
        }

        @Test
        void to_ask_whether_there_is_work_takes_nothing_away() {
            TestNode leader = TestNode.of(1, 3).win();
            leader.acknowledge(1, 2, 3);
            leader.raw.propose(bytes("x"));
            assertThat(leader.raw.hasReady()).isTrue();
            assertThat(leader.raw.hasReady()).isTrue();
            Ready ready = leader.raw.ready();
            assertThat(ready.entries()).hasSize(1);
            assertThat(ready.messages()).isNotEmpty();
        }

        @Test
        void everything_else_goes_on_while_a_ready_is_out() {
            TestNode leader = TestNode.of(1, 3).win();
            leader.sent();
            leader.raw.propose(bytes("x"));
            Ready out = leader.raw.ready();
            leader.raw.tick();
            leader.raw.propose(bytes("y"));
            leader.raw.step(new Message(MessageType.HEARTBEAT_RESPONSE, 2, 1, 2, new Body.HeartbeatResponse(NOTHING)));
            assertThat(out.entries()).containsExactly(Entry.normal(2, 2, bytes("x")));
            leader.storage.append(out.entries());
            leader.raw.advance(out);
            Ready next = leader.raw.ready();
            assertThat(next.entries()).containsExactly(Entry.normal(2, 3, bytes("y")));
            assertThat(next.messages()).extracting(Message::type).contains(MessageType.HEARTBEAT);
        }
    }
}
