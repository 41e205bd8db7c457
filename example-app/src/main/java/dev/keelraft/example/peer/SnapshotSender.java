package dev.keelraft.example.peer;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.keelraft.example.peer.wire.SnapshotFrame;
import dev.keelraft.example.peer.wire.SnapshotHead;
import dev.keelraft.model.Message;
import dev.keelraft.proto.MessageCodec;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends one snapshot: the head, the file in chunks, and then waits for the answer.
 *
 * <p>Everything happens on {@code serial}, whose threads may wait for the disk. A chunk is read only while the call is ready,
 * and each in a task of its own, so that an end of the call is seen between two.
 */
final class SnapshotSender {
    /** Long enough that the cost of a frame does not count, short enough that the messages' stream gets its turn. */
    static final int CHUNK_BYTES = 128 * 1024;

    private static final Logger log = LoggerFactory.getLogger(PeerTransport.class);
    private static final int CHECKS_PER_TIMEOUT = 4;

    private final Peer peer;
    private final Message message;
    private final FileChannel file;
    private final Duration stallTimeout;
    private final Workers workers;
    private final SerialExecutor serial;
    private final CompletableFuture<Void> ended = new CompletableFuture<>();

    private Consumer<Boolean> report = arrived -> {};
    private @Nullable ClientCall<SnapshotFrame, byte[]> call;
    private boolean welcome;
    private boolean headSent;
    private boolean allSent;
    private boolean answered;
    private boolean done;
    private long fileBytes;
    private long position;
    private long progressAtNanos = System.nanoTime();

    SnapshotSender(Peer peer, Message message, FileChannel file, Duration stallTimeout, Workers workers) {
        this.peer = peer;
        this.message = message;
        this.file = file;
        this.stallTimeout = stallTimeout;
        this.workers = workers;
        this.serial = new SerialExecutor(workers.files());
    }

    /**
     * Begins.
     *
     * @param report is told once whether the peer has accepted the whole. The file is closed by then
     */
    void start(Channel channel, Consumer<Boolean> report) {
        serial.execute(() -> begin(channel, report));
    }

    /** Gives up, if it was started and is not over yet; the future completes after the report. */
    CompletableFuture<Void> giveUp(String why) {
        serial.execute(() -> end(Status.CANCELLED.withDescription(why)));
        return ended;
    }

    private void begin(Channel channel, Consumer<Boolean> report) {
        this.report = report;
        try {
            fileBytes = file.size();
        } catch (IOException e) {
            end(Status.ABORTED.withDescription("its file cannot be read: " + e));
            return;
        }
        ClientCall<SnapshotFrame, byte[]> next =
                channel.newCall(PeerMethods.SNAPSHOT, CallOptions.DEFAULT.withExecutor(serial));
        call = next;
        next.start(new Listener(), new Metadata());
        next.request(2);
        watch();
    }

    private final class Listener extends ClientCall.Listener<byte[]> {
        @Override
        public void onHeaders(Metadata headers) {
            // The handshake is right: whoever answers may see what is ours.
            welcome = true;
            pump();
        }

        @Override
        public void onReady() {
            pump();
        }

        @Override
        public void onMessage(byte[] nothing) {
            answered = true;
        }

        @Override
        public void onClose(Status status, Metadata trailers) {
            boolean early = status.isOk() && !(allSent && answered);
            end(early ? Status.ABORTED.withDescription("the peer ended the call early") : status);
        }
    }

    private void watch() {
        var unused =
                workers.after(stallTimeout.dividedBy(CHECKS_PER_TIMEOUT), () -> serial.execute(this::checkProgress));
    }

    private void checkProgress() {
        if (done) {
            return;
        }
        if (System.nanoTime() - progressAtNanos >= stallTimeout.toNanos()) {
            end(Status.DEADLINE_EXCEEDED.withDescription(
                    "no progress for " + stallTimeout + " after " + position + " of " + fileBytes + " bytes"));
        } else {
            watch();
        }
    }

    /** Sends one frame, if the network takes it now, and comes back for the next. */
    private void pump() {
        ClientCall<SnapshotFrame, byte[]> to = call;
        if (done || allSent || !welcome || to == null || !to.isReady()) {
            return;
        }
        try {
            to.sendMessage(headSent ? chunk() : head());
        } catch (IOException e) {
            end(Status.ABORTED.withDescription("its file cannot be read: " + e));
            return;
        }
        progressAtNanos = System.nanoTime();
        if (position == fileBytes) {
            allSent = true;
            to.halfClose();
        } else {
            serial.execute(this::pump);
        }
    }

    private SnapshotFrame head() {
        headSent = true;
        ByteString encoded = UnsafeByteOperations.unsafeWrap(MessageCodec.encode(message));
        return SnapshotFrame.newBuilder()
                .setHead(SnapshotHead.newBuilder().setMessage(encoded).setBytes(fileBytes))
                .build();
    }

    private SnapshotFrame chunk() throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate((int) Math.min(CHUNK_BYTES, fileBytes - position));
        while (buffer.hasRemaining()) {
            int read = file.read(buffer, position);
            if (read < 0) {
                throw new IOException("it ends after " + position + " bytes, and had " + fileBytes);
            }
            position += read;
        }
        // Nobody writes to the array any more.
        return SnapshotFrame.newBuilder()
                .setChunk(UnsafeByteOperations.unsafeWrap(buffer.flip()))
                .build();
    }

    private void end(Status status) {
        if (done) {
            return;
        }
        done = true;
        if (call != null) {
            call.cancel("the transfer is over", null); // without effect where the call is over as well
        }
        try {
            file.close();
        } catch (IOException e) {
            log.warn("The file of a snapshot to {} does not close.", peer.described(), e);
        }
        if (status.isOk()) {
            log.info("Sent a snapshot of {} bytes to {}.", fileBytes, peer.described());
        } else {
            log.warn("Sent no snapshot to {}: {}", peer.described(), Reasons.of(status));
        }
        try {
            report.accept(status.isOk());
        } finally {
            ended.complete(null);
        }
    }
}
