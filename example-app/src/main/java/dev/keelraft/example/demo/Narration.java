package dev.keelraft.example.demo;

import java.io.PrintWriter;
import java.util.Locale;

/** What the demo tells while it runs: a line for each event, with the seconds since the beginning. */
final class Narration {
    private final PrintWriter out;
    private final long startNanos;
    private boolean muted;

    /** Begins now. */
    Narration(PrintWriter out) {
        this.out = out;
        startNanos = System.nanoTime();
    }

    /** Something has happened just now. */
    synchronized void event(String format, Object... arguments) {
        if (!muted) {
            out.printf(Locale.ROOT, "%7.2f s  ", (System.nanoTime() - startNanos) / 1e9);
            line(format, arguments);
        }
    }

    /** Something that has no moment. */
    synchronized void line(String format, Object... arguments) {
        if (!muted) {
            out.printf(Locale.ROOT, format, arguments);
            out.println();
            out.flush();
        }
    }

    /** Nothing is told from now on. */
    synchronized void mute() {
        muted = true;
    }
}
