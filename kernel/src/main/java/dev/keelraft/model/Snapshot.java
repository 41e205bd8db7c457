package dev.keelraft.model;

import java.util.Arrays;

/**
 * Stands for the state of the application after all entries up to an index, and replaces them.
 *
 * <p>The bulk of the state does not pass through the kernel. {@code data} is a small descriptor of the application's (a file
 * name, a size, a checksum), with which the receiving host fetches the rest <em>before</em> it steps the message.
 *
 * @param index the last index that the state includes; {@code 0} only in {@link #NONE}
 * @param term the term of the entry at {@code index}
 * @param confState the members of the group at {@code index}
 * @param data the application's descriptor; it belongs to the snapshot from now on
 */
public record Snapshot(long index, long term, ConfState confState, byte[] data) {
    /** No snapshot. */
    public static final Snapshot NONE = new Snapshot(0, 0, ConfState.EMPTY, new byte[0]);

    /**
     * Checks the numbers.
     *
     * @param index at least 0
     * @param term at least 0
     * @param confState the members at {@code index}
     * @param data not copied
     */
    public Snapshot {
        if (term < 0 || index < 0) {
            throw new IllegalArgumentException("negative term or index: " + term + "/" + index);
        }
    }

    /** Tells whether there is no snapshot: its index is 0. */
    public boolean isNone() {
        return index == 0;
    }

    /** Equal in all fields, the descriptor byte by byte. */
    @Override
    public boolean equals(Object other) {
        return other instanceof Snapshot that
                && index == that.index
                && term == that.term
                && confState.equals(that.confState)
                && Arrays.equals(data, that.data);
    }

    @Override
    public int hashCode() {
        return 31 * Long.hashCode(31 * term + index) + Arrays.hashCode(data);
    }

    /** Everything but the descriptor's bytes. */
    @Override
    public String toString() {
        return "Snapshot[index=" + index + ", term=" + term + ", confState=" + confState + ", data=" + data.length
                + " B]";
    }
}
