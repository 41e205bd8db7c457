package dev.keelraft.example.etcd;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.EnumDescriptor;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.Descriptors.MethodDescriptor;
import com.google.protobuf.Descriptors.OneofDescriptor;
import dev.keelraft.example.etcd.wire.EtcdKvProto;
import dev.keelraft.example.etcd.wire.EtcdRpcProto;
import io.etcd.jetcd.api.KeyValue;
import io.etcd.jetcd.api.PutRequest;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Our definitions are those of etcd's API, as far as they go, down to each field. */
class SchemaTest {
    /** What etcd 3.6.16 has and jetcd 0.8.7 does not yet. */
    private static final Set<String> NEWER_THAN_JETCD = Set.of(
            "field etcdserverpb.Compare.lease",
            "constant etcdserverpb.Compare.CompareTarget LEASE",
            "constant etcdserverpb.AlarmType CORRUPT",
            "field etcdserverpb.MemberListRequest.linearizable",
            "field etcdserverpb.StatusResponse.storageVersion",
            "field etcdserverpb.StatusResponse.dbSizeQuota",
            "field etcdserverpb.StatusResponse.downgradeInfo",
            "field etcdserverpb.DowngradeInfo.enabled",
            "field etcdserverpb.DowngradeInfo.targetVersion");

    @Test
    void every_message_is_as_etcd_has_it_and_whole() throws IOException {
        Set<String> etcd = recorded();
        Set<String> ours = ours();

        assertThat(ours).hasSizeGreaterThan(80).isSubsetOf(etcd);
        Set<String> messages = ours.stream().map(SchemaTest::owner).collect(Collectors.toSet());
        assertThat(ours)
                .as("of what is served nothing is left out")
                .containsAll(etcd.stream()
                        .filter(line -> !line.startsWith("method ") && messages.contains(owner(line)))
                        .toList());
    }

    @Test
    void every_message_is_as_jetcd_has_it() {
        Set<String> jetcd = lines(List.of(
                KeyValue.getDescriptor().getFile(), PutRequest.getDescriptor().getFile()));

        Set<String> missing = new TreeSet<>(ours());
        missing.removeAll(jetcd);

        assertThat(missing.stream().map(SchemaTest::name).collect(Collectors.toSet()))
                .isEqualTo(NEWER_THAN_JETCD);
    }

    private static Set<String> ours() {
        return lines(List.of(EtcdKvProto.getDescriptor(), EtcdRpcProto.getDescriptor()));
    }

    /** The lines that the program in {@code src/test/go} has printed. */
    private static Set<String> recorded() throws IOException {
        try (InputStream file = Objects.requireNonNull(SchemaTest.class.getResourceAsStream("schema.txt"));
                BufferedReader reader = new BufferedReader(new InputStreamReader(file, StandardCharsets.UTF_8))) {
            return reader.lines().collect(Collectors.toCollection(TreeSet::new));
        }
    }

    private static Set<String> lines(List<FileDescriptor> files) {
        List<String> lines = new ArrayList<>();
        for (FileDescriptor file : files) {
            file.getMessageTypes().forEach(message -> addMessage(message, lines));
            file.getEnumTypes().forEach(type -> addEnum(type, lines));
            file.getServices().forEach(service -> service.getMethods().forEach(method -> lines.add(line(method))));
        }
        return new TreeSet<>(lines);
    }

    private static void addMessage(Descriptor message, List<String> lines) {
        message.getFields().forEach(field -> lines.add(line(field)));
        message.getEnumTypes().forEach(type -> addEnum(type, lines));
        message.getNestedTypes().forEach(nested -> addMessage(nested, lines));
    }

    private static String line(FieldDescriptor field) {
        String type = switch (field.getJavaType()) {
            case MESSAGE -> field.getMessageType().getFullName();
            case ENUM -> field.getEnumType().getFullName();
            default -> field.getType().name().toLowerCase(Locale.ROOT);
        };
        OneofDescriptor oneof = field.getContainingOneof();
        return "field %s %d %s %s %s"
                .formatted(
                        field.getFullName(),
                        field.getNumber(),
                        field.isRepeated() ? "repeated" : "optional",
                        type,
                        oneof == null ? "-" : oneof.getName());
    }

    private static void addEnum(EnumDescriptor type, List<String> lines) {
        for (EnumValueDescriptor constant : type.getValues()) {
            lines.add("constant %s %s %d".formatted(type.getFullName(), constant.getName(), constant.getNumber()));
        }
    }

    private static String line(MethodDescriptor method) {
        return "method %s %s %s client-streaming=%s server-streaming=%s"
                .formatted(
                        method.getFullName(),
                        method.getInputType().getFullName(),
                        method.getOutputType().getFullName(),
                        method.isClientStreaming(),
                        method.isServerStreaming());
    }

    /** The message, the enum or the service that a line belongs to. */
    private static String owner(String line) {
        String name = line.split(" ", 3)[1];
        return line.startsWith("constant ") ? name : name.substring(0, name.lastIndexOf('.'));
    }

    /** A line without its numbers and types. */
    private static String name(String line) {
        String[] words = line.split(" ", 4);
        return words[0] + " " + words[1] + (words[0].equals("constant") ? " " + words[2] : "");
    }
}
