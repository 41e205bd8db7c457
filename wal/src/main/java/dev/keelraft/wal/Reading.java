package dev.keelraft.wal;

import dev.keelraft.wal.WalVerdict.Kind;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.LongConsumer;

/** One reading of a log for {@link WalInspection}: a {@link Recovery}, and what there is to say about it. */
final class Reading {
    private final FileLayer files;
    private final Layout layout;
    private final Optional<WalIdentity> expected;
    private final boolean live;
    private final Recovery recovery;

    /** The files of segments that count, by their number. */
    private final TreeMap<Long, Path> present = new TreeMap<>();

    private final List<WalReport.OtherFile> others = new ArrayList<>();
    private final List<WalReport.SavedState> snapshots = new ArrayList<>();

    /**
     * A reading.
     *
     * @param files can only read
     * @param live whether somebody may be writing the log
     */
    Reading(FileLayer files, Layout layout, Optional<WalIdentity> expected, boolean live, Recovery.Frames observer) {
        this.files = files;
        this.layout = layout;
        this.expected = expected;
        this.live = live;
        this.recovery = new Recovery(files, layout, expected, live ? Recovery.CERTIFIED : Recovery.NO_LIMIT, observer);
    }

    WalReport read(Progress progress, boolean allSnapshots, Optional<Owner> owner) {
        WalVerdict verdict;
        try {
            progress.begin(bytesToRead());
            verdict = verdict();
            list();
            states(allSnapshots);
        } catch (IOException e) {
            verdict = ioError(e);
        } finally {
            close(recovery);
        }
        return new WalReport(
                layout.raft(),
                verdict,
                recovery.hasIdentity() ? Optional.of(identity(recovery.identity())) : Optional.empty(),
                recovery.hasMark() ? Optional.of(marked(recovery.mark())) : Optional.empty(),
                segments(),
                groups(),
                snapshots,
                owner.map(process -> new WalReport.LastOwner(process.pid(), process.since(), process.isAlive())),
                live,
                others);
    }

    /** What was read is worth nothing, as it changes all the time. */
    WalReport tooFast(WalReport last) {
        WalVerdict verdict = plain(
                Kind.IO_ERROR,
                "the log in " + layout.raft() + " changes faster than it can be read: somebody writes it. Nothing was"
                        + " changed. Try again, or stop the member first. The last attempt said: "
                        + last.verdict().text(),
                "",
                0);
        return new WalReport(
                last.directory(),
                verdict,
                last.identity(),
                last.mark(),
                last.segments(),
                last.groups(),
                last.snapshots(),
                last.owner(),
                true,
                last.others());
    }

    private static void close(Recovery recovery) {
        try {
            new Segments(recovery.segments()).close();
        } catch (IOException nothing) {
            // They were only read.
        }
    }

    // ---------------------------------------------------------------- the verdict

    private WalVerdict verdict() {
        try {
            recovery.read();
            return good();
        } catch (WalCorrupt e) {
            return corrupt(e);
        } catch (WalUnsupportedVersion e) {
            return plain(Kind.UNSUPPORTED, text(e), recovery.reading().toString(), reached());
        } catch (WalIdentityMismatch e) {
            return plain(Kind.IDENTITY, text(e), layout.identity().toString(), 0);
        } catch (WalMustRejoin e) {
            return plain(Kind.IDENTITY, text(e), layout.identity().toString(), 0);
        } catch (IOException e) {
            return ioError(e);
        }
    }

    private static String text(WalException e) {
        return String.valueOf(e.getMessage());
    }

    private WalVerdict ioError(IOException e) {
        return plain(
                Kind.IO_ERROR,
                "the log in " + layout.raft() + " cannot be read: " + e
                        + ". Nothing was changed, and nothing is known to"
                        + " be lost. Look at the disk and the permissions, and try again.",
                recovery.reading().toString(),
                reached());
    }

    /* How far the file was good that is being read. */
    private long reached() {
        List<Segment> read = recovery.segments();
        boolean begun = !read.isEmpty() && read.get(read.size() - 1).path().equals(recovery.reading());
        return begun ? recovery.end().lsn() - read.get(read.size() - 1).startLsn() : 0;
    }

    private WalVerdict good() {
        long dropped = recovery.droppedBytes();
        long end = recovery.end().lsn();
        Mark mark = recovery.mark().found();
        String how;
        if (live) {
            how = "all is whole up to position " + end
                    + ", to where it was durable when the reading began. The log is in"
                    + " use: of what is behind nothing is said.";
        } else if (dropped > 0) {
            how = dropped + " bytes behind position " + end + " were not finished when the process or the machine died."
                    + " Nobody was told that they were there. Nothing is lost: the next open drops them by itself.";
        } else {
            how = "all is whole, up to position " + end + ". The log was " + (mark.clean() ? "closed." : "not closed.");
        }
        Segment tail = recovery.segments().get(recovery.segments().size() - 1);
        return new WalVerdict(
                dropped > 0 ? Kind.TORN : Kind.CLEAN,
                how,
                dropped > 0 ? tail.path().toString() : "",
                dropped > 0 ? end - tail.startLsn() : 0,
                end,
                mark.durableLsn(),
                dropped,
                lastGood(),
                List.of(),
                0,
                0,
                -1,
                "");
    }

    private WalVerdict corrupt(WalCorrupt e) {
        long end = soundEnd();
        Remains remains = Remains.behind(
                files,
                recovery.hasIdentity() ? recovery.identity().content().walId() : new Id(0, 0),
                damaged(end),
                end);
        String cutProblem = cutProblem();
        return new WalVerdict(
                Kind.CORRUPT,
                text(e),
                e.file(),
                e.offset(),
                end,
                Math.max(e.certifiedLsn(), remains.highestClaim() == 0 ? -1 : remains.highestClaim()),
                0,
                lastGood(),
                remains.first(),
                remains.frames(),
                remains.entries(),
                cutProblem.isEmpty() ? end : -1,
                cutProblem);
    }

    private long soundEnd() {
        LogEnd sound = recovery.soundEnd();
        return sound == null ? 0 : sound.lsn();
    }

    /* From the segment that holds the end on. */
    private List<Path> damaged(long end) {
        long first = recovery.hasMark() ? recovery.mark().found().firstSegment() : 1;
        for (Segment segment : recovery.segments()) {
            if (segment.startLsn() < end) {
                first = segment.sequence();
            }
        }
        try {
            return new ArrayList<>(segmentFiles().tailMap(first).values());
        } catch (IOException unreadable) {
            return List.of();
        }
    }

    /* Why what would be left is no log that holds by itself. */
    private String cutProblem() {
        if (live) {
            return "the log is in use";
        }
        if (recovery.soundEnd() == null) {
            return "no part of the log is good";
        }
        Recovery kept = new Recovery(files, layout, expected, soundEnd(), (frame, file, lsn) -> {});
        try {
            kept.readOnce();
            return "";
        } catch (WalMustRejoin e) {
            return "";
        } catch (WalCorrupt e) {
            return e.what();
        } catch (WalException | IOException e) {
            return String.valueOf(e.getMessage());
        } finally {
            close(kept);
        }
    }

    private List<WalVerdict.LastEntry> lastGood() {
        List<WalVerdict.LastEntry> last = new ArrayList<>();
        if (recovery.soundEnd() != null) {
            for (Group group : recovery.groups().stated()) {
                last.add(new WalVerdict.LastEntry(
                        group.id(), group.state().lastIndex(), group.state().lastTerm()));
            }
        }
        return last;
    }

    private WalVerdict plain(Kind kind, String text, String file, long offset) {
        return new WalVerdict(
                kind,
                text,
                file,
                offset,
                soundEnd(),
                recovery.hasMark() ? recovery.mark().found().durableLsn() : -1,
                0,
                lastGood(),
                List.of(),
                0,
                0,
                -1,
                "");
    }

    // ---------------------------------------------------------------- the files

    private NavigableMap<Long, Path> segmentFiles() throws IOException {
        TreeMap<Long, Path> found = new TreeMap<>();
        for (String name : files.list(layout.segments())) {
            long sequence = Layout.sequenceOf(name);
            if (sequence > 0) {
                found.put(sequence, layout.segments().resolve(name));
            }
        }
        return found;
    }

    private long bytesToRead() throws IOException {
        if (!files.exists(layout.segments())) {
            return 0;
        }
        long bytes = 0;
        for (Path segment : segmentFiles().values()) {
            bytes += Math.max(0, bytes(segment));
        }
        return bytes;
    }

    private long bytes(Path path) {
        try (OpenFile file = files.openToRead(path)) {
            return file.size();
        } catch (IOException e) {
            return -1;
        }
    }

    private void list() throws IOException {
        List<Path> known = List.of(layout.lock(), layout.owner(), layout.identity(), layout.mark());
        for (String name : sorted(layout.raft())) {
            Path path = layout.raft().resolve(name);
            if (path.equals(layout.segments())) {
                listSegments();
            } else if (path.equals(layout.quarantine())) {
                other(path, WalReport.Meaning.QUARANTINE);
            } else if (path.equals(layout.nextMark()) || path.equals(layout.nextIdentity())) {
                other(path, WalReport.Meaning.IN_PREPARATION);
            } else if (!known.contains(path) && !path.equals(layout.snapshots())) {
                other(path, WalReport.Meaning.UNKNOWN);
            }
        }
    }

    private void listSegments() throws IOException {
        long first = recovery.hasMark() ? recovery.mark().found().firstSegment() : 1;
        for (String name : sorted(layout.segments())) {
            Path path = layout.segments().resolve(name);
            long sequence = Layout.sequenceOf(name);
            if (sequence >= first) {
                present.put(sequence, path);
            } else if (sequence > 0) {
                other(path, WalReport.Meaning.RELEASED_SEGMENT);
            } else {
                other(path, layout.isTemporary(name) ? WalReport.Meaning.IN_PREPARATION : WalReport.Meaning.UNKNOWN);
            }
        }
    }

    private List<String> sorted(Path directory) throws IOException {
        return files.exists(directory) ? files.list(directory).stream().sorted().toList() : List.of();
    }

    private void other(Path path, WalReport.Meaning meaning) {
        others.add(new WalReport.OtherFile(layout.raft().relativize(path).toString(), bytes(path), meaning));
    }

    private List<WalReport.SegmentFile> segments() {
        List<WalReport.SegmentFile> found = new ArrayList<>();
        present.forEach((sequence, path) -> found.add(segment(sequence, path)));
        return found;
    }

    private WalReport.SegmentFile segment(long sequence, Path path) {
        String name = String.valueOf(path.getFileName());
        List<Segment> read = recovery.segments();
        for (int i = 0; i < read.size(); i++) {
            SegmentHeader header = read.get(i).header();
            if (header.sequence() == sequence) {
                long end = i + 1 < read.size() ? read.get(i + 1).startLsn() : soundEnd();
                return new WalReport.SegmentFile(
                        name,
                        sequence,
                        header.fileBytes(),
                        header.startLsn(),
                        end > header.startLsn() ? end : -1,
                        header.bootCount());
            }
        }
        // Behind the damage, or behind where somebody writes: nobody has read it.
        try (OpenFile file = files.openToRead(path)) {
            SegmentHeader header = new SegmentReader(path, file, SegmentReader.noScratch()).header();
            return new WalReport.SegmentFile(name, sequence, file.size(), header.startLsn(), -1, header.bootCount());
        } catch (IOException | MalformedRecordException | WalUnsupportedVersion unreadable) {
            return new WalReport.SegmentFile(name, sequence, bytes(path), -1, -1, -1);
        }
    }

    // ---------------------------------------------------------------- what they hold

    private static WalReport.Identity identity(IdentityFile.Read read) {
        IdentityFile content = read.content();
        return new WalReport.Identity(
                content.identity(),
                content.incarnation().toUuid(),
                content.walId().toUuid(),
                Instant.ofEpochMilli(content.createdMillis()),
                Version.MAJOR,
                Version.MINOR,
                content.mustRejoin(),
                read.damagedCopy() + 1);
    }

    private static WalReport.Marked marked(MarkFile.Read read) {
        Mark mark = read.found();
        return new WalReport.Marked(
                mark.bootCount(),
                mark.durableLsn(),
                mark.lastBatch(),
                mark.firstSegment(),
                mark.lastSegment(),
                mark.clean(),
                read.otherDamaged());
    }

    private List<WalReport.GroupLog> groups() {
        List<WalReport.GroupLog> groups = new ArrayList<>();
        if (recovery.soundEnd() != null) {
            for (Group group : recovery.groups().stated()) {
                GroupState state = group.state();
                groups.add(new WalReport.GroupLog(
                        group.id(), state.hardState(), state.startIndex() + 1, state.lastIndex(), state.lastTerm()));
            }
        }
        return groups;
    }

    private void states(boolean all) throws IOException {
        List<String> referenced = new ArrayList<>();
        for (Group group : recovery.groups().all()) {
            for (SavedSnapshot saved : recovery.referredSnapshots(group)) {
                referenced.add(saved.file().name());
                snapshots.add(new WalReport.SavedState(
                        group.id(), saved.index(), saved.term(), saved.file(), content(group, saved, all)));
            }
        }
        for (String name : sorted(layout.snapshots())) {
            if (!referenced.contains(name)) {
                other(layout.snapshots().resolve(name), WalReport.Meaning.UNREFERENCED_SNAPSHOT);
            }
        }
    }

    private WalReport.Content content(Group group, SavedSnapshot saved, boolean all) {
        boolean rejected = recovery.damagedSnapshots(group).contains(saved.file());
        if (!all && !rejected) {
            return recovery.isChosen(group, saved) ? WalReport.Content.WHOLE : WalReport.Content.NOT_READ;
        }
        SnapshotFile described = saved.file();
        try {
            return SnapshotFile.of(files, layout.snapshots().resolve(described.name()))
                            .equals(described)
                    ? WalReport.Content.WHOLE
                    : WalReport.Content.DAMAGED;
        } catch (NoSuchFileException e) {
            return WalReport.Content.MISSING;
        } catch (IOException e) {
            return WalReport.Content.UNREADABLE;
        }
    }

    // ---------------------------------------------------------------- who is told meanwhile

    /** Counts what was read. */
    static final class Progress implements LongConsumer {
        private final WalProgress told;
        private long done;
        private long total;

        Progress(WalProgress told) {
            this.told = told;
        }

        private void begin(long bytes) {
            done = 0;
            total = bytes;
        }

        @Override
        public void accept(long bytes) {
            done += bytes;
            told.read(done, total);
        }
    }

    /** Shows each record once, however often the log is read. */
    static final class Records implements Recovery.Frames {
        private final WalVisitor visitor;
        private final boolean payloads;
        private final Checksum checksum = new Checksum();
        private long shown;

        Records(WalVisitor visitor, boolean payloads) {
            this.visitor = visitor;
            this.payloads = payloads;
        }

        @Override
        public void taken(SegmentReader frame, Path file, long lsn) {
            if (frame.batchSequence() <= shown) {
                return;
            }
            shown = frame.batchSequence();
            RecordReader records = new RecordReader(frame.payload());
            try {
                while (records.next()) {
                    long position = lsn + Frame.HEADER_BYTES + records.offset();
                    visitor.visit(WalRecord.of(records, position, shown, payloads, checksum));
                }
            } catch (MalformedRecordException e) {
                throw new IllegalStateException("a frame that was taken over cannot be read again", e);
            }
        }
    }
}
