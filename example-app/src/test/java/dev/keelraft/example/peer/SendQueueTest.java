package dev.keelraft.example.peer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.keelraft.example.peer.SendQueue.Offer;
import dev.keelraft.model.Message;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class SendQueueTest {
    private static final Message MESSAGE = TestNet.heartbeat(TestNet.A, TestNet.B, 1);

    /** Steps of 1 to 9 offer a message of so many bytes; 0 polls; -1 closes; -2 opens. */
    @Property(tries = 500)
    void a_queue_keeps_the_order_and_both_bounds_and_says_each_overflow_once(
            @ForAll @Size(max = 60) List<@IntRange(min = -2, max = 9) Integer> steps) {
        SendQueue queue = new SendQueue(4, 20);
        Deque<Message> twin = new ArrayDeque<>();
        Deque<Integer> sizes = new ArrayDeque<>();
        boolean open = true;
        boolean overflow = false;
        boolean idle = true;
        for (int step : steps) {
            int sum = sizes.stream().mapToInt(Integer::intValue).sum();
            if (step > 0) {
                Message message = TestNet.heartbeat(TestNet.A, TestNet.B, step);
                Offer expected;
                if (!open) {
                    expected = Offer.CLOSED;
                } else if (twin.size() >= 4 || (!twin.isEmpty() && sum + step > 20)) {
                    expected = overflow ? Offer.FULL : Offer.FULL_FIRST;
                    overflow = true;
                } else {
                    expected = idle ? Offer.QUEUED_WAKE_SENDER : Offer.QUEUED;
                    idle = false;
                    twin.add(message);
                    sizes.add(step);
                }
                assertThat(queue.offer(message, step)).isEqualTo(expected);
            } else if (step == 0) {
                assertThat(queue.poll()).isSameAs(twin.poll());
                idle = idle || sizes.poll() == null;
                int left = sizes.stream().mapToInt(Integer::intValue).sum();
                overflow = overflow && (sizes.size() > 2 || left > 10);
            } else if (step == -1) {
                assertThat(queue.close()).isEqualTo(twin.size());
                twin.clear();
                sizes.clear();
                open = false;
                idle = true;
                overflow = false;
            } else {
                queue.open();
                open = true;
            }
            assertThat(queue.messages()).isEqualTo(twin.size()).isLessThanOrEqualTo(4);
            assertThat(queue.bytes())
                    .isEqualTo(sizes.stream().mapToInt(Integer::intValue).sum())
                    .isLessThanOrEqualTo(20);
        }
    }

    @Example
    void a_message_that_is_longer_than_the_queue_may_have_goes_alone() {
        SendQueue queue = new SendQueue(4, 20);
        assertThat(queue.offer(MESSAGE, 100)).isEqualTo(Offer.QUEUED_WAKE_SENDER);
        assertThat(queue.offer(MESSAGE, 1)).isEqualTo(Offer.FULL_FIRST);
        assertThat(queue.poll()).isSameAs(MESSAGE);
        assertThat(queue.offer(MESSAGE, 1)).isEqualTo(Offer.QUEUED);
    }
}
