package dev.keelraft.example.demo;

import dev.keelraft.example.etcd.DirectBackend;
import dev.keelraft.example.etcd.KeyValueBackend;
import dev.keelraft.example.etcd.ServerStatus;
import dev.keelraft.example.etcd.wire.Member;
import dev.keelraft.example.kv.EtcdError;
import dev.keelraft.example.kv.KeyValueState;
import dev.keelraft.example.kv.RefusedException;
import dev.keelraft.example.kv.wire.Command;
import dev.keelraft.example.kv.wire.Result;
import io.grpc.Deadline;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;

/** A group of one that does wrong with every {@value #PERIOD}th write. */
final class FaultyBackend implements KeyValueBackend {
    static final int PERIOD = 7;

    enum Fault {
        NONE,
        /** Executed, and the client is told that it timed out. */
        ANSWER_LOST,
        /** Not executed, and the client is told that it timed out. */
        REQUEST_LOST,
        /** Not executed, and the client is told that it was. */
        WRITE_LOST,
        /** Executed twice, and the client is told of the second time. */
        EXECUTED_TWICE
    }

    private final Fault fault;
    private final CountDownLatch writes;
    private final DirectBackend group = new DirectBackend();
    private int count;
    private int faults;

    /**
     * A group without keys.
     *
     * @param writes is counted down by each write that the group is asked for
     */
    FaultyBackend(Fault fault, CountDownLatch writes) {
        this.fault = fault;
        this.writes = writes;
    }

    /** How often it has done wrong. */
    synchronized int faults() {
        return faults;
    }

    @Override
    public synchronized CompletableFuture<Result> write(Command.Builder command, Deadline deadline) {
        writes.countDown();
        if (++count % PERIOD != 0 || fault == Fault.NONE) {
            return group.write(command, deadline);
        }
        faults++;
        Command.Builder copy = command.clone();
        return switch (fault) {
            case NONE -> throw new AssertionError();
            case ANSWER_LOST -> {
                group.write(command, deadline).join();
                yield CompletableFuture.failedFuture(new RefusedException(EtcdError.TIMEOUT));
            }
            case REQUEST_LOST -> CompletableFuture.failedFuture(new RefusedException(EtcdError.TIMEOUT));
            case WRITE_LOST -> new DirectBackend().write(command, deadline);
            case EXECUTED_TWICE -> {
                group.write(command, deadline).join();
                yield group.write(copy, deadline);
            }
        };
    }

    @Override
    public CompletableFuture<KeyValueState> linearizableState(Deadline deadline) {
        return group.linearizableState(deadline);
    }

    @Override
    public KeyValueState currentState() {
        return group.currentState();
    }

    @Override
    public ServerStatus status() {
        return group.status();
    }

    @Override
    public List<Member> members(KeyValueState state) {
        return group.members(state);
    }
}
