package dev.keelraft;

import dev.keelraft.model.Body;
import dev.keelraft.model.ConfChange;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.EntryType;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import dev.keelraft.model.ProgressState;
import dev.keelraft.model.RaftRole;
import dev.keelraft.model.Snapshot;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Describes our values in the words of etcd's raft library, with its local storage messages built from our Readys. */
final class ConformanceDescriber {
    private static final byte[] TRANSFER = "CampaignTransfer".getBytes(StandardCharsets.UTF_8);

    /** Whether to add message contexts and snapshot data. */
    boolean detail;

    /* etcd has one flat message; these are its fields. */
    private record Fields(
            long logTerm,
            long index,
            boolean reject,
            long hint,
            long commit,
            List<Entry> entries,
            Snapshot snapshot,
            byte[] context) {}

    private static final byte[] NOTHING = {};

    private static Fields fields(Message message) {
        return switch (message.type()) {
            case APPEND -> {
                Body.Append body = (Body.Append) message.body();
                yield new Fields(
                        body.prevTerm(),
                        body.prevIndex(),
                        false,
                        0,
                        body.commit(),
                        body.entries(),
                        Snapshot.NONE,
                        NOTHING);
            }
            case APPEND_RESPONSE -> {
                Body.AppendResponse body = (Body.AppendResponse) message.body();
                yield new Fields(
                        body.hintTerm(),
                        body.index(),
                        body.rejected(),
                        body.rejectHint(),
                        0,
                        List.of(),
                        Snapshot.NONE,
                        NOTHING);
            }
            case VOTE, PRE_VOTE -> {
                Body.Vote body = (Body.Vote) message.body();
                yield new Fields(
                        body.lastTerm(),
                        body.lastIndex(),
                        false,
                        0,
                        0,
                        List.of(),
                        Snapshot.NONE,
                        body.transfer() ? TRANSFER : NOTHING);
            }
            case VOTE_RESPONSE, PRE_VOTE_RESPONSE ->
                new Fields(
                        0, 0, ((Body.VoteResponse) message.body()).rejected(), 0, 0, List.of(), Snapshot.NONE, NOTHING);
            case HEARTBEAT -> {
                Body.Heartbeat body = (Body.Heartbeat) message.body();
                yield new Fields(0, 0, false, 0, body.commit(), List.of(), Snapshot.NONE, body.context());
            }
            case HEARTBEAT_RESPONSE ->
                new Fields(
                        0,
                        0,
                        false,
                        0,
                        0,
                        List.of(),
                        Snapshot.NONE,
                        ((Body.HeartbeatResponse) message.body()).context());
            case INSTALL_SNAPSHOT ->
                new Fields(0, 0, false, 0, 0, List.of(), ((Body.InstallSnapshot) message.body()).snapshot(), NOTHING);
            case READ_INDEX ->
                new Fields(
                        0,
                        0,
                        false,
                        0,
                        0,
                        asEntry(((Body.ReadIndex) message.body()).context()),
                        Snapshot.NONE,
                        NOTHING);
            case READ_INDEX_RESPONSE -> {
                Body.ReadIndexResponse body = (Body.ReadIndexResponse) message.body();
                yield new Fields(0, body.index(), false, 0, 0, asEntry(body.context()), Snapshot.NONE, NOTHING);
            }
            case PROPOSE ->
                new Fields(0, 0, false, 0, 0, ((Body.Propose) message.body()).entries(), Snapshot.NONE, NOTHING);
            case TIMEOUT_NOW, TRANSFER_LEADER -> new Fields(0, 0, false, 0, 0, List.of(), Snapshot.NONE, NOTHING);
        };
    }

    private static List<Entry> asEntry(byte[] context) {
        return List.of(Entry.normal(0, 0, context));
    }

    static String name(MessageType type) {
        return switch (type) {
            case APPEND -> "MsgApp";
            case APPEND_RESPONSE -> "MsgAppResp";
            case VOTE -> "MsgVote";
            case VOTE_RESPONSE -> "MsgVoteResp";
            case PRE_VOTE -> "MsgPreVote";
            case PRE_VOTE_RESPONSE -> "MsgPreVoteResp";
            case HEARTBEAT -> "MsgHeartbeat";
            case HEARTBEAT_RESPONSE -> "MsgHeartbeatResp";
            case INSTALL_SNAPSHOT -> "MsgSnap";
            case READ_INDEX -> "MsgReadIndex";
            case READ_INDEX_RESPONSE -> "MsgReadIndexResp";
            case PROPOSE -> "MsgProp";
            case TIMEOUT_NOW -> "MsgTimeoutNow";
            case TRANSFER_LEADER -> "MsgTransferLeader";
        };
    }

    String message(Message message) {
        StringBuilder text = new StringBuilder();
        plainMessage(text, "", message);
        Fields fields = fields(message);
        if (detail) {
            details(text, fields.snapshot(), fields.context());
        }
        return text.toString();
    }

    private void details(StringBuilder text, Snapshot snapshot, byte[] context) {
        if (!snapshot.isNone()) {
            text.append(" Data:").append(quoted(snapshot.data()));
        }
        if (context.length > 0) {
            text.append(" Context:").append(quoted(context));
        }
    }

    private void plainMessage(StringBuilder text, String indent, Message message) {
        Fields fields = fields(message);
        text.append(indent)
                .append(envelope(message.from(), message.to(), name(message.type()), message.term()))
                .append(" Log:")
                .append(fields.logTerm())
                .append('/')
                .append(fields.index());
        if (fields.reject()) {
            text.append(" Rejected (Hint: ").append(fields.hint()).append(')');
        }
        if (fields.commit() != 0) {
            text.append(" Commit:").append(fields.commit());
        }
        entryList(text, indent, fields.entries());
        snapshotLine(text, indent, fields.snapshot());
    }

    static String envelope(long from, long to, String name, long term) {
        return Long.toHexString(from) + "->" + Long.toHexString(to) + " " + name + " Term:" + term;
    }

    private void entryList(StringBuilder text, String indent, List<Entry> entries) {
        if (entries.size() == 1) {
            text.append(" Entries:[").append(entry(entries.get(0))).append(']');
        } else if (!entries.isEmpty()) {
            text.append(" Entries:[");
            for (Entry entry : entries) {
                text.append('\n').append(indent).append("  ").append(entry(entry));
            }
            text.append('\n').append(indent).append(']');
        }
    }

    private void snapshotLine(StringBuilder text, String indent, Snapshot snapshot) {
        if (!snapshot.isNone()) {
            text.append('\n').append(indent).append("  Snapshot: ").append(snapshot(snapshot));
        }
    }

    /** etcd's message to its append thread, with the answers that wait for the disk, or, when it is being worked off, without. */
    String storageAppend(long id, Ready ready, boolean withResponses) {
        StringBuilder text = new StringBuilder();
        HardState hardState = ready.hardState();
        text.append(Long.toHexString(id))
                .append("->AppendThread MsgStorageAppend Term:")
                .append(hardState.term())
                .append(" Log:0/0");
        if (hardState.commit() != 0) {
            text.append(" Commit:").append(hardState.commit());
        }
        if (hardState.vote() != 0) {
            text.append(" Vote:").append(hardState.vote());
        }
        entryList(text, "", ready.entries());
        snapshotLine(text, "", ready.snapshot());
        boolean acknowledges = acknowledges(ready);
        if (withResponses && (acknowledges || !ready.afterPersist().isEmpty())) {
            text.append(" Responses:[");
            for (Message message : ready.afterPersist()) {
                text.append('\n');
                plainMessage(text, "  ", message);
            }
            if (acknowledges) {
                text.append('\n');
                plainStorageAppendResponse(text, "  ", id, ready);
            }
            text.append("\n]");
        }
        if (detail) {
            details(text, ready.snapshot(), NOTHING);
        }
        return text.toString();
    }

    static boolean acknowledges(Ready ready) {
        return ready.persistedIndex() != 0 || !ready.snapshot().isNone();
    }

    private void plainStorageAppendResponse(StringBuilder text, String indent, long id, Ready ready) {
        text.append(indent)
                .append("AppendThread->")
                .append(Long.toHexString(id))
                .append(" MsgStorageAppendResp Term:")
                .append(ready.term())
                .append(" Log:")
                .append(ready.persistedTerm())
                .append('/')
                .append(ready.persistedIndex());
        snapshotLine(text, indent, ready.snapshot());
    }

    String storageAppendResponse(long id, Ready ready) {
        StringBuilder text = new StringBuilder();
        plainStorageAppendResponse(text, "", id, ready);
        if (detail) {
            details(text, ready.snapshot(), NOTHING);
        }
        return text.toString();
    }

    String storageApply(long id, Ready ready, boolean withResponses) {
        StringBuilder text = new StringBuilder();
        text.append(Long.toHexString(id)).append("->ApplyThread MsgStorageApply Term:0 Log:0/0");
        entryList(text, "", ready.committedEntries());
        if (withResponses) {
            text.append(" Responses:[\n");
            plainStorageApplyResponse(text, "  ", id, ready);
            text.append("\n]");
        }
        return text.toString();
    }

    String storageApplyResponse(long id, Ready ready) {
        StringBuilder text = new StringBuilder();
        plainStorageApplyResponse(text, "", id, ready);
        return text.toString();
    }

    private void plainStorageApplyResponse(StringBuilder text, String indent, long id, Ready ready) {
        text.append(indent)
                .append("ApplyThread->")
                .append(Long.toHexString(id))
                .append(" MsgStorageApplyResp Term:0 Log:0/0");
        entryList(text, indent, ready.committedEntries());
    }

    /** A Ready, with the messages as etcd has them: with asynchronous writes, those to its storage threads among them. */
    String ready(long id, Ready ready, boolean async) {
        StringBuilder text = new StringBuilder();
        if (ready.softStateChanged()) {
            text.append("Lead:")
                    .append(Long.toUnsignedString(ready.softState().lead()))
                    .append(" State:")
                    .append(role(ready.softState().role()))
                    .append('\n');
        }
        HardState hardState = ready.hardState();
        if (!hardState.isEmpty()) {
            text.append("HardState Term:").append(hardState.term());
            if (hardState.vote() != 0) {
                text.append(" Vote:").append(hardState.vote());
            }
            text.append(" Commit:").append(hardState.commit()).append('\n');
        }
        if (!ready.readStates().isEmpty()) {
            readStates(text, ready.readStates());
        }
        if (!ready.failedReads().isEmpty()) {
            failedReads(text, ready.failedReads());
        }
        entries(text, "Entries:\n", ready.entries());
        if (!ready.snapshot().isNone()) {
            text.append("Snapshot ").append(snapshot(ready.snapshot())).append('\n');
        }
        entries(text, "CommittedEntries:\n", ready.committedEntries());
        messages(text, id, ready, async);
        return text.length() == 0 ? "<empty Ready>" : "Ready MustSync=" + ready.mustSync() + ":\n" + text;
    }

    private void messages(StringBuilder text, long id, Ready ready, boolean async) {
        int before = text.length();
        for (Message message : ready.messages()) {
            text.append(message(message)).append('\n');
        }
        if (!async) {
            for (Message message : ready.messagesAfterPersist()) {
                text.append(message(message)).append('\n');
            }
        } else {
            if (hasStorageWork(ready)) {
                text.append(storageAppend(id, ready, true)).append('\n');
            }
            if (!ready.committedEntries().isEmpty()) {
                text.append(storageApply(id, ready, true)).append('\n');
            }
        }
        if (text.length() > before) {
            text.insert(before, "Messages:\n");
        }
    }

    static boolean hasStorageWork(Ready ready) {
        return !ready.entries().isEmpty()
                || !ready.hardState().isEmpty()
                || !ready.snapshot().isNone()
                || !ready.afterPersist().isEmpty();
    }

    private void entries(StringBuilder text, String title, List<Entry> entries) {
        if (!entries.isEmpty()) {
            text.append(title).append(entries(entries));
        }
    }

    static String entries(List<Entry> entries) {
        StringBuilder text = new StringBuilder();
        for (Entry entry : entries) {
            text.append(entry(entry)).append('\n');
        }
        return text.toString();
    }

    private static void readStates(StringBuilder text, List<ReadState> states) {
        text.append("ReadStates [");
        for (int i = 0; i < states.size(); i++) {
            text.append(i == 0 ? "{" : " {").append(states.get(i).index()).append(" [");
            byte[] context = states.get(i).context();
            for (int j = 0; j < context.length; j++) {
                text.append(j == 0 ? "" : " ").append(context[j] & 0xFF);
            }
            text.append("]}");
        }
        text.append("]\n");
    }

    /** What etcd's library has no words for. */
    private static void failedReads(StringBuilder text, List<FailedRead> reads) {
        text.append("FailedReads [");
        for (int i = 0; i < reads.size(); i++) {
            text.append(i == 0 ? "{" : " {")
                    .append(reads.get(i).reason())
                    .append(' ')
                    .append(quoted(reads.get(i).context()))
                    .append('}');
        }
        text.append("]\n");
    }

    static String entry(Entry entry) {
        String formatted = switch (entry.type()) {
            case NORMAL -> quoted(entry.data());
            case CONF_CHANGE, CONF_CHANGE_V2 ->
                ConfChange.decode(entry).map(ConformanceDescriber::changes).orElse("undecodable");
        };
        return entry.term() + "/" + entry.index() + " " + typeName(entry.type())
                + (formatted.isEmpty() ? "" : " " + formatted);
    }

    private static String typeName(EntryType type) {
        return switch (type) {
            case NORMAL -> "EntryNormal";
            case CONF_CHANGE -> "EntryConfChange";
            case CONF_CHANGE_V2 -> "EntryConfChangeV2";
        };
    }

    static EntryType entryType(String name) {
        for (EntryType type : EntryType.values()) {
            if (typeName(type).equals(name)) {
                return type;
            }
        }
        throw new IllegalArgumentException("unknown type of entry: " + name);
    }

    private static String changes(ConfChange change) {
        StringBuilder text = new StringBuilder();
        for (ConfChange.Change single : change.changes()) {
            text.append(text.length() == 0 ? "" : " ")
                    .append(
                            switch (single.type()) {
                                case ADD_VOTER -> 'v';
                                case ADD_LEARNER -> 'l';
                                case REMOVE -> 'r';
                                case UPDATE -> 'u';
                            })
                    .append(Long.toUnsignedString(single.nodeId()));
        }
        return text.toString();
    }

    private static String snapshot(Snapshot snapshot) {
        ConfState confState = snapshot.confState();
        return "Index:" + snapshot.index() + " Term:" + snapshot.term() + " ConfState:Voters:"
                + spaced(confState.voters())
                + " VotersOutgoing:" + spaced(confState.votersOutgoing()) + " Learners:" + spaced(confState.learners())
                + " LearnersNext:" + spaced(confState.learnersNext()) + " AutoLeave:" + confState.autoLeave();
    }

    private static String spaced(List<Long> ids) {
        return "[" + joined(ids) + "]";
    }

    private static String joined(List<Long> ids) {
        StringBuilder text = new StringBuilder();
        for (long id : ids) {
            text.append(text.length() == 0 ? "" : " ").append(Long.toUnsignedString(id));
        }
        return text.toString();
    }

    static String role(RaftRole role) {
        return switch (role) {
            case FOLLOWER -> "StateFollower";
            case PRE_CANDIDATE -> "StatePreCandidate";
            case CANDIDATE -> "StateCandidate";
            case LEADER -> "StateLeader";
        };
    }

    /** A configuration, as etcd prints it: it never says whether a joint one is left by itself. */
    static String config(ConfState confState) {
        String text = "voters=(" + joined(confState.voters()) + ")";
        if (confState.isJoint()) {
            text += "&&(" + joined(confState.votersOutgoing()) + ")";
        }
        if (!confState.learners().isEmpty()) {
            text += " learners=(" + joined(confState.learners()) + ")";
        }
        if (!confState.learnersNext().isEmpty()) {
            text += " learners_next=(" + joined(confState.learnersNext()) + ")";
        }
        return text;
    }

    static String progress(Status.Peer peer) {
        StringBuilder text = new StringBuilder();
        text.append(Long.toUnsignedString(peer.id()))
                .append(": ")
                .append(progressState(peer.state()))
                .append(" match=")
                .append(peer.match())
                .append(" next=")
                .append(peer.next())
                .append(peer.learner() ? " learner" : "")
                .append(peer.paused() ? " paused" : "");
        if (peer.pendingSnapshot() > 0) {
            text.append(" pendingSnap=").append(peer.pendingSnapshot());
        }
        text.append(peer.recentlyActive() ? "" : " inactive");
        if (peer.inflightMessages() > 0) {
            text.append(" inflight=").append(peer.inflightMessages()).append(peer.inflightFull() ? "[full]" : "");
        }
        return text.append('\n').toString();
    }

    private static String progressState(ProgressState state) {
        return switch (state) {
            case PROBE -> "StateProbe";
            case REPLICATE -> "StateReplicate";
            case SNAPSHOT -> "StateSnapshot";
        };
    }

    /** As Go's {@code %q} does. The scripts have no text beyond ASCII, so all such bytes are those of numbers. */
    static String quoted(byte[] data) {
        StringBuilder text = new StringBuilder("\"");
        for (byte b : data) {
            switch (b) {
                case '"' -> text.append("\\\"");
                case '\\' -> text.append("\\\\");
                case 7 -> text.append("\\a");
                case '\b' -> text.append("\\b");
                case '\f' -> text.append("\\f");
                case '\n' -> text.append("\\n");
                case '\r' -> text.append("\\r");
                case '\t' -> text.append("\\t");
                case 11 -> text.append("\\v");
                default -> {
                    if (b >= ' ' && b < 127) {
                        text.append((char) b);
                    } else {
                        text.append("\\x")
                                .append(Character.forDigit((b >> 4) & 15, 16))
                                .append(Character.forDigit(b & 15, 16));
                    }
                }
            }
        }
        return text.append('"').toString();
    }
}
