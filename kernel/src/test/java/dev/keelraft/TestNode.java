package dev.keelraft;

import dev.keelraft.model.Body;
import dev.keelraft.model.ConfChange;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import dev.keelraft.model.RaftRole;
import dev.keelraft.model.Snapshot;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;

/** A node with a disk that never fails, and a host that does what each Ready says, at once. Tests play the network. */
final class TestNode {
    final long id;
    final MemoryStorage storage;
    final RaftConfig config;
    RawNode raw;

    /** What has left the node, and what it has applied and answered, since the last look. */
    private final List<Message> sent = new ArrayList<>();

    final List<Entry> applied = new ArrayList<>();
    final List<ReadState> reads = new ArrayList<>();
    final List<FailedRead> failedReads = new ArrayList<>();

    private TestNode(RaftConfig config, MemoryStorage storage, Applied applied) {
        this.id = config.id();
        this.config = config;
        this.storage = storage;
        this.raw = RawNode.restart(config, storage, applied);
    }

    /** Raft as in the paper: without pre-vote and without a check of the quorum. */
    static RaftConfig.Builder plain(long id) {
        return RaftConfig.builder(id, new Random(id)).preVote(false).checkQuorum(false);
    }

    /** A follower in term 1 with an empty log, in a group of voters 1 to {@code voters}. */
    static TestNode of(long id, int voters) {
        return of(id, voters, UnaryOperator.identity());
    }

    static TestNode of(long id, int voters, UnaryOperator<RaftConfig.Builder> settings) {
        return withLog(id, voters, settings, 1);
    }

    /** A follower whose log has entries of these terms, from index 1 on; its own term is the last of them, at least 1. */
    static TestNode withLog(long id, int voters, UnaryOperator<RaftConfig.Builder> settings, long term, long... terms) {
        MemoryStorage storage = new MemoryStorage();
        storage.setHardState(new HardState(term, 0, 0));
        storage.append(entries(1, terms));
        Applied nothing = new Applied(0, confState(voters));
        return new TestNode(settings.apply(plain(id)).build(), storage, nothing);
    }

    /** A follower in term 1 with an empty log, in a group of these members. */
    static TestNode in(ConfState members, long id, UnaryOperator<RaftConfig.Builder> settings) {
        MemoryStorage storage = new MemoryStorage();
        storage.setHardState(new HardState(1, 0, 0));
        return new TestNode(settings.apply(plain(id)).build(), storage, new Applied(0, members));
    }

    /** A follower in term 1 whose log begins behind a snapshot, at index 10 of term 1. */
    static TestNode behindSnapshot(ConfState members, long id, UnaryOperator<RaftConfig.Builder> settings) {
        MemoryStorage storage = new MemoryStorage(new Snapshot(10, 1, members, bytes("state at 10")));
        storage.setHardState(new HardState(1, 0, 10));
        return restarted(settings.apply(plain(id)).build(), storage, members);
    }

    /** A node that comes back from what a storage holds, with a state machine that keeps nothing but its last snapshot. */
    static TestNode restarted(RaftConfig config, MemoryStorage storage, ConfState confState) {
        Snapshot snapshot = storage.snapshot();
        return new TestNode(
                config,
                storage,
                snapshot.isNone() ? new Applied(0, confState) : new Applied(snapshot.index(), snapshot.confState()));
    }

    static ConfState confState(int voters) {
        List<Long> ids = new ArrayList<>();
        for (long id = 1; id <= voters; id++) {
            ids.add(id);
        }
        return ConfState.of(ids);
    }

    /** Entries of these terms from an index on; the payload tells the two, so that different entries differ. */
    static List<Entry> entries(long firstIndex, long... terms) {
        List<Entry> entries = new ArrayList<>();
        for (long term : terms) {
            long index = firstIndex + entries.size();
            entries.add(Entry.normal(term, index, bytes(term + "/" + index)));
        }
        return List.copyOf(entries);
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    // Host

    /** Does what the node wants, until it wants nothing more. */
    TestNode run() {
        while (raw.hasReady()) {
            Ready ready = raw.ready();
            sent.addAll(ready.messages());
            storage.append(ready.snapshot(), ready.hardState(), ready.entries());
            sent.addAll(ready.messagesAfterPersist());
            for (Entry entry : ready.committedEntries()) {
                if (entry.type().isConfChange()) {
                    raw.applyConfChange(entry);
                }
                applied.add(entry);
            }
            reads.addAll(ready.readStates());
            failedReads.addAll(ready.failedReads());
            raw.advance(ready);
            raw.raft().checkInvariants();
        }
        return this;
    }

    /** What the node has sent since the last look. */
    List<Message> sent() {
        run();
        List<Message> taken = List.copyOf(sent);
        sent.clear();
        return taken;
    }

    List<Message> sent(MessageType type) {
        return sent().stream().filter(message -> message.type() == type).toList();
    }

    StepResult step(MessageType type, long from, long term, Body body) {
        StepResult result = raw.step(new Message(type, from, id, term, body));
        run();
        return result;
    }

    /** A peer's answer, in the node's current term. */
    StepResult answer(MessageType type, long from, Body body) {
        return step(type, from, term(), body);
    }

    /** These peers acknowledge the log up to an index. */
    void acknowledge(long index, long... peers) {
        for (long peer : peers) {
            answer(MessageType.APPEND_RESPONSE, peer, Body.AppendResponse.accepted(index));
        }
    }

    void reject(long peer, long index, long hint, long hintTerm) {
        answer(MessageType.APPEND_RESPONSE, peer, new Body.AppendResponse(index, true, hint, hintTerm));
    }

    void answerHeartbeat(long... peers) {
        for (long peer : peers) {
            answer(MessageType.HEARTBEAT_RESPONSE, peer, new Body.HeartbeatResponse(new byte[0]));
        }
    }

    /** A leader of a term is heard from. */
    TestNode follow(long leader, long term) {
        step(MessageType.HEARTBEAT, leader, term, new Body.Heartbeat(0, new byte[0]));
        sent();
        return this;
    }

    ProposalResult propose(String text) {
        ProposalResult result = raw.propose(bytes(text));
        run();
        return result;
    }

    ProposalResult propose(ConfChange change) {
        ProposalResult result = raw.proposeConfChange(change);
        run();
        return result;
    }

    /** The application makes a snapshot of what it has applied up to an index, and drops the log up to there. */
    void compact(long index) {
        ConfState members = raw.status().confState();
        storage.saveSnapshot(new Snapshot(index, storage.term(index), members, bytes("state at " + index)));
        storage.compact(index);
    }

    void tick(int count) {
        for (int i = 0; i < count; i++) {
            raw.tick();
        }
        run();
    }

    /** Campaigns, and lets all its peers vote for it. */
    TestNode win() {
        raw.campaign();
        run();
        for (long peer : raw.status().confState().voters()) {
            if (peer != id) {
                step(MessageType.VOTE_RESPONSE, peer, term(), new Body.VoteResponse(false));
            }
        }
        return this;
    }

    // What tests look at

    /** The appends that a peer was sent since the last look. */
    List<Body.Append> appendsTo(long peer) {
        return sent().stream()
                .filter(message -> message.type() == MessageType.APPEND && message.to() == peer)
                .map(message -> (Body.Append) message.body())
                .toList();
    }

    /** What the leader knows of a peer. */
    Status.Peer peer(long peer) {
        return raw.status().peers().stream()
                .filter(known -> known.id() == peer)
                .findFirst()
                .orElseThrow();
    }

    ConfState members() {
        return raw.status().confState();
    }

    long dropped(StepResult cause) {
        return raw.status().dropped().getOrDefault(cause, 0L);
    }

    RaftRole role() {
        return raw.status().softState().role();
    }

    long lead() {
        return raw.status().softState().lead();
    }

    long term() {
        return raw.status().hardState().term();
    }

    long vote() {
        return raw.status().hardState().vote();
    }

    long commit() {
        return raw.status().hardState().commit();
    }

    /** The terms of the log, from its first index on. */
    List<Long> logTerms() {
        run();
        List<Long> terms = new ArrayList<>();
        for (long index = storage.firstIndex(); index <= storage.lastIndex(); index++) {
            terms.add(storage.term(index));
        }
        return terms;
    }

    /** The payloads that were applied, without the empty entries of leaders. */
    List<String> appliedTexts() {
        return applied.stream()
                .filter(entry -> entry.payloadBytes() > 0)
                .map(entry -> new String(entry.data(), StandardCharsets.UTF_8))
                .toList();
    }
}
