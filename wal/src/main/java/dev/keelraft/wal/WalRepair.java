package dev.keelraft.wal;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Makes a damaged log whole again, as far as that can be: without loss from a second copy, or with loss by cutting it off where
 * the damage begins.
 *
 * <p>A cut does not bring the member back. If bytes are dropped that were durable, the log says from then on that its member must
 * be removed from its group, and {@link Wal#open} refuses it: {@link WalMustRejoin}. It is for those who need what is left, and
 * for groups that have lost everybody else. A log that is merely torn needs no repair: an open heals it.
 *
 * <p>It takes the lock that a writer holds. Nothing is changed in place, and nothing removed before a copy of it is on the disk.
 * Whatever ends it in the middle, it can be done again; done twice it changes nothing more.
 */
/*
 * The order of a cut at E, where each step is on the disk before the next one begins:
 *
 *   1. everything behind E goes to quarantine            the log is as it was
 *   2. IDENTITY says MUST_REJOIN, if that loses something the log is as it was, so the damage is reported before the flag
 *   3. the segment of E gets a new file, zeros behind E   \  E is before what MARK certifies, or a segment begins behind E, or
 *   4. the segments behind it are deleted                 /  one is missing: the same verdict, and the same E
 *   5. MARK is written anew, and ends with E              the log is whole
 *
 * So an attempt that died leaves a log that the next one takes for the same case, or one that is done.
 */
public final class WalRepair {
    private final FileLayer files;
    private final Layout layout;
    private final WalProgress progress;
    private final WalOptions options;

    WalRepair(FileLayer files, Layout layout, WalProgress progress, WalOptions options) {
        this.files = files;
        this.layout = layout;
        this.progress = progress;
        this.options = options;
    }

    /**
     * A repair of the log in a directory.
     *
     * @param directory what {@link Wal#create} was given
     */
    public static WalRepair of(Path directory) {
        return new WalRepair(new DiskFiles(), Layout.in(directory), WalProgress.NONE, WalOptions.defaults());
    }

    /** The same, which tells how far it has come. */
    public WalRepair withProgress(WalProgress told) {
        return new WalRepair(files, layout, told, options);
    }

    /**
     * What a repair has come to.
     *
     * @param done what was done, a sentence each; empty if nothing was
     * @param found the log as it was
     * @param left the log as it is now
     */
    public record Outcome(List<String> done, WalReport found, WalReport left) {
        /**
         * Copies the list.
         *
         * @param done see above
         * @param found see above
         * @param left see above
         */
        public Outcome {
            done = List.copyOf(done);
        }

        /** Tells whether the log is whole now, or torn at most; also if its member must rejoin. */
        public boolean isWhole() {
            boolean mustRejoin = left.verdict().kind() == WalVerdict.Kind.IDENTITY;
            return left.verdict().opens() || mustRejoin;
        }
    }

    /**
     * Writes anew what is there twice and can be read once: a copy of IDENTITY, a slot of MARK. Nothing is lost. In a log that is
     * damaged in another way it does nothing.
     *
     * @throws WalNotFound if there is no log
     * @throws WalLocked if somebody has it open
     * @throws WalSpaceExhausted if there is no room; the log is as it was
     * @throws WalFailed if it cannot be written; it can be done again
     */
    public Outcome mend() {
        return locked(-1);
    }

    /**
     * Does the same, and cuts a damaged log. Who calls it accepts the loss of all that is behind the position.
     *
     * @param position the {@code cutPosition} of the log's {@link WalVerdict}
     * @throws IllegalArgumentException if the log is damaged, and to be cut elsewhere; nothing was changed
     * @throws WalNotFound if there is no log
     * @throws WalLocked if somebody has it open
     * @throws WalSpaceExhausted if there is no room; it can be done again
     * @throws WalFailed if it cannot be written; it can be done again
     */
    public Outcome cut(long position) {
        if (position < 0) {
            throw new IllegalArgumentException("not a position: " + position);
        }
        return locked(position);
    }

    private Outcome locked(long position) {
        WalInspection inspection = WalInspection.of(files, layout).withProgress(progress);
        HeldLock lock;
        try {
            lock = files.exists(layout.lock()) ? files.lock(layout.lock()) : null;
        } catch (IOException e) {
            throw failed(e);
        }
        if (lock == null) {
            WalReport report = inspection.read();
            if (!files.exists(layout.lock())) {
                return new Outcome(List.of(), report, report);
            }
            throw new WalLocked("the log in " + layout.raft() + " is open, by "
                    + Owner.read(files, layout.owner())
                            .map(Owner::toString)
                            .orElse("somebody who has not said who it is")
                    + ". Nothing was changed. Stop that process first.");
        }
        try (lock) {
            return repair(inspection, position);
        } catch (NoSpaceException e) {
            throw new WalSpaceExhausted(
                    "there is no space to repair the log in " + layout.raft() + ": " + e.getMessage()
                            + ". Nothing was removed that is not in its quarantine. Free space, and do the same again.",
                    e);
        } catch (IOException e) {
            throw failed(e);
        }
    }

    private WalFailed failed(IOException e) {
        return new WalFailed(
                "the log in " + layout.raft() + " could not be repaired: " + e
                        + ". Nothing was removed that is not in its quarantine. Look at the disk and the permissions, and do"
                        + " the same again.",
                e);
    }

    private Outcome repair(WalInspection inspection, long position) throws IOException {
        WalReport found = inspection.readLocked();
        WalVerdict verdict = found.verdict();
        List<String> done = new ArrayList<>();
        boolean mustRejoin =
                found.identity().map(WalReport.Identity::mustRejoin).orElse(false);
        if (verdict.opens() || (mustRejoin && verdict.kind() == WalVerdict.Kind.IDENTITY)) {
            mend(done);
        } else if (position >= 0 && verdict.cutPosition() >= 0) {
            if (position != verdict.cutPosition()) {
                throw new IllegalArgumentException("the log can be cut at position " + verdict.cutPosition()
                        + ", not at " + position + ". Nothing was changed");
            }
            cut(verdict, done);
        }
        return new Outcome(done, found, done.isEmpty() ? found : inspection.readLocked());
    }

    private void mend(List<String> done) throws IOException {
        IdentityFile.Read identity = IdentityFile.read(files, layout.identity());
        MarkFile.Read mark = MarkFile.read(files, layout.mark());
        if (files.exists(layout.quarantine())) {
            // An attempt before this one may have died just before it did this.
            files.syncDirectory(layout.segments());
            files.syncDirectory(layout.raft());
        }
        if (identity.damagedCopy() != IdentityFile.NO_COPY) {
            claim();
            identity.content().replace(files, layout);
            done.add("copy " + (identity.damagedCopy() + 1)
                    + " of IDENTITY could not be read, and was written anew from the other one. Nothing is lost.");
        }
        if (mark.otherDamaged()) {
            claim();
            Mark before = mark.found();
            renewMark(
                    mark,
                    new LogEnd(before.durableLsn(), before.lastBatch(), before.chain()),
                    before.lastSegment(),
                    before.clean());
            done.add("slot " + (2 - mark.slot())
                    + " of MARK could not be read, and MARK was written anew from the other one."
                    + " Nothing is lost.");
        }
    }

    private void claim() throws IOException {
        Owner.self(options.clock().millis()).write(files, layout.owner());
    }

    private void renewMark(MarkFile.Read read, LogEnd end, long lastSegment, boolean clean) throws IOException {
        Mark before = read.found();
        MarkFile mark = MarkFile.open(files, layout.mark(), read);
        try {
            mark.renew(
                    files,
                    layout,
                    new Mark(
                            before.walId(),
                            before.count() + 1,
                            before.bootCount(),
                            end.lsn(),
                            end.lastBatch(),
                            end.chain(),
                            before.firstSegment(),
                            lastSegment,
                            clean));
        } finally {
            mark.close();
        }
    }

    private void cut(WalVerdict verdict, List<String> done) throws IOException {
        Recovery kept = new Recovery(files, layout, Optional.empty(), verdict.cutPosition(), (frame, file, lsn) -> {});
        try {
            kept.readOnce();
        } catch (WalMustRejoin again) {
            // An earlier attempt has come that far.
        } finally {
            new Segments(kept.segments()).close();
        }
        LogEnd end = kept.end();
        Segment tail = kept.segments().get(kept.segments().size() - 1);
        List<Path> behind = segmentsBehind(tail.sequence());
        boolean loses = !behind.isEmpty()
                || kept.mark().found().lastSegment() > tail.sequence()
                || verdict.certifiedPosition() > end.lsn()
                || kept.lacksMark();
        claim();
        quarantine(kept, tail, behind, done);
        mark(kept.identity(), loses, done);
        replace(tail, end);
        for (Path segment : behind) {
            files.delete(segment);
        }
        files.syncDirectory(layout.segments());
        renewMark(kept.mark(), end, tail.sequence(), false);
        done.add("the log was cut at position " + end.lsn() + ", and ends with batch " + end.lastBatch() + " in "
                + tail.path() + ".");
    }

    private List<Path> segmentsBehind(long sequence) throws IOException {
        return files.list(layout.segments()).stream()
                .filter(name -> Layout.sequenceOf(name) > sequence)
                .sorted()
                .map(name -> layout.segments().resolve(name))
                .toList();
    }

    private void quarantine(Recovery kept, Segment tail, List<Path> behind, List<String> done) throws IOException {
        LogEnd end = kept.end();
        List<Quarantine.Part> parts = new ArrayList<>();
        long offset = end.lsn() - tail.startLsn();
        try (OpenFile file = files.openToRead(tail.path())) {
            long content = contentEnd(tail.path(), file, offset);
            if (content > offset) {
                parts.add(new Quarantine.Part(tail.path(), offset, content));
            }
        }
        for (Path segment : behind) {
            try (OpenFile file = files.openToRead(segment)) {
                parts.add(new Quarantine.Part(segment, 0, file.size()));
            }
        }
        IdentityFile identity = kept.identity().content();
        Mark mark = kept.mark().found();
        String header = "Cut off from log " + identity.walId().toUuid() + " of " + identity.identity() + " at position "
                + end.lsn() + ", which MARK had certified up to " + mark.durableLsn() + ", batch " + mark.lastBatch();
        String directory = new Quarantine(files, layout).keep(parts, header);
        if (!directory.isEmpty()) {
            done.add("what was behind position " + end.lsn() + " was copied to "
                    + layout.raft().resolve(directory) + ".");
        }
    }

    private static long contentEnd(Path path, OpenFile file, long offset) throws IOException {
        try {
            return new SegmentReader(path, file, SegmentReader.noScratch()).endOfContent(offset);
        } catch (MalformedRecordException e) {
            throw new IOException("the header of " + path + " was whole a moment ago", e);
        }
    }

    private void mark(IdentityFile.Read identity, boolean loses, List<String> done) throws IOException {
        if (loses && !identity.content().mustRejoin()) {
            identity.content().mustRejoinNow().replace(files, layout);
        } else if (identity.damagedCopy() != IdentityFile.NO_COPY) {
            identity.content().replace(files, layout);
        }
        files.syncDirectory(layout.raft());
        if (loses) {
            done.add("bytes that were durable are gone. IDENTITY says so: this member must be removed from its group.");
        }
    }

    /* As the hardening of an open does, but where the disk is full nothing is written in place. */
    private void replace(Segment tail, LogEnd end) throws IOException {
        Path path = layout.nextSegment();
        if (files.exists(path)) {
            files.delete(path);
        }
        try (OpenFile old = files.openToRead(tail.path());
                OpenFile copy = files.create(path)) {
            new Segment(tail.path(), old, tail.header(), tail.before()).copyTo(copy, end.lsn() - tail.startLsn());
            copy.force(true);
        }
        files.rename(path, tail.path());
        files.syncDirectory(layout.segments());
    }
}
