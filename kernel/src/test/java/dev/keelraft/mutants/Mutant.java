package dev.keelraft.mutants;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A fault to be planted.
 *
 * @param number its name; up to 86 as in the list that the design began with
 * @param title what it does, in one line
 * @param breaks which rule, and where that comes from
 * @param caughtBy who must notice: {@link #SIMULATION}, or the simple names of test classes
 * @param edits what it changes; at least one
 */
record Mutant(int number, String title, String breaks, List<String> caughtBy, List<Edit> edits) {
    static final String SIMULATION = "simulation";

    Mutant {
        caughtBy = List.copyOf(caughtBy);
        edits = List.copyOf(edits);
    }

    boolean isForSimulation() {
        return caughtBy.contains(SIMULATION);
    }

    /** The test classes among those who must notice. */
    List<String> tests() {
        return caughtBy.stream().filter(name -> !name.equals(SIMULATION)).toList();
    }

    /** The folder of the module that it lives in. */
    String module() {
        String file = edits.get(0).file();
        return file.substring(0, file.indexOf('/'));
    }

    /**
     * The files that it changes, by their paths in the repository, as they are with it.
     *
     * @throws IllegalArgumentException if the sources are no longer those that it was made for
     */
    Map<String, List<String>> patched(Path root) throws IOException {
        Map<String, List<String>> files = new LinkedHashMap<>();
        for (Edit edit : edits) {
            List<String> source = files.get(edit.file());
            if (source == null) {
                source = Files.readAllLines(root.resolve(edit.file()));
            }
            try {
                files.put(edit.file(), edit.applyTo(source));
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException("mutant " + number + ": " + e.getMessage(), e);
            }
        }
        return files;
    }

    @Override
    public String toString() {
        return number + " (" + title + ")";
    }
}
