package dev.keelraft.wal;

import java.nio.file.Path;

/**
 * The log is whole, but a repair has made it so by dropping bytes that were durable: votes and entries which this member has
 * acknowledged may be among them. Nothing was changed.
 *
 * <p>A member that goes on with it may vote twice in a term, or let a leader be elected that lacks a committed entry. Remove it
 * from its group, and let it join anew, with an empty directory and under a new id. The log can still be read, with {@link
 * WalInspection}.
 */
public final class WalMustRejoin extends WalException {
    private static final long serialVersionUID = 1L;

    WalMustRejoin(Path raft) {
        super(
                "the log in " + raft + " was repaired by cutting off bytes that were durable, so votes and entries that"
                        + " this member has acknowledged may be gone. Nothing was changed. It must not take part in its"
                        + " group again: nothing that it says may count. Remove the member from its group, and let it join"
                        + " anew with an empty directory under a new id. What was cut off is in "
                        + raft.resolve("quarantine") + ".",
                null);
    }
}
