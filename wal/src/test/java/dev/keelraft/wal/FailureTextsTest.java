package dev.keelraft.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.keelraft.model.HardState;
import dev.keelraft.model.Snapshot;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Example;

/** What an operator reads at three in the morning: what has happened, and where; what is safe; what to do now. */
class FailureTextsTest {
    private static final Layout LAYOUT = Layout.in(Driver.DATA);

    private final Driver host = new Driver(new MemoryFiles(), Driver.smallOptions(1));

    @Example
    void a_missing_log() {
        assertText(WalNotFound.class, host::open, "no log in /data/raft", "Nothing was changed", "find its data");
    }

    @Example
    void a_log_that_is_there_already() {
        host.create();
        assertText(WalAlreadyExists.class, host::create, "a log in /data/raft", "Nothing was changed", "Open it");
    }

    @Example
    void a_log_that_is_open() {
        host.create();
        assertText(WalLocked.class, host::open, "open already, by process", "Nothing was changed", "find that one");
    }

    @Example
    void a_log_of_somebody_else() {
        host.create();
        host.close();
        WalIdentity other = new WalIdentity(1, 2);
        assertText(
                WalIdentityMismatch.class,
                () -> new Startup(host.files(), Driver.DATA, other, Driver.smallOptions(1)).open(),
                "belongs to member 7 of cluster 193",
                "Nothing was changed",
                "Look for a mixed-up path");
    }

    @Example
    void a_damaged_log() {
        host.create();
        host.close();
        host.files().flip(LAYOUT.segment(1), 8 * 5000);
        assertText(WalCorrupt.class, host::open, "0000000000000001.wal", "Nothing was changed", "Keep the directory");
    }

    @Example
    void a_log_of_which_nothing_is_certified() {
        host.create();
        host.close();
        host.files().remove(LAYOUT.mark());
        assertText(
                WalCorrupt.class,
                host::open,
                "/data/raft/MARK, offset 0; how far the log was durable is not known",
                "Nothing was changed",
                "Keep the directory");
    }

    @Example
    void a_newer_version() {
        host.create();
        host.close();
        new Forger(host.files()).append(Forger.record(99, 0, 0), 1, 0, 1, 0);
        assertText(
                WalUnsupportedVersion.class,
                host::open,
                "type 99",
                "Nothing was changed",
                "open the log with the version that wrote it");
    }

    @Example
    void a_refused_batch() {
        host.create();
        assertText(
                WalAppendRefused.class,
                () -> host.wal().append(HardState.EMPTY, Snapshot.NONE, SnapshotFile.NONE, host.some(1, 5, 1, 1)),
                "entries 5 to 5 do not continue",
                "Nothing was stored",
                "report it");
    }

    @Example
    void a_full_disk() {
        host.create();
        host.files().limit(host.files().used());
        assertText(
                WalSpaceExhausted.class,
                () -> host.entries(1, 1, 1, 30_000),
                "no space for a new segment in /data/raft/wal",
                "nothing acknowledged is lost",
                "Free space");
    }

    @Example
    void a_full_disk_at_the_creation() {
        host.files().limit(100);
        assertText(WalSpaceExhausted.class, host::create, "no space to create", "Nothing was stored", "Free space");
    }

    @Example
    void no_file_descriptors() {
        host.create();
        host.files().withoutDescriptors(true);
        assertText(
                WalSpaceExhausted.class,
                () -> host.entries(1, 1, 1, 30_000),
                "no file descriptor left for a new segment",
                "nothing acknowledged is lost",
                "ulimit -n");
    }

    @Example
    void a_failed_disk() {
        host.create();
        host.files().failAt(host.files().operations() + 2, new Random(1));
        host.append(new HardState(1, 1, 0), List.of());
        assertText(
                WalFailed.class,
                host::sync,
                "frames could not be forced to the disk",
                "What sync() has acknowledged is on the disk",
                "stop the member, look at the disk");
        assertText(
                WalFailed.class,
                () -> host.wal().append(new HardState(2, 1, 0), Snapshot.NONE, SnapshotFile.NONE, List.of()),
                "frames could not be forced to the disk",
                "What sync() has acknowledged is on the disk",
                "stop the member, look at the disk");
    }

    @Example
    void a_log_that_cannot_be_read() {
        host.create();
        host.close();
        host.files().failReadAt(host.files().reads() + 3);
        assertText(WalFailed.class, host::open, "could not be opened", "Nothing that it holds", "Look at the disk");
    }

    @Example
    void an_entry_that_cannot_be_read() {
        host.create();
        host.entries(1, 1, 2, 3000);
        host.sync();
        host.close();
        host.open();
        host.files().failReadAt(host.files().reads() + 1);
        assertText(
                WalFailed.class,
                () -> host.wal().storage().entries(1, 2, 1),
                "entry 1 cannot be read",
                "Nothing was changed",
                "Stop the member");
    }

    private interface Attempt {
        void run();
    }

    private static void assertText(
            Class<? extends WalException> type, Attempt attempt, String happened, String safe, String toDo) {
        assertThat(catchThrowable(attempt::run))
                .isInstanceOf(type)
                .hasMessageContaining(happened)
                .hasMessageContaining(safe)
                .hasMessageContaining(toDo);
    }
}
