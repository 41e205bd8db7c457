package dev.keelraft;

import static dev.keelraft.Deviations.settings;
import static dev.keelraft.Deviations.start;
import static dev.keelraft.Deviations.with;
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
import dev.keelraft.model.ProgressState;
import dev.keelraft.model.RaftRole;
import dev.keelraft.model.Snapshot;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/**
 * The story of each deviation, told twice: as it ends in etcd's library, and as it ends here. Stories of reads are in {@link
 * ReadDeviationTest}, of members in {@link MembershipDeviationTest}, of votes that tell what is committed in {@link
 * CommitByVoteTest}.
 */
class DeviationTest {
    private static final ConfState THREE = TestNode.confState(3);
    private static final Body.Append FIRST_ENTRY = new Body.Append(0, 0, 0, entries(1, 1));

    @Test
    void each_is_in_the_table_of_the_package_with_story_source_and_cost() throws IOException {
        String source = Files.readString(Path.of("src/main/java/dev/keelraft/package-info.java"));
        List<String> rows = Pattern.compile("<tr><td>\\{@code ([A-Z_]+)}</td>")
                .matcher(source)
                .results()
                .map(row -> row.group(1))
                .toList();
        assertThat(rows)
                .containsExactlyInAnyOrderElementsOf(
                        Stream.of(Deviation.values()).map(Deviation::name).toList());
    }

    /** Mutant 18. */
    @Nested
    @DisplayName("X1: a vote request waits for the disk")
    class VoteRequest {
        private final MemoryStorage disk = new MemoryStorage();
        private final TestNode voter = TestNode.of(2, 3);

        /** Node 1 takes an entry, and campaigns with it, before anything of that is on its disk; returns what leaves meanwhile. */
        private List<Message> campaignWithUnwrittenEntry(RaftConfig config) {
            disk.setHardState(new HardState(1, 0, 0));
            RawNode node = start(config, disk);
            node.step(new Message(MessageType.APPEND, 3, 1, 1, FIRST_ENTRY));
            Ready append = node.ready();
            node.campaign();
            Ready campaign = node.ready();
            assertThat(append.entries()).isEqualTo(entries(1, 1));
            assertThat(campaign.hardState()).isEqualTo(new HardState(2, 1, 0));
            assertThat(append.messages()).isEmpty();
            return campaign.messages();
        }

        private RaftConfig config(boolean on) {
            return settings(1, Deviation.VOTE_REQUEST_WAITS_FOR_DISK, on)
                    .asyncStorageWrites(true)
                    .build();
        }

        @Test
        void off_a_node_leads_without_an_entry_that_its_voter_knows_to_be_committed() {
            // Nodes 2 and 3 have the entry: it is committed.
            voter.step(MessageType.APPEND, 3, 1, new Body.Append(0, 0, 1, entries(1, 1)));
            voter.sent();
            for (Message message : campaignWithUnwrittenEntry(config(false))) {
                if (message.to() == voter.id) {
                    voter.raw.step(message);
                }
            }
            Message delayedGrant = voter.sent().get(0);
            assertThat(delayedGrant.body()).isEqualTo(new Body.VoteResponse(false));
            // Node 1 crashes before its disk has anything of all that, and campaigns for term 2 once more.
            RawNode back = start(config(false), disk);
            back.campaign();
            while (back.hasReady()) {
                Ready ready = back.ready();
                disk.append(ready.snapshot(), ready.hardState(), ready.entries());
                back.persisted(ready);
            }
            back.step(delayedGrant);
            assertThat(back.status().softState().role()).isEqualTo(RaftRole.LEADER);
            assertThat(voter.commit()).isEqualTo(1);
            assertThat(back.ready().entries()).as("another entry at index 1").containsExactly(Entry.empty(2, 1));
        }

        @Test
        void on_nobody_is_asked_before_the_disk_has_what_the_request_promises() {
            assertThat(campaignWithUnwrittenEntry(config(true))).isEmpty();
        }

        @Test
        void on_it_leaves_with_the_ready_that_stores_the_term_and_the_vote() {
            disk.setHardState(new HardState(1, 0, 0));
            RawNode node = start(config(true), disk);
            node.step(new Message(MessageType.APPEND, 3, 1, 1, FIRST_ENTRY));
            Ready append = node.ready();
            node.campaign();
            Ready campaign = node.ready();
            assertThat(append.messagesAfterPersist())
                    .extracting(Message::type)
                    .containsExactly(MessageType.APPEND_RESPONSE);
            assertThat(campaign.mustSync()).isTrue();
            assertThat(campaign.messagesAfterPersist())
                    .containsExactly(
                            new Message(MessageType.VOTE, 1, 2, 2, new Body.Vote(1, 1, false)),
                            new Message(MessageType.VOTE, 1, 3, 2, new Body.Vote(1, 1, false)));
        }
    }

    /** Mutant 81. */
    @Nested
    @DisplayName("a snapshot demands a sync")
    class SnapshotSync {
        private final MemoryStorage disk = new MemoryStorage();

        /** Node 1 is sent a snapshot in the term that it knows already; returns its node, with that Ready to come. */
        private RawNode sentSnapshot(boolean on) {
            disk.setHardState(new HardState(1, 0, 0));
            RawNode node =
                    start(settings(1, Deviation.SNAPSHOT_DEMANDS_SYNC, on).build(), disk);
            Snapshot snapshot = new Snapshot(10, 1, THREE, bytes("state"));
            node.step(new Message(MessageType.INSTALL_SNAPSHOT, 2, 1, 1, new Body.InstallSnapshot(snapshot)));
            return node;
        }

        @Test
        void off_a_node_may_acknowledge_a_snapshot_that_it_loses_in_a_power_failure() {
            Ready ready = sentSnapshot(false).ready();
            assertThat(ready.snapshot().index()).isEqualTo(10);
            assertThat(ready.messagesAfterPersist())
                    .containsExactly(
                            new Message(MessageType.APPEND_RESPONSE, 1, 2, 1, Body.AppendResponse.accepted(10)));
            assertThat(ready.mustSync()).isFalse();
            // Nothing was forced to the disk, so nothing is there; and the leader counts on index 10.
            RawNode back = start(TestNode.plain(1).build(), disk);
            Message heartbeat = new Message(MessageType.HEARTBEAT, 2, 1, 1, new Body.Heartbeat(10, new byte[0]));
            assertThatThrownBy(() -> back.step(heartbeat))
                    .isInstanceOf(RaftFailedException.class)
                    .hasMessageContaining("LOG_LOSS");
        }

        @Test
        void on_the_ready_must_be_synced() {
            Ready ready = sentSnapshot(true).ready();
            assertThat(ready.snapshot().index()).isEqualTo(10);
            assertThat(ready.mustSync()).isTrue();
        }
    }

    @Nested
    @DisplayName("appends are built when the Ready is taken")
    class AppendsWithReady {
        private TestNode leader(boolean on) {
            TestNode leader = TestNode.of(1, 3, with(Deviation.MESSAGES_BUILT_WITH_READY, on))
                    .win();
            leader.acknowledge(1, 2, 3);
            leader.sent();
            for (int i = 0; i < 64; i++) {
                leader.raw.propose(bytes("x"));
            }
            return leader;
        }

        @Test
        void off_each_proposal_is_an_append_of_its_own_to_each_peer() {
            List<Body.Append> appends = leader(false).appendsTo(2);
            assertThat(appends)
                    .hasSize(64)
                    .allSatisfy(append -> assertThat(append.entries()).hasSize(1));
        }

        @Test
        void on_what_came_between_two_readys_is_one_append_to_each_peer() {
            TestNode leader = leader(true);
            assertThat(leader.raw.hasReady()).isTrue();
            List<Message> appends = leader.sent(MessageType.APPEND);
            assertThat(appends).extracting(Message::to).containsExactly(2L, 3L);
            assertThat(appends)
                    .extracting(
                            message -> ((Body.Append) message.body()).entries().size())
                    .containsExactly(64, 64);
        }

        @Test
        void on_it_is_as_many_as_limits_and_windows_allow_and_acknowledgements_bring_the_rest() {
            TestNode leader = TestNode.of(
                            1, 3, config -> config.maxMessageBytes(0).maxInflightMessages(4))
                    .win();
            leader.acknowledge(1, 2, 3);
            leader.sent();
            for (int i = 0; i < 6; i++) {
                leader.raw.propose(bytes("x"));
            }
            assertThat(leader.appendsTo(2)).hasSize(4);
            leader.acknowledge(3, 2);
            assertThat(leader.appendsTo(2))
                    .filteredOn(append -> !append.entries().isEmpty())
                    .hasSize(2);
        }

        @Test
        void on_a_node_that_stepped_down_before_the_ready_builds_none() {
            TestNode leader = leader(true);
            leader.step(MessageType.HEARTBEAT, 3, leader.term() + 1, new Body.Heartbeat(0, new byte[0]));
            assertThat(leader.sent(MessageType.APPEND)).isEmpty();
        }
    }

    @Nested
    @DisplayName("an empty proposal is refused")
    class EmptyProposal {
        private final List<Entry> applied = new ArrayList<>();

        private ProposalResult propose(boolean on) {
            TestNode leader = TestNode.of(1, 3, with(Deviation.EMPTY_PROPOSALS_REFUSED, on))
                    .win();
            ProposalResult result = leader.propose("");
            // Another leader opens its term at the same index.
            leader.step(
                    MessageType.APPEND,
                    2,
                    3,
                    new Body.Append(1, leader.logTerms().get(0), 0, List.of(Entry.empty(3, 2))));
            leader.step(MessageType.HEARTBEAT, 2, 3, new Body.Heartbeat(2, new byte[0]));
            applied.addAll(leader.applied);
            return result;
        }

        @Test
        void off_what_is_applied_at_its_index_looks_like_it_and_is_not() {
            ProposalResult result = propose(false);
            assertThat(result.index()).isEqualTo(2);
            assertThat(applied.get(1)).isEqualTo(Entry.empty(3, 2));
            assertThat(applied.get(1).payloadBytes()).isZero();
            assertThat(result.term()).as("only the term tells").isNotEqualTo(3);
        }

        @Test
        void on_it_is_refused() {
            assertThat(propose(true).outcome()).isEqualTo(ProposalResult.Outcome.EMPTY);
        }
    }

    /** Rank 3. */
    @Nested
    @DisplayName("a disk that stalls costs the leadership")
    class StalledDisk {
        private static final int LIMIT = 7;

        /** What is out, the oldest first. */
        private final Deque<Ready> out = new ArrayDeque<>();

        /** Node 1 leads, node 3 has the longest log of the others, and from here on nothing becomes durable at node 1. */
        private RawNode leaderWithReadyOut(boolean on) {
            MemoryStorage disk = new MemoryStorage();
            disk.setHardState(new HardState(1, 0, 0));
            RaftConfig config = settings(1, Deviation.STALLED_DISK_GIVES_UP_LEADERSHIP, on)
                    .asyncStorageWrites(true)
                    .diskStallTicks(LIMIT)
                    .build();
            RawNode node = start(config, disk);
            node.campaign();
            persistAll(node, disk);
            node.step(new Message(MessageType.VOTE_RESPONSE, 2, 1, 2, new Body.VoteResponse(false)));
            persistAll(node, disk);
            node.step(new Message(MessageType.APPEND_RESPONSE, 2, 1, 2, Body.AppendResponse.accepted(0)));
            node.step(new Message(MessageType.APPEND_RESPONSE, 3, 1, 2, Body.AppendResponse.accepted(1)));
            persistAll(node, disk);
            node.propose(bytes("x"));
            out.add(node.ready());
            assertThat(out.element().entries()).hasSize(1);
            return node;
        }

        private static void persistAll(RawNode node, MemoryStorage disk) {
            while (node.hasReady()) {
                Ready ready = node.ready();
                disk.append(ready.snapshot(), ready.hardState(), ready.entries());
                node.persisted(ready);
                if (!ready.committedEntries().isEmpty()) {
                    node.applied(ready);
                }
            }
        }

        private static List<Message> tick(RawNode node) {
            node.tick();
            return node.hasReady() ? node.ready().messages() : List.of();
        }

        @Test
        void off_a_leader_that_can_store_nothing_keeps_everybody_loyal() {
            RawNode node = leaderWithReadyOut(false);
            for (int i = 0; i < 5 * LIMIT; i++) {
                assertThat(tick(node)).extracting(Message::type).containsOnly(MessageType.HEARTBEAT);
            }
            assertThat(node.status().softState().role()).isEqualTo(RaftRole.LEADER);
        }

        @Test
        void on_it_hands_over_to_the_best_of_its_followers_and_steps_down() {
            RawNode node = leaderWithReadyOut(true);
            for (int i = 1; i <= LIMIT; i++) {
                assertThat(tick(node)).extracting(Message::type).containsOnly(MessageType.HEARTBEAT);
                assertThat(node.status().diskStallTicks()).isEqualTo(i);
            }
            assertThat(tick(node))
                    .containsExactly(new Message(MessageType.TIMEOUT_NOW, 1, 3, 2, new Body.TimeoutNow()));
            assertThat(node.status().softState().role()).isEqualTo(RaftRole.FOLLOWER);
            assertThat(node.propose(bytes("y")).outcome()).isEqualTo(ProposalResult.Outcome.NO_LEADER);
        }

        @Test
        void on_a_leader_that_is_alone_has_nobody_to_hand_over_to_and_leads_on() {
            MemoryStorage disk = new MemoryStorage();
            disk.setHardState(new HardState(1, 0, 0));
            RaftConfig config = TestNode.plain(1)
                    .asyncStorageWrites(true)
                    .diskStallTicks(LIMIT)
                    .build();
            RawNode node = RawNode.restart(config, disk, new Applied(0, TestNode.confState(1)));
            node.campaign();
            persistAll(node, disk);
            node.propose(bytes("x"));
            node.ready();
            for (int i = 0; i < 5 * LIMIT; i++) {
                node.tick();
            }
            assertThat(node.status().softState().role()).isEqualTo(RaftRole.LEADER);
        }

        @Test
        void on_a_disk_that_is_slow_and_gets_on_is_not_stalled() {
            RawNode node = leaderWithReadyOut(true);
            for (int i = 0; i < 5 * LIMIT; i++) {
                // Always one more is handed out than has become durable.
                node.propose(bytes("y"));
                out.add(node.ready());
                for (int tick = 0; tick < LIMIT; tick++) {
                    node.tick();
                }
                node.persisted(out.remove());
                assertThat(node.status().diskStallTicks()).isZero();
            }
            assertThat(node.status().softState().role()).isEqualTo(RaftRole.LEADER);
        }

        /** A follower whose Ready is out, and that has not heard of a leader for long. */
        private RawNode silentFollower(boolean on) {
            MemoryStorage disk = new MemoryStorage();
            disk.setHardState(new HardState(1, 0, 0));
            RawNode node = start(
                    settings(1, Deviation.STALLED_DISK_GIVES_UP_LEADERSHIP, on)
                            .asyncStorageWrites(true)
                            .diskStallTicks(LIMIT)
                            .build(),
                    disk);
            node.step(new Message(MessageType.APPEND, 2, 1, 1, FIRST_ENTRY));
            node.ready();
            for (int i = 0; i < 50; i++) {
                node.tick();
            }
            return node;
        }

        @Test
        void off_a_follower_campaigns_with_a_vote_that_it_cannot_store() {
            assertThat(silentFollower(false).status().softState().role()).isEqualTo(RaftRole.CANDIDATE);
        }

        @Test
        void on_it_does_not_campaign_until_its_disk_gets_on() {
            RawNode node = silentFollower(true);
            assertThat(node.status().softState().role()).isEqualTo(RaftRole.FOLLOWER);
            assertThat(node.campaign()).isEqualTo(CampaignResult.DISK_STALLED);
        }
    }

    /** Etcd issue 10225. */
    @Nested
    @DisplayName("a snapshot that nobody reports times out")
    class SnapshotTimeout {
        private static final int LIMIT = 9;

        /** Node 1 has handed out a snapshot at index 3 for node 2, and hears nothing of it. */
        private TestNode waiting(boolean on) {
            TestNode leader = TestNode.of(
                            1,
                            3,
                            config -> with(Deviation.SNAPSHOT_REPORT_TIMES_OUT, on)
                                    .apply(config)
                                    .snapshotTimeoutTicks(LIMIT))
                    .win();
            leader.propose("a");
            leader.propose("b");
            leader.acknowledge(3, 3);
            leader.compact(3);
            leader.reject(2, 0, 0, 0);
            assertThat(leader.peer(2).state()).isEqualTo(ProgressState.SNAPSHOT);
            leader.tick(LIMIT - 1);
            assertThat(leader.peer(2).state()).isEqualTo(ProgressState.SNAPSHOT);
            leader.sent();
            return leader;
        }

        @Test
        void off_the_peer_is_sent_nothing_ever_again() {
            TestNode leader = waiting(false);
            for (int i = 0; i < 1_000; i++) {
                leader.tick(1);
                leader.answerHeartbeat(2);
            }
            assertThat(leader.sent())
                    .filteredOn(message -> message.to() == 2)
                    .extracting(Message::type)
                    .containsOnly(MessageType.HEARTBEAT);
        }

        @Test
        void on_the_peer_is_asked_again_what_it_has_and_gets_another_snapshot() {
            TestNode leader = waiting(true);
            leader.tick(1);
            assertThat(leader.peer(2).state()).isEqualTo(ProgressState.PROBE);
            assertThat(leader.sent(MessageType.INSTALL_SNAPSHOT)).isEmpty();
            leader.answerHeartbeat(2);
            assertThat(leader.sent(MessageType.INSTALL_SNAPSHOT)).hasSize(1);
        }

        @Test
        void on_the_time_of_another_snapshot_counts_anew() {
            TestNode leader = waiting(true);
            leader.raw.reportSnapshot(2, false);
            leader.answerHeartbeat(2);
            assertThat(leader.peer(2).state()).isEqualTo(ProgressState.SNAPSHOT);
            leader.tick(LIMIT - 1);
            assertThat(leader.peer(2).state()).isEqualTo(ProgressState.SNAPSHOT);
            leader.tick(1);
            assertThat(leader.peer(2).state()).isEqualTo(ProgressState.PROBE);
        }
    }

    /** Found by simulation. */
    @Nested
    @DisplayName("a leader of an old term hears of the new one")
    class OldLeader {
        /** Led by node 1, which has made this one a learner. */
        private static final ConfState LEARNS = ConfState.of(List.of(1L), List.of(2L));

        /** From before node 1 took the place of node 3. */
        private static final ConfState OUTDATED = ConfState.of(List.of(2L, 3L));

        /** What a member that was a candidate in term 5 says to the leader of term 3. */
        private List<Message> said(ConfState members, boolean on) {
            return said(members, on, new Message(MessageType.HEARTBEAT, 1, 2, 3, new Body.Heartbeat(4, new byte[0])));
        }

        private List<Message> said(ConfState members, boolean on, Message asked) {
            MemoryStorage storage = new MemoryStorage(new Snapshot(4, 3, members, new byte[0]));
            storage.setHardState(new HardState(5, 2, 4));
            RaftConfig config = with(Deviation.OLD_LEADER_HEARS_OF_NEW_TERM, on)
                    .apply(RaftConfig.builder(2, new Random(1)).preVote(false).checkQuorum(false))
                    .build();
            RawNode node = RawNode.restart(config, storage, new Applied(4, members));
            assertThat(node.step(asked)).isEqualTo(StepResult.OLD_TERM);
            return node.hasReady() ? node.ready().messagesAfterPersist() : List.of();
        }

        @Test
        void off_a_member_whose_campaigns_do_not_reach_the_leader_follows_nobody_for_ever() {
            assertThat(said(LEARNS, false)).isEmpty();
            assertThat(said(OUTDATED, false)).isEmpty();
        }

        @Test
        void on_it_tells_its_term() {
            for (ConfState members : List.of(LEARNS, OUTDATED)) {
                assertThat(said(members, true)).singleElement().satisfies(message -> {
                    assertThat(message.to()).isEqualTo(1);
                    assertThat(message.term()).isEqualTo(5);
                    assertThat(message.type()).isEqualTo(MessageType.APPEND_RESPONSE);
                });
            }
        }

        /** Otherwise the two ask in terms that never meet, each whom it knows. */
        @Test
        void on_a_candidate_of_an_old_term_hears_of_it_too() {
            Message asked = new Message(MessageType.VOTE, 1, 2, 3, new Body.Vote(9, 3, false));
            for (ConfState members : List.of(LEARNS, OUTDATED)) {
                assertThat(said(members, false, asked)).isEmpty();
                assertThat(said(members, true, asked)).singleElement().satisfies(message -> {
                    assertThat(message.term()).isEqualTo(5);
                    assertThat(message.body())
                            .isInstanceOfSatisfying(
                                    Body.VoteResponse.class,
                                    answer -> assertThat(answer.rejected()).isTrue());
                });
            }
            assertThat(said(ConfState.of(List.of(1L, 2L, 3L)), true, asked)).isEmpty();
        }

        /** It hears of the term by the next campaign, as in etcd's library. */
        @Test
        void on_it_does_not_tell_a_leader_that_it_will_ask_for_its_vote() {
            assertThat(said(ConfState.of(List.of(1L, 2L, 3L)), true)).isEmpty();
        }
    }
    /** Found by simulation. */
    @Nested
    @DisplayName("a heartbeat names the term of what it commits")
    class HeartbeatTerm {
        /** Node 1 leads term 3; node 2 has acknowledged its log, of an entry of term 2 and one of term 3. */
        private Message heartbeat(boolean on) {
            TestNode leader = TestNode.withLog(1, 3, with(Deviation.HEARTBEAT_NAMES_COMMIT_TERM, on), 2, 2)
                    .win();
            leader.acknowledge(2, 2);
            leader.sent();
            leader.tick(1);
            return leader.sent(MessageType.HEARTBEAT).get(0);
        }

        /** Node 2 as it comes back with an old copy of its disk: it holds what it had appended itself as the leader of term 2. */
        private TestNode setBack() {
            return TestNode.withLog(2, 3, config -> config, 2, 2, 2);
        }

        @Test
        void off_a_member_that_was_set_back_applies_what_was_never_committed() {
            assertThat(heartbeat(false).body()).isEqualTo(new Body.Heartbeat(2, new byte[0]));
            TestNode member = setBack();
            member.raw.step(heartbeat(false));
            member.sent();
            assertThat(member.applied).extracting(Entry::term).containsExactly(2L, 2L);
        }

        @Test
        void on_it_fails_because_it_has_lost_what_it_had_acknowledged() {
            assertThat(heartbeat(true).body()).isEqualTo(new Body.Heartbeat(2, 3, new byte[0]));
            assertThatThrownBy(() -> setBack().raw.step(heartbeat(true)))
                    .isInstanceOf(RaftFailedException.class)
                    .hasMessageContaining("LOG_LOSS")
                    .hasMessageContaining("whose entry there is of term 2, not 3");
        }

        @Test
        void on_a_member_that_has_what_it_acknowledged_learns_the_commit() {
            TestNode member = TestNode.withLog(2, 3, config -> config, 3, 2, 3);
            member.raw.step(heartbeat(true));
            member.sent();
            assertThat(member.applied).extracting(Entry::term).containsExactly(2L, 3L);
        }

        /** By the index alone, which the compacted log can give no term to, it would take what it holds there for committed. */
        @Test
        void on_where_a_compaction_has_passed_a_member_the_leader_names_what_it_has_named_before() {
            TestNode leader = TestNode.withLog(1, 3, config -> config, 2, 2).win();
            leader.acknowledge(2, 2, 3);
            leader.sent();
            leader.tick(1);
            leader.propose("x");
            leader.acknowledge(3, 3);
            leader.compact(3);
            assertThat(leader.raw.status().firstIndex()).isEqualTo(4);
            leader.sent();
            leader.tick(1);
            assertThat(leader.sent(MessageType.HEARTBEAT))
                    .extracting(Message::body)
                    .containsExactly(new Body.Heartbeat(2, 3, new byte[0]), new Body.Heartbeat(3, 3, new byte[0]));
        }

        @Test
        void on_a_place_whose_term_nobody_knows_any_more_is_not_named() {
            TestNode leader =
                    TestNode.behindSnapshot(THREE, 1, config -> config).win();
            leader.acknowledge(11, 3);
            leader.acknowledge(4, 2);
            leader.sent();
            leader.tick(1);
            assertThat(leader.sent(MessageType.HEARTBEAT))
                    .extracting(Message::body)
                    .containsExactly(new Body.Heartbeat(0, new byte[0]), new Body.Heartbeat(11, 2, new byte[0]));
        }

        @Test
        void a_term_that_is_later_than_the_leaders_is_malformed() {
            Message impossible = new Message(MessageType.HEARTBEAT, 1, 2, 3, new Body.Heartbeat(2, 4, new byte[0]));
            assertThat(setBack().raw.step(impossible)).isEqualTo(StepResult.MALFORMED);
        }
    }
}
