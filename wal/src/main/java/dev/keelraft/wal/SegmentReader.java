package dev.keelraft.wal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;

/**
 * Reads the segments of a log from the first byte to the last, as recovery does: in large pieces, believing no length before
 * its checksum holds. Not thread-safe.
 */
final class SegmentReader {
    private static final int PIECE_BYTES = 1 << 20;

    private final Path path;
    private final OpenFile file;
    private final long size;
    private final SegmentHeader header;
    private final Checksum checksum = new Checksum();

    /** The bytes of the file from {@code bufferAt} on, as many as its limit says. */
    private ByteBuffer buffer;

    private long bufferAt;

    private ByteBuffer payload;
    private long batchSequence;
    private long durableLsn;
    private int recordCount;
    private int chain;

    /**
     * Begins with a file, and reads its header.
     *
     * @param scratch what the reader of the segment before has left over: see {@link #scratch()}
     * @throws MalformedRecordException if the header is damaged, or the file does not have its length
     */
    SegmentReader(Path path, OpenFile file, ByteBuffer scratch) throws IOException, MalformedRecordException {
        this.path = path;
        this.file = file;
        this.size = file.size();
        this.buffer = scratch.limit(0);
        if (size < Segment.HEADER_BYTES) {
            throw new MalformedRecordException("it has only " + size + " bytes");
        }
        ByteBuffer page = load(0, Segment.HEADER_BYTES);
        this.header = SegmentHeader.read(page, checksum);
        if (header.fileBytes() != size) {
            throw new MalformedRecordException("it has " + size + " bytes, and was created with " + header.fileBytes());
        }
        this.chain = SegmentHeader.chain(page);
        this.payload = page.limit(page.position());
    }

    /** A buffer for the first reader. */
    static ByteBuffer noScratch() {
        return allocate(0);
    }

    /** The buffer for the next reader, when this one is no longer used. */
    ByteBuffer scratch() {
        return buffer;
    }

    private static ByteBuffer allocate(int bytes) {
        return ByteBuffer.allocateDirect(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    SegmentHeader header() {
        return header;
    }

    /**
     * Reads the frame that begins at an offset of the file, if there is one whose checksums hold and that continues the chain.
     * If not, whatever is there is no part of the log, and nothing has changed.
     */
    boolean nextFrame(long offset) throws IOException {
        if (!isHeader(offset)) {
            return false;
        }
        ByteBuffer head = load(offset, Frame.HEADER_BYTES);
        int at = head.position();
        int nextChain = checksum.chained(chain, head.getInt(at + Frame.HEADER_CRC));
        if (head.getInt(at + Frame.CHAIN) != nextChain
                || head.getInt(at + Frame.RESERVED) != 0
                || !readPayload(offset)) {
            return false;
        }
        chain = nextChain;
        return true;
    }

    /**
     * Reads the frame that begins at an offset of the file, if there is one whose checksums hold, wherever the chain is broken
     * before it.
     */
    boolean loneFrame(long offset) throws IOException {
        return isHeader(offset) && readPayload(offset);
    }

    private boolean readPayload(long offset) throws IOException {
        ByteBuffer head = load(offset, Frame.HEADER_BYTES);
        int at = head.position();
        int payloadBytes = head.getInt(at + Frame.PAYLOAD_BYTES);
        int payloadCrc = head.getInt(at + Frame.PAYLOAD_CRC);
        long sequence = head.getLong(at + Frame.BATCH_SEQUENCE);
        long durable = head.getLong(at + Frame.DURABLE_LSN);
        int records = head.getInt(at + Frame.RECORD_COUNT);
        int flags = head.getInt(at + Frame.FLAGS);
        ByteBuffer bytes = load(offset + Frame.HEADER_BYTES, payloadBytes);
        if (checksum.of(bytes, bytes.position(), payloadBytes) != payloadCrc) {
            return false;
        }
        if (flags != 0) {
            throw new WalUnsupportedVersion("a frame at offset " + offset + " of " + path + " has flags "
                    + Integer.toHexString(flags) + ", of which this version knows none. Nothing was changed; open the"
                    + " log with the version that wrote it.");
        }
        payload = bytes;
        batchSequence = sequence;
        durableLsn = durable;
        recordCount = records;
        return true;
    }

    /** The same, with the bytes read from the file once more: an earlier read of them may have come out wrong. */
    boolean nextFrameReadAgain(long offset) throws IOException {
        buffer.limit(0);
        return nextFrame(offset);
    }

    /* A header counts once its own checksum holds, and its payload ends within the file. The salt keeps forgeries out. */
    private boolean isHeader(long offset) throws IOException {
        if (offset + Frame.HEADER_BYTES > size) {
            return false;
        }
        ByteBuffer bytes = load(offset, Frame.HEADER_BYTES);
        int at = bytes.position();
        if (bytes.getInt(at) != Frame.MAGIC
                || bytes.getInt(at + Frame.HEADER_CRC) != checksum.salted(header.salt(), bytes, at, Frame.HEADER_CRC)) {
            return false;
        }
        int payloadBytes = bytes.getInt(at + Frame.PAYLOAD_BYTES);
        return payloadBytes > 0
                && payloadBytes % 8 == 0
                && payloadBytes <= Frame.MAX_PAYLOAD_BYTES
                && payloadBytes <= size - offset - Frame.HEADER_BYTES;
    }

    /** The records of the frame that was read last; valid until the next call. */
    ByteBuffer payload() {
        return payload;
    }

    /** How long that frame is, its header included. */
    int frameBytes() {
        return Frame.HEADER_BYTES + payload.remaining();
    }

    long batchSequence() {
        return batchSequence;
    }

    long durableLsn() {
        return durableLsn;
    }

    int recordCount() {
        return recordCount;
    }

    /** The chain value of that frame, or of the header if there was none yet. */
    int chain() {
        return chain;
    }

    /** The end of the last byte from an offset on that is not zero, or the offset itself if all are. */
    long endOfContent(long offset) throws IOException {
        long end = offset;
        for (long at = offset; at < size; ) {
            ByteBuffer bytes = load(at, (int) Math.min(PIECE_BYTES, size - at));
            int length = bytes.remaining();
            int last = lastNonZero(bytes);
            if (last >= 0) {
                end = at + last + 1;
            }
            at += length;
        }
        return end;
    }

    private static int lastNonZero(ByteBuffer bytes) {
        if (Segment.isZeros(bytes)) {
            return -1;
        }
        int from = bytes.position();
        int i = bytes.limit();
        while (i - from >= 8 && bytes.getLong(i - 8) == 0) {
            i -= 8;
        }
        while (bytes.get(i - 1) == 0) {
            i--;
        }
        return i - from - 1;
    }

    /**
     * The highest position that any frame between two offsets says was durable, also one that does not continue the chain or
     * whose payload is damaged; 0 if there is none. Frames begin at multiples of eight.
     */
    long highestClaim(long offset, long end) throws IOException {
        long highest = 0;
        for (long at = offset; at < end; at += 8) {
            if (isHeader(at)) {
                ByteBuffer head = load(at, Frame.HEADER_BYTES);
                highest = Math.max(highest, head.getLong(head.position() + Frame.DURABLE_LSN));
            }
        }
        return highest;
    }

    /* The part of the file, as position and limit of a buffer that the next call may fill anew. */
    private ByteBuffer load(long offset, int length) throws IOException {
        if (offset < bufferAt || offset + length > bufferAt + buffer.limit()) {
            fill(offset, length);
        }
        int at = (int) (offset - bufferAt);
        return buffer.duplicate()
                .order(ByteOrder.LITTLE_ENDIAN)
                .limit(at + length)
                .position(at);
    }

    private void fill(long offset, int length) throws IOException {
        long wanted = Math.min(size - offset, Math.max(length, PIECE_BYTES));
        if (wanted > buffer.capacity()) {
            buffer = allocate((int) wanted);
        }
        buffer.clear().limit((int) wanted);
        bufferAt = offset;
        file.read(buffer, offset);
    }
}
