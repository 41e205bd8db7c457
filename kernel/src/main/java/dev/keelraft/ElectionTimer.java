package dev.keelraft;

import java.util.random.RandomGenerator;

/**
 * Counts the ticks since the node last had a reason not to campaign: since it became what it is, heard from the leader, or
 * granted a vote. It outlives roles: a pre-candidate goes on counting, for nothing has happened yet.
 *
 * <p>The time-out is drawn anew whenever the node becomes follower, candidate or leader, so that two candidates that split the
 * votes do not do so again (paper, 5.2).
 */
final class ElectionTimer {
    private final int electionTicks;
    private final RandomGenerator random;
    private long elapsed;
    private long timeout;

    ElectionTimer(int electionTicks, RandomGenerator random) {
        this.electionTicks = electionTicks;
        this.random = random;
        redraw();
    }

    void tick() {
        elapsed++;
    }

    /** Begins to count from zero; the time-out stays. */
    void restart() {
        elapsed = 0;
    }

    /** Leaves the others the shortest time-out of any node, and begins to count then. */
    void giveWay() {
        elapsed = -electionTicks;
    }

    /** Draws a time-out from {@code [electionTicks, 2 * electionTicks - 1]}, and begins to count from zero. */
    void redraw() {
        elapsed = 0;
        // Not nextInt(bound): how that maps bits to numbers may differ between versions of the JDK.
        timeout = electionTicks + Long.remainderUnsigned(random.nextLong(), electionTicks);
    }

    /** Whether a follower may campaign. */
    boolean isPastTimeout() {
        return elapsed >= timeout;
    }

    /** Whether the shortest time-out of any node has passed: a leader checks its quorum, a voter stops protecting its leader. */
    boolean isPastElectionTicks() {
        return elapsed >= electionTicks;
    }

    /* For scripts, which leave nothing to chance. */
    void setTimeout(int ticks) {
        timeout = ticks;
    }
}
