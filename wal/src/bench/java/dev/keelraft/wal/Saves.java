package dev.keelraft.wal;

import java.io.IOException;
import java.util.Arrays;
import java.util.Random;

/**
 * One shape for some seconds, to be run in turn with what measures other logs. {@code NxS}: append and sync of batches of N entries
 * of S bytes. {@code replay-S}: open a log of 256 MiB in batches of 100 entries of S bytes, and then read all of its entries.
 *
 * <p>Run it with {@code -Dbench.main=dev.keelraft.wal.Saves -Dbench.args="DIRECTORY SECONDS CASE"}. It warms up for as long before,
 * but no more than 2 seconds.
 */
public final class Saves {
    private static final long LOG_BYTES = 256L << 20;

    private Saves() {}

    /** See above. */
    public static void main(String[] arguments) throws IOException {
        double seconds = Double.parseDouble(arguments[1]);
        String name = arguments[2];
        if (name.startsWith("replay-")) {
            replay(arguments[0], Integer.parseInt(name.substring(7)));
            return;
        }
        String[] shape = name.split("x", 2);
        int count = Integer.parseInt(shape[0]);
        byte[] payload = new byte[Integer.parseInt(shape[1])];
        new Random(1).nextBytes(payload);
        save(arguments[0], Math.min(2, seconds), count, payload);
        long[] nanos = save(arguments[0], seconds, count, payload);
        double rate = nanos.length * 1e9 / Arrays.stream(nanos).sum();
        Arrays.sort(nanos);
        System.out.printf(
                "save+sync %d x %d B: %.0f ops/s %.0f entries/s p50 %d us p99 %d us%n",
                count,
                payload.length,
                rate,
                rate * count,
                nanos[nanos.length / 2] / 1000,
                nanos[nanos.length * 99 / 100] / 1000);
    }

    private static long[] save(String directory, double seconds, int count, byte[] payload) throws IOException {
        long[] nanos = new long[(int) (seconds * 100_000)];
        int done = 0;
        try (BenchLog log = new BenchLog(directory, WalOptions.defaults())) {
            long begin = System.nanoTime();
            long last = begin;
            while (last - begin < seconds * 1e9 && done < nanos.length) {
                log.append(count, payload);
                log.wal().sync();
                long now = System.nanoTime();
                nanos[done++] = now - last;
                last = now;
            }
        }
        return Arrays.copyOf(nanos, done);
    }

    private static void replay(String directory, int entryBytes) throws IOException {
        try (BenchLog log = new BenchLog(directory, WalOptions.defaults())) {
            log.fill(LOG_BYTES, 100, new byte[entryBytes]);
            for (int i = 0; i < 8; i++) {
                long begin = System.nanoTime();
                WalStorage storage = log.open().storage();
                long opened = System.nanoTime();
                long entries = 0;
                while (entries < storage.lastIndex()) {
                    entries += storage.entries(entries + 1, storage.lastIndex() + 1, 1 << 20)
                            .size();
                }
                long read = System.nanoTime();
                log.wal().close();
                System.out.printf(
                        "open %d entries of %d B: %.3f s, %.0f entries/s; with all entries read: %.3f s, %.0f entries/s%n",
                        entries,
                        entryBytes,
                        (opened - begin) / 1e9,
                        entries * 1e9 / (opened - begin),
                        (read - begin) / 1e9,
                        entries * 1e9 / (read - begin));
            }
        }
    }
}
