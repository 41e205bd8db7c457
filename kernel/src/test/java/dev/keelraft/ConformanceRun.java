package dev.keelraft;

import dev.keelraft.ConformanceScript.Step;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * One script, run on our kernel and compared with what is on record.
 *
 * @param commands how many commands were run
 * @param divergence the first output that differs, with its place, if one does
 */
record ConformanceRun(int commands, Optional<String> divergence) {
    private static final int CONTEXT = 6;

    /** The scripts below a directory, without the stories, which are about what must not happen. */
    static List<Path> scripts(Path directory) throws IOException {
        try (Stream<Path> walk = Files.walk(directory)) {
            return walk.filter(path -> path.toString().endsWith(".txt") && !isUnder(directory, path, "stories"))
                    .sorted()
                    .toList();
        }
    }

    /** Runs the script in a file, by the rules of the folder that it is under. */
    static ConformanceRun of(Path directory, Path path) {
        try {
            ConformanceScript script = ConformanceScript.read(path);
            if (isUnder(directory, path, "confchange")) {
                return of(script, path.toString(), new ConformanceConfChange()::run);
            }
            if (isUnder(directory, path, "quorum")) {
                return of(script, path.toString(), ConformanceQuorum::run);
            }
            return of(script, path.toString(), EnumSet.noneOf(Deviation.class));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean isUnder(Path directory, Path path, String folder) {
        for (Path part : directory.relativize(path)) {
            if (part.toString().equals(folder)) {
                return true;
            }
        }
        return false;
    }

    /** Runs an interaction script on nodes that deviate from etcd's library in some ways. */
    static ConformanceRun of(ConformanceScript script, String place, Set<Deviation> deviations) {
        return of(script, place, new ConformanceCluster(deviations)::run);
    }

    private static ConformanceRun of(ConformanceScript script, String place, Function<Step, String> runner) {
        int commands = 0;
        for (Step step : script.steps()) {
            String actual;
            try {
                actual = runner.apply(step);
            } catch (RuntimeException | AssertionError e) {
                StringWriter trace = new StringWriter();
                e.printStackTrace(new PrintWriter(trace, true));
                actual = "threw " + trace;
            }
            commands++;
            if (!actual.equals(step.output())) {
                return new ConformanceRun(commands, Optional.of(describe(place, step, actual)));
            }
        }
        return new ConformanceRun(commands, Optional.empty());
    }

    /** File, line and command; then, of what may be hundreds of lines, the first that differs and those around it. */
    private static String describe(String place, Step step, String actual) {
        List<String> expectedLines = step.output().lines().toList();
        List<String> actualLines = actual.lines().toList();
        int differs = 0;
        while (differs < Math.min(expectedLines.size(), actualLines.size())
                && expectedLines.get(differs).equals(actualLines.get(differs))) {
            differs++;
        }
        return place + ":" + step.lineNumber() + ": " + step.line() + "\n"
                + excerpt("same", expectedLines, Math.max(0, differs - CONTEXT), differs)
                + excerpt("expected", expectedLines, differs, differs + CONTEXT)
                + excerpt("actual", actualLines, differs, differs + CONTEXT);
    }

    private static String excerpt(String title, List<String> lines, int from, int to) {
        StringBuilder text = new StringBuilder();
        for (int i = from; i < Math.min(to, lines.size()); i++) {
            text.append(String.format("%-9s| %s%n", title, lines.get(i)));
        }
        return text.isEmpty() && !title.equals("same")
                ? String.format("%-9s| (end of output)%n", title)
                : text.toString();
    }
}
