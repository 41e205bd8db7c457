package dev.keelraft;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Runs all scripts below the directories that it is given, on all cores.
 *
 * <p>Without {@code --on} all deviations are off. It prints for each directory one line: how many scripts and commands, how many
 * diverge, and a hash over all that our kernel printed, by which two JDKs compare. Exits with 1 if a script diverges or a
 * directory holds none.
 *
 * <p>With {@code --on} some deviations are on, and all others off. It runs every script of nodes to its end, and prints the first
 * output that differs from the record, in full, and one line: how many outputs and scripts differ. What differs is no fault;
 * exits with 1 if a node fails or anything is thrown, or a directory holds no script. {@code none} shows what the harness itself
 * does otherwise than the recorder, for it then keeps our contract where the recorder does not.
 *
 * <p>With {@code --direct} it runs only scripts that say {@code direct}: in the others a node hears from its disk in any order, which
 * no host of ours can do to it.
 *
 * <pre>
 *   java -ea -cp target/classes:target/test-classes dev.keelraft.ConformanceMain [--on NAME[,NAME...]|all|none] [--direct] DIRECTORY...
 * </pre>
 */
final class ConformanceMain {
    private static final int SHOWN = 10;
    private static final String USAGE = "usage: ConformanceMain [--on NAME[,NAME...]|all|none] [--direct] DIRECTORY...";

    /**
     * What to run.
     *
     * @param on the deviations that are on, if any may be
     */
    record Options(Optional<Set<Deviation>> on, boolean direct, List<Path> directories) {

        /** Throws {@link IllegalArgumentException} where the arguments make no sense. */
        static Options parse(String... arguments) {
            Optional<Set<Deviation>> on = Optional.empty();
            boolean direct = false;
            List<Path> directories = new ArrayList<>();
            for (int i = 0; i < arguments.length; i++) {
                switch (arguments[i]) {
                    case "--direct" -> direct = true;
                    case "--on" -> {
                        i++;
                        if (i == arguments.length) {
                            throw new IllegalArgumentException("--on needs the names of deviations");
                        }
                        on = Optional.of(deviations(arguments[i]));
                    }
                    default -> {
                        if (arguments[i].startsWith("--")) {
                            throw new IllegalArgumentException("unknown option: " + arguments[i]);
                        }
                        directories.add(Path.of(arguments[i]));
                    }
                }
            }
            if (directories.isEmpty()) {
                throw new IllegalArgumentException("no directory is named");
            }
            return new Options(on, direct, directories);
        }

        private static Set<Deviation> deviations(String names) {
            if (names.equals("all")) {
                return EnumSet.allOf(Deviation.class);
            }
            Set<Deviation> deviations = EnumSet.noneOf(Deviation.class);
            if (!names.equals("none")) {
                for (String name : names.split(",", -1)) {
                    deviations.add(Deviation.valueOf(name));
                }
            }
            return deviations;
        }
    }

    private ConformanceMain() {}

    public static void main(String[] arguments) throws IOException {
        System.exit(run(System.out, arguments));
    }

    /** Returns the exit code. */
    static int run(PrintStream out, String... arguments) throws IOException {
        Options options;
        try {
            options = Options.parse(arguments);
        } catch (IllegalArgumentException e) {
            out.println(e.getMessage());
            out.println(USAGE);
            return 2;
        }
        boolean good = true;
        for (Path directory : options.directories()) {
            long start = System.nanoTime();
            good &= options.on().isPresent()
                    ? compare(
                            out,
                            DeviationReport.ofDirectory(directory, options.on().get(), options.direct()))
                    : check(out, ConformanceReport.ofDirectory(directory, options.direct()));
            out.printf(", %.1f s%n", (System.nanoTime() - start) / 1e9);
        }
        return good ? 0 : 1;
    }

    private static boolean check(PrintStream out, ConformanceReport report) {
        List<String> divergences = report.divergences();
        divergences.stream().limit(SHOWN).forEach(out::println);
        out.print(report);
        return divergences.isEmpty() && !report.runs().isEmpty();
    }

    private static boolean compare(PrintStream out, DeviationReport report) {
        List<String> failures = report.failures();
        failures.stream().limit(SHOWN).forEach(out::println);
        report.firstDifference().ifPresent(out::println);
        out.print(report);
        return failures.isEmpty() && !report.runs().isEmpty();
    }
}
