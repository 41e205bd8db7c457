package dev.keelraft.wal;

/** Bytes whose checksums hold, and which make no sense: a defect of the writer, or a forgery. */
final class MalformedRecordException extends Exception {
    private static final long serialVersionUID = 1L;

    MalformedRecordException(String text) {
        super(text);
    }
}
