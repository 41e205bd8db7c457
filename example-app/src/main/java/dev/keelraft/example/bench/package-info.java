/**
 * The command {@code bench}: how many puts per second a group takes, and how long each one waits. It speaks etcd's
 * client API and so measures etcd the same way.
 *
 * <p>Read {@code Bench} first, which says what is measured and what is not.
 */
@NullMarked
package dev.keelraft.example.bench;

import org.jspecify.annotations.NullMarked;
