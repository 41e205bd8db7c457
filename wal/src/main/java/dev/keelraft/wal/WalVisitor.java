package dev.keelraft.wal;

/** Is shown the records of a log. */
@FunctionalInterface
public interface WalVisitor {
    /**
     * Here is the next one. What this throws ends the reading.
     *
     * @param record not used by anybody else
     */
    void visit(WalRecord record);
}
