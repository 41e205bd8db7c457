package dev.keelraft.testkit;

/** A {@link HostLog} has found no room on its disk. Nothing has changed: the same call may be made again, and find some. */
public final class NoRoomException extends Exception {
    private static final long serialVersionUID = 1L;

    /** Says what the log said. */
    public NoRoomException(Throwable cause) {
        super(cause);
    }

    NoRoomException() {
        super("the disk is full");
    }
}
