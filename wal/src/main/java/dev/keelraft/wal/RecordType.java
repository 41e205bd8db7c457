package dev.keelraft.wal;

/** What a record of a frame holds. The numbers are on disk and never change. */
final class RecordType {
    /** One entry of the log. It voids every entry of its group with the same index or a higher one. */
    static final int ENTRY = 1;

    /** The hard state of the group from here on. */
    static final int HARD_STATE = 2;

    /** A snapshot that the application made of its own state; the log stays as it is. */
    static final int SNAPSHOT = 3;

    /** A snapshot that a leader sent: it replaces all snapshots and the whole log. */
    static final int INSTALL = 4;

    /** The log starts behind this index from here on. */
    static final int COMPACT = 5;

    /** All of a group but its entries: the first frame of each segment has one for each, so that the segments before it can go. */
    static final int STATE = 6;

    /** The log was opened. */
    static final int BOOT = 7;

    /** How many bytes the head of each record takes. */
    static final int HEAD_BYTES = 16;

    /** The flag of a record which a reader that does not know its type may pass over. */
    static final int SKIPPABLE = 1;

    /** Flags of a snapshot's members: the leader leaves the joint configuration by itself; some have an incarnation. */
    static final int AUTO_LEAVE = 1;

    static final int INCARNATIONS = 2;

    /** The length of a record with a body of so many bytes: each is padded with zeros to a multiple of eight. */
    static long bytes(long bodyBytes) {
        return HEAD_BYTES + padded(bodyBytes);
    }

    static long padded(long bytes) {
        return (bytes + 7) & -8;
    }

    private RecordType() {}
}
