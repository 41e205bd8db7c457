package dev.keelraft.wal;

import java.nio.file.Path;

/**
 * Bytes that were on the disk are damaged or gone: not the torn end that a crash leaves, which recovery drops by itself.
 * Nothing was changed.
 *
 * <p>Entries or votes that this member has acknowledged may be lost. Do not cut the log and start it: remove the member from
 * its group and let it join again with an empty directory and a new id, or restore exactly these files from elsewhere.
 */
public final class WalCorrupt extends WalException {
    private static final long serialVersionUID = 1L;

    private final String file;
    private final long offset;
    private final long certifiedLsn;
    private final String what;

    WalCorrupt(Path file, long offset, long certifiedLsn, String what) {
        super(
                what + " (" + file + ", offset " + offset + "; "
                        + (certifiedLsn < 0
                                ? "how far the log was durable is not known"
                                : "the log is known to have been durable up to LSN " + certifiedLsn)
                        + "). This is damage, not a torn write. Nothing was changed. Keep the directory, remove"
                        + " the member from its group, and let it join anew with an empty directory under a new id.",
                null);
        this.file = file.toString();
        this.offset = offset;
        this.certifiedLsn = certifiedLsn;
        this.what = what;
    }

    /** The damaged file. */
    public String file() {
        return file;
    }

    /** The first byte of the file that cannot be trusted. */
    public long offset() {
        return offset;
    }

    /**
     * The position in the log, in bytes over all segments, up to which it was durable once, as far as the remains tell; -1 if
     * they tell nothing.
     */
    public long certifiedLsn() {
        return certifiedLsn;
    }

    /** The finding alone, without where it is and what to do. */
    String what() {
        return what;
    }

    /** Tells whether another reading has found the same. What is certified may have grown meanwhile. */
    boolean sameAs(WalCorrupt other) {
        return file.equals(other.file) && offset == other.offset && what.equals(other.what);
    }
}
