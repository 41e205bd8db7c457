package dev.keelraft.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keelraft.model.HardState;
import dev.keelraft.wal.MemoryFiles.Damage;
import dev.keelraft.wal.WalVerdict.Kind;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Consumer;
import net.jqwik.api.Example;
import net.jqwik.api.Tag;

/** What a repair does, and what it leaves when it is interrupted: something that can be repaired, or is. */
class WalRepairTest {
    private static final Layout LAYOUT = Layout.in(Driver.DATA);
    private static final WalOptions OPTIONS = Driver.smallOptions(5);
    private static final int OUTCOMES = 6;
    private static final List<Damage> DAMAGES = List.of(Damage.NONE, Damage.TORN, Damage.GARBAGE);

    private final Driver host = new Driver(new MemoryFiles(), Driver.smallOptions(12));
    private final MemoryFiles files = host.files();

    // ---------------------------------------------------------------- what it does

    @Example
    void a_cut_keeps_what_is_good_and_a_copy_of_the_rest_and_the_member_must_rejoin() {
        fourSegments();
        files.flip(LAYOUT.segment(2), 8 * (4096 + 3000));
        byte[] damaged = files.content(LAYOUT.segment(2));
        byte[] third = files.content(LAYOUT.segment(3));
        WalReport before = report(files);
        List<WalRecord> good = records();
        long cut = before.verdict().cutPosition();
        WalRepair.Outcome outcome = repair(files).cut(cut);
        assertThat(outcome.isWhole()).isTrue();
        assertThat(outcome.done()).hasSize(3);
        assertThat(outcome.done().get(1)).contains("must be removed from its group");
        assertThat(outcome.left().verdict().kind()).isEqualTo(Kind.IDENTITY);
        assertThat(outcome.left().verdict().endPosition()).isEqualTo(cut);
        assertThat(outcome.left().segments()).hasSize(2);
        assertThat(outcome.left().groups()).isEqualTo(before.groups());
        assertThat(records()).usingRecursiveComparison().isEqualTo(good);

        Path kept = LAYOUT.quarantine().resolve("1");
        int offset = (int) (cut - before.segments().get(1).position());
        byte[] copy = files.content(kept.resolve("0000000000000002.wal." + offset));
        assertThat(copy).isEqualTo(Arrays.copyOfRange(damaged, offset, offset + copy.length));
        assertThat(Arrays.copyOfRange(damaged, offset + copy.length, damaged.length))
                .containsOnly(0);
        assertThat(files.content(kept.resolve("0000000000000003.wal.0"))).isEqualTo(third);
        assertThat(new String(files.content(kept.resolve("MANIFEST")), StandardCharsets.UTF_8))
                .contains("of member 7 of cluster 193 at position " + cut)
                .contains("0000000000000003.wal.0: wal/0000000000000003.wal, bytes 0 to 16384, crc32c ");

        assertThatThrownBy(host::open)
                .isInstanceOf(WalMustRejoin.class)
                .hasMessageContaining("Remove the member from its group")
                .hasMessageContaining("Nothing was changed")
                .hasMessage(outcome.left().verdict().text());
        assertThatThrownBy(() -> Driver.create(files, OPTIONS)).isInstanceOf(WalAlreadyExists.class);
    }

    @Example
    void a_cut_that_drops_nothing_durable_leaves_a_log_that_opens() {
        threeEntries();
        host.close();
        long end = new Forger(files).endOfTail();
        WalInspectionTest.write(files, LAYOUT.segment(1), end + 8, new byte[] {1, 2, 3});
        WalVerdict verdict = report(files).verdict();
        assertThat(verdict.kind()).isEqualTo(Kind.CORRUPT);
        assertThat(verdict.cutPosition()).isEqualTo(end);
        WalRepair.Outcome outcome = repair(files).cut(end);
        assertThat(outcome.left().verdict().kind()).isEqualTo(Kind.CLEAN);
        assertThat(outcome.left().identity().orElseThrow().mustRejoin()).isFalse();
        host.open();
        assertThat(host.now().lastIndex()).isEqualTo(3);
    }

    @Example
    void a_cut_of_what_only_a_later_frame_certifies_is_a_loss_too() {
        threeEntries();
        long end = new Forger(files).endOfTail();
        host.entries(1, 4, 1, 10);
        host.sync();
        host.entries(1, 5, 1, 10);
        host.sync();
        host.close();
        files.flip(LAYOUT.segment(1), 8 * (end + 60));
        assertThat(repair(files).cut(end).left().verdict().kind()).isEqualTo(Kind.IDENTITY);
    }

    @Example
    void a_cut_of_a_log_that_mark_was_not_written_for_is_a_loss() throws IOException {
        threeEntries();
        long before = new Forger(files).endOfTail();
        host.entries(1, 4, 1, 10);
        host.sync();
        files.kill();
        long end = new Forger(files).endOfTail();
        MarkFile mark = MarkFile.open(files, LAYOUT.mark(), MarkFile.read(files, LAYOUT.mark()));
        mark.write(WalInspectionTest.marked(mark.found(), before, 1));
        mark.close();
        WalVerdict verdict = report(files).verdict();
        assertThat(verdict.text()).contains("not the one that MARK was written for");
        assertThat(verdict.certifiedPosition()).isLessThan(verdict.cutPosition());
        assertThat(verdict.cutPosition()).isEqualTo(end);
        assertThat(repair(files).cut(end).left().verdict().kind()).isEqualTo(Kind.IDENTITY);
    }

    @Example
    void where_nothing_is_left_behind_the_cut_nothing_is_kept() {
        threeEntries();
        long end = new Forger(files).endOfTail();
        host.entries(1, 4, 1, 10);
        host.sync();
        files.kill();
        WalInspectionTest.write(files, LAYOUT.segment(1), end, new byte[(int) (WalOptions.MIN_SEGMENT_BYTES - end)]);
        WalRepair.Outcome outcome = repair(files).cut(end);
        assertThat(outcome.left().verdict().kind()).isEqualTo(Kind.IDENTITY);
        assertThat(outcome.done()).noneMatch(text -> text.contains("copied"));
        assertThat(files.exists(LAYOUT.quarantine())).isFalse();
    }

    @Example
    void a_second_cut_leaves_what_the_first_has_kept() {
        fourSegments();
        files.flip(LAYOUT.segment(3), 8 * (4096 + 3000));
        repair(files).cut(report(files).verdict().cutPosition());
        Path first = LAYOUT.quarantine().resolve("1");
        byte[] manifest = files.content(first.resolve("MANIFEST"));
        byte[] fourth = files.content(first.resolve("0000000000000004.wal.0"));
        files.flip(LAYOUT.segment(2), 8 * (4096 + 3000));
        WalRepair.Outcome outcome = repair(files).cut(report(files).verdict().cutPosition());
        assertThat(outcome.done().get(0)).contains("was copied to /data/raft/quarantine/2");
        assertThat(files.exists(LAYOUT.quarantine().resolve("2").resolve("0000000000000003.wal.0")))
                .isTrue();
        assertThat(files.content(first.resolve("MANIFEST"))).isEqualTo(manifest);
        assertThat(files.content(first.resolve("0000000000000004.wal.0"))).isEqualTo(fourth);
    }

    @Example
    void two_cuts_at_one_place_keep_both_what_was_there() {
        threeEntries();
        host.close();
        long end = new Forger(files).endOfTail();
        WalInspectionTest.write(files, LAYOUT.segment(1), end + 8, new byte[] {1, 2, 3});
        repair(files).cut(end);
        host.open();
        host.close();
        files.flip(LAYOUT.segment(1), 8 * (end + 60));
        byte[] behind = files.content(LAYOUT.segment(1));
        repair(files).cut(end);
        String name = "0000000000000001.wal." + end;
        assertThat(files.content(LAYOUT.quarantine().resolve("1").resolve(name)))
                .endsWith(1, 2, 3)
                .hasSize(11);
        byte[] second = files.content(LAYOUT.quarantine().resolve("2").resolve(name));
        assertThat(second).isEqualTo(Arrays.copyOfRange(behind, (int) end, (int) end + second.length));
    }

    @Example
    void a_kept_copy_counts_as_long_as_it_holds_what_was_cut_off() throws IOException {
        threeEntries();
        byte[] content = new byte[3_000_000]; // copied and compared in pieces
        new Random(1).nextBytes(content);
        Path file = LAYOUT.segment(2);
        files.put(file, content);
        Quarantine quarantine = new Quarantine(files, LAYOUT);
        List<Quarantine.Part> parts = List.of(new Quarantine.Part(file, 100, 2_900_000));
        Path copy = LAYOUT.raft().resolve(quarantine.keep(parts, "first")).resolve("0000000000000002.wal.100");
        assertThat(files.content(copy)).isEqualTo(Arrays.copyOfRange(content, 100, 2_900_000));
        assertThat(quarantine.keep(parts, "again")).isEqualTo("quarantine/1");
        files.flip(copy, 8 * 2_800_000);
        assertThat(quarantine.keep(parts, "rotted")).isEqualTo("quarantine/2");
        files.put(LAYOUT.quarantine().resolve("2").resolve(copy.getFileName()), new byte[5]);
        assertThat(quarantine.keep(parts, "cut short")).isEqualTo("quarantine/3");
        assertThat(quarantine.keep(parts, "again")).isEqualTo("quarantine/3");
        assertThat(files.list(LAYOUT.quarantine())).containsExactly("1", "2", "3");
    }

    @Example
    void a_cut_that_loses_nothing_mends_a_damaged_copy_of_identity() {
        threeEntries();
        host.close();
        long end = new Forger(files).endOfTail();
        WalInspectionTest.write(files, LAYOUT.segment(1), end + 8, new byte[] {1, 2, 3});
        files.flip(LAYOUT.identity(), 8 * 50);
        WalReport left = repair(files).cut(end).left();
        assertThat(left.verdict().kind()).isEqualTo(Kind.CLEAN);
        assertThat(left.identity().orElseThrow().damagedCopy()).isZero();
        assertThat(left.identity().orElseThrow().mustRejoin()).isFalse();
    }

    @Example
    void damaged_copies_are_written_anew_without_loss() {
        threeEntries();
        host.close();
        files.flip(LAYOUT.identity(), 8 * 50);
        files.flip(LAYOUT.mark(), 8 * 4100);
        byte[] mark = files.content(LAYOUT.mark());
        WalRepair.Outcome outcome = repair(files).mend();
        assertThat(outcome.done()).hasSize(2);
        assertThat(outcome.done().get(0)).contains("copy 1 of IDENTITY").contains("Nothing is lost");
        assertThat(outcome.done().get(1)).contains("slot 2 of MARK").contains("Nothing is lost");
        assertThat(outcome.left().verdict().kind()).isEqualTo(Kind.CLEAN);
        assertThat(outcome.left().identity().orElseThrow().damagedCopy()).isZero();
        assertThat(outcome.left().mark().orElseThrow().slotUnreadable()).isFalse();
        assertThat(files.content(LAYOUT.mark())).isNotEqualTo(mark);
        assertThat(repair(files).mend().done()).isEmpty();
        host.open();
    }

    @Example
    void a_whole_log_is_left_alone() {
        threeEntries();
        host.close();
        List<String> log = files.log();
        assertThat(repair(files).mend().done()).isEmpty();
        assertThat(repair(files).cut(4096).done()).isEmpty();
        assertThat(log).isEmpty();
    }

    @Example
    void a_torn_log_is_left_to_the_next_open() {
        threeEntries();
        files.kill();
        WalInspectionTest.write(files, LAYOUT.segment(1), new Forger(files).endOfTail(), new byte[] {1});
        List<String> log = files.log();
        for (WalRepair.Outcome outcome :
                List.of(repair(files).mend(), repair(files).cut(4096))) {
            assertThat(outcome.done()).isEmpty();
            assertThat(outcome.isWhole()).isTrue();
            assertThat(outcome.left().verdict().kind()).isEqualTo(Kind.TORN);
        }
        assertThat(log).isEmpty();
        host.open();
    }

    @Example
    void damage_is_not_touched_unless_the_loss_is_accepted_at_its_place() {
        fourSegments();
        files.flip(LAYOUT.segment(2), 8 * (4096 + 3000));
        files.flip(LAYOUT.identity(), 8 * 50);
        long cut = report(files).verdict().cutPosition();
        List<String> log = files.log();
        assertThat(repair(files).mend().isWhole()).isFalse();
        assertThatThrownBy(() -> repair(files).cut(cut - 8))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("can be cut at position " + cut);
        assertThatThrownBy(() -> repair(files).cut(-1)).isInstanceOf(IllegalArgumentException.class);
        assertThat(log).isEmpty();
        assertThat(repair(files).cut(cut).left().identity().orElseThrow().damagedCopy())
                .isZero();
    }

    @Example
    void what_cannot_be_repaired_is_left_alone() {
        fourSegments();
        for (Consumer<MemoryFiles> damage : List.<Consumer<MemoryFiles>>of(
                f -> f.remove(LAYOUT.mark()),
                f -> f.remove(LAYOUT.lock()),
                f -> f.remove(LAYOUT.identity()),
                f -> f.remove(LAYOUT.segment(1)),
                f -> f.flip(LAYOUT.segment(1), 8 * 50),
                f -> f.flip(LAYOUT.segment(1), 8 * 4100))) {
            MemoryFiles copy = files.copy();
            damage.accept(copy);
            List<String> log = copy.log();
            WalRepair.Outcome outcome = repair(copy).cut(4096);
            assertThat(outcome.isWhole()).isFalse();
            assertThat(outcome.left().verdict().kind()).isEqualTo(Kind.CORRUPT);
            assertThat(outcome.left().verdict().cutPosition()).isEqualTo(-1);
            assertThat(log).isEmpty();
        }
    }

    /* The start of the log is known from a segment behind the damage alone; the entries before it are in no segment. */
    @Example
    void a_log_whose_release_would_be_cut_off_cannot_be_cut() {
        host.create();
        WalInspectionTest.fourSegments(host);
        host.hardState(1, 1, host.now().lastIndex());
        host.saveSnapshot(host.now().lastIndex());
        WalInspectionTest.fourSegments(host);
        host.release(host.now().snapshot().index());
        host.close();
        List<WalReport.SegmentFile> segments = report(files).segments();
        files.flip(LAYOUT.segment(segments.get(0).number() + 1), 8 * 5000);
        WalVerdict verdict = report(files).verdict();
        assertThat(verdict.kind()).isEqualTo(Kind.CORRUPT);
        assertThat(verdict.endPosition()).isPositive();
        assertThat(verdict.cutPosition()).isEqualTo(-1);
        assertThat(verdict.cutProblem()).contains("are in no segment");
    }

    @Example
    void a_repair_is_refused_while_the_log_is_open() {
        fourSegments();
        host.open();
        List<String> log = files.log();
        assertThatThrownBy(() -> repair(files).mend())
                .isInstanceOf(WalLocked.class)
                .hasMessageContaining("is open, by process")
                .hasMessageContaining("Stop that process");
        assertThatThrownBy(() -> repair(files).cut(1)).isInstanceOf(WalLocked.class);
        assertThat(log).isEmpty();
        host.entries(1, host.now().lastIndex() + 1, 1, 20_000); // a cut looks at the lock
        host.sync();
    }

    @Example
    void a_full_disk_ends_a_repair_and_with_room_it_is_done() {
        fourSegments();
        files.flip(LAYOUT.segment(2), 8 * (4096 + 3000));
        long cut = report(files).verdict().cutPosition();
        int refused = 0;
        for (long room = 0; room < 80_000; room += 500) {
            MemoryFiles copy = files.copy();
            copy.limit(copy.used() + room);
            try {
                repair(copy).cut(cut);
            } catch (WalSpaceExhausted e) {
                refused++;
                assertThat(e).hasMessageContaining("Free space, and do the same again");
                assertThat(report(copy).verdict().kind()).isEqualTo(Kind.CORRUPT);
            }
            copy.limit(Long.MAX_VALUE);
            assertDone(copy, files);
        }
        assertThat(refused).isGreaterThan(50);
    }

    // ---------------------------------------------------------------- interrupted

    @Example
    @Tag("exhaustive")
    void a_power_loss_at_any_operation_of_a_repair_leaves_it_repeatable_or_done() {
        interrupted(true);
    }

    @Example
    @Tag("exhaustive")
    void a_failed_operation_of_a_repair_leaves_it_repeatable_or_done() {
        interrupted(false);
    }

    private void interrupted(boolean powerOff) {
        int cases = 0;
        for (Map.Entry<String, MemoryFiles> damaged : damagedLogs().entrySet()) {
            MemoryFiles whole = damaged.getValue().copy();
            int before = whole.operations();
            assertDone(whole, damaged.getValue());
            int operations = whole.operations() - before;
            for (int operation = 1; operation <= operations; operation++) {
                for (int outcome = 0; outcome < OUTCOMES; outcome++) {
                    String name = damaged.getKey() + ", operation " + operation + ", outcome " + outcome;
                    try {
                        interruptedOnce(damaged.getValue(), operation, outcome, powerOff);
                    } catch (RuntimeException | Error e) {
                        throw new AssertionError(name + ": " + e, e);
                    }
                    cases++;
                }
            }
        }
        System.out.println("WalRepairTest: " + cases + (powerOff ? " power losses" : " failed operations")
                + " during a repair, each repeatable or done");
    }

    private static void interruptedOnce(MemoryFiles damaged, int operation, int outcome, boolean powerOff) {
        MemoryFiles copy = damaged.copy();
        Random random = new Random(1000L * operation + outcome);
        if (powerOff) {
            copy.powerOffAt(copy.operations() + operation, random);
        } else {
            copy.failAt(copy.operations() + operation, random);
        }
        try {
            attempt(copy);
        } catch (WalFailed expected) {
            assertThat(expected).hasMessageContaining("do the same again");
        }
        if (powerOff) {
            copy.crash(random, DAMAGES.get(outcome % DAMAGES.size()));
        } else {
            // In the same boot, where what was not forced is still seen; the power goes after the next attempt.
            copy.kill();
        }
        copy.powerOffAt(0, random);
        copy.failAt(0, random);
        assertNothingLost(copy, damaged);
        assertDone(copy, damaged);
        copy.crash(random, DAMAGES.get(outcome % DAMAGES.size()));
        // What was said to be done is on the disk.
        assertThat(report(copy).verdict().kind()).isIn(Kind.CLEAN, Kind.IDENTITY);
        assertDone(copy, damaged);
    }

    /* Whatever a cut takes away is in quarantine, whole, or still in its place. */
    private static void assertNothingLost(MemoryFiles now, MemoryFiles damaged) {
        try {
            List<byte[]> kept = new ArrayList<>();
            if (now.exists(LAYOUT.quarantine())) {
                for (String number : now.list(LAYOUT.quarantine())) {
                    Path directory = LAYOUT.quarantine().resolve(number);
                    if (now.exists(directory.resolve("MANIFEST"))) {
                        for (String name : now.list(directory)) {
                            kept.add(now.content(directory.resolve(name)));
                        }
                    }
                }
            }
            for (String name : damaged.list(LAYOUT.segments())) {
                Path segment = LAYOUT.segments().resolve(name);
                byte[] before = damaged.content(segment);
                boolean there = now.exists(segment) && Arrays.equals(now.content(segment), before);
                assertThat(there || kept.stream().anyMatch(copy -> holdsTail(before, copy)))
                        .as("%s", segment)
                        .isTrue();
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /* A copy of the end of a segment, up to its last byte that is not zero; not of one that is zeros alone. */
    private static boolean holdsTail(byte[] segment, byte[] copy) {
        int end = segment.length;
        while (end > 0 && segment[end - 1] == 0) {
            end--;
        }
        int last = copy.length;
        while (last > 0 && copy[last - 1] == 0) {
            last--;
        }
        return last > 0
                && last <= end
                && Arrays.equals(Arrays.copyOfRange(segment, end - last, end), Arrays.copyOf(copy, last));
    }

    /* A repair, and another one: the log is whole, with the groups that it had before the damage, and then nothing changes. */
    private static void assertDone(MemoryFiles copy, MemoryFiles damaged) {
        WalReport before = report(damaged);
        attempt(copy);
        WalReport after = report(copy);
        boolean cut = before.verdict().kind() == Kind.CORRUPT;
        assertThat(after.verdict().kind())
                .as("%s", after.verdict())
                .isEqualTo(cut && mustLose(damaged) ? Kind.IDENTITY : Kind.CLEAN);
        assertThat(after.groups()).isEqualTo(before.groups());
        assertThat(after.verdict().endPosition()).isEqualTo(before.verdict().endPosition());
        assertThat(after.identity().orElseThrow().damagedCopy()).isZero();
        assertThat(after.identity().orElseThrow().mustRejoin())
                .isEqualTo(before.identity().orElseThrow().mustRejoin() || (cut && mustLose(damaged)));
        assertThat(after.mark().orElseThrow().slotUnreadable()).isFalse();
        List<String> log = copy.log();
        assertThat(attempt(copy).done()).isEmpty();
        assertThat(log).allMatch(operation -> operation.startsWith("sync "));
        if (after.verdict().opens()) {
            Driver.open(copy.copy(), OPTIONS);
        } else {
            assertThatThrownBy(() -> Driver.open(copy.copy(), OPTIONS)).isInstanceOf(WalMustRejoin.class);
        }
    }

    private static boolean mustLose(MemoryFiles damaged) {
        WalVerdict verdict = report(damaged).verdict();
        return verdict.certifiedPosition() > verdict.endPosition();
    }

    private static WalRepair.Outcome attempt(MemoryFiles copy) {
        WalVerdict verdict = report(copy).verdict();
        return verdict.kind() == Kind.CORRUPT
                ? repair(copy).cut(verdict.cutPosition())
                : repair(copy).mend();
    }

    private static Map<String, MemoryFiles> damagedLogs() {
        Map<String, MemoryFiles> damaged = new TreeMap<>();
        Driver closed = new Driver(new MemoryFiles(), Driver.smallOptions(12));
        closed.create();
        WalInspectionTest.fourSegments(closed);
        closed.close();
        damage(damaged, closed, "in the last segment", files -> files.flip(LAYOUT.segment(4), 8 * 5000));
        damage(damaged, closed, "in the middle", files -> files.flip(LAYOUT.segment(2), 8 * (4096 + 3000)));
        damage(damaged, closed, "in a header", files -> files.flip(LAYOUT.segment(3), 8 * 20));
        damage(damaged, closed, "in a first frame", files -> files.flip(LAYOUT.segment(3), 8 * 4100));
        damage(damaged, closed, "a missing segment", files -> files.remove(LAYOUT.segment(3)));
        damage(damaged, closed, "behind the end", files -> files.flip(LAYOUT.segment(4), 8 * 16_000));
        damage(damaged, closed, "one copy of all", files -> {
            files.flip(LAYOUT.identity(), 8 * 4100);
            files.flip(LAYOUT.mark(), 8 * 4100);
            files.flip(LAYOUT.segment(2), 8 * 8000);
        });
        damage(damaged, closed, "a copy of IDENTITY and of MARK", files -> {
            files.flip(LAYOUT.identity(), 8 * 50);
            files.flip(LAYOUT.mark(), 8 * 4100);
        });
        return damaged;
    }

    private static void damage(
            Map<String, MemoryFiles> damaged, Driver closed, String name, Consumer<MemoryFiles> damage) {
        MemoryFiles copy = closed.files().copy();
        damage.accept(copy);
        damaged.put(name, copy);
    }

    // ---------------------------------------------------------------- parts

    private void threeEntries() {
        host.create();
        host.append(new HardState(1, 1, 0), host.some(1, 1, 3, 50));
        host.sync();
    }

    private void fourSegments() {
        host.create();
        WalInspectionTest.fourSegments(host);
        host.close();
    }

    private List<WalRecord> records() {
        List<WalRecord> records = new ArrayList<>();
        WalInspection.of(files, LAYOUT).withPayloads().read(records::add);
        return records;
    }

    private static WalReport report(MemoryFiles files) {
        return WalInspection.of(files, LAYOUT).read();
    }

    private static WalRepair repair(MemoryFiles files) {
        return new WalRepair(files, LAYOUT, WalProgress.NONE, OPTIONS);
    }
}
