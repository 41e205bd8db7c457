package dev.keelraft;

import dev.keelraft.model.Body;
import dev.keelraft.model.Entry;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import dev.keelraft.model.NodeId;
import dev.keelraft.model.RaftRole;
import dev.keelraft.quorum.Ballot;
import java.util.Arrays;
import java.util.List;
import java.util.function.LongFunction;

/**
 * A candidate (paper, figure 2), or a pre-candidate (thesis 9.6), which does the same without a term of its own: counts votes,
 * and gives way to whoever leads the term already. One object is one round.
 */
final class Candidate extends Role implements LongFunction<Ballot> {
    private final boolean pre;

    /** Who has answered in this round, and what. */
    private long[] voters = new long[4];

    private Ballot[] ballots = new Ballot[4];
    private int count;

    /** Whether somebody knows more to be committed than this node has. */
    private boolean lacksCommitted;

    Candidate(Raft raft, boolean pre) {
        super(raft);
        this.pre = pre;
    }

    @Override
    RaftRole kind() {
        return pre ? RaftRole.PRE_CANDIDATE : RaftRole.CANDIDATE;
    }

    @Override
    void tick() {
        tickTowardsElection();
    }

    @Override
    StepResult step(Message message) {
        return switch (message.type()) {
            // Somebody leads this term, so nobody else can win it (paper, 5.2).
            case APPEND, HEARTBEAT, INSTALL_SNAPSHOT -> {
                raft.becomeFollower(message.term(), message.from());
                yield raft.role().step(message);
            }
            // An answer of the other kind belongs to a round that is over.
            case PRE_VOTE_RESPONSE -> pre ? count(message) : StepResult.UNEXPECTED;
            case VOTE_RESPONSE -> pre ? StepResult.UNEXPECTED : count(message);
            case PROPOSE -> StepResult.PROPOSAL_REFUSED;
            case READ_INDEX, TRANSFER_LEADER -> StepResult.NO_LEADER;
            case APPEND_RESPONSE, HEARTBEAT_RESPONSE, READ_INDEX_RESPONSE, TIMEOUT_NOW -> StepResult.UNEXPECTED;
            case VOTE, PRE_VOTE -> throw raft.unreachable(message);
        };
    }

    private StepResult count(Message message) {
        Body.VoteResponse answer = (Body.VoteResponse) message.body();
        raft.learnCommit(answer.commit(), answer.commitTerm());
        if (raft.role() != this) {
            return StepResult.HANDLED;
        }
        lacksCommitted |= answer.commit() > raft.log().lastIndex();
        record(message.from(), answer.rejected() ? Ballot.REJECTED : Ballot.GRANTED);
        switch (raft.membership().voters().voteResult(this)) {
            case WON -> {
                if (pre) {
                    raft.startCampaign(Raft.Campaign.ELECTION);
                } else {
                    raft.becomeLeader();
                }
            }
            // A pre-candidate has not left its term; a candidate waits in its own for whoever wins it.
            case LOST -> {
                raft.becomeFollower(raft.term(), NodeId.NONE);
                if (lacksCommitted && raft.config().deviates(Deviation.COMMIT_BY_VOTE)) {
                    raft.timer().giveWay();
                }
            }
            case PENDING -> {}
        }
        return StepResult.HANDLED;
    }

    /** Keeps a voter's first answer: a message that arrives twice must not count twice, nor change a vote. */
    private void record(long voter, Ballot ballot) {
        if (apply(voter) != Ballot.MISSING) {
            return;
        }
        if (count == voters.length) {
            voters = Arrays.copyOf(voters, 2 * count);
            ballots = Arrays.copyOf(ballots, 2 * count);
        }
        voters[count] = voter;
        ballots[count] = ballot;
        count++;
    }

    /** A voter's answer in this round. */
    @Override
    public Ballot apply(long voter) {
        for (int i = 0; i < count; i++) {
            if (voters[i] == voter) {
                return ballots[i];
            }
        }
        return Ballot.MISSING;
    }

    /** Asks every voter of both halves, in ascending order, itself among them. */
    void askForVotes(Raft.Campaign campaign) {
        long term = pre ? raft.term() + 1 : raft.term();
        MessageType request = pre ? MessageType.PRE_VOTE : MessageType.VOTE;
        MessageType answer = pre ? MessageType.PRE_VOTE_RESPONSE : MessageType.VOTE_RESPONSE;
        RaftLog log = raft.log();
        boolean tells = raft.config().deviates(Deviation.COMMIT_BY_VOTE);
        Body.Vote body = new Body.Vote(
                log.lastIndex(),
                log.lastTerm(),
                campaign == Raft.Campaign.TRANSFER,
                tells ? log.committed() : 0,
                tells ? log.committedTerm() : 0,
                raft.config().priority());
        for (int i = 0; i < raft.membership().size(); i++) {
            long member = raft.membership().member(i);
            if (member == raft.id()) {
                // Its own vote counts when it is durable, like any other (etcd issue 14370).
                raft.outbox().sendAt(term, answer, member, Body.VoteResponse.GRANTED);
            } else if (raft.membership().voters().contains(member)) {
                raft.outbox().sendAt(term, request, member, body);
            }
        }
    }

    @Override
    ProposalResult propose(long from, List<Entry> entries) {
        return ProposalResult.refused(ProposalResult.Outcome.NO_LEADER, NodeId.NONE);
    }

    @Override
    ReadResult readIndex(long from, byte[] context, ReadPolicy policy) {
        return ReadResult.NO_LEADER;
    }

    @Override
    TransferResult transferLeadership(long target) {
        return TransferResult.NO_LEADER;
    }
}
