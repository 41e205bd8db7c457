package dev.keelraft.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keelraft.model.Entry;
import dev.keelraft.model.HardState;
import dev.keelraft.wal.WalReport.Content;
import dev.keelraft.wal.WalReport.Meaning;
import dev.keelraft.wal.WalVerdict.Fragment;
import dev.keelraft.wal.WalVerdict.Kind;
import dev.keelraft.wal.WalVerdict.LastEntry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.zip.CRC32C;
import net.jqwik.api.Example;

/** What an operator is told about a log, without anything being changed, or anybody disturbed. */
class WalInspectionTest {
    private static final Layout LAYOUT = Layout.in(Driver.DATA);

    private final Driver host = new Driver(new MemoryFiles(), Driver.smallOptions(11));
    private final MemoryFiles files = host.files();

    // ---------------------------------------------------------------- it only reads

    @Example
    void a_reading_changes_nothing_and_takes_no_lock() {
        Workload.mixed(host);
        host.open();
        host.entries(7, host.now().lastIndex() + 1, 2, 100);
        List<String> log = files.log();
        int read = files.reads();
        WalReport report = inspection().withAllSnapshots().withPayloads().read();
        assertThat(log).isEmpty();
        assertThat(files.reads()).isGreaterThan(read);
        assertThat(report.verdict().opens()).isTrue();
        assertThatThrownBy(() -> Driver.open(files, Driver.smallOptions(1))).isInstanceOf(WalLocked.class);
        host.sync();
        host.close();
        host.open();
    }

    @Example
    void what_a_reader_gets_cannot_write() throws IOException {
        host.create();
        host.close();
        FileLayer reading = new ReadOnlyFiles(files, bytes -> {});
        Path path = LAYOUT.mark();
        for (Consumer<FileLayer> attempt : List.<Consumer<FileLayer>>of(
                any(f -> f.create(path.resolveSibling("new"))),
                any(f -> f.open(path)),
                any(f -> f.delete(path)),
                any(f -> f.rename(path, LAYOUT.nextMark())),
                any(f -> f.createDirectory(LAYOUT.quarantine())),
                any(f -> f.syncDirectory(LAYOUT.raft())),
                any(f -> f.lock(LAYOUT.lock())),
                any(f -> f.openToRead(path).write(ByteBuffer.allocate(1), 0)),
                any(f -> f.openToRead(path).force(true)))) {
            assertThatThrownBy(() -> attempt.accept(reading)).isInstanceOf(IllegalStateException.class);
        }
        assertThat(files.exists(path)).isTrue();
    }

    private interface Attempt {
        void on(FileLayer files) throws IOException;
    }

    private static Consumer<FileLayer> any(Attempt attempt) {
        return files -> {
            try {
                attempt.on(files);
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        };
    }

    // ---------------------------------------------------------------- the verdicts

    @Example
    void a_closed_log_is_clean() {
        threeEntries();
        host.close();
        WalReport report = inspection().expecting(Driver.IDENTITY).read();
        WalVerdict verdict = report.verdict();
        assertThat(verdict.kind()).isEqualTo(Kind.CLEAN);
        assertThat(verdict.text()).contains("The log was closed.");
        assertThat(verdict.endPosition()).isEqualTo(verdict.certifiedPosition());
        assertThat(verdict.lastGood()).containsExactly(new LastEntry(0, 3, 1));
        assertThat(verdict.cutPosition()).isEqualTo(-1);
        assertThat(report.inUse()).isFalse();
        assertThat(report.identity().orElseThrow().member()).isEqualTo(Driver.IDENTITY);
        assertThat(report.mark().orElseThrow().closed()).isTrue();
        assertThat(report.others()).isEmpty();
    }

    @Example
    void a_log_that_was_not_closed_is_clean_if_nothing_is_torn() {
        threeEntries();
        files.kill();
        WalVerdict verdict = verdict();
        assertThat(verdict.kind()).isEqualTo(Kind.CLEAN);
        assertThat(verdict.text()).contains("not closed");
    }

    @Example
    void a_torn_end_is_torn_and_counted() {
        threeEntries();
        files.kill();
        long end = new Forger(files).endOfTail();
        write(LAYOUT.segment(1), end + 20, new byte[] {1, 2});
        WalVerdict verdict = verdict();
        assertThat(verdict.kind()).isEqualTo(Kind.TORN);
        assertThat(verdict.droppedBytes()).isEqualTo(22);
        assertThat(verdict.file()).isEqualTo(LAYOUT.segment(1).toString());
        assertThat(verdict.offset()).isEqualTo(end);
        assertThat(verdict.endPosition()).isEqualTo(end);
        host.open();
        assertThat(host.wal().recovered().droppedBytes()).isEqualTo(22);
    }

    @Example
    void damage_is_described_with_what_is_good_before_it_and_readable_behind_it() {
        threeEntries();
        long damaged = new Forger(files).endOfTail();
        host.entries(1, 4, 2, 10);
        host.sync();
        long readable = new Forger(files).endOfTail();
        host.entries(2, 6, 2, 10);
        host.sync();
        host.group(-1);
        host.append(new HardState(5, 1, 0), host.some(5, 1, 1, 10));
        host.sync();
        host.group(0);
        host.hardState(3, 1, 7);
        host.sync();
        long end = new Forger(files).endOfTail();
        host.close();
        files.flip(LAYOUT.segment(1), 8 * (damaged + 60));
        WalReport report = inspection().read();
        WalVerdict verdict = report.verdict();
        assertThat(verdict.kind()).isEqualTo(Kind.CORRUPT);
        assertThat(verdict.file()).isEqualTo(LAYOUT.segment(1).toString());
        assertThat(verdict.offset()).isEqualTo(damaged);
        assertThat(verdict.endPosition()).isEqualTo(damaged);
        assertThat(verdict.cutPosition()).isEqualTo(damaged);
        assertThat(verdict.certifiedPosition()).isEqualTo(end);
        assertThat(verdict.lastGood()).containsExactly(new LastEntry(0, 3, 1));
        assertThat(verdict.laterFrames()).isEqualTo(3);
        assertThat(verdict.laterEntries()).isEqualTo(3);
        assertThat(verdict.later()).hasSize(2);
        Fragment first = verdict.later().get(0);
        assertThat(first).isEqualTo(new Fragment(LAYOUT.segment(1).toString(), readable, first.batch(), 0, 6, 7, 2, 2));
        assertThat(verdict.later().get(1).group()).isEqualTo(-1);
        assertThat(report.groups()).hasSize(1);
        assertThat(report.groups().get(0).lastIndex()).isEqualTo(3);
        assertThatThrownBy(host::open).isInstanceOf(WalCorrupt.class).hasMessage(verdict.text());
    }

    @Example
    void what_later_segments_hold_is_told_too() {
        host.create();
        fourSegments(host);
        host.close();
        files.flip(LAYOUT.segment(2), 8 * 4200); // in its first frame: nothing of it counts
        WalReport report = inspection().read();
        WalVerdict verdict = report.verdict();
        assertThat(verdict.kind()).isEqualTo(Kind.CORRUPT);
        assertThat(report.segments()).hasSize(4);
        assertThat(report.segments().get(0).endPosition()).isEqualTo(verdict.cutPosition());
        assertThat(report.segments().get(1).endPosition()).isEqualTo(-1);
        assertThat(report.segments().get(2).position()).isGreaterThan(verdict.cutPosition());
        long lastGood = verdict.lastGood().get(0).index();
        assertThat(lastGood).isPositive();
        assertThat(verdict.later().get(0).file()).isEqualTo(LAYOUT.segment(2).toString());
        assertThat(verdict.later().get(0).firstIndex()).isEqualTo(lastGood + 1);
        assertThat(verdict.lastGood().get(0).index() + verdict.laterEntries())
                .isEqualTo(host.now().lastIndex());
    }

    @Example
    void a_missing_segment_ends_what_is_good() {
        host.create();
        fourSegments(host);
        host.close();
        files.remove(LAYOUT.segment(3));
        WalVerdict verdict = verdict();
        assertThat(verdict.kind()).isEqualTo(Kind.CORRUPT);
        assertThat(verdict.text()).contains("a segment is missing");
        assertThat(verdict.file()).isEqualTo(LAYOUT.segment(3).toString());
        assertThat(verdict.cutPosition()).isPositive();
        files.remove(LAYOUT.segment(1));
        WalVerdict nothing = verdict();
        assertThat(nothing.endPosition()).isZero();
        assertThat(nothing.cutPosition()).isEqualTo(-1);
        assertThat(nothing.cutProblem()).contains("no part of the log is good");
        assertThat(nothing.lastGood()).isEmpty();
    }

    @Example
    void a_missing_directory_is_named_and_what_else_is_there_is_shown() {
        threeEntries();
        host.close();
        for (Path directory : List.of(LAYOUT.segments(), LAYOUT.snapshots())) {
            MemoryFiles copy = files.copy();
            copy.remove(directory);
            WalReport report = WalInspection.of(copy, LAYOUT).read();
            boolean segments = directory.equals(LAYOUT.segments());
            assertThat(report.verdict().kind()).isEqualTo(segments ? Kind.CORRUPT : Kind.CLEAN);
            assertThat(report.verdict().file()).isEqualTo(segments ? directory.toString() : "");
            assertThat(report.segments()).hasSize(segments ? 0 : 1);
            assertThat(report.identity().orElseThrow().member()).isEqualTo(Driver.IDENTITY);
            assertThat(report.mark().orElseThrow().closed()).isTrue();
        }
    }

    @Example
    void the_log_of_somebody_else_is_told_by_its_identity() {
        host.create();
        host.close();
        WalVerdict verdict =
                inspection().expecting(new WalIdentity(0xC1, 8)).read().verdict();
        assertThat(verdict.kind()).isEqualTo(Kind.IDENTITY);
        assertThat(verdict.text()).contains("belongs to member 7 of cluster 193, not to member 8");
        assertThat(verdict.file()).isEqualTo(LAYOUT.identity().toString());
    }

    @Example
    void a_newer_version_is_unsupported() {
        threeEntries();
        host.close();
        long end = new Forger(files).endOfTail();
        new Forger(files).append(Forger.record(99, 0, 0), 1, 0, 1, 0);
        WalVerdict verdict = verdict();
        assertThat(verdict.kind()).isEqualTo(Kind.UNSUPPORTED);
        assertThat(verdict.file()).isEqualTo(LAYOUT.segment(1).toString());
        assertThat(verdict.offset()).isEqualTo(end);
    }

    @Example
    void a_read_that_fails_is_no_verdict_on_the_log() {
        Workload.mixed(host);
        int reads = files.reads();
        inspection().read();
        int count = files.reads() - reads;
        assertThat(count).isGreaterThan(10);
        int failed = 0;
        for (int read = 1; read <= count; read++) {
            Driver copy = host.copy();
            copy.files().failReadAt(read);
            WalReport report = WalInspection.of(copy.files(), LAYOUT).read();
            assertThat(report.verdict().kind()).as("read %s", read).isIn(Kind.IO_ERROR, Kind.CLEAN);
            failed += report.verdict().kind() == Kind.IO_ERROR ? 1 : 0;
        }
        assertThat(failed).isGreaterThan(count / 2);
    }

    @Example
    void any_bytes_in_any_file_get_the_verdict_of_an_open() {
        Workload.random(3, 60).run(host);
        host.sync();
        files.kill();
        Path last = new Forger(files).tail();
        List<Path> paths = List.of(LAYOUT.identity(), LAYOUT.mark(), last, LAYOUT.owner());
        for (int seed = 0; seed < 400; seed++) {
            Random random = new Random(seed);
            MemoryFiles copy = files.copy();
            Path path = paths.get(seed % paths.size());
            byte[] bytes = random.nextBoolean() ? new byte[random.nextInt(20_000)] : copy.content(path);
            byte[] noise = new byte[Math.min(bytes.length, 1 + random.nextInt(5000))];
            random.nextBytes(noise);
            System.arraycopy(noise, 0, bytes, random.nextInt(bytes.length - noise.length + 1), noise.length);
            copy.put(path, bytes);
            WalVerdict verdict = WalInspection.of(copy, LAYOUT).read().verdict();
            try {
                Driver.open(copy, Driver.smallOptions(1));
                assertThat(verdict.opens()).as("seed %s: %s", seed, verdict).isTrue();
            } catch (WalCorrupt | WalUnsupportedVersion e) {
                assertThat(verdict.text()).as("seed %s", seed).isEqualTo(e.getMessage());
            }
        }
    }

    @Example
    void no_log_at_all_is_said() {
        assertThatThrownBy(() -> inspection().read())
                .isInstanceOf(WalNotFound.class)
                .hasMessageContaining("no log in /data/raft");
    }

    // ---------------------------------------------------------------- readings that differ

    @Example
    void damage_that_is_gone_at_the_second_reading_is_an_error_of_the_disk() {
        host.create();
        fourSegments(host);
        host.close();
        long bit = 8 * 5000;
        files.flip(LAYOUT.segment(2), bit);
        int[] reads = {0};
        WalReport report = inspection()
                .withProgress((done, total) -> {
                    if (done > 0 && ++reads[0] == 5) {
                        files.flip(LAYOUT.segment(2), bit);
                    }
                })
                .read();
        assertThat(reads[0]).isGreaterThan(5);
        assertThat(report.verdict().kind()).isEqualTo(Kind.IO_ERROR);
        assertThat(report.verdict().text())
                .contains("two readings of the log differ")
                .contains("all is well");
        assertThat(verdict().kind()).isEqualTo(Kind.CLEAN);
    }

    @Example
    void an_open_reads_again_too_before_it_calls_something_damaged() {
        host.create();
        fourSegments(host);
        host.close();
        files.flip(LAYOUT.segment(2), 8 * 5000);
        int[] reads = {0};
        FileLayer flaky = new ReadOnlyFiles(files, bytes -> {
            if (++reads[0] == 5) {
                files.flip(LAYOUT.segment(2), 8 * 5001);
                files.flip(LAYOUT.segment(1), 8 * 5001);
            }
        });
        Recovery recovery = new Recovery(flaky, LAYOUT, Driver.IDENTITY);
        assertThatThrownBy(recovery::read)
                .isInstanceOf(IOException.class)
                .hasMessageContaining("0000000000000002.wal")
                .hasMessageContaining("two readings of the log differ");
    }

    // ---------------------------------------------------------------- a log in use

    /* The writer goes on after each single read of the reader, with cuts and releases, and must never look damaged. */
    @Example
    void the_moving_end_of_a_log_in_use_is_no_damage() {
        int inUse = 0;
        int tooFast = 0;
        for (int seed = 1; seed <= 200; seed++) {
            // With a true clock the owner is known to live; with the other one only MARK shows it.
            WalOptions options = Driver.smallOptions(seed);
            Driver writer =
                    new Driver(new MemoryFiles(), seed % 2 == 0 ? options : options.withClock(InstantSource.system()));
            Workload.random(seed, 40).run(writer);
            Random random = new Random(seed);
            int first = seed % 6;
            int[] reads = {0};
            WalReport report = WalInspection.of(writer.files(), LAYOUT)
                    .withProgress((done, total) -> {
                        if (++reads[0] >= first) {
                            Workload.step(writer, random);
                        }
                    })
                    .read();
            boolean gaveUp = report.verdict().text().contains("changes faster than it can be read");
            assertThat(report.verdict().kind() == Kind.CLEAN || gaveUp)
                    .as("%s: %s", seed, report.verdict())
                    .isTrue();
            tooFast += gaveUp ? 1 : 0;
            inUse += report.inUse() ? 1 : 0;
            writer.sync();
        }
        assertThat(inUse).isGreaterThan(150);
        assertThat(tooFast).isLessThan(50);
    }

    /* By the machine's clock its owner, this process, is alive; by that of other tests it has ended long ago. */
    private static Driver writer() {
        Driver writer = new Driver(new MemoryFiles(), Driver.smallOptions(4).withClock(InstantSource.system()));
        writer.create();
        return writer;
    }

    @Example
    void a_living_owner_is_seen_and_what_it_has_not_synced_is_left_alone() {
        Driver writer = writer();
        writer.entries(1, 1, 3, 10);
        writer.sync();
        long end = new Forger(writer.files()).endOfTail();
        write(writer.files(), LAYOUT.segment(1), end, new byte[] {1, 2, 3});
        WalReport report = WalInspection.of(writer.files(), LAYOUT).read();
        assertThat(report.inUse()).isTrue();
        assertThat(report.owner().orElseThrow().alive()).isTrue();
        assertThat(report.owner().orElseThrow().pid())
                .isEqualTo(ProcessHandle.current().pid());
        assertThat(report.verdict().kind()).isEqualTo(Kind.CLEAN);
        assertThat(report.verdict().text()).contains("in use");
        assertThat(report.verdict().endPosition()).isEqualTo(end);
    }

    @Example
    void damage_of_what_was_durable_is_seen_in_a_log_in_use_too() {
        Driver writer = writer();
        fourSegments(writer);
        writer.files().flip(LAYOUT.segment(2), 8 * 5000);
        WalReport report = WalInspection.of(writer.files(), LAYOUT)
                .withProgress((done, total) -> {
                    if (writer.now().lastIndex() < 500) {
                        writer.entries(1, writer.now().lastIndex() + 1, 1, 10);
                        writer.sync();
                    }
                })
                .read();
        assertThat(report.verdict().kind()).isEqualTo(Kind.CORRUPT);
        assertThat(report.verdict().file()).isEqualTo(LAYOUT.segment(2).toString());
        assertThat(report.verdict().cutPosition()).isEqualTo(-1);
        assertThat(report.verdict().cutProblem()).contains("in use");
    }

    @Example
    void a_mark_that_points_between_two_frames_or_to_another_one_is_seen_in_a_log_in_use_too() throws IOException {
        Driver writer = writer();
        writer.entries(1, 1, 3, 10);
        writer.sync();
        Mark newest = MarkFile.read(writer.files(), LAYOUT.mark()).found();
        for (Mark wrong : List.of(marked(newest, newest.durableLsn() - 8, 0), marked(newest, newest.durableLsn(), 1))) {
            MemoryFiles copy = writer.files().copy();
            MarkFile mark = MarkFile.open(copy, LAYOUT.mark(), MarkFile.read(copy, LAYOUT.mark()));
            mark.write(wrong);
            mark.close();
            WalReport report = WalInspection.of(copy, LAYOUT).read();
            assertThat(report.inUse()).isTrue();
            assertThat(report.verdict().kind()).isEqualTo(Kind.CORRUPT);
            assertThat(report.verdict().text()).contains("no frame that ends at " + wrong.durableLsn());
        }
    }

    static Mark marked(Mark newest, long durableLsn, int chainBits) {
        return Marks.durable(newest, durableLsn, newest.lastBatch(), newest.chain() ^ chainBits);
    }

    @Example
    void damage_that_is_elsewhere_at_every_reading_of_a_log_in_use_is_not_believed() {
        Driver writer = writer();
        fourSegments(writer);
        Path third = LAYOUT.segment(3);
        Path second = LAYOUT.segment(2);
        List<Runnable> damage = new ArrayList<>(List.of(
                () -> writer.files().flip(third, 8 * 8000),
                () -> writer.files().flip(third, 8 * 5000),
                () -> writer.files().flip(second, 8 * 8000),
                () -> writer.files().flip(second, 8 * 5000),
                () -> writer.files().flip(LAYOUT.segment(1), 8 * 8000)));
        long[] before = {Long.MAX_VALUE};
        WalReport report = WalInspection.of(writer.files(), LAYOUT)
                .withProgress((done, total) -> {
                    if (done < before[0]) {
                        damage.remove(0).run(); // another reading begins
                    }
                    before[0] = done;
                    writer.entries(1, writer.now().lastIndex() + 1, 1, 10);
                    writer.sync();
                })
                .read();
        assertThat(damage).isEmpty();
        assertThat(report.verdict().kind()).isEqualTo(Kind.IO_ERROR);
        assertThat(report.verdict().text()).contains("changes faster than it can be read");
    }

    @Example
    void a_log_whose_segments_vanish_under_every_reading_is_not_called_damaged() {
        Driver writer = writer();
        fourSegments(writer);
        WalReport report = WalInspection.of(writer.files(), LAYOUT)
                .withProgress((done, total) -> {
                    fourSegments(writer);
                    writer.hardState(1, 1, writer.now().lastIndex());
                    writer.saveSnapshot(writer.now().lastIndex());
                    writer.release(writer.now().lastIndex());
                })
                .read();
        assertThat(report.verdict().kind()).isEqualTo(Kind.IO_ERROR);
        assertThat(report.verdict().text()).contains("changes faster than it can be read");
    }

    @Example
    void a_process_that_began_after_the_owner_only_has_its_number() {
        Owner before = new Owner(
                ProcessHandle.current().pid(),
                ProcessHandle.current().info().startInstant().orElseThrow().minusSeconds(60));
        assertThat(before.isAlive()).isFalse();
        assertThat(Owner.self(InstantSource.system().millis()).isAlive()).isTrue();
        assertThat(new Owner(Long.MAX_VALUE, InstantSource.system().instant()).isAlive())
                .isFalse();
    }

    @Example
    void an_owner_that_says_nothing_readable_is_nobody() {
        host.create();
        host.close();
        for (String text : List.of("", "process x since then", "process 3 since 4", "somebody", "process since")) {
            files.put(LAYOUT.owner(), text.getBytes(java.nio.charset.StandardCharsets.UTF_8));
            assertThat(inspection().read().owner()).as(text).isEmpty();
        }
    }

    // ---------------------------------------------------------------- the records

    @Example
    void the_records_lead_to_what_the_log_holds() {
        Workload.random(21, 60).run(host);
        host.sync();
        host.close();
        TreeMap<Long, Entry> entries = new TreeMap<>();
        HardState[] hardState = {HardState.EMPTY};
        long[] last = {0, 0};
        inspection().withPayloads().read(record -> {
            assertThat(record.position()).isGreaterThan(last[0]);
            assertThat(record.batch()).isBetween(last[1], last[1] == 0 ? Long.MAX_VALUE : last[1] + 1);
            last[0] = record.position();
            last[1] = record.batch();
            switch (record.type()) {
                case ENTRY -> {
                    entries.tailMap(record.index(), true).clear();
                    assertThat(crc(record.payload())).isEqualTo(record.payloadCrc32c());
                    assertThat(record.payload()).hasSize(record.payloadBytes());
                    entries.put(
                            record.index(),
                            new Entry(
                                    record.term(),
                                    record.index(),
                                    record.entryType().orElseThrow(),
                                    record.payload()));
                }
                case HARD_STATE, STATE -> hardState[0] = record.hardState();
                case INSTALL -> entries.clear();
                case SNAPSHOT -> assertThat(record.file().isNone()).isFalse();
                case COMPACT, BOOT -> assertThat(record.payload()).isEmpty();
            }
        });
        assertThat(hardState[0]).isEqualTo(host.now().hardState());
        assertThat(List.copyOf(entries.tailMap(host.now().startIndex() + 1).values()))
                .isEqualTo(host.now().entries());
    }

    private static int crc(byte[] bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        return (int) crc.getValue();
    }

    @Example
    void payloads_are_shown_only_if_somebody_asks() {
        threeEntries();
        host.close();
        List<WalRecord> records = new ArrayList<>();
        inspection().read(records::add);
        assertThat(records)
                .extracting(WalRecord::type)
                .containsExactly(
                        WalRecord.Type.STATE,
                        WalRecord.Type.BOOT,
                        WalRecord.Type.ENTRY,
                        WalRecord.Type.ENTRY,
                        WalRecord.Type.ENTRY,
                        WalRecord.Type.HARD_STATE);
        assertThat(records).allMatch(record -> record.payload().length == 0);
        assertThat(records.get(2).payloadBytes()).isEqualTo(50);
        assertThat(records.get(1).bootCount()).isEqualTo(1);
        assertThat(records.get(5).hardState()).isEqualTo(new HardState(1, 1, 0));
    }

    @Example
    void the_records_before_the_damage_are_shown_once() {
        host.create();
        fourSegments(host);
        host.close();
        files.flip(LAYOUT.segment(3), 8 * 5000);
        List<Long> indexes = new ArrayList<>();
        WalReport report = inspection().read(record -> {
            if (record.type() == WalRecord.Type.ENTRY) {
                indexes.add(record.index());
            }
        });
        assertThat(report.verdict().kind()).isEqualTo(Kind.CORRUPT);
        assertThat(indexes).doesNotHaveDuplicates().isSorted();
        assertThat(indexes).hasSize((int) report.verdict().lastGood().get(0).index());
    }

    @Example
    void a_log_that_is_read_again_as_somebody_has_opened_it_shows_each_record_once() {
        host.create();
        fourSegments(host);
        host.close();
        int[] reads = {0};
        List<Long> positions = new ArrayList<>();
        WalReport report = inspection()
                .withProgress((done, total) -> {
                    if (++reads[0] == 3) {
                        host.open();
                    }
                })
                .read(record -> positions.add(record.position()));
        assertThat(reads[0]).isGreaterThan(6);
        assertThat(report.inUse()).isTrue();
        assertThat(report.verdict().kind()).isEqualTo(Kind.CLEAN);
        assertThat(positions).doesNotHaveDuplicates().isSorted();
        List<Long> whole = new ArrayList<>();
        inspection().read(record -> whole.add(record.position()));
        assertThat(positions).isEqualTo(whole);
    }

    @Example
    void a_visitor_that_throws_ends_the_reading_and_leaves_nothing_open() {
        threeEntries();
        IllegalStateException enough = new IllegalStateException("enough");
        assertThatThrownBy(() -> inspection().read(record -> {
                    throw enough;
                }))
                .isSameAs(enough);
        host.close();
    }

    // ---------------------------------------------------------------- what else is there

    @Example
    void files_that_are_no_part_of_the_log_are_listed() {
        host.create();
        fourSegments(host);
        host.hardState(1, 1, host.now().lastIndex());
        host.saveSnapshot(host.now().lastIndex());
        byte[] released = files.content(LAYOUT.segment(1));
        host.release(host.now().lastIndex());
        host.close();
        files.put(LAYOUT.segment(1), released);
        files.put(LAYOUT.nextSegment(), new byte[3]);
        files.put(LAYOUT.spare(1), new byte[4]);
        files.put(LAYOUT.nextMark(), new byte[5]);
        files.put(LAYOUT.nextIdentity(), new byte[5]);
        files.put(LAYOUT.segments().resolve("x.broken"), new byte[6]);
        files.put(LAYOUT.raft().resolve("notes"), new byte[7]);
        files.put(LAYOUT.snapshots().resolve("old"), new byte[8]);
        Map<String, Meaning> found = new TreeMap<>();
        WalReport report = inspection().read();
        report.others().forEach(other -> found.put(other.name(), other.meaning()));
        assertThat(report.verdict().kind()).isEqualTo(Kind.CLEAN);
        assertThat(found)
                .containsOnly(
                        Map.entry("wal/0000000000000001.wal", Meaning.RELEASED_SEGMENT),
                        Map.entry("wal/next.tmp", Meaning.IN_PREPARATION),
                        Map.entry("wal/spare-0000000000000001.tmp", Meaning.IN_PREPARATION),
                        Map.entry("MARK.tmp", Meaning.IN_PREPARATION),
                        Map.entry("IDENTITY.tmp", Meaning.IN_PREPARATION),
                        Map.entry("wal/x.broken", Meaning.UNKNOWN),
                        Map.entry("notes", Meaning.UNKNOWN),
                        Map.entry("snap/old", Meaning.UNREFERENCED_SNAPSHOT));
        host.open();
    }

    @Example
    void each_snapshot_is_told_whole_damaged_missing_or_not_read() {
        host.create();
        host.append(new HardState(1, 1, 6), host.some(1, 1, 6, 50));
        host.saveSnapshot(2);
        host.saveSnapshot(5);
        host.close();
        assertThat(contents(inspection())).containsExactly(Content.NOT_READ, Content.WHOLE);
        assertThat(contents(inspection().withAllSnapshots())).containsExactly(Content.WHOLE, Content.WHOLE);
        files.flip(LAYOUT.snapshots().resolve("s-2"), 100);
        assertThat(contents(inspection())).containsExactly(Content.WHOLE, Content.DAMAGED);
        files.remove(LAYOUT.snapshots().resolve("s-1"));
        assertThat(contents(inspection())).containsExactly(Content.MISSING, Content.DAMAGED);
        assertThat(verdict().kind()).isEqualTo(Kind.CLEAN);
    }

    private static List<Content> contents(WalInspection inspection) {
        return inspection.read().snapshots().stream()
                .map(WalReport.SavedState::content)
                .toList();
    }

    @Example
    void a_damaged_copy_is_told_though_the_log_is_whole() {
        threeEntries();
        host.close();
        files.flip(LAYOUT.identity(), 8 * 4100);
        files.flip(LAYOUT.mark(), 8 * 30);
        WalReport report = inspection().read();
        assertThat(report.verdict().opens()).isTrue();
        assertThat(report.identity().orElseThrow().damagedCopy()).isEqualTo(2);
        assertThat(report.mark().orElseThrow().slotUnreadable()).isTrue();
    }

    @Example
    void progress_reaches_the_total_of_the_segments() {
        host.create();
        fourSegments(host);
        host.close();
        long[] last = {0, 0};
        inspection()
                .withProgress((done, total) -> {
                    assertThat(done).isGreaterThanOrEqualTo(last[0]);
                    last[0] = done;
                    last[1] = total;
                })
                .read();
        assertThat(last[1]).isEqualTo(4L * WalOptions.MIN_SEGMENT_BYTES);
        assertThat(last[0]).isGreaterThanOrEqualTo(last[1]);
    }

    @Example
    void an_upgrade_of_the_only_version_changes_nothing() {
        threeEntries();
        host.close();
        List<String> log = files.log();
        WalUpgrade.Outcome outcome = new WalUpgrade(inspection()).run();
        assertThat(outcome.major()).isEqualTo(1);
        assertThat(outcome.changed()).isFalse();
        assertThat(outcome.report().verdict().kind()).isEqualTo(Kind.CLEAN);
        new Forger(files).append(Forger.record(99, 0, 0), 1, 0, 1, 0);
        log.clear();
        assertThat(new WalUpgrade(inspection()).run().report().verdict().kind()).isEqualTo(Kind.UNSUPPORTED);
        assertThat(log).isEmpty();
    }

    // ---------------------------------------------------------------- parts

    private WalInspection inspection() {
        return WalInspection.of(files, LAYOUT);
    }

    private WalVerdict verdict() {
        return inspection().read().verdict();
    }

    private void threeEntries() {
        host.create();
        host.append(new HardState(1, 1, 0), host.some(1, 1, 3, 50));
        host.sync();
    }

    static void fourSegments(Driver host) {
        long term = Math.max(1, host.now().lastTerm());
        for (int i = 0; i < 7; i++) {
            host.entries(term, host.now().lastIndex() + 1, 1, 3000);
            host.sync();
        }
    }

    private void write(Path path, long offset, byte[] bytes) {
        write(files, path, offset, bytes);
    }

    static void write(MemoryFiles files, Path path, long offset, byte[] bytes) {
        try (OpenFile file = files.open(path)) {
            file.write(ByteBuffer.wrap(bytes), offset);
            file.force(true);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
