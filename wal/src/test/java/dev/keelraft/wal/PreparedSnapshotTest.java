package dev.keelraft.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keelraft.Readys;
import dev.keelraft.model.Entry;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Snapshot;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A snapshot's file is read and forced before the log is asked to store it. */
class PreparedSnapshotTest {
    private static final byte[] CONTENT = {1, 2, 3, 4};
    private static final Snapshot SNAPSHOT = new Snapshot(2, 1, Driver.MEMBERS, new byte[0]);

    private final MemoryFiles files = new MemoryFiles();
    private Wal wal;

    @BeforeEach
    void create() {
        wal = Driver.create(files, Driver.smallOptions(1));
        append(1, 1);
        append(2, 2);
        append(3, 2);
        wal.sync();
    }

    private void append(long index, long commit) {
        wal.append(
                new HardState(1, 1, commit),
                Snapshot.NONE,
                SnapshotFile.NONE,
                List.of(Entry.normal(1, index, new byte[] {7})));
    }

    private Path path(String name) {
        return wal.snapshotDirectory().resolve(name);
    }

    private SnapshotFile write(String name) throws IOException {
        try (OpenFile file = files.create(path(name))) {
            file.write(ByteBuffer.wrap(CONTENT), 0);
        }
        CRC32C crc = new CRC32C();
        crc.update(CONTENT);
        return new SnapshotFile(name, CONTENT.length, (int) crc.getValue());
    }

    private void overwrite(String name) throws IOException {
        try (OpenFile file = files.open(path(name))) {
            file.write(ByteBuffer.wrap(CONTENT), 0);
        }
    }

    @Test
    void a_prepared_file_is_not_read_or_forced_again() throws IOException {
        SnapshotFile file = write("a");
        List<String> log = files.log();
        PreparedSnapshot prepared = wal.prepare(file);
        assertThat(log).containsExactly("force a", "sync snap");
        assertThat(prepared.file()).isEqualTo(file);
        assertThat(prepared).hasToString("prepared " + file);
        log.clear();
        wal.saveSnapshot(SNAPSHOT, prepared);
        assertThat(log)
                .as("one frame")
                .containsExactly("write 0000000000000001.wal", "force 0000000000000001.wal", "write MARK");
        assertThat(wal.referencedSnapshots()).containsExactly(file);
    }

    @Test
    void it_survives_the_power() throws IOException {
        PreparedSnapshot prepared = wal.prepare(write("a"));
        wal.saveSnapshot(SNAPSHOT, prepared);
        wal.release(2);
        files.crash(new Random(1), MemoryFiles.Damage.GARBAGE);
        Recovered recovered = Driver.open(files, Driver.smallOptions(2)).recovered();
        assertThat(recovered.snapshotFile()).isEqualTo(prepared.file());
        assertThat(recovered.damagedSnapshots()).isEmpty();
        assertThat(recovered.firstIndex()).isEqualTo(3);
    }

    @Test
    void one_that_a_leader_has_sent_is_installed() throws IOException {
        PreparedSnapshot prepared = wal.prepare(write("a"));
        Snapshot received = new Snapshot(9, 2, Driver.MEMBERS, new byte[0]);
        List<String> log = files.log();
        wal.append(Readys.of(new HardState(2, 0, 9), received, List.of(Entry.empty(2, 10))), prepared);
        wal.sync();
        assertThat(log).doesNotContain("force a", "sync snap");
        assertThat(wal.storage().firstIndex()).isEqualTo(10);
        assertThat(wal.referencedSnapshots()).containsExactly(prepared.file());
    }

    @Test
    void each_group_has_its_own() throws IOException {
        PreparedSnapshot first = wal.prepare(write("a"));
        PreparedSnapshot second = wal.prepare(write("b"));
        Snapshot received = new Snapshot(9, 2, Driver.MEMBERS, new byte[0]);
        wal.append(5, Readys.of(new HardState(2, 0, 9), received, List.of()), first);
        wal.saveSnapshot(5, received, second);
        assertThat(wal.referencedSnapshots(5)).containsExactly(first.file(), second.file());
        assertThat(wal.referencedSnapshots()).containsExactly(first.file(), second.file());
    }

    @Test
    void a_file_that_was_changed_since_is_refused() throws IOException {
        PreparedSnapshot prepared = wal.prepare(write("a"));
        overwrite("a");
        assertRefused(prepared, "was changed or replaced while or since it was prepared");
    }

    @Test
    void a_file_that_was_replaced_since_is_refused() throws IOException {
        PreparedSnapshot prepared = wal.prepare(write("a"));
        write("b");
        files.rename(path("b"), path("a"));
        assertRefused(prepared, "was changed or replaced while or since it was prepared");
    }

    @Test
    void a_file_that_was_removed_since_is_refused() throws IOException {
        PreparedSnapshot prepared = wal.prepare(write("a"));
        files.delete(path("a"));
        assertRefused(prepared, "is missing");
    }

    @Test
    void what_was_prepared_for_another_log_is_refused() throws IOException {
        PreparedSnapshot prepared = wal.prepare(write("a"));
        wal.close();
        wal = Driver.open(files, Driver.smallOptions(2));
        assertRefused(prepared, "was prepared for another log, or by another run");
    }

    private void assertRefused(PreparedSnapshot prepared, String why) {
        LogState before = LogState.of(wal);
        assertThatThrownBy(() -> wal.saveSnapshot(SNAPSHOT, prepared))
                .isInstanceOf(WalAppendRefused.class)
                .hasMessageContaining(why);
        assertThat(LogState.of(wal)).isEqualTo(before);
        append(4, 2);
        wal.sync();
    }

    @Test
    void a_file_that_is_not_as_described_is_not_prepared() throws IOException {
        SnapshotFile file = write("a");
        SnapshotFile longer = new SnapshotFile("a", 5, file.crc32c());
        SnapshotFile other = new SnapshotFile("a", 4, file.crc32c() + 1);
        for (SnapshotFile wrong : List.of(longer, other)) {
            assertThatThrownBy(() -> wal.prepare(wrong))
                    .isInstanceOf(WalAppendRefused.class)
                    .hasMessageContaining("not " + wrong);
        }
        assertThatThrownBy(() -> wal.prepare(new SnapshotFile("b", 4, 0)))
                .isInstanceOf(WalAppendRefused.class)
                .hasMessageContaining("is missing");
        assertThatThrownBy(() -> wal.prepare(SnapshotFile.NONE))
                .isInstanceOf(WalAppendRefused.class)
                .hasMessageContaining("there is no file");
    }

    @Test
    void a_file_that_is_written_to_meanwhile_is_not_prepared() throws IOException {
        SnapshotFile file = write("a");
        files.before("force a", () -> {
            try {
                overwrite("a");
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        });
        assertThatThrownBy(() -> wal.prepare(file))
                .isInstanceOf(WalAppendRefused.class)
                .hasMessageContaining("was changed or replaced");
    }

    @Test
    void a_file_whose_force_has_failed_is_never_believed_again() throws IOException {
        SnapshotFile file = write("a");
        files.failAt(files.operations() + 1, new Random(3));
        assertThatThrownBy(() -> wal.prepare(file)).isInstanceOf(IOException.class);
        assertThat(files.failed()).isEqualTo("force a");
        for (int i = 0; i < 2; i++) {
            assertThatThrownBy(() -> wal.prepare(file))
                    .isInstanceOf(WalAppendRefused.class)
                    .hasMessageContaining("could not be forced");
        }
        assertThatThrownBy(() -> wal.saveSnapshot(SNAPSHOT, file))
                .isInstanceOf(WalAppendRefused.class)
                .hasMessageContaining("could not be forced");
        append(4, 2);
        wal.sync();
        wal.saveSnapshot(SNAPSHOT, wal.prepare(write("b")));
        assertThat(wal.referencedSnapshots()).extracting(SnapshotFile::name).containsExactly("b");
    }

    @Test
    void neither_is_one_whose_name_could_not_be_forced() throws IOException {
        SnapshotFile file = write("a");
        files.failAt(files.operations() + 2, new Random(3));
        assertThatThrownBy(() -> wal.prepare(file)).isInstanceOf(IOException.class);
        assertThat(files.failed()).isEqualTo("sync snap");
        assertThatThrownBy(() -> wal.prepare(file)).isInstanceOf(WalAppendRefused.class);
    }

    @Test
    void one_that_could_not_be_opened_may_be_prepared_later() throws IOException {
        SnapshotFile file = write("a");
        files.withoutDescriptors(true);
        assertThatThrownBy(() -> wal.prepare(file)).isInstanceOf(IOException.class);
        files.withoutDescriptors(false);
        wal.saveSnapshot(SNAPSHOT, wal.prepare(file));
        assertThat(wal.referencedSnapshots()).containsExactly(file);
    }

    @Test
    void a_stamp_that_cannot_be_read_ends_the_log() throws IOException {
        PreparedSnapshot prepared = wal.prepare(write("a"));
        files.failReadAt(files.reads() + 1);
        assertThatThrownBy(() -> wal.saveSnapshot(SNAPSHOT, prepared)).isInstanceOf(WalFailed.class);
    }

    @Test
    void files_of_a_real_disk_are_told_apart_too(@TempDir Path directory) throws IOException {
        try (Wal real = Wal.create(directory, new WalIdentity(1, 1), Driver.smallOptions(1))) {
            real.append(new HardState(1, 1, 1), Snapshot.NONE, SnapshotFile.NONE, List.of(Entry.empty(1, 1)));
            Path file = Files.write(real.snapshotDirectory().resolve("a"), CONTENT);
            Snapshot snapshot = new Snapshot(1, 1, Driver.MEMBERS, new byte[0]);
            PreparedSnapshot prepared = real.prepare(SnapshotFile.of(file));
            FileTime written = Files.getLastModifiedTime(file);
            Files.setLastModifiedTime(file, FileTime.fromMillis(written.toMillis() + 1000));
            assertThatThrownBy(() -> real.saveSnapshot(snapshot, prepared)).isInstanceOf(WalAppendRefused.class);
            Files.setLastModifiedTime(file, written);
            Files.write(real.snapshotDirectory().resolve("b"), CONTENT);
            Files.setLastModifiedTime(real.snapshotDirectory().resolve("b"), written);
            Files.move(real.snapshotDirectory().resolve("b"), file, StandardCopyOption.REPLACE_EXISTING);
            assertThatThrownBy(() -> real.saveSnapshot(snapshot, prepared)).isInstanceOf(WalAppendRefused.class);
            real.saveSnapshot(snapshot, real.prepare(prepared.file()));
            assertThat(real.referencedSnapshots()).containsExactly(prepared.file());
        }
    }

    /** The thread that prepares is held up in the force; the file system takes one operation at a time all the same. */
    @Test
    @Timeout(60)
    void a_disk_that_takes_its_time_for_a_snapshot_holds_up_no_append() throws Exception {
        SnapshotFile file = write("a");
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch end = new CountDownLatch(1);
        files.before("force a", () -> {
            begun.countDown();
            try {
                end.await();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        });
        CompletableFuture<PreparedSnapshot> preparing = CompletableFuture.supplyAsync(() -> {
            try {
                return wal.prepare(file);
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        });
        begun.await();
        for (long index = 4; index <= 50; index++) {
            append(index, 2);
            wal.sync();
        }
        assertThat(preparing).isNotDone();
        end.countDown();
        wal.saveSnapshot(SNAPSHOT, preparing.get());
        assertThat(wal.storage().lastIndex()).isEqualTo(50);
        assertThat(wal.referencedSnapshots()).containsExactly(file);
    }
}
