package dev.keelraft.example.server;

import static dev.keelraft.example.server.SnapshotFilesTest.names;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keelraft.Readys;
import dev.keelraft.example.kv.KeyValueState;
import dev.keelraft.example.peer.PeerTransport;
import dev.keelraft.example.server.SnapshotFiles.Stored;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.EntryType;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Snapshot;
import dev.keelraft.wal.MemoryDisk;
import dev.keelraft.wal.Wal;
import dev.keelraft.wal.WalAppendRefused;
import dev.keelraft.wal.WalIdentity;
import dev.keelraft.wal.WalOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** When a snapshot is written, and what goes of the log then. Background work and the kernel's inbox run when a test says so. */
class SnapshotsTest {
    private static final ConfState MEMBERS = ConfState.of(List.of(SingleMember.ID));
    private static final long ENTRY_BYTES = new Entry(1, 1, EntryType.NORMAL, new byte[200]).wireBytes();

    /** Four entries make a snapshot due; two are a half. */
    private static final long LOG_BYTES = 4 * ENTRY_BYTES;

    @TempDir
    private Path directory = Path.of("");

    private final ArrayDeque<Runnable> background = new ArrayDeque<>();
    private final Inbox inbox = new Inbox();
    private final StateMachine machine = new StateMachine(KeyValueState.EMPTY, 0, 0, MEMBERS, Observer.NONE);

    private final ArrayDeque<AutoCloseable> open = new ArrayDeque<>();
    private long last;

    /** Up to where nobody who is alive needs the log. */
    private long safe = Long.MAX_VALUE;

    private record Parts(Wal wal, LogThread log, SnapshotFiles files, Snapshots snapshots, KernelLoop loop) {}

    private Parts start() {
        WalIdentity identity = new WalIdentity(SingleMember.CLUSTER, SingleMember.ID);
        Wal wal = Wal.exists(directory)
                ? Wal.open(directory, identity, WalOptions.defaults())
                : Wal.create(directory, identity, WalOptions.defaults());
        return start(wal, wal.snapshotDirectory());
    }

    private Parts start(Wal wal, Path snapshotDirectory) {
        open.push(wal);
        SnapshotFiles files = new SnapshotFiles(
                snapshotDirectory, SingleMember.CLUSTER, wal.recovered().bootCount());
        LogThread log = new LogThread(wal, files, inbox, Observer.NONE);
        Stored newest = new Stored(wal.recovered().snapshot(), wal.recovered().snapshotFile());
        Snapshots snapshots = new Snapshots(log, files, newest, LOG_BYTES, () -> safe, background::add, inbox);
        PeerTransport peers = SingleMember.transport(new PeerEntrance(inbox, files, wal::prepare));
        open.push(peers);
        return new Parts(wal, log, files, snapshots, SingleMember.loop(wal, log, machine, snapshots, peers, inbox));
    }

    @AfterEach
    void close() throws Exception {
        while (!open.isEmpty()) {
            open.pop().close();
        }
    }

    /** Stores and applies entries. */
    private void apply(Parts parts, int count) {
        for (int i = 0; i < count; i++) {
            last++;
            Entry entry = new Entry(1, last, EntryType.NORMAL, new byte[200]);
            MemoryDisk.append(parts.wal, new HardState(1, 0, last), List.of(entry));
            machine.moveTo(entry);
            parts.snapshots.applied(entry);
        }
        parts.snapshots.takeIfDue(machine);
    }

    /** Writes a snapshot that is due, and lets the kernel thread hear of it. */
    private void writeOne(Parts parts) {
        Objects.requireNonNull(background.poll()).run();
        hear(parts);
    }

    private void hear(Parts parts) {
        Objects.requireNonNull(inbox.poll()).run(parts.loop);
        parts.log.runPending();
        for (Inbox.Task task = inbox.poll(); task != null; task = inbox.poll()) {
            task.run(parts.loop);
        }
    }

    @Test
    void a_snapshot_is_due_when_the_log_has_grown_by_so_many_bytes() {
        Parts parts = start();
        apply(parts, 3);
        assertThat(background).isEmpty();
        apply(parts, 1);
        assertThat(background).hasSize(1);
        writeOne(parts);
        assertThat(parts.wal.referencedSnapshots()).hasSize(1);

        apply(parts, 3);
        assertThat(background).isEmpty();
        apply(parts, 1);
        assertThat(background).hasSize(1);
    }

    /** Applies a change of the members. */
    private void change(Parts parts) {
        last++;
        Entry entry = new Entry(1, last, EntryType.CONF_CHANGE, new byte[0]);
        MemoryDisk.append(parts.wal, new HardState(1, 0, last), List.of(entry));
        machine.reconfigure(entry, MEMBERS);
        parts.snapshots.applied(entry);
        parts.snapshots.takeIfDue(machine);
    }

    @Test
    void a_change_of_the_members_makes_one_due_where_the_log_may_begin_behind_another() {
        Parts parts = start();
        change(parts);
        assertThat(background).as("a new member takes the whole log").isEmpty();
        apply(parts, 4);
        writeOne(parts);
        change(parts);
        assertThat(background).hasSize(1);
        writeOne(parts);
        assertThat(parts.wal.storage().snapshot().index()).isEqualTo(last);
        parts.snapshots.takeIfDue(machine);
        assertThat(background).as("it names them").isEmpty();
    }

    @Test
    void one_for_the_members_that_cannot_be_written_is_tried_again_after_a_while() throws IOException {
        Parts parts = start();
        apply(parts, 4);
        writeOne(parts);
        change(parts);
        String next = String.format("%016x-%016x-1-2.snap", 1, last);
        Files.createDirectory(parts.files.unfinished(next));
        writeOne(parts);
        parts.snapshots.takeIfDue(machine);
        assertThat(background).as("not at once").isEmpty();
        for (int i = 0; i < 100; i++) {
            parts.snapshots.tick();
        }
        parts.snapshots.takeIfDue(machine);
        assertThat(background).hasSize(1);
    }

    @Test
    void one_is_written_at_a_time() {
        Parts parts = start();
        apply(parts, 4);
        apply(parts, 9);
        assertThat(background).hasSize(1);
        Objects.requireNonNull(background.poll()).run();
        parts.snapshots.takeIfDue(machine);
        assertThat(background).as("the kernel thread has not heard of it yet").isEmpty();
        hear(parts);
        parts.snapshots.takeIfDue(machine);
        assertThat(background).hasSize(1);
        writeOne(parts);
        assertThat(parts.wal.storage().snapshot().index()).isEqualTo(13);
    }

    @Test
    void the_younger_half_of_the_log_stays() throws IOException {
        Parts parts = start();
        apply(parts, 4);
        assertThat(parts.wal.storage().firstIndex()).isEqualTo(1);
        writeOne(parts);
        assertThat(parts.wal.storage().firstIndex()).isEqualTo(3);
        assertThat(parts.wal.storage().snapshot().index()).isEqualTo(4);
        try (var channel = parts.snapshots.open(parts.wal.storage().snapshot())) {
            assertThat(channel.size()).isPositive();
        }
    }

    /** A peer that is alive, or a snapshot that is on its way to one, ends here: what comes next must still be there. */
    @Test
    void what_somebody_needs_stays_too_but_no_more_than_makes_a_snapshot_due() {
        Parts parts = start();
        safe = 1;
        apply(parts, 4);
        writeOne(parts);
        assertThat(parts.wal.storage().firstIndex()).as("it needs 2").isEqualTo(2);

        apply(parts, 4);
        writeOne(parts);
        assertThat(parts.wal.storage().firstIndex())
                .as("it still does, and the first snapshot is the last that it could begin with")
                .isEqualTo(5);

        safe = 8;
        apply(parts, 4);
        writeOne(parts);
        assertThat(parts.wal.storage().firstIndex())
                .as("all have 8, and the younger half begins behind 10")
                .isEqualTo(9);

        safe = 16;
        apply(parts, 4);
        writeOne(parts);
        assertThat(parts.wal.storage().firstIndex())
                .as("all have everything, and the younger half stays for who is away for a moment")
                .isEqualTo(15);
    }

    @Test
    void a_write_that_fails_is_tried_again_later_and_keeps_the_log() throws IOException {
        Parts parts = start();
        apply(parts, 4);
        Path snapshots = parts.wal.snapshotDirectory();
        Path away = directory.resolve("away");
        Files.move(snapshots, away);
        writeOne(parts);
        Files.move(away, snapshots);
        assertThat(parts.wal.storage().firstIndex()).isEqualTo(1);
        assertThat(parts.wal.referencedSnapshots()).isEmpty();
        parts.snapshots.takeIfDue(machine);
        assertThat(background).as("not at once").isEmpty();

        apply(parts, 1);
        assertThat(background).hasSize(1);
        writeOne(parts);
        assertThat(parts.wal.storage().snapshot().index()).isEqualTo(5);
        assertThat(parts.wal.storage().firstIndex()).isGreaterThan(1);
    }

    /** The log looks for the file on its own disk, where nobody has written it. */
    @Test
    void a_file_that_the_log_cannot_prepare_is_deleted_and_written_again_later() throws IOException {
        MemoryDisk disk = new MemoryDisk(new WalIdentity(SingleMember.CLUSTER, SingleMember.ID), new Random(1));
        Parts parts = start(disk.open(), directory);
        apply(parts, 4);
        writeOne(parts);
        assertThat(names(directory)).isEmpty();
        assertThat(parts.wal.referencedSnapshots()).isEmpty();
        apply(parts, 1);
        assertThat(background).as("tried again").hasSize(1);
    }

    /** What takes long was done before: the thread of the log looks at the file, and no more. */
    @Test
    void the_thread_of_the_log_takes_what_was_prepared_and_nothing_else() throws IOException {
        Parts parts = start();
        apply(parts, 4);
        Objects.requireNonNull(background.poll()).run();
        Path file = parts.wal
                .snapshotDirectory()
                .resolve(names(parts.wal.snapshotDirectory()).iterator().next());
        Files.setLastModifiedTime(file, FileTime.fromMillis(0));
        assertThatThrownBy(() -> hear(parts)).isInstanceOf(WalAppendRefused.class);
    }

    @Test
    void a_leader_s_newer_snapshot_wins_over_one_that_is_being_written() throws IOException {
        Parts parts = start();
        apply(parts, 4);
        assertThat(background).hasSize(1);
        Stored newer = parts.files.write(new Snapshot(10, 2, MEMBERS, new byte[0]), SnapshotFilesTest.state(5));
        parts.log.persist(
                Readys.of(new HardState(2, 0, 10), newer.snapshot(), List.of()),
                Optional.of(parts.log.prepare(newer.file())));
        parts.log.runPending();
        assertThat(inbox.poll())
                .as("the kernel thread would hear of that Ready")
                .isNotNull();
        machine.install(SnapshotFilesTest.state(5), new Snapshot(10, 2, MEMBERS, new byte[0]));
        parts.snapshots.installed(newer);
        assertThat(parts.wal.storage().firstIndex()).isEqualTo(11);

        writeOne(parts);

        assertThat(parts.wal.storage().snapshot()).isEqualTo(newer.snapshot());
        assertThat(names(parts.wal.snapshotDirectory()))
                .containsExactly(newer.file().name());
        parts.snapshots.open(newer.snapshot()).close();
        parts.snapshots.takeIfDue(machine);
        assertThat(background).isEmpty();
    }

    @Test
    void a_snapshot_that_was_replaced_is_not_sent_any_more() {
        Parts parts = start();
        apply(parts, 4);
        writeOne(parts);
        Snapshot old = parts.wal.storage().snapshot();
        apply(parts, 4);
        writeOne(parts);
        apply(parts, 4);
        writeOne(parts);
        assertThatThrownBy(() -> parts.snapshots.open(old))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("was replaced");
    }

    @Test
    void what_a_crash_has_left_goes_at_the_next_start() throws IOException {
        Parts parts = start();
        apply(parts, 4);
        writeOne(parts);
        Path snapshots = parts.wal.snapshotDirectory();
        Stored unreferenced = parts.files.write(new Snapshot(3, 1, MEMBERS, new byte[0]), KeyValueState.EMPTY);
        Files.createFile(snapshots.resolve("0-0-1-9.snap.tmp"));
        assertThat(names(snapshots)).hasSize(3).contains(unreferenced.file().name());
        String referenced = parts.wal.referencedSnapshots().get(0).name();
        parts.wal.close();

        start();
        assertThat(names(snapshots)).containsExactly(referenced);
    }
}
