package dev.keelraft.example.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import net.jqwik.api.Example;

class PaceTest {
    private static final long MILLI = 1_000_000;

    private final Pace pace = new Pace();

    @Example
    void the_gap_that_the_kill_interrupts_counts_as_one_after_it() {
        pace.acknowledged(0, 10 * MILLI);
        pace.acknowledged(10 * MILLI, 30 * MILLI);
        pace.leaderKilled();
        pace.acknowledged(25 * MILLI, 1030 * MILLI);
        pace.acknowledged(1030 * MILLI, 1031 * MILLI);

        assertThat(pace.beforeKill().longestGapMillis()).isEqualTo(20);
        assertThat(pace.afterKill().longestGapMillis()).isEqualTo(1000);
        assertThat(pace.afterKill().maxMillis()).isCloseTo(1005, within(1.0));
        assertThat(pace.count()).isEqualTo(4);
        assertThat(pace.beforeKill().count()).isEqualTo(2);
    }

    @Example
    void a_stall_that_never_ends_counts_up_to_the_end() {
        pace.acknowledged(0, 10 * MILLI);
        pace.leaderKilled();
        pace.finish(5010 * MILLI);

        assertThat(pace.afterKill().longestGapMillis()).isEqualTo(5000);
        assertThat(pace.afterKill().count()).isZero();
    }

    @Example
    void the_time_before_the_first_write_is_no_gap() {
        pace.acknowledged(7000 * MILLI, 8000 * MILLI);

        assertThat(pace.beforeKill().longestGapMillis()).isZero();
        assertThat(pace.beforeKill().p50Millis()).isCloseTo(1000, within(1.0));
    }
}
