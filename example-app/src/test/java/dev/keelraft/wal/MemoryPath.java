package dev.keelraft.wal;

import java.net.URI;
import java.nio.file.FileSystem;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.WatchEvent;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import org.jspecify.annotations.Nullable;

/**
 * A path in a {@link MemoryFileSystem}.
 *
 * @param system where it leads to something
 * @param path the same names, as a path of the file system that is the default
 */
record MemoryPath(MemoryFileSystem system, Path path) implements Path {
    private Path in(Path other) {
        return new MemoryPath(system, other);
    }

    private static Path plain(Path other) {
        return other instanceof MemoryPath memory ? memory.path : other;
    }

    /* As Path has it: null for none. */
    private @Nullable Path orNull(@Nullable Path other) {
        return other == null ? null : in(other);
    }

    @Override
    public FileSystem getFileSystem() {
        return system;
    }

    @Override
    public boolean isAbsolute() {
        return path.isAbsolute();
    }

    @Override
    public @Nullable Path getRoot() {
        return orNull(path.getRoot());
    }

    @Override
    public @Nullable Path getFileName() {
        return orNull(path.getFileName());
    }

    @Override
    public @Nullable Path getParent() {
        return orNull(path.getParent());
    }

    @Override
    public int getNameCount() {
        return path.getNameCount();
    }

    @Override
    public Path getName(int index) {
        return in(path.getName(index));
    }

    @Override
    public Path subpath(int begin, int end) {
        return in(path.subpath(begin, end));
    }

    @Override
    public boolean startsWith(Path other) {
        return path.startsWith(plain(other));
    }

    @Override
    public boolean endsWith(Path other) {
        return path.endsWith(plain(other));
    }

    @Override
    public Path normalize() {
        return in(path.normalize());
    }

    @Override
    public Path resolve(Path other) {
        return in(path.resolve(plain(other)));
    }

    @Override
    public Path relativize(Path other) {
        return in(path.relativize(plain(other)));
    }

    @Override
    public URI toUri() {
        return URI.create("keel-memory:" + path);
    }

    @Override
    public Path toAbsolutePath() {
        return in(path.toAbsolutePath());
    }

    @Override
    public Path toRealPath(LinkOption... options) {
        return toAbsolutePath().normalize();
    }

    @Override
    public WatchKey register(WatchService watcher, WatchEvent.Kind<?>[] events, WatchEvent.Modifier... modifiers) {
        throw new UnsupportedOperationException();
    }

    @Override
    public int compareTo(Path other) {
        return path.compareTo(plain(other));
    }

    @Override
    public String toString() {
        return path.toString();
    }
}
