package dev.keelraft.example.kv;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Message;
import dev.keelraft.example.etcd.wire.DeleteRangeRequest;
import dev.keelraft.example.etcd.wire.KeyValue;
import dev.keelraft.example.etcd.wire.PutRequest;
import dev.keelraft.example.etcd.wire.RangeRequest;
import dev.keelraft.example.etcd.wire.TxnRequest;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.statistics.Statistics;
import net.jqwik.api.statistics.StatisticsReport;
import net.jqwik.api.statistics.StatisticsReport.StatisticsReportMode;

/** What holds after any row of requests, held against a twin that is slow and obvious. */
class KeyValueStorePropertyTest {
    @Property
    @StatisticsReport(StatisticsReportMode.OFF)
    void the_store_answers_as_a_map_that_is_searched_from_end_to_end(
            @ForAll long seed, @ForAll @IntRange(min = 1, max = 80) int count) {
        RandomRequests requests = new RandomRequests(seed, true);
        TestMember member = new TestMember();
        NaiveStore naive = new NaiveStore();
        for (int i = 0; i < count; i++) {
            Message request = requests.next(member.state().revision());
            KeyValueState before = member.state();
            Object expected = validate(request)
                    .<Object>map(error -> TestMember.error(error.code(), error.text()))
                    .orElseGet(() -> naive.ask(request));

            assertThat(member.ask(request)).as("request %d: %s", i, request).isEqualTo(expected);
            assertThat(keys(member.state())).isEqualTo(naive.keys());
            assertThat(member.state().revision()).isEqualTo(naive.revision());
            assertThat(member.state().store().bytes())
                    .isEqualTo(naive.keys().values().stream()
                            .mapToLong(KeyValueStore::bytesOf)
                            .sum());
            if (expected instanceof String) {
                assertThat(member.state().store()).isEqualTo(before.store());
            }
            Statistics.label("outcome").collect(expected instanceof String error ? error : "answer");
        }
        Statistics.label("outcome").coverage(coverage -> {
            coverage.check("answer").percentage(share -> share > 50);
            for (EtcdError error : new EtcdError[] {
                EtcdError.COMPACTED, EtcdError.FUTURE_REVISION, EtcdError.KEY_NOT_FOUND, EtcdError.LEASE_NOT_FOUND
            }) {
                coverage.check(TestMember.error(error.code(), error.text())).count(times -> times > 0);
            }
        });
    }

    private static Map<String, KeyValue> keys(KeyValueState state) {
        return state.store().keys().values().stream()
                .collect(Collectors.toMap(pair -> Requests.text(pair.getKey()), pair -> pair));
    }

    private static Optional<EtcdError> validate(Message request) {
        try {
            if (request instanceof RangeRequest range) {
                RequestValidator.check(range);
            } else if (request instanceof PutRequest put) {
                RequestValidator.check(put);
            } else if (request instanceof DeleteRangeRequest deletion) {
                RequestValidator.check(deletion);
            } else {
                RequestValidator.check((TxnRequest) request);
            }
            return Optional.empty();
        } catch (RefusedException e) {
            return Optional.of(e.error());
        }
    }

    @Property(tries = 200)
    void a_state_that_someone_holds_never_changes(@ForAll long seed, @ForAll @IntRange(min = 1, max = 60) int count) {
        RandomRequests requests = new RandomRequests(seed, true);
        TestMember member = new TestMember();
        for (int i = 0; i < count; i++) {
            member.write(requests.nextWrite(member.state().revision()));
        }
        KeyValueState held = member.state();
        Map<String, KeyValue> keys = keys(held);
        long revision = held.revision();
        long bytes = held.approximateBytes();
        for (int i = 0; i < count; i++) {
            member.write(requests.nextWrite(member.state().revision()));
        }

        assertThat(keys(held)).isEqualTo(keys);
        assertThat(held.revision()).isEqualTo(revision);
        assertThat(held.approximateBytes()).isEqualTo(bytes);
    }
}
