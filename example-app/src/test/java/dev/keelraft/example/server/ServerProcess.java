package dev.keelraft.example.server;

import dev.keelraft.example.Main;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A member in a process of its own, which can be killed as a machine dies: with SIGKILL. */
final class ServerProcess {
    private final List<String> command = new ArrayList<>();
    private final Path log;
    private Process process;

    /** Starts one of several members; the others have the same list of peers. */
    ServerProcess(Path directory, int member, List<URI> peers, List<URI> clients, List<String> more)
            throws IOException {
        String name = "m" + member;
        StringBuilder cluster = new StringBuilder();
        for (int i = 1; i <= peers.size(); i++) {
            cluster.append(i == 1 ? "" : ",").append('m').append(i).append('=').append(peers.get(i - 1));
        }
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        // Surefire gives the class path to the JVM of the tests under a name of its own.
        command.addAll(List.of(
                "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                "-Dlogback.configurationFile=logback.xml",
                "-Xmx256m",
                "-XX:TieredStopAtLevel=1"));
        command.add(Main.class.getName());
        command.addAll(List.of(
                "server",
                "--name=" + name,
                "--data-dir=" + directory.resolve(name),
                "--listen-client-urls=" + clients.get(member - 1),
                "--advertise-client-urls=" + clients.get(member - 1),
                "--listen-peer-urls=" + peers.get(member - 1),
                "--initial-advertise-peer-urls=" + peers.get(member - 1),
                "--initial-cluster=" + cluster,
                "--heartbeat-interval=50",
                "--election-timeout=500"));
        command.addAll(more);
        log = directory.resolve(name + ".log");
        process = run();
    }

    private Process run() throws IOException {
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
    }

    /** kill -9. */
    void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    /** Starts it again, on the data that is there. */
    void restart() throws IOException {
        process = run();
    }

    /** kill; returns the exit code. */
    int stop() throws InterruptedException {
        process.destroy();
        if (!process.waitFor(20, TimeUnit.SECONDS)) {
            throw new AssertionError("it does not end:\n" + log());
        }
        return process.exitValue();
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** What it has printed. */
    String log() {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            return e.toString();
        }
    }
}
