package dev.keelraft.wal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.keelraft.model.Entry;
import dev.keelraft.wal.EntryCache.Block;
import java.util.stream.LongStream;
import net.jqwik.api.Example;

/** What is kept in memory of a log: the last entries, and what was read of files; each within its half of the bound. */
class EntryCacheTest {
    private static final int PAYLOAD_BYTES = 36;
    private static final long BYTES = PAYLOAD_BYTES + EntryCache.ENTRY_BYTES;

    /** Room for ten of the last entries, and ten from files. */
    private final EntryCache cache = new EntryCache(20 * BYTES, 1);

    private static Entry entry(long term, long index) {
        return Entry.normal(term, index, new byte[PAYLOAD_BYTES]);
    }

    private static Block block(long first, int count) {
        Entry[] entries = LongStream.range(first, first + count)
                .mapToObj(index -> entry(1, index))
                .toArray(Entry[]::new);
        return new Block(first, entries, count * BYTES);
    }

    private void add(long term, long first, long last) {
        for (long index = first; index <= last; index++) {
            cache.add(entry(term, index));
        }
    }

    @Example
    void the_last_entries_are_there_and_nothing_before_or_behind_them() {
        assertThat(cache.recent(1)).isNull();
        add(1, 5, 8);
        assertThat(cache.oldestRecent()).isEqualTo(5);
        assertThat(cache.recent(4)).isNull();
        assertThat(cache.recent(5)).isEqualTo(entry(1, 5));
        assertThat(cache.recent(8)).isEqualTo(entry(1, 8));
        assertThat(cache.recent(9)).isNull();
        assertThat(cache.bytes()).isEqualTo(4 * BYTES);
    }

    @Example
    void an_entry_replaces_all_from_its_index_on() {
        add(1, 1, 8);
        add(2, 4, 5);
        assertThat(cache.recent(3)).isEqualTo(entry(1, 3));
        assertThat(cache.recent(4)).isEqualTo(entry(2, 4));
        assertThat(cache.recent(5)).isEqualTo(entry(2, 5));
        assertThat(cache.recent(6)).isNull();
        assertThat(cache.bytes()).isEqualTo(5 * BYTES);
        add(3, 1, 1);
        assertThat(cache.recent(1)).isEqualTo(entry(3, 1));
        assertThat(cache.recent(2)).isNull();
    }

    @Example
    void it_is_over_full_when_the_last_entries_take_more_than_their_half() {
        add(1, 1, 10);
        assertThat(cache.isOverFull()).isFalse();
        add(1, 11, 11);
        assertThat(cache.isOverFull()).isTrue();
        cache.removeThrough(1);
        assertThat(cache.isOverFull()).isFalse();
        assertThat(cache.oldestRecent()).isEqualTo(2);
        assertThat(cache.recent(1)).isNull();
        assertThat(cache.recent(2)).isEqualTo(entry(1, 2));
    }

    /** The ring turns, grows while it is turned, and shrinks when it is empty. */
    @Example
    void entries_keep_their_places_while_the_ring_turns_and_grows() {
        EntryCache large = new EntryCache(1 << 20, 1);
        for (long index = 1; index <= 50; index++) {
            large.add(entry(1, index));
        }
        large.removeThrough(40);
        for (long index = 51; index <= 300; index++) {
            large.add(entry(1, index));
        }
        for (long index = 41; index <= 300; index++) {
            assertThat(large.recent(index)).isEqualTo(entry(1, index));
        }
        large.removeThrough(300);
        assertThat(large.bytes()).isZero();
        large.add(entry(2, 301));
        assertThat(large.recent(301)).isEqualTo(entry(2, 301));
        assertThat(large.recent(300)).isNull();
    }

    @Example
    void what_was_read_of_a_frame_stays_until_others_were_used_since_and_need_the_room() {
        cache.keep(100, block(1, 4));
        cache.keep(200, block(5, 4));
        assertThat(cache.bytes()).isEqualTo(8 * BYTES);
        assertThat(cache.block(100)).isNotNull();
        cache.keep(300, block(9, 4));
        assertThat(cache.block(200)).isNull();
        assertThat(cache.block(100)).isNotNull();
        assertThat(cache.block(300)).isNotNull();
        assertThat(cache.bytes()).isEqualTo(8 * BYTES);
        // Exactly the bound has room.
        cache.keep(400, block(13, 2));
        assertThat(cache.block(100)).isNotNull();
        assertThat(cache.bytes()).isEqualTo(10 * BYTES);
    }

    @Example
    void a_frame_that_is_kept_again_is_counted_once_and_one_larger_than_the_bound_is_not_kept() {
        cache.keep(100, block(1, 4));
        cache.keep(100, block(1, 6));
        assertThat(cache.bytes()).isEqualTo(6 * BYTES);
        cache.keep(200, block(9, 10));
        assertThat(cache.block(200)).isNotNull();
        assertThat(cache.block(100)).isNull();
        cache.keep(300, block(20, 11));
        assertThat(cache.block(300)).isNull();
        assertThat(cache.block(200)).isNotNull();
        assertThat(cache.maxBlockBytes()).isEqualTo(10 * BYTES);
    }

    @Example
    void nothing_is_left_when_it_is_cleared() {
        add(1, 1, 5);
        cache.keep(100, block(1, 4));
        cache.clear();
        assertThat(cache.bytes()).isZero();
        assertThat(cache.recent(5)).isNull();
        assertThat(cache.block(100)).isNull();
        add(1, 6, 6);
        assertThat(cache.recent(6)).isEqualTo(entry(1, 6));
    }
}
