package dev.keelraft.example.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.google.protobuf.ByteString;
import dev.keelraft.Applied;
import dev.keelraft.RaftConfig;
import dev.keelraft.RawNode;
import dev.keelraft.example.etcd.wire.PutRequest;
import dev.keelraft.example.kv.EtcdError;
import dev.keelraft.example.kv.KeyValueState;
import dev.keelraft.example.kv.RefusedException;
import dev.keelraft.example.kv.wire.Command;
import dev.keelraft.example.kv.wire.MemberAttributes;
import dev.keelraft.example.kv.wire.Result;
import dev.keelraft.example.peer.Peer;
import dev.keelraft.example.peer.PeerHandler;
import dev.keelraft.example.peer.PeerNetwork;
import dev.keelraft.example.peer.PeerOptions;
import dev.keelraft.example.peer.PeerTransport;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Snapshot;
import dev.keelraft.wal.MemoryDisk;
import dev.keelraft.wal.SnapshotFile;
import dev.keelraft.wal.Wal;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * One life of a member that is a group of its own: a {@link KernelLoop} on its thread, with a log on a disk that can fail. Its
 * snapshots are real files.
 */
final class SingleMember implements AutoCloseable {
    static final long CLUSTER = 0xc1;
    static final long ID = 7;
    static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(30);

    static final SnapshotFiles.Stored NO_SNAPSHOT = new SnapshotFiles.Stored(Snapshot.NONE, SnapshotFile.NONE);

    /** More ticks than a test has. */
    static final int NEVER = 1_000_000;

    private static final long TICK_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

    /** An election time-out, in ticks. */
    static final int ELECTION_TICKS = 3;

    /** Takes its time: a machine that is busy is no trouble. */
    static final KernelLoop.Timing PATIENT = new KernelLoop.Timing(TICK_NANOS, ELECTION_TICKS, NEVER, NEVER);

    /** Takes a leader's silence, and a hand-over, for trouble late. */
    static final KernelLoop.Timing STEADY = new KernelLoop.Timing(TICK_NANOS, 1000, NEVER, NEVER);

    /** Takes the absence of a leader for trouble, soon. */
    static final KernelLoop.Timing WANTS_LEADER = new KernelLoop.Timing(TICK_NANOS, 50, 200, NEVER);

    /** Takes a disk that finishes nothing for trouble, soon. */
    static final KernelLoop.Timing WANTS_DISK = new KernelLoop.Timing(TICK_NANOS, 100, NEVER, 400);

    private final Inbox inbox = new Inbox();
    private final SnapshotFiles files;
    private final PeerEntrance entrance;
    private final PeerNetwork peers;
    private final PeerTransport nobody;
    private final Wal wal;
    private final LogThread log;
    private final Thread logThread;
    private final KernelLoop loop;
    private final CompletableFuture<Optional<Throwable>> ended = new CompletableFuture<>();

    /** Opens what is on the disk, and runs. */
    SingleMember(MemoryDisk disk, Path snapshots, Random random) {
        this(disk, snapshots, random, List.of(ID), Optional.empty(), PATIENT);
    }

    /** One of several voters, whose words to the others go to a network of the test's. */
    SingleMember(
            MemoryDisk disk,
            Path snapshots,
            Random random,
            List<Long> voters,
            Optional<PeerNetwork> network,
            KernelLoop.Timing timing) {
        wal = disk.open();
        files = new SnapshotFiles(snapshots, CLUSTER, wal.recovered().bootCount());
        entrance = new PeerEntrance(inbox, files, MemoryDisk::unprepared);
        nobody = transport(entrance);
        peers = network.orElse(nobody);
        StateMachine machine = new StateMachine(KeyValueState.EMPTY, 0, 0, ConfState.EMPTY, Observer.NONE);
        log = new LogThread(wal, files, inbox, Observer.NONE);
        Snapshots policy = new Snapshots(log, files, NO_SNAPSHOT, Long.MAX_VALUE, () -> 0, Runnable::run, inbox);
        loop = loop(wal, log, machine, policy, peers, inbox, random, voters, timing);
        logThread = new Thread(log::run, "single-member-log");
        logThread.setDaemon(true);
        logThread.start();
        Thread thread = new Thread(this::run, "single-member");
        thread.setDaemon(true);
        thread.start();
    }

    /** A transport that has nobody to talk to. */
    static PeerTransport transport(PeerHandler handler) {
        PeerOptions options = new PeerOptions(
                1 << 20,
                1 << 20,
                16,
                1 << 20,
                PeerOptions.DEFAULT_CONNECT_TIMEOUT,
                PeerOptions.DEFAULT_SNAPSHOT_STALL_TIMEOUT);
        return new PeerTransport(
                CLUSTER, new Peer(ID, "m", URI.create("http://127.0.0.1:1")), List.of(), options, handler);
    }

    /** A loop of a member that is alone, which does not run yet. */
    static KernelLoop loop(
            Wal wal, LogThread log, StateMachine machine, Snapshots snapshots, PeerNetwork peers, Inbox inbox) {
        return loop(wal, log, machine, snapshots, peers, inbox, new Random(1), List.of(ID), PATIENT);
    }

    private static KernelLoop loop(
            Wal wal,
            LogThread log,
            StateMachine machine,
            Snapshots snapshots,
            PeerNetwork peers,
            Inbox inbox,
            Random random,
            List<Long> voters,
            KernelLoop.Timing timing) {
        RaftConfig config = RaftConfig.builder(ID, random)
                .electionTicks(timing.electionTicks())
                .diskStallTicks(Math.toIntExact(timing.diskStallTicks()))
                .asyncStorageWrites(true)
                .maxEntryBytes(1 << 20)
                .build();
        boolean first = wal.storage().hardState().isEmpty() && wal.storage().lastIndex() == 0;
        RawNode node = first
                ? RawNode.bootstrap(config, wal.storage(), voters)
                : RawNode.restart(config, wal.storage(), new Applied(machine.index(), machine.confState()));
        MemberAttributes self =
                MemberAttributes.newBuilder().setId(ID).setName("m").build();
        return new KernelLoop(
                node, wal.storage(), log, machine, snapshots, peers, inbox, timing, CLUSTER, self, random);
    }

    /** The result, which is there or about to be. */
    static <T> T get(CompletableFuture<T> future) {
        return future.orTimeout(PATIENCE_NANOS, TimeUnit.NANOSECONDS).join();
    }

    /** How it ended without a result; it must have ended, or be about to. */
    static EtcdError errorOf(CompletableFuture<?> future) {
        Throwable thrown = catchThrowable(() -> get(future));
        assertThat(thrown).isInstanceOf(CompletionException.class).hasCauseInstanceOf(RefusedException.class);
        return ((RefusedException) Objects.requireNonNull(thrown.getCause())).error();
    }

    private void run() {
        Optional<Throwable> failure = Optional.empty();
        try {
            loop.run();
        } catch (Throwable thrown) {
            failure = Optional.of(thrown);
        }
        inbox.close();
        log.stop();
        try {
            logThread.join();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        ended.complete(failure);
    }

    /** A put of a key that no other write of the test touches: executed twice, it has version 2. */
    static Command.Builder put(String key, int valueBytes) {
        return Command.newBuilder()
                .setPut(PutRequest.newBuilder()
                        .setKey(ByteString.copyFromUtf8(key))
                        .setValue(ByteString.copyFrom(new byte[valueBytes])));
    }

    CompletableFuture<Result> write(String key, int valueBytes) {
        return write(key, valueBytes, System.nanoTime() + PATIENCE_NANOS);
    }

    CompletableFuture<Result> write(String key, int valueBytes, long deadlineNanos) {
        CompletableFuture<Result> future = new CompletableFuture<>();
        submit(kernel -> kernel.writes().add(put(key, valueBytes), valueBytes, deadlineNanos, future), future);
        return future;
    }

    CompletableFuture<KeyValueState> read() {
        return read(System.nanoTime() + PATIENCE_NANOS);
    }

    CompletableFuture<KeyValueState> read(long deadlineNanos) {
        CompletableFuture<KeyValueState> future = new CompletableFuture<>();
        submit(kernel -> kernel.reads().add(deadlineNanos, future), future);
        return future;
    }

    /* As the server does it: who comes too late is told. */
    private void submit(Inbox.Task task, CompletableFuture<?> future) {
        boolean taken = inbox.add(new Inbox.Task() {
            @Override
            public void run(KernelLoop kernel) {
                task.run(kernel);
            }

            @Override
            public void abandon() {
                future.completeExceptionally(new RefusedException(EtcdError.STOPPED));
            }
        });
        if (!taken) {
            future.completeExceptionally(new RefusedException(EtcdError.STOPPED));
        }
    }

    /** Stops the kernel thread where it takes tasks, until the latch is counted down: what is added meanwhile is one turn's. */
    CountDownLatch hold() {
        CountDownLatch release = new CountDownLatch(1);
        inbox.add(kernel -> {
            try {
                release.await();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        });
        return release;
    }

    /** Does something on the kernel thread, and waits for it. */
    void onKernelThread(Inbox.Task task) {
        CompletableFuture<Boolean> done = new CompletableFuture<>();
        inbox.add(kernel -> {
            try {
                task.run(kernel);
                done.complete(true);
            } catch (Throwable thrown) {
                done.completeExceptionally(thrown);
            }
        });
        done.orTimeout(PATIENCE_NANOS, TimeUnit.NANOSECONDS).join();
    }

    KernelLoop loop() {
        return loop;
    }

    SnapshotFiles files() {
        return files;
    }

    PeerEntrance entrance() {
        return entrance;
    }

    /** Waits until the kernel thread has ended: what it has thrown. */
    Optional<Throwable> end() {
        return ended.orTimeout(PATIENCE_NANOS, TimeUnit.NANOSECONDS).join();
    }

    /** Ends the process without a farewell: the log is not closed. */
    void kill() {
        loop.stop();
        end();
        nobody.close();
    }

    @Override
    public void close() {
        kill();
        wal.close();
    }
}
