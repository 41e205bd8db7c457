package dev.keelraft.wal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.zip.CRC32C;

/** Writes frames that no correct log would write, with checksums and chain as they should be. */
final class Forger {
    private final MemoryFiles files;
    private final Layout layout = Layout.in(Driver.DATA);

    Forger(MemoryFiles files) {
        this.files = files;
    }

    /** The path of the last segment. */
    Path tail() {
        try {
            List<String> names = files.list(layout.segments());
            return layout.segments()
                    .resolve(names.stream().filter(n -> n.endsWith(".wal")).toList().stream()
                            .reduce((a, b) -> b)
                            .orElseThrow());
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** Where the frames of the last segment end. */
    long endOfTail() {
        try (OpenFile file = files.openToRead(tail())) {
            return endOf(new SegmentReader(tail(), file, SegmentReader.noScratch()));
        } catch (IOException | MalformedRecordException e) {
            throw new AssertionError(e);
        }
    }

    private static long endOf(SegmentReader reader) throws IOException {
        long offset = Segment.HEADER_BYTES;
        while (reader.nextFrame(offset)) {
            offset += reader.frameBytes();
        }
        return offset;
    }

    /** Appends a frame with these records to the last segment, on the disk. */
    void append(Consumer<RecordWriter> records) {
        append(records, 1, 0);
    }

    /** The same, with another step of the sequence number, and a claim of what was durable. */
    void append(Consumer<RecordWriter> records, int step, long durableLsn) {
        ByteBuffer payload = ByteBuffer.allocate(64 << 10).order(ByteOrder.LITTLE_ENDIAN);
        RecordWriter writer = new RecordWriter();
        writer.begin(payload);
        records.accept(writer);
        append(Arrays.copyOf(payload.array(), payload.position()), writer.count(), 0, step, durableLsn);
    }

    /** Appends a frame around any bytes. Written from the description of the format, not with the code that is tested. */
    void append(byte[] payload, int records, int flags, int step, long durableLsn) {
        try (OpenFile file = files.open(tail())) {
            SegmentReader reader = new SegmentReader(tail(), file, SegmentReader.noScratch());
            long end = endOf(reader);
            ByteBuffer frame = ByteBuffer.allocate(48 + payload.length).order(ByteOrder.LITTLE_ENDIAN);
            frame.put("KFRM".getBytes(StandardCharsets.US_ASCII));
            frame.putInt(payload.length);
            frame.putLong(reader.batchSequence() + step);
            frame.putLong(durableLsn);
            frame.putInt(records);
            frame.putInt(flags);
            frame.putInt(crc(payload));
            ByteBuffer salted = ByteBuffer.allocate(8 + 36).order(ByteOrder.LITTLE_ENDIAN);
            salted.putLong(reader.header().salt()).put(frame.array(), 0, 36);
            int headerCrc = crc(salted.array());
            frame.putInt(headerCrc);
            ByteBuffer link = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
            frame.putInt(crc(link.putInt(reader.chain()).putInt(headerCrc).array()));
            frame.putInt(0);
            frame.put(payload);
            file.write(frame.flip(), end);
            file.force(true);
        } catch (IOException | MalformedRecordException e) {
            throw new AssertionError(e);
        }
    }

    private static int crc(byte[] bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        return (int) crc.getValue();
    }

    /** A record with a body of three bytes. */
    static byte[] record(int type, int flags, long group) {
        ByteBuffer record = ByteBuffer.allocate(24).order(ByteOrder.LITTLE_ENDIAN);
        record.put((byte) type).put((byte) flags).putShort((short) 0).putInt(3).putLong(group);
        return record.put(new byte[] {1, 2, 3}).array();
    }
}
