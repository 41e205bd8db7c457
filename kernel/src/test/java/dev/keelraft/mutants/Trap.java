package dev.keelraft.mutants;

import dev.keelraft.mutants.Fate.End;
import java.io.File;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/**
 * Finds out what becomes of a mutant: compiles the sources that it changes, puts their classes before all others on the class path of
 * another JVM, and runs simulations there, then tests.
 */
final class Trap {
    /** Behind the simulations. The slowest suite takes a few minutes; a test that runs for longer does not end. */
    private static final long TEST_MINUTES = 20;

    /** But for the one that simulates, with seeds that nobody can repeat here, and the one that looks at byte code alone. */
    private static final String ALL_TESTS = ".*\\.(?!(Simulation|Architecture)Test$)\\w+Test";

    private static final Set<String> OUTCOMES = Set.of("KILLED", "HANGS", "SURVIVED");

    private final Path root;
    private final int seconds;
    private final boolean testsToo;
    private final String classPath = System.getProperty("java.class.path");

    /** Seeds that fail without a mutant. */
    private final Set<Long> brokenAnyway = new ConcurrentSkipListSet<>();

    /**
     * A trap.
     *
     * @param root of the repository
     * @param seconds how much CPU the simulations may take
     * @param testsToo whether tests are run where no simulation notices anything
     */
    Trap(Path root, int seconds, boolean testsToo) {
        this.root = root;
        this.seconds = seconds;
        this.testsToo = testsToo;
    }

    /** The seeds that have failed without a mutant, which must not be. */
    Set<Long> brokenAnyway() {
        return brokenAnyway;
    }

    Fate fate(Mutant mutant) throws IOException, InterruptedException {
        Path folder = Files.createTempDirectory("keel-mutant-" + mutant.number() + "-");
        try {
            Optional<String> broken = compile(mutant, folder);
            return broken.isPresent() ? new Fate(mutant, End.INVALID, 0, 0, broken.get()) : fate(mutant, folder);
        } finally {
            delete(folder);
        }
    }

    private Optional<String> compile(Mutant mutant, Path folder) throws IOException {
        List<Path> sources = new ArrayList<>();
        try {
            for (Map.Entry<String, List<String>> file : mutant.patched(root).entrySet()) {
                Path source =
                        folder.resolve("source").resolve(Path.of(file.getKey()).getFileName());
                Files.createDirectories(source.getParent());
                Files.write(source, file.getValue());
                sources.add(source);
            }
        } catch (IllegalArgumentException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        StringWriter output = new StringWriter();
        Path classes = Files.createDirectories(folder.resolve("classes"));
        List<String> options =
                List.of("-proc:none", "-nowarn", "-parameters", "-g", "-cp", classPath, "-d", classes.toString());
        try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, StandardCharsets.UTF_8)) {
            boolean compiled = compiler.getTask(
                            output, files, null, options, null, files.getJavaFileObjectsFromPaths(sources))
                    .call();
            return compiled ? Optional.empty() : Optional.of("it does not compile: " + output);
        }
    }

    private Fate fate(Mutant mutant, Path folder) throws IOException, InterruptedException {
        long survived = 0;
        if (mutant.isForSimulation() || mutant.module().equals("kernel")) {
            Fate hunted = hunt(mutant, folder);
            if (hunted.end() != End.SURVIVES) {
                return hunted;
            }
            survived = hunted.seed();
        }
        if (!testsToo) {
            return new Fate(mutant, End.SURVIVES, survived, 0, "");
        }
        Optional<String> failed = Optional.empty();
        if (!mutant.tests().isEmpty()) {
            failed = test(".*\\.(" + String.join("|", mutant.tests()) + ")", folder);
        }
        if (failed.isEmpty()) {
            failed = test(ALL_TESTS, folder);
        }
        return failed.isPresent()
                ? new Fate(mutant, End.BY_TEST, survived, 0, failed.get())
                : new Fate(mutant, End.SURVIVES, survived, 0, "");
    }

    /** Hunts from seed to seed; those that fail without the mutant too are passed over, and noted. */
    private Fate hunt(Mutant mutant, Path folder) throws IOException, InterruptedException {
        long seed = 1;
        double used = 0;
        while (true) {
            String[] words = hunt(seed, seconds - used, folder);
            seed = Long.parseLong(words[1]);
            used += Double.parseDouble(words[2]);
            if (words[0].equals("SURVIVED") || used > seconds) {
                return new Fate(mutant, End.SURVIVES, seed, used, "");
            } else if (words[0].equals("HANGS")) {
                return new Fate(mutant, End.HANGS_SIMULATION, seed, used, "");
            } else if (Hunt.run(seed).isEmpty()) {
                return new Fate(mutant, End.BY_SIMULATION, seed, used, shortened(words[3]));
            }
            brokenAnyway.add(seed);
            seed++;
        }
    }

    /** Returns what {@link Hunt} has to say. */
    private String[] hunt(long firstSeed, double limit, Path folder) throws IOException, InterruptedException {
        Path output = folder.resolve("hunt");
        // The better compiler would use up the time before it pays.
        List<String> command = java(folder, "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1");
        command.addAll(List.of(Hunt.class.getName(), Double.toString(limit), Long.toString(firstSeed)));
        // The machine may be busy with other things; the process limits its CPU time itself.
        boolean ended = run(command, output, 60L + 30L * seconds, TimeUnit.SECONDS);
        String text = Files.readString(output);
        String[] words = lastLine(text).split(" ", 4);
        if (ended && !OUTCOMES.contains(words[0])) {
            throw new IOException("the hunt ended with " + text);
        }
        return ended ? words : new String[] {"HANGS", "0", Double.toString(limit)};
    }

    private static String lastLine(String text) {
        List<String> lines = text.lines().toList();
        return lines.isEmpty() ? "" : lines.get(lines.size() - 1);
    }

    private static String shortened(String text) {
        return text.length() <= 160 ? text : text.substring(0, 160) + " ...";
    }

    /** Runs the test classes that a pattern names. Returns the first test that fails, or that one does not end. */
    private Optional<String> test(String names, Path folder) throws IOException, InterruptedException {
        String testClasses = classPath.substring(0, classPath.indexOf(File.pathSeparatorChar));
        Path output = folder.resolve("trial");
        List<String> command = java(folder, "-Djqwik.shrinking.default=OFF");
        command.addAll(List.of(
                Trial.class.getName(),
                testClasses,
                names,
                folder.resolve("jqwik").toString()));
        if (!run(command, output, TEST_MINUTES, TimeUnit.MINUTES)) {
            return Optional.of("one that does not end");
        }
        String text = Files.readString(output);
        String last = lastLine(text);
        if (last.startsWith("FAILED ")) {
            return Optional.of(last.substring("FAILED ".length()));
        }
        if (last.startsWith("PASSED ")) {
            return Optional.empty();
        }
        throw new IOException("the tests ended with " + text);
    }

    private List<String> java(Path folder, String... options) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("-ea");
        command.addAll(List.of(options));
        command.addAll(List.of("-cp", folder.resolve("classes") + File.pathSeparator + classPath));
        return command;
    }

    /** Returns whether it ended by itself. */
    private static boolean run(List<String> command, Path output, long time, TimeUnit unit)
            throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        try {
            return process.waitFor(time, unit);
        } finally {
            process.destroyForcibly();
        }
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }
}
