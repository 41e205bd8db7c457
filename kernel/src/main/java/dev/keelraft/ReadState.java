package dev.keelraft;

import java.util.Arrays;

/**
 * A linearizable read that may be served: the leader has confirmed that it led when the read arrived, and knew then that
 * everything up to {@code index} was committed (thesis 6.4).
 *
 * @param index serve the read once the state machine has applied this index
 * @param context the bytes that the host gave to {@link RawNode#readIndex}
 */
public record ReadState(long index, byte[] context) {
    @Override
    public boolean equals(Object other) {
        return other instanceof ReadState that && index == that.index && Arrays.equals(context, that.context);
    }

    @Override
    public int hashCode() {
        return 31 * Long.hashCode(index) + Arrays.hashCode(context);
    }

    @Override
    public String toString() {
        return "ReadState[index=" + index + ", context=" + context.length + " B]";
    }
}
