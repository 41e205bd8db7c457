package dev.keelraft.example.server;

import dev.keelraft.example.server.ServerFailure.Kind;
import dev.keelraft.example.server.ServerOptions.ClusterState;
import dev.keelraft.wal.Wal;
import dev.keelraft.wal.WalIdentity;
import dev.keelraft.wal.WalOptions;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Executor;

/**
 * Opens what is durable of a member: who it is, and its log. {@link ClusterFile} tells in which order a first start writes, and
 * why.
 *
 * @param cluster who the members are
 * @param wal the open log
 */
record DataDirectory(Cluster cluster, Wal wal) {
    private static final int MIN_SEGMENT_BYTES = 1 << 20;
    private static final int MAX_SEGMENT_BYTES = 64 << 20;
    private static final int BLOCK_BYTES = 4096;

    /**
     * Opens the directory, or begins it.
     *
     * @param preparer where the log has its next segment prepared
     * @throws ServerFailure if this member must not start with it
     * @throws RuntimeException if the log cannot be opened, as {@link Wal#open} says
     */
    static DataDirectory open(ServerOptions options, Executor preparer) throws IOException, ServerFailure {
        Path directory = options.dataDirectory();
        createPrivate(directory);
        Optional<ClusterFile> found = ClusterFile.read(directory);
        boolean hasLog = Wal.exists(directory);
        if (found.isEmpty() && hasLog) {
            throw new ServerFailure(
                    Kind.DAMAGED,
                    "there is a log in " + directory + ", and the file CLUSTER beside it is missing. Restore it from a"
                            + " backup; without it nobody knows whose log that is.",
                    null);
        }
        if (found.isPresent() && found.get().log().isPresent() && !hasLog) {
            throw new ServerFailure(
                    Kind.DAMAGED,
                    "the log in " + directory
                            + " is gone: this member has taken part in its cluster, and may have voted"
                            + " and acknowledged entries that it does not have any more. Do not start it with an empty"
                            + " directory under the same id. If a disk is not mounted, mount it; otherwise remove the"
                            + " member from the cluster, and add it as a new one.",
                    null);
        }
        if (found.isEmpty() && options.initialClusterState() == ClusterState.EXISTING) {
            throw new ServerFailure(
                    Kind.USAGE,
                    "--initial-cluster-state existing: there is no data in " + directory + ", so this member would have"
                            + " to join a running cluster, which this version cannot do yet. To begin a new cluster use"
                            + " --initial-cluster-state new on all of its members; to start a member again, name its"
                            + " data directory with --data-dir.",
                    null);
        }
        Cluster cluster = found.isPresent() ? same(found.get().cluster(), options) : first(options);
        ClusterFile file = found.orElseGet(() -> new ClusterFile(cluster, Optional.empty()));
        if (found.isEmpty()) {
            file.create(directory);
        }
        WalIdentity identity = new WalIdentity(cluster.id(), cluster.self());
        WalOptions walOptions = WalOptions.defaults()
                .withSegmentBytes(segmentBytes(options.snapshotLogBytes()))
                .onItsOwnThread()
                .withPreparer(preparer);
        Wal wal = hasLog ? Wal.open(directory, identity, walOptions) : Wal.create(directory, identity, walOptions);
        try {
            claim(directory, file, wal.recovered().incarnation());
            return new DataDirectory(cluster, wal);
        } catch (IOException | ServerFailure | RuntimeException e) {
            wal.close();
            throw e;
        }
    }

    private static void claim(Path directory, ClusterFile file, UUID incarnation) throws IOException, ServerFailure {
        if (file.log().isEmpty()) {
            file.withLog(incarnation).replace(directory);
        } else if (!file.log().get().equals(incarnation)) {
            throw new ServerFailure(
                    Kind.DAMAGED,
                    "the log in " + directory + " is another one than this member had (" + incarnation + " in place of "
                            + file.log().get() + "): bring back the one that belongs there.",
                    null);
        }
    }

    private static Cluster first(ServerOptions options) {
        Map<String, List<URI>> members = options.initialCluster().isEmpty()
                ? Map.of(options.name(), options.initialAdvertisePeerUrls())
                : options.initialCluster();
        return Cluster.of(options.initialClusterToken(), members, options.name());
    }

    /** What the first start has decided, unless the flags say otherwise. */
    private static Cluster same(Cluster stored, ServerOptions options) throws ServerFailure {
        if (!stored.selfMember().name().equals(options.name())) {
            throw contradiction(
                    options, "--name " + options.name(), stored.selfMember().name());
        }
        if (options.initialCluster().isEmpty()) {
            return stored;
        }
        Cluster said = first(options);
        if (!said.token().equals(stored.token())) {
            throw contradiction(options, "--initial-cluster-token " + said.token(), stored.token());
        }
        if (!said.equals(stored)) {
            throw contradiction(options, "--initial-cluster " + text(said), text(stored));
        }
        return stored;
    }

    private static ServerFailure contradiction(ServerOptions options, String flag, String stored) {
        return new ServerFailure(
                Kind.USAGE,
                flag + " contradicts the data in " + options.dataDirectory() + ", whose first start said " + stored
                        + ". Start it with that; or, for a new cluster, name an empty directory with --data-dir.",
                null);
    }

    private static String text(Cluster cluster) {
        StringBuilder text = new StringBuilder();
        for (Cluster.ClusterMember member : cluster.members()) {
            for (URI url : member.peerUrls()) {
                text.append(text.isEmpty() ? "" : ",")
                        .append(member.name())
                        .append('=')
                        .append(url);
            }
        }
        return text.toString();
    }

    /* Four segments to a snapshot: what a snapshot frees is then at most a quarter late. */
    private static int segmentBytes(long snapshotLogBytes) {
        long quarter = snapshotLogBytes / 4 / BLOCK_BYTES * BLOCK_BYTES;
        return (int) Math.max(MIN_SEGMENT_BYTES, Math.min(MAX_SEGMENT_BYTES, quarter));
    }

    /* Keys and values of all clients lie in it. */
    private static void createPrivate(Path directory) throws IOException {
        if (Files.isDirectory(directory)) {
            return;
        }
        boolean posix = directory.getFileSystem().supportedFileAttributeViews().contains("posix");
        FileAttribute<?>[] attributes = posix
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"))
                }
                : new FileAttribute<?>[0];
        Files.createDirectories(directory, attributes);
    }
}
