package dev.keelraft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.keelraft.testkit.Dice;
import dev.keelraft.testkit.Linearizability;
import dev.keelraft.testkit.Operation;
import dev.keelraft.testkit.Simulation;
import dev.keelraft.testkit.SimulationOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The judge of what clients saw, judged by a slow twin and by another's. */
class LinearizabilityTest {
    private static Operation swap(long client, long value, long result, long invoked, long returned) {
        return new Operation(client, 0, true, value, result, invoked, returned);
    }

    private static Operation get(long client, long result, long invoked, long returned) {
        return new Operation(client, 0, false, 0, result, invoked, returned);
    }

    private static boolean isPossible(Operation... history) {
        return Linearizability.violation(List.of(history)).isEmpty();
    }

    @Test
    void nobody_reads_what_was_replaced_before_the_read_began() {
        assertThat(isPossible(swap(1, 7, 0, 1, 2), get(2, 7, 3, 4))).isTrue();
        assertThat(isPossible(swap(1, 7, 0, 1, 2), get(2, 0, 3, 4))).isFalse();
        assertThat(isPossible(swap(1, 7, 0, 1, 3), get(2, 0, 2, 4))).isTrue();
    }

    @Test
    void a_value_is_seen_for_good_once_it_was_seen() {
        Operation slow = swap(1, 7, 0, 1, 100);
        assertThat(isPossible(slow, get(2, 7, 2, 3), get(3, 0, 4, 5))).isFalse();
        assertThat(isPossible(slow, get(2, 0, 2, 3), get(3, 7, 4, 5))).isTrue();
    }

    @Test
    void a_command_that_takes_effect_twice_is_noticed() {
        // The value came back after another had replaced it.
        assertThat(isPossible(swap(1, 7, 0, 1, 2), swap(2, 8, 7, 3, 4), get(3, 7, 5, 6)))
                .isFalse();
        assertThat(isPossible(swap(1, 7, 0, 1, 2), swap(2, 8, 0, 3, 4))).isFalse();
    }

    @Test
    void a_command_without_an_answer_may_take_effect_at_any_time_or_never() {
        Operation open = swap(1, 7, 0, 1, Operation.NEVER);
        assertThat(isPossible(open, get(2, 0, 50, 51))).isTrue();
        assertThat(isPossible(open, get(2, 0, 50, 51), get(2, 7, 52, 53))).isTrue();
        assertThat(isPossible(open, get(2, 7, 50, 51), get(2, 0, 52, 53))).isFalse();
        assertThat(isPossible(get(2, 7, 1, 2), swap(1, 7, 0, 3, Operation.NEVER)))
                .isFalse();
    }

    @Test
    void registers_are_independent() {
        Operation other = new Operation(1, 1, true, 9, 0, 1, 2);
        assertThat(isPossible(other, get(2, 0, 3, 4))).isTrue();
    }

    @Property(tries = 3_000, edgeCases = EdgeCasesMode.NONE)
    void the_search_finds_an_order_if_there_is_one(@ForAll long seed) {
        List<Operation> history = history(new Dice(seed), 6);
        assertThat(Linearizability.violation(history).isEmpty())
                .as("%s", history)
                .isEqualTo(canBeOrdered(history, new ArrayList<>(), 0));
    }

    /** A short history of clients that see something near the truth, or not. */
    private static List<Operation> history(Dice dice, int size) {
        List<Operation> history = new ArrayList<>();
        long value = 0;
        long[] free = new long[3];
        for (int i = 0; i < size; i++) {
            int client = dice.nextInt(free.length);
            long invoked = Math.max(free[client], 10L * i - dice.nextInt(30)) + 1;
            long returned = invoked + 1 + dice.nextInt(40);
            boolean write = dice.nextBoolean();
            boolean open = write && dice.chance(200);
            long seen = dice.chance(250) ? dice.nextInt(size + 1) : value;
            history.add(new Operation(
                    client, 0, write, write ? i + 1 : 0, seen, invoked, open ? Operation.NEVER : returned));
            free[client] = open ? Operation.NEVER / 2 + i : returned;
            if (open) {
                free[client] = returned;
            }
            if (write && !(open && dice.nextBoolean())) {
                value = i + 1L;
            }
        }
        return history;
    }

    /* All orders, one after the other. */
    private static boolean canBeOrdered(List<Operation> left, List<Operation> before, long value) {
        if (left.stream().allMatch(operation -> operation.returned() == Operation.NEVER)) {
            return true;
        }
        for (Operation next : left) {
            boolean isFirst = left.stream().allMatch(other -> other.returned() >= next.invoked());
            boolean open = next.returned() == Operation.NEVER;
            if (isFirst && (open || next.result() == value)) {
                List<Operation> rest = new ArrayList<>(left);
                rest.remove(next);
                List<Operation> taken = new ArrayList<>(before);
                taken.add(next);
                if (canBeOrdered(rest, taken, next.write() ? next.value() : value)) {
                    return true;
                }
            }
        }
        return false;
    }

    /** Porcupine, in Go, where there is Go and its module can be had. */
    @Test
    void porcupine_comes_to_the_same_verdicts(@TempDir Path directory) throws IOException, InterruptedException {
        assumeTrue(runs(directory, "go", "version"), "Go is not installed");
        for (String name : List.of("main.go", "go.mod", "go.sum")) {
            try (var in = LinearizabilityTest.class.getResourceAsStream("/porcupine/" + name + ".txt")) {
                Files.copy(
                        Objects.requireNonNull(in, name), directory.resolve(name), StandardCopyOption.REPLACE_EXISTING);
            }
        }
        assumeTrue(runs(directory, "go", "build", "-o", "judge", "."), "the module of porcupine cannot be had");

        List<Boolean> ours = new ArrayList<>();
        StringBuilder histories = new StringBuilder();
        for (long seed = 1; seed <= 300; seed++) {
            List<Operation> history = history(new Dice(seed), 8);
            ours.add(Linearizability.violation(history).isEmpty());
            append(histories, history);
        }
        for (long seed = 1; seed <= 20; seed++) {
            List<Operation> history = Simulation.run(
                            SimulationOptions.defaults().withMillis(8_000), seed)
                    .history();
            ours.add(Linearizability.violation(history).isEmpty());
            append(histories, history);
        }
        Files.writeString(directory.resolve("histories"), histories);
        assertThat(runs(directory, directory.resolve("judge").toString(), "histories", "verdicts"))
                .isTrue();
        List<Boolean> theirs = Files.readAllLines(directory.resolve("verdicts")).stream()
                .map(Boolean::valueOf)
                .toList();
        assertThat(ours).isEqualTo(theirs);
        assertThat(ours).contains(true, false);
    }

    private static void append(StringBuilder text, List<Operation> history) {
        for (Operation operation : history) {
            text.append(String.join(
                            " ",
                            Long.toString(operation.client()),
                            Long.toString(operation.key()),
                            operation.write() ? "w" : "r",
                            Long.toString(operation.value()),
                            operation.returned() == Operation.NEVER ? "?" : Long.toString(operation.result()),
                            Long.toString(operation.invoked()),
                            Long.toString(operation.returned())))
                    .append('\n');
        }
        text.append("--\n");
    }

    private static boolean runs(Path directory, String... command) throws IOException, InterruptedException {
        try {
            Process process = new ProcessBuilder(command)
                    .directory(directory.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(directory.resolve("output").toFile())
                    .start();
            if (!process.waitFor(120, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                return false;
            }
            return process.exitValue() == 0;
        } catch (IOException e) {
            return false;
        }
    }
}
