package dev.keelraft.wal;

/**
 * The header of a frame: where its fields are, in bytes from its start. See the description of the package for what they are
 * for.
 */
final class Frame {
    static final int MAGIC = 0x4D52464B; // "KFRM"

    static final int PAYLOAD_BYTES = 4;
    static final int BATCH_SEQUENCE = 8;
    static final int DURABLE_LSN = 16;
    static final int RECORD_COUNT = 24;
    static final int FLAGS = 28;
    static final int PAYLOAD_CRC = 32;
    static final int HEADER_CRC = 36;
    static final int CHAIN = 40;
    static final int RESERVED = 44;
    static final int HEADER_BYTES = 48;

    /**
     * The longest payload, 1 GiB. The largest batch that the kernel can hand out is 32 MiB of entries as it counts them, and
     * one entry of 8 MiB; if all those entries are empty they take about 180 MiB here.
     */
    static final long MAX_PAYLOAD_BYTES = 1 << 30;

    private Frame() {}
}
