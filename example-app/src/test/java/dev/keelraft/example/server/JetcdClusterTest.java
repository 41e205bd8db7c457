package dev.keelraft.example.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.KV;
import io.etcd.jetcd.cluster.Member;
import io.etcd.jetcd.kv.GetResponse;
import io.etcd.jetcd.kv.TxnResponse;
import io.etcd.jetcd.maintenance.StatusResponse;
import io.etcd.jetcd.op.Cmp;
import io.etcd.jetcd.op.CmpTarget;
import io.etcd.jetcd.op.Op;
import io.etcd.jetcd.options.DeleteOption;
import io.etcd.jetcd.options.GetOption;
import io.etcd.jetcd.options.PutOption;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** jetcd, the etcd client for Java, takes three members in this JVM for an etcd. */
@Timeout(120)
class JetcdClusterTest {
    private static final GetOption PREFIX = GetOption.builder().isPrefix(true).build();

    @TempDir
    private Path directory = Path.of("");

    private final List<AutoCloseable> open = new ArrayList<>();

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable each : open) {
            each.close();
        }
    }

    private TestCluster cluster(long snapshotLogBytes) throws Exception {
        TestCluster cluster = new TestCluster(directory, 3, snapshotLogBytes).startAll();
        open.add(cluster);
        return cluster;
    }

    private Client client(List<URI> endpoints) {
        Client client = Client.builder()
                .endpoints(endpoints.toArray(new URI[0]))
                .retryMaxDuration(Duration.ofSeconds(30))
                .build();
        open.add(0, client);
        return client;
    }

    private static ByteSequence bytes(String text) {
        return ByteSequence.from(text, UTF_8);
    }

    private static <T> T get(CompletableFuture<T> future) throws Exception {
        return future.get(30, TimeUnit.SECONDS);
    }

    @Test
    void everything_works_through_each_member() throws Exception {
        TestCluster cluster = cluster(64 << 20);
        for (int member = 1; member <= 3; member++) {
            Client client = client(List.of(cluster.clientUrl(member)));
            KV kv = client.getKVClient();
            KV other = client(List.of(cluster.clientUrl(member % 3 + 1))).getKVClient();
            get(kv.put(bytes("a/1"), bytes("one")));
            get(kv.put(bytes("a/2"), bytes("two")));

            GetResponse found = get(other.get(bytes("a/"), PREFIX));
            assertThat(found.getKvs().stream().map(pair -> pair.getValue().toString()))
                    .containsExactly("one", "two");

            TxnResponse txn = get(kv.txn()
                    .If(new Cmp(bytes("a/1"), Cmp.Op.EQUAL, CmpTarget.value(bytes("one"))))
                    .Then(Op.put(bytes("a/1"), bytes("three"), PutOption.DEFAULT))
                    .Else(Op.get(bytes("a/2"), GetOption.DEFAULT))
                    .commit());
            assertThat(txn.isSucceeded()).isTrue();
            assertThat(get(other.get(bytes("a/1"))).getKvs().get(0).getValue()).isEqualTo(bytes("three"));
            assertThat(get(kv.delete(
                                    bytes("a/"),
                                    DeleteOption.builder().isPrefix(true).build()))
                            .getDeleted())
                    .isEqualTo(2);
            assertThat(get(other.get(bytes("a/"), PREFIX)).getCount()).isZero();

            List<Member> members = get(client.getClusterClient().listMember()).getMembers();
            assertThat(members.stream().map(Member::getName)).containsExactlyInAnyOrder("m1", "m2", "m3");
            StatusResponse status = get(client.getMaintenanceClient()
                    .statusMember(cluster.clientUrl(member).toString()));
            assertThat(members.stream().map(Member::getId)).contains(status.getLeader());
        }
    }

    /** A transaction that demands a new key is safe to try again: it tells whether an earlier attempt has made it. */
    @Test
    void every_acknowledged_write_survives_the_loss_of_the_leader_under_load() throws Exception {
        TestCluster cluster = cluster(64 << 10);
        KV kv = client(cluster.clientUrls()).getKVClient();
        int leader = cluster.awaitLeader();
        Set<String> acknowledged = new HashSet<>();
        int clientId = 0;
        for (int i = 0; i < 300; i++) {
            if (i == 100) {
                cluster.stop(leader);
            }
            if (i == 200) {
                cluster.start(leader);
            }
            String key = "k/" + i;
            String value = clientId + "/" + i + "x".repeat(500);
            for (boolean known = false; !known; ) {
                known = putNew(kv, key, value);
            }
            acknowledged.add(key);
        }
        cluster.awaitEqualStates();
        for (int member = 1; member <= 3; member++) {
            GetResponse all =
                    get(client(List.of(cluster.clientUrl(member))).getKVClient().get(bytes("k/"), PREFIX));
            assertThat(all.getKvs().stream().map(pair -> pair.getKey().toString()))
                    .containsExactlyInAnyOrderElementsOf(acknowledged);
            assertThat(all.getKvs()).allMatch(pair -> pair.getVersion() == 1);
        }
    }

    /** Returns whether the key is there with that value for sure; false if nobody knows. */
    private static boolean putNew(KV kv, String key, String value) throws Exception {
        try {
            TxnResponse response = get(kv.txn()
                    .If(new Cmp(bytes(key), Cmp.Op.EQUAL, CmpTarget.createRevision(0)))
                    .Then(Op.put(bytes(key), bytes(value), PutOption.DEFAULT))
                    .Else(Op.get(bytes(key), GetOption.DEFAULT))
                    .commit());
            if (!response.isSucceeded()) {
                assertThat(response.getGetResponses().get(0).getKvs().get(0).getValue())
                        .isEqualTo(bytes(value));
            }
            return true;
        } catch (ExecutionException e) {
            return false;
        }
    }
}
