package dev.keelraft.wal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** How MARK moves on. */
class MarkFileTest {
    private static final Path DATA = Path.of("data");
    private static final Layout LAYOUT = new Layout(DATA, DATA);
    private static final Mark FIRST = new Mark(new Id(3, 4), 1, 0, 4200, 1, 77, 1, 2, false);

    private final MemoryFiles files = new MemoryFiles();

    @BeforeEach
    void create() throws IOException {
        files.createDirectory(DATA);
        MarkFile.create(files, LAYOUT.mark(), FIRST);
    }

    private static Mark at(long count, long durableLsn, boolean clean) {
        return new Mark(FIRST.walId(), count, 5, durableLsn, durableLsn / 100, (int) (3 * durableLsn), 1, 2, clean);
    }

    private Mark newest() throws IOException {
        MarkFile read = MarkFile.open(files, LAYOUT.mark(), MarkFile.read(files, LAYOUT.mark()));
        read.close();
        return read.found();
    }

    @Test
    void to_advance_a_mark_is_to_write_one_that_lies_further_on() throws IOException {
        MarkFile mark = MarkFile.open(files, LAYOUT.mark(), MarkFile.read(files, LAYOUT.mark()));
        mark.renew(files, LAYOUT, at(2, 5000, false));
        mark.advance(6000, 60, 18000);
        assertThat(newest()).isEqualTo(at(3, 6000, false));
        mark.write(at(4, 7000, false));
        mark.advance(8000, 80, 24000);
        mark.advance(9000, 90, 27000);
        assertThat(mark.count()).isEqualTo(6);
        assertThat(newest()).isEqualTo(at(6, 9000, false));
        mark.close();
    }

    @Test
    void the_slot_that_was_forced_last_stays_as_it_is() throws IOException {
        MarkFile mark = MarkFile.open(files, LAYOUT.mark(), MarkFile.read(files, LAYOUT.mark()));
        mark.renew(files, LAYOUT, at(2, 5000, false));
        mark.advance(6000, 60, 18000);
        mark.advance(7000, 70, 21000);
        byte[] content = files.content(LAYOUT.mark());
        content[4096] ^= 1; // as a power loss may leave the slot that was being written
        files.put(LAYOUT.mark(), content);
        assertThat(newest()).isEqualTo(at(2, 5000, false));
        mark.close();
    }
}
