package dev.keelraft.wal;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;

/** Makes a log that was read by {@link Recovery}, and found good, fit to go on with. */
/*
 * What was read may be in the page cache alone, also after a force that succeeds: it is written again, and forced. Then MARK is
 * written anew, for the same reason, with a count that says that the log is open, and only then a frame: a torn first frame
 * must not look like damage to a log that was closed.
 *
 * A crash at any of these steps leads back to the same state; that is tested by crashing at each of them.
 */
final class Hardening {
    private final FileLayer files;
    private final Layout layout;
    private final Mark mark;
    private final List<Segment> segments;
    private final List<Path> leftovers;
    private final LogEnd end;
    private final long droppedBytes;

    Hardening(FileLayer files, Layout layout, Recovery recovery) {
        this.files = files;
        this.layout = layout;
        this.mark = recovery.mark().found();
        this.segments = recovery.segments();
        this.leftovers = recovery.leftovers();
        this.end = recovery.end();
        this.droppedBytes = recovery.droppedBytes();
    }

    /** Opens the last segment for writing, too. Before anything is changed: it may not be allowed. */
    void openTail() throws IOException {
        Segment tail = tail();
        replaceTail(files.open(tail.path()));
        tail.file().close();
    }

    private Segment tail() {
        return segments.get(segments.size() - 1);
    }

    private void replaceTail(OpenFile file) {
        Segment tail = tail();
        segments.set(segments.size() - 1, new Segment(tail.path(), file, tail.header(), tail.before()));
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
        Segment tail = tail();
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
        replaceTail(copy);
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
     * which says that they do not count, may have been in the page cache alone. One may be gone by now: a spare whose job a run
     * before, in this process, has left behind removes its file itself.
     */
    void removeLeftovers() throws IOException {
        for (Path leftover : leftovers) {
            try {
                files.delete(leftover);
            } catch (NoSuchFileException e) {
                // As above.
            }
        }
    }
}
