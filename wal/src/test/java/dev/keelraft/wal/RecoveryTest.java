package dev.keelraft.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keelraft.model.HardState;
import dev.keelraft.model.Snapshot;
import dev.keelraft.wal.MemoryFiles.Damage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.AccessDeniedException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Example;

/** What an open decides about what it finds: torn, corrupt, missing, foreign, newer. One fact per row of the table. */
class RecoveryTest {
    private static final Layout LAYOUT = Layout.in(Driver.DATA);
    private static final int MARK_SLOT = 4096;

    private final Driver host = new Driver(new MemoryFiles(), Driver.smallOptions(3));
    private final MemoryFiles files = host.files();
    private final Forger forger = new Forger(files);

    // ---------------------------------------------------------------- the torn end

    @Example
    void a_torn_tail_is_dropped_and_counted() {
        threeEntries();
        host.files().kill();
        long end = forger.endOfTail();
        write(forger.tail(), end, new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9});
        host.open();
        assertThat(host.wal().recovered().droppedBytes()).isEqualTo(9);
        assertThat(host.wal().recovered().cleanClose()).isFalse();
        host.close();
        host.open();
        assertThat(host.wal().recovered().droppedBytes()).isZero();
        assertThat(host.wal().recovered().cleanClose()).isTrue();
    }

    @Example
    void every_byte_of_a_torn_tail_counts_up_to_the_last_that_is_not_zero() {
        threeEntries();
        host.files().kill();
        long end = forger.endOfTail();
        for (int bytes = 1; bytes <= 20; bytes++) {
            Driver copy = host.copy();
            WalInspectionTest.write(copy.files(), forger.tail(), end + bytes - 1, new byte[] {1});
            copy.open();
            assertThat(copy.wal().recovered().droppedBytes()).isEqualTo(bytes);
        }
    }

    @Example
    void a_torn_frame_is_dropped_and_so_are_whole_frames_behind_it() {
        threeEntries();
        LogState durable = host.now();
        long torn = forger.endOfTail();
        host.entries(1, 4, 1, 100);
        host.entries(1, 5, 1, 100);
        host.sync();
        setMarkBack(torn); // as if the crash had come during that sync
        host.files().kill();
        zero(forger.tail(), torn + Frame.HEADER_BYTES, 8);
        Wal opened = Driver.open(files, Driver.smallOptions(1));
        assertThat(LogState.of(opened)).isEqualTo(durable);
        assertThat(opened.recovered().droppedBytes()).isEqualTo(2 * (48 + 32 + 104) - 4);
        assertThat(opened.recovered().lastIndex()).isEqualTo(3);
    }

    @Example
    void a_frame_behind_the_damage_that_certifies_it_proves_corruption() {
        threeEntries();
        long damaged = forger.endOfTail();
        host.entries(1, 4, 1, 100);
        host.sync();
        host.entries(1, 5, 1, 100); // built when the frame before was durable
        host.sync();
        setMarkBack(damaged);
        host.files().kill();
        zero(forger.tail(), damaged + Frame.HEADER_BYTES, 8);
        assertThatThrownBy(host::open).isInstanceOfSatisfying(WalCorrupt.class, e -> {
            assertThat(e.file()).isEqualTo(forger.tail().toString());
            assertThat(e.offset()).isEqualTo(damaged);
            assertThat(e.certifiedLsn()).isEqualTo(damaged + 48 + 32 + 104);
            assertThat(e).hasMessageContaining("the last good entry is 3 of term 1");
        });
    }

    /* What is behind the damage is longer than what a reader holds at a time. */
    @Example
    void a_frame_far_behind_the_damage_certifies_it_too() {
        Driver large = new Driver(new MemoryFiles(), Driver.smallOptions(3).withSegmentBytes(4 << 20));
        large.create();
        large.entries(1, 1, 3, 100);
        large.sync();
        long damaged = new Forger(large.files()).endOfTail();
        large.entries(1, 4, 1, 100);
        large.entries(1, 5, 1, 1_500_000);
        large.sync();
        large.entries(1, 6, 1, 1_500_000); // built when the frames before were durable
        large.sync();
        setMarkBack(large.files(), damaged);
        large.files().kill();
        large.files().flip(LAYOUT.segment(1), 8 * (damaged + Frame.HEADER_BYTES));
        assertThatThrownBy(large::open).isInstanceOfSatisfying(WalCorrupt.class, e -> {
            assertThat(e.offset()).isEqualTo(damaged);
            assertThat(e.certifiedLsn()).isGreaterThan(damaged + 1_500_000);
        });
    }

    @Example
    void mark_certifies_the_last_synced_frame() {
        threeEntries();
        host.files().kill();
        zero(forger.tail(), forger.endOfTail() - 24, 8); // the term in the hard state
        assertRefused(WalCorrupt.class, "bytes that were durable are damaged or gone");
    }

    @Example
    void whole_frames_that_nothing_certifies_are_kept() {
        threeEntries();
        long before = forger.endOfTail();
        host.entries(1, 4, 1, 100);
        host.sync();
        setMarkBack(before);
        host.files().kill();
        host.open();
        assertThat(host.wal().recovered().lastIndex()).isEqualTo(4);
        assertThat(host.wal().recovered().droppedBytes()).isZero();
    }

    @Example
    void a_log_whose_end_mark_certifies_is_not_written_again() {
        threeEntries();
        host.files().kill();
        List<String> log = files.log();
        host.open();
        assertThat(log)
                .containsSubsequence("sync wal", "sync raft", "sync data")
                .containsSubsequence("write MARK.tmp", "force MARK.tmp", "rename MARK.tmp", "sync raft")
                .doesNotContain("create next.tmp")
                .endsWith("write 0000000000000001.wal", "force 0000000000000001.wal", "write MARK");
    }

    @Example
    void an_end_that_nothing_certifies_is_written_again_into_a_new_file() {
        threeEntries();
        long certified = forger.endOfTail();
        host.entries(1, 4, 1, 10);
        host.sync();
        setMarkBack(certified);
        host.files().kill();
        List<String> log = files.log();
        host.open();
        assertThat(log)
                .containsSubsequence(
                        "create next.tmp",
                        "write next.tmp",
                        "force next.tmp",
                        "rename next.tmp",
                        "sync wal",
                        "rename MARK.tmp",
                        "sync raft");
        assertThat(host.now().lastIndex()).isEqualTo(4);
        assertThat(log.subList(0, log.indexOf("sync wal"))).doesNotContain("write 0000000000000001.wal");
    }

    @Example
    void a_closed_log_has_no_torn_tail() {
        threeEntries();
        host.close();
        write(forger.tail(), forger.endOfTail() + 1000, new byte[] {1});
        assertRefused(WalCorrupt.class, "the log was closed, and holds more");
    }

    @Example
    void a_closed_log_that_was_written_on_by_something_else_is_refused() {
        threeEntries();
        host.close();
        forger.append(records -> records.hardState(new HardState(5, 0, 0)));
        assertRefused(WalCorrupt.class, "the log was closed, and holds more");
    }

    /* What a crash has left behind the end must never become part of the log again, however the new frames lie. */
    @Example
    void frames_of_an_earlier_run_never_come_back() {
        for (int seed = 0; seed < 60; seed++) {
            Driver host = new Driver(new MemoryFiles(), Driver.smallOptions(seed));
            host.create();
            for (int run = 0; run < 4; run++) {
                for (int i = 0; i < 5; i++) {
                    host.entries(run + 1, host.now().lastIndex() + 1, 1, 40);
                }
                if (run == 0) {
                    host.sync();
                }
                host.files().crash(new Random(seed), Damage.NONE);
                host.open();
            }
        }
    }

    // ---------------------------------------------------------------- segments

    @Example
    void damage_before_the_last_segment_is_corruption_also_after_a_crash() {
        manySegments();
        host.files().kill();
        zero(LAYOUT.segment(2), 6000, 8);
        assertRefused(WalCorrupt.class, "0000000000000002.wal");
    }

    @Example
    void a_segment_cut_short_by_zeros_is_noticed_by_its_successor() {
        manySegments();
        host.files().kill();
        zero(LAYOUT.segment(2), 6000, WalOptions.MIN_SEGMENT_BYTES - 6000);
        assertThatThrownBy(host::open).isInstanceOf(WalCorrupt.class);
    }

    @Example
    void non_zero_bytes_behind_the_end_of_a_finished_segment_are_corruption() {
        manySegments();
        host.files().kill();
        write(LAYOUT.segment(2), WalOptions.MIN_SEGMENT_BYTES - 1, new byte[] {1});
        assertRefused(WalCorrupt.class, "a segment is damaged that was on the disk before");
    }

    @Example
    void any_missing_segment_is_noticed() {
        manySegments();
        host.files().kill();
        for (long sequence = 1; sequence <= 4; sequence++) {
            Driver copy = host.copy();
            copy.files().remove(LAYOUT.segment(sequence));
            assertThatThrownBy(copy::open).isInstanceOf(WalCorrupt.class).hasMessageContaining("missing");
        }
    }

    @Example
    void a_segment_of_another_log_is_refused() {
        manySegments();
        host.files().kill();
        Driver other = new Driver(new MemoryFiles(), Driver.smallOptions(99));
        other.create();
        manySegments(other);
        files.put(LAYOUT.segment(2), other.files().content(LAYOUT.segment(2)));
        assertRefused(WalCorrupt.class, "it belongs to another log");
    }

    /* A backup was restored and written on: two histories of one log, alike in all but the payloads. */
    @Example
    void a_segment_of_another_history_of_the_same_log_is_refused() {
        host.create();
        for (int i = 1; i <= 3; i++) {
            host.entries(1, i, 1, 3000);
        }
        host.close();
        Driver other = host.copy();
        host.open();
        other.open();
        other.some(1, 1, 1, 1); // from here on its payloads are others
        manySegments(host);
        manySegments(other);
        host.close();
        assertThat(other.files().content(LAYOUT.segment(2))).isNotEqualTo(files.content(LAYOUT.segment(2)));
        files.put(LAYOUT.segment(2), other.files().content(LAYOUT.segment(2)));
        assertRefused(WalCorrupt.class, "it continues a log");
    }

    @Example
    void an_older_copy_of_the_last_segment_is_refused() {
        threeEntries();
        byte[] old = files.content(forger.tail());
        host.entries(1, 4, 2, 100);
        host.sync();
        host.files().kill();
        files.put(forger.tail(), old);
        assertRefused(WalCorrupt.class, "bytes that were durable are damaged or gone");
    }

    /* Each of the links alone tells: the checksum of the header holds. */
    @Example
    void a_segment_that_is_linked_to_another_one_before_it_is_refused() {
        manySegments();
        host.files().kill();
        byte[] whole = files.content(LAYOUT.segment(2));
        for (Edit edit : List.<Edit>of(
                b -> b.putLong(72, b.getLong(72) - 8),
                b -> b.putLong(88, b.getLong(88) + 8),
                b -> b.putInt(96, b.getInt(96) ^ 1),
                b -> b.putLong(104, b.getLong(104) + 1))) {
            resealed(LAYOUT.segment(2), 0, edit);
            assertRefused(WalCorrupt.class, "it continues a log");
            files.put(LAYOUT.segment(2), whole);
        }
        resealed(LAYOUT.segment(2), 0, b -> b.putLong(48, b.getLong(48) + 1));
        assertRefused(WalCorrupt.class, "it belongs to another log, of member 8");
        files.put(LAYOUT.segment(2), whole);
        host.open();
    }

    @Example
    void a_segment_whose_first_frame_states_no_group_is_refused() {
        host.create();
        host.files().kill();
        zero(LAYOUT.segment(1), Segment.HEADER_BYTES, WalOptions.MIN_SEGMENT_BYTES - Segment.HEADER_BYTES);
        forger.append(Forger.record(99, RecordType.SKIPPABLE, 0), 1, 0, 1, 0);
        assertRefused(WalCorrupt.class, "its first frame states 0 groups");
    }

    @Example
    void two_segments_in_each_others_place_are_refused() {
        manySegments();
        host.files().kill();
        byte[] second = files.content(LAYOUT.segment(2));
        files.put(LAYOUT.segment(2), files.content(LAYOUT.segment(3)));
        files.put(LAYOUT.segment(3), second);
        assertRefused(WalCorrupt.class, "it is that of segment 3");
    }

    @Example
    void a_segment_that_mark_cannot_know_is_refused() {
        manySegments();
        host.close();
        files.put(LAYOUT.segment(5), files.content(LAYOUT.segment(4)));
        assertRefused(WalCorrupt.class, "does not know");
    }

    @Example
    void released_segments_that_come_back_are_deleted_again() {
        manySegments();
        byte[] first = files.content(LAYOUT.segment(1));
        byte[] second = files.content(LAYOUT.segment(2));
        releaseAll();
        assertThat(files.exists(LAYOUT.segment(2))).isFalse();
        files.put(LAYOUT.segment(2), second);
        files.put(LAYOUT.segment(1), first);
        host.files().kill();
        host.open();
        assertThat(files.exists(LAYOUT.segment(1))).isFalse();
        assertThat(files.exists(LAYOUT.segment(2))).isFalse();
    }

    @Example
    void names_that_are_not_of_segments_are_left_alone() throws IOException {
        threeEntries();
        host.close();
        for (String name : List.of(
                "000000000000000A.wal",
                "1.wal",
                "0000000000000001.wal.bak",
                "0000000000000001.wa",
                "-000000000000001.wal")) {
            files.put(LAYOUT.segments().resolve(name), new byte[] {1});
        }
        files.put(LAYOUT.nextSegment(), new byte[] {1});
        host.open();
        assertThat(files.exists(LAYOUT.segments().resolve("1.wal"))).isTrue();
        assertThat(files.exists(LAYOUT.nextSegment())).as("our own leftover").isFalse();
    }

    @Example
    void entries_that_are_in_no_segment_are_noticed() {
        manySegments();
        host.files().kill();
        // MARK claims that the first two segments were released, and the log does not.
        rewriteMark(m -> Marks.segments(m, 3, m.lastSegment()));
        assertRefused(WalCorrupt.class, "are in no segment");
    }

    @Example
    void a_file_that_changed_its_length_is_refused() {
        threeEntries();
        host.files().kill();
        for (Path path : List.of(forger.tail(), LAYOUT.mark(), LAYOUT.identity())) {
            byte[] content = files.content(path);
            for (int length : new int[] {0, 100, content.length - 1, content.length + 1}) {
                Driver copy = host.copy();
                copy.files().put(path, Arrays.copyOf(content, length));
                assertThatThrownBy(copy::open).as("%s, %s bytes", path, length).isInstanceOf(WalCorrupt.class);
            }
        }
    }

    // ---------------------------------------------------------------- MARK and IDENTITY

    @Example
    void one_torn_slot_of_mark_does_no_harm() {
        threeEntries();
        host.files().kill();
        for (int slot = 0; slot < 2; slot++) {
            Driver copy = host.copy();
            byte[] mark = copy.files().content(LAYOUT.mark());
            Arrays.fill(mark, slot * MARK_SLOT, slot * MARK_SLOT + 40, (byte) 0x55);
            copy.files().put(LAYOUT.mark(), mark);
            copy.open();
            assertThat(copy.wal().recovered().lastIndex()).isEqualTo(3);
        }
    }

    @Example
    void a_mark_without_a_readable_slot_is_refused() {
        threeEntries();
        host.close();
        files.put(LAYOUT.mark(), new byte[2 * MARK_SLOT]);
        assertRefused(WalCorrupt.class, "neither slot of MARK");
    }

    @Example
    void the_mark_of_another_log_is_refused() {
        threeEntries();
        host.close();
        Driver other = new Driver(new MemoryFiles(), Driver.smallOptions(99));
        other.create();
        other.close();
        files.put(LAYOUT.mark(), other.files().content(LAYOUT.mark()));
        assertRefused(WalCorrupt.class, "MARK belongs to another log");
    }

    /** No crash writes that; a defect, or somebody, may. */
    @Example
    void a_mark_that_names_no_segment_is_refused() {
        threeEntries();
        host.files().kill();
        for (long[] range : new long[][] {{2, 1}, {0, 1}, {Long.MAX_VALUE, Long.MIN_VALUE}, {-1, -1}}) {
            rewriteMark(m -> Marks.segments(m, range[0], range[1]));
            assertRefused(WalCorrupt.class, "MARK names segments");
        }
    }

    @Example
    void a_log_that_mark_was_not_written_for_is_refused() {
        threeEntries();
        host.files().kill();
        rewriteMark(m -> Marks.durable(m, m.durableLsn(), m.lastBatch(), m.chain() ^ 1));
        assertRefused(WalCorrupt.class, "not the one that MARK was written for");
    }

    @Example
    void a_damaged_copy_of_identity_is_mended_from_the_other() {
        threeEntries();
        host.close();
        byte[] whole = files.content(LAYOUT.identity());
        for (int copy = 0; copy < 2; copy++) {
            byte[] damaged = whole.clone();
            Arrays.fill(damaged, 4096 * copy + 16, 4096 * copy + 600, (byte) 1);
            files.put(LAYOUT.identity(), damaged);
            host.open();
            host.close();
            assertThat(files.content(LAYOUT.identity())).isEqualTo(whole);
        }
        Arrays.fill(whole, 100, 5000, (byte) 1);
        files.put(LAYOUT.identity(), whole);
        assertRefused(WalCorrupt.class, "both copies of IDENTITY");
    }

    @Example
    void the_log_of_another_member_or_cluster_is_refused_and_not_touched() {
        threeEntries();
        host.close();
        for (WalIdentity wrong : List.of(
                new WalIdentity(Driver.IDENTITY.clusterId(), 8), new WalIdentity(1, Driver.IDENTITY.memberId()))) {
            int before = files.operations();
            assertThatThrownBy(() -> new Startup(files, Driver.DATA, wrong, Driver.smallOptions(1)).open())
                    .isInstanceOf(WalIdentityMismatch.class)
                    .hasMessageContaining("belongs to member 7 of cluster 193");
            assertThat(files.operations()).isEqualTo(before);
        }
        host.open();
    }

    @Example
    void a_directory_without_one_of_its_parts_is_never_taken_for_a_new_one() {
        threeEntries();
        host.close();
        for (Path part : List.of(LAYOUT.identity(), LAYOUT.mark(), LAYOUT.lock(), LAYOUT.segments())) {
            Driver copy = host.copy();
            copy.files().remove(part);
            assertThatThrownBy(copy::open)
                    .isInstanceOf(WalCorrupt.class)
                    .hasMessageContaining(part.getFileName().toString());
            assertThatThrownBy(copy::create).isInstanceOf(WalAlreadyExists.class);
        }
    }

    @Example
    void a_missing_directory_of_snapshots_is_made_again_where_the_log_needs_none() {
        threeEntries();
        host.hardState(2, 1, 3);
        host.close();
        files.remove(LAYOUT.snapshots());
        host.open();
        host.saveSnapshot(3);
        files.crash(new Random(1), Damage.NONE);
        host.open();
        assertThat(host.now().snapshot().index()).isEqualTo(3);
    }

    @Example
    void a_missing_log_is_not_created_and_an_existing_one_not_replaced() {
        assertThatThrownBy(() -> Driver.open(files, Driver.smallOptions(1))).isInstanceOf(WalNotFound.class);
        assertThat(files.operations()).isZero();
        threeEntries();
        host.close();
        int before = files.operations();
        assertThatThrownBy(() -> Driver.create(files, Driver.smallOptions(1))).isInstanceOf(WalAlreadyExists.class);
        assertThat(files.operations()).isEqualTo(before);
        host.open();
    }

    @Example
    void a_log_may_be_in_the_root_directory() {
        Path root = Path.of("/");
        new Startup(files, root, Driver.IDENTITY, Driver.smallOptions(1))
                .create()
                .close();
        Wal opened = new Startup(files, root, Driver.IDENTITY, Driver.smallOptions(2)).open();
        assertThat(opened.recovered().cleanClose()).isTrue();
    }

    /* The name of a directory that was made for the log must become durable; that of another one is its maker's business. */
    @Example
    void a_parent_that_may_not_be_opened_is_in_the_way_only_where_the_directory_is_new() {
        Path parent = Path.of("/");
        FileLayer denied = OtherFiles.with(files, "syncDirectory", (path, sync) -> {
            if (path.equals(parent)) {
                throw new AccessDeniedException(parent.toString());
            }
            return sync.make();
        });
        Startup startup = new Startup(denied, Driver.DATA, Driver.IDENTITY, Driver.smallOptions(1));
        assertThatThrownBy(startup::create)
                .isInstanceOf(WalFailed.class)
                .hasMessageContaining("could not be created")
                .hasMessageContaining("AccessDenied")
                .hasMessageContaining("Nothing was stored");
        assertThat(files.exists(LAYOUT.raft())).isFalse();
        startup.create().close(); // now it is there already
        host.open();
    }

    @Example
    void a_second_open_is_refused_and_the_first_goes_on() {
        threeEntries();
        assertThatThrownBy(() -> Driver.open(files, Driver.smallOptions(1)))
                .isInstanceOf(WalLocked.class)
                .hasMessageContaining("process " + ProcessHandle.current().pid());
        host.entries(1, 4, 1, 10);
        host.sync();
        host.close();
        host.open();
    }

    /* Nothing in the directory can tell that it is old. Its member can: it acknowledges less, and counts its opens again. */
    @Example
    void a_restored_backup_opens_and_its_count_of_opens_comes_a_second_time() {
        threeEntries();
        host.close();
        MemoryFiles backup = files.copy();
        Wal later = Driver.open(files, Driver.smallOptions(1));
        later.append(new HardState(2, 1, 3), Snapshot.NONE, SnapshotFile.NONE, host.some(2, 4, 1, 10));
        later.close();
        Wal restored = Driver.open(backup, Driver.smallOptions(2));
        assertThat(restored.recovered().bootCount()).isEqualTo(later.recovered().bootCount());
        assertThat(restored.recovered().incarnation())
                .isEqualTo(later.recovered().incarnation());
        assertThat(restored.recovered().hardState()).isEqualTo(new HardState(1, 1, 0));
        assertThat(restored.recovered().lastIndex()).isEqualTo(3);
    }

    // ---------------------------------------------------------------- versions

    @Example
    void a_newer_version_is_named_and_nothing_is_changed() {
        threeEntries();
        host.close();
        resealed(forger.tail(), 0, bytes -> bytes.putShort(8, (short) 2));
        assertRefused(WalUnsupportedVersion.class, "format version 2");
    }

    @Example
    void an_unknown_feature_is_refused_and_a_compatible_one_is_not() {
        threeEntries();
        host.close();
        Driver reading = host.copy();
        resealed(forger.tail(), 0, bytes -> bytes.putInt(20, 1));
        assertRefused(WalUnsupportedVersion.class, "features 1");
        assertThat(reading.files().content(forger.tail())[12]).isZero();
    }

    @Example
    void an_identity_of_a_newer_version_is_named() {
        threeEntries();
        host.close();
        resealed(LAYOUT.identity(), 0, bytes -> bytes.putShort(8, (short) 9));
        assertRefused(WalUnsupportedVersion.class, "format version 9");
    }

    @Example
    void an_unknown_record_is_a_newer_version_unless_it_may_be_passed_over() {
        threeEntries();
        host.files().kill();
        Driver unknown = host.copy();
        new Forger(unknown.files()).append(Forger.record(99, 0, 0), 1, 0, 1, 0);
        assertThatThrownBy(unknown::open)
                .isInstanceOf(WalUnsupportedVersion.class)
                .hasMessageContaining("type 99");
        Driver skippable = host.copy();
        new Forger(skippable.files()).append(Forger.record(99, RecordType.SKIPPABLE, 5), 1, 0, 1, 0);
        skippable.open();
        skippable.close();
        skippable.open();
    }

    @Example
    void a_frame_with_another_number_than_the_next_is_refused() {
        threeEntries();
        host.files().kill();
        forger.append(records -> records.hardState(new HardState(5, 0, 0)), 2, 0);
        assertRefused(WalCorrupt.class, "and follows");
    }

    /** The writer would not have taken it: who has written it does not know what came before. */
    @Example
    void a_frame_that_breaks_a_rule_of_the_log_is_refused() {
        threeEntries();
        host.files().kill();
        forger.append(records -> records.hardState(new HardState(5, 0, 99)));
        assertRefused(WalCorrupt.class, "the commit index 99 is beyond the last entry");
    }

    @Example
    void an_open_belongs_to_no_group() {
        threeEntries();
        host.files().kill();
        forger.append(records -> records.of(5).boot(3, 0, 0));
        assertRefused(WalCorrupt.class, "an open of one group alone");
    }

    @Example
    void a_frame_with_batches_of_two_groups_is_refused() {
        threeEntries();
        host.files().kill();
        forger.append(records -> {
            records.of(5).hardState(new HardState(1, 0, 0));
            records.of(6).hardState(new HardState(1, 0, 0));
        });
        assertRefused(WalCorrupt.class, "batches of two groups");
    }

    @Example
    void a_frame_with_unknown_flags_is_a_newer_version() {
        threeEntries();
        host.files().kill();
        forger.append(Forger.record(99, RecordType.SKIPPABLE, 0), 1, 4, 1, 0);
        assertRefused(WalUnsupportedVersion.class, "flags 4");
    }

    @Example
    void records_that_make_no_sense_are_refused() {
        threeEntries();
        host.files().kill();
        byte[] padding = Forger.record(RecordType.HARD_STATE, 0, 0);
        padding[23] = 1;
        byte[] cutOff = Forger.record(99, RecordType.SKIPPABLE, 0);
        cutOff[4] = 9;
        byte[] huge = Forger.record(99, RecordType.SKIPPABLE, 0);
        huge[7] = 127;
        byte[] negative = Forger.record(99, RecordType.SKIPPABLE, 0);
        negative[7] = -1;
        for (byte[] payload : List.of(
                Forger.record(RecordType.HARD_STATE, 0, 0),
                Forger.record(RecordType.ENTRY, 0, 0),
                Forger.record(RecordType.SNAPSHOT, 0, 0),
                Forger.record(RecordType.STATE, 0, 0),
                Forger.record(RecordType.BOOT, 0, 0),
                Forger.record(0, 0, 0),
                padding,
                cutOff,
                huge,
                negative,
                new byte[8])) {
            Driver copy = host.copy();
            new Forger(copy.files()).append(payload, 1, 0, 1, 0);
            assertThatThrownBy(copy::open).isInstanceOf(WalCorrupt.class).hasMessageContaining("cannot be");
        }
        for (long[] beyond : new long[][] {{-1, 1}, {4, -1}}) {
            byte[] entry = Arrays.copyOf(Forger.record(RecordType.ENTRY, 0, 0), 32);
            ByteBuffer.wrap(entry)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putInt(4, 16)
                    .putLong(16, beyond[0])
                    .putLong(24, beyond[1]);
            Driver copy = host.copy();
            new Forger(copy.files()).append(entry, 1, 0, 1, 0);
            assertThatThrownBy(copy::open)
                    .isInstanceOf(WalCorrupt.class)
                    .hasMessageContaining("a number beyond 63 bits");
        }
        Driver miscounted = host.copy();
        new Forger(miscounted.files()).append(Forger.record(99, RecordType.SKIPPABLE, 0), 2, 0, 1, 0);
        assertThatThrownBy(miscounted::open).isInstanceOf(WalCorrupt.class).hasMessageContaining("of 2 announced");
    }

    // ---------------------------------------------------------------- snapshots

    @Example
    void a_damaged_snapshot_file_gives_way_to_the_one_before() {
        twoSnapshots(false);
        SnapshotFile older = host.wal().referencedSnapshots().get(0);
        SnapshotFile newer = host.wal().referencedSnapshots().get(1);
        host.close();
        files.flip(LAYOUT.snapshots().resolve(newer.name()), 77);
        Wal opened = Driver.open(files, Driver.smallOptions(1));
        assertThat(opened.recovered().snapshotFile()).isEqualTo(older);
        assertThat(opened.recovered().snapshot().index()).isEqualTo(2);
        assertThat(opened.storage().snapshot().index()).isEqualTo(2);
        assertThat(opened.recovered().damagedSnapshots()).containsExactly(newer);
        assertThat(opened.referencedSnapshots()).containsExactly(older);
        // From now on a snapshot may be saved at an index before the lost one, also in the eyes of later opens.
        SnapshotFile again = describe(older.name());
        opened.saveSnapshot(new Snapshot(3, 1, Driver.MEMBERS, new byte[0]), again);
        opened.close();
        Wal later = Driver.open(files, Driver.smallOptions(2));
        assertThat(later.recovered().snapshot().index()).isEqualTo(3);
        assertThat(later.recovered().damagedSnapshots()).isEmpty();
    }

    @Example
    void a_missing_snapshot_file_is_as_good_as_damaged() {
        twoSnapshots(false);
        SnapshotFile newer = host.wal().referencedSnapshots().get(1);
        host.close();
        files.remove(LAYOUT.snapshots().resolve(newer.name()));
        Wal opened = Driver.open(files, Driver.smallOptions(1));
        assertThat(opened.recovered().snapshot().index()).isEqualTo(2);
    }

    @Example
    void a_snapshot_file_that_is_cut_short_is_as_good_as_damaged() {
        twoSnapshots(false);
        SnapshotFile newer = host.wal().referencedSnapshots().get(1);
        host.close();
        Path path = LAYOUT.snapshots().resolve(newer.name());
        files.put(path, Arrays.copyOf(files.content(path), (int) newer.bytes() - 1));
        Wal opened = Driver.open(files, Driver.smallOptions(1));
        assertThat(opened.recovered().snapshot().index()).isEqualTo(2);
        assertThat(opened.recovered().damagedSnapshots()).containsExactly(newer);
    }

    @Example
    void a_whole_log_needs_no_snapshot() {
        twoSnapshots(false);
        List<SnapshotFile> both = host.wal().referencedSnapshots();
        host.close();
        both.forEach(file -> files.remove(LAYOUT.snapshots().resolve(file.name())));
        Wal opened = Driver.open(files, Driver.smallOptions(1));
        assertThat(opened.recovered().snapshot()).isEqualTo(Snapshot.NONE);
        assertThat(opened.recovered().damagedSnapshots()).hasSize(2);
        assertThat(opened.storage().firstIndex()).isEqualTo(1);
        opened.close();
        assertThat(Driver.open(files, Driver.smallOptions(1)).recovered().damagedSnapshots())
                .isEmpty();
    }

    @Example
    void a_released_log_without_a_whole_snapshot_is_refused() {
        twoSnapshots(true);
        List<SnapshotFile> files = host.wal().referencedSnapshots();
        assertThat(files).hasSize(1);
        host.close();
        this.files.flip(LAYOUT.snapshots().resolve(files.get(0).name()), 0);
        assertRefused(WalCorrupt.class, "no snapshot is whole");
    }

    @Example
    void a_release_up_to_the_older_snapshot_keeps_it_as_a_way_back() {
        twoSnapshots(false);
        host.release(2);
        assertThat(host.wal().referencedSnapshots()).hasSize(2);
        SnapshotFile newer = host.wal().referencedSnapshots().get(1);
        host.close();
        files.remove(LAYOUT.snapshots().resolve(newer.name()));
        Wal opened = Driver.open(files, Driver.smallOptions(1));
        assertThat(opened.recovered().snapshot().index()).isEqualTo(2);
        assertThat(opened.recovered().firstIndex()).isEqualTo(3);
        assertThat(opened.recovered().lastIndex()).isEqualTo(6);
    }

    /* The old snapshot is needed for as long as a crash can take the log back behind the new one. */
    @Example
    void a_replaced_snapshot_stays_referenced_until_the_sync() {
        twoSnapshots(false);
        List<SnapshotFile> before = host.wal().referencedSnapshots();
        host.install(new HardState(3, 0, 20), 20, 2, List.of());
        assertThat(host.wal().referencedSnapshots()).hasSize(3).containsAll(before);
        host.sync();
        assertThat(host.wal().referencedSnapshots()).hasSize(1).doesNotContainAnyElementsOf(before);
    }

    // ---------------------------------------------------------------- parts

    private void threeEntries() {
        host.create();
        host.append(new HardState(1, 1, 0), host.some(1, 1, 3, 50));
        host.sync();
    }

    private void manySegments() {
        host.create();
        manySegments(host);
        assertThat(files.exists(LAYOUT.segment(4))).isTrue();
        assertThat(files.exists(LAYOUT.segment(5))).isFalse();
    }

    private static void manySegments(Driver host) {
        long term = Math.max(1, host.now().lastTerm());
        for (int i = 0; i < 7; i++) {
            host.entries(term, host.now().lastIndex() + 1, 1, 3000);
            host.sync();
        }
    }

    private void releaseAll() {
        host.hardState(1, 1, host.now().lastIndex());
        host.saveSnapshot(host.now().lastIndex());
        host.release(host.now().lastIndex());
    }

    private void twoSnapshots(boolean release) {
        host.create();
        host.append(new HardState(1, 1, 6), host.some(1, 1, 6, 50));
        host.saveSnapshot(2);
        host.saveSnapshot(5);
        if (release) {
            host.release(5);
        }
    }

    private SnapshotFile describe(String name) {
        try {
            return SnapshotFile.of(files, LAYOUT.snapshots().resolve(name));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private void assertRefused(Class<? extends WalException> type, String text) {
        int before = files.operations();
        assertThatThrownBy(host::open).isInstanceOf(type).hasMessageContaining(text);
        assertThat(files.operations()).as("operations").isEqualTo(before);
    }

    private void write(Path path, long offset, byte[] bytes) {
        try (OpenFile file = files.open(path)) {
            file.write(ByteBuffer.wrap(bytes), offset);
            file.force(true);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private void zero(Path path, long offset, int length) {
        write(path, offset, new byte[length]);
    }

    private interface Edit {
        void apply(ByteBuffer bytes);
    }

    /* Changes a page and gives it the checksum that it should have then. */
    private void resealed(Path path, int page, Edit edit) {
        ByteBuffer bytes =
                ByteBuffer.wrap(files.content(path)).slice(page * 4096, 4096).order(ByteOrder.LITTLE_ENDIAN);
        edit.apply(bytes);
        bytes.putInt(4092, new Checksum().of(bytes, 0, 4092));
        byte[] content = new byte[4096];
        bytes.rewind().get(content);
        write(path, page * 4096L, content);
    }

    private interface MarkEdit {
        Mark apply(Mark mark);
    }

    /* Writes a newer mark over the one that is not the newest. */
    private void rewriteMark(MarkEdit edit) {
        rewriteMark(files, edit);
    }

    private static void rewriteMark(MemoryFiles files, MarkEdit edit) {
        try {
            MarkFile mark = MarkFile.open(files, LAYOUT.mark(), MarkFile.read(files, LAYOUT.mark()));
            mark.write(edit.apply(mark.found()));
            mark.close();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /* Both slots say that nothing was durable beyond a position of the first segment. */
    private void setMarkBack(long durableLsn) {
        setMarkBack(files, durableLsn);
    }

    private static void setMarkBack(MemoryFiles files, long durableLsn) {
        try (OpenFile file = files.openToRead(LAYOUT.segment(1))) {
            SegmentReader reader = new SegmentReader(LAYOUT.segment(1), file, SegmentReader.noScratch());
            long offset = Segment.HEADER_BYTES;
            while (offset < durableLsn && reader.nextFrame(offset)) {
                offset += reader.frameBytes();
            }
            assertThat(offset).isEqualTo(durableLsn);
            MarkEdit back = m -> new Mark(
                    m.walId(),
                    m.count() + 1,
                    m.bootCount(),
                    durableLsn,
                    reader.batchSequence(),
                    reader.chain(),
                    1,
                    1,
                    false);
            rewriteMark(files, back);
            rewriteMark(files, back);
        } catch (IOException | MalformedRecordException e) {
            throw new AssertionError(e);
        }
    }
}
