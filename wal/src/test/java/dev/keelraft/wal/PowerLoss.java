package dev.keelraft.wal;

import dev.keelraft.wal.MemoryFiles.Damage;
import java.util.Random;

/**
 * What a power loss leaves of what was written and not forced. It is asked once about each such thing: directories from the
 * root down, each with its changes first, then its files in the order of their names, each with its length first and then its
 * sectors from the first to the last. So an answer may stand for a number, and all numbers for all outcomes.
 */
interface PowerLoss {
    /** Whether a change of a directory has happened. */
    boolean keepsChange();

    /** Whether a file has its new length. */
    boolean keepsLength();

    /**
     * Decides about one sector.
     *
     * @param disk the bytes of the file as they were, to be changed between the two offsets
     * @param cache the bytes as they were written last
     * @param from the first byte of the sector that was written
     * @param to the end of what was written in it
     */
    void sector(byte[] disk, byte[] cache, int from, int to);

    /** Anything, by random numbers. All, nothing, and a few of many are cases of their own, which a fair coin hardly throws. */
    static PowerLoss random(Random random, Damage damage) {
        double chance = new double[] {0.0, 0.1, 0.5, 0.9, 1.0}[random.nextInt(5)];
        return new PowerLoss() {
            @Override
            public boolean keepsChange() {
                return damage == Damage.LENGTHS_ALONE || (damage != Damage.BYTES_ALONE && random.nextDouble() < chance);
            }

            @Override
            public boolean keepsLength() {
                return damage == Damage.LENGTHS_ALONE || (damage != Damage.BYTES_ALONE && random.nextDouble() < chance);
            }

            @Override
            public void sector(byte[] disk, byte[] cache, int from, int to) {
                boolean damaged = random.nextInt(4) == 0;
                boolean kept = random.nextDouble() < chance;
                switch (damage) {
                    case LENGTHS_ALONE -> {}
                    case BYTES_ALONE -> copy(cache, disk, from, to);
                    case TORN -> {
                        for (int i = from; damaged && i < to; i++) {
                            disk[i] = random.nextBoolean() ? cache[i] : disk[i];
                        }
                    }
                    case HALVES -> {
                        if (damaged) {
                            int middle = (from + to) / 2;
                            boolean first = random.nextBoolean();
                            copy(cache, disk, first ? from : middle, first ? middle : to);
                        }
                    }
                    case GARBAGE -> {
                        for (int i = from; damaged && i < to; i++) {
                            disk[i] = (byte) random.nextInt();
                        }
                    }
                    case NONE -> damaged = false;
                }
                if (kept && !damaged && damage != Damage.LENGTHS_ALONE) {
                    copy(cache, disk, from, to);
                }
            }
        };
    }

    /** Every name and every length, and of the sectors those whose bit is set. The others are as before. */
    static PowerLoss keeping(long sectors) {
        return keeping(sectors, Lost.AS_BEFORE, new Random(0));
    }

    /** What becomes of a sector that is not kept. */
    enum Lost {
        AS_BEFORE,
        FIRST_HALF_NEW,
        SECOND_HALF_NEW,
        GARBAGE
    }

    /** The same, where the others may come out in another way. */
    static PowerLoss keeping(long sectors, Lost others, Random garbage) {
        return new PowerLoss() {
            private int next;

            @Override
            public boolean keepsChange() {
                return true;
            }

            @Override
            public boolean keepsLength() {
                return true;
            }

            @Override
            public void sector(byte[] disk, byte[] cache, int from, int to) {
                int middle = (from + to) / 2;
                if ((sectors >> next++ & 1) == 1) {
                    copy(cache, disk, from, to);
                } else if (others == Lost.FIRST_HALF_NEW) {
                    copy(cache, disk, from, middle);
                } else if (others == Lost.SECOND_HALF_NEW) {
                    copy(cache, disk, middle, to);
                } else if (others == Lost.GARBAGE) {
                    for (int i = from; i < to; i++) {
                        disk[i] = (byte) garbage.nextInt();
                    }
                }
            }
        };
    }

    /** Names, lengths and bytes each all or none of them. */
    static PowerLoss allOf(boolean names, boolean lengths, boolean bytes) {
        return new PowerLoss() {
            @Override
            public boolean keepsChange() {
                return names;
            }

            @Override
            public boolean keepsLength() {
                return lengths;
            }

            @Override
            public void sector(byte[] disk, byte[] cache, int from, int to) {
                if (bytes) {
                    copy(cache, disk, from, to);
                }
            }
        };
    }

    private static void copy(byte[] source, byte[] target, int from, int to) {
        System.arraycopy(source, from, target, from, to - from);
    }
}
