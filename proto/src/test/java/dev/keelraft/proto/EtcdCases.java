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
import dev.keelraft.model.Snapshot;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The values of {@code cases.go}, by the same names: what etcd's package wrote as these must be read as these. */
final class EtcdCases {
    /** Kinds that only a node's own host and threads use. */
    static final Set<Integer> LOCAL_KINDS = Set.of(0, 1, 10, 11, 12, 19, 20, 21, 22, 23);

    private static final long TOP_BIT = Long.MIN_VALUE;

    private EtcdCases() {}

    /** A kernel value of any type for each name. */
    static Map<String, Object> all() {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put(
                "append",
                message(
                        MessageType.APPEND,
                        7,
                        new Body.Append(
                                41,
                                5,
                                40,
                                List.of(
                                        Entry.normal(6, 42, ascii("alpha")),
                                        new Entry(7, 43, EntryType.CONF_CHANGE, v1().encode()),
                                        new Entry(7, 44, EntryType.CONF_CHANGE_V2, v2().encode()),
                                        Entry.empty(7, 45)))));
        byte[] long300 = new byte[300];
        Arrays.fill(long300, (byte) 0xa5);
        all.put(
                "append-largest",
                new Message(
                        MessageType.APPEND,
                        -3,
                        TOP_BIT | 5,
                        Long.MAX_VALUE,
                        new Body.Append(
                                Long.MAX_VALUE - 1,
                                Long.MAX_VALUE - 1,
                                Long.MAX_VALUE - 2,
                                List.of(Entry.normal(Long.MAX_VALUE, Long.MAX_VALUE, long300)))));
        all.put("append-zeros", message(MessageType.APPEND, 1, new Body.Append(0, 0, 0, List.of(Entry.empty(1, 1)))));
        all.put("append-response", message(MessageType.APPEND_RESPONSE, 7, Body.AppendResponse.accepted(45)));
        all.put(
                "append-response-rejected",
                message(MessageType.APPEND_RESPONSE, 7, new Body.AppendResponse(41, true, 39, 5)));
        all.put("vote", message(MessageType.VOTE, 8, new Body.Vote(45, 7, false)));
        all.put("vote-transfer", message(MessageType.VOTE, 8, new Body.Vote(45, 7, true)));
        all.put("vote-response", message(MessageType.VOTE_RESPONSE, 8, new Body.VoteResponse(false)));
        all.put("vote-response-rejected", message(MessageType.VOTE_RESPONSE, 8, new Body.VoteResponse(true)));
        all.put("pre-vote", message(MessageType.PRE_VOTE, 8, new Body.Vote(45, 7, false)));
        all.put("pre-vote-response", message(MessageType.PRE_VOTE_RESPONSE, 8, new Body.VoteResponse(false)));
        all.put("pre-vote-response-rejected", message(MessageType.PRE_VOTE_RESPONSE, 8, new Body.VoteResponse(true)));
        all.put("heartbeat", message(MessageType.HEARTBEAT, 7, new Body.Heartbeat(40, new byte[0])));
        all.put("heartbeat-context", message(MessageType.HEARTBEAT, 7, new Body.Heartbeat(40, readContext())));
        all.put(
                "heartbeat-response",
                message(MessageType.HEARTBEAT_RESPONSE, 7, new Body.HeartbeatResponse(new byte[0])));
        all.put(
                "heartbeat-response-context",
                message(MessageType.HEARTBEAT_RESPONSE, 7, new Body.HeartbeatResponse(readContext())));
        all.put("snapshot", message(MessageType.INSTALL_SNAPSHOT, 7, new Body.InstallSnapshot(snapshot())));
        all.put("transfer-leader", message(MessageType.TRANSFER_LEADER, 7, new Body.TransferLeader()));
        all.put("timeout-now", message(MessageType.TIMEOUT_NOW, 7, new Body.TimeoutNow()));
        all.put("read-index", message(MessageType.READ_INDEX, 0, new Body.ReadIndex(readContext())));
        all.put(
                "read-index-response",
                message(MessageType.READ_INDEX_RESPONSE, 7, new Body.ReadIndexResponse(40, readContext())));
        all.put(
                "propose",
                message(
                        MessageType.PROPOSE,
                        0,
                        new Body.Propose(List.of(
                                Entry.normal(0, 0, ascii("alpha")),
                                new Entry(0, 0, EntryType.CONF_CHANGE_V2, v2().encode()),
                                Entry.empty(0, 0)))));
        all.put("entry", Entry.normal(6, 42, ascii("alpha")));
        all.put("entry-zeros", Entry.empty(0, 0));
        all.put("hard-state", new HardState(7, TOP_BIT | 5, 40));
        all.put("conf-state", ConfState.of(List.of(1L, 2L, TOP_BIT | 5), List.of(4L)));
        all.put("conf-state-joint", jointConfState());
        all.put("snapshot-value", snapshot());
        all.put("conf-change-v1", v1());
        all.put("conf-change-v1-zeros", ConfChange.v1(0, ChangeType.ADD_VOTER, 4, new byte[0]));
        all.put("conf-change-v2", v2());
        all.put(
                "conf-change-v2-implicit",
                ConfChange.of(Transition.JOINT_IMPLICIT, List.of(new Change(ChangeType.UPDATE, 6)), new byte[0]));
        all.put("conf-change-v2-leave", ConfChange.leave());
        return all;
    }

    private static Message message(MessageType type, long term, Body body) {
        return new Message(type, 3, 2, term, body);
    }

    private static byte[] readContext() {
        return new byte[] {0, 1, 0x7f, (byte) 0x80, (byte) 0xff, 0};
    }

    private static ConfState jointConfState() {
        return new ConfState(List.of(1L, 2L, TOP_BIT | 5), List.of(1L, 3L, 6L), List.of(4L), List.of(6L), true);
    }

    private static Snapshot snapshot() {
        return new Snapshot(39, 5, jointConfState(), ascii("descriptor"));
    }

    private static ConfChange v1() {
        return ConfChange.v1(9, ChangeType.REMOVE, TOP_BIT | 5, ascii("address"));
    }

    private static ConfChange v2() {
        return ConfChange.of(
                Transition.JOINT_EXPLICIT,
                List.of(
                        new Change(ChangeType.ADD_VOTER, 4),
                        new Change(ChangeType.REMOVE, TOP_BIT | 5),
                        new Change(ChangeType.ADD_LEARNER, 6)),
                ascii("address"));
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
