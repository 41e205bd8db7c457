package dev.keelraft.example.server;

import dev.keelraft.example.server.ServerOptions.ClusterState;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code keel-kv server}: runs one member until it is ended by a signal. Flags and defaults are etcd's. */
@Command(
        name = "server",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Runs one member of a cluster.",
        footer = {
            "",
            "A cluster of three on one machine, each in a terminal of its own:",
            "",
            "  C=m1=http://127.0.0.1:2380,m2=http://127.0.0.1:2381,m3=http://127.0.0.1:2382",
            "  keel-kv server --name m1 --initial-cluster $C \\",
            "    --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 \\",
            "    --listen-peer-urls http://127.0.0.1:2380 --initial-advertise-peer-urls http://127.0.0.1:2380",
            "",
            "Exit codes: 1 it could not start, 2 wrong flags, 3 its data is damaged, 4 its disk has failed, 5 the group",
            "has stopped at this member. The last line of the log says what to do."
        })
public final class ServerCommand implements Callable<Integer> {
    private static final Logger LOG = LoggerFactory.getLogger(ServerCommand.class);

    /** As in etcd. */
    private static final int MAX_ELECTION_MILLIS = 50_000;

    /* They stand in CLUSTER and in --initial-cluster, between separators. */
    private static final Pattern PLAIN = Pattern.compile("[^\\s,=\\p{Cntrl}]{1,256}");

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Option(
            names = "--name",
            paramLabel = "NAME",
            defaultValue = "default",
            description = "Of this member (${DEFAULT-VALUE}).")
    private String name = "default";

    @Option(
            names = "--data-dir",
            paramLabel = "DIR",
            description = "Where everything durable goes; this member's alone (NAME.keel).")
    private @Nullable Path dataDirectory;

    @Option(
            names = "--listen-client-urls",
            paramLabel = "URLS",
            defaultValue = "http://localhost:2379",
            description = "Where clients are served (${DEFAULT-VALUE}).")
    private String listenClientUrls = "";

    @Option(
            names = "--advertise-client-urls",
            paramLabel = "URLS",
            description = "Where clients are told to go (as --listen-client-urls).")
    private @Nullable String advertiseClientUrls;

    @Option(
            names = "--listen-peer-urls",
            paramLabel = "URLS",
            defaultValue = "http://localhost:2380",
            description = "Where the other members are served (${DEFAULT-VALUE}).")
    private String listenPeerUrls = "";

    @Option(
            names = "--initial-advertise-peer-urls",
            paramLabel = "URLS",
            description = "Where the others reach this member (as --listen-peer-urls).")
    private @Nullable String initialAdvertisePeerUrls;

    @Option(
            names = "--initial-cluster",
            paramLabel = "NAME=URL,...",
            description = {
                "All first members with their peer URLs, the same on each of them",
                "(this member alone; on a later start: as on the first one)."
            })
    private @Nullable String initialCluster;

    @Option(
            names = "--initial-cluster-state",
            paramLabel = "new|existing",
            defaultValue = "new",
            description = "Whether they begin a cluster (${DEFAULT-VALUE}).")
    private String initialClusterState = "";

    @Option(
            names = "--initial-cluster-token",
            paramLabel = "TOKEN",
            defaultValue = "etcd-cluster",
            description = "Tells clusters apart that have the same URLs (${DEFAULT-VALUE}).")
    private String initialClusterToken = "";

    @Option(
            names = "--heartbeat-interval",
            paramLabel = "MS",
            defaultValue = "100",
            description = "Milliseconds between two heartbeats of a leader (${DEFAULT-VALUE}).")
    private int heartbeatMillis = 100;

    @Option(
            names = "--election-timeout",
            paramLabel = "MS",
            defaultValue = "1000",
            description = "Milliseconds without a leader after which a member campaigns (${DEFAULT-VALUE}).")
    private int electionMillis = 1000;

    @Option(
            names = "--snapshot-log-bytes",
            paramLabel = "BYTES",
            defaultValue = "67108864",
            description = "How far the log grows between two snapshots (${DEFAULT-VALUE}).")
    private long snapshotLogBytes;

    /** Runs the member until it ends, and returns what the process is to exit with. */
    @Override
    public Integer call() throws InterruptedException {
        ServerOptions options = options();
        try {
            KeelServer server = KeelServer.start(options);
            Runtime.getRuntime().addShutdownHook(new Thread(server::close, "keel-shutdown"));
            Optional<ServerFailure> failure = server.ended().get();
            server.close();
            return failure.map(ServerCommand::exitCodeOf).orElse(0);
        } catch (ServerFailure e) {
            if (e.kind() == ServerFailure.Kind.USAGE) {
                throw new ParameterException(spec.commandLine(), e.getMessage(), e);
            }
            return exitCodeOf(e);
        } catch (ExecutionException e) {
            throw new AssertionError("a server ends with a value", e);
        }
    }

    private static int exitCodeOf(ServerFailure failure) {
        LOG.error("exit code {}: {}", failure.kind().exitCode(), failure.getMessage());
        return failure.kind().exitCode();
    }

    /** The flags as options, checked. */
    ServerOptions options() {
        plain("--name", name, "m1");
        plain("--initial-cluster-token", initialClusterToken, "etcd-cluster");
        List<URI> clients = urls("--listen-client-urls", listenClientUrls);
        List<URI> peers = urls("--listen-peer-urls", listenPeerUrls);
        List<URI> advertisedClients =
                advertiseClientUrls == null ? clients : urls("--advertise-client-urls", advertiseClientUrls);
        List<URI> advertisedPeers = initialAdvertisePeerUrls == null
                ? peers
                : urls("--initial-advertise-peer-urls", initialAdvertisePeerUrls);
        if (snapshotLogBytes < ServerOptions.MIN_SNAPSHOT_LOG_BYTES) {
            throw wrong("--snapshot-log-bytes " + snapshotLogBytes + ": must be at least "
                    + ServerOptions.MIN_SNAPSHOT_LOG_BYTES + ", for example 67108864");
        }
        checkTimes();
        return new ServerOptions(
                name,
                dataDirectory == null ? Path.of(name + ".keel") : dataDirectory,
                clients,
                advertisedClients,
                peers,
                advertisedPeers,
                initialCluster == null ? Map.of() : members(initialCluster, advertisedPeers),
                state(),
                initialClusterToken,
                Duration.ofMillis(heartbeatMillis),
                Duration.ofMillis(electionMillis),
                snapshotLogBytes);
    }

    private void checkTimes() {
        if (heartbeatMillis < 1) {
            throw wrong(
                    "--heartbeat-interval " + heartbeatMillis + ": must be at least 1 millisecond, for example 100");
        }
        long least = (long) ServerOptions.MIN_ELECTION_HEARTBEATS * heartbeatMillis;
        if (electionMillis < least) {
            throw wrong("--election-timeout " + electionMillis + ": must be at least "
                    + ServerOptions.MIN_ELECTION_HEARTBEATS + " times --heartbeat-interval, that is " + least
                    + " or more here");
        }
        if (electionMillis > MAX_ELECTION_MILLIS) {
            throw wrong("--election-timeout " + electionMillis + ": must be at most " + MAX_ELECTION_MILLIS
                    + ", for example 1000");
        }
    }

    private ClusterState state() {
        return switch (initialClusterState) {
            case "new" -> ClusterState.NEW;
            case "existing" -> ClusterState.EXISTING;
            default -> throw wrong("--initial-cluster-state " + initialClusterState + ": must be new or existing");
        };
    }

    private Map<String, List<URI>> members(String text, List<URI> advertised) {
        Map<String, List<URI>> members = new LinkedHashMap<>();
        for (String part : text.split(",", -1)) {
            int equals = part.indexOf('=');
            if (equals <= 0) {
                throw wrong(
                        "--initial-cluster " + text + ": \"" + part
                                + "\" is not NAME=URL; right is, for example, m1=http://127.0.0.1:2380,m2=http://127.0.0.1:2381");
            }
            String member = part.substring(0, equals);
            plain("--initial-cluster " + text + ": the name", member, "m1");
            members.computeIfAbsent(member, ignored -> new ArrayList<>())
                    .add(url("--initial-cluster", part.substring(equals + 1)));
        }
        List<URI> own = members.get(name);
        if (own == null) {
            throw wrong("--initial-cluster " + text + ": --name " + name
                    + " is not among its members; add " + name + "=" + advertised.get(0) + ", or use one of the names "
                    + members.keySet());
        }
        if (!own.stream().sorted().toList().equals(advertised.stream().sorted().toList())) {
            throw wrong("--initial-cluster names " + own + " for " + name
                    + ", and --initial-advertise-peer-urls (by default --listen-peer-urls) says " + advertised
                    + "; they must be the same");
        }
        List<URI> all = members.values().stream().flatMap(List::stream).toList();
        if (all.stream().distinct().count() < all.size()) {
            throw wrong("--initial-cluster " + text + ": two members have the same URL");
        }
        return members;
    }

    private List<URI> urls(String flag, String text) {
        return Arrays.stream(text.split(",", -1)).map(part -> url(flag, part)).toList();
    }

    private URI url(String flag, String text) {
        String right = "; right is, for example, http://127.0.0.1:2379";
        URI url;
        try {
            url = new URI(text);
        } catch (URISyntaxException e) {
            throw wrong(flag + " " + text + ": not a URL (" + e.getReason() + ")" + right);
        }
        if ("https".equals(url.getScheme())) {
            throw wrong(flag + " " + text + ": TLS is not supported yet, only http://");
        }
        if (!"http".equals(url.getScheme()) || url.getHost() == null) {
            throw wrong(flag + " " + text + ": must be http://HOST:PORT" + right);
        }
        if (url.getPort() < 0 || url.getPort() > 65_535) {
            throw wrong(flag + " " + text + ": the port is missing or no port" + right);
        }
        String rest = url.toString().substring(url.toString().indexOf(':' + Integer.toString(url.getPort())));
        if (!rest.equals(":" + url.getPort()) || url.getUserInfo() != null) {
            throw wrong(flag + " " + text + ": only scheme, host and port belong there" + right);
        }
        return url;
    }

    private void plain(String what, String text, String example) {
        if (!PLAIN.matcher(text).matches()) {
            throw wrong(what + " \"" + text
                    + "\": must be 1 to 256 characters without spaces, commas and equals signs, for example "
                    + example);
        }
    }

    private ParameterException wrong(String text) {
        return new ParameterException(spec.commandLine(), text);
    }
}
