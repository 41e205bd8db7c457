package dev.keelraft.example.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class InboxTest {
    private final Inbox inbox = new Inbox();

    @Test
    void tasks_come_out_in_their_order() {
        Inbox.Task first = loop -> {};
        Inbox.Task second = loop -> {};
        inbox.offer(first, 1);
        inbox.add(second);
        assertThat(inbox.poll()).isSameAs(first);
        assertThat(inbox.poll()).isSameAs(second);
        assertThat(inbox.poll()).isNull();
    }

    @Test
    void a_flood_is_turned_away_and_leaves_room_for_what_must_not_get_lost() {
        int taken = 0;
        while (inbox.offer(loop -> {}, 0)) {
            taken++;
        }
        assertThat(taken).isBetween(Inbox.MAX_TASKS / 2, Inbox.MAX_TASKS - 1);
        for (int i = 0; i < 100; i++) {
            assertThat(inbox.add(loop -> {})).isTrue();
        }
    }

    @Test
    void bytes_are_bounded_and_given_back() {
        assertThat(inbox.offer(loop -> {}, Inbox.MAX_BYTES)).isTrue();
        assertThat(inbox.offer(loop -> {}, 1)).isFalse();
        assertThat(inbox.add(loop -> {})).isTrue();
        inbox.poll();
        assertThat(inbox.offer(loop -> {}, 1)).isTrue();
    }

    @Test
    void closed_it_takes_nothing_and_abandons_what_is_there() {
        AtomicInteger abandoned = new AtomicInteger();
        Inbox.Task task = new Inbox.Task() {
            @Override
            public void run(KernelLoop loop) {
                throw new AssertionError("it was abandoned");
            }

            @Override
            public void abandon() {
                abandoned.incrementAndGet();
            }
        };
        inbox.offer(task, 0);
        inbox.add(task);
        inbox.close();
        assertThat(abandoned).hasValue(2);
        assertThat(inbox.offer(task, 0)).isFalse();
        assertThat(inbox.add(task)).isFalse();
        assertThat(inbox.isClosed()).isTrue();
    }

    /** A wake-up that got lost would cost its task the rest of the sleep, here an hour each time. */
    @Test
    @Timeout(60)
    void no_wake_up_gets_lost() throws InterruptedException {
        int tasks = 20_000;
        CountDownLatch taken = new CountDownLatch(tasks);
        Thread owner = new Thread(() -> {
            while (taken.getCount() > 0) {
                while (inbox.poll() != null) {
                    taken.countDown();
                }
                if (taken.getCount() > 0) {
                    inbox.await(TimeUnit.HOURS.toNanos(1));
                }
            }
        });
        owner.start();
        for (int i = 0; i < tasks; i++) {
            while (!inbox.add(loop -> {})) {
                Thread.onSpinWait();
            }
        }
        taken.await();
        owner.join();
    }
}
