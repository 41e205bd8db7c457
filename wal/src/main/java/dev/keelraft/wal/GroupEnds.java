package dev.keelraft.wal;

import java.util.ArrayList;
import java.util.List;

/**
 * Where the log of each group ended when a segment was begun: entries of the segments before it are there or below, or were
 * overwritten.
 */
final class GroupEnds {
    private final Group[] groups;
    private final long[] lastIndexes;

    private GroupEnds(List<Group> groups) {
        this.groups = groups.toArray(new Group[0]);
        this.lastIndexes = new long[this.groups.length];
        for (int i = 0; i < lastIndexes.length; i++) {
            lastIndexes[i] = this.groups[i].state().lastIndex();
        }
    }

    /** Where they end now. */
    static GroupEnds of(Groups groups) {
        return new GroupEnds(groups.stated());
    }

    /** Tells whether no group needs an entry from before. Allocates nothing. */
    boolean areReleased() {
        for (int i = 0; i < groups.length; i++) {
            if (groups[i].releasedIndex() < lastIndexes[i]) {
                return false;
            }
        }
        return true;
    }

    /** The groups that need entries from before, in the order of their ids. */
    List<Long> holders() {
        List<Long> holders = new ArrayList<>();
        for (int i = 0; i < groups.length; i++) {
            if (groups[i].releasedIndex() < lastIndexes[i]) {
                holders.add(groups[i].id());
            }
        }
        return List.copyOf(holders);
    }
}
