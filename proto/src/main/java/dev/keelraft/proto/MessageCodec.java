package dev.keelraft.proto;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import dev.keelraft.model.Entry;
import dev.keelraft.model.Message;
import dev.keelraft.model.Snapshot;
import dev.keelraft.proto.MalformedMessageException.Reason;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Messages as etcd's {@code Message}. The package's documentation has the table of kinds and fields.
 *
 * <p><b>Encoding</b> writes fields in the order of their numbers, and none that is 0, false or empty; one message has one
 * encoding. Each payload is copied once, into the output. Bodies are written as they are: the kernel makes none that decoding
 * refuses, and whoever makes messages by hand learns it from the receiver.
 *
 * <p><b>Decoding</b> takes what any protobuf library may write of a legal message: fields in any order, fields that are
 * unknown, zeros that need not have been written, packed lists. Of a number, flag or byte string that stands more than once
 * the last counts. A second snapshot is refused (see {@link SnapshotCodec}). Each payload is copied once, out of the input,
 * so that neither the caller's buffer nor the rest of a frame lives as long as the log.
 *
 * <p>The kind is looked at as soon as it is met, and every protobuf library writes it first: a message of an unknown or local
 * kind is dropped unread, as nobody knows what its other fields mean.
 *
 * <p>Everything is static and may be called from any thread.
 */
public final class MessageCodec {
    private static final int TYPE = 1 << 3 | WireInput.VARINT;
    private static final int TO = 2 << 3 | WireInput.VARINT;
    private static final int FROM = 3 << 3 | WireInput.VARINT;
    private static final int TERM = 4 << 3 | WireInput.VARINT;
    private static final int LOG_TERM = 5 << 3 | WireInput.VARINT;
    private static final int INDEX = 6 << 3 | WireInput.VARINT;
    private static final int ENTRIES = 7 << 3 | WireInput.DELIMITED;
    private static final int COMMIT = 8 << 3 | WireInput.VARINT;
    private static final int SNAPSHOT = 9 << 3 | WireInput.DELIMITED;
    private static final int REJECT = 10 << 3 | WireInput.VARINT;
    private static final int REJECT_HINT = 11 << 3 | WireInput.VARINT;
    private static final int CONTEXT = 12 << 3 | WireInput.DELIMITED;

    // Keel's own.
    private static final int KNOWN_COMMIT = 1000 << 3 | WireInput.VARINT;
    private static final int KNOWN_COMMIT_TERM = 1001 << 3 | WireInput.VARINT;
    private static final int PRIORITY = 1002 << 3 | WireInput.VARINT;
    private static final int INCARNATION = 1003 << 3 | WireInput.VARINT;

    // 13, vote, and 14, responses, belong to local kinds and are skipped as unknown fields are. Responses are messages
    // within a message; as nobody descends into them, nothing here is recursive.

    private MessageCodec() {}

    /**
     * Returns the length of the encoded message, in bytes. It takes time in proportion to the number of entries, not to their
     * length.
     *
     * @throws IllegalArgumentException if that is 2 GiB or more
     */
    public static int encodedBytes(Message message) {
        return WireOutput.checkedBytes(bytes(MessageFields.of(message)));
    }

    /**
     * Encodes a message into a new array, which is the caller's.
     *
     * @throws IllegalArgumentException if it would have 2 GiB or more
     */
    public static byte[] encode(Message message) {
        MessageFields fields = MessageFields.of(message);
        return WireOutput.toArray(fields, WireOutput.checkedBytes(bytes(fields)), MessageCodec::write);
    }

    /**
     * Writes a message to a stream: {@link #encodedBytes} bytes, without a length in front, so that the caller can choose its
     * own frame. The stream is not flushed.
     *
     * @throws IOException if the stream cannot take them; part of the message may have been written
     * @throws IllegalArgumentException if it would have 2 GiB or more; nothing has been written
     */
    public static void encode(Message message, CodedOutputStream out) throws IOException {
        MessageFields fields = MessageFields.of(message);
        WireOutput.checkedBytes(bytes(fields));
        write(fields, out);
    }

    /**
     * Decodes a message.
     *
     * @param bytes one encoded message, from the first byte to the last; only read, and not kept
     * @throws MalformedMessageException if they are not, or pass a limit
     */
    public static Message decode(byte[] bytes, DecodeLimits limits) throws MalformedMessageException {
        return WireInput.parse(bytes, limits, MessageCodec::read);
    }

    /**
     * Decodes a message.
     *
     * @param bytes one encoded message, from the buffer's position to its limit, neither of which is moved; only read, and not
     *     kept. A buffer over an array costs least: of others protobuf may have to copy the whole first
     * @throws MalformedMessageException if they are not, or pass a limit
     */
    public static Message decode(ByteBuffer bytes, DecodeLimits limits) throws MalformedMessageException {
        return WireInput.parseInMemory(
                CodedInputStream.newInstance(bytes), bytes.remaining(), limits, MessageCodec::read);
    }

    /**
     * Decodes the next message of a stream.
     *
     * <p>Afterwards the stream stands behind it. So it does after an exception that {@linkplain
     * MalformedMessageException.Reason#dropsMessageOnly() drops the message only}; after any other exception its position and
     * its limits mean nothing, and it must not be used again.
     *
     * @param in the stream; its limits are kept
     * @param messageBytes the length of the message, which the caller's frame tells
     * @throws MalformedMessageException if the bytes are not a message, end early, or pass a limit
     * @throws IOException if the stream cannot be read
     * @throws IllegalArgumentException if {@code messageBytes} is negative
     */
    public static Message decode(CodedInputStream in, int messageBytes, DecodeLimits limits)
            throws IOException, MalformedMessageException {
        return WireInput.parse(in, messageBytes, limits, MessageCodec::read);
    }

    private static long bytes(MessageFields fields) {
        return WireOutput.numberBytes(TYPE, fields.type)
                + WireOutput.numberBytes(TO, fields.to)
                + WireOutput.numberBytes(FROM, fields.from)
                + WireOutput.numberBytes(TERM, fields.term)
                + WireOutput.numberBytes(LOG_TERM, fields.logTerm)
                + WireOutput.numberBytes(INDEX, fields.index)
                + entriesBytes(fields.entries)
                + WireOutput.numberBytes(COMMIT, fields.commit)
                + snapshotBytes(fields)
                + WireOutput.flagBytes(REJECT, fields.reject)
                + WireOutput.numberBytes(REJECT_HINT, fields.rejectHint)
                + WireOutput.bytesBytes(CONTEXT, fields.context)
                + WireOutput.numberBytes(KNOWN_COMMIT, fields.knownCommit)
                + WireOutput.numberBytes(KNOWN_COMMIT_TERM, fields.knownCommitTerm)
                + WireOutput.numberBytes(PRIORITY, fields.priority)
                + WireOutput.numberBytes(INCARNATION, fields.incarnation);
    }

    private static long entriesBytes(List<Entry> entries) {
        long sum = 0;
        for (int i = 0; i < entries.size(); i++) {
            sum += WireOutput.nestedBytes(ENTRIES, entries.get(i).wireBytes());
        }
        return sum;
    }

    private static long snapshotBytes(MessageFields fields) {
        return fields.snapshot == null ? 0 : WireOutput.nestedBytes(SNAPSHOT, SnapshotCodec.bytes(fields.snapshot));
    }

    private static void write(MessageFields fields, CodedOutputStream out) throws IOException {
        WireOutput.number(TYPE, fields.type, out);
        WireOutput.number(TO, fields.to, out);
        WireOutput.number(FROM, fields.from, out);
        WireOutput.number(TERM, fields.term, out);
        WireOutput.number(LOG_TERM, fields.logTerm, out);
        WireOutput.number(INDEX, fields.index, out);
        for (int i = 0; i < fields.entries.size(); i++) {
            Entry entry = fields.entries.get(i);
            WireOutput.nested(ENTRIES, entry, (int) entry.wireBytes(), EntryCodec::write, out);
        }
        WireOutput.number(COMMIT, fields.commit, out);
        if (fields.snapshot != null) {
            Snapshot snapshot = fields.snapshot;
            WireOutput.nested(SNAPSHOT, snapshot, (int) SnapshotCodec.bytes(snapshot), SnapshotCodec::write, out);
        }
        WireOutput.flag(REJECT, fields.reject, out);
        WireOutput.number(REJECT_HINT, fields.rejectHint, out);
        WireOutput.bytes(CONTEXT, fields.context, out);
        WireOutput.number(KNOWN_COMMIT, fields.knownCommit, out);
        WireOutput.number(KNOWN_COMMIT_TERM, fields.knownCommitTerm, out);
        WireOutput.number(PRIORITY, fields.priority, out);
        WireOutput.number(INCARNATION, fields.incarnation, out);
    }

    private static Message read(WireInput in) throws IOException, MalformedMessageException {
        MessageFields fields = new MessageFields();
        for (int tag = in.nextTag(); tag != 0; tag = in.nextTag()) {
            switch (tag) {
                case TYPE -> fields.type = knownType(in.enumNumber());
                case TO -> fields.to = in.id();
                case FROM -> fields.from = in.id();
                case TERM -> fields.term = in.number("the term");
                case LOG_TERM -> fields.logTerm = in.number("the log term");
                case INDEX -> fields.index = in.number("the index");
                case ENTRIES -> addEntry(in, fields);
                case COMMIT -> fields.commit = in.number("the commit index");
                case SNAPSHOT -> fields.snapshot = in.once("snapshot", fields.snapshot, SnapshotCodec::read);
                case REJECT -> fields.reject = in.flag();
                case REJECT_HINT -> fields.rejectHint = in.number("the hint");
                case CONTEXT -> fields.context = in.bytes();
                case KNOWN_COMMIT -> fields.knownCommit = in.number("the known commit index");
                case KNOWN_COMMIT_TERM -> fields.knownCommitTerm = in.number("the term at the known commit index");
                case PRIORITY -> fields.priority = in.number("the priority");
                case INCARNATION -> fields.incarnation = in.id();
                default -> in.skip(tag);
            }
        }
        return fields.toMessage();
    }

    private static int knownType(int number) throws MalformedMessageException {
        MessageFields.type(number);
        return number;
    }

    private static void addEntry(WireInput in, MessageFields fields) throws IOException, MalformedMessageException {
        if (fields.entries.size() == in.limits().maxEntries()) {
            throw in.malformed(
                    Reason.TOO_LARGE,
                    "more entries than maxEntries, " + in.limits().maxEntries());
        }
        if (fields.entries.isEmpty()) {
            fields.entries = new ArrayList<>();
        }
        fields.entries.add(in.nested(EntryCodec::read));
    }
}
