package dev.keelraft.wal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Frames that are complete and on their way to the file, in one direct buffer that is used again and again. A frame is encoded
 * wholly before any byte of it can be written. Grows to the longest frame it has met. Not thread-safe.
 */
final class FrameBuffer {
    private static final int SMALLEST_BYTES = 64 << 10;
    private static final int DOUBLED_UP_TO_BYTES = 16 << 20;

    private final Checksum checksum = new Checksum();
    private final RecordWriter records = new RecordWriter();
    private ByteBuffer buffer = allocate(SMALLEST_BYTES);

    /** Where the frame in the making starts. */
    private int start;

    private static ByteBuffer allocate(int bytes) {
        return ByteBuffer.allocateDirect(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** The number of bytes that wait to be written. */
    int bytes() {
        return buffer.position();
    }

    /** Tells whether so many more bytes fit without growing. */
    boolean hasRoomFor(long more) {
        return more <= buffer.remaining();
    }

    /** Makes room for so many more bytes. If memory runs out, nothing has changed. */
    void grow(long more) {
        if (!hasRoomFor(more)) {
            long needed = buffer.position() + more;
            ByteBuffer larger = allocate((int) Math.max(needed, Math.min(2L * buffer.capacity(), DOUBLED_UP_TO_BYTES)));
            larger.put(buffer.flip());
            buffer = larger;
        }
    }

    /** Adds the first page of a segment, for which there is room. Returns what the chain of its frames starts from. */
    int header(SegmentHeader header) {
        return header.writeTo(buffer, checksum);
    }

    /** Begins a frame, for which there is room. */
    RecordWriter begin() {
        start = buffer.position();
        buffer.position(start + Frame.HEADER_BYTES);
        records.begin(buffer);
        return records;
    }

    /**
     * Completes the frame.
     *
     * @param durableLsn what is known to be on the disk: everything before this position
     * @param previousChain the chain value of the frame before, or of the segment's header
     * @return the chain value of this frame
     */
    int finish(long batchSequence, long durableLsn, long salt, int previousChain) {
        int payload = start + Frame.HEADER_BYTES;
        int payloadBytes = buffer.position() - payload;
        buffer.putInt(start, Frame.MAGIC);
        buffer.putInt(start + Frame.PAYLOAD_BYTES, payloadBytes);
        buffer.putLong(start + Frame.BATCH_SEQUENCE, batchSequence);
        buffer.putLong(start + Frame.DURABLE_LSN, durableLsn);
        buffer.putInt(start + Frame.RECORD_COUNT, records.count());
        buffer.putInt(start + Frame.FLAGS, 0);
        buffer.putInt(start + Frame.PAYLOAD_CRC, checksum.of(buffer, payload, payloadBytes));
        int headerCrc = checksum.salted(salt, buffer, start, Frame.HEADER_CRC);
        buffer.putInt(start + Frame.HEADER_CRC, headerCrc);
        int chain = checksum.chained(previousChain, headerCrc);
        buffer.putInt(start + Frame.CHAIN, chain);
        buffer.putInt(start + Frame.RESERVED, 0);
        return chain;
    }

    /** Writes all that waits, from a position of the file on. */
    void writeTo(OpenFile file, long position) throws IOException {
        file.write(buffer.flip(), position);
        buffer.clear();
    }

    /** Forgets all that waits. */
    void clear() {
        buffer.clear();
    }
}
