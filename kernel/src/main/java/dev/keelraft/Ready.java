package dev.keelraft;

import dev.keelraft.model.Entry;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Message;
import dev.keelraft.model.Snapshot;
import dev.keelraft.model.SoftState;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the host must do next. Taken from {@link RawNode#ready()}, given back to {@link RawNode#advance}, or, with
 * asynchronous storage writes, to {@link RawNode#persisted} and {@link RawNode#applied}.
 *
 * <p>The parts, in the order in which a host handles them:
 *
 * <table>
 * <caption>The contract of Ready</caption>
 * <tr><th>part</th><th>do</th><th>when</th></tr>
 * <tr><td>{@link #messages()}</td><td>send</td><td>at any time, also before or while the disk writes (thesis 10.2.1)</td></tr>
 * <tr><td>{@link #hardState()}, {@link #entries()}, {@link #snapshot()}</td><td>make durable, as one batch</td>
 *     <td>in the order of the Readys; forced to the disk if {@link #mustSync()}</td></tr>
 * <tr><td>{@link #messagesAfterPersist()}</td><td>send</td><td>when this Ready and all before it are durable, whatever
 *     {@code mustSync} says of this one: they promise what was written</td></tr>
 * <tr><td>{@link #snapshot()}</td><td>install in the state machine</td><td>before committed entries of any later Ready</td></tr>
 * <tr><td>{@link #committedEntries()}</td><td>apply, in order</td><td>for configuration changes call {@link
 *     RawNode#applyConfChange} or {@link RawNode#rejectConfChange}</td></tr>
 * <tr><td>{@link #readStates()}</td><td>serve the reads</td><td>once their index has been applied</td></tr>
 * <tr><td>{@link #failedReads()}</td><td>ask again, or tell the client</td><td>at any time</td></tr>
 * </table>
 *
 * <p>Instances are compared by identity. Everything in them is immutable, and stays valid for as long as somebody holds it.
 */
public final class Ready {
    private final SoftState softState;
    private final boolean softStateChanged;
    private final HardState hardState;
    private final Snapshot snapshot;
    private final List<Entry> entries;
    private final List<Entry> committedEntries;
    private final List<Message> messages;
    private final List<Message> messagesAfterPersist;
    private final List<ReadState> readStates;
    private final List<FailedRead> failedReads;
    private final boolean mustSync;

    /** All that waits for the disk, what the node tells itself among it; in the order in which it was written. */
    private final List<Message> afterPersist;

    /** The term in which this was handed out, and the last entry that is durable once this is; null if none waits for that. */
    private final long term;

    private final @Nullable Entry lastPersisted;
    private final long lastConfChange;

    Ready(
            SoftState softState,
            boolean softStateChanged,
            HardState hardState,
            Snapshot snapshot,
            List<Entry> entries,
            List<Entry> committedEntries,
            List<Message> messages,
            List<Message> afterPersist,
            List<ReadState> readStates,
            List<FailedRead> failedReads,
            boolean mustSync,
            long id,
            long term,
            @Nullable Entry lastPersisted) {
        this.softState = softState;
        this.softStateChanged = softStateChanged;
        this.hardState = hardState;
        this.snapshot = snapshot;
        this.entries = entries;
        this.committedEntries = committedEntries;
        this.messages = messages;
        this.messagesAfterPersist = withoutOwn(afterPersist, id);
        this.readStates = readStates;
        this.failedReads = failedReads;
        this.mustSync = mustSync;
        this.afterPersist = afterPersist;
        this.term = term;
        this.lastPersisted = lastPersisted;
        this.lastConfChange = lastConfChange(committedEntries);
    }

    private static List<Message> withoutOwn(List<Message> messages, long id) {
        List<Message> others = new ArrayList<>(messages.size());
        for (int i = 0; i < messages.size(); i++) {
            if (messages.get(i).to() != id) {
                others.add(messages.get(i));
            }
        }
        return others.size() == messages.size() ? messages : List.copyOf(others);
    }

    private static long lastConfChange(List<Entry> entries) {
        for (int i = entries.size() - 1; i >= 0; i--) {
            if (entries.get(i).type().isConfChange()) {
                return entries.get(i).index();
            }
        }
        return 0;
    }

    /** Returns the leader and the node's role as of this Ready. Nothing of it needs to be stored. */
    public SoftState softState() {
        return softState;
    }

    /** Tells whether {@link #softState()} differs from that of the Ready before. */
    public boolean softStateChanged() {
        return softStateChanged;
    }

    /** Returns the new hard state to store, or {@link HardState#EMPTY} if it has not changed. */
    public HardState hardState() {
        return hardState;
    }

    /**
     * Returns the snapshot to install, or {@link Snapshot#NONE}. It replaces the whole log: store it together with the hard
     * state of this Ready. The bulk of the application's state was fetched before the message was stepped.
     */
    public Snapshot snapshot() {
        return snapshot;
    }

    /**
     * Returns the entries to append to the log, without gaps. An entry whose index is already there replaces that entry and
     * removes all behind it.
     */
    public List<Entry> entries() {
        return entries;
    }

    /** Returns the entries to apply to the state machine, without gaps, each of them once in the life of the node. */
    public List<Entry> committedEntries() {
        return committedEntries;
    }

    /** Returns the messages that may leave at once. */
    public List<Message> messages() {
        return messages;
    }

    /**
     * Returns the messages that may leave once this Ready, and every one before it, is durable: votes, requests for votes, and
     * acknowledgements of entries.
     */
    public List<Message> messagesAfterPersist() {
        return messagesAfterPersist;
    }

    /** Returns the reads that were confirmed, in the order in which they were. */
    public List<ReadState> readStates() {
        return readStates;
    }

    /**
     * Returns the reads of this node's host that will not be answered. Every read that {@link RawNode#readIndex} took is in one
     * of the two lists once, unless the node is stopped before.
     */
    public List<FailedRead> failedReads() {
        return failedReads;
    }

    /**
     * Tells whether what is to be stored must be forced to the disk before {@link #messagesAfterPersist()} may leave. If not,
     * it may be written lazily: only the commit index has changed, which the leader will tell again.
     */
    public boolean mustSync() {
        return mustSync;
    }

    List<Message> afterPersist() {
        return afterPersist;
    }

    long term() {
        return term;
    }

    @Nullable
    Entry lastPersisted() {
        return lastPersisted;
    }

    /* The two that follow are for the conformance harness and tests. */

    long persistedIndex() {
        return lastPersisted == null ? 0 : lastPersisted.index();
    }

    long persistedTerm() {
        return lastPersisted == null ? 0 : lastPersisted.term();
    }

    /** The index of the last configuration change among the committed entries, or 0. */
    long lastConfChange() {
        return lastConfChange;
    }
}
