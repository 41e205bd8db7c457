package dev.keelraft;

/** Whether a node has begun an election. */
public enum CampaignResult {
    /** It asks for votes. */
    STARTED,
    /** It leads already. */
    ALREADY_LEADS,
    /** It cannot lead: it is no member, or a learner, is about to install a snapshot, or is in the last of all terms. */
    NOT_PROMOTABLE,
    /**
     * A configuration change is committed, and this node has not applied it yet: it might count the votes of a group that is no
     * more (etcd issue 12133).
     */
    CONF_CHANGE_UNAPPLIED,
    /** Its disk has stalled ({@link RaftConfig.Builder#diskStallTicks}): it could not even store its own vote. */
    DISK_STALLED,
    /**
     * A leader may count on this node not to campaign: it was heard from, or this node has been restarted, less than an election
     * time-out ago. Only with {@link RaftConfig.Builder#leaseReads}.
     */
    LEASE_PROMISED
}
