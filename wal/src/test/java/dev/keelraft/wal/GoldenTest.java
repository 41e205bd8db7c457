package dev.keelraft.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Stream;
import net.jqwik.api.Example;

/**
 * The logs of {@link GoldenLogs} as version 1.0 of the format has written them, in {@code src/test/resources/golden}: every
 * build opens them, in the state that the text beside each says, and still writes the same bytes.
 */
class GoldenTest {
    private static final String EXPECTED = "expected.txt";
    private static final Layout LAYOUT = Layout.in(GoldenLogs.DATA);
    private static final int PAGE = 4096;

    @Example
    void every_kind_of_log_is_there_and_no_other() throws IOException {
        assertThat(names(root())).containsExactlyInAnyOrderElementsOf(GoldenLogs.names());
    }

    @Example
    void golden_logs_open_in_the_state_that_is_written_beside_them() {
        for (String name : GoldenLogs.names()) {
            assertThat(GoldenLogs.described(GoldenLogs.with(stored(name)), GoldenLogs.DATA))
                    .as(name)
                    .isEqualTo(expected(name));
        }
    }

    @Example
    void golden_logs_open_on_a_real_file_system() throws IOException {
        for (String name : GoldenLogs.names()) {
            Path data = Files.createTempDirectory("golden");
            try {
                Layout real = Layout.in(data);
                Files.createDirectories(real.segments());
                Files.createDirectories(real.snapshots());
                for (Map.Entry<String, byte[]> file : stored(name).entrySet()) {
                    Files.write(data.resolve(file.getKey()), file.getValue());
                }
                assertThat(GoldenLogs.described(new DiskFiles(), data)).as(name).isEqualTo(expected(name));
            } finally {
                delete(data);
            }
        }
    }

    @Example
    void this_build_writes_golden_logs_byte_by_byte_as_version_1_0_did() {
        for (String name : GoldenLogs.names()) {
            Map<String, byte[]> stored = stored(name);
            Map<String, byte[]> written = GoldenLogs.written(name);
            assertThat(written.keySet()).as(name).isEqualTo(stored.keySet());
            written.forEach((path, bytes) -> assertThat(Arrays.mismatch(bytes, stored.get(path)))
                    .as(
                            "The first byte of %s in the golden log %s that this build writes in another way. Version 1.0 of"
                                    + " the format is frozen: directories like this one exist on disks. A change of the bytes"
                                    + " needs a new version or feature bit (Version, package-info), a reader that still takes"
                                    + " these, and golden logs of its own beside them. Do not write these again.",
                            path, name)
                    .isEqualTo(-1));
        }
    }

    @Example
    void golden_logs_are_written_with_the_same_bytes_each_time() {
        for (String name : GoldenLogs.names()) {
            Map<String, byte[]> once = GoldenLogs.written(name);
            GoldenLogs.written(name).forEach((path, bytes) -> assertThat(bytes).isEqualTo(once.get(path)));
        }
    }

    @Example
    void golden_logs_hold_every_record_every_type_of_entry_and_every_flag() {
        TreeSet<String> found = new TreeSet<>();
        for (String name : GoldenLogs.names()) {
            MemoryFiles files = GoldenLogs.with(stored(name));
            segments(stored(name)).forEach(path -> records(files, path, found));
        }
        assertThat(found)
                .containsExactlyInAnyOrder(
                        "type 1",
                        "type 2",
                        "type 3",
                        "type 4",
                        "type 5",
                        "type 6",
                        "type 7",
                        "type 99",
                        "record flags 1",
                        "entry 0",
                        "entry 1",
                        "entry 2",
                        "members 0",
                        "members 3");
    }

    private static void records(MemoryFiles files, Path path, Set<String> found) {
        try (OpenFile file = files.openToRead(path)) {
            SegmentReader reader = new SegmentReader(path, file, SegmentReader.noScratch());
            for (long offset = PAGE; reader.nextFrame(offset); offset += reader.frameBytes()) {
                ByteBuffer payload = reader.payload().duplicate().order(ByteOrder.LITTLE_ENDIAN);
                while (payload.hasRemaining()) {
                    int at = payload.position();
                    int type = payload.get(at);
                    found.add("type " + type);
                    if (payload.get(at + 1) != 0) {
                        found.add("record flags " + payload.get(at + 1));
                    }
                    if (type == RecordType.ENTRY) {
                        found.add("entry " + payload.getShort(at + 2));
                    }
                    if (type == RecordType.SNAPSHOT || type == RecordType.INSTALL) {
                        found.add("members " + payload.getInt(at + 16 + 36));
                    }
                    payload.position(at + (int) RecordType.bytes(payload.getInt(at + 4)));
                }
            }
        } catch (IOException | MalformedRecordException e) {
            throw new AssertionError(path + ": " + e, e);
        }
    }

    @Example
    void a_future_version_of_each_is_refused_without_a_byte_written() {
        for (String name : GoldenLogs.names()) {
            Map<String, byte[]> stored = stored(name);
            List<Path> pages = segments(stored);
            for (int version : new int[] {0, 2, 0x7FFF, 0x8001, 0xFFFF}) {
                for (Path path : pages) {
                    assertUnsupported(name, path, page -> page.putShort(8, (short) version));
                }
                assertUnsupported(name, LAYOUT.identity(), page -> page.putShort(8, (short) version));
                assertUnsupported(name, LAYOUT.mark(), page -> page.putShort(8, (short) version));
            }
            for (int bit = 0; bit < 32; bit++) {
                int feature = 1 << bit;
                for (Path path : pages) {
                    assertUnsupported(name, path, page -> page.putInt(20, feature)); // to be known by readers
                    assertUnsupported(name, path, page -> page.putInt(16, feature)); // to be known by writers
                }
                if (feature != 1) {
                    assertUnsupported(name, LAYOUT.identity(), page -> page.putInt(12, feature));
                    assertUnsupported(name, LAYOUT.mark(), page -> page.putInt(12, page.getInt(12) | feature));
                }
            }
        }
    }

    /* A later minor version, and features that may be ignored, are what they say: they may be read and written. */
    @Example
    void a_later_minor_version_is_opened() {
        for (String name : GoldenLogs.names()) {
            for (Path path : List.of(LAYOUT.identity(), LAYOUT.mark())) {
                MemoryFiles files = GoldenLogs.with(stored(name));
                files.put(path, changed(files.content(path), path, page -> page.putShort(10, (short) 1)));
                assertThat(GoldenLogs.described(files, GoldenLogs.DATA)).isEqualTo(expected(name));
            }
        }
    }

    private static void assertUnsupported(String name, Path path, Consumer<ByteBuffer> edit) {
        MemoryFiles files = GoldenLogs.with(stored(name));
        int before = files.operations();
        byte[] content = changed(files.content(path), path, edit);
        files.put(path, content);
        assertThatThrownBy(() -> new Startup(files, GoldenLogs.DATA, GoldenLogs.IDENTITY, GoldenLogs.options(9)).open())
                .as("%s, %s", name, path)
                .isInstanceOf(WalUnsupportedVersion.class);
        assertThat(files.operations()).isEqualTo(before);
        assertThat(files.content(path)).isEqualTo(content);
    }

    /* Changes each page that has a checksum, and seals it again. */
    private static byte[] changed(byte[] content, Path path, Consumer<ByteBuffer> edit) {
        byte[] changed = content.clone();
        boolean mark = path.equals(LAYOUT.mark());
        int crcAt = mark ? Mark.BYTES - 4 : PAGE - 4;
        int pages = path.startsWith(LAYOUT.segments()) ? 1 : 2;
        for (int i = 0; i < pages; i++) {
            ByteBuffer page = ByteBuffer.wrap(changed, i * PAGE, PAGE).slice().order(ByteOrder.LITTLE_ENDIAN);
            Checksum checksum = new Checksum();
            if (page.getInt(crcAt) == checksum.of(page, 0, crcAt)) {
                edit.accept(page);
                page.putInt(crcAt, checksum.of(page, 0, crcAt));
            }
        }
        return changed;
    }

    // ---------------------------------------------------------------- files

    private static List<Path> segments(Map<String, byte[]> stored) {
        List<Path> paths = new ArrayList<>();
        for (String path : stored.keySet()) {
            if (path.endsWith(".wal")) {
                paths.add(GoldenLogs.DATA.resolve(path));
            }
        }
        return paths;
    }

    private static Map<String, byte[]> stored(String name) {
        Path log = root().resolve(name);
        Map<String, byte[]> content = new TreeMap<>();
        try (Stream<Path> paths = Files.walk(log)) {
            for (Path path : paths.filter(Files::isRegularFile).toList()) {
                String relative = log.relativize(path).toString();
                if (!relative.equals(EXPECTED)) {
                    content.put(relative, Files.readAllBytes(path));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return content;
    }

    private static String expected(String name) {
        try {
            return Files.readString(root().resolve(name).resolve(EXPECTED), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path root() {
        URL found = GoldenTest.class.getResource("/golden/" + GoldenLogs.VERSION);
        assertThat(found).as("the golden logs, among the resources").isNotNull();
        try {
            return Path.of(found.toURI());
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }

    private static List<String> names(Path directory) throws IOException {
        try (Stream<Path> paths = Files.list(directory)) {
            return paths.map(path -> String.valueOf(path.getFileName())).toList();
        }
    }

    private static void delete(Path directory) throws IOException {
        try (Stream<Path> paths = Files.walk(directory)) {
            for (Path path : paths.sorted((a, b) -> b.compareTo(a)).toList()) {
                Files.delete(path);
            }
        }
    }
}
