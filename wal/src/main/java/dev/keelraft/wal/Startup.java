package dev.keelraft.wal;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Creates and opens logs. */
final class Startup {
    private final FileLayer files;
    private final Layout layout;
    private final WalIdentity expected;
    private final WalOptions options;

    /** What is open so far: closed, the last first, if the rest fails. */
    private final List<Closeable> opened = new ArrayList<>();

    Startup(FileLayer files, Path data, WalIdentity expected, WalOptions options) {
        this.files = files;
        this.layout = Layout.in(data);
        this.expected = expected;
        this.options = options;
    }

    /*
     * All is built under another name, and forced. The rename makes it a log, the sync of its parent a durable one. MARK says
     * that it is in use: should the process die between these two, the open that follows syncs the directories again.
     */
    Wal create() {
        if (files.exists(layout.raft())) {
            throw new WalAlreadyExists("there is a log in " + layout.raft()
                    + " already. Nothing was changed. Open it, or" + " choose another directory for a new member.");
        }
        try {
            createData();
            Layout unfinished = layout.unfinished(options.random().nextLong());
            build(unfinished);
            files.rename(unfinished.raft(), layout.raft());
            files.syncDirectory(layout.data());
        } catch (NoSpaceException e) {
            throw new WalSpaceExhausted(
                    "there is no space to create a log in " + layout.data() + ": " + e.getMessage()
                            + ". Nothing was stored. What is left of the attempt is removed by the next one. Free space,"
                            + " and try again.",
                    e);
        } catch (TooManyFilesException e) {
            throw LogWriter.tooManyFiles("a new log in " + layout.raft(), e);
        } catch (IOException e) {
            throw new WalFailed(
                    "the log in " + layout.raft() + " could not be created: " + e
                            + ". Nothing was stored. What is left of the attempt is removed by the next one. Look at the"
                            + " disk and the permissions, and try again.",
                    e);
        }
        return open();
    }

    /*
     * The directory's own name is synced also where it is there already: an attempt before this one may have died just after
     * creating it. Where the parent may not be opened, the directory is not ours, and its name was the business of whoever made it.
     */
    private void createData() throws IOException {
        boolean ours = !files.exists(layout.data());
        if (ours) {
            files.createDirectory(layout.data());
        }
        Path parent = layout.data().toAbsolutePath().getParent();
        if (parent != null) {
            try {
                files.syncDirectory(parent);
            } catch (AccessDeniedException e) {
                if (ours) {
                    throw e;
                }
            }
        }
        for (String name : files.list(layout.data())) {
            if (name.startsWith(Layout.UNFINISHED)) {
                deleteAll(layout.data().resolve(name));
            }
        }
    }

    /* An attempt to create a log goes two levels deep. */
    private void deleteAll(Path unfinished) throws IOException {
        for (String name : files.list(unfinished)) {
            Path child = unfinished.resolve(name);
            Layout old = new Layout(layout.data(), unfinished);
            if (child.equals(old.segments()) || child.equals(old.snapshots())) {
                for (String grandchild : files.list(child)) {
                    files.delete(child.resolve(grandchild));
                }
            }
            files.delete(child);
        }
        files.delete(unfinished);
    }

    private void build(Layout in) throws IOException {
        files.createDirectory(in.raft());
        files.createDirectory(in.segments());
        files.createDirectory(in.snapshots());
        files.create(in.lock()).close();
        long now = options.clock().millis();
        IdentityFile identity =
                new IdentityFile(expected, Id.random(options.random()), Id.random(options.random()), now, false);
        identity.create(files, in.identity());
        long salt = options.random().nextLong();
        SegmentHeader header =
                new SegmentHeader(identity.walId(), expected, 1, salt, 0, options.segmentBytes(), 0, 0, 1, 0, now);
        LogEnd end;
        try (OpenFile file = files.create(in.segment(1))) {
            Segment.zero(file, 0, header.fileBytes());
            end = Segment.begin(file, header, new Groups(), new FrameBuffer());
        }
        Mark mark = new Mark(identity.walId(), 1, 0, end.lsn(), end.lastBatch(), end.chain(), 1, 1, false);
        MarkFile.create(files, in.mark(), mark);
        files.syncDirectory(in.segments());
        files.syncDirectory(in.raft());
    }

    /* First all is read. The first byte is written when it is certain that the log will be opened. */
    Wal open() {
        if (!files.exists(layout.raft())) {
            throw new WalNotFound(
                    "there is no log in " + layout.raft() + ". Nothing was changed. If this member ever ran,"
                            + " find its data; only a member that is new to its group may be created.");
        }
        boolean open = false;
        try {
            Wal wal = openExisting();
            open = true;
            return wal;
        } catch (NoSuchFileException e) {
            throw new WalCorrupt(Path.of(e.getFile()), 0, -1, "a part of the log is missing");
        } catch (TooManyFilesException e) {
            throw LogWriter.tooManyFiles("the log in " + layout.raft(), e);
        } catch (IOException e) {
            throw new WalFailed(
                    "the log in " + layout.raft() + " could not be opened: " + e
                            + ". Nothing that it holds was changed. Look at the disk and the permissions, and try again.",
                    e);
        } finally {
            if (!open) {
                closeAll();
            }
        }
    }

    private Wal openExisting() throws IOException {
        Events.Open event = Events.open();
        HeldLock lock = files.lock(layout.lock());
        if (lock == null) {
            throw new WalLocked("the log in " + layout.raft() + " is open already, by " + lastOwner()
                    + ". Nothing was changed. Two processes must never share one member's data: find that one and stop"
                    + " it, or give this member a directory of its own.");
        }
        opened.add(lock);
        Recovery recovery = new Recovery(files, layout, expected);
        opened.add(() -> new Segments(recovery.segments()).close());
        recovery.read();
        IdentityFile.Read identity = recovery.identity();
        boolean cleanClose = recovery.mark().found().clean();
        MarkFile mark = MarkFile.open(files, layout.mark(), recovery.mark());
        opened.add(mark::close);
        Hardening hardening = new Hardening(files, layout, recovery);
        hardening.openTail();

        Owner.self(options.clock().millis()).write(files, layout.owner());
        if (identity.damagedCopy() != IdentityFile.NO_COPY) {
            identity.content().repair(files, layout.identity(), identity.damagedCopy());
        }
        makeSnapshots();
        hardening.harden();

        long bootCount = recovery.bootCount() + 1;
        Groups groups = recovery.groups();
        Segments segments = new Segments(recovery.segments());
        opened.add(segments::close);
        LogWriter writer = new LogWriter(
                files, layout, identity.content(), options, lock, mark, segments, groups, bootCount, recovery.end());
        writer.markOpened();
        hardening.removeLeftovers();
        writeBoot(writer, recovery, bootCount);
        writer.prepareSpare();
        groups.open(segments, options);
        Map<Long, Recovered> recovered = new HashMap<>();
        for (Group group : groups.all()) {
            GroupState state = group.state();
            SavedSnapshot newest = state.newestSnapshot();
            recovered.put(
                    group.id(),
                    new Recovered(
                            state.hardState(),
                            state.startIndex() + 1,
                            state.lastIndex(),
                            newest.snapshot(),
                            newest.file(),
                            recovery.damagedSnapshots(group),
                            cleanClose,
                            recovery.droppedBytes(),
                            bootCount,
                            identity.content().incarnation().toUuid()));
        }
        event.end(
                bootCount,
                cleanClose,
                recovery.droppedBytes(),
                groups.stated().size(),
                recovery.segments().size());
        return new Wal(files, layout, options.ownThread(), groups, writer, recovered);
    }

    /* Somebody has removed it, or a disk has lied. What the log wanted of it was missed before; the host will need it again. */
    private void makeSnapshots() throws IOException {
        if (!files.exists(layout.snapshots())) {
            files.createDirectory(layout.snapshots());
            files.syncDirectory(layout.raft());
        }
    }

    /*
     * The first frame of this run. It carries the number of the run, so that no frame of an earlier run, of which a crash may
     * have left something behind the end, can ever continue the chain. If a snapshot is damaged, it also states the log without
     * it: what is saved from now on may be older.
     */
    private void writeBoot(LogWriter writer, Recovery recovery, long bootCount) {
        List<Group> restated = new ArrayList<>();
        long stateBytes = 0;
        for (Group group : recovery.groups().all()) {
            if (!recovery.damagedSnapshots(group).isEmpty()) {
                restated.add(group);
                stateBytes += RecordWriter.stateBytes(group.state());
            }
        }
        RecordWriter records = writer.begin(RecordWriter.BOOT_BYTES + stateBytes, true);
        records.boot(bootCount, options.clock().millis(), recovery.droppedBytes());
        for (Group group : restated) {
            records.of(group.id()).state(group.state());
        }
        writer.finish();
        writer.sync();
    }

    private String lastOwner() {
        return Owner.read(files, layout.owner()).map(Owner::toString).orElse("somebody who has not said who it is");
    }

    private void closeAll() {
        for (int i = opened.size() - 1; i >= 0; i--) {
            try {
                opened.get(i).close();
            } catch (IOException e) {
                // What led here is being thrown already.
            }
        }
    }
}
