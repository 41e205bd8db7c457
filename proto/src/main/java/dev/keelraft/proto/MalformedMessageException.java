package dev.keelraft.proto;

import com.google.protobuf.InvalidProtocolBufferException;

/**
 * Thrown for bytes that are not what they should be. It is checked, because peers are outside of the program: whoever decodes
 * must say what becomes of the message, and of the connection that it came from. Ask {@link Reason#dropsMessageOnly()}.
 */
public final class MalformedMessageException extends Exception {
    private static final long serialVersionUID = 1L;

    /** What is wrong. Good for a counter; the exception's text says where. */
    public enum Reason {
        /**
         * The bytes are not one whole message of the protobuf wire format: they end in the middle of a field, a length reaches
         * beyond the end, a tag is impossible, a number has too many bytes, or unknown groups are nested too deep.
         */
        BROKEN_WIRE_FORMAT(false),
        /** A limit of {@link DecodeLimits} is passed. */
        TOO_LARGE(false),
        /** A term or index has its top bit set. No group gets that far; kernel and log hold them as signed numbers. */
        NEGATIVE_NUMBER(false),
        /** The fields contradict each other, or one that the kind cannot do without is missing. */
        WRONG_SHAPE(false),
        /** An entry has a type that this version does not know. The peer may be newer. */
        UNKNOWN_ENTRY_TYPE(true),
        /** The message is of a kind that this version does not know. The peer may be newer. */
        UNKNOWN_KIND(true),
        /**
         * The message is of a kind that etcd's hosts and storage threads tell their own node, such as "campaign", or has no
         * kind. From a peer it counts for nothing.
         */
        LOCAL_KIND(true);

        private final boolean dropsMessageOnly;

        Reason(boolean dropsMessageOnly) {
            this.dropsMessageOnly = dropsMessageOnly;
        }

        /**
         * Tells what to do: if true, drop this message, as the network may drop any, and go on with the next one of the same
         * connection. If false, the peer does not speak the protocol, or the frames are cut in the wrong places: what follows is
         * not to be trusted, and the connection should be closed.
         */
        public boolean dropsMessageOnly() {
            return dropsMessageOnly;
        }
    }

    private final Reason reason;

    MalformedMessageException(Reason reason, String text) {
        super(reason + ": " + text);
        this.reason = reason;
    }

    MalformedMessageException(Reason reason, String text, InvalidProtocolBufferException cause) {
        super(reason + ": " + text, cause);
        this.reason = reason;
    }

    /** What is wrong. */
    public Reason reason() {
        return reason;
    }
}
