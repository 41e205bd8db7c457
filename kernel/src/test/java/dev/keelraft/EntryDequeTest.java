package dev.keelraft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keelraft.model.Entry;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;

/** The ring of entries, against a list. */
class EntryDequeTest {
    private enum Kind {
        ADD,
        TRUNCATE,
        REMOVE,
        RESET
    }

    /** One call; the number says how many entries, or how far from an end. */
    private record Call(Kind kind, int number) {}

    @Provide
    Arbitrary<List<Call>> calls() {
        Arbitrary<Kind> kinds = Arbitraries.frequencyOf(
                Tuple.of(8, Arbitraries.just(Kind.ADD)),
                Tuple.of(3, Arbitraries.just(Kind.TRUNCATE)),
                Tuple.of(5, Arbitraries.just(Kind.REMOVE)),
                Tuple.of(1, Arbitraries.just(Kind.RESET)));
        return Combinators.combine(kinds, Arbitraries.integers().between(0, 40))
                .as(Call::new)
                .list()
                .ofMaxSize(60);
    }

    @Property(tries = 500, edgeCases = EdgeCasesMode.NONE)
    void it_is_a_list_that_begins_at_an_index(
            @ForAll("calls") List<Call> calls, @ForAll @LongRange(min = 600, max = 1_600) long start) {
        EntryDeque deque = new EntryDeque(start);
        List<Entry> twin = new ArrayList<>();
        long first = start;
        for (Call call : calls) {
            int keep = Math.max(0, twin.size() - call.number());
            switch (call.kind()) {
                case ADD -> {
                    for (int i = 0; i < call.number(); i++) {
                        Entry entry = Entry.normal(1, first + twin.size(), new byte[(call.number() + i) % 30]);
                        deque.add(entry);
                        twin.add(entry);
                    }
                }
                case TRUNCATE -> {
                    deque.truncateFrom(first + keep);
                    twin.subList(keep, twin.size()).clear();
                }
                case REMOVE -> {
                    int removed = twin.size() - keep;
                    deque.removeThrough(first + removed - 1);
                    twin.subList(0, removed).clear();
                    first += removed;
                }
                case RESET -> {
                    first += call.number() - 10L;
                    deque.reset(first);
                    twin.clear();
                }
            }
            assertSame(deque, twin, first);
        }
    }

    private static void assertSame(EntryDeque deque, List<Entry> twin, long first) {
        assertThat(deque.firstIndex()).isEqualTo(first);
        assertThat(deque.lastIndex()).isEqualTo(first + twin.size() - 1);
        assertThat(deque.isEmpty()).isEqualTo(twin.isEmpty());
        assertThat(deque.copy(first, first + twin.size())).isEqualTo(twin);
        for (int i = 0; i < twin.size(); i++) {
            assertThat(deque.get(first + i)).isSameAs(twin.get(i));
        }
        int middle = twin.size() / 2;
        assertThat(deque.copy(first + middle, first + twin.size())).isEqualTo(twin.subList(middle, twin.size()));
        // What is not in it is not kept alive by it.
        String kept = deque.toString();
        assertThat(kept.split(" B", -1)).as(kept).hasSize(twin.size() + 1);
    }

    /** L13: of a range, at least one entry, then as many as the bytes allow. */
    @Property(tries = 500)
    void a_range_is_cut_where_its_bytes_end(
            @ForAll List<@IntRange(max = 200) Integer> sizes,
            @ForAll @LongRange(max = 1_000) long maxBytes,
            @ForAll @LongRange(max = 10) long skip) {
        EntryDeque deque = new EntryDeque(5);
        for (int size : sizes) {
            deque.add(Entry.normal(1, deque.lastIndex() + 1, new byte[size]));
        }
        long low = Math.min(5 + skip, deque.lastIndex() + 1);
        long high = deque.lastIndex() + 1;
        List<Entry> taken = new ArrayList<>();
        for (long index = low; index < high; index++) {
            taken.add(deque.get(index));
            if (taken.size() > 1 && Entry.wireBytes(taken) > maxBytes) {
                taken.remove(taken.size() - 1);
                break;
            }
        }
        assertThat(deque.endWithin(low, high, maxBytes)).isEqualTo(low + taken.size());
    }

    @Example
    void what_it_hands_out_is_a_copy_that_nobody_can_change() {
        EntryDeque deque = new EntryDeque(1);
        deque.add(Entry.empty(1, 1));
        deque.add(Entry.empty(1, 2));
        deque.add(Entry.empty(1, 3));
        for (List<Entry> copy : List.of(deque.copy(1, 4), deque.copy(1, 2), deque.copy(1, 1))) {
            assertThatThrownBy(() -> copy.add(Entry.empty(9, 9))).isInstanceOf(UnsupportedOperationException.class);
        }
        List<Entry> before = deque.copy(1, 4);
        deque.truncateFrom(2);
        assertThat(before).hasSize(3);
    }

    @Example
    void an_entry_that_is_not_the_next_is_refused() {
        EntryDeque deque = new EntryDeque(5);
        assertThatThrownBy(() -> deque.add(Entry.empty(1, 6)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("cannot follow index 4");
        deque.add(Entry.empty(1, 5));
        assertThatThrownBy(() -> deque.add(Entry.empty(1, 5))).isInstanceOf(IllegalArgumentException.class);
    }

    @Example
    void an_index_that_is_not_there_is_refused() {
        EntryDeque deque = new EntryDeque(5);
        deque.add(Entry.empty(1, 5));
        for (long missing : new long[] {4, 6}) {
            assertThatThrownBy(() -> deque.get(missing))
                    .isInstanceOf(IndexOutOfBoundsException.class)
                    .hasMessage("index " + missing + " is not in [5, 5]");
        }
    }

    /** etcd issue 17098: a group that was busy once must not hold a large ring for ever. */
    @Example
    void an_empty_ring_lets_go_of_many_slots_and_keeps_few() {
        EntryDeque deque = new EntryDeque(1);
        for (long index = 1; index <= 1_000; index++) {
            deque.add(Entry.empty(1, index));
        }
        deque.removeThrough(999);
        assertThat(deque.toString()).contains("null, null");
        deque.removeThrough(1_000);
        assertThat(deque).hasToString("[1001, 1000] in []");
        deque.add(Entry.empty(1, 1_001));
        deque.reset(7);
        assertThat(deque.toString()).startsWith("[7, 6] in [null, ");
    }
}
