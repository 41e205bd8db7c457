package dev.keelraft.example.peer;

import java.time.Duration;

/**
 * Limits and times of a {@link PeerTransport}. All members of a cluster need the same {@code maxMessageBytes} and {@code
 * maxSnapshotBytes}: what one sends the others have to take.
 *
 * @param maxMessageBytes what the entries of one raft message may have, in bytes, and one proposal: the larger of the kernel's
 *     {@code maxMessageBytes} and {@code maxEntryBytes}
 * @param maxSnapshotBytes the longest file that is received as a snapshot
 * @param queueMessages how many messages wait for one peer
 * @param queueBytes how many bytes these have in sum, encoded. A message that is longer waits only if no other does
 * @param connectTimeout how long one attempt to reach a peer takes, from the connection to its hello
 * @param snapshotStallTimeout how long the transfer of a snapshot goes on without progress, on either side
 */
public record PeerOptions(
        int maxMessageBytes,
        long maxSnapshotBytes,
        int queueMessages,
        long queueBytes,
        Duration connectTimeout,
        Duration snapshotStallTimeout) {

    /** The kernel's default for the longest entry, which is longer than an append of several. */
    public static final int DEFAULT_MAX_MESSAGE_BYTES = 8 << 20;

    /** 16 GiB. States are held in memory; a file beyond this is a mistake, or an attack on the disk. */
    public static final long DEFAULT_MAX_SNAPSHOT_BYTES = 16L << 30;

    /**
     * The kernel keeps at most 256 appends on their way to a peer by default; the rest is room for heartbeats and answers. At
     * 10,000 messages a second a queue of 4096 is 0.4 seconds long: older messages are not worth sending.
     */
    public static final int DEFAULT_QUEUE_MESSAGES = 4096;

    /** A few of the longest messages, and a bound on what a peer that does not read costs: 64 MiB of heap. */
    public static final long DEFAULT_QUEUE_BYTES = 64L << 20;

    /** More than a round trip around the world with a lost packet; less than people wait for a restarted member. */
    public static final Duration DEFAULT_CONNECT_TIMEOUT = Duration.ofSeconds(2);

    /** A disk that forces a file, and a network that retransmits, can be silent for seconds. */
    public static final Duration DEFAULT_SNAPSHOT_STALL_TIMEOUT = Duration.ofSeconds(10);

    /**
     * What stands around the entries: the envelope, two bytes or more for each of up to {@link #MAX_ENTRIES} entries, the
     * members in a snapshot's descriptor. Generous, as a message that is refused for its length breaks the stream each time.
     */
    private static final int OVERHEAD_BYTES = 1 << 20;

    /** The entries of one message: an append of 1 MiB fits, whatever its entries are. */
    static final int MAX_ENTRIES = 1 << 18;

    /**
     * Checks the values.
     *
     * @param maxMessageBytes 1 to 1 GiB
     * @param maxSnapshotBytes at least 0
     * @param queueMessages at least 1
     * @param queueBytes at least 1
     * @param connectTimeout more than 0
     * @param snapshotStallTimeout more than 0
     */
    public PeerOptions {
        if (maxMessageBytes < 1 || maxMessageBytes > 1 << 30) {
            throw new IllegalArgumentException("maxMessageBytes must be 1 to 1 GiB: " + maxMessageBytes);
        }
        if (maxSnapshotBytes < 0 || queueMessages < 1 || queueBytes < 1) {
            throw new IllegalArgumentException("limits must be positive: maxSnapshotBytes " + maxSnapshotBytes
                    + ", queueMessages " + queueMessages + ", queueBytes " + queueBytes);
        }
        if (!isPositive(connectTimeout) || !isPositive(snapshotStallTimeout)) {
            throw new IllegalArgumentException("times must be positive: connectTimeout " + connectTimeout
                    + ", snapshotStallTimeout " + snapshotStallTimeout);
        }
    }

    /** What fits the kernel's defaults. */
    public static PeerOptions defaults() {
        return new PeerOptions(
                DEFAULT_MAX_MESSAGE_BYTES,
                DEFAULT_MAX_SNAPSHOT_BYTES,
                DEFAULT_QUEUE_MESSAGES,
                DEFAULT_QUEUE_BYTES,
                DEFAULT_CONNECT_TIMEOUT,
                DEFAULT_SNAPSHOT_STALL_TIMEOUT);
    }

    /** The longest message on the wire, in bytes; with what stands around the entries. */
    int maxEncodedBytes() {
        return maxMessageBytes + OVERHEAD_BYTES;
    }

    private static boolean isPositive(Duration duration) {
        return !duration.isNegative() && !duration.isZero();
    }
}
