package dev.keelraft.example.kv;

import com.google.protobuf.ByteString;
import com.google.protobuf.MessageLite;
import dev.keelraft.example.etcd.wire.KeyValue;
import dev.keelraft.example.kv.wire.MemberAttributes;
import dev.keelraft.example.kv.wire.Result;
import dev.keelraft.example.kv.wire.SnapshotHeader;
import dev.keelraft.example.kv.wire.SnapshotResult;
import dev.keelraft.example.kv.wire.SnapshotSession;
import dev.keelraft.example.kv.wire.SnapshotTrailer;
import java.io.BufferedOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.zip.CRC32C;
import java.util.zip.CheckedOutputStream;

/**
 * A state as a stream of bytes, and back. The host owns the streams: files, networks and syncs are its own.
 *
 * <p>Equal states at equal positions are equal bytes. Neither direction holds more than one record beside the state.
 */
public final class SnapshotFormat {
    /*
     *   offset  bytes
     *   0       8      "KEELKVSS"
     *   8       4      version, 1
     *   12      ...    records: kind (1), length (4), a protobuf message of that length
     *                    header, once; keys; members; sessions, each with its results behind it; trailer, once
     *   end-4   4      CRC32C of all bytes before
     *
     * Numbers are big-endian. What stands in the messages is in keel_kv.proto.
     *
     * A reader trusts nothing before it has seen the checksum: lengths are bounded, memory is taken as bytes arrive,
     * and what a record claims is checked when it is read. A file that was cut has no trailer; one that was cut and
     * grew together with another has the wrong counts, or the wrong order, or at last the wrong checksum.
     */

    /**
     * How long a record may be. The longest one is a result, which {@link KeyValueState} bounds by about half of it.
     */
    static final int MAX_RECORD_BYTES = 64 << 20;

    static final byte[] MAGIC = "KEELKVSS".getBytes(StandardCharsets.US_ASCII);
    static final int VERSION = 1;

    static final byte HEADER = 1;
    static final byte KEY = 2;
    static final byte MEMBER = 3;
    static final byte SESSION = 4;
    static final byte RESULT = 5;
    static final byte TRAILER = 6;

    private static final int BUFFER_BYTES = 64 << 10;

    private SnapshotFormat() {}

    /**
     * Where a snapshot belongs.
     *
     * @param clusterId the group; unsigned
     * @param index of the last entry that was applied
     * @param term of that entry
     * @param confState the configuration of the group behind that entry, encoded as the host likes; up to 1 MiB
     */
    public record Position(long clusterId, long index, long term, ByteString confState) {
        static final int MAX_CONF_STATE_BYTES = 1 << 20;

        /**
         * Checks the bounds.
         *
         * @param clusterId see above
         * @param index not negative
         * @param term not negative
         * @param confState see above
         * @throws IllegalArgumentException if one of them is out of bounds
         */
        public Position {
            if (index < 0 || term < 0 || confState.size() > MAX_CONF_STATE_BYTES) {
                throw new IllegalArgumentException(
                        "index " + index + ", term " + term + ", configuration of " + confState.size() + " bytes");
            }
        }
    }

    /**
     * What was written: enough to tell later whether a file is this one.
     *
     * @param bytes how many
     * @param crc32c of all bytes but the last four, which are this checksum
     */
    public record Written(long bytes, int crc32c) {}

    /**
     * What was read.
     *
     * @param position where it belongs
     * @param state behind the entry at that position
     */
    public record Loaded(Position position, KeyValueState state) {}

    /**
     * Writes a state. It may run on any thread, for as long as it likes: the state does not change.
     *
     * @param stream is flushed and not closed
     * @throws IOException if the stream throws it
     */
    public static Written write(OutputStream stream, Position position, KeyValueState state) throws IOException {
        CRC32C crc = new CRC32C();
        BufferedOutputStream buffer = new BufferedOutputStream(stream, BUFFER_BYTES);
        Records records = new Records(new DataOutputStream(new CheckedOutputStream(buffer, crc)));
        records.begin();
        records.add(
                HEADER,
                SnapshotHeader.newBuilder()
                        .setClusterId(position.clusterId())
                        .setIndex(position.index())
                        .setTerm(position.term())
                        .setRevision(state.revision())
                        .setConfState(position.confState())
                        .setEvictedAt(state.sessions().evictedAt())
                        .build());
        for (KeyValue pair : state.store().keys().values()) {
            records.add(KEY, pair);
        }
        for (MemberAttributes member : state.members()) {
            records.add(MEMBER, member);
        }
        long results = 0;
        for (Session session : state.sessions().sessions().values()) {
            results += session.results().size();
            records.add(session);
        }
        records.add(
                TRAILER,
                SnapshotTrailer.newBuilder()
                        .setKeys(state.keyCount())
                        .setMembers(state.members().size())
                        .setSessions(state.sessionCount())
                        .setResults(results)
                        .build());
        int checksum = (int) crc.getValue();
        long bytes = records.end(checksum);
        return new Written(bytes, checksum);
    }

    /**
     * Reads a state that {@link #write} has written, to the end of the stream.
     *
     * @param stream is not closed
     * @throws SnapshotFormatException if it is not a whole, undamaged snapshot
     * @throws IOException if the stream throws it
     */
    public static Loaded read(InputStream stream) throws IOException {
        return new SnapshotReader(stream).read();
    }

    /** The writing end of the records. */
    private static final class Records {
        private final DataOutputStream out;
        private long bytes;

        Records(DataOutputStream out) {
            this.out = out;
        }

        void begin() throws IOException {
            out.write(MAGIC);
            out.writeInt(VERSION);
            bytes = (long) MAGIC.length + Integer.BYTES;
        }

        void add(Session session) throws IOException {
            add(
                    SESSION,
                    SnapshotSession.newBuilder()
                            .setId(session.id())
                            .setAcknowledgedBelow(session.acknowledgedBelow())
                            .setLastUsed(session.lastUsed())
                            .build());
            for (Map.Entry<Long, Result> entry : session.results().entrySet()) {
                add(
                        RESULT,
                        SnapshotResult.newBuilder()
                                .setSequence(entry.getKey())
                                .setResult(entry.getValue())
                                .build());
            }
        }

        void add(byte kind, MessageLite message) throws IOException {
            byte[] payload = message.toByteArray();
            if (payload.length > MAX_RECORD_BYTES) {
                // A reader would refuse it. Nothing that the state accepts becomes so long.
                throw new IllegalStateException("a record of kind " + kind + " has " + payload.length + " bytes");
            }
            out.writeByte(kind);
            out.writeInt(payload.length);
            out.write(payload);
            bytes += 1 + Integer.BYTES + payload.length;
        }

        /** Ends with the checksum of what was added. Returns how many bytes all of it has. */
        long end(int checksum) throws IOException {
            out.writeInt(checksum);
            out.flush();
            return bytes + Integer.BYTES;
        }
    }
}
