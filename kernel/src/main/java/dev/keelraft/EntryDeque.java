package dev.keelraft;

import dev.keelraft.model.Entry;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Entries of consecutive indexes, cheap to extend and to cut at both ends.
 *
 * <p>A ring: what is removed is also let go of, so that no entry stays on the heap for longer than somebody may read it
 * (a list that is only re-sliced keeps all it ever held: etcd issue 7758).
 */
final class EntryDeque {
    private static final int SMALLEST = 8;

    /** What an empty ring may keep: enough for a busy group, little enough for a host with many idle ones. */
    private static final int KEPT_WHEN_EMPTY = 64;

    /** Its length is a power of two, or 0. */
    private @Nullable Entry[] slots = new Entry[0];

    private int head;
    private int size;
    private long firstIndex;

    EntryDeque(long firstIndex) {
        this.firstIndex = firstIndex;
    }

    /** The index of the first entry, or that the first will have. */
    long firstIndex() {
        return firstIndex;
    }

    /** The index of the last entry, or {@code firstIndex() - 1}. */
    long lastIndex() {
        return firstIndex + size - 1;
    }

    boolean isEmpty() {
        return size == 0;
    }

    /** The entry at an index between first and last. */
    Entry get(long index) {
        Entry entry = slots[slot(index)];
        assert entry != null && entry.index() == index;
        return entry;
    }

    /** The entries in {@code [low, high)}, in an immutable list. */
    List<Entry> copy(long low, long high) {
        int count = (int) (high - low);
        if (count == 0) {
            return List.of();
        }
        if (count == 1) {
            return List.of(get(low));
        }
        Entry[] copied = new Entry[count];
        for (int i = 0; i < count; i++) {
            copied[i] = get(low + i);
        }
        return List.of(copied);
    }

    /**
     * The end of the longest range from {@code low} on that ends at {@code high} or before and takes at most {@code maxBytes}
     * of {@link Entry#wireBytes()}; the first entry is always in it.
     */
    long endWithin(long low, long high, long maxBytes) {
        long bytes = 0;
        for (long index = low; index < high; index++) {
            bytes += get(index).wireBytes();
            if (bytes > maxBytes && index > low) {
                return index;
            }
        }
        return high;
    }

    /** Appends an entry, whose index must be the next. */
    void add(Entry entry) {
        if (entry.index() != firstIndex + size) {
            throw new IllegalArgumentException("entry " + entry + " cannot follow index " + lastIndex());
        }
        if (size == slots.length) {
            grow();
        }
        slots[(head + size) & (slots.length - 1)] = entry;
        size++;
    }

    /** Removes all entries from an index on. */
    void truncateFrom(long index) {
        while (lastIndex() >= index && size > 0) {
            size--;
            slots[(head + size) & (slots.length - 1)] = null;
        }
    }

    /** Removes all entries up to an index, which must not lie beyond the last. */
    void removeThrough(long index) {
        while (firstIndex <= index && size > 0) {
            slots[head] = null;
            head = (head + 1) & (slots.length - 1);
            size--;
            firstIndex++;
        }
        if (size == 0) {
            release(firstIndex);
        }
    }

    /** Removes everything; the next entry will have the given index. */
    void reset(long nextIndex) {
        truncateFrom(firstIndex);
        release(nextIndex);
    }

    private void release(long nextIndex) {
        firstIndex = nextIndex;
        head = 0;
        if (slots.length > KEPT_WHEN_EMPTY) {
            slots = new Entry[0];
        }
    }

    private int slot(long index) {
        if (index < firstIndex || index > lastIndex()) {
            throw new IndexOutOfBoundsException(
                    "index " + index + " is not in [" + firstIndex + ", " + lastIndex() + "]");
        }
        return (head + (int) (index - firstIndex)) & (slots.length - 1);
    }

    private void grow() {
        @Nullable Entry[] larger = new Entry[Math.max(SMALLEST, 2 * slots.length)];
        int untilEnd = Math.min(size, slots.length - head);
        System.arraycopy(slots, head, larger, 0, untilEnd);
        System.arraycopy(slots, 0, larger, untilEnd, size - untilEnd);
        slots = larger;
        head = 0;
    }

    @Override
    public String toString() {
        return "[" + firstIndex + ", " + lastIndex() + "] in " + Arrays.toString(slots);
    }
}
