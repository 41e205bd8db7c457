package dev.keelraft.example.server;

import static dev.keelraft.example.server.SnapshotFilesTest.names;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.keelraft.ProposalResult;
import dev.keelraft.example.kv.CommandCodec;
import dev.keelraft.example.kv.KeyValueState;
import dev.keelraft.example.peer.PeerTransport;
import dev.keelraft.example.peer.SnapshotSink;
import dev.keelraft.example.server.SnapshotFiles.Stored;
import dev.keelraft.model.Body;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.EntryType;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import dev.keelraft.model.Snapshot;
import dev.keelraft.wal.MemoryDisk;
import dev.keelraft.wal.Wal;
import dev.keelraft.wal.WalIdentity;
import io.grpc.Deadline;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class PeerEntranceTest {
    private static final byte[] NO_COMMAND = "no command".getBytes(StandardCharsets.UTF_8);
    private static final byte[] COMMAND =
            CommandCodec.encode(SingleMember.put("a", 10).build());

    @TempDir
    private Path sender = Path.of("");

    @TempDir
    private Path receiver = Path.of("");

    private final Inbox inbox = new Inbox();
    private PeerEntrance entrance =
            new PeerEntrance(inbox, new SnapshotFiles(receiver, SingleMember.CLUSTER, 1), MemoryDisk::unprepared);
    private Snapshot snapshot = Snapshot.NONE;
    private byte[] bytes = new byte[0];

    @BeforeEach
    void write() throws IOException {
        SnapshotFiles files = new SnapshotFiles(receiver, SingleMember.CLUSTER, 1);
        entrance = new PeerEntrance(inbox, files, MemoryDisk::unprepared, Duration.ofMillis(20));
        Stored stored = new SnapshotFiles(sender, SingleMember.CLUSTER, 1)
                .write(new Snapshot(1, 1, ConfState.of(List.of(SingleMember.ID)), new byte[0]), KeyValueState.EMPTY);
        snapshot = stored.snapshot();
        bytes = Files.readAllBytes(sender.resolve(stored.file().name()));
    }

    private static Deadline inTime() {
        return Deadline.after(30, TimeUnit.SECONDS);
    }

    private static Throwable failureOf(CompletableFuture<?> future) {
        assertThat(future).isCompletedExceptionally();
        Throwable thrown = catchThrowable(future::join);
        assertThat(thrown).isInstanceOf(CompletionException.class);
        return Objects.requireNonNull(thrown.getCause());
    }

    private static Message heartbeat() {
        return new Message(MessageType.HEARTBEAT, 9, SingleMember.ID, 1, new Body.Heartbeat(0, new byte[0]));
    }

    private SnapshotSink receive() throws IOException {
        return receive(entrance);
    }

    private SnapshotSink receive(PeerEntrance by) throws IOException {
        return by.receiveSnapshot(
                new Message(MessageType.INSTALL_SNAPSHOT, 9, SingleMember.ID, 1, new Body.InstallSnapshot(snapshot)),
                bytes.length);
    }

    private static MemoryDisk disk() {
        return new MemoryDisk(new WalIdentity(SingleMember.CLUSTER, SingleMember.ID), new Random(1));
    }

    private SingleMember member() {
        return new SingleMember(disk(), receiver, new Random(1));
    }

    // ---------------------------------------------------------------- proposals

    @Test
    void bytes_that_are_no_command_are_not_proposed() {
        CompletableFuture<ProposalResult> answer = entrance.propose(NO_COMMAND, inTime());
        assertThat(failureOf(answer))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("not a command");
        assertThat(inbox.poll()).isNull();

        CompletableFuture<ProposalResult> unanswered = entrance.propose(COMMAND, inTime());
        assertThat(unanswered).isNotDone();
        assertThat(inbox.poll()).isNotNull();
    }

    /** The kernel's own way of forwarding, which this server does not use: nobody has looked at what is in it. */
    @Test
    void a_proposal_that_comes_as_a_message_does_not_enter_the_log() {
        Entry entry = new Entry(0, 0, EntryType.NORMAL, NO_COMMAND);
        Message propose = new Message(MessageType.PROPOSE, 9, SingleMember.ID, 0, new Body.Propose(List.of(entry)));
        try (SingleMember member = member()) {
            member.write("a", 10).join();
            member.entrance().received(propose);
            member.onKernelThread(kernel -> {});
            member.write("b", 10).join();
            assertThat(member.loop().state().keyCount()).isEqualTo(2);
        }
    }

    @Test
    void a_leader_takes_the_proposal_of_a_peer() {
        try (SingleMember member = member()) {
            member.write("a", 10).join();
            ProposalResult result = member.entrance()
                    .propose(COMMAND, inTime())
                    .orTimeout(30, TimeUnit.SECONDS)
                    .join();
            assertThat(result.outcome()).isEqualTo(ProposalResult.Outcome.ACCEPTED);
        }
    }

    @Test
    void nobody_proposes_for_a_peer_that_waits_no_longer() {
        try (SingleMember member = member()) {
            member.write("a", 10).join();
            member.onKernelThread(kernel -> {}); // the status is that of the end of a turn
            CompletableFuture<ProposalResult> answer =
                    member.entrance().propose(COMMAND, Deadline.after(-1, TimeUnit.SECONDS));
            long before = member.loop().status().appliedIndex();
            member.onKernelThread(kernel -> {});
            member.write("b", 10).join();
            member.onKernelThread(kernel -> {});
            assertThat(member.loop().status().appliedIndex()).isEqualTo(before + 1);
            assertThat(failureOf(answer)).isInstanceOf(TimeoutException.class);
        }
    }

    @Test
    void a_full_inbox_refuses() {
        while (inbox.offer(loop -> {}, 0)) {
            // until it is full
        }
        assertThat(entrance.received(heartbeat())).isFalse();
        assertThat(failureOf(entrance.propose(COMMAND, inTime()))).hasMessageContaining("too much to do");
        inbox.poll();
        assertThat(entrance.received(heartbeat())).isTrue();
    }

    // ---------------------------------------------------------------- snapshots

    @Test
    void one_snapshot_comes_in_at_a_time() throws IOException {
        SnapshotSink first = receive();
        assertThatThrownBy(this::receive).isInstanceOf(IOException.class).hasMessageContaining("another snapshot");
        first.abort();
        receive().abort();
        assertThat(names(receiver)).isEmpty();
    }

    @Test
    void a_refused_snapshot_makes_room_for_the_next() throws IOException {
        Message lie =
                new Message(MessageType.INSTALL_SNAPSHOT, 9, SingleMember.ID, 1, new Body.InstallSnapshot(snapshot));
        assertThatThrownBy(() -> entrance.receiveSnapshot(lie, bytes.length + 1))
                .isInstanceOf(IOException.class);
        SnapshotSink tooShort = receive();
        assertThatThrownBy(tooShort::finish).isInstanceOf(IOException.class);
        receive().abort();
    }

    @Test
    void a_snapshot_that_was_taken_makes_room_for_the_next() throws IOException {
        try (SingleMember member = member()) {
            for (int i = 0; i < 2; i++) {
                SnapshotSink sink = receive(member.entrance());
                sink.write(ByteBuffer.wrap(bytes));
                sink.finish();
            }
        }
    }

    @Test
    void a_snapshot_that_the_kernel_thread_does_not_take_in_time_is_given_up() throws IOException {
        SnapshotSink sink = receive();
        sink.write(ByteBuffer.wrap(bytes));
        assertThatThrownBy(sink::finish).isInstanceOf(IOException.class).hasMessageContaining("no time");
        assertThat(names(receiver)).isEmpty();
        receive().abort();

        Inbox.Task late = Objects.requireNonNull(inbox.poll());
        MemoryDisk disk = disk();
        try (Wal wal = disk.open();
                PeerTransport peers = SingleMember.transport(entrance)) {
            SnapshotFiles files = new SnapshotFiles(receiver, SingleMember.CLUSTER, 2);
            StateMachine machine = new StateMachine(KeyValueState.EMPTY, 0, 0, ConfState.EMPTY, Observer.NONE);
            LogThread log = new LogThread(wal, files, inbox, Observer.NONE);
            Snapshots snapshots =
                    new Snapshots(log, files, SingleMember.NO_SNAPSHOT, Long.MAX_VALUE, () -> 0, Runnable::run, inbox);
            KernelLoop loop = SingleMember.loop(wal, log, machine, snapshots, peers, inbox);
            int before = disk.operations();
            late.run(loop);
            assertThat(disk.operations())
                    .as("the loop's first turn would store something")
                    .isEqualTo(before);
        }
    }

    @Test
    void a_snapshot_that_comes_after_the_end_is_given_up_at_once() throws IOException {
        PeerEntrance patient =
                new PeerEntrance(inbox, new SnapshotFiles(receiver, SingleMember.CLUSTER, 2), MemoryDisk::unprepared);
        SnapshotSink sink = receive(patient);
        sink.write(ByteBuffer.wrap(bytes));
        inbox.close();
        assertThatThrownBy(sink::finish).isInstanceOf(IOException.class).hasMessageContaining("no time");
        assertThat(names(receiver)).isEmpty();
    }
}
