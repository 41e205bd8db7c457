package dev.keelraft.wal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/**
 * Makes one system call of one kind, on a file of its own, as often as told, so that a tracer which lets every n-th fail can be
 * brought to any count.
 */
final class FailingCall {
    private final DiskFiles files = new DiskFiles();
    private final String call;
    private final OpenFile open;
    private final Path other;
    private Path file;

    FailingCall(Path directory, String call) throws IOException {
        this.call = call;
        this.file = directory.resolve("one");
        this.other = directory.resolve("two");
        this.open = files.create(directory.resolve("open"));
        files.create(file).close();
        open.write(ByteBuffer.allocate(8), 0);
    }

    /** Makes the call until it fails, which it must within so many times. */
    void makeUntilFailure(int times) throws IOException {
        for (int i = 0; i < times; i++) {
            try {
                make();
            } catch (IOException e) {
                return;
            }
        }
        throw new IOException("none of " + times + " calls of " + call + " has failed");
    }

    /** Makes the call so many times. None may fail. */
    void make(int times) throws IOException {
        for (int i = 0; i < times; i++) {
            make();
        }
    }

    /** Makes the call once. */
    void make() throws IOException {
        switch (call) {
            case "openat", "close" -> files.openToRead(file).close();
            case "pread64" -> open.read(ByteBuffer.allocate(8), 0);
            case "pwrite64" -> open.write(ByteBuffer.allocate(8), 0);
            case "fdatasync" -> open.force(false);
            case "fsync" -> open.force(true);
            case "rename" -> {
                Path to = files.exists(other) ? other.resolveSibling("three") : other;
                files.rename(file, to);
                file = to;
            }
            case "unlink" -> {
                if (!files.exists(other)) {
                    files.create(other).close();
                }
                files.delete(other);
            }
            case "mkdir" -> {
                files.createDirectory(other);
                files.delete(other);
            }
            default -> throw new IllegalArgumentException(call);
        }
    }
}
