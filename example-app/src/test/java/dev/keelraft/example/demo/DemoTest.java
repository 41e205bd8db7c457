package dev.keelraft.example.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The whole demo, with processes. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class DemoTest {
    private static final Pattern DIRECTORY = Pattern.compile("data: (\\S+)");
    private static final Pattern PIDS = Pattern.compile("To end them: kill (\\d+) (\\d+) (\\d+)");

    private final StringWriter out = new StringWriter();

    private boolean run(List<String> serverCommand, boolean keep) throws IOException, InterruptedException {
        return new Demo(serverCommand, Text.builtIn(), Duration.ofSeconds(4), keep, new PrintWriter(out)).run();
    }

    private Path directory() {
        Matcher matcher = DIRECTORY.matcher(out.toString());
        assertThat(matcher.find()).isTrue();
        return Path.of(matcher.group(1));
    }

    private void assertAllWentWell(boolean good) {
        assertThat(good).as(out.toString()).isTrue();
        assertThat(out.toString())
                .containsPattern("kill -9 \\d+: n[123], the leader, is gone")
                .containsPattern("n[123] has caught up")
                .containsPattern("GOOD: [0-9,]+ acknowledged writes");
    }

    @Test
    void our_servers_lose_and_double_nothing() throws IOException, InterruptedException {
        assertAllWentWell(run(DemoCommand.serverCommand(), false));
        assertThat(directory()).doesNotExist();
    }

    /** The demo itself is right: it judges servers that are known to be good. Skipped where there is no etcd. */
    @Test
    void etcds_servers_lose_and_double_nothing() throws IOException, InterruptedException {
        assumeTrue(
                Pattern.compile(File.pathSeparator)
                        .splitAsStream(System.getenv().getOrDefault("PATH", ""))
                        .anyMatch(folder -> Files.isExecutable(Path.of(folder, "etcd"))),
                "skipped: no etcd on this machine");

        assertAllWentWell(run(List.of("etcd"), false));
        assertThat(directory()).doesNotExist();
    }

    @Test
    void servers_that_are_kept_run_until_they_are_ended() throws IOException, InterruptedException {
        boolean good = run(DemoCommand.serverCommand(), true);
        Matcher pids = PIDS.matcher(out.toString());
        assertThat(pids.find()).as(out.toString()).isTrue();
        for (int i = 1; i <= Servers.COUNT; i++) {
            ProcessHandle process =
                    ProcessHandle.of(Long.parseLong(pids.group(i))).orElseThrow();
            process.destroyForcibly();
            process.onExit().join();
        }
        assertAllWentWell(good);
        assertThat(directory()).isDirectory();
        assertThat(out.toString()).contains("etcdctl --endpoints=http://127.0.0.1:");
        Demo.delete(directory());
    }

    @Test
    void a_server_that_dies_at_once_is_told_with_its_log() throws IOException, InterruptedException {
        assertThat(run(List.of("sh", "-c", "echo no disk today; exit 3"), false))
                .isFalse();

        assertThat(out.toString())
                .contains("FAILED: n")
                .contains("has ended by itself")
                .contains("    no disk today")
                .contains("The data and the logs of the servers stay in " + directory());
        Demo.delete(directory());
    }

    @Test
    void a_port_that_was_taken_is_a_reason_to_try_once_more() throws IOException, InterruptedException {
        assertThat(run(List.of("sh", "-c", "echo 'bind: Address already in use'; exit 1"), false))
                .isFalse();

        assertThat(out.toString())
                .contains("once more with other ports")
                .contains("FAILED: a port was taken by another program again");
        Demo.delete(directory());
    }
}
