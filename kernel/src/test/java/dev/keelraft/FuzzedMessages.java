package dev.keelraft;

import dev.keelraft.model.Body;
import dev.keelraft.model.ConfChange;
import dev.keelraft.model.ConfChange.Change;
import dev.keelraft.model.ConfChange.ChangeType;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.EntryType;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import dev.keelraft.model.Snapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;

/**
 * Well-typed messages that nobody vouches for. Their numbers are near those of the node that is to get them, for what is far away
 * is refused early; and now and then they are as large as numbers can be.
 */
final class FuzzedMessages {
    private static final MessageType[] TYPES = MessageType.values();
    private static final EntryType[] ENTRY_TYPES = EntryType.values();
    private static final ChangeType[] CHANGES = ChangeType.values();

    private final Random random;
    private final Status status;
    private final RaftLog log;
    private final long term;

    private FuzzedMessages(RawNode node, Random random) {
        this.random = random;
        this.status = node.status();
        this.log = node.raft().log();
        this.term = term();
    }

    /** A message for a node, which proves nothing that would have to end it: see {@link #proof}. */
    static Message next(RawNode node, Random random) {
        return new FuzzedMessages(node, random).message();
    }

    /** A heartbeat that may know more to be committed than the node has, or other entries. */
    static Message proof(RawNode node, Random random) {
        FuzzedMessages maker = new FuzzedMessages(node, random);
        long commit = maker.index();
        Body body = new Body.Heartbeat(commit, maker.termAt(commit), maker.context());
        return new Message(
                MessageType.HEARTBEAT, maker.sender(MessageType.HEARTBEAT), maker.receiver(), maker.term, body);
    }

    private boolean oneIn(int chances) {
        return random.nextInt(chances) == 0;
    }

    private Message message() {
        MessageType type = TYPES[random.nextInt(TYPES.length)];
        boolean bearsNone = type == MessageType.PROPOSE || type == MessageType.READ_INDEX;
        return new Message(type, sender(type), receiver(), bearsNone && !oneIn(6) ? 0 : term, body(type));
    }

    /** Voters 2 to 5, learner 6, stranger 7, at times: itself, nobody, ids that nobody may have, or has the top bit. */
    private long sender(MessageType type) {
        if (oneIn(12)) {
            return pick(FuzzedNode.ID, 0, -1, -2, Long.MIN_VALUE, Long.MAX_VALUE);
        }
        List<Long> voters = status.confState().voters();
        // What strangers answer goes no further than the door.
        return type.isResponse() && !voters.isEmpty() && !oneIn(3)
                ? voters.get(random.nextInt(voters.size()))
                : 2 + random.nextInt(6);
    }

    private long receiver() {
        return oneIn(30) ? pick(0, 2, -1, Long.MAX_VALUE) : FuzzedNode.ID;
    }

    private long term() {
        long own = status.hardState().term();
        return switch (random.nextInt(24)) {
            case 0, 1 -> plus(own, 1);
            case 2 -> plus(own, 1 + random.nextInt(3));
            case 3 -> Math.max(0, own - 1);
            case 4 -> 0;
            case 5 -> oneIn(8) ? pick(Long.MAX_VALUE, Long.MAX_VALUE - 1, random.nextLong() >>> 1) : own;
            default -> own;
        };
    }

    /** An index near one of the node's marks, or far from all of them. */
    private long index() {
        long mark = pick(
                status.firstIndex(),
                status.applied(),
                status.hardState().commit(),
                status.lastIndex(),
                log.durableIndex());
        return switch (random.nextInt(20)) {
            case 0 -> 0;
            case 1 -> pick(Long.MAX_VALUE, Long.MAX_VALUE - 1, random.nextLong() >>> 1);
            case 2, 3 -> (long) (random.nextDouble() * plus(status.lastIndex(), 3));
            default -> Math.max(0, plus(mark, random.nextInt(4) - 1));
        };
    }

    /** Mostly the term that the node has there. */
    private long termAt(long index) {
        long own = index < 0 ? RaftLog.UNKNOWN_TERM : log.term(index);
        return own == RaftLog.UNKNOWN_TERM || oneIn(6) ? anyTerm() : own;
    }

    private long anyTerm() {
        return oneIn(10) ? pick(0, Long.MAX_VALUE) : Math.max(0, plus(term, random.nextInt(4) - 3));
    }

    private Body body(MessageType type) {
        return switch (type) {
            case APPEND -> append();
            case APPEND_RESPONSE -> {
                long index = index();
                long hint = index();
                yield new Body.AppendResponse(index, oneIn(2), hint, termAt(hint));
            }
            case VOTE, PRE_VOTE -> new Body.Vote(index(), anyTerm(), oneIn(3));
            case VOTE_RESPONSE, PRE_VOTE_RESPONSE -> new Body.VoteResponse(oneIn(3));
            case HEARTBEAT -> {
                long commit = Math.min(index(), status.lastIndex());
                yield new Body.Heartbeat(commit, oneIn(3) ? 0 : Math.max(0, log.term(commit)), context());
            }
            case HEARTBEAT_RESPONSE -> new Body.HeartbeatResponse(context());
            case INSTALL_SNAPSHOT -> new Body.InstallSnapshot(snapshot());
            case READ_INDEX -> new Body.ReadIndex(context());
            case READ_INDEX_RESPONSE -> new Body.ReadIndexResponse(index(), context());
            case PROPOSE -> new Body.Propose(proposals());
            case TIMEOUT_NOW -> new Body.TimeoutNow();
            case TRANSFER_LEADER -> new Body.TransferLeader();
        };
    }

    private Body append() {
        long prevIndex = index();
        long prevTerm = termAt(prevIndex);
        List<Entry> entries = new ArrayList<>();
        long entryTerm = Math.max(1, prevTerm);
        for (int i = random.nextInt(5); i > 0; i--) {
            entryTerm = oneIn(3) ? Math.max(entryTerm, Math.min(term, anyTerm())) : entryTerm;
            long index = plus(prevIndex, 1 + entries.size());
            entries.add(entry(oneIn(40) ? anyTerm() : entryTerm, oneIn(40) ? index() : index));
        }
        return new Body.Append(prevIndex, prevTerm, index(), entries);
    }

    private List<Entry> proposals() {
        List<Entry> entries = new ArrayList<>();
        for (int i = random.nextInt(4); i > 0; i--) {
            entries.add(oneIn(10) ? entry(anyTerm(), index()) : entry(0, 0));
        }
        return entries;
    }

    private Entry entry(long entryTerm, long index) {
        EntryType type = oneIn(3) ? ENTRY_TYPES[random.nextInt(ENTRY_TYPES.length)] : EntryType.NORMAL;
        boolean decodable = type.isConfChange() && !oneIn(8);
        return new Entry(entryTerm, index, type, decodable ? change(type).encode() : bytes(12));
    }

    private ConfChange change(EntryType type) {
        ChangeType kind = CHANGES[random.nextInt(CHANGES.length)];
        Change change = new Change(kind, oneIn(10) ? -1 : random.nextInt(8));
        if (type == EntryType.CONF_CHANGE) {
            return ConfChange.v1(0, kind, change.nodeId(), bytes(2));
        }
        return oneIn(4) ? ConfChange.leave() : ConfChange.of(change, new Change(ChangeType.REMOVE, random.nextInt(8)));
    }

    private Snapshot snapshot() {
        long index = index();
        return new Snapshot(index, oneIn(8) ? termAt(index) : Math.min(term, termAt(index)), members(), bytes(3));
    }

    /** Often members that the node could belong to, often a configuration that cannot be. */
    private ConfState members() {
        return oneIn(6)
                ? new ConfState(ids(), ids(), ids(), ids(), oneIn(2))
                : oneIn(2) ? ConfState.of(List.of(1L, 2L, 3L)) : status.confState();
    }

    private List<Long> ids() {
        Set<Long> ids = new TreeSet<>();
        for (int i = random.nextInt(3); i > 0; i--) {
            ids.add(1L + random.nextInt(6));
        }
        return List.copyOf(ids);
    }

    /** Any 0 to 20 bytes; often such as a leader itself could have written. */
    private byte[] context() {
        if (oneIn(2)) {
            return bytes(20);
        }
        byte[] number = new byte[Long.BYTES];
        number[0] = (byte) random.nextInt(4);
        number[7] = (byte) (oneIn(4) ? 0x80 : 0);
        return number;
    }

    private byte[] bytes(int most) {
        byte[] bytes = new byte[random.nextInt(most + 1)];
        random.nextBytes(bytes);
        return bytes;
    }

    private long pick(long... choices) {
        return choices[random.nextInt(choices.length)];
    }

    private static long plus(long number, long more) {
        return number > Long.MAX_VALUE - more ? Long.MAX_VALUE : number + more;
    }
}
