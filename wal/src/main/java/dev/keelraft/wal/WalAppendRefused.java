package dev.keelraft.wal;

/**
 * What was to be stored contradicts what is stored: a gap, a committed entry overwritten, a term or vote taken back, a snapshot
 * whose file is not as described. The host or the kernel has a defect. The log is unchanged and goes on.
 */
public final class WalAppendRefused extends WalException {
    private static final long serialVersionUID = 1L;

    WalAppendRefused(String text) {
        super(text, null);
    }
}
