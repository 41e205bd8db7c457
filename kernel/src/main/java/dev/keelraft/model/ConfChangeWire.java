package dev.keelraft.model;

import dev.keelraft.model.ConfChange.Change;
import dev.keelraft.model.ConfChange.ChangeType;
import dev.keelraft.model.ConfChange.Transition;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/*
 * Configuration changes as etcd encodes them in log entries, in the protobuf wire format:
 *
 *   ConfChange    1: id  2: type  3: node id  4: context  1000: incarnation
 *   ConfChangeV2  1: transition  2: repeated { 1: type  2: node id  1000: incarnation }  3: context
 *
 * (the incarnation is Keel's own)
 *
 * The kernel must read them (it validates proposals and applies entries) and must not depend on a protobuf library. Fields of
 * value 0 are not written, unknown fields are skipped. The proto module's tests hold this against the generated classes.
 */
final class ConfChangeWire {
    private static final int VARINT = 0;
    private static final int FIXED64 = 1;
    private static final int LENGTH_DELIMITED = 2;
    private static final int FIXED32 = 5;
    private static final int MAX_VARINT_BYTES = 10;
    private static final int INCARNATION = 1000;

    /* Both in the order of their numbers. */
    private static final ChangeType[] CHANGE_TYPES = ChangeType.values();
    private static final Transition[] TRANSITIONS = Transition.values();

    private ConfChangeWire() {}

    static byte[] encode(ConfChange change) {
        Writer out = new Writer();
        if (change.form() == ConfChange.Form.V1) {
            out.number(1, change.id());
            Change single = change.changes().get(0);
            out.single(2, single);
            out.bytes(4, change.context());
            out.number(INCARNATION, single.incarnation());
        } else {
            out.number(1, change.transition().number());
            for (Change single : change.changes()) {
                Writer nested = new Writer();
                nested.single(1, single);
                nested.number(INCARNATION, single.incarnation());
                out.nested(2, nested);
            }
            out.bytes(3, change.context());
        }
        return Arrays.copyOf(out.buffer, out.size);
    }

    static Optional<ConfChange> decodeV1(byte[] data) {
        Reader in = new Reader(data, 0, data.length);
        long id = 0;
        long type = 0;
        long nodeId = 0;
        long incarnation = 0;
        byte[] context = {};
        while (in.nextField()) {
            if (in.is(1, VARINT)) {
                id = in.number();
            } else if (in.is(2, VARINT)) {
                type = in.number();
            } else if (in.is(3, VARINT)) {
                nodeId = in.number();
            } else if (in.is(4, LENGTH_DELIMITED)) {
                context = in.bytes();
            } else if (in.is(INCARNATION, VARINT)) {
                incarnation = in.number();
            }
        }
        if (in.damaged || !inRange(type, CHANGE_TYPES.length)) {
            return Optional.empty();
        }
        Change single = new Change(CHANGE_TYPES[(int) type], nodeId, incarnation);
        return Optional.of(new ConfChange(ConfChange.Form.V1, id, Transition.AUTO, List.of(single), context));
    }

    static Optional<ConfChange> decodeV2(byte[] data) {
        Reader in = new Reader(data, 0, data.length);
        long transition = 0;
        List<Change> changes = new ArrayList<>();
        byte[] context = {};
        boolean unknown = false;
        while (in.nextField()) {
            if (in.is(1, VARINT)) {
                transition = in.number();
            } else if (in.is(2, LENGTH_DELIMITED)) {
                Optional<Change> single = decodeSingle(in.nested());
                single.ifPresent(changes::add);
                unknown |= single.isEmpty();
            } else if (in.is(3, LENGTH_DELIMITED)) {
                context = in.bytes();
            }
        }
        if (in.damaged || unknown || !inRange(transition, TRANSITIONS.length)) {
            return Optional.empty();
        }
        return Optional.of(ConfChange.of(TRANSITIONS[(int) transition], changes, context));
    }

    private static Optional<Change> decodeSingle(Reader in) {
        long type = 0;
        long nodeId = 0;
        long incarnation = 0;
        while (in.nextField()) {
            if (in.is(1, VARINT)) {
                type = in.number();
            } else if (in.is(2, VARINT)) {
                nodeId = in.number();
            } else if (in.is(INCARNATION, VARINT)) {
                incarnation = in.number();
            }
        }
        if (in.damaged || !inRange(type, CHANGE_TYPES.length)) {
            return Optional.empty();
        }
        return Optional.of(new Change(CHANGE_TYPES[(int) type], nodeId, incarnation));
    }

    private static boolean inRange(long value, int length) {
        return value >= 0 && value < length;
    }

    private static final class Writer {
        private byte[] buffer = new byte[32];
        private int size;

        /** The type goes into the field {@code firstField}, the node id into the one behind it. */
        void single(int firstField, Change single) {
            number(firstField, single.type().number());
            number(firstField + 1, single.nodeId());
        }

        void number(int field, long value) {
            if (value != 0) {
                tag(field, VARINT);
                varint(value);
            }
        }

        void bytes(int field, byte[] bytes) {
            if (bytes.length > 0) {
                delimited(field, bytes, bytes.length);
            }
        }

        /** Unlike other fields, an element of a list is written also where it is empty. */
        void nested(int field, Writer message) {
            delimited(field, message.buffer, message.size);
        }

        private void delimited(int field, byte[] bytes, int length) {
            tag(field, LENGTH_DELIMITED);
            varint(length);
            reserve(length);
            System.arraycopy(bytes, 0, buffer, size, length);
            size += length;
        }

        private void tag(int field, int wireType) {
            varint(((long) field << 3) | wireType);
        }

        private void varint(long value) {
            reserve(MAX_VARINT_BYTES);
            long rest = value;
            while ((rest & ~0x7FL) != 0) {
                buffer[size++] = (byte) ((rest & 0x7F) | 0x80);
                rest >>>= 7;
            }
            buffer[size++] = (byte) rest;
        }

        private void reserve(int length) {
            if (buffer.length - size < length) {
                buffer = Arrays.copyOf(buffer, Math.max(2 * buffer.length, size + length));
            }
        }
    }

    /**
     * Walks over the fields of an encoded message. It never throws: what cannot be read makes it {@code damaged}, and ends the
     * walk.
     */
    private static final class Reader {
        private final byte[] data;
        private final int end;
        private int position;
        boolean damaged;

        private int field;
        private int wireType;
        private long number;
        private int start;

        Reader(byte[] data, int start, int end) {
            this.data = data;
            this.position = start;
            this.end = end;
        }

        /** Reads the next field, whatever it is. */
        boolean nextField() {
            if (damaged || position == end) {
                return false;
            }
            long tag = varint();
            field = (int) (tag >>> 3);
            wireType = (int) tag & 7;
            damaged |= tag >>> 32 != 0 || field == 0;
            switch (wireType) {
                case VARINT -> number = varint();
                case FIXED64 -> skip(Long.BYTES);
                case FIXED32 -> skip(Integer.BYTES);
                case LENGTH_DELIMITED -> skip(varint());
                default -> damaged = true;
            }
            return !damaged;
        }

        boolean is(int expectedField, int expectedWireType) {
            return field == expectedField && wireType == expectedWireType;
        }

        long number() {
            return number;
        }

        byte[] bytes() {
            return Arrays.copyOfRange(data, start, position);
        }

        Reader nested() {
            return new Reader(data, start, position);
        }

        private void skip(long length) {
            start = position;
            if (length < 0 || length > end - position) {
                damaged = true;
            } else {
                position += (int) length;
            }
        }

        private long varint() {
            long value = 0;
            for (int shift = 0; shift < Long.SIZE; shift += 7) {
                if (position == end) {
                    break;
                }
                byte next = data[position++];
                value |= (long) (next & 0x7F) << shift;
                if (next >= 0) {
                    return value;
                }
            }
            damaged = true;
            return 0;
        }
    }
}
