package dev.keelraft.wal;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The files that are written: frames, segments and MARK, and the position in them. It knows when something is durable, and
 * nothing of Raft.
 */
/*
 * Three positions in the log, in bytes over all segments:
 *
 *   durableLsn  <=  writtenLsn  <=  endLsn
 *   forced          in the file     complete in the buffer
 *
 * Everything that could fail half-way poisons: `firstCause` is set, and every later call throws it. The one exception is a new
 * segment for which there is no space: up to its rename nothing points to it, so it is removed, and the log is as before.
 */
final class LogWriter {
    /**
     * What every segment sets aside at its end for frames that must always find room: they free space (a release), or are
     * written before anything else can be (a start). Without it, a log on a full disk could neither be opened nor be released.
     */
    static final int RESERVED_BYTES = 4096;

    /** Frames are written, though not forced, once so many bytes wait. */
    private static final int WRITE_AT_BYTES = 1 << 20;

    private final FileLayer files;
    private final Layout layout;
    private final IdentityFile identity;
    private final WalOptions options;
    private final HeldLock lock;
    private final MarkFile mark;
    private final Segments segments;
    private final Groups groups;
    private final long bootCount;
    private final FrameBuffer buffer = new FrameBuffer();
    private final Spares spares;

    private long endLsn;
    private volatile long writtenLsn;
    private long durableLsn;
    private long lastBatch;
    private int chain;
    private long durableBatch;
    private int durableChain;
    private String failure = "";
    private @Nullable Throwable firstCause;

    /** Goes on behind the last frame of a log, all of which is on the disk. */
    LogWriter(
            FileLayer files,
            Layout layout,
            IdentityFile identity,
            WalOptions options,
            HeldLock lock,
            MarkFile mark,
            Segments segments,
            Groups groups,
            long bootCount,
            LogEnd end) {
        this.files = files;
        this.layout = layout;
        this.identity = identity;
        this.options = options;
        this.lock = lock;
        this.mark = mark;
        this.segments = segments;
        this.groups = groups;
        this.bootCount = bootCount;
        this.spares = new Spares(files, layout, options);
        this.endLsn = end.lsn();
        this.writtenLsn = end.lsn();
        this.durableLsn = end.lsn();
        this.lastBatch = end.lastBatch();
        this.chain = end.chain();
        this.durableBatch = lastBatch;
        this.durableChain = chain;
    }

    /** The position of the next frame. */
    long endLsn() {
        return endLsn;
    }

    /** Frames before this position can be read from their file. May be asked on any thread. */
    long writtenLsn() {
        return writtenLsn;
    }

    /** Throws if anything has failed before. */
    void checkUsable() {
        if (firstCause != null) {
            throw new WalFailed(failure, firstCause);
        }
    }

    boolean isFailed() {
        return firstCause != null;
    }

    /**
     * Begins a frame with so many bytes of records, where it fits: in this segment, or in a new one.
     *
     * @param reserved whether it may use what is set aside
     * @throws WalSpaceExhausted if there is no room for a new segment; nothing has changed
     */
    RecordWriter begin(long payloadBytes, boolean reserved) {
        checkUsable();
        long frameBytes = Frame.HEADER_BYTES + payloadBytes;
        Segment tail = segments.tail();
        long limit = tail.startLsn() + tail.header().fileBytes() - (reserved ? 0 : RESERVED_BYTES);
        try {
            if (endLsn + frameBytes > limit) {
                cut(frameBytes);
            }
            if (buffer.bytes() > 0 && !buffer.hasRoomFor(frameBytes)) {
                write();
            }
            buffer.grow(frameBytes);
            return buffer.begin();
        } catch (WalSpaceExhausted e) {
            throw e;
        } catch (IOException | RuntimeException | Error e) {
            throw poison("a frame could not be begun", e);
        }
    }

    /** Completes the frame. It will be durable with the next {@link #sync}. */
    void finish() {
        try {
            chain = buffer.finish(
                    lastBatch + 1, durableLsn, segments.tail().header().salt(), chain);
            lastBatch++;
            endLsn = writtenLsn + buffer.bytes();
            if (buffer.bytes() >= WRITE_AT_BYTES) {
                write();
            }
        } catch (IOException | RuntimeException | Error e) {
            throw poison("a frame could not be written", e);
        }
    }

    private void write() throws IOException {
        if (buffer.bytes() > 0) {
            Segment tail = segments.tail();
            buffer.writeTo(tail.file(), writtenLsn - tail.startLsn());
            writtenLsn = endLsn;
        }
    }

    /** Returns once all complete frames are on the disk. */
    void sync() {
        checkUsable();
        if (durableLsn == endLsn) {
            return;
        }
        long bytes = endLsn - durableLsn;
        Events.Sync event = Events.sync();
        try {
            force();
            checkLock(lock.wasIntactLately());
            mark.advance(durableLsn, durableBatch, durableChain);
            event.end(bytes);
        } catch (IOException | RuntimeException | Error e) {
            throw poison("frames could not be forced to the disk", e);
        }
    }

    private void force() throws IOException {
        write();
        segments.tail().file().force(false);
        durable();
    }

    private void durable() {
        durableLsn = endLsn;
        durableBatch = lastBatch;
        durableChain = chain;
    }

    private void mark(boolean clean) throws IOException {
        mark.write(nextMark(clean));
    }

    private Mark nextMark(boolean clean) {
        return new Mark(
                identity.walId(),
                mark.count() + 1,
                bootCount,
                durableLsn,
                durableBatch,
                durableChain,
                segments.firstSequence(),
                segments.tail().sequence(),
                clean);
    }

    /** Records that the log is in use again, before its first frame. */
    void markOpened() {
        try {
            mark.renew(files, layout, nextMark(false));
        } catch (IOException | RuntimeException | Error e) {
            throw poison("MARK could not be written", e);
        }
    }

    /** Syncs, and records that the log ends here. */
    void markClosed() {
        checkUsable();
        try {
            if (durableLsn != endLsn) {
                force();
            }
            checkLock(lock.isIntact());
            mark(true);
        } catch (IOException | RuntimeException | Error e) {
            throw poison("the log could not be closed", e);
        }
    }

    /*
     * Goes on in a new segment. The order matters: the old segment is on the disk before the new one has its name (so damage
     * in any but the last segment is never a torn write), the new one is complete before it has its name, and the name is on
     * the disk before anything in it is acknowledged.
     */
    private void cut(long frameBytes) throws IOException {
        Events.Cut event = Events.cut();
        checkLock(lock.isIntact());
        long fileBytes = fileBytesFor(frameBytes);
        Spare spare = spares.take();
        Path path = spare != null ? spare.path() : layout.nextSegment();
        OpenFile file = spare != null ? grown(spare, fileBytes) : zeroed(path, fileBytes);
        force();
        SegmentHeader header = nextHeader(fileBytes);
        LogEnd end;
        try {
            end = Segment.begin(file, header, groups, buffer);
        } catch (NoSpaceException e) {
            buffer.clear();
            throw withdrawn(path, file, e);
        }
        Path named = layout.segment(header.sequence());
        files.rename(path, named);
        files.syncDirectory(layout.segments());
        segments.add(new Segment(named, file, header, GroupEnds.of(groups)));
        endLsn = end.lsn();
        writtenLsn = endLsn;
        lastBatch = end.lastBatch();
        chain = end.chain();
        durable();
        mark(false);
        event.end(header.sequence(), fileBytes, spare != null);
        spares.prepare();
    }

    /* Its length is what the header says, for ever. A batch that is larger than a segment needs more than was prepared. */
    private OpenFile grown(Spare spare, long fileBytes) throws IOException {
        OpenFile file = Objects.requireNonNull(spare.file(), "a spare that is not ready");
        return zeroed(spare.path(), file, spare.fileBytes(), fileBytes);
    }

    private OpenFile zeroed(Path path, long fileBytes) throws IOException {
        if (files.exists(path)) {
            files.delete(path);
        }
        OpenFile file;
        try {
            file = files.create(path);
        } catch (NoSpaceException e) {
            throw noSpace(e);
        } catch (TooManyFilesException e) {
            spares.failed(e);
            throw tooManyFiles("a new segment in " + layout.segments(), e);
        }
        return zeroed(path, file, 0, fileBytes);
    }

    private OpenFile zeroed(Path path, OpenFile file, long from, long fileBytes) throws IOException {
        try {
            Segment.zero(file, from, fileBytes);
            return file;
        } catch (NoSpaceException e) {
            throw withdrawn(path, file, e);
        }
    }

    private WalSpaceExhausted withdrawn(Path path, OpenFile file, NoSpaceException e) throws IOException {
        file.close();
        files.delete(path);
        return noSpace(e);
    }

    private WalSpaceExhausted noSpace(NoSpaceException e) {
        spares.failed(e);
        return new WalSpaceExhausted(
                "there is no space for a new segment in " + layout.segments() + ": " + e.getMessage()
                        + ". Nothing was stored or changed, and nothing acknowledged is lost. Free space, or raise the"
                        + " limit, and try again.",
                e);
    }

    /** What is to be thrown when a file could not be opened, and nothing was written. */
    static WalSpaceExhausted tooManyFiles(String what, TooManyFilesException e) {
        return new WalSpaceExhausted(
                "there is no file descriptor left for " + what + ": " + e.getMessage()
                        + ". Nothing was stored or changed, and nothing acknowledged is lost. Raise the limit on open files"
                        + " (ulimit -n), or find who keeps them open, and try again.",
                e);
    }

    private SegmentHeader nextHeader(long fileBytes) {
        Segment tail = segments.tail();
        return new SegmentHeader(
                identity.walId(),
                identity.identity(),
                tail.sequence() + 1,
                options.random().nextLong(),
                endLsn,
                fileBytes,
                endLsn - tail.startLsn(),
                chain,
                lastBatch + 1,
                bootCount,
                options.clock().millis());
    }

    /*
     * Somebody who removes or replaces the directory of a running log could make a second process open the new one; and what is
     * forced to a file that has no name is on no disk. So this comes behind the force, and before anybody is told of it.
     */
    private void checkLock(boolean intact) throws IOException {
        if (!intact) {
            throw new IOException("the lock " + layout.lock() + " was removed, replaced or released by somebody else");
        }
    }

    private long fileBytesFor(long frameBytes) {
        long checkpoint = Frame.HEADER_BYTES + groups.stateBytes();
        long least = Segment.HEADER_BYTES + checkpoint + frameBytes + RESERVED_BYTES;
        long page = Segment.HEADER_BYTES;
        return Math.max(options.segmentBytes(), (least + page - 1) / page * page);
    }

    /**
     * Removes the segments that hold no entry which anybody needs. MARK says first which of them count no more. A crash may
     * bring any of the files back, as long as their directory is not synced, and so nothing waits for that: the next open deletes
     * them again.
     */
    void drop() {
        checkUsable();
        int released = segments.released();
        if (released == 0) {
            return;
        }
        Events.Release event = Events.release();
        try {
            checkLock(lock.isIntact());
            Segment[] removed = segments.removeFirst(released);
            mark(false);
            for (Segment segment : removed) {
                segment.file().close();
                files.delete(segment.path());
            }
            event.end(released, segments.firstSequence());
        } catch (IOException | RuntimeException | Error e) {
            throw poison("segments could not be removed", e);
        }
    }

    /** Has the next segment prepared, unless it is, or is on its way, or nobody is there to do it. */
    void prepareSpare() {
        spares.prepare();
    }

    /** The groups that need entries from before the last segments, so many of them. */
    List<Long> holdersBeforeLast(int count) {
        return segments.holdersBeforeLast(count);
    }

    /** How the preparation of the next segment stands. Any thread. */
    SpareStatus spareStatus() {
        return spares.status();
    }

    /** Closes all files and gives the lock up, also where one of them fails. */
    void closeFiles() {
        spares.close();
        IOException failed = null;
        for (Closeable open : List.<Closeable>of(segments::close, mark::close, lock)) {
            try {
                open.close();
            } catch (IOException e) {
                failed = failed == null ? e : failed;
            }
        }
        if (failed != null) {
            throw poison("the files could not be closed", failed);
        }
    }

    /** Makes this and all later calls fail. Returns what is to be thrown. */
    WalFailed poison(String what, Throwable cause) {
        if (firstCause != null) {
            return new WalFailed(failure, firstCause);
        }
        firstCause = cause;
        failure = what + ": " + cause
                + ". What sync() has acknowledged is on the disk; of what came after, some may be. The log"
                + " takes no more calls, and nothing was or will be tried again: stop the member, look at the disk, and restart"
                + " the process.";
        Events.poison(what, cause);
        return new WalFailed(failure, cause);
    }
}
