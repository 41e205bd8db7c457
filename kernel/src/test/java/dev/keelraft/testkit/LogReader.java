package dev.keelraft.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dev.keelraft.Storage;
import dev.keelraft.model.Entry;
import dev.keelraft.model.Snapshot;
import java.util.ArrayList;
import java.util.List;

/** Reads a log as a patient host does: what is not at hand it has fetched, and then asks again. */
record LogReader(HostLog log) {
    private static final int FETCHES = 16;

    /** What one call of {@link Storage#entries} brings: at least one entry, and what every answer must be. */
    List<Entry> entries(long low, long high, long maxBytes) throws Exception {
        for (int i = 0; i < FETCHES; i++) {
            List<Entry> found = log.storage().entries(low, high, maxBytes);
            if (!found.isEmpty()) {
                checkRange(found, low, high);
                return found;
            }
            log.fetchPending();
        }
        return fail("entries(" + low + ", " + high + ", " + maxBytes + ") stays pending, however often it is fetched");
    }

    private static void checkRange(List<Entry> found, long low, long high) {
        assertTrue(
                found.size() <= high - low,
                () -> "entries(" + low + ", " + high + ") returned " + found.size() + " entries");
        for (int i = 0; i < found.size(); i++) {
            assertEquals(low + i, found.get(i).index(), "the index of an entry in entries(" + low + ", " + high + ")");
        }
    }

    /** All entries of a range, page by page. */
    List<Entry> all(long low, long high, long pageBytes) throws Exception {
        List<Entry> all = new ArrayList<>();
        while (low + all.size() < high) {
            all.addAll(entries(low + all.size(), high, pageBytes));
        }
        return all;
    }

    /** The snapshot, or none if none is had after all attempts. */
    Snapshot snapshot() throws Exception {
        for (int i = 0; i < FETCHES; i++) {
            Snapshot snapshot = log.storage().snapshot();
            if (!snapshot.isNone()) {
                return snapshot;
            }
            log.fetchPending();
        }
        return Snapshot.NONE;
    }
}
