package dev.keelraft.mutants;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import net.jqwik.api.Example;

/** The zoo stays true: what it would change is still there. Whether the mutants are caught is for {@link MutantsMain}. */
class ZooTest {
    private final Path root = Zoo.root();
    private final List<Mutant> zoo;

    ZooTest() throws IOException {
        zoo = Zoo.read(root);
    }

    @Example
    void every_mutants_original_text_is_there_once_and_is_changed() throws IOException {
        List<String> broken = new ArrayList<>();
        for (Mutant mutant : zoo) {
            try {
                mutant.patched(root);
            } catch (IllegalArgumentException | IOException e) {
                broken.add(e.toString());
            }
        }
        assertThat(broken).isEmpty();
    }

    @Example
    void the_86_of_the_design_and_many_more_are_there() {
        assertThat(zoo)
                .extracting(Mutant::number)
                .containsAll(IntStream.rangeClosed(1, 86).boxed().toList());
        assertThat(zoo).hasSizeGreaterThanOrEqualTo(125);
    }

    @Example
    void every_mutant_lives_in_one_module_and_only_those_of_the_kernel_are_for_the_simulation() {
        for (Mutant mutant : zoo) {
            assertThat(mutant.edits()).allMatch(edit -> edit.file().startsWith(mutant.module() + "/"));
            assertThat(mutant.isForSimulation() && !mutant.module().equals("kernel"))
                    .as("%s", mutant)
                    .isFalse();
        }
    }

    @Example
    void every_test_that_is_to_catch_one_exists() throws IOException {
        for (Mutant mutant : zoo) {
            for (String test : mutant.tests()) {
                try (Stream<Path> files =
                        Files.walk(root.resolve(mutant.module()).resolve("src/test/java"))) {
                    assertThat(files.anyMatch(path -> path.endsWith(test + ".java")))
                            .as("%s of %s", test, mutant)
                            .isTrue();
                }
            }
        }
    }

    @Example
    void an_edit_replaces_whole_lines_whatever_their_indentation() {
        Edit edit = new Edit("A.java", List.of("if (a) {", "b();"), List.of("if (c) {", "b();"));
        assertThat(edit.applyTo(List.of("{", "    if (a) {", "        b();", "    }", "}")))
                .containsExactly("{", "if (c) {", "b();", "    }", "}");
    }

    @Example
    void an_edit_whose_place_is_gone_is_refused() {
        Edit edit = new Edit("A.java", List.of("a();"), List.of("b();"));
        assertThatThrownBy(() -> edit.applyTo(List.of("a(1);", "b();")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("0 times");
    }

    @Example
    void an_edit_with_two_places_is_refused() {
        Edit edit = new Edit("A.java", List.of("a();"), List.of("b();"));
        assertThatThrownBy(() -> edit.applyTo(List.of("a();", "  a();")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("2 times");
    }

    @Example
    void an_edit_that_changes_nothing_is_refused() {
        Edit edit = new Edit("A.java", List.of("a();"), List.of("  a();"));
        assertThatThrownBy(() -> edit.applyTo(List.of("a();")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("nothing changes");
    }

    @Example
    void a_line_that_nobody_understands_is_refused_with_its_place() {
        assertThatThrownBy(() -> Zoo.read("a.txt", List.of("mutant 1: one", "broke: it")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("a.txt, line 2");
    }

    @Example
    void numbers_and_ranges_choose_among_the_mutants_of_a_module() {
        assertThat(MutantsMain.chosen(zoo, "kernel", "17,3-5, 301"))
                .extracting(Mutant::number)
                .containsExactly(3, 4, 5, 17);
        assertThat(MutantsMain.chosen(zoo, "wal", ""))
                .allMatch(mutant -> mutant.module().equals("wal"));
    }
}
