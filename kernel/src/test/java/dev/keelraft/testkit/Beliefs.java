package dev.keelraft.testkit;

import dev.keelraft.Storage;
import dev.keelraft.model.Body;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import dev.keelraft.testkit.Violation.Rule;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What a node may believe of what it is told, and whom. That a follower takes too much for committed does harm only if
 * what its log holds there happens to be wrong; that a stranger's word counts, only if the stranger has something to say.
 */
final class Beliefs {
    private final World world;
    private final Map<Long, Told> told = new HashMap<>();

    /** What is known of one life of a member. */
    private static final class Told {
        /** Up to where others have told it that its log is committed, or it knew before. */
        private long committed;

        /** Then it may have found out for itself. */
        private boolean hasLed;

        /** Whose pre-votes of an earlier term it owes an answer, and since which of its ticks. */
        private final Map<Long, Long> owes = new HashMap<>();
    }

    Beliefs(World world) {
        this.world = world;
    }

    void started(SimulatedMember member, int founders) {
        Storage log = member.shadow().written();
        Told of = new Told();
        of.committed = Math.max(
                founders, Math.max(log.hardState().commit(), log.snapshot().index()));
        told.put(member.id(), of);
    }

    private Told told(SimulatedMember member) {
        return told.computeIfAbsent(member.id(), id -> new Told());
    }

    /** A node is about to get a message. */
    void hears(SimulatedMember member, Message message) {
        Told of = told(member);
        of.committed = Math.max(of.committed, committed(message.body()));
        long term = member.shadow().written().hardState().term();
        if (message.body() instanceof Body.Vote
                && message.term() < term
                && message.type() == MessageType.PRE_VOTE
                && !world.setup().incarnations()) {
            of.owes.putIfAbsent(message.from(), member.ticks());
        }
        if (message.type().isResponse() && message.term() > term && !isKnown(member, message.from())) {
            checkIgnores(member, message);
        }
    }

    /* An append tells it of the entries that it brings, or refers to, alone: what is behind these may be anything. */
    private static long committed(Body body) {
        if (body instanceof Body.Append append) {
            return Math.min(
                    append.commit(), append.prevIndex() + append.entries().size());
        } else if (body instanceof Body.Heartbeat heartbeat) {
            return heartbeat.commit();
        } else if (body instanceof Body.InstallSnapshot install) {
            return install.snapshot().index();
        } else if (body instanceof Body.Vote request) {
            return request.commit();
        } else if (body instanceof Body.VoteResponse answer) {
            return answer.commit();
        }
        return 0;
    }

    private boolean isKnown(SimulatedMember member, long id) {
        return world.rules().progress(member).known().stream().anyMatch(members -> Members.names(members, id));
    }

    private void checkIgnores(SimulatedMember member, Message message) {
        long before = member.term();
        boolean isStranger = member.status()
                .map(status -> !Members.names(status.confState(), message.from()))
                .orElse(false);
        if (!isStranger || before >= message.term()) {
            return;
        }
        long startedAt = member.startedAt();
        world.agenda().in(0, () -> {
            if (member.isUp() && member.startedAt() == startedAt && member.term() == message.term()) {
                throw new Violation(
                        Rule.MEMBERSHIP, "node " + member.id() + " has listened to one that is no member: " + message);
            }
        });
    }

    void leaves(SimulatedMember member, Message message) {
        Told of = told(member);
        switch (message.type()) {
            case APPEND, HEARTBEAT, INSTALL_SNAPSHOT -> of.hasLed = true;
            case PRE_VOTE_RESPONSE -> of.owes.remove(message.to());
            default -> {
                // Says nothing of what it was told.
            }
        }
    }

    /** What a member is about to store. */
    void stores(SimulatedMember member, HardState state) {
        Told of = told(member);
        of.hasLed |= world.rules().leaderOf(state.term()) == member.id() || isAlone(member);
        if (!of.hasLed && state.commit() > of.committed) {
            throw new Violation(
                    Rule.STATE_MACHINE_SAFETY,
                    "node " + member.id() + " takes everything up to index " + state.commit()
                            + " for committed, and was told that of what comes up to index " + of.committed);
        }
    }

    /* Then it leads, and there may be nobody to whom it would say so. */
    private boolean isAlone(SimulatedMember member) {
        List<Long> self = List.of(member.id());
        return world.rules().progress(member).known().stream()
                .anyMatch(members -> members.voters().equals(self));
    }

    /* Or one that was cut off may ask for ever (etcd issue 8501). */
    void look(SimulatedMember member, int electionTicks) {
        if (member.hasSlowDisk()) {
            return;
        }
        told(member).owes.forEach((to, since) -> {
            if (member.ticks() > since + electionTicks) {
                throw new Violation(
                        Rule.LIVENESS,
                        "node " + member.id() + " has not answered a pre-vote of an earlier term from node " + to
                                + " for " + (member.ticks() - since) + " ticks");
            }
        });
    }
}
