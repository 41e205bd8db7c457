/**
 * etcd's client API over gRPC: what a client of the server talks to.
 *
 * <p>The services check requests, decide which of them need the log, the others' consent or neither, put the header
 * into every response, and say errors in etcd's words. What they need of the server is {@link
 * dev.keelraft.example.etcd.KeyValueBackend}, one door, so that they can be tested with nothing behind it but a state.
 * They start no thread and keep nothing.
 *
 * <p>Served are KV (Range, Put, DeleteRange, Txn), Cluster (MemberList) and Maintenance (Status, Alarm without
 * changes); whatever else a client calls answers UNIMPLEMENTED. The messages are in {@code etcd_rpc.proto}.
 *
 * <p>{@link dev.keelraft.example.etcd.EtcdClient} is the other side, for the commands that try a group out.
 */
@NullMarked
package dev.keelraft.example.etcd;

import org.jspecify.annotations.NullMarked;
