package dev.keelraft.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keelraft.model.Entry;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What goes from the thread that writes a log to the one that reads it. */
class MovesTest {
    private final Moves moves = new Moves();

    private Moves.Move add(long lsn) {
        Moves.Move move = moves.next();
        move.batch().clear();
        move.batch().entry(lsn, 1);
        move.fill(List.of(Entry.normal(1, lsn, new byte[0])), lsn, (int) (lsn % 1000), lsn - 1);
        moves.add();
        return move;
    }

    private Moves.Move first() {
        Moves.Move first = moves.first();
        if (first == null) {
            throw new AssertionError("nothing waits");
        }
        return first;
    }

    private void take(long lsn) {
        Moves.Move move = first();
        assertThat(move.frameLsn()).isEqualTo(lsn);
        assertThat(move.frameBytes()).isEqualTo((int) (lsn % 1000));
        assertThat(move.writtenLsn()).isEqualTo(lsn - 1);
        assertThat(move.batch().firstIndex()).isEqualTo(lsn);
        assertThat(move.entries())
                .singleElement()
                .satisfies(entry -> assertThat(entry.index()).isEqualTo(lsn));
        moves.removeFirst();
    }

    @Test
    void what_goes_in_comes_out_in_the_same_order() {
        assertThat(moves.first()).isNull();
        for (long lsn = 1; lsn <= 1000; lsn++) {
            add(lsn);
        }
        for (long lsn = 1; lsn <= 1000; lsn++) {
            take(lsn);
        }
        assertThat(moves.first()).isNull();
        assertThatThrownBy(moves::removeFirst).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void links_are_used_again() {
        Set<Moves.Move> used = Collections.newSetFromMap(new IdentityHashMap<>());
        for (long lsn = 1; lsn <= 1000; lsn += 2) {
            used.add(add(lsn));
            used.add(add(lsn + 1));
            take(lsn);
            take(lsn + 1);
        }
        assertThat(used).hasSizeLessThanOrEqualTo(4);
    }

    @Test
    void a_link_that_was_passed_keeps_nothing_alive() {
        Moves.Move move = add(1);
        take(1);
        assertThat(move.entries()).isEmpty();
        assertThat(move.batch().isEmpty()).isTrue();
    }

    @Test
    void links_that_a_long_wait_has_left_go_little_by_little() {
        for (long lsn = 1; lsn <= 1000; lsn++) {
            add(lsn);
        }
        for (long lsn = 1; lsn <= 1000; lsn++) {
            take(lsn);
        }
        for (long lsn = 1; lsn <= 1000; lsn++) {
            add(lsn);
            take(lsn);
        }
        Set<Moves.Move> kept = Collections.newSetFromMap(new IdentityHashMap<>());
        for (long lsn = 1; lsn <= 1000; lsn++) {
            kept.add(add(lsn));
            take(lsn);
        }
        assertThat(kept).hasSizeLessThanOrEqualTo(258);
    }

    @Test
    @Timeout(60)
    void each_of_two_threads_has_its_end() {
        int count = 200_000;
        CompletableFuture<Void> writer = CompletableFuture.runAsync(() -> {
            for (long lsn = 1; lsn <= count; lsn++) {
                add(lsn);
            }
        });
        for (long lsn = 1; lsn <= count; lsn++) {
            while (moves.first() == null) {
                Thread.onSpinWait();
            }
            take(lsn);
        }
        writer.join();
        assertThat(moves.first()).isNull();
    }
}
