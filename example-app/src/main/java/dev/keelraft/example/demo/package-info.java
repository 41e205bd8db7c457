/**
 * The command {@code demo}: a group of three server processes, real writes through all of them, a leader that is killed
 * and comes back, and the proof that no write was lost and none was executed twice.
 *
 * <p>Read {@link dev.keelraft.example.demo.Demo} first, which is the course of events. {@code Workload} says what the
 * writes are, {@code Writers} who does them and what happens when an outcome is unknown, {@code Ledger} what must be
 * there in the end; {@code Servers} are the processes. The servers are reached through etcd's client API alone, so the
 * demo runs against any command that takes etcd's flags, etcd's own included.
 */
@NullMarked
package dev.keelraft.example.demo;

import org.jspecify.annotations.NullMarked;
