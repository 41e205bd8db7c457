package dev.keelraft.example.kv;

import com.google.protobuf.Message;
import dev.keelraft.example.etcd.wire.DeleteRangeRequest;
import dev.keelraft.example.etcd.wire.DeleteRangeResponse;
import dev.keelraft.example.etcd.wire.PutRequest;
import dev.keelraft.example.etcd.wire.PutResponse;
import dev.keelraft.example.etcd.wire.RangeRequest;
import dev.keelraft.example.etcd.wire.RangeResponse;
import dev.keelraft.example.etcd.wire.TxnRequest;
import dev.keelraft.example.etcd.wire.TxnResponse;
import dev.keelraft.example.kv.wire.Command;
import dev.keelraft.example.kv.wire.MemberAttributes;
import dev.keelraft.example.kv.wire.Registration;
import dev.keelraft.example.kv.wire.Result;

/**
 * A group of one member without a log: a session that numbers its commands, acknowledges each result, and applies them
 * at once.
 */
final class TestMember {
    static final long SESSION = 7;

    private KeyValueState state = KeyValueState.EMPTY;
    private long index;
    private long sequence;

    TestMember() {
        apply(register(SESSION, 1, 0));
    }

    /** The registration of a session, with its sequence. */
    static Command register(long session, long sequence, long appliedIndex) {
        return Command.newBuilder()
                .setSession(session)
                .setSequence(sequence)
                .setRegister(Registration.newBuilder()
                        .setAppliedIndex(appliedIndex)
                        .setMember(MemberAttributes.newBuilder().setId(1).setName("n1")))
                .build();
    }

    KeyValueState state() {
        return state;
    }

    long index() {
        return index;
    }

    private Result apply(Command command) {
        KeyValueState.Applied applied = state.apply(command, ++index);
        state = applied.state();
        sequence = command.getSequence();
        return applied.result();
    }

    private Result apply(Command.Builder operation) {
        return apply(operation
                .setSession(SESSION)
                .setSequence(sequence + 1)
                .setAcknowledgedBelow(sequence + 1)
                .build());
    }

    /** The result of a command with this operation. */
    Result write(Message request) {
        if (request instanceof PutRequest put) {
            return apply(Command.newBuilder().setPut(put));
        }
        if (request instanceof DeleteRangeRequest deletion) {
            return apply(Command.newBuilder().setDeleteRange(deletion));
        }
        return apply(Command.newBuilder().setTxn((TxnRequest) request));
    }

    /**
     * What a client is told: the response without what the state machine does not know, or a status code and a text.
     */
    Object ask(Message request) {
        if (request instanceof RangeRequest range) {
            try {
                return state.range(range);
            } catch (RefusedException e) {
                return error(e.error().code(), e.error().text());
            }
        }
        Result result = write(request);
        return switch (result.getOutcomeCase()) {
            case PUT -> result.getPut();
            case DELETE_RANGE -> result.getDeleteRange();
            case TXN -> result.getTxn();
            case ERROR -> error(result.getError().getCode(), result.getError().getText());
            case REGISTERED, REFUSAL, OUTCOME_NOT_SET -> throw new AssertionError(result);
        };
    }

    static String error(int code, String text) {
        return "error " + code + " " + text;
    }

    PutResponse put(String key, String value) {
        return (PutResponse) ask(Requests.put(key, value));
    }

    RangeResponse range(RangeRequest request) {
        return (RangeResponse) ask(request);
    }

    DeleteRangeResponse delete(DeleteRangeRequest request) {
        return (DeleteRangeResponse) ask(request);
    }

    TxnResponse txn(TxnRequest request) {
        return (TxnResponse) ask(request);
    }
}
