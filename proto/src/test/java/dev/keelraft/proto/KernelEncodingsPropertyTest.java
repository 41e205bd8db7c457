package dev.keelraft.proto;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.keelraft.model.ConfChange;
import dev.keelraft.model.ConfChange.Change;
import dev.keelraft.model.ConfChange.ChangeType;
import dev.keelraft.model.ConfChange.Transition;
import dev.keelraft.model.Entry;
import dev.keelraft.model.EntryType;
import dev.keelraft.proto.wire.ConfChangeSingle;
import dev.keelraft.proto.wire.ConfChangeType;
import dev.keelraft.proto.wire.ConfChangeV2;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** The two things that the kernel knows of the wire without knowing protobuf, held against the generated classes. */
class KernelEncodingsPropertyTest {
    @Provide
    Arbitrary<Entry> entries() {
        return KernelArbitraries.entries().withoutEdgeCases();
    }

    @Provide
    Arbitrary<ConfChange> confChanges() {
        return KernelArbitraries.confChanges().withoutEdgeCases();
    }

    @Property
    void wireBytes_is_the_size_of_the_generated_entry(@ForAll("entries") Entry entry) {
        assertThat(entry.wireBytes()).isEqualTo(GeneratedTwin.of(entry).getSerializedSize());
    }

    @Property
    void a_configuration_change_is_coded_as_the_generated_class_codes_it(@ForAll("confChanges") ConfChange change) {
        byte[] generated = GeneratedTwin.of(change).toByteArray();

        assertThat(change.encode()).isEqualTo(generated);
        assertThat(decode(change.entryType(), generated)).contains(change);
    }

    @Property
    void the_order_of_fields_and_the_length_of_numbers_do_not_matter(
            @ForAll("confChanges") ConfChange change, @ForAll long seed) {
        com.google.protobuf.Message generated = GeneratedTwin.of(change);
        for (WireEdit.Edit edit : List.<WireEdit.Edit>of(WireEdit::shuffle, WireEdit::lengthenNumbers)) {
            byte[] edited =
                    WireEdit.edit(generated.toByteArray(), generated.getDescriptorForType(), new Random(seed), edit);
            assertThat(decode(change.entryType(), edited)).contains(change);
        }
    }

    @Property(tries = 5_000)
    void damaged_bytes_are_refused_or_are_what_the_generated_class_says(
            @ForAll("confChanges") ConfChange change, @ForAll long seed) {
        Random random = new Random(seed);
        byte[] damaged = Arrays.copyOf(change.encode(), Math.max(1, change.encode().length - random.nextInt(3)));
        damaged[random.nextInt(Math.min(12, damaged.length))] ^= (byte) (1 << random.nextInt(8));

        Optional<ConfChange> kernel = decode(change.entryType(), damaged);
        Optional<com.google.protobuf.Message> generated = parse(change.entryType(), damaged);
        if (kernel.isPresent()) {
            assertThat(kernel).isEqualTo(generated.flatMap(KernelEncodingsPropertyTest::toKernel));
        } else if (generated.isPresent() && isPlain(generated.get(), damaged)) {
            assertThat(toKernel(generated.get())).isEmpty();
        }
    }

    /** Without what the kernel, which is stricter, refuses in its own log: groups, and tags longer than they need be. */
    private static boolean isPlain(com.google.protobuf.Message message, byte[] bytes) {
        boolean groups = message.getUnknownFields().asMap().values().stream()
                .anyMatch(field -> !field.getGroupList().isEmpty());
        if (message instanceof ConfChangeV2 change) {
            groups |= change.getChangesList().stream()
                    .flatMap(single -> single.getUnknownFields().asMap().values().stream())
                    .anyMatch(field -> !field.getGroupList().isEmpty());
        }
        return !groups && Arrays.equals(message.toByteArray(), bytes);
    }

    private static Optional<ConfChange> decode(EntryType type, byte[] data) {
        return ConfChange.decode(new Entry(1, 1, type, data));
    }

    private static Optional<com.google.protobuf.Message> parse(EntryType type, byte[] data) {
        try {
            return Optional.of(
                    type == EntryType.CONF_CHANGE
                            ? dev.keelraft.proto.wire.ConfChange.parseFrom(data)
                            : ConfChangeV2.parseFrom(data));
        } catch (InvalidProtocolBufferException e) {
            return Optional.empty();
        }
    }

    private static Optional<ConfChange> toKernel(com.google.protobuf.Message from) {
        return from instanceof ConfChangeV2 newer
                ? toKernel(newer)
                : toKernel((dev.keelraft.proto.wire.ConfChange) from);
    }

    private static Optional<ConfChange> toKernel(dev.keelraft.proto.wire.ConfChange from) {
        if (!from.getUnknownFields().getField(2).getVarintList().isEmpty()) {
            return Optional.empty();
        }
        ChangeType type = toKernel(from.getType());
        Change single = new Change(type, from.getNodeId(), from.getIncarnation());
        return Optional.of(new ConfChange(
                ConfChange.Form.V1,
                from.getId(),
                Transition.AUTO,
                List.of(single),
                from.getContext().toByteArray()));
    }

    private static Optional<ConfChange> toKernel(ConfChangeV2 from) {
        if (!from.getUnknownFields().getField(1).getVarintList().isEmpty()) {
            return Optional.empty();
        }
        List<Change> changes = new ArrayList<>();
        for (ConfChangeSingle single : from.getChangesList()) {
            if (!single.getUnknownFields().getField(1).getVarintList().isEmpty()) {
                return Optional.empty();
            }
            changes.add(new Change(toKernel(single.getType()), single.getNodeId(), single.getIncarnation()));
        }
        Transition transition = switch (from.getTransition()) {
            case AUTO -> Transition.AUTO;
            case JOINT_IMPLICIT -> Transition.JOINT_IMPLICIT;
            case JOINT_EXPLICIT -> Transition.JOINT_EXPLICIT;
        };
        return Optional.of(ConfChange.of(transition, changes, from.getContext().toByteArray()));
    }

    private static ChangeType toKernel(ConfChangeType type) {
        return switch (type) {
            case ADD_VOTER -> ChangeType.ADD_VOTER;
            case REMOVE -> ChangeType.REMOVE;
            case UPDATE -> ChangeType.UPDATE;
            case ADD_LEARNER -> ChangeType.ADD_LEARNER;
        };
    }
}
