package dev.keelraft.example.server;

import dev.keelraft.FailureCause;
import dev.keelraft.RaftFailedException;
import dev.keelraft.example.kv.SnapshotFormatException;
import dev.keelraft.wal.WalCorrupt;
import dev.keelraft.wal.WalFailed;
import dev.keelraft.wal.WalMustRejoin;
import dev.keelraft.wal.WalNotFound;
import dev.keelraft.wal.WalSpaceExhausted;
import dev.keelraft.wal.WalUnsupportedVersion;
import java.io.IOException;
import java.nio.file.FileSystemException;
import org.jspecify.annotations.Nullable;

/** Why a server could not start, or had to stop. Its text says what to do. */
public final class ServerFailure extends Exception {
    private static final long serialVersionUID = 1;

    /** What kind of failure, for those who look at the exit code. */
    public enum Kind {
        /** A port is taken, the data belongs to a running process or to another member, or a defect. */
        OTHER(1),
        /** The flags contradict each other, or what the first start was given. */
        USAGE(2),
        /** The data is damaged or incomplete. The member must not be started with it again. */
        DAMAGED(3),
        /** The disk does not do what it should. With a healthy one the member may be started again. */
        DISK(4),
        /** The group has stopped at this member: see {@link FailureCause}. */
        GROUP(5);

        private final int exitCode;

        Kind(int exitCode) {
            this.exitCode = exitCode;
        }

        /** What the process ends with. */
        public int exitCode() {
            return exitCode;
        }
    }

    private final Kind kind;

    ServerFailure(Kind kind, String text, @Nullable Throwable cause) {
        super(text, cause);
        this.kind = kind;
    }

    /** What kind of failure. */
    public Kind kind() {
        return kind;
    }

    static ServerFailure of(Throwable thrown) {
        // The text of the JDK's exceptions about files is the name of the file and no more.
        boolean says = thrown.getMessage() != null && !(thrown instanceof FileSystemException);
        String text = says ? String.valueOf(thrown.getMessage()) : thrown.toString();
        if (thrown instanceof RaftFailedException failed) {
            // The log's own exception says more than that the kernel could not read it.
            return failed.failure() == FailureCause.STORAGE && failed.getCause() != null
                    ? of(failed.getCause())
                    : new ServerFailure(Kind.GROUP, text, thrown);
        }
        return new ServerFailure(kindOf(thrown), text, thrown);
    }

    private static Kind kindOf(Throwable thrown) {
        if (thrown instanceof WalCorrupt
                || thrown instanceof WalMustRejoin
                || thrown instanceof WalNotFound
                || thrown instanceof WalUnsupportedVersion
                || thrown instanceof ClusterFile.DamagedException
                || thrown instanceof SnapshotFormatException
                || thrown instanceof SnapshotFiles.WrongContentException) {
            return Kind.DAMAGED;
        }
        if (thrown instanceof WalFailed || thrown instanceof WalSpaceExhausted || thrown instanceof IOException) {
            return Kind.DISK;
        }
        return Kind.OTHER;
    }
}
