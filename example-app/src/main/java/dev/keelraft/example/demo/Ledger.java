package dev.keelraft.example.demo;

import dev.keelraft.example.etcd.wire.KeyValue;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * What the writers know of the outcome of each write, to be held against what the members have in the end. Threads may
 * share it.
 *
 * <p>A write is sent, and then acknowledged once any attempt was told that its value is there. One that was sent and
 * never acknowledged may be there or not, but at most once.
 */
final class Ledger {
    /** How many violations are described; the rest is counted. */
    private static final int DESCRIBED_MAX = 5;

    private final Workload workload;
    private final BitSet sent = new BitSet();
    private final BitSet acknowledged = new BitSet();
    private final List<String> violations = new ArrayList<>();
    private long violationCount;

    Ledger(Workload workload) {
        this.workload = workload;
    }

    /** An attempt of the write is about to leave. */
    synchronized void sent(int number) {
        sent.set(number);
    }

    /** The write is known to be there. */
    synchronized void acknowledged(int number) {
        acknowledged.set(number);
    }

    /** Something was answered that cannot be if each write counts once. */
    synchronized void violation(String what) {
        violationCount++;
        if (violations.size() < DESCRIBED_MAX) {
            violations.add(what);
        }
    }

    /** How many writes are acknowledged. */
    synchronized int acknowledgedCount() {
        return acknowledged.cardinality();
    }

    /** How many writes were sent and not acknowledged. */
    synchronized int unknownCount() {
        return sent.cardinality() - acknowledged.cardinality();
    }

    /** How many answers were impossible. */
    synchronized long violationCount() {
        return violationCount;
    }

    /** The first few impossible answers. */
    synchronized List<String> violations() {
        return List.copyOf(violations);
    }

    /** Starts to check what one member has. The writers must be done. */
    synchronized Check check() {
        return new Check(workload, (BitSet) sent.clone(), (BitSet) acknowledged.clone());
    }

    /** Goes through what one member has, pair by pair, and keeps count of what is wrong. For one thread. */
    static final class Check {
        private final Workload workload;
        private final BitSet sent;
        private final BitSet acknowledged;
        private final BitSet seen = new BitSet();
        private final List<String> described = new ArrayList<>();
        private long doubled;
        private long wrong;

        private Check(Workload workload, BitSet sent, BitSet acknowledged) {
            this.workload = workload;
            this.sent = sent;
            this.acknowledged = acknowledged;
        }

        /** The member has this pair. */
        void found(KeyValue pair) {
            int number = workload.numberOf(pair.getKey());
            String key = pair.getKey().toStringUtf8();
            if (number < 0 || !sent.get(number)) {
                wrong++;
                describe(key + " is there, and nobody has written it");
                return;
            }
            if (seen.get(number)) {
                doubled++;
                describe(key + " is there twice");
                return;
            }
            seen.set(number);
            if (!pair.getValue().equals(workload.value(number))) {
                wrong++;
                describe(key + " has the value '" + pair.getValue().toStringUtf8() + "' instead of '"
                        + workload.value(number).toStringUtf8() + "'");
            }
            if (pair.getVersion() != 1) {
                doubled++;
                describe(key + " has version " + pair.getVersion() + " instead of 1");
            }
        }

        /** All pairs were found: what is to be said of the member. */
        Verdict verdict() {
            BitSet missing = (BitSet) acknowledged.clone();
            missing.andNot(seen);
            missing.stream()
                    .limit(DESCRIBED_MAX)
                    .forEach(number ->
                            describe(workload.key(number).toStringUtf8() + " was acknowledged, and is not there"));
            BitSet unknown = (BitSet) seen.clone();
            unknown.andNot(acknowledged);
            return new Verdict(
                    seen.cardinality(), unknown.cardinality(), missing.cardinality(), doubled, wrong, described);
        }

        private void describe(String what) {
            if (described.size() < DESCRIBED_MAX) {
                described.add(what);
            }
        }
    }

    /**
     * What a member has, against what it must have.
     *
     * @param found how many of the writes are there
     * @param foundUnknown how many of these were never acknowledged, which is allowed
     * @param lost how many acknowledged writes are not there
     * @param doubled how many writes were executed more than once
     * @param wrong how many keys have another value than was written, or were written by nobody
     * @param described the first few of what is lost, doubled or wrong
     */
    record Verdict(int found, int foundUnknown, int lost, long doubled, long wrong, List<String> described) {
        Verdict {
            described = List.copyOf(described);
        }

        /** Nothing is lost, doubled or wrong. */
        boolean isGood() {
            return lost == 0 && doubled == 0 && wrong == 0;
        }
    }
}
