package dev.keelraft.proto;

import com.google.protobuf.CodedOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;

/*
 * Lengths and writing of fields, by the rule that numbers 0, flags that are false and byte strings without bytes are not
 * written. Lengths are longs, as the sum over a list of entries may pass an int.
 */
final class WireOutput {
    /** Writes a value without tag and length. */
    interface Writer<T> {
        void write(T value, CodedOutputStream out) throws IOException;
    }

    private WireOutput() {}

    /**
     * Returns the length as an int.
     *
     * @throws IllegalArgumentException if it is none: protobuf has no messages of 2 GiB
     */
    static int checkedBytes(long bytes) {
        if (bytes > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("more than protobuf can hold: " + bytes + " bytes");
        }
        return (int) bytes;
    }

    /** Writes a value of a known length to an array of its own. */
    static <T> byte[] toArray(T value, int bytes, Writer<T> writer) {
        byte[] array = new byte[bytes];
        CodedOutputStream out = CodedOutputStream.newInstance(array);
        try {
            writer.write(value, out);
        } catch (IOException e) {
            // Memory does not fail, and the array has the right length.
            throw new UncheckedIOException(e);
        }
        out.checkNoSpaceLeft();
        return array;
    }

    static long numberBytes(int tag, long value) {
        return value == 0 ? 0 : tagBytes(tag) + CodedOutputStream.computeUInt64SizeNoTag(value);
    }

    static void number(int tag, long value, CodedOutputStream out) throws IOException {
        if (value != 0) {
            element(tag, value, out);
        }
    }

    static long flagBytes(int tag, boolean value) {
        return value ? tagBytes(tag) + 1 : 0;
    }

    static void flag(int tag, boolean value, CodedOutputStream out) throws IOException {
        if (value) {
            out.writeUInt32NoTag(tag);
            out.writeBoolNoTag(true);
        }
    }

    static long bytesBytes(int tag, byte[] value) {
        return value.length == 0 ? 0 : nestedBytes(tag, value.length);
    }

    static void bytes(int tag, byte[] value, CodedOutputStream out) throws IOException {
        if (value.length > 0) {
            out.writeUInt32NoTag(tag);
            out.writeByteArrayNoTag(value);
        }
    }

    /** The length of an element of a list of numbers, which is written also if it is 0. */
    static long elementBytes(int tag, long value) {
        return tagBytes(tag) + CodedOutputStream.computeUInt64SizeNoTag(value);
    }

    static void element(int tag, long value, CodedOutputStream out) throws IOException {
        out.writeUInt32NoTag(tag);
        out.writeUInt64NoTag(value);
    }

    /** The length of a field whose value is a message of a known length; it is written also if it is empty. */
    static long nestedBytes(int tag, long contentBytes) {
        return tagBytes(tag) + CodedOutputStream.computeUInt64SizeNoTag(contentBytes) + contentBytes;
    }

    static <T> void nested(int tag, T value, int contentBytes, Writer<T> writer, CodedOutputStream out)
            throws IOException {
        out.writeUInt32NoTag(tag);
        out.writeUInt32NoTag(contentBytes);
        writer.write(value, out);
    }

    private static long tagBytes(int tag) {
        return CodedOutputStream.computeUInt32SizeNoTag(tag);
    }
}
