package dev.keelraft;

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
import net.jqwik.api.statistics.Statistics;
import net.jqwik.api.statistics.StatisticsReport;

/** Small groups with tiny Readys, lost and doubled messages, and crashes between any two steps of any host. */
class CrashWalkTest {
    private enum Kind {
        TAKE_READY,
        PERSIST,
        FINISH,
        DELIVER,
        DELIVER_AND_KEEP,
        LOSE,
        TICK,
        CAMPAIGN,
        PROPOSE,
        CRASH,
        RUN
    }

    /** One event at one member, or for one message. */
    private record Event(Kind kind, int number) {}

    /** Modes and limits: one bit for each member, and what they share. */
    private record Settings(
            int async, boolean preVote, boolean checkQuorum, int readyBytes, int messageBytes, long seed) {}

    @Provide
    Arbitrary<List<Event>> events() {
        Arbitrary<Kind> kinds = Arbitraries.frequencyOf(
                Tuple.of(12, Arbitraries.of(Kind.TAKE_READY, Kind.PERSIST, Kind.FINISH, Kind.DELIVER)),
                Tuple.of(4, Arbitraries.of(Kind.PROPOSE, Kind.TICK)),
                Tuple.of(3, Arbitraries.just(Kind.RUN)),
                Tuple.of(1, Arbitraries.of(Kind.LOSE, Kind.DELIVER_AND_KEEP, Kind.CRASH, Kind.CAMPAIGN)));
        return Combinators.combine(kinds, Arbitraries.integers().between(0, 59))
                .as(Event::new)
                .list()
                .ofMaxSize(500)
                .withSizeDistribution(RandomDistribution.uniform());
    }

    @Provide
    Arbitrary<Settings> settings() {
        return Combinators.combine(
                        Arbitraries.integers().between(0, 7),
                        Arbitraries.of(true, false),
                        Arbitraries.of(true, false),
                        Arbitraries.integers().between(1, 60),
                        Arbitraries.integers().between(0, 80),
                        Arbitraries.longs())
                .as(Settings::new);
    }

    @Property(tries = 1_000, edgeCases = EdgeCasesMode.NONE)
    @StatisticsReport(StatisticsReport.StatisticsReportMode.OFF)
    void nothing_that_was_promised_is_missing_and_everything_is_applied_in_the_end(
            @ForAll("events") List<Event> events, @ForAll("settings") Settings settings) {
        CrashCluster cluster = new CrashCluster(id -> RaftConfig.builder(id, new Random(settings.seed() + id))
                .electionTicks(4)
                .preVote(settings.preVote())
                .checkQuorum(settings.checkQuorum())
                .asyncStorageWrites((settings.async() >> (id - 1) & 1) == 1)
                .maxReadyBytes(settings.readyBytes())
                .maxMessageBytes(settings.messageBytes())
                .maxCommittedBytes(settings.readyBytes())
                .build());
        for (int i = 0; i < events.size(); i++) {
            happen(cluster, events.get(i), i);
        }
        int before = cluster.decided.size();
        cluster.heal();
        // That much came of the walk itself; a property of groups that never elect a leader would say little.
        Statistics.label("decided before healing")
                .collect(before >= 3)
                .coverage(checker -> checker.check(true).percentage(percentage -> percentage > 50));
    }

    private static void happen(CrashCluster cluster, Event event, int time) {
        CrashCluster.Member member = cluster.member(event.number());
        switch (event.kind()) {
            case TAKE_READY -> member.takeReady();
            case PERSIST -> member.persist();
            case FINISH -> member.finish();
            case DELIVER -> cluster.deliver(event.number(), false);
            case DELIVER_AND_KEEP -> cluster.deliver(event.number(), true);
            case LOSE -> cluster.lose(event.number());
            case TICK -> member.node.tick();
            case CAMPAIGN -> member.node.campaign();
            case PROPOSE -> {
                // Whoever leads; and several at once, or no Ready is ever too small.
                for (int i = 0; i < CrashCluster.SIZE; i++) {
                    for (int j = 0; j <= event.number() % 5; j++) {
                        cluster.member(i).node.propose(new byte[(7 * time + 3 * j) % 30]);
                    }
                }
            }
            case CRASH -> member.crash();
            case RUN -> {
                // A while in which all goes well, from any state.
                for (int i = 0; i <= event.number() % 12; i++) {
                    for (int place = 0; place < CrashCluster.SIZE; place++) {
                        cluster.member(place).takeReady();
                        cluster.member(place).persist();
                        cluster.member(place).finish();
                    }
                    cluster.deliver(0, false);
                    cluster.deliver(0, false);
                }
            }
        }
    }
}
