package dev.keelraft.wal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.keelraft.model.HardState;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;

/** Overwritten tails, again and again, in segments so small that most of them reach across a border: the last writer wins. */
class ConflictsTest {
    private static final int GROUPS = 2;

    private record Step(int kind, int group, int back, int count, int bytes) {}

    @Provide
    Arbitrary<List<Step>> steps() {
        Arbitrary<Integer> kinds =
                Arbitraries.frequency(Tuple.of(12, 0), Tuple.of(2, 1), Tuple.of(3, 2), Tuple.of(1, 3), Tuple.of(1, 4));
        Arbitrary<Step> step = Combinators.combine(
                        kinds,
                        Arbitraries.integers().between(0, GROUPS - 1),
                        Arbitraries.integers().between(0, 12),
                        Arbitraries.integers().between(1, 6),
                        Arbitraries.of(0, 1, 60, 900, 3500))
                .as(Step::new);
        return step.list().ofMinSize(5).ofMaxSize(60);
    }

    @Property(tries = 150)
    void the_last_writer_wins_wherever_the_segments_end(@ForAll("steps") List<Step> steps) {
        Driver host = new Driver(new MemoryFiles(), Driver.smallOptions(1)).withGroups(GROUPS);
        host.create();
        for (Step step : steps) {
            host.group(step.group() == 0 ? 0 : -7);
            take(host, step);
            assertThat(Driver.allOf(host.wal())).isEqualTo(host.all());
        }
        host.files().kill();
        host.open();
        host.close();
        host.open();
    }

    private static void take(Driver host, Step step) {
        LogState now = host.now();
        long commit = now.hardState().commit();
        switch (step.kind()) {
            case 0 -> {
                long first = Math.max(commit, now.lastIndex() - step.back()) + 1;
                long term = Math.max(1, now.hardState().term()) + 1;
                // Every overwrite is of a term of its own, as one by a new leader is.
                host.append(
                        new HardState(term, 0, commit),
                        host.some(Math.max(term, now.lastTerm()), first, step.count(), step.bytes()));
            }
            case 1 ->
                host.append(
                        new HardState(
                                Math.max(1, now.hardState().term()),
                                now.hardState().vote(),
                                Math.min(now.lastIndex(), commit + step.count())),
                        List.of());
            case 2 -> host.sync();
            case 3 -> {
                host.close();
                host.open();
            }
            default -> {
                host.sync();
                host.files().kill();
                host.open();
            }
        }
    }
}
