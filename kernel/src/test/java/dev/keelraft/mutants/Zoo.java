package dev.keelraft.mutants;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** Reads the files of {@code kernel/src/mutants}; what they look like is said in the README there. */
final class Zoo {
    private static final Path HERE = Path.of("kernel", "src", "mutants");

    private final List<Mutant> mutants = new ArrayList<>();

    private String title = "";
    private int number;
    private String breaks = "";
    private List<String> caughtBy = List.of();
    private String file = "";
    private final List<Edit> edits = new ArrayList<>();
    private final List<String> before = new ArrayList<>();
    private final List<String> after = new ArrayList<>();

    private Zoo() {}

    /** The repository that the current directory is in. */
    static Path root() {
        for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
            if (Files.isDirectory(at.resolve(HERE))) {
                return at;
            }
        }
        throw new IllegalStateException("not in the repository: " + Path.of("").toAbsolutePath());
    }

    /**
     * All mutants, in the order of their numbers.
     *
     * @throws IllegalArgumentException if a file cannot be read, and why
     */
    static List<Mutant> read(Path root) throws IOException {
        List<Mutant> all = new ArrayList<>();
        List<Path> files;
        try (Stream<Path> listed = Files.list(root.resolve(HERE))) {
            files = listed.filter(path -> path.toString().endsWith(".txt"))
                    .sorted()
                    .toList();
        }
        for (Path path : files) {
            all.addAll(read(path.getFileName().toString(), Files.readAllLines(path)));
        }
        all.sort((one, other) -> Integer.compare(one.number(), other.number()));
        Set<Integer> numbers = new HashSet<>();
        for (Mutant mutant : all) {
            if (!numbers.add(mutant.number())) {
                throw new IllegalArgumentException("two mutants have the number " + mutant.number());
            }
        }
        return all;
    }

    static List<Mutant> read(String name, List<String> lines) {
        Zoo zoo = new Zoo();
        for (int i = 0; i < lines.size(); i++) {
            try {
                zoo.take(lines.get(i));
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(name + ", line " + (i + 1) + ": " + e.getMessage(), e);
            }
        }
        zoo.endOfMutant();
        return zoo.mutants;
    }

    private void take(String line) {
        if (line.isEmpty() || line.startsWith("#") || line.startsWith("note: ") || line.equals("@@")) {
            endOfEdit();
        } else if (line.startsWith("mutant ")) {
            endOfMutant();
            int colon = line.indexOf(": ");
            number = Integer.parseInt(line.substring("mutant ".length(), colon));
            title = line.substring(colon + 2);
        } else if (line.startsWith("breaks: ")) {
            breaks = line.substring("breaks: ".length());
        } else if (line.startsWith("caught by: ")) {
            caughtBy = Arrays.asList(line.substring("caught by: ".length()).split(", ", -1));
        } else if (line.startsWith("file: ")) {
            endOfEdit();
            file = line.substring("file: ".length());
        } else if (line.startsWith(" ")) {
            before.add(line.substring(1));
            after.add(line.substring(1));
        } else if (line.startsWith("-")) {
            before.add(line.substring(1));
        } else if (line.startsWith("+")) {
            after.add(line.substring(1));
        } else {
            throw new IllegalArgumentException("what is this? " + line);
        }
    }

    private void endOfEdit() {
        if (before.isEmpty() && after.isEmpty()) {
            return;
        }
        if (file.isEmpty() || before.isEmpty()) {
            throw new IllegalArgumentException("an edit without a file, or without a place in it");
        }
        edits.add(new Edit(file, before, after));
        before.clear();
        after.clear();
    }

    private void endOfMutant() {
        endOfEdit();
        if (!title.isEmpty()) {
            if (edits.isEmpty() || breaks.isEmpty() || caughtBy.isEmpty()) {
                throw new IllegalArgumentException("mutant " + number + " is not complete");
            }
            mutants.add(new Mutant(number, title, breaks, caughtBy, edits));
        }
        title = "";
        breaks = "";
        caughtBy = List.of();
        file = "";
        edits.clear();
    }
}
