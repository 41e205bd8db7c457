package dev.keelraft;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * The kernel, with all deviations off, against recordings of etcd's raft library: the same calls must print the same, byte for
 * byte.
 *
 * <p>{@code random.zip} holds random scripts of 300 commands. A directory with any number of others is named by {@code
 * -Dkeel.conformance.dir=DIR}, as an absolute path.
 */
class ConformanceTest {
    private static final String DIRECTORY = "keel.conformance.dir";

    @Test
    void random_scripts_print_what_etcds_library_printed() throws IOException {
        List<ConformanceRun> runs = new ArrayList<>();
        try (InputStream file = Objects.requireNonNull(getClass().getResourceAsStream("/conformance/random.zip"));
                ZipInputStream zip = new ZipInputStream(file)) {
            for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
                String text = new String(zip.readAllBytes(), StandardCharsets.UTF_8);
                ConformanceScript script = ConformanceScript.parse(entry.getName(), text);
                runs.add(ConformanceRun.of(script, "random.zip!" + entry.getName(), EnumSet.noneOf(Deviation.class)));
            }
        }
        report("random.zip", runs);
        assertThat(runs).hasSizeGreaterThan(100);
    }

    @Test
    @EnabledIfSystemProperty(named = DIRECTORY, matches = ".+")
    void the_scripts_of_a_directory_print_what_etcds_library_printed() throws IOException {
        Path directory = Path.of(System.getProperty(DIRECTORY));
        List<ConformanceRun> runs = ConformanceRun.scripts(directory).parallelStream()
                .map(path -> ConformanceRun.of(directory, path))
                .toList();
        assertThat(runs).as("scripts in %s", directory).isNotEmpty();
        report(directory.toString(), runs);
    }

    private static void report(String what, List<ConformanceRun> runs) {
        int commands = runs.stream().mapToInt(ConformanceRun::commands).sum();
        List<String> divergences =
                runs.stream().flatMap(run -> run.divergence().stream()).toList();
        System.out.printf(
                "conformance: %s: %d scripts, %d commands, %d divergences%n",
                what, runs.size(), commands, divergences.size());
        assertThat(divergences.subList(0, Math.min(3, divergences.size())))
                .as("%d of %d scripts diverge; the first", divergences.size(), runs.size())
                .isEqualTo(Collections.emptyList());
    }
}
