package dev.keelraft.wal;

import dev.keelraft.model.Entry;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Snapshot;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/**
 * A log on a real disk, in a directory of its own that goes with it. The next segment is prepared on another thread, as a host
 * does it. What is appended is what a leader's Ready holds: entries, and a commit index that has moved.
 */
final class BenchLog implements Closeable {
    static final WalIdentity IDENTITY = new WalIdentity(1, 1);

    private final Path directory;
    private final ExecutorService preparer = Executors.newSingleThreadExecutor(task -> {
        Thread thread = new Thread(task, "bench-preparer");
        thread.setDaemon(true);
        return thread;
    });
    private final WalOptions options;
    private Wal wal;
    private long next = 1;

    /**
     * Creates one, and waits until its next segment is prepared.
     *
     * @param parent on the disk that is measured; empty for the directory of temporary files, which is often no disk
     */
    BenchLog(String parent, WalOptions options) throws IOException {
        Path in = Path.of(parent.isEmpty() ? System.getProperty("java.io.tmpdir") : parent);
        Files.createDirectories(in);
        this.directory = Files.createTempDirectory(in, "keel-wal-bench");
        this.options = options;
        this.wal = Wal.create(directory, IDENTITY, options.withPreparer(preparer));
        while (wal.spareStatus().state() == SpareStatus.State.PREPARING) {
            LockSupport.parkNanos(1_000_000);
        }
    }

    Wal wal() {
        return wal;
    }

    Path directory() {
        return directory;
    }

    /** The index of the next entry of group 0. */
    long next() {
        return next;
    }

    /** The next entries of a log; they share their payload. */
    static List<Entry> entries(long first, int count, byte[] payload) {
        List<Entry> entries = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            entries.add(Entry.normal(1, first + i, payload));
        }
        return entries;
    }

    /** Appends the next entries of group 0. */
    void append(int count, byte[] payload) {
        append(entries(next, count, payload));
    }

    /** Appends entries of group 0, which must be the next. */
    void append(List<Entry> entries) {
        wal.append(new HardState(1, 1, next - 1), Snapshot.NONE, SnapshotFile.NONE, entries);
        next += entries.size();
    }

    /** Fills it up to about so many bytes, in appends of so many entries, and closes it as a host does that stops. */
    void fill(long logBytes, int count, byte[] payload) {
        while (wal.storage().lastIndex() * (payload.length + 48L) < logBytes) {
            append(count, payload);
        }
        wal.close();
    }

    /** Opens it anew. No segment is prepared: that would go on beside whatever is measured next. */
    Wal open() {
        wal = Wal.open(directory, IDENTITY, options);
        return wal;
    }

    /** Closes and deletes it. */
    @Override
    public void close() throws IOException {
        wal.close();
        preparer.shutdownNow();
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }
}
