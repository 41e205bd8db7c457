package dev.keelraft;

import dev.keelraft.model.Entry;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Snapshot;
import java.util.List;

/** A storage in memory, of which a test can spoil any answer. */
class DelegatingStorage implements Storage {
    final MemoryStorage memory = new MemoryStorage();

    @Override
    public HardState hardState() {
        return memory.hardState();
    }

    @Override
    public long firstIndex() {
        return memory.firstIndex();
    }

    @Override
    public long lastIndex() {
        return memory.lastIndex();
    }

    @Override
    public long term(long index) {
        return memory.term(index);
    }

    @Override
    public List<Entry> entries(long low, long high, long maxBytes) {
        return memory.entries(low, high, maxBytes);
    }

    @Override
    public Snapshot snapshot() {
        return memory.snapshot();
    }
}
