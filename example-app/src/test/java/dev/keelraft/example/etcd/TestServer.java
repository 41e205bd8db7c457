package dev.keelraft.example.etcd;

import io.grpc.Server;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** The services on a free port of this machine, with a group of one member behind them. */
public final class TestServer {
    private final ExecutorService executor = Executors.newFixedThreadPool(2);
    private final Server server;

    /** A server with an empty state. */
    public TestServer() throws IOException {
        this(new DirectBackend());
    }

    private TestServer(DirectBackend backend) throws IOException {
        this(backend, backend::register);
    }

    /**
     * A server with anything behind it.
     *
     * @param register is told the URL for clients
     */
    public TestServer(KeyValueBackend backend, Consumer<String> register) throws IOException {
        NettyServerBuilder builder = NettyServerBuilder.forAddress(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .executor(executor)
                .maxInboundMessageSize(EtcdServices.MAX_INBOUND_MESSAGE_BYTES)
                .permitKeepAliveTime(1, TimeUnit.SECONDS)
                .permitKeepAliveWithoutCalls(true);
        EtcdServices.of(backend, executor, EtcdServices.DEFAULT_TIMEOUT).forEach(builder::addService);
        server = builder.build().start();
        register.accept(url());
    }

    /** Where a client finds it. */
    public String url() {
        return "http://127.0.0.1:" + server.getPort();
    }

    /** Ends it. */
    public void stop() throws InterruptedException {
        server.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
        executor.shutdownNow();
    }
}
