package dev.keelraft;

import dev.keelraft.model.Body;
import dev.keelraft.model.MessageType;
import java.util.ArrayList;
import java.util.List;

/**
 * The reads of a node that outlive a role: those that are answered, or have failed, and wait for the next Ready; and those that
 * wait for somebody to lead well enough to answer them. What a leader asks its peers about is in {@link LeaderReads}.
 *
 * <p>Each read of the node's own host ends once, in one of the two lists of a Ready ({@link Deviation#READS_FAIL_VISIBLY}).
 */
final class Reads {
    private record Postponed(long from, byte[] context) {}

    private final Raft raft;
    private final RaftConfig config;

    /** Confirmed. */
    private final List<ReadState> states = new ArrayList<>();

    private final List<FailedRead> failed = new ArrayList<>();

    /** Those that wait for the leader's first commit. */
    private List<Postponed> postponed = new ArrayList<>();

    /** Those that wait for another node, which leads. */
    private final ForwardedReads forwarded;

    Reads(Raft raft) {
        this.raft = raft;
        this.config = raft.config();
        this.forwarded = new ForwardedReads(config.random(), config.electionTicks());
    }

    /** A read may be served once an index is applied; tells who asked. */
    void answer(long from, byte[] context, long index) {
        if (from == raft.id()) {
            states.add(new ReadState(index, context));
        } else {
            raft.outbox().send(MessageType.READ_INDEX_RESPONSE, from, new Body.ReadIndexResponse(index, context));
        }
    }

    // At a leader

    void postpone(long from, byte[] context) {
        postponed.add(new Postponed(from, context));
    }

    /** The leader has committed an entry, which it does with entries of its term alone: the reads that wait for that go on. */
    void releasePostponed(LeaderReads leader) {
        if (postponed.isEmpty()) {
            return;
        }
        List<Postponed> released = postponed;
        postponed = new ArrayList<>();
        for (Postponed read : released) {
            leader.confirm(read.from(), read.context());
        }
    }

    // At a follower

    /** Sends a read of this node's own host to the leader. */
    void forward(byte[] context, long leader) {
        byte[] sent = config.deviates(Deviation.READS_FAIL_VISIBLY) ? forwarded.add(context) : context;
        raft.outbox().forward(MessageType.READ_INDEX, raft.id(), leader, 0, new Body.ReadIndex(sent));
    }

    /** The leader has answered a read that was sent to it. */
    StepResult forwardedAnswered(Body.ReadIndexResponse answer) {
        byte[] context = answer.context();
        if (config.deviates(Deviation.READS_FAIL_VISIBLY)) {
            context = forwarded.answered(answer.context());
            if (context == null) {
                return StepResult.UNEXPECTED;
            }
        }
        states.add(new ReadState(answer.index(), context));
        return StepResult.HANDLED;
    }

    void tick() {
        forwarded.tick(failed);
    }

    // When the leadership ends

    /** Whoever was to answer the reads that wait does not lead any more, be it this node or another one. */
    void leaderLost() {
        if (!config.deviates(Deviation.READS_FAIL_VISIBLY)) {
            return;
        }
        forwarded.fail(failed);
        if (raft.role() instanceof Leader leader) {
            leader.reads().fail(failed);
            for (Postponed read : postponed) {
                if (read.from() == raft.id()) {
                    failed.add(new FailedRead(read.context(), FailedRead.Reason.LEADERSHIP_LOST));
                }
            }
            postponed.clear();
        }
    }

    // For the door

    int pendingCount() {
        int atLeader = raft.role() instanceof Leader leader ? leader.reads().pendingCount() : 0;
        return atLeader + postponed.size() + forwarded.count();
    }

    boolean isFull() {
        return config.deviates(Deviation.READS_FAIL_VISIBLY) && pendingCount() >= config.maxPendingReads();
    }

    boolean hasResults() {
        return !states.isEmpty() || !failed.isEmpty();
    }

    List<ReadState> takeStates() {
        return takeAll(states);
    }

    List<FailedRead> takeFailed() {
        return takeAll(failed);
    }

    private static <T> List<T> takeAll(List<T> results) {
        if (results.isEmpty()) {
            return List.of();
        }
        List<T> taken = List.copyOf(results);
        results.clear();
        return taken;
    }
}
