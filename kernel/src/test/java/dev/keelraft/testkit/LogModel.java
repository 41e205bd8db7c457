package dev.keelraft.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.keelraft.Ready;
import dev.keelraft.Storage;
import dev.keelraft.model.Entry;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Snapshot;
import java.util.ArrayList;
import java.util.List;

/** What a log must hold: a plain list of everything since the snapshot that was installed last, with payloads of its own. */
final class LogModel {
    private static final long PAGE_BYTES = 4096;

    private HardState hardState = HardState.EMPTY;
    private Snapshot snapshot = Snapshot.NONE;
    private long startIndex;
    private long startTerm;
    private long compacted;
    private final List<Entry> entries;

    LogModel() {
        entries = new ArrayList<>();
    }

    private LogModel(LogModel other) {
        hardState = other.hardState;
        snapshot = other.snapshot;
        startIndex = other.startIndex;
        startTerm = other.startTerm;
        compacted = other.compacted;
        entries = new ArrayList<>(other.entries);
    }

    LogModel copy() {
        return new LogModel(this);
    }

    void append(Ready ready) {
        if (!ready.snapshot().isNone()) {
            snapshot = ready.snapshot();
            startIndex = snapshot.index();
            startTerm = snapshot.term();
            compacted = startIndex;
            entries.clear();
        }
        if (!ready.hardState().isEmpty()) {
            hardState = ready.hardState();
        }
        for (Entry entry : ready.entries()) {
            int place = (int) (entry.index() - startIndex - 1);
            entries.subList(place, entries.size()).clear();
            entries.add(new Entry(
                    entry.term(), entry.index(), entry.type(), entry.data().clone()));
        }
    }

    void saveSnapshot(Snapshot saved) {
        snapshot = saved;
    }

    /** From now on entries up to an index may be missing, and need not. */
    void compact(long index) {
        compacted = Math.max(compacted, index);
    }

    boolean isEmpty() {
        return hardState.isEmpty() && snapshot.isNone() && lastIndex() == 0;
    }

    HardState hardState() {
        return hardState;
    }

    Snapshot snapshot() {
        return snapshot;
    }

    /** The lowest index of a first entry that is right: behind the snapshot that was installed last. */
    long lowestFirstIndex() {
        return startIndex + 1;
    }

    /** The highest: behind what was compacted. */
    long highestFirstIndex() {
        return compacted + 1;
    }

    long lastIndex() {
        return startIndex + entries.size();
    }

    long term(long index) {
        return index == startIndex
                ? startTerm
                : entries.get((int) (index - startIndex - 1)).term();
    }

    List<Entry> entries(long low, long high) {
        return entries.subList((int) (low - startIndex - 1), (int) (high - startIndex - 1));
    }

    /**
     * Asks a log everything, and fails if an answer is not right.
     *
     * @throws AssertionError that says which, with what was expected
     */
    void check(HostLog log) throws Exception {
        Storage storage = log.storage();
        assertEquals(hardState, storage.hardState(), "hardState()");
        checkRange(storage);
        long first = storage.firstIndex();
        for (long index = first - 1; index <= lastIndex(); index++) {
            assertEquals(term(index), storage.term(index), "term(" + index + ")");
        }
        LogReader reader = new LogReader(log);
        assertEquals(
                entries(first, lastIndex() + 1),
                reader.all(first, lastIndex() + 1, PAGE_BYTES),
                "the entries from " + first + " on");
        assertEquals(snapshot, snapshot.isNone() ? storage.snapshot() : reader.snapshot(), "snapshot()");
    }

    void checkRange(Storage storage) {
        long first = storage.firstIndex();
        if (first < lowestFirstIndex() || first > highestFirstIndex()) {
            throw new AssertionError("firstIndex() is " + first + ", and must be in [" + lowestFirstIndex() + ", "
                    + highestFirstIndex() + "]");
        }
        assertEquals(lastIndex(), storage.lastIndex(), "lastIndex()");
    }

    @Override
    public String toString() {
        return hardState + ", log from " + startIndex + " to " + startTerm + "/" + lastIndex() + ", " + snapshot;
    }
}
