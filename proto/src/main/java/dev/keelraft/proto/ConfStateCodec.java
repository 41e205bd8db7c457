package dev.keelraft.proto;

import com.google.protobuf.CodedOutputStream;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.ConfState.Incarnation;
import dev.keelraft.proto.MalformedMessageException.Reason;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Configurations as snapshots hold them, etcd's {@code ConfState}. A host needs this where it stores a configuration beside a
 * snapshot of its own.
 *
 * <p>Lists are written number by number, as etcd does. They are read in that form, packed, or mixed, as protobuf demands of
 * every reader, and in any order.
 */
public final class ConfStateCodec {
    private static final int VOTERS = 1 << 3 | WireInput.VARINT;
    private static final int VOTERS_PACKED = 1 << 3 | WireInput.DELIMITED;
    private static final int LEARNERS = 2 << 3 | WireInput.VARINT;
    private static final int LEARNERS_PACKED = 2 << 3 | WireInput.DELIMITED;
    private static final int VOTERS_OUTGOING = 3 << 3 | WireInput.VARINT;
    private static final int VOTERS_OUTGOING_PACKED = 3 << 3 | WireInput.DELIMITED;
    private static final int LEARNERS_NEXT = 4 << 3 | WireInput.VARINT;
    private static final int LEARNERS_NEXT_PACKED = 4 << 3 | WireInput.DELIMITED;
    private static final int AUTO_LEAVE = 5 << 3 | WireInput.VARINT;

    // Keel's own.
    private static final int INCARNATIONS = 1000 << 3 | WireInput.DELIMITED;
    private static final int NODE_ID = 1 << 3 | WireInput.VARINT;
    private static final int INCARNATION = 2 << 3 | WireInput.VARINT;

    private ConfStateCodec() {}

    /** Encodes a configuration into a new array, which is the caller's. {@link ConfState#EMPTY} takes no bytes. */
    public static byte[] encode(ConfState state) {
        return WireOutput.toArray(state, WireOutput.checkedBytes(bytes(state)), ConfStateCodec::write);
    }

    /**
     * Decodes a configuration.
     *
     * @param bytes one encoded configuration, from the first byte to the last; only read
     * @throws MalformedMessageException if they are not; also if an id stands twice in a list, or may not be one
     */
    public static ConfState decode(byte[] bytes, DecodeLimits limits) throws MalformedMessageException {
        return WireInput.parse(bytes, limits, ConfStateCodec::read);
    }

    static long bytes(ConfState state) {
        return idsBytes(VOTERS, state.voters())
                + idsBytes(LEARNERS, state.learners())
                + idsBytes(VOTERS_OUTGOING, state.votersOutgoing())
                + idsBytes(LEARNERS_NEXT, state.learnersNext())
                + WireOutput.flagBytes(AUTO_LEAVE, state.autoLeave())
                + incarnationsBytes(state);
    }

    private static long incarnationsBytes(ConfState state) {
        long sum = 0;
        for (Incarnation named : state.incarnations()) {
            sum += WireOutput.nestedBytes(INCARNATIONS, bytes(named));
        }
        return sum;
    }

    private static long bytes(Incarnation named) {
        return WireOutput.numberBytes(NODE_ID, named.id()) + WireOutput.numberBytes(INCARNATION, named.incarnation());
    }

    private static long idsBytes(int tag, List<Long> ids) {
        long sum = 0;
        for (long id : ids) {
            sum += WireOutput.elementBytes(tag, id);
        }
        return sum;
    }

    static void write(ConfState state, CodedOutputStream out) throws IOException {
        ids(VOTERS, state.voters(), out);
        ids(LEARNERS, state.learners(), out);
        ids(VOTERS_OUTGOING, state.votersOutgoing(), out);
        ids(LEARNERS_NEXT, state.learnersNext(), out);
        WireOutput.flag(AUTO_LEAVE, state.autoLeave(), out);
        for (Incarnation named : state.incarnations()) {
            WireOutput.nested(INCARNATIONS, named, (int) bytes(named), ConfStateCodec::writeIncarnation, out);
        }
    }

    private static void writeIncarnation(Incarnation named, CodedOutputStream out) throws IOException {
        WireOutput.number(NODE_ID, named.id(), out);
        WireOutput.number(INCARNATION, named.incarnation(), out);
    }

    private static void ids(int tag, List<Long> ids, CodedOutputStream out) throws IOException {
        for (long id : ids) {
            WireOutput.element(tag, id, out);
        }
    }

    static ConfState read(WireInput in) throws IOException, MalformedMessageException {
        List<Long> voters = new ArrayList<>();
        List<Long> learners = new ArrayList<>();
        List<Long> votersOutgoing = new ArrayList<>();
        List<Long> learnersNext = new ArrayList<>();
        List<Incarnation> incarnations = new ArrayList<>();
        boolean autoLeave = false;
        for (int tag = in.nextTag(); tag != 0; tag = in.nextTag()) {
            switch (tag) {
                case VOTERS -> in.id("voters", voters);
                case VOTERS_PACKED -> in.packedIds("voters", voters);
                case LEARNERS -> in.id("learners", learners);
                case LEARNERS_PACKED -> in.packedIds("learners", learners);
                case VOTERS_OUTGOING -> in.id("outgoing voters", votersOutgoing);
                case VOTERS_OUTGOING_PACKED -> in.packedIds("outgoing voters", votersOutgoing);
                case LEARNERS_NEXT -> in.id("next learners", learnersNext);
                case LEARNERS_NEXT_PACKED -> in.packedIds("next learners", learnersNext);
                case AUTO_LEAVE -> autoLeave = in.flag();
                case INCARNATIONS -> addIncarnation(in, incarnations);
                default -> in.skip(tag);
            }
        }
        try {
            return new ConfState(voters, votersOutgoing, learners, learnersNext, autoLeave, incarnations);
        } catch (IllegalArgumentException notMembers) {
            throw in.malformed(Reason.WRONG_SHAPE, String.valueOf(notMembers.getMessage()));
        }
    }

    private static void addIncarnation(WireInput in, List<Incarnation> incarnations)
            throws IOException, MalformedMessageException {
        // Of the members of three lists: next learners are outgoing voters too.
        if (incarnations.size() == 3L * in.limits().maxMembers()) {
            throw in.malformed(
                    Reason.TOO_LARGE,
                    "more incarnations than three times maxMembers, "
                            + in.limits().maxMembers());
        }
        incarnations.add(in.nested(ConfStateCodec::readIncarnation));
    }

    private static Incarnation readIncarnation(WireInput in) throws IOException, MalformedMessageException {
        long id = 0;
        long incarnation = 0;
        for (int tag = in.nextTag(); tag != 0; tag = in.nextTag()) {
            switch (tag) {
                case NODE_ID -> id = in.id();
                case INCARNATION -> incarnation = in.id();
                default -> in.skip(tag);
            }
        }
        return new Incarnation(id, incarnation);
    }
}
