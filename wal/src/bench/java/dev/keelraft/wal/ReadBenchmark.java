package dev.keelraft.wal;

import dev.keelraft.model.Entry;
import java.io.IOException;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
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
 * What the kernel reads of a log of 256 MiB, in batches of 100 entries of 128 bytes, that was opened just now: nothing of it is in
 * the log's own cache, and all in the operating system's.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 1, jvmArgs = "-Xmx1g")
@SuppressWarnings("NullAway.Init") // JMH calls the setup before anything else.
public class ReadBenchmark {
    private static final long PAGE_BYTES = 1 << 20;

    /** Where the log is; empty for the directory of temporary files. */
    @Param("")
    public String directory = "";

    /** What the log may keep. */
    @Param({"0", "33554432"})
    public long cacheBytes;

    private final Random random = new Random(1);
    private BenchLog log;
    private WalStorage storage;
    private long next = 1;

    /** Writes it, and opens it anew. */
    @Setup
    public void create() throws IOException {
        log = new BenchLog(directory, WalOptions.defaults().withCacheBytes(cacheBytes));
        log.fill(256L << 20, 100, new byte[128]);
        storage = log.open().storage();
    }

    /** Deletes it. */
    @TearDown
    public void delete() throws IOException {
        log.close();
    }

    /** The log from its beginning to its end, again and again, in pages of 1 MiB: somebody catches up. One operation is a page. */
    @Benchmark
    public List<Entry> page() {
        if (next > storage.lastIndex()) {
            next = 1;
        }
        List<Entry> page = storage.entries(next, storage.lastIndex() + 1, PAGE_BYTES);
        next += page.size();
        return page;
    }

    /** One entry somewhere: its whole frame is read. */
    @Benchmark
    public List<Entry> entry() {
        long index = 1 + random.nextLong(storage.lastIndex());
        return storage.entries(index, index + 1, PAGE_BYTES);
    }

    /** The term of an entry somewhere. */
    @Benchmark
    public long term() {
        return storage.term(1 + random.nextLong(storage.lastIndex()));
    }
}
