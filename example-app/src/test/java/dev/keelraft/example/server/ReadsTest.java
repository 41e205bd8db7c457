package dev.keelraft.example.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.keelraft.ReadResult;
import dev.keelraft.ReadState;
import dev.keelraft.example.kv.EtcdError;
import dev.keelraft.example.kv.KeyValueState;
import dev.keelraft.example.kv.RefusedException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class ReadsTest {
    private static final int ANSWER_TICKS = 10;

    private final List<byte[]> questions = new ArrayList<>();
    private ReadResult answer = ReadResult.ACCEPTED;
    private final Reads reads = new Reads(this::question, 99, ANSWER_TICKS);

    private ReadResult question(byte[] context) {
        questions.add(context);
        return answer;
    }

    private CompletableFuture<KeyValueState> add() {
        CompletableFuture<KeyValueState> future = new CompletableFuture<>();
        reads.add(1_000, future);
        return future;
    }

    /** A read whose end is of no interest. */
    private void start() {
        reads.add(1_000, new CompletableFuture<>());
    }

    private void confirm(int question, long index) {
        reads.confirmed(new ReadState(index, questions.get(question)));
    }

    private static EtcdError errorOf(CompletableFuture<?> future) {
        assertThat(future).isCompletedExceptionally();
        Throwable cause = catchThrowable(future::join).getCause();
        assertThat(cause).isInstanceOf(RefusedException.class);
        return ((RefusedException) Objects.requireNonNull(cause)).error();
    }

    @Test
    void a_read_waits_for_the_leader_and_then_for_the_index() {
        CompletableFuture<KeyValueState> read = add();
        reads.ask();
        reads.applied(100, KeyValueState.EMPTY);
        assertThat(read).as("nobody has confirmed").isNotDone();
        confirm(0, 101);
        reads.applied(100, KeyValueState.EMPTY);
        assertThat(read).as("not applied yet").isNotDone();
        reads.applied(101, KeyValueState.EMPTY);
        assertThat(read.join()).isSameAs(KeyValueState.EMPTY);
    }

    @Test
    void reads_that_come_while_a_question_is_out_share_the_next_one() {
        CompletableFuture<KeyValueState> first = add();
        reads.ask();
        CompletableFuture<KeyValueState> second = add();
        CompletableFuture<KeyValueState> third = add();
        reads.ask();
        assertThat(questions).hasSize(1);
        confirm(0, 5);
        reads.applied(5, KeyValueState.EMPTY);
        assertThat(first).isDone();
        assertThat(second).as("it came after the question").isNotDone();

        reads.ask();
        assertThat(questions).hasSize(2);
        confirm(1, 5);
        reads.applied(5, KeyValueState.EMPTY);
        assertThat(second).isDone();
        assertThat(third).isDone();
    }

    @Test
    void no_two_questions_have_the_same_name() {
        for (int i = 0; i < 3; i++) {
            start();
            reads.ask();
            reads.leaderChanged();
        }
        assertThat(questions).hasSize(3).doesNotHaveDuplicates();
        assertThat(questions.get(0)).hasSize(16).isNotEqualTo(questions.get(1));
        assertThat(questions.get(1)).isNotEqualTo(questions.get(2));
    }

    @Test
    void a_lost_question_is_asked_again_and_its_late_answer_ignored() {
        CompletableFuture<KeyValueState> read = add();
        reads.ask();
        for (int i = 0; i <= ANSWER_TICKS; i++) {
            reads.tick(0, EtcdError.TIMEOUT);
            reads.ask();
        }
        assertThat(questions).hasSize(2);
        confirm(0, 1);
        reads.applied(1, KeyValueState.EMPTY);
        assertThat(read).isNotDone();
        confirm(1, 1);
        reads.applied(1, KeyValueState.EMPTY);
        assertThat(read).isDone();
    }

    @Test
    void without_a_leader_it_is_asked_with_each_turn_until_there_is_one() {
        answer = ReadResult.NO_LEADER;
        start();
        reads.ask();
        reads.ask();
        answer = ReadResult.FORWARDED;
        reads.ask();
        reads.ask();
        assertThat(questions).hasSize(3);
    }

    @Test
    void every_read_ends_at_its_deadline_wherever_it_waits() {
        CompletableFuture<KeyValueState> confirmed = add();
        reads.ask();
        confirm(0, 50);
        CompletableFuture<KeyValueState> asked = add();
        reads.ask();
        CompletableFuture<KeyValueState> waiting = add();

        reads.tick(999, EtcdError.TIMEOUT);
        assertThat(List.of(confirmed, asked, waiting)).noneMatch(CompletableFuture::isDone);
        reads.tick(1_000, EtcdError.TIMEOUT);

        assertThat(List.of(errorOf(confirmed), errorOf(asked), errorOf(waiting)))
                .containsOnly(EtcdError.TIMEOUT);
    }

    @Test
    void more_than_may_wait_is_refused() {
        for (int i = 0; i < Reads.MAX_WAITING; i++) {
            start();
        }
        assertThat(errorOf(add())).isEqualTo(EtcdError.TOO_MANY_REQUESTS);
    }

    @Test
    void stopping_ends_all() {
        CompletableFuture<KeyValueState> asked = add();
        reads.ask();
        CompletableFuture<KeyValueState> waiting = add();
        reads.stop();
        assertThat(errorOf(asked)).isEqualTo(EtcdError.STOPPED);
        assertThat(errorOf(waiting)).isEqualTo(EtcdError.STOPPED);
    }
}
