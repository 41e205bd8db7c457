/**
 * The mutant zoo: faults that are planted in a copy of the sources, one at a time, to see who notices. {@code kernel/src/mutants} says
 * what they are, {@link dev.keelraft.mutants.MutantsMain} lets them loose, {@link dev.keelraft.mutants.Hunt} looks for them in simulations.
 */
@org.jspecify.annotations.NullMarked
package dev.keelraft.mutants;
