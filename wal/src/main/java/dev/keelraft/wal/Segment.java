package dev.keelraft.wal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/**
 * One file of the log, open.
 *
 * @param path where it is
 * @param file itself
 * @param header its first page
 * @param before where each group's log ended when this segment was begun
 */
record Segment(Path path, OpenFile file, SegmentHeader header, GroupEnds before) {
    /** The length of the header, a page. */
    static final int HEADER_BYTES = 4096;

    private static final int COPY_BYTES = 1 << 20;

    private static final ByteBuffer ZEROS = ByteBuffer.allocateDirect(256 << 10).asReadOnlyBuffer();

    long startLsn() {
        return header.startLsn();
    }

    long sequence() {
        return header.sequence();
    }

    /**
     * Writes the header and the checkpoint of a new segment, and forces them.
     *
     * @param file full of zeros
     * @param groups what the segments before have led to
     * @param buffer empty, and empty again afterwards
     * @return where the log ends now
     */
    static LogEnd begin(OpenFile file, SegmentHeader header, Groups groups, FrameBuffer buffer) throws IOException {
        buffer.grow(HEADER_BYTES + Frame.HEADER_BYTES + groups.stateBytes());
        int chain = buffer.header(header);
        RecordWriter records = buffer.begin();
        for (Group group : groups.stated()) {
            records.of(group.id()).state(group.state());
        }
        chain = buffer.finish(header.firstBatch(), header.startLsn(), header.salt(), chain);
        LogEnd end = new LogEnd(header.startLsn() + buffer.bytes(), header.firstBatch(), chain);
        buffer.writeTo(file, 0);
        file.force(true);
        return end;
    }

    /**
     * Writes the beginning of this file to another, which is empty, and zeros behind it, up to the same length. The frames in it
     * are checked there once more: what is read a second time may come out wrong, and must not take the place of what is right.
     */
    void copyTo(OpenFile other, long bytes) throws IOException {
        ByteBuffer piece = ByteBuffer.allocateDirect((int) Math.min(bytes, COPY_BYTES));
        for (long position = 0; position < bytes; position += piece.limit()) {
            piece.clear().limit((int) Math.min(bytes - position, piece.capacity()));
            file.read(piece, position);
            other.write(piece.flip(), position);
        }
        zero(other, bytes, header.fileBytes());
        checkFrames(other, bytes);
    }

    private void checkFrames(OpenFile other, long end) throws IOException {
        long offset = HEADER_BYTES;
        try {
            SegmentReader reader = new SegmentReader(path, other, SegmentReader.noScratch());
            while (offset < end && reader.nextFrame(offset)) {
                offset += reader.frameBytes();
            }
        } catch (MalformedRecordException e) {
            offset = 0;
        }
        if (offset != end) {
            throw new IOException("a copy of " + path + " differs from what was read before, at offset " + offset
                    + " or behind: two reads of the same bytes, or a write, went wrong");
        }
    }

    /** Tells whether nothing but zeros remains of a buffer. Looks at many bytes at a time. */
    static boolean isZeros(ByteBuffer bytes) {
        for (int at = bytes.position(); at < bytes.limit(); at += ZEROS.capacity()) {
            int length = Math.min(bytes.limit() - at, ZEROS.capacity());
            if (bytes.slice(at, length).mismatch(ZEROS.slice(0, length)) >= 0) {
                return false;
            }
        }
        return true;
    }

    /** Overwrites a part of a file with zeros. */
    static void zero(OpenFile file, long from, long to) throws IOException {
        ByteBuffer zeros = ZEROS.duplicate();
        for (long position = from; position < to; position += zeros.limit()) {
            zeros.clear().limit((int) Math.min(to - position, zeros.capacity()));
            file.write(zeros, position);
        }
    }
}
