package dev.keelraft.wal;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/**
 * What can still be read behind the damage of a log: frames whose own checksums hold, wherever the chain is broken. Nothing of it
 * is believed, but for what it says was durable; it is for those who must bring back what is lost.
 */
final class Remains {
    private static final int SHOWN = 16;

    private final Id walId;
    private final List<WalVerdict.Fragment> first = new ArrayList<>();
    private long frames;
    private long entries;
    private long highestClaim;

    private Remains(Id walId) {
        this.walId = walId;
    }

    /**
     * Reads segments, in their order.
     *
     * @param walId of the log that they must belong to
     * @param end where the good part of the log ends; nothing before it is told
     */
    static Remains behind(FileLayer files, Id walId, Collection<Path> segments, long end) {
        Remains remains = new Remains(walId);
        for (Path segment : segments) {
            try (OpenFile file = files.openToRead(segment)) {
                remains.read(segment, new SegmentReader(segment, file, SegmentReader.noScratch()), end);
            } catch (IOException | MalformedRecordException | WalUnsupportedVersion unreadable) {
                // There is trouble already; this only says what else is left.
            }
        }
        return remains;
    }

    private void read(Path segment, SegmentReader reader, long end) throws IOException {
        SegmentHeader header = reader.header();
        if (!header.walId().equals(walId)) {
            return;
        }
        highestClaim = Math.max(highestClaim, header.startLsn());
        long offset = Math.max(Segment.HEADER_BYTES, end - header.startLsn());
        long last = reader.endOfContent(offset);
        highestClaim = Math.max(highestClaim, reader.highestClaim(offset, last));
        while (offset < last) {
            if (reader.loneFrame(offset)) {
                frames++;
                entries(segment, reader, header.startLsn() + offset);
                offset += reader.frameBytes();
            } else {
                offset += 8;
            }
        }
    }

    private void entries(Path segment, SegmentReader frame, long position) {
        RecordReader records = new RecordReader(frame.payload());
        long count = 0;
        WalVerdict.Fragment fragment = new WalVerdict.Fragment("", 0, 0, 0, 0, 0, 0, 0);
        try {
            while (records.next()) {
                if (records.type() == RecordType.ENTRY) {
                    fragment = new WalVerdict.Fragment(
                            segment.toString(),
                            position,
                            frame.batchSequence(),
                            records.group(),
                            count == 0 ? records.index() : fragment.firstIndex(),
                            records.index(),
                            count == 0 ? records.term() : fragment.firstTerm(),
                            records.term());
                    count++;
                }
            }
        } catch (MalformedRecordException nothing) {
            return; // Checksums that hold around what cannot be: no entry of it is worth anything.
        }
        entries += count;
        if (count > 0 && first.size() < SHOWN) {
            first.add(fragment);
        }
    }

    /** The first frames with entries. */
    List<WalVerdict.Fragment> first() {
        return first;
    }

    long frames() {
        return frames;
    }

    long entries() {
        return entries;
    }

    /** The highest position of which anything here says that it was durable. */
    long highestClaim() {
        return highestClaim;
    }
}
