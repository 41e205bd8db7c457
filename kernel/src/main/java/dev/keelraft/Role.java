package dev.keelraft;

import dev.keelraft.model.Entry;
import dev.keelraft.model.Message;
import dev.keelraft.model.RaftRole;
import java.util.List;

/**
 * What a node does because of the role that it plays (paper, figure 2: "Rules for Servers"); what every node does is in {@link
 * Raft}. A role object lives as long as its node plays that role in one term, so what belongs to the role dies with it.
 *
 * <p>Only {@link Raft} changes the role. A role that asks for that does nothing afterwards: it is over.
 */
abstract sealed class Role permits Follower, Candidate, Leader {
    protected final Raft raft;

    Role(Raft raft) {
        this.raft = raft;
    }

    abstract RaftRole kind();

    /** Handles a message of the current term, or one that bears none. */
    abstract StepResult step(Message message);

    abstract void tick();

    /** Takes entries with neither term nor index: from this node's host, or from another node. */
    abstract ProposalResult propose(long from, List<Entry> entries);

    /** Takes a read of this node's host ({@code from} is the node itself), or of another node's. */
    abstract ReadResult readIndex(long from, byte[] context, ReadPolicy policy);

    /** Takes the request that a member should lead. */
    abstract TransferResult transferLeadership(long target);

    /** Ticks of a node that does not lead: it campaigns when the time-out has passed. */
    protected final void tickTowardsElection() {
        raft.tickFollowing();
        if (raft.isPromotable() && raft.timer().isPastTimeout()) {
            raft.timer().restart();
            raft.campaignAfterTimeout();
        }
    }
}
