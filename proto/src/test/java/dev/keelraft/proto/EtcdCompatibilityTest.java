package dev.keelraft.proto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.EnumDescriptor;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor.JavaType;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import dev.keelraft.proto.MalformedMessageException.Reason;
import dev.keelraft.proto.wire.RaftProto;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import net.jqwik.api.Example;

/** What etcd's own package wrote, as {@code src/test/go} has recorded it. This runs on every machine. */
class EtcdCompatibilityTest {
    @Example
    void the_schema_has_etcds_fields_and_enums_by_number_type_and_label() {
        FileDescriptor ours = RaftProto.getDescriptor();
        List<String> lines = new ArrayList<>();
        for (Descriptor message : ours.getMessageTypes()) {
            for (FieldDescriptor field : message.getFields()) {
                if (OwnFields.isOwn(field) || OwnFields.isOwn(message)) {
                    continue;
                }
                lines.add("message " + message.getName() + " " + field.getNumber() + " "
                        + (field.isRepeated() ? "repeated" : "optional") + " " + typeName(field)
                        + (field.isPacked() ? " packed" : ""));
            }
        }
        for (EnumDescriptor type : ours.getEnumTypes()) {
            for (EnumValueDescriptor value : type.getValues()) {
                lines.add("enum " + type.getName() + " " + value.getNumber());
            }
        }
        Collections.sort(lines);

        assertThat(lines).isEqualTo(Recorded.lines("schema"));
    }

    private static String typeName(FieldDescriptor field) {
        return switch (field.getJavaType()) {
            case MESSAGE -> field.getMessageType().getName();
            case ENUM -> field.getEnumType().getName();
            default -> field.getType().name().toLowerCase(Locale.ROOT);
        };
    }

    /** Whoever adds one adds it here: it must have no meaning that others need. */
    @Example
    void our_own_fields_are_these() {
        List<String> own = new ArrayList<>();
        for (Descriptor message : RaftProto.getDescriptor().getMessageTypes()) {
            for (FieldDescriptor field : message.getFields()) {
                if (OwnFields.isOwn(field)) {
                    own.add(message.getName() + " " + field.getNumber() + " " + field.getName());
                }
            }
        }

        assertThat(own)
                .containsExactly(
                        "ConfState 1000 incarnations",
                        "ConfChange 1000 incarnation",
                        "ConfChangeSingle 1000 incarnation",
                        "Message 1000 known_commit",
                        "Message 1001 known_commit_term",
                        "Message 1002 priority",
                        "Message 1003 incarnation");
    }

    @Example
    void there_is_a_recorded_value_for_each_case_and_each_local_kind() {
        Set<String> recorded =
                Recorded.values("golden").stream().map(Recorded.Value::name).collect(Collectors.toSet());
        Set<String> expected =
                EtcdCases.LOCAL_KINDS.stream().map(number -> "local-" + number).collect(Collectors.toSet());
        expected.addAll(EtcdCases.all().keySet());

        assertThat(recorded).isEqualTo(expected);
    }

    @Example
    void what_etcd_wrote_is_read_as_what_it_meant() throws MalformedMessageException {
        checkMeaning(Recorded.values("golden"));
    }

    @Example
    void what_etcd_3_5_wrote_with_a_zero_in_every_field_is_read_as_the_same() throws MalformedMessageException {
        List<Recorded.Value> older = Recorded.values("golden-3.5");

        assertThat(older).hasSameSizeAs(Recorded.values("golden"));
        checkMeaning(older);
    }

    private static void checkMeaning(List<Recorded.Value> values) throws MalformedMessageException {
        Map<String, Object> cases = EtcdCases.all();
        for (Recorded.Value value : values) {
            if (cases.containsKey(value.name())) {
                assertThat(Recorded.decode(value)).as(value.name()).isEqualTo(cases.get(value.name()));
            } else {
                assertThatExceptionOfType(MalformedMessageException.class)
                        .as(value.name())
                        .isThrownBy(() -> Recorded.decode(value))
                        .satisfies(refusal -> assertThat(refusal.reason()).isEqualTo(Reason.LOCAL_KIND));
            }
        }
    }

    @Example
    void what_we_write_is_byte_for_byte_what_etcd_writes_but_for_its_zeros() {
        Map<String, Object> cases = EtcdCases.all();
        int equal = 0;
        for (Recorded.Value value : Recorded.values("golden")) {
            if (cases.containsKey(value.name()) && !value.name().endsWith("-zeros")) {
                assertThat(Recorded.encode(cases.get(value.name())))
                        .as(value.name())
                        .isEqualTo(value.bytes());
                equal++;
            }
        }
        assertThat(equal).isEqualTo(cases.size() - 3);
    }

    @Example
    void of_what_etcds_nodes_say_to_each_other_nothing_is_lost()
            throws MalformedMessageException, InvalidProtocolBufferException {
        checkNothingIsLost(Recorded.values("run"));
    }

    /** Every kind is among the values, each is decoded, and encoding that again gives what was there, but for zeros. */
    static void checkNothingIsLost(List<Recorded.Value> run)
            throws MalformedMessageException, InvalidProtocolBufferException {
        Set<MessageType> kinds = EnumSet.noneOf(MessageType.class);
        for (Recorded.Value value : run) {
            Message message = MessageCodec.decode(value.bytes(), DecodeLimits.DEFAULT);
            kinds.add(message.type());
            assertThat(dev.keelraft.proto.wire.Message.parseFrom(MessageCodec.encode(message)))
                    .as(value.name())
                    .isEqualTo(withoutZeros(dev.keelraft.proto.wire.Message.parseFrom(value.bytes())));
        }
        assertThat(kinds).containsExactly(MessageType.values());
    }

    private static com.google.protobuf.Message withoutZeros(com.google.protobuf.Message message) {
        com.google.protobuf.Message.Builder builder = message.toBuilder();
        for (FieldDescriptor field : message.getAllFields().keySet()) {
            if (field.isRepeated()) {
                for (int i = 0; i < message.getRepeatedFieldCount(field); i++) {
                    if (field.getJavaType() == JavaType.MESSAGE) {
                        builder.setRepeatedField(field, i, withoutZeros((com.google.protobuf.Message)
                                message.getRepeatedField(field, i)));
                    }
                }
            } else if (field.getJavaType() == JavaType.MESSAGE) {
                builder.setField(field, withoutZeros((com.google.protobuf.Message) message.getField(field)));
            } else if (message.getField(field).equals(field.getDefaultValue())) {
                builder.clearField(field);
            }
        }
        return builder.build();
    }
}
