package dev.keelraft.wal;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Kill -9 of a real JVM whose log is under load, at any moment of its life, again and again in the same directory. Each life
 * opens what the one before has left, tells what it has found, and goes on. How many: {@code -Dkeel.faults.kills=1000}.
 */
@Tag("faults")
class RandomKillsTest {
    private static final int KILLS = Integer.getInteger("keel.faults.kills", 100);
    private static final long SEED = Long.getLong("keel.faults.seed", 6);

    /** Directories, each with its lives one after the other, at the same time. */
    private static final int DIRECTORIES = 2;

    /** How long a life goes on under load. */
    private static final int SHORTEST_MILLIS = 50;

    private static final int LONGEST_MILLIS = 300;

    @TempDir
    private Path directory;

    @Test
    void killed_at_any_moment_under_load_each_host_finds_all_that_was_acknowledged() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(DIRECTORIES);
        ScheduledExecutorService killer = Executors.newSingleThreadScheduledExecutor();
        try {
            List<Callable<Lives>> all = new ArrayList<>();
            for (int i = 0; i < DIRECTORIES; i++) {
                Path home = Files.createDirectory(directory.resolve("home-" + i));
                Lives lives = new Lives(home, new Random(SEED + i), i == 1, killer);
                all.add(() -> lives.live((KILLS + DIRECTORIES - 1) / DIRECTORIES));
            }
            for (Future<Lives> ended : threads.invokeAll(all)) {
                System.out.println(ended.get());
            }
        } finally {
            threads.shutdownNow();
            killer.shutdownNow();
        }
    }

    /** Many lives in one directory, one after the other. */
    private static final class Lives {
        private final Path home;
        private final Random random;
        private final boolean spares;
        private final ScheduledExecutorService killer;
        private final HostOracle oracle = new HostOracle();
        private int kills;
        private int killsOfOpens;

        Lives(Path home, Random random, boolean spares, ScheduledExecutorService killer) {
            this.home = home;
            this.random = random;
            this.spares = spares;
            this.killer = killer;
        }

        Lives live(int count) throws Exception {
            for (int life = 1; life <= count; life++) {
                try {
                    live(life, random.nextInt(4) == 0);
                } catch (AssertionError e) {
                    throw new AssertionError("life " + life + " in " + home + ", seed " + SEED, e);
                }
            }
            oracle.check(home.resolve("log"));
            return this;
        }

        /* One in four is killed soon after its open has begun: the recovery is part of what is to be killed. */
        private void live(int life, boolean early) throws Exception {
            String beginning = early ? "do " : "ok";
            int millis = early ? random.nextInt(SHORTEST_MILLIS) : random.nextInt(SHORTEST_MILLIS, LONGEST_MILLIS);
            boolean opened = false;
            try (HostProcess host = HostProcess.start(home, DoomedHost.Life.LOAD, spares, life)) {
                @Nullable Future<?> doom = null;
                for (String line = host.read(); line != null; line = host.read()) {
                    oracle.hear(line);
                    opened |= line.equals("ok");
                    if (doom == null && line.startsWith(beginning)) {
                        doom = killer.schedule(host::kill, millis, TimeUnit.MILLISECONDS);
                    }
                }
                assertThat(host.wasKilled()).isTrue();
            }
            kills++;
            killsOfOpens += opened ? 0 : 1;
        }

        @Override
        public String toString() {
            return kills + " random kill -9 of a host " + (spares ? "with" : "without") + " spares, " + killsOfOpens
                    + " of them before its open had ended: " + oracle.acknowledgements() + " acknowledgements of "
                    + oracle.lines() / 2 + " steps, none lost";
        }
    }
}
