package dev.keelraft.testkit;

import dev.keelraft.Status;
import dev.keelraft.model.ConfChange;
import dev.keelraft.model.ConfChange.Change;
import dev.keelraft.model.ConfChange.ChangeType;
import dev.keelraft.model.ConfChange.Transition;
import dev.keelraft.model.ConfState;
import dev.keelraft.testkit.Violation.Rule;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;

/**
 * What a group in which nothing fails must do when it is told to. While things go wrong, nearly everything may come to
 * nothing for a good reason.
 */
final class Exercises {
    /** Not one of those that clients use. */
    private static final int KEY = 1_000;

    private final World world;
    private final Dice dice;
    private final long timeout;

    Exercises(World world, Dice dice, long timeout) {
        this.world = world;
        this.dice = dice;
        this.timeout = timeout;
    }

    /** Hands over. Who is preferred as a leader may win all the same, so there it means nothing. */
    void handOver() {
        SimulatedMember leader = leader();
        List<Long> others = new ArrayList<>(members().voters());
        others.remove(leader.id());
        if (others.isEmpty() || world.setup().priorities()) {
            return;
        }
        long target = dice.of(others);
        leader.call(host -> host.tell(node -> node.transferLeadership(target)));
        waitFor(3 * timeout, () -> world.leaderId() == target);
        if (world.leaderId() != target) {
            throw violation("node " + leader.id() + " was to hand over to " + target);
        }
    }

    /**
     * Adds so many voters that the old ones are no majority any more, and starts them a moment later. They have the
     * time to answer that everybody has, so the leader stays.
     */
    void grow() {
        ConfState before = members();
        if (!world.setup().checkQuorum() || before.voters().size() > 3 || !dice.chance(200)) {
            return;
        }
        SimulatedMember leader = leader();
        long term = leader.term();
        List<SimulatedMember> added = new ArrayList<>();
        List<Change> changes = new ArrayList<>();
        for (int i = 0; i <= before.voters().size(); i++) {
            SimulatedMember member = world.newMember();
            added.add(member);
            changes.add(new Change(ChangeType.ADD_VOTER, member.id(), member.incarnation()));
        }
        propose(leader, ConfChange.of(Transition.JOINT_IMPLICIT, changes, new byte[0]));
        world.agenda().in(timeout / 2, () -> added.forEach(SimulatedMember::start));
        waitFor(
                10 * timeout,
                () -> !members().isJoint()
                        && members().voters().size() > before.voters().size());
        if (members().isJoint() || members().voters().size() == before.voters().size()) {
            throw violation("voters were to be added to " + before);
        }
        if (leader().term() != term) {
            throw violation("new voters have cost the leader of " + before + " its place");
        }
    }

    /**
     * Removes one of two voters, which dies as soon as that is committed. What the other one alone has by then is
     * committed when the change takes effect, without any more news.
     */
    void shrink() {
        SimulatedMember leader = leader();
        List<Long> others = new ArrayList<>(members().voters());
        boolean isVoter = others.remove(leader.id());
        if (!isVoter || others.size() != 1 || !dice.chance(500)) {
            return;
        }
        long target = others.get(0);
        long before = world.rules().decidedIndex();
        propose(leader, ConfChange.of(new Change(ChangeType.REMOVE, target)));
        waitFor(10 * timeout, () -> world.rules().decidedIndex() > before);
        world.memberList().stream().filter(member -> member.id() == target).forEach(SimulatedMember::retire);
        world.forgetRetired();
        byte[] command = Registers.command(Long.MAX_VALUE, 1, KEY, 1);
        leader.call(host -> host.submit(command, Host.Reply.IGNORED));
    }

    private void propose(SimulatedMember leader, ConfChange change) {
        leader.call(host -> host.tell(node -> node.proposeConfChange(change)));
    }

    private SimulatedMember leader() {
        return world.leader().orElseThrow();
    }

    private ConfState members() {
        return world.rules().newestConfiguration();
    }

    private void waitFor(long millis, BooleanSupplier condition) {
        world.agenda().runFor(millis, 1, condition);
    }

    private Violation violation(String what) {
        String now = world.leader()
                .flatMap(SimulatedMember::status)
                .map(Status::toString)
                .orElse("nobody leads");
        return new Violation(Rule.LIVENESS, "in a healthy group " + what + ": " + now);
    }
}
