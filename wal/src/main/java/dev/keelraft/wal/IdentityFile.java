package dev.keelraft.wal;

import dev.keelraft.model.NodeId;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;

/**
 * IDENTITY: whose log it is, in two equal copies of a page each, so that a damaged sector does not cost the member its name.
 *
 * @param identity which member of which cluster
 * @param incarnation random, drawn when the directory was created: a member whose disk was emptied comes back with another
 * @param walId random; every other file of the log repeats it
 * @param createdMillis when the log was created; information only
 * @param mustRejoin whether a repair has dropped bytes that were durable: nobody may open it any more
 */
record IdentityFile(WalIdentity identity, Id incarnation, Id walId, long createdMillis, boolean mustRejoin) {
    private static final long MAGIC = 0x544E44494C45454BL; // "KEELIDNT"
    private static final int COPY_BYTES = 4096;
    private static final int CRC_AT = COPY_BYTES - 4;
    private static final int COPIES = 2;
    private static final int MUST_REJOIN = 1;

    /** Writes the file, which is new, and forces it. */
    void create(FileLayer files, Path path) throws IOException {
        try (OpenFile file = files.create(path)) {
            for (int copy = 0; copy < COPIES; copy++) {
                file.write(page(), (long) copy * COPY_BYTES);
            }
            file.force(true);
        }
    }

    private ByteBuffer page() {
        ByteBuffer page = allocate(COPY_BYTES);
        page.putLong(MAGIC).putShort((short) Version.MAJOR).putShort((short) Version.MINOR);
        page.putInt(mustRejoin ? MUST_REJOIN : 0);
        page.putLong(identity.clusterId()).putLong(identity.memberId());
        incarnation.writeTo(page);
        walId.writeTo(page);
        page.putLong(createdMillis);
        page.putInt(CRC_AT, new Checksum().of(page, 0, CRC_AT));
        return page.rewind();
    }

    private static ByteBuffer allocate(int bytes) {
        return ByteBuffer.allocateDirect(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** What was read, and which of the two copies, if any, is damaged; {@link #NO_COPY} if none is. */
    record Read(IdentityFile content, int damagedCopy) {}

    static final int NO_COPY = -1;

    /**
     * Reads the file.
     *
     * @throws WalCorrupt if both copies are damaged, or the file does not have its length
     * @throws WalUnsupportedVersion if a newer version wrote it
     */
    static Read read(FileLayer files, Path path) throws IOException {
        ByteBuffer pages = allocate(COPIES * COPY_BYTES);
        try (OpenFile file = files.openToRead(path)) {
            if (file.size() != pages.capacity()) {
                throw new WalCorrupt(path, file.size(), -1, "IDENTITY has " + file.size() + " bytes");
            }
            file.read(pages, 0);
        }
        boolean same = pages.slice(0, COPY_BYTES).equals(pages.slice(COPY_BYTES, COPY_BYTES));
        try {
            return new Read(read(pages, 0), same ? NO_COPY : 1);
        } catch (MalformedRecordException first) {
            try {
                return new Read(read(pages, COPY_BYTES), 0);
            } catch (MalformedRecordException second) {
                throw new WalCorrupt(path, 0, -1, "both copies of IDENTITY are damaged: " + second.getMessage());
            }
        }
    }

    private static IdentityFile read(ByteBuffer pages, int at) throws MalformedRecordException {
        if (pages.getLong(at) != MAGIC) {
            throw new MalformedRecordException("it does not begin with the magic bytes");
        }
        boolean whole = pages.getInt(at + CRC_AT) == new Checksum().of(pages, at, CRC_AT);
        if (!whole) {
            // Also where it names another version: the other copy may be whole, and says which it is.
            throw new MalformedRecordException("its checksum does not match its content");
        }
        int flags = pages.getInt(at + 12);
        Version.check(pages.getShort(at + 8), true, flags & ~MUST_REJOIN);
        if (!NodeId.isValid(pages.getLong(at + 24))) {
            throw new MalformedRecordException("it names no member");
        }
        return new IdentityFile(
                new WalIdentity(pages.getLong(at + 16), pages.getLong(at + 24)),
                Id.read(pages, at + 32),
                Id.read(pages, at + 48),
                pages.getLong(at + 64),
                (flags & MUST_REJOIN) != 0);
    }

    /** The same, after a repair that has dropped bytes which were durable. */
    IdentityFile mustRejoinNow() {
        return new IdentityFile(identity, incarnation, walId, createdMillis, true);
    }

    /** Puts a new file with this content in the place of the one that is there, which is left alone until then. */
    void replace(FileLayer files, Layout layout) throws IOException {
        Path path = layout.nextIdentity();
        if (files.exists(path)) {
            files.delete(path);
        }
        create(files, path);
        files.rename(path, layout.identity());
        files.syncDirectory(layout.raft());
    }

    /** Writes a damaged copy anew. The other one is left alone: a crash may tear what is being written. */
    void repair(FileLayer files, Path path, int damagedCopy) throws IOException {
        try (OpenFile file = files.open(path)) {
            file.write(page(), (long) damagedCopy * COPY_BYTES);
            file.force(true);
        }
    }
}
