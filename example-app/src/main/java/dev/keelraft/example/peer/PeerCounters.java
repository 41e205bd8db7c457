package dev.keelraft.example.peer;

import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/** How many messages went out, came in, and were dropped, and why. Counted from the start on; any thread may read. */
public final class PeerCounters {
    /** Why a message was dropped. */
    public enum Drop {
        /** To send: to somebody who is not a peer. */
        UNKNOWN_PEER,
        /** To send: longer than peers take. The settings of the kernel and of the transport contradict each other. */
        TOO_LARGE,
        /** To send: the peer cannot be reached, or the stream broke before it was sent. */
        UNREACHABLE,
        /** To send: too much waits already. */
        QUEUE_FULL,
        /** Received: of a kind that this version does not know or that no peer should send. */
        UNKNOWN_KIND,
        /** Received: not a message at all. The stream was closed. */
        MALFORMED,
        /** Received: {@code to} is another member. */
        NOT_FOR_US,
        /** Received: {@code from} is not the peer that sent it. */
        WRONG_SENDER,
        /** Received: a snapshot among the messages, and so without its bytes. */
        SNAPSHOT_WITHOUT_BYTES,
        /** Received: the host did not take it. */
        NOT_TAKEN
    }

    private final LongAdder sent = new LongAdder();
    private final LongAdder received = new LongAdder();
    private final Map<Drop, LongAdder> dropped = new EnumMap<>(Drop.class);

    PeerCounters() {
        for (Drop cause : Drop.values()) {
            dropped.put(cause, new LongAdder());
        }
    }

    /** How many messages were given to the network. That they arrived nobody knows. */
    public long sent() {
        return sent.sum();
    }

    /** How many messages the host took. */
    public long received() {
        return received.sum();
    }

    /** How many messages were dropped for that reason. */
    public long dropped(Drop cause) {
        return of(cause).sum();
    }

    void countSent() {
        sent.increment();
    }

    void countReceived() {
        received.increment();
    }

    void count(Drop cause) {
        of(cause).increment();
    }

    void count(Drop cause, int messages) {
        of(cause).add(messages);
    }

    private LongAdder of(Drop cause) {
        LongAdder adder = dropped.get(cause);
        if (adder == null) {
            throw new AssertionError(cause);
        }
        return adder;
    }
}
