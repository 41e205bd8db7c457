package dev.keelraft;

import dev.keelraft.model.Body;
import dev.keelraft.model.Entry;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import dev.keelraft.model.NodeId;
import dev.keelraft.model.RaftRole;
import dev.keelraft.model.Snapshot;
import java.util.List;

/**
 * A follower (paper, figure 2): takes entries, signs of life and snapshots of its leader, and passes on to it what its own host
 * asks for. Learners are followers that never campaign.
 */
final class Follower extends Role {
    Follower(Raft raft) {
        super(raft);
    }

    @Override
    RaftRole kind() {
        return RaftRole.FOLLOWER;
    }

    @Override
    void tick() {
        tickTowardsElection();
    }

    @Override
    StepResult step(Message message) {
        return switch (message.type()) {
            case APPEND -> {
                hearFromLeader(message.from());
                append(message.from(), (Body.Append) message.body());
                yield StepResult.HANDLED;
            }
            case HEARTBEAT -> {
                hearFromLeader(message.from());
                heartbeat(message.from(), (Body.Heartbeat) message.body());
                yield StepResult.HANDLED;
            }
            case INSTALL_SNAPSHOT -> {
                hearFromLeader(message.from());
                installSnapshot(message.from(), ((Body.InstallSnapshot) message.body()).snapshot());
                yield StepResult.HANDLED;
            }
            case PROPOSE -> {
                ProposalResult result = propose(message.from(), ((Body.Propose) message.body()).entries());
                yield result.outcome() == ProposalResult.Outcome.FORWARDED
                        ? StepResult.HANDLED
                        : StepResult.PROPOSAL_REFUSED;
            }
            case READ_INDEX -> {
                if (raft.lead() == NodeId.NONE) {
                    yield StepResult.NO_LEADER;
                }
                // The leader answers whoever began.
                raft.outbox().forward(MessageType.READ_INDEX, message.from(), raft.lead(), 0, message.body());
                yield StepResult.HANDLED;
            }
            case READ_INDEX_RESPONSE -> raft.reads().forwardedAnswered((Body.ReadIndexResponse) message.body());
            case TIMEOUT_NOW -> {
                CampaignResult result = raft.campaign(Raft.Campaign.TRANSFER);
                yield result == CampaignResult.STARTED ? StepResult.HANDLED : StepResult.UNEXPECTED;
            }
            case TRANSFER_LEADER -> {
                TransferResult result = transferLeadership(message.from());
                yield result == TransferResult.NO_LEADER ? StepResult.NO_LEADER : StepResult.HANDLED;
            }
            case APPEND_RESPONSE, VOTE_RESPONSE, PRE_VOTE_RESPONSE, HEARTBEAT_RESPONSE -> StepResult.UNEXPECTED;
            case VOTE, PRE_VOTE -> throw raft.unreachable(message);
        };
    }

    private void hearFromLeader(long leader) {
        raft.timer().restart();
        raft.follow(leader);
        raft.promiseLease();
    }

    private void append(long leader, Body.Append append) {
        RaftLog log = raft.log();
        if (append.prevIndex() < log.committed()) {
            // An old message. What is committed matches any leader's log, so there is nothing to look at.
            acknowledge(leader, log.committed());
            return;
        }
        if (log.appendIfMatching(append.prevIndex(), append.prevTerm(), append.entries())) {
            // Not min(leader's commit, last index): what lies behind the entries of this message may be another
            // leader's, and may differ from what is committed (paper, AppendEntries 5: "index of last new entry").
            long lastNew = append.prevIndex() + append.entries().size();
            log.commitTo(Math.min(append.commit(), lastNew));
            acknowledge(leader, lastNew);
            return;
        }
        long hint = log.lastPossibleMatch(Math.min(append.prevIndex(), log.lastIndex()), append.prevTerm());
        long hintTerm = log.term(hint);
        raft.outbox()
                .send(
                        MessageType.APPEND_RESPONSE,
                        leader,
                        new Body.AppendResponse(
                                append.prevIndex(), true, hint, hintTerm == RaftLog.UNKNOWN_TERM ? 0 : hintTerm));
    }

    private void heartbeat(long leader, Body.Heartbeat heartbeat) {
        raft.log().commitTo(heartbeat.commit(), heartbeat.commitTerm());
        raft.outbox().send(MessageType.HEARTBEAT_RESPONSE, leader, new Body.HeartbeatResponse(heartbeat.context()));
    }

    private void installSnapshot(long leader, Snapshot snapshot) {
        boolean installed = raft.restore(snapshot);
        acknowledge(leader, installed ? raft.log().lastIndex() : raft.log().committed());
    }

    private void acknowledge(long leader, long index) {
        raft.outbox().send(MessageType.APPEND_RESPONSE, leader, Body.AppendResponse.accepted(index));
    }

    @Override
    ProposalResult propose(long from, List<Entry> entries) {
        long leader = raft.lead();
        if (leader == NodeId.NONE) {
            return ProposalResult.refused(ProposalResult.Outcome.NO_LEADER, leader);
        }
        if (!raft.config().forwardProposals()) {
            return ProposalResult.refused(ProposalResult.Outcome.NOT_LEADER, leader);
        }
        raft.outbox().forward(MessageType.PROPOSE, from, leader, 0, new Body.Propose(entries));
        return ProposalResult.refused(ProposalResult.Outcome.FORWARDED, leader);
    }

    @Override
    ReadResult readIndex(long from, byte[] context, ReadPolicy policy) {
        if (raft.lead() == NodeId.NONE) {
            return ReadResult.NO_LEADER;
        }
        if (raft.reads().isFull()) {
            return ReadResult.TOO_MANY;
        }
        // A lease is the leader's own; what it is asked by others it confirms with a quorum.
        raft.reads().forward(context, raft.lead());
        return ReadResult.FORWARDED;
    }

    @Override
    TransferResult transferLeadership(long target) {
        if (raft.lead() == NodeId.NONE) {
            return TransferResult.NO_LEADER;
        }
        raft.outbox().forward(MessageType.TRANSFER_LEADER, target, raft.lead(), raft.term(), new Body.TransferLeader());
        return TransferResult.FORWARDED;
    }
}
