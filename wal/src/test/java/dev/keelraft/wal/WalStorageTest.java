package dev.keelraft.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keelraft.model.Entry;
import dev.keelraft.model.HardState;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

/** What the kernel reads is what a plain list would answer, whether it comes from the cache or from the files. */
class WalStorageTest {
    /** What is done next, and two numbers in [0, 1000) that say where and how much, in proportion to what there is. */
    record Action(Kind kind, int where, int much) {}

    enum Kind {
        APPEND,
        APPEND_LARGE,
        OVERWRITE,
        COMMIT,
        SYNC,
        SNAPSHOT,
        RELEASE,
        INSTALL,
        REOPEN,
        READ
    }

    @Property(tries = 400)
    void reads_are_those_of_a_plain_list(
            @ForAll("actions") @Size(max = 60) List<Action> actions, @ForAll @IntRange(max = 6000) int cacheBytes) {
        Driver host = new Driver(new MemoryFiles(), Driver.smallOptions(1).withCacheBytes(cacheBytes));
        host.create();
        for (Action action : actions) {
            perform(host, action);
            assertReads(host, action.where(), action.much());
            assertThat(host.wal().storage().cachedBytes() - host.unwrittenBytes())
                    .as("cache")
                    .isLessThanOrEqualTo(cacheBytes);
        }
    }

    @Property(tries = 200)
    void so_they_are_where_the_view_moves_later(
            @ForAll("actions") @Size(max = 60) List<Action> actions, @ForAll @IntRange(max = 6000) int cacheBytes) {
        Driver host = new Driver(
                new MemoryFiles(),
                Driver.smallOptions(1).withCacheBytes(cacheBytes).onItsOwnThread());
        host.create();
        for (Action action : actions) {
            perform(host, action);
            host.wal().storage().catchUp();
            assertReads(host, action.where(), action.much());
        }
    }

    @Provide
    Arbitrary<List<Action>> actions() {
        Arbitrary<Kind> kinds = Arbitraries.of(Kind.class);
        Arbitrary<Integer> numbers = Arbitraries.integers().between(0, 999);
        return Combinators.combine(kinds, numbers, numbers).as(Action::new).list();
    }

    private static void perform(Driver host, Action action) {
        LogState now = host.now();
        long last = now.lastIndex();
        long commit = Math.max(now.hardState().commit(), now.startIndex());
        long term = Math.max(1, now.lastTerm());
        switch (action.kind()) {
            case APPEND -> host.entries(term, last + 1, 1 + action.much() / 100, action.where() / 4);
            case APPEND_LARGE -> host.entries(term, last + 1, 1 + action.much() / 200, 4 * action.where());
            case OVERWRITE -> {
                long first = commit + 1 + (last - commit) * action.where() / 1000;
                host.entries(term + 1, first, 1 + action.much() / 200, action.much() / 2);
            }
            case COMMIT ->
                host.hardState(
                        Math.max(1, now.hardState().term()),
                        now.hardState().vote(),
                        now.hardState().commit() + (last - now.hardState().commit()) * action.much() / 1000);
            case SYNC -> host.sync();
            case SNAPSHOT -> {
                long least =
                        Math.max(1, Math.max(now.startIndex(), now.snapshot().index()));
                if (now.hardState().commit() >= least) {
                    host.saveSnapshot(least + (now.hardState().commit() - least) * action.where() / 1000);
                }
            }
            case RELEASE -> {
                if (now.snapshot().index() > now.startIndex()) {
                    long count = now.snapshot().index() - now.startIndex();
                    host.release(now.startIndex() + 1 + (count - 1) * action.where() / 1000);
                }
            }
            case INSTALL -> {
                long index = commit + 1 + action.where() / 50;
                long newTerm = Math.max(term, now.hardState().term()) + 1;
                host.install(new HardState(newTerm, 0, index), index, term, List.of());
            }
            case REOPEN -> {
                host.close();
                host.open();
            }
            case READ -> assertReads(host, 999 - action.where(), action.much());
        }
    }

    private static void assertReads(Driver host, int where, int much) {
        LogState now = host.now();
        WalStorage storage = host.wal().storage();
        assertThat(storage.firstIndex()).isEqualTo(now.startIndex() + 1);
        assertThat(storage.lastIndex()).isEqualTo(now.lastIndex());
        assertThat(storage.hardState()).isEqualTo(now.hardState());
        assertThat(storage.snapshot()).isEqualTo(now.snapshot());
        for (long index = now.startIndex(); index <= now.lastIndex(); index++) {
            assertThat(storage.term(index)).as("term of %s", index).isEqualTo(now.term(index));
        }
        int count = now.entries().size();
        if (count > 0) {
            int from = count * where / 1000;
            int to = Math.min(count, from + 1 + (count - from) * much / 1000);
            long maxBytes = (long) much * much / 100;
            List<Entry> expected = plain(now.entries().subList(from, to), maxBytes);
            long first = now.startIndex() + 1;
            assertThat(storage.entries(first + from, first + to, maxBytes)).isEqualTo(expected);
        }
    }

    /* The contract of Storage: at least one, then as many as fit. */
    private static List<Entry> plain(List<Entry> range, long maxBytes) {
        List<Entry> found = new ArrayList<>();
        long bytes = 0;
        for (Entry entry : range) {
            bytes += entry.wireBytes();
            if (bytes > maxBytes && !found.isEmpty()) {
                break;
            }
            found.add(entry);
        }
        return found;
    }

    // ---------------------------------------------------------------- the cache

    @Example
    void recent_entries_are_read_from_memory_and_old_ones_once_from_the_file() {
        Driver host = new Driver(new MemoryFiles(), Driver.smallOptions(1).withCacheBytes(20_000));
        host.create();
        for (int i = 1; i <= 40; i++) {
            host.entries(1, i, 1, 1000);
            host.sync();
        }
        WalStorage storage = host.wal().storage();
        int before = host.files().reads();
        storage.entries(35, 41, Long.MAX_VALUE);
        assertThat(host.files().reads()).isEqualTo(before);
        storage.entries(1, 5, Long.MAX_VALUE);
        assertThat(host.files().reads()).isEqualTo(before + 4);
        storage.entries(1, 5, Long.MAX_VALUE);
        assertThat(host.files().reads()).isEqualTo(before + 4);
        assertThat(storage.cachedBytes()).isBetween(10_000L, 20_000L);
    }

    @Example
    void what_was_overwritten_is_not_read_from_the_cache() {
        Driver host = new Driver(new MemoryFiles(), Driver.smallOptions(1).withCacheBytes(3000));
        host.create();
        host.entries(1, 1, 8, 100);
        host.entries(1, 9, 12, 100);
        host.sync();
        host.hardState(1, 1, 0);
        WalStorage storage = host.wal().storage();
        assertThat(storage.entries(1, 9, Long.MAX_VALUE))
                .isEqualTo(host.now().entries().subList(0, 8));
        host.entries(2, 5, 2, 100);
        host.entries(2, 7, 14, 100);
        host.sync();
        host.hardState(1, 1, 1);
        for (int low = 1; low < 8; low++) {
            assertThat(storage.entries(low, 21, Long.MAX_VALUE))
                    .isEqualTo(host.now().entries().subList(low - 1, 20));
        }
    }

    @Example
    void a_frame_larger_than_the_cache_is_read_in_few_pieces() {
        Driver host = new Driver(new MemoryFiles(), Driver.smallOptions(1).withCacheBytes(0));
        host.create();
        host.entries(1, 1, 500, 100);
        host.sync();
        host.close();
        host.open();
        int before = host.files().reads();
        assertThat(host.wal().storage().entries(1, 501, Long.MAX_VALUE)).hasSize(500);
        assertThat(host.files().reads() - before).isEqualTo(1);
        assertThat(host.wal().storage().cachedBytes()).isZero();
    }

    @Example
    void entries_that_are_not_written_yet_can_be_read() {
        Driver host = new Driver(new MemoryFiles(), Driver.smallOptions(1).withCacheBytes(0));
        host.create();
        int before = host.files().operations();
        host.entries(1, 1, 3, 100);
        assertThat(host.files().operations()).as("still in the buffer").isEqualTo(before);
        assertThat(LogState.of(host.wal())).isEqualTo(host.now());
        host.sync();
        host.entries(1, 4, 1, 1);
        assertThat(LogState.of(host.wal())).isEqualTo(host.now());
    }

    // ---------------------------------------------------------------- damage and misuse

    @Example
    void damage_that_comes_later_is_noticed_by_the_read() {
        Driver host = new Driver(new MemoryFiles(), Driver.smallOptions(1).withCacheBytes(0));
        host.create();
        host.entries(1, 1, 1, 100);
        host.sync();
        host.entries(1, 2, 1, 100);
        host.sync();
        Path segment = new Forger(host.files()).tail();
        byte[] content = host.files().content(segment);
        for (int at = 4096 + 48 + 80 + 48 + 40; at < content.length; at++) {
            if (content[at] != 0) {
                Driver copy = host.copy();
                copy.open();
                copy.files().flip(segment, 8L * at);
                WalStorage storage = copy.wal().storage();
                try {
                    assertThat(storage.entries(1, 3, Long.MAX_VALUE))
                            .isEqualTo(host.now().entries());
                } catch (WalCorrupt e) {
                    assertThat(e.file()).isEqualTo(segment.toString());
                }
            }
        }
    }

    @Example
    void ranges_outside_the_log_are_refused() {
        Driver host = new Driver(new MemoryFiles(), Driver.smallOptions(1));
        host.create();
        host.append(new HardState(1, 0, 3), host.some(1, 1, 5, 10));
        host.saveSnapshot(2);
        host.release(2);
        WalStorage storage = host.wal().storage();
        assertThat(storage.term(2)).isEqualTo(1);
        assertThatThrownBy(() -> storage.term(1)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> storage.term(6)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> storage.entries(2, 4, 1)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> storage.entries(3, 7, 1)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> storage.entries(3, 3, 1)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThat(storage.entries(3, 6, 0)).hasSize(1);
    }

    @Example
    void lists_that_were_handed_out_never_change() {
        Driver host = new Driver(new MemoryFiles(), Driver.smallOptions(1));
        host.create();
        host.entries(1, 1, 5, 10);
        List<Entry> handedOut = host.wal().storage().entries(1, 6, Long.MAX_VALUE);
        List<Entry> copy = List.copyOf(handedOut);
        host.entries(2, 3, 1, 10);
        assertThat(handedOut).isEqualTo(copy);
        assertThatThrownBy(() -> handedOut.remove(0)).isInstanceOf(UnsupportedOperationException.class);
    }

    @Example
    void after_the_close_payloads_are_not_read() {
        Driver host = new Driver(new MemoryFiles(), Driver.smallOptions(1));
        host.create();
        host.entries(1, 1, 5, 10);
        WalStorage storage = host.wal().storage();
        host.close();
        assertThatThrownBy(() -> storage.entries(1, 6, 10)).isInstanceOf(IllegalStateException.class);
        assertThat(storage.lastIndex()).isEqualTo(5);
    }

    /* A disk that reads at the wrong place: all checksums hold. */
    @Example
    void a_frame_in_the_place_of_another_one_is_not_taken_for_it() {
        Driver host = new Driver(new MemoryFiles(), Driver.smallOptions(1).withCacheBytes(0));
        host.create();
        int first = (int) new Forger(host.files()).endOfTail();
        host.entries(1, 1, 1, 10);
        host.sync();
        int second = (int) new Forger(host.files()).endOfTail();
        host.entries(1, 2, 1, 10);
        host.close();
        host.open();
        Path segment = new Forger(host.files()).tail();
        byte[] frame = Arrays.copyOfRange(host.files().content(segment), second, 2 * second - first);
        WalInspectionTest.write(host.files(), segment, first, frame);
        WalStorage storage = host.wal().storage();
        assertThatThrownBy(() -> storage.entries(1, 2, 100))
                .isInstanceOfSatisfying(
                        WalCorrupt.class, e -> assertThat(e.offset()).isEqualTo(first))
                .hasMessageContaining("a frame does not hold entry 1 any more");
        assertThat(storage.entries(2, 3, 100)).isEqualTo(host.now().entries().subList(1, 2));
    }

    @Example
    void a_failed_read_is_said_and_the_next_one_may_succeed() {
        Driver host = new Driver(new MemoryFiles(), Driver.smallOptions(1).withCacheBytes(0));
        host.create();
        host.entries(1, 1, 1, 10);
        host.sync();
        host.close();
        host.open();
        WalStorage storage = host.wal().storage();
        host.files().failReadAt(host.files().reads() + 1);
        assertThatThrownBy(() -> storage.entries(1, 2, 10))
                .isInstanceOf(WalFailed.class)
                .hasMessageContaining("entry 1 cannot be read");
        assertThat(storage.entries(1, 2, 10)).isEqualTo(host.now().entries());
    }
}
