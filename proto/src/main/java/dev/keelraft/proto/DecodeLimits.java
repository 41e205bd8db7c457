package dev.keelraft.proto;

/**
 * What a decoder takes from a peer at most. Each limit is checked before the memory that it bounds is allocated; beyond it,
 * decoding fails with {@link MalformedMessageException.Reason#TOO_LARGE}.
 *
 * <p>All nodes of a group need limits that fit the largest message that any of them sends. A follower that refuses its leader's
 * append never catches up.
 *
 * @param maxMessageBytes the length of one encoded message, or of whatever else is decoded. Payloads take no more memory than
 *     that in sum
 * @param maxEntries the entries of one message. An entry of 2 bytes on the wire takes 60 to 80 in memory, so that the length
 *     alone does not bound the memory well
 * @param maxMembers the ids of each list of a configuration, for the same reason
 */
public record DecodeLimits(int maxMessageBytes, int maxEntries, int maxMembers) {
    /**
     * 64 MiB, 262,144 entries and 1,024 members a list. A message of one entry of the kernel's default {@code maxEntryBytes},
     * 8 MiB, fits many times. An append of 1 MiB fits whatever its entries are, as the smallest that a leader sends takes 4
     * bytes (term and index of one byte each, no payload).
     */
    public static final DecodeLimits DEFAULT = new DecodeLimits(64 << 20, 1 << 18, 1 << 10);

    /**
     * Checks the numbers.
     *
     * @param maxMessageBytes at least 1
     * @param maxEntries at least 1
     * @param maxMembers at least 1
     */
    public DecodeLimits {
        if (maxMessageBytes < 1 || maxEntries < 1 || maxMembers < 1) {
            throw new IllegalArgumentException("limits must be at least 1: maxMessageBytes " + maxMessageBytes
                    + ", maxEntries " + maxEntries + ", maxMembers " + maxMembers);
        }
    }
}
