package dev.keelraft.wal;

import com.sun.management.ThreadMXBean;
import dev.keelraft.Ready;
import dev.keelraft.Readys;
import dev.keelraft.model.Entry;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Snapshot;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Counts what a log on a real disk allocates, in a JVM of its own without the optimizing compiler: that one may leave out
 * an allocation, at a time of its own choice, and then the figures would neither repeat nor show what the source does. The quick
 * compiler leaves none out; an interpreter would take minutes for the checksums.
 */
final class AllocationCount {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final int ROUNDS = 8;

    /** The least before those that count. All classes are loaded then. */
    private static final int ROUNDS_BEFORE = 40;

    /** The least number of appends before those that count. The cache is full then: each entry that comes lets one go. */
    private static final int APPENDS_BEFORE = 500;

    private static final int CACHE_BYTES = 64 << 10;

    /** Beyond the numbers for which the JDK keeps boxed ones: to box one of these shows. */
    private static final long GROUP = 1L << 40;

    private AllocationCount() {}

    /** What the calls of one kind take, in bytes, each. */
    record Bytes(long append, long sync, long catchUp) {}

    /**
     * Runs in the other JVM; prints the bytes of an append, of a sync and of a catching-up.
     *
     * @param arguments the directory; {@code same} or {@code own} thread; how many appends for each sync; how many entries of how
     *     many bytes in each append
     */
    public static void main(String[] arguments) {
        boolean ownThread = arguments[1].equals("own");
        int appends = Integer.parseInt(arguments[2]);
        int entries = Integer.parseInt(arguments[3]);
        int entryBytes = Integer.parseInt(arguments[4]);
        int roundsBefore = ROUNDS_BEFORE + APPENDS_BEFORE / appends;
        // One segment: to begin another one is not what happens at every sync.
        int logBytes = (roundsBefore + ROUNDS) * appends * (entries * (entryBytes + 64) + 256);
        WalOptions options = WalOptions.defaults()
                .withSegmentBytes((logBytes & -Segment.HEADER_BYTES) + (64 << 10))
                .withCacheBytes(CACHE_BYTES);
        List<Ready> readys = readys((roundsBefore + ROUNDS) * appends, entries, entryBytes);
        long appendBytes = 0;
        long syncBytes = 0;
        long catchUpBytes = 0;
        try (Wal wal = Wal.create(
                Path.of(arguments[0]), new WalIdentity(1, 1), ownThread ? options.onItsOwnThread() : options)) {
            WalStorage storage = wal.storage(GROUP);
            for (int round = -roundsBefore; round < ROUNDS; round++) {
                if (round == 0) {
                    appendBytes = 0;
                    syncBytes = 0;
                    catchUpBytes = 0;
                }
                long before = THREADS.getCurrentThreadAllocatedBytes();
                for (int i = 0; i < appends; i++) {
                    wal.append(GROUP, readys.get((roundsBefore + round) * appends + i));
                }
                long appended = THREADS.getCurrentThreadAllocatedBytes();
                wal.sync();
                long synced = THREADS.getCurrentThreadAllocatedBytes();
                storage.catchUp();
                long caughtUp = THREADS.getCurrentThreadAllocatedBytes();
                appendBytes += appended - before;
                syncBytes += synced - appended;
                catchUpBytes += caughtUp - synced;
            }
        }
        System.out.print(appendBytes / ROUNDS / appends + " " + syncBytes / ROUNDS + " " + catchUpBytes / ROUNDS);
    }

    private static List<Ready> readys(int count, int entries, int entryBytes) {
        List<Ready> readys = new ArrayList<>();
        byte[] payload = new byte[entryBytes];
        long index = 1;
        for (int i = 0; i < count; i++) {
            List<Entry> batch = new ArrayList<>();
            for (int j = 0; j < entries; j++) {
                batch.add(Entry.normal(1, index++, payload));
            }
            readys.add(Readys.of(new HardState(1, 1, index - 1 - entries), Snapshot.NONE, List.copyOf(batch)));
        }
        return readys;
    }

    /** What one call takes; see {@link #main}. */
    static Bytes of(Path directory, String thread, int appends, int entries, int entryBytes)
            throws IOException, InterruptedException {
        Path java = Path.of(System.getProperty("java.home"), "bin", "java");
        Process process = new ProcessBuilder(
                        java.toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+UseSerialGC",
                        "-Xmx64m", // beyond 32 GB all references are larger
                        "-cp",
                        System.getProperty("java.class.path"),
                        AllocationCount.class.getName(),
                        directory.toString(),
                        thread,
                        Integer.toString(appends),
                        Integer.toString(entries),
                        Integer.toString(entryBytes))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!process.waitFor(1, TimeUnit.MINUTES) || process.exitValue() != 0) {
            process.destroyForcibly();
            throw new IOException("the other process failed: " + output);
        }
        String[] bytes = output.split(" ", 3);
        return new Bytes(Long.parseLong(bytes[0]), Long.parseLong(bytes[1]), Long.parseLong(bytes[2]));
    }
}
