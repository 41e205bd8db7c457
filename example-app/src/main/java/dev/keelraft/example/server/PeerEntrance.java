package dev.keelraft.example.server;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.keelraft.ProposalResult;
import dev.keelraft.example.kv.CommandCodec;
import dev.keelraft.example.peer.PeerHandler;
import dev.keelraft.example.peer.SnapshotSink;
import dev.keelraft.example.server.ReceivedSnapshot.Arrived;
import dev.keelraft.model.Body;
import dev.keelraft.model.Entry;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import io.grpc.Deadline;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;

/** What peers bring, put into the kernel thread's inbox. */
final class PeerEntrance implements PeerHandler {
    /** About what an entry takes beside its payload, and a message beside its entries. */
    private static final long OVERHEAD_BYTES = 64;

    /** How long a received snapshot waits for its turn at the kernel thread, which may be in a slow sync. */
    private static final Duration HAND_OVER_PATIENCE = Duration.ofSeconds(30);

    private final Inbox inbox;
    private final SnapshotFiles files;
    private final SnapshotFiles.Preparation preparation;
    private final Duration patience;

    /** One snapshot comes in at a time: each takes as much disk and, while it is loaded, memory as the state itself. */
    private final AtomicBoolean receiving = new AtomicBoolean();

    PeerEntrance(Inbox inbox, SnapshotFiles files, SnapshotFiles.Preparation preparation) {
        this(inbox, files, preparation, HAND_OVER_PATIENCE);
    }

    /** One with another patience at the hand-over of a snapshot. */
    PeerEntrance(Inbox inbox, SnapshotFiles files, SnapshotFiles.Preparation preparation, Duration patience) {
        this.inbox = inbox;
        this.files = files;
        this.preparation = preparation;
        this.patience = patience;
    }

    /*
     * The kernel's own forwarding, by messages, is not used here. Nobody has looked at what such a proposal holds, and a leader
     * would take it: an entry without a command stops every member, at each start again.
     */
    @Override
    public boolean received(Message message) {
        if (message.type() == MessageType.PROPOSE) {
            return false;
        }
        return inbox.offer(loop -> loop.step(message), bytesOf(message));
    }

    private static long bytesOf(Message message) {
        if (message.type() != MessageType.APPEND) {
            return OVERHEAD_BYTES;
        }
        List<Entry> entries = ((Body.Append) message.body()).entries();
        return Entry.payloadBytes(entries) + OVERHEAD_BYTES * (entries.size() + 1L);
    }

    @Override
    public CompletableFuture<ProposalResult> propose(byte[] data, Deadline deadline) {
        try {
            // What is no command must not enter the log: no member could apply it.
            CommandCodec.decode(data);
        } catch (InvalidProtocolBufferException e) {
            return CompletableFuture.failedFuture(new IllegalArgumentException("not a command: " + e.getMessage()));
        }
        CompletableFuture<ProposalResult> answer = new CompletableFuture<>();
        Inbox.Task task = Inbox.Task.of(
                loop -> {
                    // Nobody waits for it any more: it was proposed again, or given up.
                    if (deadline.isExpired()) {
                        answer.completeExceptionally(new TimeoutException());
                    } else {
                        answer.complete(loop.propose(data));
                    }
                },
                () -> answer.completeExceptionally(new IllegalStateException("the member stops")));
        return inbox.offer(task, data.length)
                ? answer
                : CompletableFuture.failedFuture(new IllegalStateException("there is too much to do already"));
    }

    @Override
    public SnapshotSink receiveSnapshot(Message installSnapshot, long bytes) throws IOException {
        if (!receiving.compareAndSet(false, true)) {
            throw new IOException("another snapshot is being received");
        }
        try {
            return new ReceivedSnapshot(
                    files, installSnapshot, bytes, preparation, this::handOver, () -> receiving.set(false));
        } catch (IOException | RuntimeException e) {
            receiving.set(false);
            throw e;
        }
    }

    private void handOver(Arrived arrived) throws IOException {
        CompletableFuture<Void> taken = new CompletableFuture<>();
        AtomicBoolean claimed = new AtomicBoolean();
        boolean added = inbox.add(Inbox.Task.of(
                loop -> {
                    if (claimed.compareAndSet(false, true)) {
                        loop.step(arrived);
                        taken.complete(null);
                    }
                },
                () -> taken.completeExceptionally(new IllegalStateException("the member stops"))));
        try {
            if (added) {
                taken.get(patience.toNanos(), TimeUnit.NANOSECONDS);
                return;
            }
        } catch (TimeoutException | ExecutionException e) {
            // Below: unless the kernel thread has just begun with it.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (claimed.compareAndSet(false, true)) {
            throw new IOException("the member has no time for a snapshot");
        }
    }

    @Override
    public void unreachable(long peer) {
        inbox.offer(loop -> loop.reportUnreachable(peer), 0);
    }

    @Override
    public void snapshotSent(long peer, boolean arrived) {
        inbox.add(loop -> loop.reportSnapshot(peer, arrived));
    }
}
