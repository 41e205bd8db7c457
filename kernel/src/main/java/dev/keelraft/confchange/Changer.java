package dev.keelraft.confchange;

import dev.keelraft.model.ConfChange;
import dev.keelraft.model.ConfChange.Change;
import dev.keelraft.model.ConfChangeRefusal;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.NodeId;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Makes one configuration change: works on copies of the sets of a {@link Membership}, and gives a new one or the reason why
 * not.
 *
 * <p>In a joint configuration a voter that is to go, or to become a learner, stays a voter of the outgoing half until the joint
 * configuration is left: an entry that was committed with its help must stay known to the old majority.
 */
public final class Changer {
    /** What became of a change. */
    public sealed interface Outcome {}

    /**
     * It was made.
     *
     * @param membership the new members
     * @param created who is new, also where the same change removed it before: what was known of its log no longer holds
     */
    public record Changed(Membership membership, List<Long> created) implements Outcome {}

    /**
     * It cannot be made; nothing has changed.
     *
     * @param reason why not
     */
    public record Refused(ConfChangeRefusal reason) implements Outcome {}

    private final Set<Long> incoming = new TreeSet<>(NodeId.ORDER);
    private final Set<Long> outgoing = new TreeSet<>(NodeId.ORDER);
    private final Set<Long> learners = new TreeSet<>(NodeId.ORDER);
    private final Set<Long> learnersNext = new TreeSet<>(NodeId.ORDER);
    private final List<Long> created = new ArrayList<>();
    private boolean autoLeave;

    private Changer(ConfState from) {
        incoming.addAll(from.voters());
        outgoing.addAll(from.votersOutgoing());
        learners.addAll(from.learners());
        learnersNext.addAll(from.learnersNext());
        autoLeave = from.autoLeave();
    }

    /** Makes a change, in the way that its transition asks for. */
    public static Outcome change(Membership from, ConfChange change) {
        if (change.isLeave()) {
            return leaveJoint(from);
        }
        return change.entersJoint()
                ? enterJoint(from, change.autoLeave(), change.changes())
                : simple(from, change.changes());
    }

    /** Changes at most one voter, at once: any two majorities before and after share a member (thesis 4.1). */
    public static Outcome simple(Membership from, List<Change> changes) {
        if (from.voters().isJoint()) {
            return new Refused(ConfChangeRefusal.SIMPLE_CHANGE_IN_JOINT);
        }
        Changer changer = new Changer(from.confState());
        Optional<Refused> refused = changer.apply(changes);
        if (refused.isPresent()) {
            return refused.get();
        }
        if (changer.alteredVoters(from.confState().voters()) > 1) {
            return new Refused(ConfChangeRefusal.CHANGES_SEVERAL_VOTERS);
        }
        return changer.changed();
    }

    /** Enters a joint configuration: the voters so far become its outgoing half, the changes are made to the incoming one. */
    public static Outcome enterJoint(Membership from, boolean autoLeave, List<Change> changes) {
        if (from.voters().isJoint()) {
            return new Refused(ConfChangeRefusal.ALREADY_JOINT);
        }
        if (from.voters().incoming().size() == 0) {
            // The outgoing half would be empty, which is how a configuration that is not joint looks.
            return new Refused(ConfChangeRefusal.NO_VOTERS);
        }
        Changer changer = new Changer(from.confState());
        changer.outgoing.addAll(changer.incoming);
        changer.autoLeave = autoLeave;
        Optional<Refused> refused = changer.apply(changes);
        return refused.isPresent() ? refused.get() : changer.changed();
    }

    /** Leaves a joint configuration: the incoming half alone decides from now on. */
    public static Outcome leaveJoint(Membership from) {
        if (!from.voters().isJoint()) {
            return new Refused(ConfChangeRefusal.NOT_JOINT);
        }
        Changer changer = new Changer(from.confState());
        changer.learners.addAll(changer.learnersNext);
        changer.learnersNext.clear();
        changer.outgoing.clear();
        changer.autoLeave = false;
        return changer.changed();
    }

    private Optional<Refused> apply(List<Change> changes) {
        for (Change change : changes) {
            long id = change.nodeId();
            if (id == NodeId.NONE) {
                // A host cancels a change that it has already committed by making it one of nobody.
                continue;
            }
            if (!NodeId.isValid(id)) {
                return Optional.of(new Refused(ConfChangeRefusal.INVALID_NODE_ID));
            }
            switch (change.type()) {
                case ADD_VOTER -> addVoter(id);
                case ADD_LEARNER -> addLearner(id);
                case REMOVE -> remove(id);
                case UPDATE -> {}
            }
        }
        return incoming.isEmpty() ? Optional.of(new Refused(ConfChangeRefusal.REMOVES_ALL_VOTERS)) : Optional.empty();
    }

    private void addVoter(long id) {
        noteIfNew(id);
        learners.remove(id);
        learnersNext.remove(id);
        incoming.add(id);
    }

    private void addLearner(long id) {
        noteIfNew(id);
        incoming.remove(id);
        if (outgoing.contains(id)) {
            learnersNext.add(id);
        } else {
            learners.add(id);
        }
    }

    private void remove(long id) {
        incoming.remove(id);
        learners.remove(id);
        learnersNext.remove(id);
    }

    private void noteIfNew(long id) {
        if (!incoming.contains(id) && !outgoing.contains(id) && !learners.contains(id)) {
            created.add(id);
        }
    }

    private Changed changed() {
        ConfState next = new ConfState(
                List.copyOf(incoming),
                List.copyOf(outgoing),
                List.copyOf(learners),
                List.copyOf(learnersNext),
                autoLeave);
        return new Changed(Membership.of(next), List.copyOf(created));
    }

    /** How many nodes vote now and did not before, or the reverse. */
    private int alteredVoters(List<Long> before) {
        Set<Long> kept = new TreeSet<>(NodeId.ORDER);
        kept.addAll(incoming);
        kept.retainAll(before);
        return incoming.size() - kept.size() + before.size() - kept.size();
    }
}
