/**
 * The server process around the kernel: one thread that owns the member, its log and its state machine, and the parts that
 * bring it work and take work off it.
 *
 * <pre>
 *   clients ─► etcd services ─► KeelServer ─┐                                 ┌─► PeerTransport ─► peers
 *   peers ──► PeerTransport ─► PeerEntrance ┴─► Inbox ─► KernelLoop ─► RawNode ┤
 *                                                          │   ▲  Ready        ├─► Wal
 *                                                          │   └───────────────┴─► StateMachine ─► clients' answers
 *                                                          └─► Writes, Reads, Snapshots: what waits for the log
 * </pre>
 *
 * <p>Read {@code KernelLoop} first: it is the loop of {@link dev.keelraft.RawNode}'s documentation, with nothing left out. Then
 * {@code Writes} (each write counts once, however often it is proposed), {@code Reads} (linearizable without the log), {@code
 * Snapshots} with {@code SnapshotFiles}, and {@code KeelServer}, which puts everything together. {@code Cluster} and {@code
 * ClusterFile} are about who the members are.
 *
 * <p><b>Threads.</b> The kernel thread alone touches the {@code RawNode}, the {@code Wal} and what waits. Others put tasks into
 * the {@code Inbox}, which is bounded in number and bytes, and get answers through futures. Snapshots are written and received
 * on threads of their own; a state is immutable, so they need no lock.
 */
@NullMarked
package dev.keelraft.example.server;

import org.jspecify.annotations.NullMarked;
