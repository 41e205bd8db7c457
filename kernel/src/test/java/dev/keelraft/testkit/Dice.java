package dev.keelraft.testkit;

import java.util.List;
import java.util.random.RandomGenerator;

/**
 * Random numbers that are the same on every JVM, for ever: SplitMix64, with bounds of our own. What the JDK makes of a bound is
 * specified for {@link java.util.Random} alone, and that one locks.
 */
public final class Dice implements RandomGenerator {
    private long state;

    /** Begins with a seed. Equal seeds give equal numbers. */
    public Dice(long seed) {
        state = seed;
    }

    @Override
    public long nextLong() {
        state += 0x9e3779b97f4a7c15L;
        return mix(state);
    }

    static long mix(long value) {
        long z = (value ^ (value >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return z ^ (z >>> 31);
    }

    @Override
    public int nextInt() {
        return (int) (nextLong() >>> 32);
    }

    /** A number in {@code [0, bound)}. */
    @Override
    public int nextInt(int bound) {
        return (int) (((nextLong() >>> 32) * bound) >>> 32);
    }

    @Override
    public boolean nextBoolean() {
        return nextLong() < 0;
    }

    /** A number in {@code [low, high]}. */
    public int between(int low, int high) {
        return low + nextInt(high - low + 1);
    }

    /** True so many times out of a thousand. */
    public boolean chance(int permille) {
        return permille > 0 && nextInt(1000) < permille;
    }

    <T> T of(List<T> list) {
        return list.get(nextInt(list.size()));
    }

    /** Other dice, whose numbers do not depend on how often these are thrown from now on. */
    Dice fork() {
        return new Dice(nextLong());
    }
}
