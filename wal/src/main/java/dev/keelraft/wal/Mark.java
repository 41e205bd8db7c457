package dev.keelraft.wal;

import java.nio.ByteBuffer;

/**
 * What MARK says: how far the log was durable when it was written.
 *
 * @param walId which log it belongs to
 * @param count one more with each writing: the higher of two slots is the newer
 * @param bootCount how often the log was opened
 * @param durableLsn everything before this position was on the disk. The end of a frame
 * @param lastBatch the sequence number of that frame
 * @param chain its chain value
 * @param firstSegment the first segment that counts: those before it were released
 * @param lastSegment the last segment that there was
 * @param clean whether the log was closed, and ends exactly there
 */
record Mark(
        Id walId,
        long count,
        long bootCount,
        long durableLsn,
        long lastBatch,
        int chain,
        long firstSegment,
        long lastSegment,
        boolean clean) {

    static final int BYTES = 88;

    private static final long MAGIC = 0x4B52414D4C45454BL; // "KEELMARK"
    private static final int CLEAN = 1;
    private static final int COUNT_AT = 32;
    private static final int DURABLE_LSN_AT = 48;
    private static final int LAST_BATCH_AT = 56;
    private static final int CHAIN_AT = 80;
    private static final int CRC_AT = BYTES - 4;

    void writeTo(ByteBuffer out, Checksum checksum) {
        int start = out.position();
        out.putLong(MAGIC).putShort((short) Version.MAJOR).putShort((short) Version.MINOR);
        out.putInt(clean ? CLEAN : 0);
        walId.writeTo(out);
        out.putLong(count).putLong(bootCount).putLong(durableLsn).putLong(lastBatch);
        out.putLong(firstSegment).putLong(lastSegment).putInt(chain);
        out.putInt(checksum.of(out, start, CRC_AT));
    }

    /** Changes what {@link #writeTo} has written at the beginning of a buffer to a mark further on in the same segments. */
    static void advance(ByteBuffer written, long count, long durableLsn, long lastBatch, int chain, Checksum checksum) {
        written.putLong(COUNT_AT, count).putLong(DURABLE_LSN_AT, durableLsn).putLong(LAST_BATCH_AT, lastBatch);
        written.putInt(CHAIN_AT, chain).putInt(CRC_AT, checksum.of(written, 0, CRC_AT));
    }

    /**
     * Reads a slot.
     *
     * @throws MalformedRecordException if it is empty, torn or damaged
     * @throws WalUnsupportedVersion if it is whole, and a newer version wrote it
     */
    static Mark read(ByteBuffer in, int at, Checksum checksum) throws MalformedRecordException {
        boolean whole = in.getLong(at) == MAGIC && in.getInt(at + CRC_AT) == checksum.of(in, at, CRC_AT);
        if (!whole) {
            throw new MalformedRecordException("its checksum does not match its content");
        }
        int flags = in.getInt(at + 12);
        Version.check(in.getShort(at + 8), true, flags & ~CLEAN);
        return new Mark(
                Id.read(in, at + 16),
                in.getLong(at + COUNT_AT),
                in.getLong(at + 40),
                in.getLong(at + DURABLE_LSN_AT),
                in.getLong(at + LAST_BATCH_AT),
                in.getInt(at + CHAIN_AT),
                in.getLong(at + 64),
                in.getLong(at + 72),
                (flags & CLEAN) != 0);
    }
}
