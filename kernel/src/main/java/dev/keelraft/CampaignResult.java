package dev.keelraft;

/** Whether a node has begun an election. */
public enum CampaignResult {
    /** It asks for votes. */
    STARTED,
    /** It leads already. */
    ALREADY_LEADS,
    /** It cannot lead: it is no member, or a learner, or is about to install a snapshot. */
    NOT_PROMOTABLE,
    /**
     * A configuration change is committed, and this node has not applied it yet: it might count the votes of a group that is no
     * more (etcd issue 12133).
     */
    CONF_CHANGE_UNAPPLIED
}
