package dev.keelraft.wal;

/**
 * {@link Wal#create} met a log, or what is left of one. Nothing was changed. A member that existed must be opened; a new one
 * needs a directory of its own.
 */
public final class WalAlreadyExists extends WalException {
    private static final long serialVersionUID = 1L;

    WalAlreadyExists(String text) {
        super(text, null);
    }
}
