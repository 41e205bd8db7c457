package dev.keelraft;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
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
 * What 100,000 groups cost that have nothing to do, case idle: fresh followers of three voters without an entry. One operation
 * is one node; an invocation constructs all of them, or ticks each once, which finds none of them in the caches.
 *
 * <p>{@code construct} also prints the live heap, after a collection, per {@link MemoryStorage}, and per {@link RawNode} with its
 * {@link RaftConfig} and source of luck. These two are exact to a few bytes.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5)
@Measurement(iterations = 7)
@Fork(
        value = 3,
        jvmArgs = {"-Xmx1g", "-XX:+UseSerialGC"})
public class IdleBenchmark {
    private static final int NODES = 100_000;
    private static final List<Long> VOTERS = List.of(1L, 2L, 3L);

    /** Storages, and room for nodes. */
    @State(Scope.Thread)
    public static class Storages {
        private final List<MemoryStorage> storages = new ArrayList<>(NODES);
        private final List<RawNode> nodes = new ArrayList<>(NODES);
        private long emptyBytes;
        private long storageBytes;

        /** Makes the storages. */
        @Setup(Level.Invocation)
        public void create() {
            nodes.clear();
            storages.clear();
            emptyBytes = liveBytes();
            for (int i = 0; i < NODES; i++) {
                storages.add(PumpedCluster.storage(VOTERS));
            }
            storageBytes = liveBytes() - emptyBytes;
        }

        /** Weighs the nodes. */
        @TearDown(Level.Invocation)
        public void weigh() {
            long nodeBytes = liveBytes() - emptyBytes - storageBytes;
            // Not as a counter of JMH: it would add up the iterations.
            System.out.printf("live heap: %d B per storage, %d B per node; ", storageBytes / NODES, nodeBytes / NODES);
        }
    }

    /** Nodes that exist. */
    @State(Scope.Thread)
    public static class Nodes {
        private final List<RawNode> nodes = new ArrayList<>(NODES);

        /** Makes them. */
        @Setup
        public void create() {
            for (int i = 0; i < NODES; i++) {
                nodes.add(node(i, PumpedCluster.storage(VOTERS)));
            }
        }
    }

    /** Constructs all nodes. */
    @Benchmark
    @OperationsPerInvocation(NODES)
    public void construct(Storages host) {
        for (int i = 0; i < NODES; i++) {
            host.nodes.add(node(i, host.storages.get(i)));
        }
    }

    /** Ticks all nodes once. */
    @Benchmark
    @OperationsPerInvocation(NODES)
    public void sweep(Nodes host) {
        for (int i = 0; i < NODES; i++) {
            host.nodes.get(i).tick();
        }
    }

    private static RawNode node(int number, MemoryStorage storage) {
        RaftConfig config = PumpedCluster.config(VOTERS.get(number % VOTERS.size()))
                .electionTicks(Integer.MAX_VALUE)
                .build();
        return RawNode.restart(
                config, storage, new Applied(1, storage.snapshot().confState()));
    }

    private static long liveBytes() {
        System.gc();
        System.gc();
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }
}
