package dev.keelraft.example.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keelraft.example.kv.KeyValueState;
import dev.keelraft.example.kv.wire.Command;
import dev.keelraft.example.kv.wire.Registration;
import dev.keelraft.example.kv.wire.SnapshotDescriptor;
import dev.keelraft.example.server.SnapshotFiles.Stored;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Snapshot;
import dev.keelraft.wal.SnapshotFile;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SnapshotFilesTest {
    private static final long CLUSTER = 0xc1;
    private static final ConfState MEMBERS = ConfState.of(List.of(1L, 2L, 3L));
    private static final Snapshot POINT = new Snapshot(5, 2, MEMBERS, new byte[0]);

    @TempDir
    private Path directory = Path.of("");

    private SnapshotFiles files = new SnapshotFiles(directory, CLUSTER, 1);

    @BeforeEach
    void open() {
        files = new SnapshotFiles(directory, CLUSTER, 1);
    }

    /** A state with as many keys, put by a session of its own. */
    static KeyValueState state(int keys) {
        Command register = Command.newBuilder()
                .setSession(3)
                .setSequence(1)
                .setRegister(Registration.getDefaultInstance())
                .build();
        KeyValueState state = KeyValueState.EMPTY.apply(register, 1).state();
        for (int i = 0; i < keys; i++) {
            Command put = SingleMember.put("key" + i, 100)
                    .setSession(3)
                    .setSequence(2 + i)
                    .setAcknowledgedBelow(2 + i)
                    .build();
            state = state.apply(put, 2 + i).state();
        }
        assertThat(state.keyCount()).isEqualTo(keys);
        return state;
    }

    static Set<String> names(Path directory) {
        try (Stream<Path> files = Files.list(directory)) {
            Set<String> names = new TreeSet<>();
            files.forEach(file -> names.add(String.valueOf(file.getFileName())));
            return names;
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void what_was_written_is_loaded_again() throws IOException {
        KeyValueState state = state(30);
        Stored stored = files.write(POINT, state);

        assertThat(names(directory)).containsExactly(stored.file().name());
        assertThat(stored.file())
                .isEqualTo(SnapshotFile.of(directory.resolve(stored.file().name())));
        SnapshotDescriptor descriptor = SnapshotFiles.descriptorOf(stored.snapshot());
        assertThat(descriptor.getBytes()).isEqualTo(stored.file().bytes());
        assertThat(descriptor.getCrc32C()).isEqualTo(stored.file().crc32c());
        assertThat(new SnapshotFiles(directory, CLUSTER, 2).load(stored)).isEqualTo(state);
    }

    @Test
    void a_file_of_another_place_is_refused() throws IOException {
        Path file = directory.resolve(files.write(POINT, state(3)).file().name());
        for (Snapshot wrong : List.of(
                new Snapshot(6, 2, MEMBERS, new byte[0]),
                new Snapshot(5, 3, MEMBERS, new byte[0]),
                new Snapshot(5, 2, ConfState.of(List.of(1L, 2L, 4L)), new byte[0]),
                new Snapshot(5, 2, ConfState.of(List.of(1L, 2L), List.of(3L)), new byte[0]))) {
            assertThatThrownBy(() -> files.load(file, wrong))
                    .as("%s", wrong)
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("should be of");
        }
        SnapshotFiles ofAnotherCluster = new SnapshotFiles(directory, CLUSTER + 1, 1);
        assertThatThrownBy(() -> ofAnotherCluster.load(file, POINT))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("should be of");
        assertThat(files.load(file, POINT)).isEqualTo(state(3));
    }

    @Test
    void no_name_is_used_twice_within_a_run_or_by_the_next() {
        Set<String> seen = new HashSet<>();
        for (long boot = 1; boot <= 3; boot++) {
            SnapshotFiles run = new SnapshotFiles(directory, CLUSTER, boot);
            for (int i = 0; i < 20; i++) {
                assertThat(seen.add(run.newName(POINT))).isTrue();
            }
        }
    }

    @Test
    void a_write_that_fails_leaves_no_file_and_no_reservation() throws IOException {
        Path moved = directory.resolveSibling(directory.getFileName() + "-away");
        Files.move(directory, moved);
        assertThatThrownBy(() -> files.write(POINT, state(3))).isInstanceOf(IOException.class);
        Files.move(moved, directory);
        assertThat(names(directory)).isEmpty();
        assertThat(files.write(POINT, state(3)).file().bytes()).isPositive();
    }

    @Test
    void what_is_neither_referenced_nor_reserved_is_deleted() throws IOException {
        Stored referenced = files.write(POINT, state(1));
        Stored reserved = files.write(POINT, state(2));
        Stored old = files.write(POINT, state(3));
        files.release(referenced.file().name());
        files.release(old.file().name());
        String coming = files.newName(POINT);
        Files.createFile(files.unfinished(coming));
        Files.createFile(directory.resolve("left.snap.tmp"));

        files.deleteAllBut(List.of(referenced.file()));
        String unfinished = String.valueOf(files.unfinished(coming).getFileName());
        assertThat(names(directory))
                .containsExactlyInAnyOrder(
                        referenced.file().name(), reserved.file().name(), unfinished);

        files.release(reserved.file().name());
        files.release(coming);
        files.deleteAllBut(List.of(referenced.file()));
        assertThat(names(directory)).containsExactly(referenced.file().name());
    }

    @Test
    void an_open_file_is_read_to_its_end_though_it_is_deleted() throws IOException {
        Stored stored = files.write(POINT, state(3));
        try (FileChannel channel = files.open(stored.file())) {
            files.release(stored.file().name());
            files.deleteAllBut(List.of());
            assertThat(names(directory)).isEmpty();
            assertThat(channel.size()).isEqualTo(stored.file().bytes());
        }
    }
}
