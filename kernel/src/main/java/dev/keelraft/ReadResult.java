package dev.keelraft;

/**
 * Whether a read is on its way. If it is, a later {@link Ready} has its answer: a {@link ReadState}, or a {@link FailedRead} once
 * it is clear that none will come.
 */
public enum ReadResult {
    /** This node leads and asks its peers, or needs not ask. */
    ACCEPTED,
    /** It was sent to the leader. If no answer comes within an election time-out it fails. */
    FORWARDED,
    /** As many reads wait as may ({@link RaftConfig.Builder#maxPendingReads}). Ask again when some have been answered. */
    TOO_MANY,
    /** Nobody is known to lead. Ask again later. */
    NO_LEADER
}
