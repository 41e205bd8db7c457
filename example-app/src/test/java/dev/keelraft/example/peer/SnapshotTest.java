package dev.keelraft.example.peer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.keelraft.example.peer.wire.Hello;
import dev.keelraft.example.peer.wire.SnapshotFrame;
import dev.keelraft.example.peer.wire.SnapshotHead;
import dev.keelraft.model.Message;
import dev.keelraft.proto.MessageCodec;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class SnapshotTest {
    private static final int MEGABYTES_5 = 5_000_011;

    @TempDir
    Path folder;

    private final Recorder hostA = new Recorder();
    private final Recorder hostB = new Recorder();
    private final Sink sink = new Sink();

    /** Keeps what it gets, and counts how it ends. */
    private static final class Sink implements SnapshotSink {
        final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        final AtomicInteger finished = new AtomicInteger();
        final AtomicInteger aborted = new AtomicInteger();
        volatile int failsFrom = Integer.MAX_VALUE;
        volatile boolean refuses;
        volatile CountDownLatch gate = new CountDownLatch(0);

        @Override
        public synchronized void write(ByteBuffer chunk) throws IOException {
            try {
                gate.await();
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
            byte[] copy = new byte[chunk.remaining()];
            chunk.get(copy);
            bytes.write(copy);
            if (bytes.size() >= failsFrom) {
                throw new IOException("disk full");
            }
        }

        @Override
        public void finish() throws IOException {
            finished.incrementAndGet();
            if (refuses) {
                throw new IOException("wrong checksum");
            }
        }

        @Override
        public void abort() {
            aborted.incrementAndGet();
        }

        synchronized int size() {
            return bytes.size();
        }
    }

    private byte[] content(int length) {
        byte[] content = new byte[length];
        new Random(42).nextBytes(content);
        return content;
    }

    private FileChannel file(byte[] content) throws IOException {
        Path path = Files.write(Files.createTempFile(folder, "snap", ""), content);
        return FileChannel.open(path, StandardOpenOption.READ);
    }

    private PeerTransport connected(TestNet net) throws IOException {
        hostB.receiving = (message, bytes) -> sink;
        Peer a = TestNet.peer(TestNet.A, TestNet.freePort());
        Peer b = TestNet.peer(TestNet.B, TestNet.freePort());
        PeerTransport atB = net.start(b, List.of(a), hostB);
        PeerTransport atA = net.start(a, List.of(b), hostA);
        Await.until("both ways", () -> atA.isReachable(TestNet.B) && atB.isReachable(TestNet.A));
        return atA;
    }

    private void reportedOnce(boolean arrived, FileChannel file) {
        Await.until("a report", () -> !hostA.snapshotsSent.isEmpty());
        assertThat(hostA.snapshotsSent).containsExactly(arrived);
        assertThat(file.isOpen()).isFalse();
    }

    @Test
    void a_snapshot_of_any_length_arrives_as_it_was() throws Exception {
        for (int length : new int[] {0, 1, SnapshotSender.CHUNK_BYTES, MEGABYTES_5}) {
            try (TestNet net = new TestNet()) {
                PeerTransport a = connected(net);
                hostA.snapshotsSent.clear();
                Sink to = new Sink();
                CompletableFuture<Message> begun = new CompletableFuture<>();
                hostB.receiving = (message, bytes) -> {
                    assertThat(bytes).isEqualTo(length);
                    begun.complete(message);
                    return to;
                };
                byte[] content = content(length);
                FileChannel file = file(content);
                a.sendSnapshot(TestNet.snapshot(TestNet.A, TestNet.B), file);
                reportedOnce(true, file);
                assertThat(begun.get(1, TimeUnit.SECONDS)).isEqualTo(TestNet.snapshot(TestNet.A, TestNet.B));
                assertThat(to.bytes.toByteArray()).isEqualTo(content);
                assertThat(to.finished).hasValue(1);
                assertThat(to.aborted).hasValue(0);
            }
        }
    }

    @Test
    void a_receiver_that_refuses_at_the_start_or_at_the_end_is_no_arrival() throws Exception {
        try (TestNet net = new TestNet()) {
            PeerTransport a = connected(net);
            hostB.receiving = (message, bytes) -> {
                throw new IOException("no space for " + bytes);
            };
            FileChannel file = file(content(MEGABYTES_5));
            a.sendSnapshot(TestNet.snapshot(TestNet.A, TestNet.B), file);
            reportedOnce(false, file);
            Await.until("the sender knows why", () -> net.logged("Sent no", "no space for " + MEGABYTES_5) == 1);
            hostA.snapshotsSent.clear();
            sink.refuses = true;
            hostB.receiving = (message, bytes) -> sink;
            FileChannel again = file(content(10));
            a.sendSnapshot(TestNet.snapshot(TestNet.A, TestNet.B), again);
            reportedOnce(false, again);
            assertThat(sink.finished).hasValue(1);
            assertThat(sink.aborted).hasValue(0);
        }
    }

    @Test
    void a_receiver_that_fails_midway_is_told_once_and_so_is_the_sender() throws Exception {
        try (TestNet net = new TestNet()) {
            PeerTransport a = connected(net);
            sink.failsFrom = 1_000_000;
            FileChannel file = file(content(MEGABYTES_5));
            a.sendSnapshot(TestNet.snapshot(TestNet.A, TestNet.B), file);
            reportedOnce(false, file);
            assertThat(sink.aborted).hasValue(1);
            assertThat(sink.finished).hasValue(0);
            assertThat(sink.size()).isLessThan(MEGABYTES_5);
            // And the way is free for the next.
            hostA.snapshotsSent.clear();
            hostB.receiving = (message, bytes) -> new Sink();
            FileChannel next = file(content(10));
            a.sendSnapshot(TestNet.snapshot(TestNet.A, TestNet.B), next);
            reportedOnce(true, next);
        }
    }

    @Test
    void a_sender_that_dies_midway_aborts_the_receiver_once() throws Exception {
        try (TestNet net = new TestNet()) {
            PeerTransport a = connected(net);
            sink.gate = new CountDownLatch(1);
            FileChannel file = file(content(MEGABYTES_5));
            CountDownLatch begun = new CountDownLatch(1);
            hostB.receiving = (message, bytes) -> {
                begun.countDown();
                return sink;
            };
            a.sendSnapshot(TestNet.snapshot(TestNet.A, TestNet.B), file);
            assertThat(begun.await(10, TimeUnit.SECONDS)).isTrue();
            a.close();
            reportedOnce(false, file);
            sink.gate.countDown();
            Await.until("aborted", () -> sink.aborted.get() == 1);
            Await.until("all over", () -> net.logged("Received no snapshot from") == 1);
            assertThat(sink.finished).hasValue(0);
            assertThat(sink.aborted).hasValue(1);
        }
    }

    @Test
    void a_receiver_that_stalls_is_given_up_and_a_second_snapshot_is_refused_at_once() throws Exception {
        try (TestNet net = new TestNet()) {
            PeerTransport a = connected(net);
            sink.gate = new CountDownLatch(1);
            FileChannel file = file(content(MEGABYTES_5));
            a.sendSnapshot(TestNet.snapshot(TestNet.A, TestNet.B), file);
            FileChannel second = file(content(1));
            a.sendSnapshot(TestNet.snapshot(TestNet.A, TestNet.B), second);
            assertThat(hostA.snapshotsSent).containsExactly(false);
            assertThat(second.isOpen()).isFalse();
            assertThat(net.logged("another one is on its way")).isEqualTo(1);
            Await.until("the first is given up", () -> hostA.snapshotsSent.size() == 2);
            assertThat(hostA.snapshotsSent).containsExactly(false, false);
            assertThat(file.isOpen()).isFalse();
            assertThat(net.logged("no progress for")).isEqualTo(1);
            sink.gate.countDown();
            Await.until("the receiver is told", () -> sink.aborted.get() == 1);
            assertThat(sink.finished).hasValue(0);
        }
    }

    @Test
    void a_snapshot_to_somebody_who_is_not_there_is_reported_at_once() throws Exception {
        try (TestNet net = new TestNet()) {
            Peer b = TestNet.peer(TestNet.B, TestNet.freePort());
            PeerTransport a = net.start(TestNet.peer(TestNet.A, TestNet.freePort()), List.of(b), hostA);
            Await.until("a knows", () -> !hostA.unreachable.isEmpty());
            FileChannel down = file(content(1));
            a.sendSnapshot(TestNet.snapshot(TestNet.A, TestNet.B), down);
            FileChannel unknown = file(content(1));
            a.sendSnapshot(TestNet.snapshot(TestNet.A, TestNet.C), unknown);
            a.close();
            FileChannel closed = file(content(1));
            a.sendSnapshot(TestNet.snapshot(TestNet.A, TestNet.B), closed);
            assertThat(hostA.snapshotsSent).containsExactly(false, false, false);
            assertThat(List.of(down, unknown, closed)).noneMatch(FileChannel::isOpen);
            FileChannel wrong = file(content(1));
            assertThatThrownBy(() -> a.sendSnapshot(TestNet.heartbeat(TestNet.A, TestNet.B, 1), wrong))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThat(wrong.isOpen()).isFalse();
        }
    }

    @Test
    void a_file_that_shrinks_is_not_sent_as_a_whole() throws Exception {
        try (TestNet net = new TestNet()) {
            PeerTransport a = connected(net);
            sink.gate = new CountDownLatch(1);
            Path path = Files.write(folder.resolve("shrinks"), content(MEGABYTES_5));
            FileChannel file = FileChannel.open(path, StandardOpenOption.READ);
            CountDownLatch begun = new CountDownLatch(1);
            hostB.receiving = (message, bytes) -> {
                begun.countDown();
                return sink;
            };
            a.sendSnapshot(TestNet.snapshot(TestNet.A, TestNet.B), file);
            assertThat(begun.await(10, TimeUnit.SECONDS)).isTrue();
            Files.write(path, new byte[1]);
            sink.gate.countDown();
            reportedOnce(false, file);
            Await.until("aborted", () -> sink.aborted.get() == 1);
            assertThat(sink.finished).hasValue(0);
        }
    }

    /** Sends frames to member A as member B, and returns how the call ended. */
    private Status frames(boolean ends, SnapshotFrame... frames) throws Exception {
        try (TestNet net = new TestNet()) {
            int port = TestNet.freePort();
            hostA.receiving = (message, bytes) -> sink;
            net.start(TestNet.peer(TestNet.A, port), List.of(TestNet.peer(TestNet.B, TestNet.freePort())), hostA);
            Metadata headers = new Metadata();
            headers.put(
                    Handshake.HELLO,
                    Hello.newBuilder()
                            .setClusterId(TestNet.CLUSTER)
                            .setFrom(TestNet.B)
                            .setTo(TestNet.A)
                            .setMinVersion(1)
                            .setVersion(1)
                            .build()
                            .toByteArray());
            CompletableFuture<Status> end = new CompletableFuture<>();
            ClientCall<SnapshotFrame, byte[]> call = net.dial(port).newCall(PeerMethods.SNAPSHOT, CallOptions.DEFAULT);
            call.start(
                    new ClientCall.Listener<>() {
                        @Override
                        public void onClose(Status status, Metadata trailers) {
                            end.complete(status);
                        }
                    },
                    headers);
            call.request(2);
            for (SnapshotFrame frame : frames) {
                call.sendMessage(frame);
            }
            if (ends) {
                call.halfClose();
            }
            return end.get(10, TimeUnit.SECONDS);
        }
    }

    private static SnapshotFrame head(Message message, long bytes) {
        return SnapshotFrame.newBuilder()
                .setHead(SnapshotHead.newBuilder()
                        .setMessage(ByteString.copyFrom(MessageCodec.encode(message)))
                        .setBytes(bytes))
                .build();
    }

    private static SnapshotFrame chunk(int bytes) {
        return SnapshotFrame.newBuilder()
                .setChunk(ByteString.copyFrom(new byte[bytes]))
                .build();
    }

    private void refused(Status status, String text, int aborts) {
        assertThat(status.getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(status.getDescription()).contains(text);
        assertThat(sink.aborted).hasValue(aborts);
        assertThat(sink.finished).hasValue(0);
    }

    @Test
    void one_that_is_longer_than_announced_is_aborted_once() throws Exception {
        refused(frames(true, head(TestNet.snapshot(TestNet.B, TestNet.A), 10), chunk(6), chunk(5)), "longer", 1);
        assertThat(sink.size()).isEqualTo(6);
    }

    @Test
    void one_that_is_shorter_than_announced_is_aborted_once() throws Exception {
        refused(
                frames(true, head(TestNet.snapshot(TestNet.B, TestNet.A), 10), chunk(6)),
                "ended after 6 bytes; its head said 10",
                1);
    }

    @Test
    void what_is_no_snapshot_for_us_is_refused_before_the_host_hears_of_it() throws Exception {
        hostA.receiving = (message, bytes) -> {
            throw new AssertionError("not for the host");
        };
        Message good = TestNet.snapshot(TestNet.B, TestNet.A);
        refused(frames(true), "ended after 0 bytes", 0);
        refused(frames(true, chunk(1)), "begins with its head", 0);
        refused(frames(true, head(TestNet.heartbeat(TestNet.B, TestNet.A, 1), 1)), "HEARTBEAT", 0);
        refused(frames(true, head(TestNet.snapshot(TestNet.C, TestNet.A), 1)), "from 0xc", 0);
        refused(frames(true, head(TestNet.snapshot(TestNet.B, TestNet.C), 1)), "to 0xc", 0);
        refused(frames(true, head(good, TestNet.OPTIONS.maxSnapshotBytes() + 1)), "limit", 0);
        refused(frames(true, head(good, -1)), "limit", 0);
    }

    @Test
    void a_sender_that_stalls_is_given_up() throws Exception {
        Status status = frames(false, head(TestNet.snapshot(TestNet.B, TestNet.A), 10), chunk(6));
        assertThat(status.getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
        assertThat(status.getDescription()).contains("no progress", "after 6 bytes");
        assertThat(sink.aborted).hasValue(1);
        assertThat(sink.finished).hasValue(0);
    }

    @Test
    void a_peer_that_says_it_has_all_before_it_can_is_not_believed() throws Exception {
        try (TestNet net = new TestNet()) {
            int port = TestNet.freePort();
            net.serve(port, liar());
            PeerTransport a = net.start(
                    TestNet.peer(TestNet.A, TestNet.freePort()), List.of(TestNet.peer(TestNet.B, port)), hostA);
            Await.until("reached", () -> a.isReachable(TestNet.B));
            FileChannel file = file(content(MEGABYTES_5));
            a.sendSnapshot(TestNet.snapshot(TestNet.A, TestNet.B), file);
            reportedOnce(false, file);
        }
    }

    private static ServerServiceDefinition liar() {
        return ServerServiceDefinition.builder(PeerMethods.SERVICE)
                .addMethod(PeerMethods.MESSAGES, (call, headers) -> {
                    call.sendHeaders(hello());
                    return new ServerCall.Listener<>() {};
                })
                .addMethod(PeerMethods.SNAPSHOT, (call, headers) -> {
                    call.sendHeaders(hello());
                    call.sendMessage(new byte[0]);
                    call.close(Status.OK, new Metadata());
                    return new ServerCall.Listener<>() {};
                })
                .build();
    }

    private static Metadata hello() {
        Metadata answer = new Metadata();
        answer.put(
                Handshake.HELLO,
                Hello.newBuilder()
                        .setClusterId(TestNet.CLUSTER)
                        .setFrom(TestNet.B)
                        .setTo(TestNet.A)
                        .setMinVersion(1)
                        .setVersion(1)
                        .build()
                        .toByteArray());
        return answer;
    }
}
