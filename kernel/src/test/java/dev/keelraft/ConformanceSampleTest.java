package dev.keelraft;

import static org.assertj.core.api.Assertions.assertThat;

import dev.keelraft.ConformanceRun.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.Test;

/**
 * Ten of {@link ConformanceTest}'s scripts, each run as soon as it is read: what the mutation profile has in place of all of them,
 * as it runs this once for each fault that no other test notices.
 */
class ConformanceSampleTest {
    private static final int EVERY = 16;

    @Test
    void every_sixteenth_random_script_prints_what_etcds_library_printed() throws IOException {
        int seen = 0;
        int run = 0;
        try (InputStream file = Objects.requireNonNull(getClass().getResourceAsStream("/conformance/random.zip"));
                ZipInputStream zip = new ZipInputStream(file)) {
            for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
                if (seen++ % EVERY != 0) {
                    continue;
                }
                String text = new String(zip.readAllBytes(), StandardCharsets.UTF_8);
                ConformanceScript script = ConformanceScript.parse(entry.getName(), text);
                String place = "random.zip!" + entry.getName();
                assertThat(ConformanceRun.of(Kind.INTERACTION, script, place).divergence())
                        .isEmpty();
                run++;
            }
        }
        assertThat(run).isEqualTo(10);
    }
}
