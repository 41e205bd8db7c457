package dev.keelraft.example.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.keelraft.example.etcd.wire.PutRequest;
import dev.keelraft.example.kv.CommandCodec;
import dev.keelraft.example.kv.EtcdError;
import dev.keelraft.example.kv.KeyValueState;
import dev.keelraft.example.kv.RefusedException;
import dev.keelraft.example.kv.wire.Command;
import dev.keelraft.example.kv.wire.MemberAttributes;
import dev.keelraft.example.kv.wire.Refusal;
import dev.keelraft.example.kv.wire.Result;
import dev.keelraft.example.server.Writes.Answer;
import dev.keelraft.example.server.Writes.Attempt;
import dev.keelraft.example.server.Writes.Obstacle;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;

/** The writes of one member, with a log that is a list and a real state machine. */
class WritesTest {
    private static final int ANSWER_TICKS = 10;

    private final FakeLeader leader = new FakeLeader();
    private final Writes writes = new Writes(
            leader, MemberAttributes.newBuilder().setId(7).setName("m7").build(), new Random(1), ANSWER_TICKS);

    /** What is proposed, and how the test answers. */
    private static final class FakeLeader implements Writes.Proposer {
        private record Proposal(Command command, Answer answer) {}

        private final List<Proposal> proposals = new ArrayList<>();
        private KeyValueState state = KeyValueState.EMPTY;
        private long index;

        /** What every proposal is answered with at once, unless silent. */
        private Attempt atOnce = Attempt.NOT_TAKEN;

        private boolean silent;
        private boolean hasLeader = true;
        private Optional<Obstacle> obstacle = Optional.empty();

        @Override
        public void propose(byte[] data, Answer answer) {
            try {
                proposals.add(new Proposal(CommandCodec.decode(data), answer));
            } catch (InvalidProtocolBufferException e) {
                throw new AssertionError(e);
            }
            if (!silent) {
                answer.attempted(atOnce);
            }
        }

        @Override
        public boolean canPropose() {
            return hasLeader;
        }

        @Override
        public Optional<Obstacle> obstacle() {
            return obstacle;
        }

        @Override
        public long appliedIndex() {
            return index;
        }

        Command last() {
            return proposals.get(proposals.size() - 1).command;
        }

        Result apply(Command command) {
            KeyValueState.Applied applied = state.apply(command, ++index);
            state = applied.state();
            return applied.result();
        }
    }

    private static Command.Builder put(String key) {
        return Command.newBuilder()
                .setPut(PutRequest.newBuilder()
                        .setKey(ByteString.copyFromUtf8(key))
                        .setValue(ByteString.copyFromUtf8("v")));
    }

    private CompletableFuture<Result> add(String key) {
        CompletableFuture<Result> future = new CompletableFuture<>();
        add(put(key), future);
        return future;
    }

    private void add(Command.Builder command, CompletableFuture<Result> future) {
        writes.add(command, command.buildPartial().getSerializedSize(), 1_000, future);
    }

    /** A write whose end is of no interest. */
    private void start(String key) {
        add(put(key), new CompletableFuture<>());
    }

    private void commit(Command command) {
        writes.applied(command, leader.apply(command));
    }

    /** Opens the session, and takes every proposal into the log from then on. */
    private void register() {
        leader.atOnce = Attempt.IN_LOG;
        writes.leaderChanged();
        commit(leader.last());
    }

    private static EtcdError errorOf(CompletableFuture<?> future) {
        assertThat(future).isCompletedExceptionally();
        Throwable thrown = catchThrowable(future::join);
        assertThat(thrown).isInstanceOf(CompletionException.class);
        return ((RefusedException) Objects.requireNonNull(thrown.getCause())).error();
    }

    @Test
    void nothing_leaves_before_the_session_is_open() {
        CompletableFuture<Result> write = add("a");
        assertThat(leader.proposals).isEmpty();

        register();

        assertThat(leader.proposals).hasSize(2);
        assertThat(leader.last().getPut().getKey().toStringUtf8()).isEqualTo("a");
        commit(leader.last());
        assertThat(write.join().hasPut()).isTrue();
    }

    @Test
    void a_write_is_proposed_again_until_it_is_taken_and_again_when_the_leader_changes() {
        register();
        leader.atOnce = Attempt.NOT_TAKEN;
        CompletableFuture<Result> write = add("a");
        writes.tick(0);
        writes.tick(0);
        assertThat(leader.proposals).as("one attempt, and one each tick").hasSize(1 + 3);
        leader.atOnce = Attempt.IN_LOG;
        writes.tick(0);
        writes.tick(0);
        assertThat(leader.proposals).as("it is in the log").hasSize(1 + 4);

        writes.leaderChanged();

        assertThat(leader.proposals).hasSize(1 + 5);
        assertThat(write).isNotDone();
    }

    @Test
    void all_copies_of_a_write_have_one_name_and_count_once() {
        register();
        CompletableFuture<Result> write = add("a");
        Command first = leader.last();
        writes.leaderChanged();
        Command second = leader.last();
        assertThat(second.getSequence()).isEqualTo(first.getSequence());
        assertThat(second.getSession()).isEqualTo(first.getSession());

        commit(first);
        long revision = leader.state.revision();
        commit(second);

        assertThat(write.join().getPut().getHeader().getRevision()).isEqualTo(revision);
        assertThat(leader.state.revision()).isEqualTo(revision);
    }

    @Test
    void an_answer_to_an_earlier_attempt_says_nothing_about_the_last() {
        register();
        leader.silent = true;
        CompletableFuture<Result> write = add("a");
        Answer early = leader.proposals.get(1).answer;
        writes.leaderChanged();
        early.attempted(Attempt.TOO_LARGE);
        assertThat(write).isNotDone();

        early.attempted(Attempt.NOT_TAKEN);
        writes.tick(0);

        assertThat(leader.proposals).as("the last attempt is still out").hasSize(3);
    }

    @Test
    void an_attempt_without_an_answer_counts_as_lost_after_some_ticks() {
        register();
        leader.silent = true;
        start("a");
        for (int i = 0; i < ANSWER_TICKS; i++) {
            writes.tick(0);
        }
        assertThat(leader.proposals).hasSize(2);
        writes.tick(0);
        assertThat(leader.proposals).hasSize(3);
    }

    @Test
    void the_mark_is_the_lowest_pending_sequence() {
        register();
        start("a");
        Command a = leader.last();
        start("b");
        assertThat(leader.last().getAcknowledgedBelow()).isEqualTo(a.getSequence());
        commit(a);
        start("c");
        assertThat(leader.last().getAcknowledgedBelow()).isEqualTo(a.getSequence() + 1);
    }

    @Test
    void at_its_deadline_a_write_that_was_never_taken_has_no_leader_and_any_other_is_unknown() {
        CompletableFuture<Result> unregistered = add("z");
        writes.tick(1_000);
        assertThat(errorOf(unregistered)).isEqualTo(EtcdError.NO_LEADER);

        register();
        leader.atOnce = Attempt.NOT_TAKEN;
        CompletableFuture<Result> never = add("a");
        leader.atOnce = Attempt.UNKNOWN;
        CompletableFuture<Result> maybe = add("b");
        leader.atOnce = Attempt.NOT_TAKEN;
        writes.tick(999);
        assertThat(never).isNotDone();
        assertThat(maybe).isNotDone();

        writes.tick(1_000);

        assertThat(errorOf(never)).isEqualTo(EtcdError.NO_LEADER);
        assertThat(errorOf(maybe))
                .as("the earlier attempt may have reached the log")
                .isEqualTo(EtcdError.TIMEOUT);
        assertThat(writes.size()).isZero();
    }

    @Test
    void without_somebody_to_propose_to_nothing_is_tried_and_nothing_is_in_doubt() {
        register();
        leader.hasLeader = false;
        CompletableFuture<Result> write = add("a");
        writes.tick(0);
        assertThat(leader.proposals).hasSize(1);
        writes.tick(1_000);
        assertThat(errorOf(write)).isEqualTo(EtcdError.NO_LEADER);
    }

    @Test
    void a_leader_that_takes_on_no_more_is_too_many_requests_at_once() {
        register();
        leader.atOnce = Attempt.LEADER_FULL;
        assertThat(errorOf(add("a"))).isEqualTo(EtcdError.TOO_MANY_REQUESTS);
    }

    @Test
    void a_write_of_which_a_copy_may_be_in_a_log_is_tried_again_until_that_is_known() {
        register();
        leader.atOnce = Attempt.UNKNOWN;
        CompletableFuture<Result> write = add("a");
        leader.atOnce = Attempt.LEADER_FULL;
        writes.tick(0);
        leader.atOnce = Attempt.HANDING_OVER;
        for (int i = 0; i < 2 * ANSWER_TICKS; i++) {
            writes.tick(0);
        }
        assertThat(write).isNotDone();
        leader.atOnce = Attempt.IN_LOG;
        writes.tick(0);
        commit(leader.last());
        assertThat(write).isCompleted();
    }

    @Test
    void a_hand_over_is_hidden_when_the_next_leader_comes_soon() {
        register();
        leader.atOnce = Attempt.HANDING_OVER;
        CompletableFuture<Result> write = add("a");
        for (int i = 1; i < ANSWER_TICKS / 2; i++) {
            writes.tick(0);
        }
        assertThat(write).isNotDone();
        leader.atOnce = Attempt.IN_LOG;
        writes.leaderChanged();
        commit(leader.last());
        assertThat(write).isCompleted();
    }

    @Test
    void a_hand_over_that_lasts_is_told_to_those_who_wait_and_at_once_to_those_who_come() {
        register();
        leader.atOnce = Attempt.HANDING_OVER;
        CompletableFuture<Result> waits = add("a");
        for (int i = 0; i < ANSWER_TICKS / 2; i++) {
            assertThat(waits).isNotDone();
            start("b" + i);
            writes.tick(0);
        }
        assertThat(errorOf(waits)).isEqualTo(EtcdError.LEADER_CHANGED);

        leader.silent = true;
        start("keeps it from being forgotten");
        leader.silent = false;
        assertThat(errorOf(add("c"))).isEqualTo(EtcdError.LEADER_CHANGED);
    }

    @Test
    void the_next_hand_over_is_a_blip_again() {
        register();
        leader.atOnce = Attempt.HANDING_OVER;
        start("a");
        for (int i = 0; i < ANSWER_TICKS; i++) {
            writes.tick(0);
        }
        assertThat(writes.size()).isZero();
        writes.tick(0);
        assertThat(add("nobody wrote in between")).isNotDone();

        leader.atOnce = Attempt.IN_LOG;
        start("b");
        for (int i = 0; i < ANSWER_TICKS; i++) {
            writes.tick(0);
        }
        leader.atOnce = Attempt.HANDING_OVER;
        assertThat(add("the leader took one in between")).isNotDone();
    }

    /** A write that reached no log, one that may have, and one that comes later, and what each of them is told. */
    private void assertObstacle(Obstacle obstacle, EtcdError notExecuted, Optional<EtcdError> unknown) {
        leader.obstacle = Optional.empty();
        leader.hasLeader = true;
        leader.atOnce = Attempt.NOT_TAKEN;
        CompletableFuture<Result> untaken = add("untaken");
        leader.atOnce = Attempt.IN_LOG;
        CompletableFuture<Result> inLog = add("in the log");
        Command copy = leader.last();
        leader.hasLeader = false;
        leader.obstacle = Optional.of(obstacle);

        CompletableFuture<Result> comes = add("comes");
        assertThat(errorOf(comes)).as("at once").isEqualTo(notExecuted);
        assertThat(untaken).isNotDone();
        writes.tick(0);

        assertThat(errorOf(untaken)).as("with a tick").isEqualTo(notExecuted);
        if (unknown.isPresent()) {
            assertThat(errorOf(inLog)).isEqualTo(unknown.get());
        } else {
            assertThat(inLog).isNotDone();
            commit(copy);
            assertThat(inLog).isCompleted();
        }
        assertThat(writes.size()).isZero();
    }

    @Test
    void what_lasts_is_told_to_those_who_wait_and_at_once_to_those_who_come() {
        register();
        assertObstacle(Obstacle.NO_LEADER, EtcdError.NO_LEADER, Optional.of(EtcdError.LEADER_FAILED));
        assertObstacle(Obstacle.DISK_FULL, EtcdError.NO_SPACE, Optional.empty());
        assertObstacle(Obstacle.DISK_REMAINS_FULL, EtcdError.NO_SPACE, Optional.of(EtcdError.APPLY_STALLED));
        assertObstacle(Obstacle.DISK_STALLED, EtcdError.TOO_MANY_REQUESTS, Optional.of(EtcdError.APPLY_STALLED));
    }

    @Test
    void no_obstacle_ends_the_registration() {
        CompletableFuture<Result> waiting = add("a");
        for (Obstacle obstacle : Obstacle.values()) {
            leader.obstacle = Optional.of(obstacle);
            writes.tick(0);
        }
        assertThat(errorOf(waiting)).as("it waits for the session").isEqualTo(EtcdError.NO_LEADER);
        leader.obstacle = Optional.empty();
        for (Attempt answer : List.of(Attempt.LEADER_FULL, Attempt.HANDING_OVER)) {
            leader.atOnce = answer;
            for (int i = 0; i < ANSWER_TICKS; i++) {
                writes.tick(1_000_000);
            }
        }
        assertThat(leader.last().hasRegister()).isTrue();

        register();

        assertThat(add("b")).isNotDone();
        commit(leader.last());
        assertThat(leader.state.keyCount()).isEqualTo(1);
    }

    @Test
    void a_write_that_was_given_up_is_never_executed_later() {
        register();
        CompletableFuture<Result> late = add("a");
        Command copy = leader.last();
        writes.tick(1_000);
        assertThat(errorOf(late)).isEqualTo(EtcdError.TIMEOUT);
        start("b");
        commit(leader.last());

        commit(copy);

        assertThat(leader.state.keyCount()).as("b alone").isEqualTo(1);
    }

    @Test
    void too_large_is_told_at_once() {
        register();
        leader.atOnce = Attempt.TOO_LARGE;
        assertThat(errorOf(add("a"))).isEqualTo(EtcdError.REQUEST_TOO_LARGE);
        assertThat(writes.size()).isZero();
    }

    @Test
    void more_than_may_be_pending_is_refused_and_makes_room_again() {
        register();
        List<CompletableFuture<Result>> pending = new ArrayList<>();
        for (int i = 0; i < Writes.MAX_PENDING; i++) {
            pending.add(add("k" + i));
        }
        assertThat(errorOf(add("too much"))).isEqualTo(EtcdError.TOO_MANY_REQUESTS);

        commit(leader.proposals.get(1).command);

        assertThat(pending.get(0)).isCompleted();
        assertThat(add("fits")).isNotDone();
    }

    @Test
    void the_bytes_of_pending_writes_are_bounded_and_given_back() {
        register();
        ByteString megabyte = ByteString.copyFrom(new byte[1 << 20]);
        List<Command> proposed = new ArrayList<>();
        CompletableFuture<Result> last = new CompletableFuture<>();
        for (int i = 0; !last.isDone(); i++) {
            last = new CompletableFuture<>();
            add(
                    Command.newBuilder()
                            .setPut(PutRequest.newBuilder()
                                    .setKey(ByteString.copyFromUtf8("k" + i))
                                    .setValue(megabyte)),
                    last);
            proposed.add(leader.last());
        }
        assertThat(errorOf(last)).isEqualTo(EtcdError.TOO_MANY_REQUESTS);
        assertThat(writes.size()).isBetween(60, 63);
        commit(proposed.get(0));
        assertThat(add("fits")).isNotDone();
    }

    @Test
    void a_session_that_had_to_go_is_replaced_and_what_was_pending_is_unknown() {
        register();
        long before = writes.session();
        CompletableFuture<Result> pending = add("a");

        writes.applied(
                leader.last(),
                Result.newBuilder().setRefusal(Refusal.UNKNOWN_SESSION).build());

        assertThat(errorOf(pending)).isEqualTo(EtcdError.TIMEOUT);
        assertThat(writes.session()).isNotEqualTo(before);
        assertThat(leader.last().hasRegister()).isTrue();
        assertThat(leader.last().getRegister().getAppliedIndex()).isEqualTo(leader.index);
        CompletableFuture<Result> next = add("b");
        commit(leader.last());
        commit(leader.last());
        assertThat(next.join().hasPut()).isTrue();
    }

    @Test
    void a_full_session_makes_a_write_wait() {
        register();
        CompletableFuture<Result> write = add("a");
        writes.applied(
                leader.last(),
                Result.newBuilder().setRefusal(Refusal.SESSION_FULL).build());
        assertThat(write).isNotDone();
        writes.tick(0);
        commit(leader.last());
        assertThat(write).isCompleted();
    }

    @Test
    void commands_of_other_sessions_are_none_of_its_business() {
        register();
        CompletableFuture<Result> write = add("a");
        Command other =
                leader.last().toBuilder().setSession(writes.session() + 1).build();
        writes.applied(
                other, Result.newBuilder().setRefusal(Refusal.UNKNOWN_SESSION).build());
        assertThat(write).isNotDone();
    }

    @Test
    void stopping_ends_all() {
        CompletableFuture<Result> waiting = add("a");
        writes.stop();
        assertThat(errorOf(waiting)).isEqualTo(EtcdError.STOPPED);
        assertThat(writes.size()).isZero();
    }
}
