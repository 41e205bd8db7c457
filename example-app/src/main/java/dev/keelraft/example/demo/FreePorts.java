package dev.keelraft.example.demo;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntSupplier;

/** Ports of this machine that nobody listens on: for the demo, and for tests whose servers stop and start again. */
public final class FreePorts {
    /*
     * Not those that the system gives out for port 0: they are from the range of which outgoing connections get theirs,
     * so that a port could be gone when a killed member wants it again. It need not even be another program's: a
     * connection attempt to a closed port of that range may get the same port as its own, and then connects to itself.
     * Linux begins that range at 32768, others higher.
     */
    private static final int LOWEST = 20_000;

    private static final int COUNT = 12_000;

    /** Where the next search begins. Two programs at once should not try the same ports at the same moment. */
    private static final AtomicInteger NEXT =
            new AtomicInteger((int) (ProcessHandle.current().pid() * 31 % COUNT));

    private FreePorts() {}

    /**
     * So many different ports, and others than the last calls gave. They are free now; another program may take one before
     * the caller does.
     *
     * @throws IOException if there are not so many
     */
    public static List<Integer> find(int count) throws IOException {
        return find(count, NEXT::getAndIncrement);
    }

    /** The same among the candidates that a counter gives. */
    static List<Integer> find(int count, IntSupplier candidates) throws IOException {
        List<Integer> ports = new ArrayList<>();
        for (int i = 0; i < COUNT && ports.size() < count; i++) {
            int port = LOWEST + Math.floorMod(candidates.getAsInt(), COUNT);
            if (isFree(port)) {
                ports.add(port);
            }
        }
        if (ports.size() < count) {
            throw new IOException("no " + count + " free ports from " + LOWEST + " to " + (LOWEST + COUNT - 1));
        }
        return ports;
    }

    static boolean isFree(int port) throws IOException {
        try (ServerSocket socket = new ServerSocket()) {
            socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            return true;
        } catch (BindException e) {
            return false;
        }
    }
}
