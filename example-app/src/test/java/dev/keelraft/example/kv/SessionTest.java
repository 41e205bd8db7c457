package dev.keelraft.example.kv;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.keelraft.example.etcd.wire.PutRequest;
import dev.keelraft.example.kv.wire.Command;
import dev.keelraft.example.kv.wire.MemberAttributes;
import dev.keelraft.example.kv.wire.Refusal;
import dev.keelraft.example.kv.wire.Registered;
import dev.keelraft.example.kv.wire.Result;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a session promises, fact by fact. */
class SessionTest {
    private KeyValueState state = KeyValueState.EMPTY;
    private long index;

    private Result apply(Command command) {
        KeyValueState.Applied applied = state.apply(command, ++index);
        state = applied.state();
        return applied.result();
    }

    private Result open(long session) {
        return apply(TestMember.register(session, 1, index));
    }

    private static Command put(long session, long sequence, long acknowledgedBelow, PutRequest put) {
        return Command.newBuilder()
                .setSession(session)
                .setSequence(sequence)
                .setAcknowledgedBelow(acknowledgedBelow)
                .setPut(put)
                .build();
    }

    private static Command put(long session, long sequence, long acknowledgedBelow) {
        return put(session, sequence, acknowledgedBelow, Requests.put("key", "value"));
    }

    @Test
    void a_copy_has_the_result_of_the_first_and_changes_nothing() {
        open(1);
        Result first = apply(put(1, 2, 2));
        apply(put(1, 3, 2));
        KeyValueState before = state;

        assertThat(apply(put(1, 2, 2))).isEqualTo(first);
        assertThat(state).isEqualTo(before);
    }

    @Test
    void an_error_is_a_result_too() {
        open(1);
        PutRequest keep =
                Requests.put("key", "").toBuilder().setIgnoreValue(true).build();
        Result first = apply(put(1, 2, 2, keep));
        apply(put(1, 3, 2));

        assertThat(first.getError()).isEqualTo(EtcdError.KEY_NOT_FOUND.toWire());
        assertThat(apply(put(1, 2, 2, keep))).isEqualTo(first);
        assertThat(state.revision()).isEqualTo(2);
    }

    @Test
    void commands_may_come_in_any_order() {
        open(1);

        assertThat(apply(put(1, 5, 2)).hasPut()).isTrue();
        assertThat(apply(put(1, 2, 2)).hasPut()).isTrue();
        assertThat(state.revision()).isEqualTo(3);
    }

    @Test
    void what_is_acknowledged_is_forgotten_and_never_executed_again() {
        open(1);
        apply(put(1, 2, 2));
        apply(put(1, 3, 2));
        assertThat(session(1).results()).containsOnlyKeys(2L, 3L);

        apply(put(1, 5, 4));

        assertThat(session(1).results()).containsOnlyKeys(5L);
        assertThat(apply(put(1, 2, 2)).getRefusal()).isEqualTo(Refusal.ALREADY_ACKNOWLEDGED);
        assertThat(apply(put(1, 4, 4)).hasPut()).isTrue();
        assertThat(state.revision()).isEqualTo(5);
    }

    @Test
    void what_was_never_executed_is_not_either_once_it_is_acknowledged() {
        open(1);
        apply(put(1, 3, 3));

        assertThat(apply(put(1, 2, 2)).getRefusal()).isEqualTo(Refusal.ALREADY_ACKNOWLEDGED);
        assertThat(apply(put(1, 4, 5)).getRefusal()).isEqualTo(Refusal.ALREADY_ACKNOWLEDGED);
        assertThat(state.revision()).isEqualTo(2);
    }

    @Test
    void the_mark_never_falls() {
        open(1);
        apply(put(1, 2, 2));
        apply(put(1, 3, 3));
        apply(put(1, 4, 2));

        assertThat(session(1).acknowledgedBelow()).isEqualTo(3);
    }

    @Test
    void a_session_that_was_never_opened_is_refused() {
        KeyValueState before = state;

        assertThat(apply(put(1, 2, 2)).getRefusal()).isEqualTo(Refusal.UNKNOWN_SESSION);
        assertThat(state).isEqualTo(before);
    }

    @Test
    void to_register_again_brings_new_attributes_and_keeps_the_session() {
        open(1);
        Result first = apply(put(1, 2, 2));
        Command.Builder again = TestMember.register(1, 3, 0).toBuilder();
        again.getRegisterBuilder()
                .setMember(MemberAttributes.newBuilder().setId(1).setName("renamed"));

        assertThat(apply(again.build()).hasRegistered()).isTrue();

        assertThat(state.members()).extracting(MemberAttributes::getName).containsExactly("renamed");
        assertThat(apply(put(1, 2, 2))).isEqualTo(first);
    }

    @Test
    void members_are_listed_by_ascending_unsigned_id() {
        for (long id : new long[] {-1, 5, 1}) {
            Command.Builder register = TestMember.register(id, 1, 0).toBuilder();
            register.getRegisterBuilder()
                    .setMember(MemberAttributes.newBuilder().setId(id));
            apply(register.build());
        }

        assertThat(state.members()).extracting(MemberAttributes::getId).containsExactly(1L, 5L, -1L);
    }

    @Test
    void where_there_are_too_many_sessions_the_one_goes_that_executed_nothing_for_longest() {
        for (long session = 1; session <= SessionTable.MAX_SESSIONS; session++) {
            open(session);
        }
        apply(put(1, 2, 2));
        assertThat(state.sessionCount()).isEqualTo(1_024);

        open(5_000);

        assertThat(state.sessionCount()).isEqualTo(1_024);
        assertThat(apply(put(2, 2, 2)).getRefusal()).isEqualTo(Refusal.UNKNOWN_SESSION);
        assertThat(apply(put(1, 3, 2)).hasPut()).isTrue();
        assertThat(apply(put(3, 2, 2)).hasPut()).isTrue();
    }

    @Test
    void a_copy_does_not_count_as_use() {
        for (long session = 1; session <= SessionTable.MAX_SESSIONS; session++) {
            open(session);
        }
        apply(TestMember.register(1, 1, 0));

        open(5_000);

        assertThat(apply(put(1, 2, 2)).getRefusal()).isEqualTo(Refusal.UNKNOWN_SESSION);
    }

    /** Session 1 writes and has to go; then old copies of its registration and of its write arrive. */
    @Test
    void an_old_copy_of_a_registration_does_not_open_a_session_that_had_to_go() {
        Command register = TestMember.register(1, 1, index);
        apply(register);
        apply(put(1, 2, 2));
        for (long session = 2; session <= SessionTable.MAX_SESSIONS + 1; session++) {
            open(session);
        }
        assertThat(session(2)).isNotNull();
        long revision = state.revision();

        assertThat(apply(register).getRefusal()).isEqualTo(Refusal.REGISTRATION_TOO_OLD);
        assertThat(apply(put(1, 2, 2)).getRefusal()).isEqualTo(Refusal.UNKNOWN_SESSION);
        assertThat(state.revision()).isEqualTo(revision);
        assertThat(open(9_999).hasRegistered())
                .as("a registration that has seen the eviction")
                .isTrue();
    }

    @Test
    void a_session_refuses_more_results_than_it_may_keep_and_loses_none() {
        open(1);
        List<Result> results = new ArrayList<>();
        for (long sequence = 3; results.size() < Session.MAX_RESULTS; sequence++) {
            results.add(apply(put(1, sequence, 2)));
        }
        long next = 3L + results.size();
        KeyValueState before = state;
        assertThat(session(1).results()).hasSize(Session.MAX_RESULTS);

        assertThat(apply(put(1, next, 2)).getRefusal()).isEqualTo(Refusal.SESSION_FULL);
        assertThat(state).isEqualTo(before);
        assertThat(apply(put(1, 3, 2))).isEqualTo(results.get(0));

        // The one at the mark has room, and when it is acknowledged others have.
        assertThat(apply(put(1, 2, 2)).hasPut()).isTrue();
        assertThat(apply(put(1, next, 2)).getRefusal()).isEqualTo(Refusal.SESSION_FULL);
        assertThat(apply(put(1, next, 5)).hasPut()).isTrue();
        assertThat(state.revision()).isEqualTo(1 + results.size() + 2);
    }

    @Test
    void a_session_refuses_larger_results_than_it_may_keep() {
        open(1);
        ByteString mebibyte = ByteString.copyFrom(new byte[1 << 20]);
        PutRequest large = PutRequest.newBuilder()
                .setKey(Requests.bytes("key"))
                .setValue(mebibyte)
                .setPrevKv(true)
                .build();
        // The first one returns nothing; 63 of a little more than a MiB fit.
        for (long sequence = 3; sequence < 3 + 64; sequence++) {
            assertThat(apply(put(1, sequence, 2, large)).hasPut()).isTrue();
        }
        assertThat(session(1).resultBytes()).isLessThanOrEqualTo(Session.MAX_RESULT_BYTES);
        KeyValueState before = state;

        assertThat(apply(put(1, 100, 2, large)).getRefusal()).isEqualTo(Refusal.SESSION_FULL);
        assertThat(state).isEqualTo(before);
        assertThat(apply(put(1, 100, 2, Requests.put("key", "small"))).hasPut())
                .as("a small one fits")
                .isTrue();
        assertThat(apply(put(1, 101, 101, large)).hasPut()).isTrue();
        assertThat(session(1).results()).containsOnlyKeys(101L);
    }

    @Test
    void the_size_of_the_sessions_is_that_of_all_their_results() {
        open(1);
        open(2);
        Result registered = Result.newBuilder()
                .setRegistered(Registered.getDefaultInstance())
                .build();
        long without = state.sessions().bytes() - 2 * Session.bytesOf(registered);

        Result first = apply(put(1, 2, 2));
        Result second = apply(put(2, 2, 2));
        assertThat(state.sessions().bytes()).isEqualTo(without + Session.bytesOf(first) + Session.bytesOf(second));

        apply(put(1, 2, 3));
        assertThat(state.sessions().bytes()).isEqualTo(without + Session.bytesOf(second));
    }

    @Test
    void the_size_of_a_session_goes_with_it() {
        open(1);
        apply(put(1, 2, 2));
        for (long session = 2; session <= SessionTable.MAX_SESSIONS; session++) {
            open(session);
        }
        apply(put(2, 2, 0));
        apply(put(1, 3, 3));
        long before = state.sessions().bytes();
        // Session 3 goes, which is as large as the one that comes.
        open(5_000);

        assertThat(state.sessions().bytes()).isEqualTo(before);
        assertThat(state.sessions().find(3)).isNull();
    }

    private Session session(long id) {
        Session session = state.sessions().find(id);
        if (session == null) {
            throw new AssertionError("no session " + id);
        }
        return session;
    }
}
