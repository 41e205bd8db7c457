package dev.keelraft.example.bench;

import dev.keelraft.example.etcd.EtcdClient;
import io.grpc.StatusRuntimeException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * The command {@code bench}. Exits with 0 if puts were answered, 1 if none was or an endpoint cannot be reached, 2 if
 * the arguments are wrong.
 */
@Command(
        name = "bench",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Puts values as fast as a number of clients gets answers, and prints throughput and latencies.",
            "Works with any server of etcd's API. The first 2 s do not count."
        })
public final class BenchCommand implements Callable<Integer> {
    /** Below what a request may have, with room for the key. */
    private static final int VALUE_BYTES_MAX = 1024 * 1024;

    private static final Duration WARM_UP = Duration.ofSeconds(2);
    private static final Duration STATUS_TIMEOUT = Duration.ofSeconds(5);

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Option(
            names = "--endpoints",
            split = ",",
            paramLabel = "URL",
            defaultValue = "http://127.0.0.1:2379",
            description = "the members, over which the clients are spread (default: ${DEFAULT-VALUE})")
    private List<String> endpoints = List.of();

    @Option(
            names = "--clients",
            paramLabel = "N",
            defaultValue = "64",
            description = "how many puts are under way at a time (default: ${DEFAULT-VALUE})")
    private int clients;

    @Option(
            names = "--value-bytes",
            paramLabel = "N",
            defaultValue = "128",
            description = "the length of a value (default: ${DEFAULT-VALUE})")
    private int valueBytes;

    @Option(
            names = "--seconds",
            paramLabel = "N",
            defaultValue = "10",
            description = "how long to measure (default: ${DEFAULT-VALUE})")
    private int seconds;

    @Option(
            names = "--key-space",
            paramLabel = "N",
            defaultValue = "100000",
            description = "how many different keys there are (default: ${DEFAULT-VALUE})")
    private int keySpace;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "1",
            description = "makes the keys and values (default: ${DEFAULT-VALUE})")
    private long seed;

    @Option(names = "--json", description = "print the result as one line of JSON instead")
    private boolean json;

    @Override
    public Integer call() throws InterruptedException {
        require("--clients", clients, 1, 100_000);
        require("--value-bytes", valueBytes, 0, VALUE_BYTES_MAX);
        require("--seconds", seconds, 1, 86_400);
        require("--key-space", keySpace, 1, Integer.MAX_VALUE);
        List<EtcdClient> connections = new ArrayList<>();
        try {
            for (String endpoint : endpoints) {
                connections.add(client(endpoint));
            }
            return run(connections);
        } finally {
            connections.forEach(EtcdClient::close);
        }
    }

    private void require(String option, int value, int min, int max) {
        if (value < min || value > max) {
            throw new ParameterException(
                    spec.commandLine(), option + " is " + value + ", and must be from " + min + " to " + max);
        }
    }

    private EtcdClient client(String endpoint) {
        try {
            return new EtcdClient(endpoint.strip());
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), "--endpoints: " + e.getMessage(), e);
        }
    }

    private int run(List<EtcdClient> connections) throws InterruptedException {
        for (EtcdClient connection : connections) {
            try {
                connection.status(STATUS_TIMEOUT);
            } catch (StatusRuntimeException e) {
                spec.commandLine()
                        .getErr()
                        .println("keel-kv bench: " + connection.endpoint() + " does not answer: "
                                + EtcdClient.reason(e));
                return 1;
            }
        }
        Bench.Load load = new Bench.Load(clients, valueBytes, keySpace, seed, WARM_UP, Duration.ofSeconds(seconds));
        Result result = new Bench(load, connections).run();
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            result.printJson(out);
        } else {
            result.print(out);
        }
        return result.answered() > 0 ? 0 : 1;
    }
}
