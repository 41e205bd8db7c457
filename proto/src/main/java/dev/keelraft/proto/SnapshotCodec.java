package dev.keelraft.proto;

import com.google.protobuf.CodedOutputStream;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Snapshot;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Snapshots as messages hold them, etcd's {@code Snapshot}. A host needs this where it sends or stores a snapshot outside of a
 * message.
 *
 * <p>The metadata and the configuration in it are always written, also where they are empty: etcd's members look into them
 * without asking whether they are there. They are not needed to read. One that stands twice is refused: protobuf would merge
 * the two, field by field, into a snapshot that nobody took.
 */
public final class SnapshotCodec {
    private static final int DATA = 1 << 3 | WireInput.DELIMITED;
    private static final int METADATA = 2 << 3 | WireInput.DELIMITED;

    private static final int METADATA_CONF_STATE = 1 << 3 | WireInput.DELIMITED;
    private static final int METADATA_INDEX = 2 << 3 | WireInput.VARINT;
    private static final int METADATA_TERM = 3 << 3 | WireInput.VARINT;

    private SnapshotCodec() {}

    /**
     * Encodes a snapshot into a new array, which is the caller's.
     *
     * @throws IllegalArgumentException if it would have 2 GiB or more
     */
    public static byte[] encode(Snapshot snapshot) {
        return WireOutput.toArray(snapshot, WireOutput.checkedBytes(bytes(snapshot)), SnapshotCodec::write);
    }

    /**
     * Decodes a snapshot.
     *
     * @param bytes one encoded snapshot, from the first byte to the last; only read, and not kept
     * @throws MalformedMessageException if they are not
     */
    public static Snapshot decode(byte[] bytes, DecodeLimits limits) throws MalformedMessageException {
        return WireInput.parse(bytes, limits, SnapshotCodec::read);
    }

    static long bytes(Snapshot snapshot) {
        return WireOutput.bytesBytes(DATA, snapshot.data()) + WireOutput.nestedBytes(METADATA, metadataBytes(snapshot));
    }

    private static long metadataBytes(Snapshot snapshot) {
        return WireOutput.nestedBytes(METADATA_CONF_STATE, ConfStateCodec.bytes(snapshot.confState()))
                + WireOutput.numberBytes(METADATA_INDEX, snapshot.index())
                + WireOutput.numberBytes(METADATA_TERM, snapshot.term());
    }

    static void write(Snapshot snapshot, CodedOutputStream out) throws IOException {
        WireOutput.bytes(DATA, snapshot.data(), out);
        WireOutput.nested(METADATA, snapshot, (int) metadataBytes(snapshot), SnapshotCodec::writeMetadata, out);
    }

    private static void writeMetadata(Snapshot snapshot, CodedOutputStream out) throws IOException {
        ConfState confState = snapshot.confState();
        WireOutput.nested(
                METADATA_CONF_STATE, confState, (int) ConfStateCodec.bytes(confState), ConfStateCodec::write, out);
        WireOutput.number(METADATA_INDEX, snapshot.index(), out);
        WireOutput.number(METADATA_TERM, snapshot.term(), out);
    }

    static Snapshot read(WireInput in) throws IOException, MalformedMessageException {
        byte[] data = WireInput.NO_BYTES;
        @Nullable Metadata metadata = null;
        for (int tag = in.nextTag(); tag != 0; tag = in.nextTag()) {
            switch (tag) {
                case DATA -> data = in.bytes();
                case METADATA -> metadata = in.once("metadata", metadata, SnapshotCodec::readMetadata);
                default -> in.skip(tag);
            }
        }
        return metadata == null
                ? new Snapshot(0, 0, ConfState.EMPTY, data)
                : new Snapshot(metadata.index, metadata.term, metadata.confState, data);
    }

    private record Metadata(long index, long term, ConfState confState) {}

    private static Metadata readMetadata(WireInput in) throws IOException, MalformedMessageException {
        @Nullable ConfState confState = null;
        long index = 0;
        long term = 0;
        for (int tag = in.nextTag(); tag != 0; tag = in.nextTag()) {
            switch (tag) {
                case METADATA_CONF_STATE -> confState = in.once("configuration", confState, ConfStateCodec::read);
                case METADATA_INDEX -> index = in.number("the index of a snapshot");
                case METADATA_TERM -> term = in.number("the term of a snapshot");
                default -> in.skip(tag);
            }
        }
        return new Metadata(index, term, confState == null ? ConfState.EMPTY : confState);
    }
}
