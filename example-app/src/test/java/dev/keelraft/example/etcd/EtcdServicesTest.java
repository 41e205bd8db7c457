package dev.keelraft.example.etcd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.ServiceDescriptor;
import dev.keelraft.example.etcd.wire.AlarmRequest;
import dev.keelraft.example.etcd.wire.AlarmRequest.AlarmAction;
import dev.keelraft.example.etcd.wire.AlarmResponse;
import dev.keelraft.example.etcd.wire.Compare;
import dev.keelraft.example.etcd.wire.DeleteRangeRequest;
import dev.keelraft.example.etcd.wire.EtcdRpcProto;
import dev.keelraft.example.etcd.wire.Member;
import dev.keelraft.example.etcd.wire.MemberListRequest;
import dev.keelraft.example.etcd.wire.MemberListResponse;
import dev.keelraft.example.etcd.wire.PutRequest;
import dev.keelraft.example.etcd.wire.PutResponse;
import dev.keelraft.example.etcd.wire.RangeRequest;
import dev.keelraft.example.etcd.wire.RangeResponse;
import dev.keelraft.example.etcd.wire.RequestOp;
import dev.keelraft.example.etcd.wire.ResponseHeader;
import dev.keelraft.example.etcd.wire.StatusRequest;
import dev.keelraft.example.etcd.wire.StatusResponse;
import dev.keelraft.example.etcd.wire.TxnRequest;
import dev.keelraft.example.etcd.wire.TxnResponse;
import dev.keelraft.example.kv.EtcdError;
import dev.keelraft.example.kv.KeyValueState;
import dev.keelraft.example.kv.RefusedException;
import dev.keelraft.example.kv.RequestValidator;
import dev.keelraft.example.kv.wire.Command;
import dev.keelraft.example.kv.wire.Refusal;
import dev.keelraft.example.kv.wire.Result;
import io.grpc.CallOptions;
import io.grpc.Deadline;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.stub.ClientCalls;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The services over gRPC within one process. */
@Timeout(value = 1, unit = TimeUnit.MINUTES)
class EtcdServicesTest {
    private final ExecutorService executor = Executors.newSingleThreadExecutor(task -> new Thread(task, "evaluation"));
    private final List<AutoCloseable> started = new ArrayList<>();
    private final DirectBackend backend = new DirectBackend();
    private ManagedChannel channel;

    EtcdServicesTest() throws IOException {
        channel = start(backend);
    }

    private ManagedChannel start(KeyValueBackend behind) throws IOException {
        String name = InProcessServerBuilder.generateName();
        InProcessServerBuilder builder = InProcessServerBuilder.forName(name);
        EtcdServices.of(behind, executor, EtcdServices.DEFAULT_TIMEOUT).forEach(builder::addService);
        Server server = builder.build().start();
        ManagedChannel toServer = InProcessChannelBuilder.forName(name).build();
        started.add(() -> toServer.shutdownNow().awaitTermination(10, TimeUnit.SECONDS));
        started.add(() -> server.shutdownNow().awaitTermination(10, TimeUnit.SECONDS));
        return toServer;
    }

    @AfterEach
    void stop() throws Exception {
        for (AutoCloseable closeable : started) {
            closeable.close();
        }
        executor.shutdownNow();
    }

    private <Q, R> R call(MethodDescriptor<Q, R> method, Q request) {
        return ClientCalls.blockingUnaryCall(channel, method, CallOptions.DEFAULT, request);
    }

    private RangeResponse range(RangeRequest request) {
        return call(KvService.RANGE, request);
    }

    private PutResponse put(String key, String value) {
        return call(KvService.PUT, putRequest(key, value));
    }

    private static PutRequest putRequest(String key, String value) {
        return PutRequest.newBuilder()
                .setKey(ByteString.copyFromUtf8(key))
                .setValue(ByteString.copyFromUtf8(value))
                .build();
    }

    private static RangeRequest.Builder get(String key) {
        return RangeRequest.newBuilder().setKey(ByteString.copyFromUtf8(key));
    }

    private static DeleteRangeRequest delete(String key) {
        return DeleteRangeRequest.newBuilder()
                .setKey(ByteString.copyFromUtf8(key))
                .build();
    }

    private static RequestOp op(RangeRequest.Builder range) {
        return RequestOp.newBuilder().setRequestRange(range).build();
    }

    private static RequestOp op(PutRequest put) {
        return RequestOp.newBuilder().setRequestPut(put).build();
    }

    private static RequestOp op(TxnRequest txn) {
        return RequestOp.newBuilder().setRequestTxn(txn).build();
    }

    private static TxnRequest txn(RequestOp operation) {
        return TxnRequest.newBuilder().addSuccess(operation).build();
    }

    private static ResponseHeader header(long revision) {
        return ResponseHeader.newBuilder()
                .setClusterId(DirectBackend.CLUSTER)
                .setMemberId(DirectBackend.MEMBER)
                .setRevision(revision)
                .setRaftTerm(3)
                .build();
    }

    @Test
    void every_method_of_the_schema_is_served_and_no_other() {
        Set<String> served = new TreeSet<>();
        for (ServerServiceDefinition service : EtcdServices.of(backend, executor, EtcdServices.DEFAULT_TIMEOUT)) {
            service.getMethods()
                    .forEach(method -> served.add(method.getMethodDescriptor().getFullMethodName()));
        }
        Set<String> described = new TreeSet<>();
        for (ServiceDescriptor service : EtcdRpcProto.getDescriptor().getServices()) {
            service.getMethods().forEach(method -> described.add(service.getFullName() + "/" + method.getName()));
        }

        assertThat(served).isEqualTo(described).hasSize(7);
    }

    @Test
    void every_response_has_a_header() {
        assertThat(put("a", "1").getHeader()).isEqualTo(header(2));
        assertThat(range(get("a").build()).getHeader()).isEqualTo(header(2));
        assertThat(range(get("a").setSerializable(true).build()).getHeader()).isEqualTo(header(2));
        assertThat(call(KvService.TXN, txn(op(putRequest("b", "1")))).getHeader())
                .isEqualTo(header(3));
        assertThat(call(KvService.TXN, txn(op(get("b")))).getHeader()).isEqualTo(header(3));
        assertThat(call(KvService.DELETE_RANGE, delete("b")).getHeader()).isEqualTo(header(4));
        assertThat(call(ClusterService.MEMBER_LIST, MemberListRequest.getDefaultInstance())
                        .getHeader())
                .isEqualTo(header(4));
        assertThat(call(MaintenanceService.STATUS, StatusRequest.getDefaultInstance())
                        .getHeader())
                .isEqualTo(header(4));
        assertThat(call(MaintenanceService.ALARM, AlarmRequest.getDefaultInstance())
                        .getHeader())
                .isEqualTo(header(4));
    }

    @Test
    void a_response_has_what_the_state_says() {
        put("a", "1");
        put("a", "2");

        RangeResponse response = range(get("a").build());
        assertThat(response.getCount()).isEqualTo(1);
        assertThat(response.getKvs(0).getVersion()).isEqualTo(2);
        assertThat(call(
                                KvService.PUT,
                                putRequest("a", "3").toBuilder().setPrevKv(true).build())
                        .getPrevKv())
                .isEqualTo(response.getKvs(0));
        assertThat(call(KvService.DELETE_RANGE, delete("a")).getDeleted()).isEqualTo(1);
        TxnResponse txn = call(KvService.TXN, txn(op(get("a"))));
        assertThat(txn.getSucceeded()).isTrue();
        assertThat(txn.getResponses(0).getResponseRange().getCount()).isZero();
    }

    @Test
    void what_is_wrong_is_told_with_the_code_and_the_text_of_etcd() {
        assertError(EtcdError.EMPTY_KEY, () -> range(get("").build()));
        assertError(EtcdError.EMPTY_KEY, () -> put("", "1"));
        assertError(EtcdError.EMPTY_KEY, () -> call(KvService.DELETE_RANGE, delete("")));
        assertError(EtcdError.KEY_NOT_FOUND, () -> call(KvService.TXN, txn(RequestOp.getDefaultInstance())));
        assertThat(backend.commands()).as("nothing of it reached the log").isEqualTo(1);
        assertThat(backend.linearizableReads()).isEmpty();

        assertError(
                EtcdError.FUTURE_REVISION, () -> range(get("a").setRevision(9).build()));
        assertError(EtcdError.FUTURE_REVISION, () -> call(KvService.TXN, txn(op(get("a").setRevision(9)))));
        assertError(
                EtcdError.LEASE_NOT_FOUND,
                () -> call(
                        KvService.PUT,
                        putRequest("a", "1").toBuilder().setLease(1).build()));
    }

    private static void assertError(EtcdError error, ThrowingCallable call) {
        assertThatExceptionOfType(StatusRuntimeException.class).isThrownBy(call).satisfies(e -> {
            assertThat(e.getStatus().getCode().value()).isEqualTo(error.code());
            assertThat(e.getStatus().getDescription()).isEqualTo(error.text());
        });
    }

    @Test
    void a_write_that_is_too_large_does_not_reach_the_log() {
        PutRequest put = PutRequest.newBuilder()
                .setKey(ByteString.copyFromUtf8("a"))
                .setValue(ByteString.copyFrom(new byte[RequestValidator.MAX_REQUEST_BYTES]))
                .build();
        DeleteRangeRequest deletion =
                delete("a").toBuilder().setRangeEnd(put.getValue()).build();

        assertError(EtcdError.REQUEST_TOO_LARGE, () -> call(KvService.PUT, put));
        assertError(EtcdError.REQUEST_TOO_LARGE, () -> call(KvService.TXN, txn(op(put))));
        assertError(EtcdError.REQUEST_TOO_LARGE, () -> call(KvService.DELETE_RANGE, deletion));
        assertThat(backend.commands()).isEqualTo(1);
    }

    @Test
    void what_only_reads_does_not_need_the_log() {
        range(get("a").build());
        call(KvService.TXN, txn(op(get("a"))));
        assertThat(backend.linearizableReads()).hasSize(2);

        range(get("a").setSerializable(true).build());
        call(KvService.TXN, txn(op(get("a").setSerializable(true))));
        assertThat(backend.linearizableReads()).hasSize(2);

        call(
                KvService.TXN,
                TxnRequest.newBuilder()
                        .addFailure(op(get("a").setSerializable(true)))
                        .build());
        assertThat(backend.linearizableReads()).hasSize(2);

        // One of the two is not content with any state.
        call(
                KvService.TXN,
                TxnRequest.newBuilder()
                        .addSuccess(op(get("a").setSerializable(true)))
                        .addFailure(op(get("a")))
                        .build());
        assertThat(backend.linearizableReads()).hasSize(3);
        assertThat(backend.commands()).isEqualTo(1);
    }

    /** An etcd answers it from any state, although nobody asked for a serializable read. */
    @Test
    void a_transaction_that_only_compares_is_linearizable() {
        Compare exists = Compare.newBuilder()
                .setKey(ByteString.copyFromUtf8("a"))
                .setResult(Compare.CompareResult.GREATER)
                .build();

        assertThat(call(
                                KvService.TXN,
                                TxnRequest.newBuilder().addCompare(exists).build())
                        .getSucceeded())
                .isFalse();
        assertThat(backend.linearizableReads()).hasSize(1);
    }

    @Test
    void a_nested_transaction_counts_as_a_write() {
        call(KvService.TXN, txn(op(txn(op(get("a"))))));

        assertThat(backend.linearizableReads()).isEmpty();
        assertThat(backend.commands()).isEqualTo(2);
    }

    @Test
    void a_transaction_may_be_nested_as_deeply_as_in_etcd() {
        TxnRequest deep = txn(op(putRequest("a", "deep")));
        for (int i = 1; i < RequestValidator.MAX_OPERATIONS; i++) {
            deep = txn(op(deep));
        }
        TxnRequest tooDeep = txn(op(deep));

        assertThat(call(KvService.TXN, deep).getSucceeded()).isTrue();
        assertThat(range(get("a").build()).getKvs(0).getValue()).isEqualTo(ByteString.copyFromUtf8("deep"));
        assertError(EtcdError.TOO_MANY_OPERATIONS, () -> call(KvService.TXN, tooDeep));
    }

    @Test
    void what_is_not_served_is_unimplemented() {
        for (String method : List.of(
                "etcdserverpb.KV/Compact",
                "etcdserverpb.Watch/Watch",
                "etcdserverpb.Lease/LeaseGrant",
                "etcdserverpb.Cluster/MemberAdd",
                "etcdserverpb.Cluster/MemberRemove",
                "etcdserverpb.Maintenance/HashKV",
                "etcdserverpb.Maintenance/MoveLeader",
                "etcdserverpb.Auth/AuthEnable",
                "v3lockpb.Lock/Lock")) {
            String[] names = method.split("/", 2);
            MethodDescriptor<RangeRequest, RangeResponse> unserved = EtcdServices.method(
                    names[0], names[1], RangeRequest.getDefaultInstance(), RangeResponse.getDefaultInstance());
            assertThatExceptionOfType(StatusRuntimeException.class)
                    .as(method)
                    .isThrownBy(() -> call(unserved, get("a").build()))
                    .extracting(e -> e.getStatus().getCode())
                    .isEqualTo(Status.Code.UNIMPLEMENTED);
        }
    }

    @Test
    void members_are_listed_as_they_have_registered() {
        MemberListResponse response = call(ClusterService.MEMBER_LIST, MemberListRequest.getDefaultInstance());

        assertThat(response.getMembersList())
                .containsExactly(Member.newBuilder()
                        .setID(DirectBackend.MEMBER)
                        .setName("n1")
                        .addPeerURLs("http://127.0.0.1:2380")
                        .addClientURLs("http://127.0.0.1:2379")
                        .build());
        assertThat(backend.linearizableReads()).isEmpty();

        call(
                ClusterService.MEMBER_LIST,
                MemberListRequest.newBuilder().setLinearizable(true).build());
        assertThat(backend.linearizableReads()).hasSize(1);
    }

    @Test
    void the_status_tells_how_the_member_stands() {
        put("a", "1");

        StatusResponse status = call(MaintenanceService.STATUS, StatusRequest.getDefaultInstance());

        assertThat(status.getVersion()).startsWith("3.6.");
        assertThat(status.getLeader()).isEqualTo(DirectBackend.MEMBER);
        assertThat(status.getRaftTerm()).isEqualTo(3);
        assertThat(status.getRaftIndex()).isEqualTo(2);
        assertThat(status.getRaftAppliedIndex()).isEqualTo(2);
        assertThat(status.getDbSize())
                .isEqualTo(backend.currentState().approximateBytes())
                .isPositive();
        assertThat(status.getErrorsList()).isEmpty();
        assertThat(status.hasDowngradeInfo()).isTrue();
    }

    @Test
    void without_a_leader_or_room_on_its_disk_the_status_says_so() throws IOException {
        channel = start(new Stub() {
            @Override
            public ServerStatus status() {
                return new ServerStatus(1, 2, 3, 0, 4, 4, true, true);
            }
        });

        StatusResponse status = call(MaintenanceService.STATUS, StatusRequest.getDefaultInstance());

        assertThat(status.getErrorsList())
                .containsExactly("etcdserver: no leader", "etcdserver: mvcc: database space exceeded");
        assertThat(status.getLeader()).isZero();
        assertThat(status.getIsLearner()).isTrue();
    }

    @Test
    void alarms_can_be_listed_with_the_consent_of_the_group() {
        AlarmResponse response = call(MaintenanceService.ALARM, AlarmRequest.getDefaultInstance());

        assertThat(response.getAlarmsList()).isEmpty();
        assertThat(backend.linearizableReads()).hasSize(1);
        for (AlarmAction action : List.of(AlarmAction.ACTIVATE, AlarmAction.DEACTIVATE)) {
            AlarmRequest request = AlarmRequest.newBuilder().setAction(action).build();
            assertThatExceptionOfType(StatusRuntimeException.class)
                    .isThrownBy(() -> call(MaintenanceService.ALARM, request))
                    .extracting(e -> e.getStatus().getCode())
                    .isEqualTo(Status.Code.UNIMPLEMENTED);
        }
    }

    @Test
    void a_request_has_as_long_as_its_client_says_and_no_longer_than_the_server_does() {
        RangeRequest request = get("a").build();
        range(request);
        for (int seconds : new int[] {3, 100}) {
            ClientCalls.blockingUnaryCall(
                    channel,
                    KvService.RANGE,
                    CallOptions.DEFAULT.withDeadlineAfter(seconds, TimeUnit.SECONDS),
                    request);
        }

        assertThat(backend.linearizableReads())
                .extracting(deadline -> deadline.timeRemaining(TimeUnit.MILLISECONDS))
                .satisfiesExactly(
                        unlimited -> assertThat(unlimited).isBetween(3_000L, 7_000L),
                        shorter -> assertThat(shorter).isLessThanOrEqualTo(3_000L),
                        longer -> assertThat(longer).isBetween(3_000L, 7_000L));
    }

    /** A group that never answers; tests say what is otherwise. */
    private static class Stub implements KeyValueBackend {
        @Override
        public CompletableFuture<Result> write(Command.Builder command, Deadline deadline) {
            return new CompletableFuture<>();
        }

        @Override
        public CompletableFuture<KeyValueState> linearizableState(Deadline deadline) {
            return new CompletableFuture<>();
        }

        @Override
        public KeyValueState currentState() {
            return KeyValueState.EMPTY;
        }

        @Override
        public ServerStatus status() {
            return new ServerStatus(1, 2, 3, 2, 4, 4, false, false);
        }

        @Override
        public List<Member> members(KeyValueState state) {
            return List.of();
        }
    }

    @Test
    void a_service_returns_at_once_and_evaluates_on_the_executor()
            throws IOException, InterruptedException, ExecutionException {
        CompletableFuture<KeyValueState> state = new CompletableFuture<>();
        CompletableFuture<Boolean> asked = new CompletableFuture<>();
        ConcurrentLinkedQueue<String> threads = new ConcurrentLinkedQueue<>();
        channel = start(new Stub() {
            @Override
            public CompletableFuture<KeyValueState> linearizableState(Deadline deadline) {
                asked.complete(true);
                return state;
            }

            @Override
            public ServerStatus status() {
                threads.add(Thread.currentThread().getName());
                return super.status();
            }
        });

        Future<RangeResponse> response =
                ClientCalls.futureUnaryCall(channel.newCall(KvService.RANGE, CallOptions.DEFAULT), get("a").build());
        asked.get();
        assertThat(response.isDone()).isFalse();
        state.complete(KeyValueState.EMPTY);

        assertThat(response.get().getHeader().getRevision()).isEqualTo(1);
        assertThat(threads).containsExactly("evaluation");
    }

    @Test
    void what_the_group_refuses_is_told_as_it_is() throws IOException {
        for (EtcdError error : List.of(
                EtcdError.NO_LEADER,
                EtcdError.TIMEOUT,
                EtcdError.TOO_MANY_REQUESTS,
                EtcdError.STOPPED,
                EtcdError.LEADER_CHANGED)) {
            channel = start(failing(new RefusedException(error)));
            assertError(error, () -> put("a", "1"));
            assertError(error, () -> range(get("a").build()));
            assertError(error, () -> call(KvService.TXN, txn(op(get("a")))));
        }
    }

    private static KeyValueBackend failing(Exception failure) {
        return new Stub() {
            @Override
            public CompletableFuture<Result> write(Command.Builder command, Deadline deadline) {
                return CompletableFuture.failedFuture(failure);
            }

            @Override
            public CompletableFuture<KeyValueState> linearizableState(Deadline deadline) {
                return CompletableFuture.failedFuture(failure);
            }
        };
    }

    @Test
    void a_mistake_of_ours_is_told_without_its_details() throws IOException {
        IllegalStateException mistake = new IllegalStateException("the secret value");
        channel = start(failing(mistake));
        assertInternal(() -> put("a", "1"));

        channel = start(new Stub() {
            @Override
            public CompletableFuture<Result> write(Command.Builder command, Deadline deadline) {
                throw mistake;
            }
        });
        assertInternal(() -> put("a", "1"));
    }

    private static void assertInternal(ThrowingCallable call) {
        assertThatExceptionOfType(StatusRuntimeException.class).isThrownBy(call).satisfies(e -> {
            assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.INTERNAL);
            assertThat(e.getStatus().getDescription()).isEqualTo("keel: IllegalStateException");
        });
    }

    /** Whoever let a refusal through, the client must take the write neither for done nor for not done. */
    @Test
    void a_refusal_of_the_state_machine_is_an_unknown_outcome_for_the_client() throws IOException {
        channel = start(new Stub() {
            @Override
            public CompletableFuture<Result> write(Command.Builder command, Deadline deadline) {
                return CompletableFuture.completedFuture(
                        Result.newBuilder().setRefusal(Refusal.UNKNOWN_SESSION).build());
            }
        });

        assertError(EtcdError.TIMEOUT, () -> put("a", "1"));
    }

    @Test
    void what_the_backend_gets_is_the_operation_alone() throws IOException {
        ConcurrentLinkedQueue<Command> commands = new ConcurrentLinkedQueue<>();
        channel = start(new Stub() {
            @Override
            public CompletableFuture<Result> write(Command.Builder command, Deadline deadline) {
                commands.add(command.build());
                return CompletableFuture.failedFuture(new RefusedException(EtcdError.STOPPED));
            }
        });
        TxnRequest txn = txn(op(putRequest("a", "1")));

        assertError(EtcdError.STOPPED, () -> put("a", "1"));
        assertError(EtcdError.STOPPED, () -> call(KvService.DELETE_RANGE, delete("a")));
        assertError(EtcdError.STOPPED, () -> call(KvService.TXN, txn));

        assertThat(commands)
                .containsExactly(
                        Command.newBuilder().setPut(putRequest("a", "1")).build(),
                        Command.newBuilder().setDeleteRange(delete("a")).build(),
                        Command.newBuilder().setTxn(txn).build());
    }

    @Test
    void limits_are_those_of_etcd() {
        assertThat(EtcdServices.DEFAULT_TIMEOUT).isEqualTo(Duration.ofSeconds(7));
        assertThat(EtcdServices.MAX_INBOUND_MESSAGE_BYTES).isEqualTo(2 << 20);
    }
}
