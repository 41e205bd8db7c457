package dev.keelraft.testkit;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keelraft.Applied;
import dev.keelraft.RawNode;
import dev.keelraft.Ready;
import dev.keelraft.Storage;
import dev.keelraft.model.ConfChange;
import dev.keelraft.model.ConfChange.ChangeType;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.EntryType;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Snapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What {@link Storage} promises to the kernel, sentence by sentence. A storage of one's own passes it, or does not serve.
 *
 * <p>The log is given the Readys of a real node; no test crashes it, see {@link LogContract} for that.
 */
public abstract class StorageContract {
    private static final long NO_LIMIT = Long.MAX_VALUE;

    private HostLog log;
    private ReadyFeed feed;
    private LogReader reader;

    /** For subclasses. */
    protected StorageContract() {}

    /** Returns a new log that holds nothing. Called once for each test; the contract closes it. */
    protected abstract HostLog create() throws Exception;

    /** Creates the log. */
    @BeforeEach
    final void createLog() throws Exception {
        log = create();
        feed = new ReadyFeed(log);
        reader = new LogReader(log);
    }

    /** Closes it. */
    @AfterEach
    final void closeLog() throws Exception {
        log.close();
    }

    private Storage storage() {
        return log.storage();
    }

    private void check() throws Exception {
        feed.model().check(log);
    }

    // The bounds

    /** No hard state, no snapshot, no entry; the first will have index 1, and index 0 has term 0. */
    @Test
    public void a_new_log_is_empty() {
        assertAll(
                () -> assertEquals(HardState.EMPTY, storage().hardState()),
                () -> assertEquals(Snapshot.NONE, storage().snapshot()),
                () -> assertEquals(1, storage().firstIndex()),
                () -> assertEquals(0, storage().lastIndex()),
                () -> assertEquals(0, storage().term(0)));
    }

    /** {@code firstIndex()} is that of the first entry, {@code lastIndex()} of the last. */
    @Test
    public void a_log_goes_from_its_first_to_its_last_entry() throws Exception {
        for (long last = 1; last <= 40; last++) {
            feed.entries(1, last, 1);
            assertEquals(1, storage().firstIndex());
            assertEquals(last, storage().lastIndex());
        }
        assertEquals(feed.model().entries(1, 41), reader.all(1, 41, NO_LIMIT));
    }

    /** Behind a snapshot {@code lastIndex()} is {@code firstIndex() - 1} until an entry follows, and that one is the first. */
    @Test
    public void without_entries_the_first_index_is_that_of_the_entry_to_come() throws Exception {
        feed.install(3, ReadyFeed.snapshot(20, 2));
        assertEquals(21, storage().firstIndex());
        assertEquals(20, storage().lastIndex());
        feed.entries(3, 21, 1);
        assertEquals(21, storage().firstIndex());
        assertEquals(21, storage().lastIndex());
        check();
    }

    /** The hard state is the one stored last, whole; an empty one in a Ready leaves it as it was. */
    @Test
    public void the_hard_state_is_the_one_stored_last() throws Exception {
        feed.vote(3, 3);
        assertEquals(new HardState(3, 3, 0), storage().hardState());
        feed.entries(3, 1, 5);
        assertEquals(new HardState(3, 3, 0), storage().hardState(), "entries alone do not change it");
        feed.commit(4);
        assertEquals(new HardState(3, 3, 4), storage().hardState());
        feed.entries(5, 6, 1);
        assertEquals(new HardState(5, 0, 4), storage().hardState(), "a new term begins without a vote");
        feed.vote(6, ReadyFeed.LEADER);
        assertEquals(new HardState(6, ReadyFeed.LEADER, 4), storage().hardState());
    }

    // Terms

    /** From the index before the first entry to the last entry; 0 for index 0. */
    @Test
    public void every_entry_has_its_term_and_so_has_the_index_before_the_first() throws Exception {
        long[] terms = {1, 1, 2, 5, 5, 5, 6, 9};
        for (int i = 0; i < terms.length; i++) {
            feed.entries(terms[i], i + 1L, 1);
        }
        assertEquals(0, storage().term(0));
        for (int i = 0; i < terms.length; i++) {
            assertEquals(terms[i], storage().term(i + 1L), "term(" + (i + 1) + ")");
        }
        feed.install(10, ReadyFeed.snapshot(30, 10));
        assertEquals(10, storage().term(30), "the snapshot's own term");
        feed.entries(11, 31, 1);
        assertEquals(10, storage().term(30), "the snapshot's own term");
        assertEquals(11, storage().term(31));
    }

    // Entries

    /** Not more than was asked for, from {@code low} on, without gaps; together all of it. */
    @Test
    public void entries_begin_at_low_have_no_gaps_and_end_before_high() throws Exception {
        feed.entries(1, 1, 9);
        feed.entries(2, 10, 3);
        for (long low = 1; low <= 12; low++) {
            for (long high = low + 1; high <= 13; high++) {
                assertEquals(
                        feed.model().entries(low, high),
                        reader.all(low, high, NO_LIMIT),
                        "entries(" + low + ", " + high + ")");
            }
        }
    }

    /** {@code maxBytes} counts {@link Entry#wireBytes()}; the first entry comes however large it is. */
    @Test
    public void at_least_one_entry_comes_and_otherwise_no_more_than_fit() throws Exception {
        feed.entries(1, 1, 40);
        List<Entry> all = List.copyOf(feed.model().entries(1, 41));
        for (long low : new long[] {1, 2, 30, 40}) {
            for (long maxBytes = 0; maxBytes <= Entry.wireBytes(all) + 1; maxBytes += 7) {
                List<Entry> found = reader.entries(low, 41, maxBytes);
                String asked = "entries(" + low + ", 41, " + maxBytes + ")";
                assertTrue(
                        found.size() == 1 || Entry.wireBytes(found) <= maxBytes,
                        () -> asked + " returned " + found.size() + " entries of " + Entry.wireBytes(found) + " bytes");
                assertEquals(all.subList((int) low - 1, (int) low - 1 + found.size()), found, asked);
            }
        }
    }

    /** All kinds of entries, payloads from nothing to a megabyte, and all of their bytes. */
    @Test
    public void payloads_and_types_come_back_as_they_were() throws Exception {
        int[] lengths = {0, 1, 7, 8, 9, 255, 256, 511, 512, 513, 4095, 4096, 4097, 70_000, 1 << 20};
        List<Entry> entries = new ArrayList<>();
        for (int length : lengths) {
            entries.add(Entry.normal(1, entries.size() + 1L, ReadyFeed.bytes(length, length)));
        }
        ConfChange add = ConfChange.v1(7, ChangeType.ADD_LEARNER, -9, new byte[] {1, 2});
        entries.add(new Entry(1, entries.size() + 1L, EntryType.CONF_CHANGE, add.encode()));
        entries.add(new Entry(1, entries.size() + 1L, EntryType.CONF_CHANGE_V2, new byte[0]));
        feed.entries(1, entries);
        for (Entry entry : feed.model().entries(1, entries.size() + 1L)) {
            Entry found =
                    reader.entries(entry.index(), entry.index() + 1, NO_LIMIT).get(0);
            assertEquals(entry.type(), found.type());
            assertArrayEquals(entry.data(), found.data(), "the payload of " + entry);
        }
        check();
    }

    /** Ids are unsigned; terms and indexes are as large as they like. */
    @Test
    public void ids_terms_and_indexes_keep_all_their_bits() throws Exception {
        long term = 0x5a5a_1234_5678_9abcL;
        long index = 0x0123_4567_89ab_cdefL;
        feed.vote(2, -3);
        assertEquals(-3, storage().hardState().vote(), "the highest id there is");
        feed.install(term, ReadyFeed.snapshot(index, term - 1));
        feed.entries(term, index + 1, 20);
        feed.vote(term + 1, ReadyFeed.LEADER);
        assertEquals(new HardState(term + 1, ReadyFeed.LEADER, index), storage().hardState());
        check();
    }

    /** Truncate, then append: what was there at the index and behind it is gone. */
    @Test
    public void appended_entries_replace_those_of_the_same_index_and_all_behind_them() throws Exception {
        feed.entries(1, 1, 30);
        feed.entries(2, 25, 3);
        assertEquals(27, storage().lastIndex());
        check();
        feed.entries(3, 26, 10);
        check();
        feed.entries(4, 2, 1);
        assertEquals(2, storage().lastIndex());
        check();
        feed.entries(5, 1, 40);
        check();
    }

    /** Whatever happens to the log after it was returned, and whatever else is read. */
    @Test
    public void a_list_that_was_returned_never_changes() throws Exception {
        feed.entries(1, 1, 30);
        List<Entry> whole = reader.entries(1, 31, NO_LIMIT);
        List<Entry> part = reader.entries(20, 25, NO_LIMIT);
        List<Entry> wholeThen = copy(whole);
        List<Entry> partThen = copy(part);

        reader.all(1, 31, 100);
        feed.entries(2, 10, 30);
        reader.all(1, 40, 100);
        feed.saveSnapshot(24);
        feed.compact(22);
        feed.install(4, ReadyFeed.snapshot(60, 3));
        feed.entries(4, 61, 30);
        reader.all(61, 91, NO_LIMIT);

        assertEquals(wholeThen, whole);
        assertEquals(partThen, part);
    }

    private static List<Entry> copy(List<Entry> entries) {
        return entries.stream()
                .map(entry -> new Entry(
                        entry.term(), entry.index(), entry.type(), entry.data().clone()))
                .toList();
    }

    /** Nor does the log change through it. */
    @Test
    public void a_list_that_was_returned_does_not_lead_back_into_the_log() throws Exception {
        feed.entries(1, 1, 10);
        List<Entry> found = reader.entries(1, 11, NO_LIMIT);
        try {
            found.clear();
        } catch (UnsupportedOperationException e) {
            // That is the best answer.
        }
        check();
    }

    /** The kernel still has them, and hands them on to peers. */
    @Test
    public void payloads_that_were_given_to_the_log_are_left_alone() throws Exception {
        List<Entry> given = new ArrayList<>();
        for (long index = 1; index <= 20; index++) {
            given.add(Entry.normal(1, index, ReadyFeed.bytes(100, index)));
        }
        List<Entry> then = copy(given);
        feed.entries(1, given);
        reader.all(1, 21, 250);
        feed.saveSnapshot(10);
        feed.compact(10);
        feed.entries(2, 15, 10);
        reader.all(storage().firstIndex(), 25, 250);
        assertEquals(then, given);
    }

    /** The same question has the same answer, also after all others were asked, forwards and backwards. */
    @Test
    public void reading_changes_nothing() throws Exception {
        feed.entries(1, 1, 60);
        feed.saveSnapshot(20);
        feed.compact(10);
        for (int i = 0; i < 3; i++) {
            for (long low = storage().lastIndex(); low >= storage().firstIndex(); low--) {
                assertEquals(feed.model().entries(low, low + 1), reader.entries(low, low + 1, 0));
            }
            check();
        }
    }

    /** What is pending is there once it was fetched, wherever it is in the log, and however often. */
    @Test
    public void pending_entries_come_when_they_were_fetched() throws Exception {
        feed.entries(1, 1, 200);
        Random random = new Random(1);
        for (int i = 0; i < 300; i++) {
            long low = 1L + random.nextInt(200);
            long high = low + 1 + random.nextInt((int) (201 - low));
            List<Entry> found = reader.entries(low, high, random.nextInt(2000));
            assertEquals(feed.model().entries(low, low + found.size()), found);
        }
    }

    /** Twenty thousand entries, in batches of all sizes. */
    @Test
    public void a_long_log_answers_like_a_short_one() throws Exception {
        Random random = new Random(2);
        long last = 0;
        for (long term = 1; last < 20_000; term++) {
            int count = 1 + random.nextInt(400);
            feed.entries(term, last + 1, count);
            last += count;
        }
        feed.model().checkRange(storage());
        for (int i = 0; i < 500; i++) {
            long low = 1L + random.nextInt((int) last);
            long high = Math.min(last + 1, low + 1 + random.nextInt(700));
            assertEquals(feed.model().term(low), storage().term(low), "term(" + low + ")");
            List<Entry> found = reader.entries(low, high, random.nextInt(40_000));
            assertEquals(feed.model().entries(low, low + found.size()), found);
        }
    }

    // Compaction and snapshots

    /** The index before the first entry keeps its term. */
    @Test
    public void compaction_takes_no_entry_behind_its_index() throws Exception {
        for (int i = 0; i < 10; i++) {
            feed.entries(i + 1L, 5L * i + 1, 5);
        }
        feed.saveSnapshot(33);
        for (long index : new long[] {1, 2, 17, 32, 33}) {
            feed.compact(index);
            check();
        }
        feed.entries(12, 40, 4);
        check();
    }

    /** Then the log is empty, and goes on behind that index. */
    @Test
    public void a_log_can_be_compacted_up_to_its_last_entry() throws Exception {
        feed.entries(3, 1, 20);
        feed.saveSnapshot(20);
        feed.compact(20);
        assertEquals(20, storage().lastIndex());
        assertEquals(3, storage().term(20));
        check();
        feed.entries(4, 21, 3);
        check();
    }

    /** A snapshot of the application's own. */
    @Test
    public void a_saved_snapshot_leaves_the_log_as_it_is() throws Exception {
        feed.entries(1, 1, 30);
        feed.saveSnapshot(20);
        assertEquals(1, storage().firstIndex());
        assertEquals(30, storage().lastIndex());
        check();
        feed.saveSnapshot(30);
        assertEquals(1, storage().firstIndex());
        check();
    }

    /** Whether the log ended before it, or has other entries at its index and behind it. */
    @Test
    public void an_installed_snapshot_replaces_the_whole_log() throws Exception {
        feed.entries(1, 1, 50);
        feed.install(5, ReadyFeed.snapshot(30, 4));
        assertEquals(31, storage().firstIndex());
        assertEquals(30, storage().lastIndex(), "what the log had behind it is gone");
        assertEquals(4, storage().term(30));
        check();
        feed.entries(5, 31, 5);
        check();
        feed.install(6, ReadyFeed.snapshot(100, 6));
        check();
        feed.entries(6, 101, 5);
        check();
    }

    /** With all of its members, and the application's descriptor. */
    @Test
    public void the_snapshot_is_the_newest_and_whole() throws Exception {
        ConfState joint = new ConfState(
                List.of(1L, ReadyFeed.LEADER, 3L),
                List.of(1L, 5L, -3L),
                List.of(8L),
                List.of(5L),
                true,
                List.of(new ConfState.Incarnation(ReadyFeed.LEADER, -7)));
        Snapshot first = new Snapshot(10, 2, joint, ReadyFeed.bytes(1000, 3));
        feed.install(2, first);
        assertEquals(first, reader.snapshot());
        assertArrayEquals(first.data(), reader.snapshot().data());
        feed.entries(3, 11, 20);
        assertEquals(first, reader.snapshot());
        feed.saveSnapshot(20);
        assertEquals(ReadyFeed.snapshot(20, 3), reader.snapshot());
        feed.install(4, new Snapshot(40, 4, ReadyFeed.MEMBERS, new byte[0]));
        assertEquals(new Snapshot(40, 4, ReadyFeed.MEMBERS, new byte[0]), reader.snapshot());
    }

    /** A follower that gets it needs the entries behind it. */
    @Test
    public void the_snapshot_reaches_the_first_entry() throws Exception {
        feed.entries(1, 1, 60);
        for (long index = 10; index <= 60; index += 10) {
            feed.saveSnapshot(index);
            feed.compact(index % 20 == 0 ? index : index - 5);
            assertTrue(
                    reader.snapshot().index() >= storage().firstIndex() - 1,
                    "the snapshot at " + reader.snapshot().index() + " does not reach firstIndex() "
                            + storage().firstIndex());
            check();
        }
    }

    // All together

    /** While a node is started nothing may be pending. */
    @Test
    public void a_node_starts_from_it() throws Exception {
        feed.entries(1, 1, 40);
        ConfChange add = ConfChange.v1(7, ChangeType.ADD_LEARNER, 9, new byte[0]);
        feed.entries(2, List.of(new Entry(2, 41, EntryType.CONF_CHANGE, add.encode())));
        feed.entries(2, 42, 10);
        feed.commit(30);
        feed.saveSnapshot(20);
        feed.compact(12);

        Applied applied = new Applied(20, ReadyFeed.MEMBERS);
        RawNode node = RawNode.restart(ReadyFeed.config(ReadyFeed.ID, 5), storage(), applied);

        List<Entry> committed = new ArrayList<>();
        for (int i = 0; i < 16 && committed.size() < 10; i++) {
            log.fetchPending();
            node.entriesFetched();
            if (node.hasReady()) {
                Ready ready = node.ready();
                committed.addAll(ready.committedEntries());
                node.advance(ready);
            }
        }
        assertEquals(feed.model().entries(21, 31), committed);
    }

    /** Whatever a log lives through; the order is chosen by luck, and always the same. */
    @Test
    public void any_order_of_changes_reads_back() throws Exception {
        Random random = new Random(3);
        long term = 1;
        for (int i = 0; i < 300; i++) {
            LogModel model = feed.model();
            long last = model.lastIndex();
            long commit = model.hardState().commit();
            switch (random.nextInt(8)) {
                case 0, 1 -> feed.entries(term, last + 1, 1 + random.nextInt(20));
                case 2 -> feed.entries(++term, commit + 1 + random.nextLong(last - commit + 1), 1 + random.nextInt(9));
                case 3 -> feed.commit(commit + random.nextLong(last - commit + 1));
                case 4 -> feed.vote(++term, 3);
                case 5 -> {
                    if (commit > model.snapshot().index()) {
                        feed.saveSnapshot(commit);
                    }
                }
                case 6 -> {
                    long from = model.highestFirstIndex();
                    if (model.snapshot().index() >= from) {
                        feed.compact(from + random.nextLong(model.snapshot().index() - from + 1));
                    }
                }
                default -> {
                    if (random.nextInt(4) == 0) {
                        term += 2;
                        feed.install(term, ReadyFeed.snapshot(commit + 1 + random.nextInt(30), term - 1));
                    }
                }
            }
            check();
        }
        assertFalse(feed.model().snapshot().isNone());
    }
}
