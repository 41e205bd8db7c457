package dev.keelraft.wal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.zip.CRC32C;

/**
 * The file that holds the application's state of a snapshot: its name in {@link Wal#snapshotDirectory()}, and what makes it
 * recognisable. The log stores these three; a file that differs in length or checksum does not count as the snapshot.
 *
 * @param name a plain file name: 1 to 255 bytes of UTF-8 without separators, control characters or a leading dot. Make it from
 *     the snapshot's term and index, never from anything that a peer has sent, and use none a second time
 * @param bytes the length of the file
 * @param crc32c the CRC-32C of its content
 */
public record SnapshotFile(String name, long bytes, int crc32c) {
    /** No file. */
    public static final SnapshotFile NONE = new SnapshotFile("", 0, 0);

    private static final int MAX_NAME_BYTES = 255;
    private static final int CHUNK_BYTES = 256 << 10;

    /**
     * Checks the name and the length.
     *
     * @param name see above; empty only in {@link #NONE}
     * @param bytes 0 or more
     * @param crc32c any
     * @throws IllegalArgumentException if the name is not plain, or the length negative
     */
    public SnapshotFile {
        boolean none = name.isEmpty() && bytes == 0 && crc32c == 0;
        if (!none && !isPlain(name)) {
            throw new IllegalArgumentException("not a plain file name: " + name);
        }
        if (bytes < 0) {
            throw new IllegalArgumentException("negative length: " + bytes);
        }
    }

    /**
     * Describes a file by reading it to its end. Takes a time in proportion to its length, so large files are better described
     * while they are written.
     *
     * @throws IOException if the file is not there or cannot be read
     * @throws IllegalArgumentException if its name is not plain
     */
    public static SnapshotFile of(Path file) throws IOException {
        return of(new DiskFiles(), file);
    }

    static SnapshotFile of(FileLayer files, Path file) throws IOException {
        try (OpenFile open = files.openToRead(file)) {
            return new SnapshotFile(file.getFileName() + "", open.size(), checksum(open));
        }
    }

    private static int checksum(OpenFile file) throws IOException {
        long size = file.size();
        ByteBuffer chunk = ByteBuffer.allocateDirect((int) Math.min(size, CHUNK_BYTES));
        CRC32C crc = new CRC32C();
        for (long position = 0; position < size; position += chunk.limit()) {
            chunk.clear().limit((int) Math.min(size - position, chunk.capacity()));
            file.read(chunk, position);
            crc.update(chunk.flip());
        }
        return (int) crc.getValue();
    }

    /** Tells whether there is no file. */
    public boolean isNone() {
        return name.isEmpty();
    }

    private static boolean isPlain(String name) {
        boolean plain = !name.isEmpty()
                && name.charAt(0) != '.'
                && name.getBytes(StandardCharsets.UTF_8).length <= MAX_NAME_BYTES;
        for (int i = 0; i < name.length() && plain; i++) {
            char c = name.charAt(i);
            plain = c != '/' && c != '\\' && !Character.isISOControl(c) && !Character.isSurrogate(c);
        }
        return plain;
    }

    /** Name, length and checksum: {@code 2-17.snap (4096 B, crc32c 1a2b3c4d)}. */
    @Override
    public String toString() {
        return isNone() ? "no file" : name + " (" + bytes + " B, crc32c " + String.format("%08x", crc32c) + ")";
    }
}
