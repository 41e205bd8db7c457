package dev.keelraft.wal;

/**
 * {@link Wal#open} met no log. Nothing was changed. If this member ever ran, its data is missing (a disk that is not mounted, a
 * wrong path) and must be found: a member that starts afresh under its old id can vote twice.
 */
public final class WalNotFound extends WalException {
    private static final long serialVersionUID = 1L;

    WalNotFound(String text) {
        super(text, null);
    }
}
