package dev.keelraft.example.peer;

import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.nio.NioIoHandler;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor.DiscardPolicy;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The threads of one transport, all of them its own, so that closing it ends them, and named after the member. Once closed,
 * they take tasks and do nothing with them.
 */
final class Workers {
    /** Codec, queues and handshakes. None of it waits, so two are enough for any number of peers. */
    private static final int CALL_THREADS = 2;

    private static final int NETWORK_THREADS = 2;

    private final String prefix;
    private final Set<Thread> threads = ConcurrentHashMap.newKeySet();
    private final ThreadPoolExecutor calls;
    private final ThreadPoolExecutor files;
    private final ScheduledThreadPoolExecutor timer;
    private final EventLoopGroup network;

    /**
     * Starts nothing yet; threads come with tasks.
     *
     * @param transfers how many snapshots can be under way. Each has a thread of its own while it waits for the disk
     */
    Workers(String prefix, int transfers) {
        this.prefix = prefix;
        calls = pool("-call-", CALL_THREADS);
        files = pool("-file-", Math.max(1, transfers));
        timer = new ScheduledThreadPoolExecutor(1, threads("-timer-"), new DiscardPolicy());
        timer.setRemoveOnCancelPolicy(true);
        network = new MultiThreadIoEventLoopGroup(NETWORK_THREADS, threads("-net-"), NioIoHandler.newFactory());
    }

    /** For what never waits. */
    Executor calls() {
        return calls;
    }

    /** For what waits for the disk. */
    Executor files() {
        return files;
    }

    EventLoopGroup network() {
        return network;
    }

    /** Runs a task later, on a thread that must not be kept: the task should only hand over to an executor. */
    Future<?> after(Duration delay, Runnable task) {
        return timer.schedule(task, delay.toNanos(), TimeUnit.NANOSECONDS);
    }

    /**
     * Lets the tasks that were given end, interrupts those that take longer, and returns when the threads are gone or time is
     * up.
     */
    void close(Duration patience) {
        timer.shutdownNow();
        boolean interrupted = end(files, patience);
        interrupted |= end(calls, patience);
        network.shutdownGracefully(0, patience.toMillis(), TimeUnit.MILLISECONDS)
                .awaitUninterruptibly(2 * patience.toMillis());
        interrupted |= end(timer, patience);
        interrupted |= !joined(patience);
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Returns whether the caller was interrupted, which shortens the wait. */
    private static boolean end(ExecutorService executor, Duration patience) {
        executor.shutdown();
        try {
            if (!executor.awaitTermination(patience.toNanos(), TimeUnit.NANOSECONDS)) {
                executor.shutdownNow();
                executor.awaitTermination(patience.toNanos(), TimeUnit.NANOSECONDS);
            }
            return false;
        } catch (InterruptedException e) {
            executor.shutdownNow();
            return true;
        }
    }

    /** Executors call themselves terminated while their last thread still returns. */
    private boolean joined(Duration patience) {
        try {
            for (Thread thread : threads) {
                thread.join(patience.toMillis());
            }
            return true;
        } catch (InterruptedException e) {
            return false;
        }
    }

    private ThreadPoolExecutor pool(String kind, int threads) {
        ThreadPoolExecutor pool = new ThreadPoolExecutor(
                threads,
                threads,
                30,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(),
                threads(kind),
                new DiscardPolicy());
        pool.allowCoreThreadTimeOut(true);
        return pool;
    }

    private ThreadFactory threads(String kind) {
        AtomicInteger count = new AtomicInteger();
        return task -> {
            Thread thread = new Thread(task, prefix + kind + count.incrementAndGet());
            thread.setDaemon(true);
            threads.removeIf(old -> old.getState() == Thread.State.TERMINATED);
            threads.add(thread);
            return thread;
        };
    }
}
