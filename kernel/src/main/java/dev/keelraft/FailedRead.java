package dev.keelraft;

import java.util.Arrays;

/**
 * A read of this node's host that will not be answered. It has had no effect: the host may ask again, at once.
 *
 * @param context the bytes that the host gave to {@link RawNode#readIndex}
 * @param reason why not
 */
public record FailedRead(byte[] context, Reason reason) {
    /** Why a read is not answered. */
    public enum Reason {
        /** This node led when it took the read, and has lost its leadership. */
        LEADERSHIP_LOST,
        /** It was sent to a leader that this node does not follow any more. */
        LEADER_CHANGED,
        /** It was sent to the leader, and no answer came within one election time-out. */
        TIMED_OUT
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof FailedRead that && reason == that.reason && Arrays.equals(context, that.context);
    }

    @Override
    public int hashCode() {
        return 31 * reason.hashCode() + Arrays.hashCode(context);
    }

    @Override
    public String toString() {
        return "FailedRead[" + reason + ", context=" + context.length + " B]";
    }
}
