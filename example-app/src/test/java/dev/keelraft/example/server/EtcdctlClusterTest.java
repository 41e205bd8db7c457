package dev.keelraft.example.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.keelraft.example.etcd.Etcdctl;
import dev.keelraft.example.etcd.Etcdctl.Output;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * etcdctl against three processes that are killed. Where etcdctl is not installed (Debian has it as {@code etcd-client}), this
 * is skipped and says so.
 */
@Timeout(180)
class EtcdctlClusterTest {
    @TempDir
    private Path directory = Path.of("");

    private final List<ServerProcess> members = new ArrayList<>();
    private List<URI> clients = List.of();

    @BeforeAll
    static void find() throws InterruptedException {
        Etcdctl.assumeInstalled();
    }

    @BeforeEach
    void start() throws IOException {
        List<URI> urls = TestCluster.freeUrls(6);
        clients = urls.subList(3, 6);
        for (int member = 1; member <= 3; member++) {
            members.add(new ServerProcess(
                    directory, member, urls.subList(0, 3), clients, List.of("--snapshot-log-bytes=65536")));
        }
        for (int member = 1; member <= 3; member++) {
            int number = member;
            Await.that("member " + member + " to serve", () -> isHealthy(number));
        }
    }

    @AfterEach
    void stop() throws InterruptedException {
        for (ServerProcess member : members) {
            member.kill();
        }
    }

    /** Through one member, or through all. */
    private Output etcdctl(String endpoints, String input, String... arguments)
            throws IOException, InterruptedException {
        List<String> all = new ArrayList<>(List.of("--command-timeout=10s"));
        all.addAll(List.of(arguments));
        return Etcdctl.run(endpoints, input, all.toArray(new String[0]));
    }

    private String through(int member) {
        return clients.get(member - 1).toString();
    }

    private String all() {
        return clients.get(0) + "," + clients.get(1) + "," + clients.get(2);
    }

    private boolean isHealthy(int member) {
        assertThat(members.get(member - 1).isAlive())
                .as(() -> members.get(member - 1).log())
                .isTrue();
        try {
            return etcdctl(through(member), "", "endpoint", "health").exitCode() == 0;
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private void assertPrints(int member, String expected, String... arguments)
            throws IOException, InterruptedException {
        assertThat(etcdctl(through(member), "", arguments))
                .as("member %d", member)
                .isEqualTo(new Output(0, expected));
    }

    /** The member that says so of itself. */
    private int leader() {
        return Await.value("a leader", () -> {
            for (int member = 1; member <= 3; member++) {
                try {
                    Output status = etcdctl(through(member), "", "endpoint", "status");
                    if (status.exitCode() == 0
                            && status.text().split(", ", -1)[4].equals("true")) {
                        return Optional.of(member);
                    }
                } catch (IOException | InterruptedException e) {
                    throw new AssertionError(e);
                }
            }
            return Optional.empty();
        });
    }

    @Test
    void every_command_works_through_each_member() throws IOException, InterruptedException {
        for (int member = 1; member <= 3; member++) {
            int other = member % 3 + 1;
            assertPrints(member, "OK\n", "put", "fruit/apple", "red " + member);
            assertPrints(other, "fruit/apple\nred " + member + "\n", "get", "fruit/apple");
            assertPrints(member, "OK\n", "put", "fruit/pear", "green");
            assertPrints(other, "fruit/apple\nred " + member + "\nfruit/pear\ngreen\n", "get", "--prefix", "fruit");
            assertThat(etcdctl(
                            through(member),
                            "mod(\"fruit/pear\") > \"0\"\n\nput fruit/plum blue\nget fruit/pear\n\n\n",
                            "txn"))
                    .isEqualTo(new Output(0, "SUCCESS\n\nOK\n\nfruit/pear\ngreen\n"));
            assertPrints(other, "3\n", "del", "--prefix", "fruit");
            assertPrints(member, "", "get", "--prefix", "fruit");

            Output list = etcdctl(through(member), "", "member", "list");
            assertThat(list.exitCode()).isZero();
            assertThat(list.text().lines()).hasSize(3);
            for (int i = 1; i <= 3; i++) {
                assertThat(list.text()).containsPattern(", started, m" + i + ", http://127.0.0.1:\\d+, " + through(i));
            }
            Output status = etcdctl(through(member), "", "endpoint", "status", "--cluster");
            assertThat(status.exitCode()).isZero();
            assertThat(status.text().lines())
                    .hasSize(3)
                    .filteredOn(line -> line.contains(", true, "))
                    .hasSize(1);
            assertThat(etcdctl(through(member), "", "endpoint", "health").text())
                    .contains("is healthy");
        }
    }

    /** Writers go on through all members while the leader is killed; every write that etcdctl called OK is there, once. */
    @Test
    void killing_the_leader_under_load_loses_no_acknowledged_write() throws Exception {
        AtomicBoolean enough = new AtomicBoolean();
        ExecutorService writers = Executors.newFixedThreadPool(3);
        List<Future<List<String>>> written = new ArrayList<>();
        for (int member = 1; member <= 3; member++) {
            int number = member;
            written.add(writers.submit(() -> writeUntil(number, enough)));
        }
        int killed = leader();
        Await.that("some writes", () -> count() > 30);
        members.get(killed - 1).kill();
        long atKill = count();
        Await.that("more writes without the old leader", () -> count() > atKill + 30);
        members.get(killed - 1).restart();
        Await.that("the old leader to serve again", () -> isHealthy(killed));
        enough.set(true);
        writers.shutdown();
        List<String> acknowledged = new ArrayList<>();
        for (Future<List<String>> each : written) {
            acknowledged.addAll(each.get());
        }
        assertThat(acknowledged).hasSizeGreaterThan(60);
        for (int member = 1; member <= 3; member++) {
            Output found = etcdctl(through(member), "", "get", "--prefix", "w/", "--keys-only");
            assertThat(found.text().lines().filter(line -> !line.isEmpty()))
                    .as("read through member %d", member)
                    .containsAll(acknowledged)
                    .doesNotHaveDuplicates();
        }
    }

    /** Puts through one member with all as a reserve, as clients do. Returns the keys that were acknowledged. */
    private List<String> writeUntil(int member, AtomicBoolean enough) throws IOException, InterruptedException {
        List<String> acknowledged = new ArrayList<>();
        for (int i = 0; !enough.get(); i++) {
            String key = "w/" + member + "/" + i;
            if (etcdctl(through(member), "", "put", key, "v".repeat(100)).equals(new Output(0, "OK\n"))) {
                acknowledged.add(key);
            }
        }
        return acknowledged;
    }

    private long count() {
        try {
            Output output = etcdctl(all(), "", "get", "--prefix", "w/", "--keys-only");
            return output.exitCode() == 0
                    ? output.text()
                            .lines()
                            .filter(line -> line.startsWith("w/"))
                            .count()
                    : 0;
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void killing_all_at_once_loses_no_acknowledged_write() throws Exception {
        for (int i = 0; i < 60; i++) {
            assertPrints(1 + i % 3, "OK\n", "put", String.format("k%02d", i), "v" + i + "x".repeat(3000));
        }
        for (ServerProcess member : members) {
            member.kill();
        }
        for (ServerProcess member : members) {
            member.restart();
        }
        for (int member = 1; member <= 3; member++) {
            int number = member;
            Await.that("member " + member + " to serve", () -> isHealthy(number));
            Output found = etcdctl(through(member), "", "get", "--prefix", "k", "-w", "fields");
            assertThat(found.text().lines().filter(line -> line.startsWith("\"Version\" : ")))
                    .hasSize(60)
                    .containsOnly("\"Version\" : 1");
        }
    }

    @Test
    void a_signal_ends_a_member_in_order() throws Exception {
        assertThat(members.get(0).stop()).as("128 and SIGTERM").isEqualTo(143);
        assertThat(members.get(0).log()).contains("m1 has stopped");
        members.get(0).restart();
        Await.that("it to serve again", () -> isHealthy(1));
        assertThat(members.get(0).log()).contains("start 2, 0 bytes of unfinished writes dropped");
    }
}
