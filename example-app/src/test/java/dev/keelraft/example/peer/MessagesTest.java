package dev.keelraft.example.peer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keelraft.example.peer.PeerCounters.Drop;
import dev.keelraft.example.peer.wire.Hello;
import dev.keelraft.model.Body;
import dev.keelraft.model.Entry;
import dev.keelraft.model.EntryType;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import dev.keelraft.proto.MessageCodec;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class MessagesTest {
    private final Recorder hostA = new Recorder();
    private final Recorder hostB = new Recorder();

    @Test
    void messages_go_both_ways_in_order_and_those_of_before_the_start_are_not_lost() throws Exception {
        try (TestNet net = new TestNet()) {
            Peer a = TestNet.peer(TestNet.A, TestNet.freePort());
            Peer b = TestNet.peer(TestNet.B, TestNet.freePort());
            PeerTransport atB = net.start(b, List.of(a), hostB);
            PeerTransport atA = net.start(a, List.of(b), hostA);
            atA.send(TestNet.heartbeat(TestNet.A, TestNet.B, 0));
            Await.until("both ways", () -> atA.isReachable(TestNet.B) && atB.isReachable(TestNet.A));
            for (int i = 1; i <= 200; i++) {
                atA.send(TestNet.heartbeat(TestNet.A, TestNet.B, i));
                atB.send(TestNet.append(TestNet.B, TestNet.A, i));
            }
            Await.until("all at b", () -> hostB.received.size() == 201);
            Await.until("all at a", () -> hostA.received.size() == 200);
            assertThat(hostB.received)
                    .containsExactlyElementsOf(LongStream.rangeClosed(0, 200)
                            .mapToObj(i -> TestNet.heartbeat(TestNet.A, TestNet.B, i))
                            .toList());
            assertThat(hostA.received.get(199)).isEqualTo(TestNet.append(TestNet.B, TestNet.A, 200));
            assertThat(atA.counters().sent()).isEqualTo(201);
            assertThat(atB.counters().received()).isEqualTo(201);
        }
    }

    @Test
    void the_longest_entry_gets_through() throws Exception {
        try (TestNet net = new TestNet()) {
            Peer a = TestNet.peer(TestNet.A, TestNet.freePort());
            Peer b = TestNet.peer(TestNet.B, TestNet.freePort());
            net.start(b, List.of(a), hostB);
            PeerTransport atA = net.start(a, List.of(b), hostA);
            Message longest = TestNet.append(TestNet.A, TestNet.B, TestNet.OPTIONS.maxMessageBytes());
            atA.send(longest);
            Await.until("it arrives", () -> !hostB.received.isEmpty());
            assertThat(hostB.received).containsExactly(longest);
            atA.send(TestNet.append(TestNet.A, TestNet.B, TestNet.OPTIONS.maxEncodedBytes()));
            assertThat(atA.counters().dropped(Drop.TOO_LARGE)).isEqualTo(1);
        }
    }

    @Test
    void what_is_for_nobody_or_without_room_is_counted_and_snapshots_need_their_bytes() throws Exception {
        try (TestNet net = new TestNet()) {
            Peer a = TestNet.peer(TestNet.A, TestNet.freePort());
            Peer b = TestNet.peer(TestNet.B, TestNet.freePort());
            PeerTransport atB = net.start(b, List.of(a), hostB);
            PeerTransport atA = net.start(a, List.of(b), hostA);
            atA.send(TestNet.heartbeat(TestNet.A, TestNet.C, 1));
            assertThat(atA.counters().dropped(Drop.UNKNOWN_PEER)).isEqualTo(1);
            assertThatThrownBy(() -> atA.send(TestNet.snapshot(TestNet.A, TestNet.B)))
                    .hasMessageContaining("sendSnapshot");
            hostB.room = false;
            atA.send(TestNet.heartbeat(TestNet.A, TestNet.B, 1));
            Await.until("counted", () -> atB.counters().dropped(Drop.NOT_TAKEN) == 1);
            assertThat(atB.counters().received()).isZero();
        }
    }

    /** A stream of somebody who says the right hello for B and then what the test wants. */
    private static ClientCall<byte[], byte[]> streamOfB(TestNet net, int port, CompletableFuture<Status> end) {
        Metadata headers = new Metadata();
        headers.put(Handshake.HELLO, helloOfB());
        ClientCall<byte[], byte[]> call = net.dial(port).newCall(PeerMethods.MESSAGES, CallOptions.DEFAULT);
        call.start(
                new ClientCall.Listener<>() {
                    @Override
                    public void onClose(Status status, Metadata trailers) {
                        end.complete(status);
                    }
                },
                headers);
        call.request(1);
        return call;
    }

    private static byte[] helloOfB() {
        return Hello.newBuilder()
                .setClusterId(TestNet.CLUSTER)
                .setFrom(TestNet.B)
                .setTo(TestNet.A)
                .setMinVersion(1)
                .setVersion(1)
                .build()
                .toByteArray();
    }

    @Test
    void what_does_not_come_from_its_sender_or_is_not_for_us_is_dropped_but_for_three_kinds() throws Exception {
        try (TestNet net = new TestNet()) {
            int port = TestNet.freePort();
            PeerTransport a = net.start(
                    TestNet.peer(TestNet.A, port), List.of(TestNet.peer(TestNet.B, TestNet.freePort())), hostA);
            CompletableFuture<Status> end = new CompletableFuture<>();
            ClientCall<byte[], byte[]> call = streamOfB(net, port, end);
            Entry proposal = new Entry(0, 0, EntryType.NORMAL, new byte[] {1});
            List<Message> exempt = List.of(
                    new Message(MessageType.TRANSFER_LEADER, TestNet.C, TestNet.A, 0, new Body.TransferLeader()),
                    new Message(MessageType.PROPOSE, TestNet.C, TestNet.A, 0, new Body.Propose(List.of(proposal))),
                    new Message(MessageType.READ_INDEX, TestNet.C, TestNet.A, 0, new Body.ReadIndex(new byte[] {2})));
            List<Message> dropped = List.of(
                    TestNet.heartbeat(TestNet.C, TestNet.A, 1),
                    TestNet.heartbeat(TestNet.B, TestNet.C, 1),
                    TestNet.snapshot(TestNet.B, TestNet.A));
            Message last = TestNet.heartbeat(TestNet.B, TestNet.A, 9);
            for (Message message : dropped) {
                call.sendMessage(MessageCodec.encode(message));
            }
            for (Message message : exempt) {
                call.sendMessage(MessageCodec.encode(message));
            }
            call.sendMessage(new byte[] {8, 99}); // type 99, of a newer version
            call.sendMessage(new byte[] {8, 0}); // type 0, campaign: no peer may say that
            call.sendMessage(MessageCodec.encode(last));
            Await.until("all four", () -> hostA.received.size() == 4);
            assertThat(hostA.received).containsAll(exempt).last().isEqualTo(last);
            assertThat(a.counters().dropped(Drop.WRONG_SENDER)).isEqualTo(1);
            assertThat(a.counters().dropped(Drop.NOT_FOR_US)).isEqualTo(1);
            assertThat(a.counters().dropped(Drop.SNAPSHOT_WITHOUT_BYTES)).isEqualTo(1);
            assertThat(a.counters().dropped(Drop.UNKNOWN_KIND)).isEqualTo(2);
            assertThat(end).isNotDone();
        }
    }

    @Test
    void garbage_closes_the_stream_and_a_new_one_works() throws Exception {
        try (TestNet net = new TestNet()) {
            int port = TestNet.freePort();
            PeerTransport a = net.start(
                    TestNet.peer(TestNet.A, port), List.of(TestNet.peer(TestNet.B, TestNet.freePort())), hostA);
            CompletableFuture<Status> end = new CompletableFuture<>();
            ClientCall<byte[], byte[]> call = streamOfB(net, port, end);
            call.sendMessage(new byte[] {(byte) 0xff, (byte) 0xff});
            call.sendMessage(MessageCodec.encode(TestNet.heartbeat(TestNet.B, TestNet.A, 1)));
            Status status = end.get(10, TimeUnit.SECONDS);
            assertThat(status.getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
            assertThat(status.getDescription()).contains("BROKEN_WIRE_FORMAT");
            assertThat(a.counters().dropped(Drop.MALFORMED)).isEqualTo(1);
            assertThat(hostA.received).isEmpty();
            Message good = TestNet.heartbeat(TestNet.B, TestNet.A, 2);
            streamOfB(net, port, new CompletableFuture<>()).sendMessage(MessageCodec.encode(good));
            Await.until("the new stream", () -> hostA.received.size() == 1);
            assertThat(hostA.received).containsExactly(good);
        }
    }

    @Test
    void a_stream_that_the_peer_closes_is_established_again() throws Exception {
        try (TestNet net = new TestNet()) {
            int port = TestNet.freePort();
            AtomicInteger streams = new AtomicInteger();
            net.serve(port, reader(streams, true));
            PeerTransport a = net.start(
                    TestNet.peer(TestNet.A, TestNet.freePort()), List.of(TestNet.peer(TestNet.B, port)), hostA);
            Await.until("a stream", () -> streams.get() >= 1);
            Await.until("closed by the first message, and made again", () -> {
                a.send(TestNet.heartbeat(TestNet.A, TestNet.B, 1));
                return streams.get() >= 3;
            });
            assertThat(hostA.unreachable.size()).isBetween(1, streams.get());
        }
    }

    /** B as a server that says hello and then reads one message and closes, or never reads any. */
    private static ServerServiceDefinition reader(AtomicInteger streams, boolean closesAfterOne) {
        return ServerServiceDefinition.builder(PeerMethods.SERVICE)
                .addMethod(PeerMethods.MESSAGES, (call, headers) -> {
                    streams.incrementAndGet();
                    Metadata answer = new Metadata();
                    answer.put(Handshake.HELLO, helloOfB());
                    call.sendHeaders(answer);
                    if (closesAfterOne) {
                        call.request(1);
                    }
                    return new ServerCall.Listener<byte[]>() {
                        @Override
                        public void onMessage(byte[] message) {
                            call.close(Status.INVALID_ARGUMENT.withDescription("test"), new Metadata());
                        }
                    };
                })
                .build();
    }

    @Test
    void a_peer_that_does_not_read_fills_its_queue_and_no_more_and_holds_up_nobody() throws Exception {
        try (TestNet net = new TestNet()) {
            int portB = TestNet.freePort();
            net.serve(portB, reader(new AtomicInteger(), false));
            Peer a = TestNet.peer(TestNet.A, TestNet.freePort());
            Peer b = TestNet.peer(TestNet.B, portB);
            Peer c = TestNet.peer(TestNet.C, TestNet.freePort());
            Recorder hostC = new Recorder();
            net.start(c, List.of(a, b), hostC);
            PeerTransport atA = net.start(a, List.of(b, c), hostA);
            Await.until("reached", () -> atA.isReachable(TestNet.B) && atA.isReachable(TestNet.C));
            int sent = 0;
            while (hostA.unreachable.isEmpty()) {
                assertThat(sent).as("messages of 64 KiB that found room").isLessThan(2000);
                atA.send(TestNet.append(TestNet.A, TestNet.B, 64 << 10));
                sent++;
            }
            // What the network and gRPC took is a window and a little more; the queue's 4 MiB are the rest.
            long before = atA.counters().sent();
            assertThat(before).isLessThan(100);
            for (int i = 0; i < 500; i++) {
                atA.send(TestNet.append(TestNet.A, TestNet.B, 64 << 10));
                atA.send(TestNet.heartbeat(TestNet.A, TestNet.C, i));
                int expected = i + 1;
                Await.until("c gets everything", () -> hostC.received.size() == expected);
            }
            int taken = (int) (atA.counters().sent() - 500 - before);
            assertThat(hostA.unreachable)
                    .as("one episode, and one more at most for each message that the network has taken since")
                    .containsOnly(TestNet.B)
                    .hasSizeLessThanOrEqualTo(1 + taken);
            assertThat(atA.counters().sent() - 500)
                    .as("what the network took in all")
                    .isLessThan(100);
            assertThat(atA.counters().dropped(Drop.QUEUE_FULL)).isGreaterThan(400);
        }
    }

    @Test
    void a_black_hole_is_given_up_once_and_left_when_somebody_is_there() throws Exception {
        try (TestNet net = new TestNet()) {
            Peer a = TestNet.peer(TestNet.A, TestNet.freePort());
            Peer b = TestNet.peer(TestNet.B, TestNet.freePort());
            PeerTransport atA;
            // The kernel accepts for it, and nobody ever reads.
            try (ServerSocket hole = new ServerSocket(b.url().getPort(), 50, InetAddress.getLoopbackAddress())) {
                atA = net.start(a, List.of(b), hostA);
                for (int i = 0; i < 1000; i++) {
                    atA.send(TestNet.heartbeat(TestNet.A, TestNet.B, i));
                }
                assertThat(atA.counters().dropped(Drop.QUEUE_FULL)).isEqualTo(1000 - TestNet.OPTIONS.queueMessages());
                Await.until("given up", () -> atA.counters().dropped(Drop.UNREACHABLE) == 256);
                atA.send(TestNet.heartbeat(TestNet.A, TestNet.B, 1));
                assertThat(atA.counters().dropped(Drop.UNREACHABLE)).isEqualTo(257);
                assertThat(hole.isBound()).isTrue();
            }
            Await.until("both reports: queue full, given up", () -> hostA.unreachable.size() == 2);
            assertThat(hostA.unreachable).containsExactly(TestNet.B, TestNet.B);
            assertThat(net.logged("no hello within")).isEqualTo(1);
            net.start(b, List.of(a), hostB);
            Await.until("reached", () -> atA.isReachable(TestNet.B));
            assertThat(hostB.received).as("nothing old").isEmpty();
        }
    }

    @Test
    void a_peer_that_restarts_is_reached_within_two_seconds() throws Exception {
        try (TestNet net = new TestNet()) {
            Peer a = TestNet.peer(TestNet.A, TestNet.freePort());
            Peer b = TestNet.peer(TestNet.B, TestNet.freePort());
            PeerTransport first = net.start(b, List.of(a), hostB);
            PeerTransport atA = net.start(a, List.of(b), hostA);
            Await.until("reached", () -> atA.isReachable(TestNet.B));
            first.close();
            Await.until("missed", () -> !hostA.unreachable.isEmpty());
            assertThat(atA.isReachable(TestNet.B)).isFalse();
            // Long enough for several attempts, so that their pauses have grown.
            long down = System.nanoTime();
            Await.until("some attempts", () -> System.nanoTime() - down > 2_500_000_000L);
            atA.send(TestNet.heartbeat(TestNet.A, TestNet.B, 1));
            assertThat(hostA.unreachable).containsExactly(TestNet.B);
            net.start(b, List.of(a), hostB);
            long up = System.nanoTime();
            Await.until("reached again", () -> atA.isReachable(TestNet.B));
            assertThat(System.nanoTime() - up).isLessThan(2_000_000_000L);
            atA.send(TestNet.heartbeat(TestNet.A, TestNet.B, 2));
            Await.until("the new one alone", () -> !hostB.received.isEmpty());
            assertThat(hostB.received).containsExactly(TestNet.heartbeat(TestNet.A, TestNet.B, 2));
        }
    }

    @Test
    void closing_ends_everything_and_leaves_no_thread() throws Exception {
        try (TestNet net = new TestNet()) {
            Peer a = TestNet.peer(TestNet.A, TestNet.freePort());
            Peer b = TestNet.peer(TestNet.B, TestNet.freePort());
            Peer c = TestNet.peer(TestNet.C, TestNet.freePort());
            PeerTransport atB = net.start(b, List.of(a, c), hostB);
            PeerTransport atA = net.start(a, List.of(b, c), hostA);
            Await.until("both ways", () -> atA.isReachable(TestNet.B) && atB.isReachable(TestNet.A));
            assertThat(threads("keel-peer-" + Long.toHexString(TestNet.A))).isPositive();
            long start = System.nanoTime();
            atA.close();
            atA.close();
            assertThat(System.nanoTime() - start).isLessThan(6_000_000_000L);
            assertThat(threads("keel-peer-" + Long.toHexString(TestNet.A))).isZero();
            atA.send(TestNet.heartbeat(TestNet.A, TestNet.B, 1));
            assertThat(atA.counters().dropped(Drop.UNREACHABLE)).isPositive();
            atB.close();
            assertThat(threads("keel-peer-")).isZero();
            assertThatThrownBy(() -> atA.start(List.of(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))))
                    .isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void an_address_that_is_taken_is_an_io_error_and_leaves_no_thread() throws Exception {
        try (TestNet net = new TestNet();
                ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Peer a = TestNet.peer(TestNet.A, taken.getLocalPort());
            assertThatThrownBy(() -> net.start(a, List.of(), hostA)).isInstanceOf(java.io.IOException.class);
            assertThat(threads("keel-peer-")).isZero();
        }
    }

    private static long threads(String prefix) {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith(prefix))
                .count();
    }
}
