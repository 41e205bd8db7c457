package dev.keelraft.example.server;

import dev.keelraft.ConfChangeResult;
import dev.keelraft.ProposalResult;
import dev.keelraft.RaftConfig;
import dev.keelraft.RawNode;
import dev.keelraft.ReadResult;
import dev.keelraft.Ready;
import dev.keelraft.Status;
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
import dev.keelraft.wal.PreparedSnapshot;
import dev.keelraft.wal.WalStorage;
import io.grpc.Deadline;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The kernel thread: the one place where the member, its log and its state machine come together. The kernel writes
 * asynchronously: several Readys may be with the log while this goes on. Everything here runs on that
 * thread, but for the methods that say otherwise.
 *
 * <p>One turn of {@link #run}: take what has come in, let a tick pass if one is due, do what the kernel hands out, and ask for
 * the reads that wait. What must be durable goes to the {@link LogThread}, and comes back as a task when it is; all that
 * gathers there during one sync shares the next.
 */
final class KernelLoop implements Writes.Proposer, Reads.Question {
    private static final Logger LOG = LoggerFactory.getLogger(KernelLoop.class);

    /** How many tasks one turn takes. It bounds how long a heartbeat waits for its turn, and how large a batch becomes. */
    private static final int TASKS_PER_TURN = 1024;

    /** How many Readys may be with a log that has no room. Each is small, but at one for each heartbeat they sum up in days. */
    static final int MAX_READYS_OUT = 4096;

    private final RawNode node;
    private final WalStorage storage;
    private final LogThread log;
    private final StateMachine machine;
    private final Snapshots snapshots;
    private final PeerNetwork peers;
    private final Inbox inbox;
    private final Timing timing;
    private final long clusterId;
    private final long id;
    private final Writes writes;
    private final Reads reads;

    /** A leader's snapshot that the kernel is being told of, until it comes out of a Ready. */
    private @Nullable Arrived arrived;

    /** Leaders' snapshots that are with the log, in their order. */
    private final ArrayDeque<Arrived> installing = new ArrayDeque<>();

    /** How many Readys are with the log. */
    private int readysOut;

    /** Whether the disk has no room for a Ready. */
    private boolean diskFull;

    /** Whether the disk has finished nothing for so long that the kernel gives up its leadership. */
    private boolean diskStalled;

    /** When the next tick is due, as {@link System#nanoTime}. */
    private long nextTick;

    /** For how many ticks nobody has led. */
    private long leaderlessTicks;

    /** Waits for another member to lead in place of this one, which is to be stopped. */
    private @Nullable CompletableFuture<Boolean> handOver;

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
     * @param leaderlessTicks for how many ticks it may be a blip that nobody leads
     * @param diskStallTicks after how many ticks the kernel takes its disk for stalled
     */
    record Timing(long tickNanos, int electionTicks, long leaderlessTicks, long diskStallTicks) {
        /**
         * Those of a node. A member of a group that has just been started campaigns after one to two election time-outs, and may
         * have to wait for its disk then.
         */
        static Timing of(Duration tick, RaftConfig config) {
            return new Timing(
                    tick.toNanos(), config.electionTicks(), 3L * config.electionTicks(), config.diskStallTicks());
        }

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
            WalStorage storage,
            LogThread log,
            StateMachine machine,
            Snapshots snapshots,
            PeerNetwork peers,
            Inbox inbox,
            Timing timing,
            long clusterId,
            MemberAttributes self,
            RandomGenerator random) {
        this.node = node;
        this.storage = storage;
        this.log = log;
        this.machine = machine;
        this.snapshots = snapshots;
        this.peers = peers;
        this.inbox = inbox;
        this.timing = timing;
        this.clusterId = clusterId;
        this.id = self.getId();
        this.hardState = storage.hardState();
        this.status = statusNow();
        this.writes = new Writes(this, self, random, timing.electionTicks);
        this.reads = new Reads(this, random.nextLong());
    }

    /**
     * Runs until {@link #stop} is called or something fails that cannot be healed here. In either case whoever waits for an
     * answer gets one.
     *
     * @throws RuntimeException what failed: a {@code WalException}, a {@code RaftFailedException}, or a defect
     */
    void run() {
        try {
            begin(System.nanoTime());
            while (!stopping) {
                turn(System::nanoTime);
                inbox.await(nextTick - System.nanoTime());
            }
        } finally {
            end();
        }
    }

    /** What {@link #run} does first: time passes from here on. Only who turns the loop by hand calls it. */
    void begin(long nowNanos) {
        nextTick = nowNanos + timing.tickNanos;
    }

    /**
     * One turn of {@link #run}. Only who turns the loop by hand calls it.
     *
     * @param nanoTime what time it is, asked after what has come in was taken
     */
    void turn(LongSupplier nanoTime) {
        takeTasks();
        tickIfDue(nanoTime.getAsLong());
        do {
            work();
            // A question that was answered just now makes way for the reads that have come in meanwhile.
        } while (reads.ask());
    }

    /** What {@link #run} does last: whoever waits for an answer gets one. */
    void end() {
        stopping = true;
        writes.stop();
        reads.stop();
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
     * Ticks that were missed, because the machine was busy or asleep, are not made up for. What has come in was
     * taken before the tick: a heartbeat that waited in the inbox counts, so a member that was busy does not take its leader
     * for dead.
     */
    private void tickIfDue(long now) {
        if (now - nextTick < 0) {
            return;
        }
        if (!standsStill()) {
            node.tick();
        }
        lookAtTroubles();
        writes.tick(now);
        reads.tick(now, status.leader() == NodeId.NONE ? EtcdError.NO_LEADER : EtcdError.TIMEOUT);
        snapshots.tick();
        long next = nextTick + timing.tickNanos;
        nextTick = next - now > 0 ? next : now + timing.tickNanos;
    }

    /* What lasts is told to those who wait, with this tick, and to those who come, at once. */
    private void lookAtTroubles() {
        leaderlessTicks = status.leader() == NodeId.NONE ? leaderlessTicks + 1 : 0;
        diskStalled = node.status().diskStallTicks() > timing.diskStallTicks;
        if (diskFull || diskStalled) {
            // Up to there it may still apply: the rest was never stored.
            reads.giveUpBeyond(storage.lastIndex());
        }
    }

    // What the kernel hands out

    private void work() {
        while (!standsStill() && node.hasReady()) {
            handle(node.ready());
        }
        snapshots.takeIfDue(machine);
        status = statusNow();
    }

    /*
     * What leaves at once leaves first; the log gets the rest, and persisted() goes on when it is durable. What is committed is
     * durable here already, so it can be applied now.
     */
    private void handle(Ready ready) {
        ready.messages().forEach(this::send);
        if (!ready.hardState().isEmpty()) {
            hardState = ready.hardState();
        }
        readysOut++;
        log.persist(ready, preparedOf(ready));
        if (!ready.committedEntries().isEmpty()) {
            apply(ready.committedEntries());
            node.applied(ready);
        }
        ready.readStates().forEach(reads::confirmed);
        reads.applied(machine.index(), machine.state());
        follow(ready.softState());
        ready.failedReads().forEach(failure -> reads.failed(failure, leader != NodeId.NONE));
    }

    /** Goes on with Readys that are durable now, in their order. */
    void persisted(List<Ready> readys) {
        // Before the kernel forgets them, the log must answer for them.
        storage.catchUp();
        readysOut -= readys.size();
        diskStalled = false;
        for (Ready ready : readys) {
            install(ready);
            node.persisted(ready);
            ready.messagesAfterPersist().forEach(this::send);
        }
    }

    /**
     * The disk has no room for a Ready, or has again. As long as it has none, nothing that the member promises leaves, and it takes
     * on no writes. The kernel goes on: it hands leadership over to a member that can write, follows that, and reads are
     * served for as long as this member has what they want.
     */
    void diskFull(boolean full) {
        diskFull = full;
    }

    /*
     * A disk that stays full for hours: too much waits for it by now. The member hears nobody, and the others, who hear nothing of
     * it, go on without it.
     */
    private boolean standsStill() {
        return diskFull && readysOut >= MAX_READYS_OUT;
    }

    /** Ends {@link #run}: the log has failed. */
    void fail(Throwable failure) {
        if (failure instanceof Error error) {
            throw error;
        }
        throw failure instanceof RuntimeException runtime ? runtime : new IllegalStateException(failure);
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

    private Optional<PreparedSnapshot> preparedOf(Ready ready) {
        if (ready.snapshot().isNone()) {
            return Optional.empty();
        }
        Arrived wanted = arrived;
        if (wanted == null || !wanted.snapshot().equals(ready.snapshot())) {
            throw new IllegalStateException(ready.snapshot() + " came out of the kernel, and did not go in");
        }
        arrived = null;
        installing.add(wanted);
        return Optional.of(wanted.prepared());
    }

    private void install(Ready ready) {
        Snapshot snapshot = ready.snapshot();
        if (snapshot.isNone()) {
            return;
        }
        Arrived installed = installing.remove();
        machine.install(installed.state(), snapshot);
        snapshots.installed(installed.stored());
        installedSnapshots.incrementAndGet();
        LOG.info("snapshot of the leader installed: index {}", snapshot.index());
        // Results of our writes may be in it, which were not applied here one by one; a copy fetches them from the
        // session.
        writes.leaderChanged();
        reads.applied(machine.index(), machine.state());
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
        leaderlessTicks = 0;
        writes.leaderChanged();
        if (handOver != null && leader != id) {
            handOver.complete(true);
        }
    }

    private ServerStatus statusNow() {
        // Who stands still does not know who leads.
        long known = standsStill() ? NodeId.NONE : leader;
        return new ServerStatus(
                clusterId, id, hardState.term(), known, hardState.commit(), machine.index(), false, diskFull);
    }

    // What others want; as tasks

    /** Takes a message of a peer. Who stands still loses it: what it causes would pile up, and be old when it leaves. */
    void step(Message message) {
        if (!standsStill()) {
            node.step(message);
        }
    }

    /**
     * Takes a leader's snapshot whose file is complete. The kernel may want it, in which case it comes out again as part of a
     * Ready, at once, or not, because the member has come further meanwhile.
     */
    void step(Arrived snapshot) {
        // On a full disk it would have to wait behind what does not fit.
        if (!diskFull) {
            arrived = snapshot;
            node.step(snapshot.message());
            work();
        }
        if (diskFull || arrived != null) {
            arrived = null;
            log.dismiss(snapshot.stored().file());
        }
    }

    /** The writes of this member's clients. */
    Writes writes() {
        return writes;
    }

    /** When snapshots are due, and which one is the newest. */
    Snapshots snapshots() {
        return snapshots;
    }

    /** The linearizable reads of this member's clients. */
    Reads reads() {
        return reads;
    }

    /** Proposes for a peer that takes this member for the leader. */
    ProposalResult propose(byte[] data) {
        // It is about to give up its leadership, and until then one that cannot write is none.
        return diskFull ? new ProposalResult(ProposalResult.Outcome.NO_LEADER, 0, 0, NodeId.NONE) : node.propose(data);
    }

    /**
     * Hands leadership over to whoever has most of the log, because this member is to be stopped: the group need not find out by
     * a time-out that it is gone.
     *
     * @param done completes when another member leads; at once if this one does not, or nobody can be reached
     */
    void handOver(CompletableFuture<Boolean> done) {
        OptionalLong best = leader == id ? bestSuccessor() : OptionalLong.empty();
        if (best.isEmpty()) {
            done.complete(false);
            return;
        }
        LOG.info("leadership goes to {}", Long.toHexString(best.getAsLong()));
        handOver = done;
        node.transferLeadership(best.getAsLong());
    }

    private OptionalLong bestSuccessor() {
        Status now = node.status();
        return now.peers().stream()
                .filter(peer ->
                        peer.id() != id && now.confState().voters().contains(peer.id()) && peers.isReachable(peer.id()))
                .max(Comparator.comparingLong(Status.Peer::match))
                .map(peer -> OptionalLong.of(peer.id()))
                .orElse(OptionalLong.empty());
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
            case FORWARDED -> Writes.Attempt.UNKNOWN;
            case NO_LEADER, NOT_LEADER, NOT_MEMBER, EMPTY, CONF_CHANGE_PENDING, CONF_CHANGE_INVALID ->
                Writes.Attempt.NOT_TAKEN;
            case LEADER_TRANSFER -> Writes.Attempt.HANDING_OVER;
            case LOG_FULL -> Writes.Attempt.LEADER_FULL;
            case TOO_LARGE -> Writes.Attempt.TOO_LARGE;
        };
    }

    @Override
    public boolean canPropose() {
        if (leader == NodeId.NONE || diskFull) {
            return false;
        }
        return leader == id || (peers.isReachable(leader) && forwarding.get() < PeerTransport.MAX_PROPOSALS);
    }

    @Override
    public Optional<Writes.Obstacle> obstacle() {
        if (diskFull) {
            return Optional.of(diskStalled ? Writes.Obstacle.DISK_REMAINS_FULL : Writes.Obstacle.DISK_FULL);
        }
        if (diskStalled) {
            return Optional.of(Writes.Obstacle.DISK_STALLED);
        }
        return isHopeless() ? Optional.of(Writes.Obstacle.NO_LEADER) : Optional.empty();
    }

    @Override
    public long appliedIndex() {
        return machine.index();
    }

    @Override
    public ReadResult ask(byte[] context) {
        return standsStill() ? ReadResult.NO_LEADER : node.readIndex(context);
    }

    @Override
    public boolean isHopeless() {
        return leaderlessTicks > timing.leaderlessTicks;
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
