package dev.keelraft.wal;

import dev.keelraft.model.NodeId;
import java.nio.ByteBuffer;

/**
 * The first page of a segment.
 *
 * @param walId which log it belongs to
 * @param identity which member that log belongs to
 * @param sequence 1 for the first segment ever, one more for each
 * @param salt random, never the same twice: what makes frames of another file, or forged by a client, unreadable here
 * @param startLsn the position of its first byte in the log
 * @param fileBytes the length of the file, which never changes
 * @param previousBytes how many bytes of the segment before belong to the log; 0 in the first
 * @param previousChain the chain value at its end; 0 in the first
 * @param firstBatch the sequence number of the first frame
 * @param bootCount during which run of the process it was created
 * @param createdMillis when; information only
 */
record SegmentHeader(
        Id walId,
        WalIdentity identity,
        long sequence,
        long salt,
        long startLsn,
        long fileBytes,
        long previousBytes,
        int previousChain,
        long firstBatch,
        long bootCount,
        long createdMillis) {

    /* 0x89 RWAL \r \n 0x1A: the first byte and the line end show damage by a transfer that took the file for text, as in
    PNG. */
    private static final long MAGIC = 0x1A0A0D4C41575289L;

    private static final int CRC_AT = Segment.HEADER_BYTES - 4;

    /** Appends the page to a buffer. Returns what the chain of the segment's frames starts from: the page's checksum. */
    int writeTo(ByteBuffer out, Checksum checksum) {
        int start = out.position();
        out.putLong(MAGIC).putShort((short) Version.MAJOR).putShort((short) Version.MINOR);
        out.putInt(0).putInt(0).putInt(0);
        walId.writeTo(out);
        out.putLong(identity.clusterId()).putLong(identity.memberId());
        out.putLong(sequence).putLong(salt).putLong(startLsn).putLong(fileBytes);
        out.putLong(previousBytes).putInt(previousChain).putInt(0);
        out.putLong(firstBatch).putLong(bootCount).putLong(createdMillis);
        while (out.position() < start + CRC_AT) {
            out.putInt(0);
        }
        int crc = checksum.of(out, start, CRC_AT);
        out.putInt(crc);
        return crc;
    }

    /**
     * Reads the page from the start of a buffer.
     *
     * @throws MalformedRecordException if it is damaged, or is none
     * @throws WalUnsupportedVersion if a newer version wrote it
     */
    static SegmentHeader read(ByteBuffer page, Checksum checksum) throws MalformedRecordException {
        int at = page.position();
        if (page.getLong(at) != MAGIC) {
            throw new MalformedRecordException("not a segment: it does not begin with the magic bytes");
        }
        boolean whole = page.getInt(at + CRC_AT) == checksum.of(page, at, CRC_AT);
        Version.check(page.getShort(at + 8), whole, page.getInt(at + 16) | page.getInt(at + 20));
        if (!NodeId.isValid(page.getLong(at + 48))) {
            throw new MalformedRecordException("it names no member");
        }
        return new SegmentHeader(
                Id.read(page, at + 24),
                new WalIdentity(page.getLong(at + 40), page.getLong(at + 48)),
                page.getLong(at + 56),
                page.getLong(at + 64),
                page.getLong(at + 72),
                page.getLong(at + 80),
                page.getLong(at + 88),
                page.getInt(at + 96),
                page.getLong(at + 104),
                page.getLong(at + 112),
                page.getLong(at + 120));
    }

    /** What the chain of the segment's frames starts from: the page's checksum, which covers the link to the one before. */
    static int chain(ByteBuffer page) {
        return page.getInt(page.position() + CRC_AT);
    }
}
