package dev.keelraft.example.server;

import dev.keelraft.example.server.Cluster.ClusterMember;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.zip.CRC32C;

/**
 * The file {@code CLUSTER} in the data directory: what the first start of this member has decided, for all later ones. It is
 * text, for people, with a checksum, for accidents:
 *
 * <pre>
 *   keel cluster 1
 *   cluster cdf818194e3a8c32
 *   token etcd-cluster
 *   self 8211f1d0f64f3269
 *   member 8211f1d0f64f3269 m1 http://127.0.0.1:2380
 *   member ...
 *   log none, or the incarnation of the log
 *   crc32c 1f3a5c77
 * </pre>
 *
 * <p><b>The first start</b> writes the file without a log, creates the log, writes the file again with the log's incarnation,
 * and only then takes part in the group. So a later start can tell three things apart which an empty directory cannot: that
 * the member has never taken part, and may begin; that its log is there; and that it had a log and has none, or another. In
 * the last case it must not start: it may have voted, or acknowledged entries, and does not know any more.
 *
 * @param cluster who the members are
 * @param log the incarnation of the member's log; empty until that exists
 */
record ClusterFile(Cluster cluster, Optional<UUID> log) {
    private static final String NAME = "CLUSTER";
    private static final String HEADER = "keel cluster 1";
    private static final int MAX_BYTES = 1 << 20;

    /** The file of a data directory. */
    static Path in(Path dataDirectory) {
        return dataDirectory.resolve(NAME);
    }

    /** The same with a log. */
    ClusterFile withLog(UUID incarnation) {
        return new ClusterFile(cluster, Optional.of(incarnation));
    }

    /**
     * Reads the file, if there is one.
     *
     * @throws DamagedException if it is not what was written
     */
    static Optional<ClusterFile> read(Path dataDirectory) throws IOException {
        Path path = in(dataDirectory);
        try {
            if (Files.size(path) > MAX_BYTES) {
                throw new DamagedException(path, "it is too long");
            }
            return Optional.of(parse(path, Files.readString(path, StandardCharsets.UTF_8)));
        } catch (CharacterCodingException e) {
            throw new DamagedException(path, "it is not text");
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
    }

    /** The file is damaged, or was edited. */
    static final class DamagedException extends IOException {
        private static final long serialVersionUID = 1;

        DamagedException(Path path, String what) {
            super(path + " is damaged: " + what
                    + ". It says which cluster and which log this data belongs to. Nothing was"
                    + " changed. Restore it from a backup; without it, remove this member from the cluster, and add it as"
                    + " a new one with an empty directory.");
        }
    }

    private static ClusterFile parse(Path path, String text) throws DamagedException {
        int end = text.lastIndexOf("crc32c ");
        if (!text.startsWith(HEADER + "\n")
                || end < 0
                || !text.substring(end).equals(checksumLine(text.substring(0, end)))) {
            throw new DamagedException(path, "the checksum does not match");
        }
        List<ClusterMember> members = new ArrayList<>();
        long cluster = 0;
        long self = 0;
        String token = "";
        Optional<UUID> log = Optional.empty();
        try {
            for (String line : text.substring(0, end).lines().skip(1).toList()) {
                String[] words = line.split(" ", -1);
                switch (words[0]) {
                    case "cluster" -> cluster = Long.parseUnsignedLong(words[1], 16);
                    case "token" -> token = line.substring("token ".length());
                    case "self" -> self = Long.parseUnsignedLong(words[1], 16);
                    case "member" ->
                        members.add(new ClusterMember(
                                Long.parseUnsignedLong(words[1], 16),
                                words[2],
                                Arrays.stream(words).skip(3).map(URI::create).toList()));
                    case "log" ->
                        log = words[1].equals("none") ? Optional.empty() : Optional.of(UUID.fromString(words[1]));
                    default -> throw new IllegalArgumentException(line);
                }
            }
        } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
            throw new DamagedException(path, "a line cannot be read (" + e.getMessage() + ")");
        }
        return new ClusterFile(new Cluster(cluster, token, self, members), log);
    }

    /**
     * Writes the first file of a directory: complete and on the disk when this returns, or not there.
     *
     * @throws FileAlreadyExistsException if there is one by now: another process starts with this directory
     */
    void create(Path dataDirectory) throws IOException {
        Path unfinished = Files.createTempFile(dataDirectory, NAME + "-", ".tmp");
        try {
            fill(unfinished);
            // Unlike a rename, a link never replaces what is there.
            Files.createLink(in(dataDirectory), unfinished);
        } finally {
            Files.deleteIfExists(unfinished);
        }
        forceDirectory(dataDirectory);
    }

    /**
     * Replaces the file: by the new one, complete and on the disk when this returns, or by nothing. Only for who holds the
     * lock of the log.
     */
    void replace(Path dataDirectory) throws IOException {
        Path unfinished = dataDirectory.resolve(NAME + ".tmp");
        Files.deleteIfExists(unfinished);
        Files.createFile(unfinished);
        fill(unfinished);
        Files.move(unfinished, in(dataDirectory), StandardCopyOption.ATOMIC_MOVE);
        forceDirectory(dataDirectory);
    }

    private void fill(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            ByteBuffer bytes = StandardCharsets.UTF_8.encode(text());
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        }
    }

    private static void forceDirectory(Path directory) throws IOException {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    private String text() {
        StringBuilder text = new StringBuilder(HEADER).append('\n');
        text.append("cluster ").append(hex(cluster.id())).append('\n');
        text.append("token ").append(cluster.token()).append('\n');
        text.append("self ").append(hex(cluster.self())).append('\n');
        for (ClusterMember member : cluster.members()) {
            text.append("member ").append(hex(member.id())).append(' ').append(member.name());
            member.peerUrls().forEach(url -> text.append(' ').append(url));
            text.append('\n');
        }
        text.append("log ").append(log.map(UUID::toString).orElse("none")).append('\n');
        return text + checksumLine(text.toString());
    }

    private static String checksumLine(String text) {
        CRC32C crc = new CRC32C();
        crc.update(text.getBytes(StandardCharsets.UTF_8));
        return String.format("crc32c %08x\n", crc.getValue());
    }

    private static String hex(long id) {
        return String.format("%016x", id);
    }
}
