package dev.keelraft.example.demo;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class WorkloadTest {
    private final Workload workload = new Workload(new Text("text", List.of("one", "two", "three")), 2);

    @Example
    void the_number_says_key_value_and_writer() {
        assertThat(workload.number(1, 3)).isEqualTo(7);
        assertThat(workload.key(7).toStringUtf8()).isEqualTo("demo/000002/0000002");
        assertThat(workload.value(7).toStringUtf8()).isEqualTo("writer 1 #3|two");
    }

    @Example
    void no_two_writes_have_the_same_key_or_value() {
        Set<ByteString> seen = new HashSet<>();
        for (int writer = 0; writer < 2; writer++) {
            for (int sequence = 0; sequence < 50; sequence++) {
                int number = workload.number(writer, sequence);
                assertThat(seen.add(workload.key(number))).isTrue();
                assertThat(seen.add(workload.value(number))).isTrue();
            }
        }
    }

    @Property
    void the_key_says_the_number(
            @ForAll @IntRange(min = 0) int number, @ForAll @IntRange(min = 2500, max = 9_999_999) int lineCount) {
        // As many lines as the text of the longest line count may have would make each try slow.
        int lines = 2500 + lineCount % 1000;
        Workload large = new Workload(new Text("text", Collections.nCopies(lines, "line")), 12);

        assertThat(large.numberOf(large.key(number))).isEqualTo(number);
    }

    @Example
    void keys_of_no_write_are_told_apart() {
        for (String key : List.of(
                "demo/000000/0000000",
                "demo/000000/0000004",
                "demo/999999/9999999",
                "demo/0/1",
                "demo/",
                "other",
                "demo/000000/0000001 ")) {
            assertThat(workload.numberOf(ByteString.copyFromUtf8(key))).as(key).isEqualTo(-1);
        }
    }

    @Example
    void pages_follow_one_another_without_gap_or_repetition() {
        assertThat(workload.pageAfter(ByteString.EMPTY).getKey().toStringUtf8()).isEqualTo("demo/");
        assertThat(workload.pageAfter(workload.key(0)).getKey().toStringUtf8()).isEqualTo("demo/000000/0000001\0");
        assertThat(workload.pageAfter(workload.key(0)).getSerializable()).isFalse();
    }

    @Example
    void a_page_of_long_lines_has_fewer_keys() {
        String line = "x".repeat(Text.MAX_LINE_BYTES);

        assertThat(workload.pageAfter(ByteString.EMPTY).getLimit()).isEqualTo(1000);
        assertThat(new Workload(new Text("long", List.of("short", line)), 1)
                        .pageAfter(ByteString.EMPTY)
                        .getLimit())
                .isEqualTo(15);
    }

    @Example
    void the_transaction_puts_only_where_nothing_ever_was() {
        assertThat(workload.transaction(0).getCompare(0).getCreateRevision()).isZero();
        assertThat(workload.transaction(0).getSuccess(0).getRequestPut().getValue())
                .isEqualTo(workload.value(0));
        assertThat(workload.transaction(0).getFailure(0).getRequestRange().getKey())
                .isEqualTo(workload.key(0));
    }
}
