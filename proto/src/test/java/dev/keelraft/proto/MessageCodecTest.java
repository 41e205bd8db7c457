package dev.keelraft.proto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import dev.keelraft.model.Body;
import dev.keelraft.model.Entry;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import dev.keelraft.proto.MalformedMessageException.Reason;
import dev.keelraft.proto.wire.ConfState;
import dev.keelraft.proto.wire.MemberIncarnation;
import dev.keelraft.proto.wire.Snapshot;
import dev.keelraft.proto.wire.SnapshotMetadata;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Collections;
import java.util.List;
import net.jqwik.api.Example;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/** What the codec refuses, what it overlooks, and where it leaves a stream. */
class MessageCodecTest {
    @Example
    void a_message_of_a_kind_that_this_version_does_not_know_is_dropped_and_the_connection_stays() {
        for (int unknown : new int[] {24, 1000, Integer.MAX_VALUE, -1}) {
            assertRefused(withType(unknown), Reason.UNKNOWN_KIND);
        }
        assertThat(Reason.UNKNOWN_KIND.dropsMessageOnly()).isTrue();
    }

    @Example
    void a_message_that_only_a_node_itself_may_send_is_dropped_and_the_connection_stays() {
        for (int local : EtcdCases.LOCAL_KINDS) {
            assertRefused(withType(local), Reason.LOCAL_KIND);
        }
        assertRefused(new byte[0], Reason.LOCAL_KIND);
        assertRefused(append().clearType(), Reason.LOCAL_KIND);
        assertThat(Reason.LOCAL_KIND.dropsMessageOnly()).isTrue();
    }

    @Example
    void every_number_of_a_kind_is_ours_or_local_or_unknown() throws MalformedMessageException {
        for (MessageType type : MessageType.values()) {
            assertThat(MessageFields.number(type))
                    .isEqualTo(GeneratedTwin.type(type).getNumber());
            assertThat(MessageFields.type(MessageFields.number(type))).isEqualTo(type);
        }
        assertThat(MessageType.values().length + EtcdCases.LOCAL_KINDS.size())
                .isEqualTo(dev.keelraft.proto.wire.MessageType.values().length);
    }

    @Example
    void what_else_a_message_of_unknown_kind_holds_does_not_matter() {
        byte[] unknownThenGarbage = concat(withType(24), new byte[] {(byte) 0xff, (byte) 0xff});

        assertRefused(unknownThenGarbage, Reason.UNKNOWN_KIND);
    }

    @Example
    void an_entry_of_unknown_type_drops_the_message() throws IOException {
        ByteString entry = ByteString.copyFrom(bytes(out -> {
            out.writeEnum(1, 3);
            out.writeUInt64(2, 7);
            out.writeUInt64(3, 1);
        }));
        byte[] append = concat(wire(MessageType.APPEND).build().toByteArray(), bytes(out -> out.writeBytes(7, entry)));

        assertRefused(append, Reason.UNKNOWN_ENTRY_TYPE);
        assertThat(Reason.UNKNOWN_ENTRY_TYPE.dropsMessageOnly()).isTrue();
    }

    @Example
    void terms_and_indexes_with_the_top_bit_set_are_refused() {
        long tooHigh = Long.MIN_VALUE;
        assertRefused(append().setTerm(tooHigh), Reason.NEGATIVE_NUMBER);
        assertRefused(append().setLogTerm(tooHigh), Reason.NEGATIVE_NUMBER);
        assertRefused(append().setIndex(tooHigh), Reason.NEGATIVE_NUMBER);
        assertRefused(append().setCommit(tooHigh), Reason.NEGATIVE_NUMBER);
        assertRefused(append().setRejectHint(-1), Reason.NEGATIVE_NUMBER);
        assertRefused(append().setKnownCommit(tooHigh), Reason.NEGATIVE_NUMBER);
        assertRefused(append().setKnownCommitTerm(-1), Reason.NEGATIVE_NUMBER);
        assertRefused(append().setPriority(-1), Reason.NEGATIVE_NUMBER);
        assertRefused(append().addEntries(entry(tooHigh, 1)), Reason.NEGATIVE_NUMBER);
        assertRefused(append().addEntries(entry(1, -1)), Reason.NEGATIVE_NUMBER);
        assertRefused(snapshot(SnapshotMetadata.newBuilder().setIndex(tooHigh)), Reason.NEGATIVE_NUMBER);
        assertRefused(snapshot(SnapshotMetadata.newBuilder().setIndex(1).setTerm(-1)), Reason.NEGATIVE_NUMBER);
        assertThat(Reason.NEGATIVE_NUMBER.dropsMessageOnly()).isFalse();
    }

    @Example
    void node_ids_keep_their_top_bit() throws MalformedMessageException {
        Message message = decode(append().setTo(Long.MIN_VALUE | 5).setFrom(-3).build());

        assertThat(message.to()).isEqualTo(Long.MIN_VALUE | 5);
        assertThat(message.from()).isEqualTo(-3);
    }

    @Example
    void the_entries_of_an_append_follow_each_other() throws MalformedMessageException {
        dev.keelraft.proto.wire.Message.Builder good =
                append().setIndex(4).setLogTerm(2).addEntries(entry(2, 5)).addEntries(entry(7, 6));

        assertThat(((Body.Append) decode(good.build()).body()).entries()).hasSize(2);
        assertRefused(good.clone().addEntries(entry(7, 8)), Reason.WRONG_SHAPE);
        assertRefused(good.clone().addEntries(entry(7, 6)), Reason.WRONG_SHAPE);
        assertRefused(good.clone().setIndex(3), Reason.WRONG_SHAPE);
        assertRefused(append().setIndex(Long.MAX_VALUE).addEntries(entry(7, 0)), Reason.WRONG_SHAPE);
        assertThat(Reason.WRONG_SHAPE.dropsMessageOnly()).isFalse();
    }

    @Example
    void the_terms_of_an_append_never_fall_and_never_pass_the_messages_own() {
        dev.keelraft.proto.wire.Message.Builder good =
                append().setIndex(4).setLogTerm(2).addEntries(entry(3, 5));

        assertRefused(good.clone().setLogTerm(4), Reason.WRONG_SHAPE);
        assertRefused(good.clone().addEntries(entry(2, 6)), Reason.WRONG_SHAPE);
        assertRefused(good.clone().addEntries(entry(8, 6)), Reason.WRONG_SHAPE);
        assertRefused(append().addEntries(entry(0, 1)), Reason.WRONG_SHAPE);
    }

    @Example
    void a_read_has_exactly_one_entry() {
        for (MessageType type : List.of(MessageType.READ_INDEX, MessageType.READ_INDEX_RESPONSE)) {
            assertRefused(wire(type), Reason.WRONG_SHAPE);
            assertRefused(wire(type).addEntries(entry(0, 0)).addEntries(entry(0, 0)), Reason.WRONG_SHAPE);
        }
    }

    @Example
    void a_proposal_proposes_something() {
        assertRefused(wire(MessageType.PROPOSE), Reason.WRONG_SHAPE);
    }

    @Example
    void term_and_index_of_a_proposed_entry_are_for_the_leader_to_give() throws MalformedMessageException {
        Message message = decode(wire(MessageType.PROPOSE)
                .addEntries(entry(3, 0))
                .addEntries(entry(0, 4))
                .addEntries(entry(3, 4))
                .build());

        assertThat(message.body()).isEqualTo(new Body.Propose(Collections.nCopies(3, Entry.empty(0, 0))));
    }

    @Example
    void a_message_with_a_snapshot_has_one() {
        assertRefused(wire(MessageType.INSTALL_SNAPSHOT), Reason.WRONG_SHAPE);
        assertRefused(snapshot(SnapshotMetadata.newBuilder()), Reason.WRONG_SHAPE);
    }

    @Example
    void a_second_snapshot_is_refused_and_not_merged_with_the_first() {
        dev.keelraft.proto.wire.Message.Builder good =
                snapshot(SnapshotMetadata.newBuilder().setIndex(5));
        byte[] once = good.build().toByteArray();
        byte[] onlySnapshot = dev.keelraft.proto.wire.Message.newBuilder()
                .setSnapshot(good.getSnapshot())
                .build()
                .toByteArray();

        assertRefused(concat(once, onlySnapshot), Reason.WRONG_SHAPE);
    }

    @Example
    void an_id_that_stands_twice_in_a_configuration_or_is_none_is_refused() {
        for (long id : new long[] {5, 0, -1, -2}) {
            ConfState.Builder confState = ConfState.newBuilder().addVoters(5).addVoters(id);
            assertRefused(
                    snapshot(SnapshotMetadata.newBuilder().setIndex(5).setConfState(confState)), Reason.WRONG_SHAPE);
        }
    }

    @Example
    void a_vote_is_for_a_transfer_only_if_its_context_says_so_to_the_letter() throws MalformedMessageException {
        for (String context : List.of("", "CampaignTransfe", "CampaignTransfer ", "campaigntransfer")) {
            Message message = decode(wire(MessageType.VOTE)
                    .setContext(ByteString.copyFromUtf8(context))
                    .build());
            assertThat(((Body.Vote) message.body()).transfer()).as(context).isFalse();
        }
    }

    @Example
    void a_grant_says_nothing_of_what_is_committed() throws MalformedMessageException {
        Message message = decode(wire(MessageType.VOTE_RESPONSE)
                .setKnownCommit(7)
                .setKnownCommitTerm(3)
                .build());
        assertThat(message.body()).isEqualTo(new Body.VoteResponse(false));
    }

    @Example
    void a_message_that_may_have_been_passed_on_bears_no_incarnation() throws MalformedMessageException {
        dev.keelraft.proto.wire.Message.Builder transfer =
                wire(MessageType.TRANSFER_LEADER).setIncarnation(-5);
        assertThat(decode(transfer.build()).incarnation()).isZero();
        assertThat(decode(append().setIncarnation(-5).build()).incarnation()).isEqualTo(-5);
    }

    @Example
    void an_incarnation_of_nobody_or_named_twice_or_0_is_refused() {
        MemberIncarnation.Builder good =
                MemberIncarnation.newBuilder().setNodeId(5).setIncarnation(6);
        for (ConfState.Builder members : List.of(
                ConfState.newBuilder().addIncarnations(good).addIncarnations(good),
                ConfState.newBuilder()
                        .addIncarnations(MemberIncarnation.newBuilder().setIncarnation(6)),
                ConfState.newBuilder()
                        .addIncarnations(MemberIncarnation.newBuilder().setNodeId(5)))) {
            assertRefused(
                    snapshot(SnapshotMetadata.newBuilder().setIndex(1).setConfState(members)), Reason.WRONG_SHAPE);
        }
    }

    @Example
    void responses_are_skipped_unread_so_that_nothing_is_nested() throws MalformedMessageException {
        byte[] append = append().build().toByteArray();
        byte[] garbageAsResponse = {14 << 3 | 2, 2, (byte) 0xff, (byte) 0xff};

        assertThat(MessageCodec.decode(concat(append, garbageAsResponse), DecodeLimits.DEFAULT))
                .isEqualTo(decode(append().build()));
    }

    @Example
    void the_end_of_a_group_that_did_not_begin_is_refused() {
        byte[] append = append().build().toByteArray();

        assertRefused(concat(append, new byte[] {15 << 3 | 4}), Reason.BROKEN_WIRE_FORMAT);
        assertThat(Reason.BROKEN_WIRE_FORMAT.dropsMessageOnly()).isFalse();
    }

    @Example
    void a_stream_stands_behind_a_message_that_is_dropped() throws IOException, MalformedMessageException {
        byte[] dropped = concat(withType(24), new byte[] {(byte) 0xff, (byte) 0xff});
        byte[] good = append().build().toByteArray();
        byte[] all = concat(concat(dropped, dropped), good);
        CodedInputStream in = CodedInputStream.newInstance(new ByteArrayInputStream(all), 16);

        assertRefused(() -> MessageCodec.decode(in, dropped.length, DecodeLimits.DEFAULT), Reason.UNKNOWN_KIND);
        assertRefused(() -> MessageCodec.decode(in, dropped.length, DecodeLimits.DEFAULT), Reason.UNKNOWN_KIND);
        assertThat(MessageCodec.decode(in, good.length, DecodeLimits.DEFAULT)).isEqualTo(decode(append().build()));
        assertThat(in.isAtEnd()).isTrue();
    }

    @Example
    void a_message_ends_where_its_frame_says_and_within_the_frame_around_it() throws IOException {
        byte[] good = append().build().toByteArray();
        CodedInputStream in = CodedInputStream.newInstance(good);

        assertRefused(() -> MessageCodec.decode(in, good.length + 1, DecodeLimits.DEFAULT), Reason.BROKEN_WIRE_FORMAT);
        CodedInputStream limited = CodedInputStream.newInstance(good);
        limited.pushLimit(good.length - 1);
        assertRefused(() -> MessageCodec.decode(limited, good.length, DecodeLimits.DEFAULT), Reason.BROKEN_WIRE_FORMAT);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> MessageCodec.decode(CodedInputStream.newInstance(good), -1, DecodeLimits.DEFAULT));
    }

    @Example
    void a_stream_that_fails_is_not_a_malformed_message() throws IOException {
        InputStream broken = InputStream.nullInputStream();
        broken.close();

        assertThatExceptionOfType(IOException.class)
                .isThrownBy(() -> MessageCodec.decode(CodedInputStream.newInstance(broken), 9, DecodeLimits.DEFAULT))
                .withMessage("Stream closed");
    }

    @Example
    void the_text_of_a_refusal_says_what_and_where() {
        byte[] bytes = append().setIndex(-1).build().toByteArray();

        assertThatExceptionOfType(MalformedMessageException.class)
                .isThrownBy(() -> MessageCodec.decode(bytes, DecodeLimits.DEFAULT))
                .withMessage("NEGATIVE_NUMBER: at byte 19: the index is above 2^63 - 1: 18446744073709551615");
    }

    @Example
    void a_message_of_2_GiB_cannot_be_encoded() {
        Entry entry = Entry.normal(1, 1, new byte[1 << 20]);
        Message message = new Message(MessageType.PROPOSE, 1, 2, 0, new Body.Propose(Collections.nCopies(2048, entry)));

        assertThatIllegalArgumentException().isThrownBy(() -> MessageCodec.encodedBytes(message));
        assertThatIllegalArgumentException().isThrownBy(() -> MessageCodec.encode(message));
        CodedOutputStream out = CodedOutputStream.newInstance(OutputStream.nullOutputStream());
        assertThatIllegalArgumentException().isThrownBy(() -> MessageCodec.encode(message, out));
        assertThat(out.getTotalBytesWritten()).isZero();
        assertThat(WireOutput.checkedBytes(Integer.MAX_VALUE)).isEqualTo(Integer.MAX_VALUE);
    }

    private static dev.keelraft.proto.wire.Message.Builder wire(MessageType type) {
        return dev.keelraft.proto.wire.Message.newBuilder()
                .setType(GeneratedTwin.type(type))
                .setTo(2)
                .setFrom(3)
                .setTerm(7);
    }

    private static dev.keelraft.proto.wire.Message.Builder append() {
        return wire(MessageType.APPEND);
    }

    private static dev.keelraft.proto.wire.Message.Builder snapshot(SnapshotMetadata.Builder metadata) {
        return wire(MessageType.INSTALL_SNAPSHOT)
                .setSnapshot(Snapshot.newBuilder().setMetadata(metadata));
    }

    private static dev.keelraft.proto.wire.Entry entry(long term, long index) {
        return dev.keelraft.proto.wire.Entry.newBuilder()
                .setTerm(term)
                .setIndex(index)
                .build();
    }

    private static Message decode(dev.keelraft.proto.wire.Message message) throws MalformedMessageException {
        return MessageCodec.decode(message.toByteArray(), DecodeLimits.DEFAULT);
    }

    private static byte[] withType(int number) {
        return bytes(out -> {
            out.writeEnum(1, number);
            out.writeUInt64(2, 2);
        });
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

    private static byte[] concat(byte[] a, byte[] b) {
        return ByteString.copyFrom(a).concat(ByteString.copyFrom(b)).toByteArray();
    }

    private static void assertRefused(dev.keelraft.proto.wire.Message.Builder message, Reason reason) {
        assertRefused(message.build().toByteArray(), reason);
    }

    private static void assertRefused(byte[] bytes, Reason reason) {
        assertRefused(() -> MessageCodec.decode(bytes, DecodeLimits.DEFAULT), reason);
    }

    private static void assertRefused(ThrowingCallable decoding, Reason reason) {
        assertThatExceptionOfType(MalformedMessageException.class)
                .isThrownBy(decoding)
                .satisfies(refusal -> assertThat(refusal.reason()).isEqualTo(reason));
    }
}
