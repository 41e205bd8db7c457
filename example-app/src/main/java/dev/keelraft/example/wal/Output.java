package dev.keelraft.example.wal;

import java.io.PrintWriter;

/** Standard output, in large pieces, which notices that nobody reads it any more. */
final class Output {
    private static final int PIECE_CHARS = 1 << 15;

    private final PrintWriter out;
    private final Runnable before;
    private final StringBuilder piece = new StringBuilder();

    /**
     * Writes to a stream.
     *
     * @param before is run before each piece: whatever else is on the same screen must go
     */
    Output(PrintWriter out, Runnable before) {
        this.out = out;
        this.before = before;
    }

    /** The other end of the pipe is closed, as {@code head} does. */
    static final class ClosedException extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    /**
     * Writes a line, now or later.
     *
     * @throws ClosedException if nobody reads it
     */
    void line(String text) {
        piece.append(text.stripTrailing()).append(System.lineSeparator());
        if (piece.length() >= PIECE_CHARS) {
            flush();
        }
    }

    /**
     * Writes what is not written yet.
     *
     * @throws ClosedException if nobody reads it
     */
    void flush() {
        before.run();
        out.print(piece);
        piece.setLength(0);
        if (out.checkError()) {
            throw new ClosedException();
        }
    }
}
