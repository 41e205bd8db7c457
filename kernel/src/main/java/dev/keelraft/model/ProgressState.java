package dev.keelraft.model;

/** How a leader treats a peer at the moment. */
public enum ProgressState {
    /** The end of the peer's log is not known: one append at a time, to find it. */
    PROBE,
    /** The peer takes what it is sent: appends go out ahead of their answers, within the window. */
    REPLICATE,
    /** The peer needs entries that are gone, and was sent a snapshot: nothing else goes out until that is settled. */
    SNAPSHOT
}
