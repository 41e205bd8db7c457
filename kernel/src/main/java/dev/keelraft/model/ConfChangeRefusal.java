package dev.keelraft.model;

/** Why a configuration change cannot be made. All members come to the same verdict, for they see the same log. */
public enum ConfChangeRefusal {
    /** The change wants to enter a joint configuration, and the group is in one. Leave it first. */
    ALREADY_JOINT,
    /** The change wants to leave a joint configuration, and the group is in none: somebody left it before. */
    NOT_JOINT,
    /** A change without transition is not possible in a joint configuration. Leave it first. */
    SIMPLE_CHANGE_IN_JOINT,
    /** A group without voters cannot enter a joint configuration. */
    NO_VOTERS,
    /** No voter would be left. */
    REMOVES_ALL_VOTERS,
    /** More than one voter would change at once, so that two majorities could miss each other (thesis 4.1). */
    CHANGES_SEVERAL_VOTERS,
    /**
     * It gives a voter another incarnation. That would be two voters under one name, each of which could vote: make it a learner
     * with the new incarnation, or remove it, and add it when that is done.
     */
    REPLACES_VOTER,
    /** It names an id that no node may have (see {@link NodeId#isValid}). */
    INVALID_NODE_ID,
    /** The payload of the entry is damaged, or was written by a newer version. */
    UNDECODABLE
}
