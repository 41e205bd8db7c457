package dev.keelraft;

import dev.keelraft.model.RaftRole;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What time costs in nanoseconds, case t, in groups of three: a tick of a follower that never campaigns (the same object, hot in
 * the caches), a tick of a leader that makes two heartbeats which are lost, and a tick of everybody with the heartbeats and
 * their answers delivered. One operation is one of these.
 *
 * <p>An iteration lasts 2 seconds at most: a follower would reach even the longest time-out in about 4.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 3, jvmArgs = "-Xmx1g")
public class TickBenchmark {
    private static final int FOLLOWER_TICKS = 64;
    private static final List<Long> VOTERS = List.of(1L, 2L, 3L);

    private final PumpedCluster patient =
            new PumpedCluster(VOTERS, settings -> settings.electionTicks(Integer.MAX_VALUE));
    private final PumpedCluster unheard = new PumpedCluster(VOTERS, settings -> settings.checkQuorum(false));
    private final PumpedCluster group = new PumpedCluster(3);

    /** The follower's time begins anew. */
    @Setup(Level.Iteration)
    public void hearFromLeader() {
        patient.leader().node.tick();
        patient.pump();
    }

    /** A tick of a follower. */
    @Benchmark
    @OperationsPerInvocation(FOLLOWER_TICKS)
    public void caseTFollower() {
        RawNode follower = patient.member(1).node;
        for (int i = 0; i < FOLLOWER_TICKS; i++) {
            follower.tick();
        }
    }

    /** A tick of a leader, with its Ready. */
    @Benchmark
    public void caseTLeader() {
        RawNode leader = unheard.leader().node;
        leader.tick();
        while (leader.hasReady()) {
            Ready ready = leader.ready();
            if (ready.messages().size() != 2) {
                throw new AssertionError(ready.messages() + " are not two heartbeats");
            }
            leader.advance(ready);
        }
    }

    /** A tick of everybody, and all that follows. */
    @Benchmark
    public void caseTGroup() {
        for (int i = 0; i < group.size(); i++) {
            group.member(i).node.tick();
        }
        group.pump();
    }

    /** Nobody has campaigned, or something else was measured. */
    @TearDown(Level.Iteration)
    public void checkRoles() {
        check(patient.member(1).node, RaftRole.FOLLOWER);
        check(unheard.leader().node, RaftRole.LEADER);
        check(group.leader().node, RaftRole.LEADER);
    }

    private static void check(RawNode node, RaftRole role) {
        if (node.status().softState().role() != role) {
            throw new AssertionError("no longer " + role + ": " + node.status());
        }
    }
}
