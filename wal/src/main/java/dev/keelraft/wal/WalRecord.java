package dev.keelraft.wal;

import dev.keelraft.model.EntryType;
import dev.keelraft.model.HardState;
import java.util.Optional;

/**
 * One record of a log, as {@link WalInspection} shows it. What a type does not have is 0 or empty.
 *
 * @param position where it begins, in bytes over all segments
 * @param batch the number of the frame that it is part of: records of one batch live or die together
 * @param type what it says
 * @param group the group that it belongs to
 * @param index of the entry; of a snapshot, or up to where the log was released; in a {@code STATE} of the last entry
 * @param term of the same
 * @param entryType what kind of entry it is
 * @param hardState the group's from here on; {@link HardState#EMPTY} if it does not say
 * @param file the file of the snapshot, in a {@code STATE} of the newest one; {@link SnapshotFile#NONE} if there is none
 * @param bootCount the number of the open, in a {@code BOOT}
 * @param payloadBytes how long the payload of the entry is
 * @param payloadCrc32c the CRC-32C of that payload
 * @param payload itself, if it was asked for, and empty if not. A copy, which belongs to whoever gets it
 */
public record WalRecord(
        long position,
        long batch,
        Type type,
        long group,
        long index,
        long term,
        Optional<EntryType> entryType,
        HardState hardState,
        SnapshotFile file,
        long bootCount,
        int payloadBytes,
        int payloadCrc32c,
        byte[] payload) {

    /** What a record says. The description of the package has more. */
    public enum Type {
        /** An entry of the log. It voids what its group had at its index and behind it. */
        ENTRY,
        /** The hard state. */
        HARD_STATE,
        /** A snapshot that the application took of its own state. */
        SNAPSHOT,
        /** A snapshot that a leader sent: it replaces the log. */
        INSTALL,
        /** The log was released up to an index. */
        COMPACT,
        /** All of a group but its entries, at the beginning of each segment. */
        STATE,
        /** The log was opened. */
        BOOT
    }

    /** The record on which a reader stands. */
    static WalRecord of(RecordReader record, long position, long batch, boolean withPayload, Checksum checksum)
            throws MalformedRecordException {
        return switch (record.type()) {
            case RecordType.ENTRY ->
                new WalRecord(
                        position,
                        batch,
                        Type.ENTRY,
                        record.group(),
                        record.index(),
                        record.term(),
                        Optional.of(record.entryType()),
                        HardState.EMPTY,
                        SnapshotFile.NONE,
                        0,
                        record.dataBytes(),
                        record.dataChecksum(checksum),
                        withPayload ? record.entry().data() : new byte[0]);
            case RecordType.HARD_STATE -> {
                HardState state = record.hardState();
                yield small(record, position, batch, Type.HARD_STATE, 0, state.term(), state, SnapshotFile.NONE, 0);
            }
            case RecordType.SNAPSHOT -> snapshot(record, position, batch, Type.SNAPSHOT);
            case RecordType.INSTALL -> snapshot(record, position, batch, Type.INSTALL);
            case RecordType.COMPACT ->
                small(
                        record,
                        position,
                        batch,
                        Type.COMPACT,
                        record.index(),
                        record.term(),
                        HardState.EMPTY,
                        SnapshotFile.NONE,
                        0);
            case RecordType.STATE -> {
                GroupState state = record.state();
                yield small(
                        record,
                        position,
                        batch,
                        Type.STATE,
                        state.lastIndex(),
                        state.lastTerm(),
                        state.hardState(),
                        state.newestSnapshot().file(),
                        0);
            }
            case RecordType.BOOT ->
                small(record, position, batch, Type.BOOT, 0, 0, HardState.EMPTY, SnapshotFile.NONE, record.bootCount());
            default -> throw new IllegalStateException("a known record without a name: " + record.type());
        };
    }

    private static WalRecord snapshot(RecordReader record, long position, long batch, Type type)
            throws MalformedRecordException {
        SavedSnapshot saved = record.snapshot();
        return small(record, position, batch, type, saved.index(), saved.term(), HardState.EMPTY, saved.file(), 0);
    }

    private static WalRecord small(
            RecordReader record,
            long position,
            long batch,
            Type type,
            long index,
            long term,
            HardState hardState,
            SnapshotFile file,
            long bootCount) {
        return new WalRecord(
                position,
                batch,
                type,
                record.group(),
                index,
                term,
                Optional.empty(),
                hardState,
                file,
                bootCount,
                0,
                0,
                new byte[0]);
    }
}
