package dev.keelraft.wal;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * An open file of a {@link FileLayer}. Reads may run beside anything but {@link #close}, on any thread; writes and forces run
 * on one thread at a time.
 */
interface OpenFile extends Closeable {
    /**
     * Fills what remains of a buffer from a position on.
     *
     * @throws java.io.EOFException if the file ends before the buffer is full
     */
    void read(ByteBuffer into, long position) throws IOException;

    /**
     * Writes all that remains of a buffer, from a position on. The file grows as needed.
     *
     * @throws NoSpaceException if the disk, the quota or the limit on file sizes is exhausted; some of it may be written
     */
    void write(ByteBuffer from, long position) throws IOException;

    /**
     * Returns once all written bytes are on the disk.
     *
     * @param metadata whether the file's size and block map may have changed too. Without it a file whose blocks exist
     *     already takes no journal commit (fdatasync)
     */
    void force(boolean metadata) throws IOException;

    /** The length in bytes. */
    long size() throws IOException;

    @Override
    void close() throws IOException;
}
