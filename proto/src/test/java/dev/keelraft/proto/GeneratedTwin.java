package dev.keelraft.proto;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;
import dev.keelraft.model.Body;
import dev.keelraft.model.ConfChange;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.EntryType;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import dev.keelraft.model.Snapshot;
import dev.keelraft.proto.MalformedMessageException.Reason;
import dev.keelraft.proto.wire.ConfChangeSingle;
import dev.keelraft.proto.wire.ConfChangeTransition;
import dev.keelraft.proto.wire.ConfChangeType;
import dev.keelraft.proto.wire.ConfChangeV2;
import dev.keelraft.proto.wire.SnapshotMetadata;
import java.util.ArrayList;
import java.util.List;

/**
 * The slow and obvious twin of the codecs: the same mapping, by way of the generated classes. Of these it sets only fields that
 * are not 0, false or empty.
 */
final class GeneratedTwin {
    static final String TRANSFER = "CampaignTransfer";

    /** That a generated message is none of ours, and why. */
    static final class Refused extends RuntimeException {
        private static final long serialVersionUID = 1L;

        final transient Reason reason;

        Refused(Reason reason) {
            super(reason.name());
            this.reason = reason;
        }
    }

    private GeneratedTwin() {}

    static dev.keelraft.proto.wire.Message of(Message message) {
        dev.keelraft.proto.wire.Message.Builder to = dev.keelraft.proto.wire.Message.newBuilder();
        to.setType(type(message.type()));
        ifNotZero(message.to(), to::setTo);
        ifNotZero(message.from(), to::setFrom);
        ifNotZero(message.term(), to::setTerm);
        ifNotZero(message.incarnation(), to::setIncarnation);
        Body body = message.body();
        if (body instanceof Body.Append append) {
            ifNotZero(append.prevIndex(), to::setIndex);
            ifNotZero(append.prevTerm(), to::setLogTerm);
            ifNotZero(append.commit(), to::setCommit);
            append.entries().forEach(entry -> to.addEntries(of(entry)));
        } else if (body instanceof Body.AppendResponse response) {
            ifNotZero(response.index(), to::setIndex);
            ifTrue(response.rejected(), to::setReject);
            ifNotZero(response.rejectHint(), to::setRejectHint);
            ifNotZero(response.hintTerm(), to::setLogTerm);
        } else if (body instanceof Body.Vote vote) {
            ifNotZero(vote.lastIndex(), to::setIndex);
            ifNotZero(vote.lastTerm(), to::setLogTerm);
            if (vote.transfer()) {
                to.setContext(ByteString.copyFromUtf8(TRANSFER));
            }
            ifNotZero(vote.commit(), to::setKnownCommit);
            ifNotZero(vote.commitTerm(), to::setKnownCommitTerm);
            ifNotZero(vote.priority(), to::setPriority);
        } else if (body instanceof Body.VoteResponse response) {
            ifTrue(response.rejected(), to::setReject);
            ifNotZero(response.commit(), to::setKnownCommit);
            ifNotZero(response.commitTerm(), to::setKnownCommitTerm);
        } else if (body instanceof Body.Heartbeat heartbeat) {
            ifNotZero(heartbeat.commit(), to::setCommit);
            ifNotZero(heartbeat.commitTerm(), to::setKnownCommitTerm);
            ifNotEmpty(heartbeat.context(), to::setContext);
        } else if (body instanceof Body.HeartbeatResponse response) {
            ifNotEmpty(response.context(), to::setContext);
        } else if (body instanceof Body.InstallSnapshot install) {
            to.setSnapshot(of(install.snapshot()));
        } else if (body instanceof Body.ReadIndex read) {
            to.addEntries(of(Entry.normal(0, 0, read.context())));
        } else if (body instanceof Body.ReadIndexResponse response) {
            ifNotZero(response.index(), to::setIndex);
            to.addEntries(of(Entry.normal(0, 0, response.context())));
        } else if (body instanceof Body.Propose propose) {
            propose.entries().forEach(entry -> to.addEntries(of(entry)));
        }
        return to.build();
    }

    static dev.keelraft.proto.wire.MessageType type(MessageType type) {
        return switch (type) {
            case APPEND -> dev.keelraft.proto.wire.MessageType.MSG_APPEND;
            case APPEND_RESPONSE -> dev.keelraft.proto.wire.MessageType.MSG_APPEND_RESPONSE;
            case VOTE -> dev.keelraft.proto.wire.MessageType.MSG_VOTE;
            case VOTE_RESPONSE -> dev.keelraft.proto.wire.MessageType.MSG_VOTE_RESPONSE;
            case PRE_VOTE -> dev.keelraft.proto.wire.MessageType.MSG_PRE_VOTE;
            case PRE_VOTE_RESPONSE -> dev.keelraft.proto.wire.MessageType.MSG_PRE_VOTE_RESPONSE;
            case HEARTBEAT -> dev.keelraft.proto.wire.MessageType.MSG_HEARTBEAT;
            case HEARTBEAT_RESPONSE -> dev.keelraft.proto.wire.MessageType.MSG_HEARTBEAT_RESPONSE;
            case INSTALL_SNAPSHOT -> dev.keelraft.proto.wire.MessageType.MSG_SNAPSHOT;
            case READ_INDEX -> dev.keelraft.proto.wire.MessageType.MSG_READ_INDEX;
            case READ_INDEX_RESPONSE -> dev.keelraft.proto.wire.MessageType.MSG_READ_INDEX_RESPONSE;
            case PROPOSE -> dev.keelraft.proto.wire.MessageType.MSG_PROPOSE;
            case TIMEOUT_NOW -> dev.keelraft.proto.wire.MessageType.MSG_TIMEOUT_NOW;
            case TRANSFER_LEADER -> dev.keelraft.proto.wire.MessageType.MSG_TRANSFER_LEADER;
        };
    }

    static dev.keelraft.proto.wire.Entry of(Entry entry) {
        dev.keelraft.proto.wire.Entry.Builder to = dev.keelraft.proto.wire.Entry.newBuilder();
        if (entry.type() == EntryType.CONF_CHANGE) {
            to.setType(dev.keelraft.proto.wire.EntryType.ENTRY_CONF_CHANGE);
        } else if (entry.type() == EntryType.CONF_CHANGE_V2) {
            to.setType(dev.keelraft.proto.wire.EntryType.ENTRY_CONF_CHANGE_V2);
        }
        ifNotZero(entry.term(), to::setTerm);
        ifNotZero(entry.index(), to::setIndex);
        ifNotEmpty(entry.data(), to::setData);
        return to.build();
    }

    static dev.keelraft.proto.wire.HardState of(HardState state) {
        dev.keelraft.proto.wire.HardState.Builder to = dev.keelraft.proto.wire.HardState.newBuilder();
        ifNotZero(state.term(), to::setTerm);
        ifNotZero(state.vote(), to::setVote);
        ifNotZero(state.commit(), to::setCommit);
        return to.build();
    }

    static dev.keelraft.proto.wire.ConfState of(ConfState state) {
        dev.keelraft.proto.wire.ConfState.Builder to = dev.keelraft.proto.wire.ConfState.newBuilder()
                .addAllVoters(state.voters())
                .addAllLearners(state.learners())
                .addAllVotersOutgoing(state.votersOutgoing())
                .addAllLearnersNext(state.learnersNext());
        ifTrue(state.autoLeave(), to::setAutoLeave);
        for (ConfState.Incarnation named : state.incarnations()) {
            to.addIncarnations(dev.keelraft.proto.wire.MemberIncarnation.newBuilder()
                    .setNodeId(named.id())
                    .setIncarnation(named.incarnation()));
        }
        return to.build();
    }

    static dev.keelraft.proto.wire.Snapshot of(Snapshot snapshot) {
        SnapshotMetadata.Builder metadata = SnapshotMetadata.newBuilder().setConfState(of(snapshot.confState()));
        ifNotZero(snapshot.index(), metadata::setIndex);
        ifNotZero(snapshot.term(), metadata::setTerm);
        dev.keelraft.proto.wire.Snapshot.Builder to =
                dev.keelraft.proto.wire.Snapshot.newBuilder().setMetadata(metadata);
        ifNotEmpty(snapshot.data(), to::setData);
        return to.build();
    }

    /** A {@code ConfChange} or a {@code ConfChangeV2}. */
    static com.google.protobuf.Message of(ConfChange change) {
        if (change.form() == ConfChange.Form.V1) {
            dev.keelraft.proto.wire.ConfChange.Builder to = dev.keelraft.proto.wire.ConfChange.newBuilder();
            ConfChange.Change single = change.changes().get(0);
            ifNotZero(change.id(), to::setId);
            if (single.type().number() != 0) {
                to.setType(ConfChangeType.forNumber(single.type().number()));
            }
            ifNotZero(single.nodeId(), to::setNodeId);
            ifNotZero(single.incarnation(), to::setIncarnation);
            ifNotEmpty(change.context(), to::setContext);
            return to.build();
        }
        ConfChangeV2.Builder to = ConfChangeV2.newBuilder();
        if (change.transition().number() != 0) {
            to.setTransition(ConfChangeTransition.forNumber(change.transition().number()));
        }
        for (ConfChange.Change single : change.changes()) {
            ConfChangeSingle.Builder nested = to.addChangesBuilder();
            if (single.type().number() != 0) {
                nested.setType(ConfChangeType.forNumber(single.type().number()));
            }
            ifNotZero(single.nodeId(), nested::setNodeId);
            ifNotZero(single.incarnation(), nested::setIncarnation);
        }
        ifNotEmpty(change.context(), to::setContext);
        return to.build();
    }

    /**
     * What a generated message means.
     *
     * @throws Refused if it means nothing
     */
    static Message toKernel(dev.keelraft.proto.wire.Message from) {
        if (hasUnknownNumber(from.getUnknownFields())) {
            throw new Refused(Reason.UNKNOWN_KIND);
        }
        List<Entry> entries = new ArrayList<>();
        from.getEntriesList().forEach(entry -> entries.add(toKernel(entry)));
        if ((from.getTerm() | from.getLogTerm() | from.getIndex() | from.getCommit() | from.getRejectHint()) < 0
                || (from.getKnownCommit() | from.getKnownCommitTerm() | from.getPriority()) < 0) {
            throw new Refused(Reason.NEGATIVE_NUMBER);
        }
        Snapshot snapshot = from.hasSnapshot() ? toKernel(from.getSnapshot()) : Snapshot.NONE;
        byte[] context = from.getContext().toByteArray();
        return switch (from.getType()) {
            case MSG_APPEND -> {
                if (!continues(entries, from)) {
                    throw new Refused(Reason.WRONG_SHAPE);
                }
                yield message(
                        MessageType.APPEND,
                        from,
                        new Body.Append(from.getIndex(), from.getLogTerm(), from.getCommit(), entries));
            }
            case MSG_APPEND_RESPONSE ->
                message(
                        MessageType.APPEND_RESPONSE,
                        from,
                        new Body.AppendResponse(
                                from.getIndex(), from.getReject(), from.getRejectHint(), from.getLogTerm()));
            case MSG_VOTE -> message(MessageType.VOTE, from, vote(from));
            case MSG_PRE_VOTE -> message(MessageType.PRE_VOTE, from, vote(from));
            case MSG_VOTE_RESPONSE -> message(MessageType.VOTE_RESPONSE, from, voteResponse(from));
            case MSG_PRE_VOTE_RESPONSE -> message(MessageType.PRE_VOTE_RESPONSE, from, voteResponse(from));
            case MSG_HEARTBEAT ->
                message(
                        MessageType.HEARTBEAT,
                        from,
                        new Body.Heartbeat(from.getCommit(), from.getKnownCommitTerm(), context));
            case MSG_HEARTBEAT_RESPONSE ->
                message(MessageType.HEARTBEAT_RESPONSE, from, new Body.HeartbeatResponse(context));
            case MSG_SNAPSHOT -> {
                if (snapshot.index() == 0) {
                    throw new Refused(Reason.WRONG_SHAPE);
                }
                yield message(MessageType.INSTALL_SNAPSHOT, from, new Body.InstallSnapshot(snapshot));
            }
            case MSG_READ_INDEX -> message(MessageType.READ_INDEX, from, new Body.ReadIndex(only(entries)));
            case MSG_READ_INDEX_RESPONSE ->
                message(
                        MessageType.READ_INDEX_RESPONSE,
                        from,
                        new Body.ReadIndexResponse(from.getIndex(), only(entries)));
            case MSG_PROPOSE -> {
                if (entries.isEmpty()) {
                    throw new Refused(Reason.WRONG_SHAPE);
                }
                entries.replaceAll(entry -> new Entry(0, 0, entry.type(), entry.data()));
                yield message(MessageType.PROPOSE, from, new Body.Propose(entries));
            }
            case MSG_TIMEOUT_NOW -> message(MessageType.TIMEOUT_NOW, from, new Body.TimeoutNow());
            case MSG_TRANSFER_LEADER -> message(MessageType.TRANSFER_LEADER, from, new Body.TransferLeader());
            case MSG_HUP,
                    MSG_BEAT,
                    MSG_UNREACHABLE,
                    MSG_SNAPSHOT_STATUS,
                    MSG_CHECK_QUORUM,
                    MSG_STORAGE_APPEND,
                    MSG_STORAGE_APPEND_RESPONSE,
                    MSG_STORAGE_APPLY,
                    MSG_STORAGE_APPLY_RESPONSE,
                    MSG_FORGET_LEADER -> throw new Refused(Reason.LOCAL_KIND);
        };
    }

    /** Where the type, field 1 of messages and entries, has a number that the schema lacks: there the class keeps it. */
    private static boolean hasUnknownNumber(UnknownFieldSet unknown) {
        return !unknown.getField(1).getVarintList().isEmpty();
    }

    private static Message message(MessageType type, dev.keelraft.proto.wire.Message from, Body body) {
        boolean speaksForItself = !List.of(MessageType.PROPOSE, MessageType.READ_INDEX, MessageType.TRANSFER_LEADER)
                .contains(type);
        return new Message(
                type, from.getFrom(), from.getTo(), from.getTerm(), body, speaksForItself ? from.getIncarnation() : 0);
    }

    private static Body.Vote vote(dev.keelraft.proto.wire.Message from) {
        return new Body.Vote(
                from.getIndex(),
                from.getLogTerm(),
                from.getContext().equals(ByteString.copyFromUtf8(TRANSFER)),
                from.getKnownCommit(),
                from.getKnownCommitTerm(),
                from.getPriority());
    }

    private static Body.VoteResponse voteResponse(dev.keelraft.proto.wire.Message from) {
        return from.getReject()
                ? new Body.VoteResponse(true, from.getKnownCommit(), from.getKnownCommitTerm())
                : new Body.VoteResponse(false);
    }

    private static byte[] only(List<Entry> entries) {
        if (entries.size() != 1) {
            throw new Refused(Reason.WRONG_SHAPE);
        }
        return entries.get(0).data();
    }

    private static boolean continues(List<Entry> entries, dev.keelraft.proto.wire.Message from) {
        long index = from.getIndex();
        long term = from.getLogTerm();
        for (Entry entry : entries) {
            if (entry.index() != ++index || entry.term() < term || entry.term() == 0 || entry.term() > from.getTerm()) {
                return false;
            }
            term = entry.term();
        }
        return true;
    }

    static Entry toKernel(dev.keelraft.proto.wire.Entry from) {
        if (hasUnknownNumber(from.getUnknownFields())) {
            throw new Refused(Reason.UNKNOWN_ENTRY_TYPE);
        }
        if ((from.getTerm() | from.getIndex()) < 0) {
            throw new Refused(Reason.NEGATIVE_NUMBER);
        }
        EntryType type = switch (from.getType()) {
            case ENTRY_NORMAL -> EntryType.NORMAL;
            case ENTRY_CONF_CHANGE -> EntryType.CONF_CHANGE;
            case ENTRY_CONF_CHANGE_V2 -> EntryType.CONF_CHANGE_V2;
        };
        return new Entry(from.getTerm(), from.getIndex(), type, from.getData().toByteArray());
    }

    static Snapshot toKernel(dev.keelraft.proto.wire.Snapshot from) {
        SnapshotMetadata metadata = from.getMetadata();
        if ((metadata.getIndex() | metadata.getTerm()) < 0) {
            throw new Refused(Reason.NEGATIVE_NUMBER);
        }
        return new Snapshot(
                metadata.getIndex(),
                metadata.getTerm(),
                toKernel(metadata.getConfState()),
                from.getData().toByteArray());
    }

    static ConfState toKernel(dev.keelraft.proto.wire.ConfState from) {
        try {
            return new ConfState(
                    from.getVotersList(),
                    from.getVotersOutgoingList(),
                    from.getLearnersList(),
                    from.getLearnersNextList(),
                    from.getAutoLeave(),
                    from.getIncarnationsList().stream()
                            .map(named -> new ConfState.Incarnation(named.getNodeId(), named.getIncarnation()))
                            .toList());
        } catch (IllegalArgumentException notMembers) {
            throw new Refused(Reason.WRONG_SHAPE);
        }
    }

    private interface LongSetter {
        Object set(long value);
    }

    private interface FlagSetter {
        Object set(boolean value);
    }

    private interface BytesSetter {
        Object set(ByteString value);
    }

    private static void ifNotZero(long value, LongSetter setter) {
        if (value != 0) {
            setter.set(value);
        }
    }

    private static void ifTrue(boolean value, FlagSetter setter) {
        if (value) {
            setter.set(true);
        }
    }

    private static void ifNotEmpty(byte[] value, BytesSetter setter) {
        if (value.length > 0) {
            setter.set(ByteString.copyFrom(value));
        }
    }
}
