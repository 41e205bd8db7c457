package dev.keelraft.example.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.keelraft.FailedRead;
import dev.keelraft.FailedRead.Reason;
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
    private final List<byte[]> questions = new ArrayList<>();
    private ReadResult answer = ReadResult.ACCEPTED;
    private boolean hopeless;
    private final Reads reads = new Reads(
            new Reads.Question() {
                @Override
                public ReadResult ask(byte[] context) {
                    questions.add(context);
                    return answer;
                }

                @Override
                public boolean isHopeless() {
                    return hopeless;
                }
            },
            99);

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

    private void fail(int question, Reason reason, boolean leads) {
        reads.failed(new FailedRead(questions.get(question), reason), leads);
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
            fail(i, Reason.TIMED_OUT, true);
        }
        assertThat(questions).hasSize(3).doesNotHaveDuplicates();
        assertThat(questions.get(0)).hasSize(16).isNotEqualTo(questions.get(1));
        assertThat(questions.get(1)).isNotEqualTo(questions.get(2));
    }

    @Test
    void a_question_that_the_leader_did_not_answer_is_asked_again_for_as_long_as_there_is_time() {
        CompletableFuture<KeyValueState> read = add();
        CompletableFuture<KeyValueState> later = new CompletableFuture<>();
        reads.ask();
        reads.add(1_000, later);
        for (int i = 0; i < 5; i++) {
            fail(i, Reason.TIMED_OUT, true);
            reads.ask();
        }
        assertThat(questions).hasSize(6);
        confirm(0, 1);
        reads.applied(1, KeyValueState.EMPTY);
        assertThat(read).as("an old question's answer").isNotDone();
        confirm(5, 1);
        reads.applied(1, KeyValueState.EMPTY);
        assertThat(read).isDone();
        assertThat(later).as("it waited and went with the second").isDone();
    }

    @Test
    void when_the_leader_is_gone_and_there_is_another_it_is_asked_once_more() {
        CompletableFuture<KeyValueState> read = add();
        reads.ask();
        fail(0, Reason.LEADER_CHANGED, true);
        assertThat(read).isNotDone();
        reads.ask();
        assertThat(questions).hasSize(2);

        CompletableFuture<KeyValueState> first = add();
        fail(1, Reason.LEADER_CHANGED, true);

        assertThat(errorOf(read)).as("two leaders are enough").isEqualTo(EtcdError.LEADER_CHANGED);
        reads.ask();
        confirm(2, 1);
        reads.applied(1, KeyValueState.EMPTY);
        assertThat(first).isDone();
    }

    @Test
    void when_the_leader_is_gone_and_there_is_no_other_reads_end_at_once() {
        for (Reason reason : List.of(Reason.LEADERSHIP_LOST, Reason.LEADER_CHANGED)) {
            CompletableFuture<KeyValueState> asked = add();
            reads.ask();
            CompletableFuture<KeyValueState> waiting = add();
            fail(questions.size() - 1, reason, false);
            assertThat(errorOf(asked)).isEqualTo(EtcdError.LEADER_CHANGED);
            assertThat(waiting).as("nobody was asked for it").isNotDone();
            reads.ask();
            confirm(questions.size() - 1, 1);
            reads.applied(1, KeyValueState.EMPTY);
            assertThat(waiting).isDone();
        }
    }

    @Test
    void a_failure_of_an_earlier_question_says_nothing_about_the_last() {
        CompletableFuture<KeyValueState> read = add();
        reads.ask();
        fail(0, Reason.TIMED_OUT, true);
        reads.ask();
        fail(0, Reason.LEADERSHIP_LOST, false);
        assertThat(read).isNotDone();
        confirm(1, 1);
        reads.applied(1, KeyValueState.EMPTY);
        assertThat(read).isDone();
    }

    @Test
    void too_many_are_told_so_at_once() {
        answer = ReadResult.TOO_MANY;
        CompletableFuture<KeyValueState> read = add();
        assertThat(reads.ask()).isFalse();
        assertThat(errorOf(read)).isEqualTo(EtcdError.TOO_MANY_REQUESTS);
        answer = ReadResult.ACCEPTED;
        start();
        assertThat(reads.ask()).isTrue();
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
    void without_a_leader_for_long_reads_end_at_once_and_so_do_those_that_come() {
        answer = ReadResult.NO_LEADER;
        CompletableFuture<KeyValueState> early = add();
        reads.ask();
        assertThat(early).isNotDone();
        hopeless = true;
        reads.ask();
        assertThat(errorOf(early)).isEqualTo(EtcdError.NO_LEADER);
        CompletableFuture<KeyValueState> late = add();
        reads.ask();
        assertThat(errorOf(late)).isEqualTo(EtcdError.NO_LEADER);
    }

    @Test
    void what_waits_for_an_entry_that_will_not_be_applied_ends_and_nothing_else_does() {
        CompletableFuture<KeyValueState> near = add();
        reads.ask();
        confirm(0, 5);
        CompletableFuture<KeyValueState> far = add();
        reads.ask();
        confirm(1, 6);
        CompletableFuture<KeyValueState> asked = add();
        reads.ask();

        reads.giveUpBeyond(5);

        assertThat(errorOf(far)).isEqualTo(EtcdError.APPLY_STALLED);
        assertThat(List.of(near, asked)).noneMatch(CompletableFuture::isDone);
        reads.applied(5, KeyValueState.EMPTY);
        assertThat(near).isCompleted();
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
