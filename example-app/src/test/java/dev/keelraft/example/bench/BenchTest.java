package dev.keelraft.example.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.keelraft.example.Main;
import dev.keelraft.example.etcd.EtcdClient;
import dev.keelraft.example.etcd.TestServer;
import dev.keelraft.example.etcd.wire.RangeRequest;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import picocli.CommandLine;

@Timeout(value = 2, unit = TimeUnit.MINUTES)
class BenchTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String... arguments) {
        return new CommandLine(new Main())
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .execute(arguments);
    }

    @Test
    void a_server_is_measured() throws IOException, InterruptedException {
        TestServer server = new TestServer();
        String url = server.url();
        try {
            String endpoints = url + "," + url;
            assertThat(run("bench", "--endpoints", endpoints, "--clients", "3", "--seconds", "1", "--key-space", "10"))
                    .isZero();
        } finally {
            server.stop();
        }
        assertThat(out.toString())
                .contains("endpoints   " + url + ", " + url)
                .containsPattern("throughput  [1-9][0-9,]* puts/s")
                .containsPattern("latency     p50 \\d+\\.\\d\\d ms   p99 \\d+\\.\\d\\d ms   p99.9 ")
                .contains("errors      0");
    }

    @Test
    void puts_go_to_the_keys_that_there_are_and_no_others() throws IOException, InterruptedException {
        TestServer server = new TestServer();
        try (EtcdClient client = new EtcdClient(server.url())) {
            Bench.Load load = new Bench.Load(4, 100, 3, 1, Duration.ZERO, Duration.ofSeconds(1));

            Result result = new Bench(load, List.of(client)).run();

            assertThat(result.failureCount()).isZero();
            // Those that are under way at the end have a latency, and do not count for the throughput.
            assertThat(result.micros().getTotalCount())
                    .isBetween(result.answered(), result.answered() + load.clients());
            var all = client.range(
                    RangeRequest.newBuilder()
                            .setKey(ByteString.copyFromUtf8("bench/"))
                            .setRangeEnd(ByteString.copyFromUtf8("bench0"))
                            .build(),
                    Duration.ofSeconds(30));
            assertThat(all.getKvsCount()).isEqualTo(3);
            assertThat(all.getKvsList()).allMatch(pair -> pair.getValue().size() == 100);
            assertThat(all.getKvsList().stream()
                            .mapToLong(pair -> pair.getVersion())
                            .sum())
                    .isEqualTo(result.micros().getTotalCount());
        } finally {
            server.stop();
        }
    }

    @Test
    void puts_that_fail_are_counted_by_status() throws InterruptedException {
        try (EtcdClient client = new EtcdClient("127.0.0.1:1")) {
            Bench.Load load = new Bench.Load(2, 1, 1, 1, Duration.ZERO, Duration.ofMillis(300));

            Result result = new Bench(load, List.of(client)).run();

            assertThat(result.answered()).isZero();
            assertThat(result.failures()).hasSize(1);
            assertThat(result.failures().firstKey()).startsWith("UNAVAILABLE");
            assertThat(result.failureCount()).isBetween(2L, 8L);
        }
    }

    @Test
    void an_endpoint_that_does_not_answer_is_named() {
        assertThat(run("bench", "--endpoints", "http://127.0.0.1:1")).isEqualTo(1);
        assertThat(err.toString())
                .contains("http://127.0.0.1:1 does not answer: UNAVAILABLE")
                .hasLineCount(1);
    }

    @Test
    void arguments_are_checked() {
        for (String argument : List.of("--clients=0", "--seconds=0", "--value-bytes=-1", "--key-space=0")) {
            assertThat(run("bench", argument)).as(argument).isEqualTo(2);
            assertThat(err.toString()).contains(argument.replace("=", " is ") + ", and must be from ");
        }
        for (String endpoint : List.of("here", "https://127.0.0.1:1", "http://a:70000", "http://a:1/path", "")) {
            assertThat(run("bench", "--endpoints=" + endpoint)).as(endpoint).isEqualTo(2);
            assertThat(err.toString()).contains("endpoint '" + endpoint + "' is not of the form http://HOST:PORT");
        }
    }

    @Test
    void the_line_of_json_has_the_figures() {
        Histogram micros = new Histogram(3);
        micros.recordValue(1500);
        Bench.Load load = new Bench.Load(8, 128, 1000, 7, Duration.ofSeconds(2), Duration.ofSeconds(2));

        new Result(load, List.of("http://a:1", "b:2"), 5, micros, new TreeMap<>(Map.of("UNAVAILABLE", 4L)))
                .printJson(new PrintWriter(out));

        assertThat(out.toString())
                .isEqualToIgnoringNewLines(
                        "{\"endpoints\":[\"http://a:1\",\"b:2\"],\"clients\":8,\"value_bytes\":128,\"key_space\":1000,"
                                + "\"seed\":7,\"seconds\":2,\"puts\":5,\"puts_per_second\":2.5,\"p50_ms\":1.500,"
                                + "\"p99_ms\":1.500,\"p99_9_ms\":1.500,\"max_ms\":1.500,\"errors\":4}");
    }

    @Test
    void without_an_answer_there_is_no_latency() {
        Bench.Load load = new Bench.Load(1, 1, 1, 1, Duration.ZERO, Duration.ofSeconds(1));

        new Result(load, List.of("a:1"), 0, new Histogram(3), new TreeMap<>()).print(new PrintWriter(out));

        assertThat(out.toString()).contains("latency     p50 -   p99 -");
    }
}
