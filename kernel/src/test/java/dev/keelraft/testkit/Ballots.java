package dev.keelraft.testkit;

import dev.keelraft.Storage;
import dev.keelraft.model.Body;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Message;
import dev.keelraft.testkit.Violation.Rule;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What the proof of election safety builds on, checked where it happens (paper, 5.2 and 5.4.1): who may ask for votes, who may
 * give them, and that whoever leads was elected. Most broken elections do no harm in the same life; these checks see them
 * all the same.
 */
final class Ballots {
    private final World world;
    private final Map<Long, Map<Long, Bid>> bids = new HashMap<>();

    /**
     * The last answer of each member to a heartbeat, which promises the leader that it will vote for nobody else for a
     * while.
     */
    private final Map<Long, Promise> promises = new HashMap<>();

    private record Promise(long term, long tick) {}

    /** What somebody did to lead a term. */
    private static final class Bid {
        /** What was committed when it first asked who would vote for it; -1 if it has not asked. */
        private long committedBefore = -1;

        /** What it said of its log, the best if it said it twice. */
        private Body.@Nullable Vote request;

        private final Set<Long> grants = new HashSet<>();
    }

    Ballots(World world) {
        this.world = world;
    }

    private Bid bid(long term, long candidate) {
        return bids.computeIfAbsent(term, any -> new HashMap<>()).computeIfAbsent(candidate, any -> new Bid());
    }

    void leaves(SimulatedMember member, Message message, Rules.Progress of) {
        switch (message.type()) {
            case PRE_VOTE -> {
                checkIsVoter(member, message, of);
                checkIsReady(member, message, of);
                Bid bid = bid(message.term(), member.id());
                if (bid.committedBefore < 0) {
                    bid.committedBefore = world.rules().decidedIndex();
                }
            }
            case VOTE -> {
                checkIsVoter(member, message, of);
                asks(member, message, (Body.Vote) message.body());
            }
            case VOTE_RESPONSE -> {
                if (!((Body.VoteResponse) message.body()).rejected()) {
                    checkPromise(member, message);
                    grants(member, message);
                }
            }
            case HEARTBEAT_RESPONSE -> promises.put(member.id(), new Promise(message.term(), member.ticks()));
            default -> {
                // Nothing else has to do with elections.
            }
        }
    }

    private void checkIsVoter(SimulatedMember member, Message message, Rules.Progress of) {
        if (of.known().stream().noneMatch(members -> Members.isVoter(members, member.id()))) {
            throw new Violation(
                    Rule.ELECTION_SAFETY,
                    "node " + member.id() + " campaigns and is no voter of " + of.known() + ": " + message);
        }
    }

    /*
     * Whoever knows of a committed change that it has not applied might ask the wrong voters; whoever installs a
     * snapshot does not have its own log yet. A pre-vote leaves at once, and so shows what its sender knew. With a
     * vote, which waits for the disk, something may have come in between.
     */
    private void checkIsReady(SimulatedMember member, Message message, Rules.Progress of) {
        if (member.isInstalling()) {
            throw new Violation(
                    Rule.ELECTION_SAFETY,
                    "node " + member.id() + " campaigns while it installs a snapshot: " + message);
        }
        Storage log = member.shadow().written();
        long committed = Math.min(log.hardState().commit(), log.lastIndex());
        for (long i = Math.max(log.firstIndex(), of.applied() + 1); i <= committed; i++) {
            Entry entry = MemoryLogs.entry(log, i);
            if (entry.type().isConfChange()) {
                throw new Violation(
                        Rule.ELECTION_SAFETY,
                        "node " + member.id() + " campaigns, and has not applied " + entry
                                + ", which it knows to be committed");
            }
        }
    }

    private void asks(SimulatedMember member, Message message, Body.Vote request) {
        Bid bid = bid(message.term(), member.id());
        if (bid.request == null || isAhead(request, bid.request.lastTerm(), bid.request.lastIndex())) {
            bid.request = request;
        }
        // An answer to its round for the term before, which it is in now, cannot be told from one to this round if it
        // comes late.
        long before = bid(message.term() - 1, member.id()).committedBefore;
        long known = before < 0 ? bid.committedBefore : Math.min(before, bid.committedBefore);
        if (known <= 0 || request.transfer() || world.disksWereExchanged()) {
            return;
        }
        // A majority has said that it would vote for it, and so holds nothing that it lacks.
        Entry committed = world.rules().decided(known);
        if (isAhead(committed.term(), committed.index(), request)) {
            throw new Violation(
                    Rule.ELECTION_SAFETY,
                    "node " + member.id() + " has won a round of pre-votes without " + committed + ": " + message);
        }
    }

    private static boolean isAhead(Body.Vote request, long term, long index) {
        return request.lastTerm() > term || (request.lastTerm() == term && request.lastIndex() > index);
    }

    private static boolean isAhead(long term, long index, Body.Vote request) {
        return term > request.lastTerm() || (term == request.lastTerm() && index > request.lastIndex());
    }

    /*
     * Through restarts too, since ticks are those that the member has seen. The vote was given behind the promise, or
     * the answer would bear its term; but where a host lets messages wait, both may be old.
     */
    private void checkPromise(SimulatedMember voter, Message message) {
        Promise promise = promises.get(voter.id());
        Body.Vote request = bid(message.term(), message.to()).request;
        if (promise == null
                || promise.term() >= message.term()
                || (request != null && request.transfer())
                || !world.setup().leases()
                || !world.options().checkPromises()
                || !voter.sendsAtOnce()
                || world.disksWereExchanged()) {
            return;
        }
        long ticks = voter.ticks() - promise.tick();
        if (ticks < world.setup().electionTicks()) {
            throw new Violation(
                    Rule.ELECTION_SAFETY,
                    "node " + voter.id() + " has answered the leader of term " + promise.term() + " " + ticks
                            + " ticks ago, which counts on it, and votes for another: " + message);
        }
    }

    private void grants(SimulatedMember voter, Message message) {
        Bid bid = bid(message.term(), message.to());
        bid.grants.add(voter.id());
        if (bid.request == null) {
            throw new Violation(Rule.ELECTION_SAFETY, "nobody has asked for " + message);
        }
        Storage log = voter.shadow().durable();
        long lastTerm = log.term(log.lastIndex());
        // What is of the term itself came from who has won it meanwhile.
        if (world.options().checkPromises()
                && lastTerm < message.term()
                && isAhead(lastTerm, log.lastIndex(), bid.request)) {
            throw new Violation(
                    Rule.ELECTION_SAFETY,
                    "node " + voter.id() + ", whose log ends at index " + log.lastIndex() + " of term " + lastTerm
                            + ", votes for " + bid.request + ": " + message);
        }
    }

    /** Somebody leads, as one can see for the first time. */
    void leads(SimulatedMember member, long term, Rules.Progress of) {
        // It was told to, or waited until it was free.
        promises.remove(member.id());
        Set<Long> grants = new HashSet<>(bid(term, member.id()).grants);
        grants.add(member.id());
        checkOwnVote(member, term);
        for (ConfState members : of.known()) {
            if (Members.isQuorum(members, grants)) {
                return;
            }
        }
        // What it has applied since it was elected may have changed the members more than once.
        if (!world.rules().chain().holdsOfRecent(members -> Members.isQuorum(members, grants))) {
            throw new Violation(
                    Rule.ELECTION_SAFETY,
                    "node " + member.id() + " leads term " + term + " of " + of.known() + " with the votes of "
                            + grants);
        }
    }

    /* It counts when it is durable, like everybody else's. */
    private void checkOwnVote(SimulatedMember member, long term) {
        HardState stored = member.shadow().durable().hardState();
        boolean isDurable = stored.term() > term || (stored.term() == term && stored.vote() == member.id());
        if (world.options().checkPromises() && !isDurable) {
            throw new Violation(
                    Rule.DURABLE_BEFORE_PROMISED,
                    "node " + member.id() + " leads term " + term + ", and on its disk there is " + stored);
        }
    }
}
