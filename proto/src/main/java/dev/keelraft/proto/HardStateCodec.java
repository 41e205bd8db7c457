package dev.keelraft.proto;

import com.google.protobuf.CodedOutputStream;
import dev.keelraft.model.HardState;
import dev.keelraft.model.NodeId;
import java.io.IOException;

/** Hard states as etcd's {@code HardState}. No message holds one; tools that read or write etcd's logs do. */
public final class HardStateCodec {
    private static final int TERM = 1 << 3 | WireInput.VARINT;
    private static final int VOTE = 2 << 3 | WireInput.VARINT;
    private static final int COMMIT = 3 << 3 | WireInput.VARINT;

    private HardStateCodec() {}

    /** Encodes a hard state into a new array, which is the caller's. {@link HardState#EMPTY} takes no bytes. */
    public static byte[] encode(HardState state) {
        long bytes = WireOutput.numberBytes(TERM, state.term())
                + WireOutput.numberBytes(VOTE, state.vote())
                + WireOutput.numberBytes(COMMIT, state.commit());
        return WireOutput.toArray(state, WireOutput.checkedBytes(bytes), HardStateCodec::write);
    }

    /**
     * Decodes a hard state.
     *
     * @param bytes one encoded hard state, from the first byte to the last; only read
     * @throws MalformedMessageException if they are not
     */
    public static HardState decode(byte[] bytes, DecodeLimits limits) throws MalformedMessageException {
        return WireInput.parse(bytes, limits, HardStateCodec::read);
    }

    private static void write(HardState state, CodedOutputStream out) throws IOException {
        WireOutput.number(TERM, state.term(), out);
        WireOutput.number(VOTE, state.vote(), out);
        WireOutput.number(COMMIT, state.commit(), out);
    }

    private static HardState read(WireInput in) throws IOException, MalformedMessageException {
        long term = 0;
        long vote = NodeId.NONE;
        long commit = 0;
        for (int tag = in.nextTag(); tag != 0; tag = in.nextTag()) {
            switch (tag) {
                case TERM -> term = in.number("the term");
                case VOTE -> vote = in.id();
                case COMMIT -> commit = in.number("the commit index");
                default -> in.skip(tag);
            }
        }
        return new HardState(term, vote, commit);
    }
}
