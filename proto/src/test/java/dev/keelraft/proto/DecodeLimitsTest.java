package dev.keelraft.proto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import dev.keelraft.model.Body;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import dev.keelraft.model.Snapshot;
import dev.keelraft.proto.MalformedMessageException.Reason;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.LongStream;
import net.jqwik.api.Example;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/** Each limit at both ends, and that nothing is allocated on the word of a length. */
class DecodeLimitsTest {
    private static final int HUGE = 1 << 30;

    @Example
    void a_message_may_have_maxMessageBytes_and_no_more() throws MalformedMessageException {
        byte[] bytes = MessageCodec.encode(proposals(3));

        assertThat(MessageCodec.decode(bytes, new DecodeLimits(bytes.length, 3, 1)))
                .isEqualTo(proposals(3));
        assertTooLarge(() -> MessageCodec.decode(bytes, new DecodeLimits(bytes.length - 1, 3, 1)));
    }

    @Example
    void a_message_may_have_maxEntries_and_no_more() throws MalformedMessageException {
        byte[] bytes = MessageCodec.encode(proposals(3));

        assertThat(MessageCodec.decode(bytes, new DecodeLimits(HUGE, 3, 1))).isEqualTo(proposals(3));
        assertTooLarge(() -> MessageCodec.decode(bytes, new DecodeLimits(HUGE, 2, 1)));
    }

    @Example
    void each_list_of_a_configuration_may_have_maxMembers_and_no_more() throws MalformedMessageException, IOException {
        List<Long> three = List.of(1L, 2L, 3L);
        for (ConfState state : List.of(
                new ConfState(three, List.of(), List.of(), List.of(), false),
                new ConfState(List.of(), three, List.of(), List.of(), false),
                new ConfState(List.of(), List.of(), three, List.of(), false),
                new ConfState(List.of(), List.of(), List.of(), three, false))) {
            byte[] bytes = ConfStateCodec.encode(state);
            assertThat(ConfStateCodec.decode(bytes, new DecodeLimits(HUGE, 1, 3)))
                    .isEqualTo(state);
            assertTooLarge(() -> ConfStateCodec.decode(bytes, new DecodeLimits(HUGE, 1, 2)));

            int field = bytes[0] >>> 3;
            byte[] packed = {(byte) (field << 3 | 2), 3, 1, 2, 3};
            assertThat(ConfStateCodec.decode(packed, new DecodeLimits(HUGE, 1, 3)))
                    .isEqualTo(state);
            assertTooLarge(() -> ConfStateCodec.decode(packed, new DecodeLimits(HUGE, 1, 2)));
        }
    }

    @Example
    void a_configuration_may_name_an_incarnation_for_each_of_its_members_and_no_more()
            throws MalformedMessageException {
        List<ConfState.Incarnation> three = List.of(
                new ConfState.Incarnation(1, 7), new ConfState.Incarnation(2, 7), new ConfState.Incarnation(3, 7));
        List<ConfState.Incarnation> four = new java.util.ArrayList<>(three);
        four.add(new ConfState.Incarnation(4, 7));
        ConfState all = new ConfState(List.of(1L), List.of(2L), List.of(3L), List.of(), false, three);
        ConfState more = new ConfState(List.of(1L), List.of(2L), List.of(3L), List.of(), false, four);
        assertThat(ConfStateCodec.decode(ConfStateCodec.encode(all), new DecodeLimits(HUGE, 1, 1)))
                .isEqualTo(all);
        assertTooLarge(() -> ConfStateCodec.decode(ConfStateCodec.encode(more), new DecodeLimits(HUGE, 1, 1)));
    }

    @Example
    void the_limits_hold_for_the_other_codecs_too() throws MalformedMessageException {
        byte[] entry = EntryCodec.encode(Entry.normal(1, 1, new byte[100]));
        assertThat(EntryCodec.decode(entry, new DecodeLimits(entry.length, 1, 1))
                        .payloadBytes())
                .isEqualTo(100);
        assertTooLarge(() -> EntryCodec.decode(entry, new DecodeLimits(entry.length - 1, 1, 1)));

        byte[] snapshot = SnapshotCodec.encode(new Snapshot(1, 1, ConfState.of(List.of(1L, 2L)), new byte[0]));
        assertThat(SnapshotCodec.decode(snapshot, new DecodeLimits(snapshot.length, 1, 2))
                        .index())
                .isEqualTo(1);
        assertTooLarge(() -> SnapshotCodec.decode(snapshot, new DecodeLimits(snapshot.length, 1, 1)));
    }

    @Example
    void the_defaults_fit_the_largest_append_of_the_smallest_entries() throws MalformedMessageException {
        int count = (1 << 20) / 4;
        List<Entry> entries = LongStream.rangeClosed(1, count)
                .mapToObj(index -> Entry.empty(1, index))
                .toList();
        Message message = new Message(MessageType.APPEND, 1, 2, 1, new Body.Append(0, 0, 0, entries));

        assertThat(MessageCodec.decode(MessageCodec.encode(message), DecodeLimits.DEFAULT))
                .isEqualTo(message);
    }

    @Example
    void a_message_that_is_too_large_is_refused_before_anything_is_read() throws IOException {
        InputStream failsWhenRead = InputStream.nullInputStream();
        failsWhenRead.close();

        assertTooLarge(() ->
                MessageCodec.decode(CodedInputStream.newInstance(failsWhenRead), 101, new DecodeLimits(100, 1, 1)));
    }

    @Example
    void a_length_that_lies_is_refused_before_memory_is_taken() {
        for (int field : new int[] {7, 9, 12, 15}) {
            for (int length : new int[] {HUGE, Integer.MAX_VALUE, -1}) {
                byte[] bytes = bytes(out -> {
                    out.writeUInt32(1, 3);
                    out.writeTag(field, 2);
                    out.writeUInt32NoTag(length);
                });
                assertRefusedCheaply(bytes);
            }
        }
    }

    @Example
    void a_length_that_lies_within_an_entry_a_snapshot_or_a_list_is_refused_before_memory_is_taken() {
        byte[] entry = bytes(out -> {
            out.writeTag(4, 2);
            out.writeUInt32NoTag(HUGE);
        });
        assertRefusedCheaply(bytes(out -> {
            out.writeUInt32(1, 3);
            out.writeByteArray(7, entry);
        }));
        byte[] confState = bytes(out -> {
            out.writeTag(1, 2);
            out.writeUInt32NoTag(HUGE);
        });
        byte[] metadata = bytes(out -> out.writeByteArray(1, confState));
        byte[] snapshot = bytes(out -> out.writeByteArray(2, metadata));
        assertRefusedCheaply(bytes(out -> {
            out.writeUInt32(1, 7);
            out.writeByteArray(9, snapshot);
        }));
    }

    @Example
    void a_frame_that_promises_more_than_comes_takes_only_the_memory_of_what_comes() {
        byte[] bytes = bytes(out -> {
            out.writeUInt32(1, 8);
            out.writeTag(12, 2);
            out.writeUInt32NoTag(HUGE - 100);
        });
        DecodeLimits limits = new DecodeLimits(HUGE, 1, 1);

        assertThatExceptionOfType(MalformedMessageException.class)
                .isThrownBy(() -> MessageCodec.decode(stream(bytes), HUGE, limits));
        assertThat(Allocations.of(() -> MessageCodec.decode(stream(bytes), HUGE, limits)))
                .isLessThan(Allocations.bound(bytes.length));
    }

    private static CodedInputStream stream(byte[] bytes) {
        return CodedInputStream.newInstance(new ByteArrayInputStream(bytes));
    }

    @Example
    void groups_nested_deep_are_refused_and_not_followed() {
        byte[] groups = new byte[2_000_000];
        Arrays.fill(groups, (byte) (15 << 3 | 3));
        groups[0] = 1 << 3;
        groups[1] = 3;

        assertThatExceptionOfType(MalformedMessageException.class)
                .isThrownBy(() -> MessageCodec.decode(groups, DecodeLimits.DEFAULT))
                .satisfies(refusal -> assertThat(refusal.reason()).isEqualTo(Reason.BROKEN_WIRE_FORMAT));
    }

    @Example
    void limits_below_1_are_refused() {
        assertThatIllegalArgumentException().isThrownBy(() -> new DecodeLimits(0, 1, 1));
        assertThatIllegalArgumentException().isThrownBy(() -> new DecodeLimits(1, 0, 1));
        assertThatIllegalArgumentException().isThrownBy(() -> new DecodeLimits(1, 1, 0));
        assertThat(new DecodeLimits(1, 1, 1).maxEntries()).isEqualTo(1);
    }

    private static Message proposals(int count) {
        return new Message(
                MessageType.PROPOSE, 1, 2, 0, new Body.Propose(Collections.nCopies(count, Entry.empty(0, 0))));
    }

    private interface Fields {
        void write(CodedOutputStream out) throws IOException;
    }

    private static byte[] bytes(Fields fields) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        CodedOutputStream out = CodedOutputStream.newInstance(bytes);
        try {
            fields.write(out);
            out.flush();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        return bytes.toByteArray();
    }

    private static void assertTooLarge(ThrowingCallable decoding) {
        assertThatExceptionOfType(MalformedMessageException.class)
                .isThrownBy(decoding)
                .satisfies(refusal -> {
                    assertThat(refusal.reason()).isEqualTo(Reason.TOO_LARGE);
                    assertThat(refusal.reason().dropsMessageOnly()).isFalse();
                });
    }

    private static void assertRefusedCheaply(byte[] bytes) {
        assertThatExceptionOfType(MalformedMessageException.class)
                .isThrownBy(() -> MessageCodec.decode(bytes, DecodeLimits.DEFAULT))
                .satisfies(refusal -> assertThat(refusal.reason()).isEqualTo(Reason.BROKEN_WIRE_FORMAT));
        assertThat(Allocations.of(() -> MessageCodec.decode(bytes, DecodeLimits.DEFAULT)))
                .isLessThan(Allocations.bound(bytes.length));
    }
}
