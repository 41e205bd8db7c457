package dev.keelraft.testkit;

import dev.keelraft.Ready;
import dev.keelraft.Storage;
import dev.keelraft.model.Snapshot;

/**
 * A log of the host's, as the contracts of this package see it: what the kernel reads of it, and what a host does to it. The
 * embedder implements it in a few lines over the real thing.
 *
 * <p>All calls come on one thread. Exceptions out of them fail the test.
 */
public interface HostLog {
    /** Returns what the kernel reads. It shows what was appended, saved and compacted as soon as those calls have returned. */
    Storage storage();

    /**
     * Stores what a Ready holds, as one batch: {@link Ready#snapshot()}, which replaces the whole log, {@link Ready#hardState()}
     * unless it is empty, {@link Ready#entries()}, which replace those of the same index and all behind them. It need not be
     * durable yet. Some hold nothing to store.
     *
     * @throws NoRoomException if the disk is full, and nothing of it was stored; it will be tried again
     */
    void append(Ready ready) throws Exception;

    /** Makes durable everything that was appended. */
    void sync() throws Exception;

    /**
     * Stores a snapshot that the application made of its own state; the log keeps its entries. Durable when it returns, with
     * everything that was appended before.
     *
     * @param snapshot at an index that is committed, newer than all before
     * @throws NoRoomException if the disk is full, and it was not stored
     */
    void saveSnapshot(Snapshot snapshot) throws Exception;

    /**
     * Forgets entries. It may keep some, or all, and a crash may bring them back.
     *
     * @param index the last that may go; the newest snapshot is at it or behind it
     */
    void compact(long index) throws Exception;

    /**
     * Gets what {@link Storage#entries} or {@link Storage#snapshot} has just not had at hand, and waits for it. Logs that always
     * have it at hand do nothing.
     */
    default void fetchPending() throws Exception {}

    /** Makes everything durable, and ends this life of the log. */
    void close() throws Exception;
}
