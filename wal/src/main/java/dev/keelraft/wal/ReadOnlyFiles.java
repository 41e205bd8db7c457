package dev.keelraft.wal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/** A file layer that can only read, so that whoever gets it cannot change or lock anything. It says how much was read. */
final class ReadOnlyFiles implements FileLayer {
    private final FileLayer files;
    private final LongConsumer bytesRead;

    /**
     * Reads from another layer.
     *
     * @param bytesRead is told how many bytes each read has brought
     */
    ReadOnlyFiles(FileLayer files, LongConsumer bytesRead) {
        this.files = files;
        this.bytesRead = bytesRead;
    }

    @Override
    public boolean exists(Path path) {
        return files.exists(path);
    }

    @Override
    public List<String> list(Path directory) throws IOException {
        return files.list(directory);
    }

    @Override
    public OpenFile openToRead(Path file) throws IOException {
        return new ReadOnlyFile(files.openToRead(file));
    }

    @Override
    public FileStamp stamp(Path file) throws IOException {
        return files.stamp(file);
    }

    @Override
    public void createDirectory(Path directory) {
        throw refused();
    }

    @Override
    public OpenFile create(Path file) {
        throw refused();
    }

    @Override
    public OpenFile open(Path file) {
        throw refused();
    }

    @Override
    public void rename(Path from, Path to) {
        throw refused();
    }

    @Override
    public void delete(Path path) {
        throw refused();
    }

    @Override
    public void syncDirectory(Path directory) {
        throw refused();
    }

    @Override
    public @Nullable HeldLock lock(Path file) {
        throw refused();
    }

    private static IllegalStateException refused() {
        return new IllegalStateException("whoever only reads must not change or lock anything");
    }

    private final class ReadOnlyFile implements OpenFile {
        private final OpenFile file;

        ReadOnlyFile(OpenFile file) {
            this.file = file;
        }

        @Override
        public void read(ByteBuffer into, long position) throws IOException {
            int bytes = into.remaining();
            file.read(into, position);
            bytesRead.accept(bytes);
        }

        @Override
        public void write(ByteBuffer from, long position) {
            throw refused();
        }

        @Override
        public void force(boolean metadata) {
            throw refused();
        }

        @Override
        public long size() throws IOException {
            return file.size();
        }

        @Override
        public void close() throws IOException {
            file.close();
        }
    }
}
