package dev.keelraft.model;

/**
 * What a host may want to know about leadership, and need not store.
 *
 * @param lead the leader of the current term, or {@link NodeId#NONE} if unknown
 * @param role the node's own role
 */
public record SoftState(long lead, RaftRole role) {
    @Override
    public String toString() {
        return "SoftState[lead=" + Long.toUnsignedString(lead) + ", role=" + role + "]";
    }
}
