package dev.keelraft.example.peer;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.keelraft.example.peer.wire.Hello;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusException;
import java.util.Collection;
import java.util.Map;
import java.util.TreeMap;

/**
 * Who we are and whom we talk to. Each side of a call sends a hello and checks the other's: a member that was started with the
 * configuration or the data of another cluster must not get as far as a vote.
 */
final class Handshake {
    static final Metadata.Key<byte[]> HELLO = Metadata.Key.of("keel-hello-bin", Metadata.BINARY_BYTE_MARSHALLER);

    /** The versions of the protocol that this code speaks. */
    static final int MIN_VERSION = 1;

    static final int VERSION = 1;

    private final long clusterId;
    private final Peer self;
    private final Map<Long, Peer> others = new TreeMap<>();

    Handshake(long clusterId, Peer self, Collection<Peer> others) {
        this.clusterId = clusterId;
        this.self = self;
        for (Peer peer : others) {
            this.others.put(peer.id(), peer);
        }
    }

    /** This member. */
    Peer self() {
        return self;
    }

    /** Our hello to a member. */
    byte[] hello(long to) {
        return Hello.newBuilder()
                .setClusterId(clusterId)
                .setFrom(self.id())
                .setTo(to)
                .setMinVersion(MIN_VERSION)
                .setVersion(VERSION)
                .setName(self.name())
                .build()
                .toByteArray();
    }

    /**
     * Checks the hello of whoever calls us.
     *
     * @return who it is
     * @throws StatusException what is wrong with it: UNAUTHENTICATED if there is none, otherwise FAILED_PRECONDITION
     */
    Peer checkCaller(Metadata headers) throws StatusException {
        return check(headers);
    }

    /**
     * Checks the hello that answers a call of ours.
     *
     * @throws StatusException what is wrong with it, as for {@link #checkCaller}
     */
    void checkAnswer(Metadata headers, Peer called) throws StatusException {
        Peer sender = check(headers);
        if (sender.id() != called.id()) {
            throw mismatch("member id differs: called was " + called.described() + " at " + called.url()
                    + ", and it is " + sender.described() + " that answers; compare the peers' urls in the"
                    + " configuration of " + self.described() + " with where they listen");
        }
    }

    private Peer check(Metadata headers) throws StatusException {
        byte[] bytes = headers.get(HELLO);
        if (bytes == null) {
            throw Status.UNAUTHENTICATED
                    .withDescription("keel: no hello: calls bear the metadata " + HELLO.originalName()
                            + "; this is the port for members of the cluster, not for clients")
                    .asException();
        }
        Hello hello;
        try {
            hello = Hello.parseFrom(bytes);
        } catch (InvalidProtocolBufferException e) {
            throw mismatch("malformed hello: " + bytes.length + " bytes in " + HELLO.originalName()
                    + " are not a Hello; is it a member of the same version that calls?");
        }
        return check(hello);
    }

    private Peer check(Hello hello) throws StatusException {
        // Versions first: what the other fields mean is a matter of the version.
        if (hello.getMinVersion() < 1
                || hello.getMinVersion() > hello.getVersion()
                || hello.getMinVersion() > VERSION
                || hello.getVersion() < MIN_VERSION) {
            throw mismatch("protocol versions do not overlap: " + described(hello) + " speaks "
                    + Integer.toUnsignedString(hello.getMinVersion()) + " to "
                    + Integer.toUnsignedString(hello.getVersion()) + ", " + self.described() + " speaks "
                    + MIN_VERSION + " to " + VERSION + "; upgrade the older of the two");
        }
        if (hello.getClusterId() != clusterId) {
            throw mismatch("cluster id differs: " + described(hello) + " belongs to " + Peer.hex(hello.getClusterId())
                    + ", " + self.described() + " to " + Peer.hex(clusterId)
                    + "; compare the initial clusters of both, and look whether one has the data of another cluster");
        }
        Peer sender = others.get(hello.getFrom());
        if (sender == null) {
            throw mismatch("unknown member: " + described(hello) + " is none of " + self.described()
                    + " and the peers that it knows, " + othersDescribed()
                    + "; compare the initial clusters of both");
        }
        if (hello.getTo() != self.id()) {
            throw mismatch("member id differs: " + described(hello) + " means to talk to "
                    + Peer.hex(hello.getTo()) + ", and this is " + self.described()
                    + "; compare the peers' urls in the caller's configuration with where they listen");
        }
        return sender;
    }

    private static StatusException mismatch(String text) {
        return Status.FAILED_PRECONDITION.withDescription("keel: " + text).asException();
    }

    /** The sender by the name that we know, or else by the one that it claims, of which nothing can forge lines of a log. */
    private String described(Hello hello) {
        Peer known = others.get(hello.getFrom());
        if (known != null) {
            return known.described();
        }
        String name = hello.getName();
        String shown =
                name.substring(0, Math.min(name.length(), Peer.MAX_NAME_LENGTH)).replaceAll("[^\\x20-\\x7e]", "?");
        return "\"" + shown + "\" (" + Peer.hex(hello.getFrom()) + ")";
    }

    private String othersDescribed() {
        return String.join(", ", others.values().stream().map(Peer::described).toList());
    }
}
