package dev.keelraft;

import dev.keelraft.confchange.Membership;
import dev.keelraft.model.ConfChange;
import dev.keelraft.model.ConfChange.ChangeType;
import dev.keelraft.model.ConfChangeRefusal;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.EntryType;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import dev.keelraft.model.NodeId;
import dev.keelraft.model.Snapshot;
import dev.keelraft.model.SoftState;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A member of a Raft group: the only door to the kernel.
 *
 * <p>It does nothing by itself. The host calls {@link #tick}, {@link #step} and {@link #propose}; what is to be done because of
 * that it takes as a {@link Ready}, does it with its own disk and network, and says so:
 *
 * <pre>
 *   while (node.hasReady()) {
 *       Ready ready = node.ready();
 *       transport.send(ready.messages());
 *       log.append(ready);                                  // entries, hard state, snapshot
 *       if (ready.mustSync()) log.sync();
 *       transport.send(ready.messagesAfterPersist());
 *       install(ready.snapshot());                          // if there is one
 *       apply(ready.committedEntries());                    // configuration changes: applyConfChange
 *       serve(ready.readStates());
 *       node.advance(ready);
 *   }
 * </pre>
 *
 * <p><b>Threads.</b> A node belongs to one thread at a time; it has no lock. <b>Time.</b> Calls take time in proportion to what
 * they are given or give; none waits. <b>Determinism.</b> The same calls, with the same random source and storage, give the same
 * results on every JVM.
 *
 * <p><b>Errors.</b> What may happen in operation is a result: {@link ProposalResult}, {@link StepResult}. Misuse throws {@link
 * IllegalStateException} or {@link IllegalArgumentException} at once, names the rule, and changes nothing. Damage that the
 * protocol cannot heal throws {@link RaftFailedException}, from the call that found it and from every later one.
 */
public final class RawNode {
    private final RaftConfig config;
    private final Raft raft;

    /** What the last Ready said of them. */
    private SoftState handedOutSoftState;

    private HardState handedOutHardState;

    /** Readys that are out, in order; at most one without asynchronous storage writes. */
    private final ArrayDeque<Ready> toPersist = new ArrayDeque<>();

    private final ArrayDeque<Ready> toApply = new ArrayDeque<>();

    /** Configuration changes that the host was handed out, and has neither applied nor rejected yet; in their order. */
    private final ArrayDeque<Entry> toSettle = new ArrayDeque<>();

    /** For how many ticks Readys have been out of which none became durable. */
    private long diskStallTicks;

    private final long[] dropped = new long[StepResult.values().length];
    private boolean running;
    private @Nullable RaftFailedException failure;

    private RawNode(RaftConfig config, Raft raft, HardState stored) {
        this.config = config;
        this.raft = raft;
        this.handedOutSoftState = softState();
        this.handedOutHardState = stored;
    }

    // Birth

    /**
     * Starts the first life of a member of a new group. Every first member makes this call, with the same voters. Nothing is
     * written before the first {@link Ready}: a member that crashes before its first sync makes the call again.
     *
     * <p>The log begins with one configuration change for each voter, committed from the start; the host applies them like any
     * other.
     *
     * @param voters the first members, this node among them
     * @throws IllegalArgumentException if the storage holds anything, or the voters do not include this node
     */
    public static RawNode bootstrap(RaftConfig config, Storage storage, List<Long> voters) {
        CheckedStorage checked = empty(storage, "bootstrap");
        ConfState confState = ConfState.of(voters);
        if (!confState.voters().contains(config.id())) {
            throw new IllegalArgumentException(
                    "node " + Long.toUnsignedString(config.id()) + " is not among the first voters " + voters);
        }
        List<Entry> entries = new ArrayList<>();
        for (long voter : confState.voters()) {
            ConfChange add = ConfChange.v1(0, ChangeType.ADD_VOTER, voter, new byte[0]);
            entries.add(new Entry(1, entries.size() + 1L, EntryType.CONF_CHANGE, add.encode()));
        }
        Raft raft = new Raft(config, checked, Membership.of(confState));
        raft.bootstrap(List.copyOf(entries));
        return new RawNode(config, raft, HardState.EMPTY);
    }

    /**
     * Starts the first life of a member that is to be added to a group which exists. It knows nobody, and waits for the leader
     * to find it. A member that crashes before its first sync makes the call again.
     *
     * @throws IllegalArgumentException if the storage holds anything
     */
    public static RawNode join(RaftConfig config, Storage storage) {
        Raft raft = new Raft(config, empty(storage, "join"), Membership.EMPTY);
        return new RawNode(config, raft, HardState.EMPTY);
    }

    /**
     * Starts a later life of a member, from what the earlier ones have left: the storage, and a state machine.
     *
     * @param applied how far the state machine is, and who the members were there. It may be ahead of the stored commit index,
     *     which need not be synced: what was applied was committed (etcd issue 10217)
     * @throws IllegalArgumentException if the storage is empty (a disk that was wiped is not a disk to restart from: the member
     *     has promised votes and entries that are gone), the log begins behind the applied index, or the members make no
     *     configuration
     * @throws RaftFailedException if the storage contradicts itself, or the log ends before what was committed or applied ({@link
     *     FailureCause#LOG_LOSS}), or it cannot be read
     */
    public static RawNode restart(RaftConfig config, Storage storage, Applied applied) {
        CheckedStorage checked = new CheckedStorage(storage);
        HardState hardState = checkWhole(checked, applied);
        Raft raft = new Raft(config, checked, Membership.of(applied.confState()));
        raft.recover(hardState, applied.index());
        return new RawNode(config, raft, raft.hardState());
    }

    /**
     * The last resort of a group that has lost its quorum for good: what a member that is stopped has to store in order to go on
     * without the members that are lost.
     *
     * <pre>
     *   ForcedConfiguration forced = RawNode.forceConfiguration(id, storage, applied, lost);
     *   log.append(forced.entries(), forced.hardState());   // and sync
     *   RawNode node = RawNode.restart(config, storage, applied);
     * </pre>
     *
     * <p>It declares everything in this member's log committed, and behind that the removal of the lost members, in a term far
     * above its own. <b>The price:</b>
     *
     * <ul>
     *   <li>Writes that were acknowledged, and of which this member has nothing, are gone. Choose the member with the longest
     *       log (highest last term, then highest last index).
     *   <li>Writes that were never acknowledged, and are in its log, take effect.
     *   <li>A lost member that comes back all the same makes two groups out of one. Destroy its disk, and never use its id again.
     *   <li>Members that are neither lost nor this one follow by themselves, if their logs are no longer than this one's. Make the
     *       call on one member alone.
     * </ul>
     *
     * <p>Committed changes that the application would reject ({@link #rejectConfChange}) count as made.
     *
     * @param id this member; a learner becomes a voter
     * @param storage its durable state
     * @param applied how far its state machine is, and who the members were there
     * @param lost members that will never come back
     * @throws IllegalStateException if there is a quorum without the lost ones: then the group can change its members itself
     * @throws IllegalArgumentException if this node is no member, or is called lost, or somebody is called lost who is no member
     * @throws RaftFailedException if the storage contradicts itself, or has lost entries, or cannot be read
     */
    public static ForcedConfiguration forceConfiguration(
            long id, Storage storage, Applied applied, Collection<Long> lost) {
        CheckedStorage checked = new CheckedStorage(storage);
        HardState hardState = checkWhole(checked, applied);
        return ForcedConfiguration.of(id, checked, hardState, applied, lost);
    }

    /** Checks that what an earlier life has left is whole; returns its hard state, which is read this once. */
    private static HardState checkWhole(CheckedStorage checked, Applied applied) {
        HardState hardState = checked.hardState();
        if (hardState.isEmpty() && checked.lastIndex() == 0) {
            throw new IllegalArgumentException("an earlier life must have stored something, and the storage is empty: "
                    + "bootstrap a new group, or join one");
        }
        checkHasAll(checked, "the stored commit index", hardState.commit());
        checkHasAll(checked, "what the state machine has applied, index", applied.index());
        long compacted = checked.firstIndex() - 1;
        if (applied.index() < compacted) {
            throw new IllegalArgumentException("applied index " + applied.index() + " lies before " + compacted
                    + ", behind which the log begins: the state machine lacks what was compacted");
        }
        return hardState;
    }

    private static void checkHasAll(CheckedStorage storage, String what, long index) {
        if (index > storage.lastIndex()) {
            throw new RaftFailedException(
                    FailureCause.LOG_LOSS,
                    what + " " + index + " lies beyond the end of the stored log, " + storage.lastIndex()
                            + ": committed entries were lost",
                    null);
        }
    }

    private static CheckedStorage empty(Storage storage, String call) {
        CheckedStorage checked = new CheckedStorage(storage);
        if (!checked.hardState().isEmpty()
                || checked.lastIndex() != 0
                || !checked.snapshot().isNone()) {
            throw new IllegalArgumentException(call + " starts from nothing, and the storage holds "
                    + checked.hardState() + " and a log that ends at " + checked.lastIndex() + ": restart from it");
        }
        return checked;
    }

    // Input

    /** Lets one tick pass. Call it at regular intervals; also while a Ready is out. */
    public void tick() {
        enter();
        try {
            if (!toPersist.isEmpty()) {
                diskStallTicks++;
            }
            raft.tick(diskStallTicks);
        } catch (Throwable thrown) {
            throw died(thrown);
        } finally {
            running = false;
        }
    }

    /**
     * Takes a message of a peer. With an {@code INSTALL_SNAPSHOT} the host has fetched the application's data in full before.
     *
     * @return what became of it; dropped messages do no harm, and are counted in {@link Status#dropped()}
     */
    public StepResult step(Message message) {
        enter();
        try {
            StepResult result = isForUs(message);
            if (result == StepResult.HANDLED) {
                result = raft.step(message);
            }
            return counted(result);
        } catch (Throwable thrown) {
            throw died(thrown);
        } finally {
            running = false;
        }
    }

    private StepResult isForUs(Message message) {
        long from = message.from();
        if (message.to() != config.id()) {
            return StepResult.NOT_FOR_US;
        }
        if (from == NodeId.NONE || (from == config.id() && !mayComeBack(message.type()))) {
            return StepResult.IMPOSSIBLE_SENDER;
        }
        if (!MessageShape.isSound(message, config)) {
            return StepResult.MALFORMED;
        }
        if (message.type().isResponse() && !raft.membership().contains(from)) {
            return StepResult.UNKNOWN_PEER;
        }
        if (asksToCount(message.type()) && raft.membership().isOtherIncarnation(from, message.incarnation())) {
            return StepResult.WRONG_INCARNATION;
        }
        return StepResult.HANDLED;
    }

    /**
     * Kinds with which a sender votes, acknowledges, or stands for election: it counts as the member whose name it bears. What a
     * leader sends is not among them. It has been elected by those who count, and a member that was away must be able to learn from
     * it of which incarnation it is.
     */
    private static boolean asksToCount(MessageType type) {
        return switch (type) {
            case APPEND_RESPONSE, VOTE, VOTE_RESPONSE, PRE_VOTE, PRE_VOTE_RESPONSE, HEARTBEAT_RESPONSE -> true;
            case APPEND,
                    HEARTBEAT,
                    INSTALL_SNAPSHOT,
                    READ_INDEX,
                    READ_INDEX_RESPONSE,
                    PROPOSE,
                    TIMEOUT_NOW,
                    TRANSFER_LEADER -> false;
        };
    }

    /** Kinds that are passed on with the name of the node they are about come back to it where two nodes take each other for leaders. */
    private boolean mayComeBack(MessageType type) {
        // A read would pass for one of the host's own, under a name that the host never gave; that one fails in due
        // time.
        boolean isOwnRead = type == MessageType.READ_INDEX && config.deviates(Deviation.READS_FAIL_VISIBLY);
        return type.namesOrigin() && !isOwnRead;
    }

    /**
     * Proposes an entry. If this node leads, it is in its log when the call returns; see {@link ProposalResult} for what that
     * means, and for what to do otherwise.
     *
     * @param data the payload, at least one byte, which belongs to the node from now on
     */
    public ProposalResult propose(byte[] data) {
        return propose(new Entry(0, 0, EntryType.NORMAL, data));
    }

    /**
     * Proposes a change of the members. It takes effect on each member when that applies it, see {@link #applyConfChange}. At
     * most one may be on its way at a time. A change that could not be made is refused with the reason, and nothing enters the
     * log; where another leader has let one pass, {@link #applyConfChange} gives the reason instead, on every member alike.
     */
    public ProposalResult proposeConfChange(ConfChange change) {
        return propose(new Entry(0, 0, change.entryType(), change.encode()));
    }

    private ProposalResult propose(Entry entry) {
        enter();
        try {
            if (config.refusesAsEmpty(entry)) {
                return ProposalResult.refused(ProposalResult.Outcome.EMPTY, raft.lead());
            }
            if (entry.payloadBytes() > config.maxEntryBytes()) {
                return ProposalResult.refused(ProposalResult.Outcome.TOO_LARGE, raft.lead());
            }
            return raft.role().propose(config.id(), List.of(entry));
        } catch (Throwable thrown) {
            throw died(thrown);
        } finally {
            running = false;
        }
    }

    /** Asks for a {@link ReadPolicy#LINEARIZABLE} read, see {@link #readIndex(byte[], ReadPolicy)}. */
    public ReadResult readIndex(byte[] context) {
        return readIndex(context, ReadPolicy.LINEARIZABLE);
    }

    /**
     * Asks for the index that the state machine must have applied before a read is served. A read that is taken is answered in
     * a later {@link Ready}: by a {@link ReadState}, or by a {@link FailedRead} if this node loses its leadership, the leader
     * that it was sent to changes, or does not answer for an election time-out. A leader's own read waits for as long as it
     * leads; with {@link RaftConfig#checkQuorum()} that ends when its peers fall silent.
     *
     * @param context the host's name for the read; it comes back with the answer, and belongs to the node from now on. It need
     *     not be unique
     * @param policy how sure the leader has to be; reads that are sent to another node are always linearizable
     */
    public ReadResult readIndex(byte[] context, ReadPolicy policy) {
        enter();
        try {
            return raft.role().readIndex(config.id(), context, policy);
        } catch (Throwable thrown) {
            throw died(thrown);
        } finally {
            running = false;
        }
    }

    /**
     * Asks that another voter should lead. The leader brings it up to date, and takes on no proposals until it leads or an
     * election time-out has passed.
     */
    public TransferResult transferLeadership(long target) {
        return guarded(() -> raft.role().transferLeadership(target));
    }

    /** Campaigns without waiting for the time-out; with a pre-vote first, if the node does that. */
    public CampaignResult campaign() {
        return guarded(raft::campaignAfterTimeout);
    }

    /**
     * Makes a follower forget its leader, for instance because the host knows that it is gone: the node votes for the next
     * candidate, instead of protecting that leader until the time-out. The leader's next message brings it back.
     *
     * @return whether there was a leader to forget
     */
    public boolean forgetLeader() {
        return guarded(raft::forgetLeader);
    }

    /** Says that messages to a peer were lost, so that a leader stops sending ahead until the peer answers. */
    public void reportUnreachable(long peer) {
        guarded(() -> raft.unreachable(peer));
    }

    /**
     * Says what became of a snapshot that a leader handed out to be sent. Call it for each {@code INSTALL_SNAPSHOT}: until then,
     * or until the peer acknowledges, the leader sends that peer nothing.
     *
     * @param peer the receiver
     * @param arrived whether the peer has it in full; false if the attempt was given up
     */
    public void reportSnapshot(long peer, boolean arrived) {
        guarded(() -> raft.snapshotSent(peer, arrived));
    }

    /**
     * Says that entries that {@link Storage#entries} had to leave pending may be had now: those that wait for them ask again.
     */
    public void entriesFetched() {
        guarded(() -> {
            raft.entriesFetched();
            return true;
        });
    }

    // Output

    /**
     * Tells whether {@link #ready()} has something to hand out. Without asynchronous storage writes it has not while a Ready is
     * out. Where {@link Storage#entries} leaves pending what was to be handed out, a Ready may turn out to hold nothing.
     */
    public boolean hasReady() {
        enter();
        try {
            return !isWaitingForAdvance() && hasWork();
        } catch (Throwable thrown) {
            throw died(thrown);
        } finally {
            running = false;
        }
    }

    private boolean hasWork() {
        return softStateChanged()
                || !raft.hardState().equals(handedOutHardState)
                || !raft.outbox().isEmpty()
                || raft.hasMessagesToBuild()
                || !raft.log().unstable().nextSnapshot().isNone()
                || raft.log().unstable().hasNextEntries()
                || raft.log().hasNextCommitted(highestToApply(raft.log().lastIndex()))
                || raft.reads().hasResults();
    }

    private boolean softStateChanged() {
        return raft.lead() != handedOutSoftState.lead() || raft.role().kind() != handedOutSoftState.role();
    }

    private boolean isWaitingForAdvance() {
        return !config.asyncStorageWrites() && !toPersist.isEmpty();
    }

    /**
     * Hands out what is to be done. The host does it in the order that {@link Ready} gives, and then calls {@link #advance}, or
     * {@link #persisted} and {@link #applied}. In between it may go on to call everything else; what that causes is in the next
     * Ready.
     *
     * @throws IllegalStateException without asynchronous storage writes, if the Ready before has not been advanced
     */
    public Ready ready() {
        enter();
        try {
            if (!isWaitingForAdvance()) {
                Ready ready = takeReady();
                toPersist.add(ready);
                if (!ready.committedEntries().isEmpty()) {
                    toApply.add(ready);
                    addConfChanges(ready.committedEntries());
                }
                return ready;
            }
        } catch (Throwable thrown) {
            throw died(thrown);
        } finally {
            running = false;
        }
        throw new IllegalStateException("the Ready before has not been advanced: one is out at a time");
    }

    private void addConfChanges(List<Entry> committed) {
        for (int i = 0; i < committed.size(); i++) {
            if (committed.get(i).type().isConfChange()) {
                toSettle.add(committed.get(i));
            }
        }
    }

    private Ready takeReady() {
        raft.buildMessages();
        RaftLog log = raft.log();
        Unstable unstable = log.unstable();
        List<Entry> entries = unstable.nextEntries(config.maxReadyBytes());
        Snapshot snapshot = unstable.nextSnapshot();
        // Nothing in this Ready may speak of entries that do not fit into it: they are not durable when it is.
        long end = entries.isEmpty()
                ? log.lastIndex()
                : entries.get(entries.size() - 1).index();
        boolean isEnd = end == log.lastIndex();
        HardState current = raft.hardState();
        HardState hardState =
                isEnd ? current : new HardState(current.term(), current.vote(), Math.min(current.commit(), end));
        boolean hardStateChanged = !hardState.equals(handedOutHardState);
        boolean promisesChanged =
                hardState.term() != handedOutHardState.term() || hardState.vote() != handedOutHardState.vote();
        long highest = highestToApply(end);
        List<Entry> committed = log.nextCommitted(highest);
        List<Message> afterPersist = raft.outbox().takeAfterPersist(end, isEnd);

        boolean snapshotDemandsSync = !snapshot.isNone() && config.deviates(Deviation.SNAPSHOT_DEMANDS_SYNC);
        boolean writes = hardStateChanged || !entries.isEmpty() || !snapshot.isNone() || !afterPersist.isEmpty();
        boolean marks = writes && !unstable.isEmpty();
        Ready ready = new Ready(
                softState(),
                softStateChanged(),
                hardStateChanged ? hardState : HardState.EMPTY,
                snapshot,
                entries,
                committed,
                raft.outbox().takeNow(),
                afterPersist,
                raft.reads().takeStates(),
                raft.reads().takeFailed(),
                !entries.isEmpty() || promisesChanged || snapshotDemandsSync,
                config.id(),
                raft.term(),
                marks ? unstable.get(end) : null);

        handedOutSoftState = ready.softState();
        handedOutHardState = hardState;
        unstable.handOut(isEnd ? unstable.lastIndex() : end);
        if (!committed.isEmpty()) {
            log.handOutCommitted(committed, highest);
        }
        return ready;
    }

    /**
     * The highest entry that may be handed out to be applied beside this Ready's entries: with asynchronous writes one must be
     * durable here first, for this Ready may be applied before it is written.
     */
    private long highestToApply(long endOfReady) {
        return config.asyncStorageWrites() ? raft.log().durableIndex() : endOfReady;
    }

    private SoftState softState() {
        return new SoftState(raft.lead(), raft.role().kind());
    }

    /**
     * Says that everything in a Ready is done: stored (synced, if it must be), its snapshot installed, its entries applied, its
     * messages on their way.
     *
     * @throws IllegalStateException if it is not the Ready that is out, if a configuration change in it was neither applied nor
     *     rejected, or with asynchronous storage writes
     */
    public void advance(Ready ready) {
        checkDoor();
        if (config.asyncStorageWrites()) {
            throw new IllegalStateException("with asynchronous storage writes say persisted and applied, not advance");
        }
        checkNext(toPersist, ready, "advance");
        checkConfChangesSettled(ready);
        running = true;
        try {
            toPersist.remove();
            acknowledgePersisted(ready);
            if (toApply.remove(ready)) {
                acknowledgeApplied(ready);
            }
        } catch (Throwable thrown) {
            throw died(thrown);
        } finally {
            running = false;
        }
    }

    /**
     * Says that what a Ready holds is durable, and its snapshot installed. In the order of the Readys, for each of them. Its
     * {@link Ready#messagesAfterPersist()} may leave now.
     *
     * @throws IllegalStateException if another Ready is to be persisted first, or without asynchronous storage writes
     */
    public void persisted(Ready ready) {
        checkDoor();
        checkAsync("persisted");
        checkNext(toPersist, ready, "persisted");
        running = true;
        try {
            toPersist.remove();
            acknowledgePersisted(ready);
        } catch (Throwable thrown) {
            throw died(thrown);
        } finally {
            running = false;
        }
    }

    /**
     * Says that the committed entries of a Ready are applied. In the order of the Readys, for those that have some; also before
     * the Ready is persisted.
     *
     * @throws IllegalStateException if another Ready is to be applied first, if a configuration change in it was neither applied
     *     nor rejected, or without asynchronous storage writes
     */
    public void applied(Ready ready) {
        checkDoor();
        checkAsync("applied");
        checkNext(toApply, ready, "applied");
        checkConfChangesSettled(ready);
        running = true;
        try {
            toApply.remove();
            acknowledgeApplied(ready);
        } catch (Throwable thrown) {
            throw died(thrown);
        } finally {
            running = false;
        }
    }

    private void checkAsync(String call) {
        if (!config.asyncStorageWrites()) {
            throw new IllegalStateException("without asynchronous storage writes say advance, not " + call);
        }
    }

    private static void checkNext(ArrayDeque<Ready> out, Ready ready, String call) {
        if (out.peek() != ready) {
            throw new IllegalStateException(
                    call + " takes Readys in their order, each once" + (out.isEmpty() ? "; none is out" : ""));
        }
    }

    private void checkConfChangesSettled(Ready ready) {
        Entry next = toSettle.peek();
        if (next != null && next.index() <= ready.lastConfChange()) {
            throw new IllegalStateException("the configuration change at index " + next.index()
                    + " was handed out and neither applied (applyConfChange) nor rejected (rejectConfChange)");
        }
    }

    /* The order matters: what the node tells itself refers to entries that are still looked up in memory. */
    private void acknowledgePersisted(Ready ready) {
        diskStallTicks = 0;
        List<Message> letters = ready.afterPersist();
        for (int i = 0; i < letters.size(); i++) {
            if (letters.get(i).to() == config.id()) {
                counted(raft.deliverToSelf(letters.get(i)));
            }
        }
        raft.persisted(ready.term(), ready.lastPersisted(), ready.snapshot());
    }

    void acknowledgeApplied(Ready ready) {
        List<Entry> entries = ready.committedEntries();
        long index = entries.get(entries.size() - 1).index();
        raft.applied(index, Entry.wireBytes(entries), Entry.payloadBytes(entries));
    }

    /**
     * Makes a configuration change that was handed out as committed. The host calls it, or {@link #rejectConfChange}, for each
     * such entry, when the entry's turn has come, on every member alike. If a snapshot has arrived since the entry was handed
     * out, the members are those of the snapshot already, and stay that. The result says so ({@link ConfChangeResult#outdated}),
     * for the host must not store them as those of the entry's index: until the snapshot is durable, a crash takes it back.
     *
     * @param entry of a type other than {@link EntryType#NORMAL}
     * @return the new members; or why the change could not be made, in which case nothing has changed
     * @throws IllegalStateException if the entry was not handed out, was settled before, or another one comes before it
     */
    public ConfChangeResult applyConfChange(Entry entry) {
        checkDoor();
        settle(entry);
        return guarded(() -> {
            Optional<ConfChange> change = ConfChange.decode(entry);
            Optional<ConfChangeRefusal> refusal = change.isPresent()
                    ? raft.applyConfChange(entry.index(), change.get())
                    : Optional.of(ConfChangeRefusal.UNDECODABLE);
            return new ConfChangeResult(raft.membership().confState(), refusal, raft.hasRestored(entry.index()));
        });
    }

    /**
     * Leaves a committed configuration change unmade, for reasons of the application. Every member must come to the same
     * decision.
     *
     * @throws IllegalStateException if the entry was not handed out, was settled before, or another one comes before it
     */
    public void rejectConfChange(Entry entry) {
        checkDoor();
        settle(entry);
    }

    private void settle(Entry entry) {
        if (!entry.type().isConfChange()) {
            throw new IllegalArgumentException("not a configuration change: " + entry);
        }
        Entry next = toSettle.peek();
        if (next == null || next.index() != entry.index()) {
            throw new IllegalStateException("the configuration change at index " + entry.index()
                    + " was not handed out, or was applied or rejected before"
                    + (next == null ? "" : ", or the one at index " + next.index() + " comes before it"));
        }
        toSettle.remove();
    }

    // Observation

    /** Returns the node's state. It allocates; hosts that ask often have {@link Ready#softState()}. */
    public Status status() {
        return guarded(() -> Status.of(raft, dropped, diskStallTicks));
    }

    /**
     * Returns the index up to which the log may be compacted without making anybody who is alive need a snapshot for that: all
     * that this node has applied, and, if it leads, all that the members have acknowledged which were heard from within the
     * last election time-out, or whom a snapshot is on its way to (up to the end of that snapshot; compacted beyond, it would
     * have to be followed by another one, without end: etcd issue 8059).
     *
     * <p>It is advice. A member that stays slow for ever holds it back for ever; a host with a limit compacts to the larger of
     * this and an index of its own, at most what is applied. There must be a snapshot at the index or behind it.
     *
     * @return at least {@code firstIndex - 1}
     */
    public long safeCompactIndex() {
        return guarded(raft::safeCompactIndex);
    }

    private StepResult counted(StepResult result) {
        if (result != StepResult.HANDLED) {
            dropped[place(result)]++;
        }
        return result;
    }

    /* The order of an enum's constants is a stable place within one run, which is all that a counter needs. */
    @SuppressWarnings("EnumOrdinal")
    static int place(StepResult result) {
        return result.ordinal();
    }

    // The door

    /* For calls that are rare. The frequent ones have the same in full, for a lambda that captures costs an allocation. */
    private <T> T guarded(Supplier<T> call) {
        enter();
        try {
            return call.get();
        } catch (Throwable thrown) {
            throw died(thrown);
        } finally {
            running = false;
        }
    }

    private void enter() {
        checkDoor();
        running = true;
    }

    private void checkDoor() {
        if (failure != null) {
            throw new RaftFailedException(failure.failure(), "the node has failed before", failure);
        }
        if (running) {
            throw new IllegalStateException("a call while another one runs: a node belongs to one thread at a time");
        }
    }

    /* Whatever was thrown, it came in the midst of a change: the node's state can no longer be trusted. */
    private RuntimeException died(Throwable thrown) {
        RaftFailedException failed = thrown instanceof RaftFailedException typed
                ? typed
                : new RaftFailedException(FailureCause.INVARIANT, "an exception in the midst of a change", thrown);
        failure = failed;
        if (thrown instanceof Error error) {
            throw error;
        }
        return failed;
    }

    /* For the conformance harness and tests of this package. */
    Raft raft() {
        return raft;
    }

    long dropped(StepResult cause) {
        return dropped[place(cause)];
    }
}
