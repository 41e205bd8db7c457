package dev.keelraft.wal;

import dev.keelraft.model.HardState;
import dev.keelraft.model.Snapshot;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What it is worth that groups share a log: one entry of 128 bytes of each of 64 groups becomes durable, with one sync for all or
 * with one for each. One operation is one group's append.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgs = "-Xmx1g")
@SuppressWarnings("NullAway.Init") // JMH calls the setup before anything else.
public class GroupCommitBenchmark {
    private static final int GROUPS = 64;

    /** Where to write; empty for the directory of temporary files. */
    @Param("")
    public String directory = "";

    private final byte[] payload = new byte[128];
    private BenchLog log;
    private long next;

    /** A new log, so that the disk does not fill. */
    @Setup(Level.Iteration)
    public void create() throws IOException {
        log = new BenchLog(directory, WalOptions.defaults());
        next = 1;
    }

    /** And it goes. */
    @TearDown(Level.Iteration)
    public void close() throws IOException {
        log.close();
    }

    private void append(long group) {
        log.wal()
                .append(
                        group,
                        new HardState(1, 1, next - 1),
                        Snapshot.NONE,
                        SnapshotFile.NONE,
                        BenchLog.entries(next, 1, payload));
    }

    /** One force for all. */
    @Benchmark
    @OperationsPerInvocation(GROUPS)
    public void oneSyncForAll() {
        for (int group = 0; group < GROUPS; group++) {
            append(group);
        }
        log.wal().sync();
        next++;
    }

    /** As if each had a log of its own. */
    @Benchmark
    @OperationsPerInvocation(GROUPS)
    public void oneSyncForEach() {
        for (int group = 0; group < GROUPS; group++) {
            append(group);
            log.wal().sync();
        }
        next++;
    }
}
