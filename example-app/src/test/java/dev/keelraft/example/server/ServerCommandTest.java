package dev.keelraft.example.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keelraft.example.server.ServerOptions.ClusterState;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

class ServerCommandTest {
    private static ServerOptions options(String... flags) {
        ServerCommand command = new ServerCommand();
        new CommandLine(command).parseArgs(flags);
        return command.options();
    }

    @Test
    void the_defaults_are_etcds() {
        ServerOptions options = options();
        assertThat(options.name()).isEqualTo("default");
        assertThat(options.dataDirectory()).isEqualTo(Path.of("default.keel"));
        assertThat(options.listenClientUrls()).containsExactly(URI.create("http://localhost:2379"));
        assertThat(options.advertiseClientUrls()).isEqualTo(options.listenClientUrls());
        assertThat(options.listenPeerUrls()).containsExactly(URI.create("http://localhost:2380"));
        assertThat(options.initialAdvertisePeerUrls()).isEqualTo(options.listenPeerUrls());
        assertThat(options.initialCluster()).isEmpty();
        assertThat(options.initialClusterState()).isEqualTo(ClusterState.NEW);
        assertThat(options.initialClusterToken()).isEqualTo("etcd-cluster");
        assertThat(options.heartbeatInterval()).isEqualTo(Duration.ofMillis(100));
        assertThat(options.electionTimeout()).isEqualTo(Duration.ofSeconds(1));
        assertThat(options.snapshotLogBytes()).isEqualTo(64 << 20);
    }

    @Test
    void every_flag_is_taken() {
        ServerOptions options = options(
                "--name=m2",
                "--data-dir=/data",
                "--listen-client-urls=http://127.0.0.1:1,http://127.0.0.2:1",
                "--advertise-client-urls=http://client:2",
                "--listen-peer-urls=http://127.0.0.1:3",
                "--initial-advertise-peer-urls=http://b:4,http://c:4",
                "--initial-cluster=m1=http://a:4,m2=http://c:4,m2=http://b:4",
                "--initial-cluster-state=existing",
                "--initial-cluster-token=t",
                "--heartbeat-interval=10",
                "--election-timeout=95",
                "--snapshot-log-bytes=1000000");
        assertThat(options)
                .isEqualTo(new ServerOptions(
                        "m2",
                        Path.of("/data"),
                        List.of(URI.create("http://127.0.0.1:1"), URI.create("http://127.0.0.2:1")),
                        List.of(URI.create("http://client:2")),
                        List.of(URI.create("http://127.0.0.1:3")),
                        List.of(URI.create("http://b:4"), URI.create("http://c:4")),
                        Map.of(
                                "m1",
                                List.of(URI.create("http://a:4")),
                                "m2",
                                List.of(URI.create("http://c:4"), URI.create("http://b:4"))),
                        ClusterState.EXISTING,
                        "t",
                        Duration.ofMillis(10),
                        Duration.ofMillis(95),
                        1_000_000));
        assertThat(options.electionTicks())
                .as("a fraction of a tick counts as one")
                .isEqualTo(10);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--listen-client-urls=127.0.0.1:2379 | --listen-client-urls 127.0.0.1:2379 | http://127.0.0.1:2379",
                "--listen-client-urls=https://127.0.0.1:2379 | TLS is not supported yet | http://",
                "--listen-client-urls=http://127.0.0.1 | the port is missing | http://127.0.0.1:2379",
                "--listen-peer-urls=http://127.0.0.1:99999 | the port is missing or no port | http://127.0.0.1:2379",
                "--listen-peer-urls=http://127.0.0.1:2380/x | only scheme, host and port | http://127.0.0.1:2379",
                "--listen-peer-urls=http://u@h:2380 | only scheme, host and port | http://127.0.0.1:2379",
                "--advertise-client-urls=http://a b:1 | not a URL | http://127.0.0.1:2379",
                "--initial-cluster=m1 | \"m1\" is not NAME=URL | m1=http://127.0.0.1:2380",
                "--initial-cluster=m1=http://localhost:2380 | --name default is not among its members | default=http://localhost:2380",
                "--initial-cluster=default=http://h:1 | they must be the same | --initial-advertise-peer-urls",
                "--initial-cluster=default=http://localhost:2380,b=http://localhost:2380 | two members have the same URL | b=",
                "--initial-cluster-state=old | --initial-cluster-state old | new or existing",
                "--name=a,b | --name \"a,b\" | for example m1",
                "--initial-cluster-token=a b | --initial-cluster-token \"a b\" | for example etcd-cluster",
                "--heartbeat-interval=0 | --heartbeat-interval 0 | for example 100",
                "--election-timeout=499 | --election-timeout 499 | 500 or more",
                "--election-timeout=50001 | --election-timeout 50001 | for example 1000",
                "--snapshot-log-bytes=1 | --snapshot-log-bytes 1 | for example 67108864",
            })
    void a_wrong_flag_is_named_with_what_would_be_right(String flag, String wrong, String right) {
        assertThatThrownBy(() -> options(flag))
                .isInstanceOf(ParameterException.class)
                .hasMessageContaining(wrong)
                .hasMessageContaining(right);
    }
}
