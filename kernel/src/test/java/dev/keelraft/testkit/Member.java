package dev.keelraft.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.keelraft.Applied;
import dev.keelraft.RaftConfig;
import dev.keelraft.RawNode;
import dev.keelraft.Ready;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.Message;
import dev.keelraft.model.RaftRole;
import dev.keelraft.model.Snapshot;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.TreeMap;

/**
 * A member of a group with a log under test: the host loop, a state machine that is a running checksum, and the memory of what
 * the log has to find again. It may be killed at each of its persist points, and then lives again.
 */
final class Member {
    /** A snapshot is taken when so many entries were applied since the last one. */
    private static final int SNAPSHOT_ENTRIES = 8;

    /** Opens logs, and crashes them. */
    interface Door {
        HostLog open(String name) throws Exception;

        void crash(String name, HostLog log, Random random) throws Exception;
    }

    private final long id;
    private final String name;
    private final List<Long> voters;
    private final Door door;
    private final Queue<Message> network;
    private final KillSwitch killSwitch;
    private final Random random;

    /** What a crash may leave, from what was synced last to what was appended last. */
    private final Deque<LogModel> possible = new ArrayDeque<>(List.of(new LogModel()));

    private HostLog log;
    private RawNode node;
    private boolean syncsLater;

    private long appliedIndex;
    private ConfState confState = ConfState.EMPTY;
    private long sum;

    /** See {@link #takeSums}. */
    private final TreeMap<Long, Long> sums = new TreeMap<>();

    Member(long id, String name, List<Long> voters, Door door, Queue<Message> network, KillSwitch killSwitch)
            throws Exception {
        this.id = id;
        this.name = name;
        this.voters = voters;
        this.door = door;
        this.network = network;
        this.killSwitch = killSwitch;
        this.random = new Random(id);
        this.log = door.open(name);
        this.node = newNode();
    }

    private RawNode newNode() {
        RaftConfig config = RaftConfig.builder(id, random).build();
        Snapshot snapshot = model().snapshot();
        appliedIndex = snapshot.index();
        confState = snapshot.confState();
        sum = snapshot.isNone() ? 0 : ByteBuffer.wrap(snapshot.data()).getLong();
        return model().isEmpty()
                ? RawNode.bootstrap(config, log.storage(), voters)
                : RawNode.restart(config, log.storage(), new Applied(appliedIndex, confState));
    }

    /** What the log has to hold while nothing crashes. */
    LogModel model() {
        return possible.getLast();
    }

    long id() {
        return id;
    }

    RawNode node() {
        return node;
    }

    long appliedIndex() {
        return appliedIndex;
    }

    /** Returns, index by index, what the state machine was behind it, for all that was applied since the last call. */
    Map<Long, Long> takeSums() {
        Map<Long, Long> taken = new TreeMap<>(sums);
        sums.clear();
        return taken;
    }

    boolean leads() {
        return node.status().softState().role() == RaftRole.LEADER;
    }

    void tick() throws Exception {
        node.tick();
        handleReadys();
    }

    void step(Message message) throws Exception {
        node.step(message);
        handleReadys();
    }

    boolean propose(byte[] data) throws Exception {
        boolean accepted = node.propose(data).isAccepted();
        handleReadys();
        return accepted;
    }

    void handleReadys() throws Exception {
        while (node.hasReady()) {
            Ready ready = node.ready();
            network.addAll(ready.messages());
            killSwitch.point();
            append(ready);
            killSwitch.point();
            if (!syncsLater) {
                if (ready.mustSync()) {
                    sync();
                    killSwitch.point();
                }
                network.addAll(ready.messagesAfterPersist());
                killSwitch.point();
            }
            install(ready.snapshot());
            for (Entry entry : ready.committedEntries()) {
                apply(entry);
            }
            node.advance(ready);
        }
        if (appliedIndex - model().snapshot().index() >= SNAPSHOT_ENTRIES) {
            takeSnapshot();
        }
    }

    /** Stores what a Ready holds, and not durably yet. */
    private void append(Ready ready) throws Exception {
        LogModel next = model().copy();
        next.append(ready);
        possible.add(next);
        log.append(ready);
    }

    /** From now on Readys wait for one sync, and what they promise is never sent. */
    void syncLater() {
        syncsLater = true;
    }

    void sync() throws Exception {
        log.sync();
        synced();
    }

    private void synced() {
        LogModel now = model();
        possible.clear();
        possible.add(now);
    }

    private void install(Snapshot snapshot) {
        if (!snapshot.isNone()) {
            appliedIndex = snapshot.index();
            confState = snapshot.confState();
            sum = ByteBuffer.wrap(snapshot.data()).getLong();
        }
    }

    private void apply(Entry entry) {
        assertEquals(appliedIndex + 1, entry.index(), "the next entry to apply");
        if (entry.type().isConfChange()) {
            confState = node.applyConfChange(entry).confState();
        }
        appliedIndex = entry.index();
        sum = 31 * (31 * sum + entry.term()) + Arrays.hashCode(entry.data());
        sums.put(appliedIndex, sum);
    }

    private void takeSnapshot() throws Exception {
        byte[] data = ByteBuffer.allocate(Long.BYTES).putLong(sum).array();
        saveSnapshot(new Snapshot(appliedIndex, model().term(appliedIndex), confState, data));
        killSwitch.point();
        compact(appliedIndex - 2);
        killSwitch.point();
    }

    void saveSnapshot(Snapshot snapshot) throws Exception {
        LogModel next = model().copy();
        next.saveSnapshot(snapshot);
        possible.add(next);
        log.saveSnapshot(snapshot);
        synced();
    }

    void compact(long index) throws Exception {
        possible.forEach(model -> model.compact(index));
        log.compact(index);
    }

    /** Ends this life without a close, and begins the next with what is left. */
    void crash() throws Exception {
        door.crash(name, log, random);
        reopen();
    }

    /** Ends this life in order: then nothing is lost, synced or not. */
    void close() throws Exception {
        log.close();
        synced();
    }

    void closeAndReopen() throws Exception {
        close();
        reopen();
    }

    private void reopen() throws Exception {
        log = door.open(name);
        recognize();
        node = newNode();
    }

    /** The log must be as it was at some moment between the last sync and the end. */
    private void recognize() throws Exception {
        List<AssertionError> differences = new ArrayList<>();
        for (LogModel candidate : possible) {
            try {
                candidate.check(log);
                possible.clear();
                possible.add(candidate);
                return;
            } catch (AssertionError e) {
                differences.add(e);
            }
        }
        AssertionError first = differences.get(0);
        throw new AssertionError(
                this + " finds a log that it never had since the last sync. It was " + possible.getFirst()
                        + " then, and in the end " + possible.getLast() + ". Beside the former: " + first.getMessage()
                        + (differences.size() == 1
                                ? ""
                                : ". Beside the latter: "
                                        + differences
                                                .get(differences.size() - 1)
                                                .getMessage()),
                first);
    }

    /** Checks what the log shows now. */
    void check() throws Exception {
        model().check(log);
    }

    @Override
    public String toString() {
        return "the log \"" + name + "\"";
    }
}
