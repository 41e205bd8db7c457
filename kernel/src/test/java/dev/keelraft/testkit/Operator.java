package dev.keelraft.testkit;

import dev.keelraft.ProposalResult;
import dev.keelraft.RawNode;
import dev.keelraft.Status;
import dev.keelraft.Storage;
import dev.keelraft.model.ConfChange;
import dev.keelraft.model.ConfChange.Change;
import dev.keelraft.model.ConfChange.ChangeType;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.NodeId;
import dev.keelraft.testkit.Violation.Rule;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Who changes the members, and replaces disks, as the documentation says that it is to be done: one thing after the other,
 * asked for again and again until it has happened.
 */
final class Operator {
    private static final int MAX_MEMBERS = 7;
    private static final long RETRY_MILLIS = 300;

    /** Who waits for a change looks often: the first member to apply it is ahead of the others by a moment only. */
    private static final long LOOK_MILLIS = 10;

    private final World world;
    private final Dice dice;

    /** The member whose disk is being replaced; nothing else is begun meanwhile. */
    private @Nullable SimulatedMember replacing;

    /** Which replacement it is; the steps of one that was begun anew are void. */
    private int procedure;

    private long lastProposal = -1_000_000;
    private long proposals;

    Operator(World world, Dice dice) {
        this.world = world;
        this.dice = dice;
        world.agenda().in(1_000, this::retire);
    }

    boolean isBusy() {
        return replacing != null;
    }

    // ---------------------------------------------------------------- single changes

    void addMember() {
        ConfState members = world.rules().newestConfiguration();
        if (size(members) < MAX_MEMBERS && mayChange()) {
            SimulatedMember added = world.newMember();
            added.start();
            propose(ConfChange.of(new Change(ChangeType.ADD_LEARNER, added.id(), added.incarnation())));
        }
    }

    void promote(int place) {
        List<Long> learners = world.rules().newestConfiguration().learners();
        if (!learners.isEmpty() && mayChange()) {
            long id = learners.get(place % learners.size());
            propose(ConfChange.of(addVoter(id)));
        }
    }

    private Change addVoter(long id) {
        long incarnation = world.rules().newestConfiguration().incarnation(id);
        return new Change(ChangeType.ADD_VOTER, id, incarnation);
    }

    void demote(int place) {
        ConfState members = world.rules().newestConfiguration();
        demote(members, members.voters().get(place % members.voters().size()));
    }

    private void demote(ConfState members, long id) {
        if (members.voters().contains(id) && members.voters().size() > 1 && !world.isHealed() && mayChange()) {
            propose(ConfChange.of(new Change(ChangeType.ADD_LEARNER, id, members.incarnation(id))));
        }
    }

    void remove(int place) {
        ConfState members = world.rules().newestConfiguration();
        List<Long> all = new ArrayList<>(members.voters());
        all.addAll(members.learners());
        long id = all.get(place % all.size());
        if (mayLose(members, id) && mayChange()) {
            propose(ConfChange.of(new Change(ChangeType.REMOVE, id)));
        }
    }

    void removeLeader() {
        long leader = world.leaderId();
        ConfState members = world.rules().newestConfiguration();
        if (leader != NodeId.NONE && mayLose(members, leader) && mayChange()) {
            propose(ConfChange.of(new Change(ChangeType.REMOVE, leader)));
        }
    }

    private static boolean mayLose(ConfState members, long id) {
        return !members.voters().contains(id) || members.voters().size() > 1;
    }

    /** Up to three changes at once. */
    void change(int choice) {
        ConfState members = world.rules().newestConfiguration();
        if (!mayChange()) {
            return;
        }
        List<Change> changes = new ArrayList<>();
        List<Long> voters = new ArrayList<>(members.voters());
        if ((choice & 1) != 0 && size(members) < MAX_MEMBERS) {
            SimulatedMember added = world.newMember();
            added.start();
            changes.add(new Change(ChangeType.ADD_VOTER, added.id(), added.incarnation()));
        }
        if ((choice & 2) != 0 && voters.size() > 1) {
            changes.add(new Change(ChangeType.REMOVE, voters.remove(dice.nextInt(voters.size()))));
        }
        if ((choice & 4) != 0 && voters.size() > 1) {
            long id = voters.remove(dice.nextInt(voters.size()));
            changes.add(new Change(ChangeType.ADD_LEARNER, id, members.incarnation(id)));
        }
        if ((choice & 8) != 0 && !members.learners().isEmpty()) {
            changes.add(addVoter(dice.of(members.learners())));
        }
        if ((choice & 2) != 0
                && world.leaderId() != NodeId.NONE
                && voters.remove(world.leaderId())
                && !voters.isEmpty()) {
            changes.add(new Change(ChangeType.REMOVE, world.leaderId()));
        }
        if (changes.isEmpty()) {
            return;
        }
        ConfChange.Transition transition =
                (choice & 16) != 0 ? ConfChange.Transition.JOINT_IMPLICIT : ConfChange.Transition.JOINT_EXPLICIT;
        propose(ConfChange.of(transition, changes, new byte[0]));
        if (dice.chance(200)) {
            world.agenda().in(dice.between(1, 150), () -> transfer(dice.nextInt(64)));
        }
    }

    /** Nothing may change while a disk is missing: with its owner's voice lost, one voice less could be one too few. */
    private boolean mayChange() {
        if (world.rules().newestConfiguration().isJoint()) {
            finish();
            return false;
        }
        return replacing == null;
    }

    /* Some do not wait until they see what came of it, and ask again at once. */
    private void propose(ConfChange change) {
        ask(change);
        long asked = ++proposals;
        if (dice.chance(200)) {
            world.agenda().in(dice.between(1, 60), () -> {
                if (asked == proposals) {
                    ask(change);
                }
            });
        }
    }

    private void ask(ConfChange change) {
        lastProposal = world.agenda().now();
        world.leader()
                .ifPresent(leader -> leader.call(host -> host.tell(node -> {
                    ProposalResult result = node.proposeConfChange(change);
                    if (!result.isAccepted()) {
                        world.coverage().count(Coverage.Seen.CHANGE_REFUSED);
                    }
                })));
    }

    private static int size(ConfState members) {
        return members.voters().size() + members.learners().size();
    }

    void transfer(int place) {
        List<Long> voters = world.rules().newestConfiguration().voters();
        long target = voters.get(place % voters.size());
        SimulatedMember asked =
                dice.chance(800) ? world.leader().orElse(world.memberList().get(0)) : dice.of(world.memberList());
        asked.call(host -> host.tell(node -> {
            handOver(asked, node, target);
            if (dice.chance(300)) {
                insist(asked, target, node.status().hardState().term());
            }
        }));
        if (dice.chance(200)) {
            // Who is to lead next may not even vote by the time it is told so.
            world.agenda()
                    .in(dice.between(1_000, 2_500), () -> demote(world.rules().newestConfiguration(), target));
        }
        if (dice.chance(200)) {
            // Then the old leader does not hear that there is a new one.
            world.agenda().in(dice.between(1, 12), () -> cutOff(asked));
        }
        long term = world.rules().newestTerm();
        world.agenda().in(3_000, () -> {
            if (world.rules().newestTerm() == term && world.leaderId() != target) {
                world.coverage().count(Coverage.Seen.TRANSFER_LOST);
            }
        });
    }

    private void cutOff(SimulatedMember member) {
        if (!world.isHealed()) {
            world.network().cut((from, to) -> from == member.id() || to == member.id(), dice.between(200, 3_000));
        }
    }

    private void handOver(SimulatedMember member, RawNode node, long target) {
        world.watch().transferAsked(member);
        node.transferLeadership(target);
        if (node.status().transferTarget() != NodeId.NONE
                && node.propose(new byte[1]).isAccepted()) {
            throw new Violation(Rule.LIVENESS, "node " + member.id() + " takes on proposals while it hands over");
        }
    }

    /* Asks for the same again and again, until the target has had its time; by then it leads, or the leader has given it up. */
    private void insist(SimulatedMember leader, long target, long term) {
        long begun = leader.ticks();
        long startedAt = leader.startedAt();
        long interval = 3L * world.setup().tickMillis();
        int asked = world.watch().transfersAsked(leader);
        world.agenda().in(interval, new Runnable() {
            private int expected = asked;

            @Override
            public void run() {
                if (!leader.isUp()
                        || leader.startedAt() != startedAt
                        || world.watch().transfersAsked(leader) != expected) {
                    return; // somebody else has asked as well
                }
                Status status = leader.status().orElse(null);
                if (status == null || status.hardState().term() != term || status.transferTarget() != target) {
                    return;
                }
                long ticks = leader.ticks() - begun;
                if (ticks > world.setup().electionTicks()) {
                    throw new Violation(
                            Rule.LIVENESS,
                            "node " + leader.id() + " has been handing over to " + target + " for " + ticks + " ticks");
                }
                if (ticks <= 6) {
                    leader.call(host -> host.tell(node -> {
                        // A process that was paused may have given it up by now; then this would begin it anew.
                        if (node.status().transferTarget() == target) {
                            expected++;
                            handOver(leader, node, target);
                        }
                    }));
                }
                world.agenda().in(interval, this);
            }
        });
    }

    /** Somebody leads now. Who still takes itself for the leader is asked for reads, which it must not answer from here on. */
    void doubt(long leader) {
        for (SimulatedMember member : world.memberList()) {
            if (member.id() != leader && !member.isPaused() && member.isLeader()) {
                for (int i = 0; i < 10; i++) {
                    world.agenda().in(dice.between(0, 1_000), () -> askForRead(member));
                }
            }
        }
    }

    private void askForRead(SimulatedMember member) {
        if (!member.isPaused() && member.isLeader()) {
            member.call(host -> host.query(Registers.question(1), world.setup().leases(), Host.Reply.IGNORED));
        }
    }

    // ---------------------------------------------------------------- lost disks

    /**
     * A disk is lost, or set back. With names for disks the member comes back under its own, as a learner first;
     * without, another member takes its place.
     */
    boolean loseDisk(int place, boolean backup) {
        ConfState members = world.rules().newestConfiguration();
        SimulatedMember lost = world.memberList().get(place % world.memberList().size());
        if (!canSpare(members, lost)) {
            return false;
        }
        boolean keepsName = world.setup().incarnations();
        SimulatedDisk disk = backup && keepsName ? lost.backup() : null;
        replace(lost, disk != null ? disk : world.emptyDisk(lost.id()), keepsName);
        return true;
    }

    private void replace(SimulatedMember lost, SimulatedDisk disk, boolean keepsName) {
        replacing = lost;
        procedure++;
        world.diskExchanged();
        lost.exchangeDisk(disk);
        if (keepsName) {
            until(() -> isNamed(lost), () -> Optional.of(learner(lost)), () -> {
                lost.taken();
                lost.start();
                world.coverage().count(Coverage.Seen.NEW_INCARNATION);
                promoteUntilDone(lost);
            });
        } else {
            until(
                    () -> !world.rules().chain().isMember(lost.id()),
                    () -> Optional.of(ConfChange.of(new Change(ChangeType.REMOVE, lost.id()))),
                    () -> {
                        lost.retire();
                        SimulatedMember next = world.newMember();
                        next.start();
                        until(
                                () -> world.rules().chain().isMember(next.id()),
                                () -> Optional.of(learner(next)),
                                () -> promoteUntilDone(next));
                    });
        }
    }

    /**
     * A node with another disk has found that it lacks what a leader says it has acknowledged: the leader meant its
     * earlier life, or a message came late. It gets an empty disk, as an operator would do who cannot tell; unless the
     * group cannot spare it, or has removed it meanwhile.
     */
    void lossNoticed(SimulatedMember member) {
        List<Long> voters = world.rules().newestConfiguration().voters();
        boolean isNeeded = voters.contains(member.id()) && voters.size() < 3;
        if (replacing != null && replacing != member) {
            world.agenda().in(RETRY_MILLIS, () -> lossNoticed(member));
        } else if (isNeeded || (replacing == null && runsOn(member))) {
            world.restartLater(member);
        } else if (!member.isRemoved()) {
            replace(member, world.emptyDisk(member.id()), true);
        }
    }

    private void promoteUntilDone(SimulatedMember member) {
        until(
                () -> world.rules().newestConfiguration().voters().contains(member.id()),
                () -> Optional.of(ConfChange.of(new Change(ChangeType.ADD_VOTER, member.id(), member.incarnation()))),
                () -> replacing = null);
    }

    private static ConfChange learner(SimulatedMember member) {
        return ConfChange.of(new Change(ChangeType.ADD_LEARNER, member.id(), member.incarnation()));
    }

    private boolean isNamed(SimulatedMember member) {
        return world.rules().newestConfiguration().incarnation(member.id()) == member.incarnation();
    }

    private void until(BooleanSupplier done, Supplier<Optional<ConfChange>> change, Runnable then) {
        until(procedure, 0, done, change, then);
    }

    private void until(
            int of, long proposeAt, BooleanSupplier done, Supplier<Optional<ConfChange>> change, Runnable then) {
        if (of != procedure) {
            return;
        }
        if (done.getAsBoolean()) {
            then.run();
            return;
        }
        long now = world.agenda().now();
        if (now >= proposeAt) {
            if (world.rules().newestConfiguration().isJoint()) {
                finish();
            } else {
                change.get().ifPresent(this::propose);
            }
        }
        long next = now >= proposeAt ? now + RETRY_MILLIS : proposeAt;
        world.agenda().in(LOOK_MILLIS, () -> until(of, next, done, change, then));
    }

    /* One voter may be lost where a majority is left without it, whatever was decided or is on its way. */
    private boolean canSpare(ConfState members, SimulatedMember lost) {
        if (replacing != null
                || members.isJoint()
                || members.voters().size() < 3
                || !members.voters().contains(lost.id())
                || world.agenda().now() - lastProposal < 10_000) {
            return false;
        }
        for (SimulatedMember member : world.memberList()) {
            if (!member.isTrustworthy() || !member.isUp() || hasOpenChange(member)) {
                return false;
            }
        }
        return true;
    }

    private boolean hasOpenChange(SimulatedMember member) {
        Storage log = member.shadow().written();
        if (member.status().map(Status::lastIndex).orElse(0L) > log.lastIndex()) {
            return true;
        }
        for (long i = Math.max(log.firstIndex(), world.rules().chain().newestIndex() + 1); i <= log.lastIndex(); i++) {
            if (MemoryLogs.entry(log, i).type().isConfChange()) {
                return true;
            }
        }
        return false;
    }

    /*
     * A member that was removed runs on for a while, and must harm nobody. Nobody needs its voice once all others have
     * noted it.
     */
    private void retire() {
        for (SimulatedMember member : world.memberList()) {
            if (runsOn(member) && member != replacing && dice.chance(300) && allHaveNoted()) {
                member.retire();
            }
        }
        world.forgetRetired();
        world.agenda().in(1_000, this::retire);
    }

    /** Whether a process runs on though its member was removed. */
    boolean runsOn(SimulatedMember member) {
        return world.rules().chain().wasMember(member.id());
    }

    /* What is not synced may be forgotten in a crash; once everything is healed nobody crashes. */
    private boolean allHaveNoted() {
        ConfState members = world.rules().newestConfiguration();
        for (long id : members.voters()) {
            SimulatedMember voter = world.members().get(id);
            if (voter != null && voter.isDiskExchanged()) {
                continue; // it will learn it anew
            }
            if (voter == null) {
                return false;
            }
            Storage log =
                    world.isHealed() ? voter.shadow().written() : voter.shadow().durable();
            if (log.hardState().commit() < world.rules().chain().newestIndex()) {
                return false;
            }
        }
        return !members.isJoint();
    }

    // ---------------------------------------------------------------- what hosts may say at any time

    void campaign(SimulatedMember member) {
        member.call(host -> host.tell(RawNode::campaign));
    }

    void forgetLeader(SimulatedMember member) {
        member.call(host -> host.tell(RawNode::forgetLeader));
    }

    /** Leaves a joint configuration that the leader does not leave by itself. */
    void finish() {
        ConfState members = world.rules().newestConfiguration();
        if (members.isJoint() && !members.autoLeave()) {
            propose(ConfChange.leave());
        }
    }
}
