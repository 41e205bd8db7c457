package dev.keelraft;

import dev.keelraft.ConformanceScript.Step;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * One script, run on our kernel and compared with what is on record. Where the library panicked, ours needs not print anything
 * special, but must go on; only after a disk has lost entries, or a host has dropped a Ready,
 * may a node stop there.
 *
 * @param kind by which rules it was run
 * @param commands how many commands were run
 * @param outputs a hash over all that our kernel printed, in hexadecimal digits: the same on every JDK
 * @param divergence the first output that differs, with its place, if one does
 */
record ConformanceRun(Kind kind, int commands, String outputs, Optional<String> divergence) {
    private static final int CONTEXT = 6;

    /** What a script is about, which the folder that it is under says. */
    enum Kind {
        INTERACTION,
        CONFCHANGE,
        QUORUM,
        /** What is wrong with etcd's library. */
        STORY;

        /** The kind of a file below a directory; the names of folders above that do not matter. */
        static Kind of(Path directory, Path path) {
            for (Path folder : directory.relativize(path)) {
                Kind kind = switch (folder.toString()) {
                    case "confchange" -> CONFCHANGE;
                    case "quorum" -> QUORUM;
                    case "stories" -> STORY;
                    default -> INTERACTION;
                };
                if (kind != INTERACTION) {
                    return kind;
                }
            }
            return INTERACTION;
        }
    }

    /** Runs a script by the rules of its kind. A file that is no script counts as a divergence. */
    static ConformanceRun of(Kind kind, Path path) {
        try {
            return of(kind, ConformanceScript.read(path), path.toString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (RuntimeException e) {
            return new ConformanceRun(kind, 0, "", Optional.of(path + ": not a script: " + e));
        }
    }

    static ConformanceRun of(Kind kind, ConformanceScript script, String place) {
        return of(
                kind,
                script,
                place,
                switch (kind) {
                    case INTERACTION, STORY -> library();
                    case CONFCHANGE -> new ConformanceConfChange()::run;
                    case QUORUM -> ConformanceQuorum::run;
                });
    }

    /** All deviations off, and where the library panicked, its panic, if our kernel gets by. */
    private static Function<Step, String> library() {
        ConformanceCluster cluster = new ConformanceCluster();
        return step -> step.isPanic() ? survive(cluster, step) : cluster.run(step);
    }

    private static String survive(ConformanceCluster cluster, Step step) {
        try {
            String printed = cluster.run(step);
            boolean excused = cluster.hasLostEntries() || cluster.hasLyingHost();
            return excused || cluster.failures().isEmpty() ? step.output() : printed;
        } catch (IllegalStateException | IllegalArgumentException e) {
            // Misuse: our kernel, or storage, names the rule that the host has broken.
            if (cluster.hasLyingHost()) {
                return step.output();
            }
            throw e;
        }
    }

    private static ConformanceRun of(Kind kind, ConformanceScript script, String place, Function<Step, String> runner) {
        if (script.steps().isEmpty()) {
            return new ConformanceRun(kind, 0, "", Optional.of(place + ": no commands"));
        }
        MessageDigest digest = sha256();
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
            digest.update(actual.getBytes(StandardCharsets.UTF_8));
            if (!actual.equals(step.output())) {
                return new ConformanceRun(kind, commands, hex(digest), Optional.of(describe(place, step, actual)));
            }
        }
        return new ConformanceRun(kind, commands, hex(digest), Optional.empty());
    }

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }

    static String hex(MessageDigest digest) {
        return HexFormat.of().formatHex(digest.digest());
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
