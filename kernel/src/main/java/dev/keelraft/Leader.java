package dev.keelraft;

import dev.keelraft.confchange.Membership;
import dev.keelraft.model.Body;
import dev.keelraft.model.ConfChange;
import dev.keelraft.model.Entry;
import dev.keelraft.model.EntryType;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import dev.keelraft.model.NodeId;
import dev.keelraft.model.ProgressState;
import dev.keelraft.model.RaftRole;
import dev.keelraft.model.Snapshot;
import dev.keelraft.quorum.Ballot;
import dev.keelraft.quorum.VoteResult;
import dev.keelraft.tracker.Peers;
import dev.keelraft.tracker.Progress;
import java.util.List;
import java.util.Optional;
import java.util.function.LongFunction;
import org.jspecify.annotations.Nullable;

/**
 * A leader (paper, figure 2): orders the log of its term, brings its peers' logs into line with it, and finds out what is
 * committed. What it knows as a leader is in this object, and gone when it steps down.
 *
 * <p>It treats itself as one of its peers: its own entries count when it has heard from itself that they are durable, and not
 * before (thesis 10.2.1). So what is committed may be ahead of its own disk.
 */
final class Leader extends Role implements LongFunction<Ballot> {
    private static final byte[] NO_DATA = {};

    private Peers peers;
    private final LeaderReads reads;
    private final ConfChangeGate confChanges;
    private int heartbeatElapsed;

    /** Reads have come that want a heartbeat with the next Ready. */
    private boolean heartbeatDue;

    /** Who is to lead next, or nobody. */
    private long transferTarget = NodeId.NONE;

    /** Bytes of payload in the log that are not applied yet. */
    private long uncommittedBytes;

    Leader(Raft raft) {
        super(raft);
        this.reads = new LeaderReads(raft, this);
        this.confChanges = new ConfChangeGate(raft);
        Membership membership = raft.membership();
        long[] ids = new long[membership.size()];
        Progress[] progress = new Progress[ids.length];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = membership.member(i);
            progress[i] = newProgress(raft.log().lastIndex() + 1);
        }
        this.peers = new Peers(ids, progress);
    }

    private Progress newProgress(long next) {
        return new Progress(
                next, raft.config().maxInflightMessages(), raft.config().maxInflightBytes());
    }

    /** Opens the term with an empty entry, and sends that to everybody: only with it older entries commit (paper, 5.4.2). */
    void open() {
        Progress own = peers.find(raft.id());
        if (own != null) {
            own.acknowledge(raft.log().lastIndex());
            own.becomeReplicate();
            own.setRecentlyActive(true);
        }
        append(List.of(new Entry(0, 0, EntryType.NORMAL, NO_DATA)));
        broadcastAppend();
    }

    @Override
    RaftRole kind() {
        return RaftRole.LEADER;
    }

    long transferTarget() {
        return transferTarget;
    }

    LeaderReads reads() {
        return reads;
    }

    Peers peers() {
        return peers;
    }

    // Time

    @Override
    void tick() {
        if (raft.isDiskStalled() && handOver()) {
            raft.becomeFollower(raft.term(), NodeId.NONE);
            return;
        }
        heartbeatElapsed++;
        reads.tick();
        expireSnapshots();
        raft.timer().tick();
        if (raft.timer().isPastElectionTicks()) {
            raft.timer().restart();
            // A target that could not take over by now may never; meanwhile proposals are refused (thesis 3.10).
            abortTransfer();
            if (raft.config().checkQuorum() && !checkQuorum()) {
                raft.becomeFollower(raft.term(), NodeId.NONE);
                return;
            }
        }
        if (raft.config().deviates(Deviation.CONF_CHANGES_REFUSED_NOT_REWRITTEN)) {
            // An attempt that was refused during a transfer may have been the last for as long as nothing is applied.
            leaveJointIfDue(raft.log().applied());
        }
        if (heartbeatElapsed >= raft.config().heartbeatTicks()) {
            heartbeatElapsed = 0;
            broadcastHeartbeat();
        }
    }

    /** Who was sent a snapshot, and of whom nothing was heard since, neither from itself nor from the host, is asked again. */
    private void expireSnapshots() {
        if (!raft.config().deviates(Deviation.SNAPSHOT_REPORT_TIMES_OUT)) {
            return;
        }
        for (int i = 0; i < peers.size(); i++) {
            if (peers.progress(i).snapshotTick() >= raft.config().snapshotTimeoutTicks()) {
                snapshotSent(peers.id(i), false);
            }
        }
    }

    /** Whether a quorum has answered since the last check (thesis 6.2). Begins to count anew. */
    private boolean checkQuorum() {
        boolean active = raft.membership().voters().voteResult(this) == VoteResult.WON;
        for (int i = 0; i < peers.size(); i++) {
            if (peers.id(i) != raft.id()) {
                peers.progress(i).setRecentlyActive(false);
            }
        }
        return active;
    }

    /** A voter's sign of life as a vote for the leader to go on. */
    @Override
    public Ballot apply(long voter) {
        Progress progress = peers.find(voter);
        return progress != null && progress.isRecentlyActive() ? Ballot.GRANTED : Ballot.REJECTED;
    }

    // Messages

    @Override
    StepResult step(Message message) {
        return switch (message.type()) {
            case APPEND_RESPONSE -> {
                Progress progress = peers.find(message.from());
                if (progress == null) {
                    yield StepResult.UNKNOWN_PEER;
                }
                Body.AppendResponse response = (Body.AppendResponse) message.body();
                if (!response.rejected() && response.index() > raft.log().lastIndex()) {
                    // Nobody can have got from a leader of this term what it does not have.
                    yield StepResult.UNEXPECTED;
                }
                progress.heard(reads.now());
                if (response.rejected()) {
                    rejected(message.from(), progress, response);
                } else {
                    acknowledged(message.from(), progress, response.index());
                }
                yield StepResult.HANDLED;
            }
            case HEARTBEAT_RESPONSE -> {
                Progress progress = peers.find(message.from());
                if (progress == null) {
                    yield StepResult.UNKNOWN_PEER;
                }
                heartbeatAnswered(message.from(), progress, (Body.HeartbeatResponse) message.body());
                yield StepResult.HANDLED;
            }
            case PROPOSE -> stepProposal(message.from(), ((Body.Propose) message.body()).entries());
            case READ_INDEX -> {
                byte[] context = ((Body.ReadIndex) message.body()).context();
                ReadResult result = readIndex(message.from(), context, ReadPolicy.LINEARIZABLE);
                yield result == ReadResult.TOO_MANY ? StepResult.READ_REFUSED : StepResult.HANDLED;
            }
            case TRANSFER_LEADER -> {
                TransferResult result = transferLeadership(message.from());
                yield result == TransferResult.NOT_A_VOTER ? StepResult.UNEXPECTED : StepResult.HANDLED;
            }
            case APPEND,
                    HEARTBEAT,
                    INSTALL_SNAPSHOT,
                    VOTE_RESPONSE,
                    PRE_VOTE_RESPONSE,
                    READ_INDEX_RESPONSE,
                    TIMEOUT_NOW -> StepResult.UNEXPECTED;
            case VOTE, PRE_VOTE -> throw raft.unreachable(message);
        };
    }

    private StepResult stepProposal(long from, List<Entry> entries) {
        for (int i = 0; i < entries.size(); i++) {
            Entry entry = entries.get(i);
            if (raft.config().refusesAsEmpty(entry)) {
                return StepResult.PROPOSAL_REFUSED;
            }
            if (entry.payloadBytes() > raft.config().maxEntryBytes()) {
                // Its sender may have another limit; ours is what our log was made for.
                return StepResult.PROPOSAL_REFUSED;
            }
        }
        return propose(from, entries).isAccepted() ? StepResult.HANDLED : StepResult.PROPOSAL_REFUSED;
    }

    // Proposals

    @Override
    ProposalResult propose(long from, List<Entry> entries) {
        // But for this, the group would stay in a joint configuration for as long as it leads.
        if (peers.find(raft.id()) == null && !confChanges.leavesJoint(entries)) {
            return refused(ProposalResult.Outcome.NOT_MEMBER);
        }
        if (transferTarget != NodeId.NONE) {
            // More entries would keep the target behind for ever.
            return refused(ProposalResult.Outcome.LEADER_TRANSFER);
        }
        if (!raft.config().deviates(Deviation.CONF_CHANGES_REFUSED_NOT_REWRITTEN)) {
            return appendAndReplicate(confChanges.rewritten(entries));
        }
        Optional<ProposalResult> refusal = confChanges.refusal(entries);
        return refusal.isPresent() ? refusal.get() : appendAndReplicate(entries);
    }

    private ProposalResult appendAndReplicate(List<Entry> entries) {
        if (!append(entries)) {
            return refused(ProposalResult.Outcome.LOG_FULL);
        }
        broadcastAppend();
        return new ProposalResult(
                ProposalResult.Outcome.ACCEPTED, raft.term(), raft.log().lastIndex(), raft.id());
    }

    private ProposalResult refused(ProposalResult.Outcome outcome) {
        return ProposalResult.refused(outcome, raft.lead());
    }

    /**
     * Gives entries their place in the log, and asks itself to acknowledge them when they are durable.
     *
     * @return false if too much is waiting already
     */
    private boolean append(List<Entry> proposed) {
        long bytes = Entry.payloadBytes(proposed);
        // An empty entry passes always, or a full group could not elect a leader; a large one passes alone, or it never
        // would.
        if (bytes > 0
                && uncommittedBytes > 0
                && uncommittedBytes + bytes > raft.config().maxUncommittedBytes()) {
            return false;
        }
        uncommittedBytes += bytes;
        long index = raft.log().lastIndex();
        Entry[] entries = new Entry[proposed.size()];
        for (int i = 0; i < entries.length; i++) {
            Entry entry = proposed.get(i);
            index++;
            entries[i] = new Entry(raft.term(), index, entry.type(), entry.data());
        }
        raft.log().append(List.of(entries));
        raft.outbox().send(MessageType.APPEND_RESPONSE, raft.id(), Body.AppendResponse.accepted(index));
        return true;
    }

    /** The host has applied entries of so much payload. Some may be of earlier terms, which were never counted. */
    void appliedPayload(long bytes) {
        uncommittedBytes = Math.max(0, uncommittedBytes - bytes);
    }

    /**
     * Leaves a joint configuration that is to be left by itself, as soon as the change that entered it has been applied. Asked
     * after everything that is applied, so that an attempt that was refused, or a leader that is gone, does no harm (etcd issue
     * 12136).
     */
    void leaveJointIfDue(long appliedIndex) {
        if (raft.membership().confState().autoLeave() && !confChanges.isPending(appliedIndex)) {
            ConfChange leave = ConfChange.leave();
            propose(raft.id(), List.of(new Entry(0, 0, leave.entryType(), leave.encode())));
        }
    }

    // Replication

    private void broadcastAppend() {
        for (int i = 0; i < peers.size(); i++) {
            if (peers.id(i) != raft.id()) {
                wantAppend(peers.id(i), peers.progress(i), true);
            }
        }
    }

    /**
     * This peer is to be sent an append. It is built when the Ready is taken ({@link Deviation#MESSAGES_BUILT_WITH_READY}), with all
     * that there is to send by then.
     *
     * @param evenEmpty whether an append without entries is worth sending
     */
    private void wantAppend(long to, Progress progress, boolean evenEmpty) {
        if (raft.config().deviates(Deviation.MESSAGES_BUILT_WITH_READY)) {
            progress.wantAppend(evenEmpty);
        } else {
            sendAppend(to, progress, evenEmpty);
        }
    }

    /** Whether {@link #buildMessages} has something to build. */
    boolean hasMessagesToBuild() {
        if (heartbeatDue) {
            return true;
        }
        for (int i = 0; i < peers.size(); i++) {
            if (peers.progress(i).wantsAppend() && canSendAppend(peers.progress(i))) {
                return true;
            }
        }
        return false;
    }

    private boolean canSendAppend(Progress progress) {
        if (progress.isPaused()) {
            return false;
        }
        RaftLog log = raft.log();
        if (needsSnapshot(progress, log.term(progress.next() - 1))) {
            return progress.isRecentlyActive() && !log.storedSnapshot().isNone();
        }
        return progress.wantsEmptyAppend()
                || (progress.next() <= log.lastIndex() && progress.mayCarryEntries() && !progress.isFetching());
    }

    /** Builds what peers are to be sent, for a Ready that is being taken: as many appends as their windows allow. */
    void buildMessages() {
        if (heartbeatDue) {
            broadcastHeartbeat();
        }
        for (int i = 0; i < peers.size(); i++) {
            Progress progress = peers.progress(i);
            if (progress.wantsAppend()) {
                boolean evenEmpty = progress.wantsEmptyAppend();
                progress.forgetWish();
                if (sendAppend(peers.id(i), progress, evenEmpty)) {
                    sendAllAppends(peers.id(i), progress);
                }
            }
        }
    }

    /** The window has room again. */
    private void fillWindow(long to, Progress progress) {
        if (raft.config().deviates(Deviation.MESSAGES_BUILT_WITH_READY)) {
            progress.wantAppend(false);
        } else {
            sendAllAppends(to, progress);
        }
    }

    private void sendAllAppends(long to, Progress progress) {
        boolean sent;
        do {
            sent = sendAppend(to, progress, false);
        } while (sent);
    }

    void entriesFetched() {
        for (int i = 0; i < peers.size(); i++) {
            if (peers.progress(i).isFetching()) {
                peers.progress(i).fetched();
                wantAppend(peers.id(i), peers.progress(i), false);
            }
        }
    }

    /** The highest index that nobody who is alive, or is sent a snapshot, needs entries before. */
    long safeCompactIndex() {
        long safe = Long.MAX_VALUE;
        for (int i = 0; i < peers.size(); i++) {
            Progress progress = peers.progress(i);
            if (progress.state() == ProgressState.SNAPSHOT) {
                safe = Math.min(safe, progress.pendingSnapshot());
            } else if (reads.now() - progress.heardTick() <= raft.config().electionTicks()) {
                safe = Math.min(safe, progress.match());
            }
        }
        return safe;
    }

    private boolean needsSnapshot(Progress progress, long prevTerm) {
        return prevTerm == RaftLog.UNKNOWN_TERM || progress.next() < raft.log().firstIndex();
    }

    /**
     * Sends what the peer needs next: entries behind the last one that it is known, or believed, to have, or a snapshot if these
     * are gone.
     *
     * @param evenEmpty whether an append without entries is worth sending
     * @return whether anything was sent
     */
    private boolean sendAppend(long to, Progress progress, boolean evenEmpty) {
        if (progress.isPaused()) {
            return false;
        }
        RaftLog log = raft.log();
        long prevIndex = progress.next() - 1;
        long prevTerm = log.term(prevIndex);
        if (needsSnapshot(progress, prevTerm)) {
            return sendSnapshot(to, progress);
        }
        List<Entry> entries = List.of();
        if (progress.mayCarryEntries() && !progress.isFetching() && progress.next() <= log.lastIndex()) {
            entries = log.entriesFrom(progress.next(), raft.config().maxMessageBytes());
            if (entries.isEmpty()) {
                progress.fetching();
            }
        }
        if (entries.isEmpty() && !evenEmpty) {
            return false;
        }
        Body.Append append = new Body.Append(prevIndex, prevTerm, log.committed(), entries);
        raft.outbox().send(MessageType.APPEND, to, append);
        progress.sentAppend(entries.size(), Entry.payloadBytes(entries), log.committed());
        return true;
    }

    private boolean sendSnapshot(long to, Progress progress) {
        if (!progress.isRecentlyActive()) {
            // Snapshots are large; a peer that does not answer gets none.
            return false;
        }
        Snapshot snapshot = raft.log().storedSnapshot();
        if (snapshot.isNone()) {
            return false;
        }
        progress.becomeSnapshot(snapshot.index());
        raft.outbox().send(MessageType.INSTALL_SNAPSHOT, to, new Body.InstallSnapshot(snapshot));
        return true;
    }

    private void rejected(long from, Progress progress, Body.AppendResponse response) {
        long hint = response.rejectHint();
        if (response.hintTerm() > 0) {
            // Above this index our entries have terms that the follower's log, whose term only falls from there, cannot
            // have.
            hint = raft.log().lastPossibleMatch(hint, response.hintTerm());
        }
        if (progress.reject(response.index(), hint)) {
            if (progress.state() == ProgressState.REPLICATE) {
                progress.becomeProbe();
            }
            wantAppend(from, progress, true);
        }
    }

    private void acknowledged(long from, Progress progress, long index) {
        boolean news = progress.acknowledge(index);
        // An acknowledgement without news may end a probe: the peer has all that it should have.
        if (!news && !(progress.match() == index && progress.state() == ProgressState.PROBE)) {
            return;
        }
        switch (progress.state()) {
            case PROBE -> progress.becomeReplicate();
            case SNAPSHOT -> {
                // The peer has caught up to where our log begins; with which snapshot, or without, does not matter.
                if (progress.match() + 1 >= raft.log().firstIndex()) {
                    progress.becomeReplicate();
                }
            }
            case REPLICATE -> progress.inflights().freeThrough(index);
        }
        boolean self = from == raft.id();
        if (maybeCommit()) {
            raft.reads().releasePostponed(reads);
            broadcastAppend();
        } else if (!self && progress.canLearnCommit(raft.log().committed())) {
            wantAppend(from, progress, true);
        }
        if (self) {
            return;
        }
        fillWindow(from, progress);
        if (from == transferTarget && progress.match() == raft.log().lastIndex()) {
            orderCampaign(from);
        }
    }

    /**
     * Moves the commit index to what a quorum has, if that entry is of this term. Only entries of the current term commit by
     * counting (paper, 5.4.2 and figure 8): an older one on a majority can still be overwritten.
     */
    private boolean maybeCommit() {
        long index = raft.membership().voters().committedIndex(peers);
        if (index <= raft.log().committed() || !raft.log().matches(index, raft.term())) {
            return false;
        }
        raft.log().commitTo(index);
        return true;
    }

    /** The host could not reach a peer: what was sent ahead may be lost. */
    void unreachable(long peer) {
        Progress progress = peers.find(peer);
        if (progress != null && progress.state() == ProgressState.REPLICATE) {
            progress.becomeProbe();
        }
    }

    /** The host has finished, or failed, to send a snapshot. Either way the peer's next answer tells how to go on. */
    void snapshotSent(long peer, boolean arrived) {
        Progress progress = peers.find(peer);
        if (progress == null || progress.state() != ProgressState.SNAPSHOT) {
            return;
        }
        if (!arrived) {
            progress.snapshotFailed();
        }
        progress.becomeProbe();
        progress.pause();
    }

    // Heartbeats and reads

    private void broadcastHeartbeat() {
        heartbeatDue = false;
        byte[] context = reads.heartbeatContext();
        for (int i = 0; i < peers.size(); i++) {
            if (peers.id(i) != raft.id()) {
                Progress progress = peers.progress(i);
                Body.Heartbeat heartbeat = heartbeat(progress, context);
                raft.outbox().send(MessageType.HEARTBEAT, peers.id(i), heartbeat);
                progress.sentHeartbeat(heartbeat.commit());
            }
        }
    }

    private Body.Heartbeat heartbeat(Progress progress, byte[] context) {
        // Not more than the peer is known to have: it would take that for the loss of its own log.
        long commit = Math.min(progress.match(), raft.log().committed());
        if (!raft.config().deviates(Deviation.HEARTBEAT_NAMES_COMMIT_TERM)) {
            return new Body.Heartbeat(commit, context);
        }
        long commitTerm = raft.log().term(commit);
        if (commitTerm != RaftLog.UNKNOWN_TERM) {
            progress.nameCommit(commit, commitTerm);
        }
        // If it is unknown, a compaction has passed a peer that lags. Without its term it must not be named, and no
        // less than before may be: a disk that was exchanged would not be noticed. So what was named last stands.
        return new Body.Heartbeat(progress.namedCommit(), progress.namedCommitTerm(), context);
    }

    private void heartbeatAnswered(long from, Progress progress, Body.HeartbeatResponse response) {
        progress.heard(reads.now());
        progress.resume();
        // A peer that has everything and is still probed gets an empty append, whose answer ends the probe.
        if (progress.match() < raft.log().lastIndex() || progress.state() == ProgressState.PROBE) {
            wantAppend(from, progress, true);
        }
        reads.heartbeatAnswered(from, response.context());
    }

    @Override
    ReadResult readIndex(long from, byte[] context, ReadPolicy policy) {
        return reads.readIndex(from, context, policy);
    }

    /** Sends heartbeats with the next Ready, in the name of a read. */
    void askPeers() {
        if (raft.config().deviates(Deviation.MESSAGES_BUILT_WITH_READY)) {
            heartbeatDue = true;
        } else {
            broadcastHeartbeat();
        }
    }

    // Leadership and membership

    @Override
    TransferResult transferLeadership(long target) {
        Progress progress = peers.find(target);
        if (progress == null || raft.membership().isLearner(target)) {
            return TransferResult.NOT_A_VOTER;
        }
        if (transferTarget == target) {
            return TransferResult.IN_PROGRESS;
        }
        abortTransfer();
        if (target == raft.id()) {
            return TransferResult.ALREADY_LEADS;
        }
        // The target has one election time-out from now on.
        raft.timer().restart();
        transferTarget = target;
        if (progress.match() == raft.log().lastIndex()) {
            orderCampaign(target);
        } else {
            wantAppend(target, progress, true);
        }
        return TransferResult.STARTED;
    }

    /**
     * Tells the best of the other voters to campaign, because this node is about to step down: the one with the longest log of
     * those that are alive, whom the others can vote for.
     *
     * @return whether there is one, or at least another voter
     */
    boolean handOver() {
        long best = NodeId.NONE;
        long bestMatch = -1;
        boolean others = false;
        for (int i = 0; i < peers.size(); i++) {
            Progress progress = peers.progress(i);
            if (peers.id(i) == raft.id() || !raft.membership().voters().contains(peers.id(i))) {
                continue;
            }
            others = true;
            if (progress.isRecentlyActive() && progress.match() > bestMatch) {
                best = peers.id(i);
                bestMatch = progress.match();
            }
        }
        if (best != NodeId.NONE) {
            orderCampaign(best);
        }
        return others;
    }

    private void orderCampaign(long target) {
        reads.endLease();
        raft.outbox().send(MessageType.TIMEOUT_NOW, target, new Body.TimeoutNow());
    }

    private void abortTransfer() {
        transferTarget = NodeId.NONE;
    }

    /** Takes over what is known of those who stay, and starts from nothing with those who are new. */
    void adopt(Membership membership, List<Long> created) {
        long[] ids = new long[membership.size()];
        Progress[] progress = new Progress[ids.length];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = membership.member(i);
            progress[i] = progressOf(ids[i], created);
        }
        peers = new Peers(ids, progress);
    }

    private Progress progressOf(long id, List<Long> created) {
        @Nullable Progress known = created.contains(id) ? null : peers.find(id);
        if (known != null) {
            return known;
        }
        Progress fresh = newProgress(Math.max(raft.log().lastIndex(), 1));
        // It has had no chance to answer yet, and must not cost the leader its quorum.
        fresh.heard(reads.now());
        return fresh;
    }

    /** After a switch of the configuration, which this leader is still a voter of. */
    void membershipSwitched() {
        if (maybeCommit()) {
            // The quorum may have shrunk.
            broadcastAppend();
        } else {
            // There is no reason to let new members wait for a heartbeat.
            for (int i = 0; i < peers.size(); i++) {
                if (peers.id(i) != raft.id()) {
                    wantAppend(peers.id(i), peers.progress(i), false);
                }
            }
        }
        if (transferTarget != NodeId.NONE && !raft.membership().voters().contains(transferTarget)) {
            abortTransfer();
        }
    }
}
