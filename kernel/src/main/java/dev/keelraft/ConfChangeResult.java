package dev.keelraft;

import dev.keelraft.model.ConfChangeRefusal;
import dev.keelraft.model.ConfState;
import java.util.Optional;

/**
 * What became of a committed configuration change.
 *
 * @param confState the members from now on, to be stored with the next snapshot; unchanged if the change was refused
 * @param refusal why the change could not be made, if it could not. Every member that looks comes to the same result
 * @param outdated whether nobody has looked, since a snapshot has arrived after the entry was handed out, and has passed it. Then
 *     {@code confState} is the snapshot's, and not what the members were behind this entry. What was handed out before the
 *     snapshot need not be applied any more, and must not be where the snapshot is installed already; before it is, the
 *     host makes no snapshot of its own, and stores no applied index from this entry on. A host that applies a Ready
 *     before it steps anything else never sees this
 */
public record ConfChangeResult(ConfState confState, Optional<ConfChangeRefusal> refusal, boolean outdated) {
    /** Tells whether the change was made; where a snapshot has passed it, nobody here knows. */
    public boolean isApplied() {
        return refusal.isEmpty() && !outdated;
    }
}
