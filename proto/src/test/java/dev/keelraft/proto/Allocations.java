package dev.keelraft.proto;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;

/** Counts the bytes that the current thread allocates on the heap. */
final class Allocations {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    /** What is measured. */
    interface Action {
        void run() throws Exception;
    }

    private Allocations() {}

    /** The bytes that one run takes, whatever it throws; run before, so that classes are loaded. */
    static long of(Action action) {
        run(action);
        long before = THREADS.getCurrentThreadAllocatedBytes();
        run(action);
        return THREADS.getCurrentThreadAllocatedBytes() - before;
    }

    private static void run(Action action) {
        try {
            action.run();
        } catch (Exception e) {
            // Whether it should throw is the question of other tests.
        }
    }

    /**
     * More than any decoder may take for so many bytes of input: an entry of two bytes becomes an object of 40 and a place in
     * growing lists. The constant is for an exception with its trace. What is looked for, memory taken on the word of a length,
     * is larger by far.
     */
    static long bound(int inputBytes) {
        return (64 << 10) + 100L * inputBytes;
    }
}
