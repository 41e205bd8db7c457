package dev.keelraft.example.server;

import com.google.protobuf.ByteString;
import dev.keelraft.example.etcd.wire.KeyValue;
import dev.keelraft.example.etcd.wire.PutRequest;
import dev.keelraft.example.etcd.wire.RangeRequest;
import dev.keelraft.example.kv.EtcdError;
import dev.keelraft.example.kv.KeyValueState;
import dev.keelraft.example.kv.RefusedException;
import dev.keelraft.example.kv.wire.Command;
import dev.keelraft.example.kv.wire.Result;
import dev.keelraft.testkit.Host.Reply;
import java.nio.ByteBuffer;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;

/**
 * The simulator's clients, as clients of the servers of one group: a command on a register is a put that asks for the value before.
 * Beyond a server's life its clients' writes have no names, as in etcd; so a write is sent once, and once more only where the
 * server has said that it was not and will not be executed. If that is a lie, a register shows it.
 */
final class SimulatedClients {
    /** What {@link Writes} says of writes that are not executed. */
    private static final Set<EtcdError> NOT_EXECUTED =
            EnumSet.of(EtcdError.TOO_MANY_REQUESTS, EtcdError.NO_SPACE, EtcdError.LEADER_CHANGED, EtcdError.NO_LEADER);

    private final RandomGenerator random;

    /** By client and number: whether there was a server that may execute it, or has. */
    private final Map<List<Long>, CompletableFuture<Result>> sent = new HashMap<>();

    /** Calls between servers that have arrived. */
    private final Set<Long> calls = new HashSet<>();

    /** Those of one group. */
    SimulatedClients(RandomGenerator random) {
        this.random = random;
    }

    /** Numbers for the servers, which draw some that must differ from life to life. */
    RandomGenerator random() {
        return random;
    }

    /**
     * Whether a call between servers arrives for the first time. The network of the simulator delivers messages twice, and in later
     * lives; a call comes once, over the connection that it was made on, or its answer could be one to another copy.
     */
    boolean isNewCall(long call) {
        return calls.add(call);
    }

    /** Has a command executed. */
    void write(
            byte[] command, Reply reply, long leader, BiConsumer<Command.Builder, CompletableFuture<Result>> server) {
        ByteBuffer in = ByteBuffer.wrap(command);
        List<Long> name = List.of(in.getLong(), in.getLong());
        PutRequest.Builder put = PutRequest.newBuilder()
                .setKey(key(in.getInt()))
                .setValue(ByteString.copyFrom(in.slice()))
                .setPrevKv(true);
        CompletableFuture<Result> before = sent.get(name);
        if (before != null) {
            if (before.isDone() && !before.isCompletedExceptionally()) {
                reply.done(valueBefore(before.join()));
            } else {
                reply.refused(0);
            }
            return;
        }
        CompletableFuture<Result> future = new CompletableFuture<>();
        sent.put(name, future);
        var unused = future.whenComplete((result, failure) -> {
            if (failure == null) {
                reply.done(valueBefore(result));
                return;
            }
            if (NOT_EXECUTED.contains(((RefusedException) failure).error())) {
                sent.remove(name);
            }
            reply.refused(leader);
        });
        server.accept(Command.newBuilder().setPut(put), future);
    }

    /** Reads a register. */
    void read(byte[] question, Reply reply, long leader, Consumer<CompletableFuture<KeyValueState>> server) {
        RangeRequest range = RangeRequest.newBuilder()
                .setKey(key(ByteBuffer.wrap(question).getInt()))
                .build();
        CompletableFuture<KeyValueState> future = new CompletableFuture<>();
        var unused = future.whenComplete((state, failure) -> {
            if (failure != null) {
                reply.refused(leader);
                return;
            }
            try {
                List<KeyValue> found = state.range(range).getKvsList();
                reply.done(
                        found.isEmpty() ? new byte[8] : found.get(0).getValue().toByteArray());
            } catch (RefusedException e) {
                throw new AssertionError(e);
            }
        });
        server.accept(future);
    }

    private static ByteString key(int register) {
        return ByteString.copyFromUtf8("register " + register);
    }

    private static byte[] valueBefore(Result result) {
        return result.getPut().hasPrevKv()
                ? result.getPut().getPrevKv().getValue().toByteArray()
                : new byte[8];
    }
}
