package dev.keelraft.wal;

import dev.keelraft.model.Entry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;

/**
 * What the log costs over the bare disk: append and sync against a program that writes the same number of bytes to a file of
 * zeros and forces them, and an open against reading the same files.
 *
 * <p>Both run in turn, in one process, in rounds of a fraction of a second, with the one and the other first; a ratio is that of
 * one round, so that a disk whose speed drifts drifts for both. No segment is cut in what is measured: where a host has
 * segments prepared, that happens beside it.
 *
 * <p>Run it, on a quiet machine, with {@code -Dbench.main=dev.keelraft.wal.Overhead -Dbench.args="DIRECTORY [ROUNDS [CASE...]]"};
 * cases are {@code 1x128}, {@code 1x4096}, {@code 1x65536}, {@code 100x128}, {@code open-128}, {@code
 * open-4096}, and {@code mark}, which is the price of MARK alone; without any, all.
 */
public final class Overhead {
    private static final List<String> CASES =
            List.of("1x128", "1x4096", "1x65536", "100x128", "mark", "open-128", "open-4096");
    private static final long ROUND_BYTES = 16 << 20;
    private static final int ROUND_SYNCS = 500;
    private static final int WARM_UP_ROUNDS = 4;
    private static final long LOG_BYTES = 256L << 20;

    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private Overhead() {}

    /** See above. */
    public static void main(String[] arguments) throws IOException {
        String directory = arguments[0];
        int rounds = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 20;
        List<String> cases = arguments.length > 2 ? List.of(arguments).subList(2, arguments.length) : CASES;
        for (String name : cases) {
            if (name.equals("mark")) {
                mark(directory, rounds);
            } else if (name.startsWith("open-")) {
                open(directory, rounds, Integer.parseInt(name.substring(5)));
            } else {
                String[] shape = name.split("x", 2);
                append(directory, rounds, Integer.parseInt(shape[0]), Integer.parseInt(shape[1]));
            }
        }
    }

    private interface Side {
        /** Does the work of a round, and puts the time of each piece into the array. */
        void run(long[] nanos) throws IOException;
    }

    private static void append(String directory, int rounds, int count, int entryBytes) throws IOException {
        int frameBytes = frameBytes(count, entryBytes);
        int syncs = (int) Math.min(ROUND_SYNCS, ROUND_BYTES / frameBytes);
        long bytes = (long) (rounds + WARM_UP_ROUNDS) * syncs * frameBytes + (1 << 20);
        byte[] payload = new byte[entryBytes];
        new Random(1).nextBytes(payload);
        ByteBuffer frame = ByteBuffer.allocateDirect(frameBytes);
        for (int i = 0; i < frameBytes; i++) {
            frame.put(i, payload[i % entryBytes]);
        }
        int segmentBytes = (int) ((bytes + 4095) & -4096L);
        try (BenchLog log = new BenchLog(directory, WalOptions.defaults().withSegmentBytes(segmentBytes));
                PlainFile plain = new PlainFile(log.directory(), segmentBytes)) {
            Side ours = nanos -> {
                List<List<Entry>> batches = new ArrayList<>();
                for (int i = 0; i < nanos.length; i++) {
                    batches.add(BenchLog.entries(log.next() + (long) i * count, count, payload));
                }
                for (int i = 0; i < nanos.length; i++) {
                    long begin = System.nanoTime();
                    log.append(batches.get(i));
                    log.wal().sync();
                    nanos[i] = System.nanoTime() - begin;
                }
            };
            Side theirs = nanos -> {
                for (int i = 0; i < nanos.length; i++) {
                    long begin = System.nanoTime();
                    plain.append(frame);
                    nanos[i] = System.nanoTime() - begin;
                }
            };
            compare("append+sync " + count + " x " + entryBytes + " B", rounds, syncs, frameBytes, ours, theirs);
        }
    }

    /* What it costs to say after each force how far it has come: a second write, to another file, without a force. */
    private static void mark(String directory, int rounds) throws IOException {
        int frameBytes = frameBytes(1, 128);
        long bytes = 2L * (rounds + WARM_UP_ROUNDS) * ROUND_SYNCS * frameBytes;
        Path in = Files.createTempDirectory(Path.of(directory), "keel-wal-bench");
        Path other = Files.createDirectory(in.resolve("other"));
        ByteBuffer frame = ByteBuffer.allocateDirect(frameBytes);
        ByteBuffer slot = ByteBuffer.allocateDirect(Mark.BYTES);
        try (PlainFile plain = new PlainFile(in, bytes);
                PlainFile marks = new PlainFile(other, 2 * Segment.HEADER_BYTES)) {
            Side with = nanos -> {
                for (int i = 0; i < nanos.length; i++) {
                    long begin = System.nanoTime();
                    plain.append(frame);
                    marks.overwrite(slot);
                    nanos[i] = System.nanoTime() - begin;
                }
            };
            Side without = nanos -> {
                for (int i = 0; i < nanos.length; i++) {
                    long begin = System.nanoTime();
                    plain.append(frame);
                    nanos[i] = System.nanoTime() - begin;
                }
            };
            compare("plain with a mark (ours)", rounds, ROUND_SYNCS, frameBytes, with, without);
        }
        Files.delete(other);
        Files.delete(in);
    }

    private static int frameBytes(int count, int entryBytes) {
        Entry entry = Entry.normal(1, 1, new byte[entryBytes]);
        return (int) (Frame.HEADER_BYTES + RecordWriter.HARD_STATE_BYTES + count * RecordWriter.entryBytes(entry));
    }

    private static void open(String directory, int rounds, int entryBytes) throws IOException {
        byte[] payload = new byte[entryBytes];
        new Random(1).nextBytes(payload);
        try (BenchLog log = new BenchLog(directory, WalOptions.defaults())) {
            log.fill(LOG_BYTES, entryBytes < 1000 ? 100 : 4, payload);
            List<Path> files = segments(log);
            long bytes = 0;
            for (Path file : files) {
                bytes += Files.size(file);
            }
            long[] sum = new long[1];
            Side ours = nanos -> {
                long begin = System.nanoTime();
                log.open();
                nanos[0] = System.nanoTime() - begin;
                log.wal().close();
            };
            Side theirs = nanos -> {
                long begin = System.nanoTime();
                sum[0] += PlainFile.read(files);
                nanos[0] = System.nanoTime() - begin;
            };
            compare("open " + (bytes >> 20) + " MiB of " + entryBytes + " B", rounds, 1, bytes, ours, theirs);
        }
    }

    private static List<Path> segments(BenchLog log) {
        try (Stream<Path> files = Files.list(Layout.in(log.directory()).segments())
                .filter(file -> file.toString().endsWith(".wal"))) {
            return files.sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void compare(String name, int rounds, int pieces, long pieceBytes, Side ours, Side theirs)
            throws IOException {
        long[] our = new long[pieces];
        long[] their = new long[pieces];
        double[] ratios = new double[rounds];
        double[] medianRatios = new double[rounds];
        double[] cpuRatios = new double[rounds];
        double[] ourSpeeds = new double[rounds];
        double[] theirSpeeds = new double[rounds];
        for (int round = -WARM_UP_ROUNDS; round < rounds; round++) {
            long ourCpu;
            long theirCpu;
            if (round % 2 == 0) {
                ourCpu = cpuOf(ours, our);
                theirCpu = cpuOf(theirs, their);
            } else {
                theirCpu = cpuOf(theirs, their);
                ourCpu = cpuOf(ours, our);
            }
            if (round >= 0) {
                cpuRatios[round] = (double) theirCpu / ourCpu;
                ourSpeeds[round] = pieces * 1e9 / Arrays.stream(our).sum();
                theirSpeeds[round] = pieces * 1e9 / Arrays.stream(their).sum();
                ratios[round] = ourSpeeds[round] / theirSpeeds[round];
                medianRatios[round] = (double) median(their) / median(our);
            }
        }
        double theirs50 = quantile(theirSpeeds, 0.5);
        System.out.printf(
                "%-26s ours %8.1f/s, plain %8.1f/s (%6.1f MB/s); ratio per round: median %.3f [quarters %.3f..%.3f,"
                        + " all %.3f..%.3f]; ratio of median times: %.3f [%.3f..%.3f]; of processor time: %.3f [%.3f..%.3f]%n",
                name,
                quantile(ourSpeeds, 0.5),
                theirs50,
                theirs50 * pieceBytes / 1e6,
                quantile(ratios, 0.5),
                quantile(ratios, 0.25),
                quantile(ratios, 0.75),
                quantile(ratios, 0),
                quantile(ratios, 1),
                quantile(medianRatios, 0.5),
                quantile(medianRatios, 0.25),
                quantile(medianRatios, 0.75),
                quantile(cpuRatios, 0.5),
                quantile(cpuRatios, 0.25),
                quantile(cpuRatios, 0.75));
    }

    /* What other work on the machine changes least. With what surrounds the pieces, which is a close, or making entries. */
    private static long cpuOf(Side side, long[] nanos) throws IOException {
        long before = THREADS.getCurrentThreadCpuTime();
        side.run(nanos);
        return THREADS.getCurrentThreadCpuTime() - before;
    }

    private static long median(long[] values) {
        long[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }

    private static double quantile(double[] values, double part) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[(int) Math.round(part * (sorted.length - 1))];
    }
}
