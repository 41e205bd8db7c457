package dev.keelraft.wal;

import java.io.IOException;

/** A file could not grow: the disk is full, the quota used up, or the limit on file sizes reached. */
final class NoSpaceException extends IOException {
    private static final long serialVersionUID = 1L;

    NoSpaceException(String message) {
        super(message);
    }

    NoSpaceException(IOException cause) {
        super(cause.getMessage(), cause);
    }
}
