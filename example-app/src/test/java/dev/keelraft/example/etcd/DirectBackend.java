package dev.keelraft.example.etcd;

import dev.keelraft.example.etcd.wire.Member;
import dev.keelraft.example.kv.KeyValueState;
import dev.keelraft.example.kv.wire.Command;
import dev.keelraft.example.kv.wire.MemberAttributes;
import dev.keelraft.example.kv.wire.Registration;
import dev.keelraft.example.kv.wire.Result;
import io.grpc.Deadline;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** A group of one member that applies each command at once: everything behind the services but Raft. */
public final class DirectBackend implements KeyValueBackend {
    static final long CLUSTER = 0xc105_7e50_0000_0001L;
    static final long MEMBER = 0x8e9e_05c5_2164_694dL;

    private static final long SESSION = 1;

    private final List<Deadline> linearizableReads = new ArrayList<>();
    private KeyValueState state = KeyValueState.EMPTY;
    private long index;
    private long sequence;

    /** A group without keys. */
    public DirectBackend() {
        register("http://127.0.0.1:2379");
    }

    /** The member says that clients reach it there. */
    void register(String clientUrl) {
        var unused = apply(Command.newBuilder()
                .setRegister(Registration.newBuilder()
                        .setMember(MemberAttributes.newBuilder()
                                .setId(MEMBER)
                                .setName("n1")
                                .addPeerUrls("http://127.0.0.1:2380")
                                .addClientUrls(clientUrl))));
    }

    private synchronized Result apply(Command.Builder command) {
        sequence++;
        KeyValueState.Applied applied = state.apply(
                command.setSession(SESSION)
                        .setSequence(sequence)
                        .setAcknowledgedBelow(sequence)
                        .build(),
                ++index);
        state = applied.state();
        return applied.result();
    }

    @Override
    public CompletableFuture<Result> write(Command.Builder command, Deadline deadline) {
        return CompletableFuture.completedFuture(apply(command));
    }

    @Override
    public synchronized CompletableFuture<KeyValueState> linearizableState(Deadline deadline) {
        linearizableReads.add(deadline);
        return CompletableFuture.completedFuture(state);
    }

    @Override
    public synchronized KeyValueState currentState() {
        return state;
    }

    @Override
    public synchronized ServerStatus status() {
        return new ServerStatus(CLUSTER, MEMBER, 3, MEMBER, index, index, false, false);
    }

    @Override
    public List<Member> members(KeyValueState of) {
        List<Member> members = new ArrayList<>();
        for (MemberAttributes attributes : of.members()) {
            members.add(Member.newBuilder()
                    .setID(attributes.getId())
                    .setName(attributes.getName())
                    .addAllPeerURLs(attributes.getPeerUrlsList())
                    .addAllClientURLs(attributes.getClientUrlsList())
                    .build());
        }
        return members;
    }

    /** How many commands were applied, registrations included. */
    synchronized long commands() {
        return index;
    }

    /** The deadlines of the linearizable reads. */
    synchronized List<Deadline> linearizableReads() {
        return List.copyOf(linearizableReads);
    }
}
