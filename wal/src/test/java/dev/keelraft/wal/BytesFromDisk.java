package dev.keelraft.wal;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.CRC32C;

/**
 * Arbitrary bytes as files of a log: an open must come to a verdict, or find a log that it can go on with. No other exception,
 * no endless loop, nothing written before a refusal. For {@link BytesFromDiskTest}, and for the fuzzer.
 */
final class BytesFromDisk {
    private static final Layout LAYOUT = Layout.in(GoldenLogs.DATA);
    private static final int PAGE = 4096;
    private static final int EDIT_BYTES = 6;

    private BytesFromDisk() {}

    /** How an open has ended. */
    enum Outcome {
        OPENED,
        CORRUPT,
        UNSUPPORTED,
        OF_SOMEBODY_ELSE
    }

    /**
     * Changes the golden log that the first byte names, and opens it. Each six bytes that follow are one change: a file, a
     * position, what to do there, and with what. With the last bit of the second byte, all checksums are then made right again,
     * so that the changes reach what lies behind them.
     */
    static Outcome take(byte[] bytes) {
        if (bytes.length < 2) {
            return open(Map.of());
        }
        List<String> names = GoldenLogs.names();
        Map<String, byte[]> log = new TreeMap<>(GoldenLogs.written(names.get((bytes[0] & 0xff) % names.size())));
        List<String> paths = List.copyOf(log.keySet());
        for (int at = 2; at + EDIT_BYTES <= bytes.length; at += EDIT_BYTES) {
            String path = paths.get((bytes[at] & 0xff) % paths.size());
            byte[] content = log.get(path);
            if (content != null) {
                log.put(path, edited(content, Arrays.copyOfRange(bytes, at + 1, at + EDIT_BYTES)));
            }
        }
        if ((bytes[1] & 1) != 0) {
            log.replaceAll((path, content) -> sealed(path, content));
        }
        return open(log);
    }

    /** Opens a log in which the bytes stand for one of its files as a whole. */
    static Outcome takeAs(String file, byte[] bytes) {
        Map<String, byte[]> log = new TreeMap<>(GoldenLogs.written("closed"));
        log.put(file, bytes);
        return open(log);
    }

    private static byte[] edited(byte[] content, byte[] edit) {
        int position = ((edit[0] & 0xff) << 8) | (edit[1] & 0xff);
        int value = ((edit[3] & 0xff) << 8) | (edit[4] & 0xff);
        byte[] edited = content.clone();
        if (edited.length == 0) {
            return edited;
        }
        int at = position % edited.length;
        switch (edit[2] & 7) {
            case 0 -> edited[at] = edit[4];
            case 1 -> edited[at] ^= edit[4];
            case 2 -> Arrays.fill(edited, at, Math.min(edited.length, at + 1 + value % 1024), edit[3]);
            case 3 -> {
                return Arrays.copyOf(edited, at);
            }
            case 4 -> {
                return Arrays.copyOf(edited, edited.length + value % 5000);
            }
            case 5 -> {
                int from = value % edited.length;
                int length = Math.min(512, edited.length - Math.max(from, at));
                System.arraycopy(content, from, edited, at, length);
            }
            case 6 -> {
                int aligned = at / 8 * 8;
                if (aligned + 8 <= edited.length) {
                    ByteBuffer.wrap(edited).order(ByteOrder.LITTLE_ENDIAN).putLong(aligned, (byte) value);
                }
            }
            default -> {
                int aligned = at / 4 * 4;
                if (aligned + 4 <= edited.length) {
                    ByteBuffer.wrap(edited).order(ByteOrder.LITTLE_ENDIAN).putInt(aligned, (byte) value);
                }
            }
        }
        return edited;
    }

    /* Pages first, then the frames of a segment, one after the other as far as their lengths lead. */
    static byte[] sealed(String path, byte[] content) {
        ByteBuffer bytes = ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN);
        if (path.endsWith("MARK")) {
            seal(bytes, 0, Mark.BYTES - 4);
            seal(bytes, PAGE, Mark.BYTES - 4);
        } else if (path.endsWith("IDENTITY")) {
            seal(bytes, 0, PAGE - 4);
            seal(bytes, PAGE, PAGE - 4);
        } else if (path.endsWith(".wal") && content.length >= PAGE) {
            seal(bytes, 0, PAGE - 4);
            sealFrames(bytes);
        }
        return content;
    }

    private static void seal(ByteBuffer bytes, int from, int length) {
        if (from + length + 4 <= bytes.capacity()) {
            bytes.putInt(from + length, crc(bytes.slice(from, length)));
        }
    }

    private static void sealFrames(ByteBuffer bytes) {
        int chain = bytes.getInt(PAGE - 4);
        long salt = bytes.getLong(64);
        for (int at = PAGE; at + Frame.HEADER_BYTES <= bytes.capacity() && bytes.getInt(at) == Frame.MAGIC; ) {
            int length = bytes.getInt(at + Frame.PAYLOAD_BYTES);
            int payload = at + Frame.HEADER_BYTES;
            if (length > 0 && length <= bytes.capacity() - payload) {
                bytes.putInt(at + Frame.PAYLOAD_CRC, crc(bytes.slice(payload, length)));
            }
            ByteBuffer salted = ByteBuffer.allocate(8 + Frame.HEADER_CRC).order(ByteOrder.LITTLE_ENDIAN);
            salted.putLong(salt).put(bytes.slice(at, Frame.HEADER_CRC)).flip();
            int headerCrc = crc(salted);
            bytes.putInt(at + Frame.HEADER_CRC, headerCrc);
            ByteBuffer link = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
            chain = crc(link.putInt(chain).putInt(headerCrc).flip());
            bytes.putInt(at + Frame.CHAIN, chain);
            if (length <= 0 || length > bytes.capacity() - payload) {
                return;
            }
            at = payload + length;
        }
    }

    private static int crc(ByteBuffer bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        return (int) crc.getValue();
    }

    private static Outcome open(Map<String, byte[]> log) {
        MemoryFiles files = GoldenLogs.with(log);
        int before = files.operations();
        Wal opened;
        try {
            opened = new Startup(files, GoldenLogs.DATA, GoldenLogs.IDENTITY, GoldenLogs.options(9)).open();
        } catch (WalCorrupt | WalUnsupportedVersion | WalIdentityMismatch refusal) {
            if (files.operations() != before) {
                throw new AssertionError("refused after something was written", refusal);
            }
            return refusal instanceof WalCorrupt
                    ? Outcome.CORRUPT
                    : refusal instanceof WalUnsupportedVersion ? Outcome.UNSUPPORTED : Outcome.OF_SOMEBODY_ELSE;
        }
        goOn(files, opened);
        return Outcome.OPENED;
    }

    /* What was opened must be whole: all of it can be read, and after a close it is found again. */
    private static void goOn(MemoryFiles files, Wal opened) {
        Map<Long, LogState> found = Driver.allOf(opened);
        opened.close();
        Wal again = new Startup(files, GoldenLogs.DATA, GoldenLogs.IDENTITY, GoldenLogs.options(10)).open();
        if (!Driver.allOf(again).equals(found)) {
            throw new AssertionError("found " + found + ", and later " + Driver.allOf(again));
        }
        again.close();
        if (!files.exists(Path.of("/data/raft")) || !files.exists(LAYOUT.mark())) {
            throw new AssertionError("the directory is gone");
        }
    }
}
