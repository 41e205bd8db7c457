package dev.keelraft.wal;

import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A tracer of system calls (strace, 5.0 or later), attached to a running process: it counts the calls of each thread from then
 * on, and does something at the n-th.
 */
final class Strace implements AutoCloseable {
    private static final Pattern CALL = Pattern.compile("^(\\d+) +(\\w+)\\(");

    private final Process process;

    private Strace(Process process) {
        this.process = process;
    }

    /** Skips the test where there is no strace, or it may not trace. */
    static void assumeUsable() throws IOException, InterruptedException {
        assumeTrue(System.getProperty("os.name").equals("Linux"), "strace and its fault injection are for Linux alone");
        try {
            Process process = new ProcessBuilder(
                            "strace", "-f", "-o", "/dev/null", "-e", "inject=fsync:error=EIO", "true")
                    .redirectErrorStream(true)
                    .start();
            String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assumeTrue(process.waitFor() == 0, "strace cannot trace here: " + text);
        } catch (IOException e) {
            abort("strace is not installed");
        }
    }

    /**
     * Attaches to a process and all its threads, and returns when that is done.
     *
     * @param output where the calls are written
     * @param expressions of {@code -e}: what is traced, and what is done to it
     */
    static Strace attach(long pid, Path output, String... expressions) throws IOException {
        List<String> command = new ArrayList<>(List.of("strace", "-f", "-o", output.toString(), "-p", "" + pid));
        for (String expression : expressions) {
            command.addAll(List.of("-e", expression));
        }
        Process process = new ProcessBuilder(command)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        BufferedReader messages =
                new BufferedReader(new InputStreamReader(process.getErrorStream(), StandardCharsets.UTF_8));
        for (String line = messages.readLine(); line != null; line = messages.readLine()) {
            if (line.contains(" attached")) {
                return new Strace(process);
            }
            if (line.contains("not permitted")) {
                abort("strace may not attach to a process here: " + line);
            }
        }
        throw new IOException("strace has ended without attaching");
    }

    /** Waits until it has ended, as it does when what it traces ends. */
    void await() throws InterruptedException {
        if (!process.waitFor(1, TimeUnit.MINUTES)) {
            throw new AssertionError("strace does not end");
        }
    }

    /** The calls that it has written, each as strace writes it. All must be those of one thread, or the counts mean nothing. */
    static List<String> calls(Path output) throws IOException {
        Map<String, List<String>> byThread = new TreeMap<>();
        for (String line : Files.readAllLines(output, StandardCharsets.ISO_8859_1)) {
            Matcher call = CALL.matcher(line);
            if (call.find()) {
                byThread.computeIfAbsent(call.group(1), thread -> new ArrayList<>())
                        .add(line.substring(call.start(2)));
            }
        }
        if (byThread.size() != 1) {
            throw new AssertionError("calls were made by " + byThread.size() + " threads: " + byThread.keySet());
        }
        return byThread.values().iterator().next();
    }

    /** The names of these calls, and how many there are of each. */
    static Map<String, Integer> counted(List<String> calls) {
        Map<String, Integer> counts = new TreeMap<>();
        for (String call : calls) {
            counts.merge(call.substring(0, call.indexOf('(')), 1, Integer::sum);
        }
        return counts;
    }

    /** Ends it at once; what it traces goes on. Where it delays a call, it would not heed anything milder. */
    @Override
    public void close() {
        process.destroyForcibly();
    }
}
