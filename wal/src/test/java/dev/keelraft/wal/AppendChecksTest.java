package dev.keelraft.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keelraft.model.Entry;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Snapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import net.jqwik.api.Example;

/** What contradicts the log is refused before a byte is written, and once more by whoever reads a log that has it. */
class AppendChecksTest {
    private static final byte[] DATA = {1, 2, 3};
    private static final HardState UNCHANGED = HardState.EMPTY;

    private final Driver host = new Driver(new MemoryFiles(), Driver.smallOptions(1));
    private SnapshotFile file = SnapshotFile.NONE;

    /* Entries 3 to 7 of the terms 1 1 2 2 2 in term 2; commit 5; snapshots at 3 and 4; released up to 2. */
    private void prepare() {
        host.create();
        host.hardState(1, 1, 0);
        host.entries(1, 1, 4, 10);
        host.append(new HardState(2, 1, 5), host.some(2, 5, 3, 10));
        host.saveSnapshot(3);
        host.release(2);
        host.saveSnapshot(4);
        file = host.wal().referencedSnapshots().get(1);
    }

    @Example
    void a_gap_is_refused() {
        refused("do not continue", UNCHANGED, List.of(entry(2, 9)));
    }

    @Example
    void a_gap_within_a_batch_is_refused() {
        refused("do not follow each other", UNCHANGED, List.of(entry(2, 8), entry(2, 10)));
    }

    @Example
    void a_committed_entry_is_never_replaced() {
        refused("would replace one that is committed", UNCHANGED, List.of(entry(2, 5)));
    }

    @Example
    void a_released_entry_is_never_replaced() {
        refused("do not continue", UNCHANGED, List.of(entry(2, 2)));
    }

    @Example
    void terms_of_entries_do_not_fall() {
        refused("has term 1", UNCHANGED, List.of(entry(1, 6)));
        refused("has term 2", UNCHANGED, List.of(entry(3, 8), entry(2, 9)));
    }

    @Example
    void an_entry_has_a_term() {
        prepare();
        Driver fresh = new Driver(new MemoryFiles(), Driver.smallOptions(1));
        fresh.create();
        assertThatThrownBy(() -> fresh.entries(0, 1, 1, 1))
                .isInstanceOf(WalAppendRefused.class)
                .hasMessageContaining("has term 0");
    }

    @Example
    void indexes_do_not_overflow() {
        Driver fresh = new Driver(new MemoryFiles(), Driver.smallOptions(1));
        fresh.create();
        fresh.install(new HardState(1, 0, Long.MAX_VALUE - 2), Long.MAX_VALUE - 2, 1, List.of());
        fresh.entries(1, Long.MAX_VALUE - 1, 1, 10);
        fresh.sync();
        for (long beyond : new long[] {Long.MAX_VALUE, 0}) {
            assertThatThrownBy(() ->
                            fresh.wal().append(UNCHANGED, Snapshot.NONE, SnapshotFile.NONE, List.of(entry(1, beyond))))
                    .isInstanceOf(WalAppendRefused.class);
        }
        Snapshot last = new Snapshot(Long.MAX_VALUE, 1, Driver.MEMBERS, DATA);
        SnapshotFile described = fresh.wal().referencedSnapshots().get(0);
        assertThatThrownBy(() -> fresh.wal().append(new HardState(1, 0, Long.MAX_VALUE), last, described, List.of()))
                .isInstanceOf(WalAppendRefused.class);
        fresh.close();
        fresh.open();
    }

    @Example
    void the_term_does_not_go_back() {
        refused("the term goes back", new HardState(1, 1, 5), List.of());
    }

    @Example
    void the_vote_of_a_term_does_not_change() {
        refused("the vote of term 2 changes", new HardState(2, 2, 5), List.of());
        refused("the vote of term 2 changes", new HardState(2, 0, 5), List.of());
    }

    @Example
    void the_commit_index_does_not_go_back() {
        refused("the commit index goes back", new HardState(2, 1, 4), List.of());
    }

    @Example
    void the_commit_index_stays_within_the_log() {
        refused("is beyond the last entry", new HardState(2, 1, 8), List.of());
        refused("is beyond the last entry", new HardState(2, 1, 7), List.of(entry(2, 6)));
    }

    @Example
    void an_installed_snapshot_lies_beyond_what_is_committed() {
        refusedSnapshot("is not beyond the commit index", RecordType.INSTALL, new HardState(3, 0, 5), 5, 2);
    }

    @Example
    void an_installed_snapshot_is_committed() {
        refusedSnapshot("is beyond the commit index 5 of its batch", RecordType.INSTALL, new HardState(3, 0, 5), 9, 2);
    }

    @Example
    void a_snapshot_is_not_older_than_the_newest() {
        refusedSnapshot("is not in [4, 5]", RecordType.SNAPSHOT, UNCHANGED, 3, 1);
    }

    @Example
    void a_snapshot_covers_committed_entries_only() {
        refusedSnapshot("is not in [4, 5]", RecordType.SNAPSHOT, UNCHANGED, 6, 2);
    }

    @Example
    void a_snapshot_has_the_term_of_its_entry() {
        refusedSnapshot("has term 2, not 1", RecordType.SNAPSHOT, UNCHANGED, 5, 1);
    }

    @Example
    void nothing_is_released_that_no_snapshot_covers() {
        prepare();
        assertThatThrownBy(() -> host.wal().release(5))
                .isInstanceOf(WalAppendRefused.class)
                .hasMessageContaining("newest snapshot is at 4");
        assertUnchanged();
        assertReplayRefuses("cannot be released up to 5", records -> records.compact(5, 2));
    }

    @Example
    void releasing_twice_is_nothing() {
        prepare();
        int before = host.files().operations();
        host.wal().release(2);
        host.wal().release(0);
        assertThat(host.files().operations()).isEqualTo(before);
        assertReplayRefuses("cannot be released up to 2", records -> records.compact(2, 1));
    }

    @Example
    void a_release_has_the_term_of_its_entry() {
        prepare();
        assertReplayRefuses("has term 1, not 2", records -> records.compact(3, 2));
    }

    @Example
    void a_snapshot_comes_with_its_file_and_a_file_with_its_snapshot() {
        prepare();
        Snapshot received = new Snapshot(9, 2, Driver.MEMBERS, DATA);
        HardState committed = new HardState(3, 0, 9);
        assertThatThrownBy(() -> host.wal().append(committed, received, SnapshotFile.NONE, List.of()))
                .isInstanceOf(WalAppendRefused.class)
                .hasMessageContaining("without its file");
        assertThatThrownBy(() -> host.wal().append(committed, Snapshot.NONE, file, List.of()))
                .isInstanceOf(WalAppendRefused.class)
                .hasMessageContaining("no snapshot");
        assertThatThrownBy(() -> host.wal().saveSnapshot(Snapshot.NONE, file)).isInstanceOf(WalAppendRefused.class);
        assertThatThrownBy(() -> host.wal().saveSnapshot(received, SnapshotFile.NONE))
                .isInstanceOf(WalAppendRefused.class)
                .hasMessageContaining("needs an index and a file");
        assertUnchanged();
    }

    @Example
    void a_snapshot_file_must_be_there_and_as_described() {
        prepare();
        Snapshot received = new Snapshot(9, 2, Driver.MEMBERS, DATA);
        HardState committed = new HardState(3, 0, 9);
        for (SnapshotFile wrong : List.of(
                new SnapshotFile("nowhere", file.bytes(), file.crc32c()),
                new SnapshotFile(file.name(), file.bytes() + 1, file.crc32c()),
                new SnapshotFile(file.name(), file.bytes(), file.crc32c() + 1))) {
            assertThatThrownBy(() -> host.wal().append(committed, received, wrong, List.of()))
                    .isInstanceOf(WalAppendRefused.class)
                    .hasMessageContaining(wrong.name());
        }
        assertUnchanged();
    }

    @Example
    void two_records_of_one_kind_are_refused() {
        prepare();
        assertReplayRefuses("two records of one kind", records -> {
            records.hardState(new HardState(3, 0, 5));
            records.hardState(new HardState(3, 1, 5));
        });
        assertReplayRefuses("two records of one kind", records -> {
            records.compact(3, 1);
            records.compact(3, 1);
        });
        assertReplayRefuses("two records of one kind", records -> {
            SavedSnapshot saved = new SavedSnapshot(new Snapshot(5, 2, Driver.MEMBERS, DATA), file);
            records.snapshot(RecordType.SNAPSHOT, saved);
            records.snapshot(RecordType.SNAPSHOT, saved);
        });
    }

    @Example
    void a_state_that_is_not_what_the_frames_lead_to_is_refused() {
        prepare();
        assertReplayRefuses("the log states", records -> records.state(new GroupState()));
    }

    @Example
    void a_frame_with_a_wrong_number_is_refused() {
        prepare();
        host.files().kill();
        new Forger(host.files()).append(records -> records.hardState(new HardState(3, 0, 5)), 2, 0);
        assertThatThrownBy(host::open).isInstanceOf(WalCorrupt.class).hasMessageContaining("it has the number");
    }

    @Example
    void a_frame_that_claims_what_it_cannot_know_is_refused() {
        prepare();
        host.files().kill();
        new Forger(host.files()).append(records -> records.hardState(new HardState(3, 0, 5)), 1, 1L << 40);
        assertThatThrownBy(host::open).isInstanceOf(WalCorrupt.class).hasMessageContaining("claims that more");
    }

    @Example
    void a_frame_as_it_should_be_is_taken() {
        prepare();
        host.files().kill();
        new Forger(host.files()).append(records -> records.hardState(new HardState(3, 0, 5)));
        Wal opened = Driver.open(host.files(), Driver.smallOptions(2));
        assertThat(opened.recovered().hardState()).isEqualTo(new HardState(3, 0, 5));
    }

    private void refused(String why, HardState hardState, List<Entry> entries) {
        if (host.failed().isEmpty()) {
            prepare();
        }
        assertThatThrownBy(() -> host.wal().append(hardState, Snapshot.NONE, SnapshotFile.NONE, entries))
                .isInstanceOf(WalAppendRefused.class)
                .hasMessageContaining(why);
        assertUnchanged();
        assertReplayRefuses(why, records -> {
            entries.forEach(records::entry);
            if (!hardState.isEmpty()) {
                records.hardState(hardState);
            }
        });
    }

    private void refusedSnapshot(String why, int type, HardState hardState, long index, long term) {
        prepare();
        Snapshot snapshot = new Snapshot(index, term, Driver.MEMBERS, DATA);
        assertThatThrownBy(() -> {
                    if (type == RecordType.INSTALL) {
                        host.wal().append(hardState, snapshot, file, List.of());
                    } else {
                        host.wal().saveSnapshot(snapshot, file);
                    }
                })
                .isInstanceOf(WalAppendRefused.class)
                .hasMessageContaining(why);
        assertUnchanged();
        assertReplayRefuses(why, records -> {
            records.snapshot(type, new SavedSnapshot(snapshot, file));
            if (!hardState.isEmpty()) {
                records.hardState(hardState);
            }
        });
    }

    /* Nothing has reached the files, and what is legal goes on. */
    private void assertUnchanged() {
        LogState now = host.now();
        assertThat(LogState.of(host.wal())).isEqualTo(now);
        Driver copy = host.copy();
        copy.files().kill();
        copy.open();
        assertThat(copy.now()).isEqualTo(now);
        host.entries(2, 8, 1, 5);
        host.sync();
        host.append(UNCHANGED, new ArrayList<>(now.entries().subList(4, 5))); // takes entry 8 away again
        host.sync();
    }

    private void assertReplayRefuses(String why, Consumer<RecordWriter> records) {
        Driver copy = host.copy();
        copy.files().kill();
        new Forger(copy.files()).append(records);
        int before = copy.files().operations();
        assertThatThrownBy(copy::open).isInstanceOf(WalCorrupt.class).hasMessageContaining(why);
        assertThat(copy.files().operations()).isEqualTo(before);
    }

    private static Entry entry(long term, long index) {
        return Entry.normal(term, index, DATA);
    }
}
