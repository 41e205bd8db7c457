package dev.keelraft.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keelraft.model.HardState;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import jdk.jfr.Event;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a flight recording shows; and that a JVM which has no flight recorder runs a log all the same. */
class EventsTest {
    @TempDir
    private Path directory = Path.of("");

    @Test
    void a_recording_shows_opens_syncs_cuts_releases_and_failures() throws IOException {
        List<RecordedEvent> events;
        try (Recording recording = new Recording()) {
            assertThat(Events.ALL).hasSize(5);
            for (Class<?> event : Events.ALL) {
                recording.enable(event.asSubclass(Event.class)).withoutThreshold();
            }
            recording.start();
            run();
            recording.stop();
            Path file = directory.resolve("recording.jfr");
            recording.dump(file);
            events = RecordingFile.readAllEvents(file);
        }
        RecordedEvent sync = only(events, "Sync", 1); // that of the open comes first
        assertThat(sync.getLong("bytes")).isEqualTo(Frame.HEADER_BYTES + 16 + 16 + 3000);
        RecordedEvent cut = only(events, "SegmentCut", 0);
        assertThat(cut.getLong("sequence")).isEqualTo(2);
        assertThat(cut.getLong("fileBytes")).isEqualTo(WalOptions.MIN_SEGMENT_BYTES);
        assertThat(cut.getBoolean("prepared")).isTrue();
        assertThat(only(events, "SegmentCut", 1).getBoolean("prepared")).isFalse();
        RecordedEvent release = only(events, "Release", 0);
        assertThat(release.getInt("segments")).isEqualTo(2);
        assertThat(release.getLong("firstSegment")).isEqualTo(3);
        RecordedEvent created = only(events, "Recovery", 0);
        assertThat(created.getLong("bootCount")).isEqualTo(1);
        RecordedEvent opened = only(events, "Recovery", 1);
        assertThat(opened.getLong("bootCount")).isEqualTo(2);
        assertThat(opened.getBoolean("cleanClose")).isFalse();
        assertThat(opened.getInt("groups")).isEqualTo(1);
        assertThat(opened.getInt("segments")).isEqualTo(1);
        assertThat(opened.getLong("droppedBytes")).isZero();
        RecordedEvent poison = only(events, "Poison", 0);
        assertThat(poison.getString("what")).isEqualTo("frames could not be forced to the disk");
        assertThat(poison.getString("cause")).contains("fails");
    }

    private static void run() {
        Driver host = new Driver(new MemoryFiles(), Driver.smallOptions(1), true);
        host.create();
        host.files().runJobs();
        for (int i = 1; i <= 6; i++) {
            host.entries(1, i, 1, 3000);
            if (i < 3) {
                host.sync();
            }
        }
        host.hardState(1, 1, 6);
        host.saveSnapshot(6);
        host.release(6);
        host.files().kill();
        host.open();
        host.files().failAt(host.files().operations() + 1, new Random(1));
        host.append(new HardState(2, 1, 6), List.of());
        assertThatThrownBy(host::sync).isInstanceOf(WalFailed.class);
    }

    private static RecordedEvent only(List<RecordedEvent> events, String name, int position) {
        return events.stream()
                .filter(event -> event.getEventType().getName().equals("dev.keelraft.wal." + name))
                .toList()
                .get(position);
    }

    @Test
    void a_jvm_without_a_flight_recorder_runs_a_log() throws Exception {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--limit-modules",
                        "java.base",
                        "-Xverify:all",
                        "-cp",
                        System.getProperty("java.class.path"),
                        WithoutRecorder.class.getName(),
                        directory.toString())
                .redirectErrorStream(true)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        assertThat(output).contains("present: false").contains("last index: 9");
    }

    /** Creates a log, cuts, closes and opens it. */
    static final class WithoutRecorder {
        private WithoutRecorder() {}

        public static void main(String[] arguments) {
            Path directory = Path.of(arguments[0]);
            WalIdentity identity = new WalIdentity(1, 1);
            WalOptions options = WalOptions.defaults().withSegmentBytes(WalOptions.MIN_SEGMENT_BYTES);
            System.out.println("present: " + Events.PRESENT);
            try (Wal wal = Wal.create(directory, identity, options)) {
                for (int i = 1; i <= 9; i++) {
                    wal.append(
                            HardState.EMPTY,
                            dev.keelraft.model.Snapshot.NONE,
                            SnapshotFile.NONE,
                            List.of(dev.keelraft.model.Entry.normal(1, i, new byte[3000])));
                    wal.sync();
                }
            }
            try (Wal wal = Wal.open(directory, identity, options)) {
                System.out.println("last index: " + wal.recovered().lastIndex());
            }
        }
    }
}
