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

    private static final long PAGE_BYTES = 1 << 20;

    static ForcedConfiguration of(
            long id, CheckedStorage storage, HardState hardState, Applied applied, Collection<Long> lost) {
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
        long term = Math.max(hardState.term(), storage.term(lastIndex)) + TERMS_SKIPPED;
        List<Entry> entries = new ArrayList<>();
        for (ConfChange change : plan.changes) {
            entries.add(new Entry(term, lastIndex + 1 + entries.size(), change.entryType(), change.encode()));
        }
        return new ForcedConfiguration(
                List.copyOf(entries), new HardState(term, 0, lastIndex + entries.size()), plan.membership.confState());
    }

    /** The members after everything that stands in the log. */
    private static Membership newest(CheckedStorage storage, Applied applied) {
        Plan inLog = new Plan(Membership.of(applied.confState()));
        storage.forEach(applied.index() + 1, PAGE_BYTES, inLog::follow);
        return inLog.membership;
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

    /** Members, and changes that follow one upon the other. */
    private static final class Plan {
        private Membership membership;
        private final List<ConfChange> changes = new ArrayList<>();

        Plan(Membership membership) {
            this.membership = membership;
        }

        /** Changes that were made already, those that could be. */
        void follow(List<Entry> entries) {
            for (Entry entry : entries) {
                Optional<ConfChange> change = entry.type().isConfChange() ? ConfChange.decode(entry) : Optional.empty();
                if (change.isPresent() && Changer.change(membership, change.get()) instanceof Changer.Changed changed) {
                    membership = changed.membership();
                }
            }
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
