package dev.keelraft.wal;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Reads a log as an operator does, who wants to know what is there and what it is worth: with the rules of an open, and without
 * its effects. Files are opened to read them, nothing is written or created, and no lock is taken, so it works in a directory
 * that cannot be written, and beside a process that has the log open.
 *
 * <pre>
 *   WalReport report = WalInspection.of(directory).read();
 *   if (!report.verdict().opens()) {
 *       System.err.println(report.verdict().text());
 *   }
 * </pre>
 *
 * <p>Of a log that is in use, what MARK had certified before the reading must hold; what is behind moves, and is not looked at.
 *
 * <p>Immutable. A reading runs on the thread that calls it; interrupting that has no effect.
 */
public final class WalInspection {
    /** A log in use may release segments under the reader; then all is read again, so many times. */
    private static final int ATTEMPTS = 5;

    private final FileLayer files;
    private final Layout layout;
    private final Optional<WalIdentity> expected;
    private final WalProgress progress;
    private final boolean allSnapshots;
    private final boolean payloads;

    WalInspection(
            FileLayer files,
            Layout layout,
            Optional<WalIdentity> expected,
            WalProgress progress,
            boolean allSnapshots,
            boolean payloads) {
        this.files = files;
        this.layout = layout;
        this.expected = expected;
        this.progress = progress;
        this.allSnapshots = allSnapshots;
        this.payloads = payloads;
    }

    /**
     * An inspection of the log in a directory.
     *
     * @param directory what {@link Wal#create} was given
     */
    public static WalInspection of(Path directory) {
        return of(new DiskFiles(), Layout.in(directory));
    }

    static WalInspection of(FileLayer files, Layout layout) {
        return new WalInspection(files, layout, Optional.empty(), WalProgress.NONE, false, false);
    }

    /** The same, which demands that the log belongs to a member, as an open does. Without it any member's will do. */
    public WalInspection expecting(WalIdentity identity) {
        return new WalInspection(files, layout, Optional.of(identity), progress, allSnapshots, payloads);
    }

    /** The same, which tells how far it has come. */
    public WalInspection withProgress(WalProgress told) {
        return new WalInspection(files, layout, expected, told, allSnapshots, payloads);
    }

    /** The same, which reads all snapshots. Otherwise it reads what an open does: of each group the newest that is whole. */
    public WalInspection withAllSnapshots() {
        return new WalInspection(files, layout, expected, progress, true, payloads);
    }

    /** The same, which copies the payloads of entries for the visitor. */
    public WalInspection withPayloads() {
        return new WalInspection(files, layout, expected, progress, allSnapshots, true);
    }

    /**
     * Reads all of the log. Damage, and whatever else keeps the log from being opened or read, is in the report.
     *
     * @throws WalNotFound if there is no log
     */
    public WalReport read() {
        return read(record -> {});
    }

    /**
     * The same, and shows each record, in the order in which they were written, up to the end of what is good; each once. Some of
     * them may have been overwritten or released since.
     *
     * @param visitor sees them on this thread
     * @throws WalNotFound if there is no log
     */
    public WalReport read(WalVisitor visitor) {
        if (!files.exists(layout.raft())) {
            throw new WalNotFound("there is no log in " + layout.raft() + ". Nothing was changed. Look for a mixed-up"
                    + " path: a member's data directory is wanted, the one that has "
                    + layout.raft().getFileName()
                    + " in it.");
        }
        Reading.Progress read = new Reading.Progress(progress);
        Reading.Records records = new Reading.Records(visitor, payloads);
        boolean moving = false;
        Optional<WalReport> before = Optional.empty();
        for (int attempt = 1; ; attempt++) {
            Optional<Mark> first = mark();
            Optional<Owner> owner = Owner.read(files, layout.owner());
            boolean open = first.isPresent() && !first.get().clean();
            boolean live = moving || (open && owner.filter(Owner::isAlive).isPresent());
            Reading reading = new Reading(new ReadOnlyFiles(files, read), layout, expected, live, records);
            WalReport report = reading.read(read, allSnapshots, owner);
            moving = !mark().equals(first);
            if (!moving || (live && report.verdict().opens()) || sameDamage(before, report)) {
                return report;
            }
            if (attempt == ATTEMPTS) {
                return reading.tooFast(report);
            }
            before = Optional.of(report);
        }
    }

    /** Reads a log that nobody can be writing, as the caller holds its lock. */
    WalReport readLocked() {
        Reading.Progress read = new Reading.Progress(progress);
        return new Reading(new ReadOnlyFiles(files, read), layout, expected, false, (frame, file, lsn) -> {})
                .read(read, allSnapshots, Owner.read(files, layout.owner()));
    }

    /* A log that moves is read again, as a release may have taken away what was being read; rot stays where it is. */
    private static boolean sameDamage(Optional<WalReport> before, WalReport report) {
        return report.inUse()
                && report.verdict().kind() == WalVerdict.Kind.CORRUPT
                && before.map(WalReport::verdict)
                        .filter(verdict -> verdict.kind() == WalVerdict.Kind.CORRUPT)
                        .filter(verdict ->
                                verdict.file().equals(report.verdict().file())
                                        && verdict.offset() == report.verdict().offset())
                        .isPresent();
    }

    /* Empty if it cannot be read: the reading says why. */
    private Optional<Mark> mark() {
        try {
            return Optional.of(MarkFile.read(files, layout.mark()).found());
        } catch (IOException | WalException unreadable) {
            return Optional.empty();
        }
    }
}
