package dev.keelraft.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keelraft.model.ConfChange.Change;
import dev.keelraft.model.ConfChange.ChangeType;
import dev.keelraft.model.ConfChange.Form;
import dev.keelraft.model.ConfChange.Transition;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.Size;

/** Configuration changes, and their bytes in log entries. The proto module compares these with generated code. */
class ConfChangeTest {
    private static Arbitrary<Long> ids() {
        return Arbitraries.oneOf(Arbitraries.longs(), Arbitraries.of(0L, 1L, 127L, 128L, Long.MAX_VALUE, -3L));
    }

    private static Arbitrary<Change> singles() {
        return Combinators.combine(Arbitraries.of(ChangeType.class), ids()).as(Change::new);
    }

    private static Arbitrary<byte[]> contexts() {
        return Arbitraries.bytes().array(byte[].class).ofMaxSize(200);
    }

    @Provide
    Arbitrary<ConfChange> changes() {
        Arbitrary<ConfChange> older = Combinators.combine(ids(), singles(), contexts())
                .as((id, single, context) -> ConfChange.v1(id, single.type(), single.nodeId(), context));
        Arbitrary<ConfChange> newer = Combinators.combine(
                        Arbitraries.of(Transition.class), singles().list().ofMaxSize(5), contexts())
                .as(ConfChange::of);
        return Arbitraries.oneOf(older, newer).withoutEdgeCases();
    }

    private static Optional<ConfChange> decoded(EntryType type, byte[] data) {
        return ConfChange.decode(new Entry(1, 1, type, data));
    }

    @Property
    void what_was_encoded_is_decoded_as_it_was(@ForAll("changes") ConfChange change) {
        assertThat(decoded(change.entryType(), change.encode())).contains(change);
    }

    @Property
    void any_bytes_are_decoded_or_refused_and_never_throw(@ForAll @Size(max = 40) byte[] data) {
        for (EntryType type : EntryType.values()) {
            Optional<ConfChange> change = decoded(type, data);
            change.ifPresent(read -> assertThat(decoded(type, read.encode())).contains(read));
        }
    }

    @Property
    void damaged_bytes_are_decoded_or_refused_and_never_throw(
            @ForAll("changes") ConfChange change, @ForAll int place, @ForAll byte damage) {
        byte[] data = change.encode();
        if (data.length == 0) {
            return;
        }
        int at = Math.floorMod(place, data.length);
        decoded(change.entryType(), Arrays.copyOf(data, at));
        data[at] ^= damage;
        Optional<ConfChange> read = decoded(change.entryType(), data);
        read.ifPresent(other -> assertThat(other.entryType()).isEqualTo(change.entryType()));
    }

    @Property
    void bytes_that_end_within_a_field_are_refused(@ForAll("changes") ConfChange change) {
        byte[] data = change.encode();
        if (change.context().length > 0) {
            assertThat(decoded(change.entryType(), Arrays.copyOf(data, data.length - 1)))
                    .isEmpty();
        }
    }

    @Property(tries = 200)
    void unknown_fields_are_skipped(@ForAll("changes") ConfChange change) {
        // Field 100 as a varint, 8 bytes, 3 bytes with their length, 4 bytes.
        for (String unknown : List.of("a0068f01", "a1060102030405060708", "a20603010203", "a50601020304")) {
            byte[] field = HexFormat.of().parseHex(unknown);
            byte[] data = change.encode();
            byte[] longer = Arrays.copyOf(data, data.length + field.length);
            System.arraycopy(field, 0, longer, data.length, field.length);
            assertThat(decoded(change.entryType(), longer)).as(unknown).contains(change);
        }
    }

    @Example
    void the_bytes_are_those_of_etcd() {
        // Worked out by hand from raft.proto: field number * 8 + wire type, then the value.
        assertBytes(ConfChange.v1(0, ChangeType.ADD_VOTER, 1, new byte[0]), "1801");
        assertBytes(ConfChange.v1(300, ChangeType.REMOVE, 2, new byte[] {7}), "08ac02" + "1001" + "1802" + "220107");
        assertBytes(ConfChange.leave(), "");
        assertBytes(ConfChange.of(new Change(ChangeType.ADD_VOTER, 3)), "12021003");
        assertBytes(
                ConfChange.of(
                        Transition.JOINT_EXPLICIT,
                        List.of(new Change(ChangeType.ADD_LEARNER, 4), new Change(ChangeType.ADD_VOTER, 0)),
                        new byte[] {1, 2}),
                "0802" + "120408031004" + "1200" + "1a020102");
        assertBytes(ConfChange.v1(0, ChangeType.ADD_VOTER, -3, new byte[0]), "18" + "fdffffffffffffffff01");
    }

    private static void assertBytes(ConfChange change, String hex) {
        assertThat(HexFormat.of().formatHex(change.encode())).isEqualTo(hex);
        assertThat(decoded(change.entryType(), HexFormat.of().parseHex(hex))).contains(change);
    }

    @Example
    void what_this_version_does_not_know_is_refused() {
        for (String hex : List.of("1004", "10ffffffffffffffffff01")) {
            assertThat(decoded(EntryType.CONF_CHANGE, HexFormat.of().parseHex(hex)))
                    .isEmpty();
        }
        for (String hex : List.of("0803", "12020804", "120110", "0b", "07", "00", "0000", "f8ffffffff0100")) {
            assertThat(decoded(EntryType.CONF_CHANGE_V2, HexFormat.of().parseHex(hex)))
                    .as(hex)
                    .isEmpty();
        }
    }

    @Example
    void an_entry_of_the_application_holds_no_change() {
        assertThat(decoded(
                        EntryType.NORMAL,
                        ConfChange.of(new Change(ChangeType.REMOVE, 1)).encode()))
                .isEmpty();
    }

    /** M5. */
    @Example
    void the_transition_and_the_number_of_changes_say_how_the_group_gets_there() {
        Change one = new Change(ChangeType.ADD_VOTER, 1);
        Change two = new Change(ChangeType.ADD_VOTER, 2);
        assertThat(ConfChange.of(one).entersJoint()).isFalse();
        assertThat(ConfChange.of(one, two).entersJoint()).isTrue();
        assertThat(ConfChange.of(one, two).autoLeave()).isTrue();
        assertThat(ConfChange.of(Transition.JOINT_IMPLICIT, List.of(one), new byte[0])
                        .entersJoint())
                .isTrue();
        assertThat(ConfChange.of(Transition.JOINT_IMPLICIT, List.of(one), new byte[0])
                        .autoLeave())
                .isTrue();
        assertThat(ConfChange.of(Transition.JOINT_EXPLICIT, List.of(one), new byte[0])
                        .entersJoint())
                .isTrue();
        assertThat(ConfChange.of(Transition.JOINT_EXPLICIT, List.of(one), new byte[0])
                        .autoLeave())
                .isFalse();
        assertThat(ConfChange.leave().isLeave()).isTrue();
        assertThat(ConfChange.of(Transition.AUTO, List.of(), new byte[] {1}).isLeave())
                .as("a leave may bear a context")
                .isTrue();
        assertThat(ConfChange.of(Transition.JOINT_EXPLICIT, List.of(), new byte[0])
                        .isLeave())
                .isFalse();
        assertThat(ConfChange.of(one).isLeave()).isFalse();
    }

    @Example
    void the_older_form_holds_one_change_and_the_newer_no_id() {
        assertThatThrownBy(() -> new ConfChange(Form.V1, 1, Transition.AUTO, List.of(), new byte[0]))
                .isInstanceOf(IllegalArgumentException.class);
        List<Change> one = List.of(new Change(ChangeType.REMOVE, 1));
        assertThatThrownBy(() -> new ConfChange(Form.V1, 1, Transition.JOINT_IMPLICIT, one, new byte[0]))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new ConfChange(Form.V2, 1, Transition.AUTO, one, new byte[0]))
                .isInstanceOf(IllegalArgumentException.class);
        assertThat(new ConfChange(Form.V1, 1, Transition.AUTO, one, new byte[0]).entryType())
                .isEqualTo(EntryType.CONF_CHANGE);
    }

    @Example
    void changes_are_equal_by_all_that_is_in_their_bytes() {
        Change add = new Change(ChangeType.ADD_VOTER, 2);
        byte[] context = {1};
        ConfChange newer = ConfChange.of(Transition.AUTO, List.of(add), context);
        assertThat(newer)
                .isEqualTo(ConfChange.of(Transition.AUTO, List.of(add), context.clone()))
                .hasSameHashCodeAs(ConfChange.of(Transition.AUTO, List.of(add), context.clone()))
                .hasToString("ConfChange[V2, AUTO, [ADD_VOTER 2], context=1 B]")
                .isNotEqualTo(add)
                .isNotEqualTo(ConfChange.of(Transition.JOINT_IMPLICIT, List.of(add), context))
                .isNotEqualTo(ConfChange.of(Transition.AUTO, List.of(add, add), context))
                .isNotEqualTo(ConfChange.of(Transition.AUTO, List.of(add), new byte[] {2}))
                .isNotEqualTo(ConfChange.v1(0, ChangeType.ADD_VOTER, 2, context));
        assertThat(ConfChange.v1(1, ChangeType.ADD_VOTER, 2, context))
                .isNotEqualTo(ConfChange.v1(2, ChangeType.ADD_VOTER, 2, context));
    }

    @Example
    void its_numbers_on_the_wire_are_etcds() {
        assertThat(Arrays.stream(ChangeType.values()).mapToInt(ChangeType::number))
                .containsExactly(0, 1, 2, 3);
        assertThat(ChangeType.values())
                .containsExactly(ChangeType.ADD_VOTER, ChangeType.REMOVE, ChangeType.UPDATE, ChangeType.ADD_LEARNER);
        assertThat(Arrays.stream(Transition.values()).mapToInt(Transition::number))
                .containsExactly(0, 1, 2);
    }
}
