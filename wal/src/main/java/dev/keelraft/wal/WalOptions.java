package dev.keelraft.wal;

import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.random.RandomGenerator;

/**
 * What a host may choose. None of it is stored: each open may choose anew.
 *
 * @param segmentBytes the length of a segment file: at least {@link #MIN_SEGMENT_BYTES}, at most 1 GiB, a multiple of 4096.
 *     Each is written full of zeros before its use, so that later syncs change no metadata; a batch that is larger gets a
 *     segment of its own size. Small segments free space sooner, large ones need fewer pauses to prepare the next. Default
 *     64 MiB
 * @param cacheBytes how much of its log the {@link WalStorage} of each group keeps on the heap, 0 or more: payloads, and 64 bytes for each
 *     entry. A half is for the entries written last, a half for older ones that were read;
 *     up to about 1 MiB that is not written yet may come on top. Default 32 MiB
 * @param ownThread whether the log is written on another thread than the one that reads {@link Wal#storage()}: see {@link
 *     WalStorage}. Default no
 * @param preparer what prepares segments before they are needed, off the thread that appends: an executor of the host, for
 *     short jobs that write and force {@code segmentBytes} of zeros. It may run them at any time, late, or never; a segment that
 *     is not ready is prepared in the append that needs it, as all are by default
 * @param random where the salts and identities come from. It must be unpredictable for clients, and never start over with the
 *     same numbers, except in tests. Default {@link SecureRandom}
 * @param clock what time it is, for information in files only; nothing depends on it. Default the system's
 */
public record WalOptions(
        int segmentBytes,
        long cacheBytes,
        boolean ownThread,
        Optional<Executor> preparer,
        RandomGenerator random,
        InstantSource clock) {
    /** The smallest segment: room for the header, a checkpoint, what is set aside, and a few entries. */
    public static final int MIN_SEGMENT_BYTES = 16 << 10;

    private static final int MAX_SEGMENT_BYTES = 1 << 30;

    /**
     * Checks the ranges.
     *
     * @param segmentBytes see above
     * @param cacheBytes see above
     * @param ownThread see above
     * @param preparer see above
     * @param random see above
     * @param clock see above
     * @throws IllegalArgumentException if a number is out of its range
     */
    public WalOptions {
        if (segmentBytes < MIN_SEGMENT_BYTES
                || segmentBytes > MAX_SEGMENT_BYTES
                || segmentBytes % Segment.HEADER_BYTES != 0) {
            throw new IllegalArgumentException("segmentBytes must be a multiple of " + Segment.HEADER_BYTES + " in ["
                    + MIN_SEGMENT_BYTES + ", " + MAX_SEGMENT_BYTES + "]: " + segmentBytes);
        }
        if (cacheBytes < 0) {
            throw new IllegalArgumentException("cacheBytes must not be negative: " + cacheBytes);
        }
    }

    /** The defaults. */
    public static WalOptions defaults() {
        return new WalOptions(64 << 20, 32L << 20, false, Optional.empty(), new SecureRandom(), InstantSource.system());
    }

    /** The same with another length of segments. */
    public WalOptions withSegmentBytes(int bytes) {
        return new WalOptions(bytes, cacheBytes, ownThread, preparer, random, clock);
    }

    /** The same with another bound on the cache. */
    public WalOptions withCacheBytes(long bytes) {
        return new WalOptions(segmentBytes, bytes, ownThread, preparer, random, clock);
    }

    /** The same, for a log that is written on a thread of its own. */
    public WalOptions onItsOwnThread() {
        return new WalOptions(segmentBytes, cacheBytes, true, preparer, random, clock);
    }

    /** The same, with an executor that prepares segments. */
    public WalOptions withPreparer(Executor executor) {
        return new WalOptions(segmentBytes, cacheBytes, ownThread, Optional.of(executor), random, clock);
    }

    /** The same with another source of random numbers. */
    public WalOptions withRandom(RandomGenerator source) {
        return new WalOptions(segmentBytes, cacheBytes, ownThread, preparer, source, clock);
    }

    /** The same with another clock. */
    public WalOptions withClock(InstantSource source) {
        return new WalOptions(segmentBytes, cacheBytes, ownThread, preparer, random, source);
    }
}
