package dev.keelraft;

/** How sure a leader has to be that it still leads before it answers a read. See {@link RawNode#readIndex(byte[], ReadPolicy)}. */
public enum ReadPolicy {
    /** It asks a quorum, for each read anew (thesis 6.4). Right whatever clocks do. */
    LINEARIZABLE,
    /**
     * It answers at once while it holds a lease (thesis 6.4.1): a quorum has promised not to elect anybody else, for a time that has
     * not passed yet. Without a lease the read becomes a linearizable one. Right as long as no clock runs faster or slower than
     * {@link RaftConfig.Builder#leaseDriftTicks} allows, and the host lets ticks pass before it asks; see {@link
     * RaftConfig.Builder#leaseReads}.
     */
    LEASE
}
