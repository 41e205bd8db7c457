/**
 * The server process around the kernel: one thread that owns the member, its log and its state machine, and the parts that
 * bring it work and take work off it.
 *
 * <pre>
 *   clients ─► etcd services ─► KeelServer ─┐                                 ┌─► PeerTransport ─► peers
 *   peers ──► PeerTransport ─► PeerEntrance ┴─► Inbox ─► KernelLoop ─► RawNode ┤
 *                                                          │   ▲  Ready        ├─► LogThread ─► Wal ─► Inbox, when durable
 *                                                          │   └───────────────┴─► StateMachine ─► clients' answers
 *                                                          └─► Writes, Reads, Snapshots: what waits for the log
 * </pre>
 *
 * <p>Read {@code KernelLoop} first: it is the loop of {@link dev.keelraft.RawNode}'s documentation, with asynchronous storage
 * writes and nothing left out; and {@code LogThread}, which does what has to wait for the disk. Then
 * {@code Writes} (each write counts once, however often it is proposed), {@code Reads} (linearizable without the log), {@code
 * Snapshots} with {@code SnapshotFiles}, and {@code KeelServer}, which puts everything together. {@code Cluster} and {@code
 * ClusterFile} are about who the members are.
 *
 * <p><b>Threads.</b> The kernel thread alone touches the {@code RawNode} and what waits; it reads the log, which a thread of its
 * own writes, so that a slow disk delays no tick, no message and no heartbeat. Others put tasks into
 * the {@code Inbox}, which is bounded in number and bytes, and get answers through futures. Snapshots are written and received
 * on threads of their own; a state is immutable, so they need no lock.
 */
@NullMarked
package dev.keelraft.example.server;

import org.jspecify.annotations.NullMarked;
