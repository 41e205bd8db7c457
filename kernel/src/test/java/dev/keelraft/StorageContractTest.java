package dev.keelraft;

import static org.assertj.core.api.Assertions.assertThat;

import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Snapshot;
import dev.keelraft.testkit.HostLog;
import dev.keelraft.testkit.StorageContract;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The contract of storages notices: each of its tests goes red for a storage that is wrong in just that. */
class StorageContractTest {
    /** A way to be wrong, and the test that has to see it. */
    private record Fault(String what, String seenBy, UnaryOperator<HostLog> in) {}

    private static final List<Fault> FAULTS = List.of(
            answers("the log begins at 0", "a_new_log_is_empty", sound -> new Answers(sound) {
                @Override
                public long firstIndex() {
                    return lastIndex() == 0 ? 0 : super.firstIndex();
                }
            }),
            answers(
                    "the end is that of what was synced",
                    "a_log_goes_from_its_first_to_its_last_entry",
                    sound -> new Answers(sound) {
                        @Override
                        public long lastIndex() {
                            return Math.max(firstIndex() - 1, super.lastIndex() - 1);
                        }
                    }),
            answers(
                    "without entries the end is 0",
                    "without_entries_the_first_index_is_that_of_the_entry_to_come",
                    sound -> new Answers(sound) {
                        @Override
                        public long lastIndex() {
                            return super.lastIndex() < firstIndex() ? 0 : super.lastIndex();
                        }
                    }),
            answers("a vote outlives its term", "the_hard_state_is_the_one_stored_last", sound -> new Answers(sound) {
                private long vote;

                @Override
                public HardState hardState() {
                    HardState stored = super.hardState();
                    vote = stored.vote() == 0 ? vote : stored.vote();
                    return new HardState(stored.term(), vote, stored.commit());
                }
            }),
            log(
                    "an unchanged hard state is stored as an empty one",
                    "the_hard_state_is_the_one_stored_last",
                    sound -> new DelegatingLog(sound) {
                        private boolean forgotten;

                        @Override
                        public void append(Ready ready) throws Exception {
                            super.append(ready);
                            forgotten = ready.hardState().isEmpty();
                        }

                        @Override
                        public Storage storage() {
                            return forgotten
                                    ? new Answers(super.storage()) {
                                        @Override
                                        public HardState hardState() {
                                            return HardState.EMPTY;
                                        }
                                    }
                                    : super.storage();
                        }
                    }),
            answers(
                    "the term before the first entry is unknown",
                    "every_entry_has_its_term_and_so_has_the_index_before_the_first",
                    sound -> new Answers(sound) {
                        @Override
                        public long term(long index) {
                            return index == firstIndex() - 1 ? 0 : super.term(index);
                        }
                    }),
            answers(
                    "high is taken for inclusive",
                    "entries_begin_at_low_have_no_gaps_and_end_before_high",
                    sound -> new Answers(sound) {
                        @Override
                        public List<Entry> entries(long low, long high, long maxBytes) {
                            return super.entries(low, Math.min(high + 1, lastIndex() + 1), maxBytes);
                        }
                    }),
            answers(
                    "an entry that does not fit is left out, also the first",
                    "at_least_one_entry_comes_and_otherwise_no_more_than_fit",
                    sound -> new Answers(sound) {
                        @Override
                        public List<Entry> entries(long low, long high, long maxBytes) {
                            List<Entry> found = super.entries(low, high, maxBytes);
                            return Entry.wireBytes(found) > maxBytes ? List.of() : found;
                        }
                    }),
            answers(
                    "the limit counts payloads",
                    "at_least_one_entry_comes_and_otherwise_no_more_than_fit",
                    sound -> new Answers(sound) {
                        @Override
                        public List<Entry> entries(long low, long high, long maxBytes) {
                            List<Entry> all = super.entries(low, high, RaftConfig.NO_LIMIT);
                            int count = 1;
                            while (count < all.size() && Entry.payloadBytes(all.subList(0, count + 1)) <= maxBytes) {
                                count++;
                            }
                            return all.subList(0, count);
                        }
                    }),
            answers(
                    "lengths of payloads have 16 bits",
                    "payloads_and_types_come_back_as_they_were",
                    sound -> new Entries(sound) {
                        @Override
                        Entry altered(Entry entry) {
                            byte[] data = Arrays.copyOf(entry.data(), entry.data().length & 0xffff);
                            return new Entry(entry.term(), entry.index(), entry.type(), data);
                        }
                    }),
            answers(
                    "all entries are normal ones",
                    "payloads_and_types_come_back_as_they_were",
                    sound -> new Entries(sound) {
                        @Override
                        Entry altered(Entry entry) {
                            return Entry.normal(entry.term(), entry.index(), entry.data());
                        }
                    }),
            answers("ids are signed", "ids_terms_and_indexes_keep_all_their_bits", sound -> new Answers(sound) {
                @Override
                public HardState hardState() {
                    HardState stored = super.hardState();
                    return new HardState(stored.term(), Math.abs(stored.vote()), stored.commit());
                }
            }),
            answers("terms have 32 bits", "ids_terms_and_indexes_keep_all_their_bits", sound -> new Answers(sound) {
                @Override
                public long term(long index) {
                    return super.term(index) & 0xffff_ffffL;
                }
            }),
            answers(
                    "what is overwritten keeps its tail",
                    "appended_entries_replace_those_of_the_same_index_and_all_behind_them",
                    sound -> new Answers(sound) {
                        private long end;

                        @Override
                        public long lastIndex() {
                            end = Math.max(end, super.lastIndex());
                            return end;
                        }
                    }),
            answers(
                    "one list serves all answers",
                    "a_list_that_was_returned_never_changes",
                    sound -> new Answers(sound) {
                        private final List<Entry> list = new ArrayList<>();

                        @Override
                        public List<Entry> entries(long low, long high, long maxBytes) {
                            list.clear();
                            list.addAll(super.entries(low, high, maxBytes));
                            return list;
                        }
                    }),
            answers(
                    "one buffer serves all payloads",
                    "a_list_that_was_returned_never_changes",
                    sound -> new Entries(sound) {
                        private final byte[] buffer = new byte[100];

                        @Override
                        Entry altered(Entry entry) {
                            System.arraycopy(entry.data(), 0, buffer, 0, Math.min(100, entry.data().length));
                            return new Entry(entry.term(), entry.index(), entry.type(), buffer);
                        }
                    }),
            answers(
                    "the cache is handed out",
                    "a_list_that_was_returned_does_not_lead_back_into_the_log",
                    sound -> new Answers(sound) {
                        private @Nullable List<Entry> cache;

                        @Override
                        public List<Entry> entries(long low, long high, long maxBytes) {
                            if (cache == null) {
                                cache = new ArrayList<>(super.entries(low, high, maxBytes));
                            }
                            return cache;
                        }
                    }),
            log(
                    "payloads are encrypted where they are",
                    "payloads_that_were_given_to_the_log_are_left_alone",
                    sound -> new DelegatingLog(sound) {
                        @Override
                        public void append(Ready ready) throws Exception {
                            super.append(ready);
                            ready.entries().forEach(entry -> Arrays.fill(entry.data(), (byte) 'x'));
                        }
                    }),
            answers(
                    "reading backwards, the cache is one entry behind",
                    "reading_changes_nothing",
                    sound -> new Answers(sound) {
                        private List<Entry> last = List.of();

                        @Override
                        public List<Entry> entries(long low, long high, long maxBytes) {
                            if (!last.isEmpty() && last.get(0).index() == low + 1) {
                                return last;
                            }
                            last = super.entries(low, high, maxBytes);
                            return last;
                        }
                    }),
            answers(
                    "old entries are never at hand",
                    "pending_entries_come_when_they_were_fetched",
                    sound -> new Answers(sound) {
                        @Override
                        public List<Entry> entries(long low, long high, long maxBytes) {
                            return low < lastIndex() - 150 ? List.of() : super.entries(low, high, maxBytes);
                        }
                    }),
            answers("an index of terms is full", "a_long_log_answers_like_a_short_one", sound -> new Answers(sound) {
                @Override
                public long term(long index) {
                    return super.term(Math.min(index, 1 << 14));
                }
            }),
            log(
                    "compaction takes one entry too many",
                    "compaction_takes_no_entry_behind_its_index",
                    sound -> new DelegatingLog(sound) {
                        @Override
                        public void compact(long index) throws Exception {
                            super.compact(Math.min(index + 1, storage().lastIndex()));
                        }
                    }),
            log(
                    "a log without entries begins anew",
                    "a_log_can_be_compacted_up_to_its_last_entry",
                    sound -> new DelegatingLog(sound) {
                        @Override
                        public Storage storage() {
                            Storage whole = super.storage();
                            return whole.lastIndex() >= whole.firstIndex() ? whole : new MemoryStorage();
                        }
                    }),
            log(
                    "a saved snapshot replaces the log",
                    "a_saved_snapshot_leaves_the_log_as_it_is",
                    sound -> new DelegatingLog(sound) {
                        @Override
                        public void saveSnapshot(Snapshot snapshot) throws Exception {
                            super.saveSnapshot(snapshot);
                            super.compact(snapshot.index());
                        }
                    }),
            log(
                    "an installed snapshot keeps the tail",
                    "an_installed_snapshot_replaces_the_whole_log",
                    sound -> new DelegatingLog(sound) {
                        @Override
                        public void append(Ready ready) throws Exception {
                            long last = storage().lastIndex();
                            boolean keeps = !ready.snapshot().isNone()
                                    && ready.snapshot().index() < last;
                            List<Entry> tail = keeps
                                    ? storage().entries(ready.snapshot().index() + 1, last + 1, RaftConfig.NO_LIMIT)
                                    : List.of();
                            super.append(ready);
                            ((MemoryStorage) storage()).append(tail);
                        }
                    }),
            answers(
                    "a snapshot has voters and learners",
                    "the_snapshot_is_the_newest_and_whole",
                    sound -> new Answers(sound) {
                        @Override
                        public Snapshot snapshot() {
                            Snapshot stored = super.snapshot();
                            ConfState members = ConfState.of(
                                    stored.confState().voters(),
                                    stored.confState().learners());
                            return new Snapshot(stored.index(), stored.term(), members, stored.data());
                        }
                    }),
            answers("the snapshot is read once", "the_snapshot_reaches_the_first_entry", sound -> new Answers(sound) {
                private Snapshot cache = Snapshot.NONE;

                @Override
                public Snapshot snapshot() {
                    cache = cache.isNone() ? super.snapshot() : cache;
                    return cache;
                }
            }),
            log(
                    "nothing is at hand when a node is started",
                    "a_node_starts_from_it",
                    sound -> new DelegatingLog(sound) {
                        private boolean fetched;

                        @Override
                        public Storage storage() {
                            return new Answers(super.storage()) {
                                @Override
                                public List<Entry> entries(long low, long high, long maxBytes) {
                                    return fetched ? super.entries(low, high, maxBytes) : List.of();
                                }
                            };
                        }

                        @Override
                        public void fetchPending() {
                            fetched = true;
                        }
                    }),
            log(
                    "with a snapshot the hard state is forgotten",
                    "any_order_of_changes_reads_back",
                    sound -> new DelegatingLog(sound) {
                        @Override
                        public void append(Ready ready) throws Exception {
                            HardState before = storage().hardState();
                            super.append(ready);
                            if (!ready.snapshot().isNone()) {
                                ((MemoryStorage) storage()).setHardState(before);
                            }
                        }
                    }));

    private static Fault log(String what, String seenBy, UnaryOperator<HostLog> in) {
        return new Fault(what, seenBy, in);
    }

    /** A log that is sound, with a storage in front of it that answers wrongly. */
    private static Fault answers(String what, String seenBy, UnaryOperator<Storage> in) {
        return new Fault(what, seenBy, sound -> new DelegatingLog(sound) {
            private final Storage wrong = in.apply(sound.storage());

            @Override
            public Storage storage() {
                return wrong;
            }
        });
    }

    /** Hands all questions on; subclasses answer some themselves. */
    private abstract static class Answers implements Storage {
        private final Storage sound;

        Answers(Storage sound) {
            this.sound = sound;
        }

        @Override
        public HardState hardState() {
            return sound.hardState();
        }

        @Override
        public long firstIndex() {
            return sound.firstIndex();
        }

        @Override
        public long lastIndex() {
            return sound.lastIndex();
        }

        @Override
        public long term(long index) {
            return sound.term(index);
        }

        @Override
        public List<Entry> entries(long low, long high, long maxBytes) {
            return sound.entries(low, high, maxBytes);
        }

        @Override
        public Snapshot snapshot() {
            return sound.snapshot();
        }
    }

    /** Alters each entry. */
    private abstract static class Entries extends Answers {
        Entries(Storage sound) {
            super(sound);
        }

        abstract Entry altered(Entry entry);

        @Override
        public List<Entry> entries(long low, long high, long maxBytes) {
            return super.entries(low, high, maxBytes).stream()
                    .map(this::altered)
                    .toList();
        }
    }

    /** The contract over the fault that is being tried. It is run by the tests below, and not by itself. */
    static final class Wrong extends StorageContract {
        private static @Nullable Fault fault;

        @Override
        protected HostLog create() {
            HostLog sound = new MemoryLog(new MemoryLog.Disk());
            return Objects.requireNonNull(fault).in().apply(sound);
        }
    }

    @TestFactory
    List<DynamicTest> a_wrong_storage_is_found_by_the_test_that_is_about_it() {
        return FAULTS.stream()
                .map(fault -> DynamicTest.dynamicTest(fault.what(), () -> {
                    Wrong.fault = fault;
                    assertThat(ContractRun.failureOf(Wrong.class, fault.seenBy()))
                            .as(fault.seenBy())
                            .hasValueSatisfying(seen ->
                                    assertThat(seen).isInstanceOfAny(AssertionError.class, RaftFailedException.class));
                }))
                .toList();
    }

    @Test
    void each_test_of_the_contract_can_fail() {
        assertThat(FAULTS.stream().map(Fault::seenBy).distinct())
                .containsExactlyInAnyOrderElementsOf(ContractRun.tests(StorageContract.class));
    }

    /** What the faults are put into is sound, so that it is they that are found. */
    @Test
    void without_a_fault_each_of_them_passes() {
        Wrong.fault = new Fault("none", "nothing", sound -> sound);
        assertThat(ContractRun.tests(StorageContract.class))
                .allSatisfy(test ->
                        assertThat(ContractRun.failureOf(Wrong.class, test)).isEmpty());
    }
}
