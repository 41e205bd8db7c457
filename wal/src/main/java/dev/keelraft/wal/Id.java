package dev.keelraft.wal;

import java.nio.ByteBuffer;
import java.util.UUID;
import java.util.random.RandomGenerator;

/** A random number of 128 bits that stands for one log, or for one life of a member's data. */
record Id(long low, long high) {
    static Id random(RandomGenerator random) {
        return new Id(random.nextLong(), random.nextLong());
    }

    void writeTo(ByteBuffer out) {
        out.putLong(low).putLong(high);
    }

    static Id read(ByteBuffer in, int at) {
        return new Id(in.getLong(at), in.getLong(at + 8));
    }

    UUID toUuid() {
        return new UUID(high, low);
    }
}
