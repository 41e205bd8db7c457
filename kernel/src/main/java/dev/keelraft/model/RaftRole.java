package dev.keelraft.model;

/** The role that a node plays in its group at the moment (paper, figure 4; pre-candidate: thesis 9.6). */
public enum RaftRole {
    /** Answers to leaders and candidates. Every node starts so; learners never become anything else. */
    FOLLOWER,
    /** Asks whether it could win an election, without disturbing anybody: term and vote stay as they are. */
    PRE_CANDIDATE,
    /** Asks for votes in a term of its own. */
    CANDIDATE,
    /** Orders the log of its term. At most one node leads in a term; an older leader may not know yet. */
    LEADER
}
