package dev.keelraft.wal;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The lock on a log's directory, against other processes and against this one.
 */
/*
 * The operating system gives POSIX locks to a process. Two things follow, both measured on JDK 17 and 25:
 *
 *   A second open in the same JVM gets an OverlappingFileLockException, and when it then closes its channel, the lock of the
 *   FIRST holder is gone for every other process, while its FileLock.isValid() stays true.
 *
 *   So whoever is in this JVM must be found out BEFORE a channel on the file is opened: HELD.
 *
 * HELD is a static of this class, and a JVM may load the class twice (an application server, a test runner). The second copy
 * cannot see the first one's set. It gets the exception, and must then keep its channel open for ever: LEAKED. One file
 * descriptor is the price of a lock that holds.
 *
 * The key of a file is its device and inode, so that no symbolic link or bind mount makes it look like another.
 */
final class DiskLock implements HeldLock {
    private static final Set<Object> HELD = new HashSet<>();
    private static final List<FileChannel> LEAKED = new ArrayList<>();

    /** How long a look at the file is believed. */
    private static final long BELIEVED_NANOS = 1_000_000_000L;

    private final Path file;
    private final Object key;
    private final FileChannel channel;
    private final FileLock lock;
    private final LongSupplier nanoTime;
    private long lookedAt;

    private DiskLock(Path file, Object key, FileChannel channel, FileLock lock, LongSupplier nanoTime) {
        this.file = file;
        this.key = key;
        this.channel = channel;
        this.lock = lock;
        this.nanoTime = nanoTime;
        this.lookedAt = nanoTime.getAsLong();
    }

    /**
     * Takes the lock, or returns null where somebody else has it. The file must exist.
     *
     * @param nanoTime as {@link System#nanoTime}: the wall clock may jump
     */
    static @Nullable DiskLock tryLock(Path file, LongSupplier nanoTime) throws IOException {
        Object key = keyOf(file);
        synchronized (HELD) {
            if (!HELD.add(key)) {
                return null;
            }
            DiskLock taken = null;
            try {
                taken = tryLock(file, key, nanoTime);
            } finally {
                if (taken == null) {
                    HELD.remove(key);
                }
            }
            return taken;
        }
    }

    private static @Nullable DiskLock tryLock(Path file, Object key, LongSupplier nanoTime) throws IOException {
        FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE);
        boolean keep = false;
        try {
            FileLock lock = channel.tryLock();
            // Between keyOf and open, somebody may have put another file in its place: that one would be locked in
            // vain.
            if (lock == null || !key.equals(keyOf(file))) {
                return null;
            }
            keep = true;
            return new DiskLock(file, key, channel, lock, nanoTime);
        } catch (OverlappingFileLockException e) {
            keep = true;
            LEAKED.add(channel);
            return null;
        } finally {
            if (!keep) {
                channel.close();
            }
        }
    }

    private static Object keyOf(Path file) throws IOException {
        Object key = Files.readAttributes(file, BasicFileAttributes.class).fileKey();
        return key != null ? key : file.toRealPath();
    }

    @Override
    public boolean isIntact() {
        try {
            return lock.isValid() && key.equals(keyOf(file));
        } catch (IOException e) {
            return false;
        }
    }

    @Override
    public boolean wasIntactLately() {
        long now = nanoTime.getAsLong();
        if (now - lookedAt < BELIEVED_NANOS) {
            return true;
        }
        lookedAt = now;
        return isIntact();
    }

    @Override
    public void close() throws IOException {
        synchronized (HELD) {
            if (!channel.isOpen()) {
                return; // Closed before: the key may be somebody else's by now.
            }
            try {
                channel.close();
            } finally {
                HELD.remove(key);
            }
        }
    }
}
