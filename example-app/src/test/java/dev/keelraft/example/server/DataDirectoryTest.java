package dev.keelraft.example.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keelraft.example.server.ServerFailure.Kind;
import dev.keelraft.example.server.ServerOptions.ClusterState;
import dev.keelraft.wal.SpareStatus;
import dev.keelraft.wal.Wal;
import dev.keelraft.wal.WalIdentity;
import dev.keelraft.wal.WalOptions;
import java.io.IOException;
import java.net.URI;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The first start of a member, every place where it can end, and what later starts make of that. */
class DataDirectoryTest {
    private static final Map<String, List<URI>> THREE = Map.of(
            "m1", List.of(URI.create("http://h1:2380")),
            "m2", List.of(URI.create("http://h2:2380")),
            "m3", List.of(URI.create("http://h3:2380")));

    @TempDir
    private Path parent = Path.of("");

    private Path directory() {
        return parent.resolve("data");
    }

    private ServerOptions options(String name, Map<String, List<URI>> cluster, String token, ClusterState state) {
        List<URI> client = List.of(URI.create("http://c:2379"));
        List<URI> peer = List.of(URI.create("http://h1:2380"));
        return new ServerOptions(
                name,
                directory(),
                client,
                client,
                peer,
                peer,
                cluster,
                state,
                token,
                Duration.ofMillis(100),
                Duration.ofSeconds(1),
                1 << 20);
    }

    private ServerOptions first() {
        return options("m1", THREE, "t", ClusterState.NEW);
    }

    private Cluster openAndClose(ServerOptions options) throws Exception {
        DataDirectory data = DataDirectory.open(options, Runnable::run);
        data.wal().close();
        return data.cluster();
    }

    @Test
    void the_log_has_its_next_segment_prepared_by_the_hosts_executor() throws Exception {
        List<Runnable> jobs = new ArrayList<>();
        try (Wal wal = DataDirectory.open(first(), jobs::add).wal()) {
            assertThat(wal.spareStatus().state()).isEqualTo(SpareStatus.State.PREPARING);
            jobs.forEach(Runnable::run);
            assertThat(wal.spareStatus().state()).isEqualTo(SpareStatus.State.READY);
        }
    }

    private static void assertRefused(Kind kind, String text, ThrowingCallable start) {
        assertThatThrownBy(start)
                .isInstanceOfSatisfying(
                        ServerFailure.class,
                        failure -> assertThat(failure.kind()).isEqualTo(kind))
                .hasMessageContaining(text);
    }

    private static void deleteAll(Path path) throws IOException {
        try (Stream<Path> files = Files.walk(path)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    @Test
    void a_first_start_writes_down_who_the_members_are_and_later_ones_need_no_flags() throws Exception {
        Cluster first = openAndClose(first());
        assertThat(first.members()).hasSize(3);
        assertThat(openAndClose(first())).isEqualTo(first);
        assertThat(openAndClose(options("m1", Map.of(), "another", ClusterState.NEW)))
                .as("without --initial-cluster the first start counts")
                .isEqualTo(first);
        assertThat(openAndClose(options("m1", THREE, "t", ClusterState.EXISTING)))
                .isEqualTo(first);
    }

    @Test
    void only_its_owner_can_read_the_directory() throws Exception {
        openAndClose(first());
        assertThat(Files.getPosixFilePermissions(directory()))
                .hasSize(3)
                .allMatch(one -> one.name().startsWith("OWNER"));
    }

    @Test
    void flags_that_contradict_the_first_start_are_refused() throws Exception {
        openAndClose(first());
        assertRefused(
                Kind.USAGE,
                "--initial-cluster-token u",
                () -> openAndClose(options("m1", THREE, "u", ClusterState.NEW)));
        assertRefused(Kind.USAGE, "--name m2", () -> openAndClose(options("m2", THREE, "t", ClusterState.NEW)));
        Map<String, List<URI>> one = Map.of("m1", List.of(URI.create("http://h1:2380")));
        assertRefused(
                Kind.USAGE,
                "--initial-cluster m1=http://h1:2380 contradicts",
                () -> openAndClose(options("m1", one, "t", ClusterState.NEW)));
    }

    @Test
    void a_member_cannot_join_a_running_cluster_yet() {
        assertRefused(
                Kind.USAGE,
                "--initial-cluster-state existing",
                () -> openAndClose(options("m1", THREE, "t", ClusterState.EXISTING)));
        assertThat(ClusterFile.in(directory())).doesNotExist();
    }

    @Test
    void a_first_start_that_died_before_the_log_was_there_is_repeated() throws Exception {
        Files.createDirectory(directory());
        Cluster cluster = Cluster.of("t", THREE, "m1");
        new ClusterFile(cluster, Optional.empty()).create(directory());
        assertThat(openAndClose(first())).isEqualTo(cluster);
    }

    @Test
    void a_first_start_that_died_before_the_log_was_noted_is_continued() throws Exception {
        Files.createDirectory(directory());
        Cluster cluster = Cluster.of("t", THREE, "m1");
        new ClusterFile(cluster, Optional.empty()).create(directory());
        Wal wal = Wal.create(directory(), new WalIdentity(cluster.id(), cluster.self()), WalOptions.defaults());
        wal.close();
        openAndClose(first());
        assertThat(ClusterFile.read(directory()).orElseThrow().log())
                .contains(wal.recovered().incarnation());
    }

    @Test
    void a_member_whose_log_is_gone_does_not_start_afresh() throws Exception {
        openAndClose(first());
        deleteAll(directory().resolve("raft"));
        assertRefused(Kind.DAMAGED, "is gone", () -> openAndClose(first()));
    }

    @Test
    void a_member_whose_log_was_exchanged_does_not_start() throws Exception {
        Cluster cluster = openAndClose(first());
        deleteAll(directory().resolve("raft"));
        Wal.create(directory(), new WalIdentity(cluster.id(), cluster.self()), WalOptions.defaults())
                .close();
        assertRefused(Kind.DAMAGED, "is another one", () -> openAndClose(first()));
    }

    @Test
    void a_log_without_its_cluster_file_is_nobodys() throws Exception {
        openAndClose(first());
        Files.delete(ClusterFile.in(directory()));
        assertRefused(Kind.DAMAGED, "CLUSTER", () -> openAndClose(first()));
    }

    /** Each byte, as if the disk had changed it. */
    @Test
    void a_damaged_cluster_file_is_never_believed() throws Exception {
        openAndClose(first());
        byte[] good = Files.readAllBytes(ClusterFile.in(directory()));
        for (int i = 0; i < good.length; i++) {
            byte[] bad = good.clone();
            bad[i] ^= 1;
            Files.write(ClusterFile.in(directory()), bad);
            assertThatThrownBy(() -> ClusterFile.read(directory()))
                    .as("byte %d", i)
                    .isInstanceOf(IOException.class);
        }
        for (int length = 0; length < good.length; length++) {
            Files.write(ClusterFile.in(directory()), Arrays.copyOf(good, length));
            assertThatThrownBy(() -> ClusterFile.read(directory()))
                    .as("%d bytes", length)
                    .isInstanceOf(ClusterFile.DamagedException.class);
        }
    }

    @Test
    void who_comes_second_does_not_replace_the_first_ones_file() throws Exception {
        openAndClose(first());
        ClusterFile there = ClusterFile.read(directory()).orElseThrow();
        assertThatThrownBy(() -> new ClusterFile(there.cluster(), Optional.empty()).create(directory()))
                .isInstanceOf(FileAlreadyExistsException.class);
        assertThat(ClusterFile.read(directory())).contains(there);
        try (Stream<Path> files = Files.list(directory())) {
            assertThat(files.map(file -> file.getFileName().toString())).containsExactlyInAnyOrder("CLUSTER", "raft");
        }
    }

    @Test
    void two_processes_do_not_share_a_directory() throws Exception {
        DataDirectory open = DataDirectory.open(first(), Runnable::run);
        assertThatThrownBy(() -> openAndClose(first())).hasMessageContaining("is open already");
        open.wal().close();
    }

    @Test
    void ids_depend_on_urls_and_token_and_not_on_the_order_of_flags() {
        Cluster cluster = Cluster.of("t", THREE, "m1");
        assertThat(Cluster.of("t", new TreeMap<>(THREE), "m2").id()).isEqualTo(cluster.id());
        assertThat(Cluster.of("u", THREE, "m1").id()).isNotEqualTo(cluster.id());
        assertThat(Cluster.of("u", THREE, "m1").self()).isNotEqualTo(cluster.self());
        assertThat(cluster.memberIds()).doesNotHaveDuplicates().hasSize(3);
        assertThat(cluster.member(cluster.self()).name()).isEqualTo("m1");
        assertThat(Long.toHexString(cluster.id()))
                .as("it must not change with the version of this program")
                .isEqualTo("1ec1edbca45e5756");
    }
}
