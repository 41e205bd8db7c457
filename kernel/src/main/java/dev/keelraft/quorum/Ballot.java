package dev.keelraft.quorum;

/** One voter's answer. */
public enum Ballot {
    /** None yet. */
    MISSING,
    /** Yes. */
    GRANTED,
    /** No. */
    REJECTED
}
