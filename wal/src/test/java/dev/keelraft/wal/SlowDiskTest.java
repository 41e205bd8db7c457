package dev.keelraft.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keelraft.model.Entry;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Snapshot;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A disk that takes its time, or for ever, to force what was written; and a process that is stopped and goes on. */
@Tag("faults")
class SlowDiskTest {
    private static final int SLOW_MILLIS = 2000;

    @TempDir
    private Path directory;

    @BeforeAll
    static void strace() throws IOException, InterruptedException {
        Strace.assumeUsable();
    }

    /*
     * The force has happened when the delay begins: an acknowledgement would be true, and still none may come before the call
     * has returned. Another thread reads meanwhile.
     */
    @Test
    void a_slow_fdatasync_is_waited_for_and_shown_and_holds_no_reader_up() throws Exception {
        Path data = directory.resolve("member");
        List<String> command = new ArrayList<>(HostProcess.java(SlowHost.class));
        command.add(data.toString());
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (var lines = process.inputReader(StandardCharsets.UTF_8)) {
            assertThat(lines.readLine()).isEqualTo("ready");
            try (Strace strace = Strace.attach(
                    process.pid(),
                    directory.resolve("calls"),
                    "trace=fdatasync",
                    "inject=fdatasync:delay_exit=" + SLOW_MILLIS * 1000 + ":when=1")) {
                process.getOutputStream().write('\n');
                process.getOutputStream().flush();
                assertThat(lines.readLine()).isEqualTo("syncing");
                String[] synced = lines.readLine().split(" ", -1);
                assertThat(synced[0]).isEqualTo("synced");
                assertThat(Long.parseLong(synced[1])).isGreaterThanOrEqualTo(SLOW_MILLIS);
                assertThat(Long.parseLong(synced[2])).as("reads meanwhile").isGreaterThan(100);
                assertThat(Long.parseLong(synced[3])).as("the event's duration").isGreaterThanOrEqualTo(SLOW_MILLIS);
                assertThat(process.waitFor()).isZero();
                strace.await();
            }
        } finally {
            process.destroyForcibly();
        }
        try (Wal wal = Wal.open(data, HostOracle.IDENTITY, DoomedHost.options(2, false))) {
            assertThat(wal.recovered().lastIndex()).isEqualTo(2);
        }
    }

    /** Syncs once while another thread reads and a flight recording runs; tells how long each thought that it took. */
    static final class SlowHost {
        private SlowHost() {}

        public static void main(String[] arguments) throws Exception {
            Path data = Path.of(arguments[0]);
            try (Wal wal = Wal.create(data, HostOracle.IDENTITY, DoomedHost.options(1, false));
                    Recording recording = new Recording()) {
                append(wal, 1);
                wal.sync();
                AtomicLong reads = new AtomicLong();
                AtomicBoolean done = new AtomicBoolean();
                Thread reader = new Thread(() -> {
                    while (!done.get()) {
                        if (wal.storage().entries(1, 2, 10_000).size() == 1) {
                            reads.incrementAndGet();
                        }
                    }
                });
                recording.enable("dev.keelraft.wal.Sync").withoutThreshold();
                recording.start();
                append(wal, 2);
                System.out.println("ready");
                while (System.in.read() != '\n') {
                    // The tracer is not attached yet.
                }
                reader.start();
                System.out.println("syncing");
                long before = System.nanoTime();
                wal.sync();
                long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - before);
                long meanwhile = reads.get();
                done.set(true);
                reader.join();
                recording.stop();
                Path file = data.resolve("recording.jfr");
                recording.dump(file);
                long event = RecordingFile.readAllEvents(file).stream()
                        .filter(recorded -> recorded.getEventType().getName().equals("dev.keelraft.wal.Sync"))
                        .mapToLong(recorded -> recorded.getDuration().toMillis())
                        .sum();
                System.out.println("synced " + millis + " " + meanwhile + " " + event);
            }
        }

        private static void append(Wal wal, long index) {
            wal.append(
                    HardState.EMPTY, Snapshot.NONE, SnapshotFile.NONE, List.of(Entry.normal(1, index, new byte[5000])));
        }
    }

    @Test
    void a_host_that_is_killed_while_an_fdatasync_hangs_has_acknowledged_nothing_of_it() throws Exception {
        HostOracle oracle = new HostOracle();
        try (HostProcess host = HostProcess.start(directory, DoomedHost.Life.SCRIPT, false)) {
            host.hearUntil(oracle, "ready");
            Strace strace = Strace.attach(
                    host.pid(),
                    directory.resolve("calls"),
                    "trace=fdatasync",
                    "inject=fdatasync:delay_enter=600s:when=3");
            try {
                host.go();
                host.hearUntil(oracle, "do SYNC");
                host.hearUntil(oracle, "ok");
                host.hearUntil(oracle, "do SYNC"); // the third force: the first is that of the open
                assertThat(host.endsWithin(1500)).isFalse();
                assertThat(host.hasSaidMore()).isFalse();
                host.kill();
            } finally {
                strace.close(); // It would wait for the end of the delay, and its process with it.
            }
            assertThat(host.hear(oracle)).isEmpty();
            assertThat(host.wasKilled()).isTrue();
        }
        oracle.check(directory.resolve("log"));
    }

    /* Longer than a look at the lock is believed: what passes while it is stopped must not look as if somebody had taken it. */
    @Test
    void a_stopped_host_keeps_its_lock_and_goes_on_as_if_nothing_had_been() throws Exception {
        HostOracle oracle = new HostOracle();
        try (HostProcess host = HostProcess.start(directory, DoomedHost.Life.LOAD, true, 1)) {
            host.hearUntil(oracle, "ok");
            Root.run("kill", "-STOP", "" + host.pid());
            assertThat(host.endsWithin(2500)).isFalse();
            while (host.hasSaidMore()) {
                host.hearLine(oracle);
            }
            assertThatThrownBy(
                            () -> Wal.open(directory.resolve("log"), HostOracle.IDENTITY, DoomedHost.options(1, false)))
                    .isInstanceOf(WalLocked.class)
                    .hasMessageContaining("process " + host.pid());
            int acknowledged = oracle.acknowledgements();
            Root.run("kill", "-CONT", "" + host.pid());
            while (oracle.acknowledgements() < acknowledged + 20) {
                host.hearLine(oracle);
                assertThat(oracle.hasFailed()).isFalse();
            }
            host.kill();
            host.hear(oracle);
            assertThat(host.wasKilled()).isTrue();
        }
        oracle.check(directory.resolve("log"));
    }
}
