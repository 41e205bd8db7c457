package dev.keelraft.testkit;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * Decides whether clients saw registers: whether every operation can be given a moment between its call and its return so that in
 * the order of these moments each sees what the one before has left (Herlihy and Wing, 1990).
 *
 * <p>The search is Wing and Gong's, with Lowe's memory of what was tried ("Testing for linearizability", 2017): of those
 * operations that nobody else had returned before they were called, one after the other is tried as the next; what is tried is a set
 * of operations and a value, and never tried twice. Registers are independent of each other, so each is decided by itself.
 */
public final class Linearizability {
    private final List<Operation> operations;
    private final BitSet taken = new BitSet();
    private final Set<Tried> tried = new HashSet<>();
    private int longest;

    /* Those before the first are all taken. */
    private record Tried(int first, BitSet behind, long value) {}

    private Linearizability(List<Operation> operations) {
        this.operations = operations;
    }

    /**
     * Checks a history.
     *
     * @return the operations of one register, up to the first that cannot be explained; empty if all can
     */
    public static Optional<List<Operation>> violation(List<Operation> history) {
        TreeMap<Integer, List<Operation>> byKey = new TreeMap<>();
        for (Operation operation : history) {
            // A read without an answer says nothing, and does nothing.
            if (operation.write() || !operation.isOpen()) {
                byKey.computeIfAbsent(operation.key(), key -> new ArrayList<>()).add(operation);
            }
        }
        for (List<Operation> operations : byKey.values()) {
            List<Operation> effective = withoutUnseen(operations);
            effective.sort(Comparator.comparingLong(Operation::invoked));
            Linearizability search = new Linearizability(effective);
            if (!search.isPossible()) {
                return Optional.of(List.copyOf(effective.subList(0, Math.min(search.longest + 1, effective.size()))));
            }
        }
        return Optional.empty();
    }

    /*
     * A write that was not answered, and whose value nobody has seen, can be left out: in any order that explains the others with
     * it, only another write without an answer can come behind it. One whose value was seen took effect before whoever saw it
     * returned. Without this, each of them could come anywhere, and there would be too many orders to try.
     */
    private static List<Operation> withoutUnseen(List<Operation> operations) {
        Map<Long, Long> seenBefore = new HashMap<>();
        for (Operation operation : operations) {
            if (!operation.isOpen()) {
                seenBefore.merge(operation.result(), operation.returned(), Math::min);
            }
        }
        List<Operation> effective = new ArrayList<>();
        for (Operation operation : operations) {
            if (!operation.isOpen()) {
                effective.add(operation);
            } else if (seenBefore.containsKey(operation.value())) {
                effective.add(operation.takingEffectBefore(seenBefore.get(operation.value())));
            }
        }
        return effective;
    }

    /** One place of the search: which operation comes next is tried from {@code next} on. */
    private static final class Step {
        private final long value;
        private int next;
        private int chosen = -1;

        Step(long value, int next) {
            this.value = value;
            this.next = next;
        }
    }

    private boolean isPossible() {
        List<Step> path = new ArrayList<>();
        path.add(new Step(0, 0));
        while (!path.isEmpty()) {
            Step step = path.get(path.size() - 1);
            if (taken.cardinality() == operations.size()) {
                return true;
            }
            int candidate = candidate(step);
            if (candidate < 0) {
                path.remove(path.size() - 1);
                if (!path.isEmpty()) {
                    taken.clear(path.get(path.size() - 1).chosen);
                }
                continue;
            }
            step.chosen = candidate;
            step.next = candidate + 1;
            Operation operation = operations.get(candidate);
            long value = operation.write() ? operation.value() : step.value;
            taken.set(candidate);
            int first = taken.nextClearBit(0);
            if (tried.add(new Tried(first, taken.get(first, taken.length()), value))) {
                longest = Math.max(longest, first);
                path.add(new Step(value, first));
            } else {
                taken.clear(candidate);
            }
        }
        return false;
    }

    /* Nobody may come before one that had returned before it was called. Sorted by call, so the search ends there. */
    private int candidate(Step step) {
        long earliestReturn = Operation.NEVER;
        for (int i = taken.nextClearBit(0); i < operations.size(); i = taken.nextClearBit(i + 1)) {
            Operation operation = operations.get(i);
            if (operation.invoked() > earliestReturn) {
                return -1;
            }
            earliestReturn = Math.min(earliestReturn, operation.returned());
            if (i >= step.next && (operation.result() == Operation.UNKNOWN || operation.result() == step.value)) {
                return i;
            }
        }
        return -1;
    }
}
