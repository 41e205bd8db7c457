package dev.keelraft.example.peer;

import dev.keelraft.ProposalResult;
import dev.keelraft.example.peer.PeerCounters.Drop;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import io.grpc.Deadline;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioServerSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioSocketChannel;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.channels.FileChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries raft messages, forwarded proposals and snapshots between this member and its peers. The package's documentation has
 * the drawing and the rules.
 *
 * <p>All methods but {@link #start} and {@link #close} may be called from any thread, before the start and after the close as
 * well, and return at once.
 */
public final class PeerTransport implements PeerNetwork, AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(PeerTransport.class);

    /** A peer that is silent this long is asked for a sign of life: gRPC allows no less. */
    private static final Duration KEEPALIVE = Duration.ofSeconds(10);

    /** The sign of life has this long to come, or the connection counts as broken. */
    private static final Duration KEEPALIVE_TIMEOUT = Duration.ofSeconds(5);

    /** Hellos are the only metadata to speak of, and have less than 1 KiB. */
    private static final int METADATA_BYTES_MAX = 8 << 10;

    /** How many proposals to one peer may be unanswered. Further ones fail at once. */
    public static final int MAX_PROPOSALS = ProposeCalls.CALLS_MAX;

    /** What one peer has open at a time: its proposals, its messages, a snapshot, and predecessors of these that still end. */
    private static final int CALLS_PER_CONNECTION_MAX = ProposeCalls.CALLS_MAX + 16;

    /** How long each step of closing waits for what does not end by itself. */
    private static final Duration CLOSE_PATIENCE = Duration.ofSeconds(2);

    private final Handshake handshake;
    private final PeerOptions options;
    private final PeerHandler handler;
    private final PeerCounters counters = new PeerCounters();
    private final Workers workers;
    private final PeerService service;
    private final Map<Long, PeerLink> links = new TreeMap<>();
    private @Nullable Server server;
    private boolean started;
    private volatile boolean closed;

    /**
     * Makes a transport that does nothing yet but keep what it is given.
     *
     * @param clusterId what all members of the cluster agree on, and no member of another
     * @param self this member
     * @param others the other members, each id once, without this one; may be empty
     * @param options limits and times
     * @param handler the host
     */
    public PeerTransport(long clusterId, Peer self, List<Peer> others, PeerOptions options, PeerHandler handler) {
        Map<Long, Peer> peers = new TreeMap<>();
        for (Peer peer : others) {
            if (peer.id() == self.id() || peers.put(peer.id(), peer) != null) {
                throw new IllegalArgumentException("member " + peer.described() + " stands twice among the members");
            }
        }
        this.options = options;
        this.handler = handler;
        handshake = new Handshake(clusterId, self, others);
        workers = new Workers("keel-peer-" + Long.toHexString(self.id()), 2 * others.size());
        service = new PeerService(self, options, handler, counters, workers);
        for (Peer peer : peers.values()) {
            links.put(peer.id(), new PeerLink(peer, handshake, channel(peer), options, handler, counters, workers));
        }
    }

    private ManagedChannel channel(Peer peer) {
        return NettyChannelBuilder.forAddress(peer.url().getHost(), peer.url().getPort())
                .usePlaintext()
                .proxyDetector(address -> null) // members talk to each other, whatever the JVM has set for the web
                .disableRetry()
                .eventLoopGroup(workers.network())
                .channelType(NioSocketChannel.class)
                .executor(workers.calls())
                .offloadExecutor(workers.files())
                .keepAliveTime(KEEPALIVE.toNanos(), TimeUnit.NANOSECONDS)
                .keepAliveTimeout(KEEPALIVE_TIMEOUT.toNanos(), TimeUnit.NANOSECONDS)
                .keepAliveWithoutCalls(true)
                .maxInboundMessageSize(options.maxEncodedBytes())
                .maxInboundMetadataSize(METADATA_BYTES_MAX)
                .build();
    }

    /**
     * Listens, and then begins to connect to the peers; what they are sent until then is not lost.
     *
     * @param listen where, at least one; port 0 takes a free one
     * @throws IOException if one of the addresses cannot be had. The transport is closed then
     * @throws IllegalStateException if it was started before, or closed
     */
    public synchronized void start(List<InetSocketAddress> listen) throws IOException {
        if (started || closed) {
            throw new IllegalStateException("a transport is started once, and not after it was closed");
        }
        if (listen.isEmpty()) {
            throw new IllegalArgumentException("no address to listen on");
        }
        started = true;
        try {
            server = server(listen).start();
        } catch (IOException e) {
            close();
            throw e;
        }
        links.values().forEach(PeerLink::start);
    }

    private Server server(List<InetSocketAddress> listen) {
        NettyServerBuilder builder = NettyServerBuilder.forAddress(listen.get(0))
                .channelType(NioServerSocketChannel.class)
                .bossEventLoopGroup(workers.network())
                .workerEventLoopGroup(workers.network())
                .executor(workers.calls())
                .maxInboundMessageSize(options.maxEncodedBytes())
                .maxInboundMetadataSize(METADATA_BYTES_MAX)
                .maxConcurrentCallsPerConnection(CALLS_PER_CONNECTION_MAX)
                // Half of what peers do, as clocks differ, and whoever pings too often is cut off.
                .permitKeepAliveTime(KEEPALIVE.toNanos() / 2, TimeUnit.NANOSECONDS)
                .permitKeepAliveWithoutCalls(true)
                .keepAliveTime(KEEPALIVE.toNanos(), TimeUnit.NANOSECONDS)
                .keepAliveTimeout(KEEPALIVE_TIMEOUT.toNanos(), TimeUnit.NANOSECONDS)
                .handshakeTimeout(KEEPALIVE_TIMEOUT.toNanos(), TimeUnit.NANOSECONDS)
                .addService(service.definition(handshake));
        for (SocketAddress more : listen.subList(1, listen.size())) {
            builder.addListenAddress(more);
        }
        return builder.build();
    }

    /** Where it listens, with the ports that it got; empty before the start and after the close. */
    public synchronized List<InetSocketAddress> addresses() {
        List<InetSocketAddress> addresses = new ArrayList<>();
        if (server != null && !closed) {
            for (SocketAddress address : server.getListenSockets()) {
                addresses.add((InetSocketAddress) address);
            }
        }
        return addresses;
    }

    /**
     * Sends a message to its {@code to}, in order with earlier ones to the same peer, or drops and counts it: the peer is not
     * known, or cannot be reached, or too much waits for it already. It takes time in proportion to the number of entries, a
     * few nanoseconds each.
     *
     * @param message not changed afterwards, arrays included: it is encoded later
     * @throws IllegalArgumentException for an {@code INSTALL_SNAPSHOT}, which has bytes; see {@link #sendSnapshot}
     */
    @Override
    public void send(Message message) {
        if (message.type() == MessageType.INSTALL_SNAPSHOT) {
            throw new IllegalArgumentException("a snapshot is sent with its bytes: sendSnapshot");
        }
        PeerLink link = links.get(message.to());
        if (link == null) {
            counters.count(Drop.UNKNOWN_PEER);
        } else {
            link.send(message);
        }
    }

    /**
     * Asks a peer to propose. The future always completes, no later than the deadline: with the peer's result, or with a gRPC
     * status as exception. It fails at once if the peer is known to be unreachable, or too many proposals are unanswered.
     * Cancelling it tells the peer that nobody waits. After a failure the proposal may or may not be in the log.
     *
     * @param peer whom
     * @param data the command, not changed afterwards
     * @param deadline how long the answer may take
     */
    @Override
    public CompletableFuture<ProposalResult> propose(long peer, byte[] data, Deadline deadline) {
        PeerLink link = links.get(peer);
        if (link == null || closed) {
            return CompletableFuture.failedFuture(Status.UNAVAILABLE
                    .withDescription("keel: " + Peer.hex(peer)
                            + (link == null ? " is no peer" : " cannot be reached: the transport is closed"))
                    .asException());
        }
        return link.propose(data, deadline);
    }

    /**
     * Sends a snapshot to its {@code to}, in the background. Each call is followed by exactly one {@link
     * PeerHandler#snapshotSent}, at once if the peer cannot be reached or another snapshot is on its way to it.
     *
     * @param installSnapshot the message
     * @param file its bytes, from the first to the last at the time of the call; the transport's from now on, which closes it
     *     whatever happens, before it reports
     * @throws IllegalArgumentException if the message is of another kind. The file is closed, and nothing is reported
     */
    @Override
    public void sendSnapshot(Message installSnapshot, FileChannel file) {
        if (installSnapshot.type() != MessageType.INSTALL_SNAPSHOT) {
            close(file);
            throw new IllegalArgumentException("not a snapshot: " + installSnapshot.type());
        }
        PeerLink link = links.get(installSnapshot.to());
        if (link == null || closed) {
            // No thread is left that could do it later, or none is needed.
            close(file);
            counters.count(link == null ? Drop.UNKNOWN_PEER : Drop.UNREACHABLE);
            handler.snapshotSent(installSnapshot.to(), false);
        } else {
            link.sendSnapshot(installSnapshot, file);
        }
    }

    static void close(FileChannel file) {
        try {
            file.close();
        } catch (IOException e) {
            log.warn("The file of a snapshot does not close.", e);
        }
    }

    /** Tells whether a peer has said its hello on a stream that is not known to be broken. False for who is no peer. */
    @Override
    public boolean isReachable(long peer) {
        PeerLink link = links.get(peer);
        return link != null && link.isUp();
    }

    /** What went, came and was dropped so far; counts on. */
    public PeerCounters counters() {
        return counters;
    }

    /**
     * Ends all calls, connections and threads, and stops listening. Snapshots that are under way are reported as not arrived,
     * or aborted; proposals fail. Not to be called by a handler or sink, for whose end it waits. It takes a
     * moment, and some seconds if a {@link SnapshotSink} does not return. Further calls do nothing.
     */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        boolean interrupted = false;
        try {
            List<CompletableFuture<?>> ends = new ArrayList<>();
            links.values().forEach(link -> ends.add(link.close()));
            ends.add(service.close());
            await(CompletableFuture.allOf(ends.toArray(CompletableFuture[]::new)));
            if (server != null) {
                server.shutdownNow().awaitTermination(CLOSE_PATIENCE.toNanos(), TimeUnit.NANOSECONDS);
            }
            for (PeerLink link : links.values()) {
                link.closeChannel(CLOSE_PATIENCE);
            }
        } catch (InterruptedException e) {
            interrupted = true;
        }
        workers.close(CLOSE_PATIENCE);
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private static void await(CompletableFuture<Void> ends) throws InterruptedException {
        try {
            ends.get(CLOSE_PATIENCE.toNanos(), TimeUnit.NANOSECONDS);
        } catch (ExecutionException | TimeoutException e) {
            log.warn("Closing does not wait any longer for a snapshot that is under way: {}", e.toString());
        }
    }
}
