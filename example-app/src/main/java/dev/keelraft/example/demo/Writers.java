package dev.keelraft.example.demo;

import com.google.protobuf.ByteString;
import dev.keelraft.example.etcd.EtcdClient;
import dev.keelraft.example.etcd.wire.RangeResponse;
import dev.keelraft.example.etcd.wire.TxnResponse;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * The threads that write, some for each member. A writer has one write under way and repeats it, through the next
 * member each time, until its outcome is known; only then comes its next write.
 */
final class Writers {
    /*
     * An attempt that fails may have been executed: the answer was lost, not necessarily the write. It may even be
     * executed later, when the attempt after it is already answered. The condition of the transaction makes all attempts
     * together count once: one of them finds no key and puts it, whichever that is, and all others find the value of
     * this very write, which is as good as having put it.
     *
     * A first attempt that finds its own value is different: nobody but the server could have repeated it. That would be
     * a write executed twice, and is recorded as a violation. For this to hold the client must not repeat calls, and
     * EtcdClient does not.
     */

    /** Between two attempts: connections that are refused fail at once. */
    private static final Duration PAUSE = Duration.ofMillis(20);

    private final Workload workload;
    private final Ledger ledger;
    private final Pace pace;
    private final List<EtcdClient> clients;
    private final Duration attemptTimeout;
    private final List<Thread> threads = new ArrayList<>();
    private final AtomicLong repeated = new AtomicLong();
    private final AtomicLong foundDone = new AtomicLong();
    private final AtomicInteger returns = new AtomicInteger();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private volatile boolean stopping;
    private volatile boolean abandoning;

    /**
     * Writers for these members; none writes yet.
     *
     * @param clients one for each member; writer {@code w} starts with client {@code w mod clients}
     * @param attemptTimeout how long an attempt may take
     */
    Writers(Workload workload, Ledger ledger, Pace pace, List<EtcdClient> clients, Duration attemptTimeout) {
        this.workload = workload;
        this.ledger = ledger;
        this.pace = pace;
        this.clients = List.copyOf(clients);
        this.attemptTimeout = attemptTimeout;
    }

    /** Starts all writers. */
    void start() {
        for (int writer = 0; writer < workload.writers(); writer++) {
            int number = writer;
            Thread thread = new Thread(() -> run(number), "writer-" + number);
            thread.setDaemon(true);
            threads.add(thread);
        }
        threads.forEach(Thread::start);
    }

    /** A member that was away is back: each writer continues through the member it started with. */
    void returnHome() {
        returns.incrementAndGet();
    }

    /**
     * Lets each writer finish the write that it has under way, and waits for that.
     *
     * @param patience how long to wait; what is unfinished then stays unknown
     */
    void stop(Duration patience) throws InterruptedException {
        stopping = true;
        long deadline = System.nanoTime() + patience.toNanos();
        for (Thread thread : threads) {
            TimeUnit.NANOSECONDS.timedJoin(thread, deadline - System.nanoTime());
        }
        abandoning = true;
        for (Thread thread : threads) {
            thread.interrupt();
            thread.join();
        }
    }

    /** How many attempts ended without an outcome and were repeated. */
    long repeatedCount() {
        return repeated.get();
    }

    /** How many repeated attempts found that an earlier one had been executed. */
    long foundDoneCount() {
        return foundDone.get();
    }

    /** What made a writer give up, or null. */
    @Nullable
    Throwable failure() {
        return failure.get();
    }

    private void run(int writer) {
        try {
            int home = writer % clients.size();
            int member = home;
            int returned = returns.get();
            for (int sequence = 0; !stopping; sequence++) {
                if (returns.get() != returned) {
                    returned = returns.get();
                    member = home;
                }
                member = write(workload.number(writer, sequence), member);
            }
        } catch (InterruptedException e) {
            // Abandoned: its write stays unknown.
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            failure.compareAndSet(null, e);
        }
    }

    /** Writes, as often as it takes, and returns the member that gave the outcome. */
    private int write(int number, int firstMember) throws InterruptedException {
        long sentNanos = System.nanoTime();
        ledger.sent(number);
        for (int attempt = 0; ; attempt++) {
            int member = (firstMember + attempt) % clients.size();
            try {
                TxnResponse response = clients.get(member).txn(workload.transaction(number), attemptTimeout);
                outcome(number, attempt, response, sentNanos);
                return member;
            } catch (StatusRuntimeException e) {
                if (abandoning || Thread.interrupted()) {
                    throw new InterruptedException();
                }
                if (!mayBeRepeated(e.getStatus())) {
                    throw e;
                }
                repeated.incrementAndGet();
                TimeUnit.NANOSECONDS.sleep(PAUSE.toNanos());
            }
        }
    }

    private void outcome(int number, int attempt, TxnResponse response, long sentNanos) {
        if (!response.getSucceeded()) {
            RangeResponse there = response.getResponses(0).getResponseRange();
            ByteString value = there.getKvsCount() == 1 ? there.getKvs(0).getValue() : ByteString.EMPTY;
            String key = workload.key(number).toStringUtf8();
            if (!value.equals(workload.value(number))) {
                ledger.violation(key + " existed already, with the value '" + value.toStringUtf8() + "'");
                return;
            }
            if (attempt == 0) {
                ledger.violation(key + " was sent once and executed twice");
            } else {
                foundDone.incrementAndGet();
            }
        }
        ledger.acknowledged(number);
        pace.acknowledged(sentNanos, System.nanoTime());
    }

    /** Whether it says that the member, or the way to it, has trouble, and not that the request is no good. */
    static boolean mayBeRepeated(Status status) {
        return switch (status.getCode()) {
            case UNAVAILABLE, DEADLINE_EXCEEDED, CANCELLED, UNKNOWN, INTERNAL, ABORTED, RESOURCE_EXHAUSTED -> true;
            case OK,
                    INVALID_ARGUMENT,
                    NOT_FOUND,
                    ALREADY_EXISTS,
                    PERMISSION_DENIED,
                    FAILED_PRECONDITION,
                    OUT_OF_RANGE,
                    UNIMPLEMENTED,
                    DATA_LOSS,
                    UNAUTHENTICATED -> false;
        };
    }
}
