package dev.keelraft.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keelraft.model.Entry;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Snapshot;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The directory of a running log is taken away or replaced. The log notices when it cuts or deletes a segment, when it is closed,
 * and with the first sync a second after it has looked the last time: what it acknowledges within that second may be lost.
 */
class WatchdogTest {
    private static final String LOST = "was removed, replaced or released by somebody else";
    private static final WalIdentity IDENTITY = new WalIdentity(1, 2);

    @TempDir
    private Path data = Path.of("");

    private long nanos = Long.MAX_VALUE - 5; // Such a clock may run over.
    private Path raft = Path.of("");
    private Wal wal;
    private long last;

    @BeforeEach
    void create() {
        raft = data.resolve("raft");
        wal = new Startup(
                        new DiskFiles(() -> nanos),
                        data,
                        IDENTITY,
                        WalOptions.defaults().withSegmentBytes(1 << 20))
                .create();
        appendAndSync();
    }

    @AfterEach
    void close() {
        try {
            wal.close();
        } catch (WalFailed e) {
            assertThat(e).hasMessageContaining(LOST);
        }
    }

    private void appendAndSync() {
        wal.append(HardState.EMPTY, Snapshot.NONE, SnapshotFile.NONE, List.of(Entry.normal(1, ++last, new byte[100])));
        wal.sync();
    }

    private void pass(long millis) {
        nanos += TimeUnit.MILLISECONDS.toNanos(millis);
    }

    private void isPoisoned() {
        appendAndSync(); // within the second
        pass(999);
        appendAndSync();
        pass(1);
        assertThatThrownBy(this::appendAndSync).isInstanceOf(WalFailed.class).hasMessageContaining(LOST);
        assertThatThrownBy(this::appendAndSync).isInstanceOf(WalFailed.class).hasMessageContaining(LOST);
    }

    @Test
    void a_directory_that_is_renamed_poisons_the_log_at_the_first_sync_after_a_second() throws IOException {
        Files.move(raft, data.resolve("elsewhere"));
        isPoisoned();
        wal.close();
        Files.move(data.resolve("elsewhere"), raft);
        try (Wal again = Wal.open(data, IDENTITY, WalOptions.defaults())) {
            assertThat(again.recovered().lastIndex()).isBetween(last - 2, last);
        }
    }

    @Test
    void a_directory_that_is_deleted_poisons_the_log_at_the_first_sync_after_a_second() throws IOException {
        Trees.delete(raft);
        isPoisoned();
        wal.close();
        assertThat(Wal.exists(data)).isFalse();
    }

    @Test
    void a_lock_file_that_is_deleted_poisons_the_log() throws IOException {
        Files.delete(raft.resolve("LOCK"));
        isPoisoned();
    }

    /* A second process can lock the new file. Both would believe that they are alone. */
    @Test
    void a_lock_file_that_is_replaced_poisons_the_first_holder_and_it_leaves_the_second_alone() throws Exception {
        Files.delete(raft.resolve("LOCK"));
        Files.createFile(raft.resolve("LOCK"));
        isPoisoned();
    }

    @Test
    void a_close_tells_that_the_directory_is_gone_rather_than_acknowledge() throws IOException {
        wal.append(HardState.EMPTY, Snapshot.NONE, SnapshotFile.NONE, List.of(Entry.normal(1, ++last, new byte[100])));
        Files.move(raft, data.resolve("elsewhere"));
        assertThatThrownBy(wal::close).isInstanceOf(WalFailed.class).hasMessageContaining(LOST);
    }

    @Test
    void a_log_that_is_left_alone_is_never_poisoned_however_the_time_passes() {
        for (long millis : new long[] {0, 1, 999, 1000, 1001, 3_600_000, 0, 86_400_000L * 365}) {
            pass(millis);
            appendAndSync();
        }
        assertThat(last).isEqualTo(9);
    }
}
