package dev.keelraft.wal;

import dev.keelraft.model.Entry;
import dev.keelraft.model.HardState;
import java.util.List;
import java.util.Random;

/** What a host does to its log over time: everything that there is to do, or something at random. */
interface Workload {
    /** Runs to its end, or until the log fails. */
    void run(Driver host);

    /** Every operation at least once, in segments so small that some of them are cut in the middle of each. */
    static void mixed(Driver host) {
        host.create();
        host.hardState(1, 1, 0);
        host.sync();
        host.entries(1, 1, 3, 100);
        host.sync();
        host.entries(1, 4, 2, 600);
        host.hardState(1, 1, 2);
        host.sync();
        host.entries(1, 6, 1, 0);
        host.append(new HardState(2, 0, 3), host.some(2, 4, 3, 300)); // a conflict: replaces 4 to 6
        host.sync();
        host.hardState(2, 7, 5);
        host.entries(2, 7, 2, 2500); // not synced before the next
        host.entries(2, 9, 1, 2500); // a cut
        host.sync();
        host.append(new HardState(2, 7, 8), host.some(2, 10, 3, 900));
        host.sync();
        host.saveSnapshot(5);
        host.release(3);
        host.entries(3, 9, 2, 2000); // a conflict across a segment's border
        host.append(new HardState(3, 0, 10), host.some(3, 11, 2, 2000));
        host.sync();
        host.saveSnapshot(10);
        host.release(10); // deletes segments
        host.close();
        host.open();
        host.entries(3, 13, 6, 1500); // a frame longer than a segment
        host.sync();
        host.hardState(4, 7, 15);
        host.install(new HardState(5, 0, 40), 40, 5, List.of()); // behind the last entry
        host.sync();
        host.deleteUnreferenced();
        host.releaseNothing(); // but the segments from before the snapshot
        host.install(new HardState(5, 0, 51), 50, 5, host.some(5, 51, 2, 800));
        host.entries(5, 53, 4, 1200);
        host.sync();
        host.deleteUnreferenced();
        host.hardState(5, 1, 56);
        host.saveSnapshot(56);
        host.release(55);
        host.entries(5, 57, 5, 1500);
        host.hardState(5, 1, 60); // never synced by the host
        host.close();
        host.open();
        host.entries(6, 62, 1, 20);
        host.sync();
        host.close();
    }

    /** Whatever may be done next, chosen at random, so many times. */
    static Workload random(long seed, int steps) {
        return host -> {
            Random random = new Random(seed);
            host.create();
            for (int i = 0; i < steps; i++) {
                step(host, random);
            }
        };
    }

    /** Does one thing. */
    static void step(Driver host, Random random) {
        host.anyGroup(random);
        LogState now = host.now();
        long commit = now.hardState().commit();
        switch (random.nextInt(14)) {
            case 0, 1, 2, 3 -> {
                List<Entry> entries = someEntries(host, now, random);
                long last = entries.get(entries.size() - 1).index();
                host.append(someHardState(now, last, random), entries);
            }
            case 4 -> host.append(HardState.EMPTY, someEntries(host, now, random));
            case 5 -> host.append(someHardState(now, now.lastIndex(), random), List.of());
            case 6, 7, 8 -> host.sync();
            case 9, 10 -> {
                long least =
                        Math.max(Math.max(1, now.startIndex()), now.snapshot().index());
                if (commit >= least) {
                    host.saveSnapshot(between(random, least, commit));
                }
            }
            case 11 -> {
                if (random.nextInt(4) == 0) {
                    host.releaseNothing();
                } else if (now.snapshot().index() > now.startIndex()) {
                    host.release(
                            between(random, now.startIndex() + 1, now.snapshot().index()));
                }
            }
            case 12 -> {
                if (random.nextInt(3) == 0) {
                    long index = commit + 1 + random.nextInt(30);
                    long term = Math.max(
                            Math.max(1, now.lastTerm()), now.hardState().term());
                    List<Entry> more = random.nextBoolean() ? List.of() : host.some(term, index + 1, 2, 50);
                    host.install(new HardState(term + 1, 0, index), index, term, more);
                }
            }
            default -> {
                if (random.nextBoolean()) {
                    host.close();
                } else {
                    host.files().kill();
                }
                host.open();
            }
        }
    }

    private static List<Entry> someEntries(Driver host, LogState now, Random random) {
        long first = between(random, Math.max(now.hardState().commit(), now.startIndex()) + 1, now.lastIndex() + 1);
        if (random.nextInt(3) != 0) {
            first = now.lastIndex() + 1;
        }
        long term = Math.max(1, now.term(first - 1)) + random.nextInt(2);
        return host.some(term, first, 1 + random.nextInt(6), random.nextInt(random.nextInt(8) == 0 ? 4000 : 300));
    }

    private static HardState someHardState(LogState now, long last, Random random) {
        HardState before = now.hardState();
        long commit = between(random, before.commit(), last);
        return random.nextInt(3) == 0
                ? new HardState(before.term() + 1, random.nextInt(3), commit)
                : new HardState(Math.max(1, before.term()), before.vote(), commit);
    }

    private static long between(Random random, long low, long high) {
        return low + (long) (random.nextDouble() * (high - low + 1));
    }
}
