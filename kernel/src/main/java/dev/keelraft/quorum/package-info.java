/**
 * Internal: what a majority has decided. Pure functions over sets of voters; they know neither nodes nor logs.
 */
@NullMarked
package dev.keelraft.quorum;

import org.jspecify.annotations.NullMarked;
