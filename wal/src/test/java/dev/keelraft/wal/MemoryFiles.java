package dev.keelraft.wal;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.NonWritableChannelException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * A file system in memory which keeps apart what programs see (the page cache) and what would survive a power loss (the disk).
 *
 * <p>A power loss decides, with the random numbers it is given, for every 512-byte sector written since the last force whether
 * the disk has the old bytes or the new, for every file whether it has the old length or the new, and for every change of a
 * directory since its last sync whether it has happened; all of these apart from each other. Only bytes that were written can
 * come out wrong: like every log that does not align its writes, this one relies on a sector's other bytes being left alone.
 *
 * <p>It counts operations, and can lose power or fail at the one that a test names: {@link #powerOffAt}, {@link #failAt},
 * {@link #failReadAt}. One thread at a time.
 *
 * <p>It is also the executor of the process that uses it: a job that it is given runs when a test says so, or, once {@link
 * #runJobsAtAnyMoment} was called, between any two operations. Jobs die with their process.
 */
final class MemoryFiles implements FileLayer, Executor {
    static final int SECTOR = 512;

    /** What may become of an unsynced sector, beside "as before" and "as written". */
    enum Damage {
        /** Nothing else: sectors are atomic. */
        NONE,
        /** Any byte of it as before or as written. */
        TORN,
        /** One half of what was written in it. */
        HALVES,
        /** Random bytes where bytes were written. */
        GARBAGE,
        /** Files have their new names and lengths, and no sector was written. */
        LENGTHS_ALONE,
        /** All sectors were written, and no file has its new name or length. */
        BYTES_ALONE
    }

    /** An operation that was told to fail, or comes when the power is off. */
    static final class PlannedException extends IOException {
        private static final long serialVersionUID = 1L;

        PlannedException(String text) {
            super(text);
        }
    }

    private final Directory root = new Directory();
    private Set<Inode> locked = new HashSet<>();
    private int boot = 1;
    private long capacity = Long.MAX_VALUE;
    private boolean withoutDescriptors;
    private @Nullable Random lies;
    private int liesTold;
    private boolean closesFail;

    private int operations;
    private int reads;
    private int powerOffAt;
    private int failAt;
    private int failReadAt;
    private int wrongReadAt;
    private int noSpaceAt;
    private int momentAt;
    private Random faults = new Random(0);
    private boolean off;

    private final Deque<Runnable> jobs = new ArrayDeque<>();
    private @Nullable Random moments;
    private boolean inJob;
    private String failed = "";
    private @Nullable List<String> log;
    private String awaited = "";
    private Runnable then = () -> {};

    // ---------------------------------------------------------------- what tests do to it

    /** The number of operations so far that change something, forces included. */
    int operations() {
        return operations;
    }

    /** The number of operations so far that only read. */
    int reads() {
        return reads;
    }

    /** Loses power at the n-th changing operation, counted from 1 since the beginning; it may or may not have an effect yet. */
    void powerOffAt(int operation, Random random) {
        powerOffAt = operation;
        faults = random;
    }

    /** Whether the power was lost, and has not come back by a {@link #crash} or {@link #kill}. */
    boolean isOff() {
        return off;
    }

    /** Fails the n-th changing operation, in part done, once; the file system goes on afterwards. 0 for none. */
    void failAt(int operation, Random random) {
        failAt = operation;
        faults = random;
    }

    /** Fails the n-th reading operation, once. 0 for none. */
    void failReadAt(int read) {
        failReadAt = read;
    }

    /** Returns one wrong bit with the n-th reading operation that reads bytes of a file, once. 0 for none. */
    void wrongReadAt(int read, Random random) {
        wrongReadAt = read;
        faults = random;
    }

    /** Finds no space at the n-th changing operation, if it creates or writes a file, once. 0 for none. */
    void noSpaceAt(int operation, Random random) {
        noSpaceAt = operation;
        faults = random;
    }

    /** From now on closing a file fails, or succeeds again. The file is closed all the same. */
    void closesFail(boolean fail) {
        closesFail = fail;
    }

    /**
     * From now on a force reports success, and has brought only some of the sectors to the disk, and a sync of a directory only
     * some of its changes. The rest is in the memory of the device, and may get there later, or be lost with the power.
     */
    void lie(Random random) {
        lies = random;
    }

    /** From now on a force forces. */
    void lieNoMore() {
        lies = null;
    }

    /** How many forces and syncs so far have left something out. */
    int liesTold() {
        return liesTold;
    }

    /** Lets all files together grow to this many bytes, and not further. */
    void limit(long bytes) {
        capacity = bytes;
    }

    /** From now on no file can be opened, or some can again. */
    void withoutDescriptors(boolean none) {
        withoutDescriptors = none;
    }

    /** The bytes in all files. */
    long used() {
        return root.bytes();
    }

    @Override
    public void execute(Runnable job) {
        jobs.add(job);
    }

    /** Runs what waits. Returns how much that was. */
    int runJobs() {
        int count = 0;
        for (Runnable job = jobs.poll(); job != null; job = jobs.poll()) {
            inJob = true;
            job.run();
            inJob = false;
            count++;
        }
        return count;
    }

    /** From now on jobs run before operations that these numbers choose. */
    void runJobsAtAnyMoment(Random random) {
        moments = random;
    }

    /** The operation that failed or lost power, as in {@link #log}; empty if none did. */
    String failed() {
        return failed;
    }

    /** Does something just before the next operation that is called so, once; its name may be cut off. */
    void before(String operation, Runnable what) {
        awaited = operation;
        then = what;
    }

    /** Does something just before the n-th changing operation, once. */
    void atOperation(int operation, Runnable what) {
        momentAt = operation;
        then = what;
    }

    /** From now on all changing operations, in order: {@code "write MARK"}, {@code "force MARK"}, {@code "sync wal"} ... */
    List<String> log() {
        log = new ArrayList<>();
        return log;
    }

    /** The process dies, the machine lives: open files and locks are gone, the page cache stays. */
    void kill() {
        boot++;
        jobs.clear();
        locked = new HashSet<>();
        off = false;
    }

    /** The machine dies: what was not synced survives as the random numbers have it. */
    void crash(Random random, Damage damage) {
        crash(PowerLoss.random(random, damage));
    }

    /** The machine dies: what was not synced survives as is said there. */
    void crash(PowerLoss loss) {
        kill();
        root.crash(loss);
    }

    /** The sectors that a power loss would decide about. */
    int unsyncedSectors() {
        return root.unsyncedSectors();
    }

    /** A second file system with the same content, on disk and in the cache; nothing is open or locked in it. */
    MemoryFiles copy() {
        MemoryFiles copy = new MemoryFiles();
        root.copyInto(copy.root, new IdentityHashMap<>());
        copy.capacity = capacity;
        return copy;
    }

    /** The bytes of a file as programs see them. */
    byte[] content(Path file) {
        try {
            Inode inode = inode(file);
            return Arrays.copyOf(inode.cache, inode.size);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** Replaces a file's bytes, on the disk as in the cache, or creates it. */
    void put(Path file, byte[] content) {
        try {
            Directory parent = parent(file);
            Inode inode = new Inode();
            inode.write(ByteBuffer.wrap(content), 0);
            inode.persist();
            parent.cache.put(name(file), inode);
            parent.disk.put(name(file), inode);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** Inverts one bit of a file, on the disk as in the cache. */
    void flip(Path file, long bit) {
        try {
            Inode inode = inode(file);
            inode.cache[(int) (bit / 8)] ^= (byte) (1 << (bit % 8));
            inode.disk = Arrays.copyOf(inode.cache, inode.size);
            inode.diskSize = inode.size;
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** Removes a name, on the disk as in the cache. */
    void remove(Path path) {
        try {
            parent(path).cache.remove(name(path));
            parent(path).disk.remove(name(path));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    // ---------------------------------------------------------------- what the log does to it

    @Override
    public boolean exists(Path path) {
        try {
            return path.getNameCount() == 0 || parent(path).cache.containsKey(name(path));
        } catch (IOException e) {
            return false;
        }
    }

    @Override
    public List<String> list(Path directory) throws IOException {
        read();
        return new ArrayList<>(directory(directory).cache.keySet());
    }

    @Override
    public void createDirectory(Path directory) throws IOException {
        add(directory, new Directory());
    }

    @Override
    public OpenFile create(Path file) throws IOException {
        checkDescriptors();
        Inode inode = new Inode();
        add(file, inode);
        return new Handle(inode);
    }

    private void checkDescriptors() throws IOException {
        if (withoutDescriptors) {
            throw new TooManyFilesException("Too many open files");
        }
    }

    private void add(Path path, Node node) throws IOException {
        Directory parent = parent(path);
        if (parent.cache.containsKey(name(path))) {
            throw new FileAlreadyExistsException(path.toString());
        }
        checkSpaceAt();
        change("create", name(path), () -> parent.change(new Change(null, name(path), node)));
    }

    @Override
    public OpenFile open(Path file) throws IOException {
        checkDescriptors();
        read();
        return new Handle(inode(file));
    }

    @Override
    public OpenFile openToRead(Path file) throws IOException {
        checkDescriptors();
        read();
        return new Handle(inode(file), false);
    }

    @Override
    public FileStamp stamp(Path file) throws IOException {
        read();
        Inode inode = inode(file);
        return new FileStamp(inode, inode.size, inode.writes);
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
        Directory parent = parent(from);
        Node node = parent.get(from);
        if (parent != parent(to)) {
            throw new IOException("across directories: " + from + " to " + to);
        }
        if (parent.cache.get(name(to)) instanceof Directory) {
            throw new FileAlreadyExistsException(to.toString());
        }
        change("rename", name(from), () -> parent.change(new Change(name(from), name(to), node)));
    }

    @Override
    public void delete(Path path) throws IOException {
        Directory parent = parent(path);
        Node node = parent.get(path);
        if (node instanceof Directory directory && !directory.cache.isEmpty()) {
            throw new IOException("directory not empty: " + path);
        }
        change("delete", name(path), () -> parent.change(new Change(name(path), null, node)));
    }

    @Override
    public void syncDirectory(Path path) throws IOException {
        checkDescriptors();
        Directory directory = directory(path);
        Random liar = lies;
        change(
                "sync",
                name(path),
                () -> {
                    if (liar == null) {
                        directory.sync();
                    } else {
                        liesTold += directory.syncSome(liar) ? 1 : 0;
                    }
                },
                () -> {});
    }

    @Override
    public @Nullable HeldLock lock(Path file) throws IOException {
        Inode inode = inode(file);
        if (!locked.add(inode)) {
            return null;
        }
        int lockedIn = boot;
        return new HeldLock() {
            @Override
            public boolean isIntact() {
                try {
                    return lockedIn == boot && inode(file) == inode;
                } catch (IOException e) {
                    return false;
                }
            }

            @Override
            public void close() {
                if (lockedIn == boot) {
                    locked.remove(inode);
                }
            }
        };
    }

    private final class Handle implements OpenFile {
        private final Inode inode;
        private final boolean writable;
        private final int openedIn = boot;
        private boolean closed;

        Handle(Inode inode) {
            this(inode, true);
        }

        Handle(Inode inode, boolean writable) {
            this.inode = inode;
            this.writable = writable;
        }

        @Override
        public void read(ByteBuffer into, long position) throws IOException {
            check();
            MemoryFiles.this.read();
            if (position + into.remaining() > inode.size) {
                throw new EOFException("the file has " + inode.size + " bytes");
            }
            int start = into.position();
            into.put(inode.cache, (int) position, into.remaining());
            if (reads == wrongReadAt && into.position() > start) {
                int at = start + faults.nextInt(into.position() - start);
                into.put(at, (byte) (into.get(at) ^ 1 << faults.nextInt(8)));
            }
        }

        @Override
        public void write(ByteBuffer from, long position) throws IOException {
            check();
            if (!writable) {
                throw new NonWritableChannelException();
            }
            reach(operations + 1);
            long growth = Math.max(0, position + from.remaining() - inode.size);
            if (growth > 0 && used() + growth > capacity) {
                int fits = (int) Math.max(0, from.remaining() - growth);
                inode.write(from.slice(from.position(), fits), position);
                throw new NoSpaceException("the disk in memory is full");
            }
            if (operations + 1 == noSpaceAt) {
                operations++;
                failed = "write " + inode.name;
                inode.write(from.slice(from.position(), faults.nextInt(from.remaining() + 1)), position);
                throw new NoSpaceException("the disk in memory finds no space at operation " + operations);
            }
            change("write", inode.name, () -> inode.write(from, position), () -> {
                int part = faults.nextInt(from.remaining() + 1);
                inode.write(from.slice(from.position(), part), position);
            });
        }

        @Override
        public void force(boolean metadata) throws IOException {
            check();
            Random liar = lies;
            Step persist = () -> {
                if (liar == null) {
                    inode.persist();
                } else {
                    liesTold += inode.persistSome(liar) ? 1 : 0;
                }
            };
            change("force", inode.name, persist, () -> inode.persistSomeAndForgetTheRest(faults));
        }

        @Override
        public long size() throws IOException {
            check();
            return inode.size;
        }

        private void check() throws IOException {
            if (closed || openedIn != boot) {
                throw new IOException("the file is closed");
            }
        }

        @Override
        public void close() throws IOException {
            closed = true;
            if (closesFail && openedIn == boot) {
                throw new IOException("closing " + inode.name + " fails");
            }
        }
    }

    // ---------------------------------------------------------------- counting and failing

    private interface Step {
        void run() throws IOException;
    }

    private void change(String verb, String name, Step step) throws IOException {
        change(verb, name, step, () -> {
            if (faults.nextBoolean()) {
                step.run();
            }
        });
    }

    /* What a write or force that loses power has done in part is for the crash to decide. */

    private void change(String verb, String name, Step whole, Step inPart) throws IOException {
        if (!inJob && moments != null && moments.nextInt(4) == 0) {
            runJobs();
        }
        if (!awaited.isEmpty() && (verb + " " + name).startsWith(awaited)) {
            awaited = "";
            then.run();
        }
        checkPower();
        reach(operations + 1);
        operations++;
        if (log != null) {
            log.add(verb + " " + name);
        }
        if (operations == powerOffAt || operations == failAt) {
            failed = verb + " " + name;
        }
        if (operations == powerOffAt) {
            off = true;
            if (faults.nextBoolean()) {
                whole.run();
            }
            throw new PlannedException("the power is off since operation " + operations);
        }
        if (operations == failAt) {
            inPart.run();
            throw new PlannedException("operation " + operations + " fails");
        }
        whole.run();
    }

    private void reach(int operation) {
        if (operation == momentAt) {
            momentAt = 0;
            then.run();
        }
    }

    private void checkSpaceAt() throws IOException {
        if (operations + 1 == noSpaceAt) {
            operations++;
            failed = "create";
            throw new NoSpaceException("the disk in memory finds no space at operation " + operations);
        }
    }

    private void read() throws IOException {
        checkPower();
        reads++;
        if (reads == failReadAt) {
            throw new PlannedException("read " + reads + " fails");
        }
    }

    private void checkPower() throws IOException {
        if (off) {
            throw new PlannedException("the power is off");
        }
    }

    // ---------------------------------------------------------------- names

    private Directory directory(Path path) throws IOException {
        Directory directory = root;
        for (Path name : path) {
            if (!(directory.cache.get(name.toString()) instanceof Directory child)) {
                throw new NoSuchFileException(path.toString());
            }
            directory = child;
        }
        return directory;
    }

    private Directory parent(Path path) throws IOException {
        Path parent = path.getParent();
        return parent == null ? root : directory(parent);
    }

    private Inode inode(Path path) throws IOException {
        if (parent(path).get(path) instanceof Inode inode) {
            return inode;
        }
        throw new IOException("a directory: " + path);
    }

    private static String name(Path path) {
        Path name = path.getFileName();
        return name == null ? "" : name.toString();
    }

    private sealed interface Node permits Directory, Inode {
        /** The name that it has got last. */
        default void called(String name) {}
    }

    /** A change of a directory; it happens as a whole, also where an earlier one is lost. */
    private record Change(
            @Nullable String removed, @Nullable String added, Node node) {
        void applyTo(Map<String, Node> names) {
            if (removed != null && names.get(removed) == node) {
                names.remove(removed);
            }
            if (added != null) {
                names.put(added, node);
                node.called(added);
            }
        }
    }

    private static final class Directory implements Node {
        private final TreeMap<String, Node> cache = new TreeMap<>();
        private final TreeMap<String, Node> disk = new TreeMap<>();
        private final List<Change> unsynced = new ArrayList<>();

        Node get(Path path) throws IOException {
            Node node = cache.get(name(path));
            if (node == null) {
                throw new NoSuchFileException(path.toString());
            }
            return node;
        }

        void change(Change change) {
            change.applyTo(cache);
            unsynced.add(change);
        }

        void sync() {
            disk.clear();
            disk.putAll(cache);
            unsynced.clear();
        }

        /* Says whether anything was left out. */
        boolean syncSome(Random random) {
            unsynced.removeIf(change -> {
                boolean done = random.nextBoolean();
                if (done) {
                    change.applyTo(disk);
                }
                return done;
            });
            return !unsynced.isEmpty();
        }

        int unsyncedSectors() {
            int sum = 0;
            for (Node node : cache.values()) {
                sum += node instanceof Directory directory
                        ? directory.unsyncedSectors()
                        : ((Inode) node).unsynced.size();
            }
            return sum;
        }

        void crash(PowerLoss loss) {
            for (Change change : unsynced) {
                if (loss.keepsChange()) {
                    change.applyTo(disk);
                }
            }
            unsynced.clear();
            cache.clear();
            cache.putAll(disk);
            for (Node node : disk.values()) {
                if (node instanceof Directory directory) {
                    directory.crash(loss);
                } else {
                    ((Inode) node).crash(loss);
                }
            }
        }

        long bytes() {
            long sum = 0;
            for (Node node : cache.values()) {
                sum += node instanceof Directory directory ? directory.bytes() : ((Inode) node).size;
            }
            return sum;
        }

        void copyInto(Directory copy, IdentityHashMap<Node, Node> copies) {
            cache.forEach((name, node) -> copy.cache.put(name, copyOf(node, copies)));
            disk.forEach((name, node) -> copy.disk.put(name, copyOf(node, copies)));
            for (Change change : unsynced) {
                copy.unsynced.add(new Change(change.removed, change.added, copyOf(change.node, copies)));
            }
        }

        private static Node copyOf(Node node, IdentityHashMap<Node, Node> copies) {
            Node known = copies.get(node);
            if (known != null) {
                return known;
            }
            if (node instanceof Directory directory) {
                Directory copy = new Directory();
                copies.put(node, copy);
                directory.copyInto(copy, copies);
                return copy;
            }
            Inode copy = ((Inode) node).copy();
            copies.put(node, copy);
            return copy;
        }
    }

    private static final class Inode implements Node {
        private String name = "";
        private byte[] cache = {};
        private int size;
        private byte[] disk = {};
        private int diskSize;
        private long writes;

        /** The sectors written since the last force, each with the first byte written and the one behind the last. */
        private final TreeMap<Integer, int[]> unsynced = new TreeMap<>();

        @Override
        public void called(String newName) {
            name = newName;
        }

        void write(ByteBuffer from, long position) {
            int start = (int) position;
            int end = start + from.remaining();
            if (end > cache.length) {
                cache = Arrays.copyOf(cache, Math.max(end, 2 * cache.length));
            }
            from.get(cache, start, end - start);
            writes++;
            size = Math.max(size, end);
            for (int sector = start / SECTOR; sector * SECTOR < end; sector++) {
                int low = Math.max(start, sector * SECTOR);
                int high = Math.min(end, (sector + 1) * SECTOR);
                unsynced.merge(sector, new int[] {low, high}, (a, b) ->
                        new int[] {Math.min(a[0], b[0]), Math.max(a[1], b[1])});
            }
        }

        void persist() {
            growDisk();
            unsynced.values().forEach(range -> copyToDisk(range[0], range[1]));
            unsynced.clear();
            diskSize = size;
        }

        /* After a failed fsync, ext4, XFS and Btrfs mark the pages clean: the next one succeeds, and has written nothing. */
        void persistSomeAndForgetTheRest(Random random) {
            growDisk();
            diskSize = random.nextBoolean() ? size : diskSize;
            for (int[] range : unsynced.values()) {
                if (random.nextBoolean()) {
                    copyToDisk(range[0], range[1]);
                }
            }
            unsynced.clear();
        }

        /* What a lying device does at a force. Says whether anything was left out. */
        boolean persistSome(Random random) {
            growDisk();
            diskSize = random.nextBoolean() ? size : diskSize;
            unsynced.values().removeIf(range -> {
                boolean done = random.nextBoolean();
                if (done) {
                    copyToDisk(range[0], range[1]);
                }
                return done;
            });
            return !unsynced.isEmpty() || diskSize != size;
        }

        void crash(PowerLoss loss) {
            growDisk();
            diskSize = loss.keepsLength() ? size : diskSize;
            unsynced.values().forEach(range -> loss.sector(disk, cache, range[0], range[1]));
            unsynced.clear();
            // What lies beyond the end was never there: it reads as zeros when the file grows again.
            Arrays.fill(disk, diskSize, disk.length, (byte) 0);
            cache = disk.clone();
            size = diskSize;
        }

        private void growDisk() {
            if (disk.length < cache.length) {
                disk = Arrays.copyOf(disk, cache.length);
            }
        }

        private void copyToDisk(int from, int to) {
            System.arraycopy(cache, from, disk, from, to - from);
        }

        Inode copy() {
            Inode copy = new Inode();
            copy.name = name;
            copy.cache = Arrays.copyOf(cache, size);
            copy.size = size;
            copy.disk = Arrays.copyOf(disk, Math.max(diskSize, Math.min(disk.length, size)));
            copy.diskSize = diskSize;
            unsynced.forEach((sector, range) -> copy.unsynced.put(sector, range.clone()));
            return copy;
        }
    }
}
