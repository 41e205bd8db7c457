package dev.keelraft.wal;

/** What MARK may hold next, of a log that is open. */
final class Marks {
    private Marks() {}

    /** The log is durable up to another place. */
    static Mark durable(Mark newest, long durableLsn, long lastBatch, int chain) {
        return new Mark(
                newest.walId(),
                newest.count() + 1,
                newest.bootCount(),
                durableLsn,
                lastBatch,
                chain,
                newest.firstSegment(),
                newest.lastSegment(),
                false);
    }

    /** The log consists of other segments. */
    static Mark segments(Mark newest, long first, long last) {
        return new Mark(
                newest.walId(),
                newest.count() + 1,
                newest.bootCount(),
                newest.durableLsn(),
                newest.lastBatch(),
                newest.chain(),
                first,
                last,
                false);
    }
}
