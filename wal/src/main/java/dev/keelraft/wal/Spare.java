package dev.keelraft.wal;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * The preparation of one file for a segment that will be needed: zero-filled, forced, and its name on the disk. It runs on
 * whatever thread the host's executor has.
 */
/*
 * It touches its own file and nothing else: the name is random, so that not even a run of it that outlives its log, and meets
 * the next one in the same directory, can reach another file. What comes of it goes to the writer's thread through one
 * reference, of which each of the two sides may have the last word:
 *
 *   job      PENDING -> done or failed     if it is PENDING still; otherwise nobody wants the file, and the job removes it
 *   writer   anything -> ABANDONED         if it was done, the writer removes the file
 */
final class Spare implements Runnable {
    /** After so many bytes the job looks whether it is still wanted. */
    private static final long PIECE_BYTES = 4 << 20;

    /** What has come of it: an open file, or the reason why there is none. */
    private record Outcome(@Nullable OpenFile file, String failure) {}

    private static final Outcome PENDING = new Outcome(null, "");
    private static final Outcome ABANDONED = new Outcome(null, "it was not wanted any more");

    private final FileLayer files;
    private final Path directory;
    private final Path path;
    private final long fileBytes;
    private final AtomicReference<Outcome> outcome = new AtomicReference<>(PENDING);

    Spare(FileLayer files, Path directory, Path path, long fileBytes) {
        this.files = files;
        this.directory = directory;
        this.path = path;
        this.fileBytes = fileBytes;
    }

    Path path() {
        return path;
    }

    /** How long the file is that it prepares. */
    long fileBytes() {
        return fileBytes;
    }

    /** Prepares the file. Whatever fails is kept for {@link #failure}; nothing is thrown. */
    @Override
    public void run() {
        if (!isPending()) {
            return;
        }
        OpenFile file;
        try {
            file = files.create(path);
        } catch (IOException | RuntimeException | Error e) {
            fail(e);
            return;
        }
        try {
            for (long from = 0; from < fileBytes && isPending(); from += PIECE_BYTES) {
                Segment.zero(file, from, Math.min(fileBytes, from + PIECE_BYTES));
            }
            file.force(true);
            files.syncDirectory(directory);
        } catch (IOException | RuntimeException | Error e) {
            remove(file);
            fail(e);
            return;
        }
        if (!outcome.compareAndSet(PENDING, new Outcome(file, ""))) {
            remove(file);
        }
    }

    /** Gives up, also where it was never begun: the executor did not take it. */
    void fail(Throwable cause) {
        outcome.compareAndSet(PENDING, new Outcome(null, cause.toString()));
    }

    /** The file, open, once it is ready; null before, and where there will be none. */
    @Nullable
    OpenFile file() {
        return now().file();
    }

    /** Why there will be no file; empty if there is one, or may be. */
    String failure() {
        return now().failure();
    }

    private boolean isPending() {
        return now().equals(PENDING);
    }

    private Outcome now() {
        return Objects.requireNonNull(outcome.get());
    }

    /** Nobody wants the file any more: whoever has it last removes it. */
    void abandon() {
        OpenFile file = outcome.getAndSet(ABANDONED).file();
        if (file != null) {
            remove(file);
        }
    }

    /* A file that stays counts for nothing, and the next open removes it. */
    private void remove(OpenFile file) {
        try {
            file.close();
            files.delete(path);
        } catch (IOException e) {
            // As above.
        }
    }
}
