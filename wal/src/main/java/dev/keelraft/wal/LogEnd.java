package dev.keelraft.wal;

/**
 * Where a log ends.
 *
 * @param lsn the position behind the last frame, in bytes over all segments
 * @param lastBatch the sequence number of that frame
 * @param chain its chain value
 */
record LogEnd(long lsn, long lastBatch, int chain) {}
