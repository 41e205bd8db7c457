package dev.keelraft;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Runs all scripts (but the stories) below the directories that it is given, on all cores, and exits with 1 if one diverges.
 *
 * <pre>
 *   java -ea -cp target/classes:target/test-classes dev.keelraft.ConformanceMain DIRECTORY...
 * </pre>
 */
final class ConformanceMain {
    private ConformanceMain() {}

    public static void main(String[] directories) throws IOException {
        long start = System.nanoTime();
        AtomicLong files = new AtomicLong();
        AtomicLong commands = new AtomicLong();
        AtomicLong divergences = new AtomicLong();
        for (String directory : directories) {
            Path root = Path.of(directory);
            ConformanceRun.scripts(root).parallelStream().forEach(path -> {
                ConformanceRun run = ConformanceRun.of(root, path);
                files.incrementAndGet();
                commands.addAndGet(run.commands());
                run.divergence().ifPresent(divergence -> {
                    if (divergences.incrementAndGet() <= 10) {
                        System.out.println(divergence);
                    }
                });
            });
        }
        System.out.printf(
                "%d scripts, %d commands, %d scripts diverge, %.1f s%n",
                files.get(), commands.get(), divergences.get(), (System.nanoTime() - start) / 1e9);
        System.exit(divergences.get() == 0 ? 0 : 1);
    }
}
