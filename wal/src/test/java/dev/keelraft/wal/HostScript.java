package dev.keelraft.wal;

import static dev.keelraft.wal.HostStep.append;
import static dev.keelraft.wal.HostStep.hardState;
import static dev.keelraft.wal.HostStep.install;
import static dev.keelraft.wal.HostStep.release;
import static dev.keelraft.wal.HostStep.save;

import dev.keelraft.model.HardState;
import java.util.List;
import java.util.Random;

/** What a {@link DoomedHost} does: everything once, always the same, or something at random. */
final class HostScript {
    private static final HostStep SYNC = HostStep.of(HostStep.Kind.SYNC);
    private static final HostStep CLOSE = HostStep.of(HostStep.Kind.CLOSE);
    private static final HostStep OPEN = HostStep.of(HostStep.Kind.OPEN);

    /** A log in the load keeps about so many entries. */
    private static final int KEPT_ENTRIES = 120;

    private HostScript() {}

    /**
     * Every operation at least once, by two groups, in the smallest segments: a creation, batches from nothing to more than a
     * segment, conflicts, cuts, snapshots of its own and from a leader, releases that delete segments, closings and opens.
     */
    static List<HostStep> everything() {
        return List.of(
                HostStep.of(HostStep.Kind.CREATE),
                hardState(0, 1, 1, 0),
                SYNC,
                append(0, 1, 1, 3, 100),
                append(9, 1, 1, 2, 50, new HardState(1, 2, 1)),
                SYNC,
                append(0, 1, 4, 1, 0, new HardState(1, 1, 2)),
                append(0, 2, 3, 2, 600, new HardState(2, 0, 2)), // a conflict: replaces 3 and 4
                SYNC,
                append(0, 2, 5, 2, 3000),
                append(9, 1, 3, 1, 2500), // a cut, and nothing was synced before
                SYNC,
                append(0, 2, 7, 1, 20_000, new HardState(2, 0, 6)), // longer than a segment
                SYNC,
                save(0, 5, 1),
                release(0, 3),
                append(0, 3, 7, 2, 900, new HardState(3, 0, 7)), // a conflict in another segment
                SYNC,
                save(9, 1, 2),
                release(9, 1),
                save(0, 7, 3),
                release(0, 7), // the third group of segments goes
                CLOSE,
                OPEN,
                install(9, 2, 30, 4, new HardState(2, 0, 30)),
                SYNC,
                append(9, 3, 31, 1, 5000, new HardState(3, 0, 30)),
                release(9, 30), // segments go, as nobody needs what is before the snapshot
                append(0, 3, 9, 1, 8000, new HardState(3, 1, 9)),
                SYNC,
                CLOSE,
                OPEN,
                append(0, 4, 10, 1, 30), // never synced by the host
                CLOSE);
    }

    /** What a host does to a log that another left behind by dying. It may be in any state. */
    static List<HostStep> afterDeath(HostOracle oracle) {
        LogState now = oracle.now(0);
        long term = now.hardState().term() + 1;
        return List.of(
                append(
                        0,
                        term,
                        now.lastIndex() + 1,
                        2,
                        100,
                        new HardState(term, 0, now.hardState().commit())),
                SYNC,
                append(9, term, oracle.now(9).lastIndex() + 1, 1, 9000),
                SYNC,
                append(0, term, now.lastIndex() + 3, 1, 9000),
                SYNC,
                CLOSE);
    }

    /**
     * The next step of a host that never ends: mostly batches, several for a sync; snapshots and releases, so that the log stays
     * short; now and then a conflict, a snapshot from a leader, a closing and an open.
     *
     * @param number of this step, never used before in this directory
     */
    static HostStep load(HostOracle oracle, Random random, int number) {
        long group = random.nextInt(3) == 0 ? 9 : 0;
        LogState now = oracle.now(group);
        long commit = now.hardState().commit();
        if (now.entries().size() > KEPT_ENTRIES && commit > now.startIndex()) {
            return now.snapshot().index() < commit
                    ? save(group, commit, number)
                    : release(group, Math.max(now.startIndex() + 1, commit - random.nextInt(20)));
        }
        int dice = random.nextInt(1000);
        if (dice < 300) {
            return SYNC;
        } else if (dice < 303) {
            return CLOSE;
        } else if (dice < 308) {
            long term = Math.max(now.lastTerm(), now.hardState().term()) + 1;
            long index = Math.max(now.lastIndex(), commit) + random.nextInt(10) + 1;
            return install(group, term, index, number, new HardState(term, 0, index));
        }
        return batch(group, now, random);
    }

    private static HostStep batch(long group, LogState now, Random random) {
        long first = now.lastIndex() + 1;
        long term = Math.max(1, now.hardState().term());
        if (random.nextInt(30) == 0) { // a new leader, which may replace what is not committed
            term++;
            first = Math.max(now.hardState().commit(), now.startIndex()) + 1;
        }
        int count = 1 + random.nextInt(4);
        long last = first + count - 1;
        long commit = Math.max(now.hardState().commit(), last - random.nextInt(8));
        long vote = term == now.hardState().term() ? now.hardState().vote() : random.nextInt(3);
        int bytes = random.nextInt(random.nextInt(20) == 0 ? 6000 : 400);
        return append(group, term, first, count, bytes, new HardState(term, vote, commit));
    }
}
