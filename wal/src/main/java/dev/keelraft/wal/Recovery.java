package dev.keelraft.wal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads a log that was left behind by whatever ended the process, and decides what it is worth. It takes no lock, writes
 * nothing, and opens files to read them: an open does this first, so that a refusal leaves the directory as it was, and the
 * tools of an operator do only this.
 */
/*
 * Let
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
 * acknowledged just before the crash (the process died after the force, before MARK was written); Hardening makes them durable.
 *
 * A disk may return something else the next time. What looks damaged is read a second time, all of it, and only if that ends in
 * the same way it is damage; if not, the disk cannot be read.
 *
 * Where a limit is given, the log is taken to end there: a log that is written meanwhile is fixed up to what MARK had certified
 * before, and one that is to be cut must be good up to the cut.
 */
final class Recovery {
    /** What is told of each frame that is taken over, while it is in memory. */
    interface Frames {
        void taken(SegmentReader frame, Path file, long lsn) throws IOException;
    }

    static final long NO_LIMIT = Long.MAX_VALUE;

    /** The position up to which MARK, when it is read, says that the log is durable. */
    static final long CERTIFIED = -1;

    private final FileLayer files;
    private final Layout layout;
    private final Optional<WalIdentity> expected;
    private final long asked;
    private final Frames observer;
    private final Replay replay = new Replay();
    private final List<Segment> segments = new ArrayList<>();
    private final List<Path> leftovers = new ArrayList<>();
    private final Map<Long, List<SnapshotFile>> damagedSnapshots = new HashMap<>();

    private final Map<Long, List<SavedSnapshot>> referredSnapshots = new HashMap<>();

    private IdentityFile.@Nullable Read identity;
    private MarkFile.@Nullable Read mark;
    private Path reading;
    private long limit = NO_LIMIT;
    private LogEnd end = new LogEnd(0, 0, 0);
    private @Nullable LogEnd sound;
    private boolean markMet;
    private long bootCount;
    private long droppedBytes;

    /** Reads a log for its owner, who must be this one. */
    Recovery(FileLayer files, Layout layout, WalIdentity expected) {
        this(files, layout, Optional.of(expected), NO_LIMIT, (frame, file, lsn) -> {});
    }

    /**
     * Reads a log.
     *
     * @param expected whose it must be, if that matters
     * @param limit the position of the log behind which nothing is looked at, {@link #NO_LIMIT} or {@link #CERTIFIED}
     * @param observer is told of each frame
     */
    Recovery(FileLayer files, Layout layout, Optional<WalIdentity> expected, long limit, Frames observer) {
        this.files = files;
        this.layout = layout;
        this.expected = expected;
        this.asked = limit;
        this.observer = observer;
        this.reading = layout.identity();
    }

    /** IDENTITY. Only once it was read. */
    IdentityFile.Read identity() {
        return Objects.requireNonNull(identity, "IDENTITY was not read");
    }

    /** MARK. Only once it was read. */
    MarkFile.Read mark() {
        return Objects.requireNonNull(mark, "MARK was not read");
    }

    /** How far it came before a refusal: whether {@link #identity} was read. */
    boolean hasIdentity() {
        return identity != null;
    }

    /** How far it came before a refusal: whether {@link #mark} was read. */
    boolean hasMark() {
        return mark != null;
    }

    /** The file that is, or was last, read. */
    Path reading() {
        return reading;
    }

    /** The end of the last frame that is good, also after a refusal; null if there is none. */
    @Nullable
    LogEnd soundEnd() {
        return sound;
    }

    /** Whether the log has no frame that is the one which MARK certifies. Only if it was read as far as there. */
    boolean lacksMark() {
        return !markMet;
    }

    /** The snapshots of a group that the log refers to, from old to new, whatever their files are worth. */
    List<SavedSnapshot> referredSnapshots(Group group) {
        return referredSnapshots.getOrDefault(group.id(), group.state().snapshots());
    }

    /** Whether a snapshot, if it is not one of the damaged, is the one that a group goes on from. */
    boolean isChosen(Group group, SavedSnapshot snapshot) {
        return referredSnapshots.containsKey(group.id())
                && group.state().newestSnapshot().equals(snapshot);
    }

    /** Files among the segments that count no more, or not yet. */
    List<Path> leftovers() {
        return leftovers;
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
     * Reads everything.
     *
     * @throws WalIdentityMismatch if it belongs to somebody else
     * @throws WalCorrupt if bytes that were durable are damaged or gone
     * @throws WalUnsupportedVersion if a newer version wrote some of it
     * @throws WalMustRejoin if it was cut, and is whole otherwise
     * @throws IOException if a read fails, or two readings differ
     */
    void read() throws IOException {
        try {
            readOnce();
        } catch (WalCorrupt found) {
            confirm(found);
            throw found;
        }
    }

    /* The operating system may answer from its cache, and then nothing was learnt; what it reads anew may differ. */
    private void confirm(WalCorrupt found) throws IOException {
        Recovery again = new Recovery(files, layout, expected, asked, (frame, file, lsn) -> {});
        String other = "that all is well";
        try {
            again.readOnce();
        } catch (WalCorrupt second) {
            if (second.sameAs(found)) {
                return;
            }
            other = second.what();
        } catch (WalException second) {
            other = String.valueOf(second.getMessage());
        } finally {
            new Segments(again.segments()).close();
        }
        throw new IOException(
                "two readings of the log differ, which damage alone does not explain: the first found, at offset "
                        + found.offset() + " of " + found.file() + ", " + found.what() + "; the second found " + other);
    }

    /** The same as {@link #read}, without a second reading where it finds damage. */
    void readOnce() throws IOException {
        try {
            readAll();
        } catch (NoSuchFileException e) {
            throw new WalCorrupt(Path.of(e.getFile()), 0, certified(), "a part of the log is missing");
        }
    }

    private void readAll() throws IOException {
        identity = IdentityFile.read(files, layout.identity());
        WalIdentity owner = identity.content().identity();
        if (expected.isPresent() && !expected.get().equals(owner)) {
            throw new WalIdentityMismatch(
                    "the log in " + layout.raft() + " belongs to " + owner + ", not to " + expected.get()
                            + ". Nothing was changed. Look for a mixed-up path, or a directory that was copied.");
        }
        if (!files.exists(layout.lock())) {
            throw new NoSuchFileException(layout.lock().toString());
        }
        reading = layout.mark();
        mark = MarkFile.read(files, layout.mark());
        Mark found = mark.found();
        if (!found.walId().equals(identity.content().walId())) {
            throw new WalCorrupt(layout.mark(), 0, -1, "MARK belongs to another log than IDENTITY");
        }
        limit = asked == CERTIFIED ? found.durableLsn() : asked;
        reading = layout.segments();
        readSegments(found);
        bootCount = Math.max(Math.max(bootCount, found.bootCount()), replay.bootCount());
        reading = layout.snapshots();
        for (Group group : groups().all()) {
            checkComplete(group);
            chooseSnapshot(group);
        }
        if (identity.content().mustRejoin()) {
            throw new WalMustRejoin(layout.raft());
        }
    }

    /* MARK knows which segments there must be. One more may be there, if the crash came between its rename and MARK. */
    private void readSegments(Mark found) throws IOException {
        if (found.firstSegment() < 1 || found.lastSegment() < found.firstSegment()) {
            throw corrupt(
                    layout.mark(), 0, "MARK names segments " + found.firstSegment() + " to " + found.lastSegment());
        }
        Set<Long> present = new HashSet<>();
        long last = found.lastSegment();
        for (String name : files.list(layout.segments())) {
            long sequence = Layout.sequenceOf(name);
            if (sequence >= found.firstSegment()) {
                present.add(sequence);
                last = Math.max(last, sequence);
            } else if (sequence > 0 || layout.isTemporary(name)) {
                leftovers.add(layout.segments().resolve(name));
            }
        }
        long known = found.lastSegment() + (found.clean() ? 0 : 1);
        ByteBuffer scratch = SegmentReader.noScratch();
        for (long sequence = found.firstSegment(); sequence <= last && end.lsn() < limit; sequence++) {
            if (!present.contains(sequence)) {
                throw corrupt(layout.segment(sequence), 0, "a segment is missing");
            }
            if (sequence > known) {
                throw corrupt(
                        layout.segment(sequence),
                        0,
                        "a segment that MARK, which ends with " + found.lastSegment() + ", does not know");
            }
            scratch = read(sequence, sequence == last, scratch);
        }
    }

    private ByteBuffer read(long sequence, boolean isLast, ByteBuffer scratch) throws IOException {
        Path path = layout.segment(sequence);
        reading = path;
        OpenFile file = files.openToRead(path);
        SegmentReader reader;
        try {
            reader = new SegmentReader(path, file, scratch);
            checkHeader(reader.header(), sequence, identity().content());
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

    private void checkHeader(SegmentHeader header, long sequence, IdentityFile owner) throws MalformedRecordException {
        if (!header.walId().equals(owner.walId()) || !header.identity().equals(owner.identity())) {
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
            throw new MalformedRecordException(String.format(
                    Locale.ROOT,
                    "it continues a log of %d bytes and %d batches with the chain value %08x, but the segments before it"
                            + " have %d bytes and %d batches that are whole, with %08x",
                    header.startLsn(),
                    header.firstBatch() - 1,
                    header.previousChain(),
                    end.lsn(),
                    end.lastBatch(),
                    end.chain()));
        }
    }

    private void readFrames(SegmentReader reader, Path path) throws IOException {
        long start = reader.header().startLsn();
        Mark found = mark().found();
        long offset = Segment.HEADER_BYTES;
        while (start + offset < limit && reader.nextFrame(offset)) {
            try {
                take(reader, start + offset, offset == Segment.HEADER_BYTES);
            } catch (MalformedRecordException e) {
                throw corrupt(path, offset, "a frame whose checksums hold cannot be: " + e.getMessage());
            }
            offset += reader.frameBytes();
            end = new LogEnd(start + offset, reader.batchSequence(), reader.chain());
            sound = end;
            if (end.lsn() == found.durableLsn()) {
                markMet = end.lastBatch() == found.lastBatch() && end.chain() == found.chain();
            }
            observer.taken(reader, path, end.lsn() - reader.frameBytes());
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
        Mark found = mark().found();
        long offset = end.lsn() - reader.header().startLsn();
        if (end.lsn() >= limit) {
            if (end.lsn() > limit || (limit == found.durableLsn() && lacksMark())) {
                throw corrupt(path, offset, "the log has no frame that ends at " + limit + ", or not the one it had");
            }
            return;
        }
        long contentEnd = reader.endOfContent(offset);
        if (!isLast) {
            if (contentEnd > offset) {
                throw corrupt(path, offset, "a segment is damaged that was on the disk before the next one was begun");
            }
            return;
        }
        long durable = Math.max(found.durableLsn(), reader.highestClaim(offset, contentEnd));
        if (end.lsn() < durable) {
            throw new WalCorrupt(
                    path, offset, durable, "bytes that were durable are damaged or gone; " + lastEntries());
        }
        if (found.clean() && (end.lsn() != found.durableLsn() || contentEnd > offset)) {
            throw corrupt(path, offset, "the log was closed, and holds more than it did then");
        }
        if (lacksMark()) {
            throw corrupt(path, offset, "the log is not the one that MARK was written for");
        }
        if (contentEnd > offset && reader.nextFrameReadAgain(offset)) {
            throw new IOException("two reads of " + path + " differ at offset " + offset
                    + ": the first found no whole frame there, the second did");
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
                    layout.segment(mark().found().firstSegment()),
                    Segment.HEADER_BYTES,
                    "entries " + (state.startIndex() + 1) + " to "
                            + (group.frames().firstIndex() - 1) + " are in no segment");
        }
    }

    /* The newest whose file is whole. Its predecessor will do, and so will none if the log still holds its first entry. */
    private void chooseSnapshot(Group group) throws IOException {
        List<SavedSnapshot> usable = new ArrayList<>(group.state().snapshots());
        referredSnapshots.put(group.id(), group.state().snapshots());
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
        return new WalCorrupt(file, offset, certified(), what);
    }

    private long certified() {
        return mark == null ? -1 : mark.found().durableLsn();
    }
}
