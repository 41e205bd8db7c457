package dev.keelraft.example.peer;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Where the bytes of a snapshot go. The methods are called one after the other, on threads where blocking for files is right,
 * and exactly one of {@link #finish} and {@link #abort} is called, as the last.
 *
 * <p>The sender waits no longer than {@link PeerOptions#snapshotStallTimeout} for {@code finish}. A large file is therefore
 * better forced as it grows than all at the end.
 */
public interface SnapshotSink {
    /**
     * Takes the next bytes.
     *
     * @param chunk read-only, and only valid until the method returns
     * @throws IOException if they cannot be kept. {@link #abort} follows
     */
    void write(ByteBuffer chunk) throws IOException;

    /**
     * All bytes have been written, as many as were announced. Returns when they are checked, durable, and the message has been
     * handed to the kernel.
     *
     * @throws IOException if the snapshot is refused. {@link #abort} does not follow: there is nothing left of it
     */
    void finish() throws IOException;

    /** There will be no more: the peer gave up or broke the rules, or a write failed. Nothing is left of it. */
    void abort();
}
