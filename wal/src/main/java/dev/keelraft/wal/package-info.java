/** The write-ahead log: makes durable what a {@link dev.keelraft.Ready} holds, and finds it again after a crash. */
@NullMarked
package dev.keelraft.wal;

import org.jspecify.annotations.NullMarked;
