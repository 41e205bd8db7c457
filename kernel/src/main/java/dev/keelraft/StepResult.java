package dev.keelraft;

/** What became of a message that was stepped. Everything but {@link #HANDLED} is counted in {@link Status#dropped()}. */
public enum StepResult {
    /** It was taken note of, whatever came of it. */
    HANDLED,
    /** It is addressed to another node: the transport has mixed up its peers. */
    NOT_FOR_US,
    /** It claims to come from this node itself, or from nobody. */
    IMPOSSIBLE_SENDER,
    /** It answers this node, and comes from a node that is no member (any more). */
    UNKNOWN_PEER,
    /**
     * Its sender asks to count, and is another incarnation of the member than the configuration names: its disk is not the one that
     * the member made its promises on. See {@link RaftConfig.Builder#incarnation}.
     */
    WRONG_INCARNATION,
    /** It belongs to a term that is over. */
    OLD_TERM,
    /** It is a campaign against a leader that this node hears from (thesis 4.2.3). */
    LEADER_ALIVE,
    /** It makes no sense in this node's role, or state: a late answer, most often. */
    UNEXPECTED,
    /** It is to be passed on to the leader, and nobody is known to lead. */
    NO_LEADER,
    /** It is a forwarded proposal that the node refuses. */
    PROPOSAL_REFUSED,
    /** It is a forwarded read, and the leader has as many waiting as it may. */
    READ_REFUSED,
    /** Its parts contradict each other, or it holds what this version does not know. */
    MALFORMED
}
