package dev.keelraft.example.server;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import dev.keelraft.example.demo.FreePorts;
import dev.keelraft.example.server.ServerOptions.ClusterState;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.slf4j.LoggerFactory;

/** Members of one cluster in this JVM, on free ports of the loopback interface. Members are numbered from 1. */
final class TestCluster implements AutoCloseable {
    /** Members that are stopped on purpose are missed by the others, in as many lines. */
    private static final Logger PEERS = (Logger) LoggerFactory.getLogger("dev.keelraft.example.peer");

    private final Path directory;
    private final long snapshotLogBytes;
    private final Map<String, List<URI>> peerUrls = new LinkedHashMap<>();

    /** Where members listen that are reached through a proxy; the others listen at their peers' URLs. */
    private final Map<String, List<URI>> hiddenUrls = new LinkedHashMap<>();

    private final List<ForgetfulProxy> proxies = new ArrayList<>();
    private final List<URI> clientUrls = new ArrayList<>();
    private final Map<Integer, KeelServer> running = new TreeMap<>();

    TestCluster(Path directory, int size, long snapshotLogBytes) throws IOException {
        PEERS.setLevel(Level.ERROR);
        this.directory = directory;
        this.snapshotLogBytes = snapshotLogBytes;
        List<URI> urls = freeUrls(2 * size);
        for (int i = 1; i <= size; i++) {
            peerUrls.put("m" + i, List.of(urls.get(2 * i - 2)));
            clientUrls.add(urls.get(2 * i - 1));
        }
    }

    /** Puts a proxy in front of each member, before the first of them starts. */
    TestCluster withForgetfulProxies() throws IOException {
        List<URI> urls = freeUrls(peerUrls.size());
        for (Map.Entry<String, List<URI>> member : peerUrls.entrySet()) {
            URI hidden = urls.get(proxies.size());
            hiddenUrls.put(member.getKey(), List.of(hidden));
            proxies.add(new ForgetfulProxy(member.getValue().get(0), hidden));
        }
        return this;
    }

    /** How many answers the proxies have lost. */
    int lostAnswers() {
        return proxies.stream().mapToInt(ForgetfulProxy::lost).sum();
    }

    static List<URI> freeUrls(int count) throws IOException {
        return FreePorts.find(count).stream()
                .map(port -> URI.create("http://127.0.0.1:" + port))
                .toList();
    }

    ServerOptions options(int member) {
        URI client = clientUrls.get(member - 1);
        List<URI> peers = Optional.ofNullable(peerUrls.get("m" + member)).orElseThrow();
        return new ServerOptions(
                "m" + member,
                directory.resolve("m" + member),
                List.of(client),
                List.of(client),
                hiddenUrls.getOrDefault("m" + member, peers),
                peers,
                peerUrls,
                ClusterState.NEW,
                "test",
                Duration.ofMillis(50),
                Duration.ofMillis(500),
                snapshotLogBytes);
    }

    KeelServer start(int member) throws ServerFailure {
        KeelServer server = KeelServer.start(options(member));
        running.put(member, server);
        return server;
    }

    /** Starts all members, and waits until they have a leader: clients that come before may be told that there is none. */
    TestCluster startAll() throws ServerFailure {
        for (int i = 1; i <= clientUrls.size(); i++) {
            start(i);
        }
        awaitLeader();
        return this;
    }

    void stop(int member) {
        server(member).close();
        running.remove(member);
    }

    void stopAll() {
        List.copyOf(running.keySet()).forEach(this::stop);
    }

    KeelServer server(int member) {
        return Optional.ofNullable(running.get(member)).orElseThrow();
    }

    URI clientUrl(int member) {
        return clientUrls.get(member - 1);
    }

    List<URI> clientUrls() {
        return clientUrls;
    }

    /** Waits until the running members agree on a leader among them, and returns its number. */
    int awaitLeader() {
        return Await.value("a leader", () -> {
            long leader = 0;
            for (KeelServer server : running.values()) {
                long seen = server.status().leader();
                if (seen == 0 || (leader != 0 && leader != seen)) {
                    return Optional.empty();
                }
                leader = seen;
            }
            for (Map.Entry<Integer, KeelServer> entry : running.entrySet()) {
                if (entry.getValue().status().memberId() == leader) {
                    return Optional.of(entry.getKey());
                }
            }
            return Optional.empty();
        });
    }

    /** Waits until all running members have the same state, and have applied all that any of them knows to be committed. */
    void awaitEqualStates() {
        Await.that("equal states", () -> {
            long commit = running.values().stream()
                    .mapToLong(server -> server.status().commitIndex())
                    .max()
                    .orElse(0);
            return running.values().stream().allMatch(server -> server.status().appliedIndex() == commit)
                    && running.values().stream()
                                    .map(KeelServer::state)
                                    .distinct()
                                    .count()
                            == 1;
        });
    }

    @Override
    public void close() {
        stopAll();
        proxies.forEach(ForgetfulProxy::close);
        PEERS.setLevel(null);
    }
}
