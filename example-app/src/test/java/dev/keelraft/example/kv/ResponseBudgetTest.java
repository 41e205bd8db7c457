package dev.keelraft.example.kv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.google.protobuf.ByteString;
import dev.keelraft.example.etcd.wire.KeyValue;
import dev.keelraft.example.etcd.wire.RangeResponse;
import dev.keelraft.example.etcd.wire.TxnRequest;
import dev.keelraft.example.etcd.wire.TxnResponse;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ResponseBudgetTest {
    private static final KeyValue PAIR = KeyValue.newBuilder()
            .setKey(Requests.bytes("key"))
            .setValue(ByteString.copyFrom(new byte[1_000_000]))
            .build();

    @Test
    void what_is_spent_is_never_less_than_what_a_response_takes() throws RefusedException {
        int response = RangeResponse.newBuilder()
                .addAllKvs(IntStream.range(0, 10).mapToObj(i -> PAIR).toList())
                .build()
                .getSerializedSize();

        assertThat(pairsWithin(response)).isLessThanOrEqualTo(10);
        assertThat(pairsWithin(response + 100)).isEqualTo(10);
    }

    @Test
    void operations_without_pairs_are_counted_too() throws RefusedException {
        TxnRequest request = Requests.txn(
                Requests.op(Requests.get("a")), Requests.op(Requests.txn(Requests.op(Requests.delete("a")))));
        TxnResponse response = new Transaction(KeyValueStore.EMPTY, new ResponseBudget(3 * 48)).txn(request);

        assertThat(response.getSerializedSize()).isLessThan(3 * 48);
        assertThatExceptionOfType(RefusedException.class)
                .isThrownBy(() -> new Transaction(KeyValueStore.EMPTY, new ResponseBudget(3 * 48 - 1)).txn(request));
    }

    private static int pairsWithin(long bytes) {
        ResponseBudget budget = new ResponseBudget(bytes);
        int pairs = 0;
        try {
            while (true) {
                budget.spend(PAIR);
                pairs++;
            }
        } catch (RefusedException e) {
            assertThat(e.error()).isEqualTo(EtcdError.RESPONSE_TOO_LARGE);
        }
        return pairs;
    }

    @Test
    void a_budget_can_be_spent_to_the_last_byte() throws RefusedException {
        int one = PAIR.getSerializedSize() + 6;

        assertThat(pairsWithin(2L * one)).isEqualTo(2);
        assertThat(pairsWithin(2L * one - 1)).isEqualTo(1);
        assertThatExceptionOfType(RefusedException.class).isThrownBy(() -> new ResponseBudget(0).spend(PAIR));
        assertThat(new ResponseBudget(one).spend(PAIR)).isSameAs(PAIR);
    }
}
