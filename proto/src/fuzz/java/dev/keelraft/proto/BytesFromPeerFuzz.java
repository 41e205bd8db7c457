package dev.keelraft.proto;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

/** Looks for bytes that take new ways through the codec and the kernel. It begins with the recorded messages. */
class BytesFromPeerFuzz {
    static Stream<byte[]> recorded() {
        return BytesFromPeerTest.recorded().stream();
    }

    @MethodSource("recorded")
    @FuzzTest
    void bytes_are_refused_or_survived(byte[] bytes) {
        BytesFromPeer.take(bytes);
    }
}
