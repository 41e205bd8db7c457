package dev.keelraft.wal;

/** Is told how far a long reading has come. */
@FunctionalInterface
public interface WalProgress {
    /** Nobody wants to know. */
    WalProgress NONE = (readBytes, totalBytes) -> {};

    /**
     * Some more was read. Called after each read, of a megabyte at most; on the thread that reads.
     *
     * @param readBytes how many bytes so far. What looks damaged is read twice, so they may be more than the total
     * @param totalBytes how many there seemed to be in the beginning
     */
    void read(long readBytes, long totalBytes);
}
