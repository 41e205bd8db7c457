package dev.keelraft;

import dev.keelraft.model.ConfChange;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.EntryType;
import dev.keelraft.model.NodeId;
import java.util.EnumSet;
import java.util.Set;
import java.util.random.RandomGenerator;

/**
 * The settings of a node. Every member of a group should have the same, but for {@link #id}, {@link #random},
 * {@link #priority} and {@link #incarnation}.
 *
 * <pre>
 *   RaftConfig config = RaftConfig.builder(id, new Random(seed)).electionTicks(20).build();
 * </pre>
 *
 * <p>Times are counted in ticks: the host chooses how long a tick is by how often it calls {@link RawNode#tick}. With a tick of
 * 100 ms the defaults elect a leader within 1 to 2 seconds. A heartbeat must be longer than a round trip, an election
 * time-out about ten heartbeats.
 */
public final class RaftConfig {
    /** For limits in bytes: none. */
    public static final long NO_LIMIT = Long.MAX_VALUE;

    private final long id;
    private final RandomGenerator random;
    private final int electionTicks;
    private final int heartbeatTicks;
    private final boolean preVote;
    private final int priority;
    private final long incarnation;
    private final boolean checkQuorum;
    private final boolean stepDownOnRemoval;
    private final boolean forwardProposals;
    private final boolean asyncStorageWrites;
    private final int maxEntryBytes;
    private final long maxMessageBytes;
    private final long maxReadyBytes;
    private final long maxCommittedBytes;
    private final long maxUncommittedBytes;
    private final int maxInflightMessages;
    private final long maxInflightBytes;
    private final long diskStallTicks;
    private final long snapshotTimeoutTicks;
    private final int maxPendingReads;
    private final boolean leaseReads;
    private final int leaseDriftTicks;
    private final boolean validateConfChanges;
    private final EnumSet<Deviation> deviations;

    private RaftConfig(Builder builder) {
        id = builder.id;
        random = builder.random;
        electionTicks = builder.electionTicks;
        heartbeatTicks = builder.heartbeatTicks;
        preVote = builder.preVote;
        priority = builder.priority;
        incarnation = builder.incarnation;
        checkQuorum = builder.checkQuorum;
        stepDownOnRemoval = builder.stepDownOnRemoval;
        forwardProposals = builder.forwardProposals;
        asyncStorageWrites = builder.asyncStorageWrites;
        maxEntryBytes = builder.maxEntryBytes;
        maxMessageBytes = builder.maxMessageBytes;
        maxReadyBytes = builder.maxReadyBytes;
        maxCommittedBytes = builder.maxCommittedBytes;
        maxUncommittedBytes = builder.maxUncommittedBytes;
        maxInflightMessages = builder.maxInflightMessages;
        maxInflightBytes = builder.maxInflightBytes;
        diskStallTicks = builder.diskStallTicks == 0 ? 2L * electionTicks : builder.diskStallTicks;
        snapshotTimeoutTicks = builder.snapshotTimeoutTicks == 0 ? 60L * electionTicks : builder.snapshotTimeoutTicks;
        maxPendingReads = builder.maxPendingReads;
        leaseReads = builder.leaseReads;
        leaseDriftTicks = builder.leaseDriftTicks;
        validateConfChanges = builder.validateConfChanges;
        deviations = builder.deviations.clone();
    }

    /**
     * Begins with the defaults.
     *
     * @param id the node's own id, see {@link NodeId}
     * @param random draws the election time-outs; the node's alone. Members of a group must draw differently, so seed it
     *     with something of the node's own. The kernel only calls {@link RandomGenerator#nextLong()}: a {@code
     *     java.util.Random} of a fixed seed makes every run of the node the same
     */
    public static Builder builder(long id, RandomGenerator random) {
        return new Builder(NodeId.check(id), random);
    }

    /** The node's own id. */
    public long id() {
        return id;
    }

    RandomGenerator random() {
        return random;
    }

    /** Ticks without a sign of the leader after which a follower may campaign; see {@link Builder#electionTicks}. */
    public int electionTicks() {
        return electionTicks;
    }

    /** Ticks between two heartbeats of a leader; see {@link Builder#heartbeatTicks}. */
    public int heartbeatTicks() {
        return heartbeatTicks;
    }

    /** See {@link Builder#preVote}. */
    public boolean preVote() {
        return preVote;
    }

    /** See {@link Builder#priority}. */
    public int priority() {
        return priority;
    }

    /** See {@link Builder#incarnation}. */
    public long incarnation() {
        return incarnation;
    }

    /** See {@link Builder#checkQuorum}. */
    public boolean checkQuorum() {
        return checkQuorum;
    }

    /** See {@link Builder#stepDownOnRemoval}. */
    public boolean stepDownOnRemoval() {
        return stepDownOnRemoval;
    }

    /** See {@link Builder#forwardProposals}. */
    public boolean forwardProposals() {
        return forwardProposals;
    }

    /** See {@link Builder#asyncStorageWrites}. */
    public boolean asyncStorageWrites() {
        return asyncStorageWrites;
    }

    /** See {@link Builder#maxEntryBytes}. */
    public int maxEntryBytes() {
        return maxEntryBytes;
    }

    /** See {@link Builder#maxMessageBytes}. */
    public long maxMessageBytes() {
        return maxMessageBytes;
    }

    /** See {@link Builder#maxReadyBytes}. */
    public long maxReadyBytes() {
        return maxReadyBytes;
    }

    /** See {@link Builder#maxCommittedBytes}. */
    public long maxCommittedBytes() {
        return maxCommittedBytes;
    }

    /** See {@link Builder#maxUncommittedBytes}. */
    public long maxUncommittedBytes() {
        return maxUncommittedBytes;
    }

    /** See {@link Builder#maxInflightMessages}. */
    public int maxInflightMessages() {
        return maxInflightMessages;
    }

    /** See {@link Builder#maxInflightBytes}. */
    public long maxInflightBytes() {
        return maxInflightBytes;
    }

    /** See {@link Builder#diskStallTicks}. */
    public long diskStallTicks() {
        return diskStallTicks;
    }

    /** See {@link Builder#snapshotTimeoutTicks}. */
    public long snapshotTimeoutTicks() {
        return snapshotTimeoutTicks;
    }

    /** See {@link Builder#maxPendingReads}. */
    public int maxPendingReads() {
        return maxPendingReads;
    }

    /** See {@link Builder#leaseReads}. */
    public boolean leaseReads() {
        return leaseReads;
    }

    /** See {@link Builder#leaseDriftTicks}. */
    public int leaseDriftTicks() {
        return leaseDriftTicks;
    }

    boolean validateConfChanges() {
        return validateConfChanges;
    }

    /** Whether nobody could tell a proposal from the entry with which a leader opens its term. */
    boolean refusesAsEmpty(Entry proposed) {
        return proposed.type() == EntryType.NORMAL
                && proposed.payloadBytes() == 0
                && deviates(Deviation.EMPTY_PROPOSALS_REFUSED);
    }

    /** Whether leaders hold leases, and the others promise what these rest on; not as in etcd's library. */
    boolean givesLeases() {
        return leaseReads && deviates(Deviation.LEASE_COUNTS_FROM_HEARTBEAT);
    }

    boolean deviates(Deviation deviation) {
        return deviations.contains(deviation);
    }

    /** Collects settings; {@link #build()} checks them. */
    public static final class Builder {
        private final long id;
        private final RandomGenerator random;
        private int electionTicks = 10;
        private int heartbeatTicks = 1;
        private boolean preVote = true;
        private int priority;
        private long incarnation;
        private boolean checkQuorum = true;
        private boolean stepDownOnRemoval = true;
        private boolean forwardProposals;
        private boolean asyncStorageWrites;
        private int maxEntryBytes = 8 << 20;
        private long maxMessageBytes = 1 << 20;
        private long maxReadyBytes = 32 << 20;
        private long maxCommittedBytes = 16 << 20;
        private long maxUncommittedBytes = 256 << 20;
        private int maxInflightMessages = 256;
        private long maxInflightBytes = 64 << 20;
        private int diskStallTicks;
        private int snapshotTimeoutTicks;
        private int maxPendingReads = 4096;
        private boolean leaseReads;
        private int leaseDriftTicks = 1;
        private boolean validateConfChanges = true;
        private EnumSet<Deviation> deviations = EnumSet.allOf(Deviation.class);

        private Builder(long id, RandomGenerator random) {
            this.id = id;
            this.random = random;
        }

        /**
         * The shortest election time-out, in ticks. Each node draws its own anew, from this up to one less than twice this, so
         * that elections seldom collide (paper, 5.2). More than {@link #heartbeatTicks}; 10 by default.
         */
        public Builder electionTicks(int ticks) {
            electionTicks = ticks;
            return this;
        }

        /** The interval of a leader's heartbeats, in ticks. At least 1, which is the default. */
        public Builder heartbeatTicks(int ticks) {
            heartbeatTicks = ticks;
            return this;
        }

        /**
         * Whether a node asks if it could win before it disturbs the group with a new term (thesis 9.6). On by default; off, a
         * node that was cut off deposes a healthy leader when it comes back.
         */
        public Builder preVote(boolean on) {
            preVote = on;
            return this;
        }

        /**
         * How much this member should lead, compared with the others: at least 0, and 0 by default, for all alike. Each member
         * has its own; it may change with every start.
         *
         * <p>A candidate's requests bear it. A member that could be elected itself at that moment refuses a candidate of lower
         * priority whose log is exactly as good as its own. A longer log always wins, and a campaign that the leader ordered
         * ({@link RawNode#transferLeadership}) meets no such refusal.
         *
         * <p>It is a wish and no promise. A candidate needs a majority and not everybody, so it wins where the members above it
         * are not needed; and nobody gives leadership back to a better member that returns: the host asks for that with {@link
         * RawNode#transferLeadership}.
         *
         * <p>Nor may it cost the group its leader. A member that is cut off one way refuses nobody whom it does not hear, and
         * where its own refusals are lost they count for nothing. But it may hear a candidate whom it could elect, and reach too
         * few to be elected; or its host never lets it campaign, because it does not {@link RawNode#tick}. So it insists at most
         * as often in a row as the group has members, which is time enough for its own time-out, and then votes for whoever asks,
         * until it has heard from a leader or has led. The price is those rounds without a leader.
         *
         * <p>A member of etcd's sends 0 and refuses nobody for this reason.
         */
        public Builder priority(int priority) {
            this.priority = priority;
            return this;
        }

        /**
         * Which life of this member's data directory this is: any 64 bits, or 0, the default, for a host that does without.
         *
         * <p>A member that has lost its disk has forgotten its votes and what it has acknowledged. If it comes back under its id as
         * if nothing had happened, A and B commit an entry, B's disk is replaced, and B and C elect C without the entry. No member can
         * see that by itself; the others can, if each disk has a name:
         *
         * <ul>
         *   <li>The host draws a random number other than 0 when it makes the data directory, stores it there, and gives it here at
         *       every start (the {@code wal} module draws one of 128 bits; either half will do). A disk that was wiped, or replaced,
         *       has another one; a directory is never copied to a second member.
         *   <li>Every message in which this member speaks for itself bears it.
         *   <li>A configuration change names it ({@link ConfChange.Change#incarnation}): where a member is added, or, for
         *       the first members of a group, by an {@code UPDATE} of each once the group runs. (A member without a name that
         *       is added once more, under one, counts as a new disk.) Until it is named, nothing is checked. It stands in {@link
         *       ConfState}, so hosts store that in full.
         *   <li>From then on votes, acknowledgements and candidacies of any other incarnation are dropped, and counted as {@link
         *       StepResult#WRONG_INCARNATION}; and a node that the configuration knows by another one does not campaign.
         *   <li>For a member with a new disk the host proposes to {@code ADD_LEARNER} it with the new incarnation, in a change
         *       of its own, which also takes its vote; when that is applied, the member {@linkplain RawNode#join joins};
         *       when it has caught up, the host proposes to {@code ADD_VOTER} it. Another way is to remove it and to add it again. To
         *       exchange a voter at once is refused ({@code REPLACES_VOTER}). A member that starts before the leader has applied its
         *       name fails with {@link FailureCause#LOG_LOSS}, for the leader still counts on the old disk; so it may where a
         *       message of before comes late. If it does, it is exchanged once more, for one with an empty disk and a new incarnation.
         * </ul>
         *
         * <p>A member that has not applied the naming yet counts by the old name, as with every configuration change: it does not help to
         * elect the new incarnation, but it does follow it. In a group with members of etcd's do not name any: they neither
         * keep nor check them, and their snapshots would have members forget them at different times.
         */
        public Builder incarnation(long incarnation) {
            this.incarnation = incarnation;
            return this;
        }

        /**
         * Whether a leader that has not heard from a quorum for an election time-out steps down, and followers that hear from
         * a leader refuse to vote (thesis 6.2 and 4.2.3). On by default; off, a leader that was cut off leads on, for nobody.
         */
        public Builder checkQuorum(boolean on) {
            checkQuorum = on;
            return this;
        }

        /**
         * Whether a leader that is removed from the group, or becomes a learner, steps down when it applies that change. On by
         * default. Off, it leads on until its host hands over: as a learner it takes what it is asked; removed, it only
         * replicates what it has, and takes no proposals but the one that leaves a joint configuration.
         */
        public Builder stepDownOnRemoval(boolean on) {
            stepDownOnRemoval = on;
            return this;
        }

        /**
         * Whether a follower passes proposals on to the leader. Off by default: a forwarded proposal gets no answer, and may be
         * lost or arrive twice. Hosts forward by themselves, with an RPC that brings the {@link ProposalResult} back.
         */
        public Builder forwardProposals(boolean on) {
            forwardProposals = on;
            return this;
        }

        /**
         * Whether several Readys may be out at once, each reported by {@link RawNode#persisted} and {@link RawNode#applied}
         * instead of {@link RawNode#advance}. Off by default. On, a slow disk delays neither ticks nor heartbeats, and
         * committed entries are handed out only once they are durable on this node too.
         */
        public Builder asyncStorageWrites(boolean on) {
            asyncStorageWrites = on;
            return this;
        }

        /** The largest payload of a proposal, in bytes; larger ones are refused. At least 1; 8 MiB by default. */
        public Builder maxEntryBytes(int bytes) {
            maxEntryBytes = bytes;
            return this;
        }

        /**
         * How many bytes of entries, as they are on the wire, go into one append; a single larger entry goes alone. 0 or more
         * (0: one entry per append); 1 MiB by default.
         */
        public Builder maxMessageBytes(long bytes) {
            maxMessageBytes = bytes;
            return this;
        }

        /**
         * How many bytes of entries one {@link Ready} hands out to be stored; a single larger entry comes alone. The rest
         * comes with the next. At least 1; 32 MiB by default.
         */
        public Builder maxReadyBytes(long bytes) {
            maxReadyBytes = bytes;
            return this;
        }

        /**
         * How many bytes of committed entries, as they are on the wire, may be with the host to be applied, over all Readys
         * that are out; one entry always may. At least 1; 16 MiB by default.
         */
        public Builder maxCommittedBytes(long bytes) {
            maxCommittedBytes = bytes;
            return this;
        }

        /**
         * How many bytes of payload a leader takes on beyond what has been applied; further proposals are refused until some
         * are. A single larger proposal passes if nothing else is waiting. At least 1; 256 MiB by default.
         */
        public Builder maxUncommittedBytes(long bytes) {
            maxUncommittedBytes = bytes;
            return this;
        }

        /** How many appends may be on their way to one peer. At least 1; 256 by default. */
        public Builder maxInflightMessages(int count) {
            maxInflightMessages = count;
            return this;
        }

        /**
         * How many bytes of payload may be on their way to one peer; one append may cross it. At least {@link
         * #maxMessageBytes}; 64 MiB by default.
         */
        public Builder maxInflightBytes(long bytes) {
            maxInflightBytes = bytes;
            return this;
        }

        /**
         * For how many ticks {@link Ready}s may be out without any of them becoming durable before the node takes its disk for
         * stalled; a disk that is slow and gets on is none. A leader
         * whose disk stalls hands over to the best of its followers and steps down, for it can neither commit by itself nor
         * apply; a follower does not campaign, for it could not even store its vote. It needs ticks while the disk hangs: a
         * host that stores on the thread of the kernel has none. 0, the default, stands for twice {@link #electionTicks}.
         */
        public Builder diskStallTicks(int ticks) {
            diskStallTicks = ticks;
            return this;
        }

        /**
         * After how many ticks a leader stops waiting for {@link RawNode#reportSnapshot}, and for the peer itself, and asks the
         * peer again what it has. More than a snapshot ever takes to arrive, or it is sent twice. 0, the default, stands for 60
         * times {@link #electionTicks}.
         */
        public Builder snapshotTimeoutTicks(int ticks) {
            snapshotTimeoutTicks = ticks;
            return this;
        }

        /**
         * How many reads may wait for an answer at once, those that others have sent to a leader among them; further ones are
         * refused. At least 1; 4,096 by default.
         */
        public Builder maxPendingReads(int count) {
            maxPendingReads = count;
            return this;
        }

        /**
         * Whether a leader may hold a lease, for reads that ask for {@link ReadPolicy#LEASE}. Off by default. On, it is a promise of
         * every member, so all of them must have it on: whoever hears from a leader, or has just been restarted, neither
         * campaigns nor votes for an election time-out, unless the leader asks for it. That costs a group that was restarted as
         * a whole up to one election time-out more.
         *
         * <p>A lease is counted in ticks. So the host owes it more than usual: clocks that drift no more than {@link
         * #leaseDriftTicks}, and after a pause (of the process, the machine, the garbage collector) the ticks that are overdue
         * <em>before</em> the next read. A host that cannot promise that leaves leases off. Needs {@link #checkQuorum}.
         */
        public Builder leaseReads(boolean on) {
            leaseReads = on;
            return this;
        }

        /**
         * By how many ticks a lease ends before the promise does that it rests on, for clocks that do not agree: with the
         * default of 1 and an election time-out of 10 ticks a member's clock may run faster than the leader's by one part in
         * eight. 0 or more, and at most {@link #electionTicks} - 2.
         */
        public Builder leaseDriftTicks(int ticks) {
            leaseDriftTicks = ticks;
            return this;
        }

        /* For the conformance harness: without, a change that cannot be made enters the log. */
        Builder validateConfChanges(boolean on) {
            validateConfChanges = on;
            return this;
        }

        /* For the conformance harness. */
        Builder deviations(Set<Deviation> on) {
            deviations = on.isEmpty() ? EnumSet.noneOf(Deviation.class) : EnumSet.copyOf(on);
            return this;
        }

        /**
         * Checks the settings, and makes an immutable value of them.
         *
         * @throws IllegalArgumentException if one is out of its range
         */
        public RaftConfig build() {
            atLeast("heartbeatTicks", heartbeatTicks, 1);
            atLeast("electionTicks", electionTicks, heartbeatTicks + 1L);
            atLeast("priority", priority, 0);
            atLeast("maxEntryBytes", maxEntryBytes, 1);
            atLeast("maxMessageBytes", maxMessageBytes, 0);
            atLeast("maxReadyBytes", maxReadyBytes, 1);
            atLeast("maxCommittedBytes", maxCommittedBytes, 1);
            atLeast("maxUncommittedBytes", maxUncommittedBytes, 1);
            atLeast("maxInflightMessages", maxInflightMessages, 1);
            atLeast("diskStallTicks", diskStallTicks, 0);
            atLeast("snapshotTimeoutTicks", snapshotTimeoutTicks, 0);
            atLeast("maxPendingReads", maxPendingReads, 1);
            atLeast("leaseDriftTicks", leaseDriftTicks, 0);
            if (leaseReads && !checkQuorum) {
                throw new IllegalArgumentException(
                        "leaseReads needs checkQuorum: without it no member protects a leader");
            }
            if (leaseReads && leaseDriftTicks > electionTicks - 2) {
                throw new IllegalArgumentException("leaseDriftTicks " + leaseDriftTicks
                        + " leaves no lease: it must be at most electionTicks - 2, " + (electionTicks - 2));
            }
            atLeast("maxInflightBytes", maxInflightBytes, Math.max(1, maxMessageBytes));
            return buildUnchecked();
        }

        /* For the conformance harness: etcd's library also takes limits with which nothing works. */
        RaftConfig buildUnchecked() {
            return new RaftConfig(this);
        }

        private static void atLeast(String name, long value, long least) {
            if (value < least) {
                throw new IllegalArgumentException(name + " must be at least " + least + ", not " + value);
            }
        }
    }
}
