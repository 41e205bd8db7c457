/**
 * The values that cross the kernel's door: entries, messages, hard state, snapshots and configurations.
 *
 * <p>All of them are immutable, compare by content, and know nothing of a node. Three rules hold for the whole package:
 *
 * <ul>
 *   <li><b>Numbers.</b> Terms and indexes are signed, {@code 0} and up; {@code 0} means "none". Node ids are unsigned 64-bit
 *       numbers; see {@link dev.keelraft.model.NodeId}.
 *   <li><b>Payloads.</b> A {@code byte[]} changes hands with the call: whoever passes one in must not change it afterwards,
 *       whoever gets one must only read it. Nothing here copies a payload.
 *   <li><b>Absence.</b> There is no null. What may be missing has a named empty value, such as
 *       {@link dev.keelraft.model.HardState#EMPTY} and {@link dev.keelraft.model.Snapshot#NONE}.
 * </ul>
 *
 * <p>Their form on the wire and on disk is not decided here, with two exceptions that flow control and mixed clusters
 * need: {@link dev.keelraft.model.Entry#wireBytes()} and the encoding of {@link dev.keelraft.model.ConfChange}.
 */
@NullMarked
package dev.keelraft.model;

import org.jspecify.annotations.NullMarked;
