package dev.keelraft;

import static dev.keelraft.TestNode.confState;
import static dev.keelraft.TestNode.entries;
import static org.assertj.core.api.Assertions.assertThat;

import dev.keelraft.model.Body;
import dev.keelraft.model.ConfChange;
import dev.keelraft.model.ConfChange.Change;
import dev.keelraft.model.ConfChange.ChangeType;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import dev.keelraft.model.RaftRole;
import java.util.EnumSet;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@link Deviation#COMMIT_BY_VOTE}: its story, told twice, and what it does in detail. Kernel.md M14, etcd issue 12359. */
class CommitByVoteTest {
    /** Long enough for any election. */
    private static final int FOR_EVER = 300;

    /** A member with a log of term 1, of which it knows that a part is committed. */
    private static TestNode member(
            long id, ConfState members, long commit, List<Entry> log, boolean on, boolean preVote) {
        EnumSet<Deviation> deviations = EnumSet.allOf(Deviation.class);
        if (!on) {
            deviations.remove(Deviation.COMMIT_BY_VOTE);
        }
        MemoryStorage storage = new MemoryStorage();
        storage.setHardState(new HardState(1, 0, commit));
        storage.append(log);
        RaftConfig config =
                TestNode.plain(id).preVote(preVote).deviations(deviations).build();
        return TestNode.restarted(config, storage, members);
    }

    /** Log entries of term 1 from index 1 on, the first of which removes a member. */
    private static List<Entry> removalAnd(long removed, int more) {
        ConfChange change = ConfChange.of(new Change(ChangeType.REMOVE, removed));
        Entry removal = new Entry(1, 1, change.entryType(), change.encode());
        long[] terms = new long[more];
        java.util.Arrays.fill(terms, 1);
        return Stream.concat(Stream.of(removal), entries(2, terms).stream()).toList();
    }

    // The story: nodes 1 to 4 are A to D

    /** Only B knows that D's removal is committed, only C has the entry behind it; A and D are gone. */
    private static TestCluster bAndCAreLeft(boolean on, boolean preVote) {
        ConfState four = confState(4);
        TestCluster cluster = new TestCluster(List.of(
                member(1, four, 1, removalAnd(4, 1), on, preVote),
                member(2, four, 1, removalAnd(4, 0), on, preVote),
                member(3, four, 0, removalAnd(4, 1), on, preVote),
                member(4, four, 0, List.of(), on, preVote)));
        cluster.isolate(1);
        cluster.isolate(4);
        cluster.settle();
        assertThat(cluster.node(2).members()).isEqualTo(confState(3));
        assertThat(cluster.node(3).members()).isEqualTo(four);
        return cluster;
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void off_two_of_the_three_voters_that_are_left_never_elect_a_leader(boolean preVote) {
        TestCluster cluster = bAndCAreLeft(false, preVote);
        cluster.tick(FOR_EVER);
        assertThat(cluster.leaders()).isEmpty();
        assertThat(cluster.node(3).commit()).isZero();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void on_a_request_tells_the_voter_who_the_voters_are(boolean preVote) {
        TestCluster cluster = bAndCAreLeft(true, preVote);
        cluster.tick(FOR_EVER);
        assertThat(cluster.leaders()).containsExactly(3L);
        assertThat(cluster.node(3).members()).isEqualTo(confState(3));
        assertThat(cluster.node(2).logTerms()).isEqualTo(cluster.node(3).logTerms());
    }

    /** A, of A and B, alone knows that its own removal is committed; it has more entries than B, and may not lead. */
    private static TestCluster aHasLeft(boolean on, boolean preVote) {
        TestCluster cluster = new TestCluster(List.of(
                member(1, confState(2), 1, removalAnd(1, 1), on, preVote),
                member(2, confState(2), 0, removalAnd(1, 0), on, preVote)));
        cluster.settle();
        assertThat(cluster.node(1).members()).isEqualTo(ConfState.of(List.of(2L)));
        return cluster;
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void off_the_last_voter_waits_for_ever_for_the_vote_of_one_that_has_left(boolean preVote) {
        TestCluster cluster = aHasLeft(false, preVote);
        cluster.tick(FOR_EVER);
        assertThat(cluster.leaders()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void on_a_refusal_tells_the_candidate_who_the_voters_are(boolean preVote) {
        TestCluster cluster = aHasLeft(true, preVote);
        cluster.tick(FOR_EVER);
        assertThat(cluster.leaders()).containsExactly(2L);
        assertThat(cluster.node(2).members()).isEqualTo(ConfState.of(List.of(2L)));
    }

    // What is said

    @Test
    void a_request_and_a_refusal_say_what_is_committed_and_a_grant_does_not() {
        TestNode node =
                member(1, confState(3), 2, entries(1, 1, 1, 1), true, false).run();
        node.raw.campaign();
        assertThat(node.sent(MessageType.VOTE))
                .extracting(Message::body)
                .containsOnly(new Body.Vote(3, 1, false, 2, 1, 0));
        node.step(MessageType.VOTE, 2, 3, new Body.Vote(1, 1, false));
        assertThat(node.sent())
                .containsExactly(new Message(MessageType.VOTE_RESPONSE, 1, 2, 3, new Body.VoteResponse(true, 2, 1)));
        node.step(MessageType.VOTE, 2, 4, new Body.Vote(3, 1, false));
        assertThat(node.sent())
                .containsExactly(new Message(MessageType.VOTE_RESPONSE, 1, 2, 4, new Body.VoteResponse(false)));
    }

    @Test
    void the_refusal_of_a_pre_vote_of_an_old_term_says_it_too() {
        TestNode node =
                member(1, confState(3), 2, entries(1, 1, 1), true, false).follow(3, 7);
        node.step(MessageType.PRE_VOTE, 2, 4, new Body.Vote(9, 3, false));
        assertThat(node.sent())
                .containsExactly(
                        new Message(MessageType.PRE_VOTE_RESPONSE, 1, 2, 7, new Body.VoteResponse(true, 2, 1)));
    }

    @Test
    void off_nothing_is_said_and_nothing_is_heard() {
        TestNode node =
                member(1, confState(3), 2, entries(1, 1, 1, 1), false, false).run();
        node.raw.campaign();
        assertThat(node.sent(MessageType.VOTE)).extracting(Message::body).containsOnly(new Body.Vote(3, 1, false));
        node.answer(MessageType.VOTE_RESPONSE, 2, new Body.VoteResponse(true, 3, 1));
        node.step(MessageType.VOTE, 2, 3, new Body.Vote(1, 1, false, 3, 1, 0));
        assertThat(node.sent())
                .containsExactly(new Message(MessageType.VOTE_RESPONSE, 1, 2, 3, new Body.VoteResponse(true)));
        assertThat(node.commit()).isEqualTo(2);
    }

    // What is heard

    @Test
    void a_voter_learns_and_applies_what_its_own_log_has() {
        TestNode node = member(1, confState(3), 0, entries(1, 1, 1, 1), true, false);
        node.step(MessageType.PRE_VOTE, 2, 2, new Body.Vote(9, 1, false, 2, 1, 0));
        assertThat(node.commit()).isEqualTo(2);
        assertThat(node.applied).isEqualTo(entries(1, 1, 1));
        assertThat(node.storage.hardState()).isEqualTo(new HardState(1, 0, 2));
    }

    @Test
    void what_its_log_does_not_have_or_has_otherwise_tells_a_voter_nothing() {
        TestNode node =
                member(1, confState(3), 2, entries(1, 1, 1, 1), true, false).run();
        node.step(MessageType.VOTE, 2, 2, new Body.Vote(9, 2, false, 4, 1, 0));
        node.step(MessageType.VOTE, 2, 3, new Body.Vote(9, 2, false, Long.MAX_VALUE, 1, 0));
        node.step(MessageType.VOTE, 2, 4, new Body.Vote(9, 2, false, 3, 2, 0));
        node.step(MessageType.VOTE, 2, 5, new Body.Vote(9, 2, false, 3, 0, 0));
        assertThat(node.commit()).isEqualTo(2);
        node.step(MessageType.VOTE, 2, 6, new Body.Vote(9, 2, false, 1, 1, 0));
        assertThat(node.commit()).as("and it never moves back").isEqualTo(2);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void a_candidate_that_learns_of_a_configuration_change_gives_up(boolean preVote) {
        TestNode node = member(1, confState(3), 0, removalAnd(3, 1), true, preVote);
        node.raw.campaign();
        node.run();
        long term = node.term();
        MessageType answer = preVote ? MessageType.PRE_VOTE_RESPONSE : MessageType.VOTE_RESPONSE;
        assertThat(node.raw.step(new Message(answer, 2, 1, term, new Body.VoteResponse(true, 1, 1))))
                .isEqualTo(StepResult.HANDLED);
        assertThat(node.role()).isEqualTo(RaftRole.FOLLOWER);
        assertThat(node.term()).isEqualTo(term);
        assertThat(node.raw.campaign()).isEqualTo(CampaignResult.CONF_CHANGE_UNAPPLIED);
        node.run();
        assertThat(node.members()).isEqualTo(confState(2));
        assertThat(node.raw.campaign()).isEqualTo(CampaignResult.STARTED);
    }

    /** E7: had it gone on, node 3, which has left, would have elected it. */
    @Test
    void a_vote_behind_that_refusal_does_not_make_it_lead() {
        TestNode node = member(1, confState(3), 0, removalAnd(3, 1), true, false);
        node.raw.campaign();
        node.run();
        node.raw.step(new Message(MessageType.VOTE_RESPONSE, 2, 1, 2, new Body.VoteResponse(true, 1, 1)));
        assertThat(node.raw.step(new Message(MessageType.VOTE_RESPONSE, 3, 1, 2, new Body.VoteResponse(false))))
                .isEqualTo(StepResult.UNEXPECTED);
        assertThat(node.role()).isEqualTo(RaftRole.FOLLOWER);
    }

    @Test
    void a_candidate_that_learns_of_a_configuration_change_from_its_rival_gives_up_too() {
        TestNode node = member(1, confState(3), 0, removalAnd(3, 1), true, false);
        node.raw.campaign();
        node.run();
        node.raw.step(new Message(MessageType.VOTE, 2, 1, 2, new Body.Vote(1, 1, false, 1, 1, 0)));
        assertThat(node.role()).isEqualTo(RaftRole.FOLLOWER);
        assertThat(node.vote()).as("in this term it stays given").isEqualTo(1);
    }

    /** Found by simulation: node 1 is in term 1, and no pre-vote of node 2's changes that; it refuses the shorter log each time. */
    @Test
    void a_refusal_of_an_older_term_tells_it_too() {
        MemoryStorage storage = new MemoryStorage();
        storage.setHardState(new HardState(6, 0, 0));
        storage.append(removalAnd(1, 0));
        TestNode node = TestNode.restarted(TestNode.plain(2).preVote(true).build(), storage, confState(2));
        node.raw.campaign();
        node.run();
        assertThat(node.role()).isEqualTo(RaftRole.PRE_CANDIDATE);
        assertThat(node.step(MessageType.PRE_VOTE_RESPONSE, 1, 1, new Body.VoteResponse(true, 1, 1)))
                .isEqualTo(StepResult.OLD_TERM);
        node.run();
        assertThat(node.members()).isEqualTo(ConfState.of(List.of(2L)));
        node.raw.campaign();
        node.run();
        assertThat(node.role()).isEqualTo(RaftRole.LEADER);
    }

    @Test
    void a_candidate_that_learns_of_other_entries_goes_on() {
        TestNode node = member(1, confState(3), 0, entries(1, 1, 1), true, false);
        node.raw.campaign();
        node.run();
        node.answer(MessageType.VOTE_RESPONSE, 2, new Body.VoteResponse(true, 1, 1));
        assertThat(node.commit()).isEqualTo(1);
        assertThat(node.role()).isEqualTo(RaftRole.CANDIDATE);
        node.answer(MessageType.VOTE_RESPONSE, 3, new Body.VoteResponse(false));
        assertThat(node.role()).isEqualTo(RaftRole.LEADER);
    }

    /** How many ticks after it has lost a candidate tries again, if whoever refuses it knows so much to be committed. */
    private static int ticksUntilNextCampaign(boolean on, long commit) {
        TestNode node = member(1, confState(3), 0, entries(1, 1, 1), on, false);
        node.raw.campaign();
        node.run();
        long term = node.term();
        for (long peer = 2; peer <= 3; peer++) {
            node.answer(MessageType.VOTE_RESPONSE, peer, new Body.VoteResponse(true, commit, 1));
        }
        assertThat(node.role()).isEqualTo(RaftRole.FOLLOWER);
        int ticks = 0;
        while (node.term() == term) {
            node.tick(1);
            ticks++;
        }
        return ticks;
    }

    /** Found by simulation: who lacks what is committed was the first to try, in each term. */
    @Test
    void a_loser_that_lacks_what_is_committed_lets_others_go_first() {
        int electionTicks = TestNode.plain(1).build().electionTicks();
        int usual = ticksUntilNextCampaign(true, 2);
        assertThat(usual).isBetween(electionTicks, 2 * electionTicks - 1);
        assertThat(ticksUntilNextCampaign(true, 3)).isEqualTo(usual + electionTicks);
        assertThat(ticksUntilNextCampaign(false, 3)).isEqualTo(usual);
    }

    @Test
    void a_leader_commits_by_counting_alone() {
        TestNode leader =
                member(1, confState(3), 0, entries(1, 1, 1), true, false).win();
        leader.step(MessageType.PRE_VOTE, 2, 3, new Body.Vote(2, 1, false, 2, 1, 0));
        assertThat(leader.role()).isEqualTo(RaftRole.LEADER);
        assertThat(leader.commit()).isZero();
    }
}
