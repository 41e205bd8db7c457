package dev.keelraft.wal;

/**
 * Somebody has the log open: this process, or another. Nothing was changed.
 */
public final class WalLocked extends WalException {
    private static final long serialVersionUID = 1L;

    WalLocked(String text) {
        super(text, null);
    }
}
