package dev.keelraft.example.kv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.google.protobuf.ByteString;
import dev.keelraft.example.etcd.wire.Compare;
import dev.keelraft.example.etcd.wire.Compare.CompareResult;
import dev.keelraft.example.etcd.wire.Compare.CompareTarget;
import dev.keelraft.example.etcd.wire.DeleteRangeRequest;
import dev.keelraft.example.etcd.wire.DeleteRangeResponse;
import dev.keelraft.example.etcd.wire.KeyValue;
import dev.keelraft.example.etcd.wire.PutRequest;
import dev.keelraft.example.etcd.wire.RangeRequest;
import dev.keelraft.example.etcd.wire.RangeRequest.SortOrder;
import dev.keelraft.example.etcd.wire.RangeRequest.SortTarget;
import dev.keelraft.example.etcd.wire.RangeResponse;
import dev.keelraft.example.etcd.wire.TxnRequest;
import dev.keelraft.example.etcd.wire.TxnResponse;
import dev.keelraft.example.kv.wire.Command;
import dev.keelraft.example.kv.wire.MemberAttributes;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What etcd documents about keys and revisions, fact by fact. */
class KeyValueStateTest {
    private final TestMember member = new TestMember();

    @Test
    void the_first_revision_is_one_and_each_write_adds_one() {
        assertThat(KeyValueState.EMPTY.revision()).isEqualTo(1);
        assertThat(member.put("a", "1").getHeader().getRevision()).isEqualTo(2);
        assertThat(member.put("a", "1").getHeader().getRevision()).isEqualTo(3);
        assertThat(member.delete(Requests.delete("a")).getHeader().getRevision())
                .isEqualTo(4);
        assertThat(member.state().revision()).isEqualTo(4);
    }

    @Test
    void to_register_is_no_write() {
        assertThat(member.state().revision()).isEqualTo(1);
        assertThat(member.state().members())
                .extracting(MemberAttributes::getName)
                .containsExactly("n1");
    }

    @Test
    void a_deletion_of_nothing_adds_no_revision() {
        member.put("a", "1");

        DeleteRangeResponse response = member.delete(Requests.delete("b"));

        assertThat(response.getDeleted()).isZero();
        assertThat(response.getHeader().getRevision()).isEqualTo(2);
        assertThat(member.state().revision()).isEqualTo(2);
    }

    @Test
    void a_key_counts_its_versions_and_a_deletion_ends_the_count() {
        member.put("a", "1");
        member.put("b", "1");
        member.put("a", "2");
        assertThat(get("a")).isEqualTo(pair("a", "2", 2, 4, 2));

        member.delete(Requests.delete("a"));
        member.put("a", "3");

        assertThat(get("a")).isEqualTo(pair("a", "3", 6, 6, 1));
    }

    @Test
    void a_put_returns_the_previous_pair_where_it_is_asked_to() {
        PutRequest put = Requests.put("a", "2").toBuilder().setPrevKv(true).build();
        assertThat(member.put("a", "1").hasPrevKv()).isFalse();

        assertThat(member.write(put).getPut().getPrevKv()).isEqualTo(pair("a", "1", 2, 2, 1));
    }

    @Test
    void a_deletion_returns_the_previous_pairs_where_it_is_asked_to() {
        member.put("a", "1");
        member.put("b", "2");
        member.put("c", "3");
        DeleteRangeRequest.Builder deletion = Requests.delete("a", "c").toBuilder();

        DeleteRangeResponse response = member.delete(deletion.setPrevKv(true).build());

        assertThat(response.getDeleted()).isEqualTo(2);
        assertThat(response.getPrevKvsList()).containsExactly(pair("a", "1", 2, 2, 1), pair("b", "2", 3, 3, 1));
        assertThat(keys(all())).containsExactly("c");
        assertThat(member.delete(Requests.delete("c")).getPrevKvsList()).isEmpty();
    }

    @Test
    void a_put_that_keeps_the_value_still_is_a_write() {
        member.put("a", "1");

        member.write(PutRequest.newBuilder()
                .setKey(Requests.bytes("a"))
                .setIgnoreValue(true)
                .build());

        assertThat(get("a")).isEqualTo(pair("a", "1", 2, 3, 2));
    }

    @Test
    void a_value_or_a_lease_that_is_not_there_cannot_be_kept() {
        PutRequest.Builder put = PutRequest.newBuilder().setKey(Requests.bytes("a"));

        assertThat(member.ask(put.setIgnoreValue(true).build())).isEqualTo(error(EtcdError.KEY_NOT_FOUND));
        assertThat(member.ask(put.clear()
                        .setKey(Requests.bytes("a"))
                        .setIgnoreLease(true)
                        .build()))
                .isEqualTo(error(EtcdError.KEY_NOT_FOUND));
        assertThat(member.state().revision()).isEqualTo(1);
    }

    @Test
    void there_is_no_lease_yet() {
        PutRequest put = Requests.put("a", "1").toBuilder().setLease(5).build();

        assertThat(member.ask(put)).isEqualTo(error(EtcdError.LEASE_NOT_FOUND));
        assertThat(member.ask(Requests.txn(Requests.op(put)))).isEqualTo(error(EtcdError.LEASE_NOT_FOUND));
    }

    @Test
    void a_range_counts_all_keys_and_returns_as_many_as_wanted() {
        putAll("a", "b", "c");

        RangeResponse response =
                member.range(Requests.range("a", Requests.ON).setLimit(2).build());

        assertThat(keys(response)).containsExactly("a", "b");
        assertThat(response.getCount()).isEqualTo(3);
        assertThat(response.getMore()).isTrue();
        assertThat(member.range(Requests.range("a", Requests.ON).setLimit(3).build())
                        .getMore())
                .isFalse();
    }

    @Test
    void keys_are_ordered_by_their_unsigned_bytes() {
        putAll("\u00ff", "\u007f", "\0", "b", "a\0", "a");

        assertThat(keys(all())).containsExactly("\0", "a", "a\0", "b", "\u007f", "\u00ff");
        assertThat(keys(member.range(Requests.range("a", "b").build()))).containsExactly("a", "a\0");
        assertThat(keys(member.range(Requests.range("b", Requests.ON).build())))
                .containsExactly("b", "\u007f", "\u00ff");
    }

    @Test
    void a_range_that_ends_before_it_begins_is_empty() {
        putAll("a", "b", "c");

        assertThat(member.range(Requests.range("c", "a").build()).getCount()).isZero();
        assertThat(member.range(Requests.range("b", "b").build()).getCount()).isZero();
        assertThat(member.delete(Requests.delete("c", "a")).getDeleted()).isZero();
    }

    @Test
    void a_range_is_sorted_by_what_it_names_in_either_order() {
        member.put("b", "1");
        member.put("a", "3");
        member.put("c", "2");
        member.put("a", "3");

        assertThat(sorted(SortTarget.KEY, SortOrder.DESCEND)).containsExactly("c", "b", "a");
        assertThat(sorted(SortTarget.VALUE, SortOrder.ASCEND)).containsExactly("b", "c", "a");
        assertThat(sorted(SortTarget.CREATE, SortOrder.DESCEND)).containsExactly("c", "a", "b");
        assertThat(sorted(SortTarget.MOD, SortOrder.ASCEND)).containsExactly("b", "c", "a");
        assertThat(sorted(SortTarget.VERSION, SortOrder.DESCEND)).containsExactly("a", "b", "c");
    }

    @Test
    void a_range_with_a_target_and_no_order_ascends() {
        member.put("a", "2");
        member.put("b", "1");

        assertThat(sorted(SortTarget.VALUE, SortOrder.NONE)).containsExactly("b", "a");
    }

    @Test
    void with_no_order_the_limit_comes_before_the_sorting_as_in_etcd() {
        member.put("a", "3");
        member.put("b", "2");
        member.put("c", "1");
        RangeRequest.Builder range =
                Requests.range("a", Requests.ON).setSortTarget(SortTarget.VALUE).setLimit(1);

        assertThat(keys(member.range(range.build()))).containsExactly("b");
        assertThat(keys(member.range(range.setSortOrder(SortOrder.ASCEND).build())))
                .containsExactly("c");
    }

    @Test
    void bounds_filter_what_is_returned_and_not_what_is_counted() {
        putAll("a", "b", "c");
        member.put("a", "again");

        RangeRequest.Builder range = Requests.range("a", Requests.ON);
        RangeResponse bounded = member.range(range.clone().setMinModRevision(4).build());
        assertThat(keys(bounded)).containsExactly("a", "c");
        assertThat(bounded.getCount()).isEqualTo(3);
        assertThat(bounded.getMore()).isFalse();
        assertThat(keys(member.range(range.clone().setMaxModRevision(4).build())))
                .containsExactly("b", "c");
        assertThat(keys(member.range(range.clone().setMinCreateRevision(3).build())))
                .containsExactly("b", "c");
        assertThat(keys(member.range(range.clone().setMaxCreateRevision(2).build())))
                .containsExactly("a");
    }

    @Test
    void keys_alone_and_the_count_alone() {
        member.put("a", "1");

        RangeResponse keysOnly =
                member.range(Requests.get("a").toBuilder().setKeysOnly(true).build());
        RangeResponse countOnly =
                member.range(Requests.get("a").toBuilder().setCountOnly(true).build());

        assertThat(keysOnly.getKvsList()).containsExactly(pair("a", "", 2, 2, 1));
        assertThat(countOnly.getKvsList()).isEmpty();
        assertThat(countOnly.getCount()).isEqualTo(1);
        assertThat(get("a").getValue()).isEqualTo(Requests.bytes("1"));
    }

    @Test
    void of_the_revisions_only_the_newest_one_is_kept() {
        member.put("a", "1");
        member.put("a", "2");

        assertThat(at(3)).isInstanceOf(RangeResponse.class);
        assertThat(at(0)).isInstanceOf(RangeResponse.class);
        assertThat(at(-1)).isInstanceOf(RangeResponse.class);
        assertThat(at(2)).isEqualTo(error(EtcdError.COMPACTED));
        assertThat(at(4)).isEqualTo(error(EtcdError.FUTURE_REVISION));
    }

    private Object at(long revision) {
        return member.ask(Requests.get("a").toBuilder().setRevision(revision).build());
    }

    @Test
    void all_writes_of_a_transaction_have_one_revision() {
        member.put("c", "1");

        TxnResponse response = member.txn(Requests.txn(
                Requests.op(Requests.put("a", "1")),
                Requests.op(Requests.delete("c")),
                Requests.op(Requests.txn(Requests.op(Requests.put("b", "1"))))));

        assertThat(response.getHeader().getRevision()).isEqualTo(3);
        assertThat(member.state().revision()).isEqualTo(3);
        assertThat(all().getKvsList()).containsExactly(pair("a", "1", 3, 3, 1), pair("b", "1", 3, 3, 1));
    }

    @Test
    void a_transaction_that_changes_nothing_adds_no_revision() {
        TxnResponse response = member.txn(Requests.txn(Requests.op(Requests.delete("a"))));

        assertThat(response.getHeader().getRevision()).isEqualTo(1);
        assertThat(response.getResponses(0).getResponseDeleteRange().getHeader().getRevision())
                .isEqualTo(1);
    }

    @Test
    void an_operation_sees_what_those_before_it_did() {
        member.put("a", "1");

        TxnResponse response = member.txn(Requests.txn(
                Requests.op(Requests.get("a")),
                Requests.op(Requests.put("a", "2")),
                Requests.op(Requests.get("a")),
                Requests.op(Requests.delete("b")),
                Requests.op(Requests.get("a").toBuilder().setRevision(2).build())));

        assertThat(range(response, 0)).isEqualTo(answer(2, pair("a", "1", 2, 2, 1)));
        assertThat(range(response, 2)).isEqualTo(answer(3, pair("a", "2", 2, 3, 2)));
        assertThat(response.getResponses(3).getResponseDeleteRange().getHeader().getRevision())
                .as("a deletion of nothing, behind a write")
                .isEqualTo(3);
        assertThat(range(response, 4))
                .as("the revision from before the transaction")
                .isEqualTo(answer(3, pair("a", "1", 2, 2, 1)));
    }

    private static RangeResponse range(TxnResponse response, int index) {
        return response.getResponses(index).getResponseRange();
    }

    private static RangeResponse answer(long revision, KeyValue pair) {
        RangeResponse.Builder answer = RangeResponse.newBuilder().setCount(1).addKvs(pair);
        answer.getHeaderBuilder().setRevision(revision);
        return answer.build();
    }

    @Test
    void all_comparisons_see_the_store_as_it_was_before() {
        TxnRequest nested = TxnRequest.newBuilder()
                .addCompare(compare("a", CompareTarget.VERSION, CompareResult.GREATER))
                .addSuccess(Requests.op(Requests.put("seen", "")))
                .addFailure(Requests.op(Requests.put("not seen", "")))
                .build();

        member.txn(Requests.txn(Requests.op(Requests.put("a", "1")), Requests.op(nested)));

        assertThat(keys(all())).containsExactly("a", "not seen");
    }

    @Test
    void a_transaction_that_fails_changes_nothing() {
        KeyValueState before = member.state();

        Object answer = member.ask(Requests.txn(
                Requests.op(Requests.put("a", "1")),
                Requests.op(Requests.get("a").toBuilder().setRevision(7).build())));

        assertThat(answer).isEqualTo(error(EtcdError.FUTURE_REVISION));
        assertThat(member.state().store()).isEqualTo(before.store());
    }

    @Test
    void only_the_branch_that_is_taken_can_fail() {
        TxnRequest.Builder txn = TxnRequest.newBuilder()
                .addSuccess(
                        Requests.op(Requests.get("a").toBuilder().setRevision(7).build()))
                .addFailure(Requests.op(Requests.put("a", "1")));
        Compare exists = compare("a", CompareTarget.CREATE, CompareResult.NOT_EQUAL);

        assertThat(member.txn(txn.addCompare(exists).build()).getSucceeded()).isFalse();
        assertThat(member.ask(txn.build())).isEqualTo(error(EtcdError.FUTURE_REVISION));
    }

    /**
     * An etcd that is sent this transaction ends, and ends again whenever it is started (3.6.16; seen with
     * src/test/go).
     */
    @Test
    void a_value_to_be_kept_that_the_transaction_has_deleted_fails_and_changes_nothing() {
        member.put("a", "1");
        KeyValueState before = member.state();
        PutRequest keep = Requests.put("a", "").toBuilder().setIgnoreValue(true).build();

        Object answer = member.ask(Requests.txn(Requests.op(Requests.delete("a", Requests.ON)), Requests.op(keep)));

        assertThat(answer).isEqualTo(error(EtcdError.KEY_NOT_FOUND));
        assertThat(member.state().store()).isEqualTo(before.store());
    }

    @Test
    void every_key_of_a_range_has_to_pass_a_comparison() {
        member.put("a", "1");
        member.put("b", "2");
        Compare.Builder values = Compare.newBuilder()
                .setKey(Requests.bytes("a"))
                .setRangeEnd(Requests.bytes("c"))
                .setTarget(CompareTarget.VALUE)
                .setResult(CompareResult.LESS);

        assertThat(succeeds(values.setValue(Requests.bytes("3")).build())).isTrue();
        assertThat(succeeds(values.setValue(Requests.bytes("2")).build())).isFalse();
    }

    @Test
    void what_was_never_written_has_revision_and_version_zero_and_no_value() {
        for (CompareTarget target :
                List.of(CompareTarget.VERSION, CompareTarget.CREATE, CompareTarget.MOD, CompareTarget.LEASE)) {
            assertThat(succeeds(compare("a", target, CompareResult.EQUAL))).isTrue();
            assertThat(succeeds(compare("a", target, CompareResult.GREATER))).isFalse();
        }
        for (CompareResult result :
                List.of(CompareResult.EQUAL, CompareResult.NOT_EQUAL, CompareResult.LESS, CompareResult.GREATER)) {
            assertThat(succeeds(compare("a", CompareTarget.VALUE, result))).isFalse();
        }
    }

    private boolean succeeds(Compare compare) {
        return member.txn(TxnRequest.newBuilder().addCompare(compare).build()).getSucceeded();
    }

    private static Compare compare(String key, CompareTarget target, CompareResult result) {
        return Compare.newBuilder()
                .setKey(Requests.bytes(key))
                .setTarget(target)
                .setResult(result)
                .build();
    }

    @Test
    void a_transaction_that_only_reads_needs_no_command() throws RefusedException {
        member.put("a", "1");

        TxnResponse response = member.state().read(Requests.txn(Requests.op(Requests.get("a"))));

        assertThat(range(response, 0)).isEqualTo(answer(2, pair("a", "1", 2, 2, 1)));
        assertThat(response.getHeader().getRevision()).isEqualTo(2);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> member.state().read(Requests.txn(Requests.op(Requests.put("a", "2")))));
        assertThatExceptionOfType(RefusedException.class)
                .isThrownBy(() -> member.state().read(Requests.txn(Requests.op(Requests.get("")))));
    }

    @Test
    void a_command_that_was_not_checked_is_checked() {
        assertThat(member.write(Requests.put("", "x")).getError()).isEqualTo(EtcdError.EMPTY_KEY.toWire());
        assertThat(member.state().keyCount()).isZero();
    }

    @Test
    void a_command_whose_response_would_be_too_large_changes_nothing() {
        ByteString mebibyte = ByteString.copyFrom(new byte[1 << 20]);
        for (int i = 0; i < 32; i++) {
            member.write(PutRequest.newBuilder()
                    .setKey(Requests.bytes("key" + i))
                    .setValue(mebibyte)
                    .build());
        }
        DeleteRangeRequest.Builder deletion = Requests.delete("key", Requests.ON).toBuilder();
        KeyValueState before = member.state();

        assertThat(member.ask(deletion.setPrevKv(true).build())).isEqualTo(error(EtcdError.RESPONSE_TOO_LARGE));
        assertThat(member.state().store()).isEqualTo(before.store());
        assertThat(member.delete(deletion.setPrevKv(false).build()).getDeleted())
                .isEqualTo(32);
    }

    @Test
    void the_size_follows_the_keys_and_values() {
        long empty = member.state().approximateBytes();
        ByteString value = ByteString.copyFrom(new byte[10_000]);
        member.write(PutRequest.newBuilder()
                .setKey(Requests.bytes("a"))
                .setValue(value)
                .build());
        assertThat(member.state().approximateBytes()).isBetween(empty + 10_000, empty + 10_500);

        member.put("a", "1");
        assertThat(member.state().approximateBytes()).isBetween(empty, empty + 500);
        long small = member.state().store().bytes();
        member.put("a", "1 and twenty bytes more");
        assertThat(member.state().store().bytes()).isEqualTo(small + 22);
        member.delete(Requests.delete("a"));
        member.put("a and twenty bytes more", "1");
        assertThat(member.state().store().bytes()).isEqualTo(small + 22);

        member.delete(Requests.delete("a", "b"));
        assertThat(member.state().store().bytes()).isZero();
    }

    @Test
    void a_command_without_operation_is_refused() {
        Command command = Command.newBuilder()
                .setSession(TestMember.SESSION)
                .setSequence(2)
                .build();

        KeyValueState.Applied applied = member.state().apply(command, 2);

        assertThat(applied.result().getRefusal()).isEqualTo(dev.keelraft.example.kv.wire.Refusal.UNKNOWN_OPERATION);
        assertThat(applied.state()).isEqualTo(member.state());
    }

    private void putAll(String... keys) {
        for (String key : keys) {
            member.put(key, "");
        }
    }

    private KeyValue get(String key) {
        return member.range(Requests.get(key)).getKvs(0);
    }

    private RangeResponse all() {
        return member.range(Requests.range("\0", Requests.ON).build());
    }

    private List<String> sorted(SortTarget target, SortOrder order) {
        return keys(member.range(Requests.range("a", Requests.ON)
                .setSortTarget(target)
                .setSortOrder(order)
                .build()));
    }

    private static List<String> keys(RangeResponse response) {
        return Requests.keys(response.getKvsList());
    }

    private static String error(EtcdError error) {
        return TestMember.error(error.code(), error.text());
    }

    private static KeyValue pair(String key, String value, long createRevision, long modRevision, long version) {
        return KeyValue.newBuilder()
                .setKey(Requests.bytes(key))
                .setValue(Requests.bytes(value))
                .setCreateRevision(createRevision)
                .setModRevision(modRevision)
                .setVersion(version)
                .build();
    }
}
