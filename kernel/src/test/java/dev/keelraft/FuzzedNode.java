package dev.keelraft;

import static org.assertj.core.api.Assertions.assertThat;

import dev.keelraft.model.Body;
import dev.keelraft.model.ConfChange;
import dev.keelraft.model.ConfChange.Change;
import dev.keelraft.model.ConfChange.ChangeType;
import dev.keelraft.model.ConfChange.Transition;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import dev.keelraft.model.RaftRole;
import dev.keelraft.model.Snapshot;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;

/**
 * Node 1 with a disk and a host that does its duties in its own time: several Readys may be out, in every stage. After each call it
 * checks what must hold of any node, whatever its peers say.
 */
final class FuzzedNode {
    static final long ID = 1;

    private static final ChangeType[] CHANGES = ChangeType.values();
    private static final Transition[] TRANSITIONS = Transition.values();

    /** Where a walk begins. */
    enum Start {
        JOINING,
        BOOTSTRAPPED,
        FOLLOWER,
        LEARNER,
        REMOVED,
        ALONE,
        JOINT,
        OUTGOING,
        INSTALLING_SNAPSHOT,
        CAMPAIGNING,
        LEADER,
        JOINT_LEADER,
        REMOVED_LEADER
    }

    /** The host's settings. {@code tight} makes every limit one that is met all the time. */
    record Settings(
            boolean async,
            boolean preVote,
            boolean checkQuorum,
            boolean stepDownOnRemoval,
            boolean forward,
            boolean tight,
            long seed) {
        private RaftConfig config() {
            RaftConfig.Builder builder = RaftConfig.builder(ID, new Random(seed))
                    .electionTicks(4)
                    .asyncStorageWrites(async)
                    .preVote(preVote)
                    .checkQuorum(checkQuorum)
                    .stepDownOnRemoval(stepDownOnRemoval)
                    .forwardProposals(forward);
            return (tight
                            ? builder.maxReadyBytes(40)
                                    .maxMessageBytes(40)
                                    .maxCommittedBytes(40)
                                    .maxUncommittedBytes(20)
                                    .maxInflightMessages(2)
                                    .maxInflightBytes(40)
                            : builder)
                    .build();
        }
    }

    final RawNode raw;
    final MemoryStorage disk;
    private final boolean async;
    private final ArrayDeque<Ready> toPersist = new ArrayDeque<>();
    private final ArrayDeque<Ready> toApply = new ArrayDeque<>();

    private final List<Message> told = new ArrayList<>();
    private HardState seen;
    private long committedTerm;
    private long handedOut;

    private FuzzedNode(RawNode raw, MemoryStorage disk, boolean async) {
        this.raw = raw;
        this.disk = disk;
        this.async = async;
        Status status = raw.status();
        seen = status.hardState();
        committedTerm = log().term(seen.commit());
        handedOut = status.applied();
    }

    // Birth

    static FuzzedNode start(Start start, Settings settings) {
        MemoryStorage disk = new MemoryStorage();
        RaftConfig config = settings.config();
        List<Long> five = List.of(1L, 2L, 3L, 4L, 5L);
        return switch (start) {
            case JOINING -> new FuzzedNode(RawNode.join(config, disk), disk, settings.async);
            case BOOTSTRAPPED ->
                new FuzzedNode(RawNode.bootstrap(config, disk, List.of(1L, 2L, 3L)), disk, settings.async);
            case FOLLOWER -> restarted(settings, ConfState.of(five, List.of(6L)));
            case LEARNER -> restarted(settings, ConfState.of(List.of(2L, 3L), List.of(1L)));
            case REMOVED -> restarted(settings, ConfState.of(List.of(2L, 3L)));
            case ALONE -> restarted(settings, ConfState.of(List.of(1L)));
            case JOINT -> restarted(settings, joint(settings));
            case OUTGOING ->
                restarted(settings, new ConfState(List.of(2L, 3L), List.of(1L, 2L), List.of(), List.of(1L), false));
            case INSTALLING_SNAPSHOT -> restarted(settings, ConfState.of(five)).receiveSnapshot();
            case CAMPAIGNING -> restarted(settings, ConfState.of(five)).campaign();
            case LEADER -> restarted(settings, ConfState.of(five, List.of(6L))).lead();
            case JOINT_LEADER -> restarted(settings, joint(settings)).lead();
            case REMOVED_LEADER ->
                restarted(settings, ConfState.of(List.of(1L, 2L))).win().removeItself();
        };
    }

    private static ConfState joint(Settings settings) {
        return new ConfState(
                List.of(1L, 2L, 3L), List.of(1L, 4L, 5L), List.of(6L), List.of(4L), settings.seed % 2 == 0);
    }

    /** In term 3, with a log from 11 to 15, of which 12 is known to be committed and 10 is applied. */
    private static FuzzedNode restarted(Settings settings, ConfState members) {
        MemoryStorage disk = new MemoryStorage(new Snapshot(10, 1, members, new byte[] {10}));
        disk.setHardState(new HardState(3, 0, 12));
        disk.append(TestNode.entries(11, 1, 2, 2, 3, 3));
        RawNode raw = RawNode.restart(settings.config(), disk, new Applied(10, members));
        return new FuzzedNode(raw, disk, settings.async);
    }

    private FuzzedNode receiveSnapshot() {
        Snapshot snapshot = new Snapshot(30, 3, ConfState.of(List.of(1L, 2L, 3L)), new byte[] {30});
        raw.step(new Message(MessageType.INSTALL_SNAPSHOT, 2, ID, 3, new Body.InstallSnapshot(snapshot)));
        return this;
    }

    private FuzzedNode campaign() {
        finishAll();
        raw.campaign();
        return this;
    }

    /** Wins, and has peers in all states: 2 has everything, 3 needs a snapshot, the others have not answered. */
    private FuzzedNode lead() {
        win();
        answer(2, Body.AppendResponse.accepted(disk.lastIndex()));
        compact(13);
        answer(3, new Body.AppendResponse(15, true, 3, 1));
        answer(3, new Body.AppendResponse(3, true, 0, 0));
        answer(4, new Body.AppendResponse(15, true, 13, 2));
        raw.propose(new byte[] {1});
        raw.readIndex(new byte[] {2});
        return this;
    }

    private FuzzedNode win() {
        campaign();
        finishAll();
        for (MessageType kind : List.of(MessageType.PRE_VOTE_RESPONSE, MessageType.VOTE_RESPONSE)) {
            for (long voter = 2; voter <= 5; voter++) {
                long term = raw.status().hardState().term();
                boolean pre = raw.status().softState().role() == RaftRole.PRE_CANDIDATE;
                raw.step(new Message(kind, voter, ID, pre ? term + 1 : term, new Body.VoteResponse(false)));
            }
            finishAll();
        }
        assertThat(raw.status().softState().role()).isEqualTo(RaftRole.LEADER);
        return this;
    }

    private FuzzedNode removeItself() {
        answer(2, Body.AppendResponse.accepted(disk.lastIndex()));
        finishAll();
        raw.proposeConfChange(ConfChange.of(new Change(ChangeType.REMOVE, ID)));
        finishAll();
        answer(2, Body.AppendResponse.accepted(disk.lastIndex()));
        finishAll();
        assertThat(raw.status().confState().voters()).containsExactly(2L);
        return this;
    }

    private void answer(long peer, Body.AppendResponse body) {
        raw.step(new Message(
                MessageType.APPEND_RESPONSE, peer, ID, raw.status().hardState().term(), body));
    }

    private void finishAll() {
        while (raw.hasReady() || !toPersist.isEmpty() || !toApply.isEmpty()) {
            takeReady();
            persist();
            apply();
        }
        checkFacts();
    }

    // The host

    RaftLog log() {
        return raw.raft().log();
    }

    void takeReady() {
        if (!raw.hasReady()) {
            return;
        }
        Ready ready = raw.ready();
        toPersist.add(ready);
        if (!ready.snapshot().isNone()) {
            handedOut = ready.snapshot().index();
        }
        for (Entry entry : ready.committedEntries()) {
            handedOut++;
            assertThat(entry.index()).as("each committed entry once, in order").isEqualTo(handedOut);
        }
        if (!ready.committedEntries().isEmpty() && async) {
            toApply.add(ready);
        }
    }

    /** Writes the oldest Ready that is not written yet; without asynchronous writes also applies it. */
    void persist() {
        if (toPersist.isEmpty()) {
            return;
        }
        Ready ready = toPersist.remove();
        disk.append(ready.snapshot(), ready.hardState(), ready.entries());
        if (async) {
            raw.persisted(ready);
        } else {
            applyEntries(ready);
            raw.advance(ready);
        }
    }

    void apply() {
        if (!toApply.isEmpty()) {
            Ready ready = toApply.remove();
            applyEntries(ready);
            raw.applied(ready);
        }
    }

    private void applyEntries(Ready ready) {
        for (Entry entry : ready.committedEntries()) {
            if (entry.type().isConfChange()) {
                if (entry.index() % 5 == 0) {
                    raw.rejectConfChange(entry);
                } else {
                    raw.applyConfChange(entry);
                }
            }
        }
    }

    /** Makes a snapshot of what is applied, and drops the log up to some index. */
    void compact(long wanted) {
        Status status = raw.status();
        long applied = Math.min(status.applied(), disk.lastIndex());
        long index = Math.min(wanted, applied);
        if (index < disk.firstIndex() || applied < disk.snapshot().index()) {
            return;
        }
        disk.saveSnapshot(new Snapshot(applied, disk.term(applied), status.confState(), new byte[] {7}));
        disk.compact(index);
    }

    void proposeConfChange(Random random) {
        List<Change> changes = new ArrayList<>();
        for (int i = random.nextInt(3); i >= 0; i--) {
            ChangeType type = CHANGES[random.nextInt(CHANGES.length)];
            changes.add(new Change(type, 1 + random.nextInt(7)));
        }
        Transition transition = TRANSITIONS[random.nextInt(TRANSITIONS.length)];
        raw.proposeConfChange(
                random.nextInt(4) == 0
                        ? ConfChange.leave()
                        : ConfChange.of(transition, changes, new byte[random.nextInt(3)]));
    }

    // What must hold

    /**
     * Steps a message, and checks that a refusal is one.
     *
     * @return what the node has made of it
     */
    StepResult step(Message message) {
        told.add(message);
        String before = NodeText.of(raw);
        Status statusBefore = raw.status();
        StepResult result = raw.step(message);
        FuzzTries.count(result);
        checkFacts();
        switch (result) {
            case HANDLED -> {}
            case NOT_FOR_US, IMPOSSIBLE_SENDER, UNKNOWN_PEER, MALFORMED, LEADER_ALIVE ->
                assertUnchanged(before, message, result);
            case OLD_TERM -> {
                if (!isAnsweredInOldTerm(message.type())) {
                    assertUnchanged(before, message, result);
                }
                assertThat(raw.status())
                        .usingRecursiveComparison()
                        .ignoringFields("dropped")
                        .isEqualTo(statusBefore);
            }
            default -> {
                if (message.term() <= statusBefore.hardState().term() || isGrantedPreVote(message)) {
                    assertUnchanged(before, message, result);
                } else {
                    assertNothingButTermAdopted(statusBefore, message);
                }
            }
        }
        return result;
    }

    /** The messages that were stepped, one a line. */
    String told() {
        return told.stream().map(Message::toString).collect(Collectors.joining("\n"));
    }

    private static boolean isAnsweredInOldTerm(MessageType type) {
        return switch (type) {
            case APPEND, HEARTBEAT, PRE_VOTE, VOTE -> true;
            default -> false;
        };
    }

    /** The one kind of answer that bears a term which is nobody's yet. */
    private static boolean isGrantedPreVote(Message message) {
        return message.type() == MessageType.PRE_VOTE_RESPONSE && !((Body.VoteResponse) message.body()).rejected();
    }

    private void assertUnchanged(String before, Message message, StepResult result) {
        assertThat(NodeText.of(raw)).as("%s is refused, %s", message, result).isEqualTo(before);
    }

    private void assertNothingButTermAdopted(Status before, Message message) {
        Status after = raw.status();
        assertThat(after.hardState())
                .as("%s brings its term", message)
                .isEqualTo(new HardState(message.term(), 0, before.hardState().commit()));
        assertThat(after.softState().role()).isEqualTo(RaftRole.FOLLOWER);
        assertThat(after)
                .usingRecursiveComparison()
                .ignoringFields("dropped", "hardState", "softState", "peers", "transferTarget", "pendingReads")
                .isEqualTo(before);
    }

    /** Marks are numbers and in order, terms and commits never fall, votes stay given, what is committed stays what it is. */
    void checkFacts() {
        raw.raft().checkInvariants();
        Status status = raw.status();
        HardState now = status.hardState();
        assertThat(now.term()).as("term").isGreaterThanOrEqualTo(seen.term());
        assertThat(now.commit()).as("commit index").isGreaterThanOrEqualTo(seen.commit());
        if (now.term() == seen.term() && seen.vote() != 0) {
            assertThat(now.vote()).as("vote in term %d", now.term()).isEqualTo(seen.vote());
        }
        long termNow = log().term(seen.commit());
        assertThat(termNow == committedTerm || termNow == RaftLog.UNKNOWN_TERM)
                .as("index %d was committed in term %d and is now of term %d", seen.commit(), committedTerm, termNow)
                .isTrue();
        assertThat(status.firstIndex()).isBetween(1L, status.lastIndex() + 1);
        assertThat(status.applied()).isBetween(0L, now.commit());
        for (Status.Peer peer : status.peers()) {
            assertThat(peer.match()).as("%s", peer).isBetween(0L, status.lastIndex());
            assertThat(peer.next()).as("%s", peer).isBetween(1L, status.lastIndex() + 1);
        }
        seen = now;
        committedTerm = log().term(now.commit());
    }
}
