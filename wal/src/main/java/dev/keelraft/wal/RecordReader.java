package dev.keelraft.wal;

import dev.keelraft.model.ConfState;
import dev.keelraft.model.ConfState.Incarnation;
import dev.keelraft.model.Entry;
import dev.keelraft.model.EntryType;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Snapshot;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads the records of a frame, whose checksum has been found right, one after the other. Not thread-safe.
 *
 * <p>It still believes nothing: lengths are compared with what is there, and reserved bits and padding must be zero.
 */
final class RecordReader {
    /* In the order of their numbers. */
    private static final EntryType[] ENTRY_TYPES = EntryType.values();

    private final ByteBuffer payload;
    private final int start;
    private final int limit;
    private int next;
    private int count;
    private int type;
    private int detail;
    private long group;
    private int body;
    private int bodyBytes;

    /** Reads from the buffer's position to its limit; the buffer must be little-endian and hold still meanwhile. */
    RecordReader(ByteBuffer payload) {
        this.payload = payload;
        this.start = payload.position();
        this.next = start;
        this.limit = payload.limit();
    }

    /**
     * Goes to the next record, passing over those that are unknown and may be passed over; false at the end.
     *
     * @throws WalUnsupportedVersion if a record is unknown and may not be passed over
     */
    boolean next() throws MalformedRecordException {
        do {
            if (next == limit) {
                return false;
            }
            head();
        } while (type == 0);
        return true;
    }

    private void head() throws MalformedRecordException {
        check(limit - next >= RecordType.HEAD_BYTES, "a record's head is cut off");
        // Most of what a recovery does is here: one look at the buffer instead of four.
        long word = payload.getLong(next);
        type = (int) word & 0xff;
        int flags = (int) (word >>> 8) & 0xff;
        detail = (int) (word >>> 16) & 0xffff;
        bodyBytes = (int) (word >>> 32);
        group = payload.getLong(next + 8);
        body = next + RecordType.HEAD_BYTES;
        check(type != 0, "a record of type 0");
        check(bodyBytes >= 0 && RecordType.padded(bodyBytes) <= limit - body, "a record's body is cut off");
        next = body + (int) RecordType.padded(bodyBytes);
        count++;
        boolean known = type <= RecordType.BOOT && flags == 0;
        if (known) {
            checkZeros(body + bodyBytes, next);
            check(type == RecordType.ENTRY || detail == 0, "reserved bits of a record's head are set");
        } else if ((flags & RecordType.SKIPPABLE) != 0) {
            type = 0;
        } else {
            throw new WalUnsupportedVersion("the log holds a record of type " + type + ", flags " + flags
                    + ", which this version does not know. Nothing was changed; open"
                    + " the log with the version that wrote it.");
        }
    }

    /** How many bytes of the payload are before this record. */
    int offset() {
        return body - RecordType.HEAD_BYTES - start;
    }

    /** The length of the payload of an {@link RecordType#ENTRY}. */
    int dataBytes() {
        return bodyBytes - 16;
    }

    /** The checksum of the payload of an {@link RecordType#ENTRY}. */
    int dataChecksum(Checksum checksum) {
        return checksum.of(payload, body + 16, bodyBytes - 16);
    }

    /** How many records there were so far, with those that were passed over. */
    int count() {
        return count;
    }

    /** One of the constants of {@link RecordType}. */
    int type() {
        return type;
    }

    /** The group that it belongs to. */
    long group() {
        return group;
    }

    /** The index of an {@link RecordType#ENTRY} or {@link RecordType#COMPACT}. */
    long index() throws MalformedRecordException {
        checkBody(16);
        return nonNegative(body);
    }

    /** The term of an {@link RecordType#ENTRY} or {@link RecordType#COMPACT}. */
    long term() throws MalformedRecordException {
        checkBody(16);
        return nonNegative(body + 8);
    }

    /** An {@link RecordType#ENTRY}, with a copy of its payload. */
    Entry entry() throws MalformedRecordException {
        long index = index();
        byte[] data = new byte[bodyBytes - 16];
        payload.get(body + 16, data);
        return new Entry(term(), index, entryType(), data);
    }

    /** The type of an {@link RecordType#ENTRY}. */
    EntryType entryType() throws MalformedRecordException {
        if (detail >= ENTRY_TYPES.length) {
            throw new MalformedRecordException("an entry of type " + detail);
        }
        return ENTRY_TYPES[detail];
    }

    /** Adds an {@link RecordType#ENTRY} to a batch, without its payload; false if it does not follow the one before. */
    boolean addTo(Batch batch) throws MalformedRecordException {
        checkBody(16);
        entryType();
        long index = payload.getLong(body);
        long term = payload.getLong(body + 8);
        check((index | term) >= 0, "a number beyond 63 bits");
        return batch.entry(index, term);
    }

    /**
     * Passes over the entries behind this one that are like it in all but the payload, and an index that is one more each time.
     * Most of a log is such entries, and a recovery looks at each: four comparisons are as good as all checks.
     *
     * @return how many there were
     */
    int passLikeThis() {
        int stride = RecordType.HEAD_BYTES + bodyBytes;
        long index = payload.getLong(body);
        if (bodyBytes % 8 != 0 || index > Long.MAX_VALUE - limit) {
            return 0; // what fills it up must be looked at, and so must indexes that run out of numbers
        }
        long word = payload.getLong(body - RecordType.HEAD_BYTES);
        long term = payload.getLong(body + 8);
        int at = next;
        int passed = 0;
        while (limit - at >= stride
                && payload.getLong(at) == word
                && payload.getLong(at + 8) == group
                && payload.getLong(at + 16) == index + passed + 1
                && payload.getLong(at + 24) == term) {
            passed++;
            at += stride;
        }
        next = at;
        count += passed;
        return passed;
    }

    HardState hardState() throws MalformedRecordException {
        checkBody(24);
        return hardState(body);
    }

    private HardState hardState(int at) throws MalformedRecordException {
        return new HardState(nonNegative(at), payload.getLong(at + 8), nonNegative(at + 16));
    }

    SavedSnapshot snapshot() throws MalformedRecordException {
        SnapshotBody read = new SnapshotBody(body);
        check(read.end == body + bodyBytes, "a snapshot's length contradicts itself");
        return read.saved;
    }

    /** All that a {@link RecordType#STATE} says. */
    GroupState state() throws MalformedRecordException {
        checkBody(64);
        HardState hardState = hardState(body);
        long startIndex = nonNegative(body + 24);
        long startTerm = nonNegative(body + 32);
        long lastIndex = nonNegative(body + 40);
        long lastTerm = nonNegative(body + 48);
        int count = payload.getInt(body + 56);
        check(payload.getInt(body + 60) == 0, "reserved bits of a state are set");
        check(count >= 0 && count <= GroupState.MAX_SNAPSHOTS, "a state with too many snapshots");
        List<SavedSnapshot> snapshots = new ArrayList<>();
        int at = body + 64;
        for (int i = 0; i < count; i++) {
            SnapshotBody read = new SnapshotBody(at);
            snapshots.add(read.saved);
            int end = at + (int) RecordType.padded(read.end - at);
            checkZeros(read.end, end);
            at = end;
        }
        check(at == body + bodyBytes, "a state's length contradicts itself");
        check(startIndex <= lastIndex && lastIndex <= GroupState.MAX_INDEX, "a state of a log that cannot be");
        return new GroupState(hardState, snapshots, startIndex, startTerm, lastIndex, lastTerm);
    }

    /** The number of a {@link RecordType#BOOT}. */
    long bootCount() throws MalformedRecordException {
        checkBody(24);
        return nonNegative(body);
    }

    /* Bytes are measured from the start of a body, which is aligned to eight in its frame. */
    private final class SnapshotBody {
        final SavedSnapshot saved;
        final int end;
        private int at;

        SnapshotBody(int start) throws MalformedRecordException {
            check(body + bodyBytes - start >= 56, "a snapshot is cut off");
            int nameBytes = payload.getInt(start + 28);
            int dataBytes = payload.getInt(start + 32);
            int flags = payload.getInt(start + 36);
            check(
                    (flags & ~(RecordType.AUTO_LEAVE | RecordType.INCARNATIONS)) == 0,
                    "reserved bits of a snapshot are set");
            at = start + 56;
            List<Long> voters = ids(payload.getInt(start + 40));
            List<Long> votersOutgoing = ids(payload.getInt(start + 44));
            List<Long> learners = ids(payload.getInt(start + 48));
            List<Long> learnersNext = ids(payload.getInt(start + 52));
            List<Incarnation> incarnations = (flags & RecordType.INCARNATIONS) == 0 ? List.of() : incarnations();
            String name = new String(bytes(nameBytes), StandardCharsets.UTF_8);
            byte[] data = bytes(dataBytes);
            end = at;
            try {
                ConfState members = new ConfState(
                        voters,
                        votersOutgoing,
                        learners,
                        learnersNext,
                        (flags & RecordType.AUTO_LEAVE) != 0,
                        incarnations);
                saved = new SavedSnapshot(
                        new Snapshot(nonNegative(start), nonNegative(start + 8), members, data),
                        new SnapshotFile(name, nonNegative(start + 16), payload.getInt(start + 24)));
            } catch (IllegalArgumentException e) {
                throw new MalformedRecordException("a snapshot that cannot be: " + e.getMessage());
            }
            check(!saved.isNone() && !saved.file().isNone(), "a snapshot without an index or a file");
        }

        private List<Long> ids(int count) throws MalformedRecordException {
            check(count >= 0 && count <= (body + bodyBytes - at) / 8, "a snapshot's members are cut off");
            List<Long> ids = new ArrayList<>(count);
            for (int i = 0; i < count; i++) {
                ids.add(payload.getLong(at));
                at += 8;
            }
            return ids;
        }

        private List<Incarnation> incarnations() throws MalformedRecordException {
            check(body + bodyBytes - at >= 8, "a snapshot's incarnations are cut off");
            long count = payload.getLong(at);
            at += 8;
            check(count > 0 && count <= (body + bodyBytes - at) / 16, "a snapshot's incarnations are cut off");
            List<Incarnation> incarnations = new ArrayList<>((int) count);
            for (int i = 0; i < count; i++) {
                incarnations.add(new Incarnation(payload.getLong(at), payload.getLong(at + 8)));
                at += 16;
            }
            return incarnations;
        }

        private byte[] bytes(int length) throws MalformedRecordException {
            check(length >= 0 && length <= body + bodyBytes - at, "a snapshot's data are cut off");
            byte[] bytes = new byte[length];
            payload.get(at, bytes);
            at += length;
            return bytes;
        }
    }

    private long nonNegative(int at) throws MalformedRecordException {
        long value = payload.getLong(at);
        check(value >= 0, "a number beyond 63 bits");
        return value;
    }

    private void checkBody(int least) throws MalformedRecordException {
        boolean fixed = type != RecordType.ENTRY && type != RecordType.STATE;
        if (bodyBytes < least || (fixed && bodyBytes > least)) {
            throw new MalformedRecordException("a record of type " + type + " with a body of " + bodyBytes + " bytes");
        }
    }

    private void checkZeros(int from, int to) throws MalformedRecordException {
        for (int i = from; i < to; i++) {
            check(payload.get(i) == 0, "the padding of a record is not zero");
        }
    }

    private static void check(boolean condition, String text) throws MalformedRecordException {
        if (!condition) {
            throw new MalformedRecordException(text);
        }
    }
}
