package dev.keelraft.proto;

import dev.keelraft.model.Body;
import dev.keelraft.model.ConfChange;
import dev.keelraft.model.ConfChange.Change;
import dev.keelraft.model.ConfChange.ChangeType;
import dev.keelraft.model.ConfChange.Transition;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.EntryType;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import dev.keelraft.model.NodeId;
import dev.keelraft.model.Snapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Tuple;
import net.jqwik.api.arbitraries.ListArbitrary;

/** Any value of the kernel that a node may send: numbers up to the edges, ids with and without the top bit, all payloads. */
final class KernelArbitraries {
    private static final int MAX_ENTRIES = 8;

    private KernelArbitraries() {}

    /*
     * The edges are part of each arbitrary, with a weight of their own. jqwik's combinations of edges are left out: there are
     * thousands, and they would leave no room for anything else.
     */

    static Arbitrary<Message> messages() {
        return Arbitraries.of(MessageType.class)
                .flatMap(KernelArbitraries::messages)
                .withoutEdgeCases();
    }

    static Arbitrary<Message> messages(MessageType type) {
        return switch (type) {
            case APPEND -> appends();
            case APPEND_RESPONSE ->
                envelope(
                        type,
                        Combinators.combine(numbers(), Arbitraries.of(true, false), numbers(), numbers())
                                .as(Body.AppendResponse::new));
            case VOTE, PRE_VOTE ->
                envelope(
                        type,
                        Combinators.combine(
                                        numbers(),
                                        numbers(),
                                        Arbitraries.of(true, false),
                                        numbers(),
                                        numbers(),
                                        numbers())
                                .as(Body.Vote::new));
            case VOTE_RESPONSE, PRE_VOTE_RESPONSE ->
                envelope(
                        type,
                        Combinators.combine(Arbitraries.of(true, false), numbers(), numbers())
                                .as((rejected, commit, commitTerm) -> rejected
                                        ? new Body.VoteResponse(true, commit, commitTerm)
                                        : new Body.VoteResponse(false)));
            case HEARTBEAT ->
                envelope(
                        type,
                        Combinators.combine(numbers(), numbers(), payloads()).as(Body.Heartbeat::new));
            case HEARTBEAT_RESPONSE -> envelope(type, payloads().map(Body.HeartbeatResponse::new));
            case INSTALL_SNAPSHOT -> envelope(type, snapshots().map(Body.InstallSnapshot::new));
            case READ_INDEX -> envelope(type, payloads().map(Body.ReadIndex::new));
            case READ_INDEX_RESPONSE ->
                envelope(type, Combinators.combine(numbers(), payloads()).as(Body.ReadIndexResponse::new));
            case PROPOSE ->
                envelope(
                        type,
                        proposals().list().ofMinSize(1).ofMaxSize(MAX_ENTRIES).map(Body.Propose::new));
            case TIMEOUT_NOW -> envelope(type, Arbitraries.just(new Body.TimeoutNow()));
            case TRANSFER_LEADER -> envelope(type, Arbitraries.just(new Body.TransferLeader()));
        };
    }

    private static Arbitrary<Message> envelope(MessageType type, Arbitrary<? extends Body> bodies) {
        return Combinators.combine(ids(), ids(), numbers(), bodies, incarnations())
                .as((from, to, term, body, incarnation) ->
                        new Message(type, from, to, term, body, type.namesOrigin() ? 0 : incarnation));
    }

    /** Entries that continue each other, under a message's term that is not below theirs. */
    private static Arbitrary<Message> appends() {
        Arbitrary<Long> prevIndexes = Arbitraries.longs().between(0, Long.MAX_VALUE - MAX_ENTRIES);
        Arbitrary<Long> termSteps = Arbitraries.longs().between(0, Long.MAX_VALUE);
        ListArbitrary<Entry> loose = Combinators.combine(termSteps, Arbitraries.of(EntryType.class), payloads())
                .as((step, type, data) -> new Entry(step, 0, type, data))
                .list()
                .ofMaxSize(MAX_ENTRIES);
        return Combinators.combine(ids(), ids(), prevIndexes, numbers(), numbers(), loose, termSteps, incarnations())
                .as((from, to, prevIndex, prevTerm, commit, steps, lastStep, incarnation) -> {
                    List<Entry> entries = new ArrayList<>();
                    long term = Math.max(1, prevTerm);
                    for (Entry step : steps) {
                        term = sum(term, step.term());
                        entries.add(new Entry(term, prevIndex + 1 + entries.size(), step.type(), step.data()));
                    }
                    Body body = new Body.Append(prevIndex, prevTerm, commit, entries);
                    return new Message(MessageType.APPEND, from, to, sum(term, lastStep), body, incarnation);
                });
    }

    private static long sum(long a, long b) {
        return Long.MAX_VALUE - a < b ? Long.MAX_VALUE : a + b;
    }

    private static Arbitrary<Entry> proposals() {
        return Combinators.combine(Arbitraries.of(EntryType.class), payloads())
                .as((type, data) -> new Entry(0, 0, type, data));
    }

    static Arbitrary<Entry> entries() {
        return Combinators.combine(numbers(), numbers(), Arbitraries.of(EntryType.class), payloads())
                .as(Entry::new);
    }

    static Arbitrary<HardState> hardStates() {
        return Combinators.combine(numbers(), ids(), numbers()).as(HardState::new);
    }

    static Arbitrary<Snapshot> snapshots() {
        return Combinators.combine(Arbitraries.longs().between(1, Long.MAX_VALUE), numbers(), confStates(), payloads())
                .as(Snapshot::new);
    }

    static Arbitrary<ConfState> confStates() {
        Arbitrary<Set<Long>> members = ids().filter(NodeId::isValid).set().ofMaxSize(5);
        Arbitrary<List<ConfState.Incarnation>> named = Combinators.combine(
                        ids().filter(NodeId::isValid), ids().filter(number -> number != 0))
                .as(ConfState.Incarnation::new)
                .list()
                .ofMaxSize(3)
                .uniqueElements(ConfState.Incarnation::id);
        return Combinators.combine(members, members, members, members, Arbitraries.of(true, false), named)
                .as((voters, outgoing, learners, next, autoLeave, incarnations) -> new ConfState(
                        List.copyOf(voters),
                        List.copyOf(outgoing),
                        List.copyOf(learners),
                        List.copyOf(next),
                        autoLeave,
                        incarnations));
    }

    static Arbitrary<ConfChange> confChanges() {
        Arbitrary<Change> changes = Combinators.combine(Arbitraries.of(ChangeType.class), ids(), incarnations())
                .as(Change::new);
        Arbitrary<ConfChange> older = Combinators.combine(ids(), changes, payloads())
                .as((id, change, context) ->
                        new ConfChange(ConfChange.Form.V1, id, Transition.AUTO, List.of(change), context));
        Arbitrary<ConfChange> newer = Combinators.combine(
                        Arbitraries.of(Transition.class), changes.list().ofMaxSize(5), payloads())
                .as(ConfChange::of);
        return Arbitraries.oneOf(older, newer);
    }

    /** Terms and indexes. */
    static Arbitrary<Long> numbers() {
        Arbitrary<Long> edges = Arbitraries.of(
                0L, 1L, 127L, 128L, 16_383L, 16_384L, 1L << 31, 1L << 32, Long.MAX_VALUE - 1, Long.MAX_VALUE);
        return Arbitraries.frequencyOf(
                Tuple.of(1, edges), Tuple.of(2, Arbitraries.longs().between(0, Long.MAX_VALUE)));
    }

    /** Any 64 bits. */
    static Arbitrary<Long> ids() {
        return Arbitraries.frequencyOf(
                Tuple.of(2, numbers()), Tuple.of(1, Arbitraries.longs().between(Long.MIN_VALUE, -1)));
    }

    /** None, or any 64 bits. */
    private static Arbitrary<Long> incarnations() {
        return Arbitraries.frequencyOf(Tuple.of(1, Arbitraries.just(0L)), Tuple.of(1, ids()));
    }

    /** None, few, and now and then many bytes: lengths of one, two and three bytes. */
    static Arbitrary<byte[]> payloads() {
        Arbitrary<byte[]> few = Arbitraries.bytes().array(byte[].class).ofMaxSize(40);
        Arbitrary<byte[]> many = Combinators.combine(Arbitraries.integers().between(100, 20_000), Arbitraries.longs())
                .as((length, seed) -> {
                    byte[] bytes = new byte[length];
                    new Random(seed).nextBytes(bytes);
                    return bytes;
                });
        return Arbitraries.frequencyOf(Tuple.of(19, few), Tuple.of(1, many));
    }
}
