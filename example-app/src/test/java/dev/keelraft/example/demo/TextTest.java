package dev.keelraft.example.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TextTest {
    @TempDir
    private Path directory;

    @Test
    void a_file_is_read_line_by_line() throws IOException {
        Path file = Files.writeString(directory.resolve("a.txt"), "one\r\n\nthrée\n");

        assertThat(Text.read(file)).isEqualTo(new Text(file.toString(), List.of("one", "", "thrée")));
    }

    @Test
    void a_file_that_is_no_good_is_named_with_what_is_wrong() throws IOException {
        assertRefused(directory.resolve("none"), "there is no such file");
        assertRefused(directory, "not a file");
        assertRefused(Files.writeString(directory.resolve("empty"), " \n\n"), "empty, there is nothing to write");
        assertRefused(Files.write(directory.resolve("binary"), new byte[] {'a', -1, -2}), "not a text in UTF-8");
        assertRefused(
                Files.writeString(directory.resolve("long"), "short\n" + "x".repeat(Text.MAX_LINE_BYTES + 1)),
                "line 2 has 65537 bytes, more than the 65536");
    }

    private static void assertRefused(Path file, String why) {
        assertThatThrownBy(() -> Text.read(file))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith(file + ": ")
                .hasMessageContaining(why);
    }

    @Test
    void the_readme_of_the_directory_comes_first() throws IOException {
        Files.writeString(directory.resolve("README.md"), "# Here\n");

        assertThat(Text.readme(directory)).isEqualTo(new Text("README.md", List.of("# Here")));
    }

    @Test
    void without_a_readme_there_is_a_text_all_the_same() throws IOException {
        assertThat(Text.readme(directory).lines()).isNotEmpty();
        assertThat(Text.builtIn().lines()).hasSize(4);
    }
}
