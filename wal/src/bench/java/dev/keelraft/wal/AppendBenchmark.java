package dev.keelraft.wal;

import java.io.IOException;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Batches per second that are appended and forced to the disk, one after the other, on a real disk; the next segment is prepared
 * beside it. One operation is one append and one sync. Of the bytes that {@code -prof gc} counts, the Entry, its list and the
 * HardState are the caller's: 24 for each entry, and about 100.
 *
 * <p>Say with {@code -p directory=} which disk it is.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgs = "-Xmx1g")
@SuppressWarnings("NullAway.Init") // JMH calls the setup before anything else.
public class AppendBenchmark {
    /** Where to write; empty for the directory of temporary files. */
    @Param("")
    public String directory = "";

    /** How many entries in a batch, of how many bytes. */
    @Param({"1x128", "1x4096", "1x65536", "100x128"})
    public String shape = "";

    private int count;
    private byte[] payload = new byte[0];
    private BenchLog log;

    /** A new log, so that the disk does not fill. */
    @Setup(Level.Iteration)
    public void create() throws IOException {
        String[] parts = shape.split("x", 2);
        count = Integer.parseInt(parts[0]);
        payload = new byte[Integer.parseInt(parts[1])];
        new Random(1).nextBytes(payload);
        log = new BenchLog(directory, WalOptions.defaults());
    }

    /** And it goes. */
    @TearDown(Level.Iteration)
    public void close() throws IOException {
        log.close();
    }

    /** A batch. */
    @Benchmark
    public void appendAndSync() {
        log.append(count, payload);
        log.wal().sync();
    }
}
