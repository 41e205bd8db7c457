package dev.keelraft.testkit;

import dev.keelraft.RaftConfig;
import dev.keelraft.ReadPolicy;
import dev.keelraft.Ready;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.Message;
import dev.keelraft.model.Snapshot;
import java.util.List;

/** What a {@link Host} finds around it: a disk, a network, a clock, and an observer to whom it says what it has applied. */
public interface Site {
    /** How the node is to be configured. */
    RaftConfig config();

    /** The member's log, as the lives before have left it. */
    HostLog log();

    /** An empty state machine. */
    StateMachine machine();

    /** Who founds the group together with this member; empty for a member that joins later. For a first life alone. */
    List<Long> founders();

    /** After how many applied entries a snapshot is due. */
    int snapshotEntries();

    /** How long it takes to apply entries, in milliseconds; for loops that do it beside everything else. */
    long applyMillis();

    /** Sends a message; it may be lost, doubled, delayed, and overtaken. */
    void send(Message message);

    /**
     * Stores what a Ready holds: {@code append}, and, if it must be, {@code sync}, when the disk has done all that was
     * asked for before.
     *
     * @param then is called when that is done
     */
    void write(Ready ready, Runnable then);

    /**
     * Stores a snapshot of the application, in the disk's turn, and lets entries go.
     *
     * @param snapshot its data is the whole state
     * @param compactTo up to which index entries are no longer needed, at most the snapshot's
     * @param then is called when that is done
     */
    void saveSnapshot(Snapshot snapshot, long compactTo, Runnable then);

    /**
     * For hosts that write their log themselves, in place of {@link #write}: says that a Ready is about to be
     * appended. From now on it may be on the disk. This, and the others, do not return where the machine dies at this
     * very point.
     */
    void appends(Ready ready);

    /** For the same hosts: calls back when the disk has had the time for an operation. */
    void disk(Runnable then);

    /** For the same hosts: says that a snapshot is about to be stored, and entries are about to be let go. */
    void saves(Snapshot snapshot, long compactTo);

    /** For the same hosts: says that everything is durable that was announced. */
    void synced();

    /** For the same hosts: says that what was announced last has not happened, since there was no room. */
    void undone();

    /** Calls back after so many milliseconds. */
    void later(long millis, Runnable then);

    /** Says that an entry was applied; of any type, in order. */
    void applied(Entry entry);

    /** Says who the members are behind an index, after a configuration change was applied (or rejected). */
    void configured(long index, ConfState members);

    /**
     * Says that the node is about to be asked for a read. A host that says this, and what comes of it, has its reads
     * checked more sharply than by what its clients see.
     *
     * @param number the host's own for this read, once in a life
     * @param policy how it is asked
     * @param ledTerm the term that the node leads now; 0 if it does not lead
     */
    default void asks(long number, ReadPolicy policy, long ledTerm) {}

    /**
     * Says that the node has answered a read.
     *
     * @param number what {@link #asks} was told
     * @param index from which applied index on the read may be served
     */
    default void confirms(long number, long index) {}

    /** Says that the state machine was set to a snapshot. */
    void restored(Snapshot snapshot);
}
