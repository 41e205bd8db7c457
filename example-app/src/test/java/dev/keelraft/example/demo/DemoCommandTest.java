package dev.keelraft.example.demo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.keelraft.example.Main;
import java.io.PrintWriter;
import java.io.StringWriter;
import net.jqwik.api.Example;
import picocli.CommandLine;

class DemoCommandTest {
    private final StringWriter err = new StringWriter();

    private int run(String... arguments) {
        return new CommandLine(new Main()).setErr(new PrintWriter(err, true)).execute(arguments);
    }

    @Example
    void a_time_that_is_too_short_or_too_long_is_refused() {
        assertThat(run("demo", "--seconds", "3")).isEqualTo(2);
        assertThat(err.toString()).contains("--seconds is 3, and must be from 4 to 600");
        assertThat(run("demo", "--seconds=601")).isEqualTo(2);
    }

    @Example
    void a_text_that_cannot_be_read_is_refused() {
        assertThat(run("demo", "--input", "no/such/file")).isEqualTo(2);
        assertThat(err.toString())
                .contains("no/such/file: there is no such file")
                .contains("Usage: keel-kv demo");
    }

    @Example
    void the_server_is_started_with_the_same_classes() {
        assertThat(DemoCommand.serverCommand()).hasSize(5).endsWith("dev.keelraft.example.Main", "server");
    }
}
