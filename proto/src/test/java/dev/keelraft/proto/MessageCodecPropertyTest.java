package dev.keelraft.proto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor.JavaType;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import dev.keelraft.proto.MalformedMessageException.Reason;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.statistics.Statistics;
import net.jqwik.api.statistics.StatisticsReport;
import net.jqwik.api.statistics.StatisticsReport.StatisticsReportMode;

/** What holds for every message, held against the generated classes. */
class MessageCodecPropertyTest {
    private static final Descriptor MESSAGE = dev.keelraft.proto.wire.Message.getDescriptor();

    @Provide
    Arbitrary<Message> messages() {
        return KernelArbitraries.messages();
    }

    @Property
    @StatisticsReport(StatisticsReportMode.OFF)
    void a_message_is_encoded_as_the_generated_class_encodes_it(@ForAll("messages") Message message)
            throws IOException {
        byte[] expected = GeneratedTwin.of(message).toByteArray();

        assertThat(MessageCodec.encode(message)).isEqualTo(expected);
        assertThat(MessageCodec.encodedBytes(message)).isEqualTo(expected.length);
        ByteArrayOutputStream stream = new ByteArrayOutputStream();
        CodedOutputStream out = CodedOutputStream.newInstance(stream);
        MessageCodec.encode(message, out);
        out.flush();
        assertThat(stream.toByteArray()).isEqualTo(expected);
        Statistics.collect(message.type());
        Statistics.coverage(coverage -> {
            for (MessageType type : MessageType.values()) {
                coverage.check(type).count(count -> count > 0);
            }
        });
    }

    @Property
    void a_message_that_was_encoded_is_decoded_from_every_kind_of_source(@ForAll("messages") Message message)
            throws IOException, MalformedMessageException {
        byte[] bytes = MessageCodec.encode(message);
        byte[] framed = new byte[bytes.length + 7];
        Arrays.fill(framed, (byte) 0xff);
        System.arraycopy(bytes, 0, framed, 3, bytes.length);
        ByteBuffer heap = ByteBuffer.wrap(framed, 3, bytes.length);
        ByteBuffer direct = ByteBuffer.allocateDirect(framed.length);
        direct.put(framed).position(3).limit(3 + bytes.length);

        assertThat(MessageCodec.decode(bytes, DecodeLimits.DEFAULT)).isEqualTo(message);
        for (ByteBuffer buffer : List.of(heap, heap.asReadOnlyBuffer(), direct)) {
            assertThat(MessageCodec.decode(buffer, DecodeLimits.DEFAULT)).isEqualTo(message);
            assertThat(buffer.position()).isEqualTo(3);
            assertThat(buffer.remaining()).isEqualTo(bytes.length);
        }
        CodedInputStream stream = CodedInputStream.newInstance(new ByteArrayInputStream(framed), 64);
        stream.skipRawBytes(3);
        assertThat(MessageCodec.decode(stream, bytes.length, DecodeLimits.DEFAULT))
                .isEqualTo(message);
        assertThat(stream.getTotalBytesRead()).isEqualTo(3 + bytes.length);
        assertThat(stream.readRawBytes(4)).containsOnly(0xff);
        assertThat(stream.isAtEnd()).isTrue();
    }

    @Property
    void zeros_that_need_not_be_written_change_nothing(@ForAll("messages") Message message)
            throws MalformedMessageException {
        dev.keelraft.proto.wire.Message.Builder everything = GeneratedTwin.of(message).toBuilder();
        setAllFields(everything);

        assertThat(MessageCodec.decode(everything.build().toByteArray(), DecodeLimits.DEFAULT))
                .isEqualTo(message);
    }

    /** As members of etcd before 3.7 do: every number and flag, and a snapshot of nothing in every message. */
    private static void setAllFields(com.google.protobuf.Message.Builder builder) {
        for (FieldDescriptor field : builder.getDescriptorForType().getFields()) {
            if (field.isRepeated()) {
                if (field.getJavaType() == JavaType.MESSAGE) {
                    for (int i = 0; i < builder.getRepeatedFieldCount(field); i++) {
                        setAllFields(builder.getRepeatedFieldBuilder(field, i));
                    }
                }
            } else if (field.getJavaType() == JavaType.MESSAGE) {
                setAllFields(builder.getFieldBuilder(field));
            } else if (!builder.hasField(field)) {
                builder.setField(field, field.getDefaultValue());
            }
        }
    }

    @Property
    void unknown_fields_are_skipped_wherever_they_stand(@ForAll("messages") Message message, @ForAll long seed)
            throws MalformedMessageException {
        byte[] edited = edit(message, seed, WireEdit::addUnknownFields);

        assertThat(MessageCodec.decode(edited, DecodeLimits.DEFAULT)).isEqualTo(message);
        assertThat(Agreement.check(edited)).isEmpty();
    }

    @Property
    void fields_may_stand_in_any_order(@ForAll("messages") Message message, @ForAll long seed)
            throws MalformedMessageException {
        assertThat(MessageCodec.decode(edit(message, seed, WireEdit::shuffle), DecodeLimits.DEFAULT))
                .isEqualTo(message);
    }

    @Property
    void of_a_scalar_that_stands_more_than_once_the_last_counts(@ForAll("messages") Message message, @ForAll long seed)
            throws MalformedMessageException {
        byte[] edited = edit(message, seed, WireEdit::repeatScalars);

        assertThat(MessageCodec.decode(edited, DecodeLimits.DEFAULT)).isEqualTo(message);
        assertThat(Agreement.check(edited)).isEmpty();
    }

    @Property
    void lists_of_numbers_may_be_packed(@ForAll("snapshotMessages") Message message, @ForAll long seed)
            throws MalformedMessageException {
        assertThat(MessageCodec.decode(edit(message, seed, WireEdit::packLists), DecodeLimits.DEFAULT))
                .isEqualTo(message);
    }

    @Provide
    Arbitrary<Message> snapshotMessages() {
        return KernelArbitraries.messages(MessageType.INSTALL_SNAPSHOT).withoutEdgeCases();
    }

    @Property
    void numbers_may_have_more_bytes_than_they_need(@ForAll("messages") Message message, @ForAll long seed)
            throws MalformedMessageException {
        assertThat(MessageCodec.decode(edit(message, seed, WireEdit::lengthenNumbers), DecodeLimits.DEFAULT))
                .isEqualTo(message);
    }

    private static byte[] edit(Message message, long seed, WireEdit.Edit edit) {
        return WireEdit.edit(MessageCodec.encode(message), MESSAGE, new Random(seed), edit);
    }

    @Property(tries = 300)
    @StatisticsReport(StatisticsReportMode.OFF)
    void a_message_cut_anywhere_is_refused_or_is_what_the_rest_says(@ForAll("messages") Message message) {
        byte[] bytes = MessageCodec.encode(message);
        for (int length = 0; length < Math.min(bytes.length, 400); length++) {
            Optional<Reason> refused = Agreement.check(Arrays.copyOf(bytes, length));
            Statistics.collect(refused.map(Reason::name).orElse("decoded"));
        }
        Statistics.coverage(coverage -> {
            coverage.check("decoded").count(count -> count > 0);
            coverage.check(Reason.BROKEN_WIRE_FORMAT.name()).count(count -> count > 0);
        });
    }

    @Property(tries = 300)
    void a_stream_that_ends_before_its_frame_is_refused_also_between_two_fields(@ForAll("messages") Message message) {
        byte[] bytes = MessageCodec.encode(message);
        for (int length = 0; length < Math.min(bytes.length, 400); length++) {
            for (CodedInputStream in : List.of(
                    CodedInputStream.newInstance(new ByteArrayInputStream(bytes, 0, length)),
                    CodedInputStream.newInstance(bytes, 0, length))) {
                assertThatExceptionOfType(MalformedMessageException.class)
                        .isThrownBy(() -> MessageCodec.decode(in, bytes.length, DecodeLimits.DEFAULT))
                        .satisfies(refusal -> assertThat(refusal.reason()).isEqualTo(Reason.BROKEN_WIRE_FORMAT));
            }
        }
    }

    @Property(tries = 5_000)
    @StatisticsReport(StatisticsReportMode.OFF)
    void a_damaged_message_is_refused_or_is_what_the_generated_class_says(
            @ForAll("messages") Message message, @ForAll long seed) {
        byte[] damaged = damage(MessageCodec.encode(message), new Random(seed));

        Optional<Reason> refused = Agreement.check(damaged);
        Agreement.checkSources(damaged);
        assertThat(Allocations.of(() -> MessageCodec.decode(damaged, DecodeLimits.DEFAULT)))
                .isLessThan(Allocations.bound(damaged.length));
        Statistics.collect(refused.map(Reason::name).orElse("decoded"));
        Statistics.coverage(coverage -> {
            coverage.check("decoded").count(count -> count > 0);
            for (Reason reason :
                    List.of(Reason.BROKEN_WIRE_FORMAT, Reason.WRONG_SHAPE, Reason.UNKNOWN_KIND, Reason.LOCAL_KIND)) {
                coverage.check(reason.name()).count(count -> count > 0);
            }
        });
    }

    @Property(tries = 5_000)
    void random_bytes_are_refused_or_are_what_the_generated_class_says(@ForAll long seed) {
        Random random = new Random(seed);
        byte[] bytes = new byte[random.nextInt(64)];
        random.nextBytes(bytes);
        if (bytes.length > 1) {
            // Most random tags are none. Behind a type that is one, more of the bytes are looked at.
            bytes[0] = 1 << 3;
            bytes[1] = (byte) (2 + random.nextInt(17));
            for (int i = 2; i < bytes.length; i++) {
                bytes[i] &= (byte) (random.nextInt(4) == 0 ? 0xff : 0x7f);
            }
        }
        Agreement.check(bytes);
    }

    /** One to four flipped bits, changed, lost, added or doubled bytes, more often near the front, where the tags are. */
    private static byte[] damage(byte[] bytes, Random random) {
        byte[] damaged = bytes;
        for (int count = 1 + random.nextInt(4); count > 0 && damaged.length > 0; count--) {
            int at = Math.min(damaged.length - 1, random.nextInt(random.nextBoolean() ? 12 : damaged.length));
            int length = 1 + random.nextInt(Math.min(8, damaged.length - at));
            switch (random.nextInt(5)) {
                case 0 -> {
                    damaged = damaged.clone();
                    damaged[at] ^= (byte) (1 << random.nextInt(8));
                }
                case 1 -> {
                    damaged = damaged.clone();
                    damaged[at] = (byte) random.nextInt();
                }
                case 2 -> damaged = splice(damaged, at, at + length, new byte[0]);
                case 3 -> {
                    byte[] added = new byte[length];
                    random.nextBytes(added);
                    damaged = splice(damaged, at, at, added);
                }
                default -> damaged = splice(damaged, at, at, Arrays.copyOfRange(damaged, at, at + length));
            }
        }
        return damaged;
    }

    private static byte[] splice(byte[] bytes, int from, int to, byte[] with) {
        ByteBuffer spliced = ByteBuffer.allocate(bytes.length - (to - from) + with.length);
        spliced.put(bytes, 0, from).put(with).put(bytes, to, bytes.length - to);
        return spliced.array();
    }
}
