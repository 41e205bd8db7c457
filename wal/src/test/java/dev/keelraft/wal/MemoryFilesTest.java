package dev.keelraft.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keelraft.wal.MemoryFiles.Damage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.Example;

/** The crash model must lose what may be lost, and keep what must stay, or no test on top of it means anything. */
class MemoryFilesTest {
    private static final Path DIRECTORY = Path.of("/d");
    private static final Path FILE = DIRECTORY.resolve("f");

    private final MemoryFiles files = new MemoryFiles();

    @Example
    void forced_bytes_under_a_synced_name_always_survive() throws IOException {
        OpenFile file = created();
        write(file, 0, 2000, 1);
        file.force(true);
        files.syncDirectory(DIRECTORY);
        for (int seed = 0; seed < 100; seed++) {
            MemoryFiles crashed = files.copy();
            crashed.crash(new Random(seed), Damage.GARBAGE);
            assertThat(crashed.content(FILE)).hasSize(2000).containsOnly(1);
        }
    }

    @Example
    void any_subset_of_unsynced_sectors_may_survive() throws IOException {
        OpenFile file = created();
        write(file, 0, 3 * 512, 1);
        file.force(true);
        files.syncDirectory(DIRECTORY);
        write(file, 0, 3 * 512, 2);
        Set<String> outcomes = new HashSet<>();
        for (int seed = 0; seed < 400; seed++) {
            MemoryFiles crashed = files.copy();
            crashed.crash(new Random(seed), Damage.NONE);
            byte[] content = crashed.content(FILE);
            StringBuilder outcome = new StringBuilder();
            for (int sector = 0; sector < 3; sector++) {
                byte[] bytes = Arrays.copyOfRange(content, 512 * sector, 512 * (sector + 1));
                assertThat(bytes).as("sectors are atomic").containsOnly(bytes[0]);
                outcome.append(bytes[0]);
            }
            outcomes.add(outcome.toString());
        }
        assertThat(outcomes).hasSize(8);
    }

    @Example
    void garbage_comes_only_where_bytes_were_written() throws IOException {
        OpenFile file = created();
        write(file, 0, 512, 1);
        file.force(true);
        files.syncDirectory(DIRECTORY);
        write(file, 200, 100, 2);
        boolean garbage = false;
        for (int seed = 0; seed < 100; seed++) {
            MemoryFiles crashed = files.copy();
            crashed.crash(new Random(seed), Damage.GARBAGE);
            byte[] content = crashed.content(FILE);
            assertThat(Arrays.copyOf(content, 200)).containsOnly(1);
            assertThat(Arrays.copyOfRange(content, 300, 512)).containsOnly(1);
            garbage |= content[200] != 1 && content[200] != 2;
        }
        assertThat(garbage).isTrue();
    }

    @Example
    void an_unsynced_name_may_be_gone_or_there_and_so_may_the_length_of_its_file() throws IOException {
        OpenFile file = created();
        write(file, 0, 600, 1);
        Set<Integer> lengths = new HashSet<>();
        for (int seed = 0; seed < 200; seed++) {
            MemoryFiles crashed = files.copy();
            crashed.crash(new Random(seed), Damage.NONE);
            lengths.add(crashed.exists(FILE) ? crashed.content(FILE).length : -1);
        }
        assertThat(lengths).containsExactlyInAnyOrder(-1, 0, 600);
    }

    @Example
    void unsynced_removals_may_come_undone_apart_from_each_other() throws IOException {
        Path other = DIRECTORY.resolve("g");
        created();
        files.create(other);
        files.syncDirectory(DIRECTORY);
        files.delete(FILE);
        files.delete(other);
        Set<List<String>> left = new HashSet<>();
        for (int seed = 0; seed < 200; seed++) {
            MemoryFiles crashed = files.copy();
            crashed.crash(new Random(seed), Damage.NONE);
            left.add(crashed.list(DIRECTORY));
        }
        assertThat(left).containsExactlyInAnyOrder(List.of(), List.of("f"), List.of("g"), List.of("f", "g"));
    }

    @Example
    void a_rename_happens_wholly_or_not_at_all() throws IOException {
        Path other = DIRECTORY.resolve("g");
        created();
        files.syncDirectory(DIRECTORY);
        files.rename(FILE, other);
        Set<List<String>> left = new HashSet<>();
        for (int seed = 0; seed < 200; seed++) {
            MemoryFiles crashed = files.copy();
            crashed.crash(new Random(seed), Damage.NONE);
            left.add(crashed.list(DIRECTORY));
        }
        assertThat(left).containsExactlyInAnyOrder(List.of("f"), List.of("g"));
    }

    @Example
    void a_dying_process_loses_nothing_but_its_locks_and_open_files() throws IOException {
        OpenFile file = created();
        write(file, 0, 600, 1);
        assertThat(files.lock(FILE)).isNotNull();
        assertThat(files.lock(FILE)).isNull();
        files.kill();
        assertThat(files.content(FILE)).hasSize(600).containsOnly(1);
        assertThat(files.lock(FILE)).isNotNull();
        assertThatThrownBy(() -> write(file, 0, 1, 1)).isInstanceOf(IOException.class);
    }

    @Example
    void after_a_failed_force_the_next_one_succeeds_and_has_written_nothing() throws IOException {
        boolean lost = false;
        for (int seed = 0; seed < 50; seed++) {
            MemoryFiles failing = new MemoryFiles();
            failing.createDirectory(DIRECTORY);
            OpenFile file = failing.create(FILE);
            failing.syncDirectory(DIRECTORY);
            failing.syncDirectory(Path.of("/"));
            write(file, 0, 2048, 3);
            failing.failAt(failing.operations() + 1, new Random(seed));
            assertThatThrownBy(() -> file.force(true)).isInstanceOf(IOException.class);
            file.force(true);
            assertThat(failing.content(FILE)).containsOnly(3);
            failing.crash(new Random(seed), Damage.NONE);
            lost |= !Arrays.equals(failing.content(FILE), filled(2048, 3));
        }
        assertThat(lost).isTrue();
    }

    @Example
    void a_full_disk_takes_what_fits_and_overwrites_what_is_there() throws IOException {
        OpenFile file = created();
        files.limit(1000);
        assertThatThrownBy(() -> write(file, 0, 1500, 1)).isInstanceOf(NoSpaceException.class);
        write(file, 0, 900, 2);
        write(file, 100, 900, 3);
        assertThat(files.used()).isEqualTo(1000);
    }

    @Example
    void without_power_nothing_works_until_the_crash() throws IOException {
        OpenFile file = created();
        files.powerOffAt(files.operations() + 1, new Random(1));
        assertThatThrownBy(() -> write(file, 0, 1, 1)).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> files.openToRead(FILE)).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> files.syncDirectory(DIRECTORY)).isInstanceOf(IOException.class);
        files.crash(new Random(1), Damage.NONE);
        assertThat(files.list(Path.of("/"))).isNotNull();
    }

    private OpenFile created() throws IOException {
        files.createDirectory(DIRECTORY);
        files.syncDirectory(Path.of("/"));
        return files.create(FILE);
    }

    private static void write(OpenFile file, long position, int count, int value) throws IOException {
        file.write(ByteBuffer.wrap(filled(count, value)), position);
    }

    private static byte[] filled(int count, int value) {
        byte[] bytes = new byte[count];
        Arrays.fill(bytes, (byte) value);
        return bytes;
    }
}
