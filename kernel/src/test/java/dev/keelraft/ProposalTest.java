package dev.keelraft;

import static dev.keelraft.TestNode.bytes;
import static org.assertj.core.api.Assertions.assertThat;

import dev.keelraft.ProposalResult.Outcome;
import dev.keelraft.model.Body;
import dev.keelraft.model.ConfChange;
import dev.keelraft.model.ConfChange.Change;
import dev.keelraft.model.ConfChange.ChangeType;
import dev.keelraft.model.ConfChange.Transition;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.EntryType;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** What becomes of a proposal: each outcome, for the host's own and for forwarded ones (L19, L24, L25). */
class ProposalTest {
    private static final ConfChange ADD_LEARNER = ConfChange.of(new Change(ChangeType.ADD_LEARNER, 4));

    private static TestNode leader(UnaryOperator<RaftConfig.Builder> settings) {
        TestNode leader = TestNode.of(1, 3, settings).win();
        leader.acknowledge(1, 2, 3);
        leader.sent();
        return leader;
    }

    private static Entry proposed(String text) {
        return new Entry(0, 0, EntryType.NORMAL, bytes(text));
    }

    private static StepResult forward(TestNode node, Entry... entries) {
        return node.step(MessageType.PROPOSE, 3, 0, new Body.Propose(List.of(entries)));
    }

    @Nested
    @DisplayName("on the leader")
    class OnTheLeader {
        @Test
        void an_accepted_proposal_is_in_the_log_at_the_place_that_the_result_names() {
            TestNode leader = leader(UnaryOperator.identity());
            ProposalResult result = leader.propose("x");
            assertThat(result).isEqualTo(new ProposalResult(Outcome.ACCEPTED, 2, 2, 1));
            assertThat(result.isAccepted()).isTrue();
            assertThat(leader.storage.entries(2, 3, 0)).containsExactly(Entry.normal(2, 2, bytes("x")));
            assertThat(leader.propose(ADD_LEARNER)).isEqualTo(new ProposalResult(Outcome.ACCEPTED, 2, 3, 1));
        }

        @Test
        void forwarded_proposals_get_their_places_one_after_the_other() {
            TestNode leader = leader(UnaryOperator.identity());
            assertThat(forward(leader, proposed("x"), proposed("y"))).isEqualTo(StepResult.HANDLED);
            assertThat(leader.storage.entries(2, 4, RaftConfig.NO_LIMIT))
                    .containsExactly(Entry.normal(2, 2, bytes("x")), Entry.normal(2, 3, bytes("y")));
        }

        /** L24. */
        @Test
        void while_leadership_is_handed_over_nothing_is_accepted() {
            TestNode leader = leader(UnaryOperator.identity());
            leader.raw.transferLeadership(2);
            assertThat(leader.propose("x")).isEqualTo(new ProposalResult(Outcome.LEADER_TRANSFER, 0, 0, 1));
            assertThat(forward(leader, proposed("x"))).isEqualTo(StepResult.PROPOSAL_REFUSED);
            assertThat(leader.dropped(StepResult.PROPOSAL_REFUSED)).isEqualTo(1);
            assertThat(leader.storage.lastIndex()).isEqualTo(1);
        }

        /** L24, M11, mutant 74. */
        @Test
        void a_leader_that_was_removed_accepts_nothing() {
            TestNode leader = leader(config -> config.stepDownOnRemoval(false));
            leader.propose(ConfChange.of(new Change(ChangeType.REMOVE, 1)));
            leader.acknowledge(2, 2, 3);
            assertThat(leader.members()).isEqualTo(ConfState.of(List.of(2L, 3L)));
            assertThat(leader.propose("x")).isEqualTo(new ProposalResult(Outcome.NOT_MEMBER, 0, 0, 1));
            assertThat(forward(leader, proposed("x"))).isEqualTo(StepResult.PROPOSAL_REFUSED);
            assertThat(leader.storage.lastIndex()).isEqualTo(2);
        }

        /** L19. */
        @Test
        void beyond_the_limit_on_what_is_not_applied_nothing_is_accepted_until_some_is() {
            TestNode leader = leader(config -> config.maxUncommittedBytes(10));
            assertThat(leader.propose("12345").isAccepted()).isTrue();
            assertThat(leader.propose("12345").isAccepted()).isTrue();
            assertThat(leader.propose("1")).isEqualTo(new ProposalResult(Outcome.LOG_FULL, 0, 0, 1));
            assertThat(forward(leader, proposed("1"))).isEqualTo(StepResult.PROPOSAL_REFUSED);
            leader.acknowledge(2, 2);
            assertThat(leader.propose("123456").outcome()).isEqualTo(Outcome.LOG_FULL);
            assertThat(leader.propose("12345").isAccepted()).isTrue();
            leader.acknowledge(4, 2);
            assertThat(leader.propose("1234567890").isAccepted()).isTrue();
        }

        /** L19: a large one passes alone, or it never would; an empty one always, or nobody could be elected. */
        @Test
        void a_proposal_beyond_the_limit_passes_alone() {
            TestNode leader = leader(config -> config.maxUncommittedBytes(10));
            assertThat(leader.propose("more than ten bytes").isAccepted()).isTrue();
            assertThat(leader.propose("1").outcome()).isEqualTo(Outcome.LOG_FULL);
        }

        /** L19: the bytes are those of this leader's own proposals. What it inherited was never counted, and may not be deducted below 0. */
        @Test
        void what_an_earlier_leader_appended_is_not_counted() {
            TestNode leader = TestNode.withLog(1, 3, config -> config.maxUncommittedBytes(10), 1, 1, 1, 1, 1, 1)
                    .win();
            assertThat(leader.propose("123456").isAccepted()).isTrue();
            leader.acknowledge(6, 2);
            assertThat(leader.applied).hasSize(6);
            // 15 bytes of entries of an earlier term were applied. Counted as ours, they would have made room.
            assertThat(leader.propose("123456").isAccepted()).isTrue();
            assertThat(leader.propose("12345").outcome()).isEqualTo(Outcome.LOG_FULL);
        }

        @Test
        void a_payload_larger_than_an_entry_may_be_is_refused() {
            TestNode leader = leader(config -> config.maxEntryBytes(5));
            assertThat(leader.propose("12345").isAccepted()).isTrue();
            assertThat(leader.propose("123456")).isEqualTo(new ProposalResult(Outcome.TOO_LARGE, 0, 0, 1));
            assertThat(leader.storage.lastIndex()).isEqualTo(2);
        }

        @Test
        void a_configuration_change_larger_than_an_entry_may_be_is_refused_too() {
            TestNode leader = leader(config -> config.maxEntryBytes(50));
            ConfChange large =
                    ConfChange.of(Transition.AUTO, List.of(new Change(ChangeType.ADD_LEARNER, 4)), new byte[50]);
            assertThat(leader.propose(large)).isEqualTo(new ProposalResult(Outcome.TOO_LARGE, 0, 0, 1));
            assertThat(leader.storage.lastIndex()).isEqualTo(1);
            assertThat(leader.propose(ADD_LEARNER).isAccepted()).isTrue();
        }

        /** A write-ahead log need not hold more than it was configured for, whatever the other members are. */
        @Test
        void a_forwarded_proposal_larger_than_an_entry_may_be_is_refused_too() {
            TestNode leader = leader(config -> config.maxEntryBytes(5));
            assertThat(forward(leader, proposed("1"), proposed("123456"))).isEqualTo(StepResult.PROPOSAL_REFUSED);
            assertThat(leader.storage.lastIndex()).isEqualTo(1);
            assertThat(forward(leader, proposed("12345"))).isEqualTo(StepResult.HANDLED);
        }

        /** The message is about a defect of its sender (w4, w5 of the stories): etcd's leader panics. */
        @Test
        void a_forwarded_configuration_change_that_cannot_be_read_is_malformed() {
            TestNode leader = leader(UnaryOperator.identity());
            Entry damaged = new Entry(0, 0, EntryType.CONF_CHANGE_V2, new byte[] {1});
            assertThat(forward(leader, proposed("x"), damaged)).isEqualTo(StepResult.MALFORMED);
            assertThat(forward(leader)).isEqualTo(StepResult.MALFORMED);
            assertThat(leader.dropped(StepResult.MALFORMED)).isEqualTo(2);
            assertThat(leader.storage.lastIndex()).isEqualTo(1);
        }

        /** M2, L25, w2. */
        @Test
        void a_configuration_change_behind_another_one_is_refused_and_nothing_enters_the_log() {
            TestNode leader = leader(UnaryOperator.identity());
            leader.propose(ADD_LEARNER);
            ProposalResult refused = leader.propose(ConfChange.of(new Change(ChangeType.ADD_LEARNER, 5)));
            assertThat(refused).isEqualTo(new ProposalResult(Outcome.CONF_CHANGE_PENDING, 0, 0, 1));
            assertThat(refused.isAccepted()).isFalse();
            assertThat(forward(leader, proposed("x"), confChange(ADD_LEARNER), proposed("y")))
                    .isEqualTo(StepResult.PROPOSAL_REFUSED);
            assertThat(leader.storage.lastIndex()).as("the first change").isEqualTo(2);
        }

        /** L25: a message is taken whole or not at all. */
        @Test
        void of_two_changes_in_one_message_none_is_taken() {
            TestNode leader = leader(UnaryOperator.identity());
            assertThat(forward(leader, confChange(ADD_LEARNER), confChange(ADD_LEARNER)))
                    .isEqualTo(StepResult.PROPOSAL_REFUSED);
            assertThat(leader.storage.lastIndex()).isEqualTo(1);
            assertThat(leader.propose(ADD_LEARNER).isAccepted()).isTrue();
        }

        /** M2: it is the entry's own place that the next change waits for. */
        @Test
        void a_change_that_is_not_the_first_entry_of_its_message_is_waited_for_too() {
            TestNode leader = leader(UnaryOperator.identity());
            assertThat(leader.commit()).isEqualTo(1);
            forward(leader, proposed("x"), confChange(ADD_LEARNER));
            assertThat(leader.propose(ADD_LEARNER).outcome()).isEqualTo(Outcome.CONF_CHANGE_PENDING);
            leader.acknowledge(2, 2);
            assertThat(leader.commit()).as("just before it").isEqualTo(2);
            assertThat(leader.propose(ADD_LEARNER).outcome()).isEqualTo(Outcome.CONF_CHANGE_PENDING);
        }

        @Test
        void a_proposal_without_payload_is_refused_wherever_it_comes_from() {
            TestNode leader = leader(UnaryOperator.identity());
            assertThat(leader.propose("")).isEqualTo(new ProposalResult(Outcome.EMPTY, 0, 0, 1));
            assertThat(forward(leader, proposed("x"), proposed(""))).isEqualTo(StepResult.PROPOSAL_REFUSED);
            assertThat(leader.storage.lastIndex()).isEqualTo(1);
        }

        private static Entry confChange(ConfChange change) {
            return new Entry(0, 0, change.entryType(), change.encode());
        }
    }

    @Nested
    @DisplayName("elsewhere")
    class Elsewhere {
        @Test
        void a_follower_that_does_not_forward_names_the_leader() {
            TestNode node = TestNode.of(1, 3).follow(2, 1);
            assertThat(node.propose("x")).isEqualTo(new ProposalResult(Outcome.NOT_LEADER, 0, 0, 2));
            assertThat(node.propose(ADD_LEARNER)).isEqualTo(new ProposalResult(Outcome.NOT_LEADER, 0, 0, 2));
            assertThat(forward(node, proposed("x"))).isEqualTo(StepResult.PROPOSAL_REFUSED);
            assertThat(node.sent()).isEmpty();
        }

        /** L24. */
        @Test
        void a_follower_that_forwards_keeps_who_proposed() {
            TestNode node =
                    TestNode.of(1, 3, config -> config.forwardProposals(true)).follow(2, 1);
            assertThat(node.propose("x")).isEqualTo(new ProposalResult(Outcome.FORWARDED, 0, 0, 2));
            assertThat(forward(node, proposed("y"))).isEqualTo(StepResult.HANDLED);
            assertThat(node.sent())
                    .containsExactly(
                            new Message(MessageType.PROPOSE, 1, 2, 0, new Body.Propose(List.of(proposed("x")))),
                            new Message(MessageType.PROPOSE, 3, 2, 0, new Body.Propose(List.of(proposed("y")))));
            assertThat(node.storage.lastIndex()).isZero();
        }

        @Test
        void nobody_is_known_to_lead() {
            TestNode node = TestNode.of(1, 3, config -> config.forwardProposals(true));
            assertThat(node.propose("x")).isEqualTo(new ProposalResult(Outcome.NO_LEADER, 0, 0, 0));
            assertThat(forward(node, proposed("x"))).isEqualTo(StepResult.PROPOSAL_REFUSED);
        }

        @Test
        void a_candidate_of_either_kind_knows_no_leader() {
            for (boolean pre : List.of(false, true)) {
                TestNode node = TestNode.of(1, 3, config -> config.preVote(pre).forwardProposals(true))
                        .follow(2, 1);
                node.raw.campaign();
                node.sent();
                assertThat(node.propose("x")).isEqualTo(new ProposalResult(Outcome.NO_LEADER, 0, 0, 0));
                assertThat(forward(node, proposed("x"))).isEqualTo(StepResult.PROPOSAL_REFUSED);
                assertThat(node.sent()).isEmpty();
            }
        }

        @Test
        void too_large_is_too_large_for_every_role() {
            UnaryOperator<RaftConfig.Builder> settings =
                    config -> config.maxEntryBytes(5).forwardProposals(true);
            TestNode follower = TestNode.of(1, 3, settings).follow(2, 1);
            assertThat(follower.propose("123456")).isEqualTo(new ProposalResult(Outcome.TOO_LARGE, 0, 0, 2));
            assertThat(follower.propose(ConfChange.of(Transition.AUTO, List.of(), new byte[50]))
                            .outcome())
                    .isEqualTo(Outcome.TOO_LARGE);
            assertThat(follower.sent()).isEmpty();
            TestNode candidate = TestNode.of(1, 3, settings);
            candidate.raw.campaign();
            assertThat(candidate.propose("123456").outcome()).isEqualTo(Outcome.TOO_LARGE);
        }
    }
}
