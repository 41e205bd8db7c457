package dev.keelraft.example.server;

import dev.keelraft.ConfChangeResult;
import dev.keelraft.ProposalResult;
import dev.keelraft.RawNode;
import dev.keelraft.ReadResult;
import dev.keelraft.Ready;
import dev.keelraft.example.etcd.ServerStatus;
import dev.keelraft.example.kv.EtcdError;
import dev.keelraft.example.kv.KeyValueState;
import dev.keelraft.example.kv.wire.MemberAttributes;
import dev.keelraft.example.peer.PeerNetwork;
import dev.keelraft.example.peer.PeerTransport;
import dev.keelraft.example.server.ReceivedSnapshot.Arrived;
import dev.keelraft.model.Body;
import dev.keelraft.model.Entry;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import dev.keelraft.model.NodeId;
import dev.keelraft.model.Snapshot;
import dev.keelraft.model.SoftState;
import dev.keelraft.wal.SnapshotFile;
import dev.keelraft.wal.Wal;
import dev.keelraft.wal.WalSpaceExhausted;
import io.grpc.Deadline;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The kernel thread: the one place where the member, its log and its state machine come together. Everything here runs on that
 * thread, but for the methods that say otherwise.
 *
 * <p>One turn of {@link #run}: take what has come in, let a tick pass if one is due, do what the kernel hands out, and ask for
 * the reads that wait. Many proposals of one turn share one sync of the log.
 */
final class KernelLoop implements Writes.Proposer, Reads.Question {
    private static final Logger LOG = LoggerFactory.getLogger(KernelLoop.class);

    /** How many tasks one turn takes. It bounds how long a heartbeat waits for its turn, and how large a batch becomes. */
    private static final int TASKS_PER_TURN = 1024;

    /** A sync that takes longer is worth a line in the log, as in etcd: it delays everything. */
    private static final long SLOW_SYNC_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final RawNode node;
    private final Wal wal;
    private final StateMachine machine;
    private final Snapshots snapshots;
    private final PeerNetwork peers;
    private final Inbox inbox;
    private final Timing timing;
    private final long clusterId;
    private final long id;
    private final Writes writes;
    private final Reads reads;

    /** The Ready that the disk had no room for. */
    private @Nullable Ready unstored;

    /** Whether a tick has passed since it was last tried. */
    private boolean mayRetry;

    /** A leader's snapshot that the kernel was told of, until it comes out of a Ready or is ignored. */
    private @Nullable Arrived arrived;

    private long leader;

    /** The term in which it leads, or in which nobody is known to lead. */
    private long leaderTerm;

    private HardState hardState;
    /** Proposals that the leader has not answered yet. */
    private final AtomicInteger forwarding = new AtomicInteger();

    private volatile ServerStatus status;
    private volatile boolean stopping;
    private final AtomicLong installedSnapshots = new AtomicLong();

    /**
     * How time passes.
     *
     * @param tickNanos the length of a tick
     * @param electionTicks the shortest election time-out, in ticks: after that a question without an answer counts as lost
     */
    record Timing(long tickNanos, int electionTicks) {
        long electionNanos() {
            return tickNanos * electionTicks;
        }
    }

    /**
     * Connects the parts; nothing happens before {@link #run}.
     *
     * @param self what this member tells the others of itself
     * @param random draws numbers that must be this process's alone
     */
    KernelLoop(
            RawNode node,
            Wal wal,
            StateMachine machine,
            Snapshots snapshots,
            PeerNetwork peers,
            Inbox inbox,
            Timing timing,
            long clusterId,
            MemberAttributes self,
            RandomGenerator random) {
        this.node = node;
        this.wal = wal;
        this.machine = machine;
        this.snapshots = snapshots;
        this.peers = peers;
        this.inbox = inbox;
        this.timing = timing;
        this.clusterId = clusterId;
        this.id = self.getId();
        this.hardState = wal.storage().hardState();
        this.status = statusNow();
        this.writes = new Writes(this, self, random, timing.electionTicks);
        this.reads = new Reads(this, random.nextLong(), timing.electionTicks);
    }

    /**
     * Runs until {@link #stop} is called or something fails that cannot be healed here. In either case whoever waits for an
     * answer gets one. The log is left open.
     *
     * @throws RuntimeException what failed: a {@code WalException}, a {@code RaftFailedException}, or a defect
     */
    void run() {
        try {
            long nextTick = System.nanoTime() + timing.tickNanos;
            while (!stopping) {
                takeTasks();
                nextTick = tickIfDue(nextTick);
                do {
                    work();
                    // A question that was answered just now makes way for the reads that have come in meanwhile.
                } while (reads.ask());
                inbox.await(nextTick - System.nanoTime());
            }
        } finally {
            stopping = true;
            writes.stop();
            reads.stop();
        }
    }

    /** Ends {@link #run} soon. Any thread. */
    void stop() {
        stopping = true;
        inbox.wakeUp();
    }

    private void takeTasks() {
        for (int i = 0; i < TASKS_PER_TURN; i++) {
            Inbox.Task task = inbox.poll();
            if (task == null) {
                return;
            }
            task.run(this);
        }
    }

    /*
     * Ticks that were missed, because a sync took long or the machine was asleep, are not made up for. What has come in was
     * taken before the tick: a heartbeat that waited in the inbox counts, so a member that was busy does not take its leader
     * for dead.
     */
    private long tickIfDue(long nextTick) {
        long now = System.nanoTime();
        if (now - nextTick < 0) {
            return nextTick;
        }
        if (unstored == null) {
            node.tick();
        }
        mayRetry = true;
        writes.tick(now);
        reads.tick(now, status.leader() == NodeId.NONE ? EtcdError.NO_LEADER : EtcdError.TIMEOUT);
        long next = nextTick + timing.tickNanos;
        return next - now > 0 ? next : now + timing.tickNanos;
    }

    // What the kernel hands out

    private void work() {
        if (unstored != null && !storeAgain()) {
            status = statusNow();
            return;
        }
        while (node.hasReady()) {
            Ready ready = node.ready();
            ready.messages().forEach(this::send);
            if (!store(ready)) {
                unstored = ready;
                mayRetry = false;
                status = statusNow();
                return;
            }
            finish(ready);
        }
        dismissIgnoredSnapshot();
        snapshots.takeIfDue(machine);
        status = statusNow();
    }

    /** Tries once a tick: an attempt may have to write a whole new segment, and most of them fail. */
    private boolean storeAgain() {
        Ready ready = unstored;
        if (ready == null || !mayRetry) {
            return false;
        }
        mayRetry = false;
        if (!store(ready)) {
            return false;
        }
        LOG.info("the disk has room again");
        unstored = null;
        finish(ready);
        return true;
    }

    /**
     * Makes durable what a Ready holds.
     *
     * @return false if the disk has no room: nothing of the Ready is stored, nothing of it may be confirmed, and it is tried
     *     again with the next tick. Until then this member stands still: it hears nobody, and the others, who hear nothing of
     *     it, go on without it
     */
    private boolean store(Ready ready) {
        try {
            wal.append(ready, fileOf(ready.snapshot()));
        } catch (WalSpaceExhausted e) {
            if (unstored == null) {
                LOG.error("the disk is full; this member waits until there is room: {}", e.getMessage());
            }
            return false;
        }
        if (ready.mustSync()) {
            long begin = System.nanoTime();
            wal.sync();
            long took = System.nanoTime() - begin;
            if (took > SLOW_SYNC_NANOS) {
                LOG.warn("the disk is slow: a sync of the log took {} ms", TimeUnit.NANOSECONDS.toMillis(took));
            }
        }
        return true;
    }

    /* The order is that of RawNode's documentation; advance comes last, when everything before it is done. */
    private void finish(Ready ready) {
        ready.messagesAfterPersist().forEach(this::send);
        if (!ready.hardState().isEmpty()) {
            hardState = ready.hardState();
        }
        install(ready.snapshot());
        apply(ready.committedEntries());
        ready.readStates().forEach(reads::confirmed);
        reads.applied(machine.index(), machine.state());
        node.advance(ready);
        follow(ready.softState());
    }

    private void send(Message message) {
        if (message.type() != MessageType.INSTALL_SNAPSHOT) {
            peers.send(message);
            return;
        }
        try {
            peers.sendSnapshot(message, snapshots.open(((Body.InstallSnapshot) message.body()).snapshot()));
        } catch (IOException e) {
            LOG.info("a snapshot for {} is not sent: {}", Long.toHexString(message.to()), e.getMessage());
            // The kernel takes reports at any time, also while a Ready is out.
            node.reportSnapshot(message.to(), false);
        }
    }

    private SnapshotFile fileOf(Snapshot snapshot) {
        if (snapshot.isNone()) {
            return SnapshotFile.NONE;
        }
        if (arrived == null || !arrived.snapshot().equals(snapshot)) {
            throw new IllegalStateException(snapshot + " came out of the kernel, and did not go in");
        }
        return arrived.stored().file();
    }

    private void install(Snapshot snapshot) {
        Arrived installed = arrived;
        if (snapshot.isNone() || installed == null) {
            return;
        }
        machine.install(installed.state(), snapshot.index(), snapshot.term(), snapshot.confState());
        snapshots.installed(installed.stored());
        arrived = null;
        installedSnapshots.incrementAndGet();
        LOG.info("snapshot of the leader installed: index {}", snapshot.index());
        // Results of our writes may be in it, which were not applied here one by one; a copy fetches them from the
        // session.
        writes.leaderChanged();
    }

    private void apply(List<Entry> entries) {
        for (Entry entry : entries) {
            if (entry.type().isConfChange()) {
                ConfChangeResult changed = node.applyConfChange(entry);
                machine.reconfigure(entry, changed.confState());
            } else if (entry.payloadBytes() == 0) {
                // A leader's first entry.
                machine.moveTo(entry);
            } else {
                StateMachine.Executed executed = machine.execute(entry);
                writes.applied(executed.command(), executed.applied().result());
            }
            snapshots.applied(entry);
        }
    }

    private void follow(SoftState soft) {
        long term = hardState.term();
        if (soft.lead() == leader && term == leaderTerm) {
            return;
        }
        leader = soft.lead();
        leaderTerm = term;
        status = statusNow();
        if (leader == NodeId.NONE) {
            LOG.info("term {}: no leader", term);
            return;
        }
        LOG.info("term {}: {} leads", term, leader == id ? "this member" : Long.toHexString(leader));
        writes.leaderChanged();
        reads.leaderChanged();
    }

    private ServerStatus statusNow() {
        // Who stands still does not know who leads.
        long known = unstored == null ? leader : NodeId.NONE;
        return new ServerStatus(clusterId, id, hardState.term(), known, hardState.commit(), machine.index(), false);
    }

    // What others want; as tasks

    /** Takes a message of a peer. Who stands still loses it: what it causes would pile up, and be old when it leaves. */
    void step(Message message) {
        if (unstored == null) {
            node.step(message);
        }
    }

    /**
     * Takes a leader's snapshot whose file is complete. The kernel may want it, in which case it comes out again as part of a
     * Ready, or not, because the member has come further meanwhile.
     */
    void step(Arrived snapshot) {
        if (unstored != null) {
            // That Ready may be about the snapshot before this one. The leader will find out, and send another.
            snapshots.dismiss(snapshot.stored().file());
            return;
        }
        arrived = snapshot;
        node.step(snapshot.message());
        work();
    }

    /* Called when nothing is left to hand out: a snapshot that has not come out by now never will. */
    private void dismissIgnoredSnapshot() {
        if (arrived != null) {
            snapshots.dismiss(arrived.stored().file());
            arrived = null;
        }
    }

    /** The writes of this member's clients. */
    Writes writes() {
        return writes;
    }

    /** The linearizable reads of this member's clients. */
    Reads reads() {
        return reads;
    }

    /** Whether there is a Ready that the disk has no room for. */
    boolean standsStill() {
        return unstored != null;
    }

    /** Proposes for a peer that takes this member for the leader. */
    ProposalResult propose(byte[] data) {
        return node.propose(data);
    }

    void reportUnreachable(long peer) {
        node.reportUnreachable(peer);
    }

    void reportSnapshot(long peer, boolean delivered) {
        node.reportSnapshot(peer, delivered);
    }

    // What this member's own writes and reads want

    @Override
    public void propose(byte[] data, Writes.Answer answer) {
        if (leader == NodeId.NONE) {
            answer.attempted(Writes.Attempt.NOT_TAKEN);
        } else if (leader == id) {
            answer.attempted(attemptOf(node.propose(data)));
        } else {
            Deadline deadline = Deadline.after(timing.electionNanos(), TimeUnit.NANOSECONDS);
            CompletableFuture<ProposalResult> forwarded = peers.propose(leader, data, deadline);
            forwarding.incrementAndGet();
            var unused = forwarded.whenComplete((result, failure) -> {
                forwarding.decrementAndGet();
                Writes.Attempt attempt = failure == null ? attemptOf(result) : Writes.Attempt.UNKNOWN;
                // If there is no room, the attempt counts as lost after some ticks.
                inbox.offer(loop -> answer.attempted(attempt), 0);
            });
        }
    }

    private static Writes.Attempt attemptOf(ProposalResult result) {
        return switch (result.outcome()) {
            case ACCEPTED -> Writes.Attempt.IN_LOG;
            case FORWARDED, CONF_CHANGE_REFUSED -> Writes.Attempt.UNKNOWN;
            case NO_LEADER, NOT_LEADER, LEADER_TRANSFER, NOT_MEMBER -> Writes.Attempt.NOT_TAKEN;
            case LOG_FULL -> Writes.Attempt.LEADER_FULL;
            case TOO_LARGE -> Writes.Attempt.TOO_LARGE;
        };
    }

    @Override
    public boolean canPropose() {
        if (leader == NodeId.NONE || unstored != null) {
            return false;
        }
        return leader == id || (peers.isReachable(leader) && forwarding.get() < PeerTransport.MAX_PROPOSALS);
    }

    @Override
    public long appliedIndex() {
        return machine.index();
    }

    @Override
    public ReadResult ask(byte[] context) {
        return unstored == null ? node.readIndex(context) : ReadResult.NO_LEADER;
    }

    // What other threads may look at

    /** How this member stood at the end of the last turn. Any thread. */
    ServerStatus status() {
        return status;
    }

    /** The state behind the last applied entry. Any thread. */
    KeyValueState state() {
        return machine.state();
    }

    /** How many snapshots of leaders this run has installed. Any thread. */
    long installedSnapshots() {
        return installedSnapshots.get();
    }
}
