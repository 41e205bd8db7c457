package dev.keelraft.wal;

import dev.keelraft.model.Entry;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Snapshot;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A second process with the same classes, which does one thing to a log and says how that went. */
final class OtherProcess {
    static final WalIdentity IDENTITY = new WalIdentity(5, 1);

    private OtherProcess() {}

    /**
     * What the process does, in its own JVM: {@code open}, {@code hold} the log open until its input ends, or {@code die} after
     * so many synced entries.
     */
    public static void main(String[] arguments) throws IOException {
        Path directory = Path.of(arguments[1]);
        if (arguments[0].equals("open")) {
            try (Wal wal = Wal.open(directory, IDENTITY, WalOptions.defaults())) {
                System.out.print("opened " + wal.recovered().lastIndex());
            } catch (WalLocked e) {
                System.out.print("locked");
            }
        } else if (arguments[0].equals("hold")) {
            try (Wal wal = Wal.open(directory, IDENTITY, WalOptions.defaults())) {
                System.out.println("holding " + wal.recovered().lastIndex());
                while (System.in.read() >= 0) {
                    // Not yet.
                }
            }
        } else {
            die(directory, Integer.parseInt(arguments[2]));
        }
    }

    private static void die(Path directory, int entries) {
        WalOptions options = WalOptions.defaults().withSegmentBytes(WalOptions.MIN_SEGMENT_BYTES);
        Wal wal = Wal.open(directory, IDENTITY, options);
        long next = wal.recovered().lastIndex() + 1;
        for (int i = 0; i < entries; i++) {
            wal.append(
                    HardState.EMPTY,
                    Snapshot.NONE,
                    SnapshotFile.NONE,
                    List.of(Entry.normal(1, next + i, new byte[700])));
            wal.sync();
        }
        Runtime.getRuntime().halt(3);
    }

    /** Runs it, and returns what it has printed. */
    static String run(String... arguments) throws IOException, InterruptedException {
        Process process = start(arguments);
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!process.waitFor(1, TimeUnit.MINUTES)) {
            process.destroyForcibly();
            throw new IOException("the other process does not end");
        }
        return output;
    }

    static Process start(String... arguments) throws IOException {
        Path java = Path.of(System.getProperty("java.home"), "bin", "java");
        List<String> command = new java.util.ArrayList<>(
                List.of(java.toString(), "-cp", System.getProperty("java.class.path"), OtherProcess.class.getName()));
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }
}
