package dev.keelraft.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keelraft.model.Entry;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Snapshot;
import dev.keelraft.wal.MemoryFiles.Damage;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Example;

/** A full disk refuses new data. It never costs what is there, and never stops what would free space. */
class SpaceTest {
    private final Driver host = new Driver(new MemoryFiles(), Driver.smallOptions(1));
    private final MemoryFiles files = host.files();

    @Example
    void a_batch_that_finds_no_room_is_refused_and_goes_in_once_there_is_some() {
        fill();
        LogState before = host.now();
        long used = files.used();
        for (int i = 0; i < 3; i++) {
            assertThatThrownBy(this::appendLarge).isInstanceOf(WalSpaceExhausted.class);
        }
        assertThat(LogState.of(host.wal())).isEqualTo(before);
        assertThat(files.used()).as("nothing is left behind").isEqualTo(used);
        host.sync();
        files.limit(Long.MAX_VALUE);
        host.entries(1, before.lastIndex() + 1, 1, 3000);
        host.sync();
        host.files().kill();
        host.open();
        assertThat(host.now().lastIndex()).isEqualTo(before.lastIndex() + 1);
    }

    @Example
    void what_was_appended_before_is_still_synced() {
        host.create();
        host.entries(1, 1, 1, 5000);
        files.limit(files.used() + 5000);
        host.entries(1, 2, 1, 2000);
        assertThatThrownBy(this::appendLarge).isInstanceOf(WalSpaceExhausted.class);
        host.sync();
        host.files().crash(new Random(1), Damage.NONE);
        host.open();
        assertThat(host.now().lastIndex()).isEqualTo(2);
    }

    /* Without room for a new file, what is torn is overwritten where it is. If it stayed, the closed log would hold too much. */
    @Example
    void a_torn_end_is_taken_away_on_a_full_disk_too() {
        for (int room : new int[] {0, 5000}) {
            Driver torn = new Driver(new MemoryFiles(), Driver.smallOptions(1));
            torn.create();
            torn.entries(1, 1, 1, 100);
            torn.sync();
            torn.files().kill();
            long end = new Forger(torn.files()).endOfTail();
            WalInspectionTest.write(torn.files(), new Forger(torn.files()).tail(), end + 3000, new byte[] {1});
            torn.files().limit(torn.files().used() + room);
            torn.open();
            assertThat(torn.wal().recovered().droppedBytes()).isEqualTo(3001);
            torn.close();
            torn.open();
            assertThat(torn.wal().recovered().cleanClose()).isTrue();
        }
    }

    /* A failed call may have happened in part: the file may be there all the same. */
    @Example
    void a_segment_whose_creation_finds_no_space_half_way_is_in_nobodys_way() {
        Path next = Layout.in(Driver.DATA).nextSegment();
        boolean[] full = {false};
        FileLayer halfWay = OtherFiles.with(files, "create", (path, create) -> {
            Object created = create.make();
            if (full[0] && path.equals(next)) {
                throw new NoSpaceException("no space for what belongs to it");
            }
            return created;
        });
        Wal wal = new Startup(halfWay, Driver.DATA, Driver.IDENTITY, Driver.smallOptions(1)).create();
        full[0] = true;
        assertThatThrownBy(() -> append(wal, 20_000)).isInstanceOf(WalSpaceExhausted.class);
        assertThat(files.exists(next)).isTrue();
        assertThatThrownBy(() -> append(wal, 20_000)).isInstanceOf(WalSpaceExhausted.class);
        full[0] = false;
        append(wal, 20_000);
        wal.close();
        assertThat(Driver.open(files, Driver.smallOptions(2)).recovered().lastIndex())
                .isEqualTo(1);
    }

    private static void append(Wal wal, int bytes) {
        wal.append(HardState.EMPTY, Snapshot.NONE, SnapshotFile.NONE, List.of(Entry.normal(1, 1, new byte[bytes])));
    }

    @Example
    void a_partly_written_segment_is_withdrawn() {
        fill();
        for (int room = 0; room < WalOptions.MIN_SEGMENT_BYTES; room += 1000) {
            files.limit(files.used() + room);
            long used = files.used();
            assertThatThrownBy(this::appendLarge).isInstanceOf(WalSpaceExhausted.class);
            assertThat(files.used()).isEqualTo(used);
        }
        host.files().crash(new Random(1), Damage.NONE);
        host.open();
    }

    @Example
    void a_full_disk_can_be_released() {
        fill();
        long last = host.now().lastIndex();
        host.hardState(1, 1, last);
        assertThatThrownBy(() -> {
                    while (true) {
                        append(1);
                    }
                })
                .as("not even a byte")
                .isInstanceOf(WalSpaceExhausted.class);
        files.limit(files.used() + 2000); // for the snapshot's own file
        host.saveSnapshot(last);
        long used = files.used();
        host.release(last);
        assertThat(files.used()).isLessThan(used);
    }

    @Example
    void a_full_disk_can_be_opened_and_closed_many_times() {
        fill();
        for (int i = 0; i < 30; i++) {
            host.close();
            host.open();
        }
        assertThatThrownBy(this::appendLarge).isInstanceOf(WalSpaceExhausted.class);
    }

    /* There is no room to write the last segment, or MARK, anew; the member starts all the same. */
    @Example
    void a_full_disk_can_be_opened_after_any_power_loss() {
        fill();
        host.append(new HardState(2, 0, 0), List.of());
        for (int seed = 0; seed < 200; seed++) {
            Driver crashed = host.copy();
            crashed.files().crash(new Random(seed), seed % 2 == 0 ? Damage.TORN : Damage.GARBAGE);
            crashed.files().limit(crashed.files().used() + 1000L * (seed % 20));
            for (int i = 0; i < 3; i++) {
                crashed.open();
                crashed.files().kill();
            }
            assertThat(crashed.files().exists(Layout.in(Driver.DATA).nextSegment()))
                    .isFalse();
            assertThat(crashed.files().exists(Layout.in(Driver.DATA).nextMark()))
                    .isFalse();
        }
    }

    @Example
    void where_there_is_no_room_nothing_is_created_that_looks_like_a_log() {
        files.limit(10_000);
        assertThatThrownBy(host::create)
                .isInstanceOf(WalSpaceExhausted.class)
                .hasMessageContaining("no space to create");
        assertThat(files.exists(Driver.RAFT)).isFalse();
        files.limit(Long.MAX_VALUE);
        host.create();
        assertThat(files.used()).as("the first attempt is gone").isLessThan(16384 + 8192 + 8192 + 1000);
    }

    @Example
    void an_exhausted_disk_is_not_a_failure() {
        fill();
        assertThatThrownBy(this::appendLarge).isInstanceOf(WalSpaceExhausted.class);
        host.wal().append(new HardState(2, 0, 0), Snapshot.NONE, SnapshotFile.NONE, List.of());
        host.wal().sync();
        host.wal().close();
    }

    /* As many entries as there is room for, each synced. */
    private void fill() {
        host.create();
        files.limit(2 * WalOptions.MIN_SEGMENT_BYTES + 20_000);
        host.hardState(1, 1, 0);
        try {
            while (true) {
                appendLarge();
                host.sync();
            }
        } catch (WalSpaceExhausted full) {
            files.limit(files.used());
            assertThat(host.now().lastIndex()).isGreaterThan(3);
        }
    }

    private void appendLarge() {
        append(3000);
    }

    private void append(int bytes) {
        LogState now = host.now();
        try {
            host.entries(1, now.lastIndex() + 1, 1, bytes);
        } catch (WalSpaceExhausted e) {
            host.refused(now);
            assertThat(files.exists(Layout.in(Driver.DATA).nextSegment()))
                    .as("a segment that was withdrawn")
                    .isFalse();
            throw e;
        }
    }
}
