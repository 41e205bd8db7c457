package dev.keelraft.wal;

import dev.keelraft.Storage;
import dev.keelraft.model.Entry;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Snapshot;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * What the kernel reads of a {@link Wal}, or of one group in it. All but payloads is answered from memory: 20 bytes per frame, and a few for each
 * term. Payloads come from a cache, or from the file, where the checksum of their frame is compared first.
 *
 * <p>The view moves in {@link Wal#append} and its like, on the thread that calls them, so it has what a Ready holds before that
 * is durable; the contract of {@link Storage} allows it. Reads must not run beside calls that move it. They may run on another
 * thread beside {@link Wal#sync}, which moves nothing.
 *
 * <p>With {@link WalOptions#ownThread} it does not move there, but in {@link #catchUp}, which the kernel's thread calls: before it
 * says that a Ready is persisted, and whenever else it likes between two calls of the kernel. Then all of {@link Wal} may run
 * on a thread of its own beside all of this. What a {@link Wal#release} lets go is deleted with a later {@link Wal#sync}, when
 * this has caught up with it, so that nothing is deleted that may still be read here.
 *
 * <p>A failed read throws {@link WalFailed}, damage {@link WalCorrupt}; the kernel stops its group with the cause STORAGE.
 */
public final class WalStorage implements Storage {
    /** A larger buffer is not kept for the next read. */
    private static final int KEPT_BUFFER_BYTES = 1 << 20;

    private final Segments segments;
    private final Checksum checksum = new Checksum();
    private final FrameIndex frames;
    private final TermRuns terms;
    private final EntryCache cache;
    private ByteBuffer buffer = allocate(0);

    private HardState hardState;
    private Snapshot snapshot;
    private long startIndex;
    private long startTerm;
    private long lastIndex;
    private boolean closed;

    /** What the writer's thread has done that the view has not moved over yet. */
    private final Moves moves = new Moves();

    /** Entries up to this index are not read any more. */
    private volatile long releasedIndex;

    /** Begins with what a replay has led to; takes the index over, and copies the rest. */
    WalStorage(Segments segments, GroupState state, FrameIndex frames, long cacheBytes) {
        this.segments = segments;
        this.frames = frames;
        this.terms = state.terms().copy();
        this.cache = new EntryCache(cacheBytes, state.lastIndex() + 1);
        this.hardState = state.hardState();
        this.snapshot = state.newestSnapshot().snapshot();
        this.startIndex = state.startIndex();
        this.startTerm = state.startTerm();
        this.lastIndex = state.lastIndex();
        this.releasedIndex = startIndex;
    }

    private static ByteBuffer allocate(int bytes) {
        return ByteBuffer.allocateDirect(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    @Override
    public HardState hardState() {
        return hardState;
    }

    @Override
    public long firstIndex() {
        return startIndex + 1;
    }

    @Override
    public long lastIndex() {
        return lastIndex;
    }

    /**
     * {@inheritDoc}
     *
     * <p>Takes constant time in the newest term, logarithmic time in the number of terms otherwise. Never reads a file.
     *
     * @throws IndexOutOfBoundsException if the index is outside that range
     */
    @Override
    public long term(long index) {
        if (index < startIndex || index > lastIndex) {
            throw new IndexOutOfBoundsException(
                    "index " + index + " is not in [" + startIndex + ", " + lastIndex + "]");
        }
        return index == startIndex ? startTerm : terms.term(index);
    }

    /**
     * {@inheritDoc}
     *
     * <p>May read files: a whole frame where the cache does not have it.
     *
     * @throws IndexOutOfBoundsException if the range is not within the log, or empty
     */
    @Override
    public List<Entry> entries(long low, long high, long maxBytes) {
        if (low <= startIndex || high <= low || high - 1 > lastIndex) {
            throw new IndexOutOfBoundsException(
                    "[" + low + ", " + high + ") is not in [" + firstIndex() + ", " + lastIndex + "]");
        }
        if (closed) {
            throw new IllegalStateException("the log is closed");
        }
        List<Entry> found = new ArrayList<>();
        EntryCache.Block block = EntryCache.Block.NONE;
        long blockEnd = low;
        long bytes = 0;
        for (long index = low; index < high; index++) {
            Entry entry = cache.recent(index);
            if (entry == null) {
                if (index >= blockEnd) {
                    int row = frames.rowOf(index);
                    block = block(row, index, maxBytes - bytes);
                    // What the block holds beyond its row was overwritten since it was read, and is in other frames
                    // now.
                    blockEnd = Math.min(block.endIndex(), frames.endIndex(row));
                }
                entry = block.get(index);
            }
            bytes += entry.wireBytes();
            if (bytes > maxBytes && index > low) {
                break;
            }
            found.add(entry);
        }
        return List.of(found.toArray(new Entry[0]));
    }

    @Override
    public Snapshot snapshot() {
        return snapshot;
    }

    private EntryCache.Block block(int row, long index, long wantedBytes) {
        long lsn = frames.lsn(row);
        EntryCache.Block block = cache.block(lsn);
        if (block == null || !block.holds(index)) {
            block = read(row, index, Math.max(wantedBytes, cache.maxBlockBytes()));
            cache.keep(lsn, block);
        }
        return block;
    }

    /*
     * A frame that fits into the cache is decoded as a whole. Of a larger one as much is decoded as was asked for, or fits,
     * from the index on: its reader will ask for what follows.
     */
    private EntryCache.Block read(int row, long index, long atMostBytes) {
        long from = frames.bytes(row) <= cache.maxBlockBytes() ? frames.firstIndex(row) : index;
        long lsn = frames.lsn(row);
        Segment segment = segments.holding(lsn);
        long offset = lsn - segment.startLsn();
        try {
            RecordReader records = new RecordReader(payload(segment, offset, frames.bytes(row)));
            List<Entry> entries = new ArrayList<>();
            long bytes = 0;
            while (records.next() && from + entries.size() < frames.endIndex(row)) {
                if (records.type() == RecordType.ENTRY && records.index() == from + entries.size()) {
                    Entry entry = records.entry();
                    bytes += EntryCache.bytesOf(entry);
                    if (bytes > atMostBytes && entry.index() > index) {
                        bytes -= EntryCache.bytesOf(entry);
                        break;
                    }
                    entries.add(entry);
                }
            }
            if (from + entries.size() <= index) {
                throw new MalformedRecordException("a frame does not hold entry " + index + " any more");
            }
            return new EntryCache.Block(from, entries.toArray(new Entry[0]), bytes);
        } catch (MalformedRecordException e) {
            throw new WalCorrupt(segment.path(), offset, lsn, "entry " + index + " cannot be read: " + e.getMessage());
        } catch (IOException e) {
            throw new WalFailed(
                    "entry " + index + " cannot be read from " + segment.path() + ": " + e
                            + ". Nothing was changed. Stop the member, look at the disk, and restart the process.",
                    e);
        }
    }

    private ByteBuffer payload(Segment segment, long offset, int frameBytes)
            throws IOException, MalformedRecordException {
        ByteBuffer frame = frameBytes <= KEPT_BUFFER_BYTES ? kept(frameBytes) : allocate(frameBytes);
        frame.clear().limit(frameBytes);
        segment.file().read(frame, offset);
        int payloadBytes = frameBytes - Frame.HEADER_BYTES;
        boolean whole = frame.getInt(0) == Frame.MAGIC
                && frame.getInt(Frame.PAYLOAD_BYTES) == payloadBytes
                && frame.getInt(Frame.HEADER_CRC)
                        == checksum.salted(segment.header().salt(), frame, 0, Frame.HEADER_CRC)
                && frame.getInt(Frame.PAYLOAD_CRC) == checksum.of(frame, Frame.HEADER_BYTES, payloadBytes);
        if (!whole) {
            throw new MalformedRecordException("the checksum of its frame does not match");
        }
        return frame.position(Frame.HEADER_BYTES);
    }

    private ByteBuffer kept(int bytes) {
        if (buffer.capacity() < bytes) {
            buffer = allocate(Math.max(bytes, Math.min(2 * buffer.capacity(), KEPT_BUFFER_BYTES)));
        }
        return buffer;
    }

    /** The batch for the next {@link #applyLater}; the same one until then. */
    Batch batchForLater() {
        return moves.next().batch();
    }

    /** Moves the view over {@link #batchForLater} later, in {@link #catchUp}; its entries do not change any more. */
    void applyLater(List<Entry> entries, long frameLsn, int frameBytes, long writtenLsn) {
        moves.next().fill(entries, frameLsn, frameBytes, writtenLsn);
        moves.add();
    }

    /**
     * Moves the view over everything that was appended, saved and released so far, durable or not, if the log is written {@linkplain
     * WalOptions#ownThread on its own thread}. What a Ready holds is there once its {@link Wal#append} has returned.
     */
    public void catchUp() {
        for (Moves.Move move = moves.first(); move != null; move = moves.first()) {
            apply(move.batch(), move.entries(), move.frameLsn(), move.frameBytes(), move.writtenLsn());
            moves.removeFirst();
        }
        releasedIndex = startIndex;
    }

    /** Entries up to this index are not read here any more. Any thread. */
    long releasedIndex() {
        return releasedIndex;
    }

    /**
     * Moves the view over a batch.
     *
     * @param batch what changes
     * @param entries its entries
     * @param frameLsn where its frame is
     * @param frameBytes how long that is
     * @param writtenLsn frames before it can be read from their files
     */
    void apply(Batch batch, List<Entry> entries, long frameLsn, int frameBytes, long writtenLsn) {
        if (!batch.hardState().isEmpty()) {
            hardState = batch.hardState();
        }
        if (!batch.snapshot().isNone()) {
            snapshot = batch.snapshot().snapshot();
        }
        if (batch.isInstalled()) {
            restart(snapshot.index(), snapshot.term());
        }
        if (batch.entryCount() > 0) {
            terms.add(batch);
            for (int i = 0; i < batch.entryCount(); i++) {
                cache.add(entries.get(i));
            }
            frames.add(batch.firstIndex(), batch.entryCount(), frameLsn, frameBytes);
            lastIndex = batch.lastIndex();
        }
        if (batch.compactIndex() != 0) {
            startIndex = batch.compactIndex();
            startTerm = batch.compactTerm();
            terms.removeThrough(startIndex);
            frames.removeThrough(startIndex);
            cache.removeThrough(startIndex);
        }
        evict(writtenLsn);
    }

    private void restart(long index, long term) {
        startIndex = index;
        startTerm = term;
        lastIndex = index;
        terms.truncateAll(index + 1);
        frames.reset(index + 1);
        cache.clear();
    }

    private void evict(long writtenLsn) {
        while (cache.isOverFull()) {
            int row = frames.rowOf(cache.oldestRecent());
            if (frames.lsn(row) >= writtenLsn) {
                return;
            }
            while (cache.isOverFull() && cache.oldestRecent() < frames.endIndex(row)) {
                cache.removeThrough(cache.oldestRecent());
            }
        }
    }

    /** The bytes that the cache counts. */
    long cachedBytes() {
        return cache.bytes();
    }

    /** Reads of payloads fail from now on. */
    void close() {
        closed = true;
        cache.clear();
    }

    @Override
    public String toString() {
        return "entries [" + firstIndex() + ", " + lastIndex + "], " + hardState + ", " + snapshot;
    }
}
