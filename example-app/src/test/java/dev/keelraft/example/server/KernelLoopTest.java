package dev.keelraft.example.server;

import static dev.keelraft.example.server.SingleMember.errorOf;
import static dev.keelraft.example.server.SingleMember.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.google.protobuf.ByteString;
import dev.keelraft.ProposalResult;
import dev.keelraft.example.etcd.wire.KeyValue;
import dev.keelraft.example.etcd.wire.RangeRequest;
import dev.keelraft.example.kv.EtcdError;
import dev.keelraft.example.kv.KeyValueState;
import dev.keelraft.example.kv.RefusedException;
import dev.keelraft.example.kv.wire.Result;
import dev.keelraft.example.kv.wire.SnapshotDescriptor;
import dev.keelraft.example.peer.PeerNetwork;
import dev.keelraft.example.peer.SnapshotSink;
import dev.keelraft.model.Body;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import dev.keelraft.model.Snapshot;
import dev.keelraft.wal.MemoryDisk;
import dev.keelraft.wal.Recovered;
import dev.keelraft.wal.Wal;
import dev.keelraft.wal.WalException;
import dev.keelraft.wal.WalFailed;
import dev.keelraft.wal.WalIdentity;
import io.grpc.Deadline;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** The kernel thread of a member without peers, on a disk that fails, loses power, or is full. */
@Timeout(120)
class KernelLoopTest {
    private static final long SEED = 20;
    private static final int BURSTS = 8;

    private final MemoryDisk disk =
            new MemoryDisk(new WalIdentity(SingleMember.CLUSTER, SingleMember.ID), new Random(SEED));
    private final ListAppender<ILoggingEvent> log = new ListAppender<>();

    @TempDir
    private Path snapshots = Path.of("");

    @BeforeEach
    void listen() {
        logger().setLevel(Level.ERROR);
        log.start();
        logger().addAppender(log);
    }

    @AfterEach
    void stopListening() {
        logger().detachAppender(log);
        logger().setLevel(null);
    }

    private static Logger logger() {
        return (Logger) LoggerFactory.getLogger(LogThread.class);
    }

    private SingleMember start(MemoryDisk on, long seed) {
        return new SingleMember(on, snapshots, new Random(seed));
    }

    private static Map<String, Long> versions(KeyValueState state) {
        ByteString all = ByteString.copyFrom(new byte[1]);
        Map<String, Long> versions = new HashMap<>();
        try {
            for (KeyValue pair : state.range(RangeRequest.newBuilder()
                            .setKey(all)
                            .setRangeEnd(all)
                            .build())
                    .getKvsList()) {
                versions.put(pair.getKey().toStringUtf8(), pair.getVersion());
            }
        } catch (RefusedException e) {
            throw new AssertionError(e);
        }
        return versions;
    }

    // ---------------------------------------------------------------- what costs a sync, what a read sees

    @Test
    void writes_of_one_turn_share_one_sync() {
        try (SingleMember member = start(disk, SEED)) {
            get(member.write("first", 10));
            int alone = operationsOf(member, "alone", 1);
            assertThat(operationsOf(member, "together", 100))
                    .as("operations of the disk for 100 writes, where one takes %s", alone)
                    .isLessThan(50);
        }
    }

    private int operationsOf(SingleMember member, String prefix, int writes) {
        int[] before = new int[1];
        member.onKernelThread(kernel -> before[0] = disk.operations());
        CountDownLatch release = member.hold();
        List<CompletableFuture<Result>> results = new ArrayList<>();
        for (int i = 0; i < writes; i++) {
            results.add(member.write(prefix + i, 10));
        }
        release.countDown();
        results.forEach(SingleMember::get);
        int[] after = new int[1];
        member.onKernelThread(kernel -> after[0] = disk.operations());
        return after[0] - before[0];
    }

    @Test
    void a_read_that_comes_after_an_acknowledgement_sees_the_write() {
        try (SingleMember member = start(disk, SEED)) {
            for (int i = 0; i < 50; i++) {
                CompletableFuture<KeyValueState> before = member.read();
                CompletableFuture<Result> write = member.write("k" + i, 10);
                CompletableFuture<KeyValueState> after = write.thenCompose(result -> member.read());
                assertThat(versions(get(after))).containsEntry("k" + i, 1L);
                assertThat(versions(get(before))).hasSizeBetween(i, i + 1);
            }
        }
    }

    // ---------------------------------------------------------------- a disk that fails or loses power

    private interface Fault {
        void arm(MemoryDisk target, int operation, Random random);
    }

    @Test
    void what_was_acknowledged_survives_a_power_loss_at_any_operation() {
        sweep(MemoryDisk::powerOffIn);
    }

    @Test
    void a_failed_operation_ends_the_loop_and_nothing_was_acknowledged_that_is_not_durable() {
        sweep(MemoryDisk::failIn);
    }

    private void sweep(Fault fault) {
        int operations = operationsOfWorkload();
        assertThat(operations).isGreaterThan(30);
        int failed = 0;
        for (int at = 1; at <= operations; at += Math.max(1, operations / 48)) {
            failed += runInto(fault, at) ? 1 : 0;
        }
        assertThat(failed).as("runs that met their fault").isGreaterThan(24);
    }

    private int operationsOfWorkload() {
        MemoryDisk healthy = newDisk(SEED);
        try (SingleMember member = start(healthy, SEED)) {
            int[] begin = new int[1];
            member.onKernelThread(kernel -> begin[0] = healthy.operations());
            Workload workload = new Workload(member, new Random(SEED));
            workload.run();
            assertThat(workload.acknowledged).hasSize(workload.sent);
            int[] end = new int[1];
            member.onKernelThread(kernel -> end[0] = healthy.operations());
            return end[0] - begin[0];
        }
    }

    private static MemoryDisk newDisk(long seed) {
        return new MemoryDisk(new WalIdentity(SingleMember.CLUSTER, SingleMember.ID), new Random(seed));
    }

    /* Returns whether the fault came; the number of operations varies a little with the threads' timing. */
    private boolean runInto(Fault fault, int operation) {
        String run = "fault at operation " + operation + ", seed " + SEED;
        MemoryDisk faulty = newDisk(SEED + operation);
        Random random = new Random(SEED + operation);
        SingleMember member = start(faulty, SEED);
        get(member.write("before", 10));
        member.onKernelThread(kernel -> fault.arm(faulty, operation, random));
        Workload workload = new Workload(member, new Random(SEED));
        workload.run();
        member.kill();
        boolean met = member.end().isPresent();
        if (met) {
            assertThat(member.end().get()).as(run).isInstanceOf(WalFailed.class);
            assertThat(workload.lost).as(run).isNotEmpty().allMatch(error -> error == EtcdError.STOPPED);
        } else {
            assertThat(workload.lost).as(run).isEmpty();
        }
        faulty.crash(random);
        try (SingleMember next = start(faulty, SEED + 1)) {
            Map<String, Long> found = versions(get(next.read()));
            assertThat(found.keySet()).as(run).contains("before").containsAll(workload.acknowledged);
            assertThat(found.values()).as(run).allMatch(version -> version == 1);
            get(next.write("after", 10));
        }
        return met;
    }

    /** Bursts of writes, each put into one turn, with a read behind; the next one comes when all are answered. */
    private static final class Workload {
        private final SingleMember member;
        private final Random random;
        private final List<String> acknowledged = new ArrayList<>();
        private final List<EtcdError> lost = new ArrayList<>();
        private int sent;

        Workload(SingleMember member, Random random) {
            this.member = member;
            this.random = random;
        }

        void run() {
            for (int burst = 0; burst < BURSTS && lost.isEmpty(); burst++) {
                Map<String, CompletableFuture<Result>> writes = new HashMap<>();
                CountDownLatch release = member.hold();
                for (int i = 1 + random.nextInt(4); i > 0; i--) {
                    String key = "k" + sent++;
                    writes.put(key, member.write(key, random.nextInt(3000)));
                }
                CompletableFuture<KeyValueState> read = member.read();
                release.countDown();
                List<String> before = List.copyOf(acknowledged);
                writes.forEach((key, write) -> note(write, () -> acknowledged.add(key)));
                note(read, () -> assertThat(versions(get(read)).keySet()).containsAll(before));
            }
        }

        private void note(CompletableFuture<?> future, Runnable ifDone) {
            if (catchThrowable(() -> get(future)) == null) {
                ifDone.run();
            } else {
                lost.add(errorOf(future));
            }
        }
    }

    // ---------------------------------------------------------------- what it promises to others

    /** Loses power as soon as the member has said something that it must never forget. */
    private final class PowerGoesAfter implements PeerNetwork {
        private final MessageType promise;
        private final CompletableFuture<Message> said = new CompletableFuture<>();

        PowerGoesAfter(MessageType promise) {
            this.promise = promise;
        }

        @Override
        public void send(Message message) {
            if (message.type() == promise && said.complete(message)) {
                disk.powerOffIn(1, new Random(SEED));
            }
        }

        @Override
        public CompletableFuture<ProposalResult> propose(long peer, byte[] data, Deadline deadline) {
            return CompletableFuture.failedFuture(new IllegalStateException("nobody is there"));
        }

        @Override
        public void sendSnapshot(Message installSnapshot, FileChannel file) {
            throw new AssertionError(installSnapshot);
        }

        @Override
        public boolean isReachable(long peer) {
            return false;
        }
    }

    /** Has one of three voters take a message, cuts the power at its answer, and opens what is on the disk then. */
    private Recovered afterAnswer(MessageType question, long term, Body body, MessageType answer) {
        PowerGoesAfter network = new PowerGoesAfter(answer);
        List<Long> voters = List.of(SingleMember.ID, 8L, 9L);
        SingleMember member =
                new SingleMember(disk, snapshots, new Random(SEED), voters, Optional.of(network), SingleMember.PATIENT);
        member.onKernelThread(kernel -> kernel.step(new Message(question, 8, SingleMember.ID, term, body)));
        get(network.said);
        member.kill();
        disk.crash(new Random(SEED));
        Wal wal = disk.open();
        wal.close();
        return wal.recovered();
    }

    @Test
    void a_vote_leaves_when_it_is_on_the_disk() {
        Recovered recovered = afterAnswer(MessageType.VOTE, 5, new Body.Vote(10, 4, false), MessageType.VOTE_RESPONSE);
        assertThat(recovered.hardState().term()).isEqualTo(5);
        assertThat(recovered.hardState().vote()).isEqualTo(8);
    }

    @Test
    void an_acknowledgement_leaves_when_the_entries_are_on_the_disk() {
        List<Entry> entries = List.of(Entry.normal(2, 4, new byte[100]), Entry.normal(2, 5, new byte[100]));
        Recovered recovered =
                afterAnswer(MessageType.APPEND, 2, new Body.Append(3, 1, 3, entries), MessageType.APPEND_RESPONSE);
        assertThat(recovered.lastIndex()).isEqualTo(5);
        assertThat(recovered.hardState().term()).isEqualTo(2);
    }

    // ---------------------------------------------------------------- a slow disk

    /** The sync does not end before twenty more heartbeats have left and been answered: none of them waits for it. */
    @Test
    void a_leader_s_heartbeats_and_its_peers_answers_do_not_wait_for_the_disk() {
        Followers followers = new Followers();
        List<Long> voters = List.of(SingleMember.ID, 8L, 9L);
        SingleMember member = new SingleMember(
                disk, snapshots, new Random(SEED), voters, Optional.of(followers), SingleMember.PATIENT);
        followers.answerTo(member);
        Await.that("it to lead", () -> member.loop().status().leader() == SingleMember.ID);

        CountDownLatch slow = disk.holdForces();
        CompletableFuture<Result> write = member.write("waits", 10);
        Await.that("appends, which leave before the disk has them", () -> followers.count(MessageType.APPEND) > 2);
        int before = followers.count(MessageType.HEARTBEAT);
        Await.that("heartbeats", () -> followers.count(MessageType.HEARTBEAT) >= before + 40);
        assertThat(member.loop().status().leader()).as("its quorum answers").isEqualTo(SingleMember.ID);
        assertThat(write).isNotDone();

        slow.countDown();
        member.kill();
        assertThat(member.end()).isEmpty();
    }

    /** And a follower hears its leader meanwhile: it does not campaign, although many election time-outs pass. */
    @Test
    void a_follower_hears_its_leader_while_its_disk_is_busy() {
        Followers others = new Followers();
        List<Long> voters = List.of(SingleMember.ID, 8L, 9L);
        SingleMember member =
                new SingleMember(disk, snapshots, new Random(SEED), voters, Optional.of(others), SingleMember.PATIENT);
        Message heartbeat =
                new Message(MessageType.HEARTBEAT, 8, SingleMember.ID, 2, new Body.Heartbeat(0, new byte[0]));
        member.onKernelThread(kernel -> kernel.step(heartbeat));

        CountDownLatch slow = disk.holdForces();
        List<Entry> entries = List.of(Entry.normal(2, 4, new byte[100]));
        Message append = new Message(MessageType.APPEND, 8, SingleMember.ID, 2, new Body.Append(3, 1, 3, entries));
        member.onKernelThread(kernel -> kernel.step(append));
        int answered = others.count(MessageType.HEARTBEAT_RESPONSE);
        for (int i = 0; i < 50; i++) {
            member.onKernelThread(kernel -> kernel.step(heartbeat));
        }
        Await.that("answers", () -> others.count(MessageType.HEARTBEAT_RESPONSE) >= answered + 50);
        assertThat(others.count(MessageType.APPEND_RESPONSE))
                .as("that is a promise")
                .isZero();

        slow.countDown();
        Await.that("the acknowledgement", () -> others.count(MessageType.APPEND_RESPONSE) == 1);
        member.kill();
    }

    // ---------------------------------------------------------------- a full disk

    @Test
    void on_a_full_disk_new_writes_are_refused_at_once_and_reads_go_on_until_there_is_room() {
        SingleMember member = start(disk, SEED);
        get(member.write("before", 10));
        member.onKernelThread(kernel -> disk.fill());

        CompletableFuture<Result> large = member.write("large", 64 << 10);
        Await.that("the disk to be full", () -> member.loop().status().diskFull());
        CompletableFuture<Result> small = member.write("small", 10);
        assertThat(errorOf(small)).isEqualTo(EtcdError.NO_SPACE);
        assertThat(versions(get(member.read()))).containsOnlyKeys("before");
        assertThat(large).as("it is in the log, and not on the disk").isNotDone();
        assertThat(log.list).as("it is said once, not at every turn").hasSize(1);

        member.onKernelThread(kernel -> disk.empty());
        get(large);
        get(member.write("small", 10));
        assertThat(versions(get(member.read()))).containsOnlyKeys("before", "large", "small");
        member.kill();
        assertThat(member.end()).isEmpty();

        disk.crash(new Random(SEED));
        try (SingleMember next = start(disk, SEED + 1)) {
            Map<String, Long> found = versions(get(next.read()));
            assertThat(found).containsOnlyKeys("before", "large", "small");
            assertThat(found.values()).allMatch(version -> version == 1);
        }
    }

    @Test
    void a_stop_on_a_full_disk_tells_those_who_wait_and_loses_nothing_else() {
        SingleMember member = start(disk, SEED);
        get(member.write("before", 10));
        member.onKernelThread(kernel -> disk.fill());
        CompletableFuture<Result> large = member.write("large", 64 << 10);
        Await.that("the disk to be full", () -> !log.list.isEmpty());

        member.close();

        assertThat(errorOf(large)).isEqualTo(EtcdError.STOPPED);
        disk.empty();
        try (SingleMember next = start(disk, SEED + 1)) {
            assertThat(versions(get(next.read()))).containsOnlyKeys("before");
        } catch (WalException e) {
            throw new AssertionError("the log opens again", e);
        }
    }

    // ---------------------------------------------------------------- a snapshot that nobody needs

    @Test
    void a_snapshot_of_what_the_member_has_already_is_ignored_and_its_file_goes() throws IOException {
        try (SingleMember member = start(disk, SEED)) {
            get(member.write("mine", 10));
            member.onKernelThread(kernel -> {}); // the status is that of the end of a turn
            long index = member.loop().status().appliedIndex();
            long term = member.loop().status().term();
            assertThat(index).isGreaterThan(1);
            SnapshotFiles.Stored stored = member.files()
                    .write(
                            new Snapshot(1, 1, ConfState.of(List.of(SingleMember.ID)), new byte[0]),
                            KeyValueState.EMPTY);
            byte[] bytes = Files.readAllBytes(snapshots.resolve(stored.file().name()));
            assertThat(SnapshotDescriptor.parseFrom(stored.snapshot().data()).getBytes())
                    .isEqualTo(bytes.length);
            member.files().release(stored.file().name());
            Message message = new Message(
                    MessageType.INSTALL_SNAPSHOT,
                    9,
                    SingleMember.ID,
                    term,
                    new Body.InstallSnapshot(stored.snapshot()));

            SnapshotSink sink = member.entrance().receiveSnapshot(message, bytes.length);
            sink.write(ByteBuffer.wrap(bytes));
            sink.finish();

            member.onKernelThread(kernel -> {});
            assertThat(member.loop().installedSnapshots()).isZero();
            assertThat(member.loop().state().keyCount()).isEqualTo(1);
            Await.that("its file to go", () -> files(snapshots) == 0);
            get(member.write("more", 10));
        }
    }

    private static long files(Path directory) {
        try (Stream<Path> files = Files.list(directory)) {
            return files.count();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
