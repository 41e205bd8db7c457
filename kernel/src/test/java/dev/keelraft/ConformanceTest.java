package dev.keelraft;

import static org.assertj.core.api.Assertions.assertThat;

import dev.keelraft.ConformanceRun.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/**
 * The kernel, with all deviations off, against recordings of etcd's raft library: the same calls must print the same, byte for
 * byte. With all of them on, the same calls must not make a node fail.
 *
 * <p>The {@code *.txt} of the resources are scenarios, each named by the rule that it shows, and {@code stories}, each named
 * by what is wrong with that library (see {@link StoryTest}); {@code random.zip} holds random scripts of 300 commands. A directory with any number of others is named by {@code -Dkeel.conformance.dir=DIR}, as an
 * absolute path. {@link RecordedAfreshTest} records new ones.
 */
class ConformanceTest {
    private static final String DIRECTORY = "keel.conformance.dir";
    private static final int STORIES = 20;
    private static final long MAX_RESOURCE_BYTES = 3_000_000;

    @Test
    void scenarios_print_what_etcds_library_printed() throws IOException {
        ConformanceReport report = ConformanceReport.ofDirectory(scenarios());
        check(report);
        assertThat(report.runs()).hasSizeGreaterThanOrEqualTo(60 + STORIES);
    }

    @Test
    void random_scripts_print_what_etcds_library_printed() throws IOException {
        List<ConformanceRun> runs = new ArrayList<>();
        for (ConformanceScript script : randomScripts()) {
            runs.add(ConformanceRun.of(Kind.INTERACTION, script, "random.zip!" + script.name()));
        }
        check(new ConformanceReport("random.zip", runs));
        assertThat(runs).hasSizeGreaterThan(100);
    }

    @Test
    void the_direct_random_scripts_run_to_their_ends_with_all_deviations_and_no_node_fails() throws IOException {
        List<DeviationRun> runs = ConformanceTest.randomScripts().stream()
                .filter(ConformanceScript::isDirect)
                .map(script -> DeviationRun.of(script, "random.zip!" + script.name(), EnumSet.allOf(Deviation.class)))
                .toList();
        DeviationReport report = new DeviationReport("random.zip", EnumSet.allOf(Deviation.class), runs);
        System.out.println(report);
        assertThat(report.failures()).isEmpty();
        assertThat(runs).hasSizeGreaterThan(50);
        assertThat(runs).filteredOn(run -> run.differences() > 0).isNotEmpty();
    }

    @Test
    @EnabledIfSystemProperty(named = DIRECTORY, matches = ".+")
    void the_scripts_of_a_directory_print_what_etcds_library_printed() throws IOException {
        Path directory = Path.of(System.getProperty(DIRECTORY));
        assertThat(directory).as("-D" + DIRECTORY).isAbsolute().isDirectory();
        ConformanceReport report = ConformanceReport.ofDirectory(directory);
        assertThat(report.runs()).as("scripts in %s", directory).isNotEmpty();
        check(report);
    }

    @Test
    void a_script_is_run_by_the_rules_of_its_folder(@TempDir Path directory) throws IOException {
        write(directory, "some.txt", "raft-state\n----\nok\n");
        write(directory, "confchange/some.txt", "simple\nv1\n----\nvoters=(1)\n1: StateProbe match=0 next=1\n");
        write(directory, "deep/quorum/some.txt", "vote cfg=(1) votes=(y)\n----\nVoteWon\n");
        write(directory, "stories/some.txt", "raft-state\n----\nok\n");
        write(directory, "some.md", "no script");

        assertThat(ConformanceReport.ofDirectory(directory))
                .hasToString("conformance: " + directory
                        + ": 4 scripts (1 interaction, 1 confchange, 1 quorum, 1 story), 4 commands, 0 divergences,"
                        + " outputs " + ConformanceReport.ofDirectory(directory).outputs());
    }

    @Test
    void a_divergence_names_file_and_line_and_shows_both_outputs(@TempDir Path directory) throws IOException {
        write(
                directory,
                "wrong.txt",
                "# why\n\nadd-nodes 1 voters=(1) index=2\n----\nok\n\nraft-state\n----\n1: Leader\n");
        write(directory, "empty.txt", "# nothing\n");

        ConformanceReport report = ConformanceReport.ofDirectory(directory);

        assertThat(report.divergences()).hasSize(2);
        assertThat(report.divergences().get(0)).isEqualTo(directory.resolve("empty.txt") + ": no commands");
        assertThat(report.divergences().get(1))
                .startsWith(directory.resolve("wrong.txt") + ":7: raft-state\n")
                .contains("expected | 1: Leader")
                .contains("actual   | 1: StateFollower (Voter) Term:0 Lead:0");
    }

    @Test
    void where_the_library_panicked_ours_goes_on_and_may_print_what_it_likes(@TempDir Path directory)
            throws IOException {
        write(directory, "some.txt", "raft-state\n----\npanic: oh\n");
        write(directory, "stories/some.txt", "raft-state\n----\npanic: oh\n");
        write(directory, "stories/wrong.txt", "no-command 1\n----\npanic: oh\n");

        ConformanceReport report = ConformanceReport.ofDirectory(directory);

        assertThat(report.divergences()).hasSize(1);
        assertThat(report.divergences().get(0))
                .startsWith(directory.resolve("stories/wrong.txt") + ":1: no-command 1\n")
                .contains("actual   | threw ");
    }

    @Test
    void every_scenario_opens_with_the_rule_that_it_shows() throws IOException {
        assertThat(ConformanceReport.scripts(scenarios()))
                .allSatisfy(path -> assertThat(Files.readString(path)).startsWith("# "));
    }

    @Test
    void the_recordings_stay_small_enough_for_a_repository() throws IOException {
        long bytes = 0;
        try (Stream<Path> files = Files.walk(scenarios())) {
            for (Path path : files.toList()) {
                bytes += Files.size(path);
            }
        }
        assertThat(bytes).isLessThan(MAX_RESOURCE_BYTES);
    }

    /** The scripts of {@code random.zip}. */
    static List<ConformanceScript> randomScripts() throws IOException {
        List<ConformanceScript> scripts = new ArrayList<>();
        try (InputStream file =
                        Objects.requireNonNull(ConformanceTest.class.getResourceAsStream("/conformance/random.zip"));
                ZipInputStream zip = new ZipInputStream(file)) {
            for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
                String text = new String(zip.readAllBytes(), StandardCharsets.UTF_8);
                scripts.add(ConformanceScript.parse(entry.getName(), text));
            }
        }
        return scripts;
    }

    /** The folder of the recordings, as the build copies it. */
    static Path scenarios() {
        URL folder = Objects.requireNonNull(ConformanceTest.class.getResource("/conformance"));
        try {
            return Path.of(folder.toURI());
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }

    /** Prints the line of a report, and fails with the first divergences if there are any. */
    static void check(ConformanceReport report) {
        System.out.println(report);
        List<String> divergences = report.divergences();
        assertThat(divergences.subList(0, Math.min(3, divergences.size())))
                .as(
                        "%d of %d scripts diverge; the first",
                        divergences.size(), report.runs().size())
                .isEqualTo(Collections.emptyList());
    }

    static void write(Path directory, String name, String text) throws IOException {
        Path path = directory.resolve(name);
        Files.createDirectories(path.getParent());
        Files.writeString(path, text);
    }
}
