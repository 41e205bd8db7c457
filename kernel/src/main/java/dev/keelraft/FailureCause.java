package dev.keelraft;

/** Why a node has stopped for good. See {@link RaftFailedException}. */
public enum FailureCause {
    /**
     * The leader knows entries to be committed that this node had acknowledged and no longer has: its durable log was cut,
     * emptied or replaced by an older copy. Do not restart it on this data. Remove the member from the group, and let it join
     * with an empty directory under a new id or incarnation. If the log is as long as it should be, and holds other entries, keep
     * the directory: should its disk never have been exchanged or set back, then another member's was, and this one may be
     * the last to hold what was acknowledged.
     */
    LOG_LOSS,
    /**
     * A leader's entry differs from one that this node knows to be committed. Two logs of one group have parted: somebody's
     * disk, or somebody's host, has broken a promise. Stop writing to the group, keep all directories, and compare the logs.
     */
    LOG_CONFLICT,
    /** {@link Storage} threw, or gave what its contract does not allow. The exception, if there was one, is the cause. */
    STORAGE,
    /** The kernel found itself in a state that must not be. This is a defect of Keel: please report it. */
    INVARIANT
}
