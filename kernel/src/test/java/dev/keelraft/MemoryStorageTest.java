package dev.keelraft;

import static dev.keelraft.TestNode.entries;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Snapshot;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The reference storage (kernel.md 1.13): what every storage must do with a Ready, and must answer. */
class MemoryStorageTest {
    private static final ConfState THREE = TestNode.confState(3);

    private static Snapshot snapshot(long index, long term) {
        return new Snapshot(index, term, THREE, TestNode.bytes("state at " + index));
    }

    /** Entries 4 to 8 behind a snapshot at 3. */
    private static MemoryStorage log() {
        MemoryStorage storage = new MemoryStorage(snapshot(3, 2));
        storage.append(entries(4, 2, 2, 3, 3, 5));
        return storage;
    }

    private static List<Long> terms(MemoryStorage storage) {
        List<Long> terms = new ArrayList<>();
        for (long index = storage.firstIndex() - 1; index <= storage.lastIndex(); index++) {
            terms.add(storage.term(index));
        }
        return terms;
    }

    @Test
    void a_new_one_is_empty() {
        for (MemoryStorage storage : List.of(new MemoryStorage(), new MemoryStorage(Snapshot.NONE))) {
            assertThat(storage.hardState()).isEqualTo(HardState.EMPTY);
            assertThat(storage.snapshot().isNone()).isTrue();
            assertThat(storage.firstIndex()).isEqualTo(1);
            assertThat(storage.lastIndex()).isZero();
            assertThat(storage.term(0)).isZero();
        }
    }

    @Test
    void one_that_begins_behind_a_snapshot_knows_the_term_of_its_index() {
        MemoryStorage storage = new MemoryStorage(snapshot(7, 4));
        assertThat(storage.firstIndex()).isEqualTo(8);
        assertThat(storage.lastIndex()).isEqualTo(7);
        assertThat(storage.term(7)).isEqualTo(4);
        assertThat(storage.snapshot()).isEqualTo(snapshot(7, 4));
    }

    @Test
    void entries_are_limited_by_bytes_and_at_least_one() {
        MemoryStorage storage = log();
        long each = storage.entries(4, 5, 0).get(0).wireBytes();
        assertThat(storage.entries(4, 9, 0)).isEqualTo(entries(4, 2));
        assertThat(storage.entries(4, 9, 2 * each - 1)).isEqualTo(entries(4, 2));
        assertThat(storage.entries(4, 9, 2 * each)).isEqualTo(entries(4, 2, 2));
        assertThat(storage.entries(5, 7, RaftConfig.NO_LIMIT)).isEqualTo(entries(5, 2, 3));
        assertThat(storage.entries(4, 9, RaftConfig.NO_LIMIT)).isEqualTo(entries(4, 2, 2, 3, 3, 5));
    }

    @Test
    void appended_entries_replace_those_of_the_same_index_and_all_behind_them() {
        MemoryStorage storage = log();
        storage.append(entries(6, 4));
        assertThat(terms(storage)).containsExactly(2L, 2L, 2L, 4L);
        storage.append(entries(7, 4, 4));
        assertThat(terms(storage)).containsExactly(2L, 2L, 2L, 4L, 4L, 4L);
        storage.append(entries(4, 6));
        assertThat(terms(storage)).containsExactly(2L, 6L);
        storage.append(List.of());
        assertThat(terms(storage)).containsExactly(2L, 6L);
    }

    @Test
    void entries_that_were_compacted_are_left_out() {
        MemoryStorage storage = log();
        storage.append(entries(2, 1, 1, 4));
        assertThat(terms(storage)).containsExactly(2L, 4L);
        storage.append(entries(1, 1, 1));
        assertThat(terms(storage)).containsExactly(2L, 4L);
    }

    @Test
    void a_gap_is_refused() {
        MemoryStorage storage = log();
        assertThatThrownBy(() -> storage.append(entries(10, 5))).isInstanceOf(IllegalArgumentException.class);
        assertThat(storage.lastIndex()).isEqualTo(8);
    }

    @Test
    void compaction_drops_entries_up_to_an_index_and_keeps_its_term() {
        MemoryStorage storage = log();
        storage.compact(6);
        assertThat(storage.firstIndex()).isEqualTo(7);
        assertThat(terms(storage)).containsExactly(3L, 3L, 5L);
        storage.compact(8);
        assertThat(storage.firstIndex()).isEqualTo(9);
        assertThat(storage.lastIndex()).isEqualTo(8);
        assertThat(storage.term(8)).isEqualTo(5);
        storage.append(entries(9, 6));
        assertThat(terms(storage)).containsExactly(5L, 6L);
    }

    @Test
    void compaction_of_what_is_gone_or_not_there_is_refused() {
        MemoryStorage storage = log();
        for (long index : new long[] {0, 2, 3, 9}) {
            assertThatThrownBy(() -> storage.compact(index))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("cannot compact to " + index + ": the log has [4, 8]");
        }
        assertThat(terms(storage)).hasSize(6);
    }

    /** G2, raft issue 45: what was handed out stays as it was. */
    @Test
    void lists_that_were_handed_out_never_change() {
        MemoryStorage storage = log();
        List<Entry> before = storage.entries(4, 9, RaftConfig.NO_LIMIT);
        storage.compact(6);
        storage.append(entries(7, 9));
        assertThat(before).isEqualTo(entries(4, 2, 2, 3, 3, 5));
        assertThatThrownBy(() -> before.remove(0)).isInstanceOf(UnsupportedOperationException.class);
    }

    @Test
    void a_received_snapshot_replaces_the_whole_log() {
        MemoryStorage storage = log();
        storage.installSnapshot(snapshot(6, 7));
        assertThat(storage.firstIndex()).isEqualTo(7);
        assertThat(storage.lastIndex()).isEqualTo(6);
        assertThat(storage.term(6)).isEqualTo(7);
        assertThat(storage.snapshot()).isEqualTo(snapshot(6, 7));
        assertThatThrownBy(() -> storage.installSnapshot(snapshot(5, 7)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("snapshot at 5 is older than the one at 6");
        assertThat(storage.lastIndex()).isEqualTo(6);
    }

    @Test
    void a_snapshot_of_the_application_leaves_the_log_as_it_is() {
        MemoryStorage storage = log();
        storage.saveSnapshot(snapshot(8, 5));
        assertThat(storage.snapshot()).isEqualTo(snapshot(8, 5));
        assertThat(terms(storage)).hasSize(6);
        for (long index : new long[] {7, 9}) {
            assertThatThrownBy(() -> storage.saveSnapshot(snapshot(index, 5)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("[8, 8]");
        }
        assertThat(storage.snapshot()).isEqualTo(snapshot(8, 5));
    }

    @Test
    void an_empty_hard_state_means_that_it_has_not_changed() {
        MemoryStorage storage = new MemoryStorage();
        storage.setHardState(new HardState(3, 2, 1));
        storage.setHardState(HardState.EMPTY);
        assertThat(storage.hardState()).isEqualTo(new HardState(3, 2, 1));
    }

    @Test
    void of_a_ready_the_snapshot_comes_first_and_the_entries_behind_it() {
        MemoryStorage storage = new MemoryStorage();
        storage.append(entries(1, 1, 1));
        storage.append(snapshot(9, 3), new HardState(4, 1, 9), entries(10, 4));
        assertThat(storage.hardState()).isEqualTo(new HardState(4, 1, 9));
        assertThat(terms(storage)).containsExactly(3L, 4L);
        storage.append(Snapshot.NONE, HardState.EMPTY, entries(11, 4));
        assertThat(terms(storage)).containsExactly(3L, 4L, 4L);
        assertThat(storage.hardState()).isEqualTo(new HardState(4, 1, 9));
        assertThat(storage.snapshot()).isEqualTo(snapshot(9, 3));
    }
}
