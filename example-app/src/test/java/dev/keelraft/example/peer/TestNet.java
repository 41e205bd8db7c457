package dev.keelraft.example.peer;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.keelraft.example.demo.FreePorts;
import dev.keelraft.model.Body;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.EntryType;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import dev.keelraft.model.Snapshot;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.slf4j.LoggerFactory;

/** Members on free ports of this machine, and what a test needs around them; closes all of it. */
final class TestNet implements AutoCloseable {
    static final long CLUSTER = 0xc1L;
    /** As etcd's ids are: with the top bit set. */
    static final long A = 0x8a00_0000_0000_0001L;

    static final long B = 0xbL;
    static final long C = 0xcL;

    /** Short times, as tests wait for them; small queues, as tests fill them. */
    static final PeerOptions OPTIONS =
            new PeerOptions(1 << 20, 64 << 20, 256, 4 << 20, Duration.ofSeconds(1), Duration.ofMillis(600));

    private final Deque<Runnable> open = new ArrayDeque<>();
    private final ListAppender<ILoggingEvent> log = new ListAppender<>();

    TestNet() {
        log.start();
        logger().addAppender(log);
        open.push(() -> logger().detachAppender(log));
    }

    private static Logger logger() {
        return (Logger) LoggerFactory.getLogger(PeerTransport.class);
    }

    /** How many lines of the transports' log have all these words. */
    long logged(String... words) {
        synchronized (log) {
            return new ArrayList<>(log.list)
                    .stream()
                            .map(ILoggingEvent::getFormattedMessage)
                            .filter(line -> List.of(words).stream().allMatch(line::contains))
                            .count();
        }
    }

    static Peer peer(long id, int port) {
        return new Peer(id, "member-" + Long.toHexString(id & 0xff), URI.create("http://127.0.0.1:" + port));
    }

    static int freePort() throws IOException {
        return FreePorts.find(1).get(0);
    }

    PeerTransport start(Peer self, List<Peer> others, PeerHandler handler) throws IOException {
        return start(CLUSTER, self, others, OPTIONS, handler);
    }

    PeerTransport start(long cluster, Peer self, List<Peer> others, PeerOptions options, PeerHandler handler)
            throws IOException {
        PeerTransport transport = new PeerTransport(cluster, self, others, options, handler);
        open.push(transport::close);
        transport.start(List.of(new InetSocketAddress(
                InetAddress.getLoopbackAddress(), self.url().getPort())));
        return transport;
    }

    /** A server that is no transport. */
    void serve(int port, ServerServiceDefinition service) throws IOException {
        Server server = NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), port))
                .directExecutor()
                .maxInboundMessageSize(64 << 20)
                .addService(service)
                .build()
                .start();
        open.push(() -> {
            server.shutdownNow();
            Await.until("the server ends", server::isTerminated);
        });
    }

    /** A client that is no transport. */
    ManagedChannel dial(int port) {
        ManagedChannel channel = NettyChannelBuilder.forAddress("127.0.0.1", port)
                .usePlaintext()
                .directExecutor()
                .build();
        open.push(() -> {
            channel.shutdownNow();
            Await.until("the client ends", channel::isTerminated);
        });
        return channel;
    }

    static Message heartbeat(long from, long to, long commit) {
        return new Message(MessageType.HEARTBEAT, from, to, 1, new Body.Heartbeat(commit, new byte[0]));
    }

    static Message append(long from, long to, int bytes) {
        Entry entry = new Entry(1, 1, EntryType.NORMAL, new byte[bytes]);
        return new Message(MessageType.APPEND, from, to, 1, new Body.Append(0, 0, 0, List.of(entry)));
    }

    static Message snapshot(long from, long to) {
        Snapshot snapshot = new Snapshot(7, 1, ConfState.of(List.of(A, B)), new byte[] {1, 2});
        return new Message(MessageType.INSTALL_SNAPSHOT, from, to, 1, new Body.InstallSnapshot(snapshot));
    }

    @Override
    public void close() {
        while (!open.isEmpty()) {
            open.pop().run();
        }
    }
}
