package dev.keelraft.example.wal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** What is on the screen: tables that line up, and a bar where a reading takes long. */
class ScreenTest {
    private static final long MIB = 1 << 20;
    private static final long SECOND = 1_000_000_000L;

    private final StringWriter screen = new StringWriter();
    private final AtomicLong now = new AtomicLong(5);

    @Test
    void a_bar_appears_after_a_second_and_goes_without_a_trace() {
        ProgressBar bar = bar(true);
        bar.read(MIB, 100 * MIB);
        assertThat(screen.toString()).isEmpty();
        now.addAndGet(SECOND);
        bar.read(42 * MIB, 100 * MIB);
        String shown = "[" + "#".repeat(16) + ".".repeat(24) + "]  42 %  42 of 100 MiB";
        assertThat(screen.toString()).isEqualTo("\r" + shown);
        bar.read(43 * MIB, 100 * MIB);
        assertThat(screen.toString())
                .as("not more often than five times a second")
                .isEqualTo("\r" + shown);
        bar.clear();
        assertThat(screen.toString()).isEqualTo("\r" + shown + "\r" + " ".repeat(shown.length()) + "\r");
        bar.clear();
        assertThat(screen.toString()).endsWith(shown + "\r" + " ".repeat(shown.length()) + "\r");
    }

    @Test
    void a_second_reading_is_said_to_be_one() {
        ProgressBar bar = bar(true);
        now.addAndGet(SECOND);
        bar.read(150 * MIB, 100 * MIB);
        assertThat(screen.toString()).endsWith("]  50 %  50 of 100 MiB, again");
        now.addAndGet(SECOND);
        bar.read(0, 0);
        assertThat(screen.toString()).contains("]   0 %  0 of 0 MiB");
    }

    @Test
    void where_there_is_no_terminal_there_is_no_bar() {
        ProgressBar bar = bar(false);
        now.addAndGet(100 * SECOND);
        bar.read(MIB, 100 * MIB);
        bar.clear();
        assertThat(screen.toString()).isEmpty();
    }

    private ProgressBar bar(boolean shown) {
        return new ProgressBar(new PrintWriter(screen), shown, now::get);
    }

    @Test
    void numbers_stand_at_the_right_and_words_at_the_left() {
        Output out = new Output(new PrintWriter(screen), () -> {});
        Table table = new Table(">bytes", "name", ">open");
        table.row(5, "a", 10);
        table.row(123456, "longer", 1);
        table.print(out);
        out.flush();
        assertThat(screen.toString().lines())
                .containsExactly("   bytes  name    open", "       5  a         10", "  123456  longer     1");
    }

    @Test
    void an_empty_table_is_not_there() {
        Output out = new Output(new PrintWriter(screen), () -> {});
        new Table("name").print(out);
        out.flush();
        assertThat(screen.toString()).isEmpty();
    }

    @Test
    void long_texts_are_wrapped_at_words() {
        Output out = new Output(new PrintWriter(screen), () -> {});
        Texts.wrapped(out, "note", "word ".repeat(50).trim());
        out.flush();
        assertThat(screen.toString().lines()).hasSize(3).allMatch(line -> line.length() <= 112);
        assertThat(screen.toString()).startsWith("note        word word");
        assertThat(screen.toString().lines().skip(1)).allMatch(line -> line.startsWith("            word"));
    }

    @Test
    void payloads_cannot_command_a_terminal() {
        byte[] bytes = "a\"\\\u001b[2J\n\u00ff".getBytes(StandardCharsets.ISO_8859_1);
        assertThat(Texts.printable(bytes)).isEqualTo("\"a\\\"\\\\\\x1b[2J\\x0a\\xff\"");
    }
}
