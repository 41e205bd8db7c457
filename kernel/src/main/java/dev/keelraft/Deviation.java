package dev.keelraft;

/**
 * The places where Keel does, on purpose, not what etcd's raft library does. All are on; only the conformance harness turns
 * them off, to compare everything else with recordings of that library.
 */
enum Deviation {
    /**
     * A vote request leaves only after the term, the candidate's own vote and the log that it advertises are durable.
     *
     * <p>In etcd's library it may leave while they are being written. A asks B for its vote in term 2 and names a last entry
     * that is not on A's disk yet; B grants; A crashes, and comes back in term 1 without the entry. A campaigns again, for term
     * 2 once more, now with the shorter log; the delayed grant from before the crash arrives and is counted: A leads term 2
     * without an entry that B may know to be committed.
     */
    VOTE_REQUEST_WAITS_FOR_DISK,

    /**
     * Requests for votes, and refusals, say what their sender knows to be committed. Who has that entry too knows it from then
     * on; a candidate that so learns of a configuration change gives up, for it may be counting the wrong voters.
     *
     * <p>In etcd's library only a leader tells. A leads the voters A, B, C and D, and appends at index 5 that D leaves, then 6.
     * A, B and C have 5, so it is committed, and D's host shuts D down. B has heard that 5 is committed, and lost the message
     * with 6; C has 6, and has not heard. Then A dies. B and C are two of the three voters that are left, and yet:
     *
     * <ol>
     *   <li>B asks for C's vote. C refuses: its own log is longer.
     *   <li>C counts on the voters that it knows, A, B, C and D. B grants, A and D are gone: two of four.
     *   <li>So it goes on for ever (etcd issue 12359). Here B's request says that 5 is committed; C has that entry, applies it,
     *       and next time wins with two of three.
     * </ol>
     *
     * <p>The other way round it is the refusal that tells: A, of A and B, has committed that A itself leaves, and more entries
     * that B lacks; it can lead no more, B can win only with A, and A refuses the shorter log.
     *
     * <p>That also holds for a refusal of an older term, which else counts for nothing: a pre-vote leaves the term of whom it asks
     * alone, so the refusal may bear an older one than the candidate's, each time anew. (Found by simulation.)
     *
     * <p>And a candidate that loses, and has heard of a commit beyond its own log, lets others go first for an election time-out: it
     * lacks what is committed, so it will lose again (paper, 5.4.1). B was away, and asks voters of before, in ever later terms;
     * A, the only other voter now, could win with B's vote, and finds each time that B has just voted for itself. (Found by
     * simulation.)
     *
     * <p>It is safe because a commit index is a fact, whoever tells it, and two logs with the same term at an index are the same
     * up to there (paper, 5.3); an index that does not match, or lies behind the own log, says nothing. A leader takes no
     * notice: it commits by counting, and if it cannot, the check of the quorum ends its term.
     */
    COMMIT_BY_VOTE,

    /**
     * A Ready with a snapshot must be synced, whatever else it holds.
     *
     * <p>In etcd's library it need not be. B installs a snapshot, acknowledges its index and loses it in a power failure; A has
     * counted that acknowledgement towards the commit of entries, and B's log now ends before them.
     */
    SNAPSHOT_DEMANDS_SYNC,

    /**
     * A configuration change that comes before the last received snapshot is not made: the members of the snapshot include it.
     *
     * <p>In etcd's library it is made to them. B is about to apply that D is added; a snapshot arrives, of a time when D has
     * left again, and brings its members; then B applies the addition, and counts D as a voter from then on.
     */
    SNAPSHOT_OUTDATES_CONF_CHANGES,

    /**
     * The leader of a group of one answers reads only once it has committed an entry of its term, as in any other group.
     *
     * <p>In etcd's library it answers at once. With asynchronous storage writes A, alone, commits and applies a write, tells the
     * client, and crashes before the new commit index is on its disk; the entry is. A leads again, and answers a read with the
     * old commit index: the client does not see its own write (thesis 6.4, step 1).
     */
    SINGLE_VOTER_READS_WAIT_FOR_COMMIT,

    /**
     * A leader builds appends, and the heartbeats that confirm reads, when the Ready is taken, not when something happens for
     * which it owes them.
     *
     * <p>In etcd's library A takes 64 proposals between two Readys and sends B and C 64 appends of one entry each, which they
     * acknowledge one by one. Here each gets one append of 64 entries. Nothing is delayed: no message leaves before the Ready.
     */
    MESSAGES_BUILT_WITH_READY,

    /**
     * A configuration change that cannot be made is refused, and its host told why. It is held against the newest configuration
     * in the log, by the rules by which it would be made.
     *
     * <p>In etcd's library A leads alone, and is asked to add B and, before that is applied, C. It says yes twice, puts an entry
     * without effect into the log in place of the second change, and whoever waits for C waits in vain. The other way round, A
     * says yes to a change that removes every voter, or to one without members that enters a joint configuration while there is
     * one, and every node of the group crashes when it applies that, again after each restart (etcd-io/raft issues 80 and 81).
     * And a new leader refuses every change until it has applied all that it inherited, also if that holds none. A leader that is
     * a learner by now, and was told to lead on, enters a joint configuration without itself: it takes no more proposals, so the
     * group never leaves that; here it takes this one. (Found by simulation.)
     */
    CONF_CHANGES_REFUSED_NOT_REWRITTEN,

    /**
     * A proposal without payload is refused.
     *
     * <p>In etcd's library it is accepted. A accepts one at index 5 and loses its leadership; B opens its term with the empty entry
     * that every leader begins with, at index 5 too. When A's host applies index 5 it finds what it has proposed, by all that it
     * can see of the payload.
     */
    EMPTY_PROPOSALS_REFUSED,

    /**
     * Every read is answered or fails: by a change of the leader, or after an election time-out. Their number is bounded, and what
     * a follower sends to the leader is a token of its own.
     *
     * <p>In etcd's library A has just been elected, puts a read aside until it has committed something, and steps down; the read
     * is neither answered nor refused, and when A is elected again, two terms later, it answers it to whoever has long given up.
     * All other reads of A vanish without a word. And B, which sends its reads to A under its host's names for them, takes a
     * late answer to the first use of a name for one to the second, with an index from before the writes that came between
     * (etcd issue 20418).
     */
    READS_FAIL_VISIBLY,

    /**
     * Reads that wait are counted again after each change of the configuration.
     *
     * <p>In etcd's library A leads A and B, a read waits for B's confirmation, and B is removed. A is a quorum by itself now, but
     * nothing makes it look again: the read is never answered, a later one at once.
     */
    READS_RECOUNTED_AFTER_CONF_CHANGE,

    /**
     * A leader that was removed from the group and has not stepped down yet asks the one voter that is left before it answers a
     * read.
     *
     * <p>In etcd's library A leads A and B and removes itself. The group has one voter, so A asks nobody; but the voter is B, which
     * may have been elected since, and have committed what A does not know of.
     */
    REMOVED_LEADER_ASKS_BEFORE_READS,

    /**
     * A leader's lease counts from the tick in which it made the heartbeat that a quorum has answered, ends a margin before the
     * promise of that quorum does, and for good when it tells another node to campaign.
     *
     * <p>In etcd's library it lasts until the next check of the quorum. A hears from B and C, and from then on from nobody. B waits
     * for one election time-out, is elected by C and commits a write. A looks at its quorum once per election time-out, and what
     * it sees is up to one old by then: for up to another one it answers reads without that write, although no clock is wrong.
     * Or A hands its leadership to B, is cut off at once, and answers on (etcd-io/raft issues 99 and 166, openraft pull request
     * 1748).
     */
    LEASE_COUNTS_FROM_HEARTBEAT,

    /**
     * A request to hand leadership over bears a term, and is dropped in another one.
     *
     * <p>In etcd's library it needs none. C asks A to hand over to B, and the message is delayed; A leads on for hours, or again in
     * a later term; then the message arrives, A obeys, and refuses proposals until B leads or an election time-out has passed.
     * A cannot even tell who asks: the message bears B's name.
     */
    TRANSFER_REQUEST_BEARS_TERM,

    /**
     * The configuration of {@link Status} says whether it is left automatically.
     *
     * <p>In etcd's library the mark is lost where the status is copied. A is in a joint configuration; its operator reads that
     * nothing will happen by itself, leaves it by hand, and races with A, which leaves it too.
     */
    STATUS_NAMES_AUTO_LEAVE,

    /**
     * A leader that applies its own removal, or its demotion, tells the best voter to campaign before it steps down.
     *
     * <p>In etcd's library it only steps down, if it is set to. A removes itself from A, B and C: for an election time-out nobody
     * leads, and every client waits (etcd issue 11038, etcd-io/raft issue 83).
     */
    REMOVED_LEADER_HANDS_OVER,

    /**
     * A leader whose disk has stalled hands over and steps down, and a node whose disk has stalled does not campaign.
     *
     * <p>In etcd's library A's disk hangs; with asynchronous storage writes A sends its heartbeats on, so B and C stay loyal, and
     * for as long as the disk hangs A acknowledges nothing to anybody (etcd issue 13527, hashicorp/raft issue 503).
     */
    STALLED_DISK_GIVES_UP_LEADERSHIP,

    /**
     * A leader that was told nothing of a snapshot for a long time asks its receiver again what it has.
     *
     * <p>In etcd's library A hands out a snapshot for B. A's host crashes its sending thread, and does not report; B never gets it,
     * so it never answers. A sends B nothing more, for ever (etcd issue 10225).
     */
    SNAPSHOT_REPORT_TIMES_OUT,

    /**
     * A member that does not campaign, or would not ask the leader or candidate of an old term for its vote, tells that one of its
     * own term, whatever protections are on.
     *
     * <p>In etcd's library, without pre-votes and without the check of the quorum, a leader of an old term hears of the new one
     * by the next campaign. B, cut off, campaigns up to term 21; meanwhile A, in term 19, makes B a learner. B comes back, drops
     * all that A sends, since it is of an old term, and so never learns what it misses; a learner does not campaign, so A never
     * learns of term 21. B follows nobody, for ever. Or B is still a voter, and the others were exchanged for new ones while it
     * was away: then it asks those for their votes that are members no more, in ever later terms, and does not answer a new one
     * that could win with its vote, since that asks in earlier terms. (All found by simulation.)
     */
    OLD_LEADER_HEARS_OF_NEW_TERM,

    /**
     * A heartbeat says of which term the entry is up to which it commits. A member that has another one there fails, for it has
     * lost what it had acknowledged.
     *
     * <p>In etcd's library it names the index alone. B, leading term 2, appends entries that nobody gets; its disk is copied; then A
     * leads term 3, and B acknowledges and commits A's entries in their place. B's disk breaks, and B comes back with the copy. A,
     * which does not know, sends a heartbeat that commits what B has acknowledged, and B applies its own entries of term 2:
     * its state machine is another one from then on, and nobody notices. A log that was shorter would be noticed. Nor does it help to
     * give B a new {@linkplain RaftConfig.Builder#incarnation incarnation}, as long as A has not applied that. (Found by simulation.)
     */
    HEARTBEAT_NAMES_COMMIT_TERM
}
