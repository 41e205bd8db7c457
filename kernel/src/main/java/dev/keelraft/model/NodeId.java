package dev.keelraft.model;

import java.util.Comparator;

/**
 * What a node id may be. Ids are unsigned 64-bit numbers, chosen by the host, and never used again after their node has left
 * the group (a wiped disk under an old id could vote twice).
 *
 * <p>They are kept in {@code long}s. Ids above {@link Long#MAX_VALUE} (etcd's own members have such) look negative there:
 * compare them with {@link #compare} and print them with {@link Long#toUnsignedString(long)}.
 */
public final class NodeId {
    /** No node: an unknown leader, a vote not given. */
    public static final long NONE = 0;

    /** Ascending unsigned order, in which the kernel visits peers. */
    public static final Comparator<Long> ORDER = Long::compareUnsigned;

    /*
     * etcd addresses its own storage threads by the two highest ids. Keel has no such threads, but a member with such an id
     * could not talk to etcd members.
     */
    private static final long RESERVED_FROM = -2;

    private NodeId() {}

    /** Tells whether a node may have this id: not {@link #NONE}, and not one of the two highest values. */
    public static boolean isValid(long id) {
        return id != NONE && Long.compareUnsigned(id, RESERVED_FROM) < 0;
    }

    /**
     * Returns the id, if a node may have it.
     *
     * @throws IllegalArgumentException if it may not
     */
    public static long check(long id) {
        if (!isValid(id)) {
            throw new IllegalArgumentException("not a node id: " + Long.toUnsignedString(id)
                    + " (0 and the two highest 64-bit values are reserved)");
        }
        return id;
    }

    /** Compares two ids as the unsigned numbers that they are. */
    public static int compare(long a, long b) {
        return Long.compareUnsigned(a, b);
    }
}
