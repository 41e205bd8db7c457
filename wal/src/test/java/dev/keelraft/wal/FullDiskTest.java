package dev.keelraft.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keelraft.model.Entry;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Snapshot;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A file system that is really full, and a process that may not write more. Both take a part of a write first. */
@Tag("faults")
class FullDiskTest {
    private static final WalIdentity IDENTITY = HostOracle.IDENTITY;

    @TempDir
    private Path directory;

    private Path disk;
    private Path data;
    private boolean mounted;

    @BeforeEach
    void mount() throws Exception {
        disk = Files.createDirectory(directory.resolve("disk"));
        data = disk.resolve("member");
    }

    private void small() throws InterruptedException {
        Root.assume();
        Root.run("mount", "-t", "tmpfs", "-o", "size=160k", "keel-full", disk.toString());
        mounted = true;
    }

    @AfterEach
    void unmount() throws InterruptedException {
        if (mounted) {
            Root.run("umount", disk.toString());
        }
    }

    private static void append(Wal wal, long index, int bytes) {
        byte[] payload = new byte[bytes];
        new Random(index).nextBytes(payload);
        wal.append(HardState.EMPTY, Snapshot.NONE, SnapshotFile.NONE, List.of(Entry.normal(1, index, payload)));
    }

    private void fill() throws IOException {
        try (OutputStream out = Files.newOutputStream(disk.resolve("filler"))) {
            while (true) {
                out.write(new byte[512]);
            }
        } catch (IOException full) {
            assertThat(full).hasMessageContaining("No space left");
        }
    }

    @Test
    void a_full_disk_refuses_the_append_and_the_log_goes_on_when_there_is_room_as_if_nothing_had_been()
            throws Exception {
        small();
        Path undisturbed = directory.resolve("undisturbed");
        try (Wal wal = Wal.create(data, IDENTITY, DoomedHost.options(1, false));
                Wal other = Wal.create(undisturbed, IDENTITY, DoomedHost.options(1, false))) {
            fill();
            int refused = 0;
            for (int i = 1; i <= 12; i++) {
                LogState before = LogState.of(wal);
                try {
                    append(wal, i, 3000);
                } catch (WalSpaceExhausted e) {
                    refused++;
                    assertThat(e).hasMessageContaining("Nothing was stored").hasMessageContaining("No space left");
                    assertThat(LogState.of(wal)).isEqualTo(before);
                    int index = i;
                    assertThatThrownBy(() -> append(wal, index, 3000)).isInstanceOf(WalSpaceExhausted.class);
                    wal.sync(); // of what was accepted
                    Files.delete(disk.resolve("filler"));
                    append(wal, i, 3000);
                    fill();
                }
                wal.sync();
                append(other, i, 3000);
                other.sync();
            }
            assertThat(refused).isGreaterThan(1);
            System.out.println("full tmpfs: " + refused + " appends refused, all done later");
        }
        for (String name : new DiskFiles().list(undisturbed.resolve("raft/wal"))) {
            assertThat(data.resolve("raft/wal").resolve(name))
                    .hasSameBinaryContentAs(undisturbed.resolve("raft/wal").resolve(name));
        }
        try (Wal wal = Wal.open(data, IDENTITY, DoomedHost.options(2, false))) {
            assertThat(wal.recovered().lastIndex()).isEqualTo(12); // on a full disk
            assertThat(wal.recovered().cleanClose()).isTrue();
        }
    }

    @Test
    void on_a_full_disk_spares_fail_first_and_the_log_still_takes_what_fits_and_can_be_released() throws Exception {
        small();
        try (Wal wal = Wal.create(data, IDENTITY, DoomedHost.options(1, true))) {
            append(wal, 1, 6000); // the second needs a segment
            fill();
            append(wal, 2, 6000); // which was prepared; the next cannot be
            wal.sync();
            assertThat(wal.spareStatus().state()).isEqualTo(SpareStatus.State.FAILED);
            assertThat(wal.spareStatus().failure()).contains("No space left");
            append(wal, 3, 500);
            wal.sync();
            assertThatThrownBy(() -> append(wal, 4, 6000)).isInstanceOf(WalSpaceExhausted.class);
            Files.delete(disk.resolve("filler"));
            wal.prepareSpare();
            assertThat(wal.spareStatus().state()).isEqualTo(SpareStatus.State.READY);
            append(wal, 4, 6000);
            wal.sync();
        }
        try (Wal wal = Wal.open(data, IDENTITY, DoomedHost.options(2, true))) {
            assertThat(wal.recovered().lastIndex()).isEqualTo(4);
        }
    }

    @Test
    void on_a_full_disk_no_log_is_created_and_nothing_is_in_the_way_of_the_next_attempt() throws Exception {
        small();
        fill();
        assertThatThrownBy(() -> Wal.create(data, IDENTITY, DoomedHost.options(1, false)))
                .isInstanceOf(WalSpaceExhausted.class);
        assertThat(Wal.exists(data)).isFalse();
        Files.delete(disk.resolve("filler"));
        Wal.create(data, IDENTITY, DoomedHost.options(1, false)).close();
        assertThat(new DiskFiles().list(data)).containsExactly("raft");
    }

    @Test
    void a_limit_on_the_length_of_files_refuses_the_batch_that_needs_a_longer_one() throws Exception {
        Root.run("prlimit", "--version");
        List<String> command = new ArrayList<>(List.of("prlimit", "--fsize=20480"));
        command.addAll(HostProcess.java(FileSizeLimit.class));
        command.add(data.toString());
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).isZero();
        assertThat(said).contains("File too large").contains("raise the limit");
        try (Wal wal = Wal.open(data, IDENTITY, DoomedHost.options(2, false))) {
            assertThat(wal.recovered().cleanClose()).isTrue();
            assertThat(wal.recovered().lastIndex()).isEqualTo(6);
        }
    }

    /** Appends, in the middle a batch for which no file may be long enough. */
    static final class FileSizeLimit {
        private FileSizeLimit() {}

        public static void main(String[] arguments) {
            Path data = Path.of(arguments[0]);
            try (Wal wal = Wal.create(data, IDENTITY, DoomedHost.options(1, false))) {
                for (int i = 1; i <= 6; i++) {
                    append(wal, i, 3000);
                    wal.sync();
                    try {
                        append(wal, i + 1, 30_000); // of which the first 20 KiB are written
                    } catch (WalSpaceExhausted e) {
                        System.out.println(e.getMessage());
                    }
                }
            }
        }
    }
}
