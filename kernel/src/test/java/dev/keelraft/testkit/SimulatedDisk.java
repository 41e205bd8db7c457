package dev.keelraft.testkit;

/** A member's disk, which outlives its processes. */
public interface SimulatedDisk {
    /** Opens the log, as a process does that starts; creates it if there is none. What it shows then is durable. */
    HostLog open() throws Exception;

    /** The process dies. What it has written stays; what it has not synced it may have kept in memory. */
    void kill();

    /** The power fails. What was not synced is lost, torn or reordered, as the dice have it. */
    void losePower(Dice dice);

    /**
     * Cuts the power at one of the next operations that write or force something: it fails, done in part, and so does everything
     * behind it. After {@link #losePower} it works again.
     *
     * @param operations how many from now, counted from 1
     * @return false if this disk knows no operations
     */
    default boolean losePowerAt(int operations, Dice dice) {
        return false;
    }

    /**
     * Has one of the next operations fail, done in part, once.
     *
     * @param operations how many from now, counted from 1
     * @param reads whether operations that read count, in place of those that write
     * @return false if this disk never fails
     */
    default boolean failAt(int operations, boolean reads, Dice dice) {
        return false;
    }

    /**
     * Leaves no room for anything more, or some again.
     *
     * @return false if this disk is never full
     */
    default boolean fill(boolean full) {
        return false;
    }

    /** Whether something was thrown because the disk was told to fail, or to lose power. */
    default boolean isToBlame(Throwable thrown) {
        return false;
    }

    /** Whether the power is off, since the operation that it was cut at. */
    default boolean isOff() {
        return false;
    }

    /** No fault is left that waits for its operation. */
    default void heal() {}

    /** A disk with the same content, in time for a backup; no process may have it open. */
    SimulatedDisk copy();

    /** Makes empty disks. */
    @FunctionalInterface
    interface Factory {
        /** A disk for a member. */
        SimulatedDisk make(long member, Dice dice);
    }
}
