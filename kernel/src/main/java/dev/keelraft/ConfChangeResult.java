package dev.keelraft;

import dev.keelraft.model.ConfChangeRefusal;
import dev.keelraft.model.ConfState;
import java.util.Optional;

/**
 * What became of a committed configuration change.
 *
 * @param confState the members from now on, to be stored with the next snapshot; unchanged if the change was refused
 * @param refusal why the change was not made, if it was not. Every member comes to the same result
 * @param outdated whether a snapshot that has arrived since the entry was handed out holds the change already. Then {@code
 *     confState} is the snapshot's, and not what the members were behind this entry: the host goes on applying, and makes no
 *     snapshot of its own before it has installed that one. A host that applies a Ready before it steps anything else never
 *     sees this
 */
public record ConfChangeResult(ConfState confState, Optional<ConfChangeRefusal> refusal, boolean outdated) {
    /** Tells whether the change was made, by this call or by a snapshot. */
    public boolean isApplied() {
        return refusal.isEmpty();
    }
}
