package dev.keelraft.example.kv;

import com.google.protobuf.ByteString;
import dev.keelraft.example.etcd.wire.KeyValue;
import dev.keelraft.example.etcd.wire.RangeRequest;
import dev.keelraft.example.etcd.wire.RangeRequest.SortOrder;
import dev.keelraft.example.etcd.wire.RangeRequest.SortTarget;
import dev.keelraft.example.etcd.wire.RangeResponse;
import dev.keelraft.example.etcd.wire.ResponseHeader;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import org.pcollections.TreePMap;

/** What a range returns of the keys of one revision. */
final class RangeQuery {
    /*
     * The steps are etcd's: fetch by key, filter, sort, cut. Two of their consequences surprise, and clients see them:
     *
     * - The limit already ends the fetching where the order is NONE and there are no bounds, even if there is a sort
     *   target: such a range returns the first keys, sorted, not the first ones in the order asked for.
     * - The count is that of the range, so it may pass what comes back even where nothing was cut off.
     */
    private RangeQuery() {}

    /**
     * Answers a range.
     *
     * @param keys of the revision that is asked for
     * @param revision what the header says
     * @throws RefusedException if the response passes the budget
     */
    static RangeResponse answer(
            RangeRequest request, TreePMap<ByteString, KeyValue> keys, long revision, ResponseBudget budget)
            throws RefusedException {
        Collection<KeyValue> inRange = new KeyRange(request.getKey(), request.getRangeEnd()).of(keys);
        RangeResponse.Builder response = RangeResponse.newBuilder()
                .setHeader(ResponseHeader.newBuilder().setRevision(revision))
                .setCount(inRange.size());
        if (request.getCountOnly()) {
            return response.build();
        }
        List<KeyValue> found = fetch(request, inRange);
        sort(request, found);
        int returned = found.size();
        if (request.getLimit() > 0 && request.getLimit() < returned) {
            returned = (int) request.getLimit();
            response.setMore(true);
        }
        for (KeyValue pair : found.subList(0, returned)) {
            response.addKvs(budget.spend(
                    request.getKeysOnly() ? pair.toBuilder().clearValue().build() : pair));
        }
        return response.build();
    }

    private static List<KeyValue> fetch(RangeRequest request, Collection<KeyValue> inRange) {
        if (request.getSortOrder() != SortOrder.NONE || hasBounds(request)) {
            List<KeyValue> found = new ArrayList<>();
            for (KeyValue pair : inRange) {
                if (isWithinBounds(request, pair)) {
                    found.add(pair);
                }
            }
            return found;
        }
        if (request.getLimit() <= 0 || request.getLimit() >= inRange.size()) {
            return new ArrayList<>(inRange);
        }
        // One more than wanted tells that there is more.
        int wanted = (int) request.getLimit() + 1;
        List<KeyValue> found = new ArrayList<>(wanted);
        for (KeyValue pair : inRange) {
            if (found.size() == wanted) {
                break;
            }
            found.add(pair);
        }
        return found;
    }

    private static boolean hasBounds(RangeRequest request) {
        return request.getMinModRevision() != 0
                || request.getMaxModRevision() != 0
                || request.getMinCreateRevision() != 0
                || request.getMaxCreateRevision() != 0;
    }

    private static boolean isWithinBounds(RangeRequest request, KeyValue pair) {
        return isWithin(request.getMinModRevision(), pair.getModRevision(), request.getMaxModRevision())
                && isWithin(request.getMinCreateRevision(), pair.getCreateRevision(), request.getMaxCreateRevision());
    }

    /** A bound of 0 is none. */
    private static boolean isWithin(long min, long revision, long max) {
        return (min == 0 || revision >= min) && (max == 0 || revision <= max);
    }

    /** Sorts; of what is equal, the lower key comes first, in either order. */
    private static void sort(RangeRequest request, List<KeyValue> found) {
        if (request.getSortTarget() == SortTarget.KEY && request.getSortOrder() != SortOrder.DESCEND) {
            return;
        }
        Comparator<KeyValue> ascending = comparator(request.getSortTarget());
        found.sort(request.getSortOrder() == SortOrder.DESCEND ? ascending.reversed() : ascending);
    }

    private static Comparator<KeyValue> comparator(SortTarget target) {
        return switch (target) {
            case KEY -> Comparator.comparing(KeyValue::getKey, KeyRange.ORDER);
            case VERSION -> Comparator.comparingLong(KeyValue::getVersion);
            case CREATE -> Comparator.comparingLong(KeyValue::getCreateRevision);
            case MOD -> Comparator.comparingLong(KeyValue::getModRevision);
            case VALUE -> Comparator.comparing(KeyValue::getValue, KeyRange.ORDER);
            case UNRECOGNIZED -> throw new IllegalArgumentException("the request was not validated");
        };
    }
}
