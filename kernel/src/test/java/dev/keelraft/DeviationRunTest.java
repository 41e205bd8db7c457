package dev.keelraft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keelraft.ConformanceCluster.Host;
import dev.keelraft.ConformanceMain.Options;
import dev.keelraft.model.Body;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Scripts under deviations: what the harness counts and reports. {@link ConformanceTest} runs those of the repository. */
class DeviationRunTest {
    private static final String ALONE = "add-nodes 1 voters=(1) index=2\n----\nok\n\n";

    @TempDir
    Path directory;

    private final ByteArrayOutputStream printed = new ByteArrayOutputStream();

    private int run(String... arguments) throws IOException {
        printed.reset();
        return ConformanceMain.run(new PrintStream(printed, true, StandardCharsets.UTF_8), arguments);
    }

    private String printed() {
        return printed.toString(StandardCharsets.UTF_8);
    }

    private static DeviationRun runAll(String text) {
        return DeviationRun.of(ConformanceScript.parse("s", text), "s", EnumSet.allOf(Deviation.class));
    }

    @Test
    void options_name_the_deviations_that_are_on() {
        assertThat(Options.parse("d").on()).isEmpty();
        assertThat(Options.parse("--on", "none", "d").on()).contains(Set.of());
        assertThat(Options.parse("--on", "all", "d").on()).contains(EnumSet.allOf(Deviation.class));
        assertThat(Options.parse("--on", "SNAPSHOT_DEMANDS_SYNC,VOTE_REQUEST_WAITS_FOR_DISK", "d")
                        .on())
                .contains(Set.of(Deviation.SNAPSHOT_DEMANDS_SYNC, Deviation.VOTE_REQUEST_WAITS_FOR_DISK));
        assertThat(Options.parse("a", "--direct", "b"))
                .extracting(Options::direct, Options::directories)
                .containsExactly(true, List.of(Path.of("a"), Path.of("b")));
    }

    @Test
    void options_that_make_no_sense_are_told_and_nothing_runs() throws IOException {
        for (String[] arguments : new String[][] {
            {}, {"--direct"}, {"--on"}, {"--on", "all"}, {"--on", "NO_SUCH", "d"}, {"--off", "all", "d"}
        }) {
            assertThat(run(arguments)).as(String.join(" ", arguments)).isEqualTo(2);
            assertThat(printed()).contains("usage: ");
        }
    }

    @Test
    void differences_are_counted_to_the_end_and_the_first_is_shown_in_full(@TempDir Path other) throws IOException {
        String text = ALONE + "raft-state\n----\none\ntwo\n\nnode-state 1\n----\nthree\n\nraft-log 1\n----\n";
        ConformanceTest.write(directory, "b.txt", text + "log is empty: first index=3, last index=2\n");
        ConformanceTest.write(directory, "a.txt", ALONE);
        ConformanceTest.write(other, "quorum/some.txt", "vote cfg=(1) votes=(y)\n----\nVoteLost\n");

        assertThat(run("--on", "all", directory.toString())).isZero();

        assertThat(printed())
                .startsWith(directory.resolve("b.txt") + ":5: raft-state\nexpected\none\ntwo\n"
                        + "actual\n1: StateFollower (Voter) Term:0 Lead:0\n")
                .contains(
                        "2 scripts, 5 commands; 2 outputs in 1 scripts differ, 0 commands no longer fit; 0 failures, 0 nodes");
        assertThat(run("--on", "all", other.toString()))
                .as("no script of nodes")
                .isEqualTo(1);
    }

    @Test
    void commands_that_no_longer_fit_are_skipped_and_are_no_differences() {
        String text = ALONE
                + "deliver-one 1 nth=3\n----\n2->1 MsgHeartbeat\n\n"
                + "deliver-msgs 1\n----\n2->1 MsgHeartbeat\n\n"
                + "process-append-thread 1\n----\nProcessing:\n\n"
                + "process-apply-thread 1\n----\nProcessing:\n\n"
                + "compact 1 9\n----\nlog is empty\n\n"
                + "send-snapshot 1 2\n----\n1->2 MsgSnap\n\n"
                + "restart 1 lose=7\n----\n1: StateFollower\n\n"
                + "deliver-msgs 1\n----\nno messages\n";

        DeviationRun run = runAll(text);

        assertThat(run.commands()).isEqualTo(9);
        assertThat(run.skipped()).isEqualTo(7);
        assertThat(run.differences()).isZero();
        assertThat(run.failures()).isEmpty();
    }

    @Test
    void only_scripts_that_say_so_are_direct() throws IOException {
        ConformanceTest.write(directory, "a.txt", ALONE);
        ConformanceTest.write(directory, "b.txt", "direct\n----\nok\n\n" + ALONE);

        assertThat(run("--direct", directory.toString())).isZero();
        assertThat(printed()).contains(": 1 scripts (1 interaction), 2 commands, 0 divergences");
        assertThat(run("--on", "all", "--direct", directory.toString())).isZero();
        assertThat(printed()).contains(": 1 scripts, 2 commands; 0 outputs in 0 scripts differ");
    }

    @Test
    void a_node_that_fails_is_reported_and_dead_until_its_restart_and_the_script_goes_on() {
        ConformanceCluster cluster = new ConformanceCluster(EnumSet.allOf(Deviation.class), Host.CAREFUL);
        ConformanceScript.parse("start", "add-nodes 1 voters=(1,2) index=2\n----\nok\n")
                .steps()
                .forEach(cluster::run);
        Message lie = new Message(MessageType.HEARTBEAT, 2, 1, 1, new Body.Heartbeat(9, new byte[0]));
        assertThatThrownBy(() -> cluster.node(1).raw.step(lie)).hasMessageContaining("LOG_LOSS");
        String text = """
                campaign 1
                ----
                ok

                campaign 1
                ----
                ok

                raft-state
                ----
                1: dead

                restart 1
                ----
                here again

                campaign 1
                ----
                ok
                """;

        DeviationRun run = DeviationRun.of(ConformanceScript.parse("s", text), "s", cluster);

        assertThat(run.failures()).hasSize(1);
        assertThat(run.failures().get(0))
                .startsWith("s:1: campaign 1\nnode 1 failed: ")
                .contains("LOG_LOSS");
        assertThat(run.due()).isEmpty();
        assertThat(run.commands()).isEqualTo(5);
        assertThat(run.differences()).as("the failure and the restart").isEqualTo(2);
        assertThat(run.skipped()).as("a dead node does not campaign").isEqualTo(1);
    }

    @Test
    void what_is_thrown_ends_its_script_and_is_reported() throws IOException {
        ConformanceTest.write(directory, "a.txt", ALONE + "no-command 1\n----\nok\n");

        assertThat(run("--on", "none", directory.toString())).isEqualTo(1);

        assertThat(printed())
                .startsWith(directory.resolve("a.txt") + ":5: no-command 1\nthrew java.lang.IllegalArgumentException");
    }

    @Test
    void a_node_that_stops_because_its_disk_lost_entries_is_no_failure() throws IOException {
        Path story = ConformanceTest.scenarios().resolve("stories/w03_heartbeat_after_lost_entry_panics.txt");
        ConformanceTest.write(directory, "a.txt", Files.readString(story));

        assertThat(run("--on", "all", directory.toString())).isZero();

        assertThat(printed()).contains("0 failures, 1 nodes failed as they should after lost entries");
    }
}
