package dev.keelraft.wal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.zip.CRC32C;

/**
 * {@code quarantine}: what repairs have cut off, each in a directory of its own. It has copies of the bytes, and a file {@code
 * MANIFEST} that says line by line what they are and where they were; that comes last, so a directory without it is what is left
 * of a repair that did not come to its end.
 */
final class Quarantine {
    private static final int COPY_BYTES = 1 << 20;

    private final FileLayer files;
    private final Layout layout;

    Quarantine(FileLayer files, Layout layout) {
        this.files = files;
        this.layout = layout;
    }

    /**
     * A part of a segment.
     *
     * @param file the segment
     * @param from the first byte
     * @param to the byte behind the last
     */
    record Part(Path file, long from, long to) {
        String copyName() {
            return file.getFileName() + "." + from;
        }
    }

    /**
     * Keeps copies of these parts, unless an earlier attempt has them already. Once it returns they are on the disk.
     *
     * @param header what the manifest says first
     * @return the directory that has them, relative to the log's; empty if there was nothing to be kept
     */
    String keep(List<Part> parts, String header) throws IOException {
        List<Part> missing = new ArrayList<>();
        List<String> lines = new ArrayList<>();
        String kept = "";
        for (Part part : parts) {
            String line = line(part);
            String found = find(part, line);
            if (found.isEmpty()) {
                missing.add(part);
                lines.add(line);
            }
            kept = found.isEmpty() ? kept : found;
        }
        if (!missing.isEmpty()) {
            kept = write(missing, lines, header);
        }
        sync();
        return kept;
    }

    /* Also what an earlier attempt has written: it may have died just before it did this. */
    private void sync() throws IOException {
        if (!files.exists(layout.quarantine())) {
            return;
        }
        for (String name : files.list(layout.quarantine())) {
            files.syncDirectory(layout.quarantine().resolve(name));
        }
        files.syncDirectory(layout.quarantine());
        files.syncDirectory(layout.raft());
    }

    private String line(Part part) throws IOException {
        try (OpenFile file = files.openToRead(part.file())) {
            return String.format(
                    Locale.ROOT,
                    "%s: wal/%s, bytes %d to %d, crc32c %08x",
                    part.copyName(),
                    part.file().getFileName(),
                    part.from(),
                    part.to(),
                    checksum(file, part.from(), part.to()));
        }
    }

    private static int checksum(OpenFile file, long from, long to) throws IOException {
        CRC32C crc = new CRC32C();
        ByteBuffer piece = ByteBuffer.allocateDirect((int) Math.min(to - from, COPY_BYTES));
        for (long position = from; position < to; position += piece.limit()) {
            piece.clear().limit((int) Math.min(to - position, piece.capacity()));
            file.read(piece, position);
            crc.update(piece.flip());
        }
        return (int) crc.getValue();
    }

    private String find(Part part, String line) throws IOException {
        if (!files.exists(layout.quarantine())) {
            return "";
        }
        for (String name : files.list(layout.quarantine())) {
            Path directory = layout.quarantine().resolve(name);
            Path copy = directory.resolve(part.copyName());
            if (files.exists(manifest(directory))
                    && files.exists(copy)
                    && text(manifest(directory)).lines().anyMatch(line::equals)
                    && holds(copy, part)) {
                return layout.raft().relativize(directory).toString();
            }
        }
        return "";
    }

    private boolean holds(Path copy, Part part) throws IOException {
        long bytes = part.to() - part.from();
        try (OpenFile original = files.openToRead(part.file());
                OpenFile kept = files.openToRead(copy)) {
            return kept.size() == bytes && checksum(kept, 0, bytes) == checksum(original, part.from(), part.to());
        }
    }

    private static Path manifest(Path directory) {
        return directory.resolve("MANIFEST");
    }

    private String text(Path path) throws IOException {
        try (OpenFile file = files.openToRead(path)) {
            ByteBuffer bytes = ByteBuffer.allocate((int) Math.min(file.size(), COPY_BYTES));
            file.read(bytes, 0);
            return new String(bytes.array(), StandardCharsets.UTF_8);
        }
    }

    private String write(List<Part> parts, List<String> lines, String header) throws IOException {
        if (!files.exists(layout.quarantine())) {
            files.createDirectory(layout.quarantine());
        }
        Path directory = emptyDirectory();
        for (Part part : parts) {
            copy(part, directory.resolve(part.copyName()));
        }
        Path unfinished = directory.resolve("MANIFEST.tmp");
        byte[] text = (header + "\n" + String.join("\n", lines) + "\n").getBytes(StandardCharsets.UTF_8);
        try (OpenFile file = files.create(unfinished)) {
            file.write(ByteBuffer.wrap(text), 0);
            file.force(true);
        }
        files.syncDirectory(directory);
        files.rename(unfinished, manifest(directory));
        return layout.raft().relativize(directory).toString();
    }

    private Path emptyDirectory() throws IOException {
        for (int number = 1; ; number++) {
            Path directory = layout.quarantine().resolve(Integer.toString(number));
            if (!files.exists(directory)) {
                files.createDirectory(directory);
                return directory;
            }
            if (!files.exists(manifest(directory))) {
                for (String name : files.list(directory)) {
                    files.delete(directory.resolve(name));
                }
                return directory;
            }
        }
    }

    private void copy(Part part, Path to) throws IOException {
        try (OpenFile original = files.openToRead(part.file());
                OpenFile copy = files.create(to)) {
            ByteBuffer piece = ByteBuffer.allocateDirect((int) Math.min(part.to() - part.from(), COPY_BYTES));
            for (long position = part.from(); position < part.to(); position += piece.limit()) {
                piece.clear().limit((int) Math.min(part.to() - position, piece.capacity()));
                original.read(piece, position);
                copy.write(piece.flip(), position - part.from());
            }
            copy.force(true);
        }
    }
}
