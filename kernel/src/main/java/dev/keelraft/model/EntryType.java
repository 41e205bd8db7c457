package dev.keelraft.model;

/** What an {@link Entry} holds. */
public enum EntryType {
    /** The application's own bytes; no bytes for the entry with which each leader opens its term. */
    NORMAL(0),
    /** A configuration change in etcd's older form: one change of one member. See {@link ConfChange#form()}. */
    CONF_CHANGE(1),
    /** A configuration change: any number of changes at once, by joint consensus where that takes it. */
    CONF_CHANGE_V2(2);

    private final int number;

    EntryType(int number) {
        this.number = number;
    }

    /** The number of this type on the wire and on disk (etcd's {@code EntryType}). */
    public int number() {
        return number;
    }

    /** Tells whether such an entry holds an encoded {@link ConfChange}. */
    public boolean isConfChange() {
        return this != NORMAL;
    }
}
