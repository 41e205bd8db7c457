package dev.keelraft.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.util.List;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;

/** Entries, and how long they are on the wire. */
class EntryTest {
    /** A protobuf writer for etcd's {@code raftpb.Entry} that can do nothing else: 1 type, 2 term, 3 index, 4 data. */
    private static byte[] written(Entry entry) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        number(out, 1, entry.type().number());
        number(out, 2, entry.term());
        number(out, 3, entry.index());
        if (entry.data().length > 0) {
            varint(out, 4 << 3 | 2);
            varint(out, entry.data().length);
            out.writeBytes(entry.data());
        }
        return out.toByteArray();
    }

    private static void number(ByteArrayOutputStream out, int field, long value) {
        if (value != 0) {
            varint(out, (long) field << 3);
            varint(out, value);
        }
    }

    private static void varint(ByteArrayOutputStream out, long value) {
        long rest = value;
        while (rest > 127) {
            out.write((int) (rest % 128) + 128);
            rest /= 128;
        }
        out.write((int) rest);
    }

    /** L13. */
    @Property
    void its_wire_bytes_are_as_many_as_a_protobuf_writer_writes(
            @ForAll @LongRange(min = 0) long term,
            @ForAll @LongRange(min = 0) long index,
            @ForAll EntryType type,
            @ForAll @Size(max = 300) byte[] data) {
        Entry entry = new Entry(term, index, type, data);
        assertThat(entry.wireBytes()).isEqualTo(written(entry).length);
        assertThat(entry.payloadBytes()).isEqualTo(data.length);
    }

    @Example
    void its_wire_bytes_are_right_around_every_length_of_a_varint() {
        for (int bits = 0; bits < Long.SIZE - 1; bits++) {
            for (long value : new long[] {(1L << bits) - 1, 1L << bits}) {
                Entry entry = new Entry(value, value, EntryType.NORMAL, new byte[0]);
                assertThat(entry.wireBytes()).isEqualTo(written(entry).length);
            }
        }
        for (int length : new int[] {0, 1, 127, 128, 16_383, 16_384}) {
            Entry entry = Entry.normal(1, 1, new byte[length]);
            assertThat(entry.wireBytes()).isEqualTo(written(entry).length);
        }
    }

    @Example
    void sums_count_every_entry_of_a_list() {
        List<Entry> entries =
                List.of(Entry.empty(1, 1), Entry.normal(1, 2, new byte[10]), Entry.normal(9, 3, new byte[5]));
        assertThat(Entry.payloadBytes(entries)).isEqualTo(15);
        assertThat(Entry.wireBytes(entries)).isEqualTo(4 + 16 + 11);
        assertThat(Entry.wireBytes(List.of())).isZero();
        assertThat(Entry.payloadBytes(List.of())).isZero();
    }

    @Example
    void entries_are_equal_by_their_content() {
        Entry entry = Entry.normal(1, 2, new byte[] {3});
        assertThat(entry)
                .isEqualTo(Entry.normal(1, 2, new byte[] {3}))
                .hasSameHashCodeAs(Entry.normal(1, 2, new byte[] {3}));
        assertThat(entry).isNotEqualTo(Entry.normal(9, 2, new byte[] {3}));
        assertThat(entry).isNotEqualTo(Entry.normal(1, 9, new byte[] {3}));
        assertThat(entry).isNotEqualTo(Entry.normal(1, 2, new byte[] {9}));
        assertThat(entry).isNotEqualTo(new Entry(1, 2, EntryType.CONF_CHANGE, new byte[] {3}));
        assertThat(entry).hasToString("1/2 NORMAL 1 B");
    }

    @Example
    void negative_numbers_are_refused() {
        assertThatThrownBy(() -> Entry.empty(-1, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Entry.empty(1, -1)).isInstanceOf(IllegalArgumentException.class);
    }

    @Example
    void its_type_has_the_number_that_it_has_in_etcd() {
        assertThat(EntryType.NORMAL.number()).isZero();
        assertThat(EntryType.CONF_CHANGE.number()).isEqualTo(1);
        assertThat(EntryType.CONF_CHANGE_V2.number()).isEqualTo(2);
        assertThat(EntryType.NORMAL.isConfChange()).isFalse();
        assertThat(EntryType.CONF_CHANGE.isConfChange()).isTrue();
        assertThat(EntryType.CONF_CHANGE_V2.isConfChange()).isTrue();
    }
}
