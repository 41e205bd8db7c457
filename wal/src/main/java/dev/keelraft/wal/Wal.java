package dev.keelraft.wal;

import dev.keelraft.Ready;
import dev.keelraft.model.Entry;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Snapshot;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

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
 * <p>The first failed write or force ends it: see {@link WalFailed}. What contradicts the log is refused, and leaves it as it
 * was: {@link WalAppendRefused}.
 *
 * <p><b>Threads.</b> None is started. All methods are called on one thread at a time; {@link WalStorage} says what may run
 * beside {@code sync}, and, with {@link WalOptions#ownThread}, beside all of them. Interrupting a thread in any of them has no effect, and leaves its interrupted status set.
 */
public final class Wal implements AutoCloseable {
    private final FileLayer files;
    private final Layout layout;
    private final GroupState state;
    private final LogWriter writer;
    private final WalStorage storage;
    private final Recovered recovered;
    private final boolean ownThread;

    /** Filled anew for each call; and made anew where the view moves over it later. */
    private Batch batch = new Batch();

    /** The snapshots that a start after a crash right now could fall back to. */
    private List<SavedSnapshot> referenced;

    private boolean closed;

    Wal(
            FileLayer files,
            Layout layout,
            boolean ownThread,
            GroupState state,
            LogWriter writer,
            WalStorage storage,
            Recovered recovered) {
        this.files = files;
        this.layout = layout;
        this.ownThread = ownThread;
        this.state = state;
        this.writer = writer;
        this.storage = storage;
        this.recovered = recovered;
        this.referenced = state.snapshots();
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
     * @throws WalUnsupportedVersion if a newer version wrote it
     * @throws WalSpaceExhausted if there is not even room to note that it was opened
     * @throws WalFailed if it cannot be read or written
     */
    public static Wal open(Path directory, WalIdentity identity, WalOptions options) {
        return new Startup(new DiskFiles(), directory, identity, options).open();
    }

    /** Returns what the open has found. */
    public Recovered recovered() {
        return recovered;
    }

    /** Returns what the kernel reads. It is the same object for as long as this log is open. */
    public WalStorage storage() {
        return storage;
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
        append(ready, SnapshotFile.NONE);
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
        append(ready.hardState(), ready.snapshot(), snapshotFile, ready.entries());
    }

    /** The parts of {@link #append(Ready, SnapshotFile)}. */
    void append(HardState hardState, Snapshot snapshot, SnapshotFile snapshotFile, List<Entry> entries) {
        if (snapshot.isNone() != snapshotFile.isNone()) {
            throw refused(
                    snapshot.isNone()
                            ? "there is a file, " + snapshotFile + ", and no snapshot"
                            : snapshot + " comes without its file");
        }
        begin();
        batch.hardState(hardState);
        if (!snapshot.isNone()) {
            batch.snapshot(new SavedSnapshot(snapshot, snapshotFile), true);
        }
        if (!batch.entries(entries)) {
            throw refused("the entries of the batch do not follow each other");
        }
        store(entries, false);
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
        if (snapshot.isNone() || snapshotFile.isNone()) {
            throw refused("a snapshot needs an index and a file");
        }
        begin();
        batch.snapshot(new SavedSnapshot(snapshot, snapshotFile), false);
        store(List.of(), true);
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
        checkOpen();
        if (index > state.newestSnapshot().index()) {
            throw refused("the log cannot be released up to " + index + ": the newest snapshot is at "
                    + state.newestSnapshot().index());
        }
        if (index > state.startIndex()) {
            begin();
            batch.compact(index, state.term(index));
            store(List.of(), true);
        }
        // The log may start further on by an installed snapshot too. Its segments may go once that is on the disk, not
        // before.
        sync();
        drop();
        writer.prepareSpare();
    }

    /* Not what the kernel may still read: on another thread it learns only later that entries are gone. */
    private void drop() {
        writer.drop(ownThread ? Math.min(state.startIndex(), storage.releasedIndex()) : state.startIndex());
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
     * Returns the files of {@link #snapshotDirectory()} that must stay, from old to new: what a start after a crash right now
     * could need. All others there may be deleted, but for those that the host is about to store.
     */
    public List<SnapshotFile> referencedSnapshots() {
        return referenced.stream().map(SavedSnapshot::file).toList();
    }

    /**
     * Returns once everything appended so far is on the disk. With nothing appended since the last time it does nothing.
     *
     * @throws WalFailed if this or an earlier call has failed: then nothing since the last sync is acknowledged, ever
     */
    public void sync() {
        checkOpen();
        writer.sync();
        referenced = state.snapshots();
        if (ownThread) {
            drop();
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
        storage.close();
        try {
            if (!writer.isFailed()) {
                writer.markClosed();
            }
        } finally {
            writer.closeFiles();
        }
    }

    private void begin() {
        if (ownThread) {
            batch = new Batch();
        } else {
            batch.clear();
        }
    }

    /* The batch is filled. Checks come first, then the room for it, then nothing can fail any more but the disk. */
    private void store(List<Entry> entries, boolean reserved) {
        checkOpen();
        if (batch.isEmpty()) {
            return;
        }
        String violation = state.violation(batch);
        if (violation != null) {
            throw refused(violation);
        }
        long payloadBytes = payloadBytes(entries);
        if (payloadBytes > Frame.MAX_PAYLOAD_BYTES) {
            throw refused("a batch of " + payloadBytes + " bytes is longer than the " + Frame.MAX_PAYLOAD_BYTES
                    + " that a frame can hold");
        }
        if (!batch.snapshot().isNone()) {
            bind(batch.snapshot().file());
        }
        RecordWriter records = writer.begin(payloadBytes, reserved);
        long lsn = writer.endLsn();
        try {
            write(records, entries);
            writer.finish();
            state.apply(batch);
            int frameBytes = (int) (writer.endLsn() - lsn);
            if (ownThread) {
                storage.applyLater(batch, entries, lsn, frameBytes, writer.writtenLsn());
            } else {
                storage.apply(batch, entries, lsn, frameBytes, writer.writtenLsn());
            }
        } catch (RuntimeException | Error e) {
            throw writer.poison("a batch could not be encoded", e);
        }
        if (!batch.snapshot().isNone()) {
            List<SavedSnapshot> both = new ArrayList<>(referenced);
            both.add(batch.snapshot());
            referenced = List.copyOf(both);
        }
    }

    private long payloadBytes(List<Entry> entries) {
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

    private void write(RecordWriter records, List<Entry> entries) {
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

    /*
     * A snapshot without its file is worth nothing, and its record lets the entries go that it stands for. So the log does not
     * rely on the host for the force: whoever forgets it loses the group's state only with the power, and then for good.
     */
    private void bind(SnapshotFile described) {
        Path path = layout.snapshots().resolve(described.name());
        try {
            SnapshotFile found = SnapshotFile.of(files, path);
            if (!found.equals(described)) {
                throw refused("the snapshot file " + path + " is " + found + ", not " + described);
            }
            try (OpenFile file = files.openToRead(path)) {
                file.force(true);
            }
            files.syncDirectory(layout.snapshots());
        } catch (NoSuchFileException e) {
            throw refused("the snapshot file " + path + " is missing");
        } catch (TooManyFilesException e) {
            throw LogWriter.tooManyFiles("the snapshot file " + path, e);
        } catch (IOException e) {
            throw writer.poison("the snapshot file " + path + " could not be read and forced", e);
        }
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("the log is closed");
        }
        writer.checkUsable();
    }

    private static WalAppendRefused refused(String why) {
        return new WalAppendRefused(why
                + ". Nothing was stored; the log is as before, and goes on. This is a defect of the caller, or of the"
                + " kernel: do not try it again, but stop the member and report it.");
    }
}
