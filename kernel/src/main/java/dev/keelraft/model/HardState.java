package dev.keelraft.model;

/**
 * What a node must find again after a crash, beside its log (paper, figure 2, "persistent state").
 *
 * @param term the latest term that the node has seen; only ever grows
 * @param vote whom it voted for in that term, or {@link NodeId#NONE}; within a term it changes only from none to somebody
 * @param commit the highest index that it knows to be committed; only ever grows. It may be stored lazily: after a crash the
 *     leader tells it anew
 */
public record HardState(long term, long vote, long commit) {
    /** The state of a node that has never heard of anybody. In a {@code Ready} it says "unchanged". */
    public static final HardState EMPTY = new HardState(0, NodeId.NONE, 0);

    /**
     * Checks the numbers.
     *
     * @param term at least 0
     * @param vote a node id or {@link NodeId#NONE}
     * @param commit at least 0
     */
    public HardState {
        if (term < 0 || commit < 0) {
            throw new IllegalArgumentException("negative term or commit: " + term + ", " + commit);
        }
    }

    /** Tells whether this is {@link #EMPTY}. */
    public boolean isEmpty() {
        return term == 0 && vote == NodeId.NONE && commit == 0;
    }

    @Override
    public String toString() {
        return "HardState[term=" + term + ", vote=" + Long.toUnsignedString(vote) + ", commit=" + commit + "]";
    }
}
