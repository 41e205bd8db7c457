package dev.keelraft.proto;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor.JavaType;
import com.google.protobuf.WireFormat;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * Writes encoded messages anew, in ways that leave them what they are: protobuf allows every reader to meet any of them. Fields
 * that hold messages are edited within.
 */
final class WireEdit {
    /** One change of the fields of a message, on one level. */
    interface Edit {
        void apply(Descriptor type, List<Field> fields, Random random) throws IOException;
    }

    /**
     * A field as it stands on the wire.
     *
     * @param number its number
     * @param wireType how its value is written
     * @param value the value; of one with a length the bytes behind that
     */
    record Field(int number, int wireType, byte[] value) {}

    private static final int LAST_KNOWN = 14;
    private static final int HIGHEST_NUMBER = (1 << 29) - 1;

    private WireEdit() {}

    static byte[] edit(byte[] encoded, Descriptor type, Random random, Edit edit) {
        try {
            List<Field> fields = parse(encoded);
            for (int i = 0; i < fields.size(); i++) {
                Field field = fields.get(i);
                FieldDescriptor known = type.findFieldByNumber(field.number());
                if (known != null && known.getJavaType() == JavaType.MESSAGE) {
                    byte[] inner = edit(field.value(), known.getMessageType(), random, edit);
                    fields.set(i, new Field(field.number(), field.wireType(), inner));
                }
            }
            edit.apply(type, fields, random);
            return serialize(fields);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Puts unknown fields of all wire types between the others: new numbers, and known ones with a type that they never have. */
    static void addUnknownFields(Descriptor type, List<Field> fields, Random random) throws IOException {
        for (int count = random.nextInt(4); count > 0; count--) {
            fields.add(random.nextInt(fields.size() + 1), unknownField(type, random));
        }
    }

    private static Field unknownField(Descriptor type, Random random) throws IOException {
        boolean newNumber = random.nextBoolean();
        int number = newNumber ? newNumber(type, random) : 1 + random.nextInt(LAST_KNOWN);
        int wireType = switch (random.nextInt(newNumber ? 5 : 3)) {
            case 0 -> WireFormat.WIRETYPE_FIXED32;
            case 1 -> WireFormat.WIRETYPE_FIXED64;
            case 2 -> WireFormat.WIRETYPE_START_GROUP;
            case 3 -> WireFormat.WIRETYPE_VARINT;
            default -> WireFormat.WIRETYPE_LENGTH_DELIMITED;
        };
        return new Field(number, wireType, randomValue(number, wireType, random, 3));
    }

    private static int newNumber(Descriptor type, Random random) {
        int number;
        do {
            number = LAST_KNOWN + 1 + random.nextInt(random.nextBoolean() ? 2_000 : HIGHEST_NUMBER - LAST_KNOWN);
        } while (type.findFieldByNumber(number) != null);
        return number;
    }

    private static byte[] randomValue(int number, int wireType, Random random, int depth) throws IOException {
        return switch (wireType) {
            case WireFormat.WIRETYPE_VARINT -> varint(random.nextLong() >>> random.nextInt(Long.SIZE));
            case WireFormat.WIRETYPE_FIXED64 -> randomBytes(Long.BYTES, random);
            case WireFormat.WIRETYPE_FIXED32 -> randomBytes(Integer.BYTES, random);
            case WireFormat.WIRETYPE_LENGTH_DELIMITED -> randomBytes(random.nextInt(200), random);
            default -> {
                List<Field> inner = new ArrayList<>();
                for (int count = depth == 0 ? 0 : random.nextInt(3); count > 0; count--) {
                    int innerType = random.nextInt(4);
                    inner.add(new Field(7, innerType, randomValue(7, innerType, random, depth - 1)));
                }
                yield concat(serialize(inner), varint((long) number << 3 | WireFormat.WIRETYPE_END_GROUP));
            }
        };
    }

    /** Changes the order of fields, but not among those of one number, where it means something. */
    static void shuffle(Descriptor type, List<Field> fields, Random random) {
        List<Field> shuffled = new ArrayList<>(fields);
        java.util.Collections.shuffle(shuffled, random);
        List<Field> rest = new ArrayList<>(fields);
        fields.clear();
        for (Field place : shuffled) {
            int next = 0;
            while (rest.get(next).number() != place.number()) {
                next++;
            }
            fields.add(rest.remove(next));
        }
    }

    /** Puts another value in front of numbers, flags and byte strings; the last one counts. */
    static void repeatScalars(Descriptor type, List<Field> fields, Random random) throws IOException {
        for (int i = fields.size() - 1; i >= 0; i--) {
            FieldDescriptor known = type.findFieldByNumber(fields.get(i).number());
            if (known == null
                    || known.isRepeated()
                    || known.getJavaType() == JavaType.MESSAGE
                    || random.nextBoolean()) {
                continue;
            }
            byte[] other = switch (known.getJavaType()) {
                case LONG -> varint(random.nextLong() >>> 1 >>> random.nextInt(Long.SIZE - 1));
                case BOOLEAN -> varint(random.nextInt(2));
                case ENUM -> varint(type.getName().equals("Message") ? 2 + random.nextInt(8) : random.nextInt(3));
                default -> randomBytes(random.nextInt(20), random);
            };
            fields.add(
                    random.nextInt(i + 1),
                    new Field(known.getNumber(), fields.get(i).wireType(), other));
        }
    }

    /** Packs lists of numbers, here and there. */
    static void packLists(Descriptor type, List<Field> fields, Random random) throws IOException {
        for (int i = 0; i < fields.size(); i++) {
            FieldDescriptor known = type.findFieldByNumber(fields.get(i).number());
            if (known == null || !known.isPackable() || random.nextInt(4) == 0) {
                continue;
            }
            byte[] packed = {};
            while (i < fields.size() && fields.get(i).number() == known.getNumber()) {
                packed = concat(packed, fields.remove(i).value());
                if (random.nextInt(4) == 0) {
                    break;
                }
            }
            fields.add(i, new Field(known.getNumber(), WireFormat.WIRETYPE_LENGTH_DELIMITED, packed));
        }
    }

    /** Writes numbers with more bytes than they need. */
    static void lengthenNumbers(Descriptor type, List<Field> fields, Random random) {
        fields.replaceAll(field -> {
            if (field.wireType() != WireFormat.WIRETYPE_VARINT || random.nextBoolean()) {
                return field;
            }
            int length = field.value().length;
            byte[] longer = Arrays.copyOf(field.value(), length + random.nextInt(11 - length));
            for (int i = length - 1; i < longer.length - 1; i++) {
                longer[i] |= (byte) 0x80;
            }
            return new Field(field.number(), field.wireType(), longer);
        });
    }

    static List<Field> parse(byte[] encoded) throws IOException {
        List<Field> fields = new ArrayList<>();
        CodedInputStream in = CodedInputStream.newInstance(encoded);
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            int wireType = WireFormat.getTagWireType(tag);
            byte[] value = switch (wireType) {
                case WireFormat.WIRETYPE_VARINT -> varint(in.readRawVarint64());
                case WireFormat.WIRETYPE_LENGTH_DELIMITED -> in.readByteArray();
                default -> throw new IOException("encoders write no field of wire type " + wireType);
            };
            fields.add(new Field(WireFormat.getTagFieldNumber(tag), wireType, value));
        }
        return fields;
    }

    static byte[] serialize(List<Field> fields) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        CodedOutputStream out = CodedOutputStream.newInstance(bytes);
        for (Field field : fields) {
            out.writeUInt32NoTag(field.number() << 3 | field.wireType());
            if (field.wireType() == WireFormat.WIRETYPE_LENGTH_DELIMITED) {
                out.writeUInt32NoTag(field.value().length);
            }
            out.writeRawBytes(field.value());
        }
        out.flush();
        return bytes.toByteArray();
    }

    private static byte[] varint(long value) throws IOException {
        ByteString.Output bytes = ByteString.newOutput();
        CodedOutputStream out = CodedOutputStream.newInstance(bytes);
        out.writeUInt64NoTag(value);
        out.flush();
        return bytes.toByteString().toByteArray();
    }

    private static byte[] randomBytes(int length, Random random) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }

    private static byte[] concat(byte[] a, byte[] b) {
        byte[] both = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, both, a.length, b.length);
        return both;
    }
}
