package dev.keelraft.wal;

import dev.keelraft.model.NodeId;

/**
 * Whose log it is. Written at its creation, compared at every open, never changed.
 *
 * @param clusterId which cluster; any number that all its members share and that no other cluster has
 * @param memberId which member of it: the node id that the kernel runs under
 */
public record WalIdentity(long clusterId, long memberId) {
    /**
     * Checks the member.
     *
     * @param clusterId any
     * @param memberId a node id
     */
    public WalIdentity {
        NodeId.check(memberId);
    }

    @Override
    public String toString() {
        return "member " + Long.toUnsignedString(memberId) + " of cluster " + Long.toUnsignedString(clusterId);
    }
}
