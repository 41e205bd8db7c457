package dev.keelraft.example.kv;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import dev.keelraft.example.etcd.wire.DeleteRangeRequest;
import dev.keelraft.example.etcd.wire.DeleteRangeResponse;
import dev.keelraft.example.etcd.wire.PutRequest;
import dev.keelraft.example.etcd.wire.PutResponse;
import dev.keelraft.example.etcd.wire.RangeRequest;
import dev.keelraft.example.etcd.wire.RangeResponse;
import dev.keelraft.example.etcd.wire.TxnRequest;
import dev.keelraft.example.etcd.wire.TxnResponse;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.zip.GZIPInputStream;

/** The lines that the program in {@code src/test/go} reads and prints. */
final class EtcdRecording {
    private static final Map<String, Parser<? extends Message>> REQUESTS = Map.of(
            "Range", RangeRequest.parser(),
            "Put", PutRequest.parser(),
            "DeleteRange", DeleteRangeRequest.parser(),
            "Txn", TxnRequest.parser());
    private static final Map<String, Parser<? extends Message>> RESPONSES = Map.of(
            "Range", RangeResponse.parser(),
            "Put", PutResponse.parser(),
            "DeleteRange", DeleteRangeResponse.parser(),
            "Txn", TxnResponse.parser());

    private EtcdRecording() {}

    /** The lines of a recorded file. */
    static List<String> lines(String name) throws IOException {
        try (InputStream file = Objects.requireNonNull(EtcdRecording.class.getResourceAsStream(name), name);
                InputStream plain = name.endsWith(".gz") ? new GZIPInputStream(file) : file;
                BufferedReader reader = new BufferedReader(new InputStreamReader(plain, StandardCharsets.UTF_8))) {
            return reader.lines().toList();
        }
    }

    /** The line that asks. */
    static String line(Message request) {
        String method = request.getDescriptorForType().getName().replace("Request", "");
        return method + " " + HexFormat.of().formatHex(request.toByteArray());
    }

    static Message request(String line) throws InvalidProtocolBufferException {
        return parse(REQUESTS, line.split(" ", 2)[0], line.split(" ", 2)[1]);
    }

    /**
     * What an answer says: a message, or the line itself where it is an error.
     *
     * @param line the request
     */
    static Object answer(String line, String answer) throws InvalidProtocolBufferException {
        return answer.startsWith("error ") ? answer : parse(RESPONSES, line.split(" ", 2)[0], answer.substring(3));
    }

    private static Message parse(Map<String, Parser<? extends Message>> parsers, String method, String hex)
            throws InvalidProtocolBufferException {
        byte[] bytes = HexFormat.of().parseHex(hex);
        return CommandCodec.parse(Objects.requireNonNull(parsers.get(method), method), bytes, bytes.length);
    }
}
