package dev.keelraft.example.server;

import dev.keelraft.example.kv.KeyValueState;
import dev.keelraft.example.kv.wire.SnapshotDescriptor;
import dev.keelraft.example.peer.SnapshotSink;
import dev.keelraft.model.Body;
import dev.keelraft.model.Message;
import dev.keelraft.model.Snapshot;
import dev.keelraft.wal.PreparedSnapshot;
import dev.keelraft.wal.SnapshotFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;

/**
 * Takes a leader's snapshot in: the kernel may only hear of it once its bytes are here in full, checked and forced.
 *
 * <p>The state is loaded, and the file compared and forced for the log, before the kernel thread is told. What is left to do
 * then is to note the file in the log, and to exchange one reference for another.
 */
final class ReceivedSnapshot implements SnapshotSink {
    /** The sender does not wait for ever at the end, so the disk works while the bytes come in. */
    private static final long FORCE_BYTES = 16 << 20;

    /** A snapshot that is complete on the disk and ready for the log, and its state. */
    record Arrived(Message message, SnapshotFiles.Stored stored, PreparedSnapshot prepared, KeyValueState state) {
        Snapshot snapshot() {
            return stored.snapshot();
        }
    }

    /** Hands a snapshot to the kernel. */
    interface Destination {
        /** Returns once the kernel thread has taken it. */
        void take(Arrived arrived) throws IOException;
    }

    private final SnapshotFiles files;
    private final Message message;
    private final Snapshot snapshot;
    private final SnapshotDescriptor descriptor;
    private final SnapshotFiles.Preparation preparation;
    private final Destination destination;
    private final Runnable end;
    private final String name;
    private final FileChannel channel;
    private final CRC32C crc = new CRC32C();
    private long bytes;
    private long forcedBytes;

    /**
     * Begins with an empty file.
     *
     * @param message the leader's, of type INSTALL_SNAPSHOT
     * @param announced how many bytes the leader wants to send
     * @param preparation what the log does with the file before it is asked to store it
     * @param end is run once in any outcome
     * @throws IOException if the message makes no sense, or no file can be created
     */
    ReceivedSnapshot(
            SnapshotFiles files,
            Message message,
            long announced,
            SnapshotFiles.Preparation preparation,
            Destination destination,
            Runnable end)
            throws IOException {
        this.files = files;
        this.preparation = preparation;
        this.message = message;
        this.snapshot = ((Body.InstallSnapshot) message.body()).snapshot();
        this.descriptor = SnapshotFiles.descriptorOf(snapshot);
        this.destination = destination;
        this.end = end;
        if (descriptor.getBytes() != announced) {
            throw new IOException(announced + " bytes are announced, and the descriptor says " + descriptor.getBytes());
        }
        name = files.newName(snapshot);
        try {
            channel = FileChannel.open(files.unfinished(name), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        } catch (IOException e) {
            files.release(name);
            throw e;
        }
    }

    @Override
    public void write(ByteBuffer chunk) throws IOException {
        bytes += chunk.remaining();
        if (bytes > descriptor.getBytes()) {
            throw new IOException("more than the announced " + descriptor.getBytes() + " bytes");
        }
        crc.update(chunk.duplicate());
        while (chunk.hasRemaining()) {
            channel.write(chunk);
        }
        if (bytes - forcedBytes >= FORCE_BYTES) {
            channel.force(false);
            forcedBytes = bytes;
        }
    }

    @Override
    public void finish() throws IOException {
        try {
            check();
            channel.force(true);
            channel.close();
            Path path = files.unfinished(name);
            KeyValueState state = files.load(path, snapshot);
            files.finish(name);
            SnapshotFile file = new SnapshotFile(name, bytes, descriptor.getCrc32C());
            PreparedSnapshot prepared = preparation.prepare(file);
            destination.take(new Arrived(message, new SnapshotFiles.Stored(snapshot, file), prepared, state));
        } catch (IOException | RuntimeException | Error e) {
            // Errors too: a state may be too large for what memory is left.
            channel.close();
            files.discard(name);
            throw e;
        } finally {
            end.run();
        }
    }

    private void check() throws IOException {
        if (bytes < descriptor.getBytes()) {
            throw new IOException(bytes + " of the announced " + descriptor.getBytes() + " bytes");
        }
        if ((int) crc.getValue() != descriptor.getCrc32C()) {
            throw new IOException("checksum " + Integer.toHexString((int) crc.getValue())
                    + " of the bytes, announced was " + Integer.toHexString(descriptor.getCrc32C()));
        }
    }

    @Override
    public void abort() {
        try {
            channel.close();
            files.discard(name);
        } catch (IOException e) {
            // The next start deletes it.
        } finally {
            end.run();
        }
    }
}
