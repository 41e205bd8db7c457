package dev.keelraft.wal;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.zip.CRC32C;

/** What the log is measured against: the least that a Java program does to write, force and read the same bytes. */
final class PlainFile implements Closeable {
    private static final int PIECE_BYTES = 1 << 20;

    private final Path path;
    private final FileChannel channel;
    private long position;

    /** Creates a file whose blocks were all written before. */
    PlainFile(Path directory, long bytes) throws IOException {
        path = directory.resolve("plain.tmp");
        channel = FileChannel.open(
                path, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE);
        ByteBuffer zeros = ByteBuffer.allocateDirect(PIECE_BYTES);
        for (long at = 0; at < bytes; at += zeros.limit()) {
            zeros.clear().limit((int) Math.min(zeros.capacity(), bytes - at));
            while (zeros.hasRemaining()) {
                channel.write(zeros, at + zeros.position());
            }
        }
        channel.force(true);
    }

    /** Writes the buffer behind what was written before, and forces it. */
    void append(ByteBuffer bytes) throws IOException {
        bytes.rewind();
        while (bytes.hasRemaining()) {
            position += channel.write(bytes, position);
        }
        channel.force(false);
    }

    /** Writes the buffer to the beginning of the file, and does not force it. */
    void overwrite(ByteBuffer bytes) throws IOException {
        channel.write(bytes.rewind(), 0);
    }

    /** Reads files from one end to the other with one buffer. Returns their checksum. */
    static long read(List<Path> files) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocateDirect(PIECE_BYTES);
        CRC32C crc = new CRC32C();
        for (Path file : files) {
            try (FileChannel from = FileChannel.open(file, StandardOpenOption.READ)) {
                while (from.read(buffer.clear()) >= 0) {
                    crc.update(buffer.flip());
                }
            }
        }
        return crc.getValue();
    }

    @Override
    public void close() throws IOException {
        channel.close();
        Files.deleteIfExists(path);
    }
}
