package dev.keelraft.mutants;

import java.util.Locale;

/**
 * What became of a mutant.
 *
 * @param mutant which
 * @param end how it ended
 * @param seed which simulation found it, or how many did not
 * @param cpuSeconds how much the simulations took; 0 if there were none
 * @param by the rule that was broken, or the first test that failed, or what is wrong with the mutant
 */
record Fate(Mutant mutant, End end, long seed, double cpuSeconds, String by) {
    /** The ways to end. */
    enum End {
        /** A simulation broke a rule. */
        BY_SIMULATION,
        /** A simulation did not end. */
        HANGS_SIMULATION,
        /** A test failed, or did not end, and no simulation noticed anything. */
        BY_TEST,
        /** Nobody noticed. */
        SURVIVES,
        /** The original text is gone, or the copy does not compile, or the simulation fails without the mutant too. */
        INVALID
    }

    boolean isBySimulation() {
        return end == End.BY_SIMULATION || end == End.HANGS_SIMULATION;
    }

    /** Whether it is as its entry in the zoo says. That a simulation is quicker than the tests named there is no fault. */
    boolean isAsExpected() {
        return isBySimulation() || (end == End.BY_TEST && mutant.tests().contains(by.split("[.$]", 2)[0]));
    }

    @Override
    public String toString() {
        String how = switch (end) {
            case BY_SIMULATION -> "simulation, seed " + seed + ", " + seconds() + " s: " + by;
            case HANGS_SIMULATION -> "simulation, seed " + seed + ", " + seconds() + " s: does not end";
            case BY_TEST -> "test " + by + (seed == 0 ? "" : " (not by " + seed + " simulations)");
            case SURVIVES -> "SURVIVES" + (seed == 0 ? "" : " (" + seed + " simulations)");
            case INVALID -> "INVALID: " + by;
        };
        return String.format(Locale.ROOT, "%3d  %-70s  %s", mutant.number(), mutant.title(), how);
    }

    private String seconds() {
        return String.format(Locale.ROOT, "%.1f", cpuSeconds);
    }
}
