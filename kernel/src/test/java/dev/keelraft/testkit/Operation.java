package dev.keelraft.testkit;

/**
 * What a client did to one register, and what it saw. Moments are numbers that grow.
 *
 * @param client who
 * @param key which register
 * @param write whether it exchanged the value, or only read it
 * @param value what it put, if it wrote; unique among all writes
 * @param result what it read: the value before, if it wrote. Of no meaning if it did not return
 * @param invoked when it was begun
 * @param returned when the answer came, or {@link #NEVER}: then it may have taken effect at any time, or not at all
 */
public record Operation(long client, int key, boolean write, long value, long result, long invoked, long returned) {
    /** The moment that does not come. */
    public static final long NEVER = Long.MAX_VALUE;

    /** What an operation has read that was not answered. */
    static final long UNKNOWN = -1;

    Operation takingEffectBefore(long moment) {
        return new Operation(client, key, write, value, UNKNOWN, invoked, Math.max(invoked, moment));
    }

    boolean isOpen() {
        return returned == NEVER;
    }

    @Override
    public String toString() {
        return "client " + client + (write ? " swap(" + key + ", " + value + ")" : " get(" + key + ")")
                + (isOpen() ? " -> ?" : " -> " + result) + " [" + invoked + ", "
                + (isOpen() ? "" : Long.toString(returned)) + "]";
    }
}
