package dev.keelraft.wal;

/**
 * A read, write or force has failed, and with it the whole log: every later call throws this again, with the first cause.
 *
 * <p>What an earlier {@link Wal#sync} has acknowledged is on the disk. Of what came after, all, some or nothing may be there;
 * it was not acknowledged, and nobody must be told that it was. A failed force is not tried again, here or by the host: the
 * operating system may have dropped the pages and would report success (fsyncgate). Stop the member, look at the disk, restart.
 */
public final class WalFailed extends WalException {
    private static final long serialVersionUID = 1L;

    WalFailed(String text, Throwable cause) {
        super(text, cause);
    }
}
