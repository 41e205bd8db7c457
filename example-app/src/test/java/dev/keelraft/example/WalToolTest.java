package dev.keelraft.example;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.keelraft.Readys;
import dev.keelraft.example.wal.WalCommand;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Snapshot;
import dev.keelraft.wal.SnapshotFile;
import dev.keelraft.wal.Wal;
import dev.keelraft.wal.WalIdentity;
import dev.keelraft.wal.WalOptions;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.RandomAccessFile;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** The commands of {@code keel-kv wal}, on real files. */
class WalToolTest {
    private static final WalIdentity IDENTITY = new WalIdentity(-1, 7);
    private static final WalOptions OPTIONS = WalOptions.defaults().withSegmentBytes(WalOptions.MIN_SEGMENT_BYTES);
    private static final long OTHER_GROUP = -2;

    @TempDir
    private Path data;

    private StringWriter out = new StringWriter();
    private StringWriter err = new StringWriter();

    // ---------------------------------------------------------------- verify

    @Test
    void a_closed_log_is_clean() {
        create().close();
        assertThat(wal("verify")).isZero();
        assertThat(out.toString()).startsWith("verdict     CLEAN: all is whole");
        assertThat(words()).contains("The log was closed.");
        assertThat(err.toString()).isEmpty();
        assertThat(run("wal", "verify", data.resolve("raft").toString()))
                .as("the log itself is named")
                .isZero();
    }

    @Test
    void a_torn_end_exits_with_1_and_the_next_open_heals_it() throws IOException {
        create().close();
        try (Wal wal = open()) {
            wal.append(Readys.of(new HardState(2, 7, 5), Snapshot.NONE, List.of()));
            wal.sync();
            write(lastSegment(), end(), new byte[] {1});
            // As a dead process leaves it: this one lives, so the owner must be somebody else.
            Files.writeString(data.resolve("raft/OWNER"), "process 999999999 since 2026-01-01T00:00:00Z");
            assertThat(wal("verify")).isEqualTo(1);
            assertThat(words()).contains("TORN: 1 bytes behind position").contains("the next open drops them");
        }
    }

    @Test
    void damage_exits_with_2_and_says_what_is_good_and_what_is_left() throws IOException {
        create().close();
        flip(segment(1), 4096 + 5000);
        assertThat(wal("verify")).isEqualTo(2);
        assertThat(out.toString())
                .contains("verdict     CORRUPT: ")
                .containsPattern("where       \\S+0000000000000001.wal, offset \\d+")
                .containsPattern("good up to  position \\d+")
                .containsPattern("was durable up to position \\d+")
                .containsPattern("last good   group 0: entry \\d+ of term 1")
                .containsPattern("missing     group 0: entries \\d+ to \\d+, up to what can be read again")
                .containsPattern("readable    group 0: entries \\d+ to \\d+ of term 1, in batch \\d+ at position \\d+")
                .containsPattern("in all \\d+ frames with \\d+ entries behind the damage")
                .contains("keel-kv wal repair " + data + " --cut-at ");
        JsonObject json = json("verify");
        assertThat(json.get("verdict").getAsString()).isEqualTo("CORRUPT");
        assertThat(json.get("exit_code").getAsInt()).isEqualTo(2);
        assertThat(json.get("cut_position").getAsLong())
                .isEqualTo(json.get("end_position").getAsLong());
        assertThat(json.getAsJsonArray("readable_later")).isNotEmpty();
    }

    @Test
    void the_log_of_another_member_exits_with_3() {
        create().close();
        String cluster = Long.toUnsignedString(-1);
        assertThat(wal("verify", "--cluster", cluster, "--member", "7")).isZero();
        assertThat(wal("verify", "--cluster", "0xffffffffffffffff", "--member", "0x7"))
                .isZero();
        assertThat(wal("verify", "--cluster", cluster, "--member", "8")).isEqualTo(3);
        assertThat(words()).contains("IDENTITY: the log in").contains("not to member 8");
    }

    @Test
    void a_log_that_is_not_there_exits_with_4() {
        for (String command : List.of("verify", "inspect", "dump", "repair", "upgrade")) {
            assertThat(wal(command)).isEqualTo(4);
            assertThat(err.toString()).startsWith("keel-kv wal " + command + ": there is no log in");
        }
    }

    @Test
    void a_newer_version_exits_with_5_and_nothing_is_written() throws IOException {
        create().close();
        write(segment(1), 8, new byte[] {2});
        Map<String, String> before = content();
        for (String command : List.of("verify", "inspect", "dump", "repair", "upgrade")) {
            assertThat(wal(command)).as(command).isEqualTo(5);
        }
        assertThat(content()).isEqualTo(before);
    }

    @Test
    void a_damaged_snapshot_is_noted_and_exits_with_2_if_asked_for() throws IOException {
        try (Wal wal = create()) {
            snapshot(wal, 3);
            snapshot(wal, 5);
        }
        assertThat(wal("verify", "--snapshots")).isZero();
        flip(data.resolve("raft/snap/3.snap"), 10);
        assertThat(wal("verify")).isZero();
        assertThat(out.toString()).doesNotContain("damaged");
        assertThat(wal("verify", "--snapshots")).isEqualTo(2);
        assertThat(words()).contains("the snapshot 3.snap").contains("is damaged");
    }

    // ---------------------------------------------------------------- inspect, dump

    @Test
    void inspect_shows_tables_that_line_up() throws IOException {
        try (Wal wal = create()) {
            snapshot(wal, 5);
        }
        Files.write(data.resolve("raft/wal/old.bak"), new byte[3]);
        Files.write(data.resolve("raft/snap/other"), new byte[4]);
        assertThat(wal("inspect")).isZero();
        String text = out.toString();
        assertThat(text)
                .contains("member      member 7 of cluster 18446744073709551615")
                .contains("format 1.0");
        assertThat(text).contains("which lives").contains("closed");
        assertLinesUp(section(text, "Segments"), 3, "file", "open");
        assertLinesUp(section(text, "Groups"), 2, "group", "last term");
        assertThat(section(text, "Snapshots")).anyMatch(line -> line.contains("5.snap") && line.endsWith("  whole"));
        assertThat(section(text, "Other files"))
                .anyMatch(line -> line.endsWith("  unreferenced snapshot"))
                .anyMatch(line -> line.contains("wal/old.bak") && line.endsWith("  unknown"));
        JsonObject json = json("inspect");
        assertThat(json.getAsJsonArray("groups")).hasSize(2);
        assertThat(json.getAsJsonArray("groups")
                        .get(1)
                        .getAsJsonObject()
                        .get("group")
                        .getAsString())
                .isEqualTo("18446744073709551614");
        assertThat(json.getAsJsonObject("identity").get("cluster").getAsString())
                .isEqualTo("18446744073709551615");
        assertThat(json.getAsJsonArray("other_files")).hasSize(2);
    }

    /* All lines are as long as the widest cells ask for: the last column stands at the right. */
    private static void assertLinesUp(List<String> lines, int rows, String head, String lastHead) {
        assertThat(lines).hasSizeGreaterThanOrEqualTo(rows);
        assertThat(lines.get(0).strip()).startsWith(head).endsWith(lastHead);
        assertThat(lines.stream().map(String::length).distinct()).hasSize(1);
    }

    private static List<String> section(String text, String title) {
        List<String> lines = text.lines().toList();
        int from = lines.indexOf(title) + 1;
        assertThat(from).isPositive();
        List<String> section = lines.subList(from, lines.size());
        int end = section.indexOf("");
        return end < 0 ? section : section.subList(0, end);
    }

    @Test
    void dump_shows_each_record_and_payloads_only_on_request() {
        create().close();
        assertThat(wal("dump")).isZero();
        assertThat(out.toString()).contains("ENTRY").contains("STATE").doesNotContain("secret");
        assertThat(out.toString().lines().filter(line -> line.contains(" ENTRY ")))
                .hasSize(14);
        assertThat(wal("dump", "--payload")).isZero();
        assertThat(out.toString()).contains("\"secret 1 \\\"\\x1b\\x00").doesNotContain("\u001b");
    }

    @Test
    void dump_as_json_is_one_object_per_line_that_says_the_same() {
        create().close();
        assertThat(wal("dump", "--json")).isZero();
        List<JsonObject> all = lines();
        assertThat(all).noneMatch(object -> object.has("payload"));
        assertThat(wal("dump", "--json", "--payload", "--group", Long.toUnsignedString(OTHER_GROUP)))
                .isZero();
        List<JsonObject> entries = lines().stream()
                .filter(object -> object.get("type").getAsString().equals("ENTRY"))
                .toList();
        assertThat(entries).hasSize(2);
        assertThat(entries.get(0).get("group").getAsString()).isEqualTo("18446744073709551614");
        assertThat(Base64.getDecoder().decode(entries.get(0).get("payload").getAsString()))
                .isEqualTo(payload(1));
        long from = all.get(5).get("position").getAsLong();
        assertThat(wal("dump", "--json", "--from", Long.toString(from))).isZero();
        assertThat(lines()).isEqualTo(all.subList(5, all.size()));
    }

    @Test
    void dump_of_a_damaged_log_shows_what_is_good_and_says_so() throws IOException {
        create().close();
        flip(segment(1), 4096 + 5000);
        assertThat(wal("dump", "--json")).isEqualTo(2);
        assertThat(lines()).isNotEmpty();
        assertThat(err.toString()).startsWith("keel-kv wal dump: CORRUPT: ");
    }

    @Test
    void a_reader_that_goes_away_ends_a_dump_quietly() {
        create().close();
        OutputStream closed = new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException("Broken pipe");
            }
        };
        int exitCode = Main.commandLine()
                .setOut(new PrintWriter(closed, false, StandardCharsets.UTF_8))
                .setErr(new PrintWriter(err, true))
                .execute("wal", "dump", data.toString());
        assertThat(exitCode).isZero();
        assertThat(err.toString()).isEmpty();
    }

    // ---------------------------------------------------------------- repair, upgrade

    @Test
    void a_cut_needs_its_position_and_consent_and_then_the_member_must_rejoin() throws IOException {
        create().close();
        flip(segment(1), 4096 + 5000);
        String cut = json("verify").get("cut_position").getAsString();
        Map<String, String> before = content();
        assertThat(wal("repair")).isEqualTo(2);
        assertThat(out.toString()).startsWith("done        nothing.");
        assertThat(wal("repair", "--cut-at", cut)).isEqualTo(2);
        assertThat(err.toString()).contains("error: --cut-at and --accept-loss");
        assertThat(wal("repair", "--accept-loss")).isEqualTo(2);
        assertThat(wal("repair", "--cut-at", "8", "--accept-loss")).isEqualTo(2);
        assertThat(err.toString()).contains("error: --cut-at: the log can be cut at position " + cut);
        assertThat(content()).isEqualTo(before);

        assertThat(wal("repair", "--cut-at", cut, "--accept-loss")).isZero();
        assertThat(words()).contains("was copied to").contains("the log was cut at position " + cut);
        assertThat(data.resolve("raft/quarantine/1/MANIFEST")).isRegularFile();
        assertThat(wal("verify")).isEqualTo(3);
        assertThat(words()).contains("Remove the member from its group");
        assertThat(wal("repair", "--cut-at", cut, "--accept-loss"))
                .as("a second time")
                .isZero();
        assertThat(out.toString()).startsWith("done        nothing: there is nothing to be repaired.");
        assertThat(wal("repair")).isZero();
    }

    @Test
    void a_damaged_copy_is_repaired_without_loss() throws IOException {
        create().close();
        flip(data.resolve("raft/IDENTITY"), 20);
        assertThat(wal("verify")).isZero();
        assertThat(out.toString()).contains("note        copy 1 of IDENTITY");
        JsonObject json = json("repair");
        assertThat(json.getAsJsonArray("done").get(0).getAsString()).contains("was written anew from the other one");
        assertThat(wal("verify")).isZero();
        assertThat(out.toString()).doesNotContain("note");
    }

    @Test
    void an_upgrade_has_nothing_to_do() throws IOException {
        create().close();
        Map<String, String> before = content();
        assertThat(wal("upgrade")).isZero();
        assertThat(out.toString()).startsWith("the log has format version 1.0");
        assertThat(content()).isEqualTo(before);
        flip(segment(1), 4096 + 5000);
        assertThat(wal("upgrade")).isEqualTo(2);
    }

    @Test
    void wrong_arguments_are_explained_as_everywhere() {
        create().close();
        for (List<String> wrong : List.of(
                List.of("verify", "--cluster", "1"),
                List.of("verify", "--cluster", "x", "--member", "1"),
                List.of("verify", "--cluster", "1", "--member", "0"),
                List.of("dump", "--from", "-1"),
                List.of("dump", "--group", "-1"),
                List.of("repair", "--cut-at", "-1", "--accept-loss"),
                List.of("inspect", "--payload"))) {
            assertThat(wal(wrong.toArray(new String[0]))).as("%s", wrong).isEqualTo(2);
            assertThat(err.toString()).startsWith("error: ").contains("Try 'keel-kv wal ");
            assertThat(out.toString()).isEmpty();
        }
        assertThat(run("wal")).isZero();
        assertThat(out.toString()).contains("Usage: keel-kv wal").contains("a newer version wrote it");
    }

    // ---------------------------------------------------------------- beside a writer, and without rights

    @Test
    void the_tool_does_not_disturb_the_lock_of_a_writer_in_this_process_or_another() throws Exception {
        try (Wal wal = create()) {
            for (String command : List.of("inspect", "dump", "verify", "upgrade")) {
                assertThat(wal(command)).as(command).isZero();
            }
            assertThat(wal("verify")).isZero();
            assertThat(words()).contains("The log is in use");
            assertThat(wal("repair")).as("in this process").isEqualTo(4);
            assertThat(err.toString())
                    .contains("is open, by process " + ProcessHandle.current().pid());
            // What shows whether the lock still holds is another process: POSIX locks belong to one.
            assertThat(child(List.of(), System.getProperty("java.class.path"), "verify"))
                    .isZero();
            assertThat(child(List.of(), System.getProperty("java.class.path"), "repair"))
                    .isEqualTo(4);
            wal.append(Readys.of(new HardState(3, 7, 5), Snapshot.NONE, List.of()));
            wal.sync();
        }
        assertThat(child(List.of(), System.getProperty("java.class.path"), "repair"))
                .isZero();
    }

    @Test
    void a_directory_that_may_only_be_read_is_read(@TempDir Path classes) throws Exception {
        assumeTrue("root".equals(System.getProperty("user.name")), "only root can become somebody else");
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/setpriv")), "needs setpriv");
        create().close();
        List<Path> all;
        try (Stream<Path> paths = Files.walk(data)) {
            all = paths.toList();
        }
        for (Path path : all) {
            Files.setPosixFilePermissions(
                    path, PosixFilePermissions.fromString(Files.isDirectory(path) ? "r-xr-xr-x" : "r--r--r--"));
        }
        Map<String, String> before = content();
        List<String> nobody = List.of("/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups");
        String classPath = readable(classes);
        assertThat(child(nobody, classPath, "inspect")).as("%s", out).isZero();
        assertThat(child(nobody, classPath, "verify")).isZero();
        assertThat(child(nobody, classPath, "dump")).isZero();
        assertThat(child(nobody, classPath, "repair")).isEqualTo(4);
        assertThat(content()).isEqualTo(before);
        Files.setPosixFilePermissions(segment(1), PosixFilePermissions.fromString("---------"));
        assertThat(child(nobody, classPath, "verify"))
                .as("a file that it may not read")
                .isEqualTo(4);
        assertThat(words()).contains("IO_ERROR").contains("Look at the disk and the permissions");
    }

    /* Nobody else may look into the home of root, where the jars are. */
    private static String readable(Path to) throws Exception {
        Files.setPosixFilePermissions(to, PosixFilePermissions.fromString("rwxr-xr-x"));
        List<String> copies = new ArrayList<>();
        for (Class<?> type : List.of(
                WalToolTest.class,
                WalCommand.class,
                Wal.class,
                Entry.class,
                CommandLine.class,
                com.google.gson.stream.JsonWriter.class)) {
            Path from = Path.of(
                    type.getProtectionDomain().getCodeSource().getLocation().toURI());
            Path copy = to.resolve(copies.size() + "-" + from.getFileName());
            copies.add(copy.toString());
            try (Stream<Path> paths = Files.walk(from)) {
                for (Path path : paths.toList()) {
                    Path target = copy.resolve(from.relativize(path).toString());
                    if (Files.isDirectory(path)) {
                        Files.createDirectories(target);
                    } else {
                        Files.copy(path, path.equals(from) ? copy : target);
                    }
                }
            }
        }
        return String.join(":", copies);
    }

    /** The tool alone, in a process of its own. */
    static final class Child {
        private Child() {}

        /** Runs a command of the tool. */
        public static void main(String[] arguments) {
            System.exit(new CommandLine(new WalCommand()).execute(arguments));
        }
    }

    private int child(List<String> as, String classPath, String command) throws Exception {
        List<String> line = new ArrayList<>(as);
        line.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        line.addAll(List.of("-XX:TieredStopAtLevel=1", "-cp", classPath, Child.class.getName()));
        line.addAll(List.of(command, data.toString()));
        Process process = new ProcessBuilder(line).redirectErrorStream(true).start();
        out = new StringWriter();
        out.write(new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
        assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
        return process.exitValue();
    }

    // ---------------------------------------------------------------- parts

    private int wal(String... arguments) {
        List<String> all = new ArrayList<>(List.of("wal"));
        all.addAll(Arrays.asList(arguments));
        all.add(data.toString());
        return run(all.toArray(new String[0]));
    }

    private int run(String... arguments) {
        out = new StringWriter();
        err = new StringWriter();
        return Main.commandLine()
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .execute(arguments);
    }

    /* Without the line breaks. */
    private String words() {
        return out.toString().replaceAll("\\s+", " ");
    }

    private JsonObject json(String command) {
        wal(command, "--json");
        assertThat(out.toString().lines()).hasSize(1);
        return lines().get(0);
    }

    private List<JsonObject> lines() {
        return out.toString()
                .lines()
                .map(line -> JsonParser.parseString(line).getAsJsonObject())
                .toList();
    }

    /* Two groups in three segments; the first has twelve entries, the other two. */
    private Wal create() {
        Wal wal = Wal.create(data, IDENTITY, OPTIONS);
        for (int i = 1; i <= 12; i++) {
            HardState state = new HardState(1, 7, Math.min(i - 1, 5));
            wal.append(Readys.of(state, Snapshot.NONE, List.of(Entry.normal(1, i, payload(i)))));
            wal.sync();
            if (i == 6) {
                wal.append(
                        OTHER_GROUP,
                        Readys.of(
                                new HardState(2, 0, 0),
                                Snapshot.NONE,
                                List.of(Entry.normal(2, 1, payload(1)), Entry.normal(2, 2, payload(2)))));
                wal.sync();
            }
        }
        return wal;
    }

    private Wal open() {
        return Wal.open(data, IDENTITY, OPTIONS);
    }

    /* What a terminal must not get as it is, and enough of it for some segments. */
    private static byte[] payload(int number) {
        byte[] text = ("secret " + number + " \"\u001b\0").getBytes(StandardCharsets.UTF_8);
        return Arrays.copyOf(text, 2200);
    }

    private void snapshot(Wal wal, long index) throws IOException {
        Path file = wal.snapshotDirectory().resolve(index + ".snap");
        Files.write(file, new byte[100]);
        wal.saveSnapshot(new Snapshot(index, 1, ConfState.of(List.of(7L)), new byte[0]), SnapshotFile.of(file));
    }

    private Path segment(int number) {
        return data.resolve(String.format("raft/wal/%016x.wal", number));
    }

    private Path lastSegment() throws IOException {
        try (Stream<Path> paths = Files.list(data.resolve("raft/wal"))) {
            return paths.filter(path -> path.toString().endsWith(".wal"))
                    .max(Path::compareTo)
                    .orElseThrow();
        }
    }

    /* Of the log in the last segment. */
    private long end() {
        JsonObject report = json("inspect");
        JsonObject last = report.getAsJsonArray("segments")
                .get(report.getAsJsonArray("segments").size() - 1)
                .getAsJsonObject();
        return report.get("end_position").getAsLong() - last.get("position").getAsLong();
    }

    private static void flip(Path file, long at) throws IOException {
        write(file, at, new byte[] {(byte) (Files.readAllBytes(file)[(int) at] ^ 1)});
    }

    private static void write(Path path, long at, byte[] bytes) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
            file.seek(at);
            file.write(bytes);
        }
    }

    /* Names, lengths, times and content of all files. */
    private Map<String, String> content() throws IOException {
        Map<String, String> content = new TreeMap<>();
        try (Stream<Path> paths = Files.walk(data)) {
            for (Path path : paths.toList()) {
                // Not LOCK: reading it in this process could take a lock away.
                boolean read = Files.isRegularFile(path) && !path.endsWith("LOCK");
                content.put(
                        path.toString(),
                        Files.getLastModifiedTime(path) + (read ? Arrays.toString(Files.readAllBytes(path)) : ""));
            }
        }
        return content;
    }
}
