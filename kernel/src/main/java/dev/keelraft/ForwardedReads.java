package dev.keelraft;

import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.List;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The reads of its own host that a follower has sent to the leader, and that are not answered yet.
 *
 * <p>What travels is a token of the follower's, and not the host's name for the read: a name that is used twice would let a late
 * answer to the first use confirm the second, with an index that is too old (etcd issue 20418). The tokens begin at a random
 * number in each life of the node, so that an answer to an earlier life confirms nothing either.
 */
final class ForwardedReads {
    private record Waiting(long token, byte[] context, long deadline) {}

    private final RandomGenerator random;
    private final int timeoutTicks;
    private final ArrayDeque<Waiting> waiting = new ArrayDeque<>();
    private long now;
    private long lastToken;
    private boolean hasBegun;

    ForwardedReads(RandomGenerator random, int timeoutTicks) {
        this.random = random;
        this.timeoutTicks = timeoutTicks;
    }

    int count() {
        return waiting.size();
    }

    /** Notes a read, and returns the token to send in place of the host's context. */
    byte[] add(byte[] context) {
        if (!hasBegun) {
            lastToken = random.nextLong();
            hasBegun = true;
        }
        lastToken++;
        waiting.add(new Waiting(lastToken, context, now + timeoutTicks));
        return HeartbeatContext.number(lastToken);
    }

    /** Takes out the read that a token stands for; returns the host's context, or null if there is none. */
    byte @Nullable [] answered(byte[] token) {
        if (token.length != Long.BYTES) {
            return null;
        }
        long number = HeartbeatContext.read(token);
        for (Iterator<Waiting> all = waiting.iterator(); all.hasNext(); ) {
            Waiting read = all.next();
            if (read.token() == number) {
                all.remove();
                return read.context();
            }
        }
        return null;
    }

    /** Lets a tick pass, and takes out the reads whose time is over. */
    void tick(List<FailedRead> failed) {
        now++;
        while (!waiting.isEmpty() && waiting.peek().deadline() <= now) {
            failed.add(new FailedRead(waiting.remove().context(), FailedRead.Reason.TIMED_OUT));
        }
    }

    /** Takes out all reads: who was asked does not lead any more. */
    void fail(List<FailedRead> failed) {
        while (!waiting.isEmpty()) {
            failed.add(new FailedRead(waiting.remove().context(), FailedRead.Reason.LEADER_CHANGED));
        }
    }
}
