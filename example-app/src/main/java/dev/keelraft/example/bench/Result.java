package dev.keelraft.example.bench;

import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.stream.Collectors;
import org.HdrHistogram.Histogram;

/**
 * What a {@link Bench} has measured.
 *
 * @param answered puts answered well within the window
 * @param micros latencies of the puts that were sent within the window and answered well, in microseconds
 * @param failures how many puts that were sent within the window failed, by status
 */
record Result(
        Bench.Load load, List<String> endpoints, long answered, Histogram micros, SortedMap<String, Long> failures) {

    /** Puts per second. */
    double throughput() {
        return answered / (load.window().toNanos() / 1e9);
    }

    long failureCount() {
        return failures.values().stream().mapToLong(Long::longValue).sum();
    }

    /** Writes it for people. */
    void print(PrintWriter out) {
        line(out, "endpoints   %s", String.join(", ", endpoints));
        line(out, "clients     %,d, each with one put under way (closed loop)", load.clients());
        line(out, "puts        %,d bytes to one of %,d keys, seed %d", load.valueBytes(), load.keySpace(), load.seed());
        line(
                out,
                "time        %d s, after %d s of warm-up that do not count",
                load.window().toSeconds(),
                load.warmUp().toSeconds());
        line(out, "throughput  %,.0f puts/s (%,d answered)", throughput(), answered);
        line(out, "latency     p50 %s   p99 %s   p99.9 %s   max %s", millis(50), millis(99), millis(99.9), millis(100));
        line(out, "errors      %,d", failureCount());
        failures.forEach((status, count) -> line(out, "            %,d x %s", count, status));
    }

    /** Writes it for programs: one line of JSON. Latencies are in milliseconds. */
    void printJson(PrintWriter out) {
        // An endpoint is a URL that was checked, without a character that JSON would need escaped.
        String names =
                endpoints.stream().map(endpoint -> "\"" + endpoint + "\"").collect(Collectors.joining(","));
        line(
                out,
                "{\"endpoints\":[%s],\"clients\":%d,\"value_bytes\":%d,\"key_space\":%d,\"seed\":%d,\"seconds\":%d,"
                        + "\"puts\":%d,\"puts_per_second\":%.1f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"p99_9_ms\":%.3f,"
                        + "\"max_ms\":%.3f,\"errors\":%d}",
                names,
                load.clients(),
                load.valueBytes(),
                load.keySpace(),
                load.seed(),
                load.window().toSeconds(),
                answered,
                throughput(),
                value(50),
                value(99),
                value(99.9),
                value(100),
                failureCount());
    }

    private double value(double percentile) {
        return micros.getTotalCount() == 0 ? 0 : micros.getValueAtPercentile(percentile) / 1e3;
    }

    private String millis(double percentile) {
        return micros.getTotalCount() == 0 ? "-" : String.format(Locale.ROOT, "%.2f ms", value(percentile));
    }

    private static void line(PrintWriter out, String format, Object... arguments) {
        out.printf(Locale.ROOT, format, arguments);
        out.println();
        out.flush();
    }
}
