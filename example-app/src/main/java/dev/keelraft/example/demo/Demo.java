package dev.keelraft.example.demo;

import com.google.protobuf.ByteString;
import dev.keelraft.example.etcd.EtcdClient;
import dev.keelraft.example.etcd.wire.StatusResponse;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The course of the demo: three servers start, writers write through all of them; halfway the leader is killed; at three
 * quarters it starts again and catches up; in the end all is read back from each member. It runs once.
 */
final class Demo {
    private static final int WRITERS_PER_MEMBER = 4;

    /** How long anything may take that the group must do by itself. */
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    /**
     * How long an attempt to write may take: much longer than a write takes, and shorter than an election. An attempt
     * that meets one may never be answered, and what it waits beyond the election makes the stall look longer.
     */
    private static final Duration ATTEMPT_TIMEOUT = Duration.ofMillis(500);

    /** Over less time a rate says nothing. */
    private static final double RATE_SECONDS_MIN = 0.1;

    private static final Duration POLL = Duration.ofMillis(10);
    private static final Duration READ_TIMEOUT = Duration.ofSeconds(1);

    private final List<String> serverCommand;
    private final Text text;
    private final Duration duration;
    private final boolean keep;
    private final Narration narration;
    private final Workload workload;
    private final Ledger ledger;
    private final Pace pace = new Pace();
    /** Something went wrong: the data is to be looked at, and stays whatever happens. */
    private volatile boolean wentWrong;

    /**
     * A demo that is not yet begun.
     *
     * @param serverCommand starts a server when etcd's flags are added to it
     * @param text what to write, again and again
     * @param duration for how long to write
     * @param keep whether the servers go on in the end
     * @param out where to tell what happens
     */
    Demo(List<String> serverCommand, Text text, Duration duration, boolean keep, PrintWriter out) {
        this.serverCommand = List.copyOf(serverCommand);
        this.text = text;
        this.duration = duration;
        this.keep = keep;
        narration = new Narration(out);
        workload = new Workload(text, Servers.COUNT * WRITERS_PER_MEMBER);
        ledger = new Ledger(workload);
    }

    /**
     * Runs all of it. Whatever happens, also the end of this JVM, ends the processes, unless all went its way and they
     * are to be kept. The data stays where something went wrong.
     *
     * @return whether nothing was lost or doubled, and the group did what it should
     * @throws IOException if the machine does not provide what the demo needs: a directory, ports, processes
     */
    boolean run() throws IOException, InterruptedException {
        Path directory = Files.createTempDirectory("keel-demo-");
        try {
            narration.line(
                    "Keel demo: %d servers, %d writers for %d s",
                    Servers.COUNT, workload.writers(), duration.toSeconds());
            narration.line(
                    "text: %s (%,d lines), data: %s", text.name(), text.lines().size(), directory);
            // A second attempt has other ports and begins with empty directories.
            Optional<Boolean> good = attempt(directory.resolve("servers"), directory);
            if (good.isEmpty()) {
                narration.event("a port was taken by another program; once more with other ports");
                good = attempt(directory.resolve("servers-2"), directory);
            }
            if (good.isEmpty()) {
                throw new DemoFailedException("a port was taken by another program again");
            }
            if (!good.get()) {
                narration.line("The data and the logs of the servers stay in %s", directory);
            } else if (!keep) {
                delete(directory);
            }
            return good.get();
        } catch (DemoFailedException e) {
            narration.line("");
            narration.line("FAILED: %s", String.valueOf(e.getMessage()));
            narration.line("The data and the logs of the servers stay in %s", directory);
            return false;
        }
    }

    /** Returns nothing if the servers could not start because a port was taken. */
    private Optional<Boolean> attempt(Path servers, Path directory)
            throws IOException, DemoFailedException, InterruptedException {
        Files.createDirectory(servers);
        Servers group = new Servers(serverCommand, servers, FreePorts.find(2 * Servers.COUNT));
        Thread hook = new Thread(() -> interrupted(group, directory), "demo-shutdown");
        Runtime.getRuntime().addShutdownHook(hook);
        boolean kept = false;
        try {
            Optional<Servers.Leader> leader = start(group);
            if (leader.isEmpty()) {
                return Optional.empty();
            }
            Report report = course(group, leader.get());
            wentWrong = !report.isGood();
            report.tell(narration);
            if (keep) {
                kept = true;
                group.closeClients();
                tellHowToGoOn(group, directory);
            }
            return Optional.of(report.isGood());
        } catch (DemoFailedException e) {
            wentWrong = true;
            throw e;
        } finally {
            if (!kept) {
                group.stop();
            }
            removeHook(hook);
        }
    }

    /** Ctrl-C, or another end of this JVM. */
    private void interrupted(Servers group, Path directory) {
        narration.event("interrupted: the servers are killed%s", wentWrong ? "" : ", and their data is deleted");
        // The thread that is interrupted so goes on for a moment, and sees servers that have ended.
        narration.mute();
        try {
            group.kill();
            if (!wentWrong) {
                delete(directory);
            }
        } catch (InterruptedException | IOException e) {
            // Nobody is left to take it: the JVM ends.
            throw new IllegalStateException(directory + " may be left", e);
        }
    }

    private static void removeHook(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The JVM ends already, and the hook runs.
        }
    }

    private Optional<Servers.Leader> start(Servers group)
            throws IOException, DemoFailedException, InterruptedException {
        group.start();
        for (int i = 0; i < Servers.COUNT; i++) {
            ServerProcess process = group.processes().get(i);
            narration.event("%s starts: pid %d, clients %s", process.name(), process.pid(), group.clientUrl(i));
        }
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (System.nanoTime() - deadline < 0) {
            if (group.processes().stream().anyMatch(ServerProcess::portWasTaken)) {
                return Optional.empty();
            }
            group.requireAlive();
            Optional<Servers.Leader> leader = group.leader();
            if (leader.isPresent() && allAgree(group)) {
                narration.event(
                        "%s leads in term %d",
                        name(group, leader.get()), leader.get().term());
                return leader;
            }
            pause(POLL);
        }
        throw new DemoFailedException("the servers have not agreed on a leader within " + PATIENCE.toSeconds() + " s");
    }

    private static boolean allAgree(Servers group) {
        List<Long> leaders = new ArrayList<>();
        for (int i = 0; i < Servers.COUNT; i++) {
            leaders.add(group.status(i).map(StatusResponse::getLeader).orElse(0L));
        }
        return !leaders.contains(0L) && leaders.stream().distinct().count() == 1;
    }

    private Report course(Servers group, Servers.Leader first)
            throws IOException, DemoFailedException, InterruptedException {
        Writers writers = new Writers(workload, ledger, pace, group.clients(), ATTEMPT_TIMEOUT);
        long start = System.nanoTime();
        narration.event("writers start, each write: if create_revision(key) = 0 then put, else get");
        writers.start();
        FailOver failOver;
        double catchUpSeconds;
        try {
            proceed(group, writers, start, 0.2);
            proceed(group, writers, start, 0.4);
            await(group, writers, start, 0.5);
            failOver = failOver(group, first);
            proceed(group, writers, start, 0.65);
            await(group, writers, start, 0.75);
            catchUpSeconds = restart(group, writers, failOver.killed());
            proceed(group, writers, start, 0.9);
            await(group, writers, start, 1);
        } finally {
            writers.stop(PATIENCE);
            pace.finish(System.nanoTime());
        }
        requireHealth(group, writers);
        narration.event("writers stop: %,d writes acknowledged", ledger.acknowledgedCount());
        List<ReadBack.Result> results = new ArrayList<>();
        for (EtcdClient client : group.clients()) {
            results.add(new ReadBack(workload, ledger, client, PATIENCE).read());
        }
        narration.event("all keys are read back from each member, linearizably");
        return new Report(
                pace.beforeKill(),
                pace.afterKill(),
                failOver.electionSeconds(),
                catchUpSeconds,
                writers.repeatedCount(),
                writers.foundDoneCount(),
                ledger.acknowledgedCount(),
                ledger.unknownCount(),
                ledger.violations(),
                ledger.violationCount(),
                results);
    }

    /** Lets the writers write up to that part of the time, and says how fast they do, unless that time is over already. */
    private void proceed(Servers group, Writers writers, long start, double part)
            throws DemoFailedException, InterruptedException {
        long countBefore = pace.count();
        long nanosBefore = System.nanoTime();
        await(group, writers, start, part);
        long count = pace.count();
        double seconds = (System.nanoTime() - nanosBefore) / 1e9;
        if (seconds > RATE_SECONDS_MIN) {
            narration.event("%,d writes acknowledged, %,.0f per second", count, (count - countBefore) / seconds);
        }
    }

    private void await(Servers group, Writers writers, long start, double part)
            throws DemoFailedException, InterruptedException {
        long until = start + (long) (duration.toNanos() * part);
        while (System.nanoTime() - until < 0) {
            requireHealth(group, writers);
            pause(POLL);
        }
    }

    private static void requireHealth(Servers group, Writers writers) throws DemoFailedException {
        group.requireAlive();
        Throwable failure = writers.failure();
        if (failure != null) {
            throw new DemoFailedException("a writer gave up: " + failure.getMessage(), failure);
        }
    }

    /**
     * The end of a leader.
     *
     * @param killed the member that was killed
     * @param electionSeconds how long it took until another said that it leads
     */
    private record FailOver(int killed, double electionSeconds) {}

    private FailOver failOver(Servers group, Servers.Leader first) throws DemoFailedException, InterruptedException {
        // It may have changed since the start: a busy machine can keep a leader from being heard.
        Servers.Leader killed = group.leader().orElse(first);
        ServerProcess process = group.processes().get(killed.member());
        pace.leaderKilled();
        long killNanos = System.nanoTime();
        process.kill();
        narration.event("kill -9 %d: %s, the leader, is gone", process.pid(), process.name());
        long deadline = killNanos + PATIENCE.toNanos();
        while (System.nanoTime() - deadline < 0) {
            group.requireAlive();
            Optional<Servers.Leader> leader = group.leader();
            if (leader.isPresent() && leader.get().term() > killed.term()) {
                double seconds = (System.nanoTime() - killNanos) / 1e9;
                narration.event(
                        "%s leads in term %d",
                        name(group, leader.get()), leader.get().term());
                return new FailOver(killed.member(), seconds);
            }
            pause(POLL);
        }
        throw new DemoFailedException("no new leader within " + PATIENCE.toSeconds() + " s after the kill");
    }

    /** Starts the killed member again, and returns after how many seconds it has what the leader has. */
    private double restart(Servers group, Writers writers, int member)
            throws IOException, DemoFailedException, InterruptedException {
        ServerProcess process = group.processes().get(member);
        long start = System.nanoTime();
        group.restart(member);
        narration.event("%s starts again on its data: pid %d", process.name(), process.pid());
        long deadline = start + PATIENCE.toNanos();
        while (System.nanoTime() - deadline < 0) {
            requireHealth(group, writers);
            long target = group.leader()
                    .flatMap(leader -> group.status(leader.member()))
                    .map(StatusResponse::getRaftAppliedIndex)
                    .orElse(Long.MAX_VALUE);
            long applied = group.status(member)
                    .map(StatusResponse::getRaftAppliedIndex)
                    .orElse(0L);
            if (applied >= target && reads(group.clients().get(member))) {
                double seconds = (System.nanoTime() - start) / 1e9;
                narration.event("%s has caught up, at index %,d", process.name(), applied);
                writers.returnHome();
                return seconds;
            }
            pause(POLL);
        }
        throw new DemoFailedException(
                process.name() + " has not caught up within " + PATIENCE.toSeconds() + " s after its new start");
    }

    private boolean reads(EtcdClient client) {
        try {
            client.range(
                    workload.pageAfter(ByteString.EMPTY).toBuilder().setLimit(1).build(), READ_TIMEOUT);
            return true;
        } catch (StatusRuntimeException e) {
            return false;
        }
    }

    private void tellHowToGoOn(Servers group, Path directory) {
        String endpoints = Stream.of(0, 1, 2).map(group::clientUrl).collect(Collectors.joining(","));
        String pids = group.processes().stream()
                .map(process -> Long.toString(process.pid()))
                .collect(Collectors.joining(" "));
        narration.line("");
        narration.line("The servers go on. Try:");
        for (String command : List.of(
                "member list -w table",
                "endpoint status -w table",
                "put greeting hello",
                "get greeting",
                "get --prefix --print-value-only demo/000000/")) {
            narration.line("  etcdctl --endpoints=%s %s", endpoints, command);
        }
        narration.line("Their data and logs are in %s", directory);
        narration.line("To end them: kill %s", pids);
    }

    private static String name(Servers group, Servers.Leader leader) {
        return group.processes().get(leader.member()).name();
    }

    private static void pause(Duration pause) throws InterruptedException {
        TimeUnit.NANOSECONDS.sleep(pause.toNanos());
    }

    /** Deletes a directory with all that is in it. */
    static void delete(Path directory) throws IOException {
        try (Stream<Path> paths = Files.walk(directory)) {
            for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }
}
