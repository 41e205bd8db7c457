package dev.keelraft.wal;

import dev.keelraft.Readys;
import dev.keelraft.model.Entry;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The process of a {@link DoomedHost}, as its parent sees it. */
final class HostProcess implements AutoCloseable {
    /** A process that does nothing for so long has failed the test. */
    private static final long SECONDS_TO_END = 120;

    private final Process process;
    private final BufferedReader lines;

    private HostProcess(Process process) {
        this.process = process;
        this.lines = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    }

    /** Starts one in a directory. */
    static HostProcess start(Path directory, DoomedHost.Life life, boolean spares, Object... more) throws IOException {
        return start(List.of(), directory, life, spares, more);
    }

    /** Starts one by a command in front, as {@code setpriv}, or a shell that sets limits. */
    static HostProcess start(List<String> before, Path directory, DoomedHost.Life life, boolean spares, Object... more)
            throws IOException {
        List<String> command = new ArrayList<>(before);
        command.addAll(java(DoomedHost.class));
        command.addAll(List.of(directory.toString(), life.name(), Boolean.toString(spares)));
        Stream.of(more).map(String::valueOf).forEach(command::add);
        return new HostProcess(new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start());
    }

    /** A JVM that starts quickly, and makes no system calls of its own beside the log's, with the classes of the log and of its tests. */
    static List<String> java(Class<?> main) {
        String classPath = Stream.of(Wal.class, DoomedHost.class, Entry.class, Readys.class)
                .map(HostProcess::locationOf)
                .distinct()
                .collect(Collectors.joining(File.pathSeparator));
        return List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-ea",
                "-Xshare:auto",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-XX:-UsePerfData",
                "-XX:-UseContainerSupport",
                "-Xmx128m",
                "-cp",
                classPath,
                main.getName());
    }

    private static String locationOf(Class<?> type) {
        try {
            return Path.of(type.getProtectionDomain()
                            .getCodeSource()
                            .getLocation()
                            .toURI())
                    .toString();
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    long pid() {
        return process.pid();
    }

    /** The next thing that it says, null if it has ended. */
    @Nullable
    String read() {
        try {
            return lines.readLine();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Whether it has said something that was not read yet. */
    boolean hasSaidMore() {
        try {
            return lines.ready();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Tells an oracle the next thing that it says. */
    void hearLine(HostOracle oracle) {
        String line = read();
        if (line == null) {
            throw new AssertionError("it has ended");
        }
        oracle.hear(line);
    }

    /** Tells an oracle all that it says, up to and with a line that begins so. */
    void hearUntil(HostOracle oracle, String beginning) {
        for (String line = read(); line != null; line = read()) {
            oracle.hear(line);
            if (line.startsWith(beginning)) {
                return;
            }
        }
        throw new AssertionError("it has ended, and never said " + beginning);
    }

    /** Tells an oracle all that it says until it ends. Returns the last line. */
    String hear(HostOracle oracle) {
        String last = "";
        for (String line = read(); line != null; line = read()) {
            oracle.hear(line);
            last = line;
        }
        return last;
    }

    /** Lets it go on, that is ready. */
    void go() throws IOException {
        process.getOutputStream().write('\n');
        process.getOutputStream().flush();
    }

    /** Kills it as {@code kill -9}. What it has said by then can still be read. */
    void kill() {
        process.toHandle().destroyForcibly(); // Process itself would close the pipe.
    }

    /** Waits so long, and returns whether it has ended. */
    boolean endsWithin(long millis) throws InterruptedException {
        return process.waitFor(millis, TimeUnit.MILLISECONDS);
    }

    /** Waits for its end, and returns whether that was a kill -9. Any other end but a good one fails the test. */
    boolean wasKilled() throws InterruptedException {
        if (!process.waitFor(SECONDS_TO_END, TimeUnit.SECONDS)) {
            throw new AssertionError("the process does not end");
        }
        int code = process.exitValue();
        if (code != 0 && code != 128 + 9) {
            throw new AssertionError("the process has ended with " + code);
        }
        return code != 0;
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
