package dev.keelraft.wal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Kill -9 before every system call that changes, forces, opens, closes or tells something: a real process, real files. Each life
 * does the same, and the tracer ends it at another call.
 */
@Tag("faults")
class KillAtEverySyscallTest {
    /** The calls that matter, by their names on all machines. Reading changes nothing, so a kill there is one at the next. */
    static final String CALLS =
            "trace=openat,close,write,?pwrite64,fsync,fdatasync,?rename,?renameat,?renameat2,?unlink,"
                    + "?rmdir,unlinkat,?mkdir,mkdirat,ftruncate";

    @TempDir
    private Path directory;

    @BeforeAll
    static void strace() throws IOException, InterruptedException {
        Strace.assumeUsable();
    }

    @Test
    void killed_at_any_call_a_host_finds_all_that_was_acknowledged() throws Exception {
        killEverywhere("a host without spares", DoomedHost.Life.SCRIPT, false, Left.NOTHING);
    }

    @Test
    void killed_at_any_call_with_spares_prepared_a_host_finds_all_that_was_acknowledged() throws Exception {
        killEverywhere("a host with spares", DoomedHost.Life.SCRIPT, true, Left.NOTHING);
    }

    /* The first dies when a batch is written and not forced; behind it lies what a torn write could leave. */
    @Test
    void killed_at_any_call_of_a_recovery_a_host_finds_all_that_was_acknowledged() throws Exception {
        Path first = Files.createDirectory(directory.resolve("first"));
        List<String> lines = new ArrayList<>();
        try (HostProcess host = HostProcess.start(first, DoomedHost.Life.SCRIPT, true)) {
            assertThat(host.read()).isEqualTo("ready");
            try (Strace strace = Strace.attach(
                    host.pid(), Path.of("/dev/null"), "trace=fdatasync", "inject=fdatasync:signal=KILL:when=9")) {
                host.go();
                for (String line = host.read(); line != null; line = host.read()) {
                    lines.add(line);
                }
                assertThat(host.wasKilled()).isTrue();
                strace.await();
            }
        }
        tearTail(first.resolve("log/raft/wal"));
        killEverywhere(
                "a host that recovers",
                DoomedHost.Life.RESTART,
                false,
                new Left(Optional.of(first.resolve("log")), lines));
    }

    /* Where no byte was written yet, some of a frame that was never whole. */
    private static void tearTail(Path segments) throws IOException {
        String last = new DiskFiles()
                .list(segments).stream()
                        .filter(name -> name.endsWith(".wal"))
                        .max(Comparator.naturalOrder())
                        .orElseThrow();
        Path segment = segments.resolve(last);
        byte[] bytes = Files.readAllBytes(segment);
        int end = bytes.length;
        while (bytes[end - 1] == 0) {
            end--;
        }
        Arrays.fill(bytes, end + 100, end + 200, (byte) 0x5A);
        Files.write(segment, bytes);
    }

    private void killEverywhere(String whom, DoomedHost.Life life, boolean spares, Left left) throws Exception {
        Map<String, Integer> counts = count(life, spares, left);
        List<Callable<Boolean>> lives = new ArrayList<>();
        counts.forEach((call, count) -> {
            for (int i = 1; i <= count; i++) {
                int number = i;
                lives.add(() -> killAt(call, number, life, spares, left));
            }
            // One more there must not be, or the counts are wrong.
            lives.add(() -> !killAt(call, count + 1, life, spares, left));
        });
        ExecutorService two = Executors.newFixedThreadPool(2);
        try {
            for (Future<Boolean> asExpected : two.invokeAll(lives)) {
                assertThat(asExpected.get()).isTrue();
            }
        } finally {
            two.shutdownNow();
        }
        System.out.println("kill -9 at each of " + (lives.size() - counts.size()) + " system calls of " + whom + " "
                + counts + ": all acknowledged was there, each time");
    }

    /* What an earlier life has left: its directory, and what must be in it. */
    private record Left(Optional<Path> directory, List<String> lines) {
        static final Left NOTHING = new Left(Optional.empty(), List.of());
    }

    private Map<String, Integer> count(DoomedHost.Life life, boolean spares, Left left) throws Exception {
        Path home = home("count-" + life, left);
        HostOracle oracle = oracle(left);
        try (HostProcess host = HostProcess.start(home, life, spares)) {
            host.hearUntil(oracle, "ready");
            try (Strace strace = Strace.attach(host.pid(), home.resolve("calls"), CALLS)) {
                host.go();
                assertThat(host.hear(oracle)).isEqualTo("end");
                assertThat(host.wasKilled()).isFalse();
                strace.await();
                oracle.check(home.resolve("log"));
                return Strace.counted(Strace.calls(home.resolve("calls")));
            }
        }
    }

    private boolean killAt(String call, int number, DoomedHost.Life life, boolean spares, Left left) throws Exception {
        Path home = home(call + "-" + number, left);
        HostOracle oracle = oracle(left);
        boolean killed;
        try (HostProcess host = HostProcess.start(home, life, spares)) {
            host.hearUntil(oracle, "ready");
            try (Strace strace = Strace.attach(
                    host.pid(),
                    Path.of("/dev/null"),
                    "trace=" + call,
                    "inject=" + call + ":signal=KILL:when=" + number)) {
                host.go();
                host.hear(oracle);
                killed = host.wasKilled();
                strace.await();
            }
        }
        oracle.check(home.resolve("log"));
        Trees.delete(home);
        return killed;
    }

    private Path home(String name, Left left) throws IOException {
        Path home = Files.createDirectory(directory.resolve(name));
        if (left.directory().isPresent()) {
            Trees.copy(left.directory().get(), home.resolve("log"));
        }
        return home;
    }

    private static HostOracle oracle(Left left) {
        HostOracle oracle = new HostOracle();
        left.lines().forEach(oracle::hear);
        return oracle;
    }
}
