package dev.keelraft;

import org.jspecify.annotations.Nullable;

/**
 * Thrown by the call of a {@link RawNode} that finds its group damaged beyond what the protocol can heal, and by every call
 * after it. The node takes no part in any vote or quorum from then on. The JVM and the host's other groups are not concerned.
 *
 * <p>No message of a peer leads here, except one that proves that the node's own durable log is damaged.
 */
public final class RaftFailedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final FailureCause failure;

    RaftFailedException(FailureCause failure, String text, @Nullable Throwable cause) {
        super(failure + ": " + text, cause);
        this.failure = failure;
    }

    /** Why the node has stopped, and what its operator can do. */
    public FailureCause failure() {
        return failure;
    }
}
