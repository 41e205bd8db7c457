package dev.keelraft.proto;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.CodedOutputStream;
import dev.keelraft.model.Body;
import dev.keelraft.model.Entry;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import java.io.OutputStream;
import java.util.stream.LongStream;
import net.jqwik.api.Example;

/**
 * The garbage of a busy leader and its followers: payloads are copied once, and what is made beside them is small. The bounds
 * leave a third to the layout of objects, which differs between JVMs.
 */
class AllocationTest {
    private static final int ENTRIES = 16;
    private static final int PAYLOAD = 128;
    private static final Message APPEND = new Message(
            MessageType.APPEND,
            1,
            2,
            7,
            new Body.Append(
                    100,
                    7,
                    100,
                    LongStream.rangeClosed(1, ENTRIES)
                            .mapToObj(i -> Entry.normal(7, 100 + i, new byte[PAYLOAD]))
                            .toList()));

    @Example
    void decoding_an_append_takes_its_entries_and_little_more() {
        byte[] bytes = MessageCodec.encode(APPEND);
        int entries = ENTRIES * (40 + 16 + PAYLOAD);

        assertThat(Allocations.of(() -> MessageCodec.decode(bytes, DecodeLimits.DEFAULT)))
                .isLessThan(entries + 1_100);
    }

    @Example
    void encoding_an_append_takes_the_array_and_little_more() {
        assertThat(Allocations.of(() -> MessageCodec.encode(APPEND)))
                .isLessThan(MessageCodec.encodedBytes(APPEND) + 500);
    }

    @Example
    void encoding_to_a_stream_copies_no_payload_of_its_own() {
        Message large =
                new Message(MessageType.HEARTBEAT_RESPONSE, 1, 2, 7, new Body.HeartbeatResponse(new byte[1 << 20]));
        CodedOutputStream out = CodedOutputStream.newInstance(OutputStream.nullOutputStream());

        assertThat(Allocations.of(() -> MessageCodec.encode(large, out))).isLessThan(1_000);
    }
}
