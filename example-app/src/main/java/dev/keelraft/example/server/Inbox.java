package dev.keelraft.example.server;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jctools.queues.varhandle.MpscVarHandleArrayQueue;
import org.jspecify.annotations.Nullable;

/**
 * What other threads want of the kernel thread: bounded in number and in bytes, so that a flood of requests costs its senders an
 * error and not this process its memory.
 */
final class Inbox {
    /** What is to be done, on the kernel thread. */
    interface Task {
        void run(KernelLoop loop);

        /** Is called in place of {@link #run} if the kernel thread has ended: whoever waits must be told. */
        default void abandon() {}

        /** A task that somebody waits for. */
        static Task of(Consumer<KernelLoop> run, Runnable abandon) {
            return new Task() {
                @Override
                public void run(KernelLoop loop) {
                    run.accept(loop);
                }

                @Override
                public void abandon() {
                    abandon.run();
                }
            };
        }
    }

    private record Item(Task task, long bytes) {}

    /** How many tasks may wait. At 100,000 tasks a second that is a sixth of a second's work. */
    static final int MAX_TASKS = 16_384;

    /** How many bytes they may hold: twice the window of a leader towards one follower, and room for clients. */
    static final long MAX_BYTES = 192L << 20;

    /** Room that {@link #offer} leaves for {@link #add}. */
    private static final int RESERVE = 256;

    private final MpscVarHandleArrayQueue<Item> queue = new MpscVarHandleArrayQueue<>(MAX_TASKS);
    private final AtomicLong bytes = new AtomicLong();

    private volatile @Nullable Thread owner;

    /** Whether the owner is about to sleep: whoever adds something then wakes it up. */
    private volatile boolean idle;

    private volatile boolean closed;

    /**
     * Adds a task that may be turned away: a client is told that there is too much to do, a peer's message counts as lost.
     *
     * @param size how much memory the task holds, in bytes
     * @return whether there was room
     */
    boolean offer(Task task, long size) {
        if (queue.size() >= MAX_TASKS - RESERVE || bytes.get() + size > MAX_BYTES) {
            return false;
        }
        return put(new Item(task, size));
    }

    /**
     * Adds a task that must not get lost: what a thread of the server's own reports. There are few of these at a time, and room
     * is kept for them.
     *
     * @return whether there was room, which only fails if that assumption does
     */
    boolean add(Task task) {
        return put(new Item(task, 0));
    }

    private boolean put(Item item) {
        if (closed || !queue.offer(item)) {
            return false;
        }
        bytes.addAndGet(item.bytes);
        if (idle) {
            LockSupport.unpark(owner);
        }
        return true;
    }

    /** Takes the next task, on the kernel thread; null if there is none. */
    @Nullable
    Task poll() {
        Item item = queue.poll();
        if (item == null) {
            return null;
        }
        bytes.addAndGet(-item.bytes);
        return item.task;
    }

    /** Sleeps on the kernel thread until there is a task, or the time has passed. It may return early. */
    void await(long nanos) {
        owner = Thread.currentThread();
        // Whoever adds a task after this sees that a call is needed; a task added before it is seen by the check.
        idle = true;
        if (queue.isEmpty() && nanos > 0) {
            LockSupport.parkNanos(this, nanos);
        }
        idle = false;
    }

    /** Wakes the kernel thread up, without a task. */
    void wakeUp() {
        LockSupport.unpark(owner);
    }

    /** Tells whether nothing is taken any more. */
    boolean isClosed() {
        return closed;
    }

    /**
     * Takes nothing any more, and abandons what is there; on the kernel thread, when it ends. A task that comes in at this very
     * moment may be left; the client's call ends with the server's shutdown then.
     */
    void close() {
        closed = true;
        for (Task task = poll(); task != null; task = poll()) {
            task.abandon();
        }
    }
}
