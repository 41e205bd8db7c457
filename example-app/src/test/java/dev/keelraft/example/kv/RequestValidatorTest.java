package dev.keelraft.example.kv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import dev.keelraft.example.etcd.wire.DeleteRangeRequest;
import dev.keelraft.example.etcd.wire.PutRequest;
import dev.keelraft.example.etcd.wire.RangeRequest;
import dev.keelraft.example.etcd.wire.TxnRequest;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;

class RequestValidatorTest {
    @TestFactory
    Stream<DynamicTest> a_request_is_let_through_or_told_what_is_wrong() {
        return CraftedRequests.all().stream()
                .map(crafted -> DynamicTest.dynamicTest(crafted.name(), () -> {
                    ThrowingCallable check = () -> check(crafted.request());
                    if (crafted.error().isEmpty()) {
                        assertThatCode(check).doesNotThrowAnyException();
                    } else {
                        assertThatExceptionOfType(RefusedException.class)
                                .isThrownBy(check)
                                .extracting(RefusedException::error)
                                .isEqualTo(crafted.error().get());
                    }
                }));
    }

    private static void check(Message request) throws RefusedException {
        if (request instanceof RangeRequest range) {
            RequestValidator.check(range);
        } else if (request instanceof PutRequest put) {
            RequestValidator.check(put);
        } else if (request instanceof DeleteRangeRequest deletion) {
            RequestValidator.check(deletion);
        } else {
            RequestValidator.check((TxnRequest) request);
        }
    }

    /** What the rule lets through although a key is written twice stands in {@link CraftedRequests}, one by one. */
    @Property
    void what_is_refused_for_a_key_given_twice_may_write_it_twice(@ForAll long seed) {
        TxnRequest txn = new RandomRequests(seed, true).txn(5, 3, false);
        boolean twice = false;
        try {
            RequestValidator.check(txn);
        } catch (RefusedException e) {
            twice = e.error() == EtcdError.DUPLICATE_KEY;
        }

        if (twice) {
            assertThat(RandomRequests.mayWriteTwice(txn)).as(txn.toString()).isTrue();
        }
    }

    @Test
    void a_write_may_have_one_and_a_half_mebibytes() throws RefusedException {
        RequestValidator.checkBytes(put(RequestValidator.MAX_REQUEST_BYTES));

        assertThat(RequestValidator.MAX_REQUEST_BYTES).isEqualTo(1_572_864);
        assertThatExceptionOfType(RefusedException.class)
                .isThrownBy(() -> RequestValidator.checkBytes(put(RequestValidator.MAX_REQUEST_BYTES + 1)))
                .extracting(RefusedException::error)
                .isEqualTo(EtcdError.REQUEST_TOO_LARGE);
    }

    /** A put that has so many bytes as a message. */
    private static PutRequest put(int bytes) {
        PutRequest.Builder put = PutRequest.newBuilder().setKey(Requests.bytes("a"));
        // The key and its two bytes in front, the tag of the value, and its length in three.
        put.setValue(ByteString.copyFrom(new byte[bytes - 3 - 1 - 3]));
        assertThat(put.build().getSerializedSize()).isEqualTo(bytes);
        return put.build();
    }

    /** As many puts and deletions as fit into a request. To compare them one by one would take most of a minute. */
    @Test
    @Timeout(value = 15, unit = TimeUnit.SECONDS)
    void to_check_does_not_take_quadratic_time() throws RefusedException {
        int[] keys = {0};
        TxnRequest request = tree(3, keys);

        RequestValidator.checkBytes(request);
        RequestValidator.check(request);

        assertThat(keys[0]).isGreaterThan(30_000);
    }

    private static TxnRequest tree(int depth, int[] keys) {
        TxnRequest.Builder txn = TxnRequest.newBuilder();
        for (int i = 0; i < 32; i++) {
            if (depth == 1) {
                txn.addSuccess(Requests.op(Requests.put("p" + keys[0], "")));
                txn.addFailure(Requests.op(Requests.delete("d" + keys[0]++)));
            } else {
                txn.addSuccess(Requests.op(tree(depth - 1, keys)));
            }
        }
        return txn.build();
    }
}
