package dev.keelraft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/**
 * The kernel against etcd's raft library as it runs here and now: the recorder in {@code src/test/go} is built, and leads the
 * library through scripts that nobody has seen before.
 *
 * <p>Skipped, with the reason, where Go is not installed, or too old, or its module cache lacks the library ({@code go mod
 * download} in that folder fetches it; the test itself uses no network). {@code -Dkeel.conformance.seed=N} repeats a batch,
 * {@code -Dkeel.conformance.scripts=N} sets its size.
 */
class RecordedAfreshTest {
    private static final String SEED = "keel.conformance.seed";
    private static final int SCRIPTS = Integer.getInteger("keel.conformance.scripts", 200);
    private static final Path BASE = Path.of(System.getProperty("basedir", "")).toAbsolutePath();
    private static final Path SOURCES = BASE.resolve("src/test/go");
    private static final String RECORDER = BASE.resolve("target/recorder").toString();
    private static final int TIMEOUT_SECONDS = 300;

    private record Outcome(int exitCode, String output) {}

    /** Scripts that diverge stay for a look. */
    @TempDir(cleanup = CleanupMode.ON_SUCCESS)
    Path directory;

    @BeforeEach
    void build() throws IOException, InterruptedException {
        Outcome modules;
        try {
            modules = run("go", "mod", "download");
        } catch (IOException e) {
            skip("no Go on this machine: " + e.getMessage());
            return;
        }
        if (modules.exitCode() != 0) {
            skip("Go lacks what the recorder needs: " + modules.output());
        }
        // From here on what fails is the recorder itself, which is no reason to skip.
        succeed("go", "build", "-buildvcs=false", "-o", RECORDER, ".");
    }

    @Test
    void random_scripts_recorded_afresh_print_what_etcds_library_prints() throws IOException, InterruptedException {
        long seed = Long.getLong(SEED, new Random().nextInt(Integer.MAX_VALUE));
        System.out.printf("conformance: recording %d scripts; repeat with -D%s=%d%n", SCRIPTS, SEED, seed);

        succeed(RECORDER, "fuzz", "-seed", "" + seed, "-scripts", "" + SCRIPTS, "-out", directory + "/afresh");

        ConformanceReport report = ConformanceReport.ofDirectory(directory.resolve("afresh"));
        assertThat(report.runs()).hasSize(SCRIPTS);
        ConformanceTest.check(report);
    }

    @Test
    void what_is_on_record_for_scenarios_and_stories_is_what_etcds_library_still_prints()
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(RECORDER, "check"));
        ConformanceReport.scripts(ConformanceTest.scenarios()).forEach(path -> command.add(path.toString()));

        assertThat(succeed(command.toArray(String[]::new))).contains(command.size() - 2 + " scripts, 0 outputs differ");
    }

    private static void skip(String why) {
        System.out.println("conformance: no fresh recordings: " + why);
        abort("skipped: " + why);
    }

    private String succeed(String... command) throws IOException, InterruptedException {
        Outcome outcome = run(command);
        assertThat(outcome.exitCode())
                .as("%s %s: %s", command[0], command[1], outcome.output())
                .isZero();
        return outcome.output();
    }

    private Outcome run(String... command) throws IOException, InterruptedException {
        Path output = Files.createTempFile(directory, "output", "");
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(SOURCES.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile());
        builder.environment().put("GOPROXY", "off");
        builder.environment().put("GOTOOLCHAIN", "local");
        builder.environment().put("GOFLAGS", "-mod=readonly");
        Process process = builder.start();
        if (!process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError(command[0] + " " + command[1] + " takes too long");
        }
        return new Outcome(process.exitValue(), Files.readString(output).trim());
    }
}
