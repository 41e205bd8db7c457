package dev.keelraft.wal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.keelraft.model.HardState;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.Example;

/**
 * Every place of a small log damaged, one after the other. A closed log is refused, or the damage does not change what is found
 * (it lay in one of two copies of IDENTITY or MARK, or outside of what is used). A log that was not closed is refused, or what
 * is found is not less than what was acknowledged. Nothing else may come of it, no other exception either. What {@link
 * WalInspection} says is the same in every case.
 */
class SweepTest {
    private static final Layout LAYOUT = Layout.in(Driver.DATA);
    private static final WalOptions OPTIONS = Driver.smallOptions(77);

    private int refused;
    private int accepted;

    @Example
    void no_flipped_bit_of_a_closed_log_goes_unnoticed_or_changes_the_state() {
        Driver host = smallLog();
        host.close();
        for (Path file : files(host)) {
            byte[] content = host.files().content(file);
            boolean segment = file.startsWith(LAYOUT.segments());
            for (int at = 0; at < content.length; at++) {
                // All bits of what is used. Of the zeros behind it, where all bits are alike, one in each byte.
                boolean used = segment ? !isZero(content, at) : at % 4096 < 96;
                for (int bit = used ? 0 : at % 8; bit < (used ? 8 : at % 8 + 1); bit++) {
                    boolean open = tryFlipped(host, file, 8L * at + bit);
                    assertThat(open && segment)
                            .as("%s, bit %s of byte %s", file, bit, at)
                            .isFalse();
                }
            }
        }
        assertThat(accepted).as("IDENTITY and MARK have a spare copy").isPositive();
        report("flipped bits of a closed log");
    }

    /* MARK certifies all of it. In each byte that is used, one bit. */
    @Example
    void no_flipped_bit_of_a_log_that_was_not_closed_costs_anything_acknowledged() {
        Driver host = smallLog();
        host.files().kill();
        Random random = new Random(5);
        for (Path file : files(host)) {
            byte[] content = host.files().content(file);
            boolean segment = file.startsWith(LAYOUT.segments());
            for (int at = 0; at < content.length; at++) {
                if (segment ? !isZero(content, at) : at % 4096 < 96) {
                    tryFlipped(host, file, 8L * at + random.nextInt(8));
                }
            }
        }
        report("flipped bits of a log that was not closed");
    }

    @Example
    void no_byte_of_a_closed_log_that_became_another_goes_unnoticed_or_changes_the_state() {
        Driver host = smallLog();
        host.close();
        Random random = new Random(6);
        for (Path file : files(host)) {
            byte[] content = host.files().content(file);
            boolean segment = file.startsWith(LAYOUT.segments());
            for (int at = 0; at < content.length; at++) {
                boolean used = segment ? !isZero(content, at) : at % 4096 < 96;
                for (int value : new int[] {0, 0xFF, random.nextInt(256)}) {
                    if (used && content[at] != (byte) value) {
                        byte[] damaged = content.clone();
                        damaged[at] = (byte) value;
                        tryReplaced(host, file, damaged, content);
                    }
                }
            }
        }
        report("changed bytes of a closed log");
    }

    private boolean tryFlipped(Driver host, Path file, long bit) {
        Driver copy = host.copy();
        copy.files().flip(file, bit);
        return tryDamaged(copy, host.all());
    }

    @Example
    void no_truncation_of_a_closed_log_goes_unnoticed() {
        Driver host = smallLog();
        host.close();
        for (Path file : files(host)) {
            byte[] content = host.files().content(file);
            for (int length = 0; length < content.length; length++) {
                Driver copy = host.copy();
                copy.files().put(file, Arrays.copyOf(content, length));
                assertThat(tryDamaged(copy, host.all()))
                        .as("%s cut to %s", file, length)
                        .isFalse();
            }
        }
        report("truncations of a closed log");
    }

    @Example
    void a_truncated_log_that_was_not_closed_is_refused_or_has_all_that_was_acknowledged() {
        Driver host = smallLog();
        host.files().kill();
        for (Path file : files(host)) {
            byte[] content = host.files().content(file);
            for (int length = 0; length < content.length; length += length % 512 < 16 ? 1 : 7) {
                Driver copy = host.copy();
                copy.files().put(file, Arrays.copyOf(content, length));
                tryDamaged(copy, host.all());
                // The same with zeros instead of nothing: what a file system leaves that has lost the bytes and not the
                // length.
                Driver zeros = host.copy();
                zeros.files().put(file, Arrays.copyOf(Arrays.copyOf(content, length), content.length));
                tryDamaged(zeros, host.all());
            }
        }
        report("truncations of a log that was not closed");
    }

    @Example
    void no_zeroed_or_misdirected_sector_of_a_closed_log_goes_unnoticed_or_changes_the_state() {
        Driver host = smallLog();
        host.close();
        Random random = new Random(4);
        for (Path file : files(host)) {
            byte[] content = host.files().content(file);
            for (int sector = 0; sector < content.length; sector += 512) {
                byte[] zeroed = content.clone();
                Arrays.fill(zeroed, sector, sector + 512, (byte) 0);
                byte[] noise = content.clone();
                byte[] bytes = new byte[512];
                random.nextBytes(bytes);
                System.arraycopy(bytes, 0, noise, sector, 512);
                for (byte[] damaged : List.of(zeroed, noise)) {
                    tryReplaced(host, file, damaged, content);
                }
                for (int other = 0; other < content.length; other += 512) {
                    byte[] misdirected = content.clone();
                    System.arraycopy(content, other, misdirected, sector, 512);
                    tryReplaced(host, file, misdirected, content);
                }
            }
        }
        report("damaged sectors of a closed log");
    }

    private void tryReplaced(Driver host, Path file, byte[] damaged, byte[] content) {
        Driver copy = host.copy();
        copy.files().put(file, damaged);
        boolean open = tryDamaged(copy, host.all());
        assertThat(open && file.startsWith(LAYOUT.segments()) && !Arrays.equals(damaged, content))
                .as("%s", file)
                .isFalse();
    }

    /* Says whether the log could be opened; then it must have been whole. */
    private boolean tryDamaged(Driver copy, Map<Long, LogState> expected) {
        WalVerdict verdict = WalInspection.of(copy.files(), LAYOUT).read().verdict();
        Wal opened;
        try {
            opened = Driver.open(copy.files(), OPTIONS);
        } catch (WalCorrupt | WalUnsupportedVersion e) {
            refused++;
            // What an operator is told before is what an open says.
            assertThat(verdict.text()).isEqualTo(e.getMessage());
            assertThat(verdict.kind())
                    .isEqualTo(e instanceof WalCorrupt ? WalVerdict.Kind.CORRUPT : WalVerdict.Kind.UNSUPPORTED);
            return false;
        }
        assertThat(Driver.allOf(opened)).isEqualTo(expected);
        assertThat(verdict.kind())
                .isEqualTo(opened.recovered().droppedBytes() > 0 ? WalVerdict.Kind.TORN : WalVerdict.Kind.CLEAN);
        accepted++;
        return true;
    }

    /* Two groups, and three segments, the first of which was released. All is synced. */
    private static Driver smallLog() {
        Driver host = new Driver(new MemoryFiles(), Driver.smallOptions(8));
        host.create();
        host.entries(1, 1, 3, 2000);
        host.append(new HardState(2, 1, 3), host.some(1, 4, 2, 1500));
        host.saveSnapshot(3);
        host.release(3);
        host.close();
        host.open();
        host.group(-5);
        host.append(new HardState(1, 1, 1), host.some(1, 1, 2, 40));
        host.group(0);
        host.entries(2, 5, 2, 3000);
        host.group(-5);
        host.entries(2, 2, 2, 30);
        host.group(0);
        host.entries(2, 5, 2, 30); // in a segment of its own
        host.append(new HardState(3, 7, 5), host.some(3, 6, 1, 3));
        host.sync();
        return host;
    }

    private static List<Path> files(Driver host) {
        try {
            List<Path> files = new ArrayList<>(List.of(LAYOUT.identity(), LAYOUT.mark()));
            for (String name : host.files().list(LAYOUT.segments())) {
                files.add(LAYOUT.segments().resolve(name));
            }
            assertThat(files).hasSize(4);
            return files;
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static boolean isZero(byte[] content, int at) {
        int from = Math.max(0, at - 16);
        int to = Math.min(content.length, at + 16);
        for (int i = from; i < to; i++) {
            if (content[i] != 0) {
                return false;
            }
        }
        return true;
    }

    private void report(String what) {
        System.out.println("SweepTest: " + (refused + accepted) + " " + what + ": " + refused + " refused, " + accepted
                + " without effect, 0 with another state");
    }
}
