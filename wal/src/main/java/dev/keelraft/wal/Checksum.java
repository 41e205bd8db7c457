package dev.keelraft.wal;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/** The three ways in which CRC-32C protects the log. Not thread-safe. */
final class Checksum {
    private final CRC32C crc = new CRC32C();
    private final byte[] eight = new byte[8];

    /** The checksum of a part of a buffer, whose position and limit stay. */
    int of(ByteBuffer buffer, int from, int length) {
        crc.reset();
        return update(buffer, from, length);
    }

    /** The checksum of a salt, as eight bytes, followed by a part of a buffer. */
    int salted(long salt, ByteBuffer buffer, int from, int length) {
        crc.reset();
        update(salt);
        return update(buffer, from, length);
    }

    /** The next link of a chain: the checksum of the link before, as four bytes, followed by what is added to the chain. */
    int chained(int previous, int added) {
        crc.reset();
        update(Integer.toUnsignedLong(previous) | (long) added << 32);
        return (int) crc.getValue();
    }

    private void update(long value) {
        for (int i = 0; i < 8; i++) {
            eight[i] = (byte) (value >>> (8 * i));
        }
        crc.update(eight);
    }

    private int update(ByteBuffer buffer, int from, int length) {
        int position = buffer.position();
        int limit = buffer.limit();
        buffer.limit(from + length).position(from);
        crc.update(buffer);
        buffer.limit(limit).position(position);
        return (int) crc.getValue();
    }
}
