package dev.keelraft;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

/** E3, E4. */
class ElectionTimerTest {
    private static long ticksUntilTimeout(ElectionTimer timer) {
        long ticks = 0;
        while (!timer.isPastTimeout()) {
            timer.tick();
            ticks++;
        }
        return ticks;
    }

    @Test
    void timeouts_are_uniform_from_the_shortest_to_one_less_than_twice_that() {
        ElectionTimer timer = new ElectionTimer(10, new Random(3));
        TreeMap<Long, Integer> counts = new TreeMap<>();
        int draws = 10_000;
        for (int i = 0; i < draws; i++) {
            timer.redraw();
            counts.merge(ticksUntilTimeout(timer), 1, Integer::sum);
        }
        assertThat(counts.firstKey()).isEqualTo(10);
        assertThat(counts.lastKey()).isEqualTo(19);
        assertThat(counts.values()).hasSize(10).allMatch(count -> count > 850 && count < 1_150);
    }

    /** Kernel.md 4.1, PastElectionTimeout: the time-out is reached with the tick that completes it, not with the next. */
    @Test
    void the_time_out_has_passed_with_its_last_tick() {
        for (long drawn : new long[] {0, 3, 9, -1, Long.MIN_VALUE, Long.MAX_VALUE}) {
            RandomGenerator fixed = () -> drawn;
            ElectionTimer timer = new ElectionTimer(10, fixed);
            assertThat(ticksUntilTimeout(timer)).isEqualTo(10 + Long.remainderUnsigned(drawn, 10));
        }
    }

    @Test
    void a_restart_counts_anew_with_the_same_time_out_and_a_redraw_with_another() {
        long[] draws = {5, 7};
        int[] next = {0};
        ElectionTimer timer = new ElectionTimer(10, () -> draws[next[0]++]);
        timer.tick();
        timer.restart();
        assertThat(ticksUntilTimeout(timer)).isEqualTo(15);
        timer.restart();
        assertThat(ticksUntilTimeout(timer)).isEqualTo(15);
        timer.redraw();
        assertThat(timer.isPastTimeout()).isFalse();
        assertThat(ticksUntilTimeout(timer)).isEqualTo(17);
    }

    @Test
    void the_shortest_time_out_passes_for_all_alike() {
        ElectionTimer timer = new ElectionTimer(10, () -> 9);
        for (int i = 0; i < 9; i++) {
            timer.tick();
            assertThat(timer.isPastElectionTicks()).isFalse();
        }
        timer.tick();
        assertThat(timer.isPastElectionTicks()).isTrue();
        assertThat(timer.isPastTimeout()).isFalse();
    }

    /** A host may want a node that never campaigns by itself. */
    @Test
    void the_largest_time_out_does_not_overflow() {
        ElectionTimer timer = new ElectionTimer(Integer.MAX_VALUE, () -> Integer.MAX_VALUE - 1L);
        assertThat(timer.isPastTimeout()).isFalse();
        timer.tick();
        assertThat(timer.isPastTimeout()).isFalse();
    }
}
