package dev.keelraft.example.demo;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One server as a process of its own, that can be started again after it was killed. Threads may share it. */
final class ServerProcess {
    private final String name;
    private final List<String> command;
    private final Path log;
    private @Nullable Process process;
    private boolean ended;
    private boolean closed;

    /**
     * A server that is not yet started.
     *
     * @param command starts it, the same each time
     * @param log gets what it prints, and is appended to when it starts again
     */
    ServerProcess(String name, List<String> command, Path log) {
        this.name = name;
        this.command = List.copyOf(command);
        this.log = log;
    }

    String name() {
        return name;
    }

    /** Starts it, for the first time or again. Does nothing once {@link #killForGood} was called. */
    synchronized void start() throws IOException {
        if (closed) {
            return;
        }
        process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
        process.getOutputStream().close();
        ended = false;
    }

    /** The number of the process, or 0 if it was never started. */
    synchronized long pid() {
        return process == null ? 0 : process.pid();
    }

    /** It runs, and nobody has ended it. */
    synchronized boolean isRunning() {
        return process != null && !ended && process.isAlive();
    }

    /** It was started, and ended though nobody has ended it. */
    synchronized boolean hasDied() {
        return process != null && !ended && !process.isAlive();
    }

    /** SIGKILL: no chance to write or close anything. Returns when it is gone. */
    void kill() throws InterruptedException {
        Process killed = end();
        if (killed != null) {
            killed.destroyForcibly();
            killed.waitFor();
        }
    }

    /** As {@link #kill}, and prevents another start. */
    void killForGood() throws InterruptedException {
        synchronized (this) {
            closed = true;
        }
        kill();
    }

    /** SIGTERM. Returns at once; {@link #awaitEnd} waits. */
    void terminate() {
        Process terminated = end();
        if (terminated != null) {
            terminated.destroy();
        }
    }

    /** Waits until it is gone after {@link #terminate}, and kills it when that takes too long. */
    void awaitEnd(Duration patience) throws InterruptedException {
        Process awaited;
        synchronized (this) {
            awaited = process;
        }
        if (awaited != null && !awaited.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS)) {
            kill();
        }
    }

    private synchronized @Nullable Process end() {
        ended = true;
        return process;
    }

    /** The last lines that it has printed. */
    List<String> logTail(int lines) {
        List<String> all;
        try {
            all = new String(Files.readAllBytes(log), StandardCharsets.UTF_8)
                    .lines()
                    .toList();
        } catch (IOException e) {
            return List.of("(no log: " + e + ")");
        }
        return all.subList(Math.max(0, all.size() - lines), all.size());
    }

    /** It has died because another program listens on its port. */
    boolean portWasTaken() {
        return hasDied()
                && logTail(50).stream()
                        .anyMatch(line -> line.toLowerCase(Locale.ROOT).contains("address already in use"));
    }
}
