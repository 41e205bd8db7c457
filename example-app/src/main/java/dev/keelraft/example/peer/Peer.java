package dev.keelraft.example.peer;

import dev.keelraft.model.NodeId;
import java.net.URI;

/**
 * A member of the cluster, as the others reach it.
 *
 * @param id its id in the group
 * @param name for people: 1 to 256 characters
 * @param url where it listens for peers: {@code http://host:port}
 */
public record Peer(long id, String name, URI url) {
    /** The longest name, in characters. Names travel in metadata, whose size is bounded. */
    public static final int MAX_NAME_LENGTH = 256;

    /**
     * Checks the values.
     *
     * @param id a legal node id
     * @param name see above
     * @param url with the scheme {@code http}, a host and a port
     */
    public Peer {
        NodeId.check(id);
        if (name.isEmpty() || name.length() > MAX_NAME_LENGTH) {
            throw new IllegalArgumentException(
                    "the name of a peer has 1 to " + MAX_NAME_LENGTH + " characters: \"" + name + "\"");
        }
        if (!"http".equals(url.getScheme()) || url.getHost() == null || url.getPort() < 0) {
            throw new IllegalArgumentException("the url of a peer is http://host:port: " + url);
        }
    }

    /** The name and the id, as logs and errors have it: {@code m1 (0x8e9e05c52164694d)}. */
    String described() {
        return name + " (" + hex(id) + ")";
    }

    static String hex(long id) {
        return "0x" + Long.toHexString(id);
    }
}
