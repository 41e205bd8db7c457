package dev.keelraft.mutants;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Lets the mutants of a module loose, two at a time, and prints what becomes of each. Run it in the module's folder, with the class
 * path of its tests, the folder of its test classes first:
 *
 * <pre>
 *   mvn -B -ntp -Pmutants                                    all modules that have some
 *   mvn -B -ntp -Pmutants -pl kernel -Dkeel.mutants=17,20-25
 * </pre>
 *
 * <p>It ends with 0 if all were caught by whom their entry names, or by a simulation where it names tests.
 */
public final class MutantsMain {
    private MutantsMain() {}

    /** See the class. */
    public static void main(String[] args) throws Exception {
        Path root = Zoo.root();
        String module = root.relativize(Path.of("").toAbsolutePath()).toString();
        List<Mutant> chosen = chosen(Zoo.read(root), module, System.getProperty("keel.mutants", ""));
        Trap trap = new Trap(
                root,
                Integer.getInteger("keel.mutants.seconds", 60),
                !Boolean.getBoolean("keel.mutants.simulationOnly"));
        ExecutorService workers = Executors.newFixedThreadPool(Integer.getInteger("keel.mutants.cores", 2));
        try {
            List<Future<Fate>> running = new ArrayList<>();
            for (Mutant mutant : chosen) {
                running.add(workers.submit(() -> printed(trap.fate(mutant))));
            }
            List<Fate> fates = new ArrayList<>();
            for (Future<Fate> each : running) {
                fates.add(each.get());
            }
            boolean good = report(fates);
            if (!trap.brokenAnyway().isEmpty()) {
                System.out.println("without any mutant these seeds fail too: " + trap.brokenAnyway());
            }
            System.exit(good && trap.brokenAnyway().isEmpty() ? 0 : 1);
        } finally {
            workers.shutdownNow();
        }
    }

    private static Fate printed(Fate fate) {
        System.out.println(fate);
        return fate;
    }

    /** Those that a text of numbers and ranges names; all of the module for an empty one. */
    static List<Mutant> chosen(List<Mutant> all, String module, String numbers) {
        List<Mutant> chosen = new ArrayList<>();
        for (Mutant mutant : all) {
            if (mutant.module().equals(module) && (numbers.isEmpty() || names(numbers, mutant.number()))) {
                chosen.add(mutant);
            }
        }
        return chosen;
    }

    private static boolean names(String numbers, int number) {
        for (String range : numbers.split(",", -1)) {
            String[] ends = range.strip().split("-", -1);
            if (Integer.parseInt(ends[0]) <= number && number <= Integer.parseInt(ends[ends.length - 1])) {
                return true;
            }
        }
        return false;
    }

    private static boolean report(List<Fate> fates) throws IOException {
        List<String> lines = new ArrayList<>();
        fates.forEach(fate -> lines.add(fate.toString()));
        List<Fate> bySimulation = fates.stream().filter(Fate::isBySimulation).toList();
        List<Double> seconds =
                bySimulation.stream().map(Fate::cpuSeconds).sorted().toList();
        lines.add("");
        lines.add(fates.size() + " mutants");
        for (Fate.End end : Fate.End.values()) {
            List<Integer> numbers = fates.stream()
                    .filter(fate -> fate.end() == end)
                    .map(fate -> fate.mutant().number())
                    .toList();
            lines.add(end + ": " + numbers.size() + " " + (end == Fate.End.BY_SIMULATION ? "" : numbers));
        }
        if (!seconds.isEmpty()) {
            lines.add(String.format(
                    Locale.ROOT,
                    "found by simulation after %.1f CPU seconds in the median, %.1f at most",
                    seconds.get(seconds.size() / 2),
                    seconds.get(seconds.size() - 1)));
        }
        List<Integer> unexpected = fates.stream()
                .filter(fate -> !fate.isAsExpected())
                .map(fate -> fate.mutant().number())
                .toList();
        lines.add("not caught by whom the zoo names: " + unexpected);
        Files.createDirectories(Path.of("target"));
        Files.write(Path.of("target", "mutants.txt"), lines);
        lines.subList(fates.size(), lines.size()).forEach(System.out::println);
        return unexpected.isEmpty();
    }
}
