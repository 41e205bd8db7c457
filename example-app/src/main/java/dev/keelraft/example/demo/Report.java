package dev.keelraft.example.demo;

import java.util.List;

/**
 * What is to be said in the end.
 *
 * @param before the writes before the kill
 * @param after the writes since the kill
 * @param electionSeconds from the kill until a new leader said so
 * @param catchUpSeconds from the new start of the killed member until it had all that the leader had
 * @param repeated attempts without an outcome, which were repeated
 * @param foundDone how many of these had been executed all the same
 * @param acknowledged acknowledged writes
 * @param unknown writes that were sent and never acknowledged
 * @param violations the first few answers that cannot be if each write counts once
 * @param violationCount how many such answers there were
 * @param members what was read from each member, in their order
 */
record Report(
        Pace.Figures before,
        Pace.Figures after,
        double electionSeconds,
        double catchUpSeconds,
        long repeated,
        long foundDone,
        int acknowledged,
        int unknown,
        List<String> violations,
        long violationCount,
        List<ReadBack.Result> members) {
    Report {
        violations = List.copyOf(violations);
        members = List.copyOf(members);
    }

    /** Nothing was lost and nothing was executed twice, and there was something that could have been. */
    boolean isGood() {
        return acknowledged > 0
                && violationCount == 0
                && members.size() == Servers.COUNT
                && members.stream().allMatch(ReadBack.Result::isGood);
    }

    /** Tells all of it. */
    void tell(Narration narration) {
        narration.line("");
        narration.line("Writes          %15s %15s", "before the kill", "since the kill");
        narration.line("  acknowledged  %,15d %,15d", before.count(), after.count());
        narration.line("  p50           %12.1f ms %12.1f ms", before.p50Millis(), after.p50Millis());
        narration.line("  p99           %12.1f ms %12.1f ms", before.p99Millis(), after.p99Millis());
        narration.line("  longest stall %12.1f ms %12.1f ms", before.longestGapMillis(), after.longestGapMillis());
        narration.line("Fail-over");
        narration.line("  new leader after %.2f s; writes stalled for %.2f s", electionSeconds, stallSeconds());
        narration.line("  killed member caught up %.2f s after its new start", catchUpSeconds);
        narration.line("  attempts without an answer, repeated: %,d; found done already: %,d", repeated, foundDone);
        narration.line("%-12s%14s %10s %6s %9s %7s", "Read back", "keys", "executed", "lost", "doubled", "wrong");
        for (int i = 0; i < members.size(); i++) {
            ReadBack.Result member = members.get(i);
            Ledger.Verdict verdict = member.verdict();
            narration.line(
                    "  from n%-4d%,14d %,10d %,6d %,9d %,7d",
                    i + 1, verdict.found(), member.executed(), verdict.lost(), verdict.doubled(), verdict.wrong());
        }
        if (unknown > 0) {
            narration.line("  %,d writes have no known outcome: they may be there once, or not", unknown);
        }
        narration.line("");
        if (isGood()) {
            narration.line("GOOD: %,d acknowledged writes, none lost, none doubled, one leader killed.", acknowledged);
        } else {
            tellWhatIsWrong(narration);
        }
    }

    /** The longest time in which nobody's write was acknowledged, since the kill. */
    private double stallSeconds() {
        return after.longestGapMillis() / 1e3;
    }

    private void tellWhatIsWrong(Narration narration) {
        narration.line("BAD:");
        if (acknowledged == 0) {
            narration.line("  no write was acknowledged");
        }
        if (violationCount > 0) {
            narration.line("  %,d answers that cannot be:", violationCount);
            violations.forEach(violation -> narration.line("    %s", violation));
        }
        for (int i = 0; i < members.size(); i++) {
            ReadBack.Result member = members.get(i);
            if (!member.isGood()) {
                Ledger.Verdict verdict = member.verdict();
                narration.line(
                        "  n%d: %,d lost, %,d doubled, %,d wrong; %,d writes executed for %,d keys",
                        i + 1, verdict.lost(), verdict.doubled(), verdict.wrong(), member.executed(), verdict.found());
                verdict.described().forEach(what -> narration.line("    %s", what));
            }
        }
    }
}
