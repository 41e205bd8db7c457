package dev.keelraft.example.peer;

import dev.keelraft.example.peer.wire.SnapshotFrame;
import dev.keelraft.example.peer.wire.SnapshotHead;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import dev.keelraft.proto.DecodeLimits;
import dev.keelraft.proto.MalformedMessageException;
import dev.keelraft.proto.MessageCodec;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.Status;
import io.grpc.StatusException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Receives one snapshot: the head, then as many bytes as it announced, then the end.
 *
 * <p>Everything happens on {@code serial}, whose threads may wait for the disk. The next frame is asked for when the last one is
 * written, so that at most one is in memory beside what HTTP/2's window holds.
 */
final class SnapshotReceiver extends ServerCall.Listener<SnapshotFrame> {
    private static final Logger log = LoggerFactory.getLogger(PeerTransport.class);

    /** How often a stall is looked for, as a part of the time after which it is one. */
    private static final int CHECKS_PER_TIMEOUT = 4;

    private final ServerCall<SnapshotFrame, byte[]> call;
    private final Peer caller;
    private final Peer self;
    private final PeerOptions options;
    private final DecodeLimits limits;
    private final PeerHandler handler;
    private final Workers workers;
    private final SerialExecutor serial;
    private final Consumer<SnapshotReceiver> onEnd;
    private final CompletableFuture<Void> ended = new CompletableFuture<>();

    private @Nullable SnapshotSink sink;
    private boolean done;
    private long announced;
    private long received;
    private long progressAtNanos = System.nanoTime();

    SnapshotReceiver(
            ServerCall<SnapshotFrame, byte[]> call,
            Peer caller,
            Peer self,
            PeerOptions options,
            DecodeLimits limits,
            PeerHandler handler,
            Workers workers,
            Consumer<SnapshotReceiver> onEnd) {
        this.call = call;
        this.caller = caller;
        this.self = self;
        this.options = options;
        this.limits = limits;
        this.handler = handler;
        this.workers = workers;
        this.serial = new SerialExecutor(workers.files());
        this.onEnd = onEnd;
    }

    void start() {
        call.sendHeaders(new Metadata());
        call.request(1);
        watch();
    }

    /** Gives up, unless it is over already; the future completes when the sink has been told. */
    CompletableFuture<Void> giveUp(Status status) {
        serial.execute(() -> fail(status));
        return ended;
    }

    @Override
    public void onMessage(SnapshotFrame frame) {
        serial.execute(() -> received(frame));
    }

    @Override
    public void onHalfClose() {
        serial.execute(this::finish);
    }

    @Override
    public void onCancel() {
        serial.execute(() -> fail(Status.CANCELLED.withDescription("keel: the sender gave up, or cannot be reached")));
    }

    /** Called also where gRPC itself has ended the call, as for a frame that cannot be parsed. */
    @Override
    public void onComplete() {
        serial.execute(() -> fail(Status.CANCELLED.withDescription("keel: the call is over")));
    }

    private void watch() {
        Duration pause = options.snapshotStallTimeout().dividedBy(CHECKS_PER_TIMEOUT);
        var unused = workers.after(pause, () -> serial.execute(this::checkProgress));
    }

    private void checkProgress() {
        if (done) {
            return;
        }
        // As this waits for its turn, time that the disk took is not the peer's fault: it ends with progress.
        if (System.nanoTime() - progressAtNanos
                >= options.snapshotStallTimeout().toNanos()) {
            fail(Status.DEADLINE_EXCEEDED.withDescription(
                    "keel: no progress for " + options.snapshotStallTimeout() + " after " + received + " bytes"));
        } else {
            watch();
        }
    }

    private void received(SnapshotFrame frame) {
        if (done) {
            return;
        }
        try {
            if (sink == null) {
                begin(frame);
            } else {
                write(sink, frame);
            }
            call.request(1);
        } catch (StatusException e) {
            fail(e.getStatus());
        } catch (IOException | RuntimeException | Error e) {
            // An error too: the host's memory may not have been enough, and this call must end all the same.
            fail(Status.ABORTED.withDescription("keel: the snapshot is refused: " + e));
        }
    }

    private void begin(SnapshotFrame frame) throws StatusException, IOException {
        if (!frame.hasHead()) {
            throw invalid("a snapshot begins with its head");
        }
        SnapshotHead head = frame.getHead();
        Message message;
        try {
            message = MessageCodec.decode(head.getMessage().asReadOnlyByteBuffer(), limits);
        } catch (MalformedMessageException e) {
            throw invalid("the message of a snapshot: " + e.getMessage());
        }
        if (message.type() != MessageType.INSTALL_SNAPSHOT) {
            throw invalid("a snapshot with a message of kind " + message.type());
        }
        if (message.to() != self.id() || message.from() != caller.id()) {
            throw invalid("a snapshot from " + Peer.hex(message.from()) + " to " + Peer.hex(message.to()) + ", sent by "
                    + caller.described() + " to " + self.described());
        }
        if (head.getBytes() < 0 || head.getBytes() > options.maxSnapshotBytes()) {
            throw invalid("a snapshot of " + Long.toUnsignedString(head.getBytes()) + " bytes; the limit of "
                    + self.described() + " is " + options.maxSnapshotBytes());
        }
        announced = head.getBytes();
        sink = handler.receiveSnapshot(message, announced);
        progressAtNanos = System.nanoTime();
    }

    private void write(SnapshotSink to, SnapshotFrame frame) throws StatusException, IOException {
        if (!frame.hasChunk()) {
            throw invalid("a frame of a snapshot that is not a chunk, after " + received + " bytes");
        }
        ByteBuffer chunk = frame.getChunk().asReadOnlyByteBuffer();
        int bytes = chunk.remaining();
        if (bytes > announced - received) {
            throw invalid("a snapshot that is longer than its head said, " + announced + " bytes");
        }
        if (bytes > 0) {
            to.write(chunk);
            received += bytes;
            progressAtNanos = System.nanoTime();
        }
    }

    private void finish() {
        if (done) {
            return;
        }
        if (sink == null || received < announced) {
            fail(invalid("a snapshot that ended after " + received + " bytes; its head said "
                            + (sink == null ? "nothing" : announced))
                    .getStatus());
            return;
        }
        SnapshotSink complete = sink;
        sink = null;
        try {
            complete.finish();
        } catch (IOException | RuntimeException | Error e) {
            // An error too: the host's memory may not have been enough, and this call must end all the same.
            fail(Status.ABORTED.withDescription("keel: the snapshot is refused: " + e));
            return;
        }
        call.sendMessage(PeerMethods.NOTHING);
        end(Status.OK);
    }

    private void fail(Status status) {
        if (done) {
            return;
        }
        log.warn("Received no snapshot from {}: {}", caller.described(), status.getDescription());
        SnapshotSink broken = sink;
        sink = null;
        try {
            if (broken != null) {
                broken.abort();
            }
        } finally {
            end(status);
        }
    }

    private void end(Status status) {
        done = true;
        onEnd.accept(this);
        ended.complete(null);
        call.close(status, new Metadata());
    }

    private static StatusException invalid(String text) {
        return Status.INVALID_ARGUMENT.withDescription("keel: " + text).asException();
    }
}
