package dev.keelraft.wal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Reads a log that was left behind by whatever ended the process, decides what it is worth, and makes it fit to go on with.
 */
/*
 * First everything is read, and nothing is written: a refusal leaves the directory as it was. Let
 *
 *   E   the end of the valid frames: checksums, chain and sequence hold from the first kept segment to there
 *   D   the highest position of which anything says that it was durable: MARK, any frame with a whole header, before E or
 *       behind, and the checkpoint of the last segment, which was forced before the segment had its name
 *
 *   in a segment that has a successor, E is not where that begins      CORRUPT   it was forced before the successor was named
 *   E < D                                                              CORRUPT   bytes that were durable are not there
 *   closed (MARK says so), and E is not D, or non-zero bytes behind E  CORRUPT   nothing was being written
 *   a segment is missing, or a file has another length than at first   CORRUPT   lengths never change
 *   checksums hold, and the content breaks a rule                      CORRUPT   no crash writes that
 *   otherwise, non-zero bytes behind E                                 TORN      a write that nobody had waited for; dropped
 *
 * E may be beyond D: whole frames of which nothing says that they were forced. They are kept, as they may have been
 * acknowledged just before the crash (the process died after the force, before MARK was written), and then they must be
 * written again and forced now: the page cache may have them, and the disk not, even after a force that succeeds. Then MARK is
 * written anew, for the same reason, with a count that says that the log is open, and only then a frame: a torn first frame
 * must not look like damage to a log that was closed.
 *
 * A crash at any of these steps leads back to the same state; that is tested by crashing at each of them.
 */
final class Recovery {
    private final FileLayer files;
    private final Layout layout;
    private final IdentityFile identity;
    private final Mark mark;
    private final Replay replay = new Replay();
    private final List<Segment> segments = new ArrayList<>();
    private final List<Path> leftovers = new ArrayList<>();
    private final Map<Long, List<SnapshotFile>> damagedSnapshots = new HashMap<>();

    private LogEnd end = new LogEnd(0, 0, 0);
    private boolean markMet;
    private long bootCount;
    private long droppedBytes;

    Recovery(FileLayer files, Layout layout, IdentityFile identity, Mark mark) {
        this.files = files;
        this.layout = layout;
        this.identity = identity;
        this.mark = mark;
    }

    /** The groups, each in the state that the log has led to. */
    Groups groups() {
        return replay.groups();
    }

    /** The segments, open; also after a refusal, when they are to be closed. */
    List<Segment> segments() {
        return segments;
    }

    LogEnd end() {
        return end;
    }

    /** How often the log was opened before. */
    long bootCount() {
        return bootCount;
    }

    /** How many bytes behind the end are not zero up to the last that is not. */
    long droppedBytes() {
        return droppedBytes;
    }

    /** The snapshot files of a group that are missing or damaged, and were not needed. */
    List<SnapshotFile> damagedSnapshots(Group group) {
        return damagedSnapshots.getOrDefault(group.id(), List.of());
    }

    /**
     * Reads everything, and writes nothing.
     *
     * @throws WalCorrupt if bytes that were durable are damaged or gone
     * @throws WalUnsupportedVersion if a newer version wrote some of it
     */
    void read() throws IOException {
        if (!mark.walId().equals(identity.walId())) {
            throw new WalCorrupt(layout.mark(), 0, -1, "MARK belongs to another log than IDENTITY");
        }
        long last = lastSegment();
        ByteBuffer scratch = SegmentReader.noScratch();
        for (long sequence = mark.firstSegment(); sequence <= last; sequence++) {
            scratch = read(sequence, sequence == last, scratch);
        }
        bootCount = Math.max(Math.max(bootCount, mark.bootCount()), replay.bootCount());
        for (Group group : groups().all()) {
            checkComplete(group);
            chooseSnapshot(group);
        }
    }

    /* MARK knows which segments there must be. One more may be there, if the crash came between its rename and MARK. */
    private long lastSegment() throws IOException {
        Set<Long> present = new HashSet<>();
        long last = 0;
        for (String name : files.list(layout.segments())) {
            long sequence = Layout.sequenceOf(name);
            Path path = layout.segments().resolve(name);
            if (sequence >= mark.firstSegment()) {
                present.add(sequence);
                last = Math.max(last, sequence);
            } else if (sequence > 0 || layout.isTemporary(name)) {
                leftovers.add(path);
            }
        }
        for (long sequence = mark.firstSegment(); sequence <= Math.max(last, mark.lastSegment()); sequence++) {
            if (!present.contains(sequence)) {
                throw corrupt(layout.segment(sequence), 0, "a segment is missing");
            }
        }
        if (last > mark.lastSegment() + (mark.clean() ? 0 : 1)) {
            throw corrupt(
                    layout.segment(last),
                    0,
                    "a segment that MARK, which ends with " + mark.lastSegment() + ", does not know");
        }
        return last;
    }

    private ByteBuffer read(long sequence, boolean isLast, ByteBuffer scratch) throws IOException {
        Path path = layout.segment(sequence);
        OpenFile file = isLast ? files.open(path) : files.openToRead(path);
        SegmentReader reader;
        try {
            reader = new SegmentReader(path, file, scratch);
            checkHeader(reader.header(), sequence);
        } catch (MalformedRecordException e) {
            file.close();
            throw corrupt(path, 0, "the header of a segment cannot be: " + e.getMessage());
        } catch (Throwable e) {
            file.close();
            throw e;
        }
        SegmentHeader header = reader.header();
        bootCount = Math.max(bootCount, header.bootCount());
        end = new LogEnd(header.startLsn() + Segment.HEADER_BYTES, header.firstBatch() - 1, reader.chain());
        segments.add(new Segment(path, file, header, GroupEnds.of(groups())));
        readFrames(reader, path);
        checkRest(reader, path, isLast);
        return reader.scratch();
    }

    private void checkHeader(SegmentHeader header, long sequence) throws MalformedRecordException {
        if (!header.walId().equals(identity.walId()) || !header.identity().equals(identity.identity())) {
            throw new MalformedRecordException("it belongs to another log, of " + header.identity());
        }
        if (header.sequence() != sequence) {
            throw new MalformedRecordException("it is that of segment " + header.sequence());
        }
        if (segments.isEmpty()) {
            return;
        }
        Segment before = segments.get(segments.size() - 1);
        if (header.startLsn() != end.lsn()
                || header.previousBytes() != end.lsn() - before.startLsn()
                || header.previousChain() != end.chain()
                || header.firstBatch() != end.lastBatch() + 1) {
            throw new MalformedRecordException("it continues a log of " + header.startLsn() + " bytes and "
                    + (header.firstBatch() - 1) + " batches, but the segments before it have " + end.lsn()
                    + " bytes and " + end.lastBatch() + " batches that are whole");
        }
    }

    private void readFrames(SegmentReader reader, Path path) throws IOException {
        long start = reader.header().startLsn();
        long offset = Segment.HEADER_BYTES;
        while (reader.nextFrame(offset)) {
            try {
                take(reader, start + offset, offset == Segment.HEADER_BYTES);
            } catch (MalformedRecordException e) {
                throw corrupt(path, offset, "a frame whose checksums hold cannot be: " + e.getMessage());
            }
            offset += reader.frameBytes();
            end = new LogEnd(start + offset, reader.batchSequence(), reader.chain());
            if (end.lsn() == mark.durableLsn()) {
                markMet = end.lastBatch() == mark.lastBatch() && end.chain() == mark.chain();
            }
        }
        if (offset == Segment.HEADER_BYTES) {
            throw corrupt(path, offset, "the first frame of a segment is damaged");
        }
    }

    private void take(SegmentReader reader, long lsn, boolean isFirst) throws MalformedRecordException {
        if (reader.batchSequence() != end.lastBatch() + 1) {
            throw new MalformedRecordException(
                    "it has the number " + reader.batchSequence() + " and follows " + end.lastBatch());
        }
        if (reader.durableLsn() > lsn) {
            throw new MalformedRecordException("it claims that more was durable than was written");
        }
        if (isFirst) {
            replay.checkpoint(reader);
            int last = segments.size() - 1;
            Segment begun = segments.get(last);
            segments.set(last, new Segment(begun.path(), begun.file(), begun.header(), GroupEnds.of(groups())));
        } else {
            replay.frame(reader, lsn);
        }
    }

    private void checkRest(SegmentReader reader, Path path, boolean isLast) throws IOException {
        long start = reader.header().startLsn();
        long offset = end.lsn() - start;
        long contentEnd = reader.endOfContent(offset);
        if (!isLast) {
            if (contentEnd > offset) {
                throw corrupt(path, offset, "a segment is damaged that was on the disk before the next one was begun");
            }
            return;
        }
        long durable = Math.max(mark.durableLsn(), reader.highestClaim(offset, contentEnd));
        if (end.lsn() < durable) {
            throw new WalCorrupt(
                    path, offset, durable, "bytes that were durable are damaged or gone; " + lastEntries());
        }
        if (mark.clean() && (end.lsn() != mark.durableLsn() || contentEnd > offset)) {
            throw corrupt(path, offset, "the log was closed, and holds more than it did then");
        }
        if (!markMet && mark.durableLsn() > segments.get(0).startLsn()) {
            throw corrupt(path, offset, "the log is not the one that MARK was written for");
        }
        droppedBytes = contentEnd - offset;
    }

    /* What a repair from the other members of each group would need to know. */
    private String lastEntries() {
        StringBuilder text = new StringBuilder();
        for (Group group : groups().stated()) {
            text.append(text.isEmpty() ? "" : ", ")
                    .append("the last good entry ")
                    .append(group.id() == Groups.FIRST ? "" : "of group " + Long.toUnsignedString(group.id()) + " ")
                    .append("is ")
                    .append(group.state().lastIndex())
                    .append(" of term ")
                    .append(group.state().lastTerm());
        }
        return text.toString();
    }

    /* Entries in segments that are gone must have been released, or replaced by a snapshot. */
    private void checkComplete(Group group) {
        GroupState state = group.state();
        if (group.frames().firstIndex() > state.startIndex() + 1) {
            throw corrupt(
                    layout.segment(mark.firstSegment()),
                    Segment.HEADER_BYTES,
                    "entries " + (state.startIndex() + 1) + " to "
                            + (group.frames().firstIndex() - 1) + " are in no segment");
        }
    }

    /* The newest whose file is whole. Its predecessor will do, and so will none if the log still holds its first entry. */
    private void chooseSnapshot(Group group) throws IOException {
        List<SavedSnapshot> usable = new ArrayList<>(group.state().snapshots());
        while (!usable.isEmpty()) {
            SnapshotFile newest = usable.get(usable.size() - 1).file();
            if (isWhole(newest)) {
                break;
            }
            damagedSnapshots
                    .computeIfAbsent(group.id(), id -> new ArrayList<>())
                    .add(newest);
            usable.remove(usable.size() - 1);
        }
        if (usable.isEmpty() && group.state().startIndex() > 0) {
            throw corrupt(
                    layout.snapshots(),
                    0,
                    "no snapshot is whole, and the log begins behind index "
                            + group.state().startIndex() + "; damaged or missing: " + damagedSnapshots(group));
        }
        group.state().retain(usable);
    }

    private boolean isWhole(SnapshotFile file) throws IOException {
        try {
            return SnapshotFile.of(files, layout.snapshots().resolve(file.name()))
                    .equals(file);
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    private WalCorrupt corrupt(Path file, long offset, String what) {
        return new WalCorrupt(file, offset, mark.durableLsn(), what);
    }

    /**
     * Makes durable what was read, and removes what was not finished. After a clean close, and where MARK says that exactly this
     * is on the disk, it is.
     */
    void harden() throws IOException {
        if (mark.clean()) {
            return;
        }
        if (end.lsn() > mark.durableLsn() || droppedBytes > 0) {
            rewriteTail();
        }
        files.syncDirectory(layout.segments());
        files.syncDirectory(layout.raft());
        files.syncDirectory(layout.data());
    }

    /*
     * What nobody has certified may be in the page cache alone, and clean there since a force of an earlier run has failed:
     * then another force writes nothing, and reports success. Only bytes that are written again are forced. They go into a new
     * file that takes the old one's place as a whole: written over themselves they could be torn by the next power loss,
     * though they were on the disk and acknowledged.
     */
    private void rewriteTail() throws IOException {
        Segment tail = segments.get(segments.size() - 1);
        Path path = layout.nextSegment();
        if (files.exists(path)) {
            files.delete(path);
            leftovers.remove(path);
        }
        OpenFile copy;
        try {
            copy = files.create(path);
        } catch (NoSpaceException e) {
            forceTail(tail);
            return;
        }
        try {
            tail.copyTo(copy, end.lsn() - tail.startLsn());
            copy.force(true);
            files.rename(path, tail.path());
        } catch (NoSpaceException e) {
            copy.close();
            files.delete(path);
            forceTail(tail);
            return;
        } catch (Throwable e) {
            copy.close();
            throw e;
        }
        segments.set(segments.size() - 1, new Segment(tail.path(), copy, tail.header(), tail.before()));
        tail.file().close();
    }

    /* The disk is full. A member that does not start could never release anything; so it relies on the force. */
    private void forceTail(Segment tail) throws IOException {
        long offset = end.lsn() - tail.startLsn();
        Segment.zero(tail.file(), offset, offset + droppedBytes);
        tail.file().force(true);
    }

    /**
     * Removes segments that count no more, and one that was never finished. Only once MARK is forced: the one that was read,
     * which says that they do not count, may have been in the page cache alone.
     */
    void removeLeftovers() throws IOException {
        for (Path leftover : leftovers) {
            files.delete(leftover);
        }
    }
}
