package dev.keelraft.wal;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Everything that the log does to a file system. {@link DiskFiles} does it to the real one; the tests have one in memory
 * which, at a crash, forgets what was not forced.
 *
 * <p>What POSIX promises, and no more, may be relied on: the content of a file survives a crash once {@link OpenFile#force} has
 * returned, its name once {@link #syncDirectory} has returned for its directory, and a rename happens wholly or not at all.
 * Everything else may survive in any order.
 *
 * <p>A call that needs a file descriptor and gets none throws {@link TooManyFilesException}, and has done nothing. Any other
 * failed call may have happened, in part or not at all; nobody retries one. All methods work on an interrupted thread and
 * leave its interrupted status alone.
 */
interface FileLayer {
    /** Tells whether there is something at a path. Where that cannot be found out, there is: nothing may be created over it. */
    boolean exists(Path path);

    /** The names in a directory, without the path, in any order. */
    List<String> list(Path directory) throws IOException;

    /** Creates a directory that only its owner may enter. Its parent must exist, and nothing of that name in it. */
    void createDirectory(Path directory) throws IOException;

    /** Creates an empty file that only its owner may read and write, and opens it for both. It must not exist. */
    OpenFile create(Path file) throws IOException;

    /** Opens an existing file for reading and writing. */
    OpenFile open(Path file) throws IOException;

    /** Opens an existing file for reading. */
    OpenFile openToRead(Path file) throws IOException;

    /** Looks at a file, without opening it. */
    FileStamp stamp(Path file) throws IOException;

    /** Renames a file, or a directory, within its directory, at once; a file of the new name is replaced. */
    void rename(Path from, Path to) throws IOException;

    /** Removes a file or an empty directory. */
    void delete(Path path) throws IOException;

    /** Makes the names in a directory durable: what was created, renamed and removed there. */
    void syncDirectory(Path directory) throws IOException;

    /**
     * Takes the exclusive lock that stands for a whole log, or returns null where somebody, in this process or another, holds
     * it. Nobody but this method may ever open the file: closing it a second time would drop the lock (POSIX locks belong to
     * the process, not to the channel).
     */
    @Nullable
    HeldLock lock(Path file) throws IOException;
}
