package dev.keelraft.example.kv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.google.protobuf.ByteString;
import com.google.protobuf.MessageLite;
import dev.keelraft.example.etcd.wire.KeyValue;
import dev.keelraft.example.kv.SnapshotFormat.Loaded;
import dev.keelraft.example.kv.SnapshotFormat.Position;
import dev.keelraft.example.kv.SnapshotFormat.Written;
import dev.keelraft.example.kv.SnapshotFormatException.Reason;
import dev.keelraft.example.kv.wire.Command;
import dev.keelraft.example.kv.wire.MemberAttributes;
import dev.keelraft.example.kv.wire.SnapshotHeader;
import dev.keelraft.example.kv.wire.SnapshotResult;
import dev.keelraft.example.kv.wire.SnapshotSession;
import dev.keelraft.example.kv.wire.SnapshotTrailer;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;
import java.util.zip.CRC32C;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class SnapshotFormatTest {
    static final Position POSITION = new Position(-3, 1_000_000, 7, ByteString.copyFromUtf8("who is who"));

    private static KeyValueState state(long seed, int commands) {
        RandomRequests requests = new RandomRequests(seed, true);
        TestMember member = new TestMember();
        for (int i = 0; i < commands; i++) {
            member.write(requests.nextWrite(member.state().revision()));
        }
        // One session keeps more results than its last one.
        KeyValueState state =
                member.state().apply(TestMember.register(-9, 1, 5), 500_000).state();
        for (int i = 2; i < commands; i++) {
            Command command = Command.newBuilder()
                    .setSession(-9)
                    .setSequence(i)
                    .setDeleteRange(Requests.delete("b"))
                    .build();
            state = state.apply(command, 500_000 + i).state();
        }
        return state;
    }

    private static byte[] write(KeyValueState state) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        SnapshotFormat.write(out, POSITION, state);
        return out.toByteArray();
    }

    private static Loaded read(byte[] bytes) throws IOException {
        return SnapshotFormat.read(new ByteArrayInputStream(bytes));
    }

    @Property(tries = 300)
    void a_state_is_read_as_it_was_written(@ForAll long seed, @ForAll @IntRange(max = 60) int commands)
            throws IOException {
        KeyValueState state = state(seed, commands);
        Position position = new Position(seed, seed & Long.MAX_VALUE, 3, ByteString.copyFromUtf8("" + seed));
        ByteArrayOutputStream out = new ByteArrayOutputStream();

        Written written = SnapshotFormat.write(out, position, state);
        byte[] bytes = out.toByteArray();
        Loaded loaded = read(bytes);

        assertThat(loaded).isEqualTo(new Loaded(position, state));
        assertThat(loaded.state().approximateBytes()).isEqualTo(state.approximateBytes());
        assertThat(written).isEqualTo(new Written(bytes.length, checksum(bytes)));
    }

    private static int checksum(byte[] bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, bytes.length - Integer.BYTES);
        return (int) crc.getValue();
    }

    @Test
    void a_state_without_anything_is_read_too() throws IOException {
        assertThat(read(write(KeyValueState.EMPTY)).state()).isEqualTo(KeyValueState.EMPTY);
    }

    @Test
    void what_goes_on_behind_a_snapshot_is_as_if_there_had_been_none() throws IOException {
        KeyValueState state = state(1, 30);
        KeyValueState loaded = read(write(state)).state();
        Command copy = Command.newBuilder()
                .setSession(-9)
                .setSequence(29)
                .setDeleteRange(Requests.delete("b"))
                .build();
        Command next = copy.toBuilder().setSequence(30).build();

        assertThat(loaded.apply(copy, 600_000)).isEqualTo(state.apply(copy, 600_000));
        assertThat(loaded.apply(next, 600_000)).isEqualTo(state.apply(next, 600_000));
        assertThat(loaded.apply(next, 600_000).state()).isNotEqualTo(loaded);
    }

    @Test
    void when_sessions_last_had_to_go_is_kept() throws IOException {
        KeyValueState state = KeyValueState.EMPTY;
        for (long session = 0; session <= SessionTable.MAX_SESSIONS; session++) {
            state = state.apply(TestMember.register(session, 1, session), session + 1)
                    .state();
        }

        KeyValueState loaded = read(write(state)).state();

        assertThat(loaded.sessions().evictedAt()).isEqualTo(1_025);
        assertThat(loaded).isEqualTo(state);
    }

    @Test
    void a_snapshot_that_ends_early_is_refused() throws IOException {
        byte[] bytes = write(state(2, 8));
        for (int length = 0; length < bytes.length; length++) {
            byte[] cut = Arrays.copyOf(bytes, length);
            assertThatExceptionOfType(SnapshotFormatException.class)
                    .as("%d of %d bytes", length, bytes.length)
                    .isThrownBy(() -> read(cut))
                    .extracting(SnapshotFormatException::reason)
                    .isEqualTo(length < 8 ? Reason.NOT_A_SNAPSHOT : Reason.TRUNCATED);
        }
    }

    @Test
    void a_snapshot_with_any_bit_turned_is_refused() throws IOException {
        byte[] bytes = write(state(2, 8));
        Set<Reason> reasons = EnumSet.noneOf(Reason.class);
        for (int bit = 0; bit < 8 * bytes.length; bit++) {
            byte[] damaged = bytes.clone();
            damaged[bit / 8] ^= (byte) (1 << (bit % 8));
            try {
                read(damaged);
                throw new AssertionError("bit " + bit + " is not missed");
            } catch (SnapshotFormatException e) {
                reasons.add(e.reason());
            }
        }

        assertThat(reasons)
                .containsExactlyInAnyOrderElementsOf(EnumSet.complementOf(EnumSet.of(Reason.TRAILING_BYTES)));
    }

    @Test
    void a_snapshot_that_goes_on_behind_its_end_is_refused() throws IOException {
        byte[] bytes = write(state(2, 8));

        assertRefused(Arrays.copyOf(bytes, bytes.length + 1), Reason.TRAILING_BYTES);
    }

    @Test
    void another_version_is_refused() throws IOException {
        byte[] bytes = write(KeyValueState.EMPTY);
        ByteBuffer.wrap(bytes).putInt(8, 2);

        assertRefused(bytes, Reason.UNKNOWN_VERSION);
    }

    @Test
    void a_length_alone_takes_no_memory() throws IOException {
        byte[] bytes = Arrays.copyOf(write(KeyValueState.EMPTY), 17);
        ByteBuffer.wrap(bytes).putInt(13, SnapshotFormat.MAX_RECORD_BYTES);
        assertRefused(bytes, Reason.TRUNCATED);
        com.sun.management.ThreadMXBean threads =
                (com.sun.management.ThreadMXBean) java.lang.management.ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();

        assertRefused(bytes, Reason.TRUNCATED);

        assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(4 << 20);
        ByteBuffer.wrap(bytes).putInt(13, SnapshotFormat.MAX_RECORD_BYTES + 1);
        assertRefused(bytes, Reason.RECORD_TOO_LONG);
        ByteBuffer.wrap(bytes).putInt(13, -1);
        assertRefused(bytes, Reason.RECORD_TOO_LONG);
    }

    @Test
    void a_large_value_is_read_as_it_was_written() throws IOException {
        TestMember member = new TestMember();
        byte[] value = new byte[1_500_000];
        Arrays.fill(value, (byte) 9);
        member.write(Requests.put("a", "").toBuilder()
                .setValue(ByteString.copyFrom(value))
                .build());

        assertThat(read(write(member.state())).state()).isEqualTo(member.state());
    }

    /** Chunks as a network gives them. */
    @Test
    void a_stream_may_give_its_bytes_one_by_one() throws IOException {
        byte[] bytes = write(state(3, 20));
        InputStream slow = new ByteArrayInputStream(bytes) {
            @Override
            public synchronized int read(byte[] into, int offset, int length) {
                return super.read(into, offset, Math.min(length, 1));
            }
        };

        assertThat(SnapshotFormat.read(slow).state()).isEqualTo(state(3, 20));
    }

    @Test
    void an_error_of_the_stream_is_thrown_as_it_is() {
        IOException full = new IOException("disk full");
        OutputStream out = new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw full;
            }
        };

        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> SnapshotFormat.write(out, POSITION, KeyValueState.EMPTY))
                .isSameAs(full);
    }

    @Test
    void a_position_has_bounds() throws IOException {
        Position largest = new Position(-1, Long.MAX_VALUE, 0, ByteString.copyFrom(new byte[1 << 20]));
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        SnapshotFormat.write(out, largest, KeyValueState.EMPTY);
        assertThat(read(out.toByteArray()).position()).isEqualTo(largest);
        Position smallest = new Position(0, 0, 0, ByteString.EMPTY);
        out.reset();
        SnapshotFormat.write(out, smallest, KeyValueState.EMPTY);
        assertThat(read(out.toByteArray()).position()).isEqualTo(smallest);

        assertThatIllegalArgumentException().isThrownBy(() -> new Position(1, -1, 0, ByteString.EMPTY));
        assertThatIllegalArgumentException().isThrownBy(() -> new Position(1, 0, -1, ByteString.EMPTY));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Position(1, 0, 0, ByteString.copyFrom(new byte[(1 << 20) + 1])));
    }

    // ---- What a writer never writes, with the right checksum ----

    private static final SnapshotHeader HEADER =
            SnapshotHeader.newBuilder().setRevision(9).build();
    private static final KeyValue PAIR = KeyValue.newBuilder()
            .setKey(Requests.bytes("b"))
            .setCreateRevision(2)
            .setModRevision(5)
            .setVersion(2)
            .build();
    private static final MemberAttributes MEMBER =
            MemberAttributes.newBuilder().setId(4).build();
    private static final SnapshotSession SESSION =
            SnapshotSession.newBuilder().setId(4).setAcknowledgedBelow(4).build();
    private static final SnapshotResult RESULT =
            SnapshotResult.newBuilder().setSequence(4).build();

    /** A snapshot of these records. */
    private static final class Crafted {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private final DataOutputStream out = new DataOutputStream(bytes);

        Crafted(SnapshotHeader header) throws IOException {
            out.write(SnapshotFormat.MAGIC);
            out.writeInt(SnapshotFormat.VERSION);
            add(SnapshotFormat.HEADER, header);
        }

        Crafted add(int kind, MessageLite message) throws IOException {
            out.writeByte(kind);
            out.writeInt(message.getSerializedSize());
            message.writeTo(out);
            return this;
        }

        byte[] end(int keys, int members, int sessions, int results) throws IOException {
            add(
                    SnapshotFormat.TRAILER,
                    SnapshotTrailer.newBuilder()
                            .setKeys(keys)
                            .setMembers(members)
                            .setSessions(sessions)
                            .setResults(results)
                            .build());
            byte[] all = Arrays.copyOf(bytes.toByteArray(), bytes.size() + Integer.BYTES);
            ByteBuffer.wrap(all).putInt(bytes.size(), checksum(all));
            return all;
        }
    }

    private static Crafted crafted() throws IOException {
        return new Crafted(HEADER);
    }

    private static void assertRefused(byte[] bytes, Reason reason) {
        assertThatExceptionOfType(SnapshotFormatException.class)
                .isThrownBy(() -> read(bytes))
                .extracting(SnapshotFormatException::reason)
                .isEqualTo(reason);
    }

    private static void assertMalformed(byte[] bytes) {
        assertRefused(bytes, Reason.MALFORMED);
    }

    @Test
    void crafted_records_in_their_places_are_read() throws IOException {
        byte[] bytes = crafted()
                .add(SnapshotFormat.KEY, PAIR)
                .add(SnapshotFormat.MEMBER, MEMBER)
                .add(SnapshotFormat.SESSION, SESSION)
                .add(SnapshotFormat.RESULT, RESULT)
                .end(1, 1, 1, 1);

        assertThat(read(bytes).state().keyCount()).isEqualTo(1);
        byte[] ofNoBytes = crafted()
                .add(SnapshotFormat.MEMBER, MemberAttributes.getDefaultInstance())
                .end(0, 1, 0, 0);
        assertThat(read(ofNoBytes).state().members()).hasSize(1);
    }

    @Test
    void records_in_the_wrong_places_are_refused() throws IOException {
        assertMalformed(crafted()
                .add(SnapshotFormat.MEMBER, MEMBER)
                .add(SnapshotFormat.KEY, PAIR)
                .end(1, 1, 0, 0));
        assertMalformed(crafted()
                .add(SnapshotFormat.SESSION, SESSION)
                .add(SnapshotFormat.KEY, PAIR)
                .end(1, 0, 1, 0));
        assertMalformed(crafted()
                .add(SnapshotFormat.SESSION, SESSION)
                .add(SnapshotFormat.MEMBER, MEMBER)
                .end(0, 1, 1, 0));
        assertMalformed(crafted().add(SnapshotFormat.RESULT, RESULT).end(0, 0, 0, 1));
        assertMalformed(crafted()
                .add(SnapshotFormat.SESSION, SESSION)
                .add(SnapshotFormat.RESULT, RESULT.toBuilder().setSequence(3).build())
                .end(0, 0, 1, 1));
        assertMalformed(crafted().add(SnapshotFormat.HEADER, HEADER).end(0, 0, 0, 0));
        assertMalformed(crafted().add(99, HEADER).end(0, 0, 0, 0));
    }

    /** Also where the counts would be right, because the later one replaces the earlier one. */
    @Test
    void records_that_do_not_ascend_are_refused() throws IOException {
        KeyValue lowerKey = PAIR.toBuilder().setKey(Requests.bytes("a")).build();
        MemberAttributes lowerMember = MEMBER.toBuilder().setId(3).build();
        SnapshotSession lowerSession = SESSION.toBuilder().setId(3).build();
        SnapshotResult higherResult = RESULT.toBuilder().setSequence(5).build();

        assertMalformed(crafted()
                .add(SnapshotFormat.KEY, PAIR)
                .add(SnapshotFormat.KEY, PAIR)
                .end(1, 0, 0, 0));
        assertMalformed(crafted()
                .add(SnapshotFormat.KEY, PAIR)
                .add(SnapshotFormat.KEY, lowerKey)
                .end(2, 0, 0, 0));
        assertMalformed(crafted()
                .add(SnapshotFormat.MEMBER, MEMBER)
                .add(SnapshotFormat.MEMBER, MEMBER)
                .end(0, 1, 0, 0));
        assertMalformed(crafted()
                .add(SnapshotFormat.MEMBER, MEMBER)
                .add(SnapshotFormat.MEMBER, lowerMember)
                .end(0, 2, 0, 0));
        assertMalformed(crafted()
                .add(SnapshotFormat.SESSION, SESSION)
                .add(SnapshotFormat.SESSION, SESSION)
                .end(0, 0, 1, 0));
        assertMalformed(crafted()
                .add(SnapshotFormat.SESSION, SESSION)
                .add(SnapshotFormat.SESSION, lowerSession)
                .end(0, 0, 2, 0));
        assertMalformed(crafted()
                .add(SnapshotFormat.SESSION, SESSION)
                .add(SnapshotFormat.RESULT, RESULT)
                .add(SnapshotFormat.RESULT, RESULT)
                .end(0, 0, 1, 2));
        assertMalformed(crafted()
                .add(SnapshotFormat.SESSION, SESSION)
                .add(SnapshotFormat.RESULT, higherResult)
                .add(SnapshotFormat.RESULT, RESULT)
                .end(0, 0, 1, 2));
    }

    @Test
    void keys_that_cannot_be_are_refused() throws IOException {
        for (KeyValue pair : new KeyValue[] {
            PAIR.toBuilder().clearKey().build(),
            PAIR.toBuilder().setVersion(0).build(),
            PAIR.toBuilder().setCreateRevision(1).build(),
            PAIR.toBuilder().setCreateRevision(6).build(),
            PAIR.toBuilder().setModRevision(10).build()
        }) {
            assertMalformed(crafted().add(SnapshotFormat.KEY, pair).end(1, 0, 0, 0));
        }
    }

    @Test
    void headers_that_cannot_be_are_refused() throws IOException {
        assertMalformed(new Crafted(HEADER.toBuilder().setRevision(0).build()).end(0, 0, 0, 0));
        assertMalformed(new Crafted(HEADER.toBuilder().setIndex(-1).build()).end(0, 0, 0, 0));
        assertMalformed(new Crafted(HEADER.toBuilder().setTerm(-1).build()).end(0, 0, 0, 0));
        assertMalformed(new Crafted(HEADER.toBuilder()
                        .setConfState(ByteString.copyFrom(new byte[(1 << 20) + 1]))
                        .build())
                .end(0, 0, 0, 0));
    }

    @Test
    void counts_that_are_not_those_of_the_records_are_refused() throws IOException {
        assertMalformed(crafted().end(1, 0, 0, 0));
        assertMalformed(crafted().end(0, 1, 0, 0));
        assertMalformed(crafted().end(0, 0, 1, 0));
        assertMalformed(crafted().end(0, 0, 0, 1));
    }

    @Test
    void more_sessions_than_may_be_are_refused() throws IOException {
        Crafted crafted = crafted();
        for (int i = 0; i <= SessionTable.MAX_SESSIONS; i++) {
            crafted.add(SnapshotFormat.SESSION, SESSION.toBuilder().setId(i).build());
        }

        assertMalformed(crafted.end(0, 0, SessionTable.MAX_SESSIONS + 1, 0));
    }
}
