package dev.keelraft.example.peer;

import dev.keelraft.ProposalResult;
import dev.keelraft.example.peer.PeerCounters.Drop;
import dev.keelraft.model.Message;
import dev.keelraft.proto.MessageCodec;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptors;
import io.grpc.Deadline;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import java.nio.channels.FileChannel;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The way to one peer: its channel, its stream of messages, and what waits for it. */
/*
 * A link is CONNECTING at first, UP from the peer's hello on, and DOWN after the first failure until the next hello:
 *
 *   CONNECTING ──hello──► UP ──stream ends──► DOWN ──hello──► UP
 *        └────────no hello, or refused─────────►│
 *
 * While CONNECTING, messages wait, as the first vote requests of a cluster that starts should not be lost. While DOWN they are
 * dropped: what a peer missed it gets from the leader's log, and what is old by then is of no use to it. Attempts go on with
 * growing pauses, in both states, as long as the link lives.
 *
 * Each attempt has a number, so that what is told about an earlier one (its time-out, its end) is not taken for news.
 *
 * All fields without further remark belong to `serial`.
 */
final class PeerLink {
    /** What a link knows of its peer. */
    private enum State {
        CONNECTING,
        UP,
        DOWN
    }

    private static final Logger log = LoggerFactory.getLogger(PeerTransport.class);

    /** A peer that restarts is missed for one election time-out at most; more attempts would only cost. */
    private static final Duration BACKOFF_MIN = Duration.ofMillis(50);

    private static final Duration BACKOFF_MAX = Duration.ofSeconds(1);

    /** How many messages are sent before another link may have the thread. */
    private static final int MESSAGES_PER_TURN = 64;

    private final String self;
    private final Peer peer;
    private final PeerOptions options;
    private final PeerHandler handler;
    private final PeerCounters counters;
    private final Workers workers;
    private final ManagedChannel channel;
    private final Channel greeting;
    private final SerialExecutor serial;

    // These may be used by any thread.
    private final SendQueue queue;
    private final ProposeCalls proposals;
    private final Object snapshotLock = new Object();
    private volatile State state = State.CONNECTING;
    private volatile String reason = "";

    // These two belong to `snapshotLock`.
    private @Nullable SnapshotSender snapshot;
    private boolean noMoreSnapshots;

    private @Nullable ClientCall<byte[], byte[]> call;
    private boolean closed;
    private long attempt;
    private int failures;
    private long upSinceNanos;

    /**
     * Connects nothing yet.
     *
     * @param channel to the peer, and the link's from now on
     */
    PeerLink(
            Peer peer,
            Handshake handshake,
            ManagedChannel channel,
            PeerOptions options,
            PeerHandler handler,
            PeerCounters counters,
            Workers workers) {
        this.self = handshake.self().described();
        this.peer = peer;
        this.options = options;
        this.handler = handler;
        this.counters = counters;
        this.workers = workers;
        this.channel = channel;
        greeting = ClientInterceptors.intercept(channel, new ClientHandshake(handshake, peer));
        serial = new SerialExecutor(workers.calls());
        queue = new SendQueue(options.queueMessages(), options.queueBytes());
        proposals = new ProposeCalls(greeting, workers.calls(), options.queueBytes());
    }

    void start() {
        serial.execute(this::connect);
    }

    boolean isUp() {
        return state == State.UP;
    }

    /** Any thread: queues or drops. */
    void send(Message message) {
        int bytes = MessageCodec.encodedBytes(message);
        if (bytes > options.maxEncodedBytes()) {
            counters.count(Drop.TOO_LARGE);
            return;
        }
        switch (queue.offer(message, bytes)) {
            case QUEUED -> {}
            case QUEUED_WAKE_SENDER -> serial.execute(this::drain);
            case FULL -> counters.count(Drop.QUEUE_FULL);
            case FULL_FIRST -> {
                counters.count(Drop.QUEUE_FULL);
                serial.execute(() -> {
                    log.warn("{} drops messages: the queue to its peer {} is full.", self, peer.described());
                    handler.unreachable(peer.id());
                });
            }
            case CLOSED -> counters.count(Drop.UNREACHABLE);
        }
    }

    /** Any thread: asks the peer to propose. */
    CompletableFuture<ProposalResult> propose(byte[] data, Deadline deadline) {
        if (state == State.DOWN) {
            return CompletableFuture.failedFuture(Status.UNAVAILABLE
                    .withDescription("keel: peer " + peer.described() + " cannot be reached: " + reason)
                    .asException());
        }
        if (data.length > options.maxMessageBytes()) {
            return CompletableFuture.completedFuture(
                    new ProposalResult(ProposalResult.Outcome.TOO_LARGE, 0, 0, peer.id()));
        }
        return proposals.propose(data, deadline);
    }

    /** Any thread: begins to send a snapshot, or refuses; reports in both cases. */
    void sendSnapshot(Message message, FileChannel file) {
        SnapshotSender sender = new SnapshotSender(peer, message, file, options.snapshotStallTimeout(), workers);
        String refusal = "";
        synchronized (snapshotLock) {
            if (noMoreSnapshots) {
                refusal = "the transport is closed";
            } else if (state == State.DOWN) {
                refusal = "the peer cannot be reached: " + reason;
            } else if (snapshot != null) {
                refusal = "another one is on its way";
            } else {
                snapshot = sender;
                sender.start(greeting, arrived -> {
                    synchronized (snapshotLock) {
                        snapshot = null;
                    }
                    handler.snapshotSent(peer.id(), arrived);
                });
            }
        }
        if (!refusal.isEmpty()) {
            log.warn("Sent no snapshot to {}: {}", peer.described(), refusal);
            PeerTransport.close(file);
            handler.snapshotSent(peer.id(), false);
        }
    }

    /** Ends everything that is under way; the future completes when the files are closed and the host knows. */
    CompletableFuture<?> close() {
        CompletableFuture<Void> ended = new CompletableFuture<>();
        serial.execute(() -> {
            closed = true;
            attempt++;
            state = State.DOWN;
            reason = "the transport is closed";
            counters.count(Drop.UNREACHABLE, queue.close());
            if (call != null) {
                call.cancel(reason, null);
            }
            ended.complete(null);
        });
        synchronized (snapshotLock) {
            noMoreSnapshots = true;
            return snapshot == null
                    ? ended
                    : CompletableFuture.allOf(ended, snapshot.giveUp("the transport is closed"));
        }
    }

    /** The second half of closing: nothing of the channel is left after its termination. */
    void closeChannel(Duration patience) throws InterruptedException {
        proposals.close();
        channel.shutdownNow().awaitTermination(patience.toNanos(), TimeUnit.NANOSECONDS);
    }

    private void connect() {
        if (closed) {
            return;
        }
        long number = ++attempt;
        // Ours is the back-off; gRPC's would grow to minutes.
        channel.resetConnectBackoff();
        ClientCall<byte[], byte[]> next =
                greeting.newCall(PeerMethods.MESSAGES, CallOptions.DEFAULT.withExecutor(serial));
        call = next;
        next.start(new Listener(number), new Metadata());
        next.request(1);
        var unused = workers.after(options.connectTimeout(), () -> serial.execute(() -> timeOut(number)));
    }

    private final class Listener extends ClientCall.Listener<byte[]> {
        private final long number;

        Listener(long number) {
            this.number = number;
        }

        @Override
        public void onHeaders(Metadata headers) {
            if (number == attempt) {
                up();
            }
        }

        @Override
        public void onReady() {
            drain();
        }

        @Override
        public void onClose(Status status, Metadata trailers) {
            if (number == attempt) {
                down(Reasons.of(status));
            }
        }
    }

    private void timeOut(long number) {
        if (number != attempt || state == State.UP || call == null) {
            return;
        }
        call.cancel("no hello within " + options.connectTimeout(), null);
        // The call is not all: a connection that was made and stays silent would keep the next call waiting as well.
        channel.enterIdle();
    }

    private void up() {
        state = State.UP;
        reason = "";
        upSinceNanos = System.nanoTime();
        log.info("{} reaches its peer {}.", self, peer.described());
        queue.open();
        drain();
    }

    private void down(String why) {
        boolean news = state != State.DOWN;
        if (state == State.UP && System.nanoTime() - upSinceNanos >= BACKOFF_MAX.toNanos()) {
            failures = 0;
        }
        boolean newReason = !why.equals(reason);
        call = null;
        reason = why;
        state = State.DOWN;
        counters.count(Drop.UNREACHABLE, queue.close());
        if (newReason) {
            log.warn("{} does not reach its peer {}: {}", self, peer.described(), why);
        }
        if (news) {
            handler.unreachable(peer.id());
        }
        var unused = workers.after(backoff(), () -> serial.execute(this::connect));
        failures++;
    }

    /** Doubles with each failure, less up to a half by chance, so that members do not call in step. */
    private Duration backoff() {
        long nanos = Math.min(BACKOFF_MAX.toNanos(), BACKOFF_MIN.toNanos() << Math.min(failures, 10));
        return Duration.ofNanos(nanos - ThreadLocalRandom.current().nextLong(nanos / 2));
    }

    /** Sends what waits, while the network takes it; {@code onReady} comes back when it does again. */
    private void drain() {
        ClientCall<byte[], byte[]> to = call;
        if (to == null || state != State.UP) {
            return;
        }
        for (int sent = 0; to.isReady(); sent++) {
            if (sent == MESSAGES_PER_TURN) {
                serial.execute(this::drain);
                return;
            }
            Message message = queue.poll();
            if (message == null) {
                return;
            }
            to.sendMessage(MessageCodec.encode(message));
            counters.countSent();
        }
    }
}
