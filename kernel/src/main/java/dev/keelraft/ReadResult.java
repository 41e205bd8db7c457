package dev.keelraft;

/** Whether a read is on its way. Its answer, if it comes, is a {@link ReadState}. */
public enum ReadResult {
    /** This node leads and asks its peers, or needs not ask. */
    ACCEPTED,
    /** It was sent to the leader. It may be lost: ask again, with another context, after an election time-out. */
    FORWARDED,
    /** Nobody is known to lead. Ask again later. */
    NO_LEADER
}
