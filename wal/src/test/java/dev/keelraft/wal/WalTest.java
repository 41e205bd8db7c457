package dev.keelraft.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keelraft.Ready;
import dev.keelraft.Readys;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Snapshot;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Example;
import org.assertj.core.api.ThrowableAssert;

/** The calls of a host, one by one: what they write, when they force it, and what an open finds. */
class WalTest {
    private final Driver host = new Driver(new MemoryFiles(), Driver.smallOptions(1));
    private final MemoryFiles files = host.files();

    @Example
    void a_ready_is_found_again_as_a_whole() {
        Wal wal = Driver.create(files, Driver.smallOptions(1));
        HardState hardState = new HardState(3, 0x8000_0000_0000_0001L, 1);
        List<Entry> entries = List.of(Entry.empty(3, 1), Entry.normal(3, 2, new byte[] {1, 2}));
        wal.append(Readys.of(hardState, Snapshot.NONE, entries));
        wal.sync();
        files.crash(new Random(1), MemoryFiles.Damage.NONE);

        Wal opened = Driver.open(files, Driver.smallOptions(2));
        Recovered recovered = opened.recovered();
        assertThat(recovered.hardState()).isEqualTo(hardState);
        assertThat(recovered.firstIndex()).isEqualTo(1);
        assertThat(recovered.lastIndex()).isEqualTo(2);
        assertThat(recovered.snapshot()).isEqualTo(Snapshot.NONE);
        assertThat(recovered.snapshotFile()).isEqualTo(SnapshotFile.NONE);
        assertThat(recovered.cleanClose()).isFalse();
        assertThat(recovered.bootCount()).isEqualTo(2);
        assertThat(recovered.incarnation()).isEqualTo(wal.recovered().incarnation());
        assertThat(opened.storage().entries(1, 3, Long.MAX_VALUE)).isEqualTo(entries);
    }

    @Example
    void a_ready_with_a_snapshot_needs_its_file() {
        host.create();
        host.hardState(1, 1, 0);
        host.install(new HardState(2, 0, 9), 9, 2, List.of());
        host.sync();
        SnapshotFile file = host.wal().referencedSnapshots().get(0);
        Snapshot received = new Snapshot(12, 3, Driver.MEMBERS, new byte[] {5});
        Ready ready = Readys.of(new HardState(3, 0, 12), received, List.of(Entry.empty(3, 13)));
        assertThatThrownBy(() -> host.wal().append(ready)).isInstanceOf(WalAppendRefused.class);
        host.wal().append(ready, file);
        host.wal().close();
        Recovered recovered = Driver.open(files, Driver.smallOptions(1)).recovered();
        assertThat(recovered.snapshot()).isEqualTo(received);
        assertThat(recovered.snapshotFile()).isEqualTo(file);
        assertThat(recovered.firstIndex()).isEqualTo(13);
        assertThat(recovered.lastIndex()).isEqualTo(13);
    }

    @Example
    void a_new_log_is_empty() {
        Wal wal = Driver.create(files, Driver.smallOptions(1));
        assertThat(LogState.of(wal)).isEqualTo(LogState.EMPTY);
        assertThat(wal.storage().term(0)).isZero();
        assertThat(wal.recovered().bootCount()).isEqualTo(1);
        assertThat(wal.snapshotDirectory()).isEqualTo(Driver.RAFT.resolve("snap"));
        assertThat(wal.referencedSnapshots()).isEmpty();
    }

    @Example
    void every_log_gets_identities_of_its_own() {
        Wal one = Driver.create(files, Driver.smallOptions(1));
        Wal other = Driver.create(new MemoryFiles(), Driver.smallOptions(2));
        assertThat(one.recovered().incarnation()).isNotEqualTo(other.recovered().incarnation());
    }

    @Example
    void an_append_writes_nothing_and_a_sync_writes_and_forces_once() {
        host.create();
        int before = files.operations();
        for (int i = 1; i <= 20; i++) {
            host.entries(1, i, 1, 50);
        }
        assertThat(files.operations()).isEqualTo(before);
        host.sync();
        assertThat(files.operations()).as("one write, one force, and MARK").isEqualTo(before + 3);
        host.sync();
        assertThat(files.operations()).as("nothing new, nothing done").isEqualTo(before + 3);
    }

    @Example
    void large_batches_do_not_wait_in_memory() {
        Driver large = new Driver(new MemoryFiles(), Driver.smallOptions(1).withSegmentBytes(16 << 20));
        large.create();
        int before = large.files().operations();
        large.entries(1, 1, 3, 1 << 20);
        assertThat(large.files().operations()).isEqualTo(before + 1);
        large.entries(1, 4, 1, 700_000);
        assertThat(large.files().operations()).isEqualTo(before + 1);
        large.entries(1, 5, 1, 700_000);
        assertThat(large.files().operations()).isEqualTo(before + 2);
        large.sync();
        large.close();
        large.open();
        assertThat(large.wal().recovered().lastIndex()).isEqualTo(5);
    }

    /** What needs no write any more needs to be forced all the same. */
    @Example
    void a_large_batch_that_was_written_when_it_came_is_forced_with_the_sync() {
        Driver large = new Driver(new MemoryFiles(), Driver.smallOptions(1).withSegmentBytes(16 << 20));
        large.create();
        large.entries(1, 1, 3, 1 << 20);
        int before = large.files().operations();
        large.sync();
        assertThat(large.files().operations()).as("one force, and MARK").isEqualTo(before + 2);
        large.files().crash(new Random(1), MemoryFiles.Damage.NONE);
        large.open();
        assertThat(large.wal().recovered().lastIndex()).isEqualTo(3);
    }

    @Example
    void a_ready_without_anything_to_store_stores_nothing() {
        host.create();
        host.entries(1, 1, 1, 50);
        host.sync();
        int before = files.operations();
        host.wal().append(Readys.of(HardState.EMPTY, Snapshot.NONE, List.of()));
        host.sync();
        assertThat(files.operations()).isEqualTo(before);
    }

    @Example
    void a_batch_larger_than_a_segment_gets_one_of_its_own_size() {
        host.create();
        host.entries(1, 1, 1, 100);
        host.entries(1, 2, 5, 100_000);
        host.entries(1, 7, 1, 100);
        host.sync();
        host.close();
        host.open();
        Layout layout = Layout.in(Driver.DATA);
        assertThat(files.content(layout.segment(2)).length).isBetween(500_000, 520_000);
        assertThat(files.content(layout.segment(2)).length % 4096).isZero();
    }

    @Example
    void segments_are_released_and_their_files_deleted() {
        host.create();
        for (int i = 1; i <= 12; i++) {
            host.entries(1, i, 1, 3000);
        }
        host.hardState(1, 1, 12);
        host.saveSnapshot(11);
        Layout layout = Layout.in(Driver.DATA);
        assertThat(files.exists(layout.segment(6))).isTrue();
        host.release(4);
        assertThat(files.exists(layout.segment(1))).isFalse();
        assertThat(files.exists(layout.segment(2))).isFalse();
        assertThat(files.exists(layout.segment(3))).as("holds entry 5").isTrue();
        host.release(11);
        assertThat(files.exists(layout.segment(5))).isFalse();
        assertThat(files.exists(layout.segment(6))).isTrue();
        assertThat(LogState.of(host.wal())).isEqualTo(host.now());
        host.close();
        host.open();
    }

    @Example
    void segments_before_an_installed_snapshot_go_with_the_next_release() {
        host.create();
        for (int i = 1; i <= 6; i++) {
            host.entries(1, i, 1, 3000);
        }
        host.install(new HardState(2, 0, 50), 50, 2, List.of());
        Layout layout = Layout.in(Driver.DATA);
        assertThat(files.exists(layout.segment(1))).isTrue();
        MemoryFiles unsynced = files.copy();
        unsynced.crash(new Random(3), MemoryFiles.Damage.NONE);
        assertThat(Driver.open(unsynced, Driver.smallOptions(2)).recovered().lastIndex())
                .isNotZero();
        host.wal().release(50);
        assertThat(files.exists(layout.segment(1))).isFalse();
        assertThat(files.exists(layout.segment(2))).isFalse();
        files.crash(new Random(1), MemoryFiles.Damage.NONE);
        assertThat(LogState.of(Driver.open(files, Driver.smallOptions(2)))).isEqualTo(host.now());
    }

    @Example
    void only_the_newest_two_snapshots_are_kept() {
        host.create();
        host.append(new HardState(1, 1, 9), host.some(1, 1, 9, 10));
        for (int index = 1; index <= 4; index++) {
            host.saveSnapshot(2L * index);
        }
        assertThat(host.wal().referencedSnapshots())
                .extracting(SnapshotFile::name)
                .containsExactly("s-3", "s-4");
        host.release(6);
        assertThat(host.wal().referencedSnapshots()).hasSize(2);
        host.release(7);
        assertThat(host.wal().referencedSnapshots())
                .extracting(SnapshotFile::name)
                .containsExactly("s-4");
    }

    @Example
    void after_the_close_nothing_is_taken_and_a_second_close_is_nothing() {
        host.create();
        Wal wal = host.wal();
        wal.close();
        int before = files.operations();
        wal.close();
        assertThat(files.operations()).isEqualTo(before);
        assertThatThrownBy(wal::sync).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> wal.append(Readys.of(new HardState(1, 0, 0), Snapshot.NONE, List.of())))
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> wal.release(0)).isInstanceOf(IllegalStateException.class);
        host.open();
    }

    @Example
    void a_closed_log_says_so_whatever_it_is_asked() {
        host.create();
        host.entries(1, 1, 1, 10);
        Wal closed = host.wal();
        host.close();
        List<ThrowableAssert.ThrowingCallable> calls = List.of(
                closed::groups,
                closed::sync,
                closed::prepareSpare,
                () -> closed.groupsHolding(1),
                () -> closed.release(1),
                () -> closed.append(Readys.of(new HardState(2, 0, 1), Snapshot.NONE, List.of())));
        for (ThrowableAssert.ThrowingCallable call : calls) {
            assertThatThrownBy(call).isInstanceOf(IllegalStateException.class).hasMessageContaining("closed");
        }
    }

    @Example
    void a_closed_log_is_closed_also_after_a_power_loss() {
        for (int seed = 0; seed < 20; seed++) {
            Driver closed = new Driver(new MemoryFiles(), Driver.smallOptions(1));
            closed.create();
            closed.entries(1, 1, 1, 3000);
            closed.close();
            closed.files().crash(new Random(seed), MemoryFiles.Damage.GARBAGE);
            closed.open();
            assertThat(closed.wal().recovered().cleanClose()).isTrue();
        }
    }

    @Example
    void a_removed_lock_poisons_at_the_next_segment() {
        host.create();
        host.entries(1, 1, 1, 3000);
        host.sync();
        files.remove(Driver.RAFT.resolve("LOCK"));
        host.entries(1, 2, 1, 3000);
        assertThatThrownBy(() -> host.entries(1, 3, 1, 3000))
                .isInstanceOf(WalFailed.class)
                .hasMessageContaining("LOCK was removed");
        assertThatThrownBy(host::sync).isInstanceOf(WalFailed.class);
    }

    /** What the force has written may be in a directory that nobody will open again: it must not be acknowledged. */
    @Example
    void a_removed_lock_poisons_the_sync_that_notices_it() {
        host.create();
        host.entries(1, 1, 1, 100);
        host.sync();
        files.remove(Driver.RAFT.resolve("LOCK"));
        host.entries(1, 2, 1, 100);
        assertThatThrownBy(host::sync).isInstanceOf(WalFailed.class).hasMessageContaining("LOCK was removed");
    }

    @Example
    void a_removed_lock_poisons_a_release_before_anything_is_deleted() {
        host.create();
        for (int i = 1; i <= 6; i++) {
            host.entries(1, i, 1, 3000);
        }
        host.hardState(1, 1, 6);
        host.saveSnapshot(6);
        files.remove(Driver.RAFT.resolve("LOCK"));
        List<String> log = files.log();
        assertThatThrownBy(() -> host.wal().release(6))
                .isInstanceOf(WalFailed.class)
                .hasMessageContaining("LOCK was removed");
        assertThat(log).noneMatch(operation -> operation.startsWith("delete"));
    }

    /* No sync of the directory: a segment that a crash brings back is deleted by the next open. */
    @Example
    void mark_says_on_the_disk_which_segments_count_before_one_is_deleted() {
        host.create();
        for (int i = 1; i <= 6; i++) {
            host.entries(1, i, 1, 3000);
        }
        host.hardState(1, 1, 6);
        host.saveSnapshot(6);
        List<String> log = files.log();
        host.wal().release(6);
        assertThat(log)
                .containsExactly(
                        "write 0000000000000003.wal",
                        "force 0000000000000003.wal",
                        "write MARK",
                        "write MARK",
                        "force MARK",
                        "delete 0000000000000001.wal",
                        "delete 0000000000000002.wal");
    }

    @Example
    void a_close_forces_the_frames_and_then_mark() {
        host.create();
        host.entries(1, 1, 1, 10);
        List<String> log = files.log();
        host.close();
        assertThat(log)
                .containsExactly(
                        "write 0000000000000001.wal", "force 0000000000000001.wal", "write MARK", "force MARK");
    }

    @Example
    void a_sync_that_releases_nothing_writes_frames_and_mark_alone() {
        Driver own = new Driver(files, Driver.smallOptions(1).onItsOwnThread());
        own.create();
        Wal wal = own.wal();
        wal.append(new HardState(1, 1, 0), Snapshot.NONE, SnapshotFile.NONE, List.of(Entry.empty(1, 1)));
        List<String> log = files.log();
        wal.sync();
        assertThat(log).containsExactly("write 0000000000000001.wal", "force 0000000000000001.wal", "write MARK");
    }

    // ---------------------------------------------------------------- no file descriptors

    @Example
    void a_segment_that_cannot_be_opened_for_lack_of_descriptors_is_refused_and_goes_in_later() {
        host.create();
        host.entries(1, 1, 2, 3000);
        LogState before = host.now();
        files.withoutDescriptors(true);
        for (int i = 0; i < 2; i++) {
            assertThatThrownBy(() -> host.entries(1, 3, 1, 3000))
                    .isInstanceOf(WalSpaceExhausted.class)
                    .hasMessageContaining("no file descriptor left for a new segment")
                    .hasMessageContaining("Too many open files");
            host.refused(before);
        }
        host.sync();
        files.withoutDescriptors(false);
        host.entries(1, 3, 1, 3000);
        host.sync();
        host.files().crash(new Random(1), MemoryFiles.Damage.GARBAGE);
        host.open();
        assertThat(host.now().lastIndex()).isEqualTo(3);
    }

    @Example
    void a_snapshot_whose_file_cannot_be_opened_is_refused_and_goes_in_later() {
        host.create();
        host.append(new HardState(1, 1, 2), host.some(1, 1, 2, 10));
        host.saveSnapshot(1);
        SnapshotFile file = host.wal().referencedSnapshots().get(0);
        Snapshot next = new Snapshot(2, 1, Driver.MEMBERS, new byte[0]);
        files.withoutDescriptors(true);
        assertThatThrownBy(() -> host.wal().saveSnapshot(next, file))
                .isInstanceOf(WalSpaceExhausted.class)
                .hasMessageContaining("no file descriptor left for the snapshot file");
        files.withoutDescriptors(false);
        host.wal().saveSnapshot(next, file);
        assertThat(host.wal().storage().snapshot()).isEqualTo(next);
    }

    @Example
    void a_log_that_cannot_be_opened_for_lack_of_descriptors_says_so_and_can_be_opened_later() {
        files.withoutDescriptors(true);
        assertThatThrownBy(host::create)
                .isInstanceOf(WalSpaceExhausted.class)
                .hasMessageContaining("no file descriptor left for a new log");
        files.withoutDescriptors(false);
        host.create();
        host.close();
        files.withoutDescriptors(true);
        assertThatThrownBy(() -> Driver.open(files, Driver.smallOptions(1)))
                .isInstanceOf(WalSpaceExhausted.class)
                .hasMessageContaining("no file descriptor left for the log in");
        files.withoutDescriptors(false);
        host.open();
    }

    @Example
    void an_error_in_the_middle_of_a_batch_poisons() {
        host.create();
        host.entries(1, 1, 1, 10);
        host.sync();
        // A list that breaks after the checks: memory that runs out in the encoder looks like this.
        List<Entry> breaking = new BreakingList(List.of(Entry.normal(1, 2, new byte[9])), 3);
        assertThatThrownBy(() -> host.wal().append(HardState.EMPTY, Snapshot.NONE, SnapshotFile.NONE, breaking))
                .isInstanceOf(WalFailed.class)
                .hasRootCauseInstanceOf(OutOfMemoryError.class);
        assertThatThrownBy(() -> host.wal().sync()).isInstanceOf(WalFailed.class);
        host.wal().close();
        host.open();
        assertThat(host.now().lastIndex()).isEqualTo(1);
    }

    /** Runs out of memory at the n-th access. */
    private static final class BreakingList extends java.util.AbstractList<Entry> {
        private final List<Entry> entries;
        private int left;

        BreakingList(List<Entry> entries, int accesses) {
            this.entries = entries;
            this.left = accesses;
        }

        @Override
        public Entry get(int index) {
            if (--left == 0) {
                throw new OutOfMemoryError("simulated");
            }
            return entries.get(index);
        }

        @Override
        public int size() {
            return entries.size();
        }
    }

    @Example
    void the_clock_decides_nothing() {
        host.create();
        host.entries(1, 1, 1, 10);
        host.close();
        for (long millis : new long[] {Long.MIN_VALUE / 1_000_000, 0, 4_000_000_000_000L}) {
            WalOptions options = Driver.smallOptions(1)
                    .withClock(java.time.InstantSource.fixed(java.time.Instant.ofEpochMilli(millis)));
            Wal wal = Driver.open(files, options);
            assertThat(wal.recovered().lastIndex()).isEqualTo(1);
            wal.close();
        }
    }

    @Example
    void snapshots_keep_the_incarnations_of_their_members() {
        host.create();
        host.append(new HardState(1, 1, 3), host.some(1, 1, 3, 10));
        List<Long> none = List.of();
        List<ConfState.Incarnation> names =
                List.of(new ConfState.Incarnation(5, Long.MIN_VALUE), new ConfState.Incarnation(-3, 7));
        ConfState members = new ConfState(List.of(-3L, 5L), none, none, none, false, names);
        host.saveSnapshot(1);
        SnapshotFile file = host.wal().referencedSnapshots().get(0);
        Snapshot snapshot = new Snapshot(2, 1, members, new byte[] {1, 2, 3});
        host.wal().saveSnapshot(snapshot, file);
        host.wal().close();
        assertThat(Driver.open(files, Driver.smallOptions(1)).recovered().snapshot())
                .isEqualTo(snapshot);
    }

    @Example
    void snapshots_keep_their_members() {
        host.create();
        host.append(new HardState(1, 1, 3), host.some(1, 1, 3, 10));
        ConfState joint = new ConfState(List.of(-3L, 5L), List.of(5L), List.of(6L), List.of(8L), true);
        host.saveSnapshot(1);
        SnapshotFile file = host.wal().referencedSnapshots().get(0);
        Snapshot snapshot = new Snapshot(2, 1, joint, new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9});
        host.wal().saveSnapshot(snapshot, file);
        host.wal().close();
        assertThat(Driver.open(files, Driver.smallOptions(1)).recovered().snapshot())
                .isEqualTo(snapshot);
    }
}
