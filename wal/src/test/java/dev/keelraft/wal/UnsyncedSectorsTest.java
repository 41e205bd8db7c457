package dev.keelraft.wal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.keelraft.model.HardState;
import dev.keelraft.wal.PowerLoss.Lost;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import net.jqwik.api.Example;

/**
 * One sync that the power ends: every subset of the sectors that were on their way, in every way that the others can come out.
 * Four batches are in it, behind one that was acknowledged. What is found is a number of these batches, in their order.
 */
class UnsyncedSectorsTest {
    /** MARK, OWNER and ten sectors of frames: 4,096 outcomes. */
    private static final int SECTORS = 12;

    @Example
    void any_subset_of_unsynced_sectors_leaves_a_prefix_of_the_batches() {
        assertThat(everySubset(Lost.AS_BEFORE)).containsExactly(1L, 2L, 4L, 5L, 7L);
    }

    @Example
    void garbage_in_any_subset_of_unsynced_sectors_leaves_a_prefix_of_the_batches() {
        assertThat(everySubset(Lost.GARBAGE)).containsExactly(1L, 2L, 4L, 5L, 7L);
    }

    @Example
    void the_first_halves_of_any_subset_of_unsynced_sectors_leave_a_prefix_of_the_batches() {
        assertThat(everySubset(Lost.FIRST_HALF_NEW)).containsExactly(1L, 2L, 4L, 5L, 7L);
    }

    @Example
    void the_second_halves_of_any_subset_of_unsynced_sectors_leave_a_prefix_of_the_batches() {
        assertThat(everySubset(Lost.SECOND_HALF_NEW)).containsExactly(1L, 2L, 4L, 5L, 7L);
    }

    @Example
    void a_later_batch_that_came_before_an_earlier_one_is_dropped_with_it_and_counted() {
        Driver host = interrupted();
        long firstOfFrames = 1L << 2;
        host.files().crash(PowerLoss.keeping(~(firstOfFrames << 1)));
        host.open();
        assertThat(host.now().lastIndex()).isEqualTo(1);
        assertThat(host.wal().recovered().droppedBytes()).isGreaterThan(4000);
    }

    /* Group commit: neither of two batches under one force is acknowledged, and each may be there, the second not alone. */
    @Example
    void of_two_batches_under_one_force_any_first_part_may_survive() {
        Driver host = new Driver(new MemoryFiles(), Driver.smallOptions(1)).withGroups(2);
        host.create();
        host.entries(1, 1, 1, 400);
        host.group(-7);
        host.append(new HardState(3, 1, 0), host.some(2, 1, 1, 900));
        cutPower(host);
        TreeSet<String> found = new TreeSet<>();
        for (long subset = 0; subset < 1L << host.files().unsyncedSectors(); subset++) {
            Driver copy = host.copy();
            copy.files().crash(PowerLoss.keeping(subset));
            copy.open();
            found.add(copy.all().keySet().stream().sorted().toList().toString());
        }
        assertThat(found).containsExactly("[-7, 0]", "[0]", "[]");
    }

    /* Returns the last indexes that were found. */
    private static Set<Long> everySubset(Lost others) {
        Driver host = interrupted();
        assertThat(host.files().unsyncedSectors()).isEqualTo(SECTORS);
        TreeSet<Long> found = new TreeSet<>();
        for (long subset = 0; subset < 1 << SECTORS; subset++) {
            Driver copy = host.copy();
            copy.files().crash(PowerLoss.keeping(subset, others, new Random(subset)));
            try {
                copy.open();
            } catch (RuntimeException | Error e) {
                throw new AssertionError("subset " + Long.toBinaryString(subset) + ": " + e, e);
            }
            found.add(copy.now().lastIndex());
        }
        return found;
    }

    private static Driver interrupted() {
        Driver host = new Driver(new MemoryFiles(), Driver.smallOptions(1));
        host.create();
        host.entries(1, 1, 1, 50);
        host.sync();
        host.entries(1, 2, 1, 700);
        host.entries(1, 3, 2, 700);
        host.append(new HardState(2, 0, 3), host.some(2, 5, 1, 300));
        host.append(new HardState(2, 0, 4), host.some(2, 6, 2, 700));
        cutPower(host);
        return host;
    }

    /* When all is written and nothing forced. */
    private static void cutPower(Driver host) {
        host.files().powerOffAt(host.files().operations() + 2, new Random(-1));
        try {
            host.sync();
            throw new AssertionError("the power is on");
        } catch (WalFailed expected) {
            assertThat(host.files().failed()).isEqualTo("force 0000000000000001.wal");
        }
    }
}
