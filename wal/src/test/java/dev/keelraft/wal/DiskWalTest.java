package dev.keelraft.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.keelraft.Readys;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Snapshot;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The log on real files: what only the operating system can show. */
class DiskWalTest {
    private static final WalIdentity IDENTITY = OtherProcess.IDENTITY;
    private static final WalOptions OPTIONS =
            WalOptions.defaults().withSegmentBytes(WalOptions.MIN_SEGMENT_BYTES).withCacheBytes(0);

    @TempDir
    private Path data;

    @Test
    void a_member_lives_through_segments_snapshots_releases_and_restarts() throws IOException {
        assertThat(Wal.exists(data)).isFalse();
        try (Wal wal = Wal.create(data, IDENTITY, OPTIONS)) {
            for (int i = 1; i <= 40; i++) {
                append(wal, i, 1000);
                wal.sync();
            }
            wal.append(Readys.of(new HardState(1, 1, 40), Snapshot.NONE, List.of()));
            Path file = wal.snapshotDirectory().resolve("1-30.snap");
            Files.write(file, new byte[300_000]);
            wal.saveSnapshot(new Snapshot(30, 1, ConfState.of(List.of(1L)), new byte[0]), SnapshotFile.of(file));
            wal.release(25);
        }
        assertThat(Wal.exists(data)).isTrue();
        try (Wal wal = Wal.open(data, IDENTITY, OPTIONS)) {
            assertThat(wal.recovered().cleanClose()).isTrue();
            assertThat(wal.recovered().firstIndex()).isEqualTo(26);
            assertThat(wal.recovered().lastIndex()).isEqualTo(40);
            assertThat(wal.recovered().snapshot().index()).isEqualTo(30);
            assertThat(wal.storage().entries(26, 41, Long.MAX_VALUE)).hasSize(15);
        }
        assertThatThrownBy(() -> Wal.create(data, IDENTITY, OPTIONS)).isInstanceOf(WalAlreadyExists.class);
    }

    @Test
    void a_directory_that_does_not_exist_is_created_only_by_create() {
        Path missing = data.resolve("member");
        assertThatThrownBy(() -> Wal.open(missing, IDENTITY, OPTIONS)).isInstanceOf(WalNotFound.class);
        assertThat(missing).doesNotExist();
        Wal.create(missing, IDENTITY, OPTIONS).close();
        assertThat(missing.resolve("raft")).isDirectory();
        Path tooDeep = data.resolve("a/b");
        assertThatThrownBy(() -> Wal.create(tooDeep, IDENTITY, OPTIONS)).isInstanceOf(WalFailed.class);
        assertThat(data.resolve("a")).doesNotExist();
    }

    @Test
    void an_empty_log_directory_is_never_taken_for_a_new_member() throws IOException {
        Files.createDirectory(data.resolve("raft"));
        assertThat(Wal.exists(data)).isTrue();
        assertThatThrownBy(() -> Wal.create(data, IDENTITY, OPTIONS)).isInstanceOf(WalAlreadyExists.class);
        assertThatThrownBy(() -> Wal.open(data, IDENTITY, OPTIONS)).isInstanceOf(WalCorrupt.class);
    }

    @Test
    void what_an_interrupted_creation_has_left_is_removed_by_the_next() throws IOException {
        Path left = data.resolve("raft.tmp-0123456789abcdef");
        Files.createDirectories(left.resolve("wal"));
        Files.write(left.resolve("wal/0000000000000001.wal"), new byte[10]);
        Files.write(left.resolve("LOCK"), new byte[0]);
        Wal.create(data, IDENTITY, OPTIONS).close();
        try (Stream<Path> paths = Files.list(data)) {
            assertThat(paths).containsExactly(data.resolve("raft"));
        }
    }

    // ---------------------------------------------------------------- the lock

    @Test
    void a_second_open_in_this_process_is_refused_and_the_lock_still_keeps_others_out() throws Exception {
        try (Wal wal = Wal.create(data, IDENTITY, OPTIONS)) {
            append(wal, 1, 10);
            wal.sync();
            for (int i = 0; i < 3; i++) {
                assertThatThrownBy(() -> Wal.open(data, IDENTITY, OPTIONS)).isInstanceOf(WalLocked.class);
            }
            assertThat(OtherProcess.run("open", data.toString())).isEqualTo("locked");
            append(wal, 2, 10);
            wal.sync();
        }
        assertThat(OtherProcess.run("open", data.toString())).isEqualTo("opened 2");
    }

    @Test
    void a_log_that_another_process_holds_is_refused_until_that_ends() throws Exception {
        Wal.create(data, IDENTITY, OPTIONS).close();
        Process other = OtherProcess.start("hold", data.toString());
        assertThat(other.inputReader().readLine()).isEqualTo("holding 0");
        for (int i = 0; i < 3; i++) {
            assertThatThrownBy(() -> Wal.open(data, IDENTITY, OPTIONS))
                    .isInstanceOf(WalLocked.class)
                    .hasMessageContaining("by process " + other.pid());
        }
        other.getOutputStream().close();
        assertThat(other.waitFor()).isZero();
        Wal.open(data, IDENTITY, OPTIONS).close();
    }

    @Test
    void a_lock_that_is_given_up_twice_does_not_take_the_next_holders_away() throws Exception {
        Path lock = Files.createFile(data.resolve("LOCK"));
        HeldLock first = Objects.requireNonNull(DiskLock.tryLock(lock, System::nanoTime));
        first.close();
        try (HeldLock second = Objects.requireNonNull(DiskLock.tryLock(lock, System::nanoTime))) {
            first.close();
            assertThat(DiskLock.tryLock(lock, System::nanoTime)).isNull();
            assertThat(first.isIntact()).isFalse();
            assertThat(second.isIntact()).isTrue();
        }
    }

    /* The channel of a refused open must not be closed (it would take the lock along), so none may have been opened. */
    @Test
    void a_refused_open_leaves_no_file_open() throws Exception {
        Path open = Path.of("/proc/self/fd");
        assumeTrue(Files.isDirectory(open));
        try (Wal wal = Wal.create(data, IDENTITY, OPTIONS)) {
            long before = count(open);
            for (int i = 0; i < 100; i++) {
                assertThatThrownBy(() -> Wal.open(data, IDENTITY, OPTIONS)).isInstanceOf(WalLocked.class);
            }
            assertThat(count(open)).isLessThan(before + 50);
            assertThat(wal.recovered().bootCount()).isEqualTo(1);
        }
    }

    private static long count(Path directory) throws IOException {
        try (Stream<Path> paths = Files.list(directory)) {
            return paths.count();
        }
    }

    @Test
    void a_link_leads_to_the_same_lock() throws Exception {
        Path link = data.resolveSibling(data.getFileName() + "-link");
        Files.createSymbolicLink(link, data);
        try (Wal wal = Wal.create(data, IDENTITY, OPTIONS)) {
            assertThatThrownBy(() -> Wal.open(link, IDENTITY, OPTIONS)).isInstanceOf(WalLocked.class);
            assertThat(OtherProcess.run("open", link.toString())).isEqualTo("locked");
            assertThat(wal.recovered().bootCount()).isEqualTo(1);
        } finally {
            Files.delete(link);
        }
    }

    @Test
    void a_failed_open_gives_the_lock_up() throws Exception {
        Wal.create(data, IDENTITY, OPTIONS).close();
        WalIdentity wrong = new WalIdentity(6, 1);
        assertThatThrownBy(() -> Wal.open(data, wrong, OPTIONS)).isInstanceOf(WalIdentityMismatch.class);
        assertThat(OtherProcess.run("open", data.toString())).isEqualTo("opened 0");
        Wal.open(data, IDENTITY, OPTIONS).close();
    }

    /* The class loaded twice, as in an application server: the copy has a registry of its own, and must do no harm. */
    @Test
    void a_copy_of_the_classes_in_this_process_does_not_break_the_lock() throws Exception {
        try (Wal wal = Wal.create(data, IDENTITY, OPTIONS)) {
            Path lock = data.resolve("raft/LOCK");
            try (CopyingLoader loader = new CopyingLoader()) {
                Class<?> copy = loader.loadClass(DiskLock.class.getName());
                assertThat(copy).isNotSameAs(DiskLock.class);
                java.lang.reflect.Method tryLock = copy.getDeclaredMethod("tryLock", Path.class, LongSupplier.class);
                tryLock.setAccessible(true);
                assertThat(tryLock.invoke(null, lock, (LongSupplier) System::nanoTime))
                        .isNull();
            }
            assertThat(OtherProcess.run("open", data.toString())).isEqualTo("locked");
            assertThat(wal.recovered().bootCount()).isEqualTo(1);
        }
    }

    /** Loads the classes of this package again. */
    private static final class CopyingLoader extends java.net.URLClassLoader {
        CopyingLoader() {
            super(
                    new java.net.URL[] {
                        DiskLock.class.getProtectionDomain().getCodeSource().getLocation()
                    },
                    DiskWalTest.class.getClassLoader());
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            if (name.startsWith(DiskLock.class.getPackageName() + ".")) {
                Class<?> loaded = findLoadedClass(name);
                return loaded != null ? loaded : findClass(name);
            }
            return super.loadClass(name, resolve);
        }
    }

    // ---------------------------------------------------------------- other processes, threads, permissions

    @Test
    void all_that_a_dead_process_had_synced_is_there() throws Exception {
        Wal.create(data, IDENTITY, OPTIONS).close();
        for (int run = 1; run <= 3; run++) {
            OtherProcess.run("die", data.toString(), "60");
            try (Wal wal = Wal.open(data, IDENTITY, OPTIONS)) {
                assertThat(wal.recovered().cleanClose()).isFalse();
                assertThat(wal.recovered().lastIndex()).isEqualTo(60L * run);
                assertThat(wal.storage().entries(1, 60L * run + 1, Long.MAX_VALUE))
                        .hasSize(60 * run);
            }
        }
    }

    @Test
    void an_interrupted_thread_stores_as_any_other_and_stays_interrupted() {
        Thread.currentThread().interrupt();
        try (Wal wal = Wal.create(data, IDENTITY, OPTIONS)) {
            for (int i = 1; i <= 30; i++) {
                append(wal, i, 1000);
                wal.sync();
                assertThat(wal.storage().entries(i, i + 1, 1)).hasSize(1);
            }
            assertThat(Thread.currentThread().isInterrupted()).isTrue();
        } finally {
            assertThat(Thread.interrupted()).isTrue();
        }
        try (Wal wal = Wal.open(data, IDENTITY, OPTIONS)) {
            assertThat(wal.recovered().lastIndex()).isEqualTo(30);
            assertThat(wal.recovered().cleanClose()).isTrue();
        }
    }

    @Test
    void interruptions_at_any_moment_do_not_close_the_log() {
        AtomicBoolean done = new AtomicBoolean();
        AtomicBoolean stopped = new AtomicBoolean();
        Thread writer = Thread.currentThread();
        Thread interrupter = new Thread(() -> {
            while (!done.get()) {
                writer.interrupt();
            }
            stopped.set(true);
        });
        Wal.create(data, IDENTITY, OPTIONS).close();
        interrupter.start();
        try (Wal wal = Wal.open(data, IDENTITY, OPTIONS)) {
            for (int i = 1; i <= 200; i++) {
                append(wal, i, 300);
                wal.sync();
                assertThat(wal.storage().entries(i, i + 1, 1)).hasSize(1);
            }
        } finally {
            done.set(true);
            while (!stopped.get()) {
                Thread.onSpinWait();
            }
            Thread.interrupted();
        }
        try (Wal wal = Wal.open(data, IDENTITY, OPTIONS)) {
            assertThat(wal.recovered().lastIndex()).isEqualTo(200);
        }
    }

    /* With asynchronous storage writes, the kernel's thread reads while another one forces. */
    @Test
    void reads_run_beside_a_sync() throws Exception {
        ExecutorService other = Executors.newSingleThreadExecutor();
        try (Wal wal = Wal.create(data, IDENTITY, OPTIONS)) {
            Random random = new Random(1);
            for (int i = 1; i <= 300; i++) {
                append(wal, i, random.nextInt(900));
                Future<?> sync = other.submit(wal::sync);
                do {
                    long low = 1L + random.nextInt(i);
                    List<Entry> read = wal.storage().entries(low, i + 1L, 2000);
                    assertThat(read.get(0).index()).isEqualTo(low);
                    assertThat(wal.storage().term(i)).isEqualTo(1);
                } while (!sync.isDone());
                sync.get();
            }
        } finally {
            other.shutdown();
        }
    }

    @Test
    void segments_can_be_prepared_on_another_thread() throws Exception {
        ExecutorService preparer = Executors.newSingleThreadExecutor();
        try {
            try (Wal wal = Wal.create(data, IDENTITY, OPTIONS.withPreparer(preparer))) {
                for (int i = 1; i <= 200; i++) {
                    append(wal, i, 3000);
                    wal.sync();
                }
            }
            preparer.submit(() -> {}).get(); // what was not wanted any more is gone
            try (Stream<Path> paths = Files.list(data.resolve("raft/wal"))) {
                assertThat(paths).allMatch(path -> path.toString().endsWith(".wal"));
            }
            try (Wal wal = Wal.open(data, IDENTITY, OPTIONS)) {
                assertThat(wal.recovered().lastIndex()).isEqualTo(200);
            }
        } finally {
            preparer.shutdown();
        }
    }

    @Test
    void no_thread_is_started() {
        Set<Thread> before = Thread.getAllStackTraces().keySet();
        try (Wal wal = Wal.create(data, IDENTITY, OPTIONS)) {
            append(wal, 1, 5000);
            append(wal, 2, 5000);
            wal.sync();
            assertThat(wal.storage().entries(1, 3, 1)).hasSize(1);
            assertThat(Thread.getAllStackTraces().keySet().stream()
                            .filter(thread -> !before.contains(thread) && !thread.isDaemon()))
                    .isEmpty();
        }
    }

    @Test
    void files_and_directories_are_the_owners_alone() throws IOException {
        assumeTrue(data.getFileSystem().supportedFileAttributeViews().contains("posix"));
        try (Wal wal = Wal.create(data, IDENTITY, OPTIONS)) {
            append(wal, 1, 9000);
            append(wal, 2, 9000);
            wal.sync();
        }
        try (Stream<Path> paths = Files.walk(data.resolve("raft"))) {
            for (Path path : paths.toList()) {
                String expected = Files.isDirectory(path) ? "rwx------" : "rw-------";
                assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
                        .as("%s", path)
                        .isEqualTo(expected);
            }
        }
    }

    @Test
    void a_log_that_may_not_be_written_is_refused_before_anything_is_changed() throws IOException {
        Wal.create(data, IDENTITY, OPTIONS).close();
        Path mark = data.resolve("raft/MARK");
        Files.setPosixFilePermissions(mark, PosixFilePermissions.fromString("r--------"));
        assumeTrue(!Files.isWritable(mark), "the superuser may write everything");
        assertThatThrownBy(() -> Wal.open(data, IDENTITY, OPTIONS)).isInstanceOf(WalFailed.class);
        Files.setPosixFilePermissions(mark, PosixFilePermissions.fromString("rw-------"));
        Wal.open(data, IDENTITY, OPTIONS).close();
    }

    @Test
    void a_directory_that_disappears_under_a_running_log_poisons_it() throws IOException {
        Wal wal = Wal.create(data, IDENTITY, OPTIONS);
        append(wal, 1, 3000);
        wal.sync();
        Files.move(data.resolve("raft"), data.resolve("elsewhere"));
        assertThatThrownBy(() -> {
                    for (int i = 2; i < 10; i++) {
                        append(wal, i, 3000);
                        wal.sync();
                    }
                })
                .isInstanceOf(WalFailed.class);
        wal.close();
        Files.move(data.resolve("elsewhere"), data.resolve("raft"));
        Wal.open(data, IDENTITY, OPTIONS).close();
    }

    @Test
    void a_directory_that_is_replaced_under_a_running_log_poisons_it_and_is_left_alone() throws IOException {
        Wal wal = Wal.create(data, IDENTITY, OPTIONS);
        append(wal, 1, 3000);
        wal.sync();
        Files.move(data.resolve("raft"), data.resolve("elsewhere"));
        Wal.create(data, IDENTITY, OPTIONS).close();
        assertThatThrownBy(() -> {
                    for (int i = 2; i < 10; i++) {
                        append(wal, i, 3000);
                        wal.sync();
                    }
                })
                .isInstanceOf(WalFailed.class)
                .hasMessageContaining("was removed, replaced or released by somebody else");
        wal.close();
        try (Wal other = Wal.open(data, IDENTITY, OPTIONS)) {
            assertThat(other.recovered().cleanClose()).isTrue();
            assertThat(other.recovered().lastIndex()).isZero();
        }
    }

    /* The file layer tells this from other failures, by the system's own words. */
    @Test
    void the_lack_of_file_descriptors_is_recognised() throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/bin/sh")));
        Process process = new ProcessBuilder(
                        "/bin/sh",
                        "-c",
                        "ulimit -n 64 && exec \"$@\"",
                        "sh",
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        OutOfDescriptors.class.getName(),
                        data.toString())
                .redirectErrorStream(true)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        assertThat(output).contains("refused").contains("stored");
    }

    /** Uses up all descriptors, and appends until a segment is needed; then frees them, and appends again. */
    static final class OutOfDescriptors {
        public static void main(String[] args) throws IOException {
            Path data = Path.of(args[0]);
            Wal wal = Wal.create(data, IDENTITY, OPTIONS);
            append(wal, 1, 3000);
            append(wal, 2, 3000);
            List<OpenFile> hoard = new ArrayList<>();
            try {
                while (true) {
                    hoard.add(new DiskFiles().openToRead(data.resolve("raft/IDENTITY")));
                }
            } catch (TooManyFilesException e) {
                try {
                    append(wal, 3, 3000);
                } catch (WalSpaceExhausted refused) {
                    System.out.println("refused: " + refused.getMessage());
                }
            }
            for (OpenFile file : hoard) {
                file.close();
            }
            append(wal, 3, 3000);
            wal.sync();
            wal.close();
            System.out.println("stored");
        }
    }

    // ---------------------------------------------------------------- the file layer itself

    @Test
    void the_file_layer_says_what_is_wrong() throws IOException {
        DiskFiles files = new DiskFiles();
        Path file = data.resolve("f");
        try (OpenFile open = files.create(file)) {
            assertThatThrownBy(() -> files.create(file)).isInstanceOf(IOException.class);
            open.write(ByteBuffer.wrap(new byte[] {1, 2, 3}), 5);
            assertThat(open.size()).isEqualTo(8);
            assertThatThrownBy(() -> open.read(ByteBuffer.allocate(4), 5))
                    .isInstanceOf(java.io.EOFException.class)
                    .hasMessageContaining("ends before byte 9");
        }
        try (OpenFile open = files.openToRead(file)) {
            ByteBuffer bytes = ByteBuffer.allocate(3);
            open.read(bytes, 5);
            assertThat(bytes.array()).containsExactly(1, 2, 3);
            assertThatThrownBy(() -> open.write(ByteBuffer.allocate(1), 0)).isInstanceOf(RuntimeException.class);
        }
        assertThatThrownBy(() -> files.open(data.resolve("nowhere")))
                .isInstanceOf(java.nio.file.NoSuchFileException.class);
        assertThatThrownBy(() -> files.syncDirectory(data.resolve("nowhere"))).isInstanceOf(IOException.class);
        assertThat(files.list(data)).containsExactly("f");
    }

    @Test
    void where_files_have_no_permissions_and_no_keys_their_directory_and_their_path_do() throws IOException {
        URI zip = URI.create("jar:" + data.resolve("files.zip").toUri());
        try (FileSystem system = FileSystems.newFileSystem(zip, Map.of("create", "true"))) {
            Path directory = system.getPath("/directory");
            Path other = system.getPath("/other");
            DiskFiles files = new DiskFiles();
            files.createDirectory(directory);
            Files.createDirectory(other);
            assertThat(files.list(system.getPath("/"))).containsExactlyInAnyOrder("directory", "other");
            assertThat(files.stamp(directory)).isEqualTo(files.stamp(directory)).isNotEqualTo(files.stamp(other));
        }
    }

    private static void append(Wal wal, long index, int bytes) {
        wal.append(HardState.EMPTY, Snapshot.NONE, SnapshotFile.NONE, List.of(Entry.normal(1, index, new byte[bytes])));
    }
}
