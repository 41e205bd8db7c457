package dev.keelraft.wal;

/**
 * The log was written by a newer version of this library. Nothing was changed; open it with that version.
 */
public final class WalUnsupportedVersion extends WalException {
    private static final long serialVersionUID = 1L;

    WalUnsupportedVersion(String text) {
        super(text, null);
    }
}
