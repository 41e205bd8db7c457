package dev.keelraft.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keelraft.model.HardState;
import dev.keelraft.model.Snapshot;
import dev.keelraft.wal.MemoryFiles.Damage;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.BiConsumer;
import net.jqwik.api.Example;

/**
 * Power losses, deaths of the process and failing disks at every single operation of a workload. The oracle is {@link Driver}:
 * what is found again is a state that the log had, and not one from before the last acknowledged sync. Every case is
 * repeated by the numbers in the message of its failure.
 */
class CrashTest {
    private static final int OUTCOMES = 12;
    private static final int OPERATIONS_OF_AN_OPEN = 23;
    private static final int RANDOM_WORKLOADS = 12;
    private static final int RANDOM_STEPS = 50;

    private static final List<Damage> DAMAGES = List.of(Damage.NONE, Damage.TORN, Damage.HALVES, Damage.GARBAGE);

    private int cases;

    @Example
    void the_mixed_workload_runs_without_faults() {
        Driver host = new Driver(new MemoryFiles(), Driver.smallOptions(1));
        Workload.mixed(host);
        assertThat(host.files().operations()).isGreaterThan(150);
        host.open();
        assertThat(host.wal().recovered().cleanClose()).isTrue();
        assertThat(host.wal().recovered().bootCount()).isEqualTo(4);
    }

    @Example
    void random_workloads_run_without_faults() {
        for (int seed = 0; seed < 300; seed++) {
            Driver host = host(seed, seed % 2 == 1);
            Workload.random(seed, 80).run(host);
            host.close();
            host.open();
        }
    }

    @Example
    void a_power_loss_at_any_operation_loses_nothing_acknowledged() {
        atEveryOperation((host, seed) -> {
            Random random = Driver.numbers(seed);
            host.files().crash(random, damage(seed));
            openOrCreate(host);
            appendMore(host, seed);
        });
        report("power losses");
    }

    /* A file system that keeps its own books, and not the data: what was written reads as zeros. */
    @Example
    void lengths_and_names_without_data_lose_nothing_acknowledged() {
        atEveryOperationOnce(PowerLoss.allOf(true, true, false));
        report("power losses that left names and lengths alone");
    }

    @Example
    void data_without_lengths_loses_nothing_acknowledged() {
        atEveryOperationOnce(PowerLoss.allOf(true, false, true));
        report("power losses that left names and data alone");
    }

    @Example
    void contents_without_names_lose_nothing_acknowledged() {
        atEveryOperationOnce(PowerLoss.allOf(false, true, true));
        report("power losses that left contents alone");
    }

    @Example
    void names_without_contents_lose_nothing_acknowledged() {
        atEveryOperationOnce(PowerLoss.allOf(true, false, false));
        report("power losses that left names alone");
    }

    private void atEveryOperationOnce(PowerLoss loss) {
        BiConsumer<Driver, Integer> then = (host, seed) -> {
            host.files().crash(loss);
            openOrCreate(host);
            appendMore(host, 0);
        };
        atEvery(Workload::mixed, 1, false, true, 1, then);
        atEvery(Workload::mixed, 1, true, true, 1, then);
        for (int seed = 0; seed < RANDOM_WORKLOADS; seed++) {
            atEvery(Workload.random(seed, RANDOM_STEPS), seed, seed % 2 == 1, true, 1, then);
        }
    }

    /* The first power loss comes at each operation of the recovery in turn, two more at any. */
    @Example
    void power_losses_during_recovery_lead_to_the_same_state() {
        BiConsumer<Driver, Integer> chain = (host, seed) -> {
            Random random = Driver.numbers(seed);
            int operation = 1 + seed / 2 % OPERATIONS_OF_AN_OPEN;
            if (seed % 2 == 0) {
                host.files().kill();
            } else {
                host.files().crash(random, damage(seed));
            }
            for (int depth = 0; depth < 3; depth++) {
                host.files().powerOffAt(host.files().operations() + operation, random);
                try {
                    openOrCreate(host);
                } catch (WalFailed expected) {
                    assertThat(expected).hasMessageContaining("power is off");
                }
                host.files().powerOffAt(0, random);
                host.files().crash(random, damage(random.nextInt(4)));
                operation = 1 + random.nextInt(OPERATIONS_OF_AN_OPEN);
            }
            openOrCreate(host);
            appendMore(host, seed);
        };
        atEvery(Workload::mixed, 1, false, true, 4 * OPERATIONS_OF_AN_OPEN, chain);
        for (int seed = 0; seed < RANDOM_WORKLOADS; seed++) {
            atEvery(Workload.random(seed, RANDOM_STEPS), seed, seed % 2 == 1, true, 3, chain);
        }
        report("chains of power losses");
    }

    @Example
    void what_was_found_after_the_process_died_survives_a_power_loss() {
        atEveryOperation((host, seed) -> {
            host.files().kill();
            openOrCreate(host);
            if (seed % 2 == 0) {
                host.entries(99, host.now().lastIndex() + 1, 1, 10);
                host.sync();
            }
            host.files().crash(Driver.numbers(seed), damage(seed));
            openOrCreate(host);
            appendMore(host, seed);
        });
        report("deaths of the process, each with a power loss");
    }

    @Example
    void after_a_failed_operation_nothing_is_acknowledged_and_nothing_was_lost() {
        atEveryFailure((host, seed) -> {
            host.files().crash(Driver.numbers(seed), damage(seed));
            openOrCreate(host);
            appendMore(host, seed);
        });
        report("failed operations, each with a power loss");
    }

    /* A restart in the same boot reads pages that the disk has never got, though they are clean: they are written again. */
    @Example
    void what_a_restart_after_a_failed_force_has_found_survives_a_power_loss() {
        atEveryFailure((host, seed) -> {
            host.files().kill();
            openOrCreate(host);
            if (seed % 2 == 0) {
                host.entries(99, host.now().lastIndex() + 1, 1, 10);
                host.sync();
            }
            LogState found = host.now();
            host.files().crash(Driver.numbers(seed), damage(seed));
            openOrCreate(host);
            assertThat(host.now()).isEqualTo(found);
            appendMore(host, seed);
        });
        report("restarts in the same boot after a failed operation, each with a power loss");
    }

    /* The same where the first restart fails too, at each of its operations, and what it leaves is clean and not on the disk. */
    @Example
    void restarts_that_fail_in_the_same_boot_lose_nothing() {
        BiConsumer<Driver, Integer> chain = (host, seed) -> {
            Random random = Driver.numbers(seed);
            for (int depth = 0; depth < 2; depth++) {
                host.files().kill();
                host.files().failAt(host.files().operations() + 1 + random.nextInt(OPERATIONS_OF_AN_OPEN), random);
                try {
                    openOrCreate(host);
                } catch (WalFailed expected) {
                    assertThat(expected).hasMessageContaining("fails");
                }
                host.files().failAt(0, random);
            }
            if (seed % 2 == 0) {
                host.files().crash(random, damage(seed));
            }
            host.files().kill();
            openOrCreate(host);
            host.files().crash(random, damage(seed));
            openOrCreate(host);
            appendMore(host, seed);
        };
        atEvery(Workload::mixed, 1, false, false, OPERATIONS_OF_AN_OPEN, chain);
        for (int seed = 0; seed < RANDOM_WORKLOADS; seed++) {
            atEvery(Workload.random(seed, RANDOM_STEPS), seed, seed % 2 == 1, false, 3, chain);
        }
        report("restarts that failed, each with power losses");
    }

    @Example
    void a_failed_read_ends_an_open_and_changes_nothing() {
        Driver host = new Driver(new MemoryFiles(), Driver.smallOptions(5));
        Workload.random(5, 60).run(host);
        host.files().kill();
        WalOptions options = Driver.smallOptions(6);
        Driver counted = host.copy();
        Driver.open(counted.files(), options);
        int reads = counted.files().reads();
        for (int read = 1; read <= reads; read++) {
            Driver tried = host.copy();
            tried.files().failReadAt(read);
            assertThatThrownBy(() -> Driver.open(tried.files(), options))
                    .isInstanceOf(WalFailed.class)
                    .hasMessageContaining("read " + read + " fails");
            assertThat(tried.files().operations()).as("read %s", read).isZero();
            tried.open();
            cases++;
        }
        assertThat(cases).isGreaterThan(10);
        report("failed reads");
    }

    // ---------------------------------------------------------------- the cases

    private void atEveryOperation(BiConsumer<Driver, Integer> then) {
        atEvery(true, then);
    }

    private void atEveryFailure(BiConsumer<Driver, Integer> then) {
        atEvery(false, then);
    }

    private void atEvery(boolean powerOff, BiConsumer<Driver, Integer> then) {
        atEvery(Workload::mixed, 1, false, powerOff, OUTCOMES, then);
        atEvery(Workload::mixed, 1, true, powerOff, OUTCOMES / 2, then);
        for (int seed = 0; seed < RANDOM_WORKLOADS; seed++) {
            atEvery(Workload.random(seed, RANDOM_STEPS), seed, seed % 2 == 1, powerOff, 3, then);
        }
    }

    /* One group, two or three. With spares, they are prepared between any two operations of a log, and the preparation itself is hit too. */
    private static Driver host(int seed, boolean spares) {
        Driver host = new Driver(new MemoryFiles(), Driver.smallOptions(seed), spares).withGroups(1 + seed % 3);
        host.files().runJobsAtAnyMoment(Driver.numbers(seed));
        return host;
    }

    /* Runs a workload as often as it has operations, each time up to another one, and from there on in several ways. */
    private void atEvery(
            Workload workload,
            int seed,
            boolean spares,
            boolean powerOff,
            int outcomes,
            BiConsumer<Driver, Integer> then) {
        Driver whole = host(seed, spares);
        workload.run(whole);
        int operations = whole.files().operations();
        for (int operation = 1; operation <= operations; operation++) {
            Driver host = host(seed, spares);
            if (powerOff) {
                host.files().powerOffAt(operation, Driver.numbers(operation));
            } else {
                host.files().failAt(operation, Driver.numbers(operation));
            }
            try {
                workload.run(host);
                assertThat(host.files().failed())
                        .as("nothing but a spare may fail without ending the log: operation %s", operation)
                        .matches("(create|write|force|delete) spare-.*|sync wal");
                assertThat(spares).isTrue();
            } catch (WalFailed expected) {
                assertPoisoned(host);
            }
            for (int outcome = 0; outcome < outcomes; outcome++) {
                int outcomeSeed = 1000 * operation + outcome;
                try {
                    then.accept(host.copy(), outcomeSeed);
                } catch (RuntimeException | Error e) {
                    throw new AssertionError(
                            "workload " + seed + ", operation " + operation + ", outcome " + outcomeSeed + ": " + e, e);
                }
                cases++;
            }
        }
    }

    /* The power may be back, the disk may answer again: what has failed once stays failed, and acknowledges nothing. */
    private static void assertPoisoned(Driver host) {
        host.failed().ifPresent(wal -> {
            assertThatThrownBy(wal::sync).isInstanceOf(WalFailed.class);
            HardState later = new HardState(99, 1, 0);
            assertThatThrownBy(() -> wal.append(later, Snapshot.NONE, SnapshotFile.NONE, List.of()))
                    .isInstanceOf(WalFailed.class);
            assertThatThrownBy(() -> wal.release(wal.storage().snapshot().index()))
                    .isInstanceOf(WalFailed.class);
            wal.close();
        });
    }

    private static Damage damage(int seed) {
        return DAMAGES.get(Math.floorMod(seed, DAMAGES.size()));
    }

    /* A member whose creation was cut short has acknowledged nothing, and begins again. */
    private static void openOrCreate(Driver host) {
        if (host.files().exists(Driver.RAFT)) {
            host.open();
        } else {
            assertThat(host.allowed()).contains(Map.of());
            host.create();
        }
    }

    /* The log must be fit to go on: what is written now must be found again too. Every third time will do. */
    private static void appendMore(Driver host, int seed) {
        if (seed / 3 % 3 != 0) {
            return;
        }
        LogState now = host.now();
        long term = Math.max(now.hardState().term(), Math.max(1, now.lastTerm())) + 1;
        host.hardState(term, 3, now.hardState().commit());
        host.entries(term, now.lastIndex() + 1, 3, 500);
        host.sync();
        host.files().kill();
        host.open();
        host.close();
        host.open();
        assertThat(host.wal().recovered().cleanClose()).isTrue();
    }

    private void report(String what) {
        System.out.println("CrashTest: " + cases + " " + what);
    }
}
