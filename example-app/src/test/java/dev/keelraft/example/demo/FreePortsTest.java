package dev.keelraft.example.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.concurrent.atomic.AtomicInteger;
import net.jqwik.api.Example;

class FreePortsTest {
    @Example
    void ports_are_different_and_not_those_of_outgoing_connections() throws IOException {
        assertThat(FreePorts.find(6))
                .hasSize(6)
                .doesNotHaveDuplicates()
                .allMatch(port -> port >= 20_000 && port < 32_000);
    }

    @Example
    void a_port_that_is_in_use_is_left_out() throws IOException {
        int port = FreePorts.find(1).get(0);
        try (ServerSocket taken = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
            assertThat(FreePorts.isFree(taken.getLocalPort())).isFalse();
            AtomicInteger from = new AtomicInteger(port - 20_000);
            assertThat(FreePorts.find(3, from::getAndIncrement)).hasSize(3).doesNotContain(taken.getLocalPort());
            assertThat(from.get()).as("it was a candidate").isGreaterThan(port - 20_000 + 3);
        }
    }
}
