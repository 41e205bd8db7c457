package dev.keelraft.wal;

import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.EntryType;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Snapshot;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.zip.CRC32C;

/**
 * Small logs of every kind, written by this build, always with the same bytes: random numbers, time and payloads are fixed.
 * {@link GoldenTest} compares them with those in {@code src/test/resources/golden}, which were written once, by version 1.0.
 *
 * <p>{@link #main} writes them, for a version of the format that has none yet. What is there is never written again.
 */
final class GoldenLogs {
    static final String VERSION = "1.0";
    static final Path DATA = Path.of("/data");
    static final WalIdentity IDENTITY = new WalIdentity(0xC0FFEE, 3);

    private static final Layout LAYOUT = Layout.in(DATA);
    private static final long TIME = 1_700_000_000_000L;
    private static final ConfState MEMBERS = ConfState.of(List.of(1L, 2L, 3L));
    private static final ConfState JOINT = new ConfState(
            List.of(1L, 3L, 4L),
            List.of(1L, 2L, 3L),
            List.of(9L),
            List.of(2L),
            true,
            List.of(new ConfState.Incarnation(4, 0x1234567890ABCDEFL), new ConfState.Incarnation(9, -2)));

    private static final Map<String, Consumer<GoldenLogs>> ALL = new LinkedHashMap<>();

    static {
        ALL.put("new", log -> log.files.kill());
        ALL.put("closed", GoldenLogs::closed);
        ALL.put("torn", GoldenLogs::torn);
        ALL.put("groups", GoldenLogs::groups);
        ALL.put("snapshots", GoldenLogs::snapshots);
        ALL.put("installed", GoldenLogs::installed);
        ALL.put("released", GoldenLogs::released);
        ALL.put("cut", GoldenLogs::cut);
        ALL.put("records", GoldenLogs::records);
    }

    private final MemoryFiles files = new MemoryFiles();
    private Wal wal;

    private GoldenLogs() {
        wal = new Startup(files, DATA, IDENTITY, options(1)).create();
    }

    static List<String> names() {
        return List.copyOf(ALL.keySet());
    }

    /** The files of a log, by their paths below the host's directory. */
    static Map<String, byte[]> written(String name) {
        GoldenLogs log = new GoldenLogs();
        Objects.requireNonNull(ALL.get(name), name).accept(log);
        Map<String, byte[]> content = new TreeMap<>();
        log.collect(LAYOUT.raft(), content);
        // It names the process that wrote the log, for people.
        content.remove(DATA.relativize(LAYOUT.owner()).toString());
        return content;
    }

    private void collect(Path directory, Map<String, byte[]> content) {
        try {
            for (String name : files.list(directory)) {
                Path path = directory.resolve(name);
                if (path.equals(LAYOUT.segments()) || path.equals(LAYOUT.snapshots())) {
                    collect(path, content);
                } else {
                    content.put(DATA.relativize(path).toString(), files.content(path));
                }
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    static WalOptions options(long seed) {
        return WalOptions.defaults()
                .withSegmentBytes(WalOptions.MIN_SEGMENT_BYTES)
                .withRandom(new Random(seed))
                .withClock(InstantSource.fixed(Instant.ofEpochMilli(TIME)));
    }

    // ---------------------------------------------------------------- the logs

    private void closed() {
        append(0, new HardState(1, 3, 0), entries(1, 1, 3, 100));
        wal.sync();
        append(0, new HardState(2, 0, 2), entries(2, 3, 2, 20)); // replaces 3
        wal.close();
    }

    /* Two frames were on their way when the power went: the first is damaged, its second sector is missing; the second is whole. */
    private void torn() {
        append(0, new HardState(1, 3, 0), entries(1, 1, 3, 100));
        wal.sync();
        append(0, HardState.EMPTY, entries(1, 4, 1, 1200));
        append(0, HardState.EMPTY, entries(1, 5, 1, 600));
        files.powerOffAt(files.operations() + 2, new Random(-1)); // the force, which does not happen
        try {
            wal.sync();
            throw new AssertionError("the power is on");
        } catch (WalFailed expected) {
            files.crash(PowerLoss.keeping(~(1L << 3)));
        }
    }

    private void groups() {
        append(0, new HardState(1, 3, 0), entries(1, 1, 1, 10));
        append(5, new HardState(4, 2, 1), entries(4, 1, 2, 3000));
        append(-1, new HardState(7, 0, 0), List.of());
        wal.sync();
        append(5, HardState.EMPTY, entries(4, 3, 2, 3000)); // in a segment of its own
        append(0, new HardState(1, 3, 1), entries(1, 2, 1, 10));
        wal.close();
    }

    private void snapshots() {
        append(0, new HardState(1, 3, 5), entries(1, 1, 6, 50));
        save(0, 2, 1, MEMBERS);
        save(0, 4, 1, JOINT);
        wal.close();
    }

    private void installed() {
        append(0, new HardState(1, 3, 1), entries(1, 1, 3, 50));
        SnapshotFile file = file(900);
        Snapshot received = new Snapshot(40, 5, MEMBERS, new byte[] {1, 2, 3});
        wal.append(0, new HardState(6, 0, 41), received, file, entries(6, 41, 2, 30));
        wal.sync();
        files.kill();
    }

    private void released() {
        for (int i = 1; i <= 7; i++) {
            append(0, new HardState(1, 3, i), entries(1, i, 1, 3000));
            wal.sync();
        }
        save(0, 6, 1, MEMBERS);
        wal.release(5);
        wal.close();
        wal = new Startup(files, DATA, IDENTITY, options(2)).open();
        append(0, new HardState(2, 0, 7), entries(2, 8, 1, 10));
        wal.close();
    }

    /* The process died between the rename of the second segment and MARK. */
    private void cut() {
        append(0, new HardState(1, 3, 0), entries(1, 1, 2, 4000));
        wal.sync();
        byte[] mark = files.content(LAYOUT.mark());
        append(0, HardState.EMPTY, entries(1, 3, 1, 4000));
        files.kill();
        files.put(LAYOUT.mark(), mark);
    }

    /* Each type of record and of entry, each flag, and a record of a later version that may be passed over. */
    private void records() {
        List<Entry> entries = new ArrayList<>();
        for (EntryType type : EntryType.values()) {
            entries.add(new Entry(1, entries.size() + 1L, type, payload(entries.size(), entries.size())));
        }
        append(0, new HardState(1, 3, 3), entries);
        save(0, 2, 1, JOINT);
        wal.release(2);
        SnapshotFile file = file(77);
        wal.append(0, new HardState(2, 0, 20), new Snapshot(20, 2, JOINT, new byte[] {7}), file, List.of());
        wal.sync();
        files.kill();
        new Forger(files).append(Forger.record(99, RecordType.SKIPPABLE, 0), 1, 0, 1, 0);
    }

    // ---------------------------------------------------------------- parts

    private void append(long group, HardState hardState, List<Entry> entries) {
        wal.append(group, hardState, Snapshot.NONE, SnapshotFile.NONE, entries);
    }

    private static List<Entry> entries(long term, long first, int count, int bytes) {
        List<Entry> entries = new ArrayList<>();
        for (long index = first; index < first + count; index++) {
            entries.add(Entry.normal(term, index, payload(index, bytes)));
        }
        return entries;
    }

    private static byte[] payload(long index, int bytes) {
        byte[] payload = new byte[bytes];
        for (int i = 0; i < bytes; i++) {
            payload[i] = (byte) ('a' + (index + i) % 26);
        }
        return payload;
    }

    private void save(long group, long index, long term, ConfState members) {
        SnapshotFile file = file(300 + (int) index);
        wal.saveSnapshot(group, new Snapshot(index, term, members, new byte[0]), file);
    }

    private SnapshotFile file(int bytes) {
        Path path = LAYOUT.snapshots().resolve("of-" + bytes + ".snap");
        files.put(path, payload(bytes, bytes));
        try {
            return SnapshotFile.of(files, path);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    // ---------------------------------------------------------------- what they hold

    /** Everything that an open finds, for people to read and for later builds to compare. */
    static String described(Wal wal) {
        Recovered log = wal.recovered();
        StringBuilder text = new StringBuilder()
                .append("closed: " + log.cleanClose())
                .append("\nopens: " + log.bootCount())
                .append("\ndropped bytes: " + log.droppedBytes())
                .append("\nincarnation: " + log.incarnation())
                .append('\n');
        for (long group : wal.groups()) {
            describe(wal, group, text);
        }
        return text.toString();
    }

    private static void describe(Wal wal, long group, StringBuilder text) {
        LogState state = LogState.of(wal, group);
        text.append("\ngroup " + Long.toUnsignedString(group))
                .append("\n  hard state: term " + state.hardState().term())
                .append(", vote " + Long.toUnsignedString(state.hardState().vote()))
                .append(", commit " + state.hardState().commit())
                .append("\n  begins behind index " + state.startIndex() + " of term " + state.startTerm())
                .append('\n');
        for (Entry entry : state.entries()) {
            text.append("  entry " + entry.index() + " of term " + entry.term() + ", " + entry.type() + ", "
                    + bytes(entry.data()) + "\n");
        }
        if (!state.snapshot().isNone()) {
            describe(state.snapshot(), text);
            for (SnapshotFile file : wal.referencedSnapshots(group)) {
                text.append(String.format("    file %s, %d bytes, %08x\n", file.name(), file.bytes(), file.crc32c()));
            }
        }
    }

    private static void describe(Snapshot snapshot, StringBuilder text) {
        ConfState members = snapshot.confState();
        text.append("  snapshot at " + snapshot.index() + " of term " + snapshot.term() + ", data "
                        + bytes(snapshot.data()))
                .append("\n    voters " + members.voters() + ", outgoing " + members.votersOutgoing())
                .append(", learners " + members.learners() + ", next " + members.learnersNext())
                .append(", leaves by itself " + members.autoLeave())
                .append("\n    incarnations " + members.incarnations())
                .append('\n');
    }

    private static String bytes(byte[] bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        return bytes.length + " bytes, " + String.format("%08x", (int) crc.getValue());
    }

    /** A file system with a log in it. */
    static MemoryFiles with(Map<String, byte[]> content) {
        MemoryFiles files = new MemoryFiles();
        try {
            for (Path directory : List.of(DATA, LAYOUT.raft(), LAYOUT.segments(), LAYOUT.snapshots())) {
                files.createDirectory(directory);
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        content.forEach((name, bytes) -> files.put(DATA.resolve(name), bytes));
        return files;
    }

    /** Opens a log, and describes what it has found. */
    static String described(FileLayer files, Path data) {
        Wal opened = new Startup(files, data, IDENTITY, options(9)).open();
        String text = described(opened);
        opened.close();
        return text;
    }

    /** Writes them to a directory in which none of them is yet. */
    public static void main(String[] arguments) throws IOException {
        Path root = Path.of(arguments[0]).resolve(VERSION);
        for (String name : names()) {
            Path log = root.resolve(name);
            Map<String, byte[]> content = written(name);
            for (Map.Entry<String, byte[]> file : content.entrySet()) {
                Path path = log.resolve(file.getKey());
                Files.createDirectories(path.resolveSibling("."));
                Files.write(path, file.getValue(), StandardOpenOption.CREATE_NEW);
            }
            String expected = described(with(content), DATA);
            Files.writeString(log.resolve("expected.txt"), expected, StandardOpenOption.CREATE_NEW);
        }
    }
}
