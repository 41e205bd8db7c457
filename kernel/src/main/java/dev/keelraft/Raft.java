package dev.keelraft;

import dev.keelraft.confchange.Changer;
import dev.keelraft.confchange.Membership;
import dev.keelraft.model.Body;
import dev.keelraft.model.ConfChange;
import dev.keelraft.model.ConfChangeRefusal;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import dev.keelraft.model.NodeId;
import dev.keelraft.model.RaftRole;
import dev.keelraft.model.Snapshot;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What every node does, whatever its role (paper, figure 2: "Rules for Servers", "RequestVote RPC"): terms, votes, the change of
 * roles, who the members are, and the marks of what is durable and applied. It also holds what outlives a role: the log, the
 * election timer, messages that wait to be sent, reads that are answered.
 *
 * <p>Three facts hold after each call:
 *
 * <ol>
 *   <li>The term never falls, and within a term the vote never changes once it is given.
 *   <li>A node leads a term only if it has won it; the leader that a node knows is a leader of its current term.
 *   <li>Whatever makes a promise (a vote, an acknowledgement) waits in the outbox for the disk.
 * </ol>
 */
final class Raft {
    /** Why a node campaigns, and so how. */
    enum Campaign {
        /** To find out whether it could win: in no term of its own. */
        PRE_ELECTION,
        /** To win. */
        ELECTION,
        /** Because the leader told it to: without asking first, and past the voters' loyalty to that leader. */
        TRANSFER
    }

    private final long id;
    private final RaftConfig config;
    private final RaftLog log;
    private final ElectionTimer timer;
    private final Outbox outbox;
    private final Reads reads;

    private long term;
    private long vote = NodeId.NONE;
    private long lead = NodeId.NONE;
    private Membership membership;

    /** The index of the snapshot that brought the members last, or 0. */
    private long restoredIndex;

    /** How often this node has refused a vote for the sake of its own priority, since it last heard from a leader or led. */
    private int insisted;

    private Role role;

    /** Whether what this node has to store has waited for too long. */
    private boolean diskStalled;

    /** For so many ticks more this node has promised a leader to vote for nobody else. */
    private int promisedTicks;

    Raft(RaftConfig config, CheckedStorage storage, Membership membership) {
        this.id = config.id();
        this.config = config;
        this.log = new RaftLog(storage, config.maxCommittedBytes());
        this.timer = new ElectionTimer(config.electionTicks(), config.random());
        this.outbox = new Outbox(this, config);
        this.reads = new Reads(this);
        this.membership = membership;
        this.role = new Follower(this);
    }

    /** Takes up what an earlier life of the node left on its disk. Every node starts as a follower. */
    void recover(HardState hardState, long appliedIndex) {
        term = hardState.term();
        vote = hardState.vote();
        log.recover(Math.max(hardState.commit(), appliedIndex), appliedIndex);
        if (term > 0) {
            // It may have made a promise shortly before it stopped.
            promiseLease();
        }
    }

    /** Writes the first configuration into the empty log of a new group, as entries that are committed from the start. */
    void bootstrap(List<Entry> entries) {
        term = entries.get(0).term();
        log.append(entries);
        log.commitTo(entries.get(entries.size() - 1).index());
    }

    // What roles and the front read

    long id() {
        return id;
    }

    RaftConfig config() {
        return config;
    }

    RaftLog log() {
        return log;
    }

    ElectionTimer timer() {
        return timer;
    }

    Outbox outbox() {
        return outbox;
    }

    Reads reads() {
        return reads;
    }

    long term() {
        return term;
    }

    long lead() {
        return lead;
    }

    Membership membership() {
        return membership;
    }

    Role role() {
        return role;
    }

    HardState hardState() {
        return new HardState(term, vote, log.committed());
    }

    /**
     * Whether the node could lead: a member that votes, as the incarnation that it is, that has no snapshot to install first, and
     * that has a term left to lead in. The last one comes from nobody but a peer that has invented it.
     */
    boolean isPromotable() {
        return membership.contains(id)
                && !membership.isLearner(id)
                && !membership.isOtherIncarnation(id, config.incarnation())
                && !log.hasPendingSnapshot()
                && term != Long.MAX_VALUE;
    }

    // Roles

    void becomeFollower(long newTerm, long leader) {
        enterTerm(newTerm);
        lead = leader;
        role = new Follower(this);
    }

    /** The leader of the current term has been heard from. */
    void follow(long leader) {
        lead = leader;
        insisted = 0;
    }

    /**
     * Asks before it disturbs. Term, vote and timer stay, for nothing has happened yet; but it no longer knows a leader, or two
     * pre-candidates would refuse each other for the sake of a leader that both have given up (raft-rs pull request 84).
     */
    private void becomePreCandidate() {
        reads.leaderLost();
        lead = NodeId.NONE;
        role = new Candidate(this, true);
    }

    private void becomeCandidate() {
        enterTerm(term + 1);
        vote = id;
        role = new Candidate(this, false);
    }

    void becomeLeader() {
        Invariant.check(role.kind() == RaftRole.CANDIDATE, "only a candidate wins (node %d, term %d)", id, term);
        enterTerm(term);
        // To whom it was made, wanted this election, or it would not have been held.
        promisedTicks = 0;
        lead = id;
        insisted = 0;
        Leader leader = new Leader(this);
        role = leader;
        leader.open();
    }

    /** A new role begins: in a new term the vote is free again, in the same one it stays given. */
    private void enterTerm(long newTerm) {
        Invariant.check(newTerm >= term, "term %d does not fall below %d", newTerm, term);
        reads.leaderLost();
        if (newTerm != term) {
            term = newTerm;
            vote = NodeId.NONE;
        }
        lead = NodeId.NONE;
        timer.redraw();
    }

    // Campaigns

    CampaignResult campaignAfterTimeout() {
        return campaign(config.preVote() ? Campaign.PRE_ELECTION : Campaign.ELECTION);
    }

    /** The one gate through which every campaign goes, whatever its reason (etcd issue 12133). */
    CampaignResult campaign(Campaign campaign) {
        if (role.kind() == RaftRole.LEADER) {
            return CampaignResult.ALREADY_LEADS;
        }
        if (!isPromotable()) {
            return CampaignResult.NOT_PROMOTABLE;
        }
        if (log.hasUnappliedConfChange()) {
            return CampaignResult.CONF_CHANGE_UNAPPLIED;
        }
        if (diskStalled) {
            return CampaignResult.DISK_STALLED;
        }
        if (promisedTicks > 0 && campaign != Campaign.TRANSFER) {
            return CampaignResult.LEASE_PROMISED;
        }
        startCampaign(campaign);
        return CampaignResult.STARTED;
    }

    void startCampaign(Campaign campaign) {
        if (campaign == Campaign.PRE_ELECTION) {
            becomePreCandidate();
        } else {
            becomeCandidate();
        }
        ((Candidate) role).askForVotes(campaign);
    }

    // Messages

    /** Applies what a message's term says, whatever else it says (paper, 5.1), then hands it to whom it concerns. */
    StepResult step(Message message) {
        if (message.term() > term) {
            if (isCampaignAgainstLivingLeader(message)) {
                return StepResult.LEADER_ALIVE;
            }
            adoptTerm(message);
        } else if (message.term() < term && message.term() != 0) {
            return stepOldTerm(message);
        }
        return switch (message.type()) {
            case VOTE, PRE_VOTE -> stepVote(message);
            case APPEND,
                    APPEND_RESPONSE,
                    VOTE_RESPONSE,
                    PRE_VOTE_RESPONSE,
                    HEARTBEAT,
                    HEARTBEAT_RESPONSE,
                    INSTALL_SNAPSHOT,
                    READ_INDEX,
                    READ_INDEX_RESPONSE,
                    PROPOSE,
                    TIMEOUT_NOW,
                    TRANSFER_LEADER -> role.step(message);
        };
    }

    /**
     * Whether a node that this one should not listen to asks for votes: it hears from a leader, within the shortest time-out
     * (thesis 4.2.3). A campaign that the leader itself ordered is none against it.
     */
    private boolean isCampaignAgainstLivingLeader(Message message) {
        if (message.type() != MessageType.VOTE && message.type() != MessageType.PRE_VOTE) {
            return false;
        }
        boolean leaderLives = config.checkQuorum() && lead != NodeId.NONE && !timer.isPastElectionTicks();
        return (leaderLives || promisedTicks > 0) && !((Body.Vote) message.body()).transfer();
    }

    // Leases, seen from those who give them

    /**
     * The leader has been heard from, or may have been before a restart: for an election time-out this node does nothing that
     * could bring another one about, unless that leader wants it. It does not matter whom it knows to lead meanwhile, nor that
     * it has forgotten everything in a restart; the leader counts on it.
     */
    void promiseLease() {
        if (config.givesLeases()) {
            promisedTicks = config.electionTicks();
        }
    }

    // Time

    /**
     * A tick passes.
     *
     * @param diskStallTicks for how many ticks the disk has had work and finished nothing
     */
    void tick(long diskStallTicks) {
        diskStalled =
                diskStallTicks > config.diskStallTicks() && config.deviates(Deviation.STALLED_DISK_GIVES_UP_LEADERSHIP);
        role.tick();
    }

    /** Whether this node can store nothing, as of the last tick. */
    boolean isDiskStalled() {
        return diskStalled;
    }

    /** A tick of a node that does not lead. */
    void tickFollowing() {
        timer.tick();
        reads.tick();
        if (promisedTicks > 0) {
            promisedTicks--;
        }
    }

    private void adoptTerm(Message message) {
        switch (message.type()) {
            // A pre-vote changes nobody's term: neither the question, nor the answer "yes", which bears the term asked
            // for.
            case PRE_VOTE -> {}
            case PRE_VOTE_RESPONSE -> {
                if (((Body.VoteResponse) message.body()).rejected()) {
                    becomeFollower(message.term(), NodeId.NONE);
                }
            }
            case APPEND, HEARTBEAT, INSTALL_SNAPSHOT -> becomeFollower(message.term(), message.from());
            case APPEND_RESPONSE,
                    VOTE,
                    VOTE_RESPONSE,
                    HEARTBEAT_RESPONSE,
                    READ_INDEX,
                    READ_INDEX_RESPONSE,
                    PROPOSE,
                    TIMEOUT_NOW,
                    TRANSFER_LEADER -> becomeFollower(message.term(), NodeId.NONE);
        }
    }

    private StepResult stepOldTerm(Message message) {
        MessageType type = message.type();
        if (message.body() instanceof Body.VoteResponse answer) {
            // It counts for nothing, and yet what it tells is a fact. Who refuses a pre-vote keeps its own term, which
            // may be older than that of the one who asks: this would be dropped each time, and the two never get on.
            learnCommit(answer.commit(), answer.commitTerm());
        }
        if (type == MessageType.PRE_VOTE) {
            // Say no, with our term: a node that was cut off, or a version without pre-votes, must learn that it is
            // behind, or neither it nor we might ever win (etcd issue 8501).
            refuseVote(MessageType.PRE_VOTE_RESPONSE, message.from());
        } else if (type == MessageType.VOTE && doesNotAsk(message.from())) {
            // The same for a candidate that is behind our term: no campaign of ours will tell it.
            refuseVote(MessageType.VOTE_RESPONSE, message.from());
        } else if ((type == MessageType.APPEND || type == MessageType.HEARTBEAT)
                && (config.checkQuorum() || config.preVote() || doesNotAsk(message.from()))) {
            // A leader of an old term: its followers protect it from us, so it must hear of our term from us. Without
            // these protections our next campaign would tell it, if there will be one, and if that comes to it.
            outbox.send(MessageType.APPEND_RESPONSE, message.from(), Body.AppendResponse.accepted(0));
        }
        return StepResult.OLD_TERM;
    }

    private boolean doesNotAsk(long voter) {
        return !(isPromotable() && membership.voters().contains(voter))
                && config.deviates(Deviation.OLD_LEADER_HEARS_OF_NEW_TERM);
    }

    /** Gives the vote, or the prospect of it (paper, 5.2 and 5.4.1). */
    private StepResult stepVote(Message message) {
        boolean pre = message.type() == MessageType.PRE_VOTE;
        MessageType answer = pre ? MessageType.PRE_VOTE_RESPONSE : MessageType.VOTE_RESPONSE;
        long candidate = message.from();
        Body.Vote request = (Body.Vote) message.body();
        learnCommit(request.commit(), request.commitTerm());
        // The candidate's term may have come here before its request, with a message that asks for nothing; the leader
        // of an earlier term counts on the promise all the same.
        boolean isPromised = promisedTicks > 0 && !request.transfer();
        // One vote in a term, and none against a leader of this term; a pre-vote for a later term binds nobody.
        boolean free = vote == candidate
                || (vote == NodeId.NONE && lead == NodeId.NONE && !isPromised)
                || (pre && message.term() > term);
        // A learner votes too: it may be a voter by now, and not know it yet.
        if (free && log.isUpToDate(request.lastIndex(), request.lastTerm()) && !insistsOnPriority(request)) {
            // The term that was asked for; for a pre-vote it is not ours.
            outbox.sendAt(message.term(), answer, candidate, Body.VoteResponse.GRANTED);
            if (!pre) {
                timer.restart();
                vote = candidate;
            }
        } else {
            refuseVote(answer, candidate);
        }
        return StepResult.HANDLED;
    }

    /**
     * Whether this node refuses a candidate that it could vote for, because it should rather lead itself (see {@link
     * RaftConfig.Builder#priority} for why that ends).
     */
    private boolean insistsOnPriority(Body.Vote request) {
        boolean preferred = config.priority() > request.priority()
                && !request.transfer()
                && log.lastIndex() == request.lastIndex()
                && log.lastTerm() == request.lastTerm();
        if (!preferred || insisted >= membership.size() || !isPromotable() || log.hasUnappliedConfChange()) {
            return false;
        }
        insisted++;
        return true;
    }

    private void refuseVote(MessageType answer, long candidate) {
        Body.VoteResponse refusal = config.deviates(Deviation.COMMIT_BY_VOTE)
                ? new Body.VoteResponse(true, log.committed(), log.committedTerm())
                : new Body.VoteResponse(true);
        outbox.send(answer, candidate, refusal);
    }

    /**
     * Learns from a vote, given or asked for, what its sender knows to be committed ({@link Deviation#COMMIT_BY_VOTE}). As the
     * last act of a candidate's round if that is a configuration change: the voters that it asks may be the wrong ones.
     */
    void learnCommit(long index, long indexTerm) {
        if (role.kind() == RaftRole.LEADER || !config.deviates(Deviation.COMMIT_BY_VOTE)) {
            return;
        }
        boolean news = log.commitIfMatching(index, indexTerm);
        if (news && role instanceof Candidate && log.hasUnappliedConfChange()) {
            becomeFollower(term, NodeId.NONE);
        }
    }

    /** For what a caller has excluded already. */
    RaftFailedException unreachable(Message message) {
        return new RaftFailedException(FailureCause.INVARIANT, role.kind() + " cannot be asked about " + message, null);
    }

    // Snapshots and membership

    /**
     * Replaces log and members by a snapshot of the leader's, unless the log has what it stands for.
     *
     * @return whether it did
     */
    boolean restore(Snapshot snapshot) {
        if (snapshot.index() <= log.committed() || !isMember(snapshot.confState())) {
            return false;
        }
        if (log.matches(snapshot.index(), snapshot.term())) {
            // Nothing is missing here, and the log may hold entries behind it that we have acknowledged.
            log.commitTo(snapshot.index());
            return false;
        }
        Membership restored = Membership.of(snapshot.confState());
        log.restore(snapshot);
        membership = restored;
        restoredIndex = snapshot.index();
        return true;
    }

    /** A node that the snapshot's configuration does not know was removed: it must not come back by an old message. */
    private boolean isMember(ConfState confState) {
        return confState.voters().contains(id)
                || confState.learners().contains(id)
                || confState.votersOutgoing().contains(id);
    }

    /**
     * Makes a committed change, or gives the reason why it cannot be made. It takes effect now, not when it was appended
     * (unlike in the paper; thesis 4.1).
     *
     * @param index where it stands in the log
     */
    Optional<ConfChangeRefusal> applyConfChange(long index, ConfChange change) {
        if (hasRestored(index)) {
            return Optional.empty();
        }
        Changer.Outcome outcome = Changer.change(membership, change);
        if (outcome instanceof Changer.Refused refused) {
            return Optional.of(refused.reason());
        }
        Changer.Changed changed = (Changer.Changed) outcome;
        switchTo(changed.membership(), changed.created());
        return Optional.empty();
    }

    /** Whether what stands there was handed out before a snapshot arrived whose members include it. */
    boolean hasRestored(long index) {
        return index <= restoredIndex && config.deviates(Deviation.SNAPSHOT_OUTDATES_CONF_CHANGES);
    }

    private void switchTo(Membership next, List<Long> created) {
        membership = next;
        if (!(role instanceof Leader leader)) {
            return;
        }
        leader.adopt(next, created);
        if (!next.contains(id) || next.isLearner(id)) {
            if (config.stepDownOnRemoval()) {
                if (config.deviates(Deviation.REMOVED_LEADER_HANDS_OVER)) {
                    leader.handOver();
                }
                becomeFollower(term, NodeId.NONE);
                return;
            }
        } else {
            leader.membershipSwitched();
        }
        leader.reads().recount();
    }

    // What a leader still has to build

    boolean hasMessagesToBuild() {
        return role instanceof Leader leader && leader.hasMessagesToBuild();
    }

    void buildMessages() {
        if (role instanceof Leader leader) {
            leader.buildMessages();
        }
    }

    // Acknowledgements of the host

    /**
     * Delivers a message that the node sent itself, now that what it promises is durable. Once the node is no member any more,
     * its answers to itself count as little as those of any other stranger.
     */
    StepResult deliverToSelf(Message message) {
        if (message.type().isResponse() && !membership.contains(id)) {
            return StepResult.UNKNOWN_PEER;
        }
        return step(message);
    }

    /**
     * Entries up to an index are durable, or a snapshot is durable and installed.
     *
     * @param writtenTerm the node's term when they were handed out. In a later term the same index and term may have been
     *     overwritten, and written again, in the meantime; then only an acknowledgement of that term says which (ABA)
     * @param last the last entry, or null if there was none. Whoever says in one term what only two leaders can say makes the
     *     same happen within that term; then it is another object
     */
    void persisted(long writtenTerm, @Nullable Entry last, Snapshot snapshot) {
        if (last != null && writtenTerm == term && log.unstable().holds(last)) {
            log.unstable().stableTo(last.index(), last.term());
        }
        if (!snapshot.isNone()) {
            log.unstable().snapshotStable(snapshot.index());
            applied(snapshot.index(), 0, 0);
        }
    }

    /** Entries up to an index are applied, of so many bytes on the wire and in payload. */
    void applied(long index, long wireBytes, long payloadBytes) {
        long newApplied = Math.max(index, log.applied());
        log.appliedTo(newApplied, wireBytes);
        if (role instanceof Leader leader) {
            leader.leaveJointIfDue(newApplied);
            leader.appliedPayload(payloadBytes);
        }
    }

    // What the host asks for

    void entriesFetched() {
        log.entriesFetched();
        if (role instanceof Leader leader) {
            leader.entriesFetched();
        }
    }

    long safeCompactIndex() {
        long safe = role instanceof Leader leader ? leader.safeCompactIndex() : Long.MAX_VALUE;
        return Math.max(Math.min(safe, log.applied()), log.firstIndex() - 1);
    }

    /** Makes a follower forget its leader, so that it votes for the next who asks. */
    boolean forgetLeader() {
        boolean knowsOther = role.kind() == RaftRole.FOLLOWER && lead != NodeId.NONE;
        if (!knowsOther || config.leaseReads()) {
            return false;
        }
        reads.leaderLost();
        lead = NodeId.NONE;
        return true;
    }

    boolean unreachable(long peer) {
        if (role instanceof Leader leader) {
            leader.unreachable(peer);
        }
        return role.kind() == RaftRole.LEADER;
    }

    boolean snapshotSent(long peer, boolean arrived) {
        if (role instanceof Leader leader) {
            leader.snapshotSent(peer, arrived);
        }
        return role.kind() == RaftRole.LEADER;
    }

    void checkInvariants() {
        log.checkInvariants();
        if (role instanceof Leader leader) {
            Invariant.check(lead == id, "the leader %d knows itself (%d)", id, lead);
            for (int i = 0; i < leader.peers().size(); i++) {
                leader.peers().progress(i).checkInvariants();
            }
        }
    }
}
