package dev.keelraft.example.server;

import dev.keelraft.Ready;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.Snapshot;

/**
 * Hears what a member does to its log and its state machine, at the moment when it does it, on the thread that does it: for who
 * checks that it is right. A server has {@link #NONE}; the simulator, which is in the tests, has one that knows the rules.
 */
interface Observer {
    /** Nobody looks. */
    Observer NONE = new Observer() {};

    /** What a Ready holds is about to be appended. */
    default void appends(Ready ready) {}

    /** A snapshot of the member's own is about to be noted in the log, and the log to be let go up to an index. */
    default void saves(Snapshot snapshot, long releaseIndex) {}

    /** All of that is durable. */
    default void synced() {}

    /** The last of it has not happened: there was no room. */
    default void undone() {}

    /** An entry was applied. */
    default void applied(Entry entry, ConfState members) {}

    /** A leader's snapshot has taken the place of the state. */
    default void installed(Snapshot snapshot) {}
}
