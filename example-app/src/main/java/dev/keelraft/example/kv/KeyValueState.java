package dev.keelraft.example.kv;

import dev.keelraft.example.etcd.wire.RangeRequest;
import dev.keelraft.example.etcd.wire.RangeResponse;
import dev.keelraft.example.etcd.wire.TxnRequest;
import dev.keelraft.example.etcd.wire.TxnResponse;
import dev.keelraft.example.kv.wire.Command;
import dev.keelraft.example.kv.wire.MemberAttributes;
import dev.keelraft.example.kv.wire.Refusal;
import dev.keelraft.example.kv.wire.Registered;
import dev.keelraft.example.kv.wire.Registration;
import dev.keelraft.example.kv.wire.Result;
import java.util.Collection;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.pcollections.TreePMap;

/**
 * What the members replicate: the keys at their newest revision, what the members say of themselves, and the sessions
 * that make each command count once. It is an immutable value. {@link #apply} makes the next one and takes time
 * logarithmic in the number of keys; both share what did not change. Whoever holds a reference, on any thread, sees one
 * revision for as long as it likes.
 *
 * <p>It is deterministic: the same commands at the same indexes lead to equal states, on every member and every JVM.
 * Older revisions of keys are not kept yet; to ask for one is answered as if it had been compacted.
 */
public final class KeyValueState {
    /*
     * A command reaches the log more than once where a process proposes it again because it does not know what became
     * of the first time. (session, sequence) tells the copies; the first one in the log is executed, the others get its
     * result.
     *
     * That holds as long as the session is known, and for good:
     *
     * 1. A result is kept until the process has acknowledged it; behind the mark nothing is executed, known or not.
     * 2. A command of a session that is not known is refused, not executed: maybe it was, before the session had to go.
     * 3. A session that had to go is not opened again by an old copy of its registration. Say S registers at index 10,
     *    has to go at index 500, and a copy of its registration arrives at 600: it would open S with an empty table,
     *    and old copies of writes behind it would be executed a second time. But the copy says that its process had
     *    applied less than 10 when it drew S; that is below 500, the index at which a session last had to go, so it is
     *    refused.
     *
     * The rest of the contract is the process's: it draws a number once, with one registration, and draws another when
     * it is told that its session is unknown.
     */

    /** The state before the first entry of the log. */
    public static final KeyValueState EMPTY =
            new KeyValueState(KeyValueStore.EMPTY, TreePMap.empty(Session.ORDER), SessionTable.EMPTY);

    /** How many bytes a command may return. It bounds what a session has to remember, and a record of a snapshot. */
    static final int MAX_RESULT_BYTES = 32 << 20;

    /** How many bytes a read may return: what protobuf and gRPC can send at all, less some room. */
    private static final int MAX_READ_BYTES = Integer.MAX_VALUE - (64 << 20);

    private final KeyValueStore store;
    private final TreePMap<Long, MemberAttributes> members;
    private final SessionTable sessions;

    KeyValueState(KeyValueStore store, TreePMap<Long, MemberAttributes> members, SessionTable sessions) {
        this.store = store;
        this.members = members;
        this.sessions = sessions;
    }

    /**
     * A command and what became of it.
     *
     * @param state behind the command
     * @param result for the process that sent it
     */
    public record Applied(KeyValueState state, Result result) {}

    /**
     * Executes a command, if it was not executed before. It never throws: what cannot be done is a result that says so.
     *
     * <p>A copy of a command that was executed leaves the state as it is, and has the same result.
     *
     * @param index of the entry of the log. Entries are applied in ascending order
     */
    public Applied apply(Command command, long index) {
        Session session = sessions.find(command.getSession());
        SessionTable table = sessions;
        if (session == null) {
            if (!command.hasRegister()) {
                return refused(Refusal.UNKNOWN_SESSION);
            }
            if (Long.compareUnsigned(command.getRegister().getAppliedIndex(), sessions.evictedAt()) < 0) {
                return refused(Refusal.REGISTRATION_TOO_OLD);
            }
            table = sessions.makeRoom(index);
            session = Session.open(command.getSession(), command.getAcknowledgedBelow());
        }
        session = session.acknowledge(command.getAcknowledgedBelow());
        KeyValueState state = with(table.with(session));
        if (session.isAcknowledged(command.getSequence())) {
            return state.refused(Refusal.ALREADY_ACKNOWLEDGED);
        }
        Result known = session.result(command.getSequence());
        if (known != null) {
            return new Applied(state, known);
        }
        return state.execute(command, session, index);
    }

    private KeyValueState with(SessionTable table) {
        return new KeyValueState(store, members, table);
    }

    private Applied refused(Refusal refusal) {
        return new Applied(this, Result.newBuilder().setRefusal(refusal).build());
    }

    private Applied execute(Command command, Session session, long index) {
        Applied executed = switch (command.getOpCase()) {
            case REGISTER -> register(command.getRegister());
            case PUT ->
                write(transaction -> {
                    RequestValidator.check(command.getPut());
                    return Result.newBuilder().setPut(transaction.put(command.getPut()));
                });
            case DELETE_RANGE ->
                write(transaction -> {
                    RequestValidator.check(command.getDeleteRange());
                    return Result.newBuilder().setDeleteRange(transaction.deleteRange(command.getDeleteRange()));
                });
            case TXN ->
                write(transaction -> {
                    RequestValidator.check(command.getTxn());
                    return Result.newBuilder().setTxn(transaction.txn(command.getTxn()));
                });
            case OP_NOT_SET -> refused(Refusal.UNKNOWN_OPERATION);
        };
        if (executed.result.hasRefusal()) {
            return executed;
        }
        if (!session.hasRoomFor(command.getSequence(), executed.result)) {
            return refused(Refusal.SESSION_FULL);
        }
        SessionTable table = sessions.with(session.keep(command.getSequence(), executed.result, index));
        return new Applied(executed.state.with(table), executed.result);
    }

    private Applied register(Registration registration) {
        MemberAttributes member = registration.getMember();
        return new Applied(
                new KeyValueState(store, members.plus(member.getId(), member), sessions),
                Result.newBuilder()
                        .setRegistered(Registered.getDefaultInstance())
                        .build());
    }

    /** What a command does to the keys. */
    private interface Write {
        Result.Builder execute(Transaction transaction) throws RefusedException;
    }

    private Applied write(Write write) {
        Transaction transaction = new Transaction(store, new ResponseBudget(MAX_RESULT_BYTES));
        try {
            Result result = write.execute(transaction).build();
            return new Applied(new KeyValueState(transaction.after(), members, sessions), result);
        } catch (RefusedException e) {
            return new Applied(
                    this, Result.newBuilder().setError(e.error().toWire()).build());
        }
    }

    /**
     * Answers a range. Of the header the response has only the revision.
     *
     * @throws RefusedException if {@link RequestValidator#check(RangeRequest)} refuses it; with {@link
     *     EtcdError#FUTURE_REVISION} or {@link EtcdError#COMPACTED} for another than the newest revision; with {@link
     *     EtcdError#RESPONSE_TOO_LARGE}
     */
    public RangeResponse range(RangeRequest request) throws RefusedException {
        RequestValidator.check(request);
        return store.range(request, new ResponseBudget(MAX_READ_BYTES));
    }

    /**
     * Answers a transaction that only reads. Of the header the response has only the revision.
     *
     * @throws RefusedException if {@link RequestValidator#check(TxnRequest)} refuses it, and as {@link #range} does
     * @throws IllegalArgumentException if the transaction writes
     */
    public TxnResponse read(TxnRequest request) throws RefusedException {
        RequestValidator.check(request);
        Transaction transaction = new Transaction(store, new ResponseBudget(MAX_READ_BYTES));
        TxnResponse response = transaction.txn(request);
        if (transaction.hasWritten()) {
            throw new IllegalArgumentException("a transaction that writes has to pass through the log");
        }
        return response;
    }

    /** The revision of the newest write; 1 before the first one. */
    public long revision() {
        return store.revision();
    }

    /** How many keys there are. */
    public int keyCount() {
        return store.keys().size();
    }

    /**
     * What the members have said of themselves, by ascending id, unsigned. A member that never registered is missing.
     */
    public Collection<MemberAttributes> members() {
        return members.values();
    }

    /** How many sessions are open. */
    public int sessionCount() {
        return sessions.sessions().size();
    }

    /** About how many bytes of memory the state takes. Takes constant time. */
    public long approximateBytes() {
        return store.bytes() + sessions.bytes();
    }

    KeyValueStore store() {
        return store;
    }

    SessionTable sessions() {
        return sessions;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof KeyValueState that
                && store.equals(that.store)
                && members.equals(that.members)
                && sessions.equals(that.sessions);
    }

    @Override
    public int hashCode() {
        return Objects.hash(store, members, sessions);
    }

    @Override
    public String toString() {
        return "KeyValueState[revision=" + revision() + ", keys=" + keyCount() + ", members=" + members.size()
                + ", sessions=" + sessionCount() + "]";
    }
}
