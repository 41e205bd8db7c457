package dev.keelraft;

import dev.keelraft.ConformanceRun.Kind;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What came of the scripts of one source.
 *
 * @param source the directory or archive
 * @param runs the scripts, in the order of their names
 */
record ConformanceReport(String source, List<ConformanceRun> runs) {

    /** Runs all {@code *.txt} below a directory on all cores. */
    static ConformanceReport ofDirectory(Path directory) throws IOException {
        return ofDirectory(directory, false);
    }

    /**
     * Runs {@code *.txt} below a directory on all cores.
     *
     * @param direct whether to run only scripts that say {@code direct}
     */
    static ConformanceReport ofDirectory(Path directory, boolean direct) throws IOException {
        List<ConformanceRun> runs = scripts(directory).parallelStream()
                .filter(path -> !direct || isDirect(path))
                .map(path -> ConformanceRun.of(Kind.of(directory, path), path))
                .toList();
        return new ConformanceReport(directory.toString(), runs);
    }

    /** The scripts below a directory, in the order of their names. */
    static List<Path> scripts(Path directory) throws IOException {
        try (Stream<Path> walk = Files.walk(directory)) {
            return walk.filter(
                            path -> Files.isRegularFile(path) && path.toString().endsWith(".txt"))
                    .sorted()
                    .toList();
        }
    }

    private static boolean isDirect(Path path) {
        try {
            return ConformanceScript.read(path).isDirect();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    long commands() {
        return runs.stream().mapToLong(ConformanceRun::commands).sum();
    }

    List<String> divergences() {
        return runs.stream().flatMap(run -> run.divergence().stream()).toList();
    }

    /** A hash over all that our kernel printed: equal for equal scripts, whatever the JDK and wherever they lie. */
    String outputs() {
        MessageDigest digest = ConformanceRun.sha256();
        for (ConformanceRun run : runs) {
            digest.update(run.outputs().getBytes(StandardCharsets.UTF_8));
        }
        return ConformanceRun.hex(digest);
    }

    @Override
    public String toString() {
        String kinds = Stream.of(Kind.values())
                .filter(kind -> count(kind) > 0)
                .map(kind -> count(kind) + " " + kind.name().toLowerCase(Locale.ROOT))
                .collect(Collectors.joining(", "));
        return String.format(
                "conformance: %s: %d scripts (%s), %d commands, %d divergences, outputs %s",
                source, runs.size(), kinds, commands(), divergences().size(), outputs());
    }

    private long count(Kind kind) {
        return runs.stream().filter(run -> run.kind() == kind).count();
    }
}
