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
 *   <li>A node id is never used again after its member has lost its disk or left the group.
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
 *       confchange.Changer}: how members change; {@code ReadOnly}: linearizable reads.
 * </ol>
 *
 * <p>"The paper" is Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm", extended version; "the thesis"
 * is Ongaro, "Consensus: Bridging Theory and Practice".
 *
 * <h2>Behaviour</h2>
 *
 * <p>It is that of etcd's raft library (go.etcd.io/raft/v3, v3.7.0), except where {@code Deviation} says otherwise and why. The
 * tests run tens of thousands of recorded commands with all deviations off, and demand the same output.
 */
@NullMarked
package dev.keelraft;

import org.jspecify.annotations.NullMarked;
