package dev.keelraft.proto;

import dev.keelraft.model.Body;
import dev.keelraft.model.Entry;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import dev.keelraft.model.Snapshot;
import dev.keelraft.proto.MalformedMessageException.Reason;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A message as the wire has it: one flat set of fields for all kinds. It lives for one call of the codec. */
final class MessageFields {
    /*
     * Here, and only here, stands which kind keeps what in which field. What a kind has no use for is left at 0 when written
     * and not looked at when read: older etcd members put a 0 into every field and an empty snapshot into every message.
     *
     * A message that contradicts itself goes no further than this class. The kernel checks what it needs for its own safety
     * anyway (a host may have another wire), but only here is it still known whose bytes they were.
     */

    /** What stands in the context of a request for a vote that a leader has asked for. */
    private static final byte[] TRANSFER = "CampaignTransfer".getBytes(StandardCharsets.US_ASCII);

    /** The number of the kind. Without one it is 0, as protobuf has it, which is a local kind. */
    int type;

    long to;
    long from;
    long term;
    long logTerm;
    long index;
    List<Entry> entries = List.of();
    long commit;

    @Nullable
    Snapshot snapshot;

    boolean reject;
    long rejectHint;
    byte[] context = WireInput.NO_BYTES;

    // Keel's own

    long knownCommit;
    long knownCommitTerm;
    long priority;
    long incarnation;

    /** The number of a kind on the wire. */
    static int number(MessageType type) {
        return switch (type) {
            case PROPOSE -> 2;
            case APPEND -> 3;
            case APPEND_RESPONSE -> 4;
            case VOTE -> 5;
            case VOTE_RESPONSE -> 6;
            case INSTALL_SNAPSHOT -> 7;
            case HEARTBEAT -> 8;
            case HEARTBEAT_RESPONSE -> 9;
            case TRANSFER_LEADER -> 13;
            case TIMEOUT_NOW -> 14;
            case READ_INDEX -> 15;
            case READ_INDEX_RESPONSE -> 16;
            case PRE_VOTE -> 17;
            case PRE_VOTE_RESPONSE -> 18;
        };
    }

    /** The kind that a number stands for. */
    static MessageType type(int number) throws MalformedMessageException {
        return switch (number) {
            case 2 -> MessageType.PROPOSE;
            case 3 -> MessageType.APPEND;
            case 4 -> MessageType.APPEND_RESPONSE;
            case 5 -> MessageType.VOTE;
            case 6 -> MessageType.VOTE_RESPONSE;
            case 7 -> MessageType.INSTALL_SNAPSHOT;
            case 8 -> MessageType.HEARTBEAT;
            case 9 -> MessageType.HEARTBEAT_RESPONSE;
            case 13 -> MessageType.TRANSFER_LEADER;
            case 14 -> MessageType.TIMEOUT_NOW;
            case 15 -> MessageType.READ_INDEX;
            case 16 -> MessageType.READ_INDEX_RESPONSE;
            case 17 -> MessageType.PRE_VOTE;
            case 18 -> MessageType.PRE_VOTE_RESPONSE;
            case 0, 1, 10, 11, 12, 19, 20, 21, 22, 23 ->
                throw new MalformedMessageException(Reason.LOCAL_KIND, "kind " + number);
            default -> throw new MalformedMessageException(Reason.UNKNOWN_KIND, "kind " + number);
        };
    }

    static MessageFields of(Message message) {
        MessageFields fields = new MessageFields();
        fields.type = number(message.type());
        fields.to = message.to();
        fields.from = message.from();
        fields.term = message.term();
        fields.incarnation = message.incarnation();
        return switch (message.type()) {
            case APPEND -> fields.append((Body.Append) message.body());
            case APPEND_RESPONSE -> fields.appendResponse((Body.AppendResponse) message.body());
            case VOTE, PRE_VOTE -> fields.vote((Body.Vote) message.body());
            case VOTE_RESPONSE, PRE_VOTE_RESPONSE -> fields.voteResponse((Body.VoteResponse) message.body());
            case HEARTBEAT -> fields.heartbeat((Body.Heartbeat) message.body());
            case HEARTBEAT_RESPONSE -> fields.heartbeatResponse((Body.HeartbeatResponse) message.body());
            case INSTALL_SNAPSHOT -> fields.installSnapshot((Body.InstallSnapshot) message.body());
            case READ_INDEX -> fields.read(((Body.ReadIndex) message.body()).context());
            case READ_INDEX_RESPONSE -> fields.readIndexResponse((Body.ReadIndexResponse) message.body());
            case PROPOSE -> fields.propose((Body.Propose) message.body());
            case TIMEOUT_NOW, TRANSFER_LEADER -> fields;
        };
    }

    private MessageFields append(Body.Append body) {
        index = body.prevIndex();
        logTerm = body.prevTerm();
        commit = body.commit();
        entries = body.entries();
        return this;
    }

    private MessageFields appendResponse(Body.AppendResponse body) {
        index = body.index();
        reject = body.rejected();
        rejectHint = body.rejectHint();
        logTerm = body.hintTerm();
        return this;
    }

    private MessageFields vote(Body.Vote body) {
        index = body.lastIndex();
        logTerm = body.lastTerm();
        context = body.transfer() ? TRANSFER : WireInput.NO_BYTES;
        knownCommit = body.commit();
        knownCommitTerm = body.commitTerm();
        priority = body.priority();
        return this;
    }

    private MessageFields voteResponse(Body.VoteResponse body) {
        reject = body.rejected();
        knownCommit = body.commit();
        knownCommitTerm = body.commitTerm();
        return this;
    }

    private MessageFields heartbeat(Body.Heartbeat body) {
        commit = body.commit();
        knownCommitTerm = body.commitTerm();
        context = body.context();
        return this;
    }

    private MessageFields heartbeatResponse(Body.HeartbeatResponse body) {
        context = body.context();
        return this;
    }

    private MessageFields installSnapshot(Body.InstallSnapshot body) {
        snapshot = body.snapshot();
        return this;
    }

    private MessageFields readIndexResponse(Body.ReadIndexResponse body) {
        index = body.index();
        return read(body.context());
    }

    /** etcd names a read by the data of an entry, as if it were a proposal. */
    private MessageFields read(byte[] readContext) {
        entries = List.of(Entry.normal(0, 0, readContext));
        return this;
    }

    private MessageFields propose(Body.Propose body) {
        entries = body.entries();
        return this;
    }

    /** The message that these fields, as they were read, are. */
    Message toMessage() throws MalformedMessageException {
        MessageType kind = type(type);
        return new Message(kind, from, to, term, body(kind), kind.namesOrigin() ? 0 : incarnation);
    }

    private Body body(MessageType kind) throws MalformedMessageException {
        return switch (kind) {
            case APPEND -> toAppend();
            case APPEND_RESPONSE -> new Body.AppendResponse(index, reject, rejectHint, logTerm);
            case VOTE, PRE_VOTE ->
                new Body.Vote(index, logTerm, Arrays.equals(context, TRANSFER), knownCommit, knownCommitTerm, priority);
            case VOTE_RESPONSE, PRE_VOTE_RESPONSE ->
                reject ? new Body.VoteResponse(true, knownCommit, knownCommitTerm) : Body.VoteResponse.GRANTED;
            case HEARTBEAT -> new Body.Heartbeat(commit, knownCommitTerm, context);
            case HEARTBEAT_RESPONSE -> new Body.HeartbeatResponse(context);
            case INSTALL_SNAPSHOT -> toInstallSnapshot();
            case READ_INDEX -> new Body.ReadIndex(readContext(kind));
            case READ_INDEX_RESPONSE -> new Body.ReadIndexResponse(index, readContext(kind));
            case PROPOSE -> toPropose();
            case TIMEOUT_NOW -> new Body.TimeoutNow();
            case TRANSFER_LEADER -> new Body.TransferLeader();
        };
    }

    /** The entries continue the log where the message says: indexes without gaps, terms that never fall (paper, 5.3). */
    private Body toAppend() throws MalformedMessageException {
        long previousTerm = Math.max(1, logTerm);
        for (int i = 0; i < entries.size(); i++) {
            Entry entry = entries.get(i);
            if (entry.index() != index + 1 + i) {
                throw wrongShape("entry " + i + " behind index " + index + " has index " + entry.index());
            }
            if (entry.term() < previousTerm || entry.term() > term) {
                throw wrongShape("entry " + entry.index() + " has term " + entry.term() + ", behind term "
                        + previousTerm + ", in a message of term " + term);
            }
            previousTerm = entry.term();
        }
        return new Body.Append(index, logTerm, commit, entries);
    }

    private Body toInstallSnapshot() throws MalformedMessageException {
        if (snapshot == null || snapshot.isNone()) {
            throw wrongShape("a message with a snapshot, without one");
        }
        return new Body.InstallSnapshot(snapshot);
    }

    private byte[] readContext(MessageType kind) throws MalformedMessageException {
        if (entries.size() != 1) {
            throw wrongShape(kind + " has one entry, not " + entries.size());
        }
        return entries.get(0).data();
    }

    private Body toPropose() throws MalformedMessageException {
        if (entries.isEmpty()) {
            throw wrongShape("a proposal of nothing");
        }
        for (int i = 0; i < entries.size(); i++) {
            Entry entry = entries.get(i);
            if (entry.term() != 0 || entry.index() != 0) {
                // The leader gives them, whatever a follower may have put there.
                entries.set(i, new Entry(0, 0, entry.type(), entry.data()));
            }
        }
        return new Body.Propose(entries);
    }

    private static MalformedMessageException wrongShape(String text) {
        return new MalformedMessageException(Reason.WRONG_SHAPE, text);
    }
}
