package dev.keelraft.quorum;

/** How an election stands. */
public enum VoteResult {
    /** Neither won nor lost: it depends on votes that are still missing. */
    PENDING,
    /** A quorum can no longer be reached. */
    LOST,
    /** A quorum has granted. */
    WON
}
