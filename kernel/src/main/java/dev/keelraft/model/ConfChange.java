package dev.keelraft.model;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * A change of the group's members, as it is proposed and as its log entry holds it.
 *
 * <p>A change that alters more than one voter passes through a joint configuration (paper, section 6), in which every decision
 * takes a majority of the old voters and one of the new. An empty change with {@link Transition#AUTO} leaves it again.
 *
 * @param form how the entry is encoded
 * @param id any number of the host's; only {@link Form#V1} stores it
 * @param transition how the group gets to the new configuration
 * @param changes the single changes, in the order in which they are made; exactly one in {@link Form#V1}
 * @param context any bytes of the host's (for instance the new member's address); they belong to the change from now on
 */
public record ConfChange(Form form, long id, Transition transition, List<Change> changes, byte[] context) {

    /** How an entry holds a change. */
    public enum Form {
        /** etcd's older form with one change and no transition. New hosts have no use for it; mixed clusters may. */
        V1,
        /** The form that can say everything. */
        V2
    }

    /** How the group gets from one configuration to the next. */
    public enum Transition {
        /** At once if that is safe, which one single change is; otherwise as {@link #JOINT_IMPLICIT}. */
        AUTO(0),
        /** Through a joint configuration, which the leader leaves by itself. */
        JOINT_IMPLICIT(1),
        /** Through a joint configuration, which the host leaves by proposing {@link #leave}. */
        JOINT_EXPLICIT(2);

        private final int number;

        Transition(int number) {
            this.number = number;
        }

        /** The number of this transition on the wire. */
        public int number() {
            return number;
        }
    }

    /** What happens to one member. */
    public enum ChangeType {
        /** It becomes a voter, whether it was a learner or nothing before. */
        ADD_VOTER(0),
        /** It leaves. Its id must never come back, but as another incarnation. */
        REMOVE(1),
        /** Nothing but its incarnation, if one is named; its context is news about a member, such as a new address. */
        UPDATE(2),
        /** It becomes a learner: it receives the log and does not vote. */
        ADD_LEARNER(3);

        private final int number;

        ChangeType(int number) {
            this.number = number;
        }

        /** The number of this type on the wire. */
        public int number() {
            return number;
        }
    }

    /**
     * One single change.
     *
     * @param type what happens
     * @param nodeId to whom; {@link NodeId#NONE} makes it a change of nothing
     * @param incarnation which life of the member's data directory is meant, any 64 bits; 0 leaves that as it is. It means nothing
     *     where a member is removed. A voter that has one keeps it for as long as it is a voter. See {@code
     *     RaftConfig.Builder.incarnation}
     */
    public record Change(ChangeType type, long nodeId, long incarnation) {
        /** A change that names no incarnation. */
        public Change(ChangeType type, long nodeId) {
            this(type, nodeId, 0);
        }

        @Override
        public String toString() {
            return type + " " + Long.toUnsignedString(nodeId)
                    + (incarnation == 0 ? "" : "#" + Long.toHexString(incarnation));
        }
    }

    private static final byte[] NO_CONTEXT = {};

    /**
     * Checks what {@link Form#V1} can hold, and copies the list.
     *
     * @param form see above
     * @param id see above
     * @param transition {@link Transition#AUTO} in {@link Form#V1}
     * @param changes see above
     * @param context not copied
     */
    public ConfChange {
        changes = List.copyOf(changes);
        if (form == Form.V1 && (changes.size() != 1 || transition != Transition.AUTO)) {
            throw new IllegalArgumentException("the older form holds exactly one change, and no transition");
        }
        if (form == Form.V2 && id != 0) {
            throw new IllegalArgumentException("only the older form has an id: " + id);
        }
    }

    /** A change with {@link Transition#AUTO} and no context. */
    public static ConfChange of(Change... changes) {
        return of(Transition.AUTO, List.of(changes), NO_CONTEXT);
    }

    /** A change in {@link Form#V2}. */
    public static ConfChange of(Transition transition, List<Change> changes, byte[] context) {
        return new ConfChange(Form.V2, 0, transition, changes, context);
    }

    /** A change in {@link Form#V1}. */
    public static ConfChange v1(long id, ChangeType type, long nodeId, byte[] context) {
        return new ConfChange(Form.V1, id, Transition.AUTO, List.of(new Change(type, nodeId)), context);
    }

    /** The change that leaves a joint configuration. */
    public static ConfChange leave() {
        return of();
    }

    /** Tells whether it leaves a joint configuration. */
    public boolean isLeave() {
        return form == Form.V2 && transition == Transition.AUTO && changes.isEmpty();
    }

    /** Tells whether it passes through a joint configuration. */
    public boolean entersJoint() {
        return transition != Transition.AUTO || changes.size() > 1;
    }

    /** Tells whether the leader leaves the joint configuration, if it enters one, by itself. */
    public boolean autoLeave() {
        return transition != Transition.JOINT_EXPLICIT;
    }

    /** The type of the log entry that holds this change. */
    public EntryType entryType() {
        return form == Form.V1 ? EntryType.CONF_CHANGE : EntryType.CONF_CHANGE_V2;
    }

    /** The payload of the log entry that holds this change: etcd's {@code ConfChange} or {@code ConfChangeV2}. */
    public byte[] encode() {
        return ConfChangeWire.encode(this);
    }

    /**
     * Reads the change that a log entry holds.
     *
     * @return nothing if the payload is damaged, holds what this version does not know, or is an application's
     */
    public static Optional<ConfChange> decode(Entry entry) {
        return switch (entry.type()) {
            case NORMAL -> Optional.empty();
            case CONF_CHANGE -> ConfChangeWire.decodeV1(entry.data());
            case CONF_CHANGE_V2 -> ConfChangeWire.decodeV2(entry.data());
        };
    }

    /** Equal in all fields, the context byte by byte. */
    @Override
    public boolean equals(Object other) {
        return other instanceof ConfChange that
                && form == that.form
                && id == that.id
                && transition == that.transition
                && changes.equals(that.changes)
                && Arrays.equals(context, that.context);
    }

    @Override
    public int hashCode() {
        return 31 * (31 * transition.hashCode() + changes.hashCode()) + Arrays.hashCode(context);
    }

    @Override
    public String toString() {
        return "ConfChange[" + form + ", " + transition + ", " + changes + ", context=" + context.length + " B]";
    }
}
