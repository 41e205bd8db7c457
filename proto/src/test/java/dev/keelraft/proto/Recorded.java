package dev.keelraft.proto;

import dev.keelraft.model.ConfChange;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.EntryType;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Message;
import dev.keelraft.model.Snapshot;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;

/** The lines that {@code src/test/go} prints and reads. */
final class Recorded {
    private static final HexFormat HEX = HexFormat.of();

    private Recorded() {}

    /**
     * An encoded value.
     *
     * @param type its type in the schema
     * @param name its name
     * @param bytes its encoding
     */
    record Value(String type, String name, byte[] bytes) {
        /** From "type name hex". */
        static Value parse(String line) {
            String[] words = line.split(" ", -1);
            return new Value(words[0], words[1], fromHex(words[2]));
        }

        @Override
        public String toString() {
            return type + " " + name + " " + toHex(bytes);
        }
    }

    /** The lines of a file in the test resources. */
    static List<String> lines(String file) {
        try (InputStream in = Recorded.class.getResourceAsStream("etcd/" + file + ".txt")) {
            if (in == null) {
                throw new AssertionError("no such recording: " + file);
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static List<Value> values(String file) {
        return lines(file).stream().map(Value::parse).toList();
    }

    static String toHex(byte[] bytes) {
        return bytes.length == 0 ? "-" : HEX.formatHex(bytes);
    }

    static byte[] fromHex(String text) {
        return text.equals("-") ? new byte[0] : HEX.parseHex(text);
    }

    static Object decode(Value value) throws MalformedMessageException {
        byte[] bytes = value.bytes();
        return switch (value.type()) {
            case "Message" -> MessageCodec.decode(bytes, DecodeLimits.DEFAULT);
            case "Entry" -> EntryCodec.decode(bytes, DecodeLimits.DEFAULT);
            case "HardState" -> HardStateCodec.decode(bytes, DecodeLimits.DEFAULT);
            case "ConfState" -> ConfStateCodec.decode(bytes, DecodeLimits.DEFAULT);
            case "Snapshot" -> SnapshotCodec.decode(bytes, DecodeLimits.DEFAULT);
            case "ConfChange" ->
                ConfChange.decode(new Entry(1, 1, EntryType.CONF_CHANGE, bytes)).orElseThrow();
            case "ConfChangeV2" ->
                ConfChange.decode(new Entry(1, 1, EntryType.CONF_CHANGE_V2, bytes))
                        .orElseThrow();
            default -> throw new AssertionError(value.type());
        };
    }

    static byte[] encode(Object value) {
        if (value instanceof Message message) {
            return MessageCodec.encode(message);
        } else if (value instanceof Entry entry) {
            return EntryCodec.encode(entry);
        } else if (value instanceof HardState state) {
            return HardStateCodec.encode(state);
        } else if (value instanceof ConfState state) {
            return ConfStateCodec.encode(state);
        } else if (value instanceof Snapshot snapshot) {
            return SnapshotCodec.encode(snapshot);
        }
        return ((ConfChange) value).encode();
    }

    /** The name of a kernel value's type in the schema. */
    static String type(Object value) {
        if (value instanceof ConfChange change) {
            return change.form() == ConfChange.Form.V1 ? "ConfChange" : "ConfChangeV2";
        }
        return value.getClass().getSimpleName();
    }
}
