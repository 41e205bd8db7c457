package dev.keelraft.wal;

/** Leads the frames of a log, in order, to the states of its groups. Checks them as the writer did. */
final class Replay {
    private final Batch batch = new Batch();
    private final Groups groups = new Groups();

    /** The one that was asked for last: most logs have one, and this is asked for each frame. */
    private Group last = groups.of(Groups.FIRST);

    private boolean started;
    private long bootCount;

    Groups groups() {
        return groups;
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
        int expected = groups.stated().size();
        int stated = 0;
        long before = 0;
        while (records.next()) {
            if (records.type() != RecordType.STATE) {
                throw new MalformedRecordException("its first frame holds more than what came before");
            }
            if (stated == 0 ? records.group() != Groups.FIRST : Long.compareUnsigned(records.group(), before) <= 0) {
                throw new MalformedRecordException("its first frame does not state its groups in their order");
            }
            before = records.group();
            stated(records);
            stated++;
        }
        if (stated == 0 || (started && stated != expected)) {
            throw new MalformedRecordException(
                    "its first frame states " + stated + " groups, and there are " + expected);
        }
        checkCount(records, reader);
        started = true;
    }

    private static void checkCount(RecordReader records, SegmentReader reader) throws MalformedRecordException {
        if (records.count() != reader.recordCount()) {
            throw new MalformedRecordException(
                    "a frame with " + records.count() + " records, of " + reader.recordCount() + " announced");
        }
    }

    private void stated(RecordReader record) throws MalformedRecordException {
        GroupState claimed = record.state();
        Group group = groups.of(record.group());
        if (!started) {
            group.begin(claimed);
            return;
        }
        String difference = group.state().disagreement(claimed);
        if (difference != null) {
            throw new MalformedRecordException(difference);
        }
        // A start that found a snapshot's file damaged states the log without it.
        group.state().retain(claimed.snapshots());
    }

    /**
     * Takes any other frame.
     *
     * @throws MalformedRecordException if it makes no sense, or breaks a rule of {@link GroupState}
     */
    void frame(SegmentReader reader, long lsn) throws MalformedRecordException {
        batch.clear();
        Group group = groupOf(Groups.FIRST);
        boolean begun = false;
        RecordReader records = new RecordReader(reader.payload());
        while (records.next()) {
            if (records.type() == RecordType.STATE) {
                stated(records);
                continue;
            }
            if (!begun) {
                begun = true;
                group = groupOf(records.group());
            } else if (records.group() != group.id()) {
                throw new MalformedRecordException("a frame with batches of two groups");
            }
            take(records);
        }
        checkCount(records, reader);
        String violation = group.state().violation(batch);
        if (violation != null) {
            throw new MalformedRecordException(violation);
        }
        apply(group, reader, lsn);
    }

    private Group groupOf(long id) {
        if (last.id() != id) {
            last = groups.of(id);
        }
        return last;
    }

    private void apply(Group group, SegmentReader reader, long lsn) {
        group.state().apply(batch);
        if (batch.isInstalled()) {
            group.frames().reset(batch.snapshot().index() + 1);
        }
        if (batch.entryCount() > 0) {
            group.frames().add(batch.firstIndex(), batch.entryCount(), lsn, reader.frameBytes());
        }
        if (batch.compactIndex() != 0) {
            group.frames().removeThrough(batch.compactIndex());
        }
    }

    private void take(RecordReader record) throws MalformedRecordException {
        switch (record.type()) {
            case RecordType.ENTRY -> {
                if (!record.addTo(batch)) {
                    throw new MalformedRecordException("a frame whose entries do not follow each other");
                }
                batch.more(record.passLikeThis());
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
            case RecordType.BOOT -> {
                if (record.group() != Groups.FIRST) {
                    throw new MalformedRecordException("an open of one group alone");
                }
                bootCount = Math.max(bootCount, record.bootCount());
            }
            default -> throw new IllegalStateException("a known record that nobody takes: " + record.type());
        }
    }

    private static void checkOnce(boolean first) throws MalformedRecordException {
        if (!first) {
            throw new MalformedRecordException("a frame with two records of one kind");
        }
    }
}
