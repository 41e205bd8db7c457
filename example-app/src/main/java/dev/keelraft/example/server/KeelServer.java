package dev.keelraft.example.server;

import dev.keelraft.Applied;
import dev.keelraft.RaftConfig;
import dev.keelraft.RawNode;
import dev.keelraft.example.etcd.EtcdServices;
import dev.keelraft.example.etcd.KeyValueBackend;
import dev.keelraft.example.etcd.ServerStatus;
import dev.keelraft.example.etcd.wire.Member;
import dev.keelraft.example.kv.EtcdError;
import dev.keelraft.example.kv.KeyValueState;
import dev.keelraft.example.kv.RefusedException;
import dev.keelraft.example.kv.RequestValidator;
import dev.keelraft.example.kv.wire.Command;
import dev.keelraft.example.kv.wire.MemberAttributes;
import dev.keelraft.example.kv.wire.Result;
import dev.keelraft.example.peer.Peer;
import dev.keelraft.example.peer.PeerOptions;
import dev.keelraft.example.peer.PeerTransport;
import dev.keelraft.example.server.Cluster.ClusterMember;
import dev.keelraft.example.server.ServerFailure.Kind;
import dev.keelraft.example.server.SnapshotFiles.Stored;
import dev.keelraft.model.ConfState;
import dev.keelraft.wal.Recovered;
import dev.keelraft.wal.Wal;
import dev.keelraft.wal.WalStorage;
import io.grpc.Deadline;
import io.grpc.Server;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A member of a cluster, put together: data directory, kernel thread, peers, and etcd's services for clients. Several can run
 * in one JVM.
 *
 * <p>Whatever fails for good ends this member alone: it serves nobody any more, and {@link #ended} says why. It is never
 * started again by itself. The JVM goes on.
 */
public final class KeelServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(KeelServer.class);

    /**
     * The largest entry: the largest write that etcd's services take, with what a command adds to it. A command that holds a
     * legal write always fits.
     */
    private static final int MAX_ENTRY_BYTES = RequestValidator.MAX_REQUEST_BYTES + (512 << 10);

    /** A received state is loaded before it is acknowledged; one of several GB takes its time. */
    private static final Duration SNAPSHOT_STALL_TIMEOUT = Duration.ofSeconds(60);

    private static final long CLOSE_SECONDS = 10;

    /** Calls of one client that may wait at the same time; further ones wait on its side. */
    private static final int MAX_CALLS_PER_CONNECTION = 10_000;

    private final ServerOptions options;
    private final Cluster cluster;
    private final Wal wal;
    private final Inbox inbox = new Inbox();
    private final ExecutorService segmentPreparer;
    private final ExecutorService snapshotWriter;
    private final ExecutorService clientThreads;
    private final PeerTransport peers;
    private final KernelLoop loop;
    private final LogThread log;
    private final Thread kernelThread;
    private final Thread logThread;
    /** Added to while the kernel thread, which ends them if it fails, runs already. */
    private final List<Server> clientServers = new CopyOnWriteArrayList<>();

    private final CompletableFuture<Optional<ServerFailure>> ended = new CompletableFuture<>();
    private final AtomicBoolean closed = new AtomicBoolean();

    /**
     * Starts a member. When this returns it serves peers and clients, but the group may still have no leader.
     *
     * @throws ServerFailure if it cannot start; nothing is left running
     */
    public static KeelServer start(ServerOptions options) throws ServerFailure {
        KeelServer server = null;
        Wal opened = null;
        ExecutorService segmentPreparer = Executors.newSingleThreadExecutor(threads("keel-segment-" + options.name()));
        try {
            DataDirectory data = DataDirectory.open(options, segmentPreparer);
            opened = data.wal();
            server = new KeelServer(options, data.cluster(), opened, segmentPreparer);
            server.start();
            return server;
        } catch (IOException | RuntimeException | ServerFailure e) {
            if (server != null) {
                server.close();
            } else {
                if (opened != null) {
                    opened.close();
                }
                segmentPreparer.shutdown();
            }
            throw e instanceof ServerFailure failure ? failure : ServerFailure.of(e);
        }
    }

    private KeelServer(ServerOptions options, Cluster cluster, Wal wal, ExecutorService segmentPreparer)
            throws IOException {
        this.options = options;
        this.cluster = cluster;
        this.wal = wal;
        this.segmentPreparer = segmentPreparer;
        SecureRandom random = new SecureRandom();
        Recovered recovered = wal.recovered();
        logRecovered(recovered);
        SnapshotFiles files = new SnapshotFiles(wal.snapshotDirectory(), cluster.id(), recovered.bootCount());
        StateMachine machine = machineOf(recovered, files, Observer.NONE);
        RaftConfig config = configOf(options, cluster, random);
        RawNode node = nodeOf(config, cluster, wal.storage(), machine);
        snapshotWriter = Executors.newSingleThreadExecutor(threads("keel-snapshot-" + options.name()));
        clientThreads = Executors.newFixedThreadPool(
                2 * Runtime.getRuntime().availableProcessors(), threads("keel-client-" + options.name()));
        peers = transportOf(cluster, new PeerEntrance(inbox, files, wal::prepare));
        log = new LogThread(wal, files, inbox, Observer.NONE);
        Stored newest = new Stored(recovered.snapshot(), recovered.snapshotFile());
        loop = new KernelLoop(
                node,
                wal.storage(),
                log,
                machine,
                new Snapshots(
                        log, files, newest, options.snapshotLogBytes(), node::safeCompactIndex, snapshotWriter, inbox),
                peers,
                inbox,
                KernelLoop.Timing.of(options.heartbeatInterval(), config),
                cluster.id(),
                attributesOf(options, cluster),
                random);
        logThread = threads("keel-log-" + options.name()).newThread(log::run);
        kernelThread = threads("keel-kernel-" + options.name()).newThread(this::runKernel);
    }

    private void logRecovered(Recovered recovered) {
        LOG.info(
                "{} ({}) of cluster {}: log [{}, {}], {}, start {}, {} bytes of unfinished writes dropped",
                options.name(),
                Long.toHexString(cluster.self()),
                Long.toHexString(cluster.id()),
                recovered.firstIndex(),
                recovered.lastIndex(),
                recovered.hardState(),
                recovered.bootCount(),
                recovered.droppedBytes());
        recovered
                .damagedSnapshots()
                .forEach(file -> LOG.error("the snapshot {} is damaged; an older one serves", file));
    }

    /** The state machine as it was at the newest snapshot that the log refers to. */
    static StateMachine machineOf(Recovered recovered, SnapshotFiles files, Observer observer) throws IOException {
        if (recovered.snapshot().isNone()) {
            return new StateMachine(KeyValueState.EMPTY, 0, 0, ConfState.EMPTY, observer);
        }
        KeyValueState state = files.load(new Stored(recovered.snapshot(), recovered.snapshotFile()));
        return new StateMachine(
                state,
                recovered.snapshot().index(),
                recovered.snapshot().term(),
                recovered.snapshot().confState(),
                observer);
    }

    private static RaftConfig configOf(ServerOptions options, Cluster cluster, SecureRandom random) {
        return RaftConfig.builder(cluster.self(), new Random(random.nextLong()))
                .electionTicks(options.electionTicks())
                .asyncStorageWrites(true)
                .maxEntryBytes(MAX_ENTRY_BYTES)
                .build();
    }

    private static RawNode nodeOf(RaftConfig config, Cluster cluster, WalStorage storage, StateMachine machine) {
        boolean first = storage.hardState().isEmpty() && storage.lastIndex() == 0;
        return first
                ? RawNode.bootstrap(config, storage, cluster.memberIds())
                : RawNode.restart(config, storage, new Applied(machine.index(), machine.confState()));
    }

    private static PeerTransport transportOf(Cluster cluster, PeerEntrance entrance) {
        PeerOptions limits = new PeerOptions(
                MAX_ENTRY_BYTES,
                PeerOptions.DEFAULT_MAX_SNAPSHOT_BYTES,
                PeerOptions.DEFAULT_QUEUE_MESSAGES,
                PeerOptions.DEFAULT_QUEUE_BYTES,
                PeerOptions.DEFAULT_CONNECT_TIMEOUT,
                SNAPSHOT_STALL_TIMEOUT);
        List<Peer> others = cluster.members().stream()
                .filter(member -> member.id() != cluster.self())
                .map(KeelServer::peerOf)
                .toList();
        return new PeerTransport(cluster.id(), peerOf(cluster.selfMember()), others, limits, entrance);
    }

    private static Peer peerOf(ClusterMember member) {
        return new Peer(member.id(), member.name(), member.peerUrls().get(0));
    }

    private static MemberAttributes attributesOf(ServerOptions options, Cluster cluster) {
        ClusterMember self = cluster.selfMember();
        return MemberAttributes.newBuilder()
                .setId(self.id())
                .setName(self.name())
                .addAllPeerUrls(self.peerUrls().stream().map(URI::toString).toList())
                .addAllClientUrls(options.advertiseClientUrls().stream()
                        .map(URI::toString)
                        .toList())
                .build();
    }

    private static ThreadFactory threads(String prefix) {
        AtomicInteger count = new AtomicInteger();
        return task -> {
            Thread thread = new Thread(task, prefix + "-" + count.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        };
    }

    private void start() throws ServerFailure, IOException {
        try {
            peers.start(addresses(options.listenPeerUrls()));
        } catch (IOException e) {
            throw new ServerFailure(
                    Kind.OTHER,
                    "peers cannot be served at " + options.listenPeerUrls() + " (--listen-peer-urls): "
                            + e.getMessage(),
                    e);
        }
        logThread.start();
        kernelThread.start();
        KeyValueBackend backend = new Backend();
        for (InetSocketAddress address : addresses(options.listenClientUrls())) {
            Server server = NettyServerBuilder.forAddress(address)
                    .executor(clientThreads)
                    .addServices(EtcdServices.of(backend, clientThreads, options.requestTimeout()))
                    .maxInboundMessageSize(EtcdServices.MAX_INBOUND_MESSAGE_BYTES)
                    .maxConcurrentCallsPerConnection(MAX_CALLS_PER_CONNECTION)
                    // Clients of etcd ping idle connections; the default would call that abuse and hang up.
                    .permitKeepAliveTime(5, TimeUnit.SECONDS)
                    .permitKeepAliveWithoutCalls(true)
                    .build();
            try {
                clientServers.add(server.start());
            } catch (IOException e) {
                throw new ServerFailure(
                        Kind.OTHER,
                        "clients cannot be served at " + address + " (--listen-client-urls): "
                                + rootOf(e).getMessage(),
                        e);
            }
        }
        if (inbox.isClosed()) {
            // It ended before all of its servers were there to be shut down with it.
            throw ended.join().orElseThrow();
        }
        LOG.info(
                "{} serves clients at {} and peers at {}",
                options.name(),
                options.listenClientUrls(),
                options.listenPeerUrls());
    }

    private static Throwable rootOf(Throwable thrown) {
        return thrown.getCause() == null ? thrown : rootOf(thrown.getCause());
    }

    private static List<InetSocketAddress> addresses(List<URI> urls) {
        return urls.stream()
                .map(url -> new InetSocketAddress(url.getHost(), url.getPort()))
                .toList();
    }

    private void runKernel() {
        Optional<ServerFailure> failure = Optional.empty();
        try {
            loop.run();
        } catch (Throwable thrown) {
            failure = Optional.of(ServerFailure.of(thrown));
            LOG.error("{} stops: {}", options.name(), thrown.getMessage(), thrown);
        }
        try {
            inbox.close();
            endLog();
        } catch (RuntimeException e) {
            LOG.error("the log of {} was not closed cleanly", options.name(), e);
            failure = failure.or(() -> Optional.of(ServerFailure.of(e)));
        } finally {
            clientServers.forEach(Server::shutdown);
            ended.complete(failure);
        }
    }

    /* Only who knows that nobody writes and nobody reads may close it. */
    private void endLog() {
        log.stop();
        try {
            logThread.join(TimeUnit.SECONDS.toMillis(CLOSE_SECONDS) / 2);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (logThread.isAlive()) {
            LOG.error("the log of {} is left open: its disk does not answer", options.name());
        } else {
            wal.close();
        }
    }

    /**
     * Completes when the member has stopped: empty if it was {@linkplain #close() closed}, otherwise with what has failed.
     * After a failure {@link #close} is still to be called, by another thread than the one that completes this.
     */
    public CompletableFuture<Optional<ServerFailure>> ended() {
        return ended.copy();
    }

    /** How this member stands. */
    public ServerStatus status() {
        return loop.status();
    }

    /** The state that this member has reached. */
    public KeyValueState state() {
        return loop.state();
    }

    /** How many snapshots of leaders this run has installed. */
    long installedSnapshots() {
        return loop.installedSnapshots();
    }

    /**
     * Stops the member: if it leads, it hands over first; then no client is served any more, those who wait are told, and the log
     * is closed. Returns after some seconds at most; a second call does nothing.
     */
    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        handOver();
        clientServers.forEach(Server::shutdown);
        loop.stop();
        if (kernelThread.getState() == Thread.State.NEW) {
            inbox.close();
            wal.close();
            ended.complete(Optional.empty());
        }
        awaitAll();
        peers.close();
        snapshotWriter.shutdownNow();
        segmentPreparer.shutdown();
        clientThreads.shutdown();
        LOG.info("{} has stopped", options.name());
    }

    /* As etcd does. Clients are served on: writes of the moment between two leaders go to the next one. */
    private void handOver() {
        if (kernelThread.getState() == Thread.State.NEW) {
            return;
        }
        CompletableFuture<Boolean> done = new CompletableFuture<>();
        if (!inbox.add(Inbox.Task.of(kernel -> kernel.handOver(done), () -> done.complete(false)))) {
            return;
        }
        try {
            done.get(options.electionTimeout().toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException | ExecutionException e) {
            LOG.info("{} leaves without a successor: nobody has taken over in time", options.name());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void awaitAll() {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(CLOSE_SECONDS);
        try {
            kernelThread.join(TimeUnit.SECONDS.toMillis(CLOSE_SECONDS));
            if (kernelThread.isAlive()) {
                LOG.error("the kernel thread of {} does not end; its log stays open", options.name());
            }
            for (Server server : clientServers) {
                // Answers that are complete still go out.
                if (!server.awaitTermination(1, TimeUnit.SECONDS)) {
                    server.shutdownNow();
                    server.awaitTermination(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
                }
            }
        } catch (InterruptedException e) {
            clientServers.forEach(Server::shutdownNow);
            Thread.currentThread().interrupt();
        }
    }

    /** What the services see. */
    private final class Backend implements KeyValueBackend {
        @Override
        public CompletableFuture<Result> write(Command.Builder command, Deadline deadline) {
            CompletableFuture<Result> future = new CompletableFuture<>();
            long nanos = nanosOf(deadline);
            int bytes = command.buildPartial().getSerializedSize();
            submit(future, bytes, kernel -> kernel.writes().add(command, bytes, nanos, future));
            return future;
        }

        @Override
        public CompletableFuture<KeyValueState> linearizableState(Deadline deadline) {
            CompletableFuture<KeyValueState> future = new CompletableFuture<>();
            long nanos = nanosOf(deadline);
            submit(future, 0, kernel -> kernel.reads().add(nanos, future));
            return future;
        }

        private void submit(CompletableFuture<?> future, long bytes, Consumer<KernelLoop> run) {
            Inbox.Task task =
                    Inbox.Task.of(run, () -> future.completeExceptionally(new RefusedException(EtcdError.STOPPED)));
            if (!inbox.offer(task, bytes)) {
                future.completeExceptionally(
                        new RefusedException(inbox.isClosed() ? EtcdError.STOPPED : EtcdError.TOO_MANY_REQUESTS));
            }
        }

        private static long nanosOf(Deadline deadline) {
            return System.nanoTime() + deadline.timeRemaining(TimeUnit.NANOSECONDS);
        }

        @Override
        public KeyValueState currentState() {
            return loop.state();
        }

        @Override
        public ServerStatus status() {
            return loop.status();
        }

        @Override
        public List<Member> members(KeyValueState state) {
            Map<Long, MemberAttributes> registered = new HashMap<>();
            state.members().forEach(member -> registered.put(member.getId(), member));
            return cluster.members().stream()
                    .map(member -> memberOf(member, registered.get(member.id())))
                    .toList();
        }

        /* Until a member has registered, the others know its peer URLs only, as in etcd: it has not started. */
        private Member memberOf(ClusterMember member, @Nullable MemberAttributes attributes) {
            Member.Builder builder = Member.newBuilder()
                    .setID(member.id())
                    .addAllPeerURLs(
                            member.peerUrls().stream().map(URI::toString).toList());
            if (attributes != null) {
                builder.setName(attributes.getName()).addAllClientURLs(attributes.getClientUrlsList());
            }
            return builder.build();
        }
    }
}
