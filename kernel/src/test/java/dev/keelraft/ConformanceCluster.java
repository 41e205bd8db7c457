package dev.keelraft;

import dev.keelraft.ConformanceScript.Argument;
import dev.keelraft.ConformanceScript.Step;
import dev.keelraft.model.Body;
import dev.keelraft.model.ConfChange;
import dev.keelraft.model.ConfChange.Change;
import dev.keelraft.model.ConfChange.ChangeType;
import dev.keelraft.model.ConfChange.Transition;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import dev.keelraft.model.RaftRole;
import dev.keelraft.model.Snapshot;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Runs the commands of a script on our kernel, and prints what etcd's library would. It has no clock and no randomness, and
 * holds no rule of Raft: it carries messages and storage work where the script says.
 */
final class ConformanceCluster {
    private static final int MAX_ROUNDS = 300;
    private static final String PROPOSAL_DROPPED = "raft proposal dropped";
    private static final String PEER_NOT_FOUND = "raft: cannot step as peer not found";
    private static final String FORGET_LEADER = "MsgForgetLeader";
    private static final String OK = "";

    /** What is in flight: a message of a node, or an acknowledgement of a storage thread to its node. */
    private sealed interface Parcel {
        long from();

        long to();

        String type();
    }

    private record Letter(Message message) implements Parcel {
        @Override
        public long from() {
            return message.from();
        }

        @Override
        public long to() {
            return message.to();
        }

        @Override
        public String type() {
            return ConformanceDescriber.name(message.type());
        }
    }

    private record AppendDone(long to, Ready ready) implements Parcel {
        @Override
        public long from() {
            return to;
        }

        @Override
        public String type() {
            return "MsgStorageAppendResp";
        }
    }

    private record ApplyDone(long to, Ready ready) implements Parcel {
        @Override
        public long from() {
            return to;
        }

        @Override
        public String type() {
            return "MsgStorageApplyResp";
        }
    }

    /** Whose habits the nodes' host has. */
    enum Host {
        /** The recorder's, to the letter, for comparison with its recordings. */
        RECORDERS,
        /**
         * Those of a host that keeps our contract: it stores a snapshot and entries of one Ready, applies nothing that a snapshot
         * has outdated, compacts nothing that it has not applied, and sends snapshots only for a leader.
         */
        CAREFUL
    }

    /** A node that has stopped for good. */
    record Failure(long id, RaftFailedException cause) {}

    @FunctionalInterface
    private interface Action {
        /** Returns an error, or {@link #OK}. */
        String run();
    }

    private final Set<Deviation> deviations;
    private final Host host;
    private final List<ConformanceNode> nodes = new ArrayList<>();
    private List<Parcel> flight = new ArrayList<>();
    private final ConformanceDescriber describe = new ConformanceDescriber();
    private StringBuilder out = new StringBuilder();
    private boolean direct;
    private boolean mute;
    private boolean unfit;
    private boolean entriesLost;
    private boolean hostLies;
    private final List<Failure> failures = new ArrayList<>();

    /** A cluster whose nodes deviate from etcd's library in these ways. */
    ConformanceCluster(Set<Deviation> deviations, Host host) {
        this.deviations = deviations;
        this.host = host;
    }

    ConformanceCluster() {
        this(EnumSet.noneOf(Deviation.class), Host.RECORDERS);
    }

    /** Tells whether the last command had nothing to do, as may be where an earlier one did not do what is on record. */
    boolean wasUnfit() {
        return unfit;
    }

    /** Tells whether a disk has lost entries that it had acknowledged. */
    boolean hasLostEntries() {
        return entriesLost;
    }

    /** Tells whether a host has dropped a Ready, as none of ours may; then nobody can say what its node should do. */
    boolean hasLyingHost() {
        return hostLies;
    }

    /** The nodes that have failed, in the order in which they did; each is dead until it is restarted. */
    List<Failure> failures() {
        return failures;
    }

    /** Runs one command and returns what it prints. */
    String run(Step step) {
        out = new StringBuilder();
        unfit = false;
        String error = execute(step);
        if (mute || step.value("log-level", "").equalsIgnoreCase("none")) {
            out.setLength(0);
        }
        out.append(error);
        if (out.isEmpty()) {
            out.append("ok");
        }
        if (out.charAt(out.length() - 1) != '\n') {
            out.append('\n');
        }
        for (ConformanceNode node : nodes) {
            // Scripts may deliver acknowledgements of storage in any order, which no host of ours can; then anything
            // goes.
            if (node.failure == null && (node.orderly || !node.isAsync())) {
                out.append(alive(node, () -> done(node.raw.raft()::checkInvariants)));
            }
        }
        return out.toString();
    }

    /** Makes a call of a node. It is dead once it has failed. */
    private String alive(ConformanceNode node, Action action) {
        if (node.failure != null) {
            return unfit("node " + node.id + " is dead");
        }
        try {
            return action.run();
        } catch (RaftFailedException e) {
            return failed(node, e);
        }
    }

    private String failed(ConformanceNode node, RaftFailedException cause) {
        node.failure = cause;
        failures.add(new Failure(node.id, cause));
        StringWriter trace = new StringWriter();
        cause.printStackTrace(new PrintWriter(trace, true));
        return "node " + node.id + " has failed: " + trace;
    }

    private String unfit(String output) {
        unfit = true;
        out.append(output);
        return OK;
    }

    private String execute(Step step) {
        return switch (step.command()) {
            case "detail" -> done(() -> describe.detail = true);
            case "direct" -> done(() -> direct = true);
            case "log-level" -> done(() -> mute = step.arguments().get(0).key().equalsIgnoreCase("none"));
            case "add-nodes" -> addNodes(step);
            case "stabilize" -> stabilize(step.ids());
            case "raft-state" -> done(this::raftState);
            case "deliver-msgs" -> deliver(step);
            case "transfer-leadership" -> {
                ConformanceNode from = node(step.number("from", 0));
                yield alive(from, () -> done(() -> from.raw.transferLeadership(step.number("to", 0))));
            }
            case "process-ready" -> each(step.ids(), "handling Ready", this::processReady);
            case "process-append-thread" -> each(step.ids(), "processing append thread", this::processAppend);
            case "process-apply-thread" -> each(step.ids(), "processing apply thread", this::processApply);
            case "restart" -> restart(node(step.id(0)), step);
            default -> {
                ConformanceNode node = node(step.id(0));
                yield alive(node, () -> execute(step, node));
            }
        };
    }

    private String execute(Step step, ConformanceNode node) {
        RawNode raw = node.raw;
        return switch (step.command()) {
            case "campaign" -> done(raw::campaign);
            case "propose" -> {
                String data =
                        step.arguments().size() > 1 ? step.arguments().get(1).key() : step.input();
                yield proposed(node, raw.propose(bytes(data)));
            }
            case "propose-conf-change" -> proposeConfChange(node, step);
            case "tick-election" -> tick(node, node.config.electionTicks());
            case "tick-heartbeat" -> tick(node, node.config.heartbeatTicks());
            case "tick" -> {
                long timeout = step.number("timeout", 0);
                if (timeout > 0) {
                    raw.raft().timer().setTimeout((int) timeout);
                }
                yield tick(node, step.number("count", 1));
            }
            case "set-randomized-election-timeout" ->
                done(() -> raw.raft().timer().setTimeout((int) step.number("timeout", 0)));
            case "forget-leader" -> done(raw::forgetLeader);
            case "report-unreachable" -> done(() -> raw.reportUnreachable(step.id(1)));
            case "report-snapshot" ->
                done(() ->
                        raw.reportSnapshot(step.id(1), !step.value("status", "").equals("failure")));
            case "read-index" ->
                done(() -> raw.readIndex(
                        bytes(step.arguments().get(1).key()),
                        node.config.leaseReads() ? ReadPolicy.LEASE : ReadPolicy.LINEARIZABLE));
            case "send-snapshot" -> sendSnapshot(node, step.id(1));
            case "compact" -> {
                if (host == Host.CAREFUL && step.id(1) > node.disk.durablyApplied()) {
                    yield unfit("not applied");
                }
                String error = node.disk.compact(step.id(1));
                yield error.isEmpty() ? raftLog(node) : error;
            }
            case "step" -> stepMessage(node, step);
            case "raft-log" -> raftLog(node);
            case "status" -> done(() -> status(node));
            case "node-state" -> done(() -> nodeState(node));
            case "deliver-one" ->
                deliverOne(node.id, (int) step.number("nth", 0), step.flag("keep"), step.flag("drop"));
            default -> throw new IllegalArgumentException("unknown command: " + step.line());
        };
    }

    private static String done(Runnable action) {
        action.run();
        return OK;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    ConformanceNode node(long id) {
        return nodes.get((int) id - 1);
    }

    private String each(List<Long> ids, String doing, java.util.function.Function<ConformanceNode, String> action) {
        for (long id : ids) {
            ConformanceNode node = node(id);
            if (ids.size() == 1) {
                return alive(node, () -> action.apply(node));
            }
            out.append("> ").append(id).append(' ').append(doing).append('\n');
            String error = indented(() -> alive(node, () -> action.apply(node)));
            if (!error.isEmpty()) {
                return error;
            }
        }
        return OK;
    }

    private String indented(Action action) {
        StringBuilder outer = out;
        out = new StringBuilder();
        String error = action.run();
        String inner = out.toString();
        out = outer;
        if (!inner.isEmpty()) {
            int end = inner.endsWith("\n") ? inner.length() - 1 : inner.length();
            out.append("  ")
                    .append(inner.substring(0, end).replace("\n", "\n  "))
                    .append('\n');
        }
        return error;
    }

    // Calls of the host

    private static String proposed(ConformanceNode node, ProposalResult result) {
        node.proposals.add(result);
        return error(result);
    }

    private static String error(ProposalResult result) {
        boolean taken = result.isAccepted() || result.outcome() == ProposalResult.Outcome.FORWARDED;
        return taken ? OK : PROPOSAL_DROPPED;
    }

    private static String error(StepResult result) {
        return switch (result) {
            case UNKNOWN_PEER -> PEER_NOT_FOUND;
            case PROPOSAL_REFUSED -> PROPOSAL_DROPPED;
            case READ_REFUSED,
                    HANDLED,
                    NOT_FOR_US,
                    IMPOSSIBLE_SENDER,
                    WRONG_INCARNATION,
                    OLD_TERM,
                    LEADER_ALIVE,
                    UNEXPECTED,
                    NO_LEADER,
                    MALFORMED -> OK;
        };
    }

    private static String tick(ConformanceNode node, long count) {
        for (long i = 0; i < count; i++) {
            node.raw.tick();
        }
        return OK;
    }

    private String addNodes(Step step) {
        List<Long> voters = ids(step, "voters");
        List<Long> learners = ids(step, "learners");
        long index = step.number("index", 0);
        String content = step.value("content", "");
        Snapshot base = Snapshot.NONE;
        if (!voters.isEmpty() || !learners.isEmpty() || !content.isEmpty() || index > 0) {
            if (index <= 1) {
                return "index must be specified as > 1 due to bootstrap";
            }
            base = new Snapshot(index, 1, ConfState.of(voters, learners), bytes(content));
        }
        for (long i = 0; i < step.id(0); i++) {
            long id = nodes.size() + 1L;
            ConformanceNode added = new ConformanceNode(id, config(id, step), new ConformanceDisk(base));
            added.orderly = direct;
            nodes.add(added);
        }
        return OK;
    }

    private static List<Long> ids(Step step, String key) {
        return step.values(key).stream().map(Long::parseUnsignedLong).toList();
    }

    private RaftConfig config(long id, Step step) {
        long maxMessageBytes = limit(step, "max-size-per-msg", RaftConfig.NO_LIMIT);
        long maxInflightBytes = limit(step, "inflight-bytes", 0);
        long maxCommittedBytes = limit(step, "max-committed-size-per-ready", 0);
        long maxUncommittedBytes = limit(step, "max-uncommitted-size", 0);
        return RaftConfig.builder(id, new Random(id))
                .electionTicks((int) step.number("election-tick", 3))
                .heartbeatTicks((int) step.number("heartbeat-tick", 1))
                .maxMessageBytes(maxMessageBytes)
                .maxInflightMessages((int) step.number("inflight", Integer.MAX_VALUE))
                .maxInflightBytes(maxInflightBytes == 0 ? RaftConfig.NO_LIMIT : maxInflightBytes)
                // etcd takes the limit of a message for one that is not set, and cannot hand out anything if both are
                // 0.
                .maxCommittedBytes(maxCommittedBytes == 0 ? maxMessageBytes : maxCommittedBytes)
                .maxUncommittedBytes(maxUncommittedBytes == 0 ? RaftConfig.NO_LIMIT : maxUncommittedBytes)
                .maxReadyBytes(RaftConfig.NO_LIMIT)
                .asyncStorageWrites(step.flag("async-storage-writes"))
                .preVote(step.flag("prevote"))
                .checkQuorum(step.flag("checkquorum"))
                .leaseReads(step.value("read-only", "").equals("lease-based"))
                .forwardProposals(!step.flag("disable-proposal-forwarding"))
                .validateConfChanges(!step.flag("disable-conf-change-validation"))
                .stepDownOnRemoval(step.flag("step-down-on-removal"))
                .deviations(deviations)
                .buildUnchecked();
    }

    private static long limit(Step step, String key, long otherwise) {
        long value = step.number(key, otherwise);
        return value < 0 ? RaftConfig.NO_LIMIT : value;
    }

    private static String proposeConfChange(ConformanceNode node, Step step) {
        List<Change> changes = new ArrayList<>();
        for (String token : step.input().split("\\s+", -1)) {
            if (!token.isEmpty()) {
                changes.add(change(token));
            }
        }
        Transition transition = switch (step.value("transition", "auto")) {
            case "auto" -> Transition.AUTO;
            case "implicit" -> Transition.JOINT_IMPLICIT;
            case "explicit" -> Transition.JOINT_EXPLICIT;
            default -> throw new IllegalArgumentException("unknown transition: " + step.line());
        };
        if (!step.flag("v1")) {
            return proposed(node, node.raw.proposeConfChange(ConfChange.of(transition, changes, new byte[0])));
        }
        if (changes.size() > 1 || transition != Transition.AUTO) {
            return "v1 conf change can only have one operation and no transition";
        }
        Change change = changes.get(0);
        return proposed(
                node, node.raw.proposeConfChange(ConfChange.v1(0, change.type(), change.nodeId(), new byte[0])));
    }

    static Change change(String token) {
        ChangeType type = switch (token.charAt(0)) {
            case 'v' -> ChangeType.ADD_VOTER;
            case 'l' -> ChangeType.ADD_LEARNER;
            case 'r' -> ChangeType.REMOVE;
            case 'u' -> ChangeType.UPDATE;
            default -> throw new IllegalArgumentException("unknown change: " + token);
        };
        return new Change(type, Long.parseUnsignedLong(token.substring(1)));
    }

    // Readys

    private String processReady(ConformanceNode node) {
        Ready ready = node.raw.ready();
        node.readys.add(ready);
        out.append(describe.ready(node.id, ready, node.isAsync()));
        if (node.isAsync()) {
            enqueue(node, ready);
            return OK;
        }
        String error = persist(node, ready);
        if (!error.isEmpty()) {
            return error;
        }
        node.apply(ready.committedEntries(), host == Host.CAREFUL);
        send(ready.messages());
        send(ready.messagesAfterPersist());
        node.raw.advance(ready);
        return OK;
    }

    private String persist(ConformanceNode node, Ready ready) {
        String error = node.disk.persist(ready.hardState(), ready.snapshot(), ready.entries(), host == Host.CAREFUL);
        // The recorder's host goes on as if it had stored the Ready.
        hostLies |= host == Host.RECORDERS && !error.isEmpty();
        return error;
    }

    private void enqueue(ConformanceNode node, Ready ready) {
        send(ready.messages());
        if (ConformanceDescriber.hasStorageWork(ready)) {
            node.appendWork.add(ready);
        }
        if (!ready.committedEntries().isEmpty()) {
            node.applyWork.add(ready);
        }
        if (node.orderly) {
            node.unpersisted.add(ready);
            persistTrivial(node);
        }
    }

    /** Tells the kernel of Readys that need no storage, as far as all before them are stored. */
    private static void persistTrivial(ConformanceNode node) {
        while (!node.unpersisted.isEmpty() && !ConformanceDescriber.hasStorageWork(node.unpersisted.peek())) {
            node.raw.persisted(node.unpersisted.remove());
        }
    }

    private void send(List<Message> messages) {
        for (Message message : messages) {
            flight.add(new Letter(message));
        }
    }

    private String processAppend(ConformanceNode node) {
        Ready ready = node.appendWork.poll();
        if (ready == null) {
            return unfit("no append work to perform");
        }
        out.append("Processing:\n")
                .append(describe.storageAppend(node.id, ready, false))
                .append('\n');
        String error = persist(node, ready);
        if (!error.isEmpty()) {
            // etcd's host goes on as if nothing had been. Ours could not: its kernel insists on the order.
            node.orderly = false;
            return error;
        }
        out.append("Responses:\n");
        for (Message message : ready.afterPersist()) {
            out.append(describe.message(message)).append('\n');
        }
        if (ConformanceDescriber.acknowledges(ready)) {
            out.append(describe.storageAppendResponse(node.id, ready)).append('\n');
        }
        if (node.orderly) {
            send(ready.messagesAfterPersist());
            persisted(node, ready);
            return OK;
        }
        for (Message message : ready.afterPersist()) {
            deliverOrSend(new Letter(message));
        }
        if (ConformanceDescriber.acknowledges(ready)) {
            deliverOrSend(new AppendDone(node.id, ready));
        }
        return OK;
    }

    private void persisted(ConformanceNode node, Ready ready) {
        long strangers = node.raw.dropped(StepResult.UNKNOWN_PEER);
        node.unpersisted.remove();
        node.raw.persisted(ready);
        for (long i = strangers; i < node.raw.dropped(StepResult.UNKNOWN_PEER); i++) {
            out.append(PEER_NOT_FOUND).append('\n');
        }
        persistTrivial(node);
    }

    private String processApply(ConformanceNode node) {
        Ready ready = node.applyWork.poll();
        if (ready == null) {
            return unfit("no apply work to perform");
        }
        out.append("Processing:\n")
                .append(describe.storageApply(node.id, ready, false))
                .append('\n');
        node.apply(ready.committedEntries(), host == Host.CAREFUL);
        out.append("Responses:\n")
                .append(describe.storageApplyResponse(node.id, ready))
                .append('\n');
        if (node.orderly) {
            node.raw.applied(ready);
        } else {
            deliverOrSend(new ApplyDone(node.id, ready));
        }
        return OK;
    }

    private void deliverOrSend(Parcel parcel) {
        if (direct && isLocal(parcel)) {
            String error = step(parcel);
            out.append(error.isEmpty() ? "" : error + "\n");
        } else {
            flight.add(parcel);
        }
    }

    // Deliveries

    private String deliver(Step step) {
        String type = step.value("type", "");
        int count = 0;
        for (Argument argument : step.arguments()) {
            if (argument.key().equals("drop")) {
                for (String id : argument.values()) {
                    count += deliverTo(Long.parseUnsignedLong(id), type, true);
                }
            } else if (argument.values().isEmpty()) {
                count += deliverTo(Long.parseUnsignedLong(argument.key()), type, false);
            }
        }
        return count == 0 ? unfit("no messages\n") : OK;
    }

    private int deliverTo(long id, String type, boolean drop) {
        List<Parcel> mine = new ArrayList<>();
        List<Parcel> rest = new ArrayList<>();
        for (Parcel parcel : flight) {
            boolean wanted = parcel.to() == id
                    && !(drop && isLocal(parcel))
                    && (type.isEmpty() || parcel.type().equals(type));
            (wanted ? mine : rest).add(parcel);
        }
        flight = rest;
        for (Parcel parcel : mine) {
            hand(parcel, drop);
        }
        return mine.size();
    }

    private String deliverOne(long id, int nth, boolean keep, boolean drop) {
        int skip = nth;
        for (int i = 0; i < flight.size(); i++) {
            Parcel parcel = flight.get(i);
            if (parcel.to() == id && skip-- == 0) {
                if (!keep || isLocal(parcel)) {
                    flight.remove(i);
                }
                hand(parcel, drop && !isLocal(parcel));
                return OK;
            }
        }
        return unfit("no messages\n");
    }

    private static boolean isLocal(Parcel parcel) {
        return parcel.from() == parcel.to();
    }

    private void hand(Parcel parcel, boolean drop) {
        out.append(drop ? "dropped: " : "").append(description(parcel)).append('\n');
        if (!drop) {
            ConformanceNode to = node(parcel.to());
            String error = to.failure == null ? alive(to, () -> step(parcel)) : "dead";
            out.append(error.isEmpty() ? "" : error + "\n");
        }
    }

    private String description(Parcel parcel) {
        if (parcel instanceof Letter letter) {
            return describe.message(letter.message());
        }
        return parcel instanceof AppendDone done
                ? describe.storageAppendResponse(done.to(), done.ready())
                : describe.storageApplyResponse(parcel.to(), ((ApplyDone) parcel).ready());
    }

    /** Steps what is addressed to a node; what a node tells itself goes by the primitives, one by one, in whatever order. */
    private String step(Parcel parcel) {
        RawNode raw = node(parcel.to()).raw;
        if (parcel instanceof Letter letter) {
            StepResult result =
                    isLocal(parcel) ? raw.raft().deliverToSelf(letter.message()) : raw.step(letter.message());
            node(parcel.to()).steps.add(result);
            return error(result);
        }
        if (parcel instanceof AppendDone done) {
            Ready ready = done.ready();
            raw.raft().persisted(ready.term(), ready.lastPersisted(), ready.snapshot());
        } else if (parcel instanceof ApplyDone done) {
            raw.acknowledgeApplied(done.ready());
        }
        return OK;
    }

    /** Hands a node a message that nobody sent. */
    private String stepMessage(ConformanceNode node, Step step) {
        String name = step.value("type", "");
        long from = step.number("from", 0);
        long term = step.number("term", 0);
        if (name.equals(FORGET_LEADER)) {
            // No message of ours says that, and every codec drops it as a kind that it does not know. To print what is
            // on record it takes the call of the node's own host.
            out.append(ConformanceDescriber.envelope(from, node.id, FORGET_LEADER, term))
                    .append(" Log:0/0\n");
            if (host == Host.RECORDERS) {
                node.raw.forgetLeader();
            }
            return OK;
        }
        for (MessageType type : MessageType.values()) {
            if (name.equals(ConformanceDescriber.name(type))) {
                hand(new Letter(new Message(type, from, node.id, term, body(type, step))), false);
                return OK;
            }
        }
        throw new IllegalArgumentException("unknown kind of message: " + step.line());
    }

    private static Body body(MessageType type, Step step) {
        return switch (type) {
            case TRANSFER_LEADER -> new Body.TransferLeader();
            case PROPOSE -> new Body.Propose(entries(step));
            case HEARTBEAT_RESPONSE -> new Body.HeartbeatResponse(bytes(step.value("context", "")));
            case APPEND,
                    APPEND_RESPONSE,
                    VOTE,
                    VOTE_RESPONSE,
                    PRE_VOTE,
                    PRE_VOTE_RESPONSE,
                    HEARTBEAT,
                    INSTALL_SNAPSHOT,
                    READ_INDEX,
                    READ_INDEX_RESPONSE,
                    TIMEOUT_NOW -> throw new IllegalArgumentException("no story steps this: " + step.line());
        };
    }

    /** A line for each entry: its type, and its data in quotes, without escapes. */
    private static List<Entry> entries(Step step) {
        List<Entry> entries = new ArrayList<>();
        for (String line : step.input().lines().toList()) {
            int space = line.indexOf(' ');
            String quoted = line.substring(space + 1);
            if (!quoted.matches("\"[^\"\\\\]*\"")) {
                throw new IllegalArgumentException("not plain text in quotes: " + quoted);
            }
            byte[] data = bytes(quoted.substring(1, quoted.length() - 1));
            entries.add(new Entry(0, 0, ConformanceDescriber.entryType(line.substring(0, space)), data));
        }
        return entries;
    }

    private String stabilize(List<Long> ids) {
        List<ConformanceNode> chosen = new ArrayList<>();
        for (long id : ids) {
            chosen.add(node(id));
        }
        if (ids.isEmpty()) {
            chosen.addAll(nodes);
        }
        for (int round = 0; round < MAX_ROUNDS; round++) {
            @Nullable String error = stabilizeOnce(chosen);
            if (error == null) {
                return OK;
            }
            if (!error.isEmpty()) {
                return error;
            }
        }
        return "still busy after " + MAX_ROUNDS + " rounds";
    }

    /** Returns an error, or none, or null if there was nothing to do. */
    private @Nullable String stabilizeOnce(List<ConformanceNode> chosen) {
        boolean busy = false;
        for (ConformanceNode node : chosen) {
            if (node.failure == null && node.raw.hasReady()) {
                busy = true;
                String error = section(node, "handling Ready", () -> alive(node, () -> processReady(node)));
                if (!error.isEmpty()) {
                    return error;
                }
            }
        }
        for (ConformanceNode node : chosen) {
            if (flight.stream().anyMatch(parcel -> parcel.to() == node.id)) {
                busy = true;
                section(node, "receiving messages", () -> {
                    deliverTo(node.id, "", false);
                    return OK;
                });
            }
        }
        for (ConformanceNode node : chosen) {
            if (node.failure == null && !node.appendWork.isEmpty()) {
                busy = true;
                out.append("> ").append(node.id).append(" processing append thread\n");
                while (node.failure == null && !node.appendWork.isEmpty()) {
                    String error = indented(() -> alive(node, () -> processAppend(node)));
                    if (!error.isEmpty()) {
                        return error;
                    }
                }
            }
        }
        for (ConformanceNode node : chosen) {
            if (node.failure == null && !node.applyWork.isEmpty()) {
                busy = true;
                out.append("> ").append(node.id).append(" processing apply thread\n");
                while (node.failure == null && !node.applyWork.isEmpty()) {
                    indented(() -> alive(node, () -> processApply(node)));
                }
            }
        }
        return busy ? OK : null;
    }

    private String section(ConformanceNode node, String doing, Action action) {
        out.append("> ").append(node.id).append(' ').append(doing).append('\n');
        return indented(action);
    }

    private String restart(ConformanceNode node, Step step) {
        long lost = step.number("lose", 0);
        if (lost > 0) {
            String error = node.disk.lose(lost);
            if (!error.isEmpty()) {
                unfit = true;
                return error;
            }
            entriesLost = true;
        }
        node.appendWork.clear();
        node.applyWork.clear();
        node.unpersisted.clear();
        flight.removeIf(parcel -> parcel.to() == node.id && isLocal(parcel));
        if (!step.flag("keep-applied")) {
            node.disk.forgetBeyondCommit();
        }
        node.orderly = direct;
        try {
            node.start();
        } catch (RaftFailedException e) {
            return failed(node, e);
        }
        nodeState(node);
        return OK;
    }

    private String sendSnapshot(ConformanceNode node, long to) {
        boolean leads = node.raw.status().softState().role() == RaftRole.LEADER;
        if (host == Host.CAREFUL && !leads) {
            return unfit("node " + node.id + " does not lead");
        }
        Message message = new Message(
                MessageType.INSTALL_SNAPSHOT,
                node.id,
                to,
                node.raw.status().hardState().term(),
                new Body.InstallSnapshot(node.disk.newest()));
        flight.add(new Letter(message));
        out.append(describe.message(message));
        return OK;
    }

    // What is printed of a node

    private String raftLog(ConformanceNode node) {
        long first = node.disk.firstIndex();
        long last = node.disk.lastIndex();
        if (last < first) {
            out.append("log is empty: first index=")
                    .append(first)
                    .append(", last index=")
                    .append(last);
        } else {
            out.append(ConformanceDescriber.entries(node.disk.entries(first, last + 1, RaftConfig.NO_LIMIT)));
        }
        return OK;
    }

    private void raftState() {
        for (ConformanceNode node : nodes) {
            if (node.failure != null) {
                out.append(node.id).append(": dead\n");
                continue;
            }
            Status status = node.raw.status();
            boolean voter = status.confState().voters().contains(node.id)
                    || status.confState().votersOutgoing().contains(node.id);
            out.append(node.id)
                    .append(": ")
                    .append(ConformanceDescriber.role(status.softState().role()))
                    .append(voter ? " (Voter)" : " (Non-Voter)")
                    .append(" Term:")
                    .append(status.hardState().term())
                    .append(" Lead:")
                    .append(status.softState().lead())
                    .append('\n');
        }
    }

    private void status(ConformanceNode node) {
        Status status = node.raw.status();
        if (status.softState().role() == RaftRole.LEADER) {
            for (Status.Peer peer : status.peers()) {
                out.append(ConformanceDescriber.progress(peer));
            }
        }
    }

    private void nodeState(ConformanceNode node) {
        Status status = node.raw.status();
        out.append(node.id)
                .append(": ")
                .append(ConformanceDescriber.role(status.softState().role()))
                .append(" Term:")
                .append(status.hardState().term())
                .append(" Vote:")
                .append(status.hardState().vote())
                .append(" Commit:")
                .append(status.hardState().commit())
                .append(" Applied:")
                .append(status.applied())
                .append(" Lead:")
                .append(status.softState().lead())
                .append(" Transferee:")
                .append(status.transferTarget())
                .append(" Stable:[")
                .append(node.disk.firstIndex())
                .append(',')
                .append(node.disk.lastIndex())
                .append("] ")
                .append(ConformanceDescriber.config(status.confState()));
        if (describe.detail) {
            out.append(" State:")
                    .append(ConformanceDescriber.quoted(node.disk.newest().data()));
        }
    }
}
