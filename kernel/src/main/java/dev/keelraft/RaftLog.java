package dev.keelraft;

import dev.keelraft.model.Entry;
import dev.keelraft.model.Snapshot;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * The node's log: {@link Storage} for what is durable, {@link Unstable} for what is not yet, and the marks that run along it.
 *
 * <pre>
 *    firstIndex ...        applied  &lt;=  applying  &lt;=  committed  &lt;=  lastIndex
 *                             |            |             |              |
 *        the host has applied it           |    a quorum has it         |
 *                     handed out to be applied         the last entry, durable or not
 * </pre>
 *
 * <p>It never sees a message. What it guarantees: a committed entry is never overwritten, a mark never moves back, and an entry
 * is handed out to be applied once.
 */
final class RaftLog {
    /** The term of an index that is compacted away, or beyond the end. It matches no real term. */
    static final long UNKNOWN_TERM = -1;

    private final CheckedStorage storage;
    private final Unstable unstable;

    private long committed;
    private long applying;
    private long applied;

    /** Where the configuration changes are that are not applied yet, in ascending order; nearly always there is none. */
    private final ArrayDeque<Long> unappliedConfChanges = new ArrayDeque<>();

    /** Bytes that are handed out to be applied, and what they are bounded by. */
    private long applyingBytes;

    private final long maxApplyingBytes;

    /** Storage is fetching the entries to apply next. */
    private boolean applyFetching;

    /** Nothing more is handed out until some of it has been applied: the bound is reached, or would be by the next entry. */
    private boolean applyingPaused;

    RaftLog(CheckedStorage storage, long maxApplyingBytes) {
        this.storage = storage;
        this.maxApplyingBytes = maxApplyingBytes;
        this.unstable = new Unstable(storage.lastIndex() + 1);
        // Whatever is compacted was applied, so it was committed.
        this.committed = storage.firstIndex() - 1;
        this.applying = committed;
        this.applied = committed;
    }

    /** Takes up what an earlier life has left: how far it had applied the log, and what stands in it behind that. */
    void recover(long commitIndex, long appliedIndex) {
        commitTo(commitIndex);
        appliedTo(appliedIndex, 0);
        storage.forEach(appliedIndex + 1, maxApplyingBytes, this::noteConfChanges);
    }

    // What is where

    long firstIndex() {
        return unstable.hasSnapshot() ? unstable.snapshot().index() + 1 : storage.firstIndex();
    }

    long lastIndex() {
        if (!unstable.isEmpty()) {
            return unstable.lastIndex();
        }
        return unstable.hasSnapshot() ? unstable.snapshot().index() : storage.lastIndex();
    }

    long lastTerm() {
        long term = term(lastIndex());
        Invariant.check(
                term != UNKNOWN_TERM,
                "the term of the last index %d is known (log from %d)",
                lastIndex(),
                firstIndex());
        return term;
    }

    /** The term of an index, also of the one just before the first entry; {@link #UNKNOWN_TERM} for any other. */
    long term(long index) {
        if (!unstable.isEmpty() && index >= unstable.offset()) {
            return index <= unstable.lastIndex() ? unstable.get(index).term() : UNKNOWN_TERM;
        }
        if (unstable.hasSnapshot()) {
            return index == unstable.snapshot().index() ? unstable.snapshot().term() : UNKNOWN_TERM;
        }
        if (index < storage.firstIndex() - 1 || index > storage.lastIndex()) {
            return UNKNOWN_TERM;
        }
        return storage.term(index);
    }

    boolean matches(long index, long term) {
        return term(index) == term;
    }

    /** Whether a candidate's log is at least as up-to-date as this one (paper, 5.4.1): by term first, then by length. */
    boolean isUpToDate(long candidateIndex, long candidateTerm) {
        long ownTerm = lastTerm();
        return candidateTerm > ownTerm || (candidateTerm == ownTerm && candidateIndex >= lastIndex());
    }

    /**
     * Entries from an index on: at least one, if there is any, then as many as {@code maxBytes} allows; none also if storage has
     * to fetch them.
     */
    List<Entry> entriesFrom(long index, long maxBytes) {
        long last = lastIndex();
        return index > last ? List.of() : entries(index, last + 1, maxBytes);
    }

    /**
     * Entries in {@code [low, high)}: at least one, then as many as {@code maxBytes} allows; none if storage has to fetch them. All
     * of them must be there.
     */
    private List<Entry> entries(long low, long high, long maxBytes) {
        Invariant.check(low >= firstIndex(), "index %d >= first index %d", low, firstIndex());
        long offset = unstable.offset();
        if (low >= offset) {
            return unstable.entries().copy(low, unstable.entries().endWithin(low, high, maxBytes));
        }
        long cut = Math.min(high, offset);
        List<Entry> stored = storage.entries(low, cut, maxBytes);
        if (high <= offset || stored.size() < cut - low) {
            // Storage has no more within the limit, or at hand.
            return stored;
        }
        long room = maxBytes - Entry.wireBytes(stored);
        if (room <= 0 || unstable.get(offset).wireBytes() > room) {
            return stored;
        }
        List<Entry> joined = new ArrayList<>(stored);
        joined.addAll(unstable.entries().copy(offset, unstable.entries().endWithin(offset, high, room)));
        return List.copyOf(joined);
    }

    // Appending

    /** Appends what a leader creates. */
    void append(List<Entry> entries) {
        long previous = entries.get(0).index() - 1;
        Invariant.check(previous >= committed, "append behind %d, committed is %d", previous, committed);
        unstable.append(entries);
        noteConfChanges(entries);
    }

    private void noteConfChanges(List<Entry> entries) {
        long from = entries.get(0).index();
        while (!unappliedConfChanges.isEmpty() && unappliedConfChanges.peekLast() >= from) {
            unappliedConfChanges.removeLast();
        }
        for (int i = 0; i < entries.size(); i++) {
            if (entries.get(i).type().isConfChange()) {
                unappliedConfChanges.addLast(entries.get(i).index());
            }
        }
    }

    /**
     * Appends what a leader sends, behind a place that matches (paper, AppendEntries 2 to 4). Entries that are there already
     * stay, with all behind them, for the message may be an old one; only a real conflict cuts the log.
     *
     * @return whether the place matches
     */
    boolean appendIfMatching(long prevIndex, long prevTerm, List<Entry> entries) {
        if (!matches(prevIndex, prevTerm)) {
            return false;
        }
        int conflict = firstConflict(entries);
        if (conflict < entries.size()) {
            long index = entries.get(conflict).index();
            if (index <= committed) {
                throw new RaftFailedException(
                        FailureCause.LOG_CONFLICT,
                        "a leader's entry " + entries.get(conflict) + " differs from the one of term " + term(index)
                                + " that is committed here (commit " + committed + ")",
                        null);
            }
            append(entries.subList(conflict, entries.size()));
        }
        return true;
    }

    /** The place of the first entry that is not in the log; the size of the list if all are. */
    private int firstConflict(List<Entry> entries) {
        for (int i = 0; i < entries.size(); i++) {
            Entry entry = entries.get(i);
            if (!matches(entry.index(), entry.term())) {
                return i;
            }
        }
        return entries.size();
    }

    /**
     * The highest index, at most {@code index}, whose entry has at most the given term: above it, a log with that term at that
     * place cannot agree with this one. So each probe skips a whole term (paper, end of 5.3). An index whose term is unknown
     * may agree.
     */
    long lastPossibleMatch(long index, long term) {
        long candidate = index;
        while (candidate > 0) {
            long own = term(candidate);
            if (own == UNKNOWN_TERM || own <= term) {
                return candidate;
            }
            candidate--;
        }
        return 0;
    }

    // Committing

    long committed() {
        return committed;
    }

    /** Moves the commit index, if forward. */
    void commitTo(long index) {
        commitTo(index, 0);
    }

    /**
     * Moves the commit index, if forward, to what the leader knows this node to have acknowledged, so it must be there.
     *
     * @param indexTerm the term of the leader's entry there, or 0 if it does not say
     */
    void commitTo(long index, long indexTerm) {
        if (index <= committed) {
            return;
        }
        if (index > lastIndex()) {
            throw lost(index, "whose log ends at " + lastIndex());
        }
        // Another disk, or an old copy of this one, may be as long: an entry there that was never committed would be
        // taken for the one that this node has acknowledged.
        if (indexTerm != 0 && !matches(index, indexTerm)) {
            throw lost(index, "whose entry there is of term " + term(index) + ", not " + indexTerm);
        }
        committed = index;
    }

    private static RaftFailedException lost(long index, String what) {
        return new RaftFailedException(
                FailureCause.LOG_LOSS,
                "the leader knows index " + index + " to be committed and acknowledged by this node, " + what
                        + ": acknowledged entries were lost",
                null);
    }

    /** The term of the entry up to which the log is committed. */
    long committedTerm() {
        long term = term(committed);
        Invariant.check(
                term != UNKNOWN_TERM,
                "the term of the commit index %d is known (log from %d)",
                committed,
                firstIndex());
        return term;
    }

    /**
     * Takes a peer's word that the entry of a term at an index is committed, which holds for this log too if it has that entry.
     *
     * @return whether that is news
     */
    boolean commitIfMatching(long index, long term) {
        if (index <= committed || !matches(index, term)) {
            return false;
        }
        committed = index;
        return true;
    }

    // Applying

    long applied() {
        return applied;
    }

    long applying() {
        return applying;
    }

    /**
     * The committed entries to apply next: at least one, if any, then as many as the bound allows. While a snapshot is being
     * installed there are none, for the state machine would skip or repeat some.
     *
     * @param highest no entry beyond it: later ones are not durable, or not even handed out to be stored
     */
    List<Entry> nextCommitted(long highest) {
        if (!hasNextCommitted(highest)) {
            return List.of();
        }
        long last = Math.min(committed, highest);
        List<Entry> next = entries(applying + 1, last + 1, maxApplyingBytes - applyingBytes);
        applyFetching = next.isEmpty();
        return next;
    }

    boolean hasNextCommitted(long highest) {
        return !applyingPaused && !applyFetching && !unstable.hasSnapshot() && applying < Math.min(committed, highest);
    }

    /** Storage may have now what it had to fetch. */
    void entriesFetched() {
        applyFetching = false;
    }

    /** The host was given these entries to apply, and more could follow up to {@code highest}. */
    void handOutCommitted(List<Entry> entries, long highest) {
        applying = entries.get(entries.size() - 1).index();
        applyingBytes += Entry.wireBytes(entries);
        // If something was left behind, the next entry alone would break the bound.
        applyingPaused = applyingBytes >= maxApplyingBytes || applying < Math.min(committed, highest);
    }

    /** The host has applied the entries up to an index, of so many bytes; or has installed a snapshot, of none. */
    void appliedTo(long index, long wireBytes) {
        Invariant.check(index <= committed, "applied %d <= committed %d", index, committed);
        Invariant.check(index >= applied, "applied %d does not move back from %d", index, applied);
        applied = index;
        while (hasConfChangeAhead() && unappliedConfChanges.peekFirst() <= index) {
            unappliedConfChanges.removeFirst();
        }
        applying = Math.max(applying, index);
        applyingBytes = Math.max(0, applyingBytes - wireBytes);
        applyingPaused = applyingBytes >= maxApplyingBytes;
    }

    /**
     * Whether a configuration change is committed and not applied: the node may not know the members that count. Known without a
     * look at the log, so a compaction that runs ahead of the acknowledgement of what was applied does no harm.
     */
    boolean hasUnappliedConfChange() {
        return hasConfChangeAhead() && unappliedConfChanges.peekFirst() <= committed;
    }

    /** Whether a configuration change stands in the log and is not applied, committed or not. */
    boolean hasConfChangeAhead() {
        return !unappliedConfChanges.isEmpty();
    }

    // Storing

    Unstable unstable() {
        return unstable;
    }

    Snapshot storedSnapshot() {
        return unstable.hasSnapshot() ? unstable.snapshot() : storage.snapshot();
    }

    boolean hasPendingSnapshot() {
        return unstable.hasSnapshot();
    }

    /** The last index that is durable, as far as the host has said. */
    long durableIndex() {
        return unstable.offset() - 1;
    }

    /** Replaces everything by a snapshot. */
    void restore(Snapshot snapshot) {
        committed = snapshot.index();
        unstable.restore(snapshot);
        unappliedConfChanges.clear();
    }

    void checkInvariants() {
        unstable.checkInvariants();
        Invariant.check(applied <= applying, "applied %d <= applying %d", applied, applying);
        Invariant.check(applying <= committed, "applying %d <= committed %d", applying, committed);
        Invariant.check(committed <= lastIndex(), "committed %d <= last index %d", committed, lastIndex());
    }

    @Override
    public String toString() {
        return "log [" + firstIndex() + ", " + lastIndex() + "] committed " + committed + " applying " + applying
                + " applied " + applied + " durable " + durableIndex();
    }
}
