package dev.keelraft.example.demo;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * What the demo writes.
 *
 * @param name where it is from
 * @param lines at least one, each at most {@link #MAX_LINE_BYTES} long
 */
record Text(String name, List<String> lines) {
    /** The longest text: it is kept in memory, and only its repetition makes the demo long. */
    static final int MAX_BYTES = 64 * 1024 * 1024;

    /** The longest line: a twentieth of what a request may have. */
    static final int MAX_LINE_BYTES = 64 * 1024;

    private static final String README = "README.md";

    /** For a jar that was built without the README. */
    private static final String BUILT_IN = """
            A leader takes each write, appends it to its log, and sends it to the others.
            A write counts when a majority has it on disk; then every member applies it, in the same order.
            When the leader dies, those that remain elect one whose log has everything that counted.
            A client whose answer was lost asks again, and the condition of its write makes it count once.
            """;

    Text {
        lines = List.copyOf(lines);
    }

    /**
     * The text in the file.
     *
     * @throws IOException if it cannot be read, is empty, is not UTF-8, or is longer or has a longer line than allowed;
     *     the message says which file and what is wrong
     */
    static Text read(Path file) throws IOException {
        if (!Files.exists(file)) {
            throw new IOException(file + ": there is no such file");
        }
        if (!Files.isRegularFile(file)) {
            throw new IOException(file + ": not a file");
        }
        if (!Files.isReadable(file)) {
            throw new IOException(file + ": not readable");
        }
        if (Files.size(file) > MAX_BYTES) {
            throw new IOException(file + ": longer than " + MAX_BYTES + " bytes");
        }
        return of(file.toString(), Files.readAllBytes(file));
    }

    /**
     * The README in the directory, or else the one in the jar.
     *
     * @throws IOException if the one in the directory is no good, as in {@link #read}
     */
    static Text readme(Path directory) throws IOException {
        Path file = directory.resolve(README);
        if (Files.isRegularFile(file)) {
            Text text = read(file);
            return new Text(README, text.lines);
        }
        try (InputStream in = Text.class.getResourceAsStream(README)) {
            return in == null ? builtIn() : of(README + " of the jar", in.readAllBytes());
        }
    }

    /** A few lines that need no file. */
    static Text builtIn() {
        return new Text("built-in text", BUILT_IN.lines().toList());
    }

    private static Text of(String name, byte[] bytes) throws IOException {
        String text;
        try {
            text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new IOException(name + ": not a text in UTF-8", e);
        }
        List<String> lines = text.lines().toList();
        if (lines.stream().allMatch(String::isBlank)) {
            throw new IOException(name + ": empty, there is nothing to write");
        }
        for (int i = 0; i < lines.size(); i++) {
            int length = lines.get(i).getBytes(StandardCharsets.UTF_8).length;
            if (length > MAX_LINE_BYTES) {
                throw new IOException(name + ": line " + (i + 1) + " has " + length + " bytes, more than the "
                        + MAX_LINE_BYTES + " that a line may have");
            }
        }
        return new Text(name, lines);
    }
}
