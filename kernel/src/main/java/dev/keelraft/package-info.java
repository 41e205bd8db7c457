/**
 * A Raft kernel that does no IO, starts no thread, reads no clock and holds no lock: the host has all of these, and calls.
 *
 * <h2>The loop</h2>
 *
 * <pre>
 *      clock            network           clients
 *        | tick           | step            | propose, readIndex
 *        v                v                 v
 *   +-------------------------------------------+
 *   |                  RawNode                  |   one thread at a time
 *   +-------------------------------------------+
 *        | ready                       ^ advance
 *        v                             |
 *   send messages -&gt; append to the log, sync -&gt; send messagesAfterPersist -&gt; apply committedEntries
 * </pre>
 *
 * <p>{@link dev.keelraft.RawNode} shows the loop in ten lines, {@link dev.keelraft.Ready} is the contract as a table. A node is born by one of
 * three calls, which cannot be confused: {@link dev.keelraft.RawNode#bootstrap} for the first members of a new group, {@link
 * dev.keelraft.RawNode#join} for one that is added later, {@link dev.keelraft.RawNode#restart} for every later life.
 *
 * <h2>What the host owes</h2>
 *
 * <ol>
 *   <li>Readys are stored in their order, each whole or not at all, and forced to the disk where {@code mustSync} says so.
 *   <li>{@code messagesAfterPersist} leave when their Ready and all before it are durable. Sending everything only then is always
 *       right; sending {@code messages} earlier is faster.
 *   <li>Committed entries are applied in their order. For each configuration change the host says {@code applyConfChange} or
 *       {@code rejectConfChange}, on every member alike.
 *   <li>A snapshot is stored and installed before the Ready that brings it is advanced; its bulk was fetched before the message
 *       was stepped.
 *   <li>A node id is never used again after its member has lost its disk or left the group, but as another {@linkplain
 *       dev.keelraft.RaftConfig.Builder#incarnation incarnation}.
 * </ol>
 *
 * <p>Messages may be lost, doubled, delayed and reordered. They may not be changed: use a checksum or TLS.
 *
 * <h2>The way of an append, from bytes to Ready</h2>
 *
 * <pre>
 *   bytes -&gt; MessageCodec -&gt; RawNode.step -&gt; Raft.step -&gt; Follower.step -&gt; RaftLog.appendIfMatching -&gt; Unstable
 *            (proto module)  door: for us,   terms, votes  the role's rules   match, conflict            the end of the log
 *                            from a member?                     |                                        that is not durable
 *                                                               +-&gt; Outbox: the acknowledgement, to leave after the disk
 *   RawNode.ready() &lt;- Unstable (entries), Raft (hard state), Outbox (messages), RaftLog (committed entries)
 * </pre>
 *
 * <h2>Reading order</h2>
 *
 * <ol>
 *   <li>{@link dev.keelraft.RawNode} (the door) and {@link dev.keelraft.Ready};
 *   <li>{@code Raft}: what every node does. Terms, votes, the change of roles (paper, figure 2: "Rules for Servers");
 *   <li>{@code Follower}, {@code Candidate}, {@code Leader}: one block of figure 2 each;
 *   <li>{@code RaftLog} and {@code Unstable}: one log from two halves, and the marks along it;
 *   <li>{@code Outbox}: what may leave when;
 *   <li>{@code tracker.Progress}: what a leader knows of a peer; {@code quorum}: who has decided what; {@code
 *       confchange.Changer}: how members change;
 *   <li>{@code Reads} and {@code LeaderReads}: linearizable reads.
 * </ol>
 *
 * <p>"The paper" is Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm", extended version; "the thesis"
 * is Ongaro, "Consensus: Bridging Theory and Practice".
 *
 * <h2>Behaviour</h2>
 *
 * <p>It is that of etcd's raft library (go.etcd.io/raft/v3, v3.7.0), except where {@code Deviation} says otherwise. The tests run
 * tens of thousands of recorded commands with all deviations off, and demand the same output. Users have all of them on, and
 * no setting that turns one off. {@code DeviationTest} and its kin tell each story twice, as it ends there and as it ends here.
 *
 * <table>
 * <caption>Deviations</caption>
 * <tr><th>constant</th><th>what happens without it</th><th>source</th><th>cost</th></tr>
 * <tr><td>{@code VOTE_REQUEST_WAITS_FOR_DISK}</td>
 *     <td>a candidate that crashes wins with a log it no longer has</td>
 *     <td>paper 5.2, figure 2</td>
 *     <td>a sync before each campaign</td></tr>
 * <tr><td>{@code SNAPSHOT_DEMANDS_SYNC}</td>
 *     <td>an acknowledged snapshot is lost in a power failure</td>
 *     <td>paper, figure 13</td>
 *     <td>a sync for each snapshot</td></tr>
 * <tr><td>{@code SNAPSHOT_OUTDATES_CONF_CHANGES}</td>
 *     <td>a change from before a snapshot adds a voter that has left</td>
 *     <td>thesis 4.1</td>
 *     <td>nothing</td></tr>
 * <tr><td>{@code SINGLE_VOTER_READS_WAIT_FOR_COMMIT}</td>
 *     <td>a group of one reads behind its own write</td>
 *     <td>thesis 6.4, step 1; <a href="https://github.com/etcd-io/raft/issues/105">etcd-io/raft#105</a></td>
 *     <td>the first read of a term waits for one write</td></tr>
 * <tr><td>{@code MESSAGES_BUILT_WITH_READY}</td>
 *     <td>64 proposals leave as 64 appends to each peer</td>
 *     <td>thesis 10.2.1</td>
 *     <td>nothing</td></tr>
 * <tr><td>{@code CONF_CHANGES_REFUSED_NOT_REWRITTEN}</td>
 *     <td>a refused change passes for accepted; an impossible one crashes everybody; a leader that has left never leaves
 *     a joint configuration</td>
 *     <td><a href="https://github.com/etcd-io/raft/issues/80">etcd-io/raft#80</a>, <a href="https://github.com/etcd-io/raft/pull/81">#81</a></td>
 *     <td>8 bytes for each change that is not applied</td></tr>
 * <tr><td>{@code EMPTY_PROPOSALS_REFUSED}</td>
 *     <td>a lost proposal looks like the entry that took its place</td>
 *     <td>paper, section 8</td>
 *     <td>hosts need a byte</td></tr>
 * <tr><td>{@code READS_FAIL_VISIBLY}</td>
 *     <td>reads vanish, or are answered terms later, or by the answer to another one</td>
 *     <td>thesis 6.4; <a href="https://github.com/etcd-io/etcd/issues/20418">etcd#20418</a></td>
 *     <td>a token and a deadline for each forwarded read</td></tr>
 * <tr><td>{@code READS_RECOUNTED_AFTER_CONF_CHANGE}</td>
 *     <td>a read waits for a member that was removed</td>
 *     <td>thesis 6.4, 4.1</td>
 *     <td>a count for each change</td></tr>
 * <tr><td>{@code REMOVED_LEADER_ASKS_BEFORE_READS}</td>
 *     <td>a removed leader answers for the one voter left</td>
 *     <td>thesis 4.2.2</td>
 *     <td>a heartbeat for each such read</td></tr>
 * <tr><td>{@code LEASE_COUNTS_FROM_HEARTBEAT}</td>
 *     <td>stale reads with clocks that agree</td>
 *     <td>thesis 6.4.1; <a href="https://github.com/etcd-io/raft/issues/166">etcd-io/raft#166</a></td>
 *     <td>16 bytes for each heartbeat, a pause after a restart; only with leases on</td></tr>
 * <tr><td>{@code TRANSFER_REQUEST_BEARS_TERM}</td>
 *     <td>a late request moves a later leadership</td>
 *     <td>thesis 3.10</td>
 *     <td>nothing</td></tr>
 * <tr><td>{@code STATUS_NAMES_AUTO_LEAVE}</td>
 *     <td>an operator is told that nothing will happen</td>
 *     <td>thesis 4.3</td>
 *     <td>nothing</td></tr>
 * <tr><td>{@code REMOVED_LEADER_HANDS_OVER}</td>
 *     <td>nobody leads for an election time-out</td>
 *     <td>thesis 4.2.2, 3.10; <a href="https://github.com/etcd-io/etcd/issues/11038">etcd#11038</a></td>
 *     <td>one message</td></tr>
 * <tr><td>{@code STALLED_DISK_GIVES_UP_LEADERSHIP}</td>
 *     <td>a leader that can store nothing keeps everybody loyal</td>
 *     <td><a href="https://github.com/etcd-io/etcd/issues/13527">etcd#13527</a>, <a href="https://github.com/hashicorp/raft/issues/503">hashicorp/raft#503</a></td>
 *     <td>an election when a disk hangs</td></tr>
 * <tr><td>{@code SNAPSHOT_REPORT_TIMES_OUT}</td>
 *     <td>a peer is sent nothing ever again</td>
 *     <td><a href="https://github.com/etcd-io/etcd/issues/10225">etcd#10225</a></td>
 *     <td>a second snapshot if the time is too short</td></tr>
 * <tr><td>{@code OLD_LEADER_HEARS_OF_NEW_TERM}</td>
 *     <td>a learner that was a candidate, or a voter that missed a change of the others, follows nobody, for ever</td>
 *     <td>our simulation; paper, 5.1: a server with a stale term is told</td>
 *     <td>one message</td></tr>
 * <tr><td>{@code HEARTBEAT_NAMES_COMMIT_TERM}</td>
 *     <td>a member whose disk was set back applies entries that were never committed</td>
 *     <td>our simulation; paper, 5.3: the same term at an index is the same log up to there</td>
 *     <td>a number, and a look at the log, for each heartbeat</td></tr>
 * <tr><td>{@code COMMIT_BY_VOTE}</td>
 *     <td>a committed change is known only to those that cannot win</td>
 *     <td><a href="https://github.com/etcd-io/etcd/issues/12359">etcd#12359</a></td>
 *     <td>two numbers for each vote</td></tr>
 * </table>
 *
 * <p>Some differences have no constant, because no script of honest members can show them:
 *
 * <ul>
 *   <li>What ends in a crash there: a forwarded transfer, proposals that are empty or cannot be decoded, a short heartbeat
 *       context, a pre-vote refused in term 0, a snapshot without voters (messages are dropped and counted, see {@link
 *       dev.keelraft.StepResult}); impossible configuration changes ({@link dev.keelraft.RawNode#applyConfChange} gives the
 *       reason); an applied index above the stored commit index (it raises that); a compaction ahead of the acknowledgement of
 *       what was applied (does no harm); a leader that knows of committed entries which this node has lost ({@link
 *       dev.keelraft.FailureCause#LOG_LOSS}: the group fails alone).
 *   <li>What no member sends that keeps to the protocol: terms in proposals, falling terms in a log, acknowledgements beyond the
 *       leader's log, and the like. {@code MessageShape} refuses them before they change anything.
 *   <li>The order to forget the leader, which a peer can give there: here it is a call of the host, and no message.
 * </ul>
 */
@NullMarked
package dev.keelraft;

import org.jspecify.annotations.NullMarked;
