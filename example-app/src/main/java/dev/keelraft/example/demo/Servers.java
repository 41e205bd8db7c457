package dev.keelraft.example.demo;

import dev.keelraft.example.etcd.EtcdClient;
import dev.keelraft.example.etcd.wire.StatusResponse;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Three servers of one group, each a process, and a client for each. Members count from 0; their names from n1. */
final class Servers {
    /** How many there are: the fewest of which one may fail. */
    static final int COUNT = 3;

    private static final Duration STATUS_TIMEOUT = Duration.ofMillis(500);
    private static final Duration END_PATIENCE = Duration.ofSeconds(5);

    private final List<Integer> ports;
    private final List<ServerProcess> processes;
    private final List<EtcdClient> clients;

    /**
     * Servers that are not yet started.
     *
     * @param serverCommand starts a server when etcd's flags are added to it
     * @param directory gets a data directory and a log file for each
     * @param ports two for each: for clients and for the other members
     */
    Servers(List<String> serverCommand, Path directory, List<Integer> ports) {
        this.ports = List.copyOf(ports);
        clients = members().map(i -> new EtcdClient(clientUrl(i))).toList();
        processes = members()
                .map(i -> new ServerProcess(
                        memberName(i), command(serverCommand, directory, i), directory.resolve(memberName(i) + ".log")))
                .toList();
    }

    private static Stream<Integer> members() {
        return IntStream.range(0, COUNT).boxed();
    }

    private static String memberName(int member) {
        return "n" + (member + 1);
    }

    /** Where clients find the member. */
    String clientUrl(int member) {
        return "http://127.0.0.1:" + ports.get(2 * member);
    }

    /** Where the other members find it. */
    String peerUrl(int member) {
        return "http://127.0.0.1:" + ports.get(2 * member + 1);
    }

    private List<String> command(List<String> serverCommand, Path directory, int member) {
        String cluster = members().map(i -> memberName(i) + "=" + peerUrl(i)).collect(Collectors.joining(","));
        List<String> command = new ArrayList<>(serverCommand);
        command.addAll(List.of("--name", memberName(member)));
        command.addAll(
                List.of("--data-dir", directory.resolve(memberName(member)).toString()));
        command.addAll(List.of("--listen-client-urls", clientUrl(member)));
        command.addAll(List.of("--advertise-client-urls", clientUrl(member)));
        command.addAll(List.of("--listen-peer-urls", peerUrl(member)));
        command.addAll(List.of("--initial-advertise-peer-urls", peerUrl(member)));
        command.addAll(List.of("--initial-cluster", cluster));
        command.addAll(List.of("--initial-cluster-state", "new"));
        command.addAll(List.of("--initial-cluster-token", "keel-demo"));
        return command;
    }

    /** The processes, in the order of the members. */
    List<ServerProcess> processes() {
        return processes;
    }

    /** A client of each member, in the order of the members. */
    List<EtcdClient> clients() {
        return clients;
    }

    /** Starts all. */
    void start() throws IOException {
        for (ServerProcess process : processes) {
            process.start();
        }
    }

    /** Starts one that was killed, from what it left on disk. */
    void restart(int member) throws IOException {
        processes.get(member).start();
        clients.get(member).reconnect();
    }

    /** The leader of a term. */
    record Leader(int member, long term) {}

    /**
     * The member that calls itself the leader; that of the highest term, if a dethroned one does not know yet.
     *
     * @return empty if none does, or if one that runs does not answer and no other calls itself the leader
     */
    Optional<Leader> leader() {
        Leader newest = null;
        for (int i = 0; i < COUNT; i++) {
            Optional<StatusResponse> status = status(i);
            if (status.isPresent()
                    && status.get().getLeader() != 0
                    && status.get().getLeader() == status.get().getHeader().getMemberId()
                    && (newest == null || status.get().getRaftTerm() > newest.term)) {
                newest = new Leader(i, status.get().getRaftTerm());
            }
        }
        return Optional.ofNullable(newest);
    }

    /** How the member does, or empty if it does not run or does not answer. */
    Optional<StatusResponse> status(int member) {
        if (!processes.get(member).isRunning()) {
            return Optional.empty();
        }
        try {
            // While it starts its port is closed, and the client would wait longer and longer between attempts.
            clients.get(member).reconnect();
            return Optional.of(clients.get(member).status(STATUS_TIMEOUT));
        } catch (StatusRuntimeException e) {
            return Optional.empty();
        }
    }

    /**
     * Nobody died but those who were killed.
     *
     * @throws DemoFailedException with the end of the log of one who did
     */
    void requireAlive() throws DemoFailedException {
        for (ServerProcess process : processes) {
            if (process.hasDied()) {
                throw new DemoFailedException(process.name() + " (pid " + process.pid()
                        + ") has ended by itself. The end of its log:\n"
                        + process.logTail(12).stream()
                                .map(line -> "    " + line)
                                .collect(Collectors.joining("\n")));
            }
        }
    }

    /** Ends all, in order where they can: SIGTERM, and SIGKILL for one that is still there after five seconds. */
    void stop() throws InterruptedException {
        closeClients();
        processes.forEach(ServerProcess::terminate);
        for (ServerProcess process : processes) {
            process.awaitEnd(END_PATIENCE);
        }
    }

    /** Ends all at once, and lets none start again. */
    void kill() throws InterruptedException {
        closeClients();
        for (ServerProcess process : processes) {
            process.killForGood();
        }
    }

    /** Ends the connections, and lets the processes run. */
    void closeClients() {
        clients.forEach(EtcdClient::close);
    }
}
