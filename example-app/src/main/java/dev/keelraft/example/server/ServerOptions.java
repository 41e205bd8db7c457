package dev.keelraft.example.server;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * What a server is started with; the flags of the same names say more. {@code ServerCommand} checks what people type, this
 * record only what the code relies on.
 *
 * @param name of this member, one of {@code initialCluster}
 * @param dataDirectory everything durable is in it
 * @param listenClientUrls where clients are served; port 0 takes a free one
 * @param advertiseClientUrls what clients are told, by any member
 * @param listenPeerUrls where peers are served
 * @param initialAdvertisePeerUrls where the others reach this member; as in {@code initialCluster}
 * @param initialCluster the first members, with their peer URLs. Empty: those of the first start; or, if this is the first,
 *     this member alone
 * @param initialClusterState whether they form a new cluster now
 * @param initialClusterToken what tells this cluster from others with the same URLs
 * @param heartbeatInterval a tick of the kernel
 * @param electionTimeout a multiple of it
 * @param snapshotLogBytes how far the log grows between two snapshots
 */
public record ServerOptions(
        String name,
        Path dataDirectory,
        List<URI> listenClientUrls,
        List<URI> advertiseClientUrls,
        List<URI> listenPeerUrls,
        List<URI> initialAdvertisePeerUrls,
        Map<String, List<URI>> initialCluster,
        ClusterState initialClusterState,
        String initialClusterToken,
        Duration heartbeatInterval,
        Duration electionTimeout,
        long snapshotLogBytes) {
    /** The smallest number of bytes between two snapshots: with less, a member would write snapshots and nothing else. */
    public static final long MIN_SNAPSHOT_LOG_BYTES = 16 << 10;

    /** The election time-out must be this many heartbeats or more, as in etcd: one that is lost must not cause an election. */
    public static final int MIN_ELECTION_HEARTBEATS = 5;

    /** Whether the members of {@code initialCluster} begin a cluster, or this one is added to theirs. */
    public enum ClusterState {
        /** They begin one. */
        NEW,
        /** There is one. */
        EXISTING
    }

    /**
     * Copies the lists, and checks what {@link KeelServer} relies on.
     *
     * @throws IllegalArgumentException if something does not fit together
     */
    public ServerOptions {
        listenClientUrls = List.copyOf(listenClientUrls);
        advertiseClientUrls = List.copyOf(advertiseClientUrls);
        listenPeerUrls = List.copyOf(listenPeerUrls);
        initialAdvertisePeerUrls = List.copyOf(initialAdvertisePeerUrls);
        initialCluster = Map.copyOf(initialCluster);
        if (!initialCluster.isEmpty() && !initialCluster.containsKey(name)) {
            throw new IllegalArgumentException("the member " + name + " is not in the cluster " + initialCluster);
        }
        if (heartbeatInterval.isNegative()
                || heartbeatInterval.isZero()
                || electionTimeout.compareTo(heartbeatInterval.multipliedBy(MIN_ELECTION_HEARTBEATS)) < 0) {
            throw new IllegalArgumentException("an election time-out of " + electionTimeout.toMillis()
                    + " ms is less than " + MIN_ELECTION_HEARTBEATS + " heartbeats of " + heartbeatInterval.toMillis()
                    + " ms");
        }
        if (snapshotLogBytes < MIN_SNAPSHOT_LOG_BYTES) {
            throw new IllegalArgumentException(
                    "snapshotLogBytes must be at least " + MIN_SNAPSHOT_LOG_BYTES + ": " + snapshotLogBytes);
        }
    }

    /** The election time-out in ticks; a fraction of one counts as a whole. */
    int electionTicks() {
        long ticks = (electionTimeout.toNanos() + heartbeatInterval.toNanos() - 1) / heartbeatInterval.toNanos();
        return Math.toIntExact(ticks);
    }

    /** How long a client waits at most, as in etcd: for a sync and two elections. */
    Duration requestTimeout() {
        return Duration.ofSeconds(5).plus(electionTimeout.multipliedBy(2));
    }
}
