package dev.keelraft.example;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

class MainTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String... arguments) {
        return Main.commandLine()
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .execute(arguments);
    }

    @Test
    void the_version_is_that_of_the_build() {
        assertThat(run("--version")).isZero();
        assertThat(out.toString()).matches("keel-kv \\d+\\.\\d+\\.\\d+\\S*\\R");
    }

    @Test
    void without_a_command_the_usage_is_printed() {
        assertThat(run()).isZero();
        assertThat(out.toString()).contains("Usage: keel-kv");
    }

    @Test
    void an_argument_that_does_not_exist_is_named() {
        assertThat(run("--no-such-thing")).isEqualTo(2);
        assertThat(err.toString()).contains("--no-such-thing").contains("keel-kv --help");
    }

    @Test
    void a_wrong_flag_of_a_server_is_explained_and_nothing_starts() {
        assertThat(run("server", "--election-timeout", "100")).isEqualTo(2);
        assertThat(err.toString()).contains("500 or more").contains("keel-kv server --help");
    }
}
