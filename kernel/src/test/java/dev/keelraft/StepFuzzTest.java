package dev.keelraft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keelraft.FuzzedNode.Settings;
import dev.keelraft.FuzzedNode.Start;
import dev.keelraft.model.Body;
import dev.keelraft.model.Entry;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import dev.keelraft.model.RaftRole;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.RandomDistribution;
import net.jqwik.api.Tuple;
import net.jqwik.api.footnotes.EnableFootnotes;
import net.jqwik.api.footnotes.Footnotes;
import net.jqwik.api.lifecycle.AddLifecycleHook;

/** No message ends or corrupts a node, whoever sends it and whatever it says. */
@AddLifecycleHook(FuzzTries.class)
@EnableFootnotes
class StepFuzzTest {
    private enum Kind {
        MESSAGE,
        TICK,
        READY,
        PERSIST,
        APPLY,
        PROPOSE,
        CHANGE_MEMBERS,
        READ,
        TRANSFER,
        CAMPAIGN,
        FORGET_LEADER,
        UNREACHABLE,
        SNAPSHOT_SENT,
        COMPACT
    }

    /** Something that happens to the node. What exactly depends on its state by then, and on a seed. */
    private record Event(Kind kind, int seed) {}

    @Provide
    Arbitrary<List<Event>> events() {
        Arbitrary<Kind> kinds = Arbitraries.frequencyOf(
                Tuple.of(60, Arbitraries.just(Kind.MESSAGE)),
                Tuple.of(24, Arbitraries.of(Kind.TICK, Kind.READY, Kind.PERSIST, Kind.APPLY)),
                Tuple.of(8, Arbitraries.of(Kind.PROPOSE, Kind.CHANGE_MEMBERS, Kind.READ, Kind.COMPACT)),
                Tuple.of(
                        4,
                        Arbitraries.of(
                                Kind.TRANSFER,
                                Kind.CAMPAIGN,
                                Kind.FORGET_LEADER,
                                Kind.UNREACHABLE,
                                Kind.SNAPSHOT_SENT)));
        return Combinators.combine(
                        kinds,
                        Arbitraries.integers()
                                .between(0, Integer.MAX_VALUE)
                                .withDistribution(RandomDistribution.uniform()))
                .as(Event::new)
                .list()
                .ofMinSize(1)
                .ofMaxSize(80)
                .withSizeDistribution(RandomDistribution.uniform());
    }

    @Provide
    Arbitrary<Settings> settings() {
        Arbitrary<Boolean> flags = Arbitraries.of(false, true);
        return Combinators.combine(
                        flags,
                        flags,
                        flags,
                        flags,
                        flags,
                        flags,
                        Arbitraries.longs().between(0, 9))
                .as(Settings::new);
    }

    private static void run(FuzzedNode node, Event event) {
        Random random = new Random(event.seed());
        RawNode raw = node.raw;
        long peer = random.nextInt(8);
        switch (event.kind()) {
            case MESSAGE -> node.step(FuzzedMessages.next(raw, random));
            case TICK -> {
                for (int i = random.nextInt(5); i >= 0; i--) {
                    raw.tick();
                }
            }
            case READY -> node.takeReady();
            case PERSIST -> node.persist();
            case APPLY -> node.apply();
            case PROPOSE -> raw.propose(new byte[random.nextInt(30)]);
            case CHANGE_MEMBERS -> node.proposeConfChange(random);
            case READ -> raw.readIndex(new byte[random.nextInt(3)]);
            case TRANSFER -> raw.transferLeadership(peer);
            case CAMPAIGN -> raw.campaign();
            case FORGET_LEADER -> raw.forgetLeader();
            case UNREACHABLE -> raw.reportUnreachable(peer);
            case SNAPSHOT_SENT -> raw.reportSnapshot(peer, random.nextBoolean());
            case COMPACT -> node.compact(node.disk.firstIndex() + random.nextInt(4));
        }
        node.checkFacts();
    }

    @Property(tries = 1_000, edgeCases = EdgeCasesMode.NONE)
    void no_message_ends_a_node_and_a_refused_one_changes_nothing(
            @ForAll Start start,
            @ForAll("settings") Settings settings,
            @ForAll("events") List<Event> events,
            Footnotes footnotes) {
        FuzzedNode node = FuzzedNode.start(start, settings);
        footnotes.addAfterFailure(() -> "Messages, the last one last:\n" + node.told());
        for (Event event : events) {
            run(node, event);
        }
    }

    /**
     * What the main property leaves out: a heartbeat with a commit index beyond the log, of whoever leads a term that is not over.
     * A leader only ever tells a follower of what that follower has acknowledged, so the follower's own disk has lost it. No other
     * message proves anything of the kind; that an append conflicts with what is committed never shows, as it is not read that far.
     */
    @Property(tries = 300, edgeCases = EdgeCasesMode.NONE)
    void only_a_heartbeat_that_proves_the_loss_of_acknowledged_entries_ends_a_node(
            @ForAll Start start,
            @ForAll("settings") Settings settings,
            @ForAll("events") List<Event> events,
            @ForAll int seed,
            Footnotes footnotes) {
        FuzzedNode node = FuzzedNode.start(start, settings);
        footnotes.addAfterFailure(() -> "Messages, the last one last:\n" + node.told());
        events.forEach(event -> run(node, event));
        Message heartbeat = FuzzedMessages.proof(node.raw, new Random(seed));
        if (!proves(heartbeat, node.raw)) {
            node.step(heartbeat);
            return;
        }
        for (int i = 0; i < 2; i++) {
            assertThatThrownBy(() -> node.raw.step(heartbeat))
                    .as("%s", heartbeat)
                    .isInstanceOfSatisfying(
                            RaftFailedException.class,
                            failed -> assertThat(failed.failure()).isEqualTo(FailureCause.LOG_LOSS));
        }
    }

    private static boolean proves(Message heartbeat, RawNode node) {
        Status status = node.status();
        Body.Heartbeat body = (Body.Heartbeat) heartbeat.body();
        long term = status.hardState().term();
        boolean leads = status.softState().role() == RaftRole.LEADER;
        return heartbeat.to() == FuzzedNode.ID
                && heartbeat.from() != FuzzedNode.ID
                && heartbeat.from() != 0
                && heartbeat.term() > 0
                && (heartbeat.term() > term || (heartbeat.term() == term && !leads))
                && heartbeat.term() >= body.commitTerm()
                && (body.commit() > status.lastIndex()
                        || (body.commitTerm() != 0
                                && body.commit() > status.hardState().commit()
                                && body.commitTerm() != node.raft().log().term(body.commit())));
    }

    /**
     * With the protections that are on by default, a group's leader stays, in its term, and commits what it is given, while
     * strangers send whatever they like. Left out is what only the transport can keep out, as a node cannot tell it from news of
     * a configuration that it does not know yet: see {@link #passesForLeader}.
     */
    @Property(tries = 50)
    void junk_of_strangers_neither_unseats_a_leader_nor_stops_it(@ForAll long seed) {
        Random random = new Random(seed);
        TestCluster cluster = guardedCluster();
        TestNode leader = cluster.elect(1);
        long term = leader.term();
        for (int round = 0; round < 20; round++) {
            for (int i = random.nextInt(30); i > 0; i--) {
                TestNode node = cluster.node(1 + random.nextInt(3));
                Message junk = junk(node, random);
                if (!passesForLeader(junk, node) && !bringsTerm(junk, node)) {
                    node.raw.step(junk);
                }
            }
            cluster.tick(random.nextInt(4));
            cluster.propose(1, "round " + round);
            assertThat(leader.appliedTexts()).contains("round " + round);
            assertThat(cluster.leaders()).containsExactly(1L);
            assertThat(leader.term()).isEqualTo(term);
        }
        assertAllApplied(cluster);
    }

    /** Where strangers may bring later terms as well, there are elections, and the group goes on behind them. */
    @Property(tries = 50)
    void a_group_goes_on_after_junk_of_strangers_that_cost_it_its_leader(@ForAll long seed) {
        Random random = new Random(seed);
        TestCluster cluster = guardedCluster();
        cluster.elect(1);
        for (int round = 0; round < 5; round++) {
            for (int i = random.nextInt(30); i > 0; i--) {
                TestNode node = cluster.node(1 + random.nextInt(3));
                Message junk = junk(node, random);
                // Not so late that nothing lies behind it.
                if (!passesForLeader(junk, node) && junk.term() <= node.term() + 5) {
                    node.raw.step(junk);
                }
                if (random.nextInt(4) == 0) {
                    cluster.tick(1);
                }
            }
            // A client asks again until it sees its write: whom it takes for the leader may be about to lose that.
            String text = "round " + round;
            for (int i = 0; i < 200 && !cluster.node(1).appliedTexts().contains(text); i++) {
                cluster.leaders().forEach(id -> cluster.propose(id, text));
                cluster.tick(1);
            }
            assertThat(cluster.node(1).appliedTexts()).contains(text);
        }
        assertAllApplied(cluster);
    }

    /** Three members; what they answer to strangers gets lost. */
    private static TestCluster guardedCluster() {
        TestCluster cluster = new TestCluster(
                3, config -> config.preVote(true).checkQuorum(true).forwardProposals(true));
        cluster.lose(message -> message.to() < 1 || message.to() > 3);
        return cluster;
    }

    private static void assertAllApplied(TestCluster cluster) {
        for (int i = 0; i < 200 && !haveAppliedTheSame(cluster); i++) {
            cluster.tick(1);
        }
        assertThat(haveAppliedTheSame(cluster)).isTrue();
    }

    private static boolean haveAppliedTheSame(TestCluster cluster) {
        List<Entry> applied = cluster.node(1).applied;
        return cluster.nodes.stream().allMatch(node -> node.applied.equals(applied));
    }

    private static Message junk(TestNode node, Random random) {
        Message message = FuzzedMessages.next(node.raw, random);
        long stranger = random.nextBoolean() ? 4 + random.nextInt(5) : -7;
        long to = message.to() == FuzzedNode.ID ? node.id : message.to();
        return new Message(message.type(), stranger, to, message.term(), message.body());
    }

    /** What says that its sender leads, or orders a campaign in the leader's name; and changes of the members. */
    private static boolean passesForLeader(Message junk, TestNode node) {
        return switch (junk.type()) {
            case APPEND, HEARTBEAT, INSTALL_SNAPSHOT, TIMEOUT_NOW -> junk.term() >= node.term();
            case VOTE, PRE_VOTE -> ((Body.Vote) junk.body()).transfer() && junk.term() > node.term();
            case PROPOSE ->
                ((Body.Propose) junk.body())
                        .entries().stream().anyMatch(entry -> entry.type().isConfChange());
            default -> false;
        };
    }

    private static boolean bringsTerm(Message junk, TestNode node) {
        return junk.type() == MessageType.TRANSFER_LEADER && junk.term() > node.term();
    }
}
