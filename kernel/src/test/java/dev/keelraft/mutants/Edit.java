package dev.keelraft.mutants;

import java.util.ArrayList;
import java.util.List;

/**
 * One place of a source, and what a mutant makes of it. Lines are compared without their indentation, so that a formatter does no
 * harm.
 *
 * @param file its path in the repository
 * @param before the lines that stand there, at least one
 * @param after the lines that take their place
 */
record Edit(String file, List<String> before, List<String> after) {
    Edit {
        before = List.copyOf(before);
        after = List.copyOf(after);
    }

    /**
     * The source with the edit made.
     *
     * @throws IllegalArgumentException if the lines before are not there exactly once, or nothing would change
     */
    List<String> applyTo(List<String> source) {
        List<Integer> places = places(source);
        if (places.size() != 1) {
            throw new IllegalArgumentException(
                    "in " + file + " these lines are there " + places.size() + " times: " + before);
        }
        if (stripped(before).equals(stripped(after))) {
            throw new IllegalArgumentException("in " + file + " nothing changes: " + before);
        }
        List<String> edited = new ArrayList<>(source.subList(0, places.get(0)));
        edited.addAll(after);
        edited.addAll(source.subList(places.get(0) + before.size(), source.size()));
        return edited;
    }

    private List<Integer> places(List<String> source) {
        List<String> wanted = stripped(before);
        List<String> there = stripped(source);
        List<Integer> places = new ArrayList<>();
        for (int i = 0; i + wanted.size() <= there.size(); i++) {
            if (there.subList(i, i + wanted.size()).equals(wanted)) {
                places.add(i);
            }
        }
        return places;
    }

    private static List<String> stripped(List<String> lines) {
        return lines.stream().map(String::strip).toList();
    }
}
