package dev.keelraft;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * Runs all scripts (but the stories) below the directories that it is given, on all cores, and prints for each directory one
 * line: how many scripts and commands, how many diverge, and a hash over all that our kernel printed, by which two JDKs
 * compare. Exits with 1 if a script diverges or a directory holds none.
 *
 * <pre>
 *   java -ea -cp target/classes:target/test-classes dev.keelraft.ConformanceMain DIRECTORY...
 * </pre>
 */
final class ConformanceMain {
    private static final int SHOWN = 10;

    private ConformanceMain() {}

    public static void main(String[] directories) throws IOException {
        if (directories.length == 0) {
            System.err.println("usage: ConformanceMain DIRECTORY...");
            System.exit(2);
        }
        boolean good = true;
        for (String directory : directories) {
            long start = System.nanoTime();
            ConformanceReport report = ConformanceReport.ofDirectory(Path.of(directory));
            List<String> divergences = report.divergences();
            divergences.stream().limit(SHOWN).forEach(System.out::println);
            System.out.printf("%s, %.1f s%n", report, (System.nanoTime() - start) / 1e9);
            good &= divergences.isEmpty() && !report.runs().isEmpty();
        }
        System.exit(good ? 0 : 1);
    }
}
