package dev.keelraft;

import dev.keelraft.model.ConfState;
import dev.keelraft.model.HardState;
import dev.keelraft.model.NodeId;
import dev.keelraft.model.ProgressState;
import dev.keelraft.model.SoftState;
import dev.keelraft.tracker.Progress;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * A node's state at one moment, for operators and tests. It is a copy: nothing in it changes later.
 *
 * @param id the node
 * @param hardState term, vote and commit index as they are now, stored or not
 * @param softState the leader and the node's role
 * @param applied the index up to which the host has applied the log
 * @param firstIndex the index of the first entry of the log
 * @param lastIndex the index of the last entry of the log, durable or not
 * @param transferTarget who is to lead next, or 0
 * @param confState the members
 * @param pendingReads reads that wait for an answer, at a leader or from it
 * @param diskStallTicks for how many ticks Readys have been out of which none became durable; see {@link
 *     RaftConfig.Builder#diskStallTicks}
 * @param peers what a leader knows of each member, itself included, by ascending id; empty on other nodes
 * @param dropped how many messages were dropped, and why. Causes that never occurred are left out
 */
public record Status(
        long id,
        HardState hardState,
        SoftState softState,
        long applied,
        long firstIndex,
        long lastIndex,
        long transferTarget,
        ConfState confState,
        int pendingReads,
        long diskStallTicks,
        List<Peer> peers,
        Map<StepResult, Long> dropped) {

    /**
     * What a leader knows of a member.
     *
     * @param id the member
     * @param match the highest index that its log is known to have durably, the same as the leader's
     * @param next the index of the next entry to send
     * @param state how it is treated
     * @param paused whether nothing is sent until it answers
     * @param recentlyActive whether it has answered since the last check of the quorum
     * @param pendingSnapshot the index of the snapshot that it was sent, or 0
     * @param inflightMessages how many appends are on their way
     * @param inflightBytes how many bytes of payload are on their way
     * @param inflightFull whether one of the two has reached its limit
     * @param learner whether it receives the log without voting
     */
    public record Peer(
            long id,
            long match,
            long next,
            ProgressState state,
            boolean paused,
            boolean recentlyActive,
            long pendingSnapshot,
            int inflightMessages,
            long inflightBytes,
            boolean inflightFull,
            boolean learner) {

        static Peer of(long id, Progress progress, boolean learner) {
            return new Peer(
                    id,
                    progress.match(),
                    progress.next(),
                    progress.state(),
                    progress.isPaused(),
                    progress.isRecentlyActive(),
                    progress.pendingSnapshot(),
                    progress.inflights().count(),
                    progress.inflights().bytes(),
                    progress.inflights().isFull(),
                    learner);
        }
    }

    static Status of(Raft raft, long[] dropped, long diskStallTicks) {
        long transferTarget = NodeId.NONE;
        List<Peer> peers = new ArrayList<>();
        if (raft.role() instanceof Leader leader) {
            transferTarget = leader.transferTarget();
            for (int i = 0; i < leader.peers().size(); i++) {
                long id = leader.peers().id(i);
                peers.add(Peer.of(
                        id, leader.peers().progress(i), raft.membership().isLearner(id)));
            }
        }
        Map<StepResult, Long> drops = new EnumMap<>(StepResult.class);
        for (StepResult cause : StepResult.values()) {
            if (dropped[RawNode.place(cause)] > 0) {
                drops.put(cause, dropped[RawNode.place(cause)]);
            }
        }
        return new Status(
                raft.id(),
                raft.hardState(),
                new SoftState(raft.lead(), raft.role().kind()),
                raft.log().applied(),
                raft.log().firstIndex(),
                raft.log().lastIndex(),
                transferTarget,
                confState(raft),
                raft.reads().pendingCount(),
                diskStallTicks,
                List.copyOf(peers),
                Collections.unmodifiableMap(drops));
    }

    private static ConfState confState(Raft raft) {
        ConfState known = raft.membership().confState();
        return raft.config().deviates(Deviation.STATUS_NAMES_AUTO_LEAVE)
                ? known
                : new ConfState(
                        known.voters(),
                        known.votersOutgoing(),
                        known.learners(),
                        known.learnersNext(),
                        false,
                        known.incarnations());
    }
}
