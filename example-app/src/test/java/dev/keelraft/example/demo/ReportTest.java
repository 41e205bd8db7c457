package dev.keelraft.example.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import net.jqwik.api.Example;

class ReportTest {
    private static final Pace.Figures BEFORE = new Pace.Figures(12_345, 1.26, 9.87, 20, 25.5);
    private static final Pace.Figures AFTER = new Pace.Figures(54_321, 1.3, 10, 1400, 1234.5);
    private static final ReadBack.Result GOOD =
            new ReadBack.Result(new Ledger.Verdict(66_666, 0, 0, 0, 0, List.of()), 66_666);

    private static Report report(List<String> violations, ReadBack.Result... members) {
        return new Report(BEFORE, AFTER, 1.1, 0.9, 14, 3, 66_666, 0, violations, violations.size(), List.of(members));
    }

    private static String text(Report report) {
        StringWriter out = new StringWriter();
        report.tell(new Narration(new PrintWriter(out)));
        return out.toString();
    }

    @Example
    void what_is_good_is_told_in_figures() {
        Report report = report(List.of(), GOOD, GOOD, GOOD);

        assertThat(report.isGood()).isTrue();
        assertThat(text(report).lines())
                .containsExactly(
                        "",
                        "Writes          before the kill  since the kill",
                        "  acknowledged           12,345          54,321",
                        "  p50                    1.3 ms          1.3 ms",
                        "  p99                    9.9 ms         10.0 ms",
                        "  longest stall         25.5 ms       1234.5 ms",
                        "Fail-over",
                        "  new leader after 1.10 s; writes stalled for 1.23 s",
                        "  killed member caught up 0.90 s after its new start",
                        "  attempts without an answer, repeated: 14; found done already: 3",
                        "Read back             keys   executed   lost   doubled   wrong",
                        "  from n1           66,666     66,666      0         0       0",
                        "  from n2           66,666     66,666      0         0       0",
                        "  from n3           66,666     66,666      0         0       0",
                        "",
                        "GOOD: 66,666 acknowledged writes, none lost, none doubled, one leader killed.");
    }

    @Example
    void one_member_that_lost_a_write_spoils_it() {
        ReadBack.Result bad = new ReadBack.Result(
                new Ledger.Verdict(66_665, 0, 1, 0, 0, List.of("x was acknowledged, and is not there")), 66_665);

        Report report = report(List.of(), GOOD, bad, GOOD);

        assertThat(report.isGood()).isFalse();
        assertThat(text(report))
                .contains("BAD:")
                .contains("n2: 1 lost, 0 doubled, 0 wrong; 66,665 writes executed for 66,665 keys")
                .contains("x was acknowledged, and is not there")
                .doesNotContain("GOOD");
    }

    @Example
    void a_store_that_executed_more_writes_than_it_has_keys_spoils_it() {
        ReadBack.Result bad = new ReadBack.Result(GOOD.verdict(), 66_667);

        assertThat(report(List.of(), GOOD, GOOD, bad).isGood()).isFalse();
    }

    @Example
    void an_impossible_answer_spoils_it_and_is_told() {
        Report report = report(List.of("100% wrong"), GOOD, GOOD, GOOD);

        assertThat(report.isGood()).isFalse();
        assertThat(text(report)).contains("1 answers that cannot be:").contains("100% wrong");
    }

    @Example
    void without_writes_or_without_a_member_nothing_is_proved() {
        assertThat(report(List.of(), GOOD, GOOD).isGood()).isFalse();
        assertThat(new Report(BEFORE, AFTER, 1, 1, 0, 0, 0, 0, List.of(), 0, List.of(GOOD, GOOD, GOOD)).isGood())
                .isFalse();
    }
}
