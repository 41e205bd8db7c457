package dev.keelraft;

import static dev.keelraft.TestNode.entries;
import static org.assertj.core.api.Assertions.assertThat;

import dev.keelraft.model.Body;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.EntryType;
import dev.keelraft.model.MessageType;
import dev.keelraft.model.RaftRole;
import dev.keelraft.model.Snapshot;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Messages that no member sends: a codec refuses them, and a host with a codec of its own may not. */
class MalformedMessageTest {
    @Test
    void an_append_with_a_gap_before_its_entries_is_dropped() {
        TestNode node = TestNode.of(1, 3);
        Body.Append gap = new Body.Append(0, 0, 0, entries(2, 1));
        assertThat(node.step(MessageType.APPEND, 2, 1, gap)).isEqualTo(StepResult.MALFORMED);
        assertThat(node.sent()).isEmpty();
        assertThat(node.logTerms()).isEmpty();
    }

    @Test
    void an_append_with_a_gap_between_its_entries_is_dropped() {
        TestNode node = TestNode.of(1, 3);
        List<Entry> entries = new ArrayList<>(entries(1, 1));
        entries.addAll(entries(3, 1));
        Body.Append gap = new Body.Append(0, 0, 0, entries);
        assertThat(node.step(MessageType.APPEND, 2, 1, gap)).isEqualTo(StepResult.MALFORMED);
        assertThat(node.logTerms()).isEmpty();
        assertThat(node.raw.status().dropped()).containsEntry(StepResult.MALFORMED, 1L);
    }

    @Test
    void a_proposal_without_entries_is_dropped_and_not_forwarded() {
        TestNode follower = TestNode.of(1, 3, config -> config.forwardProposals(true));
        follower.step(MessageType.HEARTBEAT, 2, 1, new Body.Heartbeat(0, new byte[0]));
        follower.sent();
        Body.Propose nothing = new Body.Propose(List.of());
        assertThat(follower.step(MessageType.PROPOSE, 3, 0, nothing)).isEqualTo(StepResult.MALFORMED);
        assertThat(follower.sent()).isEmpty();
        TestNode leader = TestNode.of(1, 3).win();
        assertThat(leader.step(MessageType.PROPOSE, 3, 0, nothing)).isEqualTo(StepResult.MALFORMED);
        assertThat(leader.storage.lastIndex()).isEqualTo(1);
    }

    /** Not even the term that it brings is believed. */
    @Test
    void a_message_that_contradicts_itself_neither_brings_a_term_nor_ends_a_campaign() {
        Body gap = new Body.Append(0, 0, 0, entries(2, 1));
        TestNode candidate = TestNode.of(1, 3);
        candidate.raw.campaign();
        candidate.sent();
        for (long term : new long[] {candidate.term(), candidate.term() + 1}) {
            assertThat(candidate.step(MessageType.APPEND, 2, term, gap)).isEqualTo(StepResult.MALFORMED);
            assertThat(candidate.role()).isEqualTo(RaftRole.CANDIDATE);
            assertThat(candidate.term()).isEqualTo(2);
        }
    }

    /** A log of falling terms cannot be compared with others. */
    @Test
    void entries_whose_terms_fall_or_are_later_than_their_leader_s_are_dropped() {
        TestNode node = TestNode.withLog(1, 3, config -> config, 5, 2);
        assertThat(append(node, new Body.Append(1, 2, 0, entries(2, 1)))).isEqualTo(StepResult.MALFORMED);
        assertThat(append(node, new Body.Append(1, 2, 0, entries(2, 4, 3)))).isEqualTo(StepResult.MALFORMED);
        assertThat(append(node, new Body.Append(1, 2, 0, entries(2, 6)))).isEqualTo(StepResult.MALFORMED);
        assertThat(append(node, new Body.Append(0, 0, 0, entries(1, 0)))).isEqualTo(StepResult.MALFORMED);
        assertThat(append(node, new Body.Append(1, 2, 0, entries(2, 2, 5)))).isEqualTo(StepResult.HANDLED);
        assertThat(node.logTerms()).containsExactly(2L, 2L, 5L);
    }

    private static StepResult append(TestNode node, Body.Append append) {
        return node.step(MessageType.APPEND, 2, 5, append);
    }

    @Test
    void a_snapshot_that_nobody_can_have_taken_is_dropped() {
        TestNode node = TestNode.of(1, 3);
        byte[] data = new byte[0];
        ConfState members = TestNode.confState(3);
        ConfState noVoter = ConfState.of(List.of(), List.of(1L));
        ConfState twice = ConfState.of(List.of(1L, 2L), List.of(2L));
        for (Snapshot snapshot : List.of(
                Snapshot.NONE,
                new Snapshot(Long.MAX_VALUE, 1, members, data),
                new Snapshot(MessageShape.HIGHEST_SNAPSHOT + 1, 1, members, data),
                new Snapshot(9, 2, members, data),
                new Snapshot(9, 1, noVoter, data),
                new Snapshot(9, 1, twice, data))) {
            Body install = new Body.InstallSnapshot(snapshot);
            assertThat(node.step(MessageType.INSTALL_SNAPSHOT, 2, 1, install)).isEqualTo(StepResult.MALFORMED);
        }
        assertThat(node.sent()).isEmpty();
        assertThat(node.lead()).isEqualTo(0);
    }

    @Test
    void the_log_goes_on_behind_the_highest_snapshot_that_is_taken() {
        TestNode node = TestNode.of(1, 3);
        long index = MessageShape.HIGHEST_SNAPSHOT;
        Body install = new Body.InstallSnapshot(new Snapshot(index, 1, TestNode.confState(3), new byte[0]));
        assertThat(node.step(MessageType.INSTALL_SNAPSHOT, 2, 1, install)).isEqualTo(StepResult.HANDLED);
        Body.Append next = new Body.Append(index, 1, index + 1, entries(index + 1, 1));
        assertThat(node.step(MessageType.APPEND, 2, 1, next)).isEqualTo(StepResult.HANDLED);
        assertThat(node.win().role()).isEqualTo(RaftRole.LEADER);
        assertThat(node.commit()).isEqualTo(index + 1);
        assertThat(node.storage.lastIndex()).isEqualTo(index + 2);
    }

    @Test
    void a_proposal_or_read_that_bears_a_term_unseats_no_leader() {
        TestNode leader = TestNode.of(1, 3).win();
        Body proposal = new Body.Propose(List.of(Entry.normal(0, 0, new byte[] {1})));
        assertThat(leader.step(MessageType.PROPOSE, 4, leader.term() + 1, proposal))
                .isEqualTo(StepResult.MALFORMED);
        assertThat(leader.step(MessageType.READ_INDEX, 4, leader.term() + 1, new Body.ReadIndex(new byte[] {1})))
                .isEqualTo(StepResult.MALFORMED);
        assertThat(leader.role()).isEqualTo(RaftRole.LEADER);
    }

    @Test
    void a_configuration_change_that_nobody_can_read_is_not_even_passed_on() {
        Body.Propose proposal = new Body.Propose(List.of(new Entry(0, 0, EntryType.CONF_CHANGE, new byte[] {1})));
        TestNode follower = TestNode.of(1, 3, config -> config.forwardProposals(true));
        follower.follow(2, 1);
        assertThat(follower.step(MessageType.PROPOSE, 3, 0, proposal)).isEqualTo(StepResult.MALFORMED);
        assertThat(follower.sent()).isEmpty();
    }

    /** With it the peer would count for entries that it does not have, once they come to be. */
    @Test
    void an_acknowledgement_of_what_the_leader_does_not_have_counts_for_nothing() {
        TestNode leader = TestNode.of(1, 3).win();
        leader.sent();
        for (long index : new long[] {2, Long.MAX_VALUE}) {
            Body beyond = Body.AppendResponse.accepted(index);
            assertThat(leader.answer(MessageType.APPEND_RESPONSE, 2, beyond)).isEqualTo(StepResult.UNEXPECTED);
        }
        assertThat(leader.peer(2).match()).isEqualTo(0);
        assertThat(leader.peer(2).recentlyActive()).isFalse();
        leader.propose("x");
        leader.acknowledge(1, 2);
        assertThat(leader.commit()).isEqualTo(1);
    }

    /** Nobody campaigns so often. Who has invented that term has ended all elections, but ends no node. */
    @Test
    void in_the_last_of_all_terms_nobody_campaigns_and_nothing_breaks() {
        TestNode node = TestNode.of(1, 3, config -> config.preVote(true));
        Body.Vote request = new Body.Vote(9, 9, true);
        assertThat(node.step(MessageType.VOTE, 2, Long.MAX_VALUE, request)).isEqualTo(StepResult.HANDLED);
        assertThat(node.term()).isEqualTo(Long.MAX_VALUE);
        assertThat(node.raw.campaign()).isEqualTo(CampaignResult.NOT_PROMOTABLE);
        node.tick(100);
        assertThat(node.step(MessageType.TIMEOUT_NOW, 2, Long.MAX_VALUE, new Body.TimeoutNow()))
                .isEqualTo(StepResult.UNEXPECTED);
        assertThat(node.role()).isEqualTo(RaftRole.FOLLOWER);
        assertThat(node.term()).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void the_last_of_all_terms_can_be_won() {
        TestNode node = TestNode.of(1, 3, config -> config.preVote(true));
        node.step(MessageType.VOTE, 2, Long.MAX_VALUE - 1, new Body.Vote(0, 0, true));
        node.raw.campaign();
        node.run();
        node.step(MessageType.PRE_VOTE_RESPONSE, 3, Long.MAX_VALUE, new Body.VoteResponse(false));
        node.answer(MessageType.VOTE_RESPONSE, 3, new Body.VoteResponse(false));
        assertThat(node.role()).isEqualTo(RaftRole.LEADER);
        assertThat(node.term()).isEqualTo(Long.MAX_VALUE);
        assertThat(node.propose("x").outcome()).isEqualTo(ProposalResult.Outcome.ACCEPTED);
    }
}
