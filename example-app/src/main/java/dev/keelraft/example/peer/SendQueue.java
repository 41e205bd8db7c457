package dev.keelraft.example.peer;

import dev.keelraft.model.Message;
import java.util.ArrayDeque;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * The messages that wait for one peer: first in, first out, bounded by count and by bytes. Any thread offers, one sender
 * polls. Each operation takes constant time but {@link #close}.
 */
final class SendQueue {
    /** What became of an offer. */
    enum Offer {
        /** It waits. */
        QUEUED,
        /** It waits, and the sender has to be woken: it had found the queue empty. */
        QUEUED_WAKE_SENDER,
        /** Dropped: no room. */
        FULL,
        /** Dropped, as the first since the queue had room to spare. */
        FULL_FIRST,
        /** Dropped: the peer cannot be reached. */
        CLOSED
    }

    private record Waiting(Message message, int bytes) {}

    private final int messagesMax;
    private final long bytesMax;
    private final Queue<Waiting> waiting = new ArrayDeque<>();
    private long bytes;
    private boolean open = true;
    private boolean senderIdle = true;
    private boolean full;

    SendQueue(int messagesMax, long bytesMax) {
        this.messagesMax = messagesMax;
        this.bytesMax = bytesMax;
    }

    /**
     * Adds a message, if there is room. One that is longer than the whole queue may have is taken when nothing else waits, or
     * it could never be sent.
     *
     * @param messageBytes its length, encoded
     */
    synchronized Offer offer(Message message, int messageBytes) {
        if (!open) {
            return Offer.CLOSED;
        }
        boolean fits = waiting.isEmpty() || (waiting.size() < messagesMax && bytes + messageBytes <= bytesMax);
        if (!fits) {
            boolean first = !full;
            full = true;
            return first ? Offer.FULL_FIRST : Offer.FULL;
        }
        waiting.add(new Waiting(message, messageBytes));
        bytes += messageBytes;
        boolean wake = senderIdle;
        senderIdle = false;
        return wake ? Offer.QUEUED_WAKE_SENDER : Offer.QUEUED;
    }

    /** Takes the oldest, or returns null if there is none; the sender is then idle until it is woken. */
    synchronized @Nullable Message poll() {
        Waiting next = waiting.poll();
        if (next == null) {
            senderIdle = true;
            return null;
        }
        bytes -= next.bytes;
        // Half, so that a queue that hovers at its limit is one episode and not thousands.
        if (waiting.size() <= messagesMax / 2 && bytes <= bytesMax / 2) {
            full = false;
        }
        return next.message;
    }

    /** Takes messages again. */
    synchronized void open() {
        open = true;
    }

    /** Drops what waits and takes nothing more until it is opened. Returns how many were dropped. */
    synchronized int close() {
        int dropped = waiting.size();
        waiting.clear();
        bytes = 0;
        open = false;
        senderIdle = true;
        full = false;
        return dropped;
    }

    synchronized int messages() {
        return waiting.size();
    }

    synchronized long bytes() {
        return bytes;
    }
}
