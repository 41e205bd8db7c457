package dev.keelraft.testkit;

/** Ends whoever comes to a persist point that a test has chosen. */
final class KillSwitch {
    /** Thrown at that point, through the host loop. */
    static final class Killed extends RuntimeException {
        private static final long serialVersionUID = 1;

        Killed() {
            super("killed", null, false, false);
        }
    }

    private int points;
    private int killAt;

    /** How many persist points there were so far. */
    int points() {
        return points;
    }

    /** Kills at the n-th point from now on, counted from 1; never for 0. */
    void arm(int after) {
        killAt = after == 0 ? 0 : points + after;
    }

    /** A member says that it is at a persist point. */
    void point() {
        points++;
        if (points == killAt) {
            throw new Killed();
        }
    }
}
