package dev.keelraft.tracker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import net.jqwik.api.constraints.IntRange;

/** The window of appends in flight, against a list. */
class InflightsTest {
    private enum Kind {
        ADD,
        FREE,
        RESET
    }

    /** One call; the numbers are read as far as it takes them. */
    private record Call(Kind kind, int step, int bytes) {}

    private record Append(long lastIndex, long bytes) {}

    @Provide
    Arbitrary<List<Call>> calls() {
        Arbitrary<Kind> kinds = Arbitraries.frequencyOf(
                Tuple.of(12, Arbitraries.just(Kind.ADD)),
                Tuple.of(5, Arbitraries.just(Kind.FREE)),
                Tuple.of(1, Arbitraries.just(Kind.RESET)));
        return Combinators.combine(
                        kinds,
                        Arbitraries.integers().between(0, 6),
                        Arbitraries.integers().between(0, 20))
                .as(Call::new)
                .list()
                .ofMaxSize(120);
    }

    @Property(tries = 500, edgeCases = EdgeCasesMode.NONE)
    void it_is_a_list_that_is_full_when_one_of_its_bounds_is_reached(
            @ForAll("calls") List<Call> calls,
            @ForAll @IntRange(min = 1, max = 20) int messagesMax,
            @ForAll @IntRange(min = 1, max = 100) int bytesMax) {
        Inflights inflights = new Inflights(messagesMax, bytesMax);
        List<Append> twin = new ArrayList<>();
        long last = 0;
        for (Call call : calls) {
            switch (call.kind()) {
                case ADD -> {
                    last += 1 + call.step();
                    Append append = new Append(last, call.bytes());
                    if (isFull(twin, messagesMax, bytesMax)) {
                        assertThatThrownBy(() -> inflights.add(append.lastIndex(), append.bytes()))
                                .isInstanceOf(IllegalStateException.class)
                                .hasMessageContaining("full");
                    } else {
                        inflights.add(append.lastIndex(), append.bytes());
                        twin.add(append);
                    }
                }
                case FREE -> {
                    // Somewhere between before the first, on an edge, between two, and behind the last.
                    long through = last - call.bytes() / 2 + 1;
                    inflights.freeThrough(through);
                    twin.removeIf(append -> append.lastIndex() <= through);
                }
                case RESET -> {
                    inflights.reset();
                    twin.clear();
                }
            }
            assertThat(inflights.count()).isEqualTo(twin.size());
            assertThat(inflights.bytes())
                    .isEqualTo(twin.stream().mapToLong(Append::bytes).sum());
            assertThat(inflights.isFull()).isEqualTo(isFull(twin, messagesMax, bytesMax));
        }
    }

    private static boolean isFull(List<Append> twin, int messagesMax, long bytesMax) {
        return twin.size() >= messagesMax
                || twin.stream().mapToLong(Append::bytes).sum() >= bytesMax;
    }

    @Example
    void one_append_may_cross_the_bound_in_bytes() {
        Inflights inflights = new Inflights(10, 100);
        inflights.add(1, 99);
        assertThat(inflights.isFull()).isFalse();
        inflights.add(2, 1_000);
        assertThat(inflights.isFull()).isTrue();
        assertThat(inflights.bytes()).isEqualTo(1_099);
    }

    @Example
    void an_acknowledgement_frees_exactly_the_appends_that_it_covers() {
        Inflights inflights = new Inflights(10, Long.MAX_VALUE);
        inflights.add(3, 1);
        inflights.add(5, 1);
        inflights.add(8, 1);
        inflights.freeThrough(2);
        assertThat(inflights.count()).isEqualTo(3);
        inflights.freeThrough(5);
        assertThat(inflights.count()).isEqualTo(1);
        inflights.freeThrough(7);
        assertThat(inflights.count()).isEqualTo(1);
        inflights.freeThrough(8);
        assertThat(inflights.count()).isZero();
    }
}
