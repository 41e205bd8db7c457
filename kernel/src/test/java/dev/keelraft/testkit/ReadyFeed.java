package dev.keelraft.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.keelraft.MemoryStorage;
import dev.keelraft.RaftConfig;
import dev.keelraft.RawNode;
import dev.keelraft.Ready;
import dev.keelraft.StepResult;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.EntryType;
import dev.keelraft.model.Message;
import dev.keelraft.model.Snapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Gives a log real Readys: those of a follower whose leader the test plays. The follower itself reads a storage in memory, so
 * that a log that answers wrongly is found by the test that asks it, and not by the kernel.
 */
final class ReadyFeed {
    static final long ID = 1;

    /** The leader: an id that is negative where it is taken for a signed number. */
    static final long LEADER = Long.MIN_VALUE + 2;

    static final ConfState MEMBERS = ConfState.of(List.of(ID, LEADER, 3L));

    private final HostLog log;
    private final LogModel model = new LogModel();
    private final MemoryStorage memory = new MemoryStorage();
    private final Peer leader = new Peer(LEADER, ID);
    private final RawNode node;

    ReadyFeed(HostLog log) {
        this.log = log;
        this.node = RawNode.join(config(ID, 1), memory);
    }

    /** Elections happen when the test says so. */
    static RaftConfig config(long id, long seed) {
        return RaftConfig.builder(id, new Random(seed))
                .preVote(false)
                .checkQuorum(false)
                .build();
    }

    LogModel model() {
        return model;
    }

    /** A number of entries of a term, from an index on; what has to go for that goes. */
    void entries(long term, long first, int count) throws Exception {
        List<Entry> entries = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            entries.add(entry(term, first + i));
        }
        entries(term, entries);
    }

    void entries(long term, List<Entry> entries) throws Exception {
        long prev = entries.get(0).index() - 1;
        step(leader.append(term, prev, model.term(prev), model.hardState().commit(), entries));
    }

    /** Says how much of the log is committed. */
    void commit(long index) throws Exception {
        long last = model.lastIndex();
        step(leader.append(Math.max(1, model.hardState().term()), last, model.term(last), index, List.of()));
    }

    /** Has the member vote for another one. */
    void vote(long term, long candidate) throws Exception {
        long last = model.lastIndex();
        step(new Peer(candidate, ID).askForVote(term, last, model.term(last)));
    }

    void install(long term, Snapshot snapshot) throws Exception {
        step(leader.install(term, snapshot));
    }

    /** Commits up to an index, and stores a snapshot of the application there. */
    void saveSnapshot(long index) throws Exception {
        if (model.hardState().commit() < index) {
            commit(index);
        }
        Snapshot snapshot = snapshot(index, model.term(index));
        log.saveSnapshot(snapshot);
        model.saveSnapshot(snapshot);
    }

    void compact(long index) throws Exception {
        log.compact(index);
        model.compact(index);
    }

    private void step(Message message) throws Exception {
        assertEquals(StepResult.HANDLED, node.step(message));
        while (node.hasReady()) {
            Ready ready = node.ready();
            model.append(ready);
            log.append(ready);
            memory.append(ready.snapshot(), ready.hardState(), ready.entries());
            for (Entry entry : ready.committedEntries()) {
                if (entry.type().isConfChange()) {
                    node.rejectConfChange(entry);
                }
            }
            node.advance(ready);
        }
    }

    /** The payload tells term and index, so that a wrong one shows; it has between 0 and 99 bytes. */
    static Entry entry(long term, long index) {
        return new Entry(term, index, EntryType.NORMAL, bytes((int) (index % 100), 31 * term + index));
    }

    static byte[] bytes(int length, long seed) {
        byte[] data = new byte[length];
        new Random(seed).nextBytes(data);
        return data;
    }

    static Snapshot snapshot(long index, long term) {
        return new Snapshot(index, term, MEMBERS, bytes(8, index));
    }
}
