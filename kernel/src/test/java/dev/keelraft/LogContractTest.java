package dev.keelraft;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.keelraft.MemoryLog.Batch;
import dev.keelraft.MemoryLog.Disk;
import dev.keelraft.model.Entry;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Snapshot;
import dev.keelraft.testkit.HostLog;
import dev.keelraft.testkit.LogContract;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The contract of logs notices: each of its tests goes red for a log that is wrong in just that. */
class LogContractTest {
    /**
     * A way to be wrong, and the tests that have to see it.
     *
     * @param writing how a log is opened
     * @param crashing what a crash leaves
     */
    private record Fault(
            String what,
            List<String> seenBy,
            BiFunction<Disk, HostLog, HostLog> writing,
            BiConsumer<Disk, Random> crashing) {}

    private static final List<Fault> FAULTS = List.of(
            new Fault(
                    "a sync does nothing",
                    List.of(
                            "the_first_batch_is_found_again",
                            "what_was_synced_is_found_again",
                            "an_acknowledged_entry_survives",
                            "batches_that_share_a_sync_are_all_found_again",
                            "a_group_of_one_survives_a_crash_at_every_persist_point",
                            "a_group_of_three_survives_a_crash_at_every_persist_point",
                            "a_group_of_three_survives_a_power_loss_at_every_persist_point"),
                    (disk, log) -> new DelegatingLog(log) {
                        @Override
                        public void sync() {}
                    },
                    Disk::crash),
            afterCrash("votes are forgotten", List.of("a_granted_vote_survives"), (disk, random) -> {
                disk.crash(random);
                replaceEach(disk, stored -> {
                    HardState state = stored.hardState();
                    return new Batch.Stored(
                            stored.snapshot(), new HardState(state.term(), 0, state.commit()), stored.entries());
                });
            }),
            // The conflict was resolved in memory alone: on the disk the old tail is still behind the new entries.
            new Fault(
                    "what was replaced stays on the disk",
                    List.of("entries_that_were_replaced_do_not_come_back"),
                    (disk, log) -> new DelegatingLog(log) {
                        @Override
                        public void append(Ready ready) throws Exception {
                            long last = storage().lastIndex();
                            List<Entry> tail = List.of();
                            if (!ready.entries().isEmpty() && ready.snapshot().isNone()) {
                                long next = ready.entries()
                                                .get(ready.entries().size() - 1)
                                                .index()
                                        + 1;
                                tail = next <= last ? storage().entries(next, last + 1, RaftConfig.NO_LIMIT) : tail;
                            }
                            super.append(ready);
                            addToLast(disk, tail);
                        }
                    },
                    Disk::crash),
            new Fault(
                    "behind an installed snapshot the tail stays on the disk",
                    List.of("an_installed_snapshot_replaces_the_log_for_good"),
                    (disk, log) -> new DelegatingLog(log) {
                        @Override
                        public void append(Ready ready) throws Exception {
                            long next = ready.snapshot().index() + 1;
                            long last = storage().lastIndex();
                            List<Entry> tail = ready.snapshot().isNone() || next > last
                                    ? List.of()
                                    : storage().entries(next, last + 1, RaftConfig.NO_LIMIT);
                            super.append(ready);
                            addToLast(disk, tail);
                        }
                    },
                    Disk::crash),
            new Fault(
                    "a saved snapshot is not synced",
                    List.of("saved_snapshots_and_what_is_behind_compaction_survive"),
                    (disk, log) -> new DelegatingLog(log) {
                        @Override
                        public void saveSnapshot(Snapshot snapshot) throws Exception {
                            int synced = disk.synced;
                            super.saveSnapshot(snapshot);
                            disk.synced = synced;
                        }
                    },
                    Disk::crash),
            new Fault(
                    "compaction takes all there is",
                    List.of("saved_snapshots_and_what_is_behind_compaction_survive"),
                    (disk, log) -> new DelegatingLog(log) {
                        @Override
                        public void compact(long index) throws Exception {
                            super.compact(storage().lastIndex());
                        }
                    },
                    Disk::crash),
            afterCrash(
                    "hard states are durable before the entries of their batch",
                    List.of(
                            "an_unsynced_batch_is_there_whole_or_not_at_all",
                            "any_life_goes_on_where_the_last_one_ended"),
                    (disk, random) -> {
                        List<Batch> lost = disk.batches.subList(disk.synced, disk.batches.size());
                        lost.replaceAll(batch -> batch instanceof Batch.Stored stored
                                ? new Batch.Stored(Snapshot.NONE, stored.hardState(), List.of())
                                : batch);
                        disk.synced = disk.batches.size();
                    }),
            afterCrash(
                    "a batch may be torn behind its first entries",
                    List.of(
                            "an_unsynced_batch_is_there_whole_or_not_at_all",
                            "an_unsynced_replacement_is_there_whole_or_not_at_all"),
                    (disk, random) -> {
                        if (disk.synced < disk.batches.size()
                                && disk.batches.get(disk.synced) instanceof Batch.Stored torn) {
                            int whole = torn.entries().size() / 2;
                            disk.batches.set(
                                    disk.synced,
                                    new Batch.Stored(
                                            torn.snapshot(),
                                            HardState.EMPTY,
                                            torn.entries().subList(0, whole)));
                            disk.synced++;
                        }
                        disk.crash(random);
                    }),
            afterCrash(
                    "the snapshot of an installation is durable before its batch",
                    List.of("an_unsynced_installation_is_there_whole_or_not_at_all"),
                    (disk, random) -> {
                        List<Batch> lost = disk.batches.subList(disk.synced, disk.batches.size());
                        lost.replaceAll(batch -> batch instanceof Batch.Stored stored
                                ? new Batch.Stored(stored.snapshot(), HardState.EMPTY, List.of())
                                : batch);
                        disk.synced = disk.batches.size();
                    }),
            afterCrash(
                    "of what was not synced the entries are lost, and the newest hard state is kept",
                    List.of("unsynced_batches_are_lost_from_the_end_on"),
                    (disk, random) -> {
                        Batch newest = disk.batches.get(disk.batches.size() - 1);
                        disk.batches.subList(disk.synced, disk.batches.size()).clear();
                        if (newest instanceof Batch.Stored stored) {
                            disk.batches.add(new Batch.Stored(Snapshot.NONE, stored.hardState(), List.of()));
                        }
                        disk.synced = disk.batches.size();
                    }),
            afterCrash(
                    "the commit index goes back to the beginning",
                    List.of("without_a_sync_a_commit_index_may_be_lost"),
                    (disk, random) -> {
                        disk.crash(random);
                        replaceEach(disk, stored -> {
                            HardState state = stored.hardState();
                            return new Batch.Stored(
                                    stored.snapshot(), new HardState(state.term(), state.vote(), 0), stored.entries());
                        });
                    }),
            new Fault(
                    "a close does not sync",
                    List.of("a_close_loses_nothing"),
                    (disk, log) -> new DelegatingLog(log) {
                        @Override
                        public void close() {
                            disk.batches
                                    .subList(disk.synced, disk.batches.size())
                                    .clear();
                        }
                    },
                    Disk::crash),
            new Fault(
                    "each opening cuts off the last entry",
                    List.of("opening_changes_nothing"),
                    (disk, log) -> {
                        int last = disk.batches.size() - 1;
                        if (last >= 0
                                && disk.batches.get(last) instanceof Batch.Stored stored
                                && !stored.entries().isEmpty()) {
                            List<Entry> entries = stored.entries();
                            disk.batches.set(
                                    last,
                                    new Batch.Stored(
                                            stored.snapshot(),
                                            stored.hardState(),
                                            entries.subList(0, entries.size() - 1)));
                        }
                        return new MemoryLog(disk);
                    },
                    Disk::crash));

    private static Fault afterCrash(String what, List<String> seenBy, BiConsumer<Disk, Random> crashing) {
        return new Fault(what, seenBy, (disk, log) -> log, crashing);
    }

    private static void replaceEach(Disk disk, UnaryOperator<Batch.Stored> change) {
        disk.batches.replaceAll(batch -> batch instanceof Batch.Stored stored ? change.apply(stored) : batch);
    }

    /** Writes entries behind those of the last batch, which the log in memory knows nothing of. */
    private static void addToLast(Disk disk, List<Entry> tail) {
        int last = disk.batches.size() - 1;
        if (disk.batches.get(last) instanceof Batch.Stored stored) {
            List<Entry> entries = new ArrayList<>(stored.entries());
            entries.addAll(tail);
            disk.batches.set(last, new Batch.Stored(stored.snapshot(), stored.hardState(), entries));
        }
    }

    /** The contract over the fault that is being tried. It is run by the tests below, and not by itself. */
    static final class Wrong extends LogContract {
        private static Fault fault = FAULTS.get(0);

        private final Map<String, Disk> disks = new TreeMap<>();

        private Disk disk(String name) {
            return disks.computeIfAbsent(name, missing -> new Disk());
        }

        @Override
        protected HostLog open(String name) {
            Disk disk = disk(name);
            return fault.writing().apply(disk, new MemoryLog(disk));
        }

        @Override
        protected void crash(String name, HostLog log, Random random) {
            fault.crashing().accept(disk(name), random);
        }

        @Override
        protected int groups() {
            return 10;
        }
    }

    @TestFactory
    List<DynamicTest> a_wrong_log_is_found_by_the_tests_that_are_about_it() {
        List<DynamicTest> tests = new ArrayList<>();
        for (Fault fault : FAULTS) {
            for (String test : fault.seenBy()) {
                tests.add(DynamicTest.dynamicTest(fault.what() + ": " + test, () -> {
                    Wrong.fault = fault;
                    assertThat(ContractRun.failureOf(Wrong.class, test))
                            .hasValueSatisfying(seen ->
                                    assertThat(seen).isInstanceOfAny(AssertionError.class, RaftFailedException.class));
                }));
            }
        }
        return tests;
    }

    @Test
    void each_test_of_the_contract_can_fail() {
        assertThat(FAULTS.stream().flatMap(fault -> fault.seenBy().stream()).distinct())
                .containsExactlyInAnyOrderElementsOf(ContractRun.tests(LogContract.class));
    }

    /** Of the package page nothing is compiled, so it must be this. */
    @Test
    void the_package_page_shows_a_test_that_runs() throws IOException {
        Path sources =
                Path.of(System.getProperty("basedir", "")).toAbsolutePath().resolve("src/test/java/dev/keelraft");
        String source = Files.readString(sources.resolve("MemoryLogContractTest.java"), UTF_8);
        String shown = source.substring(source.indexOf("class MemoryLogContractTest"))
                .lines()
                .map(line -> (" * " + line).stripTrailing() + "\n")
                .collect(Collectors.joining());
        assertThat(Files.readString(sources.resolve("testkit/package-info.java"), UTF_8))
                .contains(shown);
    }
}
