package dev.keelraft.example.wal;

import dev.keelraft.wal.WalProgress;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.function.LongSupplier;

/** Shows on a terminal how far a long reading has come; elsewhere, and where it is short, nothing. */
final class ProgressBar implements WalProgress {
    private static final Path ERROR_STREAM = Path.of("/proc/self/fd/2");
    private static final long FIRST_AFTER_NANOS = 1_000_000_000L;
    private static final long AGAIN_AFTER_NANOS = 200_000_000L;
    private static final int WIDTH = 40;
    private static final long MEBIBYTE = 1 << 20;

    private final PrintWriter terminal;
    private final boolean shown;
    private final LongSupplier nanos;
    private long nextAt;
    private int chars;

    ProgressBar(PrintWriter terminal, boolean shown, LongSupplier nanos) {
        this.terminal = terminal;
        this.shown = shown;
        this.nanos = nanos;
        this.nextAt = nanos.getAsLong() + FIRST_AFTER_NANOS;
    }

    static ProgressBar onErrorStream(PrintWriter err) {
        return new ProgressBar(err, isTerminal(), System::nanoTime);
    }

    /* Java only tells whether input and output are a terminal, and these may be a pipe where the error stream is none. */
    private static boolean isTerminal() {
        try {
            String device = Files.readSymbolicLink(ERROR_STREAM).toString();
            return device.startsWith("/dev/pts/") || device.startsWith("/dev/tty");
        } catch (IOException | UnsupportedOperationException e) {
            return false;
        }
    }

    @Override
    public void read(long readBytes, long totalBytes) {
        if (!shown || nanos.getAsLong() - nextAt < 0) {
            return;
        }
        nextAt = nanos.getAsLong() + AGAIN_AFTER_NANOS;
        // What looks damaged is read a second time.
        long turn = Math.max(1, totalBytes);
        long done = readBytes <= turn ? readBytes : readBytes % turn;
        int full = (int) (WIDTH * done / turn);
        show(String.format(
                Locale.ROOT,
                "[%s%s] %3d %%  %d of %d MiB%s",
                "#".repeat(full),
                ".".repeat(WIDTH - full),
                100 * done / turn,
                done / MEBIBYTE,
                turn / MEBIBYTE,
                readBytes > turn ? ", again" : ""));
    }

    private void show(String text) {
        terminal.print("\r" + text + " ".repeat(Math.max(0, chars - text.length())));
        terminal.flush();
        chars = text.length();
    }

    /** Takes it off the screen. */
    void clear() {
        if (chars > 0) {
            show("");
            terminal.print("\r");
            terminal.flush();
            chars = 0;
        }
    }
}
