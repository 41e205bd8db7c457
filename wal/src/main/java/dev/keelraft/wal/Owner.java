package dev.keelraft.wal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * OWNER: which process has opened a log last. For people, who may have to find it; no rule of the log depends on it.
 *
 * @param pid its number
 * @param since when it opened the log, by its own clock
 */
record Owner(long pid, Instant since) {
    private static final int BYTES = 256;
    private static final String BEFORE_PID = "process ";
    private static final String BEFORE_SINCE = " since ";

    /** By how much the times of a process and of its clock may differ. */
    private static final Duration SLACK = Duration.ofSeconds(10);

    /** This process, now. */
    static Owner self(long millis) {
        return new Owner(ProcessHandle.current().pid(), Instant.ofEpochMilli(millis));
    }

    /** Reads the file; empty if it is not there, or says something else. */
    static Optional<Owner> read(FileLayer files, Path path) {
        try (OpenFile file = files.openToRead(path)) {
            ByteBuffer bytes = ByteBuffer.allocate((int) Math.min(BYTES, file.size()));
            file.read(bytes, 0);
            String text = new String(bytes.array(), StandardCharsets.UTF_8).trim();
            int at = text.indexOf(BEFORE_SINCE);
            return text.startsWith(BEFORE_PID) && at > 0
                    ? Optional.of(new Owner(
                            Long.parseLong(text.substring(BEFORE_PID.length(), at)),
                            Instant.parse(text.substring(at + BEFORE_SINCE.length()))))
                    : Optional.empty();
        } catch (IOException | NumberFormatException | DateTimeException e) {
            return Optional.empty();
        }
    }

    /** Writes the file. */
    void write(FileLayer files, Path path) throws IOException {
        ByteBuffer padded = ByteBuffer.allocate(BYTES);
        while (padded.hasRemaining()) {
            padded.put((byte) ' ');
        }
        padded.rewind().put(toString().getBytes(StandardCharsets.UTF_8)).rewind();
        try (OpenFile file = files.exists(path) ? files.open(path) : files.create(path)) {
            file.write(padded, 0);
        } catch (NoSpaceException e) {
            // A log on a full disk must open all the same.
        }
    }

    /**
     * Tells whether that process still lives, as far as this one can see: not into other machines and containers. One that was
     * started later only has its number.
     */
    boolean isAlive() {
        return ProcessHandle.of(pid)
                .filter(ProcessHandle::isAlive)
                .map(process -> process.info().startInstant().orElse(Instant.MIN))
                .filter(start -> start.isBefore(since.plus(SLACK)))
                .isPresent();
    }

    @Override
    public String toString() {
        return BEFORE_PID + pid + BEFORE_SINCE + since;
    }
}
