package dev.keelraft.wal;

import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** What only the superuser of a Linux can do: mounts, and other users. */
final class Root {
    private Root() {}

    /** Skips the test where it is run by anybody else. */
    static void assume() {
        assumeTrue(System.getProperty("os.name").equals("Linux"), "for Linux alone");
        assumeTrue(System.getProperty("user.name").equals("root"), "only root may mount, or become somebody else");
    }

    /** Runs a command. Skips the test if that is not there, or fails, as a mount does in most containers. */
    static void run(String... command) throws InterruptedException {
        try {
            Process process = new ProcessBuilder(List.of(command))
                    .redirectErrorStream(true)
                    .start();
            String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assumeTrue(process.waitFor() == 0, String.join(" ", command) + ": " + text);
        } catch (IOException e) {
            abort(e.toString());
        }
    }
}
