package dev.keelraft.wal;

import dev.keelraft.model.Entry;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Entries that are kept on the heap, within a bound in bytes: the last ones of the log, which everybody asks for (to apply
 * them, to send them to followers that are nearly up to date), and frames that were read for somebody further back. Each has a
 * half of the bound. An entry counts with its payload and {@link #ENTRY_BYTES}.
 *
 * <p>Entries whose frames are not written yet cannot be read from a file, so they stay, bound or no bound. The writer lets no
 * more than about 1 MiB of them gather.
 */
final class EntryCache {
    /** What an entry takes on the heap beside its payload, about. */
    static final int ENTRY_BYTES = 64;

    private static final int SMALLEST = 64;

    private final long halfBytes;

    /** A ring of consecutive entries, the last of them the last of the log. Its length is a power of two. */
    private @Nullable Entry[] ring = new Entry[SMALLEST];

    private int head;
    private int size;
    private long firstIndex;
    private long ringBytes;

    private final LinkedHashMap<Long, Block> blocks = new LinkedHashMap<>(16, 0.75f, true);
    private long blockBytes;

    /** Consecutive entries of one frame. */
    record Block(long firstIndex, Entry[] entries, long bytes) {
        static final Block NONE = new Block(0, new Entry[0], 0);

        boolean holds(long index) {
            return index >= firstIndex && index < endIndex();
        }

        /** The index behind the last one. */
        long endIndex() {
            return firstIndex + entries.length;
        }

        Entry get(long index) {
            return entries[(int) (index - firstIndex)];
        }
    }

    EntryCache(long maxBytes, long nextIndex) {
        halfBytes = maxBytes / 2;
        firstIndex = nextIndex;
    }

    static long bytesOf(Entry entry) {
        return entry.data().length + (long) ENTRY_BYTES;
    }

    /** How many bytes of entries from the file may be kept. */
    long maxBlockBytes() {
        return halfBytes;
    }

    /** How many bytes it counts now. */
    long bytes() {
        return ringBytes + blockBytes;
    }

    /** The entry at an index, if it is one of the last; null otherwise. */
    @Nullable
    Entry recent(long index) {
        return index < firstIndex || index - firstIndex >= size ? null : ring[slot(index)];
    }

    private int slot(long index) {
        return (head + (int) (index - firstIndex)) & (ring.length - 1);
    }

    /** Adds an entry that replaces everything from its index on. */
    void add(Entry entry) {
        truncateFrom(entry.index());
        if (size == 0) {
            firstIndex = entry.index();
        }
        if (size == ring.length) {
            grow();
        }
        ring[slot(entry.index())] = entry;
        size++;
        ringBytes += bytesOf(entry);
    }

    private void truncateFrom(long index) {
        while (size > 0 && firstIndex + size > index) {
            int last = slot(firstIndex + size - 1);
            forget(last);
        }
    }

    private void forget(int slot) {
        ringBytes -= bytesOf(Objects.requireNonNull(ring[slot]));
        ring[slot] = null;
        size--;
    }

    private void grow() {
        @Nullable Entry[] larger = new Entry[2 * ring.length];
        for (int i = 0; i < size; i++) {
            larger[i] = ring[(head + i) & (ring.length - 1)];
        }
        ring = larger;
        head = 0;
    }

    /** Tells whether the oldest of the last entries should go, and be read from the file when it is needed again. */
    boolean isOverFull() {
        return ringBytes > halfBytes;
    }

    /** The index of the oldest of the last entries. */
    long oldestRecent() {
        return firstIndex;
    }

    /** Forgets entries up to an index. */
    void removeThrough(long index) {
        while (size > 0 && firstIndex <= index) {
            forget(head);
            head = (head + 1) & (ring.length - 1);
            firstIndex++;
        }
        if (size == 0 && ring.length > SMALLEST) {
            ring = new Entry[SMALLEST];
            head = 0;
        }
    }

    /** What was read of a frame, if it is still there. */
    @Nullable
    Block block(long frameLsn) {
        return blocks.get(frameLsn);
    }

    /** Keeps what was read of a frame, unless it is larger than the bound, and lets go of what was not used for longest. */
    void keep(long frameLsn, Block block) {
        Block before = blocks.remove(frameLsn);
        blockBytes -= before == null ? 0 : before.bytes();
        if (block.bytes() > halfBytes) {
            return;
        }
        blocks.put(frameLsn, block);
        blockBytes += block.bytes();
        for (Iterator<Block> oldest = blocks.values().iterator(); blockBytes > halfBytes; ) {
            blockBytes -= oldest.next().bytes();
            oldest.remove();
        }
    }

    /** Forgets everything. */
    void clear() {
        removeThrough(firstIndex + size - 1);
        blocks.clear();
        blockBytes = 0;
    }
}
