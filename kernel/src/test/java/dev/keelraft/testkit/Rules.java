package dev.keelraft.testkit;

import dev.keelraft.Ready;
import dev.keelraft.Storage;
import dev.keelraft.model.Body;
import dev.keelraft.model.ConfChange;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import dev.keelraft.model.NodeId;
import dev.keelraft.model.Snapshot;
import dev.keelraft.testkit.Violation.Rule;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What must hold for the group, checked at every step and over all of its history (paper, figure 3). It sees what hosts send,
 * store and apply; it asks nothing of the nodes, and so believes nothing that they say of themselves.
 */
final class Rules {
    private final World world;

    /** Who has sent something as the leader of a term. */
    private final Map<Long, Long> leaders = new HashMap<>();

    private long newestTerm;

    /** The entries of each term, in the order of their indexes, without gaps: one leader has written them. */
    private final Map<Long, TermLog> terms = new HashMap<>();

    /** What is committed, from index 1 on, and the term that its commit was first seen in. */
    private final List<Entry> decided = new ArrayList<>();

    private final List<Long> decidedIn = new ArrayList<>();

    private final MemberChain chain;

    /** The highest index that anybody has said to be committed, whether its entry was seen or not. */
    private long claimed;

    private final Map<Long, Progress> progress = new HashMap<>();
    private final Map<Long, byte[]> snapshots = new HashMap<>();
    private final ConfState founding;
    private final int founders;
    private long elections;
    private final Ballots ballots;
    private final Readings readings;

    private record TermLog(long first, long termBefore, List<Entry> entries) {
        long end() {
            return first + entries.size();
        }
    }

    /** What a member's host has shown. */
    final class Progress {
        /** Everything in its log up to here was compared with what is decided. */
        private long compared;

        private long committed;
        private long applied;
        private ConfState members = ConfState.EMPTY;

        /** Those before, for a moment: what was committed under them may only be seen now. */
        private ConfState before = ConfState.EMPTY;

        /** The newest change of the members that it has sent as a leader, and the term. */
        private long newestChange;

        private long newestChangeTerm;

        /**
         * Where its log ended when it led and learned that it is no member any more; nothing may come behind that
         * in this term, but what leaves a joint configuration.
         */
        private long closedAt = Long.MAX_VALUE;

        private long closedTerm;

        long applied() {
            return applied;
        }

        /** The members as its host knows them, and those before them, which its node may have counted a moment ago. */
        List<ConfState> known() {
            return List.of(members.isEmpty() ? founding : members, before.isEmpty() ? founding : before);
        }
    }

    Rules(World world, ConfState founders) {
        this.world = world;
        this.ballots = new Ballots(world);
        this.readings = new Readings(world);
        this.founders = founders.voters().size();
        this.founding = founders;
        this.chain = new MemberChain(world, founders);
        // The founders start with the entries that add them, and take them for committed from the start.
        this.claimed = this.founders;
    }

    long elections() {
        return elections;
    }

    long newestTerm() {
        return newestTerm;
    }

    long decidedIndex() {
        return decided.size();
    }

    /** What is committed at an index, from 1 on. */
    Entry decided(long index) {
        return decided.get((int) index - 1);
    }

    Readings readings() {
        return readings;
    }

    long leaderOf(long term) {
        return leaders.getOrDefault(term, NodeId.NONE);
    }

    ConfState newestConfiguration() {
        return chain.newest();
    }

    MemberChain chain() {
        return chain;
    }

    /** What is known of a member. */
    Progress progress(SimulatedMember member) {
        return progress.computeIfAbsent(member.id(), id -> new Progress());
    }

    // ---------------------------------------------------------------- messages

    void leaves(SimulatedMember member, Message message) {
        MessageType type = message.type();
        if (type == MessageType.APPEND || type == MessageType.HEARTBEAT || type == MessageType.INSTALL_SNAPSHOT) {
            leads(member, message.term());
            long commit = 0;
            if (message.body() instanceof Body.Append append) {
                commit = append.commit();
                checkTermOfCommit(member, message, append);
                checkChanges(member, message, append);
            } else if (message.body() instanceof Body.Heartbeat heartbeat) {
                commit = heartbeat.commit();
            }
            commits(member, commit, message.term());
        } else if (type == MessageType.TIMEOUT_NOW) {
            world.coverage().count(Coverage.Seen.TRANSFER_STARTED);
        } else if (message.body() instanceof Body.Vote request) {
            claimed = Math.max(claimed, request.commit());
        } else if (message.body() instanceof Body.VoteResponse answer) {
            claimed = Math.max(claimed, answer.commit());
        }
        ballots.leaves(member, message, progress(member));
        world.beliefs().leaves(member, message);
        readings.leaves(message);
        world.trace().sent(message);
    }

    /*
     * Whoever says first that something is committed, has counted it; and only what is of its own term may be counted
     * (paper, figure 8).
     */
    private void checkTermOfCommit(SimulatedMember member, Message message, Body.Append append) {
        Storage log = member.shadow().written();
        if (append.commit() > claimed
                && append.commit() <= log.lastIndex()
                && append.commit() >= log.firstIndex()
                && log.term(append.commit()) != message.term()) {
            throw new Violation(
                    Rule.COMMITTED_ON_A_QUORUM,
                    "node " + member.id() + ", which leads term " + message.term() + ", commits "
                            + MemoryLogs.entry(log, append.commit()) + " by counting");
        }
    }

    /*
     * A change of the members is put into the log when all before it are applied; and a leader that is no member any
     * more adds nothing.
     */
    private void checkChanges(SimulatedMember member, Message message, Body.Append append) {
        Progress of = progress(member);
        for (Entry entry : append.entries()) {
            if (entry.term() != message.term()) {
                continue;
            }
            if (of.closedTerm == entry.term() && entry.index() > of.closedAt && !leavesJoint(entry)) {
                throw new Violation(
                        Rule.MEMBERSHIP,
                        "node " + member.id() + " was removed, leads on, and has added " + entry + " behind index "
                                + of.closedAt);
            }
            boolean isNew = of.newestChangeTerm != entry.term() || entry.index() > of.newestChange;
            if (entry.type().isConfChange() && isNew) {
                checkNothingAhead(member, entry);
                of.newestChange = entry.index();
                of.newestChangeTerm = entry.term();
            }
        }
    }

    /** All that a leader which is no member may still do. */
    private static boolean leavesJoint(Entry entry) {
        return entry.type().isConfChange()
                && ConfChange.decode(entry).filter(ConfChange::isLeave).isPresent();
    }

    private void checkNothingAhead(SimulatedMember member, Entry change) {
        Progress of = progress(member);
        Storage log = member.shadow().written();
        boolean ownIsAhead = of.newestChangeTerm == change.term() && of.newestChange > of.applied;
        boolean isAhead = ownIsAhead;
        for (long i = Math.max(log.firstIndex(), of.applied + 1); i <= log.lastIndex() && i < change.index(); i++) {
            isAhead |= MemoryLogs.entry(log, i).type().isConfChange();
        }
        if (isAhead) {
            throw new Violation(
                    Rule.MEMBERSHIP,
                    "node " + member.id() + ", which has applied everything up to index " + of.applied
                            + ", has proposed " + change + " behind another change");
        }
    }

    private void leads(SimulatedMember member, long term) {
        Long known = leaders.putIfAbsent(term, member.id());
        if (known != null && known != member.id()) {
            throw new Violation(
                    Rule.ELECTION_SAFETY, "nodes " + known + " and " + member.id() + " both lead term " + term);
        }
        if (known != null) {
            if (term < newestTerm) {
                world.coverage().count(Coverage.Seen.TWO_LEADERS);
            }
            return;
        }
        ballots.leads(member, term, progress(member));
        elections++;
        world.coverage().count(Coverage.Seen.ELECTION);
        world.trace().leads(member.id(), term);
        if (term > newestTerm + 1 && newestTerm > 0) {
            world.coverage().count(Coverage.Seen.TERM_WITHOUT_LEADER);
        }
        newestTerm = Math.max(newestTerm, term);
        world.agenda().in(0, () -> world.operator().doubt(member.id()));
        Storage log = member.shadow().written();
        for (int i = decided.size() - 1; i >= 0 && i + 1 >= log.firstIndex(); i--) {
            if (decidedIn.get(i) < term && !MemoryLogs.holds(log, decided.get(i))) {
                throw new Violation(
                        Rule.LEADER_COMPLETENESS,
                        "node " + member.id() + " leads term " + term + " without " + decided.get(i)
                                + ", which was committed in term " + decidedIn.get(i));
            }
        }
    }

    // ---------------------------------------------------------------- logs

    /** A member is about to append what a Ready holds. */
    void appends(SimulatedMember member, Ready ready) {
        Snapshot snapshot = ready.snapshot();
        Storage log = member.shadow().written();
        if (snapshot.index() > log.snapshot().index()
                && snapshot.index() <= log.lastIndex()
                && log.term(snapshot.index()) == snapshot.term()) {
            throw new Violation(
                    Rule.LEADER_COMPLETENESS,
                    "node " + member.id() + " takes " + snapshot
                            + ", and loses what its log has behind it, up to index " + log.lastIndex());
        }
        if (!ready.entries().isEmpty()) {
            long first = ready.entries().get(0).index();
            if (first <= member.shadow().written().lastIndex()) {
                world.coverage().count(Coverage.Seen.CONFLICT);
            }
            Progress of = progress(member);
            of.compared = Math.min(of.compared, first - 1);
        }
    }

    /** A member has appended what a Ready holds. */
    void stored(SimulatedMember member, Ready ready) {
        List<Entry> entries = ready.entries();
        Snapshot snapshot = ready.snapshot();
        Storage log = member.shadow().written();
        if (!snapshot.isNone()) {
            installed(member, snapshot);
        }
        for (int i = 0; i < entries.size(); i++) {
            Entry entry = entries.get(i);
            long termBefore = i > 0 ? entries.get(i - 1).term() : log.term(entry.index() - 1);
            matches(member, entry, termBefore);
        }
        if (!ready.hardState().isEmpty()) {
            if (ready.hardState().commit() > log.lastIndex()) {
                throw new Violation(
                        Rule.DURABLE_BEFORE_PROMISED,
                        "node " + member.id() + " stores that everything up to index "
                                + ready.hardState().commit() + " is committed, in a log that ends at "
                                + log.lastIndex());
            }
            world.beliefs().stores(member, ready.hardState());
            commits(
                    member,
                    ready.hardState().commit(),
                    Math.max(ready.hardState().term(), newestTermOf(entries)));
        } else {
            commits(member, 0, log.hardState().term());
        }
    }

    private static long newestTermOf(List<Entry> entries) {
        return entries.isEmpty() ? 0 : entries.get(entries.size() - 1).term();
    }

    private void matches(SimulatedMember member, Entry entry, long termBefore) {
        TermLog known =
                terms.computeIfAbsent(entry.term(), term -> new TermLog(entry.index(), termBefore, new ArrayList<>()));
        int place = (int) (entry.index() - known.first);
        if (place == known.entries.size()) {
            known.entries.add(entry);
        } else if (place < 0 || place > known.entries.size()) {
            throw new Violation(
                    Rule.LOG_MATCHING,
                    "node " + member.id() + " has " + entry + ", and the entries of this term are those from "
                            + known.first + " to " + (known.end() - 1));
        }
        Entry same = known.entries.get(place);
        long sameBefore = place == 0 ? known.termBefore : entry.term();
        if (!same.equals(entry) || sameBefore != termBefore) {
            throw new Violation(
                    Rule.LOG_MATCHING,
                    "node " + member.id() + " has " + entry + " behind one of term " + termBefore + ", others have "
                            + same + " behind one of term " + sameBefore);
        }
    }

    private void installed(SimulatedMember member, Snapshot snapshot) {
        world.coverage().count(Coverage.Seen.SNAPSHOT_INSTALLED);
        Progress of = progress(member);
        if (snapshot.index() > decided.size()) {
            throw new Violation(Rule.STATE_MACHINE_SAFETY, "a snapshot of what is not committed: " + snapshot);
        }
        if (member.shadow().durable().lastIndex() > of.committed) {
            world.coverage().count(Coverage.Seen.SNAPSHOT_OVER_CONFLICT);
        }
        of.compared = Math.max(of.compared, snapshot.index());
    }

    // ---------------------------------------------------------------- commits

    /** A member says that it knows everything up to an index to be committed. */
    private void commits(SimulatedMember member, long index, long term) {
        Progress of = progress(member);
        of.committed = Math.max(of.committed, index);
        claimed = Math.max(claimed, index);
        Storage log = member.shadow().written();
        long end = Math.min(of.committed, log.lastIndex());
        of.compared = Math.max(of.compared, log.firstIndex() - 1);
        boolean isNews = end > decided.size();
        while (of.compared < end) {
            long next = of.compared + 1;
            decide(member, MemoryLogs.entry(log, next), term);
            of.compared = next;
        }
        if (isNews) {
            checkQuorum(member, decided.get(decided.size() - 1));
        }
    }

    private void decide(SimulatedMember member, Entry entry, long term) {
        if (entry.index() > decided.size()) {
            decided.add(entry);
            decidedIn.add(term);
            world.trace().committed(member.id(), entry.index());
        } else if (!decided(entry.index()).equals(entry)) {
            throw new Violation(
                    Rule.STATE_MACHINE_SAFETY,
                    "node " + member.id() + " takes " + entry + " for committed, and " + decided(entry.index())
                            + " is");
        }
    }

    /* The one who sees it first commits it, under the configuration that it has applied. */
    private void checkQuorum(SimulatedMember member, Entry newest) {
        Progress of = progress(member);
        if (newest.index() <= founders
                || world.disksWereExchanged()
                || of.known().stream().anyMatch(members -> isOnQuorum(members, newest))
                || chain.holdsOfRecent(members -> isOnQuorum(members, newest))) {
            return;
        }
        throw new Violation(
                Rule.COMMITTED_ON_A_QUORUM,
                "node " + member.id() + " takes " + newest
                        + " for committed, and it is not on the disks of a majority of " + of.members);
    }

    private boolean isOnQuorum(ConfState members, Entry entry) {
        Set<Long> holders = new HashSet<>();
        for (SimulatedMember member : world.members().values()) {
            if (MemoryLogs.holds(member.shadow().durable(), entry)) {
                holders.add(member.id());
            }
        }
        return Members.isQuorum(members, holders);
    }

    /** A sync may complete what others wait for; nothing to check, but a moment for the picture. */
    void synced(SimulatedMember member) {
        world.trace().synced(member.id(), member.shadow().durable().lastIndex());
    }

    // ---------------------------------------------------------------- state machines

    void applied(SimulatedMember member, Entry entry) {
        Progress of = progress(member);
        if (entry.index() != of.applied + 1) {
            throw new Violation(
                    Rule.STATE_MACHINE_SAFETY,
                    "node " + member.id() + " applies " + entry + " behind index " + of.applied);
        }
        if (entry.index() > decided.size() || !decided(entry.index()).equals(entry)) {
            // It may be handed out before this Ready is written; then it must be what will be written.
            if (entry.index() <= decided.size()) {
                throw new Violation(
                        Rule.STATE_MACHINE_SAFETY,
                        "node " + member.id() + " applies " + entry + ", and " + decided(entry.index())
                                + " is committed");
            }
            of.committed = Math.max(of.committed, entry.index());
            commits(member, entry.index(), member.shadow().written().hardState().term());
            if (entry.index() > decided.size()) {
                throw new Violation(
                        Rule.STATE_MACHINE_SAFETY,
                        "node " + member.id() + " applies " + entry + ", which nobody has committed");
            }
        }
        of.applied = entry.index();
        world.trace().applied(member.id(), entry.index());
    }

    void restored(SimulatedMember member, Snapshot snapshot) {
        Progress of = progress(member);
        of.applied = snapshot.index();
        known(of, snapshot.confState());
        chain.check(member, snapshot);
    }

    /** A member starts from its snapshot, or from nothing. */
    void started(SimulatedMember member) {
        Progress of = progress(member);
        of.applied = member.shadow().written().snapshot().index();
        of.compared = 0;
        of.committed = 0;
        of.members = member.shadow().written().snapshot().confState();
        of.before = of.members;
        of.newestChange = 0;
        of.closedTerm = 0;
        readings.restarted(member);
        world.beliefs().started(member, founding.voters().contains(member.id()) ? founders : 0);
    }

    /** State machines that were given the same commands are the same. */
    void snapshot(Snapshot snapshot) {
        byte[] known = snapshots.putIfAbsent(snapshot.index(), snapshot.data());
        if (known != null && !Arrays.equals(known, snapshot.data())) {
            throw new Violation(Rule.STATE_MACHINE_SAFETY, "two state machines differ at index " + snapshot.index());
        }
    }

    // ---------------------------------------------------------------- members

    /** A leader knows that it is no member any more, and leads on, since it was told to; its log ends here. */
    void closed(SimulatedMember member, long term, long lastIndex) {
        Progress of = progress(member);
        of.closedTerm = term;
        of.closedAt = lastIndex;
    }

    void configured(SimulatedMember member, long index, ConfState members) {
        Progress of = progress(member);
        known(of, members);
        world.watch().configured(member, of.before, members);
        if (index <= founders) {
            // The founders' first entries add them one by one; a founder that starts anew from nothing comes through
            // them again.
            return;
        }
        chain.follow(member, index, members);
    }

    private static void known(Progress of, ConfState members) {
        of.before = of.members.isEmpty() ? members : of.members;
        of.members = members;
    }
}
