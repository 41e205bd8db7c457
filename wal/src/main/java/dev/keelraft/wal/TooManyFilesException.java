package dev.keelraft.wal;

import java.io.IOException;

/** A file could not be opened: the process, or the system, has no file descriptor left. Nothing has happened to the file. */
final class TooManyFilesException extends IOException {
    private static final long serialVersionUID = 1L;

    TooManyFilesException(String message) {
        super(message);
    }

    TooManyFilesException(IOException cause) {
        super(cause.getMessage(), cause);
    }
}
