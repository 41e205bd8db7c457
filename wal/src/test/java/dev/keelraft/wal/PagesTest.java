package dev.keelraft.wal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Random;
import java.util.function.Consumer;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

/** The two kinds of pages that name an owner, whole and not, with checksums that are right for what is on them. */
class PagesTest {
    private static final int PAGE_BYTES = 4096;
    private static final int CRC_AT = PAGE_BYTES - 4;

    private static ByteBuffer header() {
        Random random = new Random(1);
        SegmentHeader header =
                new SegmentHeader(Id.random(random), new WalIdentity(1, 2), 1, 9, 0, 16384, 0, 0, 1, 1, 7);
        ByteBuffer page = ByteBuffer.allocate(PAGE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        header.writeTo(page, new Checksum());
        return page.flip();
    }

    private static ByteBuffer resealed(ByteBuffer page, int at, Consumer<ByteBuffer> change) {
        change.accept(page);
        CRC32C crc = new CRC32C();
        crc.update(page.slice(at, CRC_AT));
        return page.putInt(at + CRC_AT, (int) crc.getValue());
    }

    @Test
    void a_header_without_magic_bytes_is_none() {
        ByteBuffer page = resealed(header(), 0, bytes -> bytes.put(3, (byte) 'X'));
        assertThatThrownBy(() -> SegmentHeader.read(page, new Checksum()))
                .isInstanceOf(MalformedRecordException.class)
                .hasMessageContaining("not a segment");
    }

    @Test
    void a_header_with_another_checksum_is_damaged() throws MalformedRecordException {
        ByteBuffer page = header();
        assertThat(SegmentHeader.read(page, new Checksum()).identity()).isEqualTo(new WalIdentity(1, 2));
        page.put(1000, (byte) 1);
        assertThatThrownBy(() -> SegmentHeader.read(page, new Checksum()))
                .isInstanceOf(MalformedRecordException.class)
                .hasMessageContaining("checksum");
    }

    /** Damage that has hit the bits of features too is damage, and not a newer version. */
    @Test
    void features_of_a_damaged_header_mean_nothing() {
        ByteBuffer page = header();
        page.putInt(20, 1);
        assertThatThrownBy(() -> SegmentHeader.read(page, new Checksum())).isInstanceOf(MalformedRecordException.class);
    }

    @Test
    void a_header_of_nobody_is_malformed() {
        ByteBuffer page = resealed(header(), 0, bytes -> bytes.putLong(48, 0));
        assertThatThrownBy(() -> SegmentHeader.read(page, new Checksum()))
                .isInstanceOf(MalformedRecordException.class)
                .hasMessageContaining("names no member");
    }

    @Test
    void an_identity_of_nobody_is_corrupt() {
        MemoryFiles files = new MemoryFiles();
        Driver host = new Driver(files, Driver.smallOptions(1));
        host.create();
        host.close();
        Path path = Driver.RAFT.resolve("IDENTITY");
        byte[] content = files.content(path);
        ByteBuffer pages = ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN);
        for (int at : new int[] {0, PAGE_BYTES}) {
            resealed(pages, at, bytes -> bytes.putLong(at + 24, 0));
        }
        files.put(path, content);
        assertThatThrownBy(() -> Driver.open(files, Driver.smallOptions(2)))
                .isInstanceOf(WalCorrupt.class)
                .hasMessageContaining("names no member");
    }
}
