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

/** How long it takes to open a log of 256 MiB that was closed, whose files the operating system has in memory. */
@State(Scope.Thread)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 5)
@Measurement(iterations = 15)
@Fork(value = 1, jvmArgs = "-Xmx1g")
@SuppressWarnings("NullAway.Init") // JMH calls the setup before anything else.
public class RecoveryBenchmark {
    /** Where the log is; empty for the directory of temporary files. */
    @Param("")
    public String directory = "";

    /** How many entries in a batch, of how many bytes. */
    @Param({"1x128", "100x128", "4x4096"})
    public String shape = "";

    private BenchLog log;

    /** Writes it. */
    @Setup
    public void create() throws IOException {
        String[] parts = shape.split("x", 2);
        byte[] payload = new byte[Integer.parseInt(parts[1])];
        new Random(1).nextBytes(payload);
        log = new BenchLog(directory, WalOptions.defaults());
        log.fill(256L << 20, Integer.parseInt(parts[0]), payload);
    }

    /** Deletes it. */
    @TearDown
    public void delete() throws IOException {
        log.close();
    }

    /** As a host that stops. */
    @TearDown(Level.Invocation)
    public void close() {
        log.wal().close();
    }

    /** Reads all of it. */
    @Benchmark
    public Wal open() {
        return log.open();
    }
}
