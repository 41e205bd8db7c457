package dev.keelraft.proto;

import com.google.protobuf.CodedOutputStream;
import dev.keelraft.model.Entry;
import dev.keelraft.model.EntryType;
import dev.keelraft.proto.MalformedMessageException.Reason;
import java.io.IOException;

/** Entries as messages hold them, etcd's {@code Entry}. For tools; the log of a node has its own format. */
public final class EntryCodec {
    private static final int TYPE = 1 << 3 | WireInput.VARINT;
    private static final int TERM = 2 << 3 | WireInput.VARINT;
    private static final int INDEX = 3 << 3 | WireInput.VARINT;
    private static final int DATA = 4 << 3 | WireInput.DELIMITED;

    private EntryCodec() {}

    /**
     * Returns the length of the encoded entry, in bytes: its {@link Entry#wireBytes()}.
     *
     * @throws IllegalArgumentException if that is 2 GiB or more
     */
    public static int encodedBytes(Entry entry) {
        return WireOutput.checkedBytes(entry.wireBytes());
    }

    /** Encodes an entry into a new array, which is the caller's. */
    public static byte[] encode(Entry entry) {
        return WireOutput.toArray(entry, encodedBytes(entry), EntryCodec::write);
    }

    /**
     * Decodes an entry.
     *
     * @param bytes one encoded entry, from the first byte to the last; only read, and not kept
     * @throws MalformedMessageException if they are not
     */
    public static Entry decode(byte[] bytes, DecodeLimits limits) throws MalformedMessageException {
        return WireInput.parse(bytes, limits, EntryCodec::read);
    }

    static void write(Entry entry, CodedOutputStream out) throws IOException {
        WireOutput.number(TYPE, entry.type().number(), out);
        WireOutput.number(TERM, entry.term(), out);
        WireOutput.number(INDEX, entry.index(), out);
        WireOutput.bytes(DATA, entry.data(), out);
    }

    static Entry read(WireInput in) throws IOException, MalformedMessageException {
        EntryType type = EntryType.NORMAL;
        long term = 0;
        long index = 0;
        byte[] data = WireInput.NO_BYTES;
        for (int tag = in.nextTag(); tag != 0; tag = in.nextTag()) {
            switch (tag) {
                case TYPE -> type = type(in);
                case TERM -> term = in.number("the term of an entry");
                case INDEX -> index = in.number("the index of an entry");
                case DATA -> data = in.bytes();
                default -> in.skip(tag);
            }
        }
        return new Entry(term, index, type, data);
    }

    /*
     * The generated class would take an entry of unknown type for one of type 0. That must not be: the application would be
     * given bytes that are not its own, and this replica of its state would differ from the others.
     */
    private static EntryType type(WireInput in) throws IOException, MalformedMessageException {
        int number = in.enumNumber();
        return switch (number) {
            case 0 -> EntryType.NORMAL;
            case 1 -> EntryType.CONF_CHANGE;
            case 2 -> EntryType.CONF_CHANGE_V2;
            default -> throw in.malformed(Reason.UNKNOWN_ENTRY_TYPE, "entry type " + number);
        };
    }
}
