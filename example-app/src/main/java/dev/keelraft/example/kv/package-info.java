/**
 * The replicated state machine: an in-memory key-value store with etcd's revisions, and sessions that make a command
 * count once however often it stands in the log. It is pure: no clock, no randomness, no thread, no file, no gRPC.
 *
 * <pre>{@code // on the member that a client asked                         // on every member, for each committed entry
 * RequestValidator.check(request);                             Applied applied = state.apply(CommandCodec.decode(data),
 * index); propose(CommandCodec.encode(command));                       state = applied.state(); // where the client
 * asked: applied.result() is its answer }</pre>
 *
 * <p>Read {@code keel_kv.proto} first, which says what a command is, then {@link
 * dev.keelraft.example.kv.KeyValueState}, {@code Transaction}, which executes one, {@code RangeQuery}, and {@link
 * dev.keelraft.example.kv.SnapshotFormat}.
 *
 * <p>What a request means is etcd's, not ours: {@code EtcdRecordingTest} holds every answer against those of etcd
 * 3.6.16.
 */
@NullMarked
package dev.keelraft.example.kv;

import org.jspecify.annotations.NullMarked;
