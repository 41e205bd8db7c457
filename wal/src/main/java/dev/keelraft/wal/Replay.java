package dev.keelraft.wal;

/** Leads the frames of a log, in order, to the state of its group. Checks them as the writer did. */
final class Replay {
    private final Batch batch = new Batch();
    private GroupState state = new GroupState();
    private FrameIndex frames = new FrameIndex(1);
    private boolean started;
    private long bootCount;

    GroupState state() {
        return state;
    }

    FrameIndex frames() {
        return frames;
    }

    /** The highest number that a start of the process had. */
    long bootCount() {
        return bootCount;
    }

    /**
     * Takes the first frame of a segment, which states what its predecessors have led to. For the first segment that is read,
     * its word is all there is.
     *
     * @throws MalformedRecordException if it states something else, or nothing
     */
    void checkpoint(SegmentReader reader) throws MalformedRecordException {
        RecordReader records = new RecordReader(reader.payload());
        if (!records.next() || records.type() != RecordType.STATE) {
            throw new MalformedRecordException("its first frame does not state what came before");
        }
        stated(records.state());
        if (records.next()) {
            throw new MalformedRecordException("its first frame holds more than what came before");
        }
        checkCount(records, reader);
    }

    private static void checkCount(RecordReader records, SegmentReader reader) throws MalformedRecordException {
        if (records.count() != reader.recordCount()) {
            throw new MalformedRecordException(
                    "a frame with " + records.count() + " records, of " + reader.recordCount() + " announced");
        }
    }

    private void stated(GroupState claimed) throws MalformedRecordException {
        if (!started) {
            started = true;
            state = claimed;
            frames = new FrameIndex(claimed.lastIndex() + 1);
            return;
        }
        String difference = state.disagreement(claimed);
        if (difference != null) {
            throw new MalformedRecordException(difference);
        }
        // A start that found a snapshot's file damaged states the log without it.
        state.retain(claimed.snapshots());
    }

    /**
     * Takes any other frame.
     *
     * @throws MalformedRecordException if it makes no sense, or breaks a rule of {@link GroupState}
     */
    void frame(SegmentReader reader, long lsn) throws MalformedRecordException {
        batch.clear();
        RecordReader records = new RecordReader(reader.payload());
        while (records.next()) {
            take(records);
        }
        checkCount(records, reader);
        String violation = state.violation(batch);
        if (violation != null) {
            throw new MalformedRecordException(violation);
        }
        state.apply(batch);
        if (batch.isInstalled()) {
            frames.reset(batch.snapshot().index() + 1);
        }
        if (batch.entryCount() > 0) {
            frames.add(batch.firstIndex(), batch.entryCount(), lsn, reader.frameBytes());
        }
        if (batch.compactIndex() != 0) {
            frames.removeThrough(batch.compactIndex());
        }
    }

    private void take(RecordReader record) throws MalformedRecordException {
        switch (record.type()) {
            case RecordType.ENTRY -> {
                record.entryType();
                if (!batch.entry(record.index(), record.term())) {
                    throw new MalformedRecordException("a frame whose entries do not follow each other");
                }
            }
            case RecordType.HARD_STATE -> {
                checkOnce(batch.hardState().isEmpty());
                batch.hardState(record.hardState());
            }
            case RecordType.SNAPSHOT, RecordType.INSTALL -> {
                checkOnce(batch.snapshot().isNone());
                batch.snapshot(record.snapshot(), record.type() == RecordType.INSTALL);
            }
            case RecordType.COMPACT -> {
                checkOnce(batch.compactIndex() == 0);
                batch.compact(record.index(), record.term());
            }
            case RecordType.STATE -> stated(record.state());
            case RecordType.BOOT -> bootCount = Math.max(bootCount, record.bootCount());
            default -> throw new IllegalStateException("a known record that nobody takes: " + record.type());
        }
    }

    private static void checkOnce(boolean first) throws MalformedRecordException {
        if (!first) {
            throw new MalformedRecordException("a frame with two records of one kind");
        }
    }
}
