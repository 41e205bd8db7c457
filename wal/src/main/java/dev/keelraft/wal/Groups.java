package dev.keelraft.wal;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.Consumer;

/**
 * The groups of a log, in the order of their ids, which are unsigned. Group 0 is always there; another one is as soon as somebody asks for it, and on
 * the disk once it has stored something. Any thread may ask.
 */
final class Groups {
    /** The group of a host that has only one. */
    static final long FIRST = 0;

    private final ConcurrentSkipListMap<Long, Group> groups = new ConcurrentSkipListMap<>(Long::compareUnsigned);
    private Consumer<Group> whenCreated = group -> {};

    Groups() {
        of(FIRST);
    }

    /** The group of an id. */
    Group of(long id) {
        Group known = groups.get(id);
        return known != null ? known : groups.computeIfAbsent(id, this::create);
    }

    private Group create(long id) {
        Group created = new Group(id);
        whenCreated.accept(created);
        return created;
    }

    /** The replay is over: all have a view, also those that come later. */
    void open(Segments segments, WalOptions options) {
        whenCreated = group -> group.open(segments, options);
        groups.values().forEach(whenCreated);
    }

    Collection<Group> all() {
        return groups.values();
    }

    /** Those that the first frame of a segment states: the first, and all that have stored something. */
    List<Group> stated() {
        List<Group> stated = new ArrayList<>();
        for (Group group : groups.values()) {
            if (group.id() == FIRST || !group.state().isEmpty()) {
                stated.add(group);
            }
        }
        return stated;
    }

    /** How long their states are in a frame. */
    long stateBytes() {
        long bytes = 0;
        for (Group group : stated()) {
            bytes += RecordWriter.stateBytes(group.state());
        }
        return bytes;
    }
}
