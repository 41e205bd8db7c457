package dev.keelraft.wal;

import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** One group of a log: what the writer knows of it, and what its kernel reads. */
final class Group {
    private final long id;
    private GroupState state = new GroupState();

    /** During a replay; {@link #open} gives it to the view. */
    private FrameIndex frames = new FrameIndex(1);

    private @Nullable WalStorage storage;
    private boolean ownThread;

    /** Filled anew for each call, where the view moves over it at once. */
    private final Batch batch = new Batch();

    /** The snapshots that a start after a crash right now could fall back to. */
    private List<SavedSnapshot> referenced = List.of();

    Group(long id) {
        this.id = id;
    }

    long id() {
        return id;
    }

    GroupState state() {
        return state;
    }

    FrameIndex frames() {
        return frames;
    }

    /** Begins with what a segment states, where its predecessors are gone. */
    void begin(GroupState stated) {
        state = stated;
        frames = new FrameIndex(stated.lastIndex() + 1);
    }

    /** The replay is over, or there was none: from now on there is a view. */
    void open(Segments segments, WalOptions options) {
        ownThread = options.ownThread();
        referenced = state.snapshots();
        storage = new WalStorage(segments, state, frames, options.cacheBytes());
    }

    /** What the kernel reads. */
    WalStorage storage() {
        return Objects.requireNonNull(storage);
    }

    /** An empty batch: the same as the last time unless that was stored, and where it was, perhaps too. */
    Batch newBatch() {
        Batch next = ownThread ? storage().batchForLater() : batch;
        next.clear();
        return next;
    }

    /** Entries up to this index are released, and not read any more: on another thread it is known only later that they are gone. */
    long releasedIndex() {
        return ownThread ? Math.min(state.startIndex(), storage().releasedIndex()) : state.startIndex();
    }

    List<SavedSnapshot> referenced() {
        return referenced;
    }

    void reference(List<SavedSnapshot> snapshots) {
        referenced = List.copyOf(snapshots);
    }
}
