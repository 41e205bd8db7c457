package dev.keelraft.example.peer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keelraft.example.peer.wire.Hello;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Deadline;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class HandshakeTest {
    private static final byte[] MALFORMED = {(byte) 0xff, 1, 2};

    private final Recorder host = new Recorder();

    private static Hello.Builder good(long from, long to) {
        return Hello.newBuilder()
                .setClusterId(TestNet.CLUSTER)
                .setFrom(from)
                .setTo(to)
                .setMinVersion(1)
                .setVersion(1)
                .setName("who");
    }

    /** Calls member A as somebody with that hello, sends it a message, and returns how the call ended. */
    private static Status call(ManagedChannel channel, byte @Nullable [] hello) throws Exception {
        CompletableFuture<Status> end = new CompletableFuture<>();
        Metadata headers = new Metadata();
        if (hello != null) {
            headers.put(Handshake.HELLO, hello);
        }
        ClientCall<byte[], byte[]> call =
                channel.newCall(PeerMethods.MESSAGES, CallOptions.DEFAULT.withDeadlineAfter(5, TimeUnit.SECONDS));
        call.start(
                new ClientCall.Listener<>() {
                    @Override
                    public void onClose(Status status, Metadata trailers) {
                        end.complete(status);
                    }
                },
                headers);
        call.request(1);
        call.sendMessage(dev.keelraft.proto.MessageCodec.encode(TestNet.heartbeat(TestNet.B, TestNet.A, 1)));
        call.halfClose();
        return end.get(10, TimeUnit.SECONDS);
    }

    private void refused(byte @Nullable [] hello, Status.Code code, String... words) throws Exception {
        try (TestNet net = new TestNet()) {
            int port = TestNet.freePort();
            Peer b = TestNet.peer(TestNet.B, TestNet.freePort());
            PeerTransport a = net.start(TestNet.peer(TestNet.A, port), List.of(b), host);
            ManagedChannel channel = net.dial(port);
            for (int attempt = 0; attempt < 3; attempt++) {
                Status status = call(channel, hello);
                assertThat(status.getCode()).isEqualTo(code);
                assertThat(status.getDescription()).contains(words);
            }
            assertThat(net.logged(words)).as("log lines of three attempts").isEqualTo(1);
            assertThat(host.received).isEmpty();
            assertThat(a.counters().received()).isZero();
        }
    }

    @Test
    void a_right_hello_is_let_in() throws Exception {
        try (TestNet net = new TestNet()) {
            int port = TestNet.freePort();
            Peer b = TestNet.peer(TestNet.B, TestNet.freePort());
            net.start(TestNet.peer(TestNet.A, port), List.of(b), host);
            byte[] hello = good(TestNet.B, TestNet.A).setVersion(9).build().toByteArray();
            assertThat(call(net.dial(port), hello).getCode()).isEqualTo(Status.Code.OK);
            assertThat(host.received).hasSize(1);
        }
    }

    @Test
    void a_call_without_a_hello_is_refused() throws Exception {
        refused(null, Status.Code.UNAUTHENTICATED, "no hello", "keel-hello-bin");
    }

    @Test
    void a_malformed_hello_is_refused() throws Exception {
        refused(MALFORMED, Status.Code.FAILED_PRECONDITION, "malformed hello", "3 bytes");
    }

    @Test
    void a_member_of_another_cluster_is_refused() throws Exception {
        refused(
                good(TestNet.B, TestNet.A).setClusterId(0xdead).build().toByteArray(),
                Status.Code.FAILED_PRECONDITION,
                "cluster id differs",
                "member-b (0xb) belongs to 0xdead",
                "member-1 (0x8a00000000000001) to 0xc1",
                "data of another cluster");
    }

    @Test
    void a_call_that_is_meant_for_another_member_is_refused() throws Exception {
        refused(
                good(TestNet.B, TestNet.C).build().toByteArray(),
                Status.Code.FAILED_PRECONDITION,
                "member id differs",
                "0xc",
                "member-1 (0x8a00000000000001)",
                "urls");
    }

    @Test
    void an_unknown_member_is_refused_and_cannot_forge_lines_of_the_log() throws Exception {
        refused(
                good(TestNet.C, TestNet.A).setName("x\nERROR y").build().toByteArray(),
                Status.Code.FAILED_PRECONDITION,
                "unknown member",
                "\"x?ERROR y\" (0xc)",
                "member-b (0xb)");
    }

    @Test
    void versions_that_do_not_overlap_are_refused() throws Exception {
        refused(
                good(TestNet.B, TestNet.A)
                        .setMinVersion(2)
                        .setVersion(3)
                        .build()
                        .toByteArray(),
                Status.Code.FAILED_PRECONDITION,
                "versions do not overlap",
                "speaks 2 to 3",
                "speaks 1 to 1");
        refused(
                good(TestNet.B, TestNet.A)
                        .setMinVersion(0)
                        .setVersion(0)
                        .build()
                        .toByteArray(),
                Status.Code.FAILED_PRECONDITION,
                "speaks 0 to 0");
    }

    /** Member A calls somebody who answers with that hello, on both kinds of calls. */
    private void answerRefused(byte @Nullable [] hello, String... words) throws Exception {
        try (TestNet net = new TestNet()) {
            int port = TestNet.freePort();
            host.unreachable.clear();
            AtomicInteger messages = new AtomicInteger();
            net.serve(port, liar(hello, messages));
            Peer b = TestNet.peer(TestNet.B, port);
            PeerTransport a = net.start(TestNet.peer(TestNet.A, TestNet.freePort()), List.of(b), host);
            a.send(TestNet.heartbeat(TestNet.A, TestNet.B, 1));
            Await.until("a gives up", () -> !host.unreachable.isEmpty());
            Await.until("another attempt", () -> messages.get() >= 3);
            assertThat(a.isReachable(TestNet.B)).isFalse();
            assertThat(host.unreachable).containsExactly(TestNet.B);
            assertThat(a.counters().sent()).isZero();
            assertThatThrownBy(() -> a.propose(TestNet.B, new byte[1], Deadline.after(1, TimeUnit.SECONDS))
                            .get(1, TimeUnit.SECONDS))
                    .hasMessageContainingAll(words);
            assertThat(net.logged(words)).as("log lines of three attempts").isEqualTo(1);
        }
    }

    private static ServerServiceDefinition liar(byte @Nullable [] hello, AtomicInteger calls) {
        return ServerServiceDefinition.builder(PeerMethods.SERVICE)
                .addMethod(PeerMethods.MESSAGES, (call, headers) -> {
                    calls.incrementAndGet();
                    Metadata answer = new Metadata();
                    if (hello != null) {
                        answer.put(Handshake.HELLO, hello);
                    }
                    call.sendHeaders(answer);
                    return new ServerCall.Listener<>() {};
                })
                .build();
    }

    @Test
    void the_caller_checks_the_hello_of_the_answer() throws Exception {
        answerRefused(null, "no hello");
        answerRefused(MALFORMED, "malformed hello");
        answerRefused(
                good(TestNet.B, TestNet.A).setClusterId(0xdead).build().toByteArray(),
                "cluster id differs",
                "0xdead",
                "0xc1");
        answerRefused(good(TestNet.C, TestNet.A).build().toByteArray(), "unknown member", "0xc");
        answerRefused(good(TestNet.B, TestNet.C).build().toByteArray(), "member id differs", "0xc");
        answerRefused(
                good(TestNet.B, TestNet.A)
                        .setMinVersion(2)
                        .setVersion(2)
                        .build()
                        .toByteArray(),
                "versions do not overlap",
                "2 to 2");
    }

    @Test
    void who_answers_in_the_place_of_another_member_is_refused() throws Exception {
        try (TestNet net = new TestNet()) {
            int port = TestNet.freePort();
            net.serve(port, liar(good(TestNet.C, TestNet.A).build().toByteArray(), new AtomicInteger()));
            Peer b = TestNet.peer(TestNet.B, port);
            Peer c = TestNet.peer(TestNet.C, TestNet.freePort());
            net.start(TestNet.peer(TestNet.A, TestNet.freePort()), List.of(b, c), host);
            Await.until(
                    "the log says who answers",
                    () -> net.logged("called was member-b (0xb)", "it is member-c (0xc) that answers") == 1);
        }
    }

    @Test
    void two_members_of_different_clusters_both_log_why_they_do_not_talk() throws Exception {
        try (TestNet net = new TestNet()) {
            Peer a = TestNet.peer(TestNet.A, TestNet.freePort());
            Peer b = TestNet.peer(TestNet.B, TestNet.freePort());
            net.start(1, a, List.of(b), TestNet.OPTIONS, host);
            net.start(2, b, List.of(a), TestNet.OPTIONS, new Recorder());
            String text = "member-1 (0x8a00000000000001) belongs to 0x1, member-b (0xb) to 0x2";
            Await.until("b refuses", () -> net.logged("Refused", text) == 1);
            Await.until("a says why", () -> net.logged("does not reach its peer member-b (0xb)", text) == 1);
        }
    }
}
