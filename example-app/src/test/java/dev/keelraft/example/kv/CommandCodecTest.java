package dev.keelraft.example.kv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.keelraft.example.etcd.wire.TxnRequest;
import dev.keelraft.example.kv.wire.Command;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class CommandCodecTest {
    @Property
    void a_command_is_decoded_as_it_was_encoded(@ForAll long seed, @ForAll long session, @ForAll long sequence)
            throws InvalidProtocolBufferException {
        Command command = Command.newBuilder()
                .setSession(session)
                .setSequence(sequence)
                .setTxn(new RandomRequests(seed, true).txn(5, 3, false))
                .build();

        assertThat(CommandCodec.decode(CommandCodec.encode(command))).isEqualTo(command);
    }

    /** protobuf alone would refuse it: in the log, where it would stop every member. */
    @Test
    void what_is_as_deep_as_may_be_passes_through_the_log_and_a_snapshot() throws IOException {
        TxnRequest deep = CraftedRequests.deep(
                RequestValidator.MAX_OPERATIONS,
                Requests.op(Requests.put("a", "x").toBuilder().setPrevKv(true).build()));
        TestMember member = new TestMember();
        member.put("a", "before");

        Command command = Command.newBuilder().setTxn(deep).build();
        assertThatExceptionOfType(InvalidProtocolBufferException.class)
                .isThrownBy(() -> Command.parseFrom(command.toByteArray()));
        assertThat(CommandCodec.decode(CommandCodec.encode(command))).isEqualTo(command);

        member.txn(deep);
        assertThat(member.state().sessions().sessions().values())
                .allSatisfy(session -> assertThat(session.results()).hasSize(1));
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        SnapshotFormat.write(out, SnapshotFormatTest.POSITION, member.state());
        assertThat(SnapshotFormat.read(new ByteArrayInputStream(out.toByteArray()))
                        .state())
                .isEqualTo(member.state());
    }

    @Test
    void damaged_bytes_are_refused() {
        byte[] bytes = CommandCodec.encode(Command.newBuilder()
                .setSession(1)
                .setPut(Requests.put("key", "value"))
                .build());
        for (int length = 1; length < bytes.length; length++) {
            byte[] cut = Arrays.copyOf(bytes, length);
            if (length == 9) {
                // Behind the session: whole fields may be missing, which only the state machine can tell.
                continue;
            }
            assertThatExceptionOfType(InvalidProtocolBufferException.class)
                    .as("%d bytes", length)
                    .isThrownBy(() -> CommandCodec.decode(cut));
        }
        byte[] endOfGroup = Arrays.copyOf(bytes, bytes.length + 1);
        endOfGroup[bytes.length] = 1 << 3 | 4;
        assertThatExceptionOfType(InvalidProtocolBufferException.class)
                .isThrownBy(() -> CommandCodec.decode(endOfGroup));
    }
}
