package dev.keelraft;

import dev.keelraft.model.Entry;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Snapshot;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * The host's {@link Storage}, distrusted: an exception becomes a typed failure of this node, and an answer that its contract
 * does not allow is found here rather than far from its cause.
 */
final class CheckedStorage implements Storage {
    private final Storage host;

    CheckedStorage(Storage host) {
        this.host = host;
        if (lastIndex() < firstIndex() - 1) {
            throw nonsense("lastIndex()", lastIndex() + ", and firstIndex() " + firstIndex());
        }
    }

    @Override
    public HardState hardState() {
        return answer("hardState()", host::hardState);
    }

    @Override
    public long firstIndex() {
        long index;
        try {
            index = host.firstIndex();
        } catch (RuntimeException e) {
            throw failed("firstIndex()", e);
        }
        if (index < 1) {
            throw nonsense("firstIndex()", index);
        }
        return index;
    }

    @Override
    public long lastIndex() {
        try {
            return host.lastIndex();
        } catch (RuntimeException e) {
            throw failed("lastIndex()", e);
        }
    }

    @Override
    public long term(long index) {
        long term;
        try {
            term = host.term(index);
        } catch (RuntimeException e) {
            throw failed("term(" + index + ")", e);
        }
        if (term < 0) {
            throw nonsense("term(" + index + ")", term);
        }
        return term;
    }

    @Override
    public List<Entry> entries(long low, long high, long maxBytes) {
        List<Entry> entries;
        try {
            // Immutable from here on, whatever the host does with its list. Costs nothing where it is so already.
            entries = List.copyOf(host.entries(low, high, maxBytes));
        } catch (RuntimeException e) {
            throw failed("entries(" + low + ", " + high + ")", e);
        }
        int count = entries.size();
        if (count == 0) {
            // Pending.
            return entries;
        }
        if (count > high - low
                || entries.get(0).index() != low
                || entries.get(count - 1).index() != low + count - 1) {
            throw nonsense(
                    "entries(" + low + ", " + high + ")",
                    count + " entries from " + entries.get(0).index());
        }
        return entries;
    }

    /**
     * Visits all entries from an index on, page by page, while a node is started: nothing may be pending then.
     *
     * @param pageBytes how much is in memory at a time
     */
    void forEach(long from, long pageBytes, Consumer<List<Entry>> visitor) {
        long index = from;
        while (index <= lastIndex()) {
            List<Entry> page = entries(index, lastIndex() + 1, pageBytes);
            if (page.isEmpty()) {
                throw new RaftFailedException(
                        FailureCause.STORAGE,
                        "Storage.entries left index " + index + " pending while the node was started",
                        null);
            }
            visitor.accept(page);
            index += page.size();
        }
    }

    @Override
    public Snapshot snapshot() {
        return answer("snapshot()", host::snapshot);
    }

    private static <T> T answer(String call, Supplier<T> question) {
        try {
            return Objects.requireNonNull(question.get(), "null");
        } catch (RuntimeException e) {
            throw failed(call, e);
        }
    }

    private static RaftFailedException failed(String call, RuntimeException e) {
        return new RaftFailedException(FailureCause.STORAGE, "Storage." + call + " threw, or returned null", e);
    }

    private static RaftFailedException nonsense(String call, Object answer) {
        return new RaftFailedException(FailureCause.STORAGE, "Storage." + call + " returned " + answer, null);
    }
}
