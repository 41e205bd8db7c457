package dev.keelraft;

import com.sun.management.ThreadMXBean;
import dev.keelraft.model.Message;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;

/**
 * Counts what the nodes of a group allocate, in a JVM of its own that interprets everything: a compiler may leave out an
 * allocation, at a time of its own choice, and then the figures would neither repeat nor show what the source does.
 */
final class AllocationCount {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final int PAYLOAD_BYTES = 16;
    private static final int ROUNDS = 8;

    /** Rounds before those that count: all classes are loaded then, and the rings of the logs have room for the rest. */
    private static final int ROUNDS_BEFORE = 20;

    /** Beyond the numbers for which the JDK keeps boxed ones, as a host's ids are: to box one of these shows. */
    private static final long FIRST_ID = 1L << 40;

    private final PumpedCluster cluster;
    private final List<Message> sent = new ArrayList<>(1 << 10);
    private final List<Message> delivered = new ArrayList<>(1 << 10);
    private final byte[] payload = new byte[PAYLOAD_BYTES];
    private long leaderBytes;
    private long followerBytes;

    private AllocationCount(int nodes) {
        List<Long> voters = new ArrayList<>();
        for (int i = 0; i < nodes; i++) {
            voters.add(FIRST_ID + i);
        }
        cluster = new PumpedCluster(voters, UnaryOperator.identity());
    }

    /** What one round takes, in bytes: of the leader, and of all followers together. */
    record Bytes(long leader, long followers) {}

    /** Runs in the other JVM; prints the bytes of a round, of the leader and of the followers. */
    public static void main(String[] arguments) {
        AllocationCount count = new AllocationCount(Integer.parseInt(arguments[0]));
        Message batch = count.cluster.proposal(Collections.nCopies(64, count.payload));
        for (int i = -ROUNDS_BEFORE; i < ROUNDS; i++) {
            if (i == 0) {
                count.leaderBytes = 0;
                count.followerBytes = 0;
            }
            count.round(arguments[1], Integer.parseInt(arguments[2]), batch);
        }
        System.out.print(count.leaderBytes / ROUNDS + " " + count.followerBytes / ROUNDS);
    }

    private void round(String kind, int times, Message batch) {
        PumpedCluster.Member leader = cluster.leader();
        long before = THREADS.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < times; i++) {
            switch (kind) {
                case "propose" -> leader.node.propose(payload);
                case "batch" -> leader.node.step(batch);
                case "read" -> leader.node.readIndex(payload);
                case "tick" -> leader.node.tick();
                default -> throw new IllegalArgumentException(kind);
            }
        }
        leaderBytes += THREADS.getCurrentThreadAllocatedBytes() - before;
        pump();
    }

    /** As {@link PumpedCluster#pump}, with an eye on who allocates. */
    private void pump() {
        boolean working = true;
        while (working) {
            working = false;
            for (int i = 0; i < cluster.size(); i++) {
                long before = THREADS.getCurrentThreadAllocatedBytes();
                working |= cluster.member(i).handleReadys(sent);
                count(cluster.member(i), THREADS.getCurrentThreadAllocatedBytes() - before);
            }
            for (int i = 0; i < sent.size(); i++) {
                delivered.add(sent.get(i));
            }
            sent.clear();
            for (int i = 0; i < delivered.size(); i++) {
                PumpedCluster.Member receiver = cluster.receiver(delivered.get(i));
                long before = THREADS.getCurrentThreadAllocatedBytes();
                receiver.node.step(delivered.get(i));
                count(receiver, THREADS.getCurrentThreadAllocatedBytes() - before);
            }
            delivered.clear();
        }
    }

    private void count(PumpedCluster.Member member, long bytes) {
        if (member == cluster.leader()) {
            leaderBytes += bytes;
        } else {
            followerBytes += bytes;
        }
    }

    /**
     * What one round takes in a group of so many nodes.
     *
     * @param kind of input for the leader: {@code propose}, {@code batch} (a message with 64 entries), {@code read}, {@code tick}
     * @param times how often, before the first Ready
     */
    static Bytes ofRound(int nodes, String kind, int times) throws IOException, InterruptedException {
        Path java = Path.of(System.getProperty("java.home"), "bin", "java");
        Process process = new ProcessBuilder(
                        java.toString(),
                        "-Xint",
                        "-XX:+UseSerialGC",
                        "-Xmx64m", // beyond 32 GB all references are larger
                        "-cp",
                        System.getProperty("java.class.path"),
                        AllocationCount.class.getName(),
                        Integer.toString(nodes),
                        kind,
                        Integer.toString(times))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!process.waitFor(1, TimeUnit.MINUTES) || process.exitValue() != 0) {
            process.destroyForcibly();
            throw new IOException("the other process failed: " + output);
        }
        String[] bytes = output.split(" ", 2);
        return new Bytes(Long.parseLong(bytes[0]), Long.parseLong(bytes[1]));
    }
}
