package dev.keelraft.wal;

import java.io.EOFException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousFileChannel;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The file layer of the operating system.
 */
/*
 * Why AsynchronousFileChannel, when nothing here is asynchronous. A thread that is interrupted while it writes to a FileChannel
 * closes the channel for everybody (h2 issue 227, mapdb 235): one Thread.interrupt() anywhere in the host and the log is gone.
 * The asynchronous channel knows no interruption, and with an executor that runs each task at once, on the caller's thread, it
 * is a plain pread, pwrite and fdatasync. It also opens directories, so that syncing them is safe in the same way.
 */
final class DiskFiles implements FileLayer {
    private static final CallersThread CALLERS_THREAD = new CallersThread();
    private static final Set<OpenOption> READ = Set.of(StandardOpenOption.READ);
    private static final Set<OpenOption> READ_WRITE = Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE);
    private static final Set<OpenOption> CREATE =
            Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW);

    private final LongSupplier nanoTime;

    DiskFiles() {
        this(System::nanoTime);
    }

    /** With another clock for how long ago something was looked at. */
    DiskFiles(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
    }

    @Override
    public boolean exists(Path path) {
        return !Files.notExists(path);
    }

    @Override
    public List<String> list(Path directory) throws IOException {
        List<String> names = new ArrayList<>();
        try (DirectoryStream<Path> paths = Files.newDirectoryStream(directory)) {
            for (Path path : paths) {
                names.add(String.valueOf(path.getFileName()));
            }
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        } catch (IOException | RuntimeException e) {
            throw e;
        } catch (Exception undeclared) {
            throw new IOException(undeclared); // JDK 17, where the directory cannot be closed.
        }
        return names;
    }

    @Override
    public void createDirectory(Path directory) throws IOException {
        Files.createDirectory(directory, ownerOnly(directory, "rwx------"));
    }

    @Override
    public OpenFile create(Path file) throws IOException {
        try {
            return new DiskFile(file, open(file, CREATE, ownerOnly(file, "rw-------")));
        } catch (TooManyFilesException e) {
            throw e;
        } catch (IOException e) {
            throw isNoSpace(file, e, 1) ? new NoSpaceException(e) : e;
        }
    }

    @Override
    public OpenFile open(Path file) throws IOException {
        return new DiskFile(file, open(file, READ_WRITE));
    }

    @Override
    public OpenFile openToRead(Path file) throws IOException {
        return new DiskFile(file, open(file, READ));
    }

    @Override
    public FileStamp stamp(Path file) throws IOException {
        BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
        Object key = attributes.fileKey();
        return new FileStamp(key == null ? file : key, attributes.size(), attributes.lastModifiedTime());
    }

    private static AsynchronousFileChannel open(Path path, Set<OpenOption> options, FileAttribute<?>... attributes)
            throws IOException {
        try {
            return AsynchronousFileChannel.open(path, options, CALLERS_THREAD, attributes);
        } catch (IOException e) {
            throw isTooManyFiles(e) ? new TooManyFilesException(e) : e;
        }
    }

    /* Where files have no POSIX permissions, they get whatever their directory gives them. */
    private static FileAttribute<?>[] ownerOnly(Path path, String permissions) {
        if (!path.getFileSystem().supportedFileAttributeViews().contains("posix")) {
            return new FileAttribute<?>[0];
        }
        return new FileAttribute<?>[] {
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions))
        };
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
        Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    }

    @Override
    public void delete(Path path) throws IOException {
        Files.delete(path);
    }

    @Override
    public void syncDirectory(Path directory) throws IOException {
        try (AsynchronousFileChannel channel = open(directory, READ)) {
            channel.force(true);
        }
    }

    @Override
    public @Nullable HeldLock lock(Path file) throws IOException {
        try {
            return DiskLock.tryLock(file, nanoTime);
        } catch (IOException e) {
            throw isTooManyFiles(e) ? new TooManyFilesException(e) : e;
        }
    }

    /* EMFILE is "Too many open files", ENFILE the same "in system". */
    private static boolean isTooManyFiles(IOException e) {
        return String.valueOf(e.getMessage()).toLowerCase(Locale.ROOT).contains("too many open files");
    }

    /*
     * Whether a failed call has met a limit is seen from the text, which is the operating system's and may be translated, or
     * from the space that is left.
     */
    private static boolean isNoSpace(Path file, IOException e, int needed) {
        String text = String.valueOf(e.getMessage()).toLowerCase(Locale.ROOT);
        if (text.contains("no space left") || text.contains("quota exceeded") || text.contains("file too large")) {
            return true;
        }
        try {
            Path directory = file.toAbsolutePath().getParent();
            return directory != null && Files.getFileStore(directory).getUsableSpace() < needed;
        } catch (IOException unknown) {
            return false;
        }
    }

    /** An open file of the operating system, or in tests one that behaves as such a file may. */
    static final class DiskFile implements OpenFile {
        private final Path path;
        private final AsynchronousFileChannel channel;

        DiskFile(Path path, AsynchronousFileChannel channel) {
            this.path = path;
            this.channel = channel;
        }

        @Override
        public void read(ByteBuffer into, long position) throws IOException {
            long from = position;
            while (into.hasRemaining()) {
                int count = result(channel.read(into, from));
                if (count < 0) {
                    throw new EOFException(path + " ends before byte " + (from + into.remaining()));
                }
                from += count;
            }
        }

        /* A disk that is nearly full takes a part first, and fails with the next call. */
        @Override
        public void write(ByteBuffer from, long position) throws IOException {
            long to = position;
            while (from.hasRemaining()) {
                int count;
                try {
                    count = result(channel.write(from, to));
                } catch (IOException e) {
                    throw isNoSpace(path, e, from.remaining()) ? new NoSpaceException(e) : e;
                }
                if (count <= 0) {
                    throw new IOException(path + " takes no byte at " + to + ", and gives no reason");
                }
                to += count;
            }
        }

        /* The task has run before the channel returned, so this never waits; get() does not look at the interrupted status. */
        private static int result(Future<Integer> done) throws IOException {
            try {
                return done.get();
            } catch (ExecutionException e) {
                if (e.getCause() instanceof IOException cause) {
                    throw cause;
                }
                throw new IOException(e.getCause());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new InterruptedIOException("interrupted in a call that does not wait");
            }
        }

        @Override
        public void force(boolean metadata) throws IOException {
            channel.force(metadata);
        }

        @Override
        public long size() throws IOException {
            return channel.size();
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }

    /** Runs every task at once, on the thread that brings it. */
    private static final class CallersThread extends AbstractExecutorService {
        @Override
        public void execute(Runnable task) {
            task.run();
        }

        @Override
        public void shutdown() {}

        @Override
        public List<Runnable> shutdownNow() {
            return List.of();
        }

        @Override
        public boolean isShutdown() {
            return false;
        }

        @Override
        public boolean isTerminated() {
            return false;
        }

        @Override
        public boolean awaitTermination(long timeout, TimeUnit unit) {
            return false;
        }
    }
}
