package dev.keelraft.wal;

import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.EntryType;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Snapshot;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.zip.CRC32C;

/**
 * One thing that a host does to its log, as a value that fits on a line: a host in another process does it, and the test knows
 * what must come of it. Payloads and snapshot files follow from the numbers alone, so they need not be told.
 *
 * @param kind what is done
 * @param group to which group
 * @param term of the entries, or of an installed snapshot
 * @param index of the first entry, of a snapshot, or up to which is released
 * @param count how many entries; of a snapshot the number that names its file
 * @param bytes the length of each entry's payload
 * @param hardState of an append or an installed snapshot
 */
record HostStep(Kind kind, long group, long term, long index, int count, int bytes, HardState hardState) {
    static final ConfState MEMBERS = new ConfState(List.of(1L, 2L, 3L), List.of(), List.of(4L), List.of(), false);

    private static final int SNAPSHOT_BYTES = 700;

    /** What there is to do. */
    enum Kind {
        CREATE,
        OPEN,
        CLOSE,
        APPEND,
        SYNC,
        SAVE,
        INSTALL,
        RELEASE;

        /** Whether everything submitted is on the disk once it has returned. */
        boolean acknowledges() {
            return this != APPEND && this != INSTALL && this != OPEN;
        }
    }

    static HostStep of(Kind kind) {
        return new HostStep(kind, 0, 0, 0, 0, 0, HardState.EMPTY);
    }

    static HostStep append(long group, long term, long first, int count, int bytes, HardState hardState) {
        return new HostStep(Kind.APPEND, group, term, first, count, bytes, hardState);
    }

    static HostStep append(long group, long term, long first, int count, int bytes) {
        return append(group, term, first, count, bytes, HardState.EMPTY);
    }

    static HostStep hardState(long group, long term, long vote, long commit) {
        return append(group, 0, 0, 0, 0, new HardState(term, vote, commit));
    }

    static HostStep save(long group, long index, int number) {
        return new HostStep(Kind.SAVE, group, 0, index, number, 0, HardState.EMPTY);
    }

    static HostStep install(long group, long term, long index, int number, HardState hardState) {
        return new HostStep(Kind.INSTALL, group, term, index, number, 0, hardState);
    }

    static HostStep release(long group, long index) {
        return new HostStep(Kind.RELEASE, group, 0, index, 0, 0, HardState.EMPTY);
    }

    /** The step that {@link #toString} has written. */
    static HostStep parse(String line) {
        String[] fields = line.split(" ", -1);
        long[] numbers = new long[fields.length];
        for (int i = 1; i < fields.length; i++) {
            numbers[i] = Long.parseLong(fields[i]);
        }
        return new HostStep(
                Kind.valueOf(fields[0]),
                numbers[1],
                numbers[2],
                numbers[3],
                (int) numbers[4],
                (int) numbers[5],
                new HardState(numbers[6], numbers[7], numbers[8]));
    }

    @Override
    public String toString() {
        return kind + " " + group + " " + term + " " + index + " " + count + " " + bytes + " " + hardState.term() + " "
                + hardState.vote() + " " + hardState.commit();
    }

    /** What the group's log is afterwards. */
    LogState after(LogState before) {
        return switch (kind) {
            case APPEND -> before.with(entries()).with(hardState);
            case SAVE -> before.saved(snapshot(before), file());
            case INSTALL -> before.installed(snapshot(before), file()).with(hardState);
            case RELEASE -> before.released(index);
            case CREATE, OPEN, CLOSE, SYNC -> before;
        };
    }

    /** What a host does before the step: it writes the file of a snapshot, and forces nothing, as the log must do that. */
    void prepare(Wal wal) throws IOException {
        if (kind == Kind.SAVE || kind == Kind.INSTALL) {
            Files.write(wal.snapshotDirectory().resolve(file().name()), content());
        }
    }

    /** Does it to an open log whose group is in a state. */
    void doTo(Wal wal, LogState before) {
        switch (kind) {
            case APPEND -> wal.append(group, hardState, Snapshot.NONE, SnapshotFile.NONE, entries());
            case SYNC -> wal.sync();
            case SAVE -> wal.saveSnapshot(group, snapshot(before), file());
            case INSTALL -> wal.append(group, hardState, snapshot(before), file(), List.of());
            case RELEASE -> wal.release(group, index);
            case CLOSE -> wal.close();
            case CREATE, OPEN -> throw new IllegalStateException("needs no open log: " + this);
        }
    }

    /** What a host does after the step: it deletes the files of snapshots to which the log does not refer any more. */
    void tidy(Wal wal) throws IOException {
        if (kind != Kind.SAVE && kind != Kind.RELEASE) {
            return;
        }
        List<String> referenced =
                wal.referencedSnapshots().stream().map(SnapshotFile::name).toList();
        for (String name : new DiskFiles().list(wal.snapshotDirectory())) {
            if (!referenced.contains(name)) {
                Files.delete(wal.snapshotDirectory().resolve(name));
            }
        }
    }

    private List<Entry> entries() {
        List<Entry> entries = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            byte[] data = new byte[bytes];
            new Random(31 * (31 * (index + i) + term) + group).nextBytes(data);
            entries.add(new Entry(term, index + i, EntryType.NORMAL, data));
        }
        return entries;
    }

    private Snapshot snapshot(LogState before) {
        return new Snapshot(index, kind == Kind.SAVE ? before.term(index) : term, MEMBERS, new byte[] {5, 6});
    }

    private SnapshotFile file() {
        CRC32C crc = new CRC32C();
        byte[] content = content();
        crc.update(content, 0, content.length);
        return new SnapshotFile("s-" + count, content.length, (int) crc.getValue());
    }

    private byte[] content() {
        byte[] content = new byte[SNAPSHOT_BYTES + count % 100];
        new Random(count).nextBytes(content);
        return content;
    }
}
