/**
 * Internal: what a leader knows of each peer's log, and how much it may send it. It never sees the log itself, and decides
 * nothing about commits.
 */
@NullMarked
package dev.keelraft.tracker;

import org.jspecify.annotations.NullMarked;
