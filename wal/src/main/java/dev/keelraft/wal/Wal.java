package dev.keelraft.wal;

import dev.keelraft.Ready;
import dev.keelraft.model.Entry;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Snapshot;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A member's durable state: its log, hard state and snapshots, in a directory that belongs to it alone.
 *
 * <pre>
 *   Wal wal = Wal.exists(data) ? Wal.open(data, identity, options) : Wal.create(data, identity, options);
 *   RawNode node = ... with wal.storage(), and wal.recovered().snapshot() installed in the state machine
 *   ...
 *   wal.append(ready);
 *   if (ready.mustSync()) {
 *       wal.sync();
 *   }
 *   transport.send(ready.messagesAfterPersist());
 * </pre>
 *
 * <p>{@link #append} encodes and hands to the operating system at some time before {@link #sync} returns; {@code sync} forces
 * everything appended so far to the disk, with one force however many appends there were. {@link #saveSnapshot}, {@link
 * #release} and {@link #close} sync by themselves. Nothing may be promised to anybody before the sync has returned.
 *
 * <p>A host with many groups opens one log for all: {@link #append(long, Ready)} for each, then one {@code sync}. Every method
 * that speaks of one group has a form without it, for group 0, and each group is checked, read, snapshotted and released by
 * itself.
 *
 * <p>The first failed write or force ends it: see {@link WalFailed}. What contradicts the log is refused, and leaves it as it
 * was: {@link WalAppendRefused}.
 *
 * <p><b>Threads.</b> None is started. All methods are called on one thread at a time; {@link WalStorage} says what may run
 * beside {@code sync}, and, with {@link WalOptions#ownThread}, beside all of them. Interrupting a thread in any of them has no effect, and leaves its interrupted status set.
 */
public final class Wal implements AutoCloseable {
    private final Layout layout;
    private final SnapshotDirectory snapshots;
    private final Groups groups;
    private final LogWriter writer;
    private final Map<Long, Recovered> recovered;
    private final boolean ownThread;

    /** Those that have saved or let go of a snapshot since the last sync. */
    private final List<Group> unsettled = new ArrayList<>();

    private boolean closed;

    Wal(
            FileLayer files,
            Layout layout,
            boolean ownThread,
            Groups groups,
            LogWriter writer,
            Map<Long, Recovered> recovered) {
        this.layout = layout;
        this.snapshots = new SnapshotDirectory(files, layout.snapshots());
        this.ownThread = ownThread;
        this.groups = groups;
        this.writer = writer;
        this.recovered = recovered;
    }

    /**
     * Tells whether there is a log, whole or damaged, in a directory. If not, the host must know whether the member is new:
     * only then may it {@link #create} one.
     */
    public static boolean exists(Path directory) {
        return new DiskFiles().exists(Layout.in(directory).raft());
    }

    /**
     * Creates the log of a new member, and opens it.
     *
     * @param directory where to create it, as a subdirectory {@code raft}. It is created if only its parent exists
     * @param identity whose log it is
     * @throws WalAlreadyExists if there is one
     * @throws WalSpaceExhausted if there is no room
     * @throws WalFailed if it cannot be created
     */
    public static Wal create(Path directory, WalIdentity identity, WalOptions options) {
        return new Startup(new DiskFiles(), directory, identity, options).create();
    }

    /**
     * Opens the log of a member that ran before. Reads all of it; what a crash has left of unfinished writes is dropped, see
     * {@link Recovered}.
     *
     * @param directory what {@link #create} was given
     * @param identity whose log it must be
     * @throws WalNotFound if there is none
     * @throws WalLocked if it is open, here or in another process
     * @throws WalIdentityMismatch if it belongs to somebody else
     * @throws WalCorrupt if something that was durable is damaged or missing
     * @throws WalMustRejoin if {@link WalRepair} has dropped what was durable
     * @throws WalUnsupportedVersion if a newer version wrote it
     * @throws WalSpaceExhausted if there is not even room to note that it was opened
     * @throws WalFailed if it cannot be read or written
     */
    public static Wal open(Path directory, WalIdentity identity, WalOptions options) {
        return new Startup(new DiskFiles(), directory, identity, options).open();
    }

    /** Returns what the open has found, of the first group. */
    public Recovered recovered() {
        return recovered(Groups.FIRST);
    }

    /** Returns what the open has found of a group. For one that had nothing stored it is as for a new log. */
    public Recovered recovered(long group) {
        Recovered found = recovered.get(group);
        if (found != null) {
            return found;
        }
        Recovered log = recovered();
        return new Recovered(
                HardState.EMPTY,
                1,
                0,
                Snapshot.NONE,
                SnapshotFile.NONE,
                List.of(),
                log.cleanClose(),
                log.droppedBytes(),
                log.bootCount(),
                log.incarnation());
    }

    /** Returns the groups of which something is stored, in ascending order of their ids, and group 0 in any case. */
    public List<Long> groups() {
        checkOpen();
        return groups.stated().stream().map(Group::id).toList();
    }

    /** Returns what the kernel reads. It is the same object for as long as this log is open. */
    public WalStorage storage() {
        return storage(Groups.FIRST);
    }

    /** Returns what the kernel of a group reads; empty for a new one. The same object for as long as this log is open. */
    public WalStorage storage(long group) {
        return groups.of(group).storage();
    }

    /** Returns the directory in which the host writes the files of its snapshots. */
    public Path snapshotDirectory() {
        return layout.snapshots();
    }

    /**
     * Appends what a Ready holds: hard state and entries, as one batch, of which a crash leaves all or nothing. It is durable
     * once {@link #sync} has returned, and no part of it before. A Ready that holds nothing to store appends nothing. The cache
     * of {@link #storage()} keeps the entries, so their payloads must not change, as the kernel demands anyway.
     *
     * @throws WalAppendRefused if it contradicts the log, or comes with a snapshot; nothing has changed
     * @throws WalSpaceExhausted if there is no room; nothing has changed
     * @throws WalFailed if this or an earlier call has failed
     */
    public void append(Ready ready) {
        append(Groups.FIRST, ready, SnapshotFile.NONE);
    }

    /**
     * The same for one of several groups. Each has a log of its own, checked and read by itself; they share the files and the
     * {@link #sync}. A group begins with its first append.
     *
     * @param group any number; a host with one group may leave it out, and has group 0
     * @param ready see {@link #append(Ready)}
     */
    public void append(long group, Ready ready) {
        append(group, ready, SnapshotFile.NONE);
    }

    /**
     * Appends what a Ready holds, with a snapshot that a leader has sent. The snapshot replaces the whole log and all older
     * snapshots.
     *
     * <p>The application's state must be complete in a file of {@link #snapshotDirectory()} before. Its length and checksum are
     * compared here, which reads all of it; then the file is forced to the disk, and only then anything is stored.
     *
     * @param snapshotFile the file, if the Ready has a snapshot; {@link SnapshotFile#NONE} if it has none
     * @throws WalAppendRefused if the batch contradicts the log, or the file is not as described; nothing has changed
     * @throws WalSpaceExhausted if there is no room; nothing has changed
     * @throws WalFailed if this or an earlier call has failed
     */
    public void append(Ready ready, SnapshotFile snapshotFile) {
        append(Groups.FIRST, ready, snapshotFile);
    }

    /**
     * The same for one of several groups.
     *
     * @param group see {@link #append(long, Ready)}
     * @param ready see {@link #append(Ready, SnapshotFile)}
     * @param snapshotFile see there; no two groups may use the same name
     */
    public void append(long group, Ready ready, SnapshotFile snapshotFile) {
        append(group, ready.hardState(), ready.snapshot(), snapshotFile, null, ready.entries());
    }

    /**
     * The same with a file that was {@linkplain #prepare prepared}, so that nothing is read or forced here.
     *
     * @param ready with a snapshot
     * @param prepared the snapshot's file
     * @throws WalAppendRefused if the batch contradicts the log, or the file was changed since; nothing has changed
     */
    public void append(Ready ready, PreparedSnapshot prepared) {
        append(Groups.FIRST, ready, prepared);
    }

    /**
     * The same for one of several groups.
     *
     * @param group see {@link #append(long, Ready)}
     * @param ready see {@link #append(Ready, PreparedSnapshot)}
     * @param prepared see there; no two groups may use the same name
     */
    public void append(long group, Ready ready, PreparedSnapshot prepared) {
        append(group, ready.hardState(), ready.snapshot(), prepared.file(), prepared, ready.entries());
    }

    /** The parts of {@link #append(Ready, SnapshotFile)}. */
    void append(HardState hardState, Snapshot snapshot, SnapshotFile snapshotFile, List<Entry> entries) {
        append(Groups.FIRST, hardState, snapshot, snapshotFile, null, entries);
    }

    /** The parts of {@link #append(long, Ready, SnapshotFile)}. */
    void append(long id, HardState hardState, Snapshot snapshot, SnapshotFile snapshotFile, List<Entry> entries) {
        append(id, hardState, snapshot, snapshotFile, null, entries);
    }

    private void append(
            long id,
            HardState hardState,
            Snapshot snapshot,
            SnapshotFile snapshotFile,
            @Nullable PreparedSnapshot prepared,
            List<Entry> entries) {
        if (snapshot.isNone() != snapshotFile.isNone()) {
            throw refused(
                    snapshot.isNone()
                            ? "there is a file, " + snapshotFile + ", and no snapshot"
                            : snapshot + " comes without its file");
        }
        Group group = groups.of(id);
        Batch batch = group.newBatch();
        batch.hardState(hardState);
        if (!snapshot.isNone()) {
            batch.snapshot(new SavedSnapshot(snapshot, snapshotFile), true);
        }
        if (!batch.entries(entries)) {
            throw refused("the entries of the batch do not follow each other");
        }
        store(group, batch, prepared, entries, false);
    }

    /**
     * Does for a snapshot's file what takes long, on whatever thread calls it, beside all others of this log: reads it, compares
     * its length and checksum, and forces it and its name to the disk. What then stores the snapshot, {@link #saveSnapshot(Snapshot,
     * PreparedSnapshot)} or {@link #append(Ready, PreparedSnapshot)}, only looks whether it is still that file. With a plain {@link
     * SnapshotFile} they do all of it themselves, and nothing can be appended meanwhile: for seconds, where the state is large.
     *
     * <p>If this fails the log is as before, and goes on: nothing depends on the file yet. Delete it, and write the snapshot
     * again under another name. A file that could not be forced may be on the disk or not, which nobody can find out, and is
     * refused from now on.
     *
     * @param snapshotFile a file of {@link #snapshotDirectory()}, complete and under its final name
     * @throws WalAppendRefused if the file is not as described
     * @throws IOException if it cannot be read or forced
     */
    public PreparedSnapshot prepare(SnapshotFile snapshotFile) throws IOException {
        if (snapshotFile.isNone()) {
            throw refused("there is no file to prepare");
        }
        return snapshots.prepare(snapshotFile);
    }

    /**
     * Stores that the application has written a snapshot of its own state, and syncs. The log keeps its entries: see {@link
     * #release}. The newest two snapshots are kept; the older one is the way back should the file of the newer be damaged.
     *
     * @param snapshot at an index that is applied, and stored as committed; not older than the newest one
     * @param snapshotFile its file, complete; read, compared and forced here as in {@link #append(Ready, SnapshotFile)}
     * @throws WalAppendRefused if it contradicts the log, or the file is not as described; nothing has changed
     * @throws WalSpaceExhausted if there is no room; nothing has changed
     * @throws WalFailed if this or an earlier call has failed
     */
    public void saveSnapshot(Snapshot snapshot, SnapshotFile snapshotFile) {
        saveSnapshot(Groups.FIRST, snapshot, snapshotFile);
    }

    /**
     * The same for one of several groups.
     *
     * @param group whose state it is
     * @param snapshot see {@link #saveSnapshot(Snapshot, SnapshotFile)}
     * @param snapshotFile see there; no two groups may use the same name
     */
    public void saveSnapshot(long group, Snapshot snapshot, SnapshotFile snapshotFile) {
        save(group, snapshot, snapshotFile, null);
    }

    /**
     * The same with a file that was {@linkplain #prepare prepared}, so that it is neither read nor forced here.
     *
     * @param snapshot see {@link #saveSnapshot(Snapshot, SnapshotFile)}
     * @param prepared its file
     * @throws WalAppendRefused if it contradicts the log, or the file was changed since; nothing has changed
     */
    public void saveSnapshot(Snapshot snapshot, PreparedSnapshot prepared) {
        saveSnapshot(Groups.FIRST, snapshot, prepared);
    }

    /**
     * The same for one of several groups.
     *
     * @param group whose state it is
     * @param snapshot see {@link #saveSnapshot(Snapshot, SnapshotFile)}
     * @param prepared its file; no two groups may use the same name
     */
    public void saveSnapshot(long group, Snapshot snapshot, PreparedSnapshot prepared) {
        save(group, snapshot, prepared.file(), prepared);
    }

    private void save(long group, Snapshot snapshot, SnapshotFile snapshotFile, @Nullable PreparedSnapshot prepared) {
        if (snapshot.isNone() || snapshotFile.isNone()) {
            throw refused("a snapshot needs an index and a file");
        }
        Group saving = groups.of(group);
        Batch batch = saving.newBatch();
        batch.snapshot(new SavedSnapshot(snapshot, snapshotFile), false);
        store(saving, batch, prepared, List.of(), true);
        sync();
    }

    /**
     * Forgets the entries up to an index, syncs, and deletes the segments that hold nothing that is still needed. Entries
     * behind the index stay, so that followers which are a little behind need no snapshot; so does the older of two snapshots,
     * if it lies at the index or behind it.
     *
     * @param index at most that of the newest snapshot. If the log starts behind it already, as after an installed snapshot,
     *     only segments are deleted
     * @throws WalAppendRefused if no snapshot covers the index; nothing has changed
     * @throws WalSpaceExhausted if there is no room even in what is set aside for this; nothing has changed
     * @throws WalFailed if this or an earlier call has failed
     */
    public void release(long index) {
        release(Groups.FIRST, index);
    }

    /**
     * The same for one of several groups. A segment goes when no group needs an entry of it any more: {@link #groupsHolding}
     * says which do.
     *
     * @param group whose entries are forgotten
     * @param index see {@link #release(long)}
     */
    public void release(long group, long index) {
        checkOpen();
        Group releasing = groups.of(group);
        GroupState state = releasing.state();
        if (index > state.newestSnapshot().index()) {
            throw refused("the log cannot be released up to " + index + ": the newest snapshot is at "
                    + state.newestSnapshot().index());
        }
        if (index > state.startIndex()) {
            Batch batch = releasing.newBatch();
            batch.compact(index, state.term(index));
            store(releasing, batch, null, List.of(), true);
        }
        // The log may start further on by an installed snapshot too. Its segments may go once that is on the disk, not
        // before.
        sync();
        writer.drop();
        writer.prepareSpare();
    }

    /**
     * Returns the groups without whose entries the log would have no more than so many segments, in ascending order of their
     * ids. Where one of them is cold, its few old entries keep everybody's: have it take a snapshot, {@link #saveSnapshot} it,
     * and {@link #release} up to there.
     *
     * @param segments 1 or more: how many of the newest segments the host is willing to keep
     */
    public List<Long> groupsHolding(int segments) {
        checkOpen();
        if (segments < 1) {
            throw new IllegalArgumentException("the last segment is always kept: " + segments);
        }
        return writer.holdersBeforeLast(segments);
    }

    /**
     * Has the next segment prepared by {@link WalOptions#preparer}, if that has failed before; otherwise it does nothing. For a
     * host to call now and then while {@link #spareStatus} says so. {@link #release} does the same.
     */
    public void prepareSpare() {
        checkOpen();
        writer.prepareSpare();
    }

    /** Returns whether the next segment is prepared. May be called on any thread. */
    public SpareStatus spareStatus() {
        return writer.spareStatus();
    }

    /**
     * Returns the files of {@link #snapshotDirectory()} that must stay, of each group from old to new: what a start after a crash right now
     * could need. All others there may be deleted, but for those that the host is about to store.
     */
    public List<SnapshotFile> referencedSnapshots() {
        List<SnapshotFile> names = new ArrayList<>();
        for (Group group : groups.all()) {
            names.addAll(referencedSnapshots(group.id()));
        }
        return List.copyOf(names);
    }

    /** Returns those of {@link #referencedSnapshots()} that belong to a group. */
    public List<SnapshotFile> referencedSnapshots(long group) {
        return groups.of(group).referenced().stream().map(SavedSnapshot::file).toList();
    }

    /**
     * Returns once everything appended so far is on the disk. With nothing appended since the last time it does nothing.
     *
     * @throws WalFailed if this or an earlier call has failed: then nothing since the last sync is acknowledged, ever
     */
    public void sync() {
        checkOpen();
        writer.sync();
        for (int i = 0; i < unsettled.size(); i++) {
            Group group = unsettled.get(i);
            group.reference(group.state().snapshots());
        }
        unsettled.clear();
        if (ownThread) {
            writer.drop();
        }
    }

    /**
     * Syncs, notes that the log ends here, and closes it. After a failure it closes what is open and writes nothing. A second
     * call does nothing.
     *
     * @throws WalFailed if the log could not be synced, and nothing had failed before
     */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        groups.all().forEach(group -> group.storage().close());
        try {
            if (!writer.isFailed()) {
                writer.markClosed();
            }
        } finally {
            writer.closeFiles();
        }
    }

    /* The batch is filled. Checks come first, then the room for it, then nothing can fail any more but the disk. */
    private void store(
            Group group, Batch batch, @Nullable PreparedSnapshot prepared, List<Entry> entries, boolean reserved) {
        checkOpen();
        if (batch.isEmpty()) {
            return;
        }
        String violation = group.state().violation(batch);
        if (violation != null) {
            throw refused(violation);
        }
        long payloadBytes = payloadBytes(batch, entries);
        if (payloadBytes > Frame.MAX_PAYLOAD_BYTES) {
            throw refused("a batch of " + payloadBytes + " bytes is longer than the " + Frame.MAX_PAYLOAD_BYTES
                    + " that a frame can hold");
        }
        if (!batch.snapshot().isNone()) {
            bind(batch.snapshot().file(), prepared);
        }
        RecordWriter records = writer.begin(payloadBytes, reserved).of(group.id());
        long lsn = writer.endLsn();
        try {
            write(records, batch, entries);
            writer.finish();
            group.state().apply(batch);
            int frameBytes = (int) (writer.endLsn() - lsn);
            if (ownThread) {
                group.storage().applyLater(entries, lsn, frameBytes, writer.writtenLsn());
            } else {
                group.storage().apply(batch, entries, lsn, frameBytes, writer.writtenLsn());
            }
        } catch (RuntimeException | Error e) {
            throw writer.poison("a batch could not be encoded", e);
        }
        if (!batch.snapshot().isNone()) {
            List<SavedSnapshot> both = new ArrayList<>(group.referenced());
            both.add(batch.snapshot());
            group.reference(both);
        }
        if (!batch.snapshot().isNone() || batch.compactIndex() != 0) {
            unsettled.add(group);
        }
    }

    private static long payloadBytes(Batch batch, List<Entry> entries) {
        long bytes = batch.hardState().isEmpty() ? 0 : RecordWriter.HARD_STATE_BYTES;
        if (!batch.snapshot().isNone()) {
            bytes += RecordWriter.snapshotBytes(batch.snapshot());
        }
        if (batch.compactIndex() != 0) {
            bytes += RecordWriter.COMPACT_BYTES;
        }
        for (int i = 0; i < entries.size(); i++) {
            bytes += RecordWriter.entryBytes(entries.get(i));
        }
        return bytes;
    }

    private static void write(RecordWriter records, Batch batch, List<Entry> entries) {
        if (!batch.snapshot().isNone()) {
            records.snapshot(batch.isInstalled() ? RecordType.INSTALL : RecordType.SNAPSHOT, batch.snapshot());
        }
        for (int i = 0; i < entries.size(); i++) {
            records.entry(entries.get(i));
        }
        if (!batch.hardState().isEmpty()) {
            records.hardState(batch.hardState());
        }
        if (batch.compactIndex() != 0) {
            records.compact(batch.compactIndex(), batch.compactTerm());
        }
    }

    private void bind(SnapshotFile described, @Nullable PreparedSnapshot prepared) {
        try {
            if (prepared == null) {
                snapshots.prepare(described);
            } else {
                snapshots.check(prepared);
            }
        } catch (TooManyFilesException e) {
            throw LogWriter.tooManyFiles("the snapshot file " + snapshots.path(described), e);
        } catch (IOException e) {
            throw writer.poison("the snapshot file " + snapshots.path(described) + " could not be read and forced", e);
        }
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("the log is closed");
        }
        writer.checkUsable();
    }

    static WalAppendRefused refused(String why) {
        return new WalAppendRefused(why
                + ". Nothing was stored; the log is as before, and goes on. This is a defect of the caller, or of the"
                + " kernel: do not try it again, but stop the member and report it.");
    }
}
