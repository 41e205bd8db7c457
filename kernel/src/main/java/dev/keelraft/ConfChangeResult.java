package dev.keelraft;

import dev.keelraft.model.ConfChangeRefusal;
import dev.keelraft.model.ConfState;
import java.util.Optional;

/**
 * What became of a committed configuration change.
 *
 * @param confState the members from now on, to be stored with the next snapshot; unchanged if the change was refused
 * @param refusal why the change was not made, if it was not. Every member comes to the same result
 */
public record ConfChangeResult(ConfState confState, Optional<ConfChangeRefusal> refusal) {
    /** Tells whether the change was made. */
    public boolean isApplied() {
        return refusal.isEmpty();
    }
}
