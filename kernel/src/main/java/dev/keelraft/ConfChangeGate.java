package dev.keelraft;

import dev.keelraft.confchange.Changer;
import dev.keelraft.model.ConfChange;
import dev.keelraft.model.ConfChangeRefusal;
import dev.keelraft.model.Entry;
import dev.keelraft.model.EntryType;
import java.util.List;
import java.util.Optional;

/**
 * Which configuration changes a leader lets into its log: one at a time, for with two on their way two majorities could miss each
 * other (thesis 4.1), and only what can be made. Part of {@link Leader}.
 *
 * <p>A change is on its way from its append until this leader has applied it. That it is committed is not enough: members change
 * when they apply, and what comes behind must not find anybody two configurations back. (Whoever stores the later change has
 * been told by the same message that the earlier one is committed, and does not campaign before it has applied that.)
 */
final class ConfChangeGate {
    private final Raft raft;

    /**
     * As in etcd's library: the index at or before which the newest configuration change of the log is. It need not be exact, and
     * a new leader takes all that it has inherited for one.
     */
    private long pendingIndex;

    ConfChangeGate(Raft raft) {
        this.raft = raft;
        this.pendingIndex = raft.log().lastIndex();
    }

    /** Whether a change is on its way. */
    boolean isPending(long appliedIndex) {
        return raft.config().deviates(Deviation.CONF_CHANGES_REFUSED_NOT_REWRITTEN)
                ? raft.log().hasConfChangeAhead()
                : appliedIndex < pendingIndex;
    }

    /** Whether what is proposed leaves the joint configuration that the group is in, and nothing else. */
    boolean leavesJoint(List<Entry> proposed) {
        return raft.config().deviates(Deviation.CONF_CHANGES_REFUSED_NOT_REWRITTEN)
                && raft.membership().voters().isJoint()
                && proposed.size() == 1
                && proposed.get(0).type().isConfChange()
                && ConfChange.decode(proposed.get(0))
                        .filter(ConfChange::isLeave)
                        .isPresent();
    }

    /** Why proposed entries cannot be let in, if they cannot. */
    Optional<ProposalResult> refusal(List<Entry> proposed) {
        if (!raft.config().validateConfChanges()) {
            return Optional.empty();
        }
        boolean otherIsAhead = raft.log().hasConfChangeAhead();
        for (int i = 0; i < proposed.size(); i++) {
            if (!proposed.get(i).type().isConfChange()) {
                continue;
            }
            if (otherIsAhead) {
                return Optional.of(ProposalResult.refused(ProposalResult.Outcome.CONF_CHANGE_PENDING, raft.lead()));
            }
            otherIsAhead = true;
            Optional<ConfChangeRefusal> refusal = refusalOf(proposed.get(i));
            if (refusal.isPresent()) {
                return Optional.of(ProposalResult.invalid(refusal.get(), raft.lead()));
            }
        }
        return Optional.empty();
    }

    /**
     * Why a change could not be made, by the very rules by which it would be made. The members that it is held against are those
     * of the newest configuration in the log: none stands there that is not applied.
     */
    private Optional<ConfChangeRefusal> refusalOf(Entry entry) {
        Optional<ConfChange> change = ConfChange.decode(entry);
        if (change.isEmpty()) {
            return Optional.of(ConfChangeRefusal.UNDECODABLE);
        }
        return Changer.change(raft.membership(), change.get()) instanceof Changer.Refused refused
                ? Optional.of(refused.reason())
                : Optional.empty();
    }

    /** As in etcd's library: an entry without effect takes the place of a change that cannot be made, and passes for it. */
    List<Entry> rewritten(List<Entry> proposed) {
        Entry[] accepted = proposed.toArray(new Entry[0]);
        for (int i = 0; i < accepted.length; i++) {
            if (!accepted[i].type().isConfChange()) {
                continue;
            }
            Optional<ConfChange> change = ConfChange.decode(accepted[i]);
            if (change.isPresent() && passesForProposable(change.get())) {
                pendingIndex = raft.log().lastIndex() + 1 + i;
            } else {
                accepted[i] = new Entry(0, 0, EntryType.NORMAL, new byte[0]);
            }
        }
        return List.of(accepted);
    }

    private boolean passesForProposable(ConfChange change) {
        if (!raft.config().validateConfChanges()) {
            return true;
        }
        boolean otherIsPending = pendingIndex > raft.log().applied();
        boolean leaves = change.changes().isEmpty();
        return !otherIsPending && leaves == raft.membership().voters().isJoint();
    }
}
