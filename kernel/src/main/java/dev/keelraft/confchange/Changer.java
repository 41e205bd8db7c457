package dev.keelraft.confchange;

import dev.keelraft.model.ConfChange;
import dev.keelraft.model.ConfChange.Change;
import dev.keelraft.model.ConfChangeRefusal;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.NodeId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Makes one configuration change: works on copies of the sets of a {@link Membership}, and gives a new one or the reason why
 * not.
 *
 * <p>In a joint configuration a voter that is to go, or to become a learner, stays a voter of the outgoing half until the joint
 * configuration is left: an entry that was committed with its help must stay known to the old majority.
 *
 * <p>An incarnation lives as long as its member is one. To give a voter another one would be to exchange two voters under one name,
 * with none of the overlap that a change of two voters needs, and is refused: were the old one alive, as after a copy of its disk,
 * A and the new B could commit what C and the old B then elect a leader without. A learner decides nothing, and may be exchanged.
 */
public final class Changer {
    /** What became of a change. */
    public sealed interface Outcome {}

    /**
     * It was made.
     *
     * @param membership the new members
     * @param created who is new, also where the same change removed it before, or gave it another incarnation: what was known of
     *     its log no longer holds
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
    private final Map<Long, Long> incarnations = new TreeMap<>(NodeId.ORDER);
    private boolean autoLeave;

    private Changer(ConfState from) {
        incoming.addAll(from.voters());
        outgoing.addAll(from.votersOutgoing());
        learners.addAll(from.learners());
        learnersNext.addAll(from.learnersNext());
        from.incarnations().forEach(known -> incarnations.put(known.id(), known.incarnation()));
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
        Optional<Refused> refused = changer.apply(changes, from.confState());
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
        Optional<Refused> refused = changer.apply(changes, from.confState());
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

    private Optional<Refused> apply(List<Change> changes, ConfState from) {
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
                case ADD_VOTER -> addVoter(id, change.incarnation());
                case ADD_LEARNER -> addLearner(id, change.incarnation());
                case REMOVE -> remove(id);
                case UPDATE -> {
                    if (isMember(id)) {
                        name(id, change.incarnation());
                    }
                }
            }
        }
        if (incoming.isEmpty()) {
            return Optional.of(new Refused(ConfChangeRefusal.REMOVES_ALL_VOTERS));
        }
        return replacesVoter(from) ? Optional.of(new Refused(ConfChangeRefusal.REPLACES_VOTER)) : Optional.empty();
    }

    /** Whether somebody votes, before and after, as two different incarnations. */
    private boolean replacesVoter(ConfState from) {
        for (ConfState.Incarnation before : from.incarnations()) {
            long id = before.id();
            boolean voted = from.voters().contains(id) || from.votersOutgoing().contains(id);
            boolean votes = incoming.contains(id) || outgoing.contains(id);
            if (voted && votes && incarnations.getOrDefault(id, 0L) != before.incarnation()) {
                return true;
            }
        }
        return false;
    }

    private void addVoter(long id, long incarnation) {
        meet(id, incarnation);
        learners.remove(id);
        learnersNext.remove(id);
        incoming.add(id);
    }

    private void addLearner(long id, long incarnation) {
        meet(id, incarnation);
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
        if (!isMember(id)) {
            incarnations.remove(id);
        }
    }

    /**
     * Notes who is met for the first time, and as what. A member without a name that is added under one has a new disk: a name for
     * the present one is an {@code UPDATE}. Were what is known of its log to stay, the leader would take the new disk for one
     * that has lost what the old one had acknowledged.
     */
    private void meet(long id, long incarnation) {
        if (!isMember(id) || (incarnation != 0 && !incarnations.containsKey(id))) {
            created.add(id);
        }
        name(id, incarnation);
    }

    private void name(long id, long incarnation) {
        if (incarnation == 0) {
            return;
        }
        Long before = incarnations.put(id, incarnation);
        if (before != null && before != incarnation) {
            created.add(id);
        }
    }

    private boolean isMember(long id) {
        return incoming.contains(id) || outgoing.contains(id) || learners.contains(id);
    }

    private Changed changed() {
        // Who has left an outgoing half has left for good.
        incarnations.keySet().removeIf(id -> !isMember(id));
        List<ConfState.Incarnation> known = new ArrayList<>();
        incarnations.forEach((id, incarnation) -> known.add(new ConfState.Incarnation(id, incarnation)));
        ConfState next = new ConfState(
                List.copyOf(incoming),
                List.copyOf(outgoing),
                List.copyOf(learners),
                List.copyOf(learnersNext),
                autoLeave,
                known);
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
