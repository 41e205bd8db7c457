package dev.keelraft.wal;

/**
 * The log belongs to another cluster or another member. Nothing was changed. Most often a directory was copied or a path mixed
 * up; a member that runs on the data of another breaks the promises of both.
 */
public final class WalIdentityMismatch extends WalException {
    private static final long serialVersionUID = 1L;

    WalIdentityMismatch(String text) {
        super(text, null);
    }
}
