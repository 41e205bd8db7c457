package dev.keelraft.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keelraft.wal.MemoryFiles.Damage;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import net.jqwik.api.Example;

/** Disks that are full at some moment, that hang, that read wrongly, and files that cannot be closed. */
class DiskFaultTest {
    private static final int LAST_WAIT_SECONDS = 60;

    private int cases;

    // ---------------------------------------------------------------- no space

    @Example
    void no_space_at_any_single_operation_loses_nothing() {
        atEveryOperation((host, operation) -> host.files().noSpaceAt(operation, Driver.numbers(operation)));
        report("operations that found no space");
    }

    @Example
    void a_disk_that_is_full_from_any_operation_on_loses_nothing() {
        atEveryOperation((host, operation) -> host.files()
                .atOperation(operation, () -> host.files().limit(host.files().used())));
        report("operations from which on the disk was full");
    }

    private interface Fault {
        void arm(Driver host, int operation);
    }

    /* What comes after is tried on a disk that is still full, and once there is space again, in this boot and after a power loss. */
    private void atEveryOperation(Fault fault) {
        for (int variant = 0; variant < 4; variant++) {
            Driver whole = host(variant);
            workload(whole, variant);
            for (int operation = 1; operation <= whole.files().operations(); operation++) {
                Driver host = host(variant);
                fault.arm(host, operation);
                try {
                    workload(host, variant);
                } catch (WalSpaceExhausted | WalFailed e) {
                    try {
                        afterwards(host, e, Driver.numbers(operation));
                    } catch (RuntimeException | Error failed) {
                        throw new AssertionError(
                                "variant " + variant + ", operation " + operation + ": " + failed, failed);
                    }
                }
                cases++;
            }
        }
    }

    private static Driver host(int variant) {
        Driver host = new Driver(new MemoryFiles(), Driver.smallOptions(variant), variant % 2 == 1).withGroups(2);
        host.files().runJobsAtAnyMoment(Driver.numbers(variant));
        return host;
    }

    private static void workload(Driver host, int variant) {
        if (variant < 2) {
            Workload.mixed(host);
        } else {
            Workload.random(variant, 60).run(host);
        }
    }

    private static void afterwards(Driver host, WalException thrown, Random random) {
        boolean refused =
                thrown instanceof WalSpaceExhausted && host.doing().matches("append|install|snapshot|release");
        if (refused) {
            // Nothing was stored: not the batch, and nothing was lost.
            host.withdraw();
            assertThat(Driver.allOf(host.wal())).isEqualTo(host.all());
            host.files().limit(Long.MAX_VALUE);
            LogState now = host.now();
            host.entries(Math.max(1, now.lastTerm()), now.lastIndex() + 1, 1, 3000);
            host.sync();
        }
        boolean stillFull = random.nextBoolean();
        if (!stillFull) {
            host.files().limit(Long.MAX_VALUE);
        }
        if (random.nextBoolean()) {
            host.files().kill();
        } else {
            host.files().crash(random, Damage.TORN);
        }
        if (!host.files().exists(Driver.RAFT)) {
            assertThat(host.allowed()).contains(Map.of());
            host.files().limit(Long.MAX_VALUE);
            host.create();
            return;
        }
        host.open();
        host.files().limit(Long.MAX_VALUE);
        LogState now = host.now();
        host.entries(Math.max(1, now.lastTerm()), now.lastIndex() + 1, 2, 3000);
        host.sync();
        host.close();
        host.open();
    }

    // ---------------------------------------------------------------- closing

    @Example
    void a_close_that_fails_is_said_and_has_lost_nothing() {
        Driver host = someLog();
        host.files().closesFail(true);
        assertThatThrownBy(host::close)
                .isInstanceOf(WalFailed.class)
                .hasMessageContaining("the files could not be closed");
        host.files().closesFail(false);
        host.open();
        assertThat(host.wal().recovered().cleanClose()).isTrue();
    }

    @Example
    void a_log_that_has_failed_names_its_first_cause_also_where_its_files_cannot_be_closed() {
        Driver host = someLog();
        Wal wal = host.wal();
        host.entries(1, host.now().lastIndex() + 1, 1, 10);
        host.files().failAt(host.files().operations() + 1, new Random(1));
        assertThatThrownBy(host::sync).isInstanceOf(WalFailed.class);
        host.files().closesFail(true);
        assertThatThrownBy(wal::close)
                .isInstanceOf(WalFailed.class)
                .hasMessageContaining("frames could not be forced to the disk")
                .hasMessageNotContaining("could not be closed");
    }

    @Example
    void a_released_segment_that_cannot_be_closed_poisons() {
        Driver host = someLog();
        host.hardState(1, 1, 6);
        host.saveSnapshot(6);
        host.files().closesFail(true);
        assertThatThrownBy(() -> host.release(6)).isInstanceOf(WalFailed.class);
        host.files().closesFail(false);
        assertThatThrownBy(() -> host.wal().sync()).isInstanceOf(WalFailed.class);
        host.files().kill();
        host.open();
    }

    // ---------------------------------------------------------------- wrong reads

    /*
     * A cable, a controller: the bytes on the disk are right. Nothing may be dropped that a power loss has left, nor a wrong
     * bit be written. Once MARK certifies all, once the power loss has taken it back, and the end looks as if it may be torn.
     */
    @Example
    void a_read_that_returns_a_wrong_bit_is_refused_or_does_no_harm() {
        Driver certified = someLog();
        certified.files().kill();
        wrongReads(certified);
        Driver uncertified = someLog();
        uncertified.files().crash(PowerLoss.keeping(~1L)); // all but MARK
        wrongReads(uncertified);
        Driver torn = someLog();
        torn.files().crash(PowerLoss.keeping(~1L));
        torn.files().flip(Layout.in(Driver.DATA).segment(2), 8 * 16_000);
        wrongReads(torn);
    }

    private void wrongReads(Driver host) {
        Driver counted = host.copy();
        Driver.open(counted.files(), Driver.smallOptions(1));
        int reads = counted.files().reads();
        int refused = 0;
        for (int read = 1; read <= reads; read++) {
            for (int seed = 0; seed < 50; seed++) {
                Driver copy = host.copy();
                copy.files().wrongReadAt(read, Driver.numbers(1000L * read + seed));
                try {
                    Driver.open(copy.files(), Driver.smallOptions(1));
                } catch (WalCorrupt | WalUnsupportedVersion | WalIdentityMismatch | WalFailed e) {
                    refused++;
                }
                copy.files().wrongReadAt(0, new Random(0));
                copy.files().kill();
                try {
                    copy.open();
                } catch (RuntimeException | Error e) {
                    throw new AssertionError("read " + read + ", seed " + seed + ": " + e, e);
                }
                assertThat(copy.all()).as("read %s, seed %s", read, seed).isEqualTo(host.all());
                cases++;
            }
        }
        assertThat(refused).isPositive();
        report("wrong reads, of the last log's " + refused + " refused");
    }

    // ---------------------------------------------------------------- slow disks

    @Example
    void a_force_that_hangs_acknowledges_nothing_and_reads_go_on() throws Exception {
        Driver host = new Driver(new MemoryFiles(), Driver.smallOptions(1).onItsOwnThread()).withGroups(2);
        host.create();
        host.entries(1, 1, 3, 2500);
        host.sync();
        host.group(-7);
        host.entries(1, 1, 1, 50);
        Map<Long, LogState> durable = host.allowed().get(0);
        CountDownLatch hangs = new CountDownLatch(1);
        CountDownLatch ends = new CountDownLatch(1);
        host.files().before("force 0", () -> {
            hangs.countDown();
            await(ends);
        });
        CompletableFuture<Void> sync = CompletableFuture.runAsync(host::sync);
        await(hangs);

        WalStorage storage = host.wal().storage(0);
        assertThat(storage.entries(1, 4, Long.MAX_VALUE)).hasSize(3);
        assertThat(sync).as("no acknowledgement while the disk says nothing").isNotDone();
        assertThat(host.allowed()).as("what a power loss now may leave").contains(durable);
        MemoryFiles now = host.files().copy();
        now.crash(PowerLoss.keeping(0));
        assertThat(Driver.allOf(Driver.open(now, Driver.smallOptions(2)))).isEqualTo(durable);

        ends.countDown();
        sync.get(LAST_WAIT_SECONDS, TimeUnit.SECONDS);
        host.files().crash(PowerLoss.keeping(0));
        host.open();
        assertThat(host.all()).hasSize(2);
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(LAST_WAIT_SECONDS, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    // ---------------------------------------------------------------- parts

    private static Driver someLog() {
        Driver host = new Driver(new MemoryFiles(), Driver.smallOptions(3));
        host.create();
        for (int i = 1; i <= 6; i++) {
            host.entries(1, i, 1, 2500);
            host.sync();
        }
        assertThat(List.of(host.files().exists(Layout.in(Driver.DATA).segment(2))))
                .containsExactly(true);
        return host;
    }

    private void report(String what) {
        System.out.println("DiskFaultTest: " + cases + " " + what);
    }
}
