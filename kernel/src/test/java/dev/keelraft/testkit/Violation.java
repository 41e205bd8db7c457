package dev.keelraft.testkit;

import org.jspecify.annotations.Nullable;

/** A rule of Raft, of the kernel's contract, or of the group's clients that a run has broken. */
public final class Violation extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final Rule rule;

    /** What must hold. */
    public enum Rule {
        /** One leader in a term (paper, figure 3), a voter, elected by a majority whose logs are not ahead of its own. */
        ELECTION_SAFETY,
        /** Logs with an entry of the same index and term are the same up to it. */
        LOG_MATCHING,
        /** What is committed is in the log of every leader of a later term. */
        LEADER_COMPLETENESS,
        /** Nobody applies another entry at an index; each member applies each index once, in order. */
        STATE_MACHINE_SAFETY,
        /** What is committed is on the disks of a majority, and an entry of the leader's own term has committed it. */
        COMMITTED_ON_A_QUORUM,
        /** Terms, votes and commit indexes never go back, also through restarts. */
        MONOTONY,
        /** Votes, requests for votes and acknowledgements leave when what they promise is on the disk. */
        DURABLE_BEFORE_PROMISED,
        /** A log shows after a crash what was synced, and perhaps what was appended after that; nothing else. */
        LOG_RECOVERY,
        /**
         * All members go through the same configurations, one after the other, each of which shares a majority
         * with the next.
         */
        MEMBERSHIP,
        /** Nodes do not fail, unless their disk was exchanged or damaged. */
        NO_FAILURE,
        /** What leaders keep in flight is bounded, and what they believe of their peers makes sense. */
        BOUNDED_FLOW,
        /**
         * Clients see one register for each key, and each of their commands takes effect once; a read is answered
         * by who leads, and sees what was committed when it was asked.
         */
        LINEARIZABILITY,
        /**
         * Once nothing fails any more, the group gets on: leader, commits, everybody caught up, nothing left over;
         * then it does what it is told. Leaders step down when they hear from no majority, and only then.
         */
        LIVENESS
    }

    Violation(Rule rule, String text) {
        this(rule, text, null);
    }

    Violation(Rule rule, String text, @Nullable Throwable cause) {
        super(rule + ": " + text, cause);
        this.rule = rule;
    }

    /** Returns what was broken. */
    public Rule rule() {
        return rule;
    }
}
