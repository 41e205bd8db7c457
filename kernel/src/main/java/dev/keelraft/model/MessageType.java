package dev.keelraft.model;

/**
 * The kinds of messages that nodes send each other. Each names the {@link Body} that it carries.
 *
 * <p>There are no kinds for what a host tells its own node: those are methods of {@code RawNode}, so that no peer can send
 * them.
 */
public enum MessageType {
    /** Leader to follower: entries, or none to probe the follower's log or to tell it a new commit index. */
    APPEND(Body.Append.class, false),
    /** Answer to {@link #APPEND} and {@link #INSTALL_SNAPSHOT}. */
    APPEND_RESPONSE(Body.AppendResponse.class, true),
    /** Candidate to voter: a vote for the message's term. */
    VOTE(Body.Vote.class, false),
    /** Answer to {@link #VOTE}. */
    VOTE_RESPONSE(Body.VoteResponse.class, true),
    /** Pre-candidate to voter: would you vote for me in the message's term? Nobody changes anything by answering. */
    PRE_VOTE(Body.Vote.class, false),
    /** Answer to {@link #PRE_VOTE}: a grant bears the term that was asked for, a refusal the voter's own. */
    PRE_VOTE_RESPONSE(Body.VoteResponse.class, true),
    /** Leader to follower: I am still here, and this much is committed. */
    HEARTBEAT(Body.Heartbeat.class, false),
    /** Answer to {@link #HEARTBEAT}. */
    HEARTBEAT_RESPONSE(Body.HeartbeatResponse.class, true),
    /** Leader to follower: a snapshot in place of entries that the leader no longer has. */
    INSTALL_SNAPSHOT(Body.InstallSnapshot.class, false),
    /** Follower to leader: a linearizable read of the follower's host. It bears no term. */
    READ_INDEX(Body.ReadIndex.class, false),
    /** Answer to {@link #READ_INDEX}. */
    READ_INDEX_RESPONSE(Body.ReadIndexResponse.class, true),
    /** Follower to leader: proposals of the follower's host. It bears no term. */
    PROPOSE(Body.Propose.class, false),
    /** Leader to follower: campaign at once, leadership is yours to take (thesis 3.10). */
    TIMEOUT_NOW(Body.TimeoutNow.class, false),
    /** Follower to leader: hand leadership to the member that stands in {@code from}. */
    TRANSFER_LEADER(Body.TransferLeader.class, false);

    private final Class<? extends Body> bodyType;
    private final boolean response;

    MessageType(Class<? extends Body> bodyType, boolean response) {
        this.bodyType = bodyType;
        this.response = response;
    }

    /** The one class of bodies that messages of this kind carry. */
    public Class<? extends Body> bodyType() {
        return bodyType;
    }

    /**
     * Tells whether {@code from} names the node that such a message is about, which need not be the one that sends it: it may have
     * been passed on. Where it is not, the sender's incarnation goes with it.
     */
    public boolean namesOrigin() {
        return this == PROPOSE || this == READ_INDEX || this == TRANSFER_LEADER;
    }

    /** Tells whether such a message answers another. Answers of nodes that are not members are dropped. */
    public boolean isResponse() {
        return response;
    }
}
