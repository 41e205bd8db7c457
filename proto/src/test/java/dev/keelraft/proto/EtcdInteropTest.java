package dev.keelraft.proto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.protobuf.InvalidProtocolBufferException;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.RandomGenerator;
import net.jqwik.api.sessions.JqwikSession;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The codec and etcd's own package, live: the programs in {@code src/test/go} are built and talked to. Where there is no Go, or
 * its modules cannot be fetched, this is skipped and says so; the recordings in {@link EtcdCompatibilityTest} remain.
 */
@Timeout(value = 15, unit = TimeUnit.MINUTES)
class EtcdInteropTest {
    private static final File SOURCE = new File("src/test/go").getAbsoluteFile();
    private static final long SEED = 20_261_121;
    private static final int SAMPLES = 1_000;

    @TempDir
    static Path folder;

    private static String program = "";
    private static String olderProgram = "";

    @BeforeAll
    static void build() throws IOException, InterruptedException {
        try {
            run(SOURCE, List.of("go", "version"), "");
        } catch (IOException e) {
            assumeTrue(false, "skipped: no Go on this machine: " + e.getMessage());
        }
        program = build(SOURCE, "interop");
        olderProgram = build(new File(SOURCE, "older"), "older");
    }

    private static String build(File source, String name) throws IOException, InterruptedException {
        Output modules = run(source, List.of("go", "mod", "download"), "");
        assumeTrue(modules.exitCode == 0, () -> "skipped: etcd's modules cannot be fetched: " + modules.text);
        String built = folder.resolve(name).toString();
        // From here on a failure is one.
        Output build = run(source, List.of("go", "build", "-buildvcs=false", "-mod=readonly", "-o", built, "."), "");
        assertThat(build.exitCode).as(build.text).isZero();
        return built;
    }

    @Test
    void what_is_recorded_is_what_etcd_says_today() throws IOException, InterruptedException {
        List<String> golden = lines(List.of(program, "golden"), "");

        assertThat(golden).isEqualTo(Recorded.lines("golden"));
        assertThat(lines(List.of(program, "schema"), "")).isEqualTo(Recorded.lines("schema"));
        assertThat(lines(List.of(olderProgram), String.join("\n", golden))).isEqualTo(Recorded.lines("golden-3.5"));
    }

    @Test
    void etcd_reads_what_we_write_as_what_we_meant() throws IOException, InterruptedException {
        List<String> input = new ArrayList<>();
        List<String> expected = new ArrayList<>();
        for (Map.Entry<String, Object> value : EtcdCases.all().entrySet()) {
            Object meant = value.getValue();
            input.add(new Recorded.Value(Recorded.type(meant), value.getKey(), Recorded.encode(meant)).toString());
            expected.add(value.getKey() + " equal");
        }

        assertThat(lines(List.of(program, "check"), String.join("\n", input))).isEqualTo(expected);
    }

    @Test
    void random_values_pass_through_etcd_unchanged_but_for_our_own_fields() throws IOException, InterruptedException {
        List<Object> values = new ArrayList<>();
        JqwikSession.run(() -> {
            sample(KernelArbitraries.messages(), values);
            sample(KernelArbitraries.entries(), values);
            sample(KernelArbitraries.hardStates(), values);
            sample(KernelArbitraries.confStates(), values);
            sample(KernelArbitraries.snapshots(), values);
            sample(KernelArbitraries.confChanges(), values);
        });
        List<String> input = new ArrayList<>();
        List<String> expected = new ArrayList<>();
        for (Object value : values) {
            byte[] encoded = Recorded.encode(value);
            String type = Recorded.type(value);
            input.add(type + " " + Recorded.toHex(encoded));
            expected.add(Recorded.toHex(OwnFields.without(type, encoded)));
        }

        assertThat(lines(List.of(program, "echo"), String.join("\n", input))).isEqualTo(expected);
        assertThat(values).hasSize(6 * SAMPLES);
    }

    private static void sample(Arbitrary<?> arbitrary, List<Object> values) {
        RandomGenerator<?> generator = arbitrary.generator(SAMPLES);
        Random random = new Random(SEED);
        for (int i = 0; i < SAMPLES; i++) {
            values.add(generator.next(random).value());
        }
    }

    @Test
    void of_what_etcds_nodes_say_to_each_other_nothing_is_lost()
            throws IOException, InterruptedException, MalformedMessageException, InvalidProtocolBufferException {
        List<Recorded.Value> run = lines(List.of(program, "run"), "").stream()
                .map(Recorded.Value::parse)
                .toList();

        EtcdCompatibilityTest.checkNothingIsLost(run);
    }

    private static List<String> lines(List<String> command, String input) throws IOException, InterruptedException {
        Output output = run(SOURCE, command, input);
        assertThat(output.exitCode).as(output.text).isZero();
        return output.text.lines().toList();
    }

    private record Output(int exitCode, String text) {}

    private static Output run(File directory, List<String> command, String input)
            throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command)
                .directory(directory)
                .redirectErrorStream(true)
                .start();
        Thread writer = new Thread(() -> write(process, input), "input of " + command);
        writer.start();
        try (InputStream output = process.getInputStream()) {
            String text = new String(output.readAllBytes(), StandardCharsets.UTF_8);
            writer.join();
            return new Output(process.waitFor(), text);
        } finally {
            process.destroy();
        }
    }

    /** On a thread of its own, since both sides wait for each other once the pipes are full. */
    private static void write(Process process, String input) {
        try (OutputStream out = process.getOutputStream()) {
            out.write(input.getBytes(StandardCharsets.UTF_8));
        } catch (IOException closed) {
            // The program has ended early, and says why.
        }
    }
}
