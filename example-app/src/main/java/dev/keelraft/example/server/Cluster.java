package dev.keelraft.example.server;

import dev.keelraft.model.NodeId;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * Who the first members of the cluster are, as every one of them works it out from the same flags.
 *
 * <p>Ids are hashes of what the members agree on before they have ever met: a member's of its peer URLs and the token, the
 * cluster's of the members' ids. Members that were started with different flags have different cluster ids, and refuse each
 * other instead of forming a group that half of them do not know of. (etcd does it the same way, with another hash.)
 *
 * @param id the cluster's id; unsigned
 * @param token what keeps clusters apart that have the same URLs, one after the other
 * @param self this member's id
 * @param members all of them, by ascending id, unsigned
 */
record Cluster(long id, String token, long self, List<ClusterMember> members) {
    /**
     * A member.
     *
     * @param id unsigned
     * @param name as in {@code --name}
     * @param peerUrls where the others reach it, sorted
     */
    record ClusterMember(long id, String name, List<URI> peerUrls) {
        ClusterMember {
            peerUrls = peerUrls.stream().sorted().toList();
        }
    }

    Cluster {
        members = List.copyOf(members);
    }

    /**
     * Works out the ids.
     *
     * @param peerUrls of each member, by name
     * @param self the name of this member, which must be among them
     */
    static Cluster of(String token, Map<String, List<URI>> peerUrls, String self) {
        List<ClusterMember> members = peerUrls.entrySet().stream()
                .map(entry -> new ClusterMember(memberId(token, entry.getValue()), entry.getKey(), entry.getValue()))
                .sorted(Comparator.comparing(ClusterMember::id, NodeId.ORDER))
                .toList();
        MessageDigest hash = sha256();
        members.forEach(member ->
                hash.update(ByteBuffer.allocate(Long.BYTES).putLong(member.id()).flip()));
        long selfId = members.stream()
                .filter(member -> member.name().equals(self))
                .mapToLong(ClusterMember::id)
                .findFirst()
                .orElseThrow();
        return new Cluster(idOf(hash.digest()), token, selfId, members);
    }

    private static long memberId(String token, List<URI> peerUrls) {
        MessageDigest hash = sha256();
        // Each part ends with a zero byte, so that no two lists run together to the same bytes.
        peerUrls.stream().map(URI::toString).sorted().forEach(url -> update(hash, url));
        update(hash, token);
        return idOf(hash.digest());
    }

    private static void update(MessageDigest hash, String part) {
        hash.update(part.getBytes(StandardCharsets.UTF_8));
        hash.update((byte) 0);
    }

    /* One hash in six quintillions is not a node id; then the next eight bytes are. */
    private static long idOf(byte[] hash) {
        ByteBuffer bytes = ByteBuffer.wrap(hash);
        while (bytes.remaining() >= Long.BYTES) {
            long id = bytes.getLong();
            if (NodeId.isValid(id)) {
                return id;
            }
        }
        throw new AssertionError("four times in a row no id");
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }

    /** The member with that id. */
    ClusterMember member(long memberId) {
        return members.stream()
                .filter(member -> member.id() == memberId)
                .findFirst()
                .orElseThrow();
    }

    /** This member. */
    ClusterMember selfMember() {
        return member(self);
    }

    /** The ids of all members, ascending. */
    List<Long> memberIds() {
        return members.stream().map(ClusterMember::id).toList();
    }
}
