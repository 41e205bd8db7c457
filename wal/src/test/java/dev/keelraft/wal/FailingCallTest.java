package dev.keelraft.wal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * System calls that fail, one in each life of a log, at each place in it: what the tracer reports to the process in place of
 * making the call. Every later call would succeed.
 */
@Tag("faults")
class FailingCallTest {
    @TempDir
    private Path directory;

    @BeforeAll
    static void strace() throws IOException, InterruptedException {
        Strace.assumeUsable();
    }

    // ---------------------------------------------------------------- a disk that fails

    @Test
    void a_write_that_fails_at_any_place_poisons_the_log() throws Exception {
        Outcomes outcomes = failEverywhere("pwrite64", "error=EIO");
        assertThat(outcomes.refused()).isZero();
        assertThat(outcomes.failed()).isEqualTo(outcomes.lives());
    }

    @Test
    void an_fdatasync_that_fails_at_any_place_poisons_the_log_and_is_not_tried_again() throws Exception {
        Outcomes outcomes = failEverywhere("fdatasync", "error=EIO");
        assertThat(outcomes.failed()).isEqualTo(outcomes.lives());
    }

    @Test
    void an_fsync_that_fails_at_any_place_poisons_the_log() throws Exception {
        Outcomes outcomes = failEverywhere("fsync", "error=EIO");
        assertThat(outcomes.failed()).isEqualTo(outcomes.lives());
    }

    @Test
    void a_read_that_fails_at_any_place_is_never_taken_for_an_end() throws Exception {
        failEverywhere("pread64", "error=EIO");
    }

    @Test
    void a_directory_that_cannot_be_read_stops_a_start() throws Exception {
        int count = unharmed("getdents64", "").size();
        for (int i = 1; i <= count; i++) {
            List<String> said = new ArrayList<>();
            Path home = Files.createTempDirectory(directory, "getdents64");
            HostOracle oracle = life(home, "getdents64", "inject=getdents64:error=EIO:when=" + i, said);
            assertThat(said)
                    .filteredOn(line -> line.startsWith("failed WalFailed") || line.startsWith("host "))
                    .hasSize(1);
            oracle.check(home.resolve("log"));
        }
        System.out.println("getdents64 with error=EIO at each of " + count + " places: nothing lost");
    }

    @Test
    void a_rename_that_fails_at_any_place_poisons_the_log() throws Exception {
        Outcomes outcomes = failEverywhere("rename", "error=EIO");
        assertThat(outcomes.failed()).isEqualTo(outcomes.lives());
    }

    @Test
    void a_file_that_cannot_be_opened_at_any_place_loses_nothing() throws Exception {
        failEverywhere("openat", "error=EIO");
    }

    @Test
    void a_file_that_cannot_be_deleted_or_closed_or_a_directory_that_cannot_be_made_loses_nothing() throws Exception {
        failEverywhere("unlink", "error=EIO");
        failEverywhere("close", "error=EIO");
        failEverywhere("mkdir", "error=EIO");
    }

    // ---------------------------------------------------------------- limits

    @Test
    void a_lack_of_space_at_any_write_loses_nothing_and_the_log_goes_on_where_it_can() throws Exception {
        Outcomes outcomes = failEverywhere("pwrite64", "error=ENOSPC");
        assertThat(outcomes.refused()).isPositive();
        failEverywhere("pwrite64", "error=EDQUOT");
        failEverywhere("pwrite64", "error=EFBIG");
    }

    @Test
    void a_lack_of_descriptors_at_any_open_loses_nothing_and_the_log_goes_on_where_it_can() throws Exception {
        Outcomes outcomes = failEverywhere("openat", "error=EMFILE");
        assertThat(outcomes.refused()).isPositive();
        failEverywhere("openat", "error=ENFILE");
        failEverywhere("openat", "error=ENOSPC");
    }

    // ---------------------------------------------------------------- calls that do less, or are interrupted

    @Test
    void a_write_that_takes_no_byte_poisons_the_log_rather_than_spin() throws Exception {
        Outcomes outcomes = failEverywhere("pwrite64", "retval=0");
        assertThat(outcomes.failed()).isEqualTo(outcomes.lives());
        outcomes = failEverywhere("pwrite64", "error=EAGAIN");
        assertThat(outcomes.failed()).isEqualTo(outcomes.lives());
    }

    @Test
    void interrupted_calls_are_made_again() throws Exception {
        for (String call : List.of("pwrite64", "pread64", "fdatasync", "fsync", "openat")) {
            List<String> calls = unharmed(call, ":error=EINTR:when=1+2");
            assertThat(calls).filteredOn(made -> made.contains("EINTR")).hasSizeGreaterThan(1);
            System.out.println("EINTR at every second of " + calls.size() + " calls of " + call + ": no harm");
        }
    }

    /*
     * The tracer claims that 4095 bytes were written, and writes none. Where the bytes are zeros in a new file, a hole there
     * reads as they would, and the rest must follow at its place.
     */
    @Test
    void a_short_write_is_continued_where_it_ended() throws Exception {
        // IDENTITY takes two writes; the third is that of the first segment's zeros.
        List<String> calls = unharmed("pwrite64", ":retval=4095:when=3");
        assertThat(calls.get(2)).contains(", 16384, 0) = 4095 (INJECTED)");
        assertThat(calls.get(3)).contains(", 12289, 4095) = 12289");
    }

    // ----------------------------------------------------------------

    /** How the lives of a call have ended. */
    private record Outcomes(int lives, int failed, int refused) {}

    private Outcomes failEverywhere(String call, String fault) throws Exception {
        int count = Strace.counted(unharmed(call, "")).getOrDefault(call, 0);
        assertThat(count).as("calls of %s in a life", call).isPositive();
        int period = count + 1;
        Path home = Files.createTempDirectory(directory, call);
        Path output = home.resolve("calls");
        int lives = 0;
        int failed = 0;
        int refused = 0;
        try (HostProcess host = HostProcess.start(home, DoomedHost.Life.FAILURES, false, call, period)) {
            host.hearUntil(new HostOracle(), "ready");
            try (Strace strace = Strace.attach(
                    host.pid(),
                    output,
                    "trace=write," + call,
                    "inject=" + call + ":" + fault + ":when=" + period + "+" + period)) {
                host.go();
                for (String line = host.read(); line != null && !line.equals("end"); line = host.read()) {
                    assertThat(line).startsWith("run ");
                    lives++;
                    HostOracle oracle = new HostOracle();
                    boolean poisoned = live(host, oracle);
                    failed += poisoned ? 1 : 0;
                    refused += oracle.refusals();
                    oracle.check(home.resolve("log-" + lives));
                }
                assertThat(host.wasKilled()).isFalse();
                strace.await();
            }
        }
        assertThat(lives).isEqualTo(count);
        if (call.equals("fdatasync") || call.equals("fsync")) {
            assertThat(forcedAfterFailure(output, call, lives))
                    .as("forces after one that has failed")
                    .isZero();
        }
        System.out.println(call + " with " + fault + " at each of " + lives + " places: " + failed
                + " logs failed for good, " + refused + " appends or opens were refused and then done; nothing lost");
        Trees.delete(home);
        return new Outcomes(lives, failed, refused);
    }

    /* From a failure on until the host says that the life is over: what it does between lives is not the log's. */
    private static int forcedAfterFailure(Path output, String call, int lives) throws IOException {
        boolean alive = false;
        boolean failed = false;
        int failures = 0;
        int forced = 0;
        for (String made : Strace.calls(output)) {
            if (made.startsWith("write(1, \"run ")) {
                alive = true;
                failed = false;
            } else if (made.startsWith("write(1, \"ran ")) {
                failures += failed ? 1 : 0;
                alive = false;
            } else if (alive && made.startsWith(call)) {
                forced += failed ? 1 : 0;
                failed |= made.contains("(INJECTED)");
            }
        }
        assertThat(failures).as("failures seen in the trace").isEqualTo(lives);
        return forced;
    }

    /** One life. Returns whether the log has failed. The oracle fails the test if anything is acknowledged after that. */
    private static boolean live(HostProcess host, HostOracle oracle) {
        boolean failed = false;
        for (String line = host.read(); line != null && !line.startsWith("ran "); line = host.read()) {
            oracle.hear(line);
            failed |= line.startsWith("failed ");
        }
        return failed;
    }

    /** A life in which a call is only counted, or does no harm. */
    private List<String> unharmed(String call, String fault) throws Exception {
        Path home = Files.createTempDirectory(directory, call);
        List<String> said = new ArrayList<>();
        HostOracle oracle = life(home, call, fault.isEmpty() ? "trace=" + call : "inject=" + call + fault, said);
        assertThat(said).noneMatch(line -> line.startsWith("failed") || line.startsWith("space"));
        oracle.check(home.resolve("log"));
        return Strace.calls(home.resolve("calls"));
    }

    private static HostOracle life(Path home, String call, String fault, List<String> said) throws Exception {
        HostOracle oracle = new HostOracle();
        try (HostProcess host = HostProcess.start(home, DoomedHost.Life.SCRIPT, false)) {
            host.hearUntil(oracle, "ready");
            try (Strace strace = Strace.attach(host.pid(), home.resolve("calls"), "trace=" + call, fault)) {
                host.go();
                for (String line = host.read(); line != null; line = host.read()) {
                    oracle.hear(line);
                    said.add(line);
                }
                assertThat(host.wasKilled()).isFalse();
                strace.await();
            }
        }
        assertThat(said).last().isEqualTo("end");
        return oracle;
    }
}
