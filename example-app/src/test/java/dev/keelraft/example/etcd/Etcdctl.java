package dev.keelraft.example.etcd;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** etcd's own client as a program, where it is installed (Debian has it as {@code etcd-client}). */
public final class Etcdctl {
    private Etcdctl() {}

    /** What a command printed, to either stream, and how it ended. */
    public record Output(int exitCode, String text) {}

    /** Skips the test, and says so, where there is none. */
    public static void assumeInstalled() throws InterruptedException {
        try {
            assumeTrue(
                    run(List.of("etcdctl", "version"), "").exitCode == 0, "skipped: etcdctl does not tell its version");
        } catch (IOException e) {
            assumeTrue(false, "skipped: no etcdctl on this machine: " + e.getMessage());
        }
    }

    /** Runs a command against these members, with that on its standard input. */
    public static Output run(String endpoints, String input, String... arguments)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("etcdctl", "--endpoints=" + endpoints));
        command.addAll(List.of(arguments));
        return run(command, input);
    }

    private static Output run(List<String> command, String input) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().putAll(Map.of("ETCDCTL_API", "3"));
        Process process = builder.start();
        try (OutputStream in = process.getOutputStream()) {
            in.write(input.getBytes(StandardCharsets.UTF_8));
        }
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Output(process.waitFor(), text);
    }
}
