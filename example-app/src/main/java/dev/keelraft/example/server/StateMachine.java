package dev.keelraft.example.server;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.keelraft.example.kv.CommandCodec;
import dev.keelraft.example.kv.KeyValueState;
import dev.keelraft.example.kv.wire.Command;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.Snapshot;

/**
 * How far this member has applied the log, and what came of it. Written by the kernel thread; {@link #state()} may be read by
 * all.
 */
final class StateMachine {
    private final Observer observer;
    private volatile KeyValueState state;
    private long index;
    private long term;
    private ConfState confState;

    /**
     * Begins where a snapshot ends, or at nothing.
     *
     * @param state of the snapshot
     * @param index of the last entry that is in it, or 0
     * @param term of that entry
     * @param confState the members there
     * @param observer is told of every step
     */
    StateMachine(KeyValueState state, long index, long term, ConfState confState, Observer observer) {
        this.observer = observer;
        this.state = state;
        this.index = index;
        this.term = term;
        this.confState = confState;
    }

    /** What was executed, and how it ended. */
    record Executed(Command command, KeyValueState.Applied applied) {}

    /** The state behind the last applied entry. */
    KeyValueState state() {
        return state;
    }

    /** The index of the last applied entry. */
    long index() {
        return index;
    }

    /** The term of the last applied entry. */
    long term() {
        return term;
    }

    /** The members behind the last applied entry. */
    ConfState confState() {
        return confState;
    }

    /**
     * Executes the command of an entry.
     *
     * @throws IllegalStateException if the entry holds none. Whoever proposes has checked that, so this is damage, or another
     *     program's log; to go on would let the members part
     */
    Executed execute(Entry entry) {
        Command command;
        try {
            command = CommandCodec.decode(entry.data());
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalStateException("the committed entry " + entry + " holds no command", e);
        }
        KeyValueState.Applied applied = state.apply(command, entry.index());
        state = applied.state();
        moveTo(entry);
        return new Executed(command, applied);
    }

    /** Notes an entry that changes the members. */
    void reconfigure(Entry entry, ConfState members) {
        confState = members;
        moveTo(entry);
    }

    /** Notes an entry without effect on the state. */
    void moveTo(Entry entry) {
        index = entry.index();
        term = entry.term();
        observer.applied(entry, confState);
    }

    /** Continues from a leader's snapshot. */
    void install(KeyValueState snapshotState, Snapshot snapshot) {
        state = snapshotState;
        index = snapshot.index();
        term = snapshot.term();
        confState = snapshot.confState();
        observer.installed(snapshot);
    }
}
