package dev.keelraft.wal;

import dev.keelraft.testkit.HostLog;
import dev.keelraft.testkit.LogContract;
import java.io.IOException;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Nested;

/** A {@link Wal} keeps the contract of a log, where processes die, and where disks lose, tear and garble what was not forced. */
class WalLogContractTest {
    /** Each log in a file system of its own. */
    abstract static class InMemory extends LogContract {
        private final Map<String, MemoryFiles> disks = new TreeMap<>();
        private int lives;

        abstract WalOptions options(MemoryFiles files, int life);

        @Override
        protected HostLog open(String name) throws IOException {
            MemoryFiles files = disks.computeIfAbsent(name, missing -> new MemoryFiles());
            lives++;
            return new WalLog(files, options(files, lives));
        }

        @Override
        protected void crash(String name, HostLog log, Random random) {
            MemoryFiles files = disks.computeIfAbsent(name, missing -> new MemoryFiles());
            if (random.nextInt(4) == 0) {
                files.kill();
            } else {
                MemoryFiles.Damage[] damages = MemoryFiles.Damage.values();
                files.crash(random, damages[random.nextInt(damages.length)]);
            }
        }

        @Override
        protected void discard(String name) {
            disks.remove(name);
        }
    }

    @Nested
    class WithoutCache extends InMemory {
        @Override
        WalOptions options(MemoryFiles files, int life) {
            return Driver.smallOptions(life).withCacheBytes(0);
        }
    }

    /** And with segments that are prepared at any moment. */
    @Nested
    class OnItsOwnThread extends InMemory {
        @Override
        WalOptions options(MemoryFiles files, int life) {
            files.runJobsAtAnyMoment(new Random(life));
            return Driver.smallOptions(life).onItsOwnThread().withPreparer(files);
        }
    }
}
