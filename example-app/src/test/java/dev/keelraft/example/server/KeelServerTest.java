package dev.keelraft.example.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.keelraft.example.etcd.wire.KeyValue;
import dev.keelraft.example.etcd.wire.MemberListResponse;
import dev.keelraft.example.etcd.wire.RangeRequest;
import dev.keelraft.example.etcd.wire.RangeResponse;
import dev.keelraft.example.kv.RequestValidator;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Whole members in one JVM, over the loopback interface, on real files. */
@Timeout(120)
class KeelServerTest {
    private static final long NO_SNAPSHOT = 64L << 20;

    @TempDir
    private Path directory = Path.of("");

    private TestCluster cluster(int size, long snapshotLogBytes) throws IOException {
        return new TestCluster(directory, size, snapshotLogBytes);
    }

    @Test
    void every_member_takes_writes_and_every_other_one_reads_them_at_once() throws Exception {
        try (TestCluster cluster = cluster(3, NO_SNAPSHOT).startAll()) {
            for (int writer = 1; writer <= 3; writer++) {
                try (TestClient client = new TestClient(cluster.clientUrl(writer))) {
                    long revision = client.put("k" + writer, "from " + writer)
                            .getHeader()
                            .getRevision();
                    for (int reader = 1; reader <= 3; reader++) {
                        try (TestClient other = new TestClient(cluster.clientUrl(reader))) {
                            RangeResponse found = other.get("k" + writer);
                            assertThat(found.getKvs(0).getValue().toStringUtf8())
                                    .isEqualTo("from " + writer);
                            assertThat(found.getHeader().getRevision()).isGreaterThanOrEqualTo(revision);
                        }
                    }
                }
            }
            cluster.awaitEqualStates();
        }
    }

    @Test
    void a_single_member_is_a_cluster_too_and_keeps_its_data() throws Exception {
        try (TestCluster cluster = cluster(1, NO_SNAPSHOT).startAll()) {
            try (TestClient client = new TestClient(cluster.clientUrl(1))) {
                client.put("a", "1");
            }
            cluster.stop(1);
            cluster.start(1);
            try (TestClient client = new TestClient(cluster.clientUrl(1))) {
                assertThat(client.get("a").getKvs(0).getValue().toStringUtf8()).isEqualTo("1");
            }
        }
    }

    @Test
    void the_others_go_on_without_the_leader_and_it_catches_up_when_it_comes_back() throws Exception {
        try (TestCluster cluster = cluster(3, NO_SNAPSHOT).startAll()) {
            int leader = cluster.awaitLeader();
            int other = leader % 3 + 1;
            try (TestClient client = new TestClient(cluster.clientUrl(other))) {
                client.put("before", "1");
                cluster.stop(leader);
                client.put("while", "2");
                assertThat(client.prefix("").getCount()).isEqualTo(2);
            }
            cluster.start(leader);
            try (TestClient client = new TestClient(cluster.clientUrl(leader))) {
                assertThat(client.prefix("").getCount()).isEqualTo(2);
            }
            cluster.awaitEqualStates();
        }
    }

    /** Nobody needs to find out by a time-out that it is gone: its term is followed by the next, and a leader is there already. */
    @Test
    void a_leader_that_is_stopped_hands_over_first() throws Exception {
        try (TestCluster cluster = cluster(3, NO_SNAPSHOT).startAll()) {
            int leader = cluster.awaitLeader();
            try (TestClient client = new TestClient(cluster.clientUrl(leader))) {
                client.put("before", "1");
            }
            cluster.awaitEqualStates();
            long term = cluster.server(leader).status().term();
            int other = leader % 3 + 1;
            cluster.stop(leader);
            assertThat(Stream.of(other, other % 3 + 1)
                            .map(member -> cluster.server(member).status()))
                    .as("the next leader leads when the last has stopped")
                    .anyMatch(status -> status.leader() == status.memberId() && status.term() == term + 1);
            try (TestClient client = new TestClient(cluster.clientUrl(other))) {
                client.put("after", "1");
            }
        }
    }

    @Test
    void a_follower_that_missed_more_than_the_log_has_comes_back_through_a_snapshot() throws Exception {
        ByteString value = ByteString.copyFrom(new byte[4096]);
        try (TestCluster cluster = cluster(3, 64 << 10).startAll()) {
            int leader = cluster.awaitLeader();
            int late = leader % 3 + 1;
            try (TestClient client = new TestClient(cluster.clientUrl(leader))) {
                client.put("first", "1");
                cluster.stop(late);
                for (int i = 0; i < 200; i++) {
                    client.put("k" + i % 50, value);
                }
                Await.that("a snapshot of the leader", () -> snapshotFiles(leader) > 0);
                KeelServer back = cluster.start(late);
                client.put("last", "2");
                cluster.awaitEqualStates();
                assertThat(snapshotFiles(late))
                        .as("files of snapshots on the late member")
                        .isPositive();
                assertThat(back.state().keyCount()).isEqualTo(52);
            }
            try (TestClient client = new TestClient(cluster.clientUrl(late))) {
                assertThat(client.prefix("").getCount()).isEqualTo(52);
                client.put("from the late one", "3");
            }
            cluster.stop(late);
            cluster.start(late);
            cluster.awaitEqualStates();
        }
    }

    private long snapshotFiles(int member) {
        try (Stream<Path> files = Files.list(directory.resolve("m" + member + "/raft/snap"))) {
            return files.filter(file -> file.toString().endsWith(".snap")).count();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void old_snapshots_and_old_segments_go() throws Exception {
        ByteString value = ByteString.copyFrom(new byte[64 << 10]);
        try (TestCluster cluster = cluster(1, 1 << 20).startAll();
                TestClient client = new TestClient(cluster.clientUrl(1))) {
            for (int i = 0; i < 200; i++) {
                client.put("k" + i % 10, value);
            }
            Await.that("few files", () -> snapshotFiles(1) <= 2 && segments() <= 8);
            assertThat(snapshotFiles(1)).isPositive();
        }
    }

    private long segments() {
        try (Stream<Path> files = Files.list(directory.resolve("m1/raft/wal"))) {
            return files.count();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void all_are_stopped_and_started_and_every_acknowledged_write_is_there() throws Exception {
        try (TestCluster cluster = cluster(3, 32 << 10).startAll()) {
            for (int round = 0; round < 3; round++) {
                cluster.awaitLeader();
                for (int member = 1; member <= 3; member++) {
                    try (TestClient client = new TestClient(cluster.clientUrl(member))) {
                        for (int i = 0; i < 40; i++) {
                            client.putNew("r" + round + "m" + member + "i" + i, "x".repeat(200));
                        }
                    }
                }
                cluster.stopAll();
                cluster.startAll();
                try (TestClient client = new TestClient(cluster.clientUrl(round + 1))) {
                    RangeResponse all = client.prefix("r");
                    assertThat(all.getCount()).isEqualTo((round + 1) * 120L);
                    assertThat(all.getKvsList()).allMatch(pair -> pair.getVersion() == 1);
                }
            }
            cluster.awaitEqualStates();
        }
    }

    /** Writers try again until they know; a write that an earlier attempt has made is not made twice. */
    @Test
    void no_write_is_lost_or_doubled_while_leaders_come_and_go() throws Exception {
        try (TestCluster cluster = cluster(3, NO_SNAPSHOT).startAll()) {
            cluster.awaitLeader();
            List<String> acknowledged = new ArrayList<>();
            int stopped = 0;
            for (int i = 0; i < 150; i++) {
                if (i % 30 == 10) {
                    stopped = cluster.awaitLeader();
                    cluster.stop(stopped);
                }
                if (i % 30 == 25) {
                    cluster.start(stopped);
                    stopped = 0;
                }
                int member = 1 + i % 3 == stopped ? stopped % 3 + 1 : 1 + i % 3;
                try (TestClient client = new TestClient(cluster.clientUrl(member))) {
                    client.put("k" + i, "v");
                    acknowledged.add("k" + i);
                }
            }
            cluster.awaitEqualStates();
            try (TestClient client = new TestClient(cluster.clientUrl(1))) {
                List<KeyValue> all = client.prefix("k").getKvsList();
                assertThat(all.stream().map(pair -> pair.getKey().toStringUtf8()))
                        .containsExactlyInAnyOrderElementsOf(acknowledged);
                assertThat(all)
                        .as("a put that is forwarded and proposed again has one effect")
                        .allMatch(pair -> pair.getVersion() == 1);
            }
        }
    }

    /** Whoever forwards a write and hears nothing proposes it again, though it is in the log: one copy alone has an effect. */
    @Test
    void a_write_counts_once_though_every_second_answer_to_a_forwarded_proposal_is_lost() throws Exception {
        int puts = 60;
        try (TestCluster cluster =
                cluster(3, NO_SNAPSHOT).withForgetfulProxies().startAll()) {
            int leader = cluster.awaitLeader();
            for (int i = 0; i < puts; i++) {
                int follower = (leader + i % 2) % 3 + 1;
                try (TestClient client = new TestClient(cluster.clientUrl(follower))) {
                    client.put("k" + i, "v");
                }
            }
            cluster.awaitEqualStates();
            assertThat(cluster.lostAnswers()).isGreaterThan(puts / 3);
            assertThat(cluster.server(leader).status().appliedIndex())
                    .as("entries in the log, copies of writes among them")
                    .isGreaterThan(puts + puts / 3);
            try (TestClient client = new TestClient(cluster.clientUrl(leader))) {
                List<KeyValue> all = client.prefix("k").getKvsList();
                assertThat(all).hasSize(puts).allMatch(pair -> pair.getVersion() == 1);
            }
        }
    }

    @Test
    void without_a_majority_requests_end_in_time_and_say_what_is_known() throws Exception {
        try (TestCluster cluster = cluster(3, NO_SNAPSHOT).startAll()) {
            int leader = cluster.awaitLeader();
            int left = leader % 3 + 1;
            cluster.stop(leader);
            cluster.stop(left % 3 + 1);
            Await.that("no leader", () -> cluster.server(left).status().leader() == 0);
            try (TestClient client = new TestClient(cluster.clientUrl(left))) {
                long begin = System.nanoTime();
                assertThatThrownBy(() -> client.put("a", "1"))
                        .isInstanceOf(StatusRuntimeException.class)
                        .hasMessage("UNAVAILABLE: etcdserver: no leader");
                assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(10));
                assertThatThrownBy(() -> client.get("a"))
                        .isInstanceOf(StatusRuntimeException.class)
                        .hasMessage("UNAVAILABLE: etcdserver: no leader");
                assertThat(client.range(RangeRequest.newBuilder()
                                        .setKey(ByteString.copyFromUtf8("a"))
                                        .setSerializable(true)
                                        .build())
                                .getCount())
                        .as("a read that is content with any state needs no leader")
                        .isZero();
            }
        }
    }

    @Test
    void the_largest_write_fits_and_a_larger_one_is_refused() throws Exception {
        try (TestCluster cluster = cluster(3, NO_SNAPSHOT).startAll()) {
            for (int member = 1; member <= 3; member++) {
                try (TestClient client = new TestClient(cluster.clientUrl(member))) {
                    client.put("a", ByteString.copyFrom(new byte[RequestValidator.MAX_REQUEST_BYTES - 100]));
                    assertThat(client.get("a").getKvs(0).getVersion()).isEqualTo(member);
                    assertThatThrownBy(() ->
                                    client.put("a", ByteString.copyFrom(new byte[RequestValidator.MAX_REQUEST_BYTES])))
                            .hasMessage("INVALID_ARGUMENT: etcdserver: request is too large");
                }
            }
        }
    }

    @Test
    void members_tell_each_other_where_clients_find_them() throws Exception {
        try (TestCluster cluster = cluster(3, NO_SNAPSHOT).startAll();
                TestClient client = new TestClient(cluster.clientUrl(1))) {
            MemberListResponse members = Await.value("all to have registered", () -> {
                MemberListResponse list = client.members();
                return list.getMembersList().stream().allMatch(member -> member.getClientURLsCount() == 1)
                        ? Optional.of(list)
                        : Optional.empty();
            });
            assertThat(members.getMembersList().stream()
                            .map(member -> member.getName() + " " + member.getClientURLs(0)))
                    .containsExactlyInAnyOrder(
                            "m1 " + cluster.clientUrl(1), "m2 " + cluster.clientUrl(2), "m3 " + cluster.clientUrl(3));
        }
    }

    @Test
    void a_stopped_member_leaves_no_thread_and_no_open_port() throws Exception {
        Set<Thread> before = keelThreads();
        TestCluster cluster = cluster(3, NO_SNAPSHOT).startAll();
        cluster.awaitLeader();
        cluster.close();
        Await.that("the threads to end", () -> before.containsAll(keelThreads()));
        try (TestCluster again = cluster.startAll()) {
            again.awaitLeader();
        }
    }

    private static Set<Thread> keelThreads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("keel-"))
                .collect(Collectors.toSet());
    }
}
