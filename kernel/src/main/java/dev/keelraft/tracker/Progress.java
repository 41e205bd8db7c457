package dev.keelraft.tracker;

import dev.keelraft.model.ProgressState;

/**
 * What a leader knows of one peer's log, and what it may send it next (paper, figure 2: nextIndex and matchIndex).
 *
 * <pre>
 *                       rejected, unreachable
 *              +-------------------------------+
 *              v                               |
 *          +-------+   acknowledged      +-----------+
 *     ---> | PROBE | ------------------> | REPLICATE |
 *          +-------+                     +-----------+
 *            ^   | entries are gone            | entries are gone
 *            |   v                             |
 *          +----------+ <----------------------+
 *          | SNAPSHOT |    acknowledged up to where the leader's log begins: REPLICATE
 *          +----------+    reported as done or failed: PROBE
 * </pre>
 *
 * <p>Invariants: {@code match < next}; what is in flight ends before {@code next}; only REPLICATE has anything in flight; only
 * SNAPSHOT has a pending snapshot.
 */
public final class Progress {
    private long match;
    private long next;
    private ProgressState state = ProgressState.PROBE;

    /** The highest commit index that was sent. It may have been lost; then a heartbeat brings it again. */
    private long sentCommit;

    /** The highest commit index that was named with its term, which the leader's log may not know any more. */
    private long namedCommit;

    private long namedCommitTerm;

    private long pendingSnapshot;

    /** Whether the peer has answered since the last check of the quorum. */
    private boolean recentlyActive;

    /** In PROBE: an append is out. In REPLICATE: the window was full after the last append. */
    private boolean paused;

    /** The leader's tick in which the peer has answered last. */
    private long heardTick;

    /** For how many ticks it has been in SNAPSHOT. */
    private long snapshotTicks;

    /** The index of the entry that storage is fetching for this peer, or 0. */
    private long fetching;

    private Wish wish = Wish.NOTHING;

    private final Inflights inflights;

    /** What a peer is to be sent with the next Ready. */
    private enum Wish {
        NOTHING,
        /** An append, if there are entries for it. */
        ENTRIES,
        /** An append, even an empty one: its commit index or its answer is wanted. */
        APPEND
    }

    /**
     * A peer of which nothing is known.
     *
     * @param next the first index to try
     */
    public Progress(long next, int inflightMessagesMax, long inflightBytesMax) {
        this.next = next;
        this.inflights = new Inflights(inflightMessagesMax, inflightBytesMax);
    }

    /** The highest index that is known to be the same, and durable, in the peer's log. */
    public long match() {
        return match;
    }

    /** The index of the next entry to send. */
    public long next() {
        return next;
    }

    /** How the peer is treated. */
    public ProgressState state() {
        return state;
    }

    /** The index of the snapshot that the peer was sent, in SNAPSHOT; otherwise 0. */
    public long pendingSnapshot() {
        return pendingSnapshot;
    }

    /** Tells whether the peer has answered since the last check of the quorum. */
    public boolean isRecentlyActive() {
        return recentlyActive;
    }

    /** Notes that the peer has answered, or that a check of the quorum starts anew. */
    public void setRecentlyActive(boolean active) {
        recentlyActive = active;
    }

    /** Notes that the peer has answered, in a tick of the leader's. */
    public void heard(long tick) {
        recentlyActive = true;
        heardTick = tick;
    }

    /** The leader's tick in which the peer has answered last; 0 if it has not yet. */
    public long heardTick() {
        return heardTick;
    }

    /** Lets a tick pass, and returns for how many the peer has been in SNAPSHOT; 0 in another state. */
    public long snapshotTick() {
        if (state == ProgressState.SNAPSHOT) {
            snapshotTicks++;
        }
        return snapshotTicks;
    }

    /** Tells whether the next entries for the peer are being fetched. */
    public boolean isFetching() {
        return fetching == next;
    }

    /** Notes that storage does not have the next entries for the peer at hand. */
    public void fetching() {
        fetching = next;
    }

    /** Notes that storage may have them now. */
    public void fetched() {
        fetching = 0;
    }

    /** What is on its way. */
    public Inflights inflights() {
        return inflights;
    }

    /** Tells whether no append may be sent, not even an empty one. */
    public boolean isPaused() {
        return state == ProgressState.SNAPSHOT || paused;
    }

    /** Stops sending until the peer answers. */
    public void pause() {
        paused = true;
    }

    /** Lets one more append out: the peer is alive, so what was sent may have been lost (thesis 10.1.3). */
    public void resume() {
        paused = false;
    }

    /** Tells whether the next append may hold entries: a full window lets empty ones through, so that a lost one is found. */
    public boolean mayCarryEntries() {
        return state != ProgressState.REPLICATE || !inflights.isFull();
    }

    /**
     * Notes that the peer is to be sent an append with the next Ready.
     *
     * @param evenEmpty whether one without entries is worth sending
     */
    public void wantAppend(boolean evenEmpty) {
        if (evenEmpty) {
            wish = Wish.APPEND;
        } else if (wish == Wish.NOTHING) {
            wish = Wish.ENTRIES;
        }
    }

    /** Tells whether {@link #wantAppend} was said since {@link #forgetWish}. */
    public boolean wantsAppend() {
        return wish != Wish.NOTHING;
    }

    /** Tells whether even an append without entries is wanted. */
    public boolean wantsEmptyAppend() {
        return wish == Wish.APPEND;
    }

    /** Notes that what was wanted has been seen to. */
    public void forgetWish() {
        wish = Wish.NOTHING;
    }

    /** Starts to look for the end of the peer's log. */
    public void becomeProbe() {
        // After a snapshot the peer has at least that, if it arrived.
        long known = state == ProgressState.SNAPSHOT ? Math.max(match, pendingSnapshot) : match;
        enter(ProgressState.PROBE);
        moveNext(known + 1);
    }

    /** Starts to send ahead: the end of the peer's log is known. */
    public void becomeReplicate() {
        enter(ProgressState.REPLICATE);
        next = match + 1;
    }

    /** Notes that a snapshot was sent in place of entries. */
    public void becomeSnapshot(long snapshotIndex) {
        enter(ProgressState.SNAPSHOT);
        pendingSnapshot = snapshotIndex;
        next = snapshotIndex + 1;
        sentCommit = snapshotIndex;
    }

    private void enter(ProgressState newState) {
        state = newState;
        paused = false;
        pendingSnapshot = 0;
        snapshotTicks = 0;
        inflights.reset();
    }

    /** The snapshot did not arrive: the peer is no further than what it has acknowledged. */
    public void snapshotFailed() {
        pendingSnapshot = 0;
    }

    /** Notes that an append was sent. */
    public void sentAppend(int entryCount, long payloadBytes, long commit) {
        if (state == ProgressState.REPLICATE) {
            if (entryCount > 0) {
                next += entryCount;
                inflights.add(next - 1, payloadBytes);
            }
            paused = inflights.isFull();
        } else if (entryCount > 0) {
            // An empty append does not pause a probe: it costs nothing, and the answer to a full one may be on its way.
            paused = true;
        }
        sentCommit = commit;
    }

    /** Notes the commit index that a heartbeat carries. */
    public void sentHeartbeat(long commit) {
        sentCommit = commit;
    }

    /** Notes of which term the entry is up to which a heartbeat commits. */
    public void nameCommit(long commit, long term) {
        namedCommit = commit;
        namedCommitTerm = term;
    }

    /** The commit index that was named last, and its entry is in the peer's log. */
    public long namedCommit() {
        return namedCommit;
    }

    /** The term of the entry at {@link #namedCommit}. */
    public long namedCommitTerm() {
        return namedCommitTerm;
    }

    /**
     * Tells whether an append could teach the peer a higher commit index: it was not sent yet, and what was sent does not cover
     * yet all that the peer has, or will have once the appends in flight arrive.
     */
    public boolean canLearnCommit(long commit) {
        return commit > sentCommit && sentCommit < next - 1;
    }

    /**
     * The peer's log matches up to an index.
     *
     * @return whether that is news
     */
    public boolean acknowledge(long index) {
        if (index <= match) {
            return false;
        }
        match = index;
        next = Math.max(next, index + 1);
        paused = false;
        return true;
    }

    /**
     * The peer's log does not have the entry just before an append that it was sent.
     *
     * @param rejected the index of that entry
     * @param matchHint the highest index at which the logs may still agree
     * @return whether that is news; a late answer to an append that was overtaken is not
     */
    public boolean reject(long rejected, long matchHint) {
        if (state == ProgressState.REPLICATE) {
            // Acknowledged since: the rejection is older than what we know.
            if (rejected <= match) {
                return false;
            }
            moveNext(match + 1);
            return true;
        }
        // A probe names next - 1; any other rejection answers an earlier one.
        if (rejected != next - 1) {
            return false;
        }
        moveNext(Math.max(Math.min(rejected, matchHint + 1), match + 1));
        paused = false;
        return true;
    }

    private void moveNext(long index) {
        next = index;
        sentCommit = Math.min(sentCommit, next - 1);
    }

    /** Checks the invariants of this object, in tests and simulations. */
    public void checkInvariants() {
        check(match < next, "match < next");
        check(inflights.count() == 0 || state == ProgressState.REPLICATE, "in flight only in REPLICATE");
        check(pendingSnapshot == 0 || state == ProgressState.SNAPSHOT, "pending snapshot only in SNAPSHOT");
    }

    private void check(boolean condition, String fact) {
        if (!condition) {
            throw new IllegalStateException(fact + ": " + this);
        }
    }

    @Override
    public String toString() {
        return state + " match=" + match + " next=" + next + (isPaused() ? " paused" : "")
                + (pendingSnapshot > 0 ? " pendingSnapshot=" + pendingSnapshot : "")
                + (recentlyActive ? "" : " inactive")
                + (inflights.count() > 0
                        ? " inflight=" + inflights.count() + (inflights.isFull() ? " (full)" : "")
                        : "");
    }
}
