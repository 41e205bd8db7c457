package dev.keelraft;

import dev.keelraft.model.ConfState;

/**
 * How far the state machine had come when the node was stopped, and who the members were there. The two are one value, so
 * that nobody can give an index without the configuration that belongs to it.
 *
 * @param index the last index whose effects the state machine has; the index of its snapshot if it keeps nothing else
 * @param confState the members after all configuration changes up to {@code index}
 */
public record Applied(long index, ConfState confState) {
    /** Nothing applied, nobody known. */
    public static final Applied NOTHING = new Applied(0, ConfState.EMPTY);

    /**
     * Checks the number.
     *
     * @param index at least 0
     * @param confState see above
     */
    public Applied {
        if (index < 0) {
            throw new IllegalArgumentException("negative applied index: " + index);
        }
    }
}
