package dev.keelraft.wal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Snapshot;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A log that is written on one thread and read on another. */
@Timeout(60)
class OwnThreadTest {
    private static final long SEED = 4;

    @TempDir
    private Path directory = Path.of("");

    private Wal wal;

    @BeforeEach
    void create() {
        WalOptions options = WalOptions.defaults()
                .withSegmentBytes(WalOptions.MIN_SEGMENT_BYTES)
                .withCacheBytes(2000)
                .onItsOwnThread();
        wal = Wal.create(directory, new WalIdentity(1, 1), options);
    }

    @AfterEach
    void close() {
        wal.close();
    }

    private void append(long commit, List<Entry> entries) {
        wal.append(new HardState(1, 1, commit), Snapshot.NONE, SnapshotFile.NONE, entries);
    }

    /** The payload tells the index, so that a wrong one shows. */
    private static Entry entry(long index) {
        byte[] data = new byte[200 + (int) (index % 300)];
        new Random(index).nextBytes(data);
        return Entry.normal(1, index, data);
    }

    private static List<Entry> entries(long first, int count) {
        List<Entry> entries = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            entries.add(entry(first + i));
        }
        return entries;
    }

    private void snapshot(long index) throws IOException {
        Path file = wal.snapshotDirectory().resolve(index + ".snap");
        Files.write(file, new byte[] {1, 2, 3});
        wal.saveSnapshot(new Snapshot(index, 1, ConfState.of(List.of(1L)), new byte[0]), SnapshotFile.of(file));
    }

    private long segments() {
        try (Stream<Path> files = Files.list(directory.resolve("raft/wal"))) {
            return files.count();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void the_view_moves_when_the_reader_says_so_and_not_before() {
        append(1, entries(1, 3));
        wal.sync();
        WalStorage storage = wal.storage();
        assertThat(storage.lastIndex()).isZero();
        assertThat(storage.hardState()).isEqualTo(HardState.EMPTY);

        storage.catchUp();

        assertThat(storage.lastIndex()).isEqualTo(3);
        assertThat(storage.hardState()).isEqualTo(new HardState(1, 1, 1));
        assertThat(storage.entries(1, 4, Long.MAX_VALUE)).isEqualTo(entries(1, 3));
    }

    @Test
    void what_is_released_can_be_read_until_the_reader_has_caught_up() throws IOException {
        for (int i = 0; i < 60; i++) {
            append(4L * i, entries(1 + 4L * i, 4));
            wal.sync();
        }
        wal.storage().catchUp();
        long before = segments();
        assertThat(before).isGreaterThan(3);

        snapshot(200);
        wal.release(200);
        wal.sync();

        assertThat(segments()).isEqualTo(before);
        assertThat(wal.storage().firstIndex()).isEqualTo(1);
        assertThat(wal.storage().entries(1, 11, Long.MAX_VALUE)).isEqualTo(entries(1, 10));

        wal.storage().catchUp();
        wal.sync();

        assertThat(segments()).isLessThan(before);
        assertThat(wal.storage().firstIndex()).isEqualTo(201);
        assertThat(wal.storage().entries(201, 241, Long.MAX_VALUE)).isEqualTo(entries(201, 40));
    }

    /** The writer appends, syncs, snapshots and releases as fast as it can; the reader reads whatever its view has. */
    @Test
    void reads_and_writes_do_not_disturb_each_other() throws Exception {
        int batches = 600;
        AtomicBoolean done = new AtomicBoolean();
        ExecutorService writer = Executors.newSingleThreadExecutor();
        try {
            CompletableFuture<Void> writing = CompletableFuture.runAsync(() -> write(batches), writer)
                    .whenComplete((nothing, failure) -> done.set(true));
            Random random = new Random(SEED);
            long reads = 0;
            while (!done.get()) {
                reads += read(random) ? 1 : 0;
            }
            writing.get(30, TimeUnit.SECONDS);
            wal.storage().catchUp();
            assertThat(wal.storage().lastIndex()).isEqualTo(batches * 3L);
            assertThat(reads).isPositive();
        } finally {
            writer.shutdownNow();
        }
    }

    private void write(int batches) {
        try {
            for (int i = 0; i < batches; i++) {
                long last = 3L * i;
                append(last, entries(last + 1, 3));
                if (i % 2 == 0) {
                    wal.sync();
                }
                if (i % 25 == 24) {
                    snapshot(last);
                    wal.release(last - 20);
                }
            }
            wal.sync();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private boolean read(Random random) {
        WalStorage storage = wal.storage();
        storage.catchUp();
        long first = storage.firstIndex();
        long last = storage.lastIndex();
        if (last < first) {
            return false;
        }
        long low = first + random.nextInt((int) (last - first + 1));
        List<Entry> found = storage.entries(low, last + 1, 1 + random.nextInt(5000));
        assertThat(found).isEqualTo(entries(low, found.size()));
        assertThat(storage.term(low)).isEqualTo(1);
        return true;
    }
}
