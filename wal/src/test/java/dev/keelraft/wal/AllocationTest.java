package dev.keelraft.wal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The garbage of a log in its steady state, beside the Ready and its entries, which are the caller's: none. What is left is the
 * JDK's, and does not grow with the entries.
 *
 * <p>The bounds are what JDK 17 and 25 take, to the byte, without optimization: with it there may be less. The smallest object is 16
 * bytes, so that one more of any kind is red. Where more is taken for a reason, a bound may rise by what the commit message says;
 * where less is, it falls.
 */
class AllocationTest {
    /** The id of the group as an object: its lookup needs that where it is larger than 127. */
    private static final long APPEND = 24;

    /** Two writes, of the frames and of MARK: 104 each; and the event for a flight recording. */
    private static final long SYNC = 232;

    @TempDir
    private Path directory = Path.of("");

    @Test
    void one_small_entry_and_a_sync() throws IOException, InterruptedException {
        assertSteady("same", 1, 1, 128);
    }

    @Test
    void a_large_entry_and_a_sync() throws IOException, InterruptedException {
        assertSteady("same", 1, 1, 64 << 10);
    }

    @Test
    void a_hundred_entries_in_one_append() throws IOException, InterruptedException {
        assertSteady("same", 1, 100, 128);
    }

    @Test
    void many_appends_and_one_sync() throws IOException, InterruptedException {
        assertSteady("same", 64, 1, 128);
    }

    @Test
    void one_small_entry_and_a_sync_on_the_thread_of_the_log() throws IOException, InterruptedException {
        assertSteady("own", 1, 1, 128);
    }

    @Test
    void a_hundred_entries_in_one_append_on_the_thread_of_the_log() throws IOException, InterruptedException {
        assertSteady("own", 1, 100, 128);
    }

    @Test
    void many_appends_and_one_sync_on_the_thread_of_the_log() throws IOException, InterruptedException {
        assertSteady("own", 64, 1, 128);
    }

    private void assertSteady(String thread, int appends, int entries, int entryBytes)
            throws IOException, InterruptedException {
        AllocationCount.Bytes bytes = AllocationCount.of(directory, thread, appends, entries, entryBytes);
        // A count of nothing would be a count that does not work.
        assertThat(bytes.append()).as("bytes of an append").isPositive().isLessThanOrEqualTo(APPEND);
        assertThat(bytes.sync()).as("bytes of a sync").isPositive().isLessThanOrEqualTo(SYNC);
        assertThat(bytes.catchUp()).as("bytes of a catching-up").isZero();
    }
}
