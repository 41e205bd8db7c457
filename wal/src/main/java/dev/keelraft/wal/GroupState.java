package dev.keelraft.wal;

import dev.keelraft.model.HardState;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * All of a group's durable state but its payloads, as of the last frame that was written or read: what the next frame is
 * checked against. It belongs to the writer. What the kernel reads is {@link WalStorage}, which may lag behind.
 */
/*
 * The checks are the same when a frame is appended and when it is read again. At an append they refuse what a defect of the
 * host or the kernel would otherwise make durable; at a replay they refuse a log that no correct writer has written.
 *
 *   1. Entries follow each other and the log without a gap, with terms that do not fall (paper, figure 3, log matching).
 *   2. No entry replaces one that was stored as committed (paper, 5.4.3, leader completeness; sofa-jraft and hashicorp have
 *      lost committed entries so).
 *   3. Term and commit do not fall; the vote changes within a term only from nobody to somebody (paper, figure 2).
 *   4. What is committed is there: commit is not beyond the last entry. A snapshot covers committed entries only.
 *   5. An installed snapshot lies beyond everything committed: one that does not would cut entries which were acknowledged.
 *
 * After a replay which starts at a later segment, the terms of entries in the segments before are unknown, and so is not
 * checked what would need them. Those entries are all compacted by the end of the replay, or the log is refused.
 */
final class GroupState {
    /** The newest snapshot, and the one before as a way back should the newest one's file turn out damaged. */
    static final int MAX_SNAPSHOTS = 2;

    /** The highest index there can be, so that there is always one behind the last. */
    static final long MAX_INDEX = Long.MAX_VALUE - 1;

    private HardState hardState;

    /** From old to new. */
    private List<SavedSnapshot> snapshots;

    private long startIndex;
    private long startTerm;
    private long lastIndex;
    private long lastTerm;

    /** Covers a part of (startIndex, lastIndex] up to its end; all of it, except during a replay. */
    private final TermRuns terms;

    /** A group of which nothing is stored. */
    GroupState() {
        this(HardState.EMPTY, List.of(), 0, 0, 0, 0);
    }

    /** A group whose entries up to the last are not known yet. */
    GroupState(
            HardState hardState,
            List<SavedSnapshot> snapshots,
            long startIndex,
            long startTerm,
            long lastIndex,
            long lastTerm) {
        this.hardState = hardState;
        this.snapshots = List.copyOf(snapshots);
        this.startIndex = startIndex;
        this.startTerm = startTerm;
        this.lastIndex = lastIndex;
        this.lastTerm = lastTerm;
        this.terms = new TermRuns(lastIndex + 1);
    }

    /** Tells whether nothing was ever stored. */
    boolean isEmpty() {
        return hardState.isEmpty() && snapshots.isEmpty() && lastIndex == 0;
    }

    HardState hardState() {
        return hardState;
    }

    /** The snapshots that the log can go back to, from old to new. */
    List<SavedSnapshot> snapshots() {
        return snapshots;
    }

    SavedSnapshot newestSnapshot() {
        return snapshots.isEmpty() ? SavedSnapshot.NONE : snapshots.get(snapshots.size() - 1);
    }

    /** The index just before the first entry: that entry is gone, its term is known. 0 in a log that was never compacted. */
    long startIndex() {
        return startIndex;
    }

    long startTerm() {
        return startTerm;
    }

    /** The index of the last entry, or {@code startIndex()} if there is none. */
    long lastIndex() {
        return lastIndex;
    }

    long lastTerm() {
        return lastTerm;
    }

    /** The terms of the entries, to be copied. */
    TermRuns terms() {
        return terms;
    }

    /** The term of an index in {@code [startIndex(), lastIndex()]}, or {@link TermRuns#UNKNOWN} during a replay. */
    long term(long index) {
        if (index == startIndex) {
            return startTerm;
        }
        return index == lastIndex ? lastTerm : terms.term(index);
    }

    /** Says which rule a batch breaks, or null if it breaks none. Changes nothing. */
    @Nullable
    String violation(Batch batch) {
        String found = hardStateViolation(batch.hardState());
        if (found == null && batch.isInstalled()) {
            found = installViolation(batch.snapshot());
        }
        if (found == null && batch.entryCount() > 0) {
            found = entriesViolation(batch);
        }
        if (found == null) {
            found = commitViolation(batch);
        }
        if (found == null && !batch.snapshot().isNone() && !batch.isInstalled()) {
            found = snapshotViolation(batch.snapshot(), commitAfter(batch));
        }
        return found == null && batch.compactIndex() != 0 ? compactViolation(batch) : found;
    }

    private @Nullable String hardStateViolation(HardState changed) {
        if (changed.isEmpty()) {
            return null;
        }
        if (changed.term() < hardState.term()) {
            return "the term goes back from " + hardState.term() + " to " + changed.term();
        }
        if (changed.term() == hardState.term() && changed.vote() != hardState.vote() && hardState.vote() != 0) {
            return "the vote of term " + changed.term() + " changes from " + Long.toUnsignedString(hardState.vote())
                    + " to " + Long.toUnsignedString(changed.vote());
        }
        if (changed.commit() < hardState.commit()) {
            return "the commit index goes back from " + hardState.commit() + " to " + changed.commit();
        }
        return null;
    }

    private @Nullable String installViolation(SavedSnapshot installed) {
        if (installed.index() <= hardState.commit() || installed.index() > MAX_INDEX) {
            return "an installed snapshot at " + installed.index() + " is not beyond the commit index "
                    + hardState.commit() + ", or too far";
        }
        return null;
    }

    private @Nullable String entriesViolation(Batch batch) {
        long start = batch.isInstalled() ? batch.snapshot().index() : startIndex;
        long last = batch.isInstalled() ? batch.snapshot().index() : lastIndex;
        long first = batch.firstIndex();
        if (first <= start || first - 1 > last || batch.lastIndex() > MAX_INDEX) {
            return "entries " + first + " to " + batch.lastIndex() + " do not continue a log of (" + start + ", " + last
                    + "]";
        }
        if (first <= hardState.commit()) {
            return "an entry at " + first + " would replace one that is committed (up to " + hardState.commit() + ")";
        }
        long before = batch.isInstalled() ? batch.snapshot().term() : Math.max(1, term(first - 1));
        for (int run = 0; run < batch.runCount(); run++) {
            long term = batch.runTerm(run);
            if (term < Math.max(1, before)) {
                return "the entry at " + batch.runIndex(run) + " has term " + term + ", the one before it " + before;
            }
            before = term;
        }
        return null;
    }

    private @Nullable String commitViolation(Batch batch) {
        long commit = commitAfter(batch);
        long last = batch.entryCount() > 0
                ? batch.lastIndex()
                : batch.isInstalled() ? batch.snapshot().index() : lastIndex;
        if (commit > last) {
            return "the commit index " + commit + " is beyond the last entry at " + last;
        }
        if (batch.isInstalled() && commit < batch.snapshot().index()) {
            return "an installed snapshot at " + batch.snapshot().index() + " is beyond the commit index " + commit
                    + " of its batch";
        }
        return null;
    }

    private long commitAfter(Batch batch) {
        return Math.max(hardState.commit(), batch.hardState().commit());
    }

    private @Nullable String snapshotViolation(SavedSnapshot saved, long commit) {
        long least = Math.max(startIndex, newestSnapshot().index());
        if (saved.index() < least || saved.index() > commit) {
            return "a snapshot at " + saved.index() + " is not in [" + least + ", " + commit
                    + "], from the newest snapshot to the commit index";
        }
        return termViolation(saved.index(), saved.term());
    }

    private @Nullable String compactViolation(Batch batch) {
        long index = batch.compactIndex();
        if (index <= startIndex || index > newestSnapshot().index()) {
            return "the log cannot be released up to " + index + ", which is not in (" + startIndex + ", "
                    + newestSnapshot().index() + "], from its start to the newest snapshot";
        }
        return termViolation(index, batch.compactTerm());
    }

    private @Nullable String termViolation(long index, long claimed) {
        long known = term(index);
        return known == claimed || known == TermRuns.UNKNOWN
                ? null
                : "the entry at " + index + " has term " + known + ", not " + claimed;
    }

    /** Takes a batch over that breaks no rule. */
    void apply(Batch batch) {
        if (!batch.hardState().isEmpty()) {
            hardState = batch.hardState();
        }
        if (batch.isInstalled()) {
            install(batch.snapshot());
        } else if (!batch.snapshot().isNone()) {
            keep(batch.snapshot());
        }
        if (batch.entryCount() > 0) {
            terms.add(batch);
            lastIndex = batch.lastIndex();
            lastTerm = batch.lastTerm();
        }
        if (batch.compactIndex() != 0) {
            compact(batch.compactIndex(), batch.compactTerm());
        }
    }

    private void install(SavedSnapshot installed) {
        snapshots = List.of(installed);
        startIndex = installed.index();
        startTerm = installed.term();
        lastIndex = startIndex;
        lastTerm = startTerm;
        terms.truncateAll(startIndex + 1);
    }

    private void keep(SavedSnapshot saved) {
        SavedSnapshot before = newestSnapshot();
        snapshots = before.isNone() ? List.of(saved) : List.of(before, saved);
    }

    private void compact(long index, long term) {
        startIndex = index;
        startTerm = term;
        terms.removeThrough(index);
        // A snapshot before the start of the log is no way back: the entries behind it are gone.
        if (snapshots.size() > 1 && snapshots.get(0).index() < index) {
            snapshots = List.of(newestSnapshot());
        }
    }

    /** Says how a state that the log states itself differs from what its frames have led to, or null if it does not. */
    @Nullable
    String disagreement(GroupState stated) {
        boolean same = hardState.equals(stated.hardState)
                && startIndex == stated.startIndex
                && startTerm == stated.startTerm
                && lastIndex == stated.lastIndex
                && lastTerm == stated.lastTerm
                && snapshots.containsAll(stated.snapshots);
        return same ? null : "the log states " + stated + ", and its frames lead to " + this;
    }

    /** Forgets all snapshots but these. */
    void retain(List<SavedSnapshot> usable) {
        snapshots = List.copyOf(usable);
    }

    @Override
    public String toString() {
        return hardState + ", entries (" + startIndex + " of term " + startTerm + ", " + lastIndex + " of term "
                + lastTerm + "], snapshots " + snapshots;
    }
}
