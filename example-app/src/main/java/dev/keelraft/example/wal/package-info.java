/**
 * The command {@code wal}: what an operator does with the log of a member. {@code inspect}, {@code dump}, {@code verify} and
 * {@code upgrade} only read, also beside a running server; {@code repair} takes the log's lock.
 *
 * <p>Read {@code WalCommand} first, which has the exit codes; {@code LogArgument} is what the commands share. All of what they
 * know about logs comes from {@link dev.keelraft.wal.WalInspection} and {@link dev.keelraft.wal.WalRepair}.
 */
@NullMarked
package dev.keelraft.example.wal;

import org.jspecify.annotations.NullMarked;
