package dev.keelraft.wal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.keelraft.model.Entry;
import dev.keelraft.model.HardState;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.CRC32C;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;

/** Whole frames, sectors and pages in the wrong place: each whole by itself, so that only the chain and the salt tell. */
class SpliceTest {
    private static final Layout LAYOUT = Layout.in(Driver.DATA);
    private static final int SECTOR = 512;

    private int refused;
    private int accepted;

    // ---------------------------------------------------------------- frames

    @Example
    void a_frame_that_was_removed_at_its_borders_is_noticed() {
        forEachLog(host -> forEachFrame(host, (content, frames, i) -> cut(content, frames.get(i), frames.get(i + 1))));
        report("removed frames");
    }

    @Example
    void a_frame_that_is_there_twice_is_noticed() {
        forEachLog(host -> forEachFrame(host, (content, frames, i) -> {
            int from = frames.get(i);
            int to = frames.get(i + 1);
            byte[] twice = Arrays.copyOf(content, content.length);
            int length = Math.min(to - from, content.length - to);
            System.arraycopy(content, from, twice, to, length);
            System.arraycopy(content, to, twice, to + length, content.length - to - length);
            return twice;
        }));
        report("repeated frames");
    }

    @Example
    void two_frames_in_each_others_place_are_noticed() {
        forEachLog(host -> forEachFrame(host, (content, frames, i) -> {
            if (i + 2 >= frames.size()) {
                return cut(content, frames.get(i), frames.get(i + 1));
            }
            byte[] first = Arrays.copyOfRange(content, frames.get(i), frames.get(i + 1));
            byte[] second = Arrays.copyOfRange(content, frames.get(i + 1), frames.get(i + 2));
            byte[] swapped = content.clone();
            System.arraycopy(second, 0, swapped, frames.get(i), second.length);
            System.arraycopy(first, 0, swapped, frames.get(i) + second.length, first.length);
            return swapped;
        }));
        report("swapped frames");
    }

    /* A backup that was restored and written on, under the same salt: numbers, lengths and positions are alike. */
    @Example
    void a_frame_of_another_history_of_the_same_segment_is_noticed() {
        Driver host = log();
        host.files().kill();
        Driver other = host.copy();
        Path tail = new Forger(host.files()).tail();
        byte[] mark = {};
        int from = 0;
        for (Driver driver : List.of(host, other)) {
            driver.open();
            driver.group(0);
            from = (int) new Forger(driver.files()).endOfTail();
            mark = driver == host ? host.files().content(LAYOUT.mark()) : mark;
            driver.some(1, 1, driver == host ? 1 : 2, 40); // from here on payloads differ
            for (int i = 0; i < 3; i++) {
                driver.entries(2, driver.now().lastIndex() + 1, 1, 100);
                driver.sync();
            }
            driver.files().kill();
        }
        byte[] content = host.files().content(tail);
        byte[] mixed = content.clone();
        int frameBytes = Frame.HEADER_BYTES + (int) RecordType.bytes(16 + 100);
        System.arraycopy(other.files().content(tail), from, mixed, from, frameBytes);
        assertThat(mixed).isNotEqualTo(content);
        host.files().put(tail, mixed);
        host.files().put(LAYOUT.mark(), mark); // which would tell too
        assertThat(isOpened(host)).isFalse();
    }

    private static byte[] cut(byte[] content, int from, int to) {
        byte[] cut = new byte[content.length];
        System.arraycopy(content, 0, cut, 0, from);
        System.arraycopy(content, to, cut, from, content.length - to);
        return cut;
    }

    // ---------------------------------------------------------------- sectors and pages

    @Example
    void two_sectors_in_each_others_place_are_noticed() {
        forEachLog(host -> swapAll(host, SECTOR));
        report("swapped sectors");
    }

    @Example
    void two_pages_in_each_others_place_are_noticed() {
        forEachLog(host -> swapAll(host, 8 * SECTOR));
        report("swapped pages");
    }

    private void swapAll(Driver host, int bytes) {
        for (Path path : segments(host)) {
            byte[] content = host.files().content(path);
            for (int a = 0; a < content.length; a += bytes) {
                for (int b = a + bytes; b < content.length; b += bytes) {
                    byte[] swapped = content.clone();
                    System.arraycopy(content, a, swapped, b, bytes);
                    System.arraycopy(content, b, swapped, a, bytes);
                    tried(host, path, content, swapped);
                }
            }
        }
    }

    // ---------------------------------------------------------------- what looks like frames

    /* A file that was used before, as a recycled one would be: the frames of an older segment lie behind the end. */
    @Example
    void frames_of_another_segment_behind_the_end_are_no_part_of_the_log() {
        Driver host = log();
        host.files().kill();
        byte[] first = host.files().content(LAYOUT.segment(1));
        Path tail = new Forger(host.files()).tail();
        int end = (int) new Forger(host.files()).endOfTail();
        for (int frame : frames(host, LAYOUT.segment(1))) {
            byte[] stale = host.files().content(tail);
            int length = Math.min(stale.length - end, first.length - frame);
            System.arraycopy(first, frame, stale, end, length);
            Driver copy = host.copy();
            copy.files().put(tail, stale);
            copy.open();
            assertThat(copy.all()).isEqualTo(host.all());
            Driver closed = host.copy();
            closed.open();
            closed.close();
            closed.files().put(tail, stale);
            assertThat(isOpened(closed)).isFalse();
        }
    }

    /* What a client may write who knows the format, and even the bytes of true frames, but not the salt. */
    @Property(tries = 60)
    void a_payload_that_looks_like_a_frame_fools_nobody(
            @ForAll @LongRange(max = 1 << 30) long seed, @ForAll boolean trueFrames) {
        Random random = new Random(seed);
        Driver host = new Driver(new MemoryFiles(), Driver.smallOptions(seed));
        host.create();
        host.entries(1, 1, 2, 100);
        host.sync();
        byte[] known = host.files().content(LAYOUT.segment(1));
        int end = (int) new Forger(host.files()).endOfTail();
        byte[] payload = new byte[3000];
        for (int at = 0; at + 200 < payload.length; at += 200) {
            byte[] frame = trueFrames ? Arrays.copyOfRange(known, Segment.HEADER_BYTES, end) : forged(random);
            System.arraycopy(frame, 0, payload, at, Math.min(frame.length, 200));
        }
        host.append(HardState.EMPTY, List.of(Entry.normal(1, 3, payload)));
        cutPower(host);
        for (int sector = 2; sector < 8; sector++) {
            // Without one of its sectors: what is behind it is searched for frames that claim to be durable.
            Driver copy = host.copy();
            copy.files().crash(PowerLoss.keeping(~(1L << sector)));
            copy.open();
            assertThat(copy.now().lastIndex()).isEqualTo(2);
        }
        host.files().crash(PowerLoss.keeping(-1L));
        host.open();
        assertThat(host.now().entries().get(2).data()).isEqualTo(payload);
    }

    /* The same with the salt would be believed: so it is the salt that keeps clients out. */
    @Example
    void a_frame_with_the_right_salt_behind_the_end_is_believed() {
        Driver host = log();
        host.files().kill();
        Forger forger = new Forger(host.files());
        forger.append(Forger.record(RecordType.HARD_STATE, 0, 0), 1, 0, 7, 1L << 40);
        assertThat(isOpened(host)).isFalse();
    }

    private static byte[] forged(Random random) {
        ByteBuffer frame = ByteBuffer.allocate(200).order(ByteOrder.LITTLE_ENDIAN);
        frame.put("KFRM".getBytes(StandardCharsets.US_ASCII)).putInt(152);
        frame.putLong(random.nextInt(10)).putLong(1L << 40).putInt(1).putInt(0);
        frame.putInt(crc(frame.array(), 48, 152));
        frame.putInt(crc(frame.array(), 0, 36)); // as if there were no salt
        frame.putInt(random.nextInt());
        return frame.array();
    }

    private static int crc(byte[] bytes, int from, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, from, length);
        return (int) crc.getValue();
    }

    private static void cutPower(Driver host) {
        host.files().powerOffAt(host.files().operations() + 2, new Random(-1));
        try {
            host.sync();
            throw new AssertionError("the power is on");
        } catch (WalFailed expected) {
            assertThat(host.files().failed()).startsWith("force");
        }
    }

    // ---------------------------------------------------------------- parts

    private interface Edit {
        byte[] apply(byte[] content, List<Integer> frames, int index);
    }

    private interface Log {
        void with(Driver host);
    }

    /* Closed, and open but certified by MARK. */
    private void forEachLog(Log log) {
        Driver closed = log();
        closed.close();
        log.with(closed);
        Driver unclean = log();
        unclean.files().kill();
        log.with(unclean);
    }

    private void forEachFrame(Driver host, Edit edit) {
        for (Path path : segments(host)) {
            byte[] content = host.files().content(path);
            List<Integer> frames = frames(host, path);
            for (int i = 0; i + 1 < frames.size(); i++) {
                tried(host, path, content, edit.apply(content, frames, i));
            }
        }
    }

    private void tried(Driver host, Path path, byte[] content, byte[] damaged) {
        if (Arrays.equals(content, damaged)) {
            return;
        }
        Driver copy = host.copy();
        copy.files().put(path, damaged);
        if (isOpened(copy)) {
            // Nothing but zeros behind the end was touched, or what lies there of an unclean log.
            assertThat(copy.all()).isEqualTo(host.all());
            accepted++;
        } else {
            refused++;
        }
    }

    private static boolean isOpened(Driver host) {
        try {
            host.open();
            return true;
        } catch (WalCorrupt e) {
            return false;
        }
    }

    /* Where the frames begin, and where the last one ends. */
    private static List<Integer> frames(Driver host, Path path) {
        List<Integer> offsets = new ArrayList<>();
        try (OpenFile file = host.files().openToRead(path)) {
            SegmentReader reader = new SegmentReader(path, file, SegmentReader.noScratch());
            int offset = Segment.HEADER_BYTES;
            for (; reader.nextFrame(offset); offset += reader.frameBytes()) {
                offsets.add(offset);
            }
            offsets.add(offset);
        } catch (IOException | MalformedRecordException e) {
            throw new AssertionError(e);
        }
        return offsets;
    }

    private static List<Path> segments(Driver host) {
        List<Path> paths = new ArrayList<>();
        for (long sequence = 1; host.files().exists(LAYOUT.segment(sequence)); sequence++) {
            paths.add(LAYOUT.segment(sequence));
        }
        assertThat(paths).hasSize(3);
        return paths;
    }

    private static Driver log() {
        Driver host = new Driver(new MemoryFiles(), Driver.smallOptions(8)).withGroups(2);
        host.create();
        for (int i = 1; i <= 12; i++) {
            host.group(i % 3 == 0 ? -7 : 0);
            host.entries(1, host.now().lastIndex() + 1, 1 + i % 2, 1000);
            host.sync();
        }
        host.hardState(2, 0, 1);
        host.sync();
        return host;
    }

    private void report(String what) {
        assertThat(refused).isPositive();
        System.out.println("SpliceTest: " + (refused + accepted) + " " + what + ": " + refused + " refused, " + accepted
                + " without effect, 0 with another state");
    }
}
