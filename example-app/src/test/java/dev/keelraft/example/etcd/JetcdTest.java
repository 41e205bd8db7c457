package dev.keelraft.example.etcd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.keelraft.example.kv.EtcdError;
import dev.keelraft.example.kv.RequestValidator;
import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.KV;
import io.etcd.jetcd.KeyValue;
import io.etcd.jetcd.cluster.Member;
import io.etcd.jetcd.kv.DeleteResponse;
import io.etcd.jetcd.kv.GetResponse;
import io.etcd.jetcd.kv.PutResponse;
import io.etcd.jetcd.kv.TxnResponse;
import io.etcd.jetcd.maintenance.StatusResponse;
import io.etcd.jetcd.op.Cmp;
import io.etcd.jetcd.op.CmpTarget;
import io.etcd.jetcd.op.Op;
import io.etcd.jetcd.options.DeleteOption;
import io.etcd.jetcd.options.GetOption;
import io.etcd.jetcd.options.GetOption.SortOrder;
import io.etcd.jetcd.options.GetOption.SortTarget;
import io.etcd.jetcd.options.PutOption;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** jetcd, the etcd client for Java, takes the server for an etcd. */
@Timeout(value = 1, unit = TimeUnit.MINUTES)
class JetcdTest {
    private final TestServer server;
    private final Client client;
    private final KV kv;

    JetcdTest() throws IOException {
        server = new TestServer();
        client = Client.builder()
                .endpoints(server.url())
                .maxInboundMessageSize(Integer.MAX_VALUE)
                .keepaliveTime(Duration.ofSeconds(10))
                .build();
        kv = client.getKVClient();
    }

    @BeforeEach
    void put() throws Exception {
        for (String key : List.of("fruit/apple", "fruit/pear", "fruit/plum", "tool/saw")) {
            get(kv.put(bytes(key), bytes("of " + key)));
        }
    }

    @AfterEach
    void stop() throws InterruptedException {
        client.close();
        server.stop();
    }

    private static <T> T get(CompletableFuture<T> future)
            throws InterruptedException, ExecutionException, TimeoutException {
        return future.get(30, TimeUnit.SECONDS);
    }

    private static ByteSequence bytes(String text) {
        return ByteSequence.from(text, StandardCharsets.UTF_8);
    }

    private static List<String> keys(List<KeyValue> pairs) {
        return pairs.stream().map(pair -> pair.getKey().toString()).toList();
    }

    @Test
    void a_value_is_got_as_it_was_put() throws Exception {
        PutResponse put = get(kv.put(
                bytes("tool/saw"),
                bytes("sharp"),
                PutOption.builder().withPrevKV().build()));
        GetResponse got = get(kv.get(bytes("tool/saw")));

        assertThat(put.getPrevKv().getValue()).isEqualTo(bytes("of tool/saw"));
        assertThat(put.getHeader().getRevision()).isEqualTo(6);
        assertThat(put.getHeader().getMemberId()).isEqualTo(DirectBackend.MEMBER);
        assertThat(got.getCount()).isEqualTo(1);
        assertThat(got.getKvs().get(0).getValue()).isEqualTo(bytes("sharp"));
        assertThat(got.getKvs().get(0).getCreateRevision()).isEqualTo(5);
        assertThat(got.getKvs().get(0).getModRevision()).isEqualTo(6);
        assertThat(got.getKvs().get(0).getVersion()).isEqualTo(2);
        assertThat(get(kv.get(bytes("tool/hammer"))).getCount()).isZero();
    }

    @Test
    void a_prefix_is_got_sorted_and_limited() throws Exception {
        GetResponse got = get(kv.get(
                bytes("fruit/"),
                GetOption.builder()
                        .isPrefix(true)
                        .withSortField(SortTarget.MOD)
                        .withSortOrder(SortOrder.DESCEND)
                        .withLimit(2)
                        .build()));

        assertThat(keys(got.getKvs())).containsExactly("fruit/plum", "fruit/pear");
        assertThat(got.getCount()).isEqualTo(3);
        assertThat(got.isMore()).isTrue();
    }

    @Test
    void keys_alone_the_count_alone_and_any_state_will_do() throws Exception {
        GetOption.Builder prefix = GetOption.builder().isPrefix(true);

        GetResponse keys = get(kv.get(bytes("fruit"), prefix.withKeysOnly(true).build()));
        GetResponse count = get(kv.get(
                bytes("fruit"),
                GetOption.builder().isPrefix(true).withCountOnly(true).build()));
        GetResponse local = get(kv.get(
                bytes("fruit"),
                GetOption.builder().isPrefix(true).withSerializable(true).build()));

        assertThat(keys.getKvs())
                .hasSize(3)
                .allSatisfy(pair -> assertThat(pair.getValue().isEmpty()).isTrue());
        assertThat(count.getCount()).isEqualTo(3);
        assertThat(count.getKvs()).isEmpty();
        assertThat(local.getKvs()).hasSize(3);
    }

    @Test
    void a_prefix_is_deleted() throws Exception {
        DeleteResponse deleted = get(kv.delete(
                bytes("fruit/"),
                DeleteOption.builder().isPrefix(true).withPrevKV(true).build()));

        assertThat(deleted.getDeleted()).isEqualTo(3);
        assertThat(keys(deleted.getPrevKvs())).containsExactly("fruit/apple", "fruit/pear", "fruit/plum");
        GetResponse all = get(
                kv.get(bytes("\0"), GetOption.builder().withRange(bytes("\0")).build()));
        assertThat(keys(all.getKvs())).containsExactly("tool/saw");
    }

    @Test
    void a_transaction_takes_one_of_its_branches() throws Exception {
        Cmp exists = new Cmp(bytes("tool/saw"), Cmp.Op.GREATER, CmpTarget.version(0));
        Cmp isBlunt = new Cmp(bytes("tool/saw"), Cmp.Op.EQUAL, CmpTarget.value(bytes("blunt")));

        TxnResponse done = get(kv.txn()
                .If(exists)
                .Then(
                        Op.put(bytes("tool/saw"), bytes("blunt"), PutOption.DEFAULT),
                        Op.get(bytes("tool/saw"), GetOption.DEFAULT),
                        Op.delete(bytes("fruit/pear"), DeleteOption.DEFAULT))
                .Else(Op.get(bytes("none"), GetOption.DEFAULT))
                .commit());
        TxnResponse notDone = get(kv.txn()
                .If(new Cmp(bytes("fruit/pear"), Cmp.Op.GREATER, CmpTarget.createRevision(0)))
                .Then(Op.put(bytes("fruit/pear"), bytes("again"), PutOption.DEFAULT))
                .Else(Op.txn(new Cmp[] {isBlunt}, new Op[] {Op.get(bytes("tool/saw"), GetOption.DEFAULT)}, new Op[] {
                    Op.get(bytes("none"), GetOption.DEFAULT)
                }))
                .commit());

        assertThat(done.isSucceeded()).isTrue();
        assertThat(done.getPutResponses()).hasSize(1);
        assertThat(done.getDeleteResponses().get(0).getDeleted()).isEqualTo(1);
        assertThat(done.getGetResponses().get(0).getKvs().get(0).getValue()).isEqualTo(bytes("blunt"));
        assertThat(done.getHeader().getRevision()).isEqualTo(6);
        assertThat(notDone.isSucceeded()).isFalse();
        assertThat(notDone.getTxnResponses().get(0).isSucceeded()).isTrue();
        assertThat(notDone.getTxnResponses().get(0).getGetResponses().get(0).getCount())
                .isEqualTo(1);
    }

    @Test
    void errors_are_those_that_the_client_knows() {
        assertFails(EtcdError.EMPTY_KEY, () -> get(kv.put(ByteSequence.EMPTY, bytes("x"))));
        assertFails(
                EtcdError.LEASE_NOT_FOUND,
                () -> get(kv.put(
                        bytes("a"),
                        bytes("x"),
                        PutOption.builder().withLeaseId(7).build())));
        assertFails(
                EtcdError.COMPACTED,
                () -> get(kv.get(
                        bytes("tool/saw"), GetOption.builder().withRevision(2).build())));
        assertFails(
                EtcdError.FUTURE_REVISION,
                () -> get(kv.get(
                        bytes("tool/saw"), GetOption.builder().withRevision(99).build())));
        assertFails(
                EtcdError.DUPLICATE_KEY,
                () -> get(kv.txn()
                        .Then(
                                Op.put(bytes("a"), bytes("x"), PutOption.DEFAULT),
                                Op.put(bytes("a"), bytes("y"), PutOption.DEFAULT))
                        .commit()));
    }

    private static void assertFails(EtcdError error, ThrowingCallable call) {
        assertThatExceptionOfType(ExecutionException.class)
                .isThrownBy(call)
                .havingRootCause()
                .isInstanceOfSatisfying(StatusRuntimeException.class, cause -> {
                    assertThat(cause.getStatus().getCode().value()).isEqualTo(error.code());
                    assertThat(cause.getStatus().getDescription()).isEqualTo(error.text());
                });
    }

    @Test
    void large_values_pass_and_larger_ones_are_refused() throws Exception {
        byte[] large = new byte[RequestValidator.MAX_REQUEST_BYTES - 100];
        Arrays.fill(large, (byte) 'x');
        byte[] tooLarge = new byte[RequestValidator.MAX_REQUEST_BYTES];
        for (String key : List.of("large/1", "large/2", "large/3", "large/4")) {
            get(kv.put(bytes(key), ByteSequence.from(large)));
        }

        GetResponse all =
                get(kv.get(bytes("large/"), GetOption.builder().isPrefix(true).build()));

        assertThat(all.getKvs())
                .hasSize(4)
                .allSatisfy(pair -> assertThat(pair.getValue().size()).isEqualTo(large.length));
        assertFails(EtcdError.REQUEST_TOO_LARGE, () -> get(kv.put(bytes("large/5"), ByteSequence.from(tooLarge))));
    }

    @Test
    void the_cluster_is_described() throws Exception {
        List<Member> members = get(client.getClusterClient().listMember()).getMembers();
        StatusResponse status = get(client.getMaintenanceClient().statusMember(server.url()));

        assertThat(members).hasSize(1);
        assertThat(members.get(0).getName()).isEqualTo("n1");
        assertThat(members.get(0).getId()).isEqualTo(DirectBackend.MEMBER);
        assertThat(members.get(0).getClientURIs()).containsExactly(URI.create(server.url()));
        assertThat(status.getLeader()).isEqualTo(DirectBackend.MEMBER);
        assertThat(status.getDbSize()).isPositive();
        assertThat(get(client.getMaintenanceClient().listAlarms()).getAlarms()).isEmpty();
    }
}
