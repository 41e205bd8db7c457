package dev.keelraft.model;

import java.util.Arrays;
import java.util.List;

/** What a {@link Message} says. Lists are immutable; arrays belong to the body and are only read. */
public sealed interface Body {

    /**
     * Entries to append behind a known place of the log (paper, AppendEntries).
     *
     * @param prevIndex the index just before the first entry
     * @param prevTerm the term of the leader's entry at {@code prevIndex}
     * @param commit the leader's commit index
     * @param entries without gaps from {@code prevIndex + 1} on; may be empty
     */
    record Append(long prevIndex, long prevTerm, long commit, List<Entry> entries) implements Body {
        /**
         * Copies the list, unless it is immutable already.
         *
         * @param prevIndex at least 0
         * @param prevTerm at least 0
         * @param commit at least 0
         * @param entries see above
         */
        public Append {
            notNegative(prevIndex, prevTerm);
            notNegative(commit, 0);
            entries = List.copyOf(entries);
        }
    }

    /**
     * The answer to {@link Append} and {@link InstallSnapshot}.
     *
     * @param index the last index that is known to match the leader's log, or, if rejected, the {@code prevIndex} that did not
     * @param rejected whether the place that the leader named is not in the follower's log
     * @param rejectHint if rejected: the highest index where the logs may still agree
     * @param hintTerm if rejected: the follower's term at {@code rejectHint}, or 0 if it does not know
     */
    record AppendResponse(long index, boolean rejected, long rejectHint, long hintTerm) implements Body {
        /**
         * Checks the numbers.
         *
         * @param index at least 0
         * @param rejected see above
         * @param rejectHint at least 0
         * @param hintTerm at least 0
         */
        public AppendResponse {
            notNegative(index, rejectHint);
            notNegative(hintTerm, 0);
        }

        /** The answer that the log now matches the leader's up to an index. */
        public static AppendResponse accepted(long index) {
            return new AppendResponse(index, false, 0, 0);
        }
    }

    /**
     * A request for a vote or a pre-vote (paper, RequestVote).
     *
     * @param lastIndex the index of the candidate's last entry
     * @param lastTerm the term of the candidate's last entry
     * @param transfer whether the leader itself asked for this election, so that voters need not protect it (thesis 4.2.3)
     * @param commit the candidate's commit index; 0 if it does not say
     * @param commitTerm the term of the candidate's entry at {@code commit}
     * @param priority how much the candidate should lead, see {@code RaftConfig}; 0 if nobody said
     */
    record Vote(long lastIndex, long lastTerm, boolean transfer, long commit, long commitTerm, long priority)
            implements Body {
        /**
         * Checks the numbers.
         *
         * @param lastIndex at least 0
         * @param lastTerm at least 0
         * @param transfer see above
         * @param commit at least 0
         * @param commitTerm at least 0
         * @param priority at least 0
         */
        public Vote {
            notNegative(lastIndex, lastTerm);
            notNegative(commit, commitTerm);
            if (priority < 0) {
                throw new IllegalArgumentException("negative priority: " + priority);
            }
        }

        /** A request that says nothing of what is committed and of a priority, as etcd's members send it. */
        public Vote(long lastIndex, long lastTerm, boolean transfer) {
            this(lastIndex, lastTerm, transfer, 0, 0, 0);
        }
    }

    /**
     * The answer to {@link Vote}.
     *
     * @param rejected whether the vote was refused
     * @param commit if rejected: the voter's commit index; 0 if it does not say
     * @param commitTerm if rejected: the term of the voter's entry at {@code commit}
     */
    record VoteResponse(boolean rejected, long commit, long commitTerm) implements Body {
        /** The vote, or the prospect of it. */
        public static final VoteResponse GRANTED = new VoteResponse(false);

        /**
         * Checks the numbers.
         *
         * @param rejected see above
         * @param commit at least 0; 0 in a grant
         * @param commitTerm at least 0; 0 in a grant
         */
        public VoteResponse {
            notNegative(commit, commitTerm);
            if (!rejected && (commit | commitTerm) != 0) {
                throw new IllegalArgumentException("a grant does not say what is committed: " + commit);
            }
        }

        /** An answer that says nothing of what is committed, as etcd's members send it. */
        public VoteResponse(boolean rejected) {
            this(rejected, 0, 0);
        }
    }

    /**
     * A leader's sign of life.
     *
     * @param commit what the leader knows to be committed <em>and</em> in the follower's log
     * @param commitTerm the term of the leader's entry at {@code commit}; 0 if it does not say
     * @param context to be returned as it is; empty, or the leader's count of reads that this round confirms
     */
    record Heartbeat(long commit, long commitTerm, byte[] context) implements Body {
        /**
         * Checks the numbers.
         *
         * @param commit at least 0
         * @param commitTerm at least 0
         * @param context see above
         */
        public Heartbeat {
            notNegative(commit, commitTerm);
        }

        /** A heartbeat that does not say of which term the entry at its commit index is, as etcd's members send it. */
        public Heartbeat(long commit, byte[] context) {
            this(commit, 0, context);
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Heartbeat that
                    && commit == that.commit
                    && commitTerm == that.commitTerm
                    && Arrays.equals(context, that.context);
        }

        @Override
        public int hashCode() {
            return 31 * (31 * Long.hashCode(commit) + Long.hashCode(commitTerm)) + Arrays.hashCode(context);
        }

        @Override
        public String toString() {
            return "Heartbeat[commit=" + commit + ", commitTerm=" + commitTerm + ", context=" + context.length + " B]";
        }
    }

    /**
     * The answer to {@link Heartbeat}.
     *
     * @param context the heartbeat's
     */
    record HeartbeatResponse(byte[] context) implements Body {
        @Override
        public boolean equals(Object other) {
            return other instanceof HeartbeatResponse that && Arrays.equals(context, that.context);
        }

        @Override
        public int hashCode() {
            return Arrays.hashCode(context);
        }

        @Override
        public String toString() {
            return "HeartbeatResponse[context=" + context.length + " B]";
        }
    }

    /**
     * A snapshot to install (paper, InstallSnapshot; the bulk of the state travels apart, see {@link Snapshot}).
     *
     * @param snapshot the snapshot
     */
    record InstallSnapshot(Snapshot snapshot) implements Body {}

    /**
     * A linearizable read that a follower forwards (thesis 6.4).
     *
     * @param context the host's name for the read
     */
    record ReadIndex(byte[] context) implements Body {
        @Override
        public boolean equals(Object other) {
            return other instanceof ReadIndex that && Arrays.equals(context, that.context);
        }

        @Override
        public int hashCode() {
            return Arrays.hashCode(context);
        }

        @Override
        public String toString() {
            return "ReadIndex[context=" + context.length + " B]";
        }
    }

    /**
     * The answer to {@link ReadIndex}.
     *
     * @param index the read may be served once everything up to this index has been applied
     * @param context the request's
     */
    record ReadIndexResponse(long index, byte[] context) implements Body {
        /**
         * Checks the number.
         *
         * @param index at least 0
         * @param context see above
         */
        public ReadIndexResponse {
            notNegative(index, 0);
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof ReadIndexResponse that
                    && index == that.index
                    && Arrays.equals(context, that.context);
        }

        @Override
        public int hashCode() {
            return 31 * Long.hashCode(index) + Arrays.hashCode(context);
        }

        @Override
        public String toString() {
            return "ReadIndexResponse[index=" + index + ", context=" + context.length + " B]";
        }
    }

    /**
     * Proposals that a follower forwards. They reach the leader once, twice or not at all, and get no answer.
     *
     * @param entries with neither term nor index
     */
    record Propose(List<Entry> entries) implements Body {
        /**
         * Copies the list, unless it is immutable already.
         *
         * @param entries see above
         */
        public Propose {
            entries = List.copyOf(entries);
        }
    }

    /** The order to campaign at once. */
    record TimeoutNow() implements Body {}

    /** The request to hand leadership to the message's {@code from}. */
    record TransferLeader() implements Body {}

    private static void notNegative(long a, long b) {
        if ((a | b) < 0) {
            throw new IllegalArgumentException("negative term or index: " + Math.min(a, b));
        }
    }
}
