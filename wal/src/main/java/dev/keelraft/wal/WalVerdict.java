package dev.keelraft.wal;

import java.util.List;

/**
 * What a log is worth: what an open would say to it, with what an operator, or a repair from the other members, needs to know.
 *
 * @param kind what an open would do
 * @param text what has happened, what is safe and what to do; the text of the exception where an open throws one
 * @param file the file where the trouble begins; empty if there is none
 * @param offset the first byte of that file which cannot be trusted
 * @param endPosition where the log ends, or its good part: the end of the last frame that is whole, in bytes over all segments;
 *     0 if none is
 * @param certifiedPosition up to where it was durable once, as far as the remains tell; -1 if they tell nothing
 * @param droppedBytes how many bytes behind the end an open drops
 * @param lastGood the last entry of each group before the trouble, in ascending order of the groups' ids
 * @param later what can still be read behind the damage, the first of it. Entries between {@code lastGood} and this are lost
 *     here, and must come from other members
 * @param laterFrames how many frames behind the damage can still be read, with those that {@code later} leaves out
 * @param laterEntries how many entries they hold
 * @param cutPosition where {@link WalRepair} can cut the log; -1 if it cannot
 * @param cutProblem why it cannot cut a damaged log; empty otherwise
 */
public record WalVerdict(
        Kind kind,
        String text,
        String file,
        long offset,
        long endPosition,
        long certifiedPosition,
        long droppedBytes,
        List<LastEntry> lastGood,
        List<Fragment> later,
        long laterFrames,
        long laterEntries,
        long cutPosition,
        String cutProblem) {

    /** What an open would do. */
    public enum Kind {
        /** It would find everything. */
        CLEAN,
        /** It would drop a write that was not finished, and that nobody had been told of. */
        TORN,
        /** It would refuse: {@link WalCorrupt}. */
        CORRUPT,
        /** It would refuse: {@link WalIdentityMismatch}, {@link WalMustRejoin}. */
        IDENTITY,
        /** It would fail: {@link WalFailed}. */
        IO_ERROR,
        /** It would refuse: {@link WalUnsupportedVersion}. */
        UNSUPPORTED
    }

    /**
     * Where the good part of a group's log ends.
     *
     * @param group its id
     * @param index the last index; 0 if it has no entry
     * @param term of that
     */
    public record LastEntry(long group, long index, long term) {}

    /**
     * A frame with entries that can be read behind the damage. Its checksums hold; that it continues the log is not proven.
     *
     * @param file where it is
     * @param position where it begins, in bytes over all segments
     * @param batch its number
     * @param group the group of its entries
     * @param firstIndex of its entries
     * @param lastIndex of its entries
     * @param firstTerm the term of the first
     * @param lastTerm the term of the last
     */
    public record Fragment(
            String file,
            long position,
            long batch,
            long group,
            long firstIndex,
            long lastIndex,
            long firstTerm,
            long lastTerm) {}

    /**
     * Copies the lists.
     *
     * @param kind see above
     * @param text see above
     * @param file see above
     * @param offset see above
     * @param endPosition see above
     * @param certifiedPosition see above
     * @param droppedBytes see above
     * @param lastGood see above
     * @param later see above
     * @param laterFrames see above
     * @param laterEntries see above
     * @param cutPosition see above
     * @param cutProblem see above
     */
    public WalVerdict {
        lastGood = List.copyOf(lastGood);
        later = List.copyOf(later);
    }

    /** Tells whether a log can be opened as it is. */
    public boolean opens() {
        return kind == Kind.CLEAN || kind == Kind.TORN;
    }
}
