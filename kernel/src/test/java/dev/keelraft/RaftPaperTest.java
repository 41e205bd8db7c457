package dev.keelraft;

import static dev.keelraft.TestNode.bytes;
import static dev.keelraft.TestNode.entries;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.keelraft.model.Body;
import dev.keelraft.model.Entry;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import dev.keelraft.model.RaftRole;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import org.assertj.core.groups.Tuple;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/**
 * Section 5 of the paper ("In Search of an Understandable Consensus Algorithm", Ongaro and Ousterhout, extended version),
 * sentence by sentence. Each test stands under the section whose sentence it checks.
 */
class RaftPaperTest {
    private static final Body ACK = new Body.VoteResponse(false);
    private static final Body REFUSAL = new Body.VoteResponse(true);

    private static Body.Append append(long prevIndex, long prevTerm, long commit, Entry... entries) {
        return new Body.Append(prevIndex, prevTerm, commit, List.of(entries));
    }

    private static Body.Vote vote(long lastIndex, long lastTerm) {
        return new Body.Vote(lastIndex, lastTerm, false);
    }

    private static TestNode leaderOf3() {
        TestNode node = TestNode.of(1, 3).win();
        node.sent();
        return node;
    }

    private static TestNode candidateOf3() {
        TestNode node = TestNode.of(1, 3);
        node.raw.campaign();
        node.sent();
        return node;
    }

    /** The two followers of node 1 acknowledge its log up to an index. */
    private static void acknowledge(TestNode leader, long index, long... followers) {
        for (long follower : followers) {
            leader.step(MessageType.APPEND_RESPONSE, follower, leader.term(), Body.AppendResponse.accepted(index));
        }
    }

    private static Body.AppendResponse onlyAnswer(TestNode node) {
        List<Message> answers = node.sent(MessageType.APPEND_RESPONSE);
        assertThat(answers).hasSize(1);
        return (Body.AppendResponse) answers.get(0).body();
    }

    @Nested
    @DisplayName("5.1 Raft basics")
    class Basics {
        @Test
        void a_follower_that_hears_of_a_larger_term_adopts_it() {
            TestNode node = TestNode.of(1, 3);
            node.step(MessageType.APPEND, 2, 7, append(0, 0, 0));
            assertThat(node.term()).isEqualTo(7);
            assertThat(node.role()).isEqualTo(RaftRole.FOLLOWER);
        }

        @Test
        void a_candidate_that_hears_of_a_larger_term_adopts_it_and_becomes_a_follower() {
            TestNode node = candidateOf3();
            node.step(MessageType.APPEND, 2, 7, append(0, 0, 0));
            assertThat(node.term()).isEqualTo(7);
            assertThat(node.role()).isEqualTo(RaftRole.FOLLOWER);
        }

        @Test
        void a_leader_that_hears_of_a_larger_term_adopts_it_and_becomes_a_follower() {
            TestNode node = leaderOf3();
            node.step(MessageType.APPEND, 2, 7, append(0, 0, 0));
            assertThat(node.term()).isEqualTo(7);
            assertThat(node.role()).isEqualTo(RaftRole.FOLLOWER);
        }

        @Test
        void an_answer_with_a_larger_term_deposes_a_leader_too() {
            TestNode node = leaderOf3();
            node.step(MessageType.APPEND_RESPONSE, 2, 9, Body.AppendResponse.accepted(0));
            assertThat(node.term()).isEqualTo(9);
            assertThat(node.role()).isEqualTo(RaftRole.FOLLOWER);
            assertThat(node.lead()).isZero();
        }

        @Test
        void a_request_with_a_stale_term_has_no_effect() {
            for (RaftRole role : RaftRole.values()) {
                TestNode node = switch (role) {
                    case FOLLOWER -> TestNode.withLog(1, 3, UnaryOperator.identity(), 5);
                    case PRE_CANDIDATE, CANDIDATE -> candidateOf3();
                    case LEADER -> leaderOf3();
                };
                HardState before = node.raw.status().hardState();
                List<Long> log = node.logTerms();
                StepResult result = node.step(
                        MessageType.APPEND,
                        2,
                        before.term() - 1,
                        append(0, 0, 9, entries(1, 1).get(0)));
                assertThat(result).as("%s", role).isEqualTo(StepResult.OLD_TERM);
                assertThat(node.raw.status().hardState()).isEqualTo(before);
                assertThat(node.logTerms()).isEqualTo(log);
            }
        }

        @Test
        void the_current_term_never_falls_also_across_a_restart() {
            TestNode node = TestNode.of(1, 3);
            node.step(MessageType.VOTE, 2, 8, vote(0, 0));
            TestNode back = TestNode.restarted(node.config, node.storage, TestNode.confState(3));
            assertThat(back.term()).isEqualTo(8);
            assertThat(back.vote()).isEqualTo(2);
        }
    }

    @Nested
    @DisplayName("5.2 Leader election")
    class LeaderElection {
        @Test
        void servers_start_as_followers() {
            assertThat(TestNode.of(1, 3).role()).isEqualTo(RaftRole.FOLLOWER);
            TestNode leader = leaderOf3();
            assertThat(TestNode.restarted(leader.config, leader.storage, TestNode.confState(3))
                            .role())
                    .isEqualTo(RaftRole.FOLLOWER);
        }

        @Test
        void a_follower_stays_one_while_it_hears_from_a_leader() {
            TestNode node = TestNode.of(1, 3);
            for (int i = 0; i < 20; i++) {
                node.tick(node.config.electionTicks() - 1);
                node.step(MessageType.HEARTBEAT, 2, 1, new Body.Heartbeat(0, new byte[0]));
            }
            assertThat(node.role()).isEqualTo(RaftRole.FOLLOWER);
            assertThat(node.term()).isEqualTo(1);
        }

        @Test
        void a_follower_that_grants_a_vote_waits_for_the_candidate() {
            TestNode node = TestNode.of(1, 3);
            node.raw.raft().timer().setTimeout(10);
            node.tick(9);
            node.step(MessageType.VOTE, 2, 2, vote(0, 0));
            node.raw.raft().timer().setTimeout(10);
            node.tick(9);
            assertThat(node.role()).isEqualTo(RaftRole.FOLLOWER);
            node.tick(1);
            assertThat(node.role()).isEqualTo(RaftRole.CANDIDATE);
        }

        @Test
        void a_leader_sends_heartbeats_to_all_followers_at_each_interval() {
            TestNode node =
                    TestNode.of(1, 3, config -> config.heartbeatTicks(3)).win();
            node.sent();
            for (int round = 0; round < 3; round++) {
                node.tick(2);
                assertThat(node.sent()).isEmpty();
                node.tick(1);
                assertThat(node.sent())
                        .extracting(Message::type, Message::to)
                        .containsExactly(heartbeat(2), heartbeat(3));
            }
        }

        private static Tuple heartbeat(long to) {
            return tuple(MessageType.HEARTBEAT, to);
        }

        @Test
        void a_follower_that_hears_from_nobody_for_an_election_timeout_begins_an_election() {
            TestNode node = TestNode.of(1, 3);
            node.tick(2 * node.config.electionTicks() - 1);
            assertThat(node.role()).isEqualTo(RaftRole.CANDIDATE);
        }

        @Test
        void to_begin_an_election_a_server_increments_its_term_votes_for_itself_and_asks_all_others() {
            for (boolean again : List.of(false, true)) {
                TestNode node = again ? candidateOf3() : TestNode.of(1, 3);
                long before = node.term();
                node.tick(2 * node.config.electionTicks() - 1);
                assertThat(node.term()).isEqualTo(before + 1);
                assertThat(node.role()).isEqualTo(RaftRole.CANDIDATE);
                assertThat(node.vote()).isEqualTo(1);
                Body.Vote request = vote(0, 0);
                assertThat(node.sent())
                        .containsExactly(
                                new Message(MessageType.VOTE, 1, 2, before + 1, request),
                                new Message(MessageType.VOTE, 1, 3, before + 1, request));
            }
        }

        @Test
        void a_candidate_wins_with_the_votes_of_a_majority_of_the_whole_cluster() {
            // Voters, grants and refusals of others, and what the candidate is afterwards; it votes for itself.
            assertThat(afterElection(1, 0, 0)).isEqualTo(RaftRole.LEADER);
            assertThat(afterElection(3, 2, 0)).isEqualTo(RaftRole.LEADER);
            assertThat(afterElection(3, 1, 0)).isEqualTo(RaftRole.LEADER);
            assertThat(afterElection(5, 4, 0)).isEqualTo(RaftRole.LEADER);
            assertThat(afterElection(5, 3, 1)).isEqualTo(RaftRole.LEADER);
            assertThat(afterElection(5, 2, 2)).isEqualTo(RaftRole.LEADER);
            assertThat(afterElection(4, 1, 0)).isEqualTo(RaftRole.CANDIDATE);
            assertThat(afterElection(4, 2, 0)).isEqualTo(RaftRole.LEADER);
            assertThat(afterElection(3, 0, 0)).isEqualTo(RaftRole.CANDIDATE);
            assertThat(afterElection(5, 1, 0)).isEqualTo(RaftRole.CANDIDATE);
            assertThat(afterElection(5, 1, 2)).isEqualTo(RaftRole.CANDIDATE);
            assertThat(afterElection(3, 0, 2)).isEqualTo(RaftRole.FOLLOWER);
            assertThat(afterElection(5, 1, 3)).isEqualTo(RaftRole.FOLLOWER);
        }

        private static RaftRole afterElection(int voters, int grants, int refusals) {
            TestNode node = TestNode.of(1, voters);
            node.raw.campaign();
            node.run();
            for (int i = 0; i < grants + refusals; i++) {
                node.step(MessageType.VOTE_RESPONSE, 2L + i, 2, i < grants ? ACK : REFUSAL);
            }
            assertThat(node.term()).isEqualTo(2);
            return node.role();
        }

        @Test
        void a_vote_that_arrives_twice_counts_once() {
            TestNode node = TestNode.of(1, 5);
            node.raw.campaign();
            node.run();
            node.step(MessageType.VOTE_RESPONSE, 2, 2, ACK);
            node.step(MessageType.VOTE_RESPONSE, 2, 2, ACK);
            assertThat(node.role()).isEqualTo(RaftRole.CANDIDATE);
        }

        @Test
        void a_server_votes_for_at_most_one_candidate_in_a_term_first_come_first_served() {
            for (long votedFor : new long[] {0, 2, 3}) {
                for (long asks : new long[] {2, 3}) {
                    MemoryStorage storage = new MemoryStorage();
                    storage.setHardState(new HardState(1, votedFor, 0));
                    TestNode node = TestNode.restarted(TestNode.plain(1).build(), storage, TestNode.confState(3));
                    node.step(MessageType.VOTE, asks, 1, vote(0, 0));
                    boolean refused = votedFor != 0 && votedFor != asks;
                    assertThat(node.sent())
                            .containsExactly(
                                    new Message(MessageType.VOTE_RESPONSE, 1, asks, 1, new Body.VoteResponse(refused)));
                    assertThat(node.vote()).isEqualTo(refused ? votedFor : asks);
                }
            }
        }

        @Test
        void a_new_leader_establishes_its_authority_at_once() {
            TestNode node = candidateOf3();
            node.step(MessageType.VOTE_RESPONSE, 2, 2, ACK);
            assertThat(node.sent(MessageType.APPEND)).extracting(Message::to).containsExactly(2L, 3L);
        }

        @Test
        void a_candidate_recognizes_a_leader_whose_term_is_at_least_its_own() {
            for (long term : new long[] {2, 3}) {
                TestNode node = candidateOf3();
                node.step(MessageType.APPEND, 2, term, append(0, 0, 0));
                assertThat(node.role()).isEqualTo(RaftRole.FOLLOWER);
                assertThat(node.term()).isEqualTo(term);
                assertThat(node.lead()).isEqualTo(2);
            }
        }

        @Test
        void a_candidate_rejects_a_leader_of_a_smaller_term_and_remains_one() {
            TestNode node = candidateOf3();
            node.step(MessageType.APPEND, 2, 1, append(0, 0, 0));
            assertThat(node.role()).isEqualTo(RaftRole.CANDIDATE);
            assertThat(node.lead()).isZero();
        }

        @Test
        void candidates_that_split_the_vote_time_out_and_begin_a_new_election() {
            TestNode node = candidateOf3();
            node.tick(2 * node.config.electionTicks() - 1);
            assertThat(node.role()).isEqualTo(RaftRole.CANDIDATE);
            assertThat(node.term()).isEqualTo(3);
        }

        @Test
        void election_timeouts_are_drawn_from_a_fixed_interval() {
            for (boolean candidate : List.of(false, true)) {
                Set<Integer> seen = new TreeSet<>();
                TestNode node = TestNode.of(1, 3);
                for (int round = 0; round < 1_000; round++) {
                    int ticks = 0;
                    long term = node.term();
                    if (!candidate) {
                        node.step(MessageType.APPEND, 2, term + 1, append(0, 0, 0));
                        term++;
                    }
                    while (node.term() == term) {
                        node.tick(1);
                        ticks++;
                    }
                    seen.add(ticks);
                }
                // Every value of [10, 19], and no other.
                assertThat(seen).containsExactly(10, 11, 12, 13, 14, 15, 16, 17, 18, 19);
            }
        }

        @Test
        void servers_that_draw_differently_seldom_time_out_together() {
            int together = 0;
            int rounds = 1_000;
            Random seeds = new Random(42);
            for (int round = 0; round < rounds; round++) {
                List<Integer> timeouts = new ArrayList<>();
                for (int id = 1; id <= 5; id++) {
                    ElectionTimer timer = new ElectionTimer(10, new Random(seeds.nextLong()));
                    int ticks = 0;
                    while (!timer.isPastTimeout()) {
                        timer.tick();
                        ticks++;
                    }
                    timeouts.add(ticks);
                }
                timeouts.sort(null);
                if (timeouts.get(0).equals(timeouts.get(1))) {
                    together++;
                }
            }
            // Of five draws from ten values, the smallest is drawn more than once in 1 - (0^4 + ... + 9^4) / 20,000 =
            // 0.23 of all
            // rounds.
            assertThat((double) together / rounds).isBetween(0.19, 0.27);
        }
    }

    @Nested
    @DisplayName("5.3 Log replication")
    class LogReplication {
        @Test
        void a_leader_appends_a_command_to_its_log_and_sends_it_to_all_followers() {
            TestNode leader = leaderOf3();
            acknowledge(leader, 1, 2, 3);
            leader.sent();
            ProposalResult result = leader.raw.propose(bytes("x"));
            assertThat(result.isAccepted()).isTrue();
            Entry entry = Entry.normal(2, 2, bytes("x"));
            Body.Append append = append(1, 2, 1, entry);
            assertThat(leader.sent())
                    .containsExactly(
                            new Message(MessageType.APPEND, 1, 2, 2, append),
                            new Message(MessageType.APPEND, 1, 3, 2, append));
            assertThat(leader.storage.entries(2, 3, RaftConfig.NO_LIMIT)).containsExactly(entry);
        }

        @Test
        void an_entry_holds_the_term_in_which_a_leader_received_it_and_its_position() {
            TestNode leader = leaderOf3();
            leader.raw.propose(bytes("x"));
            leader.raw.propose(bytes("y"));
            leader.run();
            assertThat(leader.storage.entries(1, 4, RaftConfig.NO_LIMIT))
                    .containsExactly(Entry.empty(2, 1), Entry.normal(2, 2, bytes("x")), Entry.normal(2, 3, bytes("y")));
        }

        @Test
        void an_entry_is_committed_and_applied_once_a_majority_has_it() {
            TestNode leader = leaderOf3();
            leader.raw.propose(bytes("x"));
            leader.run();
            assertThat(leader.appliedTexts()).isEmpty();
            acknowledge(leader, 2, 3);
            assertThat(leader.commit()).isEqualTo(2);
            assertThat(leader.appliedTexts()).containsExactly("x");
        }

        @Test
        void the_majority_counts_the_whole_cluster() {
            for (int voters = 1; voters <= 5; voters++) {
                for (int others = 0; others < voters; others++) {
                    TestNode leader = TestNode.of(1, voters).win();
                    leader.raw.propose(bytes("x"));
                    leader.run();
                    for (long follower = 2; follower < 2 + others; follower++) {
                        acknowledge(leader, 2, follower);
                    }
                    boolean majority = 2 * (others + 1) > voters;
                    assertThat(leader.commit() == 2)
                            .as("%d of %d", others + 1, voters)
                            .isEqualTo(majority);
                }
            }
        }

        @Test
        void a_leader_sends_again_until_all_followers_have_everything() {
            TestCluster cluster = new TestCluster(3);
            cluster.elect(1);
            cluster.lose(message -> message.to() == 3);
            cluster.propose(1, "x");
            cluster.propose(1, "y");
            assertThat(cluster.node(1).appliedTexts()).containsExactly("x", "y");
            assertThat(cluster.node(3).appliedTexts()).isEmpty();
            cluster.loseNothing();
            cluster.tick(2);
            assertThat(cluster.node(3).appliedTexts()).containsExactly("x", "y");
        }

        @Test
        void committing_an_entry_commits_all_before_it_also_those_of_earlier_leaders() {
            for (long[] terms : List.of(new long[0], new long[] {1}, new long[] {1, 2}, new long[] {1, 1, 3})) {
                TestNode leader = TestNode.withLog(1, 3, UnaryOperator.identity(), 3, terms)
                        .win();
                leader.raw.propose(bytes("x"));
                leader.run();
                acknowledge(leader, terms.length + 2L, 2);
                assertThat(leader.applied).hasSize(terms.length + 2);
                assertThat(leader.applied.subList(0, terms.length)).isEqualTo(entries(1, terms));
            }
        }

        @Test
        void the_leader_tells_followers_the_commit_index_and_they_apply_in_log_order() {
            TestNode node = TestNode.of(1, 3);
            List<Entry> sent = entries(1, 1, 1, 1);
            node.step(MessageType.APPEND, 2, 1, append(0, 0, 0, sent.toArray(new Entry[0])));
            for (int commit = 0; commit <= 3; commit++) {
                node.step(MessageType.APPEND, 2, 1, append(3, 1, commit));
                assertThat(node.commit()).isEqualTo(commit);
                assertThat(node.applied).isEqualTo(sent.subList(0, commit));
            }
        }

        @Test
        void every_append_carries_the_commit_index() {
            TestNode leader = leaderOf3();
            acknowledge(leader, 1, 2);
            leader.sent();
            leader.raw.propose(bytes("x"));
            List<Message> appends = leader.sent(MessageType.APPEND);
            assertThat(((Body.Append) appends.get(0).body()).commit()).isEqualTo(1);
        }

        @Test
        void a_follower_does_not_commit_beyond_the_entries_of_the_message() {
            // Index 2 is another leader's; index 1 alone is known to match.
            TestNode node = TestNode.withLog(1, 3, UnaryOperator.identity(), 1, 1, 1);
            node.step(MessageType.APPEND, 2, 2, append(0, 0, 2, entries(1, 1).get(0)));
            assertThat(node.commit()).isEqualTo(1);
        }

        @Test
        void a_follower_refuses_entries_where_the_one_before_them_does_not_match() {
            // The follower's log, and the place that the leader names: only those in it match.
            long[] terms = {1, 2};
            assertRefusal(terms, 0, 0, false, 0, 0);
            assertRefusal(terms, 1, 1, false, 0, 0);
            assertRefusal(terms, 2, 2, false, 0, 0);
            assertRefusal(terms, 1, 2, true, 1, 1);
            assertRefusal(terms, 3, 3, true, 2, 2);
            assertRefusal(terms, 2, 1, true, 1, 1);
        }

        private static void assertRefusal(
                long[] terms, long prevIndex, long prevTerm, boolean refused, long hint, long hintTerm) {
            TestNode node = TestNode.withLog(1, 3, UnaryOperator.identity(), 4, terms);
            node.step(MessageType.APPEND, 2, 4, append(prevIndex, prevTerm, 0));
            assertThat(onlyAnswer(node)).isEqualTo(new Body.AppendResponse(prevIndex, refused, hint, hintTerm));
        }

        @Test
        void two_logs_with_an_entry_of_the_same_index_and_term_are_equal_up_to_it() {
            Random random = new Random(7);
            for (int round = 0; round < 30; round++) {
                TestCluster cluster = new TestCluster(3);
                for (int i = 0; i < 40; i++) {
                    long id = 1L + random.nextInt(3);
                    switch (random.nextInt(5)) {
                        case 0 -> cluster.elect(id);
                        case 1 -> cluster.isolate(id);
                        case 2 -> List.of(1L, 2L, 3L).forEach(cluster::reconnect);
                        default -> cluster.propose(id, "p" + i);
                    }
                }
                for (TestNode a : cluster.nodes) {
                    for (TestNode b : cluster.nodes) {
                        assertMatching(a, b);
                    }
                }
            }
        }

        private static void assertMatching(TestNode a, TestNode b) {
            long last = Math.min(a.storage.lastIndex(), b.storage.lastIndex());
            boolean mustMatch = false;
            for (long index = last; index >= 1; index--) {
                mustMatch |= a.storage.term(index) == b.storage.term(index);
                if (mustMatch) {
                    assertThat(a.storage.entries(index, index + 1, 0))
                            .isEqualTo(b.storage.entries(index, index + 1, 0));
                }
            }
        }

        @Test
        void a_leader_brings_the_logs_of_figure_7_into_line_with_its_own() {
            List<long[]> followers = List.of(
                    new long[] {1, 1, 1, 4, 4, 5, 5, 6, 6},
                    new long[] {1, 1, 1, 4},
                    new long[] {1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6},
                    new long[] {1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7},
                    new long[] {1, 1, 1, 4, 4, 4, 4},
                    new long[] {1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3});
            for (long[] follower : followers) {
                TestNode leader = TestNode.withLog(1, 3, UnaryOperator.identity(), 7, 1, 1, 1, 4, 4, 5, 5, 6, 6, 6);
                TestNode behind = TestNode.withLog(2, 3, UnaryOperator.identity(), 7, follower);
                TestNode third = TestNode.withLog(3, 3, UnaryOperator.identity(), 7);
                TestCluster cluster = new TestCluster(List.of(leader, behind, third));
                cluster.elect(1);
                cluster.propose(1, "x");
                assertThat(leader.role()).isEqualTo(RaftRole.LEADER);
                assertThat(behind.logTerms()).isEqualTo(List.of(1L, 1L, 1L, 4L, 4L, 5L, 5L, 6L, 6L, 6L, 8L, 8L));
                assertThat(third.logTerms()).isEqualTo(leader.logTerms());
            }
        }

        @Test
        void a_follower_deletes_what_conflicts_and_all_behind_it_and_keeps_what_does_not() {
            List<Entry> same = entries(1, 1, 2);
            assertAppended(new long[] {1, 2}, append(2, 2, 0, entries(3, 3).get(0)), 1, 2, 3);
            assertAppended(new long[] {1, 2}, append(1, 1, 0, entries(2, 3, 4).toArray(new Entry[0])), 1, 3, 4);
            assertAppended(new long[] {1, 2}, append(0, 0, 0, same.get(0)), 1, 2);
            assertAppended(new long[] {1, 2, 2}, append(0, 0, 0, entries(1, 3).get(0)), 3);
        }

        private static void assertAppended(long[] terms, Body.Append append, long... expected) {
            TestNode node = TestNode.withLog(1, 3, UnaryOperator.identity(), 4, terms);
            node.step(MessageType.APPEND, 2, 4, append);
            List<Long> list = new ArrayList<>();
            for (long term : expected) {
                list.add(term);
            }
            assertThat(node.logTerms()).isEqualTo(list);
        }

        @Test
        void a_new_leader_first_tries_the_index_just_after_its_last_entry() {
            TestNode leader = TestNode.withLog(1, 3, UnaryOperator.identity(), 1, 1, 1, 1);
            leader.win();
            Body.Append first =
                    (Body.Append) leader.sent(MessageType.APPEND).get(0).body();
            assertThat(first.prevIndex()).isEqualTo(3);
            assertThat(first.entries()).hasSize(1);
        }

        @Test
        void after_a_rejection_a_leader_goes_back_and_tries_again() {
            TestNode leader = TestNode.withLog(1, 3, UnaryOperator.identity(), 2, 1, 1, 2);
            leader.win();
            leader.sent();
            leader.step(MessageType.APPEND_RESPONSE, 2, 3, new Body.AppendResponse(3, true, 1, 1));
            Body.Append again =
                    (Body.Append) leader.sent(MessageType.APPEND).get(0).body();
            assertThat(again.prevIndex()).isEqualTo(1);
            assertThat(again.entries()).extracting(Entry::index).containsExactly(2L, 3L, 4L);
        }

        @Test
        void one_rejection_is_enough_for_each_conflicting_term() {
            // The follower has a long tail of term 2, of which the leader knows nothing; and the reverse.
            assertRejections(new long[] {1, 3, 3, 3, 3, 3}, new long[] {1, 2, 2, 2, 2, 2, 2, 2, 2});
            assertRejections(new long[] {1, 2, 2, 2, 2, 2, 2, 2, 2, 3}, new long[] {1, 1, 1});
        }

        private static void assertRejections(long[] leaderTerms, long[] followerTerms) {
            TestNode leader = TestNode.withLog(1, 2, UnaryOperator.identity(), 3, leaderTerms);
            TestNode follower = TestNode.withLog(2, 2, UnaryOperator.identity(), 3, followerTerms);
            List<Message> rejections = new ArrayList<>();
            TestCluster cluster = new TestCluster(List.of(leader, follower));
            cluster.lose(message -> {
                if (message.body() instanceof Body.AppendResponse response && response.rejected()) {
                    rejections.add(message);
                }
                return false;
            });
            cluster.elect(1);
            assertThat(follower.logTerms()).isEqualTo(leader.logTerms());
            // At most one for each term in which the two logs differ: here one or two.
            assertThat(rejections).hasSizeBetween(1, 2);
        }

        @Test
        void a_leader_never_overwrites_or_deletes_its_own_entries() {
            TestNode leader = TestNode.withLog(1, 3, UnaryOperator.identity(), 2, 1, 2);
            leader.win();
            List<Entry> before = leader.storage.entries(1, 4, RaftConfig.NO_LIMIT);
            leader.step(MessageType.APPEND_RESPONSE, 2, 3, new Body.AppendResponse(2, true, 0, 0));
            leader.raw.propose(bytes("x"));
            leader.run();
            assertThat(leader.storage.entries(1, 4, RaftConfig.NO_LIMIT)).isEqualTo(before);
            assertThat(leader.storage.lastIndex()).isEqualTo(4);
        }
    }

    @Nested
    @DisplayName("5.4.1 Election restriction")
    class ElectionRestriction {
        @Test
        void a_vote_request_tells_the_index_and_term_of_the_candidates_last_entry() {
            TestNode node = TestNode.withLog(1, 3, UnaryOperator.identity(), 4, 1, 3, 3);
            node.raw.campaign();
            assertThat(node.sent(MessageType.VOTE))
                    .allSatisfy(message -> assertThat(message.body()).isEqualTo(vote(3, 3)));
        }

        @Test
        void a_voter_denies_its_vote_if_its_own_log_is_more_up_to_date() {
            // The voter's log, the candidate's last index and term, and whether it is refused.
            // The later last term wins, whatever the length.
            assertVote(new long[] {1}, 1, 1, false);
            assertVote(new long[] {1}, 1, 2, false);
            assertVote(new long[] {1, 1}, 1, 2, false);
            assertVote(new long[] {2}, 1, 1, true);
            assertVote(new long[] {2}, 2, 1, true);
            // With the same last term the longer log wins.
            assertVote(new long[] {1}, 2, 1, false);
            assertVote(new long[] {1, 1}, 1, 1, true);
            assertVote(new long[] {1, 1}, 2, 1, false);
            assertVote(new long[] {}, 0, 0, false);
            assertVote(new long[] {1}, 0, 0, true);
        }

        private static void assertVote(long[] terms, long lastIndex, long lastTerm, boolean refused) {
            for (boolean pre : List.of(false, true)) {
                TestNode node = TestNode.withLog(1, 3, UnaryOperator.identity(), 2, terms);
                MessageType request = pre ? MessageType.PRE_VOTE : MessageType.VOTE;
                node.step(request, 2, 3, vote(lastIndex, lastTerm));
                Message answer = node.sent().get(0);
                assertThat(answer.body()).isEqualTo(new Body.VoteResponse(refused));
                assertThat(node.vote()).isEqualTo(refused || pre ? 0 : 2);
            }
        }

        @Test
        void a_leader_has_all_entries_that_earlier_terms_committed() {
            TestCluster cluster = new TestCluster(3);
            cluster.elect(1);
            cluster.isolate(3);
            cluster.propose(1, "committed without node 3");
            cluster.reconnect(3);
            cluster.isolate(1);
            // Node 3 cannot win: node 2 knows more.
            cluster.elect(3);
            assertThat(cluster.node(3).role()).isNotEqualTo(RaftRole.LEADER);
            cluster.elect(2);
            assertThat(cluster.node(2).role()).isEqualTo(RaftRole.LEADER);
            assertThat(cluster.node(3).appliedTexts()).containsExactly("committed without node 3");
        }
    }

    @Nested
    @DisplayName("5.4.2 Committing entries from previous terms")
    class EarlierTerms {
        @Test
        void a_leader_never_commits_an_entry_of_an_earlier_term_by_counting() {
            TestNode leader = TestNode.withLog(1, 3, UnaryOperator.identity(), 2, 1, 2);
            leader.win();
            acknowledge(leader, 1, 2, 3);
            assertThat(leader.commit()).isZero();
            acknowledge(leader, 2, 2, 3);
            assertThat(leader.commit()).isZero();
            acknowledge(leader, 3, 2);
            assertThat(leader.commit()).isEqualTo(3);
        }

        @Test
        void the_entry_of_figure_8_can_be_overwritten_although_a_majority_has_it() {
            // (a) S1 has led term 2 and brought index 2 to S2 alone. (b) S5 has won term 3, and appended another index
            // 2.
            UnaryOperator<RaftConfig.Builder> oneEntryEach = config -> config.maxMessageBytes(0);
            TestNode s1 = TestNode.withLog(1, 5, oneEntryEach, 3, 1, 2);
            TestNode s2 = TestNode.withLog(2, 5, oneEntryEach, 3, 1, 2);
            TestNode s3 = TestNode.withLog(3, 5, oneEntryEach, 3, 1);
            TestNode s4 = TestNode.withLog(4, 5, oneEntryEach, 3, 1);
            TestNode s5 = TestNode.withLog(5, 5, oneEntryEach, 3, 1, 3);
            TestCluster cluster = new TestCluster(List.of(s1, s2, s3, s4, s5));
            // (c) S1 wins term 4 and brings index 2 of term 2 to S3, but no entry of term 4 to anybody.
            cluster.isolate(4);
            cluster.isolate(5);
            cluster.lose(message -> message.body() instanceof Body.Append append
                    && append.entries().stream().anyMatch(entry -> entry.term() == 4));
            cluster.elect(1);
            s1.step(MessageType.APPEND_RESPONSE, 2, 4, Body.AppendResponse.accepted(2));
            s1.step(MessageType.APPEND_RESPONSE, 3, 4, new Body.AppendResponse(2, true, 1, 1));
            cluster.settle();
            assertThat(s1.role()).isEqualTo(RaftRole.LEADER);
            assertThat(s3.logTerms()).containsExactly(1L, 2L);
            // Three of five have index 2, and it is not committed.
            assertThat(s1.commit()).isZero();
            // (d) S5 wins term 5 with the votes of S3 and S4, and overwrites index 2 everywhere.
            cluster.loseNothing();
            cluster.isolate(1);
            cluster.isolate(2);
            cluster.reconnect(4);
            cluster.reconnect(5);
            cluster.elect(5);
            cluster.elect(5);
            assertThat(s5.role()).isEqualTo(RaftRole.LEADER);
            cluster.reconnect(1);
            cluster.reconnect(2);
            cluster.tick(2);
            assertThat(cluster.nodes)
                    .allSatisfy(node -> assertThat(node.logTerms().get(1)).isEqualTo(3L));
        }

        @Test
        void once_an_entry_of_its_own_term_is_on_a_majority_all_before_it_are_safe() {
            // (e) of figure 8: with an entry of term 4 on a majority S5 cannot win any more.
            TestNode s1 = TestNode.withLog(1, 3, UnaryOperator.identity(), 3, 1, 2);
            TestNode s2 = TestNode.withLog(2, 3, UnaryOperator.identity(), 3, 1, 2);
            TestNode s3 = TestNode.withLog(3, 3, UnaryOperator.identity(), 3, 1, 3);
            TestCluster cluster = new TestCluster(List.of(s1, s2, s3));
            cluster.isolate(3);
            cluster.elect(1);
            assertThat(s1.commit()).isEqualTo(3);
            cluster.reconnect(3);
            cluster.isolate(1);
            cluster.elect(3);
            assertThat(s3.role()).isNotEqualTo(RaftRole.LEADER);
        }
    }

    @Nested
    @DisplayName("5.5 Follower and candidate crashes")
    class Crashes {
        @Test
        void requests_to_a_crashed_server_are_sent_again_until_it_is_back() {
            TestCluster cluster = new TestCluster(3);
            cluster.elect(1);
            cluster.isolate(2);
            cluster.propose(1, "x");
            cluster.tick(5);
            cluster.restart(2);
            cluster.reconnect(2);
            cluster.tick(2);
            assertThat(cluster.node(2).appliedTexts()).containsExactly("x");
        }

        @Test
        void a_request_that_was_completed_before_the_crash_and_is_repeated_does_no_harm() {
            TestNode node = TestNode.of(1, 3);
            Body.Append append = append(0, 0, 1, entries(1, 1, 1).toArray(new Entry[0]));
            node.step(MessageType.APPEND, 2, 1, append);
            TestNode back = TestNode.restarted(node.config, node.storage, TestNode.confState(3));
            back.step(MessageType.APPEND, 2, 1, append);
            assertThat(back.logTerms()).containsExactly(1L, 1L);
            assertThat(onlyAnswer(back)).isEqualTo(Body.AppendResponse.accepted(1));
            back.step(MessageType.APPEND, 2, 1, append(0, 0, 0, entries(1, 1).get(0)));
            assertThat(back.logTerms())
                    .as("an old, shorter request does not cut the log")
                    .containsExactly(1L, 1L);
        }

        @Test
        void a_vote_that_was_given_before_the_crash_is_given_again_to_the_same_candidate_only() {
            TestNode node = TestNode.of(1, 3);
            node.step(MessageType.VOTE, 2, 5, vote(0, 0));
            TestNode back = TestNode.restarted(node.config, node.storage, TestNode.confState(3));
            back.step(MessageType.VOTE, 3, 5, vote(0, 0));
            back.step(MessageType.VOTE, 2, 5, vote(0, 0));
            assertThat(back.sent())
                    .containsExactly(
                            new Message(MessageType.VOTE_RESPONSE, 1, 3, 5, REFUSAL),
                            new Message(MessageType.VOTE_RESPONSE, 1, 2, 5, ACK));
        }
    }

    @Nested
    @DisplayName("5.6 Timing and availability")
    class Timing {
        @Test
        void a_leader_that_is_heard_in_time_leads_for_ever() {
            TestCluster cluster = new TestCluster(5);
            cluster.elect(3);
            long term = cluster.node(3).term();
            cluster.tick(1_000);
            assertThat(cluster.leaders()).containsExactly(3L);
            assertThat(cluster.node(3).term()).isEqualTo(term);
        }

        @Test
        void when_a_leader_fails_another_is_elected_within_a_few_timeouts() {
            TestCluster cluster = new TestCluster(5);
            cluster.elect(3);
            cluster.isolate(3);
            cluster.tick(100);
            assertThat(cluster.leaders()).hasSize(1);
        }
    }
}
