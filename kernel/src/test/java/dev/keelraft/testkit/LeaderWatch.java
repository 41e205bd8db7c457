package dev.keelraft.testkit;

import dev.keelraft.RaftConfig;
import dev.keelraft.RawNode;
import dev.keelraft.Status;
import dev.keelraft.Storage;
import dev.keelraft.model.Body;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Message;
import dev.keelraft.model.NodeId;
import dev.keelraft.model.ProgressState;
import dev.keelraft.model.RaftRole;
import dev.keelraft.testkit.Violation.Rule;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * How leaders rule: whether they step down when they hear from no majority, and only then, and whether what they say of
 * their peers makes sense. Time is counted in the ticks that a process has seen, which is all that it knows of time.
 */
final class LeaderWatch {
    private final World world;
    private final Map<Long, Seen> seen = new HashMap<>();

    /** What is known of one life of a member. */
    private static final class Seen {
        private long startedAt = -1;

        /** For each term of which it got answers to what leaders send: from whom, and at which tick last. */
        private final Map<Long, Map<Long, Long>> heard = new HashMap<>();

        /** At which tick somebody became a member. */
        private final Map<Long, Long> joined = new HashMap<>();

        private long configuredAt;
        private long lookedAt;
        private long transferAskedAt;
        private int transfersAsked;

        /** What it is about to get is a rejection that means nothing any more. */
        private boolean outdated;

        /** The term that it led when it was looked at last, or 0; from when on; and what was known then. */
        private long ledTerm;

        private long ledSince;
        private Map<Long, Long> heardThen = Map.of();

        /** The tick at which a member has answered last, or joined. */
        private long lastOf(long id, Map<Long, Long> answers) {
            return Math.max(answers.getOrDefault(id, 0L), joined.getOrDefault(id, 0L));
        }
    }

    LeaderWatch(World world) {
        this.world = world;
    }

    private Seen seen(SimulatedMember member) {
        Seen of = seen.get(member.id());
        if (of == null || of.startedAt != member.startedAt()) {
            of = new Seen();
            of.startedAt = member.startedAt();
            seen.put(member.id(), of);
        }
        return of;
    }

    /** A node is about to get a message. */
    void hears(SimulatedMember member, Message message) {
        Seen of = seen(member);
        switch (message.type()) {
            case APPEND_RESPONSE, HEARTBEAT_RESPONSE -> {
                of.heard
                        .computeIfAbsent(message.term(), term -> new HashMap<>())
                        .put(message.from(), member.ticks());
                of.outdated = isOutdatedRejection(member, message);
            }
            case TRANSFER_LEADER -> transferAsked(member);
            default -> {
                // Says nothing to a leader.
            }
        }
    }

    /** It has got it. */
    void heard(SimulatedMember member, Message message) {
        Seen of = seen(member);
        if (of.outdated && !isReplicated(member, message)) {
            throw new Violation(
                    Rule.BOUNDED_FLOW,
                    "node " + member.id() + " probes because of what was acknowledged since: " + message);
        }
        of.outdated = false;
    }

    private static boolean isOutdatedRejection(SimulatedMember member, Message message) {
        return message.body() instanceof Body.AppendResponse answer
                && answer.rejected()
                && member.status()
                        .filter(status -> status.hardState().term() == message.term())
                        .flatMap(status -> peer(status, message.from()))
                        .map(peer -> peer.state() == ProgressState.REPLICATE && answer.index() <= peer.match())
                        .orElse(false);
    }

    /* Or nobody leads any more. */
    private static boolean isReplicated(SimulatedMember member, Message message) {
        return member.status()
                .flatMap(status -> peer(status, message.from()))
                .map(peer -> peer.state() == ProgressState.REPLICATE)
                .orElse(true);
    }

    private static Optional<Status.Peer> peer(Status status, long id) {
        return status.peers().stream().filter(peer -> peer.id() == id).findFirst();
    }

    /** A node is asked to hand over. That gives it a new election time-out, and so more time to notice that it is alone. */
    void transferAsked(SimulatedMember member) {
        Seen of = seen(member);
        of.transferAskedAt = member.ticks();
        of.transfersAsked++;
    }

    /** How often this life of it was asked that. */
    int transfersAsked(SimulatedMember member) {
        return seen(member).transfersAsked;
    }

    /** A host has other members now. Those who are new have had no chance to answer. */
    void configured(SimulatedMember member, ConfState before, ConfState members) {
        Seen of = seen(member);
        for (long id : Members.all(members)) {
            if (!Members.names(before, id)) {
                of.joined.put(id, member.ticks());
            }
        }
        of.configuredAt = member.ticks();
        world.agenda()
                .in(
                        0,
                        () -> member.status().ifPresent(status -> {
                            if (status.softState().role() == RaftRole.LEADER) {
                                checkTransfer(status);
                                if (!Members.names(members, member.id())) {
                                    world.rules()
                                            .closed(member, status.hardState().term(), status.lastIndex());
                                }
                            }
                        }));
    }

    /** Tells a node what became of a snapshot. One that did not arrive has changed nothing about what the peer has. */
    static void report(RawNode node, long to, boolean arrived) {
        boolean waits = peer(node.status(), to)
                .filter(peer -> peer.state() == ProgressState.SNAPSHOT)
                .isPresent();
        node.reportSnapshot(to, arrived);
        peer(node.status(), to)
                .filter(peer -> waits && !arrived && peer.next() != peer.match() + 1)
                .ifPresent(peer -> {
                    throw new Violation(Rule.BOUNDED_FLOW, "after a snapshot that did not arrive there is " + peer);
                });
    }

    /** Looks at what a node says of itself; now and then, and it is not paused. */
    void look(SimulatedMember member, RaftConfig config, Status status) {
        Seen of = seen(member);
        long before = of.lookedAt;
        of.lookedAt = member.ticks();
        long term = status.hardState().term();
        if (status.softState().role() != RaftRole.LEADER) {
            // With other members it may have stepped down before it had these.
            if (of.ledTerm == term && config.checkQuorum() && of.configuredAt < before) {
                checkHadReason(member, config, status, of);
            }
            of.ledTerm = 0;
            return;
        }
        if (of.ledTerm != term) {
            of.ledTerm = term;
            of.ledSince = member.ticks();
        }
        of.heardThen = Map.copyOf(of.heard.getOrDefault(term, Map.of()));
        checkOpened(member, status, of);
        checkPeers(status);
        checkTransfer(status);
        if (config.checkQuorum()) {
            checkIsHeard(member, config, status, of);
        }
    }

    /* Only with an entry of its own term it can commit what it has inherited (paper, 5.4.2). */
    private static void checkOpened(SimulatedMember member, Status leader, Seen of) {
        Storage log = member.shadow().written();
        long lastTerm = log.term(log.lastIndex());
        if (lastTerm < of.ledTerm && member.ticks() > of.ledSince + 2 && !member.hasSlowDisk()) {
            throw new Violation(
                    Rule.LIVENESS,
                    "node " + leader.id() + " leads term " + of.ledTerm + ", and its log ends with an entry of term "
                            + lastTerm);
        }
    }

    private static void checkPeers(Status leader) {
        for (Status.Peer peer : leader.peers()) {
            boolean isCaughtUp = peer.match() + 1 >= leader.firstIndex();
            if (peer.id() != leader.id() && peer.state() == ProgressState.SNAPSHOT && isCaughtUp) {
                throw new Violation(
                        Rule.BOUNDED_FLOW,
                        "node " + leader.id() + ", whose log begins at " + leader.firstIndex()
                                + ", waits for a snapshot to reach " + peer);
            }
        }
    }

    private static void checkTransfer(Status leader) {
        ConfState members = leader.confState();
        long target = leader.transferTarget();
        if (target != NodeId.NONE && Members.isVoter(members, leader.id()) && !Members.isVoter(members, target)) {
            throw new Violation(
                    Rule.LIVENESS,
                    "node " + leader.id() + " hands over to " + target + ", which is none of " + members);
        }
    }

    /* It asks itself once in an election time-out who has answered since it asked last. */
    private void checkIsHeard(SimulatedMember member, RaftConfig config, Status status, Seen of) {
        long last = quorum(status, id -> of.lastOf(id, of.heardThen), member.ticks());
        long since = Math.max(Math.max(last, of.ledSince), Math.max(of.configuredAt, of.transferAskedAt));
        if (member.ticks() - since > 2L * config.electionTicks() + 1) {
            throw new Violation(
                    Rule.LIVENESS,
                    "node " + member.id() + " still leads, and no majority of " + status.confState()
                            + " has answered for " + (member.ticks() - since) + " ticks");
        }
    }

    private void checkHadReason(SimulatedMember member, RaftConfig config, Status status, Seen of) {
        if (world.disksWereExchanged()
                || member.hasSlowDisk()
                || !status.confState().voters().contains(member.id())) {
            return;
        }
        long now = member.ticks();
        // What it has heard since it was looked at may have come after it stepped down.
        long last = quorum(status, id -> of.lastOf(id, of.heardThen), now);
        if (last > now - config.electionTicks()) {
            throw new Violation(
                    Rule.LIVENESS,
                    "node " + member.id() + " has stepped down, though a majority of " + status.confState()
                            + " has answered within the last " + (now - last) + " ticks");
        }
    }

    private interface Ticks {
        long of(long id);
    }

    /* Since when a majority of both halves was heard from; the leader hears itself. */
    private static long quorum(Status leader, Ticks heard, long now) {
        ConfState members = leader.confState();
        long incoming = majority(members.voters(), leader.id(), heard, now);
        return members.votersOutgoing().isEmpty()
                ? incoming
                : Math.min(incoming, majority(members.votersOutgoing(), leader.id(), heard, now));
    }

    private static long majority(List<Long> voters, long self, Ticks heard, long now) {
        if (voters.isEmpty()) {
            return now;
        }
        List<Long> ticks = new ArrayList<>();
        for (long id : voters) {
            ticks.add(id == self ? now : heard.of(id));
        }
        ticks.sort(Comparator.reverseOrder());
        return ticks.get(voters.size() / 2);
    }
}
