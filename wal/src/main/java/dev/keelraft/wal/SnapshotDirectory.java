package dev.keelraft.wal;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The host's snapshot files, as far as they are the log's business. A snapshot without its file is worth nothing, and its
 * record lets the entries go that it stands for; so the log does not rely on the host for comparing and forcing it: whoever
 * forgets that loses the group's state only with the power, and then for good. Thread-safe.
 */
final class SnapshotDirectory {
    private final FileLayer files;
    private final Path path;

    /** A second force of these would report success, and write nothing: see the description of the package. */
    private final Set<String> unforced = ConcurrentHashMap.newKeySet();

    SnapshotDirectory(FileLayer files, Path path) {
        this.files = files;
        this.path = path;
    }

    Path path(SnapshotFile file) {
        return path.resolve(file.name());
    }

    /**
     * Reads a file, and forces it and its name to the disk.
     *
     * @throws WalAppendRefused if it is not as described, or an earlier force of it has failed
     * @throws IOException if it cannot be read or forced
     */
    PreparedSnapshot prepare(SnapshotFile described) throws IOException {
        Path file = path(described);
        if (unforced.contains(described.name())) {
            throw Wal.refused(
                    "the snapshot file " + file + " could not be forced to the disk before, and a second try would"
                            + " prove nothing; the snapshot must be written again, under another name");
        }
        try {
            FileStamp before = files.stamp(file);
            SnapshotFile found = SnapshotFile.of(files, file);
            if (!found.equals(described)) {
                throw Wal.refused("the snapshot file " + file + " is " + found + ", not " + described);
            }
            force(file, described.name());
            // Whoever writes to it after this has changed it after it was stored, for all that can be told.
            if (!files.stamp(file).equals(before)) {
                throw changed(file);
            }
            return new PreparedSnapshot(this, described, before);
        } catch (NoSuchFileException e) {
            throw missing(file);
        }
    }

    private void force(Path file, String name) throws IOException {
        try (OpenFile open = files.openToRead(file)) {
            open.force(true);
            files.syncDirectory(path);
        } catch (TooManyFilesException e) {
            throw e;
        } catch (IOException e) {
            unforced.add(name);
            throw e;
        }
    }

    /**
     * Returns if a file is what it was when it was prepared.
     *
     * @throws WalAppendRefused if not, or if it was prepared for another log
     * @throws IOException if that cannot be found out
     */
    void check(PreparedSnapshot prepared) throws IOException {
        Path file = path(prepared.file());
        if (!prepared.isOf(this)) {
            throw Wal.refused("the snapshot file " + file + " was prepared for another log, or by another run");
        }
        try {
            if (!files.stamp(file).equals(prepared.stamp())) {
                throw changed(file);
            }
        } catch (NoSuchFileException e) {
            throw missing(file);
        }
    }

    private static WalAppendRefused changed(Path file) {
        return Wal.refused("the snapshot file " + file + " was changed or replaced while or since it was prepared");
    }

    private static WalAppendRefused missing(Path file) {
        return Wal.refused("the snapshot file " + file + " is missing");
    }
}
