package dev.keelraft.wal;

import dev.keelraft.model.HardState;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * What is in the directory of a log, as far as it can be read.
 *
 * @param directory the log's own, {@code raft}
 * @param verdict what it is worth
 * @param identity whose it is
 * @param mark what MARK says
 * @param segments the files of the log, from old to new; also those that cannot be read
 * @param groups the groups at the end of the log, or of its good part, in ascending order of their ids
 * @param snapshots those that the groups refer to, from old to new
 * @param owner which process has opened it last
 * @param inUse whether somebody was writing it. Then it was read up to where it was durable in the beginning, and of what is
 *     behind nothing is said
 * @param others whatever else is there
 */
public record WalReport(
        Path directory,
        WalVerdict verdict,
        Optional<Identity> identity,
        Optional<Marked> mark,
        List<SegmentFile> segments,
        List<GroupLog> groups,
        List<SavedState> snapshots,
        Optional<LastOwner> owner,
        boolean inUse,
        List<OtherFile> others) {

    /**
     * Whose log it is.
     *
     * @param member the member and its cluster
     * @param incarnation drawn when the log was created
     * @param log drawn when the log was created; every file repeats it
     * @param created when that was
     * @param major the major version of the format
     * @param minor the minor version
     * @param mustRejoin whether a repair has dropped what was durable: see {@link WalMustRejoin}
     * @param damagedCopy which of the two copies cannot be read, 1 or 2; 0 if both can
     */
    public record Identity(
            WalIdentity member,
            UUID incarnation,
            UUID log,
            Instant created,
            int major,
            int minor,
            boolean mustRejoin,
            int damagedCopy) {}

    /**
     * What MARK says.
     *
     * @param bootCount how often the log was opened
     * @param durablePosition up to where it was durable when that was written
     * @param lastBatch the number of the last frame then
     * @param firstSegment the first segment that counts
     * @param lastSegment the last one that there was
     * @param closed whether the log was closed there
     * @param slotUnreadable whether one of its two slots cannot be read: a crash leaves it so, and rot
     */
    public record Marked(
            long bootCount,
            long durablePosition,
            long lastBatch,
            long firstSegment,
            long lastSegment,
            boolean closed,
            boolean slotUnreadable) {}

    /**
     * A file of the log.
     *
     * @param name in the directory {@code wal}
     * @param number of the segment
     * @param bytes its length; -1 if it cannot be opened
     * @param position of its first byte in the log; -1 if its header cannot be read
     * @param endPosition where the log in it ends, as far as it is good; -1 if nothing of it is
     * @param bootCount during which open it was begun; -1 if its header cannot be read
     */
    public record SegmentFile(String name, long number, long bytes, long position, long endPosition, long bootCount) {}

    /**
     * The log of a group.
     *
     * @param group its id
     * @param hardState its newest
     * @param firstIndex of the first entry that is there, or will be
     * @param lastIndex of the last entry, or {@code firstIndex - 1}
     * @param lastTerm the term of that
     */
    public record GroupLog(long group, HardState hardState, long firstIndex, long lastIndex, long lastTerm) {}

    /**
     * A snapshot that a group refers to.
     *
     * @param group its id
     * @param index up to where it holds the group's state
     * @param term of that
     * @param file where that is
     * @param content whether the file is what it should be
     */
    public record SavedState(long group, long index, long term, SnapshotFile file, Content content) {}

    /** Whether a file is what it should be. */
    public enum Content {
        /** It is there, with its length and checksum. */
        WHOLE,
        /** It is there, and has another length or another checksum. */
        DAMAGED,
        /** It is not there. */
        MISSING,
        /** It was not looked at: a newer one is whole. */
        NOT_READ,
        /** It cannot be read. */
        UNREADABLE
    }

    /**
     * Which process has opened the log last.
     *
     * @param pid its number
     * @param since when that was, by its clock
     * @param alive whether it lives, as far as this one can see: not into other machines and containers
     */
    public record LastOwner(long pid, Instant since, boolean alive) {}

    /**
     * A file that is no part of the log.
     *
     * @param name below the directory of the log
     * @param bytes its length; -1 for directories
     * @param meaning what it is
     */
    public record OtherFile(String name, long bytes, Meaning meaning) {}

    /** What a file that is no part of the log is. */
    public enum Meaning {
        /** A segment that was released; the next open deletes it. */
        RELEASED_SEGMENT,
        /** A file in preparation, or what a crash has left of one; the next open deletes or replaces it. */
        IN_PREPARATION,
        /** A file among the snapshots that the log does not refer to; the host may delete it. */
        UNREFERENCED_SNAPSHOT,
        /** What repairs have cut off. */
        QUARANTINE,
        /** Nothing that the log knows. */
        UNKNOWN
    }

    /**
     * Copies the lists.
     *
     * @param directory see above
     * @param verdict see above
     * @param identity see above
     * @param mark see above
     * @param segments see above
     * @param groups see above
     * @param snapshots see above
     * @param owner see above
     * @param inUse see above
     * @param others see above
     */
    public WalReport {
        segments = List.copyOf(segments);
        groups = List.copyOf(groups);
        snapshots = List.copyOf(snapshots);
        others = List.copyOf(others);
    }
}
