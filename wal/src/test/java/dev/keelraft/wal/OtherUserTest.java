package dev.keelraft.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.keelraft.model.Entry;
import dev.keelraft.model.HardState;
import dev.keelraft.model.Snapshot;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Directories that may not be written, and others that lead to the same log. Needs root: to be somebody else, and to mount. */
@Tag("faults")
class OtherUserTest {
    private static final String NOBODY = "65534";

    @TempDir
    private Path directory;

    private Path data;

    @BeforeEach
    void create() throws Exception {
        Root.assume();
        data = directory.resolve("member");
        try (Wal wal = Wal.create(data, HostOracle.IDENTITY, DoomedHost.options(1, false))) {
            wal.append(HardState.EMPTY, Snapshot.NONE, SnapshotFile.NONE, List.of(Entry.normal(1, 1, new byte[100])));
        }
        chmod(directory, "rwxr-xr-x");
    }

    // ---------------------------------------------------------------- what may not be written

    @Test
    void a_log_of_somebody_else_is_refused_and_not_touched() throws Exception {
        refusedAndNotTouched(); // 0700
    }

    @Test
    void a_log_that_somebody_else_may_only_read_is_refused_and_not_touched() throws Exception {
        for (Path path : all()) {
            chmod(path, Files.isDirectory(path) ? "rwxr-xr-x" : "rw-r--r--");
        }
        refusedAndNotTouched();
    }

    @Test
    void a_log_of_which_one_file_may_not_be_written_is_refused_and_not_touched() throws Exception {
        for (String name : List.of("LOCK", "MARK", "IDENTITY", "wal/0000000000000001.wal")) {
            Root.run("chown", "-R", NOBODY + ":" + NOBODY, data.toString());
            Path file = data.resolve("raft").resolve(name);
            Root.run("chown", "root:root", file.toString());
            chmod(file, name.equals("IDENTITY") ? "rw-------" : "rw-r--r--");
            refusedAndNotTouched();
        }
        Root.run("chown", "-R", NOBODY + ":" + NOBODY, data.toString());
        assertThat(openAsNobody()).isEqualTo("opened 1");
    }

    @Test
    void a_log_whose_directory_may_not_be_written_is_refused_and_holds_what_it_held() throws Exception {
        Root.run("chown", "-R", NOBODY + ":" + NOBODY, data.toString());
        Root.run("chown", "root:root", data.resolve("raft").toString());
        chmod(data.resolve("raft"), "rwxr-xr-x");
        Map<String, String> before = content();
        assertThat(openAsNobody())
                .startsWith("WalFailed")
                .contains("AccessDenied")
                .contains("raft/MARK.tmp");
        Map<String, String> after = content();
        before.remove("raft/OWNER"); // for people only; it is there already, so it can be written
        after.remove("raft/OWNER");
        assertThat(after).isEqualTo(before);
    }

    @Test
    void a_log_on_a_read_only_file_system_is_refused_and_not_touched() throws Exception {
        Path readOnly = Files.createDirectory(directory.resolve("read-only"));
        Root.run("mount", "--bind", data.toString(), readOnly.toString());
        try {
            Root.run("mount", "-o", "remount,bind,ro", readOnly.toString());
            Map<String, String> before = content();
            assertThatThrownBy(() -> Wal.open(readOnly, HostOracle.IDENTITY, DoomedHost.options(1, false)))
                    .isInstanceOf(WalFailed.class)
                    .hasMessageContaining("Read-only file system");
            assertThat(content()).isEqualTo(before);
        } finally {
            Root.run("umount", readOnly.toString());
        }
    }

    private void refusedAndNotTouched() throws Exception {
        Map<String, String> before = content();
        assertThat(openAsNobody()).startsWith("WalFailed").contains("permissions");
        assertThat(content()).isEqualTo(before);
    }

    private static void chmod(Path path, String permissions) throws IOException {
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(permissions));
    }

    private List<Path> all() throws IOException {
        try (Stream<Path> paths = Files.walk(data)) {
            return paths.toList();
        }
    }

    /** All files with their bytes and the time of their last change. */
    private Map<String, String> content() throws IOException {
        Map<String, String> content = new TreeMap<>();
        for (Path path : all()) {
            String bytes = Files.isDirectory(path)
                    ? ""
                    : " " + new String(Files.readAllBytes(path), StandardCharsets.ISO_8859_1).hashCode();
            content.put(data.relativize(path).toString(), Files.getLastModifiedTime(path) + bytes);
        }
        return content;
    }

    // ---------------------------------------------------------------- other ways to the same log

    @Test
    void a_bind_mount_leads_to_the_same_lock_here_and_in_other_processes() throws Exception {
        Path mount = Files.createDirectory(directory.resolve("mount"));
        Root.run("mount", "--bind", data.toString(), mount.toString());
        try (Wal wal = Wal.open(data, HostOracle.IDENTITY, DoomedHost.options(1, false))) {
            for (int i = 0; i < 2; i++) {
                for (Path path : List.of(data, mount)) {
                    assertThat(open(List.of(), path)).startsWith("WalLocked");
                    assertThatThrownBy(() -> Wal.open(path, HostOracle.IDENTITY, DoomedHost.options(1, false)))
                            .isInstanceOf(WalLocked.class);
                }
            }
            wal.append(HardState.EMPTY, Snapshot.NONE, SnapshotFile.NONE, List.of(Entry.normal(1, 2, new byte[100])));
            wal.sync();
        } finally {
            Root.run("umount", mount.toString());
        }
        assertThat(open(List.of(), data)).isEqualTo("opened 2");
    }

    private String openAsNobody() throws Exception {
        Root.run("setpriv", "--version");
        return open(List.of("setpriv", "--reuid=" + NOBODY, "--regid=" + NOBODY, "--clear-groups"), data);
    }

    private static String open(List<String> before, Path path) throws Exception {
        List<String> command = new ArrayList<>(before);
        command.addAll(HostProcess.java(Opener.class));
        command.add(path.toString());
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).isZero();
        return said;
    }

    /** Opens a log and says what has come of it. */
    static final class Opener {
        private Opener() {}

        public static void main(String[] arguments) {
            try (Wal wal = Wal.open(Path.of(arguments[0]), HostOracle.IDENTITY, DoomedHost.options(2, false))) {
                System.out.print("opened " + wal.recovered().lastIndex());
            } catch (WalException e) {
                System.out.print(e.getClass().getSimpleName() + ": " + e.getMessage());
            }
        }
    }
}
