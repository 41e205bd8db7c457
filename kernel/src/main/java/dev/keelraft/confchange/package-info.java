/**
 * Internal: who the members of a group are, and how one set of members becomes the next (paper, section 6; thesis 4). Pure
 * values and functions; they know neither nodes nor logs.
 */
@NullMarked
package dev.keelraft.confchange;

import org.jspecify.annotations.NullMarked;
