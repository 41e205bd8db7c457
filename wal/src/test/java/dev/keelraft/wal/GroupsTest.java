package dev.keelraft.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keelraft.Readys;
import dev.keelraft.model.Entry;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Snapshot;
import dev.keelraft.wal.MemoryFiles.Damage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import net.jqwik.api.Example;

/** Several groups in one log. {@link CrashTest} and {@link SweepTest} have them too. */
class GroupsTest {
    private static final long HIGHEST = -1; // ids are unsigned

    private final Driver host = new Driver(new MemoryFiles(), Driver.smallOptions(1));
    private final MemoryFiles files = host.files();

    @Example
    void each_group_has_a_log_of_its_own_and_they_share_one_sync() {
        host.create();
        Wal wal = host.wal();
        List<String> log = files.log();
        for (long group : new long[] {HIGHEST, 0, 7}) {
            HardState hardState = new HardState(3 + group, 0, 0);
            wal.append(group, Readys.of(hardState, Snapshot.NONE, List.of(Entry.normal(3 + group, 1, bytes(group)))));
        }
        wal.sync();
        assertThat(log)
                .as("one write, one force, and MARK")
                .containsExactly("write 0000000000000001.wal", "force 0000000000000001.wal", "write MARK");
        files.crash(new Random(1), Damage.GARBAGE);

        Wal opened = Driver.open(files, Driver.smallOptions(2));
        assertThat(opened.groups()).containsExactly(0L, 7L, HIGHEST);
        for (long group : opened.groups()) {
            assertThat(opened.recovered(group).hardState()).isEqualTo(new HardState(3 + group, 0, 0));
            assertThat(opened.storage(group).entries(1, 2, Long.MAX_VALUE))
                    .containsExactly(Entry.normal(3 + group, 1, bytes(group)));
        }
        assertThat(opened.recovered()).isEqualTo(opened.recovered(0));
        assertThat(opened.storage()).isSameAs(opened.storage(0));
    }

    @Example
    void a_group_begins_with_its_first_append() {
        host.create();
        Wal wal = host.wal();
        assertThat(wal.storage(5).lastIndex()).isZero();
        assertThat(wal.storage(5).hardState()).isEqualTo(HardState.EMPTY);
        assertThat(wal.recovered(5).lastIndex()).isZero();
        assertThat(wal.recovered(5).incarnation()).isEqualTo(wal.recovered().incarnation());
        assertThat(wal.groups()).containsExactly(0L);
        host.group(5);
        host.entries(1, 1, 1, 10);
        assertThat(wal.groups()).containsExactly(0L, 5L);
        assertThat(wal.storage(5).lastIndex()).isEqualTo(1);
        assertThat(wal.storage().lastIndex()).isZero();
    }

    @Example
    void what_contradicts_one_group_is_refused_by_it_alone() {
        host.create();
        host.append(new HardState(2, 1, 1), host.some(2, 1, 1, 10));
        Wal wal = host.wal();
        HardState earlier = new HardState(1, 1, 0);
        assertThatThrownBy(() -> wal.append(0, earlier, Snapshot.NONE, SnapshotFile.NONE, List.of()))
                .isInstanceOf(WalAppendRefused.class);
        host.group(5);
        host.append(earlier, List.of());
        assertThat(wal.storage(5).hardState()).isEqualTo(earlier);
    }

    @Example
    void segments_go_when_no_group_needs_them_and_it_is_known_who_does() {
        host.create();
        host.group(9);
        host.append(new HardState(1, 1, 2), host.some(1, 1, 2, 20)); // cold from now on
        host.group(4);
        for (int i = 1; i <= 8; i++) {
            host.entries(1, i, 1, 3000);
        }
        host.hardState(1, 1, 8);
        host.saveSnapshot(8);
        assertThat(host.wal().groupsHolding(1)).containsExactly(4L, 9L);

        host.release(8);

        assertThat(first()).isEqualTo("0000000000000001.wal");
        assertThat(host.wal().groupsHolding(1)).containsExactly(9L);
        assertThat(host.wal().groupsHolding(3)).containsExactly(9L);
        assertThat(host.wal().groupsHolding(100)).isEmpty();
        assertThatThrownBy(() -> host.wal().groupsHolding(0)).isInstanceOf(IllegalArgumentException.class);

        host.group(9);
        host.saveSnapshot(2);
        host.release(2);

        assertThat(first()).isEqualTo("0000000000000004.wal");
        assertThat(host.wal().groupsHolding(1)).isEmpty();
        host.close();
        host.open();
        assertThat(host.wal().groupsHolding(1)).isEmpty();
    }

    @Example
    void who_holds_old_segments_is_known_after_an_open() {
        host.create();
        host.group(9);
        host.entries(1, 1, 2, 20);
        host.group(4);
        for (int i = 1; i <= 6; i++) {
            host.append(new HardState(1, 1, i), host.some(1, i, 1, 3000));
        }
        host.saveSnapshot(6);
        host.release(6);
        host.close();
        host.open();
        assertThat(host.wal().groupsHolding(1)).containsExactly(9L);
        assertThat(first()).isEqualTo("0000000000000001.wal");
    }

    @Example
    void snapshots_of_one_group_do_not_touch_those_of_another() {
        host.create();
        for (long group : new long[] {3, 6}) {
            host.group(group);
            host.append(new HardState(1, 1, 4), host.some(1, 1, 4, 10));
        }
        host.saveSnapshot(2);
        host.saveSnapshot(3);
        host.group(3);
        host.saveSnapshot(1);
        Wal wal = host.wal();
        assertThat(wal.referencedSnapshots(3)).extracting(SnapshotFile::name).containsExactly("s-3");
        assertThat(wal.referencedSnapshots(6)).extracting(SnapshotFile::name).containsExactly("s-1", "s-2");
        assertThat(wal.referencedSnapshots()).hasSize(3);
        assertThat(wal.referencedSnapshots(0)).isEmpty();
        host.close();
        files.remove(Driver.RAFT.resolve("snap/s-2"));

        Wal opened = Driver.open(files, Driver.smallOptions(2));

        assertThat(opened.recovered(6).snapshot().index()).isEqualTo(2);
        assertThat(opened.recovered(6).damagedSnapshots()).hasSize(1);
        assertThat(opened.recovered(3).snapshot().index()).isEqualTo(1);
        assertThat(opened.recovered(3).damagedSnapshots()).isEmpty();
        opened.close();
        Wal again = Driver.open(files, Driver.smallOptions(3));
        assertThat(again.recovered(6).damagedSnapshots()).isEmpty();
        assertThat(again.recovered(6).snapshot().index()).isEqualTo(2);
    }

    @Example
    void an_installed_snapshot_replaces_the_log_of_its_group() {
        host.create();
        host.entries(1, 1, 3, 10);
        host.group(2);
        host.entries(1, 1, 3, 10);
        host.install(new HardState(2, 0, 50), 50, 2, List.of());
        host.sync();
        host.files().kill();
        host.open();
        assertThat(host.wal().storage(2).firstIndex()).isEqualTo(51);
        assertThat(host.wal().storage().firstIndex()).isEqualTo(1);
        assertThat(host.wal().storage().lastIndex()).isEqualTo(3);
    }

    @Example
    void a_segment_states_every_group() {
        host.create();
        for (long group = 1; group <= 40; group++) {
            host.group(group);
            host.append(new HardState(group, 0, 0), host.some(group, 1, 1, 200));
        }
        host.entries(40, 2, 1, 12_000);
        host.close();
        ByteBuffer tail = ByteBuffer.wrap(files.content(new Forger(files).tail()));
        assertThat(tail.order(ByteOrder.LITTLE_ENDIAN).getInt(Segment.HEADER_BYTES + Frame.RECORD_COUNT))
                .isEqualTo(41);
        host.open();
        assertThat(host.wal().groups()).hasSize(41);
    }

    @Example
    void a_segment_that_leaves_a_group_out_or_invents_one_is_refused() {
        host.create();
        host.group(5);
        host.entries(1, 1, 1, 5000);
        host.entries(1, 2, 1, 5000);
        host.sync();
        host.files().kill();
        GroupState none = new GroupState();
        GroupState one = new GroupState(HardState.EMPTY, List.of(), 0, 0, 1, 1);
        // The right one, without what followed it.
        assertRefused(
                records -> records.of(0).state(none), records -> records.of(5).state(one), "that were durable");
        assertRefused(records -> records.of(0).state(none), records -> {}, "states 1 groups, and there are 2");
        assertRefused(records -> records.of(5).state(one), records -> {}, "its groups in their order");
        assertRefused(
                records -> records.of(0).state(none), records -> records.of(0).state(none), "in their order");
        assertRefused(
                records -> records.of(0).state(none), records -> records.of(6).state(one), "the log states");
        assertRefused(records -> records.of(0).state(none), records -> records.boot(1, 0, 0), "holds more than");
    }

    /* The last segment is begun anew with another first frame, all checksums as they should be. */
    private void assertRefused(Consumer<RecordWriter> first, Consumer<RecordWriter> second, String why) {
        Driver copy = host.copy();
        Path tail = new Forger(copy.files()).tail();
        try (OpenFile file = copy.files().open(tail)) {
            SegmentHeader header = new SegmentReader(tail, file, SegmentReader.noScratch()).header();
            Segment.zero(file, 0, file.size());
            FrameBuffer buffer = new FrameBuffer();
            int chain = buffer.header(header);
            RecordWriter records = buffer.begin();
            first.accept(records);
            second.accept(records);
            buffer.finish(header.firstBatch(), header.startLsn(), header.salt(), chain);
            buffer.writeTo(file, 0);
            file.force(true);
        } catch (IOException | MalformedRecordException e) {
            throw new AssertionError(e);
        }
        assertThatThrownBy(copy::open).isInstanceOf(WalCorrupt.class).hasMessageContaining(why);
    }

    @Example
    void with_a_thread_of_its_own_each_view_moves_when_its_reader_says_so() {
        Driver own = new Driver(new MemoryFiles(), Driver.smallOptions(1).onItsOwnThread());
        own.create();
        Wal wal = own.wal();
        for (int i = 1; i <= 8; i++) {
            for (long group : new long[] {1, 2}) {
                wal.append(
                        group,
                        new HardState(1, 1, i),
                        Snapshot.NONE,
                        SnapshotFile.NONE,
                        List.of(Entry.normal(1, i, new byte[1500])));
            }
            wal.sync();
        }
        wal.storage(1).catchUp();
        assertThat(wal.storage(1).lastIndex()).isEqualTo(8);
        assertThat(wal.storage(2).lastIndex()).isZero();
        wal.storage(2).catchUp();
        own.group(1);
        SnapshotFile file = snapshotFile(own);
        for (long group : new long[] {1, 2}) {
            wal.saveSnapshot(group, new Snapshot(8, 1, Driver.MEMBERS, new byte[0]), file);
            wal.release(group, 8);
        }
        List<String> log = own.files().log();
        wal.storage(1).catchUp();
        wal.sync();
        assertThat(log).as("group 2 may still read").noneMatch(operation -> operation.startsWith("delete"));
        assertThat(wal.groupsHolding(1)).containsExactly(2L);
        wal.storage(2).catchUp();
        wal.sync();
        assertThat(log).contains("delete 0000000000000001.wal");
    }

    private static SnapshotFile snapshotFile(Driver host) {
        Path path = host.wal().snapshotDirectory().resolve("shared");
        host.files().put(path, new byte[] {1, 2, 3});
        try {
            return SnapshotFile.of(host.files(), path);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private String first() {
        try {
            return files.list(Driver.RAFT.resolve("wal")).get(0);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static byte[] bytes(long group) {
        return ("of group " + group).getBytes(StandardCharsets.UTF_8);
    }
}
