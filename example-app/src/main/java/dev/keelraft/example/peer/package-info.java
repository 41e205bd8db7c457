/**
 * How members reach each other: gRPC in plain text, one stream of raft messages to each peer, one call for each forwarded
 * proposal, one for each snapshot.
 *
 * <pre>{@code
 *  kernel thread                    PeerLink, one per peer                         the peer's PeerService
 *  send(message) ─► SendQueue ─► drained while the call is ready ─► [network] ─► codec, checks ─► PeerHandler.received
 *  propose ────────────────────────── unary call ─────────────────► [network] ─► PeerHandler.propose
 *  sendSnapshot ─► SnapshotSender, chunk by chunk, while ready ───► [network] ─► SnapshotReceiver ─► SnapshotSink
 * }</pre>
 *
 * <p>The rules:
 *
 * <ol>
 *   <li>Nobody who calls is blocked. What takes time happens on the transport's own threads.
 *   <li>Nothing grows without bound. gRPC keeps whatever it is given until the network takes it; so it is given nothing while
 *       the call is not ready, and what waits does so in a queue that is bounded by messages and by bytes.
 *   <li>No peer holds up another. Each has its own queue, call and state; the shared threads never wait for a peer or a disk.
 *   <li>Messages may be lost, as raft allows, but never without being counted.
 *   <li>Each call begins with a handshake: cluster, sender, receiver and versions must fit, or nothing else is looked at.
 * </ol>
 *
 * <p>What bounds the wait of a heartbeat behind appends: the queue to one peer is first in, first out, so the wait is what is
 * in front, divided by the speed of the network. That is at most the kernel's {@code maxInflightBytes} of appends, as it
 * leaves more unsent to a peer that has not acknowledged so much, and in any case {@link
 * dev.keelraft.example.peer.PeerOptions#queueBytes}. Whoever sets these beyond what the network carries within an election
 * time-out loses the leader under load. Snapshots and proposals have streams of their own, which HTTP/2 serves in turn.
 *
 * <p>There is neither encryption nor authentication: the handshake keeps mistakes out, not enemies.
 *
 * <p>Read {@link dev.keelraft.example.peer.PeerTransport} first, {@code keel_peer.proto}, then {@code Handshake}, {@code
 * PeerLink} and {@code SendQueue}, {@code PeerService}, and the two ends of a snapshot.
 */
@NullMarked
package dev.keelraft.example.peer;

import org.jspecify.annotations.NullMarked;
