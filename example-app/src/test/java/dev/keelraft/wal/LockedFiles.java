package dev.keelraft.wal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/** The same files for several threads, one operation at a time. A force can be held up, outside of that, as a slow disk does. */
final class LockedFiles implements FileLayer {
    private final FileLayer files;
    private final Object lock;

    /** What each force waits for first. */
    private volatile CountDownLatch gate = new CountDownLatch(0);

    LockedFiles(FileLayer files, Object lock) {
        this.files = files;
        this.lock = lock;
    }

    void hold(CountDownLatch until) {
        gate = until;
    }

    private void pass() throws IOException {
        try {
            gate.await();
        } catch (InterruptedException e) {
            throw new IOException(e);
        }
    }

    @Override
    public boolean exists(Path path) {
        synchronized (lock) {
            return files.exists(path);
        }
    }

    @Override
    public List<String> list(Path directory) throws IOException {
        synchronized (lock) {
            return files.list(directory);
        }
    }

    @Override
    public void createDirectory(Path directory) throws IOException {
        synchronized (lock) {
            files.createDirectory(directory);
        }
    }

    @Override
    public OpenFile create(Path file) throws IOException {
        synchronized (lock) {
            return new LockedFile(files.create(file));
        }
    }

    @Override
    public OpenFile open(Path file) throws IOException {
        synchronized (lock) {
            return new LockedFile(files.open(file));
        }
    }

    @Override
    public OpenFile openToRead(Path file) throws IOException {
        synchronized (lock) {
            return new LockedFile(files.openToRead(file));
        }
    }

    @Override
    public FileStamp stamp(Path file) throws IOException {
        synchronized (lock) {
            return files.stamp(file);
        }
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
        synchronized (lock) {
            files.rename(from, to);
        }
    }

    @Override
    public void delete(Path path) throws IOException {
        synchronized (lock) {
            files.delete(path);
        }
    }

    @Override
    public void syncDirectory(Path path) throws IOException {
        pass();
        synchronized (lock) {
            files.syncDirectory(path);
        }
    }

    @Override
    public @Nullable HeldLock lock(Path file) throws IOException {
        synchronized (lock) {
            return files.lock(file);
        }
    }

    private final class LockedFile implements OpenFile {
        private final OpenFile file;

        LockedFile(OpenFile file) {
            this.file = file;
        }

        @Override
        public void read(ByteBuffer into, long position) throws IOException {
            synchronized (lock) {
                file.read(into, position);
            }
        }

        @Override
        public void write(ByteBuffer from, long position) throws IOException {
            synchronized (lock) {
                file.write(from, position);
            }
        }

        @Override
        public void force(boolean metadata) throws IOException {
            pass();
            synchronized (lock) {
                file.force(metadata);
            }
        }

        @Override
        public long size() throws IOException {
            synchronized (lock) {
                return file.size();
            }
        }

        @Override
        public void close() throws IOException {
            synchronized (lock) {
                file.close();
            }
        }
    }
}
