package dev.keelraft.example.server;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.keelraft.example.kv.KeyValueState;
import dev.keelraft.example.kv.SnapshotFormat;
import dev.keelraft.example.kv.SnapshotFormat.Loaded;
import dev.keelraft.example.kv.SnapshotFormat.Position;
import dev.keelraft.example.kv.wire.SnapshotDescriptor;
import dev.keelraft.model.Snapshot;
import dev.keelraft.proto.ConfStateCodec;
import dev.keelraft.wal.PreparedSnapshot;
import dev.keelraft.wal.SnapshotFile;
import dev.keelraft.wal.Wal;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import java.util.zip.CRC32C;
import java.util.zip.CheckedOutputStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The files of snapshots, in the directory that the log names. Everything but {@link #deleteAllBut} may be called from any
 * thread.
 *
 * <p>A file is written under a temporary name, forced, and renamed when it is complete; it counts as a snapshot once the log
 * refers to it. Names are made here, from term, index and two counters, so that none is used twice and none comes from a peer.
 * What a crash leaves, the next start deletes.
 */
final class SnapshotFiles {
    private static final Logger LOG = LoggerFactory.getLogger(SnapshotFiles.class);
    private static final String UNFINISHED = ".tmp";

    private final Path directory;
    private final long clusterId;
    private final long bootCount;
    private final AtomicLong count = new AtomicLong();

    /** Names that the log may be about to refer to, or that are being written. */
    private final Set<String> inUse = ConcurrentHashMap.newKeySet();

    /**
     * Makes the files of one run of a member.
     *
     * @param directory {@link dev.keelraft.wal.Wal#snapshotDirectory()}
     * @param clusterId stands in every file, and must stand in every file that is read
     * @param bootCount how often the log was opened: distinguishes the names of this run from those of others
     */
    SnapshotFiles(Path directory, long clusterId, long bootCount) {
        this.directory = directory;
        this.clusterId = clusterId;
        this.bootCount = bootCount;
    }

    /** A file is whole, and holds another snapshot than it should. */
    static final class WrongContentException extends IOException {
        private static final long serialVersionUID = 1;

        WrongContentException(String text) {
            super(text);
        }
    }

    /** A snapshot whose file is complete. */
    record Stored(Snapshot snapshot, SnapshotFile file) {}

    /** The descriptor that a snapshot carries to those who have to fetch it. */
    static SnapshotDescriptor descriptorOf(Snapshot snapshot) throws IOException {
        try {
            return SnapshotDescriptor.parseFrom(snapshot.data());
        } catch (InvalidProtocolBufferException e) {
            throw new IOException("the descriptor of " + snapshot + " cannot be read");
        }
    }

    /**
     * Writes a state, which takes as long as it is large. The name stays reserved until {@link #release}.
     *
     * @param point where it belongs; without a descriptor yet
     * @throws IOException if that fails; nothing is left
     */
    Stored write(Snapshot point, KeyValueState state) throws IOException {
        String name = newName(point);
        Path unfinished = unfinished(name);
        CRC32C crc = new CRC32C();
        try {
            long bytes;
            try (FileChannel channel =
                            FileChannel.open(unfinished, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
                    OutputStream out = new CheckedOutputStream(Channels.newOutputStream(channel), crc)) {
                bytes = SnapshotFormat.write(out, positionOf(point), state).bytes();
                channel.force(true);
            }
            SnapshotFile file = new SnapshotFile(name, bytes, (int) crc.getValue());
            Files.move(unfinished, directory.resolve(name), StandardCopyOption.ATOMIC_MOVE);
            byte[] descriptor = SnapshotDescriptor.newBuilder()
                    .setBytes(bytes)
                    .setCrc32C(file.crc32c())
                    .build()
                    .toByteArray();
            return new Stored(new Snapshot(point.index(), point.term(), point.confState(), descriptor), file);
        } catch (IOException | RuntimeException | Error e) {
            Files.deleteIfExists(unfinished);
            release(name);
            throw e;
        }
    }

    /** What the log does with a complete file, on the thread that has it, before the log is asked to store it. */
    interface Preparation {
        /** As {@link Wal#prepare}. */
        PreparedSnapshot prepare(SnapshotFile file) throws IOException;
    }

    /** Reserves a new name. */
    String newName(Snapshot snapshot) {
        String name = String.format(
                Locale.ROOT,
                "%016x-%016x-%x-%x.snap",
                snapshot.term(),
                snapshot.index(),
                bootCount,
                count.incrementAndGet());
        inUse.add(name);
        return name;
    }

    /** Where the file that is to have that name is until it is complete. */
    Path unfinished(String name) {
        return directory.resolve(name + UNFINISHED);
    }

    /** Gives a complete file its name. */
    void finish(String name) throws IOException {
        Files.move(unfinished(name), directory.resolve(name), StandardCopyOption.ATOMIC_MOVE);
    }

    /** Ends a reservation: the log refers to the file now, or never will. */
    void release(String name) {
        inUse.remove(name);
    }

    /** Ends a reservation whose file, complete or not, nobody has been told of, and deletes it. */
    void discard(String name) throws IOException {
        try {
            Files.deleteIfExists(unfinished(name));
            Files.deleteIfExists(directory.resolve(name));
        } finally {
            release(name);
        }
    }

    /**
     * Loads a state.
     *
     * @param path a complete file
     * @param snapshot what must be in it
     * @throws IOException if something else is
     */
    KeyValueState load(Path path, Snapshot snapshot) throws IOException {
        try (InputStream in = Files.newInputStream(path)) {
            Loaded loaded = SnapshotFormat.read(in);
            if (!loaded.position().equals(positionOf(snapshot))) {
                throw new WrongContentException(
                        "the file is of " + loaded.position() + ", and should be of " + positionOf(snapshot));
            }
            return loaded.state();
        }
    }

    /** Loads the state of a snapshot that the log refers to. */
    KeyValueState load(Stored stored) throws IOException {
        return load(directory.resolve(stored.file().name()), stored.snapshot());
    }

    /** Opens a file to be sent. It can be read to its end even if it is deleted meanwhile. */
    FileChannel open(SnapshotFile file) throws IOException {
        return FileChannel.open(directory.resolve(file.name()), StandardOpenOption.READ);
    }

    /**
     * Deletes what no start of this member can need. On the thread of the log, as its references change there.
     *
     * @param referenced what the log refers to
     */
    void deleteAllBut(List<SnapshotFile> referenced) {
        Set<String> kept = referenced.stream().map(SnapshotFile::name).collect(Collectors.toSet());
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
            for (Path file : files) {
                String name = String.valueOf(file.getFileName());
                // Asked for each file, and not before: a name is reserved before its file is there to be listed.
                if (!kept.contains(name) && !isInUse(name)) {
                    Files.deleteIfExists(file);
                }
            }
        } catch (IOException | DirectoryIteratorException e) {
            // It takes room and does no harm; the next time may have more luck.
            LOG.warn("old files in {} cannot be deleted: {}", directory, e.toString());
        }
    }

    private boolean isInUse(String name) {
        return inUse.contains(name)
                || (name.endsWith(UNFINISHED)
                        && inUse.contains(name.substring(0, name.length() - UNFINISHED.length())));
    }

    private Position positionOf(Snapshot snapshot) {
        return new Position(
                clusterId,
                snapshot.index(),
                snapshot.term(),
                ByteString.copyFrom(ConfStateCodec.encode(snapshot.confState())));
    }
}
