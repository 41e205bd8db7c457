package dev.keelraft.tracker;

import java.util.Arrays;
import java.util.function.LongUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The members of the group with what the leader knows of each, in ascending order of their ids, so that everything that visits
 * them is deterministic. Immutable; its {@link Progress} objects are not.
 *
 * <p>It is also the function from a voter to the index that it has acknowledged, which quorums ask for.
 */
public final class Peers implements LongUnaryOperator {
    private final long[] ids;
    private final Progress[] progress;

    /**
     * Members and their progress, place by place.
     *
     * @param ids ascending, unsigned; not copied
     * @param progress of the same length; not copied
     */
    public Peers(long[] ids, Progress[] progress) {
        this.ids = ids;
        this.progress = progress;
    }

    /** How many members there are. */
    public int size() {
        return ids.length;
    }

    /** The member at a place. */
    public long id(int place) {
        return ids[place];
    }

    /** What is known of the member at a place. */
    public Progress progress(int place) {
        return progress[place];
    }

    /** What is known of a node, or null if it is no member. */
    public @Nullable Progress find(long id) {
        // Members are few: a walk is faster than a search.
        for (int i = 0; i < ids.length; i++) {
            if (ids[i] == id) {
                return progress[i];
            }
        }
        return null;
    }

    /** The index that a node has acknowledged; 0 if it is no member. */
    @Override
    public long applyAsLong(long id) {
        Progress found = find(id);
        return found == null ? 0 : found.match();
    }

    @Override
    public String toString() {
        return Arrays.toString(ids) + Arrays.toString(progress);
    }
}
