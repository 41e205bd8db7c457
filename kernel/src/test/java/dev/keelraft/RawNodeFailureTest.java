package dev.keelraft;

import static dev.keelraft.TestNode.bytes;
import static dev.keelraft.TestNode.entries;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.keelraft.model.Body;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import dev.keelraft.model.Snapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.UnaryOperator;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Damage that the protocol cannot heal: it is found, named, and the node takes no part any more. */
class RawNodeFailureTest {
    private static final ConfState THREE = TestNode.confState(3);

    private static RaftFailedException assertFails(ThrowingCallable call, FailureCause cause) {
        RaftFailedException failed = catchThrowableOfType(RaftFailedException.class, call);
        assertThat(failed).as("a failure").isNotNull();
        assertThat(failed.failure()).as(failed.toString()).isEqualTo(cause);
        assertThat(failed).hasMessageStartingWith(cause + ": ");
        return failed;
    }

    private static void assertDead(RawNode node, RaftFailedException first) {
        RawNodeCalls.assertComplete();
        RawNodeCalls.ALL.forEach((name, call) -> {
            RaftFailedException later = assertFails(() -> call.accept(node), first.failure());
            assertThat(later).as(name).hasCause(first).hasMessageContaining("the node has failed before");
        });
        RaftFailedException later = assertFails(() -> node.propose(new byte[9 << 20]), first.failure());
        assertThat(later).hasCause(first);
    }

    @Nested
    @DisplayName("what a leader tells of the log")
    class Log {
        /** L4: etcd issues 10166, 20269. */
        @Test
        void a_heartbeat_with_a_commit_index_beyond_the_log_is_the_loss_of_entries() {
            TestNode node = TestNode.withLog(1, 3, UnaryOperator.identity(), 1, 1, 1);
            Body heartbeat = new Body.Heartbeat(3, new byte[0]);
            RaftFailedException failed =
                    assertFails(() -> node.step(MessageType.HEARTBEAT, 2, 1, heartbeat), FailureCause.LOG_LOSS);
            assertThat(failed).hasMessageContaining("index 3").hasMessageContaining("ends at 2");
            assertDead(node.raw, failed);
        }

        @Test
        void a_heartbeat_with_the_last_index_as_commit_index_is_none() {
            TestNode node = TestNode.withLog(1, 3, UnaryOperator.identity(), 1, 1, 1);
            node.step(MessageType.HEARTBEAT, 2, 1, new Body.Heartbeat(2, new byte[0]));
            assertThat(node.commit()).isEqualTo(2);
        }

        /** L2. */
        @Test
        void an_entry_that_differs_from_a_committed_one_is_a_conflict() {
            TestNode node = TestNode.withLog(1, 3, UnaryOperator.identity(), 1, 1, 1, 1);
            node.step(MessageType.HEARTBEAT, 2, 1, new Body.Heartbeat(2, new byte[0]));
            // The place before it matches, for an append that begins before the commit index is answered unread.
            MemoryStorage behind = new MemoryStorage(new Snapshot(2, 1, THREE, bytes("s")));
            behind.setHardState(new HardState(1, 0, 2));
            RaftLog log = new RaftLog(new CheckedStorage(behind), 1_000);
            log.append(entries(3, 1, 1));
            log.commitTo(4);
            RaftFailedException failed =
                    assertFails(() -> log.appendIfMatching(2, 1, entries(3, 1, 2)), FailureCause.LOG_CONFLICT);
            assertThat(failed).hasMessageContaining("commit 4");
            assertThat(log.lastIndex()).isEqualTo(4);
            assertThat(log.term(4)).isEqualTo(1);
        }

        /** S8, where etcd's library panics: it is a peer's message, and says nothing about our own log. */
        @Test
        void a_snapshot_whose_members_make_no_configuration_is_dropped() {
            TestNode node = TestNode.of(1, 3);
            ConfState learnerAndVoter = ConfState.of(List.of(1L, 2L), List.of(2L));
            Body install = new Body.InstallSnapshot(new Snapshot(5, 1, learnerAndVoter, bytes("s")));
            assertThat(node.step(MessageType.INSTALL_SNAPSHOT, 2, 1, install)).isEqualTo(StepResult.MALFORMED);
            assertThat(node.raw.hasReady()).isFalse();
            assertThat(node.raw.status().dropped()).containsEntry(StepResult.MALFORMED, 1L);
        }

        @Test
        void members_to_restart_with_that_make_no_configuration_are_refused() {
            MemoryStorage storage = new MemoryStorage();
            storage.setHardState(new HardState(1, 0, 0));
            Applied applied = new Applied(0, ConfState.of(List.of(1L, 2L), List.of(2L)));
            assertThatThrownBy(() -> RawNode.restart(TestNode.plain(1).build(), storage, applied))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("a learner is a voter");
        }
    }

    @Nested
    @DisplayName("a storage that throws")
    class Throwing {
        private final IllegalStateException broken = new IllegalStateException("disk is gone");

        /** Throws from one of its methods, once it is told to. */
        private final class Breaking extends DelegatingStorage {
            private final String call;
            boolean isBroken;

            Breaking(String call) {
                this.call = call;
            }

            private void answer(String asked) {
                if (isBroken && asked.equals(call)) {
                    throw broken;
                }
            }

            @Override
            public HardState hardState() {
                answer("hardState");
                return super.hardState();
            }

            @Override
            public long firstIndex() {
                answer("firstIndex");
                return super.firstIndex();
            }

            @Override
            public long lastIndex() {
                answer("lastIndex");
                return super.lastIndex();
            }

            @Override
            public long term(long index) {
                answer("term");
                return super.term(index);
            }

            @Override
            public List<Entry> entries(long low, long high, long maxBytes) {
                answer("entries");
                return super.entries(low, high, maxBytes);
            }

            @Override
            public Snapshot snapshot() {
                answer("snapshot");
                return super.snapshot();
            }
        }

        @Test
        void fails_the_start() {
            for (String call : List.of("hardState", "firstIndex", "lastIndex")) {
                Breaking storage = new Breaking(call);
                storage.memory.setHardState(new HardState(1, 0, 0));
                storage.isBroken = true;
                assertStorage(call, () -> start(storage));
            }
            for (String call : List.of("hardState", "lastIndex", "snapshot")) {
                Breaking storage = new Breaking(call);
                storage.isBroken = true;
                assertStorage(call, () -> RawNode.join(config(), storage));
                assertStorage(call, () -> RawNode.bootstrap(config(), storage, List.of(1L)));
            }
        }

        @Test
        void fails_the_node_whatever_call_it_is_asked_in() {
            for (String call : List.of("firstIndex", "lastIndex", "term", "entries", "snapshot")) {
                Breaking storage = new Breaking(call);
                RawNode node = leaderBehindSnapshot(storage);
                storage.isBroken = true;
                RaftFailedException failed = assertStorage(call, () -> askEverything(node));
                assertDead(node, failed);
            }
        }

        /** The calls that a host makes often, each as the first to meet the broken disk. */
        @Test
        void fails_the_node_in_every_frequent_call() {
            Breaking storage = new Breaking("firstIndex");
            RawNode follower = node(storage, THREE, false);
            assertBreaks(storage, follower, () -> {
                for (int tick = 0; tick < 2 * config().electionTicks(); tick++) {
                    follower.tick();
                }
            });

            storage = new Breaking("lastIndex");
            RawNode idle = node(storage, THREE, false);
            assertBreaks(storage, idle, idle::hasReady);

            storage = new Breaking("lastIndex");
            RawNode candidate = node(storage, THREE, false);
            candidate.campaign();
            assertBreaks(storage, candidate, candidate::ready);

            // What a candidate stores that is alone is its vote, and with that it leads.
            ConfState alone = TestNode.confState(1);
            storage = new Breaking("lastIndex");
            RawNode advancing = node(storage, alone, false);
            advancing.campaign();
            Ready vote = advancing.ready();
            assertBreaks(storage, advancing, () -> advancing.advance(vote));

            storage = new Breaking("lastIndex");
            RawNode persisting = node(storage, alone, true);
            persisting.campaign();
            Ready asyncVote = persisting.ready();
            assertBreaks(storage, persisting, () -> persisting.persisted(asyncVote));

            storage = new Breaking("lastIndex");
            RawNode leader = node(storage, alone, false);
            leader.campaign();
            persist(leader, storage.memory);
            assertBreaks(storage, leader, () -> leader.propose(bytes("x")));

            // Once its first entry is applied, the leader leaves the joint configuration by an entry of its own.
            ConfState joint = new ConfState(List.of(1L), List.of(1L), List.of(), List.of(), true);
            storage = new Breaking("lastIndex");
            RawNode applying = node(storage, joint, true);
            applying.campaign();
            Ready last = applying.ready();
            while (last.committedEntries().isEmpty()) {
                storage.memory.append(last.snapshot(), last.hardState(), last.entries());
                applying.persisted(last);
                last = applying.ready();
            }
            Ready committed = last;
            assertBreaks(storage, applying, () -> applying.applied(committed));
        }

        private static RawNode node(Breaking storage, ConfState members, boolean async) {
            storage.memory.setHardState(new HardState(1, 0, 0));
            RaftConfig config = TestNode.plain(1).asyncStorageWrites(async).build();
            return RawNode.restart(config, storage, new Applied(0, members));
        }

        private void assertBreaks(Breaking storage, RawNode node, ThrowingCallable call) {
            storage.isBroken = true;
            assertDead(node, assertStorage(storage.call, call));
        }

        private RaftFailedException assertStorage(String call, ThrowingCallable asking) {
            RaftFailedException failed = assertFails(asking, FailureCause.STORAGE);
            assertThat(failed).hasMessageContaining("Storage." + call + "(").hasCause(broken);
            return failed;
        }
    }

    private static RaftConfig config() {
        return TestNode.plain(1).build();
    }

    private static RawNode start(Storage storage) {
        return RawNode.restart(config(), storage, new Applied(storage.snapshot().index(), THREE));
    }

    /** Leads three nodes, of which 2 has everything but the last entry, and 3 nothing; the log begins behind index 3. */
    private static RawNode leaderBehindSnapshot(DelegatingStorage storage) {
        MemoryStorage memory = storage.memory;
        if (memory.lastIndex() == 0) {
            memory.installSnapshot(new Snapshot(3, 1, THREE, bytes("s")));
            memory.append(entries(4, 1, 1));
        }
        memory.setHardState(new HardState(1, 0, 3));
        RawNode node = RawNode.restart(config(), storage, new Applied(3, THREE));
        node.campaign();
        persist(node, memory);
        node.step(new Message(
                MessageType.VOTE_RESPONSE, 2, 1, node.status().hardState().term(), new Body.VoteResponse(false)));
        persist(node, memory);
        return node;
    }

    private static void persist(RawNode node, MemoryStorage memory) {
        while (node.hasReady()) {
            Ready ready = node.ready();
            memory.append(ready.snapshot(), ready.hardState(), ready.entries());
            node.advance(ready);
        }
    }

    /** Answers of the followers for which the leader must look up all that a storage has. */
    private static void askEverything(RawNode node) {
        long term = node.status().hardState().term();
        node.step(new Message(MessageType.APPEND_RESPONSE, 2, 1, term, Body.AppendResponse.accepted(4)));
        node.step(new Message(MessageType.APPEND_RESPONSE, 2, 1, term, Body.AppendResponse.accepted(6)));
        node.step(new Message(MessageType.APPEND_RESPONSE, 3, 1, term, new Body.AppendResponse(5, true, 0, 0)));
        node.hasReady();
        node.ready();
    }

    @Nested
    @DisplayName("a storage that answers nonsense")
    class Nonsense {
        private final Entry stranger = Entry.empty(1, 99);

        @Test
        void entries_that_were_not_asked_for_or_too_many_are_found() {
            List<Entry> four = entries(4, 1, 1, 1, 1);
            List<Entry> withHole = new ArrayList<>(four);
            withHole.set(1, stranger);
            List<List<Entry>> nonsense =
                    List.of(entries(5, 1), entries(3, 1, 1), List.of(four.get(0), stranger), four, withHole);
            for (List<Entry> answer : nonsense) {
                AtomicBoolean isBroken = new AtomicBoolean();
                DelegatingStorage storage = new DelegatingStorage() {
                    @Override
                    public List<Entry> entries(long low, long high, long maxBytes) {
                        return isBroken.get() ? answer : super.entries(low, high, maxBytes);
                    }
                };
                RawNode node = leaderBehindSnapshot(storage);
                isBroken.set(true);
                RaftFailedException failed = assertFails(() -> askEverything(node), FailureCause.STORAGE);
                assertThat(failed).hasMessageContaining("Storage.entries(");
                assertDead(node, failed);
            }
        }

        /** Each fault alone, in an answer that is right but for that. */
        @Test
        void entries_must_begin_and_end_where_they_were_asked_for() {
            assertThat(answered(entries(4, 1, 1))).hasSize(2);
            assertThat(answered(entries(4, 1))).as("less is allowed").hasSize(1);
            assertThat(answered(List.of())).as("pending").isEmpty();
            List<List<Entry>> wrong = List.of(
                    entries(4, 1, 1, 1), entries(3, 1, 1), List.of(entries(4, 1).get(0), stranger));
            for (List<Entry> answer : wrong) {
                assertFails(() -> answered(answer), FailureCause.STORAGE);
            }
        }

        /** What the kernel gets that asks for the entries 4 and 5. */
        private static List<Entry> answered(List<Entry> answer) {
            CheckedStorage storage = new CheckedStorage(new DelegatingStorage() {
                @Override
                public List<Entry> entries(long low, long high, long maxBytes) {
                    return answer;
                }
            });
            return storage.entries(4, 6, RaftConfig.NO_LIMIT);
        }

        @Test
        @SuppressWarnings("NullAway") // What NullAway forbids is what is tested: not every host is checked by it.
        void null_is_found() {
            assertNonsense("entries", new DelegatingStorage() {
                @Override
                public List<Entry> entries(long low, long high, long maxBytes) {
                    return null;
                }
            });
            assertNonsense("snapshot", new DelegatingStorage() {
                @Override
                public Snapshot snapshot() {
                    return null;
                }
            });
            DelegatingStorage noHardState = new DelegatingStorage() {
                @Override
                public HardState hardState() {
                    return null;
                }
            };
            assertThat(assertFails(() -> RawNode.join(config(), noHardState), FailureCause.STORAGE))
                    .hasMessageContaining("Storage.hardState()");
        }

        @Test
        void an_index_or_term_that_cannot_be_is_found() {
            assertNonsense("term", new DelegatingStorage() {
                @Override
                public long term(long index) {
                    return -1;
                }
            });
            for (long first : new long[] {0, -1}) {
                DelegatingStorage storage = new DelegatingStorage() {
                    @Override
                    public long firstIndex() {
                        return first;
                    }
                };
                storage.memory.setHardState(new HardState(1, 0, 0));
                assertThat(assertFails(() -> start(storage), FailureCause.STORAGE))
                        .hasMessageContaining("Storage.firstIndex()");
            }
            DelegatingStorage endsBeforeItBegins = new DelegatingStorage() {
                @Override
                public long lastIndex() {
                    return firstIndex() - 2;
                }
            };
            endsBeforeItBegins.memory.installSnapshot(new Snapshot(3, 1, THREE, bytes("s")));
            assertThat(assertFails(() -> start(endsBeforeItBegins), FailureCause.STORAGE))
                    .hasMessageContaining("Storage.lastIndex()");
        }

        private static void assertNonsense(String call, DelegatingStorage storage) {
            RaftFailedException failed =
                    assertFails(() -> askEverything(leaderBehindSnapshot(storage)), FailureCause.STORAGE);
            assertThat(failed).hasMessageContaining("Storage." + call + "(");
        }

        /** Ready promises that its lists never change, whatever the host's storage keeps. */
        @Test
        void a_list_that_changes_later_is_copied() {
            List<Entry> mine = new ArrayList<>();
            DelegatingStorage storage = new DelegatingStorage() {
                @Override
                public List<Entry> entries(long low, long high, long maxBytes) {
                    mine.clear();
                    mine.addAll(super.entries(low, high, maxBytes));
                    return mine;
                }
            };
            storage.memory.append(entries(1, 1, 1));
            storage.memory.setHardState(new HardState(1, 0, 2));
            Ready ready = start(storage).ready();
            mine.clear();
            assertThat(ready.committedEntries()).isEqualTo(entries(1, 1, 1));
            assertThatThrownBy(() -> ready.committedEntries().clear())
                    .isInstanceOf(UnsupportedOperationException.class);
        }
    }

    @Nested
    @DisplayName("the rest")
    class Rest {
        @Test
        void an_exception_in_the_midst_of_a_change_is_a_defect_and_kills_the_node() {
            IllegalStateException thrown = new IllegalStateException("no luck");
            RaftConfig config = RaftConfig.builder(1, new Failing(thrown)).build();
            MemoryStorage storage = new MemoryStorage();
            storage.setHardState(new HardState(1, 0, 0));
            RawNode node = RawNode.restart(config, storage, new Applied(0, THREE));
            Message vote = new Message(MessageType.VOTE, 2, 1, 7, new Body.Vote(0, 0, false));
            RaftFailedException failed = assertFails(() -> node.step(vote), FailureCause.INVARIANT);
            assertThat(failed).hasCause(thrown);
            assertDead(node, failed);
        }

        @Test
        void an_error_is_passed_on_as_it_is_and_kills_the_node_too() {
            StackOverflowError thrown = new StackOverflowError();
            RaftConfig config = RaftConfig.builder(1, new Failing(thrown)).build();
            MemoryStorage storage = new MemoryStorage();
            storage.setHardState(new HardState(1, 0, 0));
            RawNode node = RawNode.restart(config, storage, new Applied(0, THREE));
            Message vote = new Message(MessageType.VOTE, 2, 1, 7, new Body.Vote(0, 0, false));
            assertThat(catchThrowable(() -> node.step(vote))).isSameAs(thrown);
            assertFails(node::tick, FailureCause.INVARIANT);
        }

        /** Draws once, for the start, and then throws. */
        private static final class Failing extends Random {
            private static final long serialVersionUID = 1L;
            private final transient Throwable thrown;
            private boolean started;

            Failing(Throwable thrown) {
                this.thrown = thrown;
            }

            @Override
            public long nextLong() {
                if (!started) {
                    started = true;
                    return 0;
                }
                if (thrown instanceof Error error) {
                    throw error;
                }
                throw (RuntimeException) thrown;
            }
        }

        @Test
        void a_mark_or_a_term_that_would_move_where_it_must_not_is_a_defect() {
            RaftLog log = new RaftLog(new CheckedStorage(new MemoryStorage()), 1_000);
            log.append(entries(1, 1, 1, 1));
            log.commitTo(2);
            log.appliedTo(1, 0);
            assertDefect(() -> log.append(entries(2, 1)), "append behind 1, committed is 2");
            assertDefect(() -> log.appliedTo(3, 0), "applied 3 <= committed 2");
            assertDefect(() -> log.appliedTo(0, 0), "applied 0 does not move back from 1");
            assertThat(log).hasToString("log [1, 3] committed 2 applying 1 applied 1 durable 0");

            Raft follower = TestNode.of(1, 3).raw.raft();
            assertDefect(() -> follower.becomeFollower(0, 2), "term 0 does not fall below 1");
            assertDefect(follower::becomeLeader, "only a candidate wins (node 1, term 1)");
            assertThat(follower.term()).isEqualTo(1);
        }

        private static void assertDefect(ThrowingCallable call, String fact) {
            assertThat(assertFails(call, FailureCause.INVARIANT)).hasMessage("INVARIANT: does not hold: " + fact);
        }

        @Test
        void other_groups_of_the_same_host_live_on() {
            TestNode broken = TestNode.of(1, 3);
            TestNode sound = TestNode.of(1, 3);
            Body heartbeat = new Body.Heartbeat(3, new byte[0]);
            assertFails(() -> broken.step(MessageType.HEARTBEAT, 2, 1, heartbeat), FailureCause.LOG_LOSS);
            assertThat(sound.win().propose("x").isAccepted()).isTrue();
        }
    }
}
