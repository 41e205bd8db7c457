package dev.keelraft;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Reads scripts: commands with input lines, {@code ----}, and the output that is on record, each ended by a blank line. */
record ConformanceScript(String name, List<Step> steps) {

    /** An argument: {@code key}, {@code key=value} or {@code key=(a,b,c)}. */
    record Argument(String key, List<String> values) {}

    /** One command. */
    record Step(int lineNumber, String line, String command, List<Argument> arguments, String input, String output) {
        /** Whether the library panicked here; the script ends with that. */
        boolean isPanic() {
            return output.startsWith("panic: ");
        }

        long id(int place) {
            return Long.parseUnsignedLong(arguments.get(place).key());
        }

        /** The arguments that have no value. */
        List<Long> ids() {
            List<Long> ids = new ArrayList<>();
            for (Argument argument : arguments) {
                if (argument.values().isEmpty()) {
                    ids.add(Long.parseUnsignedLong(argument.key()));
                }
            }
            return ids;
        }

        List<String> values(String key) {
            for (Argument argument : arguments) {
                if (argument.key().equals(key)) {
                    return argument.values();
                }
            }
            return List.of();
        }

        String value(String key, String otherwise) {
            List<String> values = values(key);
            return values.isEmpty() ? otherwise : values.get(0);
        }

        long number(String key, long otherwise) {
            List<String> values = values(key);
            return values.isEmpty() ? otherwise : Long.parseUnsignedLong(values.get(0));
        }

        boolean flag(String key) {
            String value = value(key, "false");
            return value.equals("true") || value.equals("t");
        }
    }

    static ConformanceScript read(Path path) throws IOException {
        return parse(path.getFileName().toString(), Files.readString(path));
    }

    static ConformanceScript parse(String name, String text) {
        List<Step> steps = new ArrayList<>();
        String[] lines = text.split("\n", -1);
        int i = 0;
        while (i < lines.length) {
            String line = lines[i].trim();
            if (line.isEmpty() || line.startsWith("#")) {
                i++;
                continue;
            }
            int lineNumber = i + 1;
            List<String> input = new ArrayList<>();
            for (i++; i < lines.length && !lines[i].equals("----"); i++) {
                input.add(lines[i]);
            }
            i++;
            StringBuilder output = new StringBuilder();
            if (i < lines.length && lines[i].equals("----")) {
                // Output with blank lines in it stands between doubled fences.
                for (i++; !(lines[i].equals("----") && lines[i + 1].equals("----")); i++) {
                    output.append(lines[i]).append('\n');
                }
                i += 2;
            } else {
                for (; i < lines.length && !lines[i].isEmpty(); i++) {
                    output.append(lines[i]).append('\n');
                }
            }
            List<String> tokens = tokens(line);
            steps.add(new Step(
                    lineNumber,
                    line,
                    tokens.get(0),
                    tokens.subList(1, tokens.size()).stream()
                            .map(ConformanceScript::argument)
                            .toList(),
                    String.join("\n", input).trim(),
                    output.toString()));
        }
        return new ConformanceScript(name, steps);
    }

    /** Whether what a storage thread tells its node arrives at once, and in order, as with any host of ours. */
    boolean isDirect() {
        return steps.stream().anyMatch(step -> step.command().equals("direct"));
    }

    private static List<String> tokens(String line) {
        List<String> tokens = new ArrayList<>();
        int depth = 0;
        int start = -1;
        for (int i = 0; i <= line.length(); i++) {
            char c = i < line.length() ? line.charAt(i) : ' ';
            if (c == '(') {
                depth++;
            } else if (c == ')') {
                depth--;
            }
            if (c == ' ' && depth == 0) {
                if (start >= 0) {
                    tokens.add(line.substring(start, i));
                }
                start = -1;
            } else if (start < 0) {
                start = i;
            }
        }
        return tokens;
    }

    private static Argument argument(String token) {
        int equals = token.indexOf('=');
        if (equals < 0) {
            return new Argument(token, List.of());
        }
        String key = token.substring(0, equals);
        String value = token.substring(equals + 1);
        if (!value.startsWith("(")) {
            return new Argument(key, List.of(value));
        }
        List<String> values = new ArrayList<>();
        for (String part : value.substring(1, value.length() - 1).split("[, ]", -1)) {
            if (!part.isEmpty()) {
                values.add(part);
            }
        }
        return new Argument(key, List.copyOf(values));
    }
}
