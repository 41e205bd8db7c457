package dev.keelraft;

/** Facts that hold unless the kernel, or what it stands on, is broken. The check costs a comparison, and allocates nothing. */
final class Invariant {
    private Invariant() {}

    /**
     * Fails the node if a fact does not hold.
     *
     * @param fact in positive form, with {@code %d} for each of the two numbers
     */
    static void check(boolean holds, String fact, long a, long b) {
        if (!holds) {
            throw new RaftFailedException(FailureCause.INVARIANT, "does not hold: " + String.format(fact, a, b), null);
        }
    }
}
