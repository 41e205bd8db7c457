package dev.keelraft.testkit;

import dev.keelraft.Ready;
import dev.keelraft.Storage;
import dev.keelraft.model.Body;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Message;
import dev.keelraft.model.NodeId;
import dev.keelraft.testkit.Violation.Rule;

/** What one member has promised, over all its lives: nothing of it may be taken back, and nothing leaves before it is on the disk. */
final class Promises {
    private final World world;
    private final SimulatedMember member;

    /** What was written last in this life. */
    private HardState last = HardState.EMPTY;

    Promises(World world, SimulatedMember member) {
        this.world = world;
        this.member = member;
    }

    void restarted() {
        last = member.shadow().written().hardState();
    }

    void forgotten() {
        last = member.shadow().written().hardState();
    }

    void written(Ready ready) {
        HardState next = ready.hardState();
        if (next.isEmpty()) {
            return;
        }
        boolean ok = next.term() >= last.term()
                && next.commit() >= last.commit()
                && (next.term() > last.term() || last.vote() == NodeId.NONE || next.vote() == last.vote());
        if (!ok) {
            throw new Violation(Rule.MONOTONY, "node " + member.id() + " goes from " + last + " to " + next);
        }
        last = next;
    }

    /** Checks what leaves against the disk. An answer in a term that is over promises nothing any more. */
    void leaves(Message message) {
        if (!world.options().checkPromises()) {
            return;
        }
        Storage disk = member.shadow().durable();
        HardState stored = disk.hardState();
        if (message.term() < stored.term()) {
            return;
        }
        switch (message.type()) {
            case VOTE -> {
                // Once somebody leads the term, a request that leaves late can win nothing.
                if (world.rules().leaderOf(message.term()) == NodeId.NONE) {
                    Body.Vote vote = (Body.Vote) message.body();
                    check(message, stored.term() == message.term() && stored.vote() == member.id(), stored);
                    check(
                            message,
                            disk.lastIndex() >= vote.lastIndex()
                                    && (vote.lastIndex() < disk.firstIndex()
                                            || disk.term(vote.lastIndex()) == vote.lastTerm()),
                            "a log that ends at " + disk.lastIndex());
                }
            }
            case VOTE_RESPONSE -> {
                if (!((Body.VoteResponse) message.body()).rejected()) {
                    check(message, stored.term() == message.term() && stored.vote() == message.to(), stored);
                }
            }
            case APPEND_RESPONSE -> {
                Body.AppendResponse answer = (Body.AppendResponse) message.body();
                if (!answer.rejected()) {
                    check(message, stored.term() == message.term(), stored);
                    check(message, disk.lastIndex() >= answer.index(), "a log that ends at " + disk.lastIndex());
                } else {
                    world.coverage().count(Coverage.Seen.APPEND_REJECTED);
                }
            }
            default -> {
                // Nothing else promises anything.
            }
        }
    }

    private void check(Message message, boolean holds, Object onDisk) {
        if (!holds) {
            throw new Violation(
                    Rule.DURABLE_BEFORE_PROMISED,
                    message + " leaves, and on the disk of node " + member.id() + " there is " + onDisk);
        }
    }
}
