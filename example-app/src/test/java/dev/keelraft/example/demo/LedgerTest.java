package dev.keelraft.example.demo;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.keelraft.example.etcd.wire.KeyValue;
import net.jqwik.api.Example;

class LedgerTest {
    private final Workload workload = new Workload(Text.builtIn(), 2);
    private final Ledger ledger = new Ledger(workload);

    private void acknowledged(int number) {
        ledger.sent(number);
        ledger.acknowledged(number);
    }

    private KeyValue.Builder pair(int number) {
        return KeyValue.newBuilder()
                .setKey(workload.key(number))
                .setValue(workload.value(number))
                .setCreateRevision(number + 2)
                .setModRevision(number + 2)
                .setVersion(1);
    }

    private Ledger.Verdict verdict(KeyValue.Builder... pairs) {
        Ledger.Check check = ledger.check();
        for (KeyValue.Builder pair : pairs) {
            check.found(pair.build());
        }
        return check.verdict();
    }

    @Example
    void all_that_was_acknowledged_and_nothing_else_is_good() {
        acknowledged(0);
        acknowledged(3);

        Ledger.Verdict verdict = verdict(pair(0), pair(3));

        assertThat(verdict.isGood()).isTrue();
        assertThat(verdict.found()).isEqualTo(2);
        assertThat(verdict.described()).isEmpty();
        assertThat(ledger.acknowledgedCount()).isEqualTo(2);
    }

    @Example
    void an_acknowledged_write_that_is_not_there_is_lost() {
        acknowledged(0);
        acknowledged(1);

        Ledger.Verdict verdict = verdict(pair(1));

        assertThat(verdict.isGood()).isFalse();
        assertThat(verdict.lost()).isEqualTo(1);
        assertThat(verdict.described()).containsExactly("demo/000000/0000001 was acknowledged, and is not there");
    }

    @Example
    void a_write_of_unknown_outcome_may_be_there_or_not() {
        acknowledged(0);
        ledger.sent(1);
        ledger.sent(2);

        Ledger.Verdict verdict = verdict(pair(0), pair(2));

        assertThat(verdict.isGood()).isTrue();
        assertThat(verdict.foundUnknown()).isEqualTo(1);
        assertThat(ledger.unknownCount()).isEqualTo(2);
    }

    @Example
    void a_second_version_is_a_doubled_write_also_of_unknown_outcome() {
        acknowledged(0);
        ledger.sent(1);

        Ledger.Verdict verdict = verdict(
                pair(0).setVersion(2).setModRevision(9), pair(1).setVersion(3).setModRevision(8));

        assertThat(verdict.isGood()).isFalse();
        assertThat(verdict.doubled()).isEqualTo(2);
        assertThat(verdict.lost()).isZero();
        assertThat(verdict.described().get(0)).isEqualTo("demo/000000/0000001 has version 2 instead of 1");
    }

    @Example
    void a_key_that_is_returned_twice_is_a_doubled_write() {
        acknowledged(0);

        assertThat(verdict(pair(0), pair(0)).doubled()).isEqualTo(1);
    }

    @Example
    void another_value_is_wrong() {
        acknowledged(0);

        Ledger.Verdict verdict = verdict(pair(0).setValue(workload.value(1)));

        assertThat(verdict.isGood()).isFalse();
        assertThat(verdict.wrong()).isEqualTo(1);
        assertThat(verdict.described().get(0))
                .contains("has the value 'writer 1 #0|")
                .contains("instead of 'writer 0 #0|");
    }

    @Example
    void a_key_that_nobody_wrote_is_wrong() {
        acknowledged(0);

        Ledger.Verdict verdict = verdict(pair(0), pair(5), pair(0).setKey(ByteString.copyFromUtf8("demo/zebra")));

        assertThat(verdict.wrong()).isEqualTo(2);
        assertThat(verdict.found()).isEqualTo(1);
    }

    @Example
    void what_is_wrong_is_counted_in_full_and_described_in_part() {
        for (int number = 0; number < 100; number++) {
            acknowledged(number);
        }

        Ledger.Verdict verdict = verdict();

        assertThat(verdict.lost()).isEqualTo(100);
        assertThat(verdict.described()).hasSize(5);
    }

    @Example
    void impossible_answers_are_counted_in_full_and_described_in_part() {
        for (int i = 0; i < 7; i++) {
            ledger.violation("impossible " + i);
        }

        assertThat(ledger.violationCount()).isEqualTo(7);
        assertThat(ledger.violations()).hasSize(5).startsWith("impossible 0");
    }
}
