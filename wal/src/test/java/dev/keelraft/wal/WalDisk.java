package dev.keelraft.wal;

import dev.keelraft.testkit.Dice;
import dev.keelraft.testkit.HostLog;
import dev.keelraft.testkit.SimulatedDisk;
import java.io.IOException;
import java.util.Random;

/** A disk with a {@link Wal} on it, for the simulator: in small segments, with and without what a host may choose. */
final class WalDisk implements SimulatedDisk {
    private final long member;
    private final Opening opening;
    private final MemoryFiles files;
    private final Dice dice;

    /** Whether the log is written on a thread of its own, as far as one thread can tell: what it holds shows later. */
    private final boolean onItsOwnThread;

    private final boolean spares;
    private final long cacheBytes;

    /** How a host opens the log of a member, or creates it if there is none. */
    interface Opening {
        HostLog open(MemoryFiles files, WalIdentity identity, WalOptions options) throws IOException;
    }

    /** An empty disk. */
    WalDisk(long member, Dice dice, Opening opening) {
        this(member, dice, opening, new MemoryFiles());
    }

    private WalDisk(long member, Dice dice, Opening opening, MemoryFiles files) {
        this.member = member;
        this.opening = opening;
        this.files = files;
        this.dice = dice;
        this.onItsOwnThread = dice.nextBoolean();
        this.spares = dice.nextBoolean();
        this.cacheBytes = dice.nextBoolean() ? 0 : 2000;
        files.runJobsAtAnyMoment(new Random(dice.nextLong()));
    }

    @Override
    public HostLog open() throws IOException {
        WalOptions options = Driver.smallOptions(dice.nextLong()).withCacheBytes(cacheBytes);
        options = onItsOwnThread ? options.onItsOwnThread() : options;
        options = spares ? options.withPreparer(files) : options;
        return opening.open(files, new WalIdentity(0xC1, member), options);
    }

    @Override
    public void kill() {
        files.kill();
    }

    @Override
    public void losePower(Dice ignored) {
        MemoryFiles.Damage[] damages = MemoryFiles.Damage.values();
        files.crash(new Random(dice.nextLong()), damages[dice.nextInt(damages.length)]);
    }

    @Override
    public boolean losePowerAt(int operations, Dice ignored) {
        files.powerOffAt(files.operations() + operations, new Random(dice.nextLong()));
        return true;
    }

    @Override
    public boolean failAt(int operations, boolean reads, Dice ignored) {
        if (reads) {
            files.failReadAt(files.reads() + operations);
        } else {
            files.failAt(files.operations() + operations, new Random(dice.nextLong()));
        }
        return true;
    }

    @Override
    public boolean fill(boolean full) {
        // The last segment may have room for some more.
        files.limit(full ? files.used() : Long.MAX_VALUE);
        return true;
    }

    @Override
    public boolean isToBlame(Throwable thrown) {
        for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
            if (cause instanceof MemoryFiles.PlannedException) {
                return true;
            }
        }
        return false;
    }

    @Override
    public boolean isOff() {
        return files.isOff();
    }

    @Override
    public void heal() {
        files.powerOffAt(0, new Random(0));
        files.failAt(0, new Random(0));
        files.failReadAt(0);
        files.limit(Long.MAX_VALUE);
    }

    @Override
    public SimulatedDisk copy() {
        return new WalDisk(member, new Dice(dice.nextLong()), opening, files.copy());
    }
}
