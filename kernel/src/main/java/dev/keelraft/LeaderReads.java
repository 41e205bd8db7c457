package dev.keelraft;

import dev.keelraft.quorum.JointConfig;
import java.util.List;

/**
 * What a leader does for reads (thesis 6.4): before it answers one, it makes sure that it still leads, by a round of heartbeats
 * ({@link ReadOnly}) or by its lease ({@link Lease}). Part of {@link Leader}, and gone with it.
 */
final class LeaderReads {
    private final Raft raft;
    private final Leader leader;
    private final ReadOnly rounds;
    private final Lease lease;

    LeaderReads(Raft raft, Leader leader) {
        this.raft = raft;
        this.leader = leader;
        this.rounds = new ReadOnly(raft);
        this.lease = new Lease(raft.id(), raft.config());
    }

    /** Takes a read of this node's host ({@code from} is the node itself), or of another node's. */
    ReadResult readIndex(long from, byte[] context, ReadPolicy policy) {
        if (raft.reads().isFull()) {
            return ReadResult.TOO_MANY;
        }
        long committed = raft.log().committed();
        if (isAlone() && !raft.config().deviates(Deviation.SINGLE_VOTER_READS_WAIT_FOR_COMMIT)) {
            raft.reads().answer(from, context, committed);
        } else if (raft.log().term(committed) != raft.term()) {
            // Until an entry of its own term is committed, a leader may not know of all that its predecessor committed
            // (thesis 6.4, step 1).
            raft.reads().postpone(from, context);
        } else if (policy == ReadPolicy.LEASE && raft.config().givesLeases() && lease.isHeld(voters())) {
            raft.reads().answer(from, context, committed);
        } else {
            confirm(from, context);
        }
        return ReadResult.ACCEPTED;
    }

    /** Asks the peers, in the name of a read, whether this node still leads; if there are any. */
    void confirm(long from, byte[] context) {
        boolean nobodyToAsk = isAlone() && raft.config().deviates(Deviation.SINGLE_VOTER_READS_WAIT_FOR_COMMIT);
        if (takesCheckQuorumForLease() || nobodyToAsk) {
            raft.reads().answer(from, context, raft.log().committed());
            return;
        }
        rounds.add(from, context, raft.log().committed());
        leader.askPeers();
    }

    /** Whether it needs nobody's confirmation but its own. A leader that was removed from the group is not the one voter left. */
    private boolean isAlone() {
        return voters().isSingleton()
                && (voters().contains(raft.id())
                        || !raft.config().deviates(Deviation.REMOVED_LEADER_ASKS_BEFORE_READS));
    }

    /* As in etcd's library, for all reads alike. */
    private boolean takesCheckQuorumForLease() {
        return raft.config().leaseReads() && !raft.config().givesLeases();
    }

    private JointConfig voters() {
        return raft.membership().voters();
    }

    /** What a heartbeat carries that is made now. */
    byte[] heartbeatContext() {
        long read = rounds.newestNumber();
        return raft.config().givesLeases() ? HeartbeatContext.of(read, lease.now()) : HeartbeatContext.of(read);
    }

    /** A node has answered a heartbeat that carried this. */
    void heartbeatAnswered(long from, byte[] context) {
        lease.answered(from, HeartbeatContext.tick(context));
        long read = HeartbeatContext.read(context);
        if (read > 0) {
            rounds.acknowledge(from, read);
            rounds.answerConfirmed(voters());
        }
    }

    /** The voters have changed: reads may wait for answers that no quorum needs any more. */
    void recount() {
        if (raft.config().deviates(Deviation.READS_RECOUNTED_AFTER_CONF_CHANGE)) {
            rounds.answerConfirmed(voters());
        }
    }

    /** The leader has told somebody to campaign. */
    void endLease() {
        lease.end();
    }

    void tick() {
        lease.tick();
    }

    /** How many ticks the leader leads, from 1 on. */
    long now() {
        return lease.now();
    }

    int pendingCount() {
        return rounds.pendingCount();
    }

    void fail(List<FailedRead> failed) {
        rounds.fail(failed);
    }
}
