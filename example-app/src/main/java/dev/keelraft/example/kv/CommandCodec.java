package dev.keelraft.example.kv;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import dev.keelraft.example.kv.wire.Command;

/** Commands as the data of entries of the log. */
public final class CommandCodec {
    /**
     * How deeply a message may be nested that holds a transaction: each nested one is two messages deeper, and up to
     * {@link RequestValidator#MAX_OPERATIONS} of them are legal. protobuf's own limit of 100 would refuse what was
     * accepted; in the log that would stop every member.
     */
    public static final int RECURSION_LIMIT = 2 * RequestValidator.MAX_OPERATIONS + 16;

    private CommandCodec() {}

    /** The command as bytes; the array is the caller's. */
    public static byte[] encode(Command command) {
        return command.toByteArray();
    }

    /**
     * The command that these bytes are. They are not kept.
     *
     * @throws InvalidProtocolBufferException if they are none: either the log is damaged, or something else wrote into
     *     it
     */
    public static Command decode(byte[] bytes) throws InvalidProtocolBufferException {
        return parse(Command.parser(), bytes, bytes.length);
    }

    /** The message that the first bytes of the array are, nested as deeply as a transaction may be. */
    static <M extends MessageLite> M parse(Parser<M> parser, byte[] bytes, int length)
            throws InvalidProtocolBufferException {
        CodedInputStream in = CodedInputStream.newInstance(bytes, 0, length);
        in.setRecursionLimit(RECURSION_LIMIT);
        M message = parser.parseFrom(in);
        in.checkLastTagWas(0);
        return message;
    }
}
