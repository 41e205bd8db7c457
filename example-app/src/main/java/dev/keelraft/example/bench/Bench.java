package dev.keelraft.example.bench;

import com.google.protobuf.ByteString;
import dev.keelraft.example.etcd.EtcdClient;
import dev.keelraft.example.etcd.wire.PutRequest;
import dev.keelraft.example.etcd.wire.PutResponse;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;

/** Closed-loop puts: each client has one put under way, and sends its next one when the answer is there. */
final class Bench {
    /*
     * What is measured. After the warm-up comes the window. Throughput is the number of puts that were answered well
     * within the window, over its length. Latency is that of the puts that were sent within the window and answered
     * well, however late: those that are under way at the end are waited for, so that a stall at the end is not cut off.
     * A put that fails is counted under its status and has no latency.
     *
     * In a closed loop a stall is felt by each client once, however long it is, because the client sends nothing
     * meanwhile. So p99 says how long a put takes at this load; it does not say how many requests of a load that does not
     * wait would have met a stall. The maximum does not hide one.
     *
     * A client whose put fails pauses, because a connection that is refused fails at once, over and over.
     */

    /** How long a put may take: longer than a server of etcd's API gives it. */
    private static final Duration PUT_TIMEOUT = Duration.ofSeconds(10);

    private static final Duration PAUSE_AFTER_FAILURE = Duration.ofMillis(100);

    private final Load load;
    private final List<EtcdClient> endpoints;
    private final Histogram micros = new Histogram(3);
    private final Map<String, Long> failures = new TreeMap<>();
    private long answeredInWindow;
    private long windowStart;
    private long windowEnd;

    /**
     * A measurement that is not yet begun.
     *
     * @param endpoints at least one; client {@code i} uses endpoint {@code i mod endpoints} alone
     */
    Bench(Load load, List<EtcdClient> endpoints) {
        this.load = load;
        this.endpoints = List.copyOf(endpoints);
    }

    /**
     * What to put.
     *
     * @param clients how many puts are under way at a time
     * @param valueBytes the length of each value
     * @param keySpace how many different keys there are
     * @param seed makes keys and values
     * @param warmUp how long to put before the window
     * @param window how long to measure
     */
    record Load(int clients, int valueBytes, int keySpace, long seed, Duration warmUp, Duration window) {}

    /** Runs all of it, and returns when the last put is answered. */
    Result run() throws InterruptedException {
        windowStart = System.nanoTime() + load.warmUp().toNanos();
        windowEnd = windowStart + load.window().toNanos();
        CountDownLatch running = new CountDownLatch(load.clients());
        ScheduledExecutorService pauses = Executors.newSingleThreadScheduledExecutor();
        try {
            SplittableRandom random = new SplittableRandom(load.seed());
            List<Client> clients = new ArrayList<>();
            for (int i = 0; i < load.clients(); i++) {
                clients.add(new Client(endpoints.get(i % endpoints.size()), random.split(), running, pauses));
            }
            clients.forEach(Client::next);
            running.await();
        } finally {
            pauses.shutdownNow();
        }
        return result();
    }

    private synchronized Result result() {
        return new Result(
                load,
                endpoints.stream().map(EtcdClient::endpoint).toList(),
                answeredInWindow,
                micros.copy(),
                new TreeMap<>(failures));
    }

    private synchronized void answered(long sentNanos, long nowNanos) {
        if (nowNanos - windowStart >= 0 && nowNanos - windowEnd < 0) {
            answeredInWindow++;
        }
        if (sentNanos - windowStart >= 0) {
            micros.recordValue((nowNanos - sentNanos) / 1000);
        }
    }

    private synchronized void failed(long sentNanos, Status status) {
        if (sentNanos - windowStart >= 0) {
            String description = status.getDescription();
            failures.merge(
                    description == null ? status.getCode().name() : status.getCode() + ": " + description,
                    1L,
                    Long::sum);
        }
    }

    /** One client. It has one put under way, so its methods never run at the same time. */
    private final class Client {
        private final EtcdClient endpoint;
        private final SplittableRandom random;
        private final ByteString value;
        private final CountDownLatch running;
        private final ScheduledExecutorService pauses;

        Client(EtcdClient endpoint, SplittableRandom random, CountDownLatch running, ScheduledExecutorService pauses) {
            this.endpoint = endpoint;
            this.random = random;
            this.running = running;
            this.pauses = pauses;
            byte[] bytes = new byte[load.valueBytes()];
            random.nextBytes(bytes);
            value = ByteString.copyFrom(bytes);
        }

        /** Sends a put, or ends if the window is over. */
        void next() {
            long sentNanos = System.nanoTime();
            if (sentNanos - windowEnd >= 0) {
                running.countDown();
                return;
            }
            String key = String.format(Locale.ROOT, "bench/%010d", random.nextInt(load.keySpace()));
            PutRequest request = PutRequest.newBuilder()
                    .setKey(ByteString.copyFromUtf8(key))
                    .setValue(value)
                    .build();
            endpoint.put(request, PUT_TIMEOUT, new StreamObserver<>() {
                @Override
                public void onNext(PutResponse response) {
                    answered(sentNanos, System.nanoTime());
                }

                @Override
                public void onError(Throwable failure) {
                    failed(sentNanos, Status.fromThrowable(failure));
                    pause();
                }

                @Override
                public void onCompleted() {
                    next();
                }
            });
        }

        private void pause() {
            try {
                var unused = pauses.schedule(this::next, PAUSE_AFTER_FAILURE.toMillis(), TimeUnit.MILLISECONDS);
            } catch (RejectedExecutionException e) {
                // The measurement was broken off.
                running.countDown();
            }
        }
    }
}
