package dev.keelraft.wal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.EntryType;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Snapshot;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.CRC32C;
import net.jqwik.api.Example;

/**
 * The bytes on disk, field by field, as the description of the package gives them. They are read with code of their own: what
 * version 1 has written must be read for ever, so a change that makes one of these fail is a change of the version.
 */
class FormatTest {
    private static final Layout LAYOUT = Layout.in(Driver.DATA);
    private static final long MILLIS = 1_700_000_000_000L;
    private static final ConfState MEMBERS =
            new ConfState(List.of(1L, 7L), List.of(2L), List.of(9L), List.of(3L, 4L), true);

    private final Driver host = new Driver(new MemoryFiles(), Driver.smallOptions(1));
    private SnapshotFile file = SnapshotFile.NONE;

    /* One frame of each kind, at places that can be counted by hand. */
    private void written() throws IOException {
        host.create();
        Wal wal = host.wal();
        Entry first = new Entry(1, 1, EntryType.NORMAL, new byte[] {10, 11, 12});
        Entry second = new Entry(1, 2, EntryType.CONF_CHANGE_V2, new byte[0]);
        wal.append(new HardState(1, -3, 2), Snapshot.NONE, SnapshotFile.NONE, List.of(first, second));
        Path path = wal.snapshotDirectory().resolve("snap-é");
        try (OpenFile open = host.files().create(path)) {
            open.write(ByteBuffer.wrap(new byte[] {1, 2, 3, 4, 5}), 0);
        }
        file = SnapshotFile.of(host.files(), path);
        wal.saveSnapshot(new Snapshot(2, 1, MEMBERS, new byte[] {7, 8, 9}), file);
        wal.release(2);
        wal.append(new HardState(4, 0, 9), new Snapshot(9, 3, ConfState.of(List.of(1L)), new byte[0]), file, List.of());
        wal.sync();
        wal.close();
    }

    @Example
    void the_header_of_a_segment() throws IOException {
        written();
        ByteBuffer bytes = read(LAYOUT.segment(1));
        ByteBuffer identity = read(LAYOUT.identity());
        assertThat(bytes.capacity()).isEqualTo(16384);
        assertThat(hex(bytes, 0, 8)).isEqualTo("895257414c0d0a1a");
        assertThat(bytes.getShort(8)).isEqualTo((short) 1);
        assertThat(hex(bytes, 10, 14)).as("minor version, features").isEqualTo("0".repeat(28));
        assertThat(hex(bytes, 24, 16)).as("log").isEqualTo(hex(identity, 48, 16));
        assertThat(bytes.getLong(40)).as("cluster").isEqualTo(0xC1);
        assertThat(bytes.getLong(48)).as("member").isEqualTo(7);
        assertThat(bytes.getLong(56)).as("sequence").isEqualTo(1);
        assertThat(bytes.getLong(64)).as("salt").isNotZero();
        assertThat(bytes.getLong(72)).as("start").isZero();
        assertThat(bytes.getLong(80)).as("length").isEqualTo(16384);
        assertThat(bytes.getLong(88)).as("previous length").isZero();
        assertThat(bytes.getInt(96)).as("previous chain").isZero();
        assertThat(bytes.getInt(100)).isZero();
        assertThat(bytes.getLong(104)).as("first frame").isEqualTo(1);
        assertThat(bytes.getLong(112)).as("boot").isZero();
        assertThat(bytes.getLong(120)).as("created").isEqualTo(MILLIS);
        assertZeros(bytes, 128, 4092);
        assertThat(bytes.getInt(4092)).isEqualTo(crc(bytes, 0, 4092));
    }

    @Example
    void frames_follow_each_other_under_one_chain() throws IOException {
        written();
        ByteBuffer bytes = read(LAYOUT.segment(1));
        long salt = bytes.getLong(64);
        int chain = bytes.getInt(4092);
        int[] payloads = {80, 40, 40 + 2 * 32 + 8, 136, 32, 40 + 88};
        long[] durable = {0, 4096 + 128, 4096 + 128 + 88, 4096 + 128 + 88, 4096 + 128 + 88 + 160 + 184, 4736};
        int at = 4096;
        for (int i = 0; i < payloads.length; i++) {
            assertThat(text(bytes, at, 4)).isEqualTo("KFRM");
            assertThat(bytes.getInt(at + 4)).as("payload of frame %s", i).isEqualTo(payloads[i]);
            assertThat(bytes.getLong(at + 8)).as("sequence").isEqualTo(i + 1);
            assertThat(bytes.getLong(at + 16)).as("durable at frame %s", i).isEqualTo(durable[i]);
            assertThat(bytes.getInt(at + 28)).as("flags").isZero();
            assertThat(bytes.getInt(at + 32)).isEqualTo(crc(bytes, at + 48, payloads[i]));
            ByteBuffer salted = little(44).putLong(salt).put(bytes.slice(at, 36));
            assertThat(bytes.getInt(at + 36)).isEqualTo(crc(salted, 0, 44));
            chain = crc(little(8).putInt(chain).putInt(bytes.getInt(at + 36)), 0, 8);
            assertThat(bytes.getInt(at + 40)).isEqualTo(chain);
            assertThat(bytes.getInt(at + 44)).isZero();
            at += 48 + payloads[i];
        }
        assertZeros(bytes, at, bytes.capacity());
    }

    @Example
    void the_records() throws IOException {
        written();
        ByteBuffer bytes = read(LAYOUT.segment(1));
        int state = 4096 + 48;
        assertRecord(bytes, state, 6, 0, 64);
        assertZeros(bytes, state + 16, state + 80);
        int boot = 4096 + 128 + 48;
        assertRecord(bytes, boot, 7, 0, 24);
        assertThat(longs(bytes, boot + 16, 3)).isEqualTo(List.of(1L, MILLIS, 0L));
        int entry = 4096 + 128 + 88 + 48;
        assertRecord(bytes, entry, 1, 0, 19);
        assertThat(longs(bytes, entry + 16, 2)).as("index, term").isEqualTo(List.of(1L, 1L));
        assertThat(hex(bytes, entry + 32, 8)).isEqualTo("0a0b0c0000000000");
        assertRecord(bytes, entry + 40, 1, 2, 16);
        assertThat(longs(bytes, entry + 56, 2)).isEqualTo(List.of(2L, 1L));
        assertRecord(bytes, entry + 72, 2, 0, 24);
        assertThat(longs(bytes, entry + 88, 3)).as("term, vote, commit").isEqualTo(List.of(1L, -3L, 2L));
        int snapshot = entry + 112 + 48;
        assertRecord(bytes, snapshot, 3, 0, 56 + 6 * 8 + 7 + 3);
        assertSnapshot(bytes, snapshot + 16);
        int compact = snapshot + 136 + 48;
        assertRecord(bytes, compact, 5, 0, 16);
        assertThat(longs(bytes, compact + 16, 2)).as("index, term").isEqualTo(List.of(2L, 1L));
        int install = compact + 32 + 48;
        assertRecord(bytes, install, 4, 0, 56 + 8 + 7);
        assertThat(longs(bytes, install + 16, 3)).as("index, term, length").isEqualTo(List.of(9L, 3L, 5L));
        assertRecord(bytes, install + 88, 2, 0, 24);
    }

    @Example
    void a_snapshot_whose_members_have_incarnations() {
        ConfState named = new ConfState(
                List.of(1L, 7L),
                List.of(2L),
                List.of(),
                List.of(),
                true,
                List.of(new ConfState.Incarnation(7, -5), new ConfState.Incarnation(2, 6)));
        SavedSnapshot saved =
                new SavedSnapshot(new Snapshot(2, 1, named, new byte[] {7, 8, 9}), new SnapshotFile("snap-é", 5, 11));
        ByteBuffer bytes = little((int) RecordWriter.snapshotBytes(saved));
        RecordWriter writer = new RecordWriter();
        writer.begin(bytes);
        writer.snapshot(RecordType.SNAPSHOT, saved);
        assertThat(bytes.hasRemaining()).isFalse();
        assertRecord(bytes, 0, 3, 0, 56 + 3 * 8 + 8 + 2 * 16 + 7 + 3);
        assertThat(bytes.getInt(16 + 36)).as("flags").isEqualTo(3);
        assertThat(longs(bytes, 16 + 56, 3)).as("ids").isEqualTo(List.of(1L, 7L, 2L));
        assertThat(longs(bytes, 16 + 80, 5)).as("incarnations").isEqualTo(List.of(2L, 2L, 6L, 7L, -5L));
        assertThat(text(bytes, 16 + 120, 7)).isEqualTo("snap-é");
        assertThat(hex(bytes, 16 + 127, 9)).as("data, padding").isEqualTo("070809000000000000");
    }

    private void assertSnapshot(ByteBuffer bytes, int at) {
        assertThat(longs(bytes, at, 3)).as("index, term, length").isEqualTo(List.of(2L, 1L, 5L));
        assertThat(bytes.getInt(at + 24)).as("checksum").isEqualTo(file.crc32c());
        assertThat(List.of(bytes.getInt(at + 28), bytes.getInt(at + 32), bytes.getInt(at + 36)))
                .as("length of the name, of the data, flags")
                .isEqualTo(List.of(7, 3, 1));
        assertThat(List.of(bytes.getInt(at + 40), bytes.getInt(at + 44), bytes.getInt(at + 48), bytes.getInt(at + 52)))
                .as("members")
                .isEqualTo(List.of(2, 1, 1, 2));
        assertThat(longs(bytes, at + 56, 6)).isEqualTo(List.of(1L, 7L, 2L, 9L, 3L, 4L));
        assertThat(text(bytes, at + 104, 7)).isEqualTo("snap-é");
        assertThat(hex(bytes, at + 111, 9)).as("data, padding").isEqualTo("070809000000000000");
    }

    @Example
    void the_checkpoint_of_a_later_segment() throws IOException {
        written();
        Wal wal = Driver.open(host.files(), Driver.smallOptions(2));
        for (Entry large : host.some(5, 10, 2, 6000)) {
            wal.append(HardState.EMPTY, Snapshot.NONE, SnapshotFile.NONE, List.of(large));
        }
        wal.close();
        ByteBuffer before = read(LAYOUT.segment(1));
        ByteBuffer bytes = read(LAYOUT.segment(2));
        assertThat(bytes.getLong(56)).isEqualTo(2);
        assertThat(bytes.getLong(64)).as("salt").isNotEqualTo(before.getLong(64));
        assertThat(bytes.getLong(88)).as("previous length").isEqualTo(bytes.getLong(72));
        int end = (int) bytes.getLong(88);
        assertZeros(before, end, before.capacity());
        int last = end - 48 - 32 - 6000;
        assertThat(bytes.getInt(96)).as("previous chain").isEqualTo(before.getInt(last + 40));
        assertThat(bytes.getLong(104)).as("first frame").isEqualTo(before.getLong(last + 8) + 1);
        assertThat(bytes.getLong(112)).as("boot").isEqualTo(2);
        int state = 4096 + 48;
        assertRecord(bytes, state, 6, 0, 64 + 72);
        assertThat(longs(bytes, state + 16, 7))
                .as("term, vote, commit, start, its term, last, its term")
                .isEqualTo(List.of(4L, 0L, 9L, 9L, 3L, 10L, 5L));
        assertThat(longs(bytes, state + 72, 1)).as("snapshots").isEqualTo(List.of(1L));
        assertThat(longs(bytes, state + 80, 3)).as("the snapshot").isEqualTo(List.of(9L, 3L, 5L));
        assertZeros(bytes, state + 80 + 71, state + 80 + 72);
    }

    @Example
    void identity() throws IOException {
        written();
        ByteBuffer bytes = read(LAYOUT.identity());
        assertThat(bytes.capacity()).isEqualTo(8192);
        for (int at = 0; at < 8192; at += 4096) {
            assertThat(text(bytes, at, 8)).isEqualTo("KEELIDNT");
            assertThat(bytes.getShort(at + 8)).isEqualTo((short) 1);
            assertThat(hex(bytes, at + 10, 6)).as("minor version, flags").isEqualTo("0".repeat(12));
            assertThat(longs(bytes, at + 16, 2)).as("cluster, member").isEqualTo(List.of(0xC1L, 7L));
            assertThat(longs(bytes, at + 32, 4)).as("incarnation, log").doesNotContain(0L);
            assertThat(bytes.getLong(at + 64)).isEqualTo(MILLIS);
            assertZeros(bytes, at + 72, at + 4092);
            assertThat(bytes.getInt(at + 4092)).isEqualTo(crc(bytes, at, 4092));
        }
    }

    @Example
    void mark() throws IOException {
        written();
        ByteBuffer segment = read(LAYOUT.segment(1));
        ByteBuffer bytes = read(LAYOUT.mark());
        assertThat(bytes.capacity()).isEqualTo(8192);
        int at = bytes.getLong(32) > bytes.getLong(4096 + 32) ? 0 : 4096;
        int last = 4736;
        assertThat(text(bytes, at, 8)).isEqualTo("KEELMARK");
        assertThat(bytes.getShort(at + 8)).isEqualTo((short) 1);
        assertThat(bytes.getShort(at + 10)).isZero();
        assertThat(bytes.getInt(at + 12)).as("clean").isEqualTo(1);
        assertThat(hex(bytes, at + 16, 16)).as("log").isEqualTo(hex(read(LAYOUT.identity()), 48, 16));
        assertThat(bytes.getLong(at + 40)).as("boots").isEqualTo(1);
        assertThat(bytes.getLong(at + 48)).as("durable").isEqualTo(last + 48 + 128);
        assertThat(bytes.getLong(at + 56)).as("last frame").isEqualTo(6);
        assertThat(longs(bytes, at + 64, 2)).as("segments").isEqualTo(List.of(1L, 1L));
        assertThat(bytes.getInt(at + 80)).as("chain").isEqualTo(segment.getInt(last + 40));
        assertThat(bytes.getInt(at + 84)).isEqualTo(crc(bytes, at, 84));
        assertZeros(bytes, at + 88, at + 4096);
    }

    /* Equal numbers lead to equal bytes: nothing in the files depends on when or where. OWNER is for people, and does. */
    @Example
    void equal_histories_write_equal_bytes() throws IOException {
        written();
        FormatTest again = new FormatTest();
        again.written();
        for (Path path : List.of(LAYOUT.identity(), LAYOUT.mark(), LAYOUT.segment(1))) {
            assertThat(again.host.files().content(path)).isEqualTo(host.files().content(path));
        }
    }

    private static void assertRecord(ByteBuffer bytes, int at, int type, int detail, int bodyBytes) {
        assertThat(bytes.get(at)).as("type").isEqualTo((byte) type);
        assertThat(bytes.get(at + 1)).as("flags").isZero();
        assertThat(bytes.getShort(at + 2)).as("detail").isEqualTo((short) detail);
        assertThat(bytes.getInt(at + 4)).as("length").isEqualTo(bodyBytes);
        assertThat(bytes.getLong(at + 8)).as("group").isZero();
    }

    private ByteBuffer read(Path path) {
        return ByteBuffer.wrap(host.files().content(path)).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static ByteBuffer little(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static int crc(ByteBuffer bytes, int from, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes.slice(from, length));
        return (int) crc.getValue();
    }

    private static List<Long> longs(ByteBuffer bytes, int at, int count) {
        Long[] values = new Long[count];
        for (int i = 0; i < count; i++) {
            values[i] = bytes.getLong(at + 8 * i);
        }
        return List.of(values);
    }

    private static String hex(ByteBuffer bytes, int at, int length) {
        StringBuilder text = new StringBuilder();
        for (int i = at; i < at + length; i++) {
            text.append(String.format("%02x", bytes.get(i)));
        }
        return text.toString();
    }

    private static String text(ByteBuffer bytes, int at, int length) {
        byte[] text = new byte[length];
        bytes.get(at, text);
        return new String(text, StandardCharsets.UTF_8);
    }

    private static void assertZeros(ByteBuffer bytes, int from, int to) {
        for (int i = from; i < to; i++) {
            assertThat(bytes.get(i)).as("byte %s", i).isZero();
        }
    }
}
