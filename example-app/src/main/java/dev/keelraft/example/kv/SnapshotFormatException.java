package dev.keelraft.example.kv;

import java.io.IOException;

/** A stream is not a whole, undamaged snapshot of a version that is known. Nothing of it may be used. */
public final class SnapshotFormatException extends IOException {
    private static final long serialVersionUID = 1;

    /** What is wrong. */
    public enum Reason {
        /** It does not begin like a snapshot. */
        NOT_A_SNAPSHOT,
        /** It was written by a version of this format that this one does not know. */
        UNKNOWN_VERSION,
        /** It ends too early. */
        TRUNCATED,
        /** It goes on behind its end. */
        TRAILING_BYTES,
        /** A record is longer than any record may be. */
        RECORD_TOO_LONG,
        /** A record cannot be read, stands in the wrong place, or contradicts another. */
        MALFORMED,
        /** The checksum differs: at least one bit is not as it was written. */
        CHECKSUM
    }

    private final Reason reason;

    SnapshotFormatException(Reason reason, String text) {
        super(text);
        this.reason = reason;
    }

    SnapshotFormatException(Reason reason, String text, Throwable cause) {
        super(text, cause);
        this.reason = reason;
    }

    /** What is wrong. */
    public Reason reason() {
        return reason;
    }
}
