package dev.keelraft.wal;

import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Has the next segment's file prepared on the host's executor, so that the append which needs it need not wait for megabytes
 * of zeros. At most one is there or on its way. Used on the writer's thread, but for {@link #status}.
 */
final class Spares {
    private final FileLayer files;
    private final Layout layout;
    private final Optional<Executor> preparer;
    private final int segmentBytes;
    private final RandomGenerator random;
    private volatile @Nullable Spare current;

    Spares(FileLayer files, Layout layout, WalOptions options) {
        this.files = files;
        this.layout = layout;
        this.preparer = options.preparer();
        this.segmentBytes = options.segmentBytes();
        this.random = options.random();
    }

    /** Has one prepared, unless there is one, or one is on its way. */
    void prepare() {
        Spare before = current;
        if (preparer.isEmpty() || (before != null && before.failure().isEmpty())) {
            return;
        }
        Spare next = new Spare(files, layout.segments(), layout.spare(random.nextLong()), segmentBytes);
        current = next;
        try {
            preparer.get().execute(next);
        } catch (RuntimeException e) {
            next.fail(e); // The executor is full, or shut down.
        }
    }

    /** The one that is ready, which now belongs to the caller; null if none is, and then none is on its way any more. */
    @Nullable
    Spare take() {
        Spare taken = current;
        if (taken == null || !taken.failure().isEmpty()) {
            return null;
        }
        current = null;
        if (taken.file() == null) {
            taken.abandon();
            return null;
        }
        return taken;
    }

    /** The caller could not prepare one itself either. */
    void failed(IOException cause) {
        if (preparer.isPresent()) {
            Spare none = new Spare(files, layout.segments(), layout.nextSegment(), segmentBytes);
            none.fail(cause);
            current = none;
        }
    }

    /** How it stands. Any thread. */
    SpareStatus status() {
        Spare now = current;
        if (now == null) {
            return SpareStatus.NONE;
        }
        if (now.file() != null) {
            return new SpareStatus(SpareStatus.State.READY, "");
        }
        String failure = now.failure();
        return failure.isEmpty()
                ? new SpareStatus(SpareStatus.State.PREPARING, "")
                : new SpareStatus(SpareStatus.State.FAILED, failure);
    }

    /** Nothing is needed any more. */
    void close() {
        Spare last = current;
        current = null;
        if (last != null) {
            last.abandon();
        }
    }
}
