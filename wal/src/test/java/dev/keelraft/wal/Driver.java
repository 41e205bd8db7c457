package dev.keelraft.wal;

import dev.keelraft.Readys;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.EntryType;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Snapshot;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * A host, and the oracle: it drives a log, and keeps a list of the states that the log has had, with the position up to which
 * they are acknowledged. Whatever an open finds must be one of them, not before the last acknowledged one.
 */
final class Driver {
    static final Path DATA = Path.of("/data");
    static final Path RAFT = DATA.resolve("raft");
    static final WalIdentity IDENTITY = new WalIdentity(0xC1, 7);
    static final ConfState MEMBERS = new ConfState(List.of(1L, 7L), List.of(), List.of(9L), List.of(), false);

    private static final List<EntryType> ENTRY_TYPES = List.of(EntryType.values());

    private final MemoryFiles files;
    private final WalOptions options;
    private final boolean spares;
    private final Random payloads = new Random(1);

    /** What each group had, those left out that had nothing. */
    private final List<Map<Long, LogState>> states = new ArrayList<>(List.of(Map.of()));

    /** All that there ever were, since the creation, on the way that has led here. */
    private final List<Map<Long, LogState>> ever = new ArrayList<>(states);

    private int groups = 1;
    private long group;
    private int acknowledged;
    private int snapshotFiles;
    private @Nullable Wal wal;
    private boolean hostFailed;
    private long bytesSinceSync;
    private long unwrittenBytes;
    private String doing = "nothing";
    private long acknowledgedBatches;

    Driver(MemoryFiles files, WalOptions options) {
        this(files, options, false);
    }

    /** With spare segments, or without: they are prepared when {@link MemoryFiles} runs jobs. */
    Driver(MemoryFiles files, WalOptions options, boolean spares) {
        this.files = files;
        this.options = spares ? options.withPreparer(files) : options;
        this.spares = spares;
    }

    /** Small segments, no cache to speak of (so that reads go to the files), and numbers that repeat. */
    static WalOptions smallOptions(long seed) {
        return WalOptions.defaults()
                .withSegmentBytes(WalOptions.MIN_SEGMENT_BYTES)
                .withCacheBytes(2000)
                .withRandom(new Random(seed))
                .withClock(InstantSource.fixed(Instant.ofEpochMilli(1_700_000_000_000L)));
    }

    /** Numbers that differ from those of the next seed from the first one on, which those of {@link Random} hardly do. */
    static Random numbers(long seed) {
        return new Random(seed * 0x9E3779B97F4A7C15L);
    }

    static Wal create(MemoryFiles files, WalOptions options) {
        return new Startup(files, DATA, IDENTITY, options).create();
    }

    static Wal open(MemoryFiles files, WalOptions options) {
        return new Startup(files, DATA, IDENTITY, options).open();
    }

    Wal wal() {
        return Objects.requireNonNull(wal, "no log is open");
    }

    /** The log that has failed under the host, if it was open and not the host itself has failed. */
    Optional<Wal> failed() {
        return hostFailed ? Optional.empty() : Optional.ofNullable(wal);
    }

    /** Has so many groups from now on. What is done next is done to the first of them. */
    Driver withGroups(int count) {
        groups = count;
        return this;
    }

    /** What is done next is done to this group. */
    void group(long id) {
        group = id;
    }

    /** What is done next is done to any of the groups. */
    void anyGroup(Random random) {
        if (groups > 1) {
            group(-7L * random.nextInt(groups)); // ids are unsigned
        }
    }

    /** The state of the group as it is known to the host, all of it submitted. */
    LogState now() {
        return all().getOrDefault(group, LogState.EMPTY);
    }

    /** The same of all groups; those left out that have nothing. */
    Map<Long, LogState> all() {
        return states.get(states.size() - 1);
    }

    private void submit(LogState next) {
        Map<Long, LogState> all = new HashMap<>(all());
        all.put(group, next);
        states.add(withoutEmpty(all));
        ever.add(all());
    }

    private static Map<Long, LogState> withoutEmpty(Map<Long, LogState> all) {
        all.values().removeIf(LogState.EMPTY::equals);
        return Map.copyOf(all);
    }

    /** The states that an open may find, from the last acknowledged one on. */
    List<Map<Long, LogState>> allowed() {
        return List.copyOf(states.subList(acknowledged, states.size()));
    }

    /** What a log holds of all groups. */
    static Map<Long, LogState> allOf(Wal wal) {
        Map<Long, LogState> found = new HashMap<>();
        for (long id : wal.groups()) {
            found.put(id, LogState.of(wal, id));
        }
        return withoutEmpty(found);
    }

    /** What it does, or did last: "append", "sync", "open" ... */
    String doing() {
        return doing;
    }

    /** How many batches were acknowledged so far, all of which were found again, or will have to be. */
    long acknowledgedBatches() {
        return acknowledgedBatches;
    }

    void create() {
        doing = "create";
        wal = create(files, options);
    }

    void open() {
        doing = "open";
        wal = null;
        found(open(files, options));
    }

    /** Goes on with what an open has found. From here on that must never be lost again. */
    void found(Wal opened) {
        wal = opened;
        Map<Long, LogState> found = allOf(opened);
        if (!allowed().contains(found)) {
            throw new AssertionError("found " + found + "\nnot among " + allowed());
        }
        startFrom(found);
    }

    private void startFrom(Map<Long, LogState> found) {
        states.clear();
        states.add(found);
        acknowledged = 0;
    }

    /**
     * Goes on with what an open has found on a disk that has lied: a state that the log once had, as a whole, perhaps with an
     * older snapshot where the file of the newest is lost. Says whether it is older than what was acknowledged.
     */
    boolean foundOnceMore(Wal opened) {
        wal = opened;
        Map<Long, LogState> found = allOf(opened);
        boolean kept = allowed().contains(found);
        int last = kept ? ever.size() - 1 : ever.size();
        while (!kept && --last >= 0 && !isAsOnce(found, last, opened)) {
            // An older one, perhaps.
        }
        if (last < 0) {
            throw new AssertionError("the log never was " + found + "\nbut " + ever);
        }
        ever.subList(last + 1, ever.size()).clear();
        ever.add(found);
        startFrom(found);
        return !kept;
    }

    private boolean isAsOnce(Map<Long, LogState> found, int at, Wal opened) {
        Map<Long, LogState> once = new HashMap<>(ever.get(at));
        for (Map.Entry<Long, LogState> group : found.entrySet()) {
            LogState now = group.getValue();
            LogState then = once.getOrDefault(group.getKey(), LogState.EMPTY);
            if (opened.recovered(group.getKey()).damagedSnapshots().contains(then.snapshotFile())
                    && (now.snapshot().isNone() || hadSnapshot(group.getKey(), now, at))) {
                once.put(group.getKey(), then.saved(now.snapshot(), now.snapshotFile()));
            }
        }
        return once.equals(found);
    }

    private boolean hadSnapshot(long id, LogState state, int before) {
        return ever.subList(0, before).stream()
                .map(all -> all.getOrDefault(id, LogState.EMPTY))
                .anyMatch(then -> then.snapshot().equals(state.snapshot())
                        && then.snapshotFile().equals(state.snapshotFile()));
    }

    void close() {
        doing = "close";
        Wal closing = wal();
        wal = null;
        closing.close();
        acknowledge();
    }

    void sync() {
        doing = "sync";
        wal().sync();
        acknowledge();
    }

    private void acknowledge() {
        acknowledgedBatches += states.size() - 1 - acknowledged;
        acknowledged = states.size() - 1;
        bytesSinceSync = 0;
        catchUp();
    }

    /* As the kernel's thread does before it says that something is persisted. */
    private void catchUp() {
        if (options.ownThread() && wal != null) {
            for (long id : wal.groups()) {
                wal.storage(id).catchUp();
            }
        }
    }

    void append(HardState hardState, List<Entry> entries) {
        doing = "append";
        LogState next = now().with(entries).with(hardState);
        submit(next);
        wal().append(group, hardState, Snapshot.NONE, SnapshotFile.NONE, entries);
        for (Entry entry : entries) {
            bytesSinceSync += EntryCache.bytesOf(entry);
        }
        unwrittenBytes = bytesSinceSync;
    }

    /** Appends entries of a term from an index on. */
    void entries(long term, long firstIndex, int count, int bytes) {
        append(HardState.EMPTY, some(term, firstIndex, count, bytes));
    }

    void hardState(long term, long vote, long commit) {
        append(new HardState(term, vote, commit), List.of());
    }

    List<Entry> some(long term, long firstIndex, int count, int bytes) {
        List<Entry> entries = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            byte[] data = new byte[bytes];
            payloads.nextBytes(data);
            EntryType type = ENTRY_TYPES.get(payloads.nextInt(3));
            entries.add(new Entry(term, firstIndex + i, type, data));
        }
        return entries;
    }

    /** Takes a snapshot of the application's state at an index. */
    void saveSnapshot(long index) {
        doing = "snapshot";
        Snapshot made = new Snapshot(index, now().term(index), MEMBERS, new byte[] {1, 2, 3});
        SnapshotFile file = writeSnapshot();
        submit(now().saved(made, file));
        if (isPreparedFirst()) {
            wal().saveSnapshot(group, made, prepare(file));
        } else {
            wal().saveSnapshot(group, made, file);
        }
        acknowledge();
        deleteUnreferenced();
    }

    /** Appends a snapshot that a leader has sent, with entries behind it. */
    void install(HardState hardState, long index, long term, List<Entry> entries) {
        doing = "install";
        Snapshot received = new Snapshot(index, term, MEMBERS, new byte[] {9});
        SnapshotFile file = writeSnapshot();
        submit(now().installed(received, file).with(entries).with(hardState));
        if (isPreparedFirst()) {
            wal().append(group, Readys.of(hardState, received, entries), prepare(file));
        } else {
            wal().append(group, hardState, received, file, entries);
        }
    }

    /* Every other one. */
    private boolean isPreparedFirst() {
        return snapshotFiles % 2 == 0;
    }

    private PreparedSnapshot prepare(SnapshotFile file) {
        try {
            return wal().prepare(file);
        } catch (IOException e) {
            hostFailed = true;
            throw new WalFailed("the host cannot prepare its snapshot", e);
        }
    }

    void release(long index) {
        doing = "release";
        submit(now().released(index));
        wal().release(group, index);
        acknowledge();
        deleteUnreferenced();
    }

    /** Releases what is released already: only segments that are no longer needed may go. */
    void releaseNothing() {
        doing = "release";
        wal().release(group, now().startIndex());
        acknowledge();
    }

    /* A host that forces nothing: the log must do that. */
    private SnapshotFile writeSnapshot() {
        byte[] content = new byte[700 + payloads.nextInt(700)];
        payloads.nextBytes(content);
        Path path = wal().snapshotDirectory().resolve("s-" + ++snapshotFiles);
        try {
            if (files.exists(path)) {
                files.delete(path);
            }
            try (OpenFile file = files.create(path)) {
                file.write(ByteBuffer.wrap(content), 0);
            }
            return SnapshotFile.of(files, path);
        } catch (IOException e) {
            hostFailed = true;
            throw new WalFailed("the host cannot write its snapshot", e);
        }
    }

    /** Deletes what the log no longer refers to, as a host does. */
    void deleteUnreferenced() {
        List<String> referenced =
                wal().referencedSnapshots().stream().map(SnapshotFile::name).toList();
        try {
            for (String name : files.list(wal().snapshotDirectory())) {
                if (!referenced.contains(name)) {
                    files.delete(wal().snapshotDirectory().resolve(name));
                }
            }
        } catch (IOException e) {
            hostFailed = true;
            throw new WalFailed("the host cannot delete its snapshots", e);
        }
    }

    /** The last append was refused: the log must be in this state. */
    void refused(LogState before) {
        withdraw();
        catchUp();
        if (!now().equals(before) || !LogState.of(wal(), group).equals(before)) {
            throw new AssertionError("refused, and changed: " + LogState.of(wal()) + " instead of " + before);
        }
    }

    /** The last append was refused, or what else it was: nothing of it may be found. */
    void withdraw() {
        states.remove(states.size() - 1);
        ever.remove(ever.size() - 1);
    }

    /** What the entries count in a cache, at most, whose frames may have been in memory only at the last append. */
    long unwrittenBytes() {
        return unwrittenBytes;
    }

    /** A host that knows the same, on a copy of the files. */
    Driver copy() {
        Driver copy = new Driver(files.copy(), options, spares);
        copy.groups = groups;
        copy.group = group;
        copy.states.clear();
        copy.states.addAll(states);
        copy.ever.clear();
        copy.ever.addAll(ever);
        copy.acknowledged = acknowledged;
        copy.snapshotFiles = snapshotFiles;
        return copy;
    }

    MemoryFiles files() {
        return files;
    }
}
