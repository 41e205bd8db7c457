package dev.keelraft.example.etcd;

import dev.keelraft.example.etcd.wire.Member;
import dev.keelraft.example.kv.KeyValueState;
import dev.keelraft.example.kv.wire.Command;
import dev.keelraft.example.kv.wire.Result;
import io.grpc.Deadline;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * What the services need of the server: the door to the group.
 *
 * <p>All methods are called from many threads and return at once. Futures may complete on any thread; the services do
 * no more on it than to tell a client of an error. Each future completes within its deadline, whatever happens, and before
 * that if it is clear that nothing will come: with a value, or with a {@link
 * dev.keelraft.example.kv.RefusedException} whose error the client is told, for instance {@link
 * dev.keelraft.example.kv.EtcdError#TIMEOUT}. Any other exception is taken for a mistake of ours.
 */
public interface KeyValueBackend {
    /**
     * Has the group execute a command, once, and completes when this member has applied it.
     *
     * @param command with nothing but its operation, which was checked. It is the backend's from now on
     * @return its result: a response, or an error of the state machine; never a refusal, which is between the state
     *     machine and the backend. If it fails, the command may have been, or may still be, executed, unless the error
     *     says otherwise
     */
    CompletableFuture<Result> write(Command.Builder command, Deadline deadline);

    /** A state of this member that has in it every write that was acknowledged to any client before the call. */
    CompletableFuture<KeyValueState> linearizableState(Deadline deadline);

    /** The state that this member has reached, as far as it has come. */
    KeyValueState currentState();

    /** How this member stands. */
    ServerStatus status();

    /**
     * The members of the group.
     *
     * @param state tells what they have said of themselves
     */
    List<Member> members(KeyValueState state);
}
