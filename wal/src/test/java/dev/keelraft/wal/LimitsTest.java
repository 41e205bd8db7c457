package dev.keelraft.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.EntryType;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Snapshot;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.AbstractList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;

/** The largest, the smallest, the last, and lengths that cannot be. */
class LimitsTest {
    private static final Layout LAYOUT = Layout.in(Driver.DATA);
    private static final int SEGMENTS = Integer.getInteger("keel.wal.segments", 1_000);

    private final Driver host = new Driver(new MemoryFiles(), Driver.smallOptions(1));
    private final MemoryFiles files = host.files();

    // ---------------------------------------------------------------- batches

    @Example
    void entries_without_a_byte_and_batches_without_entries_are_as_good_as_any() {
        host.create();
        host.entries(1, 1, 3, 0);
        host.append(HardState.EMPTY, List.of()); // stores nothing
        host.hardState(2, 1, 3);
        host.sync();
        host.files().kill();
        host.open();
        assertThat(host.now().entries())
                .extracting(entry -> entry.data().length)
                .containsExactly(0, 0, 0);
    }

    @Example
    void the_largest_entry_that_the_kernel_takes_is_found_again() {
        host.create();
        host.entries(1, 1, 1, 8 << 20);
        host.sync();
        host.entries(1, 2, 1, 1);
        host.files().kill();
        host.open();
        assertThat(host.now().entries().get(0).data()).hasSize(8 << 20);
    }

    @Example
    void a_batch_that_no_frame_can_hold_is_refused_before_memory_is_taken_for_it() {
        host.create();
        byte[] large = new byte[8 << 20];
        List<Entry> tooMuch = new AbstractList<>() {
            @Override
            public Entry get(int index) {
                return new Entry(1, index + 1L, EntryType.NORMAL, large);
            }

            @Override
            public int size() {
                return 128;
            }
        };
        long before = direct();
        assertThatThrownBy(() -> host.wal().append(HardState.EMPTY, Snapshot.NONE, SnapshotFile.NONE, tooMuch))
                .isInstanceOf(WalAppendRefused.class)
                .hasMessageContaining("longer than");
        assertThat(direct() - before).isLessThan(1 << 20);
        host.entries(1, 1, 1, 10);
        host.sync();
    }

    /* Around 2^63: what the format can hold is stored and found again, and the rest is refused, with nothing changed. */
    @Property(tries = 200)
    void no_index_or_term_wraps(
            @ForAll @LongRange(min = Long.MAX_VALUE - 6, max = Long.MAX_VALUE) long index,
            @ForAll @LongRange(min = Long.MAX_VALUE - 3, max = Long.MAX_VALUE) long term,
            @ForAll @IntRange(min = 0, max = 6) int most) {
        Driver host = new Driver(new MemoryFiles(), Driver.smallOptions(1));
        host.create();
        host.entries(1, 1, 2, 5);
        LogState before = host.now();
        int entries = (int) Math.min(most, Long.MAX_VALUE - index); // there is no entry beyond
        Entry[] behind = new Entry[entries];
        Arrays.setAll(behind, i -> new Entry(term, index + 1 + i, EntryType.NORMAL, new byte[3]));
        boolean fits = index <= GroupState.MAX_INDEX - entries;
        try {
            host.install(new HardState(term, 0, index), index, term, List.of(behind));
            assertThat(fits).isTrue();
            host.sync();
            host.files().kill();
            host.open();
            assertThat(host.now().lastIndex()).isEqualTo(index + entries);
        } catch (WalAppendRefused refused) {
            assertThat(fits).isFalse();
            host.refused(before);
        }
    }

    // ---------------------------------------------------------------- lengths that cannot be

    @Example
    void no_length_in_a_frame_is_believed_before_it_was_compared_with_the_file() {
        threeEntries();
        byte[] whole = files.content(LAYOUT.segment(1));
        int end = (int) new Forger(files).endOfTail();
        Driver.open(host.copy().files(), Driver.smallOptions(1)); // what every open needs is there from here on
        for (int length : new int[] {-1, -8, Integer.MIN_VALUE, Integer.MAX_VALUE, Integer.MAX_VALUE - 7, 1 << 30, 7}) {
            byte[] damaged = whole.clone();
            ByteBuffer frame = ByteBuffer.wrap(damaged, end, 48).slice().order(ByteOrder.LITTLE_ENDIAN);
            frame.putInt(0, Frame.MAGIC).putInt(Frame.PAYLOAD_BYTES, length).putLong(Frame.BATCH_SEQUENCE, 9);
            BytesFromDisk.sealed("0000000000000001.wal", damaged);
            Driver copy = host.copy();
            copy.files().put(LAYOUT.segment(1), damaged);
            long before = direct();
            copy.open();
            assertThat(direct() - before).as("length %s", length).isLessThan(4 << 20);
            assertThat(copy.wal().recovered().droppedBytes()).isPositive();
        }
    }

    @Example
    void no_length_of_a_segment_is_believed_before_it_was_compared_with_the_file() {
        threeEntries();
        for (long length : new long[] {-1, 0, Long.MIN_VALUE, Long.MAX_VALUE, 1L << 40}) {
            byte[] damaged = files.content(LAYOUT.segment(1));
            ByteBuffer page = ByteBuffer.wrap(damaged, 0, 4096).slice().order(ByteOrder.LITTLE_ENDIAN);
            page.putLong(80, length);
            page.putInt(4092, new Checksum().of(page, 0, 4092));
            Driver copy = host.copy();
            copy.files().put(LAYOUT.segment(1), damaged);
            long before = direct();
            assertThatThrownBy(copy::open).isInstanceOf(WalCorrupt.class).hasMessageContaining("was created with");
            assertThat(direct() - before).isLessThan(4 << 20);
        }
    }

    /* Every count and length of every record, in a frame whose checksums hold. */
    @Example
    void no_length_or_count_in_a_record_is_believed_before_it_was_compared_with_the_frame() {
        threeEntries();
        ConfState members = new ConfState(
                List.of(1L), List.of(2L), List.of(3L), List.of(), true, List.of(new ConfState.Incarnation(1, 5)));
        SavedSnapshot saved =
                new SavedSnapshot(new Snapshot(2, 1, members, new byte[9]), new SnapshotFile("name", 1, 2));
        ByteBuffer payload = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);
        RecordWriter writer = new RecordWriter();
        writer.begin(payload);
        writer.of(0).snapshot(RecordType.SNAPSHOT, saved);
        byte[] record = Arrays.copyOf(payload.array(), payload.position());
        for (int at = 4; at + 4 <= record.length; at += 4) {
            for (int value : new int[] {-1, Integer.MIN_VALUE, Integer.MAX_VALUE, 1 << 28, 1 << 16}) {
                byte[] damaged = record.clone();
                ByteBuffer.wrap(damaged).order(ByteOrder.LITTLE_ENDIAN).putInt(at, value);
                Driver copy = host.copy();
                new Forger(copy.files()).append(damaged, 1, 0, 1, 0);
                int operations = copy.files().operations();
                long before = direct();
                try {
                    Driver.open(copy.files(), Driver.smallOptions(1));
                } catch (WalCorrupt | WalUnsupportedVersion expected) {
                    assertThat(copy.files().operations()).isEqualTo(operations);
                }
                assertThat(direct() - before).isLessThan(4 << 20);
            }
        }
    }

    // ---------------------------------------------------------------- many segments

    /* A thousand by default; ten thousand with -Pcrashes. */
    @Example
    void an_open_of_many_segments_takes_time_in_proportion_and_no_more_memory() {
        Wal wal = Driver.create(files, Driver.smallOptions(1));
        int[] reads = new int[2];
        for (int half = 0; half < 2; half++) {
            while (!files.exists(LAYOUT.segment((half + 1L) * SEGMENTS / 2))) {
                wal.append(
                        HardState.EMPTY,
                        Snapshot.NONE,
                        SnapshotFile.NONE,
                        Collections.singletonList(Entry.normal(1, wal.storage().lastIndex() + 1, new byte[6_000])));
            }
            wal.sync();
            long last = wal.storage().lastIndex();
            files.kill();
            int before = files.reads();
            long memory = direct();
            wal = Driver.open(files, Driver.smallOptions(2));
            reads[half] = files.reads() - before;
            assertThat(direct() - memory).as("direct memory").isLessThan(8 << 20);
            assertThat(wal.storage().lastIndex()).isEqualTo(last);
        }
        assertThat(reads[1]).isLessThan(2 * reads[0] + 20);
        System.out.println("LimitsTest: an open of " + SEGMENTS / 2 + " segments took " + reads[0] + " reads, one of "
                + SEGMENTS + " " + reads[1]);
    }

    // ---------------------------------------------------------------- parts

    private void threeEntries() {
        host.create();
        host.append(new HardState(1, 1, 2), host.some(1, 1, 3, 50));
        host.sync();
        host.files().kill();
    }

    /* What was allocated outside of the heap and not given back yet; it only falls when the collector runs. */
    private static long direct() {
        return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
                .filter(pool -> pool.getName().equals("direct"))
                .mapToLong(BufferPoolMXBean::getTotalCapacity)
                .sum();
    }
}
