package dev.keelraft;

import static dev.keelraft.TestNode.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keelraft.model.Body;
import dev.keelraft.model.ConfChange;
import dev.keelraft.model.ConfChange.Change;
import dev.keelraft.model.ConfChange.ChangeType;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.EntryType;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** What a host must not do: it throws at once, names the rule, and changes nothing, so that the right call still works. */
class RawNodeMisuseTest {
    private final MemoryStorage storage = new MemoryStorage();

    /** A leader that is alone in its group, so that everything it does shows in its own Readys. */
    private RawNode leader(boolean async) {
        storage.setHardState(new HardState(1, 0, 0));
        RaftConfig config = RaftConfig.builder(1, new Random(1))
                .preVote(false)
                .asyncStorageWrites(async)
                .build();
        RawNode node = RawNode.restart(config, storage, new Applied(0, ConfState.of(List.of(1L))));
        node.campaign();
        settle(node, async);
        assertThat(node.status().applied()).isEqualTo(1);
        return node;
    }

    private void settle(RawNode node, boolean async) {
        while (node.hasReady()) {
            Ready ready = node.ready();
            store(ready);
            if (async) {
                node.persisted(ready);
                if (!ready.committedEntries().isEmpty()) {
                    node.applied(ready);
                }
            } else {
                node.advance(ready);
            }
        }
    }

    private void store(Ready ready) {
        storage.append(ready.snapshot(), ready.hardState(), ready.entries());
    }

    /** The call throws and names the rule; the node is as it was. */
    private static void assertMisuse(RawNode node, ThrowingCallable call, String rule) {
        Status before = node.status();
        boolean hadReady = node.hasReady();
        assertThatThrownBy(call).isInstanceOf(IllegalStateException.class).hasMessageContaining(rule);
        assertThat(node.status()).isEqualTo(before);
        assertThat(node.hasReady()).isEqualTo(hadReady);
    }

    @Nested
    @DisplayName("one Ready at a time")
    class Sync {
        private final RawNode node = leader(false);

        @Test
        void a_second_ready_before_the_advance_of_the_first_is_refused() {
            node.propose(bytes("x"));
            Ready ready = node.ready();
            assertThat(node.hasReady()).as("and hasReady says so").isFalse();
            node.propose(bytes("y"));
            assertThat(node.hasReady()).isFalse();
            assertMisuse(node, node::ready, "has not been advanced: one is out at a time");
            store(ready);
            node.advance(ready);
            assertThat(node.ready().entries()).containsExactly(Entry.normal(2, 3, bytes("y")));
        }

        @Test
        void a_ready_of_another_node_or_an_old_one_or_none_is_not_advanced() {
            Ready old = node.ready();
            node.advance(old);
            assertMisuse(node, () -> node.advance(old), "each once; none is out");
            node.propose(bytes("x"));
            Ready out = node.ready();
            assertMisuse(node, () -> node.advance(old), "in their order, each once");
            Ready foreign = new RawNodeMisuseTest().leader(false).ready();
            assertMisuse(node, () -> node.advance(foreign), "in their order, each once");
            store(out);
            node.advance(out);
            assertThat(node.status().hardState().commit()).isEqualTo(2);
            assertMisuse(node, () -> node.advance(out), "each once; none is out");
        }

        @Test
        void the_calls_of_asynchronous_writes_are_refused() {
            node.propose(bytes("x"));
            Ready ready = node.ready();
            assertMisuse(node, () -> node.persisted(ready), "say advance, not persisted");
            assertMisuse(node, () -> node.applied(ready), "say advance, not applied");
            store(ready);
            node.advance(ready);
            assertThat(node.status().hardState().commit()).isEqualTo(2);
        }
    }

    @Nested
    @DisplayName("asynchronous storage writes (A5)")
    class Async {
        private final RawNode node = leader(true);

        private Ready proposeAndTake(String text) {
            node.propose(bytes(text));
            Ready ready = node.ready();
            store(ready);
            return ready;
        }

        @Test
        void advance_is_refused() {
            Ready ready = proposeAndTake("x");
            assertMisuse(node, () -> node.advance(ready), "say persisted and applied, not advance");
            node.persisted(ready);
            assertThat(node.status().hardState().commit()).isEqualTo(2);
        }

        @Test
        void readys_are_persisted_in_their_order_each_once() {
            Ready first = proposeAndTake("x");
            Ready second = proposeAndTake("y");
            assertMisuse(node, () -> node.persisted(second), "persisted takes Readys in their order, each once");
            node.persisted(first);
            assertMisuse(node, () -> node.persisted(first), "persisted takes Readys in their order, each once");
            node.persisted(second);
            assertThat(node.status().hardState().commit()).isEqualTo(3);
            assertMisuse(node, () -> node.persisted(second), "none is out");
        }

        @Test
        void readys_with_committed_entries_are_applied_in_their_order_each_once() {
            Ready without = proposeAndTake("x");
            node.persisted(without);
            assertMisuse(
                    node, () -> node.applied(without), "applied takes Readys in their order, each once; none is out");
            Ready first = proposeAndTake("y");
            assertThat(first.committedEntries()).hasSize(1);
            node.persisted(first);
            Ready second = proposeAndTake("z");
            assertThat(second.committedEntries()).hasSize(1);
            assertMisuse(node, () -> node.applied(second), "applied takes Readys in their order, each once");
            node.applied(first);
            assertMisuse(node, () -> node.applied(first), "applied takes Readys in their order, each once");
            // Also before it is persisted.
            node.applied(second);
            assertThat(node.status().applied()).isEqualTo(3);
        }

        @Test
        void a_ready_is_not_applied_past_a_configuration_change_that_is_not_settled() {
            node.proposeConfChange(ConfChange.of(new Change(ChangeType.ADD_LEARNER, 2)));
            settleUpToChange();
            Ready ready = node.ready();
            store(ready);
            node.persisted(ready);
            assertMisuse(node, () -> node.applied(ready), "applyConfChange) nor rejected");
            node.applyConfChange(ready.committedEntries().get(0));
            node.applied(ready);
            assertThat(node.status().confState()).isEqualTo(ConfState.of(List.of(1L), List.of(2L)));
        }

        private void settleUpToChange() {
            Ready ready = node.ready();
            store(ready);
            node.persisted(ready);
        }
    }

    @Nested
    @DisplayName("configuration changes")
    class ConfChanges {
        private final RawNode node = leader(false);

        /** A committed Ready with a change and then an ordinary entry. */
        private Ready committedChange() {
            node.proposeConfChange(ConfChange.of(new Change(ChangeType.ADD_LEARNER, 2)));
            node.propose(bytes("x"));
            Ready ready = node.ready();
            store(ready);
            node.advance(ready);
            Ready committed = node.ready();
            store(committed);
            assertThat(committed.committedEntries()).extracting(Entry::index).containsExactly(2L, 3L);
            return committed;
        }

        @Test
        void a_ready_is_not_advanced_past_a_change_that_was_neither_applied_nor_rejected() {
            Ready ready = committedChange();
            assertMisuse(
                    node,
                    () -> node.advance(ready),
                    "the configuration change at index 2 was handed out and neither applied (applyConfChange) nor rejected");
            node.applyConfChange(ready.committedEntries().get(0));
            node.advance(ready);
            assertThat(node.status().applied()).isEqualTo(3);
        }

        @Test
        void a_rejected_change_is_not_made_and_settled() {
            Ready ready = committedChange();
            node.rejectConfChange(ready.committedEntries().get(0));
            node.advance(ready);
            assertThat(node.status().applied()).isEqualTo(3);
            assertThat(node.status().confState()).isEqualTo(ConfState.of(List.of(1L)));
        }

        @Test
        void a_change_is_settled_once() {
            Ready ready = committedChange();
            Entry change = ready.committedEntries().get(0);
            node.applyConfChange(change);
            assertMisuse(node, () -> node.applyConfChange(change), "was applied or rejected before");
            assertMisuse(node, () -> node.rejectConfChange(change), "was applied or rejected before");
            node.advance(ready);
            assertMisuse(node, () -> node.applyConfChange(change), "was applied or rejected before");
        }

        @Test
        void a_change_that_was_not_handed_out_is_not_made() {
            ConfChange change = ConfChange.of(new Change(ChangeType.REMOVE, 1));
            node.proposeConfChange(change);
            Entry appended = new Entry(2, 2, change.entryType(), change.encode());
            assertMisuse(node, () -> node.applyConfChange(appended), "was not handed out");
            assertMisuse(node, () -> node.rejectConfChange(appended), "was not handed out");
        }

        @Test
        void an_entry_of_the_application_is_no_change() {
            Ready ready = committedChange();
            Entry data = ready.committedEntries().get(1);
            assertThatThrownBy(() -> node.applyConfChange(data))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("not a configuration change");
            assertThatThrownBy(() -> node.rejectConfChange(data)).isInstanceOf(IllegalArgumentException.class);
            // Nor is one that the host made up, in its place.
            Entry made = new Entry(2, 3, EntryType.CONF_CHANGE_V2, new byte[0]);
            assertMisuse(node, () -> node.applyConfChange(made), "was not handed out");
        }

        /** Raft would go on without the change, and count the votes of a group that is no more. */
        @Test
        void a_change_is_not_skipped() {
            // Two changes in one Ready: what a node finds that was down while they were made.
            storage.append(List.of(addLearner(2), addLearner(3)));
            storage.setHardState(new HardState(2, 1, 3));
            RaftConfig config = RaftConfig.builder(1, new Random(1)).build();
            RawNode back = RawNode.restart(config, storage, new Applied(1, ConfState.of(List.of(1L))));
            Ready ready = back.ready();
            assertMisuse(back, () -> back.applyConfChange(addLearner(3)), "or the one at index 2 comes before it");
            assertMisuse(back, () -> back.rejectConfChange(addLearner(3)), "or the one at index 2 comes before it");
            assertMisuse(back, () -> back.advance(ready), "the configuration change at index 2 was handed out");
            back.applyConfChange(addLearner(2));
            assertMisuse(back, () -> back.advance(ready), "the configuration change at index 3 was handed out");
            back.applyConfChange(addLearner(3));
            back.advance(ready);
            assertThat(back.status().confState()).isEqualTo(ConfState.of(List.of(1L), List.of(2L, 3L)));
        }

        private static Entry addLearner(long id) {
            ConfChange change = ConfChange.of(new Change(ChangeType.ADD_LEARNER, id));
            return new Entry(2, id, change.entryType(), change.encode());
        }
    }

    @Nested
    @DisplayName("a call while another one runs")
    class Reentrant {
        private final List<Throwable> refusals = new ArrayList<>();
        private final List<Consumer<RawNode>> calls = new ArrayList<>(RawNodeCalls.ALL.values());
        private boolean armed;

        /** Calls the node out of its own question, as a host might by accident: with a listener, from another thread. */
        private final DelegatingStorage calling = new DelegatingStorage() {
            @Override
            public long term(long index) {
                if (armed) {
                    armed = false;
                    for (Consumer<RawNode> call : calls) {
                        try {
                            call.accept(node);
                        } catch (IllegalStateException e) {
                            refusals.add(e);
                        }
                    }
                }
                return super.term(index);
            }
        };

        private RawNode node = leader(false);

        @Test
        void is_refused_and_the_outer_call_goes_on() {
            calling.memory.setHardState(new HardState(1, 0, 0));
            RaftConfig config = RaftConfig.builder(1, new Random(1)).build();
            node = RawNode.restart(config, calling, new Applied(0, ConfState.of(List.of(1L, 2L))));
            Status before = node.status();
            armed = true;
            Message vote = new Message(MessageType.VOTE, 2, 1, 1, new Body.Vote(0, 0, false));
            assertThat(node.step(vote)).isEqualTo(StepResult.HANDLED);
            assertThat(refusals)
                    .hasSameSizeAs(calls)
                    .allSatisfy(refusal -> assertThat(refusal)
                            .hasMessage("a call while another one runs: a node belongs to one thread at a time"));
            assertThat(node.status().hardState()).isEqualTo(new HardState(1, 2, 0));
            assertThat(node.status().softState()).isEqualTo(before.softState());
            assertThat(node.ready().messagesAfterPersist())
                    .containsExactly(new Message(MessageType.VOTE_RESPONSE, 1, 2, 1, new Body.VoteResponse(false)));
        }
    }
}
