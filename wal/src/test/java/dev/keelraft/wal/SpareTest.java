package dev.keelraft.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keelraft.wal.MemoryFiles.Damage;
import dev.keelraft.wal.SpareStatus.State;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.RejectedExecutionException;
import net.jqwik.api.Example;

/** Segments that are prepared on an executor: here one that runs them when the test says so. */
class SpareTest {
    private static final Path SEGMENTS = Layout.in(Driver.DATA).segments();

    private final Driver host = new Driver(new MemoryFiles(), Driver.smallOptions(1), true);
    private final MemoryFiles files = host.files();

    @Example
    void without_an_executor_nothing_is_prepared() {
        Driver plain = new Driver(new MemoryFiles(), Driver.smallOptions(1));
        plain.create();
        assertThat(plain.wal().spareStatus()).isEqualTo(SpareStatus.NONE);
        plain.wal().prepareSpare();
        assertThat(plain.files().runJobs()).isZero();
    }

    @Example
    void a_segment_is_prepared_from_the_first_moment_and_after_each_cut() {
        host.create();
        for (int i = 1; i <= 4; i++) {
            assertThat(state()).isEqualTo(State.PREPARING);
            assertThat(files.runJobs()).isEqualTo(1);
            assertThat(state()).isEqualTo(State.READY);
            assertThat(spares()).hasSize(1);
            fillTail();
        }
        assertThat(spares()).isEmpty();
        host.close();
        host.open();
    }

    @Example
    void a_cut_with_a_spare_writes_no_zeros() {
        host.create();
        files.runJobs();
        fillTailButOne();
        int before = files.operations();
        nextEntry();
        // The old segment's frames, and its force; the header, and its force; the name, and its sync; MARK, and its
        // force.
        assertThat(files.operations() - before).isEqualTo(8);
        Driver plain = new Driver(new MemoryFiles(), Driver.smallOptions(1));
        plain.create();
        plain.entries(1, 1, 1, 3000);
        plain.entries(1, 2, 1, 3000);
        int beforePlain = plain.files().operations();
        plain.entries(1, 3, 1, 3000);
        assertThat(plain.files().operations() - beforePlain)
                .as("creates and zeroes")
                .isEqualTo(10);
    }

    @Example
    void a_spare_is_on_the_disk_with_its_name_before_it_is_ready() {
        host.create();
        files.runJobs();
        String name = spares().get(0);
        for (int seed = 0; seed < 50; seed++) {
            MemoryFiles crashed = files.copy();
            crashed.crash(new Random(seed), Damage.GARBAGE);
            assertThat(crashed.content(SEGMENTS.resolve(name)))
                    .hasSize(WalOptions.MIN_SEGMENT_BYTES)
                    .containsOnly(0);
        }
    }

    @Example
    void a_spare_that_is_not_ready_in_time_is_not_waited_for_and_leaves_nothing() {
        host.create();
        fillTail();
        fillTail();
        assertThat(files.runJobs())
                .as("two that were too late, and one that is wanted")
                .isEqualTo(3);
        assertThat(spares()).hasSize(1);
        assertThat(state()).isEqualTo(State.READY);
        fillTail();
        host.files().kill();
        host.open();
    }

    @Example
    void a_spare_grows_for_a_batch_that_is_larger() {
        host.create();
        files.runJobs();
        host.entries(1, 1, 3, 40_000);
        host.sync();
        assertThat(spares()).isEmpty();
        assertThat(files.content(SEGMENTS.resolve("0000000000000002.wal"))).hasSizeGreaterThan(120_000);
        host.files().crash(new Random(1), Damage.GARBAGE);
        host.open();
    }

    @Example
    void what_earlier_runs_have_left_is_deleted_at_the_open_good_or_bad() {
        host.create();
        files.runJobs();
        host.files().kill();
        files.put(SEGMENTS.resolve("spare-00000000000000aa.tmp"), new byte[] {1, 2, 3});
        assertThat(spares()).hasSize(2);
        host.open();
        assertThat(spares()).isEmpty();
    }

    @Example
    void a_close_leaves_no_spare_and_a_job_that_comes_later_none_either() {
        host.create();
        files.runJobs();
        host.close();
        assertThat(spares()).isEmpty();
        host.open();
        host.close();
        assertThat(files.runJobs()).isEqualTo(1);
        assertThat(spares()).isEmpty();
    }

    /* On another thread, the log may be closed, or cut without it, while the job is anywhere. */
    /** The log was closed and opened again in one process, and the job of the first run is not done yet. */
    @Example
    void a_job_of_the_run_before_may_remove_its_file_while_the_log_is_opened() {
        host.create();
        nextEntry();
        host.sync();
        files.runJobs();
        Path spare = SEGMENTS.resolve(spares().get(0));
        files.kill();
        files.before("write MARK.tmp", () -> files.remove(spare));
        host.open();
        assertThat(spares()).isEmpty();
        assertThat(host.wal().recovered().lastIndex()).isEqualTo(1);
    }

    @Example
    void a_job_that_is_not_wanted_any_more_leaves_nothing() {
        for (String operation : List.of("create spare", "write spare", "force spare", "sync wal")) {
            Driver closing = new Driver(new MemoryFiles(), Driver.smallOptions(1), true);
            closing.create();
            closing.files().before(operation, closing::close);
            assertThat(closing.files().runJobs()).isEqualTo(1);
            assertThat(spares(closing.files())).as(operation).isEmpty();

            Driver cutting = new Driver(new MemoryFiles(), Driver.smallOptions(1), true);
            cutting.create();
            cutting.entries(1, 1, 2, 3000);
            cutting.files().before(operation, () -> cutting.entries(1, 3, 1, 3000));
            cutting.files().runJobs();
            assertThat(spares(cutting.files()))
                    .as("%s; the next one", operation)
                    .hasSize(1);
            assertThat(cutting.wal().spareStatus().state()).isEqualTo(State.READY);
            cutting.close();
            assertThat(spares(cutting.files())).as(operation).isEmpty();
            cutting.open();
        }
    }

    @Example
    void a_full_disk_is_said_early_and_costs_nothing_until_the_segment_is_full() {
        host.create();
        host.hardState(1, 1, 0);
        long used = files.used();
        files.limit(used + 5000);
        files.runJobs();
        assertThat(state()).isEqualTo(State.FAILED);
        assertThat(host.wal().spareStatus().failure()).contains("the disk in memory is full");
        assertThat(host.wal().spareStatus()).asString().contains("Free space");
        assertThat(files.used()).as("the attempt is gone").isEqualTo(used);
        nextEntry();
        host.sync();
        host.wal().prepareSpare();
        assertThat(state()).isEqualTo(State.PREPARING);
        files.runJobs();
        assertThat(state()).isEqualTo(State.FAILED);

        files.limit(Long.MAX_VALUE);
        host.wal().prepareSpare();
        files.runJobs();
        assertThat(state()).isEqualTo(State.READY);
    }

    @Example
    void a_cut_that_finds_no_room_either_says_so_and_the_next_one_succeeds() {
        host.create();
        fillTailButOne();
        files.limit(files.used() + 5000);
        LogState before = host.now();
        for (int i = 0; i < 2; i++) {
            assertThatThrownBy(this::nextEntry).isInstanceOf(WalSpaceExhausted.class);
            host.refused(before);
            assertThat(state()).isEqualTo(State.FAILED);
        }
        files.limit(Long.MAX_VALUE);
        nextEntry();
        assertThat(state()).isEqualTo(State.PREPARING);
        host.sync();
    }

    @Example
    void a_release_tries_again() {
        host.create();
        fillTail();
        host.hardState(1, 1, 3);
        files.limit(files.used() + 3000);
        files.runJobs();
        assertThat(state()).isEqualTo(State.FAILED);
        host.saveSnapshot(3);
        host.release(3);
        files.runJobs();
        assertThat(state()).isEqualTo(State.READY);
    }

    /* At every operation of the preparation, in turn. */
    @Example
    void a_preparation_that_fails_anywhere_ends_nothing() {
        for (int operation = 1; operation <= 4; operation++) {
            Driver failing = new Driver(new MemoryFiles(), Driver.smallOptions(1), true);
            failing.create();
            failing.files().failAt(failing.files().operations() + operation, new Random(operation));
            failing.files().runJobs();
            assertThat(failing.files().failed()).matches("(create|write|force) spare.*|sync wal");
            assertThat(failing.wal().spareStatus().state()).isEqualTo(State.FAILED);
            failing.entries(1, 1, 6, 3000);
            failing.sync();
            failing.files().kill();
            failing.open();
        }
    }

    @Example
    void an_executor_that_takes_no_job_is_as_good_as_none() {
        WalOptions options = Driver.smallOptions(1).withPreparer(job -> {
            throw new RejectedExecutionException("shut down");
        });
        Driver refused = new Driver(new MemoryFiles(), options);
        refused.create();
        assertThat(refused.wal().spareStatus())
                .isEqualTo(new SpareStatus(State.FAILED, "java.util.concurrent.RejectedExecutionException: shut down"));
        refused.entries(1, 1, 6, 3000);
        refused.sync();
    }

    @Example
    void an_executor_may_run_the_job_at_once() {
        Driver direct = new Driver(new MemoryFiles(), Driver.smallOptions(1).withPreparer(Runnable::run));
        direct.create();
        for (int i = 1; i <= 9; i++) {
            assertThat(direct.wal().spareStatus().state()).isEqualTo(State.READY);
            direct.entries(1, i, 1, 3000);
        }
        direct.sync();
        direct.close();
        direct.open();
    }

    private State state() {
        return host.wal().spareStatus().state();
    }

    private void nextEntry() {
        host.entries(1, host.now().lastIndex() + 1, 1, 3000);
    }

    private void fillTailButOne() {
        for (int i = 0; i < 2; i++) {
            nextEntry();
        }
    }

    /* Ends with the first entry of the next segment. */
    private void fillTail() {
        String tail = new Forger(files).tail().toString();
        while (new Forger(files).tail().toString().equals(tail)) {
            nextEntry();
        }
    }

    private List<String> spares() {
        return spares(files);
    }

    private static List<String> spares(MemoryFiles files) {
        try {
            return files.list(SEGMENTS).stream()
                    .filter(name -> name.endsWith(".tmp"))
                    .toList();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
