package dev.keelraft.wal;

/**
 * Whether the next segment is prepared: the early warning of a full disk. With {@link State#FAILED} the log still takes what
 * fits into its last segment, and then tries to prepare the next one itself; if that fails too, it throws {@link
 * WalSpaceExhausted}. A host that stops proposing now, or hands its leadership over, need not learn of it there. {@link
 * Wal#prepareSpare} and {@link Wal#release} try again.
 *
 * @param state how it stands
 * @param failure what the operating system or the executor has said; empty unless it has failed
 */
public record SpareStatus(State state, String failure) {
    /** No executor prepares segments. */
    static final SpareStatus NONE = new SpareStatus(State.NONE, "");

    /** How the preparation of the next segment stands. */
    public enum State {
        /** There is no executor for it ({@link WalOptions#preparer}), or the log is closed or has failed. */
        NONE,
        /** It waits for the executor, or runs. */
        PREPARING,
        /** There is a file. */
        READY,
        /** There is no room, or the disk or the executor has failed. */
        FAILED
    }

    /** What to tell an operator, on one line. */
    @Override
    public String toString() {
        return switch (state) {
            case NONE -> "no segment is prepared ahead";
            case PREPARING -> "the next segment is being prepared";
            case READY -> "the next segment is ready";
            case FAILED ->
                "the next segment could not be prepared: " + failure
                        + ". Nothing is lost, and the log still takes what fits into its last segment. Free space, or look"
                        + " at the disk, before that is full.";
        };
    }
}
