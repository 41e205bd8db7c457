package dev.keelraft;

import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Linearizable reads per second that the leader of three nodes confirms, case r: a round is 1 or 64 calls of {@link
 * RawNode#readIndex} on the leader, then the pump. One operation is one read, confirmed by a quorum.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 3, jvmArgs = "-Xmx1g")
public class ReadIndexBenchmark {
    private static final int BATCH = 64;

    private final byte[][] contexts = contexts();
    private final PumpedCluster cluster = new PumpedCluster(3);

    private static byte[][] contexts() {
        byte[][] contexts = new byte[BATCH][];
        for (int i = 0; i < BATCH; i++) {
            contexts[i] = ("context " + i).getBytes(StandardCharsets.UTF_8);
        }
        return contexts;
    }

    /** One read in a round. */
    @Benchmark
    public void caseR1() {
        read(1);
    }

    /** 64 reads in a round. */
    @Benchmark
    @OperationsPerInvocation(BATCH)
    public void caseR64() {
        read(BATCH);
    }

    private void read(int batch) {
        long before = cluster.leader().confirmedReads();
        for (int i = 0; i < batch; i++) {
            cluster.leader().node.readIndex(contexts[i]);
        }
        cluster.pump();
        if (cluster.leader().confirmedReads() != before + batch) {
            throw new AssertionError("reads were not confirmed");
        }
    }
}
