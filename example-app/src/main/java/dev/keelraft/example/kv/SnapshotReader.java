package dev.keelraft.example.kv;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import dev.keelraft.example.etcd.wire.KeyValue;
import dev.keelraft.example.kv.SnapshotFormat.Loaded;
import dev.keelraft.example.kv.SnapshotFormat.Position;
import dev.keelraft.example.kv.SnapshotFormatException.Reason;
import dev.keelraft.example.kv.wire.MemberAttributes;
import dev.keelraft.example.kv.wire.SnapshotHeader;
import dev.keelraft.example.kv.wire.SnapshotResult;
import dev.keelraft.example.kv.wire.SnapshotSession;
import dev.keelraft.example.kv.wire.SnapshotTrailer;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.zip.CRC32C;
import java.util.zip.CheckedInputStream;
import org.jspecify.annotations.Nullable;
import org.pcollections.TreePMap;

/** Reads one snapshot in the format that {@link SnapshotFormat} tells. */
final class SnapshotReader {
    private static final int BUFFER_BYTES = 64 << 10;

    private final CRC32C crc = new CRC32C();
    private final CheckedInputStream in;

    /** Takes the record that is read, if it is a short one. */
    private final byte[] shortRecord = new byte[BUFFER_BYTES];

    private byte kind;
    private byte[] record = shortRecord;
    private int recordBytes;

    private SnapshotHeader header = SnapshotHeader.getDefaultInstance();
    private TreePMap<ByteString, KeyValue> keys = TreePMap.empty(KeyRange.ORDER);
    private long keyBytes;
    private TreePMap<Long, MemberAttributes> members = TreePMap.empty(Session.ORDER);
    private SessionTable sessions = SessionTable.EMPTY;
    private long results;

    /** The session that results belong to; none before the first one. */
    private @Nullable Session session;

    SnapshotReader(InputStream stream) {
        in = new CheckedInputStream(new BufferedInputStream(stream, BUFFER_BYTES), crc);
    }

    Loaded read() throws IOException {
        readPrefix();
        readHeader();
        while (nextRecord() != SnapshotFormat.TRAILER) {
            switch (kind) {
                case SnapshotFormat.KEY -> addKey(parse(KeyValue.parser()));
                case SnapshotFormat.MEMBER -> addMember(parse(MemberAttributes.parser()));
                case SnapshotFormat.SESSION -> addSession(parse(SnapshotSession.parser()));
                case SnapshotFormat.RESULT -> addResult(parse(SnapshotResult.parser()));
                default -> throw malformed("a record of kind " + kind);
            }
        }
        endSession();
        checkTrailer(parse(SnapshotTrailer.parser()));
        checkEnd();
        return new Loaded(
                new Position(header.getClusterId(), header.getIndex(), header.getTerm(), header.getConfState()),
                new KeyValueState(
                        new KeyValueStore(keys, header.getRevision(), keyBytes),
                        members,
                        new SessionTable(sessions.sessions(), header.getEvictedAt(), sessions.bytes())));
    }

    private void readPrefix() throws IOException {
        if (!Arrays.equals(in.readNBytes(SnapshotFormat.MAGIC.length), SnapshotFormat.MAGIC)) {
            throw new SnapshotFormatException(Reason.NOT_A_SNAPSHOT, "the first bytes are not those of a snapshot");
        }
        int version = readInt();
        if (version != SnapshotFormat.VERSION) {
            throw new SnapshotFormatException(
                    Reason.UNKNOWN_VERSION,
                    "version " + Integer.toUnsignedString(version) + " of the format, known is "
                            + SnapshotFormat.VERSION);
        }
    }

    private void readHeader() throws IOException {
        if (nextRecord() != SnapshotFormat.HEADER) {
            throw malformed("the first record has kind " + kind);
        }
        header = parse(SnapshotHeader.parser());
        if (header.getIndex() < 0
                || header.getTerm() < 0
                || header.getRevision() < KeyValueStore.EMPTY.revision()
                || header.getConfState().size() > Position.MAX_CONF_STATE_BYTES) {
            throw malformed("index " + header.getIndex() + ", term " + header.getTerm() + ", revision "
                    + header.getRevision() + ", configuration of "
                    + header.getConfState().size() + " bytes");
        }
    }

    private void addKey(KeyValue pair) throws SnapshotFormatException {
        if (!members.isEmpty() || session != null) {
            throw malformed("a key behind the members");
        }
        if (pair.getKey().isEmpty()
                || (!keys.isEmpty() && KeyRange.ORDER.compare(keys.lastKey(), pair.getKey()) >= 0)) {
            throw malformed("the keys do not ascend");
        }
        if (pair.getVersion() < 1
                || pair.getCreateRevision() <= KeyValueStore.EMPTY.revision()
                || pair.getCreateRevision() > pair.getModRevision()
                || pair.getModRevision() > header.getRevision()) {
            throw malformed("at revision " + header.getRevision() + " a key created at " + pair.getCreateRevision()
                    + ", modified at " + pair.getModRevision() + ", of version " + pair.getVersion());
        }
        keys = keys.plus(pair.getKey(), pair);
        keyBytes += KeyValueStore.bytesOf(pair);
    }

    private void addMember(MemberAttributes member) throws SnapshotFormatException {
        if (session != null) {
            throw malformed("a member behind the sessions");
        }
        if (!members.isEmpty() && Session.ORDER.compare(members.lastKey(), member.getId()) >= 0) {
            throw malformed("the members do not ascend");
        }
        members = members.plus(member.getId(), member);
    }

    private void addSession(SnapshotSession next) throws SnapshotFormatException {
        if (session != null && Session.ORDER.compare(session.id(), next.getId()) >= 0) {
            throw malformed("the sessions do not ascend");
        }
        endSession();
        if (sessions.sessions().size() == SessionTable.MAX_SESSIONS) {
            throw malformed("more than " + SessionTable.MAX_SESSIONS + " sessions");
        }
        session = new Session(
                next.getId(), next.getAcknowledgedBelow(), next.getLastUsed(), TreePMap.empty(Session.ORDER), 0);
    }

    private void addResult(SnapshotResult next) throws SnapshotFormatException {
        if (session == null) {
            throw malformed("a result without a session");
        }
        if (session.isAcknowledged(next.getSequence())
                || (!session.results().isEmpty()
                        && Session.ORDER.compare(session.results().lastKey(), next.getSequence()) >= 0)) {
            throw malformed("the results of a session do not ascend");
        }
        session = session.keep(next.getSequence(), next.getResult(), session.lastUsed());
        results++;
    }

    private void endSession() {
        if (session != null) {
            sessions = sessions.with(session);
        }
    }

    /** Whole records can be missing from the middle of a file without any of the others showing it. */
    private void checkTrailer(SnapshotTrailer trailer) throws SnapshotFormatException {
        if (trailer.getKeys() != keys.size()
                || trailer.getMembers() != members.size()
                || trailer.getSessions() != sessions.sessions().size()
                || trailer.getResults() != results) {
            throw malformed("the trailer counts other records than there are");
        }
    }

    private void checkEnd() throws IOException {
        int expected = (int) crc.getValue();
        int written = readInt();
        if (written != expected) {
            throw new SnapshotFormatException(
                    Reason.CHECKSUM,
                    "checksum " + Integer.toHexString(written) + ", of the bytes it is "
                            + Integer.toHexString(expected));
        }
        if (in.read() != -1) {
            throw new SnapshotFormatException(Reason.TRAILING_BYTES, "bytes behind the end");
        }
    }

    /**
     * Reads the next record, and returns its kind. Memory is taken as the bytes arrive, whatever the length promises.
     */
    private byte nextRecord() throws IOException {
        int first = in.read();
        if (first < 0) {
            throw truncated();
        }
        kind = (byte) first;
        recordBytes = readInt();
        if (recordBytes < 0 || recordBytes > SnapshotFormat.MAX_RECORD_BYTES) {
            throw new SnapshotFormatException(
                    Reason.RECORD_TOO_LONG, "a record of " + Integer.toUnsignedString(recordBytes) + " bytes");
        }
        int arrived;
        if (recordBytes <= shortRecord.length) {
            record = shortRecord;
            arrived = in.readNBytes(record, 0, recordBytes);
        } else {
            record = in.readNBytes(recordBytes);
            arrived = record.length;
        }
        if (arrived < recordBytes) {
            throw truncated();
        }
        return kind;
    }

    private int readInt() throws IOException {
        byte[] bytes = in.readNBytes(Integer.BYTES);
        if (bytes.length < Integer.BYTES) {
            throw truncated();
        }
        return ByteBuffer.wrap(bytes).getInt();
    }

    private <M extends MessageLite> M parse(Parser<M> parser) throws SnapshotFormatException {
        try {
            return CommandCodec.parse(parser, record, recordBytes);
        } catch (InvalidProtocolBufferException e) {
            throw new SnapshotFormatException(
                    Reason.MALFORMED, "a record of kind " + kind + " is not what it should be", e);
        }
    }

    private static SnapshotFormatException truncated() {
        return new SnapshotFormatException(Reason.TRUNCATED, "the end comes too early");
    }

    private static SnapshotFormatException malformed(String text) {
        return new SnapshotFormatException(Reason.MALFORMED, text);
    }
}
