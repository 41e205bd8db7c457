package dev.keelraft.proto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Parser;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Snapshot;
import dev.keelraft.proto.MalformedMessageException.Reason;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** Entries, snapshots, configurations and hard states on their own. */
class ValueCodecsPropertyTest {
    private interface Decoder<T> {
        T decode(byte[] bytes, DecodeLimits limits) throws MalformedMessageException;
    }

    @Provide
    Arbitrary<Entry> entries() {
        return KernelArbitraries.entries().withoutEdgeCases();
    }

    @Provide
    Arbitrary<Snapshot> snapshots() {
        return KernelArbitraries.snapshots().withoutEdgeCases();
    }

    @Provide
    Arbitrary<ConfState> confStates() {
        return KernelArbitraries.confStates().withoutEdgeCases();
    }

    @Provide
    Arbitrary<HardState> hardStates() {
        return KernelArbitraries.hardStates().withoutEdgeCases();
    }

    @Property
    void an_entry_is_coded_as_the_generated_class_codes_it(@ForAll("entries") Entry entry, @ForAll long seed)
            throws MalformedMessageException {
        assertThat(EntryCodec.encodedBytes(entry)).isEqualTo(EntryCodec.encode(entry).length);
        check(entry, EntryCodec.encode(entry), GeneratedTwin.of(entry), EntryCodec::decode, seed);
    }

    @Property
    void a_snapshot_is_coded_as_the_generated_class_codes_it(@ForAll("snapshots") Snapshot snapshot, @ForAll long seed)
            throws MalformedMessageException {
        check(snapshot, SnapshotCodec.encode(snapshot), GeneratedTwin.of(snapshot), SnapshotCodec::decode, seed);
    }

    @Property
    void a_configuration_is_coded_as_the_generated_class_codes_it(
            @ForAll("confStates") ConfState state, @ForAll long seed) throws MalformedMessageException {
        check(state, ConfStateCodec.encode(state), GeneratedTwin.of(state), ConfStateCodec::decode, seed);
    }

    @Property
    void a_hard_state_is_coded_as_the_generated_class_codes_it(@ForAll("hardStates") HardState state, @ForAll long seed)
            throws MalformedMessageException {
        check(state, HardStateCodec.encode(state), GeneratedTwin.of(state), HardStateCodec::decode, seed);
    }

    private static <T> void check(
            T value, byte[] encoded, com.google.protobuf.Message generated, Decoder<T> decoder, long seed)
            throws MalformedMessageException {
        assertThat(encoded).isEqualTo(generated.toByteArray());
        assertThat(decoder.decode(encoded, DecodeLimits.DEFAULT)).isEqualTo(value);

        Descriptor type = generated.getDescriptorForType();
        for (WireEdit.Edit edit : List.<WireEdit.Edit>of(
                WireEdit::addUnknownFields,
                WireEdit::shuffle,
                WireEdit::repeatScalars,
                WireEdit::packLists,
                WireEdit::lengthenNumbers)) {
            byte[] edited = WireEdit.edit(encoded, type, new Random(seed), edit);
            assertThat(decoder.decode(edited, DecodeLimits.DEFAULT)).isEqualTo(value);
        }
        for (int length = 0; length < Math.min(200, encoded.length); length++) {
            checkCut(Arrays.copyOf(encoded, length), generated.getParserForType(), decoder);
        }
    }

    /** A part of a value is one exactly if the generated class says so, but for what only Keel asks of ids. */
    private static <T> void checkCut(
            byte[] cut, Parser<? extends com.google.protobuf.Message> parser, Decoder<T> decoder) {
        Optional<Reason> refused = refused(cut, decoder);
        try {
            parser.parseFrom(cut);
            assertThat(refused).isEmpty();
        } catch (InvalidProtocolBufferException e) {
            assertThat(refused).contains(Reason.BROKEN_WIRE_FORMAT);
        }
    }

    private static <T> Optional<Reason> refused(byte[] bytes, Decoder<T> decoder) {
        try {
            decoder.decode(bytes, DecodeLimits.DEFAULT);
            return Optional.empty();
        } catch (MalformedMessageException e) {
            return Optional.of(e.reason());
        }
    }

    @Example
    void nothing_takes_no_bytes() throws MalformedMessageException {
        assertThat(EntryCodec.encode(Entry.empty(0, 0))).isEmpty();
        assertThat(HardStateCodec.encode(HardState.EMPTY)).isEmpty();
        assertThat(ConfStateCodec.encode(ConfState.EMPTY)).isEmpty();
        assertThat(EntryCodec.decode(new byte[0], DecodeLimits.DEFAULT)).isEqualTo(Entry.empty(0, 0));
        assertThat(HardStateCodec.decode(new byte[0], DecodeLimits.DEFAULT)).isEqualTo(HardState.EMPTY);
        assertThat(ConfStateCodec.decode(new byte[0], DecodeLimits.DEFAULT)).isEqualTo(ConfState.EMPTY);
        assertThat(SnapshotCodec.decode(new byte[0], DecodeLimits.DEFAULT)).isEqualTo(Snapshot.NONE);
    }

    @Example
    void a_snapshot_always_says_that_it_has_metadata_and_a_configuration() {
        assertThat(SnapshotCodec.encode(Snapshot.NONE)).containsExactly(2 << 3 | 2, 2, 1 << 3 | 2, 0);
    }

    @Example
    void a_snapshot_may_lack_a_configuration() throws MalformedMessageException {
        byte[] bytes = {2 << 3 | 2, 2, 2 << 3, 5};

        assertThat(SnapshotCodec.decode(bytes, DecodeLimits.DEFAULT))
                .isEqualTo(new Snapshot(5, 0, ConfState.EMPTY, new byte[0]));
    }

    @Example
    void negative_numbers_are_refused() {
        for (int field : new int[] {1, 3}) {
            byte[] state = {(byte) (field << 3), -1, -1, -1, -1, -1, -1, -1, -1, -1, 1};
            assertThatExceptionOfType(MalformedMessageException.class)
                    .isThrownBy(() -> HardStateCodec.decode(state, DecodeLimits.DEFAULT))
                    .satisfies(refusal -> assertThat(refusal.reason()).isEqualTo(Reason.NEGATIVE_NUMBER));
        }
    }

    @Example
    void a_configuration_that_stands_twice_in_a_snapshot_is_refused() {
        byte[] twice = {2 << 3 | 2, 4, 1 << 3 | 2, 0, 1 << 3 | 2, 0};
        byte[] twiceMetadata = {2 << 3 | 2, 0, 2 << 3 | 2, 0};

        for (byte[] bytes : List.of(twice, twiceMetadata)) {
            assertThatExceptionOfType(MalformedMessageException.class)
                    .isThrownBy(() -> SnapshotCodec.decode(bytes, DecodeLimits.DEFAULT))
                    .satisfies(refusal -> assertThat(refusal.reason()).isEqualTo(Reason.WRONG_SHAPE));
        }
    }
}
