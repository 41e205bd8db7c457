package dev.keelraft.proto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.WireFormat;
import dev.keelraft.model.Message;
import dev.keelraft.proto.MalformedMessageException.Reason;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Set;

/** Holds what the codec makes of any bytes, good or bad, against what the generated classes make of them. */
final class Agreement {
    /** The tags of what the codec reads as a number or a flag, other than the kind. */
    private static final Set<Integer> READ_NUMBERS =
            Set.of(2 << 3, 3 << 3, 4 << 3, 5 << 3, 6 << 3, 8 << 3, 10 << 3, 11 << 3);

    private Agreement() {}

    /** Fails unless both agree. Returns what the codec refused the bytes for, if it did. */
    static Optional<Reason> check(byte[] bytes) {
        Optional<dev.keelraft.proto.wire.Message> generated = parseGenerated(bytes);
        try {
            Message message = MessageCodec.decode(bytes, DecodeLimits.DEFAULT);
            checkAccepted(bytes, message, generated);
            return Optional.empty();
        } catch (MalformedMessageException e) {
            checkRefused(bytes, e, generated);
            return Optional.of(e.reason());
        }
    }

    /** Fails unless the codec makes the same of the bytes wherever they come from. */
    static void checkSources(byte[] bytes) {
        ByteBuffer direct = ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
        Object expected = outcome(() -> MessageCodec.decode(bytes, DecodeLimits.DEFAULT));
        if (!hasEndlessVarint(bytes)) {
            assertThat(outcome(() -> MessageCodec.decode(direct, DecodeLimits.DEFAULT)))
                    .as(hex(bytes))
                    .isEqualTo(expected);
            assertThat(outcome(() -> MessageCodec.decode(
                            CodedInputStream.newInstance(new ByteArrayInputStream(bytes), 16),
                            bytes.length,
                            DecodeLimits.DEFAULT)))
                    .as(hex(bytes))
                    .isEqualTo(expected);
        }
    }

    private interface Decoding {
        Message decode() throws MalformedMessageException, IOException;
    }

    private static Object outcome(Decoding decoding) {
        try {
            return decoding.decode();
        } catch (MalformedMessageException e) {
            return e.reason();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static void checkAccepted(
            byte[] bytes, Message message, Optional<dev.keelraft.proto.wire.Message> generated) {
        if (generated.isPresent()) {
            assertThat(message).as(hex(bytes)).isEqualTo(GeneratedTwin.toKernel(generated.get()));
        } else if (!hasResponses(bytes)) {
            // Responses of local kinds are the one thing that the codec does not look into.
            fail("decoded what is no message: " + hex(bytes));
        }
    }

    private static void checkRefused(
            byte[] bytes, MalformedMessageException refusal, Optional<dev.keelraft.proto.wire.Message> generated) {
        if (refusal.reason() == Reason.BROKEN_WIRE_FORMAT) {
            assertThat(generated.isPresent() && !hasEndlessVarint(bytes))
                    .as(hex(bytes) + " " + refusal)
                    .isFalse();
        } else if (refusal.reason() == Reason.UNKNOWN_KIND || refusal.reason() == Reason.LOCAL_KIND) {
            assertThat(refusal.reason()).as(hex(bytes)).isEqualTo(firstForeignKind(bytes));
        } else if (generated.isPresent() && Arrays.equals(generated.get().toByteArray(), bytes)) {
            // As both write these bytes in the same way, nothing is hidden by a field that stands more than once.
            // Where there is more than one reason to refuse them, either may be named.
            assertThat(isRefused(generated.get()))
                    .as(hex(bytes) + " " + refusal)
                    .isTrue();
        }
    }

    private static boolean isRefused(dev.keelraft.proto.wire.Message generated) {
        try {
            GeneratedTwin.toKernel(generated);
            return false;
        } catch (GeneratedTwin.Refused agreed) {
            return true;
        }
    }

    private static Optional<dev.keelraft.proto.wire.Message> parseGenerated(byte[] bytes) {
        try {
            return Optional.of(dev.keelraft.proto.wire.Message.parseFrom(bytes));
        } catch (InvalidProtocolBufferException e) {
            return Optional.empty();
        }
    }

    /** What the first type that is none of ours is, or the lack of any, looking no further than there. */
    private static Reason firstForeignKind(byte[] bytes) {
        try {
            CodedInputStream in = CodedInputStream.newInstance(bytes);
            for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
                if (tag != (1 << 3 | WireFormat.WIRETYPE_VARINT)) {
                    skip(in, tag);
                    continue;
                }
                int number = in.readEnum();
                if (dev.keelraft.proto.wire.MessageType.forNumber(number) == null) {
                    return Reason.UNKNOWN_KIND;
                }
                if (EtcdCases.LOCAL_KINDS.contains(number)) {
                    return Reason.LOCAL_KIND;
                }
            }
            return Reason.LOCAL_KIND;
        } catch (IOException e) {
            throw new AssertionError(hex(bytes), e);
        }
    }

    private static boolean hasResponses(byte[] bytes) {
        try {
            CodedInputStream in = CodedInputStream.newInstance(bytes);
            for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
                if (WireFormat.getTagFieldNumber(tag) == 14) {
                    return true;
                }
                skip(in, tag);
            }
            return false;
        } catch (IOException e) {
            throw new AssertionError(hex(bytes), e);
        }
    }

    private static void skip(CodedInputStream in, int tag) throws IOException {
        if (READ_NUMBERS.contains(tag)) {
            in.readRawVarint64();
        } else {
            in.skipField(tag);
        }
    }

    /**
     * Whether ten bytes in a row may be a number without an end. Of one, protobuf-java 4.36 reads ten bytes and overlooks that
     * the last asks for more; where it skips one, it refuses it. The generated classes read what the codec skips.
     */
    private static boolean hasEndlessVarint(byte[] bytes) {
        int inARow = 0;
        for (byte next : bytes) {
            inARow = next < 0 ? inARow + 1 : 0;
            if (inARow == 10) {
                return true;
            }
        }
        return false;
    }

    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }
}
