package dev.keelraft;

import dev.keelraft.model.Message;
import java.util.Collections;
import java.util.EnumSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Entries per second through a whole group, in memory, on one thread. One invocation is a round: propose, then pump until
 * nobody has anything to do; then the leader and every follower must have applied the whole batch. One operation is one entry,
 * counted once, and its bytes ({@code -prof gc}) are those of all nodes together.
 *
 * <table>
 * <caption>The rounds</caption>
 * <tr><th>method</th><th>proposes</th></tr>
 * <tr><td>{@code caseA}</td><td>1 call, 16 B</td></tr>
 * <tr><td>{@code caseB}</td><td>64 calls of 16 B before the first Ready</td></tr>
 * <tr><td>{@code caseB1}</td><td>1 message with 64 entries of 16 B</td></tr>
 * <tr><td>{@code caseC}</td><td>as B, 1 KiB, all the same array</td></tr>
 * <tr><td>{@code caseCFresh}</td><td>as C, each payload a new array, which counts</td></tr>
 * <tr><td>{@code caseC1}</td><td>as B1, 1 KiB</td></tr>
 * </table>
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 3, jvmArgs = "-Xmx1g")
public class ReplicationBenchmark {
    private static final int BATCH = 64;
    private static final int SMALL_BYTES = 16;
    private static final int LARGE_BYTES = 1 << 10;

    /** How many voters the group has. */
    @Param("3")
    int nodes;

    /** When the leader builds its messages: {@code withReady}, or, as etcd's library does, {@code atOnce}. */
    @Param("withReady")
    String messages = "withReady";

    private final byte[] small = new byte[SMALL_BYTES];
    private final byte[] large = new byte[LARGE_BYTES];
    private PumpedCluster cluster = new PumpedCluster(1);
    private Message smallBatch = cluster.proposal(Collections.nCopies(BATCH, small));
    private Message largeBatch = cluster.proposal(Collections.nCopies(BATCH, large));

    /** Elects. */
    @Setup
    public void elect() {
        EnumSet<Deviation> deviations = EnumSet.allOf(Deviation.class);
        if (messages.equals("atOnce")) {
            deviations.remove(Deviation.MESSAGES_BUILT_WITH_READY);
        }
        cluster = new PumpedCluster(
                LongStream.rangeClosed(1, nodes).boxed().toList(), config -> config.deviations(deviations));
        smallBatch = cluster.proposal(Collections.nCopies(BATCH, small));
        largeBatch = cluster.proposal(Collections.nCopies(BATCH, large));
    }

    /** One entry in a round. */
    @Benchmark
    public void caseA() {
        cluster.leader().node.propose(small);
        settle(1);
    }

    /** 64 small entries in a round, one by one. */
    @Benchmark
    @OperationsPerInvocation(BATCH)
    public void caseB() {
        for (int i = 0; i < BATCH; i++) {
            cluster.leader().node.propose(small);
        }
        settle(BATCH);
    }

    /** 64 small entries in a round, in one message. */
    @Benchmark
    @OperationsPerInvocation(BATCH)
    public void caseB1() {
        cluster.leader().node.step(smallBatch);
        settle(BATCH);
    }

    /** 64 larger entries in a round, one by one. */
    @Benchmark
    @OperationsPerInvocation(BATCH)
    public void caseC() {
        for (int i = 0; i < BATCH; i++) {
            cluster.leader().node.propose(large);
        }
        settle(BATCH);
    }

    /** 64 larger entries in a round, one by one, each with an array of its own. */
    @Benchmark
    @OperationsPerInvocation(BATCH)
    public void caseCFresh() {
        for (int i = 0; i < BATCH; i++) {
            cluster.leader().node.propose(new byte[LARGE_BYTES]);
        }
        settle(BATCH);
    }

    /** 64 larger entries in a round, in one message. */
    @Benchmark
    @OperationsPerInvocation(BATCH)
    public void caseC1() {
        cluster.leader().node.step(largeBatch);
        settle(BATCH);
    }

    private void settle(int batch) {
        long before = cluster.leader().appliedEntries();
        cluster.pump();
        cluster.checkApplied(before + batch);
    }
}
