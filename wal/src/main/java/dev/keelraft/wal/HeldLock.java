package dev.keelraft.wal;

import java.io.Closeable;
import java.io.IOException;

/** A lock that {@link FileLayer#lock} has taken. */
interface HeldLock extends Closeable {
    /**
     * Tells whether the lock still protects its directory. It does not once somebody has removed or replaced the file, or the
     * whole directory: a second process could then lock the new one.
     */
    boolean isIntact();

    /** The same by a look that may be a second old, which is cheap enough for every sync. */
    default boolean wasIntactLately() {
        return isIntact();
    }

    /** Gives the lock up. */
    @Override
    void close() throws IOException;
}
