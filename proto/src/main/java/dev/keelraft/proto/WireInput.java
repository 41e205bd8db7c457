package dev.keelraft.proto;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.keelraft.proto.MalformedMessageException.Reason;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/*
 * A protobuf stream with what Keel's formats add: limits, numbers that stay positive, and one type of error.
 *
 * Nothing is allocated on the word of a length: a CodedInputStream compares each with the limit that was pushed last, which
 * lies within the message, before it copies (over an InputStream it copies in pieces as the bytes come).
 *
 * Fields that a reader does not know are skipped whatever their wire type is. That includes groups: newer schemas may ask for
 * them again ("delimited" encoding of protobuf's editions). Their depth is bounded by the stream's recursion limit, 100.
 */
final class WireInput {
    /** Reads one message, up to where {@link #nextTag()} returns 0. */
    interface Parser<T> {
        T parse(WireInput in) throws IOException, MalformedMessageException;
    }

    /* A tag is the field's number << 3 | one of these. */
    static final int VARINT = 0;
    static final int DELIMITED = 2;

    static final byte[] NO_BYTES = {};

    private final CodedInputStream in;
    private final DecodeLimits limits;
    private final int start;

    private WireInput(CodedInputStream in, DecodeLimits limits) {
        this.in = in;
        this.limits = limits;
        this.start = in.getTotalBytesRead();
    }

    /** Parses an array from its first byte to its last. */
    static <T> T parse(byte[] bytes, DecodeLimits limits, Parser<T> parser) throws MalformedMessageException {
        return parseInMemory(CodedInputStream.newInstance(bytes), bytes.length, limits, parser);
    }

    /** For streams over memory, which have no way to fail but by their content. */
    static <T> T parseInMemory(CodedInputStream in, int messageBytes, DecodeLimits limits, Parser<T> parser)
            throws MalformedMessageException {
        try {
            return parse(in, messageBytes, limits, parser);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Parses the next {@code messageBytes} of a stream. For where the stream stands afterwards see {@link MessageCodec}. */
    static <T> T parse(CodedInputStream in, int messageBytes, DecodeLimits limits, Parser<T> parser)
            throws IOException, MalformedMessageException {
        if (messageBytes < 0) {
            throw new IllegalArgumentException("negative length: " + messageBytes);
        }
        if (messageBytes > limits.maxMessageBytes()) {
            throw new MalformedMessageException(
                    Reason.TOO_LARGE, messageBytes + " bytes, maxMessageBytes is " + limits.maxMessageBytes());
        }
        WireInput input = new WireInput(in, limits);
        try {
            int outer = in.pushLimit(messageBytes);
            T value = input.parseOrSkip(messageBytes, outer, parser);
            in.popLimit(outer);
            return value;
        } catch (InvalidProtocolBufferException e) {
            throw new MalformedMessageException(
                    Reason.BROKEN_WIRE_FORMAT, "at byte " + input.position() + ": " + e.getMessage(), e);
        }
    }

    private <T> T parseOrSkip(int messageBytes, int outer, Parser<T> parser)
            throws IOException, MalformedMessageException {
        try {
            return parser.parse(this);
        } catch (MalformedMessageException e) {
            if (e.reason().dropsMessageOnly()) {
                in.popLimit(outer);
                in.skipRawBytes(messageBytes - position());
            }
            throw e;
        }
    }

    DecodeLimits limits() {
        return limits;
    }

    /** Returns the tag of the next field, or 0 at the end of the message. */
    int nextTag() throws IOException, MalformedMessageException {
        int tag = in.readTag();
        // For the stream its own end is one, too: what was cut between two fields would pass for a shorter message.
        if (tag == 0 && in.getBytesUntilLimit() > 0) {
            throw malformed(
                    Reason.BROKEN_WIRE_FORMAT, "the input ends " + in.getBytesUntilLimit() + " bytes too early");
        }
        return tag;
    }

    /** Skips a field of any wire type. */
    void skip(int tag) throws IOException, MalformedMessageException {
        // Older versions of protobuf-java only say so, where newer ones throw.
        if (!in.skipField(tag)) {
            throw malformed(Reason.BROKEN_WIRE_FORMAT, "the end of a group that did not begin");
        }
    }

    /** Reads a term or an index. */
    long number(String field) throws IOException, MalformedMessageException {
        long value = in.readUInt64();
        if (value < 0) {
            throw malformed(Reason.NEGATIVE_NUMBER, field + " is above 2^63 - 1: " + Long.toUnsignedString(value));
        }
        return value;
    }

    /** Reads a node id: an unsigned number, any 64 bits. */
    long id() throws IOException {
        return in.readUInt64();
    }

    /** Reads a list of ids in its packed form. */
    void packedIds(String field, List<Long> ids) throws IOException, MalformedMessageException {
        int outer = in.pushLimit(in.readRawVarint32());
        while (in.getBytesUntilLimit() > 0) {
            id(field, ids);
        }
        in.popLimit(outer);
    }

    /** Reads one id of a list. */
    void id(String field, List<Long> ids) throws IOException, MalformedMessageException {
        if (ids.size() == limits.maxMembers()) {
            throw malformed(Reason.TOO_LARGE, "more " + field + " than maxMembers, " + limits.maxMembers());
        }
        ids.add(in.readUInt64());
    }

    int enumNumber() throws IOException {
        return in.readEnum();
    }

    boolean flag() throws IOException {
        return in.readBool();
    }

    /** Reads a byte string; the array is the caller's. */
    byte[] bytes() throws IOException {
        return in.readByteArray();
    }

    /** Reads a message that is the value of a field. */
    <T> T nested(Parser<T> parser) throws IOException, MalformedMessageException {
        int outer = in.pushLimit(in.readRawVarint32());
        T value = parser.parse(this);
        in.popLimit(outer);
        return value;
    }

    /** Reads a message that is the value of a field which may stand only once. {@code before}: what was read of it so far. */
    <T> T once(String field, @Nullable T before, Parser<T> parser) throws IOException, MalformedMessageException {
        if (before != null) {
            throw malformed(Reason.WRONG_SHAPE, "a second " + field);
        }
        return nested(parser);
    }

    MalformedMessageException malformed(Reason reason, String text) {
        return new MalformedMessageException(reason, "at byte " + position() + ": " + text);
    }

    private int position() {
        return in.getTotalBytesRead() - start;
    }
}
