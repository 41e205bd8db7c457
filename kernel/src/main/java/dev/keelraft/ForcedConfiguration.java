package dev.keelraft;

import dev.keelraft.confchange.Changer;
import dev.keelraft.confchange.Membership;
import dev.keelraft.model.ConfChange;
import dev.keelraft.model.ConfChange.Change;
import dev.keelraft.model.ConfChange.ChangeType;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.HardState;
import dev.keelraft.model.NodeId;
import dev.keelraft.quorum.Ballot;
import dev.keelraft.quorum.JointConfig;
import dev.keelraft.quorum.VoteResult;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/**
 * What makes a member go on without those that its group has lost for good. Made by {@link RawNode#forceConfiguration}, which
 * says what it costs.
 *
 * @param entries to append to the member's log
 * @param hardState to store with them, in the same sync
 * @param confState the members once these entries are applied
 */
public record ForcedConfiguration(List<Entry> entries, HardState hardState, ConfState confState) {
    /**
     * By how much the term rises. The lost members may have led terms that this one has never heard of, and their entries may
     * stand at the indexes of the forced ones; no group holds so many elections unnoticed.
     */
    static final long TERMS_SKIPPED = 1L << 20;

    static ForcedConfiguration of(long id, CheckedStorage storage, Applied applied, Collection<Long> lost) {
        Membership newest = newest(storage, applied);
        check(id, newest, lost);
        Plan plan = new Plan(newest);
        if (newest.voters().isJoint()) {
            plan.make(ConfChange.leave());
        }
        if (!plan.membership.voters().contains(id)) {
            plan.make(ConfChange.of(new Change(ChangeType.ADD_VOTER, id)));
        }
        TreeSet<Long> ordered = new TreeSet<>(NodeId.ORDER);
        ordered.addAll(lost);
        for (long member : ordered) {
            if (plan.membership.contains(member)) {
                plan.make(ConfChange.of(new Change(ChangeType.REMOVE, member)));
            }
        }
        long lastIndex = storage.lastIndex();
        long term = Math.max(storage.hardState().term(), storage.term(lastIndex)) + TERMS_SKIPPED;
        List<Entry> entries = new ArrayList<>();
        for (ConfChange change : plan.changes) {
            entries.add(new Entry(term, lastIndex + 1 + entries.size(), change.entryType(), change.encode()));
        }
        return new ForcedConfiguration(
                List.copyOf(entries), new HardState(term, 0, lastIndex + entries.size()), plan.membership.confState());
    }

    /** The members after everything that stands in the log. */
    private static Membership newest(CheckedStorage storage, Applied applied) {
        Membership membership = Membership.of(applied.confState());
        long index = applied.index() + 1;
        while (index <= storage.lastIndex()) {
            List<Entry> page = storage.entries(index, storage.lastIndex() + 1, 1 << 20);
            if (page.isEmpty()) {
                throw new RaftFailedException(
                        FailureCause.STORAGE, "Storage.entries left index " + index + " pending", null);
            }
            for (Entry entry : page) {
                membership = after(membership, entry);
            }
            index += page.size();
        }
        return membership;
    }

    private static Membership after(Membership before, Entry entry) {
        Optional<ConfChange> change = entry.type().isConfChange() ? ConfChange.decode(entry) : Optional.empty();
        return change.isPresent() && Changer.change(before, change.get()) instanceof Changer.Changed changed
                ? changed.membership()
                : before;
    }

    private static void check(long id, Membership members, Collection<Long> lost) {
        if (!members.contains(id) || lost.contains(id)) {
            throw new IllegalArgumentException("node " + Long.toUnsignedString(id)
                    + " must be a member that is not lost; the members are " + members.confState() + ", lost " + lost);
        }
        for (long member : lost) {
            if (!members.contains(member)) {
                throw new IllegalArgumentException("node " + Long.toUnsignedString(member)
                        + " is called lost, and is no member of " + members.confState());
            }
        }
        JointConfig voters = members.voters();
        if (voters.voteResult(voter -> lost.contains(voter) ? Ballot.REJECTED : Ballot.GRANTED) == VoteResult.WON) {
            throw new IllegalStateException("without " + lost + " there is still a quorum of " + members.confState()
                    + ": start its members, and remove the lost ones by configuration changes");
        }
    }

    /** Changes that follow one upon the other. */
    private static final class Plan {
        private Membership membership;
        private final List<ConfChange> changes = new ArrayList<>();

        Plan(Membership membership) {
            this.membership = membership;
        }

        void make(ConfChange change) {
            Changer.Outcome outcome = Changer.change(membership, change);
            Invariant.check(
                    outcome instanceof Changer.Changed,
                    "forced change %d can be made to %d members",
                    changes.size(),
                    membership.size());
            membership = ((Changer.Changed) outcome).membership();
            changes.add(change);
        }
    }
}
