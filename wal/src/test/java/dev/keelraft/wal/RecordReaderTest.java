package dev.keelraft.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keelraft.model.ConfState;
import dev.keelraft.model.ConfState.Incarnation;
import dev.keelraft.model.Entry;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Snapshot;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/**
 * Records that cannot be, behind a checksum that is right: written by a defect, or by somebody. Each of them is called what it is,
 * and none leads to another exception, or to a state of its own making. Offsets are those of the package page.
 */
class RecordReaderTest {
    /** Where the body of the first record begins. */
    private static final int BODY = 16;

    /** Where the first snapshot of a STATE begins. */
    private static final int FIRST_SNAPSHOT = BODY + 64;

    private static final ConfState MEMBERS = new ConfState(
            List.of(1L, 2L), List.of(1L, 3L), List.of(4L), List.of(3L), true, List.of(new Incarnation(2, 9)));
    private static final SavedSnapshot SAVED =
            new SavedSnapshot(new Snapshot(7, 3, MEMBERS, new byte[] {1, 2, 3}), new SnapshotFile("a.snap", 5, 6));

    private interface Read {
        void from(RecordReader reader) throws MalformedRecordException;
    }

    private static ByteBuffer written(Consumer<RecordWriter> record) {
        ByteBuffer payload = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);
        RecordWriter writer = new RecordWriter();
        writer.begin(payload);
        record.accept(writer);
        return payload.flip();
    }

    private static ByteBuffer snapshot() {
        return written(writer -> writer.snapshot(RecordType.SNAPSHOT, SAVED));
    }

    private static ByteBuffer state() {
        return written(
                writer -> writer.state(new GroupState(new HardState(3, 2, 8), List.of(SAVED, SAVED), 4, 2, 9, 3)));
    }

    private static void read(ByteBuffer payload, Read what) throws MalformedRecordException {
        RecordReader reader = new RecordReader(payload);
        assertThat(reader.next()).isTrue();
        what.from(reader);
    }

    /** Checks that a record is read, and that it is not with one field changed. */
    private static void assertRefused(ByteBuffer sound, Read what, Consumer<ByteBuffer> change, String text) {
        assertThatCode(() -> read(sound, what)).as("as it was written").doesNotThrowAnyException();
        change.accept(sound);
        assertThatThrownBy(() -> read(sound, what))
                .isInstanceOf(MalformedRecordException.class)
                .hasMessageContaining(text);
    }

    private static String entries(ByteBuffer payload, boolean passing) {
        StringBuilder text = new StringBuilder();
        RecordReader reader = new RecordReader(payload);
        try {
            while (reader.next()) {
                if (reader.type() != RecordType.ENTRY) {
                    text.append(" type ").append(reader.type());
                    continue;
                }
                long index = reader.index();
                int more = passing ? reader.passLikeThis() : 0;
                for (int i = 0; i <= more; i++) {
                    text.append(' ')
                            .append(reader.group())
                            .append('/')
                            .append(index + i)
                            .append('/')
                            .append(reader.term())
                            .append(reader.entryType());
                }
            }
            return text + " in " + reader.count();
        } catch (MalformedRecordException | WalUnsupportedVersion e) {
            return text + " " + e.getMessage();
        }
    }

    /** The shorter look at entries that are alike sees what the longer one sees, whatever bit of them is another. */
    @Test
    void entries_that_are_alike_are_told_from_those_that_are_not() {
        for (int bytes : new int[] {0, 5, 8}) {
            for (long first : new long[] {1, Long.MAX_VALUE - 3}) {
                ByteBuffer payload = written(writer -> {
                    for (int i = 0; i < 4; i++) {
                        writer.entry(Entry.normal(2, first + i, new byte[bytes]));
                    }
                    writer.hardState(new HardState(2, 1, 0));
                });
                assertThat(entries(payload, true))
                        .isEqualTo(entries(payload, false))
                        .endsWith(" in 5");
                for (int bit = 0; bit < 8 * payload.limit(); bit++) {
                    byte[] content = new byte[payload.limit()];
                    payload.get(0, content);
                    content[bit / 8] ^= (byte) (1 << (bit % 8));
                    ByteBuffer changed = ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN);
                    assertThat(entries(changed, true)).as("bit %d", bit).isEqualTo(entries(changed, false));
                }
            }
        }
    }

    @Test
    void what_was_written_is_read() throws MalformedRecordException {
        read(snapshot(), reader -> assertThat(reader.snapshot()).isEqualTo(SAVED));
        read(state(), reader -> {
            GroupState state = reader.state();
            assertThat(state.hardState()).isEqualTo(new HardState(3, 2, 8));
            assertThat(state.snapshots()).containsExactly(SAVED, SAVED);
            assertThat(List.of(state.startIndex(), state.lastIndex())).containsExactly(4L, 9L);
        });
    }

    @Test
    void heads_of_records() {
        Read nothing = reader -> {};
        assertRefused(snapshot(), nothing, bytes -> bytes.put(0, (byte) 0), "type 0");
        assertRefused(snapshot(), nothing, bytes -> bytes.putShort(2, (short) 1), "reserved bits");
        assertRefused(snapshot(), nothing, bytes -> bytes.putInt(4, -1), "cut off");
        assertRefused(snapshot(), nothing, bytes -> bytes.putInt(4, bytes.limit() - BODY + 1), "cut off");
        assertRefused(snapshot(), nothing, bytes -> bytes.limit(BODY - 1), "head is cut off");
        assertRefused(
                written(writer -> writer.entry(Entry.normal(1, 1, new byte[1]))),
                nothing,
                bytes -> bytes.put(bytes.limit() - 1, (byte) 1),
                "padding");
    }

    @Test
    void entries() {
        assertRefused(
                written(writer -> writer.entry(Entry.normal(1, 1, new byte[8]))),
                RecordReader::entry,
                bytes -> bytes.putShort(2, (short) 3),
                "an entry of type 3");
        for (int at : new int[] {0, 8}) {
            assertRefused(
                    written(writer -> writer.entry(Entry.normal(1, 1, new byte[8]))),
                    RecordReader::entry,
                    bytes -> bytes.putLong(BODY + at, -1),
                    "beyond 63 bits");
        }
    }

    @Test
    void hard_states_and_compactions() {
        for (int at : new int[] {0, 16}) {
            assertRefused(
                    written(writer -> writer.hardState(new HardState(1, -5, 1))),
                    RecordReader::hardState,
                    bytes -> bytes.putLong(BODY + at, -1),
                    "beyond 63 bits");
        }
        assertRefused(
                written(writer -> writer.hardState(new HardState(1, 1, 1))),
                RecordReader::hardState,
                bytes -> bytes.putInt(4, 16),
                "with a body of 16 bytes");
        assertRefused(
                written(writer -> writer.compact(1, 1)),
                RecordReader::index,
                bytes -> bytes.limit(BODY + 8).putInt(4, 8),
                "with a body of 8 bytes");
        assertRefused(
                written(writer -> {
                    writer.compact(1, 1);
                    writer.compact(0, 0);
                }),
                RecordReader::term,
                bytes -> bytes.putInt(4, 24),
                "with a body of 24 bytes");
    }

    @Test
    void lengths_and_counts_of_snapshots() {
        Read snapshot = RecordReader::snapshot;
        // Name, data; voters, outgoing voters, learners, next learners.
        for (int at : new int[] {28, 32, 40, 44, 48, 52}) {
            assertRefused(snapshot(), snapshot, bytes -> bytes.putInt(BODY + at, -1), "cut off");
            assertRefused(snapshot(), snapshot, bytes -> bytes.putInt(BODY + at, 1 << 20), "cut off");
        }
        assertRefused(snapshot(), snapshot, bytes -> bytes.putInt(BODY + 36, 4), "reserved bits");
        assertRefused(snapshot(), snapshot, bytes -> bytes.putInt(BODY + 28, 5), "contradicts itself");
        assertRefused(snapshot(), snapshot, bytes -> bytes.putInt(4, 48).limit(BODY + 48), "cut off");
    }

    @Test
    void incarnations_of_snapshots() {
        Read snapshot = RecordReader::snapshot;
        int count = BODY + 56 + 8 * 6;
        for (long wrong : new long[] {0, -1, 3, Long.MAX_VALUE}) {
            assertRefused(snapshot(), snapshot, bytes -> bytes.putLong(count, wrong), "incarnations are cut off");
        }
        // All that is there is taken for voters, and nothing is left for the count.
        assertRefused(
                snapshot(),
                snapshot,
                bytes -> {
                    int words = (bytes.getInt(4) - 56) / 8;
                    bytes.putInt(BODY + 40, words).putInt(BODY + 44, 0).putInt(BODY + 48, 0);
                    bytes.putInt(BODY + 52, 0);
                },
                "incarnations are cut off");
        assertRefused(snapshot(), snapshot, bytes -> bytes.putLong(count + 16, 0), "incarnation 0");
    }

    @Test
    void snapshots_that_cannot_be() {
        Read snapshot = RecordReader::snapshot;
        for (int at : new int[] {0, 8, 16}) {
            assertRefused(snapshot(), snapshot, bytes -> bytes.putLong(BODY + at, -1), "beyond 63 bits");
        }
        assertRefused(snapshot(), snapshot, bytes -> bytes.putLong(BODY, 0), "without an index or a file");
        assertRefused(snapshot(), snapshot, bytes -> bytes.putLong(BODY + 56, 2), "cannot be");
        assertRefused(snapshot(), snapshot, bytes -> bytes.putLong(BODY + 56, 0), "cannot be");
        SavedSnapshot noFile = new SavedSnapshot(SAVED.snapshot(), SnapshotFile.NONE);
        assertThatThrownBy(() -> read(written(writer -> writer.snapshot(RecordType.SNAPSHOT, noFile)), snapshot))
                .isInstanceOf(MalformedRecordException.class)
                .hasMessageContaining("without an index or a file");
    }

    @Test
    void states() {
        Read state = RecordReader::state;
        assertRefused(state(), state, bytes -> bytes.putInt(BODY + 60, 1), "reserved bits");
        for (int wrong : new int[] {-1, 3}) {
            assertRefused(state(), state, bytes -> bytes.putInt(BODY + 56, wrong), "too many snapshots");
        }
        assertRefused(state(), state, bytes -> bytes.putInt(BODY + 56, 1), "contradicts itself");
        assertRefused(state(), state, bytes -> bytes.putLong(BODY + 24, 10), "cannot be");
        assertRefused(state(), state, bytes -> bytes.putLong(BODY + 40, Long.MAX_VALUE), "cannot be");
        for (int at : new int[] {24, 32, 40, 48}) {
            assertRefused(state(), state, bytes -> bytes.putLong(BODY + at, -1), "beyond 63 bits");
        }
        int lastByte = BODY + 64 + (state().getInt(4) - 64) / 2 - 1;
        assertRefused(state(), state, bytes -> bytes.put(lastByte, (byte) 1), "padding");
        assertRefused(state(), state, bytes -> bytes.putInt(FIRST_SNAPSHOT + 36, 8), "reserved bits");
    }

    @Test
    void boots() {
        assertRefused(
                written(writer -> writer.boot(1, 2, 3)),
                RecordReader::bootCount,
                bytes -> bytes.putLong(BODY, -1),
                "beyond 63 bits");
    }
}
