package dev.keelraft.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keelraft.model.Entry;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Snapshot;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Example;

/** What may be given, and the small structures against plain ones. */
class ValuesTest {
    @Example
    void options_have_ranges() {
        WalOptions defaults = WalOptions.defaults();
        assertThat(defaults.segmentBytes()).isEqualTo(64 << 20);
        assertThat(defaults.cacheBytes()).isEqualTo(32 << 20);
        assertThat(defaults.withSegmentBytes(16 << 10).segmentBytes()).isEqualTo(16384);
        assertThat(defaults.withSegmentBytes(1 << 30).segmentBytes()).isEqualTo(1 << 30);
        assertThat(defaults.withCacheBytes(0).cacheBytes()).isZero();
        for (int wrong : new int[] {0, -4096, 12288, 16385, (1 << 30) + 4096}) {
            assertThatThrownBy(() -> defaults.withSegmentBytes(wrong))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining(Integer.toString(wrong));
        }
        assertThatThrownBy(() -> defaults.withCacheBytes(-1)).isInstanceOf(IllegalArgumentException.class);
    }

    @Example
    void names_of_snapshot_files_are_plain() {
        String longest = "x".repeat(255);
        for (String plain : List.of("a", "2-17.snap", "snap é", longest)) {
            assertThat(new SnapshotFile(plain, 0, 0).name()).isEqualTo(plain);
        }
        for (String wrong :
                List.of("../x", "a/b", "a\\b", ".", "..", ".hidden", "a\0b", "a\nb", "a\uD800", longest + "x")) {
            assertThatThrownBy(() -> new SnapshotFile(wrong, 0, 0)).isInstanceOf(IllegalArgumentException.class);
        }
        assertThatThrownBy(() -> new SnapshotFile("", 1, 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new SnapshotFile("a", -1, 0)).isInstanceOf(IllegalArgumentException.class);
        assertThat(SnapshotFile.NONE.isNone()).isTrue();
        assertThat(new SnapshotFile("a", 7, 255)).hasToString("a (7 B, crc32c 000000ff)");
    }

    @Example
    void a_member_needs_an_id() {
        assertThatThrownBy(() -> new WalIdentity(1, 0)).isInstanceOf(IllegalArgumentException.class);
        assertThat(new WalIdentity(-1, -3)).hasToString("member 18446744073709551613 of cluster 18446744073709551615");
    }

    @Example
    void sequence_numbers_are_sixteen_small_hexadecimal_digits() {
        assertThat(Layout.sequenceOf("00000000000000ff.wal")).isEqualTo(255);
        assertThat(Layout.sequenceOf("7fffffffffffffff.wal")).isEqualTo(Long.MAX_VALUE);
        for (String wrong : List.of(
                "00000000000000FF.wal",
                "ffffffffffffffff.wal",
                "0000000000000000.wal",
                "00000000000000ff.tmp",
                "ff.wal",
                "next.tmp",
                "")) {
            assertThat(Layout.sequenceOf(wrong)).isZero();
        }
        Layout layout = Layout.in(Driver.DATA);
        assertThat(Layout.sequenceOf(layout.segment(77).getFileName().toString()))
                .isEqualTo(77);
    }

    @Example
    void checksums_are_those_of_the_standard() {
        java.nio.ByteBuffer bytes = java.nio.ByteBuffer.allocateDirect(20).position(3);
        bytes.put("123456789".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
        bytes.position(1).limit(15);
        assertThat(new Checksum().of(bytes, 3, 9))
                .as("the check value of CRC-32C")
                .isEqualTo(0xE3069283);
        assertThat(bytes.position()).isEqualTo(1);
        assertThat(bytes.limit()).isEqualTo(15);
    }

    @Example
    void runs_of_terms_answer_like_a_list() {
        for (int seed = 0; seed < 300; seed++) {
            Random random = new Random(seed);
            TermRuns runs = new TermRuns(1);
            long[] terms = new long[400];
            int from = 1;
            int end = 1;
            for (int i = 0; i < 120; i++) {
                switch (random.nextInt(4)) {
                    case 0, 1 -> {
                        terms[end] = (end > from ? terms[end - 1] : 1) + (random.nextInt(3) == 0 ? 1 : 0);
                        runs.add(terms[end]);
                        end++;
                    }
                    case 2 -> {
                        end = from + random.nextInt(end - from + 1);
                        runs.truncateFrom(end);
                    }
                    default -> {
                        int through = from - 1 + random.nextInt(Math.max(1, (end - from + 2) / 3));
                        runs.removeThrough(through);
                        from = Math.max(from, through + 1);
                        end = Math.max(end, from);
                    }
                }
                for (int index = 0; index < end + 2; index++) {
                    long expected = index >= from && index < end ? terms[index] : TermRuns.UNKNOWN;
                    assertThat(runs.term(index))
                            .as("seed %s, index %s", seed, index)
                            .isEqualTo(expected);
                }
            }
        }
    }

    @Example
    void runs_may_begin_below_what_was_covered() {
        TermRuns runs = new TermRuns(11);
        runs.truncateFrom(8);
        runs.add(3);
        assertThat(runs.term(8)).isEqualTo(3);
        assertThat(runs.term(7)).isEqualTo(TermRuns.UNKNOWN);
        runs.removeThrough(5);
        assertThat(runs.term(8)).isEqualTo(3);
        runs.removeThrough(20);
        runs.add(4);
        assertThat(runs.term(21)).isEqualTo(4);
    }

    @Example
    void the_index_of_frames_answers_like_a_list() {
        for (int seed = 0; seed < 200; seed++) {
            Random random = new Random(seed);
            FrameIndex frames = new FrameIndex(1);
            int[] lsn = new int[1000];
            int from = 1;
            int end = 1;
            for (int i = 1; i < 150; i++) {
                if (random.nextInt(5) > 0) {
                    int first = random.nextInt(4) == 0 ? from + random.nextInt(end - from + 1) : end;
                    int count = 1 + random.nextInt(5);
                    frames.add(first, count, i, i + 7);
                    for (int index = first; index < first + count; index++) {
                        lsn[index] = i;
                    }
                    end = first + count;
                } else {
                    int through = from - 1 + random.nextInt(Math.max(1, (end - from + 2) / 2));
                    frames.removeThrough(through);
                    from = Math.max(from, through + 1);
                    end = Math.max(end, from);
                }
                assertThat(frames.firstIndex()).isEqualTo(from);
                for (int index = from; index < end; index++) {
                    int row = frames.rowOf(index);
                    assertThat(frames.lsn(row))
                            .as("seed %s, index %s", seed, index)
                            .isEqualTo(lsn[index]);
                    assertThat(frames.bytes(row)).isEqualTo(lsn[index] + 7);
                    assertThat(frames.firstIndex(row)).isLessThanOrEqualTo(index);
                    assertThat(frames.endIndex(row)).isGreaterThan(index);
                }
            }
        }
    }

    @Example
    void the_row_of_an_index_that_no_frame_holds_is_not_asked_for() {
        FrameIndex frames = new FrameIndex(5);
        frames.add(5, 3, 100, 10);
        assertThatThrownBy(() -> frames.rowOf(4)).isInstanceOf(AssertionError.class);
        assertThatThrownBy(() -> frames.rowOf(8)).isInstanceOf(AssertionError.class);
    }

    @Example
    void the_last_entries_in_the_cache_answer_like_a_list() {
        for (int seed = 0; seed < 100; seed++) {
            Random random = new Random(seed);
            EntryCache cache = new EntryCache(4000, 1);
            Entry[] entries = new Entry[1000];
            int from = 1;
            int end = 1;
            for (int i = 0; i < 300; i++) {
                if (random.nextInt(4) > 0) {
                    int index = random.nextInt(5) == 0 ? from + random.nextInt(end - from + 1) : end;
                    Entry entry = Entry.normal(1, index, new byte[random.nextInt(50)]);
                    cache.add(entry);
                    entries[index] = entry;
                    end = index + 1;
                } else {
                    int through = from - 1 + random.nextInt(Math.max(1, (end - from + 2) / 2));
                    cache.removeThrough(through);
                    from = Math.max(from, through + 1);
                    end = Math.max(end, from);
                }
                long bytes = 0;
                for (int index = 0; index < end + 2; index++) {
                    boolean kept = index >= from && index < end;
                    assertThat(cache.recent(index))
                            .as("seed %s, index %s", seed, index)
                            .isSameAs(kept ? entries[index] : null);
                    bytes += kept ? EntryCache.bytesOf(entries[index]) : 0;
                }
                assertThat(cache.bytes()).isEqualTo(bytes);
                assertThat(cache.isOverFull()).isEqualTo(bytes > 2000);
            }
            cache.clear();
            assertThat(cache.bytes()).isZero();
        }
    }

    @Example
    void what_operators_are_shown_has_a_line_for_each_state() {
        assertThat(SpareStatus.NONE).hasToString("no segment is prepared ahead");
        assertThat(new SpareStatus(SpareStatus.State.PREPARING, "")).hasToString("the next segment is being prepared");
        assertThat(new SpareStatus(SpareStatus.State.READY, "")).hasToString("the next segment is ready");
        assertThat(new SpareStatus(SpareStatus.State.FAILED, "disk on fire").toString())
                .contains("disk on fire", "Nothing is lost", "Free space");
        assertThat(SnapshotFile.NONE).hasToString("no file");
        assertThat(new SnapshotFile("a.snap", 5, 0x1a2b)).hasToString("a.snap (5 B, crc32c 00001a2b)");
    }

    /** A name alone, or a length alone, is not the absence of a file. */
    @Example
    void only_a_file_without_anything_is_none() {
        assertThatThrownBy(() -> new SnapshotFile("", 1, 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new SnapshotFile("", 0, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThat(new SnapshotFile("", 0, 0).isNone()).isTrue();
    }

    @Example
    void a_group_that_has_stored_anything_at_all_is_not_empty() {
        SavedSnapshot saved =
                new SavedSnapshot(new Snapshot(4, 2, Driver.MEMBERS, new byte[0]), new SnapshotFile("a.snap", 1, 2));
        assertThat(new GroupState().isEmpty()).isTrue();
        for (GroupState stored : List.of(
                new GroupState(new HardState(1, 0, 0), List.of(), 0, 0, 0, 0),
                new GroupState(HardState.EMPTY, List.of(saved), 0, 0, 0, 0),
                new GroupState(HardState.EMPTY, List.of(), 0, 0, 1, 1))) {
            assertThat(stored.isEmpty()).as("%s", stored).isFalse();
        }
    }

    @Example
    void two_findings_are_the_same_if_file_offset_and_words_are() {
        Path file = Path.of("a");
        WalCorrupt found = new WalCorrupt(file, 8, 100, "damaged");
        assertThat(found.sameAs(new WalCorrupt(file, 8, 200, "damaged"))).isTrue();
        assertThat(found.sameAs(new WalCorrupt(Path.of("b"), 8, 100, "damaged")))
                .isFalse();
        assertThat(found.sameAs(new WalCorrupt(file, 9, 100, "damaged"))).isFalse();
        assertThat(found.sameAs(new WalCorrupt(file, 8, 100, "gone"))).isFalse();
    }

    /** What a segment states at its beginning must be what the frames before it lead to, in every respect. */
    @Example
    void a_state_that_differs_in_anything_disagrees() {
        HardState hardState = new HardState(3, 1, 5);
        GroupState state = new GroupState(hardState, List.of(), 4, 2, 9, 3);
        assertThat(state.disagreement(new GroupState(hardState, List.of(), 4, 2, 9, 3)))
                .isNull();
        SavedSnapshot saved =
                new SavedSnapshot(new Snapshot(4, 2, Driver.MEMBERS, new byte[0]), new SnapshotFile("a.snap", 1, 2));
        List<GroupState> others = List.of(
                new GroupState(new HardState(3, 1, 6), List.of(), 4, 2, 9, 3),
                new GroupState(hardState, List.of(), 5, 2, 9, 3),
                new GroupState(hardState, List.of(), 4, 1, 9, 3),
                new GroupState(hardState, List.of(), 4, 2, 8, 3),
                new GroupState(hardState, List.of(), 4, 2, 9, 2),
                new GroupState(hardState, List.of(saved), 4, 2, 9, 3));
        assertThat(others)
                .allSatisfy(other ->
                        assertThat(state.disagreement(other)).contains("the log states", "its frames lead to"));
    }

    @Example
    void names_that_an_open_may_delete_are_those_of_preparations() {
        Layout layout = Layout.in(Driver.DATA);
        for (String temporary : List.of("next.tmp", "spare-0000000000000001.tmp")) {
            assertThat(layout.isTemporary(temporary)).as(temporary).isTrue();
        }
        for (String other : List.of("spare-1", "1.tmp", "0000000000000001.wal", "next.tmp.wal")) {
            assertThat(layout.isTemporary(other)).as(other).isFalse();
        }
    }
}
