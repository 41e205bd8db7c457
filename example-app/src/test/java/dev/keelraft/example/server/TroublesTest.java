package dev.keelraft.example.server;

import static dev.keelraft.example.server.SingleMember.errorOf;
import static dev.keelraft.example.server.SingleMember.get;
import static org.assertj.core.api.Assertions.assertThat;

import dev.keelraft.ProposalResult;
import dev.keelraft.example.etcd.ServerStatus;
import dev.keelraft.example.kv.CommandCodec;
import dev.keelraft.example.kv.EtcdError;
import dev.keelraft.example.kv.KeyValueState;
import dev.keelraft.example.kv.wire.Result;
import dev.keelraft.example.server.KernelLoop.Timing;
import dev.keelraft.model.Body;
import dev.keelraft.model.Entry;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import dev.keelraft.wal.MemoryDisk;
import dev.keelraft.wal.WalIdentity;
import io.grpc.Deadline;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What the clients of one of three members are told when it has no leader, loses it or hands over, or has a disk that is full or
 * stalls. Their time would be over in a day: no answer here comes from that.
 */
@Timeout(120)
class TroublesTest {
    private static final long SEED = 21;
    private static final long TOMORROW = System.nanoTime() + TimeUnit.DAYS.toNanos(1);

    private final MemoryDisk disk =
            new MemoryDisk(new WalIdentity(SingleMember.CLUSTER, SingleMember.ID), new Random(SEED));
    private final Followers others = new Followers();
    private Optional<SingleMember> running = Optional.empty();
    private CountDownLatch stall = new CountDownLatch(0);

    @TempDir
    private Path snapshots = Path.of("");

    @AfterEach
    void kill() {
        stall.countDown();
        disk.empty();
        running.ifPresent(SingleMember::kill);
    }

    private SingleMember start(Timing timing) {
        SingleMember member = new SingleMember(
                disk, snapshots, new Random(SEED), List.of(SingleMember.ID, 8L, 9L), Optional.of(others), timing);
        running = Optional.of(member);
        return member;
    }

    /** One that leads, and has had a write committed. */
    private SingleMember startLeader(Timing timing) {
        SingleMember member = start(timing);
        others.answerTo(member);
        hear(member, MessageType.TIMEOUT_NOW, 8, 1, new Body.TimeoutNow());
        awaitLeader(member, SingleMember.ID);
        get(write(member, "first"));
        // The client hears of it before the status does.
        Await.that("everything to be applied", () -> {
            ServerStatus now = member.loop().status();
            return now.commitIndex() == now.appliedIndex() && now.appliedIndex() > 0;
        });
        return member;
    }

    private static void hear(SingleMember member, MessageType type, long from, long term, Body body) {
        member.onKernelThread(kernel -> kernel.step(new Message(type, from, SingleMember.ID, term, body)));
    }

    private static void hearHeartbeat(SingleMember member, long from, long term) {
        hear(member, MessageType.HEARTBEAT, from, term, new Body.Heartbeat(0, new byte[0]));
    }

    private static void awaitLeader(SingleMember member, long leader) {
        Await.that("the leader to be " + leader, () -> member.loop().status().leader() == leader);
    }

    /** Has a leader hand over; returns to whom. */
    private long handOver(SingleMember member, CompletableFuture<Boolean> done) {
        member.onKernelThread(kernel -> kernel.handOver(done));
        Await.that("the order to campaign", () -> others.count(MessageType.TIMEOUT_NOW) == 1);
        return others.lastReceiver(MessageType.TIMEOUT_NOW);
    }

    private static CompletableFuture<Result> write(SingleMember member, String key) {
        return member.write(key, 10, TOMORROW);
    }

    /** What a write is told without that any time passes. */
    private static EtcdError errorOfNewWrite(SingleMember member) {
        CompletableFuture<Result> future = new CompletableFuture<>();
        member.onKernelThread(kernel -> {
            kernel.writes().add(SingleMember.put("new", 10), 10, TOMORROW, future);
            assertThat(future).as("before the call returns").isDone();
        });
        return errorOf(future);
    }

    // ---------------------------------------------------------------- no leader

    @Test
    void without_a_leader_for_longer_than_an_election_all_are_told_and_whoever_comes_at_once() {
        SingleMember member = start(SingleMember.WANTS_LEADER);
        CompletableFuture<KeyValueState> read = member.read(TOMORROW);
        CompletableFuture<Result> write = write(member, "a");

        assertThat(errorOf(read)).isEqualTo(EtcdError.NO_LEADER);
        assertThat(errorOf(write)).isEqualTo(EtcdError.NO_LEADER);
        assertThat(errorOfNewWrite(member)).isEqualTo(EtcdError.NO_LEADER);
        assertThat(errorOf(member.read(TOMORROW))).isEqualTo(EtcdError.NO_LEADER);

        others.answerTo(member);
        awaitLeader(member, SingleMember.ID);
        get(write(member, "b"));
        get(member.read(TOMORROW));
    }

    @Test
    void a_leader_that_loses_its_followers_tells_its_reads_and_then_its_writes() {
        SingleMember member = startLeader(SingleMember.WANTS_LEADER);
        CountDownLatch release = member.hold();
        others.fallSilent(true);
        CompletableFuture<KeyValueState> read = member.read(TOMORROW);
        CompletableFuture<Result> write = write(member, "lost");
        release.countDown();

        assertThat(errorOf(read)).isEqualTo(EtcdError.LEADER_CHANGED);
        assertThat(errorOf(write)).as("it is in this member's log").isEqualTo(EtcdError.LEADER_FAILED);
    }

    @Test
    void a_follower_s_reads_are_told_when_their_leader_has_gone_and_nobody_leads() {
        SingleMember member = start(SingleMember.PATIENT);
        hearHeartbeat(member, 8, 2);
        CompletableFuture<KeyValueState> read = member.read(TOMORROW);
        assertThat(errorOf(read)).isEqualTo(EtcdError.LEADER_CHANGED);
        assertThat(others.count(MessageType.READ_INDEX)).isPositive();
    }

    @Test
    void a_follower_s_reads_go_to_the_next_leader_if_there_is_one() {
        SingleMember member = start(SingleMember.STEADY);
        hearHeartbeat(member, 8, 2);
        CompletableFuture<KeyValueState> read = member.read(TOMORROW);
        Await.that("the question", () -> others.lastReceiver(MessageType.READ_INDEX) == 8);
        hearHeartbeat(member, 9, 3);
        Await.that("the question", () -> others.lastReceiver(MessageType.READ_INDEX) == 9);
        hearHeartbeat(member, 8, 4);
        assertThat(errorOf(read)).as("one more, and not for ever").isEqualTo(EtcdError.LEADER_CHANGED);
    }

    // ---------------------------------------------------------------- a hand-over

    @Test
    void writes_are_told_of_a_hand_over_that_takes_longer_than_it_should() {
        SingleMember member = startLeader(SingleMember.STEADY);
        CompletableFuture<Boolean> handedOver = new CompletableFuture<>();
        handOver(member, handedOver);
        CompletableFuture<Result> write = write(member, "waits");
        assertThat(errorOf(write)).isEqualTo(EtcdError.LEADER_CHANGED);
        assertThat(member.loop().status().leader())
                .as("nothing has come of it yet")
                .isEqualTo(SingleMember.ID);
        get(member.read(TOMORROW));
        assertThat(handedOver).isNotDone();
    }

    @Test
    void a_hand_over_is_done_when_the_next_one_leads() {
        SingleMember member = startLeader(SingleMember.STEADY);
        CompletableFuture<Boolean> handedOver = new CompletableFuture<>();
        long successor = handOver(member, handedOver);
        long term = member.loop().status().term() + 1;
        hear(member, MessageType.VOTE, successor, term, new Body.Vote(100, term - 1, true));
        awaitLeader(member, 0);
        assertThat(handedOver).isNotDone();
        hearHeartbeat(member, successor, term);
        assertThat(get(handedOver)).isTrue();
    }

    @Test
    void who_does_not_lead_has_nothing_to_hand_over() {
        SingleMember member = start(SingleMember.STEADY);
        CompletableFuture<Boolean> handedOver = new CompletableFuture<>();
        member.onKernelThread(kernel -> kernel.handOver(handedOver));
        assertThat(get(handedOver)).isFalse();
    }

    // ---------------------------------------------------------------- a disk that stalls, or is full

    @Test
    void a_leader_whose_disk_stalls_hands_over_and_tells_its_clients() {
        SingleMember member = startLeader(SingleMember.WANTS_DISK);
        stall = disk.holdForces();
        CompletableFuture<Result> write = write(member, "stored by the others alone");
        Await.that("the others to have stored it", () -> {
            ServerStatus now = member.loop().status();
            return now.commitIndex() > now.appliedIndex();
        });
        CompletableFuture<KeyValueState> read = member.read(TOMORROW);

        assertThat(errorOf(write)).isEqualTo(EtcdError.APPLY_STALLED);
        assertThat(errorOf(read)).as("it would have to see the write").isEqualTo(EtcdError.APPLY_STALLED);
        assertThat(errorOfNewWrite(member)).isEqualTo(EtcdError.TOO_MANY_REQUESTS);
        awaitLeader(member, 0);
        assertThat(others.count(MessageType.TIMEOUT_NOW)).isEqualTo(1);

        stall.countDown();
        awaitLeader(member, SingleMember.ID);
        get(write(member, "again"));
        assertThat(get(member.read(TOMORROW)).keyCount()).isEqualTo(3);
    }

    @Test
    void a_leader_whose_disk_stays_full_hands_over_and_follows() {
        SingleMember member = startLeader(SingleMember.WANTS_DISK);
        member.onKernelThread(kernel -> disk.fill());
        CompletableFuture<Result> large = member.write("large", 64 << 10, TOMORROW);
        Await.that("the disk to be full", () -> member.loop().status().diskFull());
        assertThat(errorOfNewWrite(member)).isEqualTo(EtcdError.NO_SPACE);
        assertThat(errorOf(large)).as("the others may have it").isEqualTo(EtcdError.APPLY_STALLED);
        awaitLeader(member, 0);
        assertThat(others.count(MessageType.TIMEOUT_NOW)).isEqualTo(1);

        long term = member.loop().status().term() + 1;
        hearHeartbeat(member, 8, term);
        awaitLeader(member, 8);
        assertThat(errorOfNewWrite(member)).as("it could not apply it").isEqualTo(EtcdError.NO_SPACE);
    }

    @Test
    void a_leader_with_a_full_disk_sends_other_members_writes_elsewhere() {
        SingleMember member = startLeader(SingleMember.PATIENT);
        byte[] command = CommandCodec.encode(SingleMember.put("theirs", 10).build());
        Deadline deadline = Deadline.after(1, TimeUnit.DAYS);
        assertThat(get(member.entrance().propose(command, deadline)).outcome())
                .isEqualTo(ProposalResult.Outcome.ACCEPTED);
        member.onKernelThread(kernel -> disk.fill());
        CompletableFuture<Result> unused = member.write("large", 64 << 10, TOMORROW);
        Await.that("the disk to be full", () -> member.loop().status().diskFull());
        assertThat(get(member.entrance().propose(command, deadline)).outcome())
                .isEqualTo(ProposalResult.Outcome.NO_LEADER);
        assertThat(unused).isNotDone();
    }

    /** What it answers to heartbeats is a Ready each, and each waits for the disk. */
    @Test
    void on_a_disk_that_stays_full_for_long_a_follower_stands_still_until_there_is_room() {
        SingleMember member = start(SingleMember.STEADY);
        hearHeartbeat(member, 8, 2);
        member.onKernelThread(kernel -> disk.fill());
        List<Entry> large = List.of(Entry.normal(2, 4, new byte[64 << 10]));
        hear(member, MessageType.APPEND, 8, 2, new Body.Append(3, 1, 3, large));
        Await.that("the disk to be full", () -> member.loop().status().diskFull());
        awaitLeader(member, 8);
        int heard = 0;
        while (member.loop().status().leader() == 8) {
            hearHeartbeat(member, 8, 2);
            heard++;
        }
        assertThat(heard).as("each turn hears one or more").isGreaterThanOrEqualTo(KernelLoop.MAX_READYS_OUT / 2);
        int answers = others.count(MessageType.HEARTBEAT_RESPONSE);
        for (int i = 0; i < 100; i++) {
            hearHeartbeat(member, 8, 2);
        }
        assertThat(others.count(MessageType.HEARTBEAT_RESPONSE)).isEqualTo(answers);
        assertThat(others.count(MessageType.APPEND_RESPONSE)).isZero();

        disk.empty();
        Await.that("the entries to be stored", () -> others.count(MessageType.APPEND_RESPONSE) == 1);
        Await.that("room", () -> !member.loop().status().diskFull());
        awaitLeader(member, 8);
        hearHeartbeat(member, 8, 2);
        Await.that("an answer", () -> others.count(MessageType.HEARTBEAT_RESPONSE) > answers);

        member.onKernelThread(kernel -> disk.fill());
        List<Entry> next = List.of(Entry.normal(2, 5, new byte[64 << 10]));
        hear(member, MessageType.APPEND, 8, 2, new Body.Append(4, 2, 3, next));
        Await.that("the disk to be full", () -> member.loop().status().diskFull());
        int answersBefore = others.count(MessageType.HEARTBEAT_RESPONSE);
        hearHeartbeat(member, 8, 2);
        Await.that("an answer", () -> others.count(MessageType.HEARTBEAT_RESPONSE) > answersBefore);
    }
}
