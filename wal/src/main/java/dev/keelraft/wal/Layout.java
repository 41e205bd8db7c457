package dev.keelraft.wal;

import java.nio.file.Path;

/**
 * Where things lie.
 *
 * @param data the directory that the host has named
 * @param raft the log's own directory in it
 */
record Layout(Path data, Path raft) {
    /** How the names of directories begin in which a log is being created. */
    static final String UNFINISHED = "raft.tmp-";

    private static final String SUFFIX = ".wal";
    private static final String SPARE = "spare-";
    private static final String TEMPORARY = ".tmp";
    private static final int SEQUENCE_DIGITS = 16;

    /** The layout of the log of a data directory. */
    static Layout in(Path data) {
        return new Layout(data, data.resolve("raft"));
    }

    /** The layout of a log that is being created, and does not have its name yet. */
    Layout unfinished(long nonce) {
        return new Layout(data, data.resolve(UNFINISHED + String.format("%016x", nonce)));
    }

    Path lock() {
        return raft.resolve("LOCK");
    }

    Path owner() {
        return raft.resolve("OWNER");
    }

    Path identity() {
        return raft.resolve("IDENTITY");
    }

    /** IDENTITY in preparation, of no meaning until it has its final name. */
    Path nextIdentity() {
        return raft.resolve("IDENTITY" + TEMPORARY);
    }

    Path mark() {
        return raft.resolve("MARK");
    }

    /** MARK in preparation, of no meaning until it has its final name. */
    Path nextMark() {
        return raft.resolve("MARK" + TEMPORARY);
    }

    Path segments() {
        return raft.resolve("wal");
    }

    Path snapshots() {
        return raft.resolve("snap");
    }

    /** What a repair has cut off, in one directory for each. */
    Path quarantine() {
        return raft.resolve("quarantine");
    }

    Path segment(long sequence) {
        return segments().resolve(String.format("%016x", sequence) + SUFFIX);
    }

    /** A segment in preparation, of no meaning until it has its final name. */
    Path nextSegment() {
        return segments().resolve("next" + TEMPORARY);
    }

    /** A file that is prepared for a segment to come, of no meaning either. */
    Path spare(long nonce) {
        return segments().resolve(SPARE + String.format("%016x", nonce) + TEMPORARY);
    }

    /** Tells whether a name in {@link #segments} is that of a file which never means anything to an open. */
    boolean isTemporary(String name) {
        return segments().resolve(name).equals(nextSegment()) || (name.startsWith(SPARE) && name.endsWith(TEMPORARY));
    }

    /** The sequence number that a file name stands for, or 0 if it is not that of a segment. */
    static long sequenceOf(String name) {
        if (name.length() != SEQUENCE_DIGITS + SUFFIX.length() || !name.endsWith(SUFFIX)) {
            return 0;
        }
        long sequence = 0;
        for (int i = 0; i < SEQUENCE_DIGITS; i++) {
            int digit = "0123456789abcdef".indexOf(name.charAt(i));
            if (digit < 0) {
                return 0;
            }
            sequence = sequence << 4 | digit;
        }
        return Math.max(sequence, 0);
    }
}
