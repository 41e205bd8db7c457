/**
 * A replicated key-value server that speaks etcd's client API: what a host of the kernel looks like when it is whole.
 *
 * <p>Read {@link dev.keelraft.example.kv} first, which is what the members replicate, and then {@link
 * dev.keelraft.example.etcd}, which is what clients see of it. Neither knows the other members, the log or the disk.
 * Then {@link dev.keelraft.example.server}, where they meet the kernel and the log on one thread, and {@link
 * dev.keelraft.example.peer}, which carries messages, proposals and snapshots between members.
 *
 * <p>{@link dev.keelraft.example.demo} and {@link dev.keelraft.example.bench} are clients, which know of a server no more
 * than etcd's API and flags.
 */
@NullMarked
package dev.keelraft.example;

import org.jspecify.annotations.NullMarked;
